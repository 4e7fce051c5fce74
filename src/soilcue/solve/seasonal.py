"""The seasonal steady state: the year that repeats itself, found without millennia of spin-up.

A year is a chain of implicit Euler steps, each positive and conserving. The matrix of each step also says how a small
change of the stocks is carried through it; the product over the year is the derivative of the yearly map, at no extra
solve. Newton's method on *stocks after a year = stocks* then needs a handful of years instead of thousands.

Annual means bias Michaelis-Menten and Arrhenius fluxes: under annual-mean drivers MIMICS holds up to several percent
too much carbon. So this, and not the annual-mean state, is the default wherever drivers have months.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from soilcue.core.network import Network
from soilcue.solve.algebra import add_entries, is_stable, log_ratio, solve, solve_entries
from soilcue.solve.steady import (
    NOTHING,
    Slopes,
    feasible,
    flux_table,
    gains_and_losses,
    hold,
    largest,
    linear,
    newton,
    slopes,
)

MONTH_DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=float)
"""Days of each month of a year without leap day."""
PERIODS = {"month": MONTH_DAYS, "day": np.ones(365)}
"""Dimensions a repeating year may have, and the days of each of their steps."""
TOLERANCE = 1e-11
"""Relative change of a stock over the year below which a cell is not moved on."""
STEP_TOLERANCE = 1e-7
"""A step's Newton iteration stops when the update before its last left less than this; the last one squares it."""


class SeasonalSolution(NamedTuple):
    """The repeating year of a batch of cells; the cells are the last axis."""

    stocks: Any
    mean_stocks: Any
    flows: Any
    residual: Any
    years: Any
    stable: Any
    growth: Any


def period_days(count: int) -> np.ndarray:
    """Days of each period of a year that has so many: 12 months or 365 days."""
    return next(days for days in PERIODS.values() if len(days) == count)


def mean_of_year(values):
    """Mean over the first axis (12 months or 365 days), each period counting by its length."""
    days = period_days(values.shape[0])
    return (days / days.sum()) @ values


def implicit_step(network: Network, stocks, environment, duration):
    """Stocks after one implicit Euler step.

    Parameters
    ----------
    network : Network
    stocks : sequence of array, shape (cells,)
        One a pool.
    environment : dict
        Held constant over the step.
    duration : float
        In the model's time unit.

    Returns
    -------
    tuple
        Stocks after the step, a list of array (cells,), positive; and the entries that are not zero of the matrix A,
        by which a small change before the step becomes A^-1 times it after.
    """
    held, held_environment, before = hold(network), hold(environment), jax.lax.stop_gradient(list(stocks))

    def update(state):
        z, _, i = state
        after = [jnp.exp(value) for value in z]
        found = slopes(held, after, held_environment)
        # what is there and leaves against what was there and comes: both sides positive, as in the steady state
        there = [stock + duration * lost for stock, lost in zip(after, found.loss, strict=True)]
        came = [stock + duration * gained for stock, gained in zip(before, found.gain, strict=True)]
        missed = [log_ratio(*sides) for sides in zip(there, came, strict=True)]
        entries = {(i, i): stock / total for i, (stock, total) in enumerate(zip(after, there, strict=True))}
        for side, total, sign in ((found.by_loss, there, 1.0), (found.by_gain, came, -1.0)):
            add_entries(entries, {(i, j): sign * duration * slope / total[i] for (i, j), slope in side.items()})
        changes = solve_entries(entries, missed)
        shrunk = jnp.minimum(1.0, 2.0 / largest(changes))
        moved = [value - change * shrunk for value, change in zip(z, changes, strict=True)]
        return moved, jnp.any(largest(missed) > STEP_TOLERANCE), i + 1

    def going(state):
        return state[1] & (state[2] < 40)

    if network.linear:
        found = slopes(held, before, held_environment)
        matrix = step_matrix(found, before, duration)
        net = [duration * (gained - lost) for gained, lost in zip(found.gain, found.loss, strict=True)]
        guess = [stock + change for stock, change in zip(before, solve_entries(matrix, net), strict=True)]
    else:
        z, *_ = jax.lax.while_loop(going, update, ([jnp.log(stock) for stock in before], True, 0))
        guess = [jnp.exp(value) for value in z]
        matrix = step_matrix(slopes(held, guess, held_environment), guess, duration)
    # the last Newton step, with a frozen matrix: it squares what is left and carries the exact first derivative
    missed = [
        new - old - duration * (gained - lost)
        for new, old, gained, lost in zip(guess, stocks, *gains_and_losses(network, guess, environment), strict=True)
    ]
    return [new - change for new, change in zip(guess, solve_entries(matrix, missed), strict=True)], matrix


