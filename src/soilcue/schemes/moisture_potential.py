"""Drought: as water is held tighter, substrate reaches the cell slower than upkeep needs it, and CUE falls."""

from collections.abc import Mapping
from typing import Any, ClassVar

import jax.numpy as jnp

from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.core.scheme import Cost, Evidence
from soilcue.schemes import SCHEMES

DROUGHT = Evidence(
    "thick",
    "moisture brings substrate to the cells and spares osmolytes, so CUE rises with it as long as soil stays oxic",
    "growth and respiration may fall together in drought, and leave CUE as it is",
)


class MoisturePotential(Cost):
    """CUE falls with the logarithm of water potential, from field capacity to the potential at which activity ends."""

    name = "moisture-potential"
    title = "logarithm of water potential"
    equation = "CUE = CUE_ref ln(psi/psi_0) / ln(psi_FC/psi_0), one in soil wetter than psi_FC"
    references = ("manzoni2012water",)
    needs = ("water_potential",)
    valid: ClassVar = {"water_potential": (-15.0, -0.033)}
    includes = ("growth respiration", "maintenance")
    evidence = DROUGHT
    monotone: ClassVar = {"water_potential": 1}
    declared = (
        Parameter("driest", "MPa", -100.0, -2.0, "water potential at which growth ends (psi_0)"),
        Parameter("field_capacity", "MPa", -0.2, -0.005, "water potential from which on CUE is the reference (psi_FC)"),
    )
    sets = (
        ParameterSet(
            "manzoni2012",
            ("manzoni2012water", "ecosmmarts_code"),
            "respiration of mineral soils ends near -15 MPa (1.5e5 cm of water in the public code of EcoSMMARTS, after "
            "Manzoni and Katul 2014); that CUE falls along the line of respiration is an assumption",
            {"driest": (-15.0, "MPa"), "field_capacity": (-0.033, "MPa")},
        ),
    )

    def reference_point(self) -> dict[str, Any]:
        """Field capacity."""
        return {"water_potential": self.parameters["field_capacity"]}

    def kept(self, feels: Mapping[str, Any]) -> Any:
        """One at field capacity and wetter, towards nothing at the driest."""
        p = self.parameters
        # how far the dryness is on its way from field capacity (0) to the end of growth (1), on the logarithm
        dryness = jnp.maximum(-feels["water_potential"], -p["field_capacity"])
        way = jnp.log(dryness / -p["field_capacity"]) / jnp.log(p["driest"] / p["field_capacity"])
        # a straight line to a twentieth, and from there ever slower: a microbe that takes up something keeps something
        return jnp.where(way < 0.95, 1 - way, 0.05 * jnp.exp(-(jnp.maximum(way, 0.95) - 0.95) / 0.05))


SCHEMES.register(MoisturePotential.name, MoisturePotential)
