"""The CUE that stoichiometry allows: threshold element ratios and overflow.

Microbes keep their C:N and C:P. Where the food holds less nutrient than their largest CUE asks for, the carbon that
cannot be matched is respired as overflow (Manzoni et al. 2012, 2017; Sinsabaugh et al. 2013). A mass balance, no
measurement.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from soilcue.measure.columns import Choice, Column, Counted, Quantity
from soilcue.measure.method import Method, array_module
from soilcue.measure.methods import METHODS

_NITROGEN: dict[str, str | tuple[str, ...]] = {"law": "balance", "elements": ("cn", "cn_cp")}
_LITTER: dict[str, str | tuple[str, ...]] = {"law": ("litter", "consumers")}
_PHOSPHORUS: dict[str, str | tuple[str, ...]] = {"law": "balance", "elements": ("cp", "cn_cp")}


def _mineral(name: str, element: str, only_if: Mapping[str, Any]) -> Column:
    return Column(
        name,
        "1",
        0.0,
        1.0,
        f"mineral {element} taken up per carbon taken up, molar",
        0.0,
        required=False,
        default=0.0,
        source=f"no mineral {element} taken up",
        only_if=only_if,
    )


class ThresholdRatio(Method):
    """CUE allowed by the C:N and C:P of biomass and substrate."""

    name = "threshold_ratio"
    title = "threshold element ratio and overflow"
    level = "potential"
    equation = (
        "CUE = min(e_max, CN_B (1/CN_S + mineral N per C), CP_B (1/CP_S + mineral P per C)); TER = CN_B/e_max; "
        "overflow = e_max - CUE; litter: CUE = 0.45 CN_B / CN_L^0.76; consumers: CUE = 0.43 (CN_B/CN_L)^0.6"
    )
    references = ("manzoni2012", "manzoni2017", "sinsabaugh2013", "manzoni2008", "rsofun_code")
    includes: ClassVar[Mapping[str, Counted]] = {
        "growth_respiration": Counted("implied", "in the largest CUE"),
        "maintenance": Counted("implied", "in the largest CUE, where that holds it"),
        "overflow": Counted("yes", "what this method is about"),
        "exudation": Counted("no", "not considered"),
        "mortality": Counted("no", "not considered"),
        "recycling": Counted("no", "not considered"),
        "native_carbon": Counted("implied", "whatever the substrate given stands for"),
    }
    columns = (
        Column("biomass_cn", "1", 1.0, 100.0, "C:N of biomass, molar", 8.0, only_if=_NITROGEN),
        Column("substrate_cn", "1", 0.5, 1e4, "C:N of the substrate, molar", 30.0, only_if=_NITROGEN),
        _mineral("mineral_nitrogen", "nitrogen", _NITROGEN),
        Column("biomass_cp", "1", 5.0, 2000.0, "C:P of biomass, molar", 60.0, only_if=_PHOSPHORUS),
        Column("substrate_cp", "1", 1.0, 1e6, "C:P of the substrate, molar", 300.0, only_if=_PHOSPHORUS),
        _mineral("mineral_phosphorus", "phosphorus", _PHOSPHORUS),
        Column(
            "largest_cue",
            "1",
            0.05,
            1.0,
            "CUE without nutrient limitation",
            0.55,
            systematic=True,
            only_if={"law": "balance"},
            mend="Values from 0.5 to 0.6 are usual; the result cannot be above it.",
        ),
        Column("litter_cn", "1", 5.0, 1e4, "C:N of the litter by mass", 50.0, only_if=_LITTER),
        Column("decomposer_cn", "1", 1.0, 100.0, "C:N of the decomposers by mass", 10.0, only_if=_LITTER),
    )
    choices = (
        Choice(
            "law",
            "where the CUE comes from",
            {
                "balance": "mass balance of the scarcest element",
                "litter": "critical N:C of litter over N:C of decomposers, the fit to litter of Manzoni et al. (2008)",
                "consumers": "a power of N:C of litter over N:C of decomposers, said to be theirs too (from memory)",
            },
            "balance",
        ),
        Choice(
            "elements",
            "which elements can limit",
            {"cn": "nitrogen", "cp": "phosphorus", "cn_cp": "the scarcer of both"},
            "cn",
        ),
    )
    quantities = (
        Quantity("threshold_cn", "1", "C:N of food above which nitrogen limits"),
        Quantity("threshold_cp", "1", "C:P of food above which phosphorus limits"),
        Quantity("overflow", "1", "carbon respired as overflow, per uptake"),
        Quantity("immobilisation_n", "1", "net nitrogen taken from minerals, per carbon taken up"),
        Quantity("immobilisation_p", "1", "net phosphorus taken from minerals, per carbon taken up"),
    )
    remarks = ("A mass balance with an assumed largest CUE; nothing of it is measured on living microbes.",)

    def estimate(self, values: Mapping[str, Any], **choices: str) -> dict[str, Any]:
        """CUE by the scarcest element, or by a fit to litter."""
        v, chosen = self.filled(values), self.chosen(choices)
        if chosen["law"] == "litter":
            # Figure 3, as the code of rsofun has it: nitrogen is taken up below an N:C of 0.45 (N:C of litter)^0.76
            return {"cue": 0.45 * v["decomposer_cn"] / v["litter_cn"] ** 0.76}
        if chosen["law"] == "consumers":
            return {"cue": 0.43 * (v["decomposer_cn"] / v["litter_cn"]) ** 0.6}
        minimum = array_module(v).minimum
        cue, found = v["largest_cue"], {}
        elements = [key for key in ("cn", "cp") if key in chosen["elements"].split("_")]
        mineral = {"cn": "mineral_nitrogen", "cp": "mineral_phosphorus"}
        for key in elements:
            allowed = v[f"biomass_{key}"] * (1 / v[f"substrate_{key}"] + v[mineral[key]])
            cue = minimum(cue, allowed)
            found[f"threshold_{key}"] = v[f"biomass_{key}"] / v["largest_cue"]
        for key in elements:
            found[f"immobilisation_{key[1]}"] = cue / v[f"biomass_{key}"] - 1 / v[f"substrate_{key}"]
        return {"cue": cue, "overflow": v["largest_cue"] - cue, **found}


METHODS.register(ThresholdRatio.name, ThresholdRatio())
