"""From what one method read to what others would have read on the same soil.

One reading cannot say how a soil divides its carbon: the growth yield is set so that the method reads what it read,
and all else is drawn from what it may be. The spread of the answer is what the reading leaves open, so it is wide where
two methods look at different things, and it rests on the ranges in `UNKNOWN`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from numpy.polynomial import chebyshev

from soilcue.core.errors import InputError
from soilcue.lab.comparison import VAPOUR_RATE, readings, truths
from soilcue.lab.experiment import checked_hours, incubation_sums, reference_jar, step_lengths
from soilcue.measure.incubation import Incubation
from soilcue.measure.methods import METHODS

UNKNOWN: dict[str, tuple[float, float]] = {
    "maintenance": (1.5e-4, 1.5e-3),
    "mortality": (1.5e-4, 1.5e-3),
    "largest_uptake": (0.006, 0.024),
    "exudation": (0.005, 0.15),
    "overflow": (0.002, 0.15),
    "extractable": (0.3, 0.55),
    "carbon_per_dna": (12.0, 30.0),
}
"""What may differ between soils, uniform on a logarithmic scale: an assumption around the reference soil, not a survey.
Of kEC the range holds most of what calibrations gave (0.2 to 0.64 in Čapek et al. 2023)."""
USED = {"kec": 0.45, "fdna": 20.0, "oxygen_from_water": 1.0}
"""Factors taken to be used where none are given."""
_NODES = 11
_LOWEST, _HIGHEST = 0.01, 0.99


def translate(
    method: str,
    reading: float,
    hours: float = 24.0,
    *,
    dose: float = 20.0,
    parameters: Mapping[str, float] | None = None,
    stocks: Mapping[str, float] | None = None,
    cells: Mapping[str, float] | None = None,
    assumed: Mapping[str, float] | None = None,
    draws: int = 100,
    seed: int = 1,
) -> pd.DataFrame:
    """What other methods would have read on a soil of which one method read something.

    Parameters
    ----------
    method : str
        The method that was used (`soilcue.list_methods`).
    reading : float
        The CUE it read.
    hours : float
        Length of the incubation, h.
    dose : float
        Substrate added, microgram of carbon per gram of soil.
    parameters : mapping of str to float, optional
        Parameters of the incubation model that are known for this soil; they are not drawn then.
    stocks : mapping of str to float, optional
        Pools at the start, microgram of carbon per gram, where they are known.
    cells : mapping of str to float, optional
        What is known of cells and their food, as `soilcue.lab.reference_jar` takes it; the factors used are true where
        it says nothing.
    assumed : mapping of str to float, optional
        Factors used: ``kec`` (0.45 if not given), ``fdna`` (20), ``oxygen_from_water`` (1).
    draws : int
        Soils drawn.
    seed : int

    Returns
    -------
    pandas.DataFrame
        Index: methods, and ``cue_community``, ``cue_ecosystem``; columns ``median``, ``lower``, ``upper`` (the middle
        90 %) over the soils in which the method reads this at some growth yield; how many of the draws these are is in
        ``attrs["possible"]`` of ``attrs["draws"]``.

    Raises
    ------
    InputError
        For a method that reads no flux, a reading outside (0, 1), or one that no soil drawn gives.
    """
    times, operator = checked_hours((hours,)), METHODS[method]
    if not 0 < reading < 1:
        raise InputError(f"the reading is {reading}; a CUE between 0 and 1 is needed.")
    if draws < 10:
        raise InputError(f"draws is {draws}; give at least 10.")
    used = {**USED, **(assumed or {})}
    known = {"oxygen_from_water": used["oxygen_from_water"], **(cells or {})}
    base = reference_jar(parameters, stocks, **known)
    random = np.random.default_rng(seed)
    drawn = {
        name: np.exp(random.uniform(np.log(low), np.log(high), draws))
        for name, (low, high) in UNKNOWN.items()
        if name not in (parameters or {})
    }
    if cells is not None:
        true = {"extractable": used["kec"], "carbon_per_dna": used["fdna"], **cells}
        drawn |= {name: np.full(draws, true[name]) for name in ("extractable", "carbon_per_dna")}
    lengths, ends = step_lengths(times, 1.0)
    lengths = lengths[: ends[-1] + 1]

    def jar_with(growth_yield: Any, values: Mapping[str, Any]):
        own = {name: value for name, value in values.items() if name in base.network.parameters}
        chosen = {"growth_yield": growth_yield, **own}
        jar = eqx.tree_at(
            lambda jar: [jar.network.parameters[name] for name in chosen],
            base,
            [jnp.broadcast_to(value, (2,)) for value in chosen.values()],
        )
        return eqx.tree_at(
            lambda jar: (jar.composition.extractable, jar.composition.carbon_per_dna),
            jar,
            (dict.fromkeys(base.composition.extractable, values["extractable"]), values["carbon_per_dna"]),
        )

    def incubated(growth_yield: Any, values: Mapping[str, Any]) -> Incubation:
        jar = jar_with(growth_yield, values)
        return Incubation(**incubation_sums(jar, jnp.asarray(dose), lengths, ends, jnp.asarray(VAPOUR_RATE))[0])

    @jax.jit
    @jax.vmap
    def everything(growth_yield, values):
        there = incubated(growth_yield, values)
        return {
            name: jnp.asarray(value)[..., 0] for name, value in {**readings(there, **used), **truths(there)}.items()
        }

    # all is smooth in the yield: a polynomial through a few yields serves instead of many more incubations
    nodes = chebyshev.chebpts1(_NODES)
    yields = (_LOWEST + _HIGHEST) / 2 + (_HIGHEST - _LOWEST) / 2 * nodes
    repeated = {name: jnp.asarray(np.tile(values, _NODES)) for name, values in drawn.items()}
    grid = everything(jnp.asarray(np.repeat(yields, draws)), repeated)
    curves = {
        name: chebyshev.chebfit(nodes, np.asarray(value).reshape(_NODES, draws), _NODES - 1)
        for name, value in grid.items()
    }
    if method not in curves:
        METHODS[method]  # names the nearest where there is no such method
        raise InputError(
            f"{METHODS[method].title} reads none of the fluxes: nothing follows from it for other methods."
        )

    def at(name: str, node: np.ndarray) -> np.ndarray:
        return chebyshev.chebval(node, curves[name], tensor=False)

    low, high = np.full(draws, -1.0), np.full(draws, 1.0)
    lowest, highest = at(method, low), at(method, high)
    possible = (lowest < reading) & (reading < highest)
    if not possible.any():
        raise InputError(
            f"no soil of the virtual laboratory makes {operator.title} read {reading:g} after {hours:g} h: at "
            f"growth yields of {_LOWEST:g} to {_HIGHEST:g} it reads {lowest.min():.2f} to {highest.max():.2f}. Check "
            "the reading, the hours, the dose and the factors used."
        )
    for _ in range(50):
        middle = (low + high) / 2
        below = at(method, middle) < reading
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    found = {name: at(name, low) for name in curves}
    found["growth_yield"] = (_LOWEST + _HIGHEST) / 2 + (_HIGHEST - _LOWEST) / 2 * low
    rows = {
        name: dict(zip(("median", "lower", "upper"), np.quantile(value[possible], (0.5, 0.05, 0.95)), strict=True))
        for name, value in found.items()
    }
    table = pd.DataFrame(rows).T.rename_axis("quantity")
    table.attrs |= {
        "draws": draws,
        "possible": int(possible.sum()),
        "method": method,
        "reading": reading,
        "hours": hours,
    }
    return table
