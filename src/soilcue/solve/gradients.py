"""Exact first derivatives of steady states, cell by cell, by the implicit function theorem."""

from __future__ import annotations

from collections.abc import Mapping

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from soilcue.core.network import Network
from soilcue.solve.cells import ACCEPTED
from soilcue.solve.seasonal import one_seasonal_block
from soilcue.solve.steady import one_block

BLOCK = 128


@eqx.filter_jit
def value_and_gradient(network: Network, drivers: Mapping, weights, seasonal: bool = False):
    """Weighted sum of the steady stocks of a block of cells, and its derivatives.

    Parameters
    ----------
    network : Network
    drivers : dict of array, shape (cells,) or (12, cells)
        In the model's units.
    weights : array, shape (pools,)
        What is summed: ``weights @ stocks``; under monthly drivers the stocks' mean over the year.
    seasonal : bool
        Whether drivers have months.

    Returns
    -------
    tuple
        The sum (cells,), its derivatives by driver (as the drivers) and by parameter (each with a last axis of
        cells), and whether the cell is settled.
    """
    cells = drivers["carbon_input"].shape[-1]

    def total(parameters, drivers):
        # one value of each parameter per cell, so that the derivative is the cell's own
        changed = eqx.tree_at(lambda n: n.parameters, network, parameters)
        if seasonal:
            none = jnp.zeros((1, len(network.structure().fluxes)))
            s = one_seasonal_block(changed, drivers, none, 2, 40, 1.0, differentiable=True)
            stocks, gap, stable = s.mean_stocks, s.residual, s.stable
        else:
            stocks, gap, _, stable = one_block(changed, drivers, 100, 1.0)
        return weights @ stocks, (gap <= ACCEPTED) & stable

    spread = {name: jnp.broadcast_to(v[..., None], (*v.shape, cells)) for name, v in network.parameters.items()}
    value, pull, settled = jax.vjp(total, spread, dict(drivers), has_aux=True)
    by_parameter, by_driver = pull(jnp.ones(cells))
    return value, by_driver, by_parameter, settled


def gradients(network: Network, drivers: Mapping[str, np.ndarray], weights: np.ndarray, *, seasonal: bool):
    """Derivatives for any number of cells; NaN where no state is settled. Shapes as in `value_and_gradient`."""
    cells = drivers["carbon_input"].shape[-1]
    given = np.all([np.isfinite(v).reshape(-1, cells).all(axis=0) for v in drivers.values()], axis=0)
    given &= (drivers["carbon_input"].reshape(-1, cells) > 0).any(axis=0)
    which = np.flatnonzero(given)
    value = np.full(cells, np.nan)
    by_driver = {name: np.full(v.shape, np.nan) for name, v in drivers.items()}
    by_parameter = {name: np.full((*v.shape, cells), np.nan) for name, v in network.parameters.items()}
    for first in range(0, len(which), BLOCK):
        index = which[first : first + BLOCK]
        padded = np.concatenate([index, np.repeat(index[-1], BLOCK - len(index))])
        block = {name: v[..., padded] for name, v in drivers.items()}
        total, drive, parameter, settled = value_and_gradient(network, block, weights, seasonal)
        ok = np.asarray(settled)[: len(index)]
        index = index[ok]
        value[index] = np.asarray(total)[: len(ok)][ok]
        for name, values in drive.items():
            by_driver[name][..., index] = np.asarray(values)[..., : len(ok)][..., ok]
        for name, values in parameter.items():
            by_parameter[name][..., index] = np.asarray(values)[..., : len(ok)][..., ok]
    return value, by_driver, by_parameter
