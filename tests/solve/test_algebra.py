"""Small linear algebra over many cells, against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soilcue.solve import algebra

SIZES = range(2, 11)

# compiled, as the solvers use them; operation by operation every size would cost seconds
solve = jax.jit(algebra.solve)


def entries_of(matrix) -> dict:
    return {(i, j): matrix[i, j] for i in range(len(matrix)) for j in range(len(matrix))}


@jax.jit
def characteristic_polynomial(matrix):
    unit = 1.0 + jnp.arange(matrix.shape[-1]) / 100
    found = algebra.characteristic_polynomial(entries_of(matrix), len(matrix), unit)
    return jnp.stack([value * unit**power for power, value in enumerate(found)])


@jax.jit
def is_stable(matrix):
    return algebra.is_stable(entries_of(matrix), len(matrix))


def matrices(n: int, cells: int = 300, seed: int = 0) -> np.ndarray:
    """Random matrices whose eigenvalues lie left and right of zero, shape (cells, n, n)."""
    random = np.random.default_rng(seed + n)
    made = random.normal(size=(cells, n, n))
    return made - np.eye(n) * random.uniform(-0.5, 1.5, (cells, 1, 1)) * np.sqrt(n)


def last(made: np.ndarray) -> jax.Array:
    return jnp.moveaxis(jnp.asarray(made), 0, -1)


@pytest.mark.parametrize("n", SIZES)
def test_solve(n):
    random = np.random.default_rng(n)
    made = random.normal(size=(300, n, n)) + 3 * n * np.eye(n)
    right = random.normal(size=(300, n, 3))
    np.testing.assert_allclose(
        solve(last(made), last(right)), last(np.linalg.solve(made, right)), rtol=1e-11, atol=1e-14
    )


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("filled", [0.0, 0.3, 1.0])
def test_solve_with_the_entries_that_are_not_zero(n, filled):
    random = np.random.default_rng(n)
    there = (random.uniform(size=(n, n)) < filled) | np.eye(n, dtype=bool)
    made = np.where(there, random.normal(size=(300, n, n)) + 3 * n * np.eye(n), 0.0)
    right = random.normal(size=(300, n, 3))
    entries = {(int(i), int(j)): jnp.asarray(made[:, i, j]) for i, j in np.argwhere(there)}
    np.testing.assert_allclose(algebra.dense(entries, n), last(made))
    found = jnp.stack(algebra.solve_entries(entries, last(right)))
    np.testing.assert_allclose(found, last(np.linalg.solve(made, right)), rtol=1e-11, atol=1e-14)


def test_solve_where_an_entry_of_the_diagonal_vanishes():
    entries = {(0, 0): 0.0, (0, 1): 2.0, (1, 0): 3.0, (1, 1): 1.0}
    found = algebra.solve_entries({at: jnp.array([value]) for at, value in entries.items()}, [jnp.ones(1)] * 2, [0])
    np.testing.assert_allclose(jnp.stack(found)[:, 0], np.linalg.solve([[0.0, 2.0], [3.0, 1.0]], [1.0, 1.0]))


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.floats(-60, 60), st.floats(-20, 20))
def test_log_ratio(logarithm, scale):
    numerator, denominator = np.exp(scale + logarithm), np.exp(scale)
    found = float(algebra.log_ratio(jnp.array(numerator), jnp.array(denominator)))
    near = abs(logarithm) < 0.03
    exact = np.log1p((numerator - denominator) / denominator) if near else np.log(numerator) - np.log(denominator)
    assert found == pytest.approx(exact, rel=3e-7, abs=1e-15 if near else 3e-7)


def test_log_ratio_where_a_side_vanishes():
    found = algebra.log_ratio(jnp.array([0.0, 1e-300, 1.0, 1e300]), jnp.array([1.0, 1.0, 1e-300, 1e-300]))
    np.testing.assert_allclose(found, np.log(1e30) * np.array([-1, -1, 1, 1]), rtol=1e-6)


@pytest.mark.parametrize("n", SIZES)
def test_characteristic_polynomial(n):
    made = matrices(n)
    expected = np.stack([np.poly(matrix).real for matrix in made], axis=-1)
    scale = np.abs(expected).max(axis=0)
    np.testing.assert_allclose(characteristic_polynomial(last(made)) / scale, expected / scale, atol=1e-11)


@pytest.mark.parametrize("n", SIZES)
def test_stability_is_told_as_by_eigenvalues(n):
    made = matrices(n)
    largest = np.linalg.eigvals(made).real.max(axis=1)
    assert 20 < (largest < 0).sum() < 280
    np.testing.assert_array_equal(is_stable(last(made)), largest < 0)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("distance", [1e-4, 1e-7])
def test_stability_is_told_close_to_its_limit(n, distance):
    made = matrices(n)
    largest = np.linalg.eigvals(made).real.max(axis=1)
    at_limit = made - largest[:, None, None] * np.eye(n)
    for side in (-1, 1):
        near = at_limit + side * distance * np.eye(n)
        assert (np.asarray(is_stable(last(near))) == (side < 0)).all()


@pytest.mark.parametrize("n", [3, 5, 7, 8])
def test_stability_does_not_ask_for_one_time_scale(n):
    """Soils turn over in days and in millennia: eigenvalues six orders apart."""
    random = np.random.default_rng(n)
    rates = 10 ** random.uniform(-6, 0, (300, n))
    signs = np.where(random.uniform(size=(300, 1)) < 0.5, -1.0, 1.0)
    values = -rates
    values[:, :1] *= signs
    basis = np.eye(n) + 0.2 * random.normal(size=(300, n, n))
    made = basis @ (values[:, :, None] * np.linalg.inv(basis))
    largest = np.linalg.eigvals(made).real.max(axis=1)
    np.testing.assert_array_equal(is_stable(last(made)), largest < 0)


@settings(deadline=None, derandomize=True, max_examples=30)
@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-3, 3), st.floats(-3, 3))
def test_stability_of_two_pools_is_trace_and_determinant(a, b, c, d):
    trace, determinant = a + d, a * d - b * c
    stable = bool(is_stable(jnp.array([[[a], [b]], [[c], [d]]]))[0])
    if abs(trace) > 1e-9 and abs(determinant) > 1e-9:
        assert stable == (trace < 0 and determinant > 0)


@pytest.mark.parametrize(
    "matrix",
    [
        np.diag([-1.0, -2.0, -3.0]),
        np.array([[-1.0, 5.0, 7.0], [0.0, -2.0, 9.0], [0.0, 0.0, -3.0]]),
        np.array([[-1.0, 0.0, 0.0], [5.0, -2.0, 0.0], [7.0, 9.0, -3.0]]),
        np.array([[-0.1, 1.0, 0.0], [-1.0, -0.1, 0.0], [0.0, 0.0, -5.0]]),
    ],
    ids=["diagonal", "upper", "lower", "spiral"],
)
def test_stability_of_matrices_with_zeros(matrix):
    assert bool(is_stable(jnp.asarray(matrix)[:, :, None])[0])
    assert not bool(is_stable(-jnp.asarray(matrix)[:, :, None])[0])


def test_what_is_not_a_number_is_not_stable():
    assert not bool(is_stable(jnp.full((3, 3, 1), jnp.nan))[0])
