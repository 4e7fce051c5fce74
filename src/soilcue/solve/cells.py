"""From many cells to answers: blocks, threads, the ladder of retries, and what became of each cell."""

from __future__ import annotations

import enum
import itertools
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from soilcue.core.network import Network
from soilcue.solve.algebra import WRITTEN_OUT, dense
from soilcue.solve.seasonal import mean_of_year, one_seasonal_block
from soilcue.solve.steady import all_limits, disturbance, flux_table, one_block, slopes

ACCEPTED = 1e-10
"""Largest residual (log gain - log loss; relative change over the year) of a settled cell."""
CHUNK = {False: 16384, True: 512}
"""Cells handed to a thread at once (steady, seasonal)."""


class Rung(NamedTuple):
    """One attempt at a cell: most Newton steps (years under seasonal drivers), how cautious each is, where it starts.

    `caution` is the damping, or under seasonal drivers the longest step. `goes_on` starts where the rung before
    stopped: few steps at first, then the cells that need more gathered in blocks of their own, so that no block waits
    for its slowest cell.
    """

    steps: int
    caution: float
    goes_on: bool = False


LADDER = {
    False: (Rung(7, 0.01), Rung(7, 0.01, goes_on=True), Rung(80, 0.3), Rung(160, 1.0)),
    True: (Rung(5, 1.0), Rung(5, 1.0, goes_on=True), Rung(50, 0.3), Rung(100, 0.1)),
}
"""A cell that fails one rung tries the next (steady, seasonal)."""


class Status(enum.IntEnum):
    """What became of a cell. Only a settled one has values."""

    SETTLED = 0
    NO_DRIVERS = 1
    INFEASIBLE = 2
    EXTINCT = 3
    UNSTABLE = 4
    UNCONVERGED = 5


STATUS_MEANING = {
    Status.SETTLED: "steady state found, and stable",
    Status.NO_DRIVERS: "no drivers here (ocean, ice, bare ground) or no carbon input",
    Status.INFEASIBLE: "the model's published functions leave their domain here",
    Status.EXTINCT: "a microbial population dies out and could not invade again",
    Status.UNSTABLE: "the only state found is unstable: the model would oscillate",
    Status.UNCONVERGED: "no steady state found",
}


@dataclass(frozen=True)
class CellStates:
    """Answers for a list of cells, in the model's units.

    Attributes
    ----------
    stocks : array, shape (pools, cells)
        Steady stocks; under monthly or daily drivers their mean over the year.
    start : array, shape (pools, cells)
        Stocks at the start of the year; the same under constant drivers.
    flows : array, shape (quantities, cells)
        The wanted sums of fluxes, means over the year.
    residual, steps, status, missing : array, shape (cells,)
        Residual, Newton steps (years under monthly drivers), `Status`, and the populations that died out (bits, in
        the order of the living pools).
    reasons : array of bool, shape (limits, cells)
        Which limit of the model is crossed.
    limits : tuple of str
        Their texts.
    """

    stocks: np.ndarray
    start: np.ndarray
    flows: np.ndarray
    residual: np.ndarray
    steps: np.ndarray
    status: np.ndarray
    missing: np.ndarray
    reasons: np.ndarray
    limits: tuple[str, ...]


@eqx.filter_jit
def _run_blocks(network, drivers, weights, used, begin, goes_on, steps, caution, present, seasonal, steps_per_month):
    """Solve the first `used` blocks of drivers shaped ([12,] cells); one compiled program for any number.

    The stocks to begin with, one array (cells,) a pool, are only used where `goes_on`.
    """

    def one(block, begin):
        start = None if network.linear else (goes_on, begin)
        if seasonal:
            year = one_seasonal_block(network, block, weights, steps_per_month, steps, caution, present, start)
            found = (year.mean_stocks, year.stocks, year.flows, year.residual, year.years, year.stable)
        else:
            s = one_block(network, block, steps, caution, present, start)
            table = flux_table(network, s.stocks, network.environment(block))
            found = (s.stocks, [], weights @ table, s.residual, s.steps, s.stable)
        return *found, _limits(network, block)

    return by_blocks(one, (drivers, begin), used, block_size(network, seasonal))


