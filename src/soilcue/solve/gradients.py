"""Exact first derivatives of steady states, cell by cell, by the implicit function theorem."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from soilcue.core.network import Network
from soilcue.core.scheme import slots_of
from soilcue.solve.cells import (
    CHUNK,
    CellStates,
    Status,
    block_size,
    blocks_of,
    by_blocks,
    default_threads,
    padded,
    with_cue,
)
from soilcue.solve.seasonal import one_seasonal_block
from soilcue.solve.steady import last_step, linear, slopes


def value_and_gradient(
    network: Network, drivers: Mapping, start, weights, seasonal: bool = False, steps_per_month: int = 2
):
    """Weighted sum of the steady stocks of a block of cells, and its derivatives.

    Parameters
    ----------
    network : Network
    drivers : dict of array, shape (cells,), (12, cells) or (365, cells)
        In the model's units.
    start : sequence of array, shape (cells,)
        The settled stocks, one a pool (`CellStates.start`).
    weights : array, shape (pools,)
        What is summed: ``weights @ stocks``; under seasonal drivers the stocks' mean over the year.
    seasonal : bool
        Whether drivers have periods of a year.
    steps_per_month : int
        Implicit steps a period, as the state was found with.

    Returns
    -------
    tuple
        The sum (cells,), its derivatives by driver (as the drivers) and by parameter (each with a last axis of
        cells).
    """
    cells = len(start[0])

    def total(parameters, drivers):
        changed = eqx.tree_at(lambda n: n.parameters, network, parameters)
        if seasonal:
            no_fluxes = jnp.zeros((0, len(network.structure().fluxes)))
            year = one_seasonal_block(
                changed, drivers, no_fluxes, steps_per_month, 1, 1.0, start=(True, start), differentiable=True
            )
            return weights @ year.mean_stocks
        if network.linear:
            return sum_of(linear(changed, drivers).stocks)
        return sum_of([jnp.exp(value) for value in last_step(changed, drivers, [jnp.log(s) for s in start], frozen)])

    def sum_of(stocks):
        return sum(weight * stock for weight, stock in zip(weights, stocks, strict=True))

    if not (seasonal or network.linear):
        # the matrix of the last Newton step; a year and a linear model have none
        frozen = slopes(network, start, network.environment(drivers))

    # one value of each parameter per cell, so that the derivative is the cell's own
    spread = {name: jnp.broadcast_to(v[..., None], (*v.shape, cells)) for name, v in network.parameters.items()}
    value, pull = jax.vjp(total, spread, dict(drivers))
    by_parameter, by_driver = pull(jnp.ones(cells))
    return value, by_driver, by_parameter


@eqx.filter_jit
def _run_blocks(network, drivers, start, used, weights, seasonal, steps_per_month):
    """`value_and_gradient` of the first `used` blocks of cells."""

    def one(drivers, start):
        return value_and_gradient(network, drivers, start, weights, seasonal, steps_per_month)

    return by_blocks(one, (drivers, start), used, block_size(network, seasonal))


@eqx.filter_jit
def _through_cue(network, drivers, by_slot):
    """What the derivatives by intrinsic CUE are worth by parameter and driver, through the schemes (chain rule)."""

    def slots(parameters, drivers):
        return eqx.tree_at(lambda n: n.parameters, network, parameters).cue_slots(drivers)

    cells = next(iter(by_slot.values())).shape[-1]
    spread = {name: jnp.broadcast_to(v[..., None], (*v.shape, cells)) for name, v in network.parameters.items()}
    return jax.vjp(slots, spread, drivers)[1](by_slot)


def gradients(
    network: Network,
    drivers: Mapping[str, np.ndarray],
    states: CellStates,
    weights: np.ndarray,
    *,
    seasonal: bool,
    steps_per_month: int = 2,
    threads: int | None = None,
):
    """Derivatives for any number of cells.

    Parameters
    ----------
    network : Network
    drivers : dict of array, shape (cells,), (12, cells) or (365, cells)
        In the model's units.
    states : CellStates
        What `solve_cells` made of these drivers.
    weights : array, shape (pools,)
        What is summed: ``weights @ stocks``.
    seasonal : bool
        Whether drivers have periods of a year.
    steps_per_month : int
        Implicit steps a period, as the states were found with.
    threads : int, optional
        The processors at hand by default.

    Returns
    -------
    tuple
        As `value_and_gradient`, and the derivatives by the intrinsic CUE of every slot (`Network.cue_slots`), all else
        being the same; those by driver and parameter include what they do to CUE. NaN where no state is settled.
    """
    cells = drivers["carbon_input"].shape[-1]
    which = np.flatnonzero(states.status == Status.SETTLED)
    chunk = CHUNK[seasonal]
    bare = network.without_schemes()
    value = np.full(cells, np.nan)
    by_driver = {name: np.full(v.shape, np.nan) for name, v in drivers.items()}
    by_parameter = {name: np.full((*v.shape, cells), np.nan) for name, v in network.parameters.items()}
    by_slot: dict[str, np.ndarray] = {}

    def work(index: np.ndarray) -> None:
        every = padded(index, chunk)
        some = {name: values[..., every] for name, values in drivers.items()}
        given = with_cue(network, some)
        total, of_driver, of_parameter = _run_blocks(
            bare,
            given,
            list(states.start[:, every]),
            blocks_of(index, block_size(bare, seasonal)),
            weights,
            seasonal,
            steps_per_month,
        )
        of_slot = {slot: of_driver.pop(slot) for slot in slots_of(given)}
        more_parameter, more_driver = _through_cue(network, some, of_slot) if of_slot else ({}, {})
        value[index] = np.asarray(total)[: len(index)]
        for slot, values in of_slot.items():
            by_slot.setdefault(slot, np.full((*values.shape[:-1], cells), np.nan))
        for whole, *parts in (
            (by_driver, of_driver, more_driver),
            (by_parameter, of_parameter, more_parameter),
            (by_slot, of_slot),
        ):
            for name, filled in whole.items():
                filled[..., index] = sum(np.asarray(part[name])[..., : len(index)] for part in parts if name in part)

    chunks = [which[first : first + chunk] for first in range(0, len(which), chunk)]
    for index in chunks[:1]:
        work(index)  # alone, so that it is compiled once
    with ThreadPoolExecutor(threads or default_threads()) as pool:
        list(pool.map(work, chunks[1:]))
    return value, by_driver, by_parameter, by_slot


@eqx.filter_jit
def _elastic_blocks(network, drivers, start, used):
    """D ln(stock) / d ln(CUE), CUE changing by one factor in every slot, of the first `used` blocks."""

    def one(block, start):
        found = slopes(network, start, network.environment(block))

        def logs(slots):
            given = {**block, **slots}
            if network.linear:
                return [jnp.log(stock) for stock in linear(network, given).stocks]
            return last_step(network, given, [jnp.log(stock) for stock in start], found)

        slots = {name: block[name] for name in slots_of(block)}
        return jax.jvp(logs, (slots,), (slots,))[1]

    return by_blocks(one, (drivers, start), used, block_size(network, False))


def elasticities(network: Network, drivers: Mapping[str, np.ndarray], states: CellStates) -> np.ndarray:
    """By how many percent each stock changes if intrinsic CUE rises by one percent in every slot, all else alike.

    Parameters
    ----------
    network : Network
    drivers : dict of array, shape (cells,)
        In the model's units; constant through the year.
    states : CellStates
        What `solve_cells` made of these drivers.

    Returns
    -------
    array, shape (pools, cells)
        NaN where no state is settled. By the implicit function theorem, one solve a cell for all pools.
    """
    chunk = CHUNK[False]
    bare = network.without_schemes()
    found = np.full(states.stocks.shape, np.nan)
    which = np.flatnonzero(states.status == Status.SETTLED)
    for first in range(0, len(which), chunk):
        index = which[first : first + chunk]
        cells = padded(index, chunk)
        given = with_cue(network, {name: values[cells] for name, values in drivers.items()})
        slopes = _elastic_blocks(bare, given, list(states.stocks[:, cells]), blocks_of(index, block_size(bare, False)))
        for whole, part in zip(found, slopes, strict=True):
            whole[index] = np.asarray(part)[: len(index)]
    return found
