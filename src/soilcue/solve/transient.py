"""Soils through time: constant, repeated or changing drivers, for any number of cells, with memory that stays flat.

Four steps. `implicit`, the default, is implicit Euler, the step of the seasonal state, so that a run from a seasonal
state stays on it. `patankar` is the modified Patankar-Euler step of Burchard et al. (2003): also of first order,
positive and conserving at any length, but linear in the new stocks, so that a step is one sparse elimination; it is the
fastest. `euler` and `rk4` (drivers interpolated between periods) are the steps of the models' own codes, to compare
with those codes.

One compiled program takes one block of cells through one year. Years and blocks are loops outside of it: drivers are
asked for a year and a block at a time, and what is kept is reduced while running.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from soilcue.core.network import Flux, Network
from soilcue.solve.algebra import add_entries, solve_entries
from soilcue.solve.cells import default_threads, with_cue
from soilcue.solve.seasonal import implicit_step, step_matrix
from soilcue.solve.steady import NOTHING, flux_table, gains_and_losses, largest, rates, slopes

METHODS = ("implicit", "patankar", "euler", "rk4")
"""Implicit Euler; modified Patankar-Euler; explicit Euler; classic Runge-Kutta with drivers interpolated linearly."""
BLOCKS = (16, 256)
"""Cells that run through the compiled loop together: the fewer where they hold all cells. Larger blocks are no faster,
and leave processors without work where cells are some hundreds."""
NEWTON_STEPS = 8
"""Plain Newton steps of an implicit step, from the Patankar step; a block that needs more takes the surer way."""
CLOSE = 1e-6
"""Relative update after which Newton's method, which squares what is left, has done enough."""


class Year(NamedTuple):
    """What is kept of a year: one record after the other (first axis), the cells last; in the model's units.

    `stocks` at the end of each record, `mean_stocks` and `flows` their means over it, `crossed` which limits of the
    model were crossed in it.
    """

    stocks: Any
    mean_stocks: Any
    flows: Any
    crossed: Any


def patankar_step(network: Network, stocks, environment, duration):
    """Stocks after one modified Patankar-Euler step, and the fluxes that made the difference.

    Every flux at the old stocks is weighted by new / old stock of its source: stocks stay positive, what one pool loses
    another gains, and the new stocks solve one linear system.

    Parameters
    ----------
    network : Network
    stocks : tuple of array, shape (cells,)
        One a pool.
    environment : dict
        Held constant over the step.
    duration : float
        In the model's time unit.

    Returns
    -------
    tuple of two tuples of array, shape (cells,)
        One a pool, and one a flux: apart, so that nothing is copied that is only added to.

    References
    ----------
    Burchard, Deleersnijder and Meister (2003), Applied Numerical Mathematics 47, 1-30, equation 20.
    """
    row = {pool.name: i for i, pool in enumerate(network.pools)}
    fluxes = rates(network, stocks, environment)
    one = jnp.ones_like(stocks[0])
    matrix: dict[tuple[int, int], Any] = {(i, i): one for i in row.values()}
    right = [stocks[i] for i in row.values()]
    for flux in fluxes:
        if flux.source not in row:
            right[row[flux.target]] = right[row[flux.target]] + duration * flux.rate
            continue
        s = row[flux.source]
        turned_over = duration * _per_stock(flux, stocks[s])
        moved = {(s, s): turned_over} | ({(row[flux.target], s): -turned_over} if flux.target in row else {})
        add_entries(matrix, moved)
    after = solve_entries(matrix, right)
    table = [
        _per_stock(f, stocks[row[f.source]]) * after[row[f.source]] if f.source in row else f.rate * one for f in fluxes
    ]
    return tuple(after), tuple(table)


def _per_stock(flux: Flux, stock):
    """Flux per stock of its source; nothing leaves where there is nothing."""
    there = stock > 0
    return jnp.where(there, flux.rate / jnp.where(there, stock, 1.0), 0.0)


def _net(network: Network, stocks, environment):
    return [gained - lost for gained, lost in zip(*gains_and_losses(network, stocks, environment), strict=True)]