def block_size(network: Network, seasonal: bool) -> int:
    """Cells that run through the compiled loop together: few enough for the cache of a core."""
    return 2048 if network.linear and not seasonal else 128


def by_blocks(work: Callable, arrays, used, block: int):
    """Apply work to arrays whose last axis is cells, block by block; what comes of blocks not used is zero."""

    def part(i):
        return jax.tree.map(lambda whole: jax.lax.dynamic_slice_in_dim(whole, i * block, block, axis=-1), arrays)

    def fill(i, filled):
        return jax.tree.map(
            lambda whole, some: jax.lax.dynamic_update_slice_in_dim(whole, some, i * block, axis=-1),
            filled,
            work(*part(i)),
        )

    cells = jax.tree.leaves(arrays)[0].shape[-1]
    shapes = jax.eval_shape(lambda: work(*part(0)))
    empty = jax.tree.map(lambda s: jnp.zeros((*s.shape[:-1], cells), s.dtype), shapes)
    return jax.lax.fori_loop(0, used, fill, empty)


@eqx.filter_jit
def _cue_slots(network, drivers):
    return network.cue_slots(drivers)


def with_cue(network: Network, drivers: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The drivers, and among them the intrinsic CUE of every slot, as the network's schemes give it.

    To be solved with `network.without_schemes()`: the compiled solver then is one and the same under every scheme.

    Parameters
    ----------
    network : Network
    drivers : dict of array, shape (..., cells)
        In the model's units. Always the same number of cells, so that this is compiled once.

    Returns
    -------
    dict of array
        Without what the schemes alone feel: the solver is not to be compiled anew for that either.
    """
    found = {slot: np.asarray(values) for slot, values in _cue_slots(network, dict(drivers)).items()}
    for scheme in network.schemes:
        scheme.check(found)
    schemes_alone = {*network.scheme_needs(), *network.scheme_wishes()}
    return {name: values for name, values in drivers.items() if name not in schemes_alone} | found


def _limits(network, drivers):
    """Which limits are crossed (in any period of the year), shape (limits, cells)."""
    cells = drivers["carbon_input"].shape[-1]
    crossed = [
        jnp.broadcast_to(c, drivers["carbon_input"].shape).reshape(-1, cells).any(axis=0)
        for c in all_limits(network, network.environment(drivers)).values()
    ]
    return jnp.stack(crossed) if crossed else jnp.zeros((0, cells), bool)


def limit_texts(network: Network, drivers: Mapping[str, np.ndarray], at_rest: bool = True) -> tuple[str, ...]:
    """The texts of the model's limits, in order; for a run through time those of rest are left out."""
    one = {name: np.asarray(values, float)[..., :1] for name, values in drivers.items()}
    found: list[str] = []

    def trace(drivers):
        environment = network.environment(drivers)
        found[:] = list(all_limits(network, environment) if at_rest else network.limits(environment))
        return 0

    jax.eval_shape(trace, one)
    return tuple(found)


def default_threads() -> int:
    """Threads to solve with: the processors this process may use."""
    return max(1, len(os.sched_getaffinity(0)))


def cells_with(drivers: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Which cells have each driver: a value all year, and for the carbon input one above zero at some time of it.

    Parameters
    ----------
    drivers : dict of array, shape (cells,) or (12, cells)

    Returns
    -------
    dict of array of bool, shape (cells,)
    """
    cells = drivers["carbon_input"].shape[-1]
    held = {name: np.isfinite(values).reshape(-1, cells).all(axis=0) for name, values in drivers.items()}
    held["carbon_input"] &= (drivers["carbon_input"].reshape(-1, cells) > 0).any(axis=0)
    return held


def solve_cells(
    network: Network,
    drivers: Mapping[str, np.ndarray],
    weights: np.ndarray,
    *,
    seasonal: bool,
    steps_per_month: int = 2,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> CellStates:
    """Steady or seasonal steady states of a list of cells.

    Parameters
    ----------
    network : Network
    drivers : dict of array, shape (cells,) or (12, cells)
        The drivers the model needs, in its units; NaN where there are none.
    weights : array, shape (quantities, fluxes)
        Sums of fluxes wanted; the identity gives every flux.
    seasonal : bool
        Whether drivers have periods of a year (12 months or 365 days).
    steps_per_month : int
        Implicit steps a period.
    threads : int, optional
        The processors at hand by default.
    progress : callable, optional
        Told the number of cells finished since it was last told.

    Returns
    -------
    CellStates
        Every cell has a status; the values of those not settled are NaN.
    """
    cells = drivers["carbon_input"].shape[-1]
    given = np.all(list(cells_with(drivers).values()), axis=0)
    n, living = len(network.pools), _populations(network)
    texts = limit_texts(network, drivers)
    stocks = np.full((n, cells), np.nan)
    states = CellStates(
        stocks=stocks,
        start=np.full((n, cells), np.nan) if seasonal else stocks,
        flows=np.full((weights.shape[0], cells), np.nan),
        residual=np.full(cells, np.nan),
        steps=np.zeros(cells, int),
        status=np.where(given, Status.UNCONVERGED, Status.NO_DRIVERS).astype(np.int8),
        missing=np.zeros(cells, np.int8),
        reasons=np.zeros((len(texts), cells), bool),
        limits=texts,
    )
    # the stability of many pools is asked of LAPACK, and two threads that ask at once wait for each other for ever
    at_once = 1 if n > WRITTEN_OUT else threads or default_threads()
    task = _Task(network, drivers, weights, states, seasonal, steps_per_month, at_once)
    for number, rung in enumerate(LADDER[seasonal]):
        task.attempt(rung, progress=progress if number == 0 else None)
        if network.linear:
            break
    # what no rung settled may be a soil that one of its populations cannot live in; not asked before, for some soils
    # have a state with all populations beside one without
    for size in range(1, len(living) + 1):
        for absent in itertools.combinations(living, size):
            task.attempt(LADDER[seasonal][-2], absent=absent)
    flagged = states.status != Status.SETTLED
    for values in (states.stocks, states.flows, *([states.start] if seasonal else [])):
        values[:, flagged] = np.nan
    return states


@dataclass(frozen=True)
class _Task:
    """Cells to solve, and the place where what became of them is written."""

    network: Network
    drivers: Mapping[str, np.ndarray]
    weights: np.ndarray
    states: CellStates
    seasonal: bool
    steps_per_month: int
    threads: int

    def attempt(self, rung: Rung, absent: tuple[int, ...] = (), progress=None) -> None:
        """Try the cells without a state yet; without a population, those with an unstable state too."""
        open_ = self.states.status == Status.UNCONVERGED
        if absent:
            open_ |= self.states.status == Status.UNSTABLE
        which = np.flatnonzero(open_)
        size = CHUNK[self.seasonal]
        chunks = [which[first : first + size] for first in range(0, len(which), size)]

        def work(index: np.ndarray) -> None:
            self._record(index, self._solved(index, rung, absent), rung, absent)
            if progress is not None:
                progress(len(index))

        for index in chunks[:1]:
            work(index)  # alone, so that it is compiled once
        with ThreadPoolExecutor(self.threads) as pool:
            list(pool.map(work, chunks[1:]))

    def _solved(self, index: np.ndarray, rung: Rung, absent: tuple[int, ...]) -> tuple:
        """Results of `_run_blocks` for some cells, each with a last axis of cells."""
        cells = padded(index, CHUNK[self.seasonal])
        drivers = {name: values[..., cells] for name, values in self.drivers.items()}
        if self.network.schemes or not self.network.linear:
            # a linear model is solved sooner than its CUE is handed over, and compiled in a moment once more
            drivers = with_cue(self.network, drivers)
        present = np.array([i not in absent for i in range(len(self.network.pools))])
        # numbers as arrays: a plain number would be compiled in, and each new one compiled anew
        found = _run_blocks(
            self.network.without_schemes(),
            drivers,
            self.weights,
            blocks_of(index, block_size(self.network, self.seasonal)),
            [] if self.network.linear else list(self.states.start[:, cells]),
            np.asarray(rung.goes_on),
            np.asarray(rung.steps),
            np.asarray(rung.caution),
            present,
            self.seasonal,
            self.steps_per_month,
        )
        return jax.tree.map(lambda values: np.asarray(values)[..., : len(index)], found)

    def _record(self, index: np.ndarray, solved: tuple, rung: Rung, absent: tuple[int, ...]) -> None:
        """Judge solved cells; a soil without a population counts only where the population could not come back."""
        states = self.states
        stocks, start, flows, residual, steps, stable, reasons = solved
        found = (residual <= ACCEPTED) & np.logical_and.reduce([np.isfinite(s) & (s >= 0) for s in stocks])
        settled = found & stable
        if absent:
            # the other cells stay as the attempts with every population left them
            living = _populations(self.network)
            states.status[index[found]] = Status.UNSTABLE
            states.status[index[settled]] = Status.EXTINCT
            states.missing[index[settled]] = sum(1 << k for k, i in enumerate(living) if i in absent)
            states.residual[index[settled]], states.steps[index[settled]] = residual[settled], steps[settled]
            return
        cells = in_place(index)
        crossed = reasons.any(axis=0)
        status = np.where(settled, Status.SETTLED, np.where(found, Status.UNSTABLE, Status.UNCONVERGED))
        states.status[cells] = np.where(crossed, Status.INFEASIBLE, status)
        states.flows[:, cells] = flows
        states.stocks[:, cells] = stocks
        if self.seasonal:
            states.start[:, cells] = start
        states.residual[cells] = np.where(crossed, np.nan, residual)
        states.steps[cells] = states.steps[cells] + steps if rung.goes_on else steps
        states.reasons[:, cells] = reasons


def _populations(network: Network) -> list[int]:
    """Which pools are populations: the living ones of carbon. What else belongs to a population dies out with it."""
    return [i for i, pool in enumerate(network.pools) if pool.kind == "living" and pool.currency == "carbon"]


def blocks_of(index: np.ndarray, block: int) -> np.ndarray:
    """How many blocks hold the cells; as an array, for a plain number would be compiled in."""
    return np.asarray(-(-len(index) // block))


def padded(index: np.ndarray, size: int) -> slice | np.ndarray:
    """The index of `size` cells, the last repeated; a slice where it can be, as by `in_place`."""
    return in_place(np.concatenate([index, np.repeat(index[-1], size - len(index))]) if len(index) < size else index)


def in_place(index: np.ndarray) -> slice | np.ndarray:
    """The index, as a slice where it is a run of neighbours: copying costs more than solving a linear model."""
    run = index[-1] - index[0] == len(index) - 1 and (np.diff(index) == 1).all()
    return slice(index[0], index[-1] + 1) if run else index


@eqx.filter_jit
def _disturbances(network, drivers, stocks):
    return dense(disturbance(slopes(network, stocks, network.environment(drivers)), stocks), len(stocks))


def largest_eigenvalue(network: Network, drivers: Mapping[str, np.ndarray], stocks: np.ndarray) -> np.ndarray:
    """Largest real part of the eigenvalues of the Jacobian, per cell: how slowly the slowest disturbance dies away.

    Parameters
    ----------
    network : Network
    drivers : dict of array, shape (cells,) or (12, cells)
        Under periods of a year, their mean is used.
    stocks : array, shape (pools, cells)
        NaN where there is no state.

    Returns
    -------
    array, shape (cells,), per time unit of the model; NaN where there is no state
    """
    mean = {name: mean_of_year(v) if v.ndim == 2 else v for name, v in drivers.items()}
    known = np.flatnonzero(np.isfinite(stocks).all(axis=0) & (stocks > 0).all(axis=0))
    largest = np.full(stocks.shape[1], np.nan)
    for first in range(0, len(known), 4096):
        index = known[first : first + 4096]
        padded = np.concatenate([index, np.repeat(index[-1], 4096 - len(index))])
        some = with_cue(network, {k: v[padded] for k, v in mean.items()})
        matrix = _disturbances(network.without_schemes(), some, stocks[:, padded])
        values = np.linalg.eigvals(np.moveaxis(np.asarray(matrix), -1, 0)[: len(index)])
        largest[index] = values.real.max(axis=1)
    return largest
