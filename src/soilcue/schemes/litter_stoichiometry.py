"""Decomposers that adjust their CUE to the nitrogen of litter: a power law."""

from collections.abc import Mapping
from typing import Any, ClassVar

import jax.numpy as jnp

from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.core.scheme import Cost
from soilcue.schemes import SCHEMES
from soilcue.schemes.nutrient_threshold import STOICHIOMETRY


class LitterStoichiometry(Cost):
    """CUE falls with a power of the nitrogen at hand over the nitrogen that is built in.

    The exponent lies below one: where nitrogen is short, decomposers lower their CUE by less than Liebig's minimum
    would, for they also excrete less nitrogen.
    """

    name = "litter-stoichiometry"
    title = "power law of litter C:N and mineral nitrogen"
    equation = "CUE = CUE_ref min(1, [C:N_product (1/C:N_substrate + mineral N per C taken up)]^exponent)"
    references = ("zhang2018", "manzoni2008")
    needs = ("substrate_carbon_to_nitrogen",)
    wishes: ClassVar = {"mineral_nitrogen": 0.0}
    valid: ClassVar = {"substrate_carbon_to_nitrogen": (5.0, 200.0), "mineral_nitrogen": (0.0, 0.1)}
    includes = ("overflow",)
    evidence = STOICHIOMETRY
    monotone: ClassVar = {"substrate_carbon_to_nitrogen": -1, "mineral_nitrogen": 1}
    declared = (
        Parameter("product_ratio", "1", 3.0, 40.0, "C:N mass ratio of what is built: biomass or new organic matter"),
        Parameter("exponent", "1", 0.05, 1.0, "how strongly CUE follows the nitrogen"),
    )
    sets = (
        ParameterSet(
            "manzoni2008",
            ("manzoni2008", "rsofun_code"),
            "litter decomposers of the globe (Figure 3, as the code of rsofun has it): the N:C below which nitrogen is "
            "taken up, 0.45 (N:C of litter)^0.76, over the 0.1 of decomposers; the CUE it multiplies is 0.78 there",
            {"product_ratio": (10.0, "1"), "exponent": (0.76, "1")},
        ),
        ParameterSet(
            "zhang2018",
            ("zhang2018",),
            "after CENTURY-CUE v1.0, with the C:N of new organic matter (from memory: the form, the ratio and the "
            "exponent; its abstract says that CUE follows litter C:N and mineral nitrogen so that growth is largest)",
            {"product_ratio": (12.0, "1"), "exponent": (0.6, "1")},
        ),
    )

    def reference_point(self) -> dict[str, Any]:
        """A substrate as rich as what is built."""
        return {"substrate_carbon_to_nitrogen": self.parameters["product_ratio"]}

    def kept(self, feels: Mapping[str, Any]) -> Any:
        """One where nitrogen suffices."""
        p = self.parameters
        mineral = feels.get("mineral_nitrogen", self.wishes["mineral_nitrogen"])
        supply = p["product_ratio"] * (1 / feels["substrate_carbon_to_nitrogen"] + mineral)
        return jnp.minimum(supply, 1.0) ** p["exponent"]


SCHEMES.register(LitterStoichiometry.name, LitterStoichiometry)
