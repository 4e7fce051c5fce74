"""Small linear algebra over many cells, against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soilcue.solve import algebra

pytestmark = pytest.mark.usefixtures("quick_compilation")

SIZES = range(2, 11)

# compiled, as the solvers use them; operation by operation every size would cost seconds
solve = jax.jit(algebra.solve)
characteristic_polynomial = jax.jit(algebra.characteristic_polynomial)
is_stable = jax.jit(algebra.is_stable)


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


def test_jacobian_is_that_of_each_cell():
    matrix = np.random.default_rng(0).normal(size=(3, 4))

    def function(x):
        return jnp.stack([jnp.sin(sum(matrix[i, j] * x[j] for j in range(4))) * x[0] for i in range(3)])

    point = np.random.default_rng(1).normal(size=(4, 50))
    value, slope = algebra.jacobian(function, point)
    assert slope.shape == (3, 4, 50)
    np.testing.assert_allclose(value, function(point))
    for cell in (0, 49):
        np.testing.assert_allclose(slope[:, :, cell], jax.jacfwd(function)(point[:, cell]), rtol=1e-12)


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