def _implicit(network: Network, stocks, environment, duration):
    """Stocks after one implicit Euler step: Newton's method from the Patankar step."""
    guess, _ = patankar_step(network, stocks, environment, duration)
    if network.linear:
        return guess  # the two steps are one

    def newton(state):
        guess, _, i = state
        found = slopes(network, guess, environment)
        missed = [
            new - old - duration * (gained - lost)
            for new, old, gained, lost in zip(guess, stocks, found.gain, found.loss, strict=True)
        ]
        changes = solve_entries(step_matrix(found, guess, duration), missed)
        # beyond what is there, shrink: the next step starts from something positive
        moved = tuple(jnp.maximum(new - change, 0.1 * new) for new, change in zip(guess, changes, strict=True))
        return moved, jnp.any(largest([c / new for c, new in zip(changes, guess, strict=True)]) > CLOSE), i + 1

    def going(state):
        return state[1] & (state[2] < NEWTON_STEPS)

    def surely(_):
        start = [jnp.maximum(stock, NOTHING) for stock in stocks]
        return tuple(implicit_step(network, start, environment, duration)[0])

    start = tuple(jnp.maximum(stock, NOTHING) for stock in guess)
    found, open_, _ = jax.lax.while_loop(going, newton, (start, True, 0))
    return jax.lax.cond(open_, surely, lambda found: found, found)


def _step(network: Network, method: str, stocks, now: Callable[[float], Mapping], length):
    """Stocks after one step, and the fluxes that made the difference (fluxes, cells).

    `now` has the drivers at a share of the step; all methods but Runge-Kutta hold those of its period.
    """
    environment = network.environment(now(0.0))
    if method == "patankar":
        return patankar_step(network, stocks, environment, length)
    if method == "implicit":
        # what the fluxes at the solution make of the old stocks: carbon closes to rounding
        at = _implicit(network, stocks, environment, length)
        return _moved(stocks, length, _net(network, at, environment)), tuple(flux_table(network, at, environment))
    if method == "euler":
        change = _net(network, stocks, environment)
        return _moved(stocks, length, change), tuple(flux_table(network, stocks, environment))
    middle, end = (network.environment(now(share)) for share in (0.5, 1.0))
    stages, slopes, tables = [stocks], [], []
    for share, where in ((0.5, environment), (0.5, middle), (1.0, middle), (None, end)):
        slopes.append(_net(network, stages[-1], where))
        tables.append(flux_table(network, stages[-1], where))
        if share is not None:
            stages.append(_moved(stocks, share * length, slopes[-1]))
    return _moved(stocks, length, [_simpson(pool) for pool in zip(*slopes, strict=True)]), tuple(_simpson(tables))


def _moved(stocks, length, change) -> tuple:
    return tuple(stock + length * part for stock, part in zip(stocks, change, strict=True))


def _simpson(stages):
    """The four stages of a Runge-Kutta step, weighted."""
    first, second, third, last = stages
    return (first + 2 * second + 2 * third + last) / 6


