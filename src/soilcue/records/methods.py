"""Which kind a method of `soilcue.measure` is of, and what it counts, in the words of a record."""

from __future__ import annotations

from typing import Any

from soilcue.measure.methods import METHODS
from soilcue.records.schema import CueInfo, Includes

FAMILY_OF_METHOD = {
    "carbon_label": "carbon_label",
    "carbon_label_pools": "carbon_label",
    "carbon_label_depletion": "carbon_label",
    "radiocarbon_label": "carbon_label",
    "radiocarbon_depletion": "carbon_label",
    "radiocarbon_kinetics": "carbon_label",
    "oxygen_label": "water_label",
    "oxygen_vapour": "water_label",
    "oxygen_taxa": "water_label",
    "growth_tracers": "growth_tracer",
    "batch_growth": "batch_growth",
    "calorespirometry": "heat",
    "calorespirometry_pathways": "heat",
    "respiratory_quotient": "gas_ratio",
    "flux_analysis": "flux_analysis",
    "enzyme_stoichiometry": "stoichiometry",
    "threshold_ratio": "stoichiometry",
    "thermodynamic_yield": "thermodynamics",
}
"""Family of each method; a method from elsewhere has its family in the record."""

_PROCESSES = {
    "maintenance": "maintenance",
    "enzymes": "exudation",
    "mortality": "mortality",
    "recycling": "recycling",
    "nativeCarbon": "native_carbon",
}


def includes_of(method: str) -> Includes:
    """How each process enters a method's CUE, as the method itself says.

    Raises
    ------
    InputError
        When there is no such method.
    """
    counted = METHODS[method].includes
    return Includes.model_validate(
        {name: counted[process].how for name, process in _PROCESSES.items() if process in counted}
    )


def cue_info(method: str, **values: Any) -> CueInfo:
    """A record's part on CUE for a known method: its family, its level and what it counts, and the values given."""
    about = {"methodFamily": FAMILY_OF_METHOD.get(method), "level": METHODS[method].level}
    return CueInfo.model_validate({"method": method, "includes": includes_of(method), **about, **values})
