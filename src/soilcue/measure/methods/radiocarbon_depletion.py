"""14C-labelled substrate, by what has gone from solution; a sterile control tells what was only sorbed."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from soilcue.measure.columns import Column, Finding, Quantity, Samples
from soilcue.measure.incubation import Incubation
from soilcue.measure.method import Method
from soilcue.measure.methods import METHODS
from soilcue.measure.methods.carbon_label_depletion import (
    DEPLETION_INCLUDES,
    depletion_reading,
    more_respired_than_gone,
)


class RadiocarbonDepletion(Method):
    """14C substrate, its depletion from solution, and 14CO2."""

    name = "radiocarbon_depletion"
    title = "14C substrate, depletion"
    level = "C"
    equation = "uptake = added - extracted - sorbed; CUE = (uptake - 14CO2)/uptake"
    references = ("jones2018",)
    includes: ClassVar = DEPLETION_INCLUDES
    columns = (
        Column("activity_added", "Bq g-1", 0.0, 1e12, "14C added", 100.0, positive=True, unit_group="activity"),
        Column("activity_extract", "Bq g-1", 0.0, 1e12, "14C in the extract at the end", 10.0, unit_group="activity"),
        Column(
            "activity_co2",
            "Bq g-1",
            0.0,
            1e12,
            "14C respired",
            30.0,
            positive=True,
            unit_group="activity",
            mend="Without respiration CUE would be 1 whatever the growth: look for a leak or a lost trap.",
        ),
        Column(
            "activity_sorbed",
            "Bq g-1",
            0.0,
            1e12,
            "14C sorbed and not extracted, by a sterile control",
            0.0,
            required=False,
            default=0.0,
            source="nothing sorbed, for want of a sterile control",
            unit_group="activity",
        ),
    )
    quantities = (
        Quantity("uptake", "as given", "label taken up"),
        Quantity("respiration", "as given", "label in CO2"),
        Quantity("growth", "as given", "the difference: biomass, residues and exudates that are not extracted"),
    )
    remarks = ("An upper limit: exudates and residues count as growth, and so does sorbed label without its control.",)

    def estimate(self, values: Mapping[str, Any], **choices: str) -> dict[str, Any]:
        """Uptake by difference, and label in CO2."""
        v = self.filled(values)
        uptake = v["activity_added"] - v["activity_extract"] - v["activity_sorbed"]
        respired = v["activity_co2"]
        growth = uptake - respired
        return {"cue": growth / uptake, "uptake": uptake, "respiration": respired, "growth": growth}

    def checks(self, samples: Samples) -> Iterator[Finding]:
        """Uptake above zero."""
        found = self.estimate(samples.values)
        yield from more_respired_than_gone(found["uptake"], found["respiration"], "activity_extract")

    def reading(self, incubation: Incubation, **assumed: Any) -> Any:
        """Label that is missing from solution and not respired, over label missing from solution."""
        return depletion_reading(self, incubation)


METHODS.register(RadiocarbonDepletion.name, RadiocarbonDepletion())