def step_matrix(found: Slopes, stocks, duration) -> dict[tuple[int, int], Any]:
    """Entries of I - duration x d(gain - loss)/d(stocks)."""
    entries = {(i, i): jnp.ones_like(stock) for i, stock in enumerate(stocks)}
    for side, sign in ((found.by_gain, -1.0), (found.by_loss, 1.0)):
        add_entries(entries, {(i, j): sign * duration * slope / stocks[j] for (i, j), slope in side.items()})
    return entries


def one_year(network: Network, stocks, drivers: Mapping[str, Any], weights, steps_per_month: int):
    """A year of monthly or daily drivers.

    Parameters
    ----------
    network : Network
    stocks : sequence of array, shape (cells,)
        At the start of the year, one a pool.
    drivers : dict of array, shape (12, cells) or (365, cells)
        In the model's units.
    weights : array, shape (quantities, fluxes)
        Sums of fluxes wanted.
    steps_per_month : int
        Implicit steps a period (a month, or a day).

    Returns
    -------
    tuple of arrays
        Stocks after the year (pools, cells); the derivative of the yearly map (pools, pools, cells); the mean stocks
        (pools, cells); the wanted sums as means over the year (quantities, cells), in the model's units.
    """
    cells, pools = len(stocks[0]), len(stocks)
    hours = {"h": 24.0, "d": 1.0, "yr": 1 / 365}[network.time_unit]
    lengths = jnp.asarray(period_days(drivers["carbon_input"].shape[0]) * hours / steps_per_month)
    identity = list(jnp.broadcast_to(jnp.eye(pools)[:, :, None], (pools, pools, cells)))

    def month(carry, now):
        length, drivers = now
        environment = network.environment(drivers)

        def step(carry, _):
            stocks, carried, held, flowed = carry
            after, matrix = implicit_step(network, stocks, environment, length)
            carried = solve_entries(matrix, carried)
            held = [total + length * stock for total, stock in zip(held, after, strict=True)]
            return (after, carried, held, flowed + length * (weights @ flux_table(network, after, environment))), None

        carry, _ = jax.lax.scan(step, carry, None, length=steps_per_month)
        return carry, None

    start = (list(stocks), identity, [jnp.zeros(cells)] * pools, jnp.zeros((weights.shape[0], cells)))
    (after, carried, held, flowed), _ = jax.lax.scan(month, start, (lengths, drivers))
    year = jnp.sum(lengths) * steps_per_month
    return jnp.stack(after), jnp.stack(carried), jnp.stack(held) / year, flowed / year


