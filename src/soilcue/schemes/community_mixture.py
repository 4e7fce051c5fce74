"""Community CUE as the mean of its members' CUE, each weighted by its share of uptake (not of biomass)."""

from collections.abc import Mapping
from typing import Any, ClassVar

from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.core.scheme import Evidence, Response, log_odds
from soilcue.schemes import SCHEMES


def mixture(shares: Any, cues: Any) -> Any:
    """CUE of any mixture of taxa: sum of share of uptake times CUE, over the first axis; arithmetic."""
    return sum(share * cue for share, cue in zip(shares, cues, strict=True)) / sum(shares)


class CommunityStrategies(Response):
    """Copiotrophs of low CUE and oligotrophs of high CUE."""

    name = "community-strategies"
    title = "copiotrophs (r) and oligotrophs (K), weighted by uptake"
    equation = "CUE = (1 - w) CUE_r + w CUE_K, w the oligotrophs' share of uptake"
    references = ("wieder2015",)
    needs = ("oligotroph_share",)
    valid: ClassVar = {"oligotroph_share": (0.0, 1.0)}
    includes = ("growth respiration", "maintenance")
    evidence = Evidence(
        "thin",
        "shifts from r- to K-strategists went with a rise of community CUE along a succession",
        "which taxa are which, and whether their CUE differs as supposed, is known for few",
    )
    monotone: ClassVar = {"oligotroph_share": 1}
    declared = (
        Parameter("copiotrophs", "1", 0.02, 0.9, "CUE of copiotrophs (CUE_r)"),
        Parameter("oligotrophs", "1", 0.02, 0.9, "CUE of oligotrophs (CUE_K)"),
        Parameter("reference_share", "1", 0.0, 1.0, "share at which CUE is the model's reference"),
    )
    sets = (
        ParameterSet(
            "wieder2015",
            ("wieder2015", "mimics_code"),
            "CUE on metabolic litter in MIMICS: 0.55 and 0.75",
            {"copiotrophs": (0.55, "1"), "oligotrophs": (0.75, "1"), "reference_share": (0.5, "1")},
        ),
    )

    def reference_point(self) -> dict[str, Any]:
        """The reference share."""
        return {"oligotroph_share": self.parameters["reference_share"]}

    def log_odds(self, feels: Mapping[str, Any]) -> Any:
        """Log odds of the mixture's CUE."""
        p, share = self.parameters, feels["oligotroph_share"]
        return log_odds(mixture((1 - share, share), (p["copiotrophs"], p["oligotrophs"])))


class CommunityFungi(Response):
    """Fungi and bacteria by biomass; uptake per biomass of either turns shares of biomass into shares of uptake."""

    name = "community-fungi"
    title = "fungi and bacteria, weighted by uptake"
    equation = "CUE = (q F:B CUE_F + CUE_B) / (q F:B + 1), q uptake per biomass of fungi over bacteria"
    references = ("he2024",)
    needs = ("fungal_to_bacterial",)
    valid: ClassVar = {"fungal_to_bacterial": (0.01, 20.0)}
    includes = ("growth respiration", "maintenance")
    evidence = Evidence(
        "thin",
        "communities rich in fungi can have a higher CUE: wide C:N, complex substrates",
        "or a lower one, for what decomposer fungi spend on acquiring resources: the relation depends on the context",
    )
    declared = (
        Parameter("fungi", "1", 0.02, 0.9, "CUE of fungi (CUE_F)"),
        Parameter("bacteria", "1", 0.02, 0.9, "CUE of bacteria (CUE_B)"),
        Parameter("relative_uptake", "1", 0.01, 10.0, "uptake per biomass of fungi over bacteria (q)"),
        Parameter(
            "reference_ratio", "1", 0.0, 20.0, "fungal to bacterial biomass at which CUE is the model's reference"
        ),
    )
    sets = (
        ParameterSet(
            "assumed",
            ("he2024",),
            "fungi 0.1 above bacteria, taking up a third per biomass: an assumption",
            {
                "fungi": (0.5, "1"),
                "bacteria": (0.4, "1"),
                "relative_uptake": (0.33, "1"),
                "reference_ratio": (1.0, "1"),
            },
        ),
    )

    def reference_point(self) -> dict[str, Any]:
        """The reference ratio."""
        return {"fungal_to_bacterial": self.parameters["reference_ratio"]}

    def log_odds(self, feels: Mapping[str, Any]) -> Any:
        """Log odds of the mixture's CUE."""
        p = self.parameters
        return log_odds(
            mixture((p["relative_uptake"] * feels["fungal_to_bacterial"], 1.0), (p["fungi"], p["bacteria"]))
        )


for scheme in (CommunityStrategies, CommunityFungi):
    SCHEMES.register(scheme.name, scheme)
