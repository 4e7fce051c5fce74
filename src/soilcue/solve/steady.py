"""Steady states of any model, for any number of cells: log gain = log loss in every pool, by Newton's method.

What belongs to pools is a list with one array (cells,) for each, not a table: the compiler makes a short loop over
cells of each, but one slow one, pool after pool and cell after cell, of a table put together.

The residual is log gain - log loss per pool, so a small pool counts as much as a large one. A residual that is scaled
by the carbon input instead also 'converges', but then a seventh of random MIMICS cells sit on unstable states with one
microbe missing. A small residual is not yet an answer: every state is checked for stability, and a population counts
as extinct only where it could not invade again.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp

from soilcue.core.network import Flux, Network
from soilcue.solve.algebra import add_entries, is_stable, log_ratio, pulled_back_once, solve_entries, solve_linear

NOTHING = 1e-30
"""Stock that stands for an absent population: too small to act on anything, enough to see whether it would grow."""
LOG_NOTHING = math.log(NOTHING)
TOLERANCE = 1e-9
"""|log gain - log loss| after which a cell takes no more steps but that one and a last one; each squares it."""
NEAR = 1e-4
"""|log gain - log loss| before the step taken last, from which one more is safe where steps are used up."""
LONGEST = 2.0
"""Longest step of a pool, in the logarithm of its stock."""
NO_FLOW = 1e-300
"""Gain or loss that stands for none: a pool that loses nothing below a threshold is one that grows, not an error."""


class Solution(NamedTuple):
    """State of a batch of cells: one array a pool, and others of shape (cells,)."""

    stocks: Any
    residual: Any
    steps: Any
    stable: Any


def rates(network: Network, stocks, environment) -> list[Flux]:
    """The fluxes at stocks, one array (cells,) a pool."""
    return list(network.fluxes({pool.name: stocks[i] for i, pool in enumerate(network.pools)}, environment))


def flux_table(network: Network, stocks, environment):
    """Every flux, shape (fluxes, cells)."""
    cells = jnp.shape(stocks[0])
    return jnp.stack([jnp.broadcast_to(flux.rate, cells) for flux in rates(network, stocks, environment)])


def gains_and_losses(network: Network, stocks, environment):
    """What each pool gains and loses, in the model's units.

    Parameters
    ----------
    network : Network
    stocks : sequence of array, shape (cells,)
        One a pool.
    environment : dict
        From `Network.environment`.

    Returns
    -------
    tuple of two lists of array, shape (cells,)
    """
    gain = {pool.name: jnp.zeros(()) for pool in network.pools}
    loss = dict(gain)
    for flux in rates(network, stocks, environment):
        if flux.source in loss:
            loss[flux.source] = loss[flux.source] + flux.rate
        if flux.target in gain:
            gain[flux.target] = gain[flux.target] + flux.rate
    cells = jnp.shape(stocks[0])
    return tuple([jnp.broadcast_to(part, cells) for part in side.values()] for side in (gain, loss))


def dependence(network: Network, stocks, environment) -> list[set[int]]:
    """Numbers of the pools that each flux depends on, read off the traced computation; nothing is computed."""

    def trace(stocks):
        return [flux.rate for flux in rates(network, stocks, environment)]

    traced = jax.make_jaxpr(trace)([stock for stock in stocks]).jaxpr
    reached: dict[Any, set[int]] = {variable: {i} for i, variable in enumerate(traced.invars)}

    def pools_of(atom) -> set[int]:
        return set() if isinstance(atom, jax.extend.core.Literal) else reached.get(atom, set())

    for equation in traced.eqns:
        pools = set().union(*map(pools_of, equation.invars))
        reached.update(dict.fromkeys(equation.outvars, pools))
    return [pools_of(variable) for variable in traced.outvars]


class Slopes(NamedTuple):
    """What each pool gains and loses, one array (cells,) each, and its derivatives by the logarithm of each stock.

    `by_gain` and `by_loss` hold an entry (cells,) for each (pool, stock) that is not zero.
    """

    gain: Any
    loss: Any
    by_gain: dict[tuple[int, int], Any]
    by_loss: dict[tuple[int, int], Any]


def slopes(network: Network, stocks, environment) -> Slopes:
    """Gains, losses and their derivatives; each flux is differentiated only by the stocks it depends on.

    Parameters
    ----------
    network : Network
    stocks : sequence of array, shape (cells,)
        One a pool.
    environment : dict
        From `Network.environment`.
    """
    number = {pool.name: i for i, pool in enumerate(network.pools)}
    fluxes, pools_of = rates(network, stocks, environment), dependence(network, stocks, environment)
    by_gain: dict[tuple[int, int], Any] = {}
    by_loss: dict[tuple[int, int], Any] = {}
    for j in number.values():
        moved = [k for k, pools in enumerate(pools_of) if j in pools]

        def rates_by(stock, j=j, moved=moved):
            changed = [stock if i == j else stocks[i] for i in number.values()]
            found = rates(network, changed, environment)
            return [found[k].rate for k in moved]

        _, changes = jax.jvp(rates_by, (stocks[j],), (stocks[j],))
        for k, change in zip(moved, changes, strict=True):
            for end, side in ((fluxes[k].target, by_gain), (fluxes[k].source, by_loss)):
                if end in number:
                    add_entries(side, {(number[end], j): change})
    gain, loss = gains_and_losses(network, stocks, environment)
    return Slopes(gain, loss, by_gain, by_loss)


def once(environment: dict[str, Any]) -> dict[str, Any]:
    """An environment, what is pulled back to each of its values being worked out once."""
    return jax.tree.map(lambda v: pulled_back_once(v) if eqx.is_inexact_array(v) else v, environment)


def all_limits(network: Network, environment) -> dict[str, Any]:
    """Reasons why a cell has no steady state: limits of the published functions, and what never comes to rest."""
    return network.limits(environment) | network.limits_of_rest(environment)


def feasible(network: Network, environment, shape: tuple[int, ...]):
    """Whether no limit of the model is crossed, for cells (or periods and cells) of a shape."""
    allowed = jnp.ones(shape, bool)
    for crossed in all_limits(network, environment).values():
        allowed &= ~jnp.broadcast_to(crossed, shape)
    return allowed


def hold(tree):
    """The tree cut off from differentiation; Equinox leaves may be functions, which pass."""
    return jax.tree.map(lambda leaf: jax.lax.stop_gradient(leaf) if eqx.is_array(leaf) else leaf, tree)


def first_guess(network: Network, environment, cells: int):
    """Log of each pool's declared start: days of carbon input; of a memory what it holds at rest."""
    days = {"h": 24.0, "d": 1.0, "yr": 1 / 365}[network.time_unit]
    of_input = jnp.broadcast_to(environment["input"], (cells,))
    return [
        jnp.broadcast_to(
            jnp.log(environment[pool.name] if pool.kind == "memory" else pool.start * days * of_input), (cells,)
        )
        for pool in network.pools
    ]


