"""Polymers must be cut by enzymes before they can be taken up, and enzymes are made of what would have been biomass."""

from collections.abc import Mapping
from typing import Any, ClassVar

from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.core.scheme import Cost, Evidence
from soilcue.schemes import SCHEMES


class DepolymerisationCost(Cost):
    """A carbon cost of enzymes for each carbon of polymer."""

    name = "depolymerisation-cost"
    title = "enzymes for polymers"
    equation = "CUE = CUE_ref / (1 + cost x polymer share)"
    references = ("he2024",)
    needs = ("polymer_share",)
    valid: ClassVar = {"polymer_share": (0.0, 1.0)}
    includes = ("exudation",)
    evidence = Evidence(
        "thick",
        "lignin and cellulose need several enzymes before uptake, small molecules none; CUE is lower on the former",
        "how much carbon enzymes cost is known for cultures rather than for soils",
    )
    monotone: ClassVar = {"polymer_share": -1}
    declared = (Parameter("cost", "1", 0.0, 5.0, "carbon in enzymes per carbon in new biomass on polymers alone"),)
    sets = (
        ParameterSet(
            "assumed", ("he2024",), "a fifth of new biomass on polymers alone: an assumption", {"cost": (0.2, "1")}
        ),
    )

    def reference_point(self) -> dict[str, Any]:
        """Substrate that needs no enzyme."""
        return {"polymer_share": 0.0}

    def kept(self, feels: Mapping[str, Any]) -> Any:
        """Biomass over biomass and enzymes."""
        return 1 / (1 + self.parameters["cost"] * feels["polymer_share"])


SCHEMES.register(DepolymerisationCost.name, DepolymerisationCost)
