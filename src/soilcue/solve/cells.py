"""From many cells to answers: blocks, threads, the ladder of retries, and what became of each cell."""

from __future__ import annotations

import enum
import functools
import itertools
import os
from collections.abc import Callable, Hashable, Mapping
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
            values = (year.mean_stocks, year.stocks, year.flows, year.residual)
            taken, stable = year.years, year.stable
        else:
            s = one_block(network, block, steps, caution, present, start)
            table = flux_table(network, s.stocks, network.environment(block))
            values = (s.stocks, [], weights @ table, s.residual)
            taken, stable = s.steps, s.stable
        reasons = _limits(network, block)
        allowed = ~jnp.any(reasons, axis=0)
        stocks, start, flows, residual = jax.tree.map(lambda some: jnp.where(allowed, some, jnp.nan), values)
        found = functools.reduce(jnp.logical_and, [jnp.isfinite(s) & (s >= 0) for s in stocks], residual <= ACCEPTED)
        status = jnp.where(found, jnp.where(stable, Status.SETTLED, Status.UNSTABLE), Status.UNCONVERGED)
        status = jnp.where(allowed, status, Status.INFEASIBLE).astype(jnp.int8)
        return stocks, start, flows, residual, taken, status, reasons

    return by_blocks(one, (drivers, begin), used, portions_of(network, seasonal).block)


class Portions(NamedTuple):
    """How many cells a thread is handed at once, and how many of them run through the compiled loop together.

    Parameters
    ----------
    sizes : tuple of int
        Cells handed over; each size is a compiled program of its own.
    block : int
        Cells worked on together: few enough for the cache of a core, where there is much to do on each.
    """

    sizes: tuple[int, ...]
    block: int


def portions_of(network: Network, seasonal: bool) -> Portions:
    """What suits a model: a linear one is solved sooner than its answers are written, and needs no blocks."""
    if seasonal:
        return Portions((512,), 128)
    return Portions((2048, 65536), 65536) if network.linear else Portions((16384,), 128)


def by_blocks(work: Callable, arrays, used, block: int):
    """Apply work to arrays whose last axis is cells, block by block; what comes of blocks not used is zero.

    One block is worked on as it is: no answers are copied from a block to their place.
    """
    cells = jax.tree.leaves(arrays)[0].shape[-1]
    if cells <= block:
        return work(*arrays)

    def part(i):
        return jax.tree.map(lambda whole: jax.lax.dynamic_slice_in_dim(whole, i * block, block, axis=-1), arrays)

    def fill(i, filled):
        return jax.tree.map(
            lambda whole, some: jax.lax.dynamic_update_slice_in_dim(whole, some, i * block, axis=-1),
            filled,
            work(*part(i)),
        )

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
    return _limit_texts(
        network, {name: np.asarray(values, float)[..., :1] for name, values in drivers.items()}, at_rest
    )


