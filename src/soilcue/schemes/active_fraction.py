"""Physiological state: the active cells feed the maintenance of all, the dormant ones needing little each."""

from collections.abc import Mapping
from typing import Any, ClassVar

from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.core.scheme import Cost, Evidence, bent
from soilcue.schemes import SCHEMES


class ActiveFraction(Cost):
    """Community CUE from the share of biomass that is active, by the energetics of MEND.

    Only active cells take up carbon, at a rate of which the share alpha is their maintenance; a dormant cell needs
    beta times the maintenance of an active one. With all cells active the share 1 - alpha of assimilated carbon grows.
    """

    name = "active-fraction"
    title = "active and dormant cells"
    equation = "CUE = CUE_ref [1 - alpha (1 + beta (1 - r)/r)] / (1 - alpha), r the active fraction"
    references = ("wang2014dormancy",)
    needs = ("active_fraction",)
    valid: ClassVar = {"active_fraction": (0.01, 1.0)}
    includes = ("maintenance",)
    evidence = Evidence(
        "thick",
        "one to over twenty percent of soil microbes are active at a time, and shifts between states change CUE",
        "measured active fractions differ by more than an order of magnitude between methods",
    )
    monotone: ClassVar = {"active_fraction": 1}
    declared = (
        Parameter(
            "maintenance_share", "1", 0.01, 0.5, "share of an active cell's turnover that is maintenance (alpha)"
        ),
        Parameter(
            "dormant_maintenance", "1", 1e-5, 0.02, "maintenance of a dormant over that of an active cell (beta)"
        ),
    )
    sets = (
        ParameterSet(
            "mend2022",
            ("mend_code",),
            "as shipped with the public code of MEND for one site",
            {"maintenance_share": (0.05012233, "1"), "dormant_maintenance": (0.001, "1")},
        ),
    )

    def reference_point(self) -> dict[str, Any]:
        """Every cell active."""
        return {"active_fraction": 1.0}

    def kept(self, feels: Mapping[str, Any]) -> Any:
        """What is left of assimilated carbon, against all cells active; bent before the dormant eat all."""
        p, active = self.parameters, feels["active_fraction"]
        upkeep = p["maintenance_share"] * (1 + p["dormant_maintenance"] * (1 - active) / active)
        return bent((1 - upkeep) / (1 - p["maintenance_share"]), 0.05, 1.0, 0.0499)


def cue_of_active_cells(growth_yield: Any, maintenance_share: Any, saturation: Any) -> Any:
    """CUE of active cells whose uptake is a share phi of its largest, Y (1 - alpha / phi): below zero they starve.

    The growth of MEND's active cells less their maintenance, over their uptake (Wang et al. 2014).
    """
    return growth_yield * (1 - maintenance_share / saturation)


SCHEMES.register(ActiveFraction.name, ActiveFraction)
