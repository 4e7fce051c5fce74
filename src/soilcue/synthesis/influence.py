"""How much one study carries: the fit without each study in turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from soilcue.core.errors import InputError
from soilcue.synthesis.blocks import solve
from soilcue.synthesis.design import INTERCEPT
from soilcue.synthesis.models import Fit, coefficient_table, estimate_variances, positions_of

Array = NDArray[np.float64]


def leave_one_out(fitted: Fit, term: str = INTERCEPT, reestimate: bool = True) -> pd.DataFrame:
    """A coefficient, and the variances, without each study (without each effect where the fit has no clusters).

    Parameters
    ----------
    fitted : Fit
        A result of `fit`.
    term : str
        The coefficient to follow.
    reestimate : bool
        False keeps the variances of the whole fit, which is fast and suits hundreds of studies.

    Returns
    -------
    pandas.DataFrame
        One row for each study, in order of first occurrence, named for it: effects (left out), estimate,
        standard_error, lower, upper (by the model and the test of the fit), change (of the estimate), and the sum of
        the variances. NaN where the other studies cannot carry the model, with the reason in ``note``.

    Raises
    ------
    InputError
        When the fit has no such term, or has two studies only.
    """
    (position,) = positions_of(fitted.coefficients, [term])
    whole = float(fitted.coefficients["estimate"].iloc[position])
    if fitted.blocks.number < 3:
        raise InputError("leaving a study out needs at least three studies.")
    refit = _refitted if reestimate else _with_variances_kept
    names, records = [], []
    for row, size, rest in sorted(refit(fitted), key=lambda one: one[0]):
        names.append(fitted.table[fitted.cluster[0]].iloc[row] if fitted.cluster else fitted.table.index[row])
        freedom = fitted.effects - size - fitted.blocks.terms
        if rest is None or freedom < 1:
            records.append((size, *[np.nan] * 6, "the other studies cannot carry the model"))
            continue
        inflation = rest.q / freedom if fitted.test == "knapp-hartung" else 1.0
        df = np.array([np.inf if fitted.test == "z" else freedom], dtype=float)
        variance = inflation * rest.covariance[[position], [position]]
        line = coefficient_table([term], rest.beta[[position]], variance, df, fitted.level).iloc[0]
        found = line[["estimate", "standard_error", "lower", "upper"]]
        note = "" if rest.converged else "not converged"
        records.append((size, *found, line["estimate"] - whole, rest.variance, note))
    columns = ["effects", "estimate", "standard_error", "lower", "upper", "change", "variance", "note"]
    return pd.DataFrame(records, columns=columns, index=names)


@dataclass(frozen=True)
class _Rest:
    """Fit of what is left without a study."""

    beta: Array
    covariance: Array
    q: float
    variance: float
    converged: bool


def _refitted(fitted: Fit) -> Iterator[tuple[int, int, _Rest | None]]:
    """First row and size of each block, and the fit without it."""
    for stack in fitted.blocks.stacks:
        for block in stack.rows:
            rest = fitted.blocks.without(int(block[0]))
            if rest.effects <= rest.terms or _singular(rest.design.T @ rest.design):
                yield int(block.min()), block.size, None
                continue
            estimate = estimate_variances(fitted.method, rest, fitted.variances.to_numpy())
            found = solve(rest, estimate.variances)
            total = float(estimate.variances.sum())
            yield int(block.min()), block.size, _Rest(found.beta, found.covariance, found.q, total, estimate.converged)


def _with_variances_kept(fitted: Fit) -> Iterator[tuple[int, int, _Rest | None]]:
    """The same at the variances of the whole: what a block adds to each sum is taken off again."""
    parts = []
    for stack, w in zip(fitted.blocks.stacks, fitted.solution.weights, strict=True):
        wx = w @ stack.x
        a = np.swapaxes(stack.x, -1, -2) @ wx
        b = np.einsum("nsp,ns->np", wx, stack.y)
        y2 = np.einsum("ns,nst,nt->n", stack.y, w, stack.y)
        parts += [(rows, *one) for rows, *one in zip(stack.rows, a, b, y2, strict=True)]
    a_all, b_all, y2_all = (sum(part[i] for part in parts) for i in (1, 2, 3))
    total = float(fitted.variances.sum())
    for rows, a, b, y2 in parts:
        left = a_all - a
        if _singular(left):
            yield int(rows.min()), rows.size, None
            continue
        covariance = np.linalg.inv(left)
        beta = covariance @ (b_all - b)
        q = float(y2_all - y2 - beta @ (b_all - b))
        yield int(rows.min()), rows.size, _Rest(beta, covariance, q, total, True)


def _singular(square: Array) -> bool:
    """Whether a matrix of cross products is singular, whatever the units of its terms."""
    scale = np.sqrt(np.diagonal(square))
    if (scale == 0).any():
        return True
    return bool(np.linalg.matrix_rank(square / np.outer(scale, scale), tol=1e-10) < len(square))