def newton(
    network: Network, drivers: Mapping[str, Any], steps: int, damping: float, present=None, start=None
) -> Solution:
    """Newton's method on log stocks for one block of cells, differentiable to first order.

    Damped far from the answer: a step solves (damping x largest residual x I - Jacobian) change = residual, which is
    an implicit step of the pseudo-time 1 / (damping x largest residual) along d(log stock) = log gain - log loss, and
    Newton's own step where the residual vanishes. Each pool's step is limited alone: a population that is sent towards
    nothing by the first steps must not hold back the pools that would let it return.

    Parameters
    ----------
    network : Network
        Its parameters may be traced.
    drivers : dict of array, shape (cells,)
        In the model's units.
    steps : int
        Most steps.
    damping : float
        0 for plain Newton steps; the larger, the surer and slower.
    present : array of bool, shape (pools,), optional
        False for pools held at (nearly) nothing: to ask what a soil is like without a population. All by default.
    start : tuple of bool and sequence of array, shape (cells,), optional
        Whether to start from these stocks, and the stocks; the model's own first guess otherwise.

    Returns
    -------
    Solution
        A cell that needs more steps stays where they led. Stocks carry exact first derivatives, forward and reverse,
        with respect to parameters and drivers: the last step is taken with a frozen Jacobian (implicit function
        theorem).

    References
    ----------
    The pseudo-time step as in Kelley and Keyes (1998), SIAM Journal on Numerical Analysis 35, 508-523.
    """
    cells = drivers["carbon_input"].shape[0]
    present = jnp.ones(len(network.pools), bool) if present is None else present
    held = hold(network)
    environment = held.environment(hold(dict(drivers)))
    allowed = feasible(held, environment, (cells,))
    guess = first_guess(held, environment, cells)
    if start is not None:
        guess = [jnp.where(start[0], jnp.log(old), new) for old, new in zip(start[1], guess, strict=True)]
    guess = [jnp.where(here, value, LOG_NOTHING) for here, value in zip(present, guess, strict=True)]

    def step(state):
        z, taken, gap, i = state
        found = slopes(held, [jnp.exp(value) for value in z], environment)
        missed = _missed(found.gain, found.loss, z, present)
        size = largest(missed)
        changes = solve_entries(newton_matrix(found, present, damping * size), missed, own_makers(network))
        open_ = gap > TOLERANCE
        moved = [
            value + jnp.where(open_, jnp.clip(change, -LONGEST, LONGEST), 0.0)
            for value, change in zip(z, changes, strict=True)
        ]
        return moved, taken + open_, jnp.where(open_, size, gap), i + 1

    def unsettled(state):
        _, _, gap, i = state
        # a cell gone to NaN or out of the model's domain must not keep the others waiting
        return jnp.any(allowed & (gap > TOLERANCE)) & (i < steps)

    shape = (cells,)
    z, taken, gap, _ = jax.lax.while_loop(unsettled, step, (guess, jnp.zeros(shape, int), jnp.full(shape, jnp.inf), 0))
    stocks = [jnp.exp(value) for value in z]
    found = slopes(held, stocks, environment)
    last = last_step(network, drivers, z, found, present)
    final = [jnp.where(gap > NEAR, old, new) for old, new in zip(z, last, strict=True)]
    settled = jax.lax.stop_gradient(final)
    gap = largest(imbalance(held, settled, environment, present))
    stable = is_stable(disturbance(found, stocks), len(z))
    return Solution([jnp.exp(value) for value in final], jnp.where(allowed, gap, jnp.nan), taken, stable)


