"""14C-labelled substrate, fumigation-extraction and 14CO2: label in biomass over label in biomass and CO2."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from soilcue.measure.columns import Column, Counted, Finding, Quantity, Samples
from soilcue.measure.incubation import Incubation
from soilcue.measure.method import Method
from soilcue.measure.methods import METHODS
from soilcue.measure.methods.carbon_label import KEC, CarbonLabel


class RadiocarbonLabel(Method):
    """14C substrate, chloroform fumigation-extraction, and 14CO2."""

    name = "radiocarbon_label"
    title = "14C substrate, fumigation-extraction"
    level = "C"
    equation = "biomass 14C = (fumigated - unfumigated)/kEC; CUE = biomass 14C/(biomass 14C + 14CO2)"
    references = ("frey2013", "jones2018")
    includes: ClassVar[Mapping[str, Counted]] = CarbonLabel.includes
    columns = (
        Column(
            "activity_fumigated", "Bq g-1", 0.0, 1e12, "14C extracted after fumigation", 400.0, unit_group="activity"
        ),
        Column("activity_unfumigated", "Bq g-1", 0.0, 1e12, "14C extracted without", 150.0, unit_group="activity"),
        Column(
            "activity_co2",
            "Bq g-1",
            0.0,
            1e12,
            "14C respired",
            300.0,
            positive=True,
            unit_group="activity",
            mend="Without respiration CUE would be 1 whatever the growth: look for a leak or a lost trap.",
        ),
        KEC,
    )
    quantities = (
        Quantity("growth", "as given", "label in biomass"),
        Quantity("respiration", "as given", "label in CO2"),
        Quantity("uptake", "as given", "both"),
    )

    def estimate(self, values: Mapping[str, Any], **choices: str) -> dict[str, Any]:
        """Label in biomass and CO2."""
        v = self.filled(values)
        kept = (v["activity_fumigated"] - v["activity_unfumigated"]) / v["kec"]
        respired = v["activity_co2"]
        return {"cue": kept / (kept + respired), "growth": kept, "respiration": respired, "uptake": kept + respired}

    def checks(self, samples: Samples) -> Iterator[Finding]:
        """Label in biomass."""
        yield Finding(
            samples.values["activity_fumigated"] <= samples.values["activity_unfumigated"],
            "activity_fumigated",
            "no more label than in the unfumigated extract: none is in biomass",
            "above activity_unfumigated",
            "Check for swapped extracts; no label was taken up if both are right.",
        )

    def reading(self, incubation: Incubation, **assumed: Any) -> Any:
        """What the 13C form reads: an isotope is an isotope; `assumed`: ``kec``."""
        return METHODS["carbon_label"].reading(incubation, **assumed)


METHODS.register(RadiocarbonLabel.name, RadiocarbonLabel())
