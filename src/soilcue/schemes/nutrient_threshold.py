"""Nutrients by Liebig's minimum: what cannot be built for lack of nitrogen or phosphorus is respired (overflow)."""

from collections.abc import Mapping
from typing import Any, ClassVar

import jax.numpy as jnp

from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.core.scheme import Evidence, Scheme
from soilcue.schemes import SCHEMES

BIOMASS_NITROGEN = 60 / 7 * 12.011 / 14.007
"""C:N of soil microbes by mass, of 60:7 atoms (Cleveland and Liptzin 2007)."""
BIOMASS_PHOSPHORUS = 60 * 12.011 / 30.974
"""C:P by mass, of 60:1 atoms."""

STOICHIOMETRY = Evidence(
    "thick",
    "biomass holds its C:N:P within narrow bounds, so CUE falls where a substrate has less nutrients than growth needs",
    "microbes store nutrients and so part growth from their momentary supply; across 970 Australian soils "
    "stoichiometry explained none of the variation of CUE (Jones et al. 2019)",
)


class NitrogenThreshold(Scheme):
    """Above the threshold element ratio, C:N_biomass / CUE_ref, growth is what the nitrogen allows."""

    name = "nitrogen-threshold"
    title = "threshold C:N and overflow respiration"
    equation = "CUE = min(CUE_ref, C:N_biomass (1/C:N_substrate + mineral N per C taken up))"
    references: ClassVar[tuple[str, ...]] = ("manzoni2012", "sinsabaugh2013")
    needs = ("substrate_carbon_to_nitrogen",)
    wishes: ClassVar = {"mineral_nitrogen": 0.0}
    valid: ClassVar = {"substrate_carbon_to_nitrogen": (5.0, 200.0), "mineral_nitrogen": (0.0, 0.1)}
    includes = ("overflow",)
    evidence = STOICHIOMETRY
    monotone: ClassVar = {"substrate_carbon_to_nitrogen": -1, "mineral_nitrogen": 1}
    declared: ClassVar[tuple[Parameter, ...]] = (
        Parameter("biomass_ratio", "1", 3.0, 30.0, "C:N mass ratio of microbial biomass"),
    )
    sets = (
        ParameterSet(
            "cleveland2007",
            ("cleveland2007",),
            "soil microbes of the globe: 60 atoms of carbon to 7 of nitrogen, a C:N of 7.3 by mass",
            {"biomass_ratio": (BIOMASS_NITROGEN, "1")},
        ),
    )

    def reference_point(self) -> dict[str, Any]:
        """A substrate as rich as the biomass itself: enough for any CUE."""
        return {self.needs[0]: self.parameters["biomass_ratio"]}

    def supply(self, feels: Mapping[str, Any]) -> Any:
        """Nutrient that can be taken up per carbon taken up."""
        (substrate,), ((mineral, nothing),) = self.needs, self.wishes.items()
        return 1 / feels[substrate] + feels.get(mineral, nothing)

    def __call__(self, cue: Any, feels: Mapping[str, Any]) -> Any:
        """The CUE, or what the nutrient allows if that is less."""
        return jnp.minimum(cue, self.parameters["biomass_ratio"] * self.supply(feels))


class PhosphorusThreshold(NitrogenThreshold):
    """The same for phosphorus."""

    name = "phosphorus-threshold"
    title = "threshold C:P and overflow respiration"
    equation = "CUE = min(CUE_ref, C:P_biomass (1/C:P_substrate + mineral P per C taken up))"
    needs = ("substrate_carbon_to_phosphorus",)
    wishes: ClassVar = {"mineral_phosphorus": 0.0}
    valid: ClassVar = {"substrate_carbon_to_phosphorus": (20.0, 5000.0), "mineral_phosphorus": (0.0, 0.05)}
    monotone: ClassVar = {"substrate_carbon_to_phosphorus": -1, "mineral_phosphorus": 1}
    declared = (Parameter("biomass_ratio", "1", 10.0, 500.0, "C:P mass ratio of microbial biomass"),)
    sets = (
        ParameterSet(
            "cleveland2007",
            ("cleveland2007",),
            "soil microbes of the globe: 60 atoms of carbon to 1 of phosphorus, a C:P of 23 by mass",
            {"biomass_ratio": (BIOMASS_PHOSPHORUS, "1")},
        ),
    )


for scheme in (NitrogenThreshold, PhosphorusThreshold):
    SCHEMES.register(scheme.name, scheme)
