"""13C-labelled substrate, the label found in a pool that only living microbes have: PLFA, DNA or amino sugars.

The mass balance is that of fumigation-extraction; in place of kEC stands the carbon of biomass per carbon of the pool.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from soilcue.measure.columns import Column, Counted, Finding, Quantity, Samples
from soilcue.measure.incubation import Incubation
from soilcue.measure.method import Method, enrichment_findings, needed
from soilcue.measure.methods import METHODS
from soilcue.measure.methods.carbon_label import (
    CONTROL,
    RESPIRED_COLUMNS,
    SUBSTRATE_COLUMNS,
    CarbonLabel,
    respired_label,
    substrate_share,
)


class CarbonLabelPools(Method):
    """13C substrate, a microbial marker pool, and 13C-CO2."""

    name = "carbon_label_pools"
    title = "13C substrate, PLFA, DNA or amino sugars"
    level = "C"
    equation = (
        "biomass 13C = (pool carbon)(biomass carbon per pool carbon)(at%_pool - at%_control)/(at%_substrate - "
        "at%_unlabelled); CUE = biomass 13C/(biomass 13C + 13C in CO2)"
    )
    references = ("geyer2019", "appuhn2006")
    includes: ClassVar = {
        **CarbonLabel.includes,
        "mortality": Counted("with time", "as fast as the pool decays: PLFA in days, amino sugars hardly"),
    }
    columns = (
        Column("pool_carbon", "ug g-1", 0.0, 1e5, "carbon of the pool extracted", 6.0, positive=True),
        Column("atom_percent_pool", "percent", 0.9, 100.0, "13C of the pool, labelled soil", 1.40, isotope="13C"),
        Column(
            "atom_percent_pool_control",
            "percent",
            0.9,
            1.3,
            "13C of the pool, control",
            1.075,
            isotope="13C",
            mend="The control has natural abundance, near 1.08 atom %.",
        ),
        Column(
            "biomass_per_pool",
            "1",
            0.5,
            1e4,
            "carbon of biomass per carbon of the pool, one value for the study",
            60.0,
            systematic=True,
            mend="It stands where kEC does and moves the CUE as much: give the value the study used.",
        ),
        *SUBSTRATE_COLUMNS,
        *RESPIRED_COLUMNS,
    )
    choices = (CONTROL,)
    quantities = (
        Quantity("biomass_share", "1", "share of the pool that comes from the substrate"),
        Quantity("microbial_carbon", "ug g-1", "microbial biomass carbon"),
        Quantity("growth", "ug g-1", "substrate carbon in biomass"),
        Quantity("respiration", "ug g-1", "substrate carbon in CO2"),
        Quantity("uptake", "ug g-1", "both"),
    )
    series = "interval"
    remarks = ("Pools are taken to be labelled as biomass is; PLFA turn over faster, amino sugars outlive the cell.",)

    def estimate(self, values: Mapping[str, Any], **choices: str) -> dict[str, Any]:
        """Label in the pool, as biomass, and in CO2."""
        v, chosen = self.filled(values), self.chosen(choices)
        share = substrate_share(v, v["atom_percent_pool"], v["atom_percent_pool_control"], chosen)
        biomass = v["pool_carbon"] * v["biomass_per_pool"]
        kept, respired = share * biomass, respired_label(v)
        return {
            "cue": kept / (kept + respired),
            "biomass_share": share,
            "microbial_carbon": biomass,
            "growth": kept,
            "respiration": respired,
            "uptake": kept + respired,
        }

    def checks(self, samples: Samples) -> Iterator[Finding]:
        """Label in the pool and in CO2."""
        source = samples.values["atom_percent_substrate"]
        for name in ("atom_percent_pool", "atom_percent_co2"):
            yield from enrichment_findings(samples, name, f"{name}_control", source, "substrate")

    def reading(self, incubation: Incubation, **assumed: Any) -> Any:
        """Label in biomass over label in biomass and CO2, the pool taken for the biomass: reserves are not in it."""
        biomass, respired = needed(incubation, self, "label_biomass", "label_respired")
        if incubation.label_structure is not None:
            biomass = incubation.label_structure
        return biomass / (biomass + respired)


METHODS.register(CarbonLabelPools.name, CarbonLabelPools())
