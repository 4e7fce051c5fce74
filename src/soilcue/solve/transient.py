"""Soils through time: constant, repeated or changing drivers, for any number of cells.

The default step is implicit Euler: positive and conserving at any length. The steps that the models' own codes take
(explicit Euler, classic Runge-Kutta with drivers interpolated between days) are options, to compare with those codes.
What is kept is reduced while running, one record (a day, a month, a year) at a time, so memory does not grow with the
number of steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from soilcue.core.network import Network
from soilcue.solve.cells import default_threads, with_cue
from soilcue.solve.seasonal import implicit_step
from soilcue.solve.steady import flux_table, gains_and_losses

METHODS = ("implicit", "euler", "rk4")
"""Implicit Euler; explicit Euler; classic fourth-order Runge-Kutta with drivers interpolated linearly."""
BLOCK = 256
"""Cells that run through the compiled loop together."""


class Records(NamedTuple):
    """What is kept of a run: one record after the other (first axis), the cells last.

    `stocks` at the end of each record, `mean_stocks` and `flows` their means over it, in the model's units.
    """

    stocks: Any
    mean_stocks: Any
    flows: Any


def _explicit_change(network: Network, stocks, environment):
    gain, loss = gains_and_losses(network, stocks, environment)
    return gain - loss


def _step(network: Network, method: str, stocks, now: Mapping, after: Mapping, length):
    """Stocks after one step, and the fluxes that made the difference (fluxes, cells)."""
    environment = network.environment(now)
    if method == "implicit":
        new, _ = implicit_step(network, stocks, environment, length)
        return new, flux_table(network, new, environment)
    if method == "euler":
        return (
            stocks + length * _explicit_change(network, stocks, environment),
            flux_table(network, stocks, environment),
        )
    middle = network.environment({name: (now[name] + after[name]) / 2 for name in now})
    end = network.environment(after)
    stages, slopes, tables = [stocks], [], []
    for share, where in ((0.5, environment), (0.5, middle), (1.0, middle), (None, end)):
        slopes.append(_explicit_change(network, stages[-1], where))
        tables.append(flux_table(network, stages[-1], where))
        if share is not None:
            stages.append(stocks + share * length * slopes[-1])
    return stocks + length * _simpson(slopes), _simpson(tables)


def _simpson(stages):
    """The four stages of a Runge-Kutta step, weighted."""
    first, second, third, last = stages
    return (first + 2 * second + 2 * third + last) / 6


@eqx.filter_jit
def run_block(
    network: Network,
    stocks,
    drivers: Mapping[str, Any],
    following: Mapping[str, Any],
    lengths,
    weights,
    records: int,
    repeated: bool,
    substeps: int,
    method: str,
) -> Records:
    """Simulate one block of cells.

    Parameters
    ----------
    network : Network
    stocks : array, shape (pools, cells)
        At the start.
    drivers : dict of array, shape (periods, cells) if repeated, else (records, periods, cells)
        In the model's units; constant within a period.
    following : dict of array, as `drivers`
        The drivers of the period after each, for methods that interpolate.
    lengths : array, shape (periods,)
        Lengths of the periods of a record, in the model's time unit.
    weights : array, shape (quantities, fluxes)
        Sums of fluxes wanted.
    records : int
        How many records to make.
    repeated : bool
        Whether every record has the same drivers.
    substeps : int
        Steps a period.
    method : str
        One of `METHODS`.

    Returns
    -------
    Records
    """

    def period(carry, now):
        length, current, following = now

        def step(carry, _):
            stocks, held, flowed = carry
            new, table = _step(network, method, stocks, current, following, length / substeps)
            middle = (stocks + new) / 2
            return (new, held + length / substeps * middle, flowed + length / substeps * (weights @ table)), None

        carry, _ = jax.lax.scan(step, carry, None, length=substeps)
        return carry, None

    def record(stocks, own):
        periods = whole if repeated else own
        start = (stocks, jnp.zeros_like(stocks), jnp.zeros((weights.shape[0], stocks.shape[1])))
        (stocks, held, flowed), _ = jax.lax.scan(period, start, (lengths, *periods))
        span = jnp.sum(lengths)
        return stocks, Records(stocks, held / span, flowed / span)

    whole = (dict(drivers), dict(following))
    _, kept = jax.lax.scan(record, stocks, None if repeated else whole, length=records)
    return kept


def simulate_cells(
    network: Network,
    stocks: np.ndarray,
    drivers: Mapping[str, np.ndarray],
    following: Mapping[str, np.ndarray],
    lengths: np.ndarray,
    weights: np.ndarray,
    *,
    records: int,
    repeated: bool,
    substeps: int,
    method: str,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Records:
    """Simulate a list of cells, in blocks and threads; shapes as `run_block`, NaN where drivers or stocks are."""
    cells = stocks.shape[1]
    given = np.isfinite(stocks).all(axis=0)
    for values in drivers.values():
        given &= np.isfinite(values).reshape(-1, cells).all(axis=0)
    which = np.flatnonzero(given)
    bare = network.without_schemes()
    out = Records(
        np.full((records, len(network.pools), cells), np.nan),
        np.full((records, len(network.pools), cells), np.nan),
        np.full((records, weights.shape[0], cells), np.nan),
    )

    def work(index: np.ndarray) -> None:
        padded = np.concatenate([index, np.repeat(index[-1], BLOCK - len(index))])
        some, next_ = (
            with_cue(network, {name: values[..., padded] for name, values in d.items()}) for d in (drivers, following)
        )
        kept = run_block(bare, stocks[:, padded], some, next_, lengths, weights, records, repeated, substeps, method)
        for whole, part in zip(out, kept, strict=True):
            whole[..., index] = np.asarray(part)[..., : len(index)]
        if progress is not None:
            progress(len(index))

    chunks = [which[i : i + BLOCK] for i in range(0, len(which), BLOCK)]
    for index in chunks[:1]:
        work(index)  # alone, so that it is compiled once
    with ThreadPoolExecutor(threads or default_threads()) as pool:
        list(pool.map(work, chunks[1:]))
    return out
