"""Growth from the oxygen of labelled water in new DNA, with the respiration of the same vial (18O-H2O, liquid).

Water is the one oxygen source that reaches every cell without feeding it. What is measured is how much DNA the soil
made; the rest are conversions, and papers differ in every one of them. So each is named here: the form of the
enrichment, where the enrichment of the water comes from, how much of the oxygen in DNA came from water, how much
carbon goes with a gram of DNA.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from soilcue.measure.columns import (
    CARBONATE_SHARE,
    RESPIRATION_RATE,
    Choice,
    Column,
    Counted,
    Finding,
    Quantity,
    Samples,
)
from soilcue.measure.incubation import Incubation
from soilcue.measure.isotopes import mixed
from soilcue.measure.method import Method, enrichment_findings, needed, respired_without_carbonate
from soilcue.measure.methods import METHODS

NATURAL_WATER = 0.2005
"""Atom percent 18O of natural water (VSMOW)."""

DNA_OXYGEN = 31.21
"""Oxygen in DNA, percent by mass, as attributed to Spohn et al. (2016).

From secondary sources, not read in the paper; the formula C39H44O24N15P4 gives 31.20, six oxygen atoms a nucleotide
31.17.
"""

MUCH_NEW_DNA = 0.5
"""Share of new DNA in an incubation that makes one look at the numbers again: soils make a few percent a day."""

# What the liquid and the vapour form share, from the DNA onwards.
DNA_COLUMNS = (
    Column("oxygen_in_dna", "ug", 0.0, 1e5, "oxygen in the dried DNA extract", 1.873, positive=True),
    Column("atom_percent_dna", "percent", 0.19, 100.0, "18O of the DNA extract, labelled", 0.650, isotope="18O"),
    Column(
        "atom_percent_control",
        "percent",
        0.19,
        0.25,
        "18O of the DNA extract of the control with natural water",
        0.2005,
        isotope="18O",
    ),
)
GROWTH_COLUMNS = (
    Column("soil_mass", "g", 0.0, 1e4, "dry soil the DNA was extracted from", 0.4, positive=True),
    Column("time", "h", 0.0, 1e5, "length of the incubation with label", 24.0, positive=True),
    Column("microbial_carbon", "ug g-1", 0.0, 1e5, "microbial biomass carbon", 300.0, positive=True),
    Column(
        "dna",
        "ug g-1",
        0.0,
        1e4,
        "DNA extracted from the soil",
        15.0,
        positive=True,
        only_if={"dna_conversion": "sample"},
    ),
    Column(
        "fdna",
        "1",
        1.0,
        500.0,
        "microbial carbon per DNA, g g-1, one value for the study",
        20.0,
        systematic=True,
        only_if={"dna_conversion": "constant"},
        mend="Growth is proportional to it: give the value the study used, or choose dna_conversion 'sample'.",
    ),
    RESPIRATION_RATE,
    CARBONATE_SHARE,
    Column(
        "relic_dna",
        "1",
        0.0,
        0.95,
        "share of the extracted DNA that is outside living cells",
        0.0,
        required=False,
        default=0.0,
        source="all extracted DNA taken for that of living cells",
        only_if={"dna_conversion": "sample"},
    ),
    Column(
        "dna_oxygen",
        "percent",
        20.0,
        40.0,
        "oxygen in DNA by mass",
        DNA_OXYGEN,
        required=False,
        default=DNA_OXYGEN,
        source="Spohn et al. 2016",
        systematic=True,
    ),
    Column(
        "oxygen_from_water",
        "1",
        0.05,
        1.0,
        "share of the oxygen in new DNA that comes from water",
        1.0,
        required=False,
        default=1.0,
        source="all of it, as the paper form has it; measured values lie between 0.3 and 0.7",
        systematic=True,
    ),
)
FORM = Choice(
    "enrichment_form",
    "what the enrichment of the DNA is divided by",
    {
        "paper": "the atom percent of the soil water (Spohn et al. 2016)",
        "excess": "its atom percent excess over natural water, as a mass balance has it",
    },
    "paper",
)
CONVERSION = Choice(
    "dna_conversion",
    "how DNA made becomes carbon",
    {"sample": "microbial carbon per DNA of the sample itself", "constant": "one value (fdna) for the study"},
    "sample",
)
NATURAL = Column(
    "natural_water",
    "percent",
    0.19,
    0.22,
    "18O of natural water",
    NATURAL_WATER,
    required=False,
    default=NATURAL_WATER,
    source="VSMOW",
    isotope="18O",
)
QUANTITIES = (
    Quantity("atom_percent_water", "percent", "18O of the soil water during the incubation"),
    Quantity("dna_produced", "ug", "DNA made"),
    Quantity("dna_growth", "ug g-1 h-1", "DNA made per soil and time"),
    Quantity("carbon_per_dna", "1", "carbon of biomass per DNA, g g-1"),
    Quantity("growth", "ug g-1 h-1", "growth in carbon"),
    Quantity("respiration", "ug g-1 h-1", "respiration, without CO2 from carbonate"),
    Quantity("uptake", "ug g-1 h-1", "growth and respiration"),
    Quantity("turnover_time", "d", "microbial carbon over growth"),
    Quantity("growth_rate", "d-1", "growth per microbial carbon"),
    Quantity("respiration_per_biomass", "d-1", "respiration per microbial carbon (qCO2)"),
)
INCLUDES = {
    "growth_respiration": Counted("yes", "in the respiration measured"),
    "maintenance": Counted("yes", "in the respiration measured"),
    "overflow": Counted("yes", "in the respiration measured"),
    "exudation": Counted("no", "neither DNA nor CO2: CUE reads higher than (U - R - EX)/U"),
    "mortality": Counted("with time", "DNA made and lost again within the incubation is missed"),
    "recycling": Counted("yes", "growth on recycled carbon is growth"),
    "native_carbon": Counted("yes", "all growth and all respiration, whatever their substrate"),
}


def growth_from_dna(v: Mapping[str, Any], atoms_water: Any, choices: Mapping[str, str]) -> dict[str, Any]:
    """Everything from the enrichment of the water onwards (Spohn et al. 2016; Zheng et al. 2019)."""
    above_natural = v["atom_percent_dna"] - v["atom_percent_control"]
    divisor = atoms_water if choices["enrichment_form"] == "paper" else atoms_water - v["natural_water"]
    oxygen_made = v["oxygen_in_dna"] * above_natural / divisor / v["oxygen_from_water"]
    dna_produced = oxygen_made * 100 / v["dna_oxygen"]
    dna_growth = dna_produced / (v["soil_mass"] * v["time"])
    if choices["dna_conversion"] == "sample":
        per_dna = v["microbial_carbon"] / (v["dna"] * (1 - v["relic_dna"]))
    else:
        per_dna = v["fdna"]
    growth = per_dna * dna_growth
    respiration = respired_without_carbonate(v, "respiration")
    return {
        "cue": growth / (growth + respiration),
        "atom_percent_water": atoms_water,
        "dna_produced": dna_produced,
        "dna_growth": dna_growth,
        "carbon_per_dna": per_dna,
        "growth": growth,
        "respiration": respiration,
        "uptake": growth + respiration,
        "turnover_time": v["microbial_carbon"] / (24 * growth),
        "growth_rate": 24 * growth / v["microbial_carbon"],
        "respiration_per_biomass": 24 * respiration / v["microbial_carbon"],
    }


def dna_reading(method: Method, incubation: Incubation, assumed: Mapping[str, Any], field: str = "dna_made") -> Any:
    """G/(G + R) with growth as DNA tells it, all conversions off by their ratio of assumed to true."""
    (made,) = needed(incubation, method, field)
    fdna = assumed.get("fdna", incubation.fdna) / incubation.fdna
    from_water = incubation.oxygen_from_water / assumed.get("oxygen_from_water", incubation.oxygen_from_water)
    growth = made * fdna * from_water
    return growth / (growth + incubation.respiration)


class OxygenLabel(Method):
    """18O-water added as liquid, DNA growth, and respiration."""

    name = "oxygen_label"
    title = "18O-water into DNA (liquid)"
    level = "C"
    equation = (
        "DNA made = O_DNA (at%_labelled - at%_control)/at%_water / (share of O from water) / (O in DNA); "
        "growth = (C per DNA) DNA made/(soil mass time); CUE = growth/(growth + respiration)"
    )
    references = ("spohn2016", "zheng2019", "pold2020")
    includes = INCLUDES
    columns = (
        *DNA_COLUMNS,
        Column(
            "water_added",
            "mL",
            0.0,
            1e4,
            "labelled water added",
            0.030,
            positive=True,
            only_if={"water_enrichment": "mixed"},
        ),
        Column(
            "atom_percent_water_added",
            "percent",
            0.25,
            100.0,
            "18O of the labelled water",
            97.0,
            isotope="18O",
            only_if={"water_enrichment": "mixed"},
        ),
        Column(
            "soil_water",
            "mL",
            0.0,
            1e4,
            "natural water in the soil before",
            0.120,
            only_if={"water_enrichment": "mixed"},
        ),
        Column(
            "atom_percent_water",
            "percent",
            0.25,
            100.0,
            "18O of the soil water during the incubation",
            19.56,
            isotope="18O",
            only_if={"water_enrichment": "measured"},
        ),
        *GROWTH_COLUMNS,
        NATURAL,
    )
    choices = (
        FORM,
        CONVERSION,
        Choice(
            "water_enrichment",
            "where the enrichment of the soil water comes from",
            {"mixed": "from the volumes and enrichments that were mixed", "measured": "given in the sheet"},
            "mixed",
        ),
    )
    quantities = QUANTITIES
    remarks = (
        "Liquid water added to dry soil wakes microbes: in dry soil growth and respiration are overestimated (Canarini "
        "et al. 2020); use oxygen_vapour there.",
    )

    def estimate(self, values: Mapping[str, Any], **choices: str) -> dict[str, Any]:
        """Growth from DNA, and CUE with the respiration."""
        v, chosen = self.filled(values), self.chosen(choices)
        return growth_from_dna(v, self._water(v, chosen), chosen)

    @staticmethod
    def _water(v: Mapping[str, Any], chosen: Mapping[str, str]) -> Any:
        """18O of the soil water, atom percent."""
        if chosen["water_enrichment"] == "measured":
            return v["atom_percent_water"]
        return mixed(v["atom_percent_water_added"], v["water_added"], v["natural_water"], v["soil_water"])

    def checks(self, samples: Samples) -> Iterator[Finding]:
        """Enrichment above the control, above detection, and no higher than that of the water."""
        water = self._water(self.filled(samples.values), samples.choices)
        yield from enrichment_findings(
            samples, "atom_percent_dna", "atom_percent_control", water, "soil water", MUCH_NEW_DNA
        )

    def reading(self, incubation: Incubation, **assumed: Any) -> Any:
        """G/(G + R), with growth as the new DNA that is left at the end; `assumed`: ``fdna``, ``oxygen_from_water``."""
        return dna_reading(self, incubation, assumed)


METHODS.register(OxygenLabel.name, OxygenLabel())
