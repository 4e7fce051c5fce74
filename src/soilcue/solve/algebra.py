"""Small linear algebra over many cells at once: the cells are the last axis, so that every operation is long and flat.

On a CPU, batched library calls on thousands of 7 x 7 systems spend their time on overhead; eliminating with whole rows
of cells does not. Where most entries are zero, as between the pools of a soil, it is cheaper still to leave them out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from soilcue.core import precision as precision

WRITTEN_OUT = 8
"""Largest system whose elimination is written out, step by step, for the compiler. Larger ones are loops: they compile
in a moment and run slower, and their stability is asked of LAPACK, for the coefficients of a characteristic polynomial
of high degree lose their digits."""


def solve(matrix, right):
    """Solve small systems by elimination without pivoting.

    The matrices here are Jacobians of log gain - log loss or of implicit steps, whose diagonals dominate where it
    matters; a poor pivot shows as a residual that does not fall, and is flagged as such.

    Parameters
    ----------
    matrix : array, shape (n, n, cells)
    right : array, shape (n, columns, cells)

    Returns
    -------
    array, shape (n, columns, cells)
    """
    n = matrix.shape[0]
    if n > WRITTEN_OUT:
        return _solve_by_loop(matrix, right)
    rows = [jnp.concatenate([matrix[i], right[i]], axis=0) for i in range(n)]  # each (n + columns, cells)
    for k in range(n):
        head = rows[k][k + 1 :] / rows[k][k]
        for i in range(k + 1, n):
            rest = rows[i][k + 1 :] - rows[i][k] * head
            rows[i] = jnp.concatenate([rows[i][: k + 1], rest], axis=0)
        rows[k] = jnp.concatenate([rows[k][: k + 1], head], axis=0)
    solution: list = [None] * n
    for i in reversed(range(n)):
        value = rows[i][n:]
        for j in range(i + 1, n):
            value = value - rows[i][j] * solution[j]
        solution[i] = value
    return jnp.stack(solution)


def _solve_by_loop(matrix, right):
    """As `solve`, by clearing one column after another."""
    n = matrix.shape[0]

    def clear(k, rows):
        pivot = rows[k] / rows[k, k]
        return (rows - rows[:, k, None] * pivot).at[k].set(pivot)

    return jax.lax.fori_loop(0, n, clear, jnp.concatenate([matrix, right], axis=1))[:, n:]


def solve_entries(entries: Mapping[tuple[int, int], Any], right: Any, last: Collection[int] = ()) -> list[Any]:
    """Solve small systems of which only the entries that are not zero are given: known when it is compiled.

    Elimination without exchange of rows, as `solve`, in the order that fills fewest zeros (Markowitz's rule on the
    diagonal; Duff, Erisman and Reid 2017, Direct Methods for Sparse Matrices, chapter 7).

    Parameters
    ----------
    entries : mapping of (row, column) to array, shape (cells,)
        The whole diagonal among them.
    right : array, shape (n, cells) or (n, columns, cells), or a list of its rows
    last : collection of int
        Rows to eliminate after all others: those whose entry on the diagonal may vanish.

    Returns
    -------
    list of array
        The rows of the solution.
    """
    n = len(right)
    if n > WRITTEN_OUT:
        columns = jnp.stack(list(right)).reshape(n, -1, jnp.shape(right[0])[-1])
        return [row.reshape(jnp.shape(right[0])) for row in _solve_by_loop(dense(entries, n), columns)]
    matrix, right, left = dict(entries), list(right), list(range(n))
    eliminated: list[tuple[int, list[int]]] = []

    def filled(pivot: int) -> int:
        above = sum((i, pivot) in matrix for i in left if i != pivot)
        return above * sum((pivot, j) in matrix for j in left if j != pivot)

    while left:
        pivot = min(left, key=lambda i: (i in last, filled(i)))
        left.remove(pivot)
        share = 1 / matrix[pivot, pivot]
        right[pivot] = right[pivot] * share
        others = [j for j in left if (pivot, j) in matrix]
        for j in others:
            matrix[pivot, j] = matrix[pivot, j] * share
        for i in left:
            if (i, pivot) not in matrix:
                continue
            factor = matrix[i, pivot]
            right[i] = right[i] - factor * right[pivot]
            for j in others:
                change = factor * matrix[pivot, j]
                matrix[i, j] = matrix[i, j] - change if (i, j) in matrix else -change
        eliminated.append((pivot, others))
    for pivot, others in reversed(eliminated):
        for j in others:
            right[pivot] = right[pivot] - matrix[pivot, j] * right[j]
    return right


def add_entries(entries: dict[tuple[int, int], Any], more: Mapping[tuple[int, int], Any]) -> None:
    """Add to a matrix, given by the entries that are not zero, another one."""
    for at, value in more.items():
        entries[at] = entries[at] + value if at in entries else value


def dense(entries: Mapping[tuple[int, int], Any], n: int):
    """The whole matrix, shape (n, n, cells), from the entries that are not zero."""
    cells = jnp.broadcast_shapes(*(jnp.shape(value) for value in entries.values()))
    zero = jnp.zeros(cells)
    return jnp.stack(
        [jnp.stack([jnp.broadcast_to(entries.get((i, j), zero), cells) for j in range(n)]) for i in range(n)]
    )


def log_ratio(numerator, denominator):
    """log(numerator / denominator) of positive numbers, at a fraction of its cost.

    Within 3e-7 of the value or relative to it, whichever is larger, and ever more exact relative to it towards zero:
    all that Newton's method asks of a residual. Ratios beyond 1e-30 and 1e30 count as these.
    """
    ratio = jnp.clip(numerator / denominator, 1e-30, 1e30).astype(jnp.float32)
    part = (numerator - denominator) / (numerator + denominator)
    near = 2 * part * (1 + part**2 / 3)  # log((1 + x) / (1 - x)) = 2 (x + x^3 / 3 + x^5 / 5 + ...)
    return jnp.where(jnp.abs(part) < 0.02, near, jnp.log(ratio).astype(part.dtype))


def characteristic_polynomial(matrix):
    """Coefficients of det(sI - A), highest power first, by orthogonal reduction to Hessenberg form.

    Parameters
    ----------
    matrix : array, shape (n, n, cells)

    Returns
    -------
    array, shape (n + 1, cells)

    References
    ----------
    La Budde's method as described by Rehman and Ipsen (2011), arXiv:1104.3769.
    """
    n = matrix.shape[0]
    a = matrix
    for k in range(n - 2):
        column = a[k + 1 :, k]
        norm = jnp.sqrt(jnp.sum(column**2, axis=0))
        reflector = column.at[0].add(jnp.where(column[0] < 0, -norm, norm))
        length = jnp.sum(reflector**2, axis=0)
        scale = jnp.where(length > 0, 2 / jnp.where(length > 0, length, 1), 0.0)
        below = a[k + 1 :]
        a = a.at[k + 1 :].add(-scale * reflector[:, None] * jnp.sum(reflector[:, None] * below, axis=0))
        right = a[:, k + 1 :]
        a = a.at[:, k + 1 :].add(-scale * jnp.sum(right * reflector[None], axis=1)[:, None] * reflector[None])
    # p_i: characteristic polynomial of the leading i x i block, lowest power first
    cells = matrix.shape[2:]
    polynomials = [jnp.ones((1, *cells))]
    zero = jnp.zeros((1, *cells))
    for i in range(1, n + 1):
        last = polynomials[i - 1]
        new = jnp.concatenate([zero, last]) - jnp.concatenate([a[i - 1, i - 1] * last, zero])
        product = jnp.ones(cells)
        for m in range(1, i):
            product = product * a[i - m, i - m - 1]
            term = a[i - m - 1, i - 1] * product * polynomials[i - m - 1]
            new = new.at[: term.shape[0]].add(-term)
        polynomials.append(new)
    return polynomials[n][::-1]


def is_stable(matrix):
    """Whether every eigenvalue has a negative real part.

    By the criterion of Routh and Hurwitz; for large systems (`WRITTEN_OUT`) by the eigenvalues themselves.

    Parameters
    ----------
    matrix : array, shape (n, n, cells)

    Returns
    -------
    boolean array, shape (cells,)
    """
    n = matrix.shape[0]
    if n > WRITTEN_OUT:
        known = jnp.isfinite(matrix).all(axis=(0, 1))
        eigenvalues = jnp.linalg.eigvals(jnp.moveaxis(jnp.where(known, matrix, 0.0), -1, 0))
        return known & (eigenvalues.real.max(axis=-1) < 0)
    coefficients = characteristic_polynomial(matrix)
    width = n // 2 + 1
    empty = jnp.zeros_like(coefficients[0])
    upper, lower = ([*row, *[empty] * (width - len(row))] for row in (coefficients[0::2], coefficients[1::2]))
    stable = coefficients[0] > 0
    for _ in range(n):
        stable &= lower[0] > 0
        factor = upper[0] / lower[0]
        upper, lower = lower, [upper[j + 1] - factor * lower[j + 1] for j in range(width - 1)] + [empty]
    return stable
