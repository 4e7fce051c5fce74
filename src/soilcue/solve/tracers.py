"""Tracers in any network of fluxes: label, and whatever else moves with its carbon.

A flux carries the signature of the pool it leaves, whatever it passes through: tracer per carbon of its source. So a
tracer is two matrices over pools and fluxes and nothing else,

    d(amount) = gain @ rates + carry @ (rates * amount of the source / stock of the source).

For label in carbon, ``carry`` is the network's own stoichiometry and ``gain`` is what comes in from outside. 18O in DNA
is no carbon tracer, yet of the same form: ``gain`` is growth, and ``carry`` takes away what dies.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from soilcue.core.network import INPUT, Network, Structure
from soilcue.solve.explicit import integrate
from soilcue.solve.steady import flux_table


class Tracer(NamedTuple):
    """How something moves with the fluxes of a network.

    Parameters
    ----------
    gain : array, shape (pools, fluxes)
        What each pool gains per unit of flux, whatever the source holds.
    carry : array, shape (pools, fluxes)
        What each pool gains (or loses: negative) of what a flux carries out of its source.
    rise : array, shape ()
        Rate at which the gain comes up to its full strength, 1 - exp(-rise x time); infinite: from the start.
    """

    gain: Any
    carry: Any
    rise: Any = np.inf


def label_tracer(structure: Structure, entering: float = 0.0) -> Tracer:
    """Label of the carbon of a network.

    Parameters
    ----------
    structure : Structure
    entering : float
        Label per carbon of the input from outside.
    """
    matrix = structure.stoichiometry()
    carbon = np.array([structure.currency(flux) == "carbon" for flux in structure.fluxes])
    inward = np.array([flux.source == INPUT for flux in structure.fluxes])
    return Tracer(entering * matrix * (carbon & inward), matrix * (carbon & ~inward))


class Course(NamedTuple):
    """What a run gives: times first, cells (if there is such an axis) last.

    `stocks` (times, pools, ...), `amounts` of each tracer (times, tracers, pools, ...), `flows` since the start (times,
    fluxes, ...), `carried` by them (times, tracers, fluxes, ...); `error` (...) is the estimated error of the run
    relative to all that was in the pools at the start.
    """

    stocks: Any
    amounts: Any
    flows: Any
    carried: Any
    error: Any


@eqx.filter_jit
def follow(network: Network, stocks, amounts, environment, tracers: Sequence[Tracer], lengths) -> Course:
    """Run a network under constant conditions and follow tracers through it.

    Parameters
    ----------
    network : Network
    stocks : array, shape (pools,) or (pools, cells)
        At the start, in the model's unit.
    amounts : array, shape (tracers, *shape of stocks)
        Of each tracer at the start.
    environment : dict
        From `Network.environment`.
    tracers : sequence of Tracer
    lengths : array, shape (steps,)
        Of the steps, in the model's time unit.

    Returns
    -------
    Course
        At the end of every step. Differentiable, forward and reverse.
    """
    structure = network.structure()
    matrix = jnp.asarray(structure.stoichiometry())
    row = {pool.name: i for i, pool in enumerate(network.pools)}
    source = np.array([row.get(flux.source, -1) for flux in structure.fluxes])
    pools, fluxes, cells, many = len(row), len(source), stocks.shape[1:], len(tracers)
    inside = (source >= 0).reshape(-1, *(1 for _ in cells))

    def change(time, state):
        stocks, amounts = state[:pools], state[pools : pools * (1 + many)].reshape(many, pools, *cells)
        rates = flux_table(network, stocks, environment)
        present = inside & (stocks[source] > 0)
        per_carbon = jnp.where(present, rates / jnp.where(present, stocks[source], 1.0), 0.0)
        moved, carried = [matrix @ rates], []
        for tracer, amount in zip(tracers, amounts, strict=True):
            carries = per_carbon * amount[source]
            strength = jnp.where(jnp.isinf(tracer.rise), 1.0, -jnp.expm1(-_finite(tracer.rise) * time))
            moved.append(strength * (jnp.asarray(tracer.gain) @ rates) + jnp.asarray(tracer.carry) @ carries)
            carried.append(carries)
        return jnp.concatenate([*moved, rates, *carried])

    start = jnp.concatenate(
        [stocks, amounts.reshape(-1, *cells), jnp.zeros((fluxes * (1 + many), *cells), stocks.dtype)]
    )
    states, error = integrate(change, start, lengths)
    held, moved, flows, carried = jnp.split(states, np.cumsum([pools, many * pools, fluxes]), axis=1)
    return Course(
        held,
        moved.reshape(-1, many, pools, *cells),
        flows,
        carried.reshape(-1, many, fluxes, *cells),
        jnp.max(error, axis=0) / jnp.sum(stocks, axis=0),
    )


def _finite(rise):
    """The rate where it is finite: the branch that is not taken must not poison gradients."""
    return jnp.where(jnp.isinf(rise), 0.0, rise)
