"""Linear algebra of a block-diagonal covariance: never a matrix of all effects by all effects.

The effects of a meta-analysis have the covariance M = V + sum over levels of sigma_l² K_l, V being the known sampling
covariance and K_l the matrix that is one where two effects share a group of level l (Konstantopoulos 2011). Only
effects of one study are correlated, so M falls into blocks; blocks of one size are kept as one stack of arrays and
treated together. All quantities the fits and the robust variances need are sums over blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Stack:
    """All blocks of one size: n blocks of s effects."""

    rows: NDArray[np.int64]
    """Row of each effect in the table, (n, s)."""
    y: Array
    """Effects, (n, s)."""
    x: Array
    """Rows of the design, (n, s, p)."""
    v: Array
    """Sampling covariance, (n, s, s)."""
    shared: Array
    """For each level, one where two effects share a group of it, else zero: (levels, n, s, s)."""


@dataclass(frozen=True)
class Blocks:
    """Effects of a meta-analysis, sorted into independent blocks."""

    stacks: tuple[Stack, ...]
    effects: int
    terms: int
    levels: int

    @property
    def number(self) -> int:
        """Number of blocks."""
        return sum(stack.rows.shape[0] for stack in self.stacks)

    def without(self, row: int) -> Blocks:
        """The same without the block that holds a row."""
        stacks = []
        for stack in self.stacks:
            keep = ~(stack.rows == row).any(axis=1)
            if keep.any():
                stacks.append(
                    Stack(stack.rows[keep], stack.y[keep], stack.x[keep], stack.v[keep], stack.shared[:, keep])
                )
        left = sum(stack.rows.size for stack in stacks)
        return Blocks(tuple(stacks), left, self.terms, self.levels)

    def with_terms(self, change: Array) -> Blocks:
        """The same in other coordinates of the design: each row x becomes x @ change."""
        stacks = tuple(Stack(s.rows, s.y, s.x @ change, s.v, s.shared) for s in self.stacks)
        return Blocks(stacks, self.effects, change.shape[1], self.levels)

    @property
    def rows(self) -> NDArray[np.int64]:
        """Rows of the table, in the order of the blocks."""
        return np.concatenate([stack.rows.ravel() for stack in self.stacks])

    @property
    def design(self) -> Array:
        """Design of all effects, in the order of the blocks."""
        return np.concatenate([stack.x.reshape(-1, self.terms) for stack in self.stacks])


def make_blocks(
    y: Array,
    x: Array,
    v: sparse.csr_array,
    block: NDArray[np.int64],
    levels: Sequence[NDArray[np.int64]],
) -> Blocks:
    """Sort effects into blocks.

    Parameters
    ----------
    y : array, shape (k,)
        Effects.
    x : array, shape (k, p)
        Design.
    v : sparse array, shape (k, k)
        Sampling covariance, zero between blocks.
    block : array of int, shape (k,)
        Block of each effect.
    levels : sequence of array of int, each of shape (k,)
        For each level of random effects, the group of each effect; groups lie within blocks.
    """
    order = np.argsort(block, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(block[order]) > 0])
    sizes = np.diff(np.r_[starts, block.size])
    # Entries of the sparse matrix are placed by their block and their place within it.
    position = np.empty(block.size, dtype=np.int64)
    position[order] = np.arange(block.size) - np.repeat(starts, sizes)
    of_size = np.empty(block.size, dtype=np.int64)
    of_size[order] = np.repeat(sizes, sizes)
    entries = v.tocoo()
    stacks = []
    for size in np.unique(sizes):
        chosen = starts[sizes == size]
        rows = order[chosen[:, None] + np.arange(size)]
        number = np.empty(block.size, dtype=np.int64)
        number[rows] = np.arange(rows.shape[0])[:, None]
        dense = np.zeros((rows.shape[0], size, size))
        here = of_size[entries.row] == size
        i, j = entries.row[here], entries.col[here]
        dense[number[i], position[i], position[j]] = entries.data[here]
        shared = np.stack([g[rows][:, :, None] == g[rows][:, None, :] for g in levels]) if levels else np.empty((0,))
        shared = shared.astype(float).reshape(len(levels), rows.shape[0], size, size)
        stacks.append(Stack(rows, y[rows], x[rows], dense, shared))
    return Blocks(tuple(stacks), y.size, x.shape[1], len(levels))


@dataclass(frozen=True)
class Solution:
    """Generalised least squares at given variances."""

    beta: Array
    """Coefficients, (p,)."""
    covariance: Array
    """(X' M⁻¹ X)⁻¹, (p, p)."""
    q: float
    """Weighted sum of squared residuals, r' M⁻¹ r."""
    log_determinant: float
    """Of M."""
    log_determinant_terms: float
    """Of X' M⁻¹ X."""
    weights: tuple[Array, ...]
    """M⁻¹ of each stack, (n, s, s)."""
    residuals: tuple[Array, ...]
    """y - X beta of each stack, (n, s)."""


def covariances(blocks: Blocks, variances: Array) -> tuple[Array, ...]:
    """M = V + sum of variance times shared groups, for each stack."""
    return tuple(s.v + np.tensordot(variances, s.shared, axes=1) for s in blocks.stacks)


def solve(blocks: Blocks, variances: Array) -> Solution:
    """Generalised least squares with M = V + sum of sigma_l² K_l.

    Raises
    ------
    numpy.linalg.LinAlgError
        When M is not positive definite or the design is singular.
    """
    p = blocks.terms
    a, b = np.zeros((p, p)), np.zeros(p)
    log_determinant = 0.0
    weights = []
    for stack, m in zip(blocks.stacks, covariances(blocks, variances), strict=True):
        if m.shape[-1] == 1:
            if (m <= 0).any():
                raise np.linalg.LinAlgError("a variance is not positive")
            w = 1 / m
            log_determinant += float(np.log(m).sum())
        else:
            factor = np.linalg.cholesky(m)
            log_determinant += 2 * float(np.log(np.diagonal(factor, axis1=-2, axis2=-1)).sum())
            inverse = np.linalg.inv(factor)
            w = np.swapaxes(inverse, -1, -2) @ inverse
        weights.append(w)
        wx = w @ stack.x
        a += np.einsum("nsp,nsq->pq", stack.x, wx)
        b += np.einsum("nsp,ns->p", wx, stack.y)
    factor = np.linalg.cholesky(a)
    half = np.linalg.inv(factor)
    covariance = half.T @ half
    beta = covariance @ b
    residuals = [stack.y - stack.x @ beta for stack in blocks.stacks]
    q = sum(float(np.einsum("ns,nst,nt->", r, w, r)) for r, w in zip(residuals, weights, strict=True))
    return Solution(
        beta,
        covariance,
        q,
        log_determinant,
        2 * float(np.log(np.diagonal(factor)).sum()),
        tuple(weights),
        tuple(residuals),
    )


@dataclass(frozen=True)
class Slopes:
    """Derivatives of a log likelihood with respect to the variances of the levels."""

    gradient: Array
    """(levels,)."""
    expected: Array
    """Expected information, (levels, levels)."""
    observed: Array
    """Observed information, (levels, levels)."""


def likelihood(blocks: Blocks, solution: Solution, restricted: bool, log_determinant_design: float) -> float:
    """Log likelihood, or restricted log likelihood, at a solution.

    The restricted one carries log |X'X| / 2, which makes it free of the scale of the moderators, as metafor has it.

    Parameters
    ----------
    blocks, solution
        The effects and the solution.
    restricted : bool
        True for REML.
    log_determinant_design : float
        log |X'X|.
    """
    freedom = blocks.effects - (blocks.terms if restricted else 0)
    value = -(freedom * np.log(2 * np.pi) + solution.log_determinant + solution.q) / 2
    if restricted:
        value += (log_determinant_design - solution.log_determinant_terms) / 2
    return float(value)


def slopes(blocks: Blocks, solution: Solution, restricted: bool) -> Slopes:
    """Gradient and information of the (restricted) log likelihood in the variances.

    With P = M⁻¹ - M⁻¹ X (X' M⁻¹ X)⁻¹ X' M⁻¹: the gradient is [y' P K_l P y - tr(P K_l)] / 2, the expected information
    tr(P K_l P K_m) / 2, the observed y' P K_l P K_m P y - tr(P K_l P K_m) / 2; without restriction the traces take
    M⁻¹ in place of P.
    """
    levels, p = blocks.levels, blocks.terms
    trace = np.zeros(levels)
    trace2 = np.zeros((levels, levels))
    inner = np.zeros((levels, p, p))
    inner2 = np.zeros((levels, levels, p, p))
    fit = np.zeros(levels)
    fit2 = np.zeros((levels, levels))
    project = np.zeros((levels, p))
    for stack, w, residual in zip(blocks.stacks, solution.weights, solution.residuals, strict=True):
        wx = w @ stack.x
        r = np.einsum("nst,nt->ns", w, residual)
        wk = w @ stack.shared
        kr = np.einsum("lnst,nt->lns", stack.shared, r)
        kwx = stack.shared @ wx
        trace += np.einsum("lnss->l", wk)
        trace2 += np.einsum("lnst,mnts->lm", wk, wk)
        inner += np.einsum("nsp,lnsq->lpq", wx, kwx)
        inner2 += np.einsum("lnsp,mnsq->lmpq", kwx, w @ kwx)
        fit += np.einsum("ns,lns->l", r, kr)
        wkr = np.einsum("nst,mnt->mns", w, kr)
        fit2 += np.einsum("lns,mns->lm", kr, wkr)
        project += np.einsum("nsp,lns->lp", wx, kr)
    c = solution.covariance
    fit2 -= project @ c @ project.T
    if restricted:
        trace = trace - np.einsum("pq,lqp->l", c, inner)
        ca = c @ inner
        trace2 = trace2 - 2 * np.einsum("pq,lmqp->lm", c, inner2) + np.einsum("lpq,mqp->lm", ca, ca)
    return Slopes((fit - trace) / 2, trace2 / 2, fit2 - trace2 / 2)


def trace_of_projection(blocks: Blocks, solution: Solution) -> float:
    """Trace of P at a solution, (k - p) over it being the typical sampling variance of Higgins and Thompson (2002)."""
    total, inner = 0.0, np.zeros((blocks.terms, blocks.terms))
    for stack, w in zip(blocks.stacks, solution.weights, strict=True):
        wx = w @ stack.x
        total += float(np.einsum("nss->", w))
        inner += np.einsum("nsp,nsq->pq", wx, wx)
    return total - float(np.einsum("pq,qp->", solution.covariance, inner))
