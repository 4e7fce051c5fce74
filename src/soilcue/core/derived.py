"""Drivers that follow from other drivers where a file lacks them; every result says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from soilcue.core.variables import DRIVERS

LIGNIN_CARBON = 0.64
"""g carbon per g lignin: between hardwood and softwood lignin (Björkman and Person 1957)."""


@dataclass(frozen=True)
class Derived:
    """A driver that follows from others, cell by cell and month by month.

    Attributes
    ----------
    name : str
        Of the driver.
    needs : tuple of str
        Drivers it follows from, in canonical units.
    value : callable
        From these to the driver, in its canonical unit.
    how : str
        What a result says of it, with the source.
    """

    name: str
    needs: tuple[str, ...]
    value: Callable[..., Any]
    how: str


def water_potential(moisture: Any, porosity: Any, clay: Any, clay_silt: Any) -> Any:
    """Soil water potential (MPa) from moisture by the retention curve of Clapp and Hornberger.

    psi = psi_s (moisture / porosity)^-b with b = 2.91 + 0.159 x percent clay and psi_s = -10^(1.88 - 0.0131 x percent
    sand) cm of water: the regressions of Cosby et al. (1984), with the coefficients of the public code of the Community
    Land Model, where the saturated suction is ten times as much in millimetres.

    Parameters
    ----------
    moisture, porosity : array
        m3 m-3.
    clay, clay_silt : array
        Shares of soil mass.
    """
    exponent = 2.91 + 15.9 * clay
    at_saturation = -(10.0 ** (1.88 - 1.31 * (1 - clay_silt))) / 10197.16  # cm of water to MPa
    filled = np.clip(moisture / porosity, 0.01, 1.0)
    return np.maximum(at_saturation * filled**-exponent, DRIVERS["water_potential"].low)


def carbon_to_nitrogen(lignin_to_nitrogen: Any, litter_lignin: Any) -> Any:
    """Carbon to nitrogen mass ratio of litter from its lignin to nitrogen ratio and the share of carbon in lignin."""
    ratio = lignin_to_nitrogen * LIGNIN_CARBON / litter_lignin
    return np.where(litter_lignin > 0, ratio, np.nan) if np.ndim(ratio) == 0 else ratio.where(litter_lignin > 0)


DERIVED = {
    derived.name: derived
    for derived in (
        Derived(
            "water_potential",
            ("moisture", "porosity", "clay", "clay_silt"),
            water_potential,
            "water potential is derived from moisture, porosity and texture by the retention curve of Cosby et al. "
            "(1984), down to a hundredth of saturation",
        ),
        Derived(
            "litter_carbon_to_nitrogen",
            ("lignin_to_nitrogen", "litter_lignin"),
            carbon_to_nitrogen,
            "the C:N of litter is derived from lignin:nitrogen and the share of litter carbon in lignin",
        ),
        Derived(
            "substrate_carbon_to_nitrogen",
            ("lignin_to_nitrogen", "litter_lignin"),
            carbon_to_nitrogen,
            "the C:N of all substrates is taken to be that of litter, derived from lignin:nitrogen and the share of "
            "litter carbon in lignin",
        ),
    )
}