@eqx.filter_jit
def _limit_texts(network, drivers, at_rest):
    """Known when it is traced, and then remembered; nothing is computed."""
    environment = network.environment(drivers)
    return tuple(all_limits(network, environment) if at_rest else network.limits(environment))


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
    stocks = np.empty((n, cells))
    states = CellStates(
        stocks=stocks,
        start=np.empty((n, cells)) if seasonal else stocks,
        flows=np.empty((weights.shape[0], cells)),
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
    # the infeasible have no values from the start
    unsettled = np.flatnonzero((states.status != Status.SETTLED) & (states.status != Status.INFEASIBLE))
    for values in (states.stocks, states.flows, *([states.start] if seasonal else [])):
        values[:, unsettled] = np.nan
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

        def work(index: np.ndarray) -> None:
            self._record(index, self._solved(index, rung, absent), rung, absent)
            if progress is not None:
                progress(len(index))

        program = ("steady", len(self.weights), *self.drivers)
        in_threads(work, np.flatnonzero(open_), self.network, self.seasonal, self.threads, program)

    def _solved(self, index: np.ndarray, rung: Rung, absent: tuple[int, ...]) -> tuple:
        """Results of `_run_blocks` for some cells, each with a last axis of cells."""
        portions = portions_of(self.network, self.seasonal)
        cells = padded(index, portions, len(self.states.status))
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
            blocks_of(index, portions),
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
        """Write down solved cells; without a population a state counts only where it could not come back."""
        states = self.states
        stocks, start, flows, residual, steps, status, reasons = solved
        if absent:
            # the other cells stay as the attempts with every population left them
            living = _populations(self.network)
            settled = status == Status.SETTLED
            states.status[index[status == Status.UNSTABLE]] = Status.UNSTABLE
            states.status[index[settled]] = Status.EXTINCT
            states.missing[index[settled]] = sum(1 << k for k, i in enumerate(living) if i in absent)
            states.residual[index[settled]], states.steps[index[settled]] = residual[settled], steps[settled]
            return
        cells = in_place(index)
        states.status[cells] = status
        states.flows[:, cells] = flows
        states.stocks[:, cells] = stocks
        if self.seasonal:
            states.start[:, cells] = start
        states.residual[cells] = residual
        states.steps[cells] = states.steps[cells] + steps if rung.goes_on else steps
        states.reasons[:, cells] = reasons


def _populations(network: Network) -> list[int]:
    """Which pools are populations: the living ones of carbon. What else belongs to a population dies out with it."""
    return [i for i, pool in enumerate(network.pools) if pool.kind == "living" and pool.currency == "carbon"]


_compiled: set[Hashable] = set()


def in_threads(
    work: Callable[[np.ndarray], None],
    which: np.ndarray,
    network: Network,
    seasonal: bool,
    threads: int,
    program: tuple[Hashable, ...],
) -> None:
    """Work on cells by threads, a portion at a time.

    The first portion of a size is worked on alone when its program is new, so that it is compiled once.

    Parameters
    ----------
    work : callable
        Given the index of some cells.
    which : array of int
        The cells.
    network, seasonal
        What is solved.
    threads : int
    program : tuple of hashable
        What, beside the network and the number of cells, tells the compiled program of the work from others.
    """
    portions = portions_of(network, seasonal)
    same = (*program, seasonal, jax.tree.structure(network))
    waiting = []
    for index in _parts(which, portions, threads):
        this = (*same, _size(index, portions))
        if this in _compiled:
            waiting.append(index)
        else:
            work(index)
            _compiled.add(this)
    # without blocks, half of the time goes in handing over and taking back: meanwhile others compute
    with ThreadPoolExecutor(threads if portions.block < portions.sizes[0] else 2 * threads) as pool:
        list(pool.map(work, waiting))


def _parts(which: np.ndarray, portions: Portions, threads: int) -> list[np.ndarray]:
    """Cells parted: in blocks, alike for every thread; without blocks in the largest size, the rest in the least."""
    (least, largest), block = (portions.sizes[0], portions.sizes[-1]), portions.block
    if block < least:
        number = max(1, -(-len(which) // (largest * threads))) * threads
        ends = np.arange(0, len(which), max(1, -(-len(which) // (number * block))) * block)
    else:
        whole, rest = divmod(len(which), largest)
        # more than some of the least size are sooner done as one of the largest
        ends = np.arange(whole + (8 * rest > largest)) * largest
        if 8 * rest <= largest:
            ends = np.append(ends, np.arange(whole * largest, len(which), least))
    return [part for part in np.split(which, ends) if len(part)]


def _size(index: np.ndarray, portions: Portions) -> int:
    """Cells of the compiled program for some cells."""
    return next(size for size in portions.sizes if size >= len(index))


def blocks_of(index: np.ndarray, portions: Portions) -> np.ndarray:
    """How many blocks hold the cells; as an array, for a plain number would be compiled in."""
    return np.asarray(-(-len(index) // portions.block))


def padded(index: np.ndarray, portions: Portions, cells: int) -> slice | np.ndarray:
    """The index of a whole portion that begins with these: a slice where they are neighbours, else the last repeated.

    Of a slice, the cells beyond those wanted are handed over and not looked at.
    """
    size, run = _size(index, portions), in_place(index)
    if isinstance(run, slice) and run.start + size <= cells:
        return slice(run.start, run.start + size)
    return np.concatenate([index, np.repeat(index[-1], size - len(index))])


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
