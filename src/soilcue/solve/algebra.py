"""Small linear algebra over many cells at once: the cells are the last axis, so that every operation is long and flat.

On a CPU, batched library calls on thousands of 7 x 7 systems spend their time on overhead; eliminating with whole rows
of cells does not. Where most entries are zero, as between the pools of a soil, it is cheaper still to leave them out.
"""

from __future__ import annotations

import functools
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
        # quotients, not products with one reciprocal: the compiler keeps a quotient, and works out a sum of products
        # anew wherever it is used
        right[pivot] = right[pivot] / matrix[pivot, pivot]
        others = [j for j in left if (pivot, j) in matrix]
        for j in others:
            matrix[pivot, j] = matrix[pivot, j] / matrix[pivot, pivot]
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


def solve_linear(entries: Mapping[tuple[int, int], Any], right: list[Any]) -> list[Any]:
    """As `solve_entries`, with derivatives by one more solution instead of through every step of the elimination.

    Parameters
    ----------
    entries : mapping of (row, column) to array, shape (cells,)
    right : list of array, shape (cells,)

    Returns
    -------
    list of array, shape (cells,)
    """

    def product(some):
        rows = [jnp.zeros_like(value) for value in some]
        for (i, j), value in entries.items():
            rows[i] = rows[i] + value * some[j]
        return rows

    transposed = {(j, i): value for (i, j), value in entries.items()}
    return jax.lax.custom_linear_solve(
        product,
        right,
        solve=lambda _, some: solve_entries(entries, some),
        transpose_solve=lambda _, some: solve_entries(transposed, some),
    )


@jax.custom_jvp
def pulled_back_once(value):
    """The value itself. What is pulled back through it (reverse differentiation) is worked out once.

    The compiler would work out a sum of products anew in everything that uses it, but keeps a quotient: here one whose
    divisor is 1, which the compiler cannot know.

    Parameters
    ----------
    value : array
    """
    return value


