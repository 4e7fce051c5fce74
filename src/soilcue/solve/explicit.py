"""An explicit Runge-Kutta run with its own error: for hours and days, where nothing in a soil is stiff.

The pair of Dormand and Prince (1980): a fifth-order step, and a fourth-order one whose difference from it is the error
of the step. It keeps every linear balance exactly, so carbon and label close to rounding whatever the steps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

_STAGES = np.zeros((7, 7))
_STAGES[1, :1] = [1 / 5]
_STAGES[2, :2] = [3 / 40, 9 / 40]
_STAGES[3, :3] = [44 / 45, -56 / 15, 32 / 9]
_STAGES[4, :4] = [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729]
_STAGES[5, :5] = [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656]
_STAGES[6, :6] = [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84]
_FIFTH = _STAGES[6]
_FOURTH = np.array([5179 / 57600, 0, 7571 / 16695, 393 / 640, -92097 / 339200, 187 / 2100, 1 / 40])


def integrate(change: Callable[[Any, Any], Any], start: Any, lengths: Any) -> tuple[Any, Any]:
    """Integrate over steps of given lengths.

    Parameters
    ----------
    change : callable
        ``change(time, state)``: the time derivative of the state.
    start : array, any shape
    lengths : array, shape (steps,)
        Of the steps, one after the other.

    Returns
    -------
    states : array, shape (steps, ...)
        After each step.
    error : array, shape of `start`
        Sum over the steps of the difference between the two orders: an upper estimate of the error at the end.

    References
    ----------
    Dormand and Prince (1980), Journal of Computational and Applied Mathematics 6, 19-26, table 2.
    """
    stages, nodes = jnp.asarray(_STAGES), jnp.asarray(_STAGES.sum(axis=1))

    def step(carry, length):
        time, state, error = carry

        def stage(slopes, number):
            middle = state + length * jnp.tensordot(stages[number], slopes, axes=1)
            return slopes.at[number].set(change(time + nodes[number] * length, middle)), None

        slopes, _ = jax.lax.scan(stage, jnp.zeros((7, *state.shape)), jnp.arange(7))
        new = state + length * jnp.tensordot(jnp.asarray(_FIFTH), slopes, axes=1)
        missed = length * jnp.abs(jnp.tensordot(jnp.asarray(_FIFTH - _FOURTH), slopes, axes=1))
        return (time + length, new, error + missed), new

    (_, _, error), states = jax.lax.scan(step, (jnp.zeros(()), start, jnp.zeros_like(start)), lengths)
    return states, error
