"""Exact first derivatives of steady states, cell by cell, by the implicit function theorem."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from soilcue.core.network import Network
from soilcue.core.scheme import slots_of
from soilcue.solve.cells import (
    CellStates,
    Status,
    blocks_of,
    by_blocks,
    default_threads,
    in_place,
    in_threads,
    padded,
    portions_of,
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
        The settled stocks, one a pool (`CellStates.start`); of a linear model without seasons they are not looked at.
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
    cells = drivers["carbon_input"].shape[-1]

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

    value, pull = jax.vjp(total, _spread(network, cells), dict(drivers))
    by_parameter, by_driver = pull(jnp.ones(cells))
    return value, by_driver, by_parameter


def _spread(network, cells: int) -> dict[str, Any]:
    """One value of each parameter per cell, so that the derivative is the cell's own."""
    return {name: jnp.broadcast_to(v[..., None], (*v.shape, cells)) for name, v in network.parameters.items()}


@eqx.filter_jit
def _run_blocks(network, drivers, start, settled, used, weights, seasonal, steps_per_month):
    """`value_and_gradient` of the first `used` blocks of cells, and the derivatives by the CUE of every slot.

    NaN where no state is settled. Where the drivers hold no CUE it is the model's own, and its derivatives by
    parameter and driver are counted.
    """
    given = bool(list(slots_of(drivers)))

    def one(drivers, start, settled):
        slots = {} if given else network.cue_slots(drivers)
        value, by_driver, by_parameter = value_and_gradient(
            network, {**drivers, **slots}, start, weights, seasonal, steps_per_month
        )
        by_slot = {slot: by_driver.pop(slot) for slot in list(slots_of(by_driver))}
        if slots:
            by_driver, by_parameter = _through_cue(network, drivers, by_slot, by_driver, by_parameter)
        found = (value, by_driver, by_parameter, by_slot)
        return jax.tree.map(lambda values: jnp.where(settled, values, jnp.nan), found)

    return by_blocks(one, (drivers, start, settled), used, portions_of(network, seasonal).block)


def _through_cue(network, drivers, by_slot, by_driver, by_parameter):
    """Derivatives by driver and parameter, and to them what those by intrinsic CUE are worth (chain rule)."""

    def slots(parameters, drivers):
        return eqx.tree_at(lambda n: n.parameters, network, parameters).cue_slots(drivers)

    cells = next(iter(by_slot.values())).shape[-1]
    _, pull = jax.vjp(slots, _spread(network, cells), dict(drivers))
    more_parameter, more_driver = pull(by_slot)
    by_driver = {name: by_driver[name] + more if name in by_driver else more for name, more in more_driver.items()}
    return by_driver, {name: by_parameter[name] + more for name, more in more_parameter.items()}


@eqx.filter_jit
def _slot_shapes(network, drivers):
    """All axes but the last of each slot's CUE: known when it is traced, and then remembered."""
    return {slot: jnp.shape(values)[:-1] for slot, values in network.cue_slots(drivers).items()}


_through_schemes = eqx.filter_jit(_through_cue)


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
    settled = states.status == Status.SETTLED
    # of a linear model, whole stretches of cells: picking some costs more than solving all
    which = np.arange(cells) if network.linear else np.flatnonzero(settled)
    bare, portions = network.without_schemes(), portions_of(network, seasonal)
    value = np.empty(cells)
    by_driver = {name: np.empty(v.shape) for name, v in drivers.items()}
    by_parameter = {name: np.empty((*v.shape, cells)) for name, v in network.parameters.items()}
    slots = _slot_shapes(network, {name: values[..., :1] for name, values in drivers.items()})
    by_slot = {slot: np.empty((*lead, cells)) for slot, lead in slots.items()}
    found = (value, by_driver, by_parameter, by_slot)

    def work(index: np.ndarray) -> None:
        every = padded(index, portions, cells)
        some = {name: values[..., every] for name, values in drivers.items()}
        given = with_cue(network, some) if network.schemes else some
        total, of_driver, of_parameter, of_slot = _run_blocks(
            bare,
            given,
            [] if network.linear and not seasonal else list(states.start[:, every]),
            settled[every],
            blocks_of(index, portions),
            weights,
            seasonal,
            steps_per_month,
        )
        if network.schemes and of_slot:  # a memory's CUE is found with the pools
            of_driver, of_parameter = _through_schemes(network, some, of_slot, of_driver, of_parameter)
        here = in_place(index)

        def fill(whole: np.ndarray, part) -> None:
            whole[..., here] = np.asarray(part)[..., : len(index)]

        jax.tree.map(fill, found, (total, of_driver, of_parameter, of_slot))  # by name: what is absent is refused

    in_threads(work, which, network, seasonal, threads or default_threads(), ("gradients", *drivers))
    if len(which) < cells:
        unsettled = np.flatnonzero(~settled)
        for whole in jax.tree.leaves(found):
            whole[..., unsettled] = np.nan
    return found


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

    return by_blocks(one, (drivers, start), used, portions_of(network, False).block)


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
    bare, portions = network.without_schemes(), portions_of(network, False)
    found = np.full(states.stocks.shape, np.nan)

    def work(index: np.ndarray) -> None:
        cells = padded(index, portions, len(states.status))
        given = with_cue(network, {name: values[cells] for name, values in drivers.items()})
        changes = _elastic_blocks(bare, given, list(states.stocks[:, cells]), blocks_of(index, portions))
        for whole, part in zip(found, changes, strict=True):
            whole[index] = np.asarray(part)[: len(index)]

    which = np.flatnonzero(states.status == Status.SETTLED)
    in_threads(work, which, network, False, default_threads(), ("elasticities", *drivers))
    return found
