"""Growth of single taxa by 18O quantitative stable isotope probing, summed up to the CUE of the community.

DNA of each taxon shifts in density by the 18O it holds. The shift gives the share of its DNA that is new, that a growth
rate, and rates weighted by the taxa's share of biomass give the growth of the community.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

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
from soilcue.measure.method import Method, array_module, respired_without_carbonate
from soilcue.measure.methods import METHODS
from soilcue.measure.methods.oxygen_label import INCLUDES, NATURAL, dna_reading

HEAVIEST = 12.07747
"""Mass a nucleotide gains when all its oxygen is 18O, g mol-1 (Hungate et al. 2015, as in the qsip code)."""


def unlabelled_weight(density: Any) -> Any:
    """Molecular weight of a taxon's unlabelled nucleotides, g mol-1, from its buoyant density (Hungate et al. 2015)."""
    gc = (density - 1.646057) / 0.083506
    return 0.496 * gc + 307.691


def new_share(v: Mapping[str, Any]) -> Any:
    """Share of each taxon's DNA made since the label was added.

    The DNA made is as rich in 18O as the water is, times the share of oxygen that DNA takes from water (Koch et al.
    2018 for the latter).
    """
    light = unlabelled_weight(v["density_unlabelled"])
    heavier = light * (v["density_labelled"] / v["density_unlabelled"] - 1)
    water = v["atom_percent_water"] - v["natural_water"]
    return heavier / (HEAVIEST * v["oxygen_from_water"][..., None] * water[..., None] / 100)


class OxygenTaxa(Method):
    """18O-qSIP: growth of taxa, and CUE of the community they form."""

    name = "oxygen_taxa"
    title = "18O-qSIP, taxa to community"
    level = "C"
    equation = (
        "new share of a taxon's DNA = mass gained/(12.07747 (share of O from water) (18O of water)); rate = "
        "-ln(1 - new share)/time; growth = microbial carbon times the mean rate weighted by abundance; "
        "CUE = growth/(growth + respiration)"
    )
    references = ("hungate2015", "koch2018")
    includes: ClassVar[Mapping[str, Counted]] = {
        **INCLUDES,
        "mortality": Counted("no", "rates are gross; taxa that died out are not seen"),
    }
    columns = (
        Column("abundance", "1", 0.0, 1e15, "abundance of the taxon, of any kind", 0.3, series=True),
        Column("density_unlabelled", "g mL-1", 1.6, 1.8, "weighted mean density without label", 1.700, series=True),
        Column("density_labelled", "g mL-1", 1.6, 1.85, "weighted mean density with label", 1.706, series=True),
        Column("atom_percent_water", "percent", 0.25, 100.0, "18O of the soil water", 60.0, isotope="18O"),
        Column("time", "h", 0.0, 1e5, "length of the incubation with label", 168.0, positive=True),
        Column("microbial_carbon", "ug g-1", 0.0, 1e5, "microbial biomass carbon", 300.0, positive=True),
        RESPIRATION_RATE,
        CARBONATE_SHARE,
        Column(
            "oxygen_from_water",
            "1",
            0.05,
            1.0,
            "share of the oxygen in new DNA that comes from water",
            0.6,
            required=False,
            default=0.6,
            source="the usual value of population models by qSIP (Koch et al. 2018)",
            systematic=True,
        ),
        NATURAL,
    )
    choices = (
        Choice(
            "growth_model",
            "how the new share of DNA becomes a rate",
            {"exponential": "-ln(1 - new share)/time", "linear": "new share/time"},
            "exponential",
        ),
    )
    quantities = (
        Quantity("new_dna", "1", "share of the community's DNA made since"),
        Quantity("growth_rate", "d-1", "growth per microbial carbon"),
        Quantity("growth", "ug g-1 h-1", "growth in carbon"),
        Quantity("respiration", "ug g-1 h-1", "respiration, without CO2 from carbonate"),
        Quantity("uptake", "ug g-1 h-1", "growth and respiration"),
    )
    series = "taxon"
    remarks = (
        "Taxa are taken to hold biomass in proportion to abundance, and what is not sequenced to grow as what is.",
    )

    def estimate(self, values: Mapping[str, Any], **choices: str) -> dict[str, Any]:
        """Growth of taxa, weighted by abundance, and CUE with the respiration."""
        v, chosen = self.filled(values), self.chosen(choices)
        xp = array_module(v)
        v = {**v, **{name: xp.asarray(v[name]) for name in ("oxygen_from_water", "atom_percent_water")}}
        weight = v["abundance"] * v.get("present", 1.0)
        weight = weight / xp.sum(weight, axis=-1)[..., None]
        share = new_share(v)
        rate = (-xp.log1p(-share) if chosen["growth_model"] == "exponential" else share) / xp.asarray(v["time"])[
            ..., None
        ]
        per_hour = xp.sum(weight * rate, axis=-1)
        growth = v["microbial_carbon"] * per_hour
        respiration = respired_without_carbonate(v, "respiration")
        return {
            "cue": growth / (growth + respiration),
            "new_dna": xp.sum(weight * share, axis=-1),
            "growth_rate": 24 * per_hour,
            "growth": growth,
            "respiration": respiration,
            "uptake": growth + respiration,
        }

    def checks(self, samples: Samples) -> Iterator[Finding]:
        """Densities that can be."""
        share = new_share({**self.filled(samples.values)})
        yield Finding(
            share >= 1,
            "density_labelled",
            "a shift in density beyond what fully new DNA would have",
            "less than fully labelled",
            "Check the enrichment of the water and oxygen_from_water.",
        )
        yield Finding(
            share < 0,
            "density_labelled",
            "a density below that without label: a negative growth rate",
            "at least density_unlabelled",
            "Scatter of a taxon that does not grow, or a shift between gradients: correct densities first.",
            refuse=False,
        )

    def reading(self, incubation: Incubation, **assumed: Any) -> Any:
        """G/(G + R), with growth as the new DNA that is left at the end; `assumed`: ``oxygen_from_water``."""
        return dna_reading(self, incubation, assumed)


METHODS.register(OxygenTaxa.name, OxygenTaxa())
