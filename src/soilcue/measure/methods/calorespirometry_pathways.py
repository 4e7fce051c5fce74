"""CUE on glucose from heat and CO2 where part of it is fermented (Chakrawal et al. 2020).

A share alpha of the glucose is respired, a share beta fermented to ethanol, the rest to lactate. Equations as in the
authors' public scripts (Calorespirometric-ratios, CR_alpha_beta and Figures 3 and 5).
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from soilcue.measure.columns import Column, Counted, Finding, Quantity, Samples
from soilcue.measure.incubation import Incubation
from soilcue.measure.method import Method
from soilcue.measure.methods import METHODS
from soilcue.measure.methods.calorespirometry import (
    APPARENT,
    HEAT_COLUMNS,
    RATIO,
    USUAL_ERROR,
    conditioning,
    heat_and_co2,
    heat_per_co2,
)

COMBUSTION = 469.0
"""Heat of combustion of glucose, kJ per mol of carbon."""
ETHANOL, LACTATE = 16.77, 18.33
"""Heat of fermenting glucose to ethanol and to lactate, kJ per mol of carbon."""
REDUCTION = 4.2 / 4
"""Degree of reduction of biomass over that of glucose."""


def glucose_ratio(v: Mapping[str, Any], aerobic_yield: Any) -> Any:
    """Heat per CO2 of glucose metabolised by three pathways, kJ mol-1 (Chakrawal et al. 2020)."""
    alpha = v["respired_share"]
    heat, co2 = _fermented(v)
    return (alpha * COMBUSTION * (1 - REDUCTION * aerobic_yield) + heat) / (alpha * (1 - aerobic_yield) + co2)


def _fermented(v: Mapping[str, Any]) -> tuple[Any, Any]:
    """Heat and CO2 of the fermented share, per carbon of glucose."""
    beta = v["ethanol_share"]
    lactate = 1 - v["respired_share"] - beta
    by_ethanol, by_lactate = v["ethanol_yield"], v["lactate_yield"]
    heat = beta * ETHANOL * (1 - REDUCTION * by_ethanol) + lactate * LACTATE * (1 - REDUCTION * by_lactate)
    excess = REDUCTION - 1
    co2 = beta * (excess * by_ethanol + (1 - REDUCTION * by_ethanol) / 3) + lactate * excess * by_lactate
    return heat, co2


def _share(name: str, description: str, default: float, source: str, low: float = 0.0) -> Column:
    return Column(
        name, "1", low, 1.0, description, default, required=False, default=default, source=source, systematic=True
    )


class CalorespirometryPathways(Method):
    """Heat per CO2 on glucose, with respiration and two fermentations."""

    name = "calorespirometry_pathways"
    title = "calorespirometry, glucose pathways"
    level = "C"
    equation = (
        "CR = [a 469 (1 - 1.05 Y) + b 16.77 (1 - 1.05 Y1) + c 18.33 (1 - 1.05 Y2)]/[a (1 - Y) + b (0.05 Y1 + (1 - 1.05 "
        "Y1)/3) + c 0.05 Y2], solved for Y; CUE = a Y + b Y1 + c Y2; a = 1: Y = (469 - CR)/(492.45 - CR)"
    )
    references = ("chakrawal2020",)
    includes: ClassVar[Mapping[str, Counted]] = APPARENT
    columns = (
        *HEAT_COLUMNS,
        _share("respired_share", "share of the glucose respired aerobically", 1.0, "no fermentation", 0.01),
        _share("ethanol_share", "share of the glucose fermented to ethanol; the rest goes to lactate", 0.0, "none"),
        _share("ethanol_yield", "growth per carbon on the way to ethanol", 0.0, "none"),
        _share("lactate_yield", "growth per carbon on the way to lactate", 0.0, "none"),
    )
    choices = (RATIO,)
    quantities = (
        Quantity("heat_per_co2", "kJ mol-1", "calorespirometric ratio"),
        Quantity("aerobic_yield", "1", "growth per carbon respired aerobically"),
        Quantity("cue_per_ratio", "mol kJ-1", "conditioning: change of CUE with the ratio"),
    )
    remarks = ("Glucose alone: native carbon metabolised beside it falls under the same constants.",)

    def estimate(self, values: Mapping[str, Any], **choices: str) -> dict[str, Any]:
        """Aerobic yield by the ratio, CUE of all pathways, and how much it hangs on the ratio."""
        v, chosen = self.filled(values), self.chosen(choices)
        ratio = heat_per_co2(v, chosen)
        alpha, beta = v["respired_share"], v["ethanol_share"]
        heat, co2 = _fermented(v)
        divisor = REDUCTION * COMBUSTION - ratio
        aerobic = (COMBUSTION * alpha + heat - ratio * (alpha + co2)) / (alpha * divisor)
        return {
            "cue": alpha * aerobic + beta * v["ethanol_yield"] + (1 - alpha - beta) * v["lactate_yield"],
            "heat_per_co2": ratio,
            "aerobic_yield": aerobic,
            "cue_per_ratio": (alpha * aerobic - alpha - co2) / divisor,
        }

    def checks(self, samples: Samples) -> Iterator[Finding]:
        """Shares that add up, and conditioning."""
        v = self.filled(samples.values)
        yield Finding(
            np.asarray(v["respired_share"] + v["ethanol_share"] > 1 + 1e-9),
            "ethanol_share",
            "shares of pathways that add up to more than 1",
            "at most 1 - respired_share",
            "What is left after both is the share fermented to lactate.",
        )
        found = self.estimate(samples.values, **samples.choices)
        yield conditioning(np.asarray(found["cue_per_ratio"]), USUAL_ERROR, "heat", "kJ mol-1")

    def reading(self, incubation: Incubation, **assumed: Any) -> Any:
        """The estimate of heat and CO2 as the fluxes give them, all of it taken for glucose respired with oxygen."""
        return self.estimate(heat_and_co2(incubation))["cue"]


METHODS.register(CalorespirometryPathways.name, CalorespirometryPathways())