def _missed(gain, loss, z, present) -> list[Any]:
    """Log gain - log loss of each pool; of absent pools how far they are from nothing."""
    return [
        jnp.where(here, log_ratio(jnp.maximum(gained, NO_FLOW), jnp.maximum(lost, NO_FLOW)), value - LOG_NOTHING)
        for here, gained, lost, value in zip(present, gain, loss, z, strict=True)
    ]


def largest(missed):
    """Largest absolute value over the pools, shape (cells,)."""
    return functools.reduce(jnp.maximum, [jnp.abs(value) for value in missed])


def newton_matrix(found: Slopes, present, damping=0.0) -> dict[tuple[int, int], Any]:
    """Entries of damping x I - the Jacobian of `imbalance`."""
    entries = {(i, i): jnp.where(present[i], damping, damping - 1.0) for i in range(len(present))}
    for side, flow, sign in ((found.by_gain, found.gain, -1.0), (found.by_loss, found.loss, 1.0)):
        total = [jnp.maximum(value, NO_FLOW) for value in flow]
        shares = {(i, j): jnp.where(present[i], sign * slope / total[i], 0.0) for (i, j), slope in side.items()}
        add_entries(entries, shares)
    return entries


def own_makers(network: Network) -> list[int]:
    """Numbers of the living pools, to be eliminated last.

    Where growth and death both go with biomass, log gain - log loss of a population does not change with its own size,
    and its entry on the diagonal vanishes.
    """
    return [i for i, pool in enumerate(network.pools) if pool.kind == "living"]


