"""The virtual laboratory: incubations whose true fluxes are known, and what each method would read of them."""

from soilcue.lab.comparison import RESPONSES, compare, directions, read_jar, readings, responses, truths
from soilcue.lab.design import Noise, design, replicates_needed
from soilcue.lab.experiment import (
    HOURS,
    Composition,
    Incubated,
    Jar,
    incubate,
    incubation_sums,
    jar_of,
    reference_jar,
    step_lengths,
)
from soilcue.lab.incubation import IncubatedSoil
from soilcue.lab.scenarios import SCENARIOS, Scenario, scenario
from soilcue.lab.translation import translate
from soilcue.lab.virtual_sheet import SHEETS, virtual_sheet

__all__ = [
    "HOURS",
    "RESPONSES",
    "SCENARIOS",
    "SHEETS",
    "Composition",
    "Incubated",
    "IncubatedSoil",
    "Jar",
    "Noise",
    "Scenario",
    "compare",
    "design",
    "directions",
    "incubate",
    "incubation_sums",
    "jar_of",
    "read_jar",
    "readings",
    "reference_jar",
    "replicates_needed",
    "responses",
    "scenario",
    "step_lengths",
    "translate",
    "truths",
    "virtual_sheet",
]