@pulled_back_once.defjvp
def _(primals, tangents):
    (value,), (change,) = primals, tangents

    def back(value, change):
        return change / jnp.where(value == value, 1.0, jnp.nan)

    return value, jax.custom_derivatives.linear_call(lambda _, change: change, back, value, change)


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

    Where they differ by less than 4 % it is exact to rounding, and its derivative too; elsewhere within 3e-7 of the
    value or relative to it, whichever is larger: all that Newton's method asks of a residual on its way. Ratios beyond
    1e-30 and 1e30 count as these.
    """
    ratio = jnp.clip(numerator / denominator, 1e-30, 1e30).astype(jnp.float32)
    part = (numerator - denominator) / (numerator + denominator)
    square = part**2
    # log((1 + x) / (1 - x)) = 2 (x + x^3 / 3 + x^5 / 5 + ...)
    near = 2 * part * (1 + square * (1 / 3 + square * (1 / 5 + square * (1 / 7))))
    return jnp.where(jnp.abs(part) < 0.02, near, jnp.log(ratio).astype(part.dtype))


def _hessenberg(entries: Mapping[tuple[int, int], Any], n: int) -> tuple[dict[tuple[int, int], Any], list[int]]:
    """An orthogonally similar matrix that is zero below its first lower diagonal, and the order of its rows.

    Householder's reduction over the entries that are not zero alone. Rows come in an order that leaves little to clear:
    first what acts on the fewest others.
    """
    matrix = dict(entries)
    left = list(range(n))

    def reach(column: int) -> int:
        return sum((i, column) in matrix for i in left)

    order = [min(left, key=reach)]
    left.remove(order[0])
    while left:
        column = order[-1]
        below = sorted((i for i in left if (i, column) in matrix), key=reach)
        if len(below) > 1:
            _reflect(matrix, below, column, (*order, *left))
        order.append(below[0] if below else min(left, key=reach))
        left.remove(order[-1])
    return matrix, order


def _reflect(matrix: dict[tuple[int, int], Any], rows: list[int], column: int, every: tuple[int, ...]) -> None:
    """Clear a column in all but the first of some rows: reflect these rows, and then the columns of their numbers."""
    head = rows[0]
    norm = jnp.sqrt(sum(matrix[i, column] ** 2 for i in rows))
    norm = jnp.where(matrix[head, column] < 0, -norm, norm)
    mirror = {i: matrix.pop((i, column)) for i in rows}
    mirror[head] = mirror[head] + norm
    length = sum(value**2 for value in mirror.values())
    half = jnp.where(length > 0, length, 1.0) / 2
    reflected = every[every.index(column) + 1 :]
    matrix[head, column] = -norm
    for lines in (
        [[(i, j) for i in rows] for j in reflected],
        [[(i, j) for j in rows] for i in every],
    ):
        for line in lines:
            if any(at in matrix for at in line):
                along = sum(matrix[at] * mirror[i] for at, i in zip(line, rows, strict=True) if at in matrix) / half
                add_entries(matrix, {at: -along * mirror[i] for at, i in zip(line, rows, strict=True)})


def characteristic_polynomial(entries: Mapping[tuple[int, int], Any], n: int, unit) -> list[Any]:
    """Coefficients of det(sI - A / unit), highest power first, by orthogonal reduction to Hessenberg form.

    Parameters
    ----------
    entries : mapping of (row, column) to array, shape (cells,)
        Those that are not zero.
    n : int
        Rows of the matrix.
    unit : array, shape (cells,)
        In which A is measured. The division comes last, for the compiler's sake as in `solve_entries`.

    Returns
    -------
    list of n + 1 arrays, shape (cells,)

    References
    ----------
    La Budde's method as described by Rehman and Ipsen (2011), arXiv:1104.3769.
    """
    matrix, order = _hessenberg(entries, n)

    def entry(row: int, column: int):
        return matrix.get((order[row], order[column]))

    # the characteristic polynomial of the leading i x i block, lowest power first; None is zero
    polynomials: list[list] = [[jnp.ones_like(unit)]]
    for i in range(n):
        last = polynomials[i]
        new = [None, *(None if value is None else unit * value for value in last)]
        _subtract(new, entry(i, i), last)
        product = None
        for m in reversed(range(i)):
            step = entry(m + 1, m)
            if step is None:
                break
            product = step if product is None else product * step / unit
            if entry(m, i) is not None:
                _subtract(new, entry(m, i) * product / unit, polynomials[m])
        polynomials.append([None if value is None else value / unit for value in new])
    zero = jnp.zeros_like(unit)
    return [zero if value is None else value for value in reversed(polynomials[n])]


def _subtract(polynomial: list, factor, other: list) -> None:
    """Subtract a multiple of another polynomial, coefficient by coefficient; None is zero."""
    if factor is None:
        return
    for power, value in enumerate(other):
        if value is not None:
            less = factor * value
            polynomial[power] = -less if polynomial[power] is None else polynomial[power] - less


def is_stable(entries: Mapping[tuple[int, int], Any], n: int):
    """Whether every eigenvalue of a matrix has a negative real part.

    By the criterion of Routh and Hurwitz; for large systems (`WRITTEN_OUT`) by the eigenvalues themselves.

    Parameters
    ----------
    entries : mapping of (row, column) to array, shape (cells,)
        Those that are not zero.
    n : int
        Rows of the matrix.

    Returns
    -------
    boolean array, shape (cells,)
    """
    if n > WRITTEN_OUT:
        matrix = dense(entries, n)
        known = jnp.isfinite(matrix).all(axis=(0, 1))
        eigenvalues = jnp.linalg.eigvals(jnp.moveaxis(jnp.where(known, matrix, 0.0), -1, 0))
        return known & (eigenvalues.real.max(axis=-1) < 0)
    fastest = functools.reduce(jnp.maximum, [jnp.abs(value) for value in entries.values()])
    coefficients = characteristic_polynomial(entries, n, fastest)
    width = n // 2 + 1
    empty = jnp.zeros_like(coefficients[0])
    upper, lower = ([*row, *[empty] * (width - len(row))] for row in (coefficients[0::2], coefficients[1::2]))
    stable = coefficients[0] > 0
    for _ in range(n):
        stable &= lower[0] > 0
        factor = upper[0] / lower[0]
        upper, lower = lower, [upper[j + 1] - factor * lower[j + 1] for j in range(width - 1)] + [empty]
    return stable