@eqx.filter_jit
def run_year(
    network: Network,
    stocks,
    constant: Mapping[str, Any],
    changing: Mapping[str, Any],
    lengths,
    weights,
    steps,
    method: str,
    every: bool,
) -> tuple[Any, Year]:
    """One block of cells through one year.

    Parameters
    ----------
    network : Network
    stocks : array, shape (pools, cells)
        At the start.
    constant : dict of array, shape (cells,)
        Drivers that do not change in the year, in the model's units.
    changing : dict of array, shape (periods + 1, cells)
        Those that do, constant within a period; the last is that of the period after.
    lengths : array, shape (periods,)
        In the model's time unit.
    weights : array, shape (quantities, fluxes)
        Sums of fluxes wanted.
    steps : int
        Steps a period; as an array, it compiles nothing anew.
    method : str
        One of `METHODS`.
    every : bool
        Whether each period is a record; else the year is one.

    Returns
    -------
    tuple
        Stocks at the end, and the `Year`.
    """
    cells = stocks.shape[1]

    def period(carry, now):
        length, current, following = now

        def step(number, carry):
            stocks, held, flowed = carry

            def at(share):
                if method != "rk4":
                    return {**constant, **current}
                passed = (number + share) / steps
                return {**constant, **{k: v + passed * (following[k] - v) for k, v in current.items()}}

            new, table = _step(network, method, stocks, at, length / steps)
            middle = tuple((one + other) / 2 for one, other in zip(stocks, new, strict=True))
            return new, _moved(held, length / steps, middle), _moved(flowed, length / steps, table)

        (stocks, held, flowed, crossed) = carry
        limits = network.limits(network.environment({**constant, **current})).values()
        crossed = crossed | jnp.stack([jnp.broadcast_to(c, (cells,)) for c in limits]) if limits else crossed
        stocks, held, flowed = jax.lax.fori_loop(0, steps, step, (stocks, held, flowed))
        if not every:
            return (stocks, held, flowed, crossed), None
        return (stocks, *nothing), kept_of(stocks, held, flowed, crossed, length)

    def kept_of(stocks, held, flowed, crossed, span):
        return Year(jnp.stack(stocks), jnp.stack(held) / span, weights @ jnp.stack(flowed) / span, crossed)

    count = len(network.limits(network.environment({**constant, **{k: v[0] for k, v in changing.items()}})))
    fluxes = jax.eval_shape(
        lambda: flux_table(network, stocks, network.environment({**constant, **{k: v[0] for k, v in changing.items()}}))
    )
    zero = jnp.zeros(cells)
    nothing = ((zero,) * len(stocks), (zero,) * fluxes.shape[0], jnp.zeros((count, cells), bool))
    now, after = ({k: v[part] for k, v in changing.items()} for part in (slice(None, -1), slice(1, None)))
    (ended, held, flowed, crossed), kept = jax.lax.scan(period, (tuple(stocks), *nothing), (lengths, now, after))
    if every:
        return jnp.stack(ended), kept
    whole = kept_of(ended, held, flowed, crossed, jnp.sum(lengths))
    return whole.stocks, jax.tree.map(lambda values: values[None], whole)


def simulate_cells(
    network: Network,
    stocks: np.ndarray,
    constant: Mapping[str, np.ndarray],
    changing: Callable[[int], Mapping[str, np.ndarray]],
    lengths: np.ndarray,
    weights: np.ndarray,
    *,
    years: int,
    steps: int,
    method: str,
    every: bool,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
    keep: Callable[[int, np.ndarray, Year], None],
) -> None:
    """Take a list of cells through years, in blocks and threads.

    Parameters
    ----------
    network, constant, lengths, weights, steps, method, every
        As `run_year`.
    stocks : array, shape (pools, cells)
        At the start; afterwards at the end. Cells with NaN are left out.
    changing : callable
        The changing drivers (periods + 1, cells) of a year, counted from 0.
    years : int
        How many.
    threads : int, optional
        The processors at hand by default.
    progress : callable, optional
        Told how many cells were taken through a year since it was last told.
    keep : callable
        Told the year, the index of some cells, and what is kept of them.
    """
    block = next((size for size in BLOCKS if size >= stocks.shape[1]), BLOCKS[-1])
    bare = network.without_schemes()

    def work(index: np.ndarray) -> None:
        padded = np.concatenate([index, np.repeat(index[-1], block - len(index))])
        same = {name: values[padded] for name, values in constant.items()}
        moving = {name: values[:, padded] for name, values in now.items()}
        if network.schemes:  # evaluated here, so that the compiled program is the same under every scheme
            spread = {name: np.broadcast_to(values, (len(lengths) + 1, block)) for name, values in same.items()}
            moving = {k: v for k, v in with_cue(network, {**spread, **moving}).items() if k not in same}
        ended, kept = run_year(
            bare, stocks[:, padded], same, moving, lengths, weights, np.asarray(steps), method, every
        )
        stocks[:, index] = np.asarray(ended)[:, : len(index)]
        keep(year, index, Year(*(np.asarray(part)[..., : len(index)] for part in kept)))
        if progress is not None:
            progress(len(index))

    given = np.isfinite(stocks).all(axis=0) & np.all([np.isfinite(v) for v in constant.values()] or [True], axis=0)
    with ThreadPoolExecutor(threads or default_threads()) as pool:
        for year in range(years):
            now = changing(year)
            for values in now.values():
                given = given & np.isfinite(values).all(axis=0)
            which = np.flatnonzero(given)
            chunks = [which[i : i + block] for i in range(0, len(which), block)]
            if year == 0 and chunks:
                work(chunks.pop(0))  # alone, so that it is compiled once
            list(pool.map(work, chunks))
