"""Dry soil: each new cell must be filled with osmolytes that hold its water against the pull of the soil."""

from collections.abc import Mapping
from typing import Any, ClassVar

from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.core.scheme import Cost
from soilcue.schemes import SCHEMES
from soilcue.schemes.moisture_potential import DROUGHT

VAN_T_HOFF = 1e-4 / (298.0 * 8.314)
"""mol cm-3 of osmolyte per centimetre of water potential, as the public code of EcoSMMARTS has it."""
CENTIMETRES = 10197.16
"""Centimetres of water in a megapascal."""


def osmolytes(suction: Any, molar_mass: Any, turgor: Any) -> Any:
    """Osmolytes that balance a suction and keep turgor, by van 't Hoff's law.

    Parameters
    ----------
    suction : array
        Water potential without its sign, cm of water.
    molar_mass : float
        mg of carbon per mol of osmolyte.
    turgor : float
        Turgor pressure, cm of water.

    Returns
    -------
    array
        mg of carbon per cm3 of cell water.
    """
    return VAN_T_HOFF * molar_mass * (turgor + suction)


class MoistureOsmolytes(Cost):
    """Of the carbon built into a cell, what its osmolytes take is no new biomass of the kind that grows."""

    name = "moisture-osmolytes"
    title = "carbon for osmolytes in dry soil"
    equation = "CUE = CUE_ref (1 + v OS(0)) / (1 + v OS(psi)), OS = d1 d2 (turgor + |psi|) / (298 R)"
    references = ("brangari2020", "manzoni2014")
    needs = ("water_potential",)
    valid: ClassVar = {"water_potential": (-15.0, -0.01)}
    includes = ("exudation",)
    evidence = DROUGHT
    monotone: ClassVar = {"water_potential": 1}
    declared = (
        Parameter("cell_water", "cm3 mg-1", 1e-4, 1e-2, "water in a cell per carbon of the cell (v)"),
        Parameter("molar_mass", "mg mol-1", 1e4, 2e5, "carbon of a mole of osmolyte (d2)"),
        Parameter("turgor", "cm", 0.0, 1e4, "turgor pressure, as centimetres of water"),
    )
    sets = (
        ParameterSet(
            "brangari2020",
            ("brangari2020", "ecosmmarts_code"),
            "as in the public code of EcoSMMARTS",
            {"cell_water": (1.4e-3, "cm3 mg-1"), "molar_mass": (6e4, "mg mol-1"), "turgor": (1022.7, "cm")},
        ),
    )

    def reference_point(self) -> dict[str, Any]:
        """Soil that holds its water by no force."""
        return {"water_potential": 0.0}

    def kept(self, feels: Mapping[str, Any]) -> Any:
        """Carbon of a cell in wet soil over the carbon of the same cell here."""
        p = self.parameters

        def carbon(suction):
            return 1 + p["cell_water"] * osmolytes(suction, p["molar_mass"], p["turgor"])

        return carbon(0.0) / carbon(-feels["water_potential"] * CENTIMETRES)


SCHEMES.register(MoistureOsmolytes.name, MoistureOsmolytes)
