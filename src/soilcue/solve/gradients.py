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
from soilcue.solve.cells import BLOCK, BLOCKS, CellStates, Status, default_threads, with_cue
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
    start : array, shape (pools, cells)
        The settled stocks (`CellStates.start`).
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
    cells = start.shape[-1]

    def total(parameters, drivers):
        changed = eqx.tree_at(lambda n: n.parameters, network, parameters)
        if seasonal:
            no_fluxes = jnp.zeros((0, len(network.structure().fluxes)))
            year = one_seasonal_block(
                changed, drivers, no_fluxes, steps_per_month, 1, 1.0, start=(True, start), differentiable=True
            )
            return weights @ year.mean_stocks
        if network.linear:
            return weights @ linear(changed, drivers).stocks
        return weights @ jnp.exp(last_step(changed, drivers, jnp.log(start), frozen))

    if not (seasonal or network.linear):
        # the matrix of the last Newton step; a year and a linear model have none
        frozen = slopes(network, jnp.asarray(start), network.environment(drivers))

    # one value of each parameter per cell, so that the derivative is the cell's own
    spread = {name: jnp.broadcast_to(v[..., None], (*v.shape, cells)) for name, v in network.parameters.items()}
    value, pull = jax.vjp(total, spread, dict(drivers))
    by_parameter, by_driver = pull(jnp.ones(cells))
    return value, by_driver, by_parameter


@eqx.filter_jit
def _run_blocks(network, drivers, start, used, weights, seasonal, steps_per_month):
    """`value_and_gradient` of the first `used` blocks of arrays shaped (blocks, ..., cells)."""

    def one(i):
        block = {name: values[i] for name, values in drivers.items()}
        return value_and_gradient(network, block, start[i], weights, seasonal, steps_per_month)

    shapes = jax.eval_shape(lambda: one(0))
    empty = jax.tree.map(lambda s: jnp.zeros((start.shape[0], *s.shape), s.dtype), shapes)
    return jax.lax.fori_loop(
        0, used, lambda i, filled: jax.tree.map(lambda whole, part: whole.at[i].set(part), filled, one(i)), empty
    )


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
    block, blocks = BLOCK[seasonal], BLOCKS[seasonal]
    bare = network.without_schemes()
    value = np.full(cells, np.nan)
    by_driver = {name: np.full(v.shape, np.nan) for name, v in drivers.items()}
    by_parameter = {name: np.full((*v.shape, cells), np.nan) for name, v in network.parameters.items()}
    by_slot: dict[str, np.ndarray] = {}

    def work(index: np.ndarray) -> None:
        padded = np.concatenate([index, np.repeat(index[-1], block * blocks - len(index))])
        some = {name: values[..., padded] for name, values in drivers.items()}
        given = with_cue(network, some)

        def shaped(values):
            return np.moveaxis(values.reshape(*values.shape[:-1], blocks, block), -2, 0)

        def flat(values):
            return np.moveaxis(np.asarray(values), 0, -2).reshape(*values.shape[1:-1], block * blocks)

        found = _run_blocks(
            bare,
            {name: shaped(v) for name, v in given.items()},
            shaped(states.start[:, padded]),
            np.asarray(-(-len(index) // block)),
            weights,
            seasonal,
            steps_per_month,
        )
        total, of_driver, of_parameter = jax.tree.map(flat, found)
        of_slot = {slot: of_driver.pop(slot) for slot in slots_of(given)}
        more_parameter, more_driver = _through_cue(network, some, of_slot) if of_slot else ({}, {})
        value[index] = total[: len(index)]
        for slot, values in of_slot.items():
            by_slot.setdefault(slot, np.full((*values.shape[:-1], cells), np.nan))
        for whole, *parts in (
            (by_driver, of_driver, more_driver),
            (by_parameter, of_parameter, more_parameter),
            (by_slot, of_slot),
        ):
            for name, filled in whole.items():
                filled[..., index] = sum(np.asarray(part[name])[..., : len(index)] for part in parts if name in part)

    chunks = [which[first : first + block * blocks] for first in range(0, len(which), block * blocks)]
    for index in chunks[:1]:
        work(index)  # alone, so that it is compiled once
    with ThreadPoolExecutor(threads or default_threads()) as pool:
        list(pool.map(work, chunks[1:]))
    return value, by_driver, by_parameter, by_slot


@eqx.filter_jit
def _elastic_blocks(network, drivers, start, used):
    """D ln(stock) / d ln(CUE), CUE changing by one factor in every slot, of the first `used` blocks."""

    def one(i):
        block = {name: values[i] for name, values in drivers.items()}
        found = slopes(network, start[i], network.environment(block))

        def logs(slots):
            given = {**block, **slots}
            if network.linear:
                return jnp.log(linear(network, given).stocks)
            return last_step(network, given, jnp.log(start[i]), found)

        slots = {name: block[name] for name in slots_of(block)}
        return jax.jvp(logs, (slots,), (slots,))[1]

    empty = jnp.zeros_like(start)
    return jax.lax.fori_loop(0, used, lambda i, filled: filled.at[i].set(one(i)), empty)


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
    block, blocks = BLOCK[False], BLOCKS[False]
    bare = network.without_schemes()
    found = np.full(states.stocks.shape, np.nan)
    which = np.flatnonzero(states.status == Status.SETTLED)
    for first in range(0, len(which), block * blocks):
        index = which[first : first + block * blocks]
        padded = np.concatenate([index, np.repeat(index[-1], block * blocks - len(index))])
        given = with_cue(network, {name: values[padded] for name, values in drivers.items()})
        shaped = {name: values.reshape(blocks, block) for name, values in given.items()}
        start = np.moveaxis(states.stocks[:, padded].reshape(-1, blocks, block), 0, 1)
        slopes = np.asarray(_elastic_blocks(bare, shaped, start, np.asarray(-(-len(index) // block))))
        found[:, index] = np.moveaxis(slopes, 0, 1).reshape(len(found), -1)[:, : len(index)]
    return found
