"""Random cells over the whole plausible range of every driver: wider than any soil, so that no corner goes untried."""

from __future__ import annotations

import numpy as np

import soilcue as sc
from soilcue.core.units import convert

DAYS_PER_YEAR = 365.0

RANGES = {
    "temperature": (-20.0, 35.0, "degC"),
    "clay": (0.0, 0.8, "1"),
    "annual_carbon_input": (5.0, 2000.0, "gC m-2 yr-1"),
    "metabolic_fraction": (0.05, 0.85, "1"),
    "moisture": (0.03, 0.6, "m3 m-3"),
    "porosity": (0.35, 0.65, "m3 m-3"),
    "pH": (3.5, 9.0, "1"),
    "bulk_density": (300.0, 1700.0, "kg m-3"),
    "clay_silt": (0.02, 1.0, "1"),
    "structural_lignin": (0.05, 0.6, "1"),
    "above_ground_fraction": (0.1, 0.9, "1"),
}
"""Lowest and highest value, and unit. Carbon input is drawn evenly in its logarithm, all else evenly."""


def random_cells(number: int, seed: int) -> dict[str, np.ndarray]:
    """Drivers of random cells, each driver drawn on its own; clay and silt together are at least the clay.

    Parameters
    ----------
    number : int
    seed : int
        The same seed gives the same cells.

    Returns
    -------
    dict of array, shape (number,)
        In the units of `RANGES`, and ``carbon_input`` in gC m-2 d-1.
    """
    random = np.random.default_rng(seed)
    cells = {name: random.uniform(low, high, number) for name, (low, high, _) in RANGES.items()}
    low, high, _ = RANGES["annual_carbon_input"]
    share = (cells["annual_carbon_input"] - low) / (high - low)
    cells["annual_carbon_input"] = low * (high / low) ** share
    cells["carbon_input"] = cells["annual_carbon_input"] / DAYS_PER_YEAR
    cells["clay_silt"] = np.maximum(cells["clay_silt"], cells["clay"])
    return cells


def drivers_of(model: sc.SoilModel, cells: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The drivers a model needs, in its own units, as its solvers take them.

    Parameters
    ----------
    model : SoilModel
    cells : dict of array
        From `random_cells`; any of them may have months in front.

    Returns
    -------
    dict of array
    """
    network = model.network
    wanted = [(need,) if isinstance(need, str) else need for need in network.needs]
    chosen = [next(name for name in alternatives if name in cells) for alternatives in wanted]
    drivers = {name: cells[name] for name in chosen}
    drivers["carbon_input"] = (
        cells["carbon_input"] / gram_per_unit(model) / convert(1.0, f"{network.time_unit}-1", "d-1")
    )
    return drivers


def gram_per_unit(model: sc.SoilModel) -> float:
    """How many gC m-2 the model's unit of carbon is, over the depth its stocks stand for."""
    unit = model.network.carbon_unit
    return convert(1.0, unit, "gC m-3") * model.network.depth if "-3" in unit else convert(1.0, unit, "gC m-2")
