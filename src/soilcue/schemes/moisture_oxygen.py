"""Wet soil: without air in the pores microbes respire without oxygen, and gain less biomass from the same carbon."""

from collections.abc import Mapping
from typing import Any, ClassVar

import jax.numpy as jnp

from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.core.scheme import Cost, Evidence
from soilcue.schemes import SCHEMES


class MoistureOxygen(Cost):
    """Part of the carbon is respired with oxygen and part without, at a lower yield.

    The aerobic part follows the oxygen of the air-filled pores (tortuosity of porous media, power 4/3) by Michaelis
    and Menten, as in the DAMM model; the yield without oxygen is the one of the energy balance of glucose on another
    electron acceptor, relative to oxygen (`substrate-energy`).
    """

    name = "moisture-oxygen"
    title = "aerobic and anaerobic share, by air-filled pores"
    equation = (
        "CUE = CUE_ref [a + (1 - a) y], a = O2/(k + O2) relative to dry soil, O2 = D (porosity - moisture)^(4/3) 0.209"
    )
    references = ("davidson2012", "chakrawal2022")
    needs = ("moisture", "porosity")
    valid: ClassVar = {"moisture": (0.02, 0.45), "porosity": (0.3, 0.8)}
    includes = ("growth respiration",)
    evidence = Evidence(
        "thick",
        "where oxygen is short, anaerobic respiration and fermentation yield less energy, so growth and CUE fall",
        "how much of a wet soil is anoxic depends on its structure, which a mean moisture does not tell",
    )
    monotone: ClassVar = {"moisture": -1}
    declared = (
        Parameter("anaerobic_yield", "1", 0.01, 1.0, "yield without oxygen, relative to the yield with (y)"),
        Parameter("half_saturation", "1", 1e-4, 1.0, "oxygen, as a share of air, at half of the largest rate (k)"),
        Parameter("diffusion", "1", 0.1, 10.0, "relative diffusivity of oxygen in dry soil (D)"),
    )
    sets = (
        ParameterSet(
            "iron",
            ("davidson2012", "chakrawal2022"),
            "glucose on goethite (0.3660) against oxygen (0.5012); half-saturation and diffusivity of DAMM",
            {
                "anaerobic_yield": (0.36602536860397056 / 0.5011522078163916, "1"),
                "half_saturation": (0.121, "1"),
                "diffusion": (1.67, "1"),
            },
        ),
        ParameterSet(
            "sulphate",
            ("davidson2012", "chakrawal2022"),
            "glucose on sulphate (0.0806) against oxygen (0.5012); half-saturation and diffusivity of DAMM",
            {
                "anaerobic_yield": (0.08063083623575862 / 0.5011522078163916, "1"),
                "half_saturation": (0.121, "1"),
                "diffusion": (1.67, "1"),
            },
        ),
    )

    def reference_point(self) -> dict[str, Any]:
        """Dry soil: every pore holds air."""
        return {"moisture": 0.0}

    def kept(self, feels: Mapping[str, Any]) -> Any:
        """Mean yield of the aerobic and the anaerobic part."""
        p = self.parameters
        dry = self._aerobic(feels["porosity"])
        aerobic = self._aerobic(feels["porosity"] - feels["moisture"]) / dry
        return p["anaerobic_yield"] + aerobic * (1 - p["anaerobic_yield"])

    def _aerobic(self, air: Any) -> Any:
        """Share of carbon respired with oxygen where so much of the soil is air."""
        p = self.parameters
        # soil at or above saturation has no air; a root of a negative number would poison gradients
        oxygen = p["diffusion"] * 0.209 * jnp.maximum(air, 1e-6) ** (4 / 3)
        return oxygen / (p["half_saturation"] + oxygen)


SCHEMES.register(MoistureOxygen.name, MoistureOxygen)