def imbalance(network: Network, z, environment, present) -> list[Any]:
    """Log gain - log loss at log stocks z; of absent pools how far they are from nothing."""
    gain, loss = gains_and_losses(network, [jnp.exp(value) for value in z], environment)
    return _missed(gain, loss, z, present)


def last_step(network: Network, drivers: Mapping[str, Any], z, found: Slopes, present=None) -> list[Any]:
    """One Newton step from log stocks near a steady state, with a frozen Jacobian.

    It carries the exact first derivatives of the steady state with respect to parameters and drivers, forward and
    reverse (implicit function theorem).

    Parameters
    ----------
    network : Network
        Its parameters may be traced.
    drivers : dict of array, shape (cells,)
        In the model's units.
    z : sequence of array, shape (cells,)
        Log stocks.
    found : Slopes
        At these stocks, of the network and drivers cut off from differentiation.
    present : array of bool, shape (pools,), optional
        False for pools held at (nearly) nothing.

    Returns
    -------
    list of array, shape (cells,)
        Log stocks.
    """
    z = jax.lax.stop_gradient(list(z))
    present = jnp.ones(len(z), bool) if present is None else present
    missed = imbalance(network, z, once(network.environment(drivers)), present)
    changes = solve_entries(newton_matrix(found, present), missed, own_makers(network))
    return [value + change for value, change in zip(z, changes, strict=True)]


def disturbance(found: Slopes, stocks) -> dict[tuple[int, int], Any]:
    """Matrix by which small disturbances, relative to the stocks, grow: it has the eigenvalues of the Jacobian.

    At a state that lacks a population, one eigenvalue is the growth rate of its first invaders.

    Parameters
    ----------
    found : Slopes
    stocks : sequence of array, shape (cells,)
        At which they were found.

    Returns
    -------
    dict of (row, column) to array, shape (cells,)
        The entries that are not zero, per time unit of the model.
    """
    entries: dict[tuple[int, int], Any] = {}
    for side, sign in ((found.by_gain, 1.0), (found.by_loss, -1.0)):
        add_entries(entries, {(i, j): sign * slope / stocks[i] for (i, j), slope in side.items()})
    return entries


def linear(network: Network, drivers: Mapping[str, Any]) -> Solution:
    """Steady state of a network whose fluxes are all rate x source: one elimination over the pools that are connected.

    Such a network is a compartmental matrix from which all carbon can leave, so its steady state is stable (Jacquez
    and Simon 1993, SIAM Review 35, 43-79); the zeros of the matrix are known when it is compiled and cost nothing.

    Parameters and shapes as in `newton`.
    """
    number = {pool.name: i for i, pool in enumerate(network.pools)}
    cells = drivers["carbon_input"].shape[0]
    environment = once(network.environment(drivers))
    matrix: dict[tuple[int, int], Any] = {}
    gain = [jnp.zeros(cells)] * len(number)
    for flux in network.fluxes(dict.fromkeys(number, 1.0), environment):
        target = number.get(flux.target)
        if flux.source in number:
            source = number[flux.source]
            add_entries(matrix, {(source, source): flux.rate})
            if target is not None:
                add_entries(matrix, {(target, source): -flux.rate})
        elif target is not None:
            gain[target] = gain[target] + flux.rate
    stocks = solve_linear(matrix, gain)
    sides = zip(*gains_and_losses(network, stocks, environment), strict=True)
    gap = largest([(gained - lost) / jnp.where(lost > 0, lost, 1.0) for gained, lost in sides])
    allowed = feasible(network, environment, (cells,))
    return Solution(stocks, jnp.where(allowed, gap, jnp.nan), jnp.ones(cells, int), jnp.ones(cells, bool))


def one_block(network: Network, drivers: Mapping[str, Any], steps, damping, present=None, start=None) -> Solution:
    """Steady states of one block of cells by the way that fits the network; parameters as in `newton`."""
    if network.linear:
        return linear(network, drivers)
    return newton(network, drivers, steps, damping, present, start)
