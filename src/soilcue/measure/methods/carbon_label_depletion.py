"""13C-labelled substrate, by what has gone: added less extractable is taken up, and what of it is not CO2 is growth."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from soilcue.measure.columns import Column, Counted, Finding, Quantity, Samples
from soilcue.measure.incubation import Incubation
from soilcue.measure.method import Method, beyond_source, enrichment_findings, needed
from soilcue.measure.methods import METHODS
from soilcue.measure.methods.carbon_label import RESPIRED_COLUMNS, SUBSTRATE_COLUMNS, respired_label, source_share

DEPLETION_INCLUDES: dict[str, Counted] = {
    "growth_respiration": Counted("yes", "labelled CO2"),
    "maintenance": Counted("with time", "only what burns labelled biomass"),
    "overflow": Counted("yes", "labelled CO2"),
    "exudation": Counted("as growth", "all label that is neither CO2 nor extractable"),
    "mortality": Counted("no", "dead biomass counts as growth until it is respired"),
    "recycling": Counted("with time", "through the CO2 it gives"),
    "native_carbon": Counted("no", "the added substrate alone"),
}


def depletion_reading(method: Method, incubation: Incubation) -> Any:
    """(Label taken up - label respired)/label taken up, uptake being what was added and is no more in solution."""
    added, dissolved, respired = needed(incubation, method, "label_added", "label_dissolved", "label_respired")
    gone = added - dissolved
    return (gone - respired) / gone


def more_respired_than_gone(uptake: Any, respired: Any, column: str) -> Iterator[Finding]:
    """Rows in which more label was respired than taken up, or none was taken up."""
    yield Finding(
        uptake <= 0,
        column,
        "no label missing from solution: nothing was taken up",
        "less label in the extract than was added",
        "Check the amount added and the recovery of the extraction.",
    )
    yield Finding(
        (uptake > 0) & (respired > uptake),
        column,
        "more label in CO2 than is missing from solution: CUE is negative",
        "label in CO2 at most what was taken up",
        "Check the recovery of the extraction and the amount added.",
        refuse=False,
    )


class CarbonLabelDepletion(Method):
    """13C substrate, its depletion from solution, and 13C-CO2."""

    name = "carbon_label_depletion"
    title = "13C substrate, depletion"
    level = "C"
    equation = "CUE = 1 - 13CO2/(substrate carbon added - substrate carbon in the salt extract)"
    references = ("geyer2019", "jones2018")
    includes: ClassVar = DEPLETION_INCLUDES
    columns = (
        Column("carbon_added", "ug g-1", 0.0, 1e6, "substrate carbon added", 60.0, positive=True),
        Column("carbon_extract", "ug g-1", 0.0, 1e6, "carbon in the salt extract at the end", 120.0),
        Column("atom_percent_extract", "percent", 0.9, 100.0, "13C of the extract, labelled soil", 1.20, isotope="13C"),
        Column(
            "atom_percent_extract_control",
            "percent",
            0.9,
            1.3,
            "13C of the extract, control",
            1.075,
            isotope="13C",
            mend="The control has natural abundance, near 1.08 atom %.",
        ),
        SUBSTRATE_COLUMNS[0],
        *RESPIRED_COLUMNS,
    )
    quantities = (
        Quantity("uptake", "ug g-1", "substrate carbon no more in solution"),
        Quantity("respiration", "ug g-1", "substrate carbon in CO2"),
        Quantity("growth", "ug g-1", "the difference: biomass, residues and exudates that are not extracted"),
    )
    series = "interval"
    remarks = ("An upper limit: exudates, residues and sorbed substrate count as growth.",)

    def estimate(self, values: Mapping[str, Any], **choices: str) -> dict[str, Any]:
        """Uptake by difference, and label in CO2."""
        v = self.filled(values)
        left = v["carbon_extract"] * source_share(
            v["atom_percent_extract"], v["atom_percent_extract_control"], v["atom_percent_substrate"]
        )
        uptake, respired = v["carbon_added"] - left, respired_label(v)
        return {
            "cue": 1 - respired / uptake,
            "uptake": uptake,
            "respiration": respired,
            "growth": uptake - respired,
        }

    def checks(self, samples: Samples) -> Iterator[Finding]:
        """Label in CO2, uptake above zero."""
        v = samples.values
        source = v["atom_percent_substrate"]
        yield from enrichment_findings(samples, "atom_percent_co2", "atom_percent_co2_control", source, "substrate")
        yield beyond_source(v["atom_percent_extract"] > source, "atom_percent_extract", "substrate")
        found = self.estimate(samples.values)
        yield from more_respired_than_gone(found["uptake"], found["respiration"], "carbon_extract")

    def reading(self, incubation: Incubation, **assumed: Any) -> Any:
        """Label that is missing from solution and not respired, over label missing from solution."""
        return depletion_reading(self, incubation)


METHODS.register(CarbonLabelDepletion.name, CarbonLabelDepletion())
