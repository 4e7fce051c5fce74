"""Small linear algebra over many cells at once: the cells are the last axis, so that every operation is long and flat.

On a CPU, batched library calls on thousands of 7 x 7 systems spend their time on overhead; eliminating with whole rows
of cells does not.
"""

from __future__ import annotations

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


def jacobian(function, point):
    """Value and Jacobian of an elementwise-over-cells function.

    Parameters
    ----------
    function : callable
        From (n, cells) to (m, cells).
    point : array, shape (n, cells)

    Returns
    -------
    tuple of arrays, shapes (m, cells) and (m, n, cells)
    """
    n = point.shape[0]
    basis = jnp.broadcast_to(jnp.eye(n)[:, :, None], (n, *point.shape))
    value, push = jax.linearize(function, point)
    return value, jnp.moveaxis(jax.vmap(push)(basis), 0, 1)


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