def one_seasonal_block(
    network: Network,
    drivers: Mapping[str, Any],
    weights,
    steps_per_month: int,
    years,
    longest,
    present=None,
    start=None,
    differentiable: bool = False,
) -> SeasonalSolution:
    """The repeating year of one block of cells, by Newton's method on the yearly map.

    Parameters
    ----------
    network : Network
    drivers : dict of array, shape (12, cells) or (365, cells)
        In the model's units.
    weights : array, shape (quantities, fluxes)
        Sums of fluxes wanted.
    steps_per_month, years : int
        Implicit steps a period (a month, or a day); most years to try.
    longest : float
        Longest Newton step of a pool, in log stocks.
    present : array of bool, shape (pools,), optional
        False for pools held at (nearly) nothing: to ask what a soil is like without a population. The state is then
        stable only if the population could not invade. All by default.
    start : tuple of bool and sequence of array, shape (cells,), optional
        Whether to begin with these stocks at the start of the year, and the stocks; the steady state under the mean
        drivers otherwise.
    differentiable : bool
        Whether stocks and flows carry derivatives; it costs two more compiled years.

    Returns
    -------
    SeasonalSolution
        `stocks` at the start of the year, `residual` the largest relative change of a stock over the year, `growth`
        the derivative of the yearly map (pools, pools, cells) relative to the stocks: its eigenvalues are the factors
        by which a disturbance grows in a year.
    """
    cells = drivers["carbon_input"].shape[1]
    live_network, live_drivers = network, drivers
    network, drivers = hold(network), hold(dict(drivers))
    mean = {name: mean_of_year(values) for name, values in drivers.items()}
    allowed = feasible(network, network.environment(drivers), drivers["carbon_input"].shape).all(axis=0)
    everywhere = jnp.ones(len(network.pools), bool) if present is None else present
    present = everywhere[:, None]

    def under_mean_drivers():
        found = linear(network, mean) if network.linear else newton(network, mean, 60, 0.1, everywhere)
        return jnp.stack(found.stocks)

    if start is None:
        start = under_mean_drivers()
    elif start[0] is True:
        start = jnp.stack(list(start[1]))
    else:
        begin = jnp.stack(list(start[1]))
        start = jax.lax.cond(start[0], lambda: begin, under_mean_drivers)
    # a cell without an answer under its mean drivers still gets a start; one outside of the domain gets any
    guess = jnp.where(present, jnp.where(jnp.isfinite(start) & (start > 0), start, 1.0), NOTHING)

    def gap_of(stocks, after):
        return jnp.max(jnp.where(present, jnp.abs(after - stocks) / stocks, 0.0), axis=0)

    def year(stocks):
        return one_year(network, stocks, drivers, weights, steps_per_month)

    def step(state):
        stocks, taken, i = state[0], state[2], state[3]
        after, carried, mean_stocks, flows = year(stocks)
        gap = gap_of(stocks, after)
        found = (stocks, mean_stocks, flows, carried)
        matrix = carried - identity
        if network.linear:
            new = stocks - solve(matrix, (after - stocks)[:, None])[:, 0]
        else:
            # in logarithms on both sides: a step in the stocks themselves would chase a rare population to nothing
            relative = carried * stocks[None] / after[:, None] - identity
            relative = jnp.where(present[:, :, None], relative, -identity)
            miss = jnp.where(present, jnp.log(after / stocks), 0.0)
            change = -solve(relative, miss[:, None])[:, 0]
            new = stocks * jnp.exp(jnp.clip(change, -longest, longest))
        return new, gap, taken + (gap > TOLERANCE), i + 1, found

    def unsettled(state):
        return jnp.any(allowed & (state[1] > TOLERANCE)) & (state[3] < years)

    identity = jnp.eye(guess.shape[0])[:, :, None]
    nothing = (guess, guess, jnp.zeros((weights.shape[0], cells)), jnp.zeros((*identity.shape[:2], cells)))
    state = (guess, jnp.full(cells, jnp.inf), jnp.zeros(cells, int), 0, nothing)
    _, gap, taken, _, (stocks, mean_stocks, flows, carried) = jax.lax.while_loop(unsettled, step, state)
    growth = carried * stocks[None] / stocks[:, None]
    # eigenvalues within the unit circle become eigenvalues with negative real part. LAPACK must not be asked here: two
    # threads that ask at once wait for each other for ever
    matrix = solve(growth + identity, growth - identity)
    n = len(stocks)
    stable = is_stable({(i, j): matrix[i, j] for i in range(n) for j in range(n)}, n)
    if differentiable:
        # one more Newton step, live and with a frozen matrix: exact first derivatives (implicit function theorem)
        after, *_ = one_year(live_network, stocks, live_drivers, weights, steps_per_month)
        matrix = jnp.where(present[:, :, None], carried - identity, -identity)
        stocks = stocks - solve(matrix, jnp.where(present, after - stocks, 0.0)[:, None])[:, 0]
        _, _, mean_stocks, flows = one_year(live_network, stocks, live_drivers, weights, steps_per_month)
    return SeasonalSolution(stocks, mean_stocks, flows, jnp.where(allowed, gap, jnp.nan), taken, stable, growth)
