"""13C-labelled substrate, microbial biomass by chloroform fumigation and extraction, and labelled CO2.

The labelled carbon found in biomass over that found in biomass and CO2 together. Mass balances are written in atom
percent throughout. The extraction efficiency kEC multiplies the biomass alone, so it moves the CUE: it has no default
here.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from soilcue.measure.columns import Choice, Column, Counted, Finding, Quantity, Samples
from soilcue.measure.incubation import Incubation
from soilcue.measure.isotopes import source_share
from soilcue.measure.method import Method, array_module, beyond_source, enrichment_findings, needed
from soilcue.measure.methods import METHODS

KEC = Column(
    "kec",
    "1",
    0.01,
    1.0,
    "share of the carbon of fumigated biomass that is extracted (kEC), one value for the study",
    0.45,
    systematic=True,
    mend="Published values run from 0.02 to 0.64, and 1 says that none was used: give the one the study used.",
)

# What every form with a labelled substrate and labelled CO2 shares.
RESPIRED_COLUMNS = (
    Column(
        "co2",
        "ug g-1",
        0.0,
        1e6,
        "CO2 carbon respired, one row an interval",
        60.0,
        positive=True,
        series=True,
        mend="Without respiration CUE would be 1 whatever the growth: look for a leak or a lost gas sample.",
    ),
    Column(
        "atom_percent_co2", "percent", 0.9, 100.0, "13C of that CO2, labelled soil", 2.20, isotope="13C", series=True
    ),
    Column(
        "atom_percent_co2_control",
        "percent",
        0.9,
        1.3,
        "13C of the CO2 of the control",
        1.075,
        isotope="13C",
        series=True,
        mend="The control has natural abundance, near 1.08 atom %.",
    ),
)
SUBSTRATE_COLUMNS = (
    Column("atom_percent_substrate", "percent", 1.2, 100.0, "13C of the labelled substrate", 5.0, isotope="13C"),
    Column(
        "atom_percent_substrate_control",
        "percent",
        0.9,
        1.3,
        "13C of the substrate given to the control",
        1.09,
        isotope="13C",
        only_if={"control_received": "substrate"},
    ),
)
CONTROL = Choice(
    "control_received",
    "what the control received, and so what the enrichment of the biomass is divided by",
    {
        "substrate": "the same substrate without label: at%_substrate - at%_substrate_control",
        "water": "water alone: at%_substrate - at%_biomass_control",
    },
    "substrate",
)


def respired_label(v: Mapping[str, Any]) -> Any:
    """Substrate carbon in CO2, summed over the intervals of a sample.

    Carbonate adds CO2 of natural abundance: it dilutes the enrichment by as much as it adds carbon, so that the label
    in CO2 needs no correction where control and labelled soil give off the same share.
    """
    share = source_share(v["atom_percent_co2"], v["atom_percent_co2_control"], _interval(v["atom_percent_substrate"]))
    return array_module(v).sum(v.get("present", 1.0) * share * v["co2"], axis=-1)


def substrate_share(v: Mapping[str, Any], atoms: Any, control: Any, chosen: Mapping[str, str]) -> Any:
    """Share of a microbial pool that comes from the substrate, by what the control received."""
    least = v["atom_percent_substrate_control"] if chosen["control_received"] == "substrate" else control
    return (atoms - control) / (v["atom_percent_substrate"] - least)


def _interval(value: Any) -> Any:
    """A quantity of the sample beside those of its intervals."""
    return value[..., None] if np.ndim(value) else value


class CarbonLabel(Method):
    """13C substrate, chloroform fumigation-extraction, and 13C-CO2."""

    name = "carbon_label"
    title = "13C substrate, fumigation-extraction"
    level = "C"
    equation = (
        "at%_biomass = (at%_f C_f - at%_u C_u)/(C_f - C_u); biomass 13C = (C_f - C_u)/kEC times its share from "
        "substrate; CUE = biomass 13C/(biomass 13C + sum of CO2 times its share from substrate)"
    )
    references = ("frey2013", "geyer2019", "vance1987")
    includes: ClassVar = {
        "growth_respiration": Counted("yes", "labelled CO2"),
        "maintenance": Counted("with time", "only what burns labelled biomass"),
        "overflow": Counted("yes", "labelled CO2"),
        "exudation": Counted("no", "released label is in neither biomass nor CO2: CUE reads higher"),
        "mortality": Counted("with time", "label that leaves biomass lowers the CUE"),
        "recycling": Counted("with time", "label taken up again counts again"),
        "native_carbon": Counted("no", "the added substrate alone, which is easier than what soils live on"),
    }
    columns = (
        Column("carbon_fumigated", "ug g-1", 0.0, 1e6, "carbon extracted after fumigation", 400.0, positive=True),
        Column("carbon_unfumigated", "ug g-1", 0.0, 1e6, "carbon extracted without fumigation", 120.0),
        Column("atom_percent_fumigated", "percent", 0.9, 100.0, "13C of the fumigated extract", 1.60, isotope="13C"),
        Column(
            "atom_percent_unfumigated", "percent", 0.9, 100.0, "13C of the unfumigated extract", 1.35, isotope="13C"
        ),
        Column(
            "atom_percent_biomass_control",
            "percent",
            0.9,
            1.3,
            "13C of the microbial biomass of the control",
            1.075,
            isotope="13C",
            mend="The control has natural abundance, near 1.08 atom %.",
        ),
        *SUBSTRATE_COLUMNS,
        *RESPIRED_COLUMNS,
        KEC,
        Column(
            "blank_fumigated",
            "ug g-1",
            0.0,
            1e5,
            "carbon of the blank of the fumigated extract",
            0.0,
            required=False,
            default=0.0,
            source="extracts given without their blank",
        ),
        Column(
            "blank_unfumigated",
            "ug g-1",
            0.0,
            1e5,
            "carbon of the blank of the unfumigated extract",
            0.0,
            required=False,
            default=0.0,
            source="extracts given without their blank",
        ),
    )
    choices = (CONTROL,)
    quantities = (
        Quantity("atom_percent_biomass", "percent", "13C of the microbial biomass"),
        Quantity("microbial_carbon", "ug g-1", "microbial biomass carbon"),
        Quantity("biomass_share", "1", "share of the biomass that comes from the substrate"),
        Quantity("growth", "ug g-1", "substrate carbon in biomass"),
        Quantity("respiration", "ug g-1", "substrate carbon in CO2"),
        Quantity("uptake", "ug g-1", "both"),
    )
    series = "interval"
    remarks = (
        "kEC of freshly labelled biomass need not be that of all biomass, and between studies it differs by a factor "
        "of ten: with another kEC' the CUE becomes (CUE kEC/kEC')/(CUE kEC/kEC' + 1 - CUE).",
    )

    def estimate(self, values: Mapping[str, Any], **choices: str) -> dict[str, Any]:
        """Label in biomass and in CO2."""
        v, chosen = self.filled(values), self.chosen(choices)
        fumigated = v["carbon_fumigated"] - v["blank_fumigated"]
        unfumigated = v["carbon_unfumigated"] - v["blank_unfumigated"]
        flush = fumigated - unfumigated
        atoms = (v["atom_percent_fumigated"] * fumigated - v["atom_percent_unfumigated"] * unfumigated) / flush
        biomass = flush / v["kec"]
        control = v["atom_percent_biomass_control"]
        share = substrate_share(v, atoms, control, chosen)
        kept, respired = share * biomass, respired_label(v)
        return {
            "cue": kept / (kept + respired),
            "atom_percent_biomass": atoms,
            "microbial_carbon": biomass,
            "biomass_share": share,
            "growth": kept,
            "respiration": respired,
            "uptake": kept + respired,
        }

    def checks(self, samples: Samples) -> Iterator[Finding]:
        """Flush above zero, label in biomass and CO2."""
        v = samples.values
        flush = v["carbon_fumigated"] - v["blank_fumigated"] - v["carbon_unfumigated"] + v["blank_unfumigated"]
        yield Finding(
            flush <= 0,
            "carbon_fumigated",
            "no more carbon than the unfumigated extract: there is no biomass by fumigation",
            "above carbon_unfumigated",
            "Check for swapped extracts, and blanks subtracted twice.",
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            above = self.estimate(v, **samples.choices)["atom_percent_biomass"] - v["atom_percent_biomass_control"]
        yield Finding(
            (flush > 0) & (above <= 0),
            "atom_percent_fumigated",
            "the biomass holds no more 13C than the control's (negative or zero enrichment)",
            "a biomass richer in 13C than atom_percent_biomass_control",
            "Check for swapped samples, or a delta value among atom percents; no label was taken up if both are right.",
        )
        source = v["atom_percent_substrate"]
        yield beyond_source(
            (flush > 0) & (above > source - v["atom_percent_biomass_control"]), "atom_percent_fumigated", "substrate"
        )
        yield from enrichment_findings(samples, "atom_percent_co2", "atom_percent_co2_control", source, "substrate")

    def reading(self, incubation: Incubation, **assumed: Any) -> Any:
        """Label in biomass over label in biomass and CO2; `assumed`: ``kec``."""
        biomass, respired = needed(incubation, self, "label_biomass", "label_respired")
        found = biomass * incubation.kec / assumed.get("kec", incubation.kec)
        return found / (found + respired)


METHODS.register(CarbonLabel.name, CarbonLabel())
