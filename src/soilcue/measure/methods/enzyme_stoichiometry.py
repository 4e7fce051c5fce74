"""CUE from the stoichiometry of enzymes, biomass and resource (Sinsabaugh and Follstad Shah 2012; Sinsabaugh 2016).

No flux of carbon is measured. The index says how far nutrients limit growth under an assumed largest CUE; against soil
carbon it goes the other way than isotope methods do (He et al. 2024), and must not be pooled with them.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from soilcue.measure.columns import Choice, Column, Counted, Finding, Quantity, Samples
from soilcue.measure.method import Method
from soilcue.measure.methods import METHODS

ATOMIC_MASS = {"carbon": 12.011, "nitrogen": 14.007, "phosphorus": 30.973762}

_NITROGEN: dict[str, str | tuple[str, ...]] = {"elements": ("cn_cp", "cn")}
_PHOSPHORUS: dict[str, str | tuple[str, ...]] = {"elements": ("cn_cp", "cp")}
_AMOUNTS, _RATIOS = {"given": "amounts"}, {"given": "ratios"}
_LN = "Activities themselves are needed, not their logarithms: a ratio of logarithms is no stoichiometric ratio."


def _activity(name: str, description: str, example: float, only_if: Mapping[str, Any]) -> Column:
    return Column(
        name,
        "nmol g-1 h-1",
        0.0,
        1e7,
        description,
        example,
        positive=True,
        only_if={**_AMOUNTS, **only_if},
        unit_group="activity",
        mend=_LN,
    )


def _amount(name: str, group: str, description: str, example: float, only_if: Mapping[str, Any]) -> Column:
    return Column(
        name,
        "ug g-1",
        0.0,
        1e6,
        description,
        example,
        positive=True,
        only_if={**_AMOUNTS, **only_if},
        unit_group=group,
    )


def _ratio(name: str, description: str, example: float, only_if: Mapping[str, Any], mend: str = "") -> Column:
    return Column(name, "1", 0.0, 1e5, description, example, positive=True, only_if={**_RATIOS, **only_if}, mend=mend)


_ACTIVITIES, _ENZYME_RATIOS = ("bg", "nag", "lap", "ap"), ("enzyme_cn", "enzyme_cp")


class EnzymeStoichiometry(Method):
    """Ecoenzymatic stoichiometry: C:N, C:P or both."""

    name = "enzyme_stoichiometry"
    title = "ecoenzymatic stoichiometry"
    level = "potential"
    equation = (
        "S_C:X = (B_C:X/L_C:X)/EEA_C:X; CUE_C:X = CUE_max S/(S + K); CUE = sqrt(CUE_C:N CUE_C:P); "
        "EEA_C:N = BG/(NAG + LAP), EEA_C:P = BG/AP"
    )
    references = ("sinsabaugh2012", "sinsabaugh2016", "he2024")
    includes: ClassVar[Mapping[str, Counted]] = {
        process: Counted("implied", "no flux is measured")
        for process in (
            "growth_respiration",
            "maintenance",
            "overflow",
            "exudation",
            "mortality",
            "recycling",
            "native_carbon",
        )
    }
    columns = (
        _activity("bg", "beta-glucosidase, for carbon", 100.0, {}),
        _activity("nag", "N-acetyl-glucosaminidase, for nitrogen", 40.0, _NITROGEN),
        _activity("lap", "leucine aminopeptidase, for nitrogen", 30.0, _NITROGEN),
        _activity("ap", "acid or alkaline phosphatase, for phosphorus", 110.0, _PHOSPHORUS),
        _amount("microbial_carbon", "biomass", "microbial biomass carbon", 420.0, {}),
        _amount("microbial_nitrogen", "biomass", "microbial biomass nitrogen", 60.0, _NITROGEN),
        _amount("microbial_phosphorus", "biomass", "microbial biomass phosphorus", 21.0, _PHOSPHORUS),
        _amount("resource_carbon", "resource", "carbon of the resource", 20000.0, {}),
        _amount("resource_nitrogen", "resource", "nitrogen of the resource", 1600.0, _NITROGEN),
        _amount("resource_phosphorus", "resource", "phosphorus of the resource", 500.0, _PHOSPHORUS),
        _ratio("biomass_cn", "molar C:N of biomass", 8.16, _NITROGEN),
        _ratio("biomass_cp", "molar C:P of biomass", 51.6, _PHOSPHORUS),
        _ratio("resource_cn", "molar C:N of the resource", 14.6, _NITROGEN),
        _ratio("resource_cp", "molar C:P of the resource", 103.0, _PHOSPHORUS),
        _ratio("enzyme_cn", "BG/(NAG + LAP)", 1.43, _NITROGEN, _LN),
        _ratio("enzyme_cp", "BG/AP", 0.909, _PHOSPHORUS, _LN),
        Column(
            "largest_cue",
            "1",
            0.1,
            1.0,
            "CUE without nutrient limitation",
            0.6,
            required=False,
            default=0.6,
            source="Sinsabaugh and Follstad Shah 2012",
            systematic=True,
        ),
        Column(
            "half_saturation",
            "1",
            0.01,
            10.0,
            "S at which CUE is half of that",
            0.5,
            required=False,
            default=0.5,
            source="Sinsabaugh and Follstad Shah 2012",
            systematic=True,
        ),
    )
    choices = (
        Choice(
            "elements",
            "which ratios",
            {"cn_cp": "both, as geometric mean (Sinsabaugh 2016)", "cn": "C:N alone", "cp": "C:P alone"},
            "cn_cp",
        ),
        Choice(
            "given",
            "what the sheet holds",
            {"amounts": "activities and amounts by mass", "ratios": "molar ratios already"},
            "amounts",
        ),
        Choice(
            "resource",
            "what the resource is: it moves the result by much, and studies differ in it",
            {"total": "total soil organic matter", "labile": "dissolved or labile organic matter"},
            "total",
        ),
        Choice(
            "activities",
            "what the activities, or their ratios, are",
            {
                "untold": "not told: rows that may hold logarithms are refused",
                "themselves": "activities and ratios of activities, no logarithms",
            },
            "untold",
        ),
    )
    quantities = (
        Quantity("scarcity_cn", "1", "S_C:N"),
        Quantity("scarcity_cp", "1", "S_C:P"),
        Quantity("cue_cn", "1", "CUE by C:N"),
        Quantity("cue_cp", "1", "CUE by C:P"),
    )
    remarks = (
        "No carbon flux is measured: this is an index under an assumed largest CUE, not comparable with isotope "
        "methods (He et al. 2024). Never pool it with them.",
    )
    misused: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("ln_bg", "ln_nag", "ln_ap", "ln_enzyme_cn", "ln_enzyme_cp", "lnbg", "lnap"), _LN
    )

    def estimate(self, values: Mapping[str, Any], **choices: str) -> dict[str, Any]:
        """CUE by each ratio, and together."""
        v, chosen = self.filled(values), self.chosen(choices)
        found: dict[str, Any] = {}
        for key, element, enzymes in (("cn", "nitrogen", ("nag", "lap")), ("cp", "phosphorus", ("ap",))):
            if key not in chosen["elements"].split("_"):
                continue
            if chosen["given"] == "amounts":
                molar = ATOMIC_MASS[element] / ATOMIC_MASS["carbon"]
                biomass = v["microbial_carbon"] / v[f"microbial_{element}"] * molar
                resource = v["resource_carbon"] / v[f"resource_{element}"] * molar
                enzyme = v["bg"] / sum(v[name] for name in enzymes)
            else:
                biomass, resource, enzyme = v[f"biomass_{key}"], v[f"resource_{key}"], v[f"enzyme_{key}"]
            scarcity = biomass / resource / enzyme
            found[f"scarcity_{key}"] = scarcity
            found[f"cue_{key}"] = v["largest_cue"] * scarcity / (scarcity + v["half_saturation"])
        each = [found[name] for name in ("cue_cn", "cue_cp") if name in found]
        return {"cue": each[0] if len(each) == 1 else (each[0] * each[1]) ** 0.5, **found}

    def checks(self, samples: Samples) -> Iterator[Finding]:
        """What may be logarithms, where nobody said that it is none: activities below 12 within a factor of three of
        each other; in a sheet of several samples, ratios that are all near one."""
        if samples.choices["activities"] == "themselves":
            return
        amounts = samples.choices["given"] == "amounts"
        names = [name for name in (_ACTIVITIES if amounts else _ENZYME_RATIOS) if name in samples.values]
        held = np.stack([samples.values[name] for name in names])
        if amounts:
            alike = (held.max(axis=0) < 12) & (held.max(axis=0) < 3 * held.min(axis=0))
        else:
            near_one = bool(((held > 0.75) & (held < 4 / 3)).all()) and held.shape[1] >= 3
            alike = np.full(held.shape[1], near_one)
        yield Finding(
            alike,
            names[0],
            "activities that are all small and alike, as logarithms of activities are"
            if amounts
            else "ratios that are all near one, as ratios of logarithms are",
            "activities themselves",
            f"{_LN} If they are none, say so: activities = themselves, as a row of the study sheet or a setting.",
        )


METHODS.register(EnzymeStoichiometry.name, EnzymeStoichiometry())
