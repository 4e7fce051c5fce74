"""Optimal regulation: communities share out their enzymes so that carbon and nutrients come in as growth needs them."""

from collections.abc import Mapping
from typing import Any, ClassVar

import jax.numpy as jnp

from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.core.scheme import Evidence, Response
from soilcue.schemes import SCHEMES
from soilcue.schemes.nutrient_threshold import BIOMASS_NITROGEN, BIOMASS_PHOSPHORUS


class NitrogenEnzymes(Response):
    """CUE from how far the supply by enzymes and substrate meets the composition of biomass.

    S = (1/EEA) (C:N_biomass / C:N_substrate), EEA being the ratio of carbon- to nitrogen-acquiring enzyme activity
    (not of its logarithms); the reference is a substrate of the biomass's own ratio under equal activities, S = 1.
    """

    name = "nitrogen-enzymes"
    title = "optimal allocation of enzymes between carbon and nitrogen"
    equation = "CUE = CUE_max S/(S + K), S = C:N_biomass / (C:N_substrate EEA)"
    references = ("sinsabaugh2012", "sinsabaugh2016")
    needs = ("substrate_carbon_to_nitrogen",)
    wishes: ClassVar = {"enzyme_carbon_to_nitrogen": 1.0}
    valid: ClassVar = {"substrate_carbon_to_nitrogen": (5.0, 100.0), "enzyme_carbon_to_nitrogen": (0.2, 5.0)}
    includes = ("growth respiration", "overflow", "exudation")
    evidence = Evidence(
        "thin",
        "activities of enzymes follow the stoichiometry of substrate and biomass across soils",
        "it reads no flux of carbon: it falls with soil carbon where isotope methods rise with it",
    )
    monotone: ClassVar = {"substrate_carbon_to_nitrogen": -1, "enzyme_carbon_to_nitrogen": -1}
    declared = (
        Parameter("largest", "1", 0.1, 0.95, "largest CUE (CUE_max)"),
        Parameter("half_saturation", "1", 0.05, 5.0, "supply at which CUE is half of that (K)"),
        Parameter("biomass_ratio", "1", 3.0, 500.0, "carbon to nutrient mass ratio of microbial biomass"),
    )
    sets = (
        ParameterSet(
            "sinsabaugh2012",
            ("sinsabaugh2012", "cleveland2007"),
            "CUE_max 0.6 and K 0.5; C:N of soil microbes 7.3 by mass (60:7 atoms)",
            {"largest": (0.6, "1"), "half_saturation": (0.5, "1"), "biomass_ratio": (BIOMASS_NITROGEN, "1")},
        ),
    )

    def reference_point(self) -> dict[str, Any]:
        """A substrate of the biomass's own ratio under equal enzyme activities."""
        (substrate,), (enzymes,) = self.needs, self.wishes
        return {substrate: self.parameters["biomass_ratio"], enzymes: 1.0}

    def log_odds(self, feels: Mapping[str, Any]) -> Any:
        """Of CUE_max S/(S + K), the odds are CUE_max S / (S (1 - CUE_max) + K)."""
        p, (substrate,), ((enzymes, equal),) = self.parameters, self.needs, self.wishes.items()
        supply = p["biomass_ratio"] / (feels[substrate] * feels.get(enzymes, equal))
        return jnp.log(p["largest"] * supply) - jnp.log(supply * (1 - p["largest"]) + p["half_saturation"])


class PhosphorusEnzymes(NitrogenEnzymes):
    """The same for phosphorus."""

    name = "phosphorus-enzymes"
    title = "optimal allocation of enzymes between carbon and phosphorus"
    equation = "CUE = CUE_max S/(S + K), S = C:P_biomass / (C:P_substrate EEA)"
    needs = ("substrate_carbon_to_phosphorus",)
    wishes: ClassVar = {"enzyme_carbon_to_phosphorus": 1.0}
    valid: ClassVar = {"substrate_carbon_to_phosphorus": (20.0, 2000.0), "enzyme_carbon_to_phosphorus": (0.2, 5.0)}
    monotone: ClassVar = {"substrate_carbon_to_phosphorus": -1, "enzyme_carbon_to_phosphorus": -1}
    sets = (
        ParameterSet(
            "sinsabaugh2016",
            ("sinsabaugh2016", "cleveland2007"),
            "CUE_max 0.6 and K 0.5; C:P of soil microbes 23 by mass (60:1 atoms)",
            {"largest": (0.6, "1"), "half_saturation": (0.5, "1"), "biomass_ratio": (BIOMASS_PHOSPHORUS, "1")},
        ),
    )


for scheme in (NitrogenEnzymes, PhosphorusEnzymes):
    SCHEMES.register(scheme.name, scheme)
