"""What truly happened during an incubation: what a method's reading operator looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CARBON_MASS = 12.011
"""g mol-1."""


@dataclass(frozen=True)
class Incubation:
    """Carbon fluxes summed over an incubation, and the labelled pools at its end.

    Every field is a number or an array (any shape, broadcast against each other) of carbon per mass of soil in one
    unit, unless it says otherwise. Arithmetic on the fields is all that reading operators do, so they are
    differentiable and run under NumPy and `jax.numpy` alike. A pool that an incubation does not hold stays None, and a
    method that needs it says so.
    """

    uptake: Any
    """U, all carbon taken up, native and added."""
    growth_respiration: Any
    """RG, respired to build biomass."""
    maintenance: Any
    """RM, respired without growth."""
    overflow: Any
    """OV, respired because something else than carbon is short."""
    exudation: Any
    """EX, enzymes, extracellular polymers and metabolites released."""
    mortality: Any
    """MD, biomass that died."""
    biomass_start: Any = None
    biomass_end: Any = None
    label_added: Any = None
    """Labelled substrate added (amount of its carbon)."""
    label_uptake: Any = None
    """Of that, taken up by microbes, reuse of recycled label left out."""
    label_biomass: Any = None
    """Label in living biomass at the end."""
    label_structure: Any = None
    """The same as membranes, DNA or cell walls tell it: their label per carbon, times all biomass."""
    label_respired: Any = None
    """Label respired since the start."""
    label_dissolved: Any = None
    """Label left of the added substrate at the end, as an extract of the soil shows it."""
    dna_made: Any = None
    """DNA made since the start and still extractable at the end, as the carbon of the biomass it was made with."""
    dna_made_vapour: Any = None
    """The same as labelled vapour tells it: each moment's DNA by the enrichment of the water then, over its mean."""
    oxygen: Any = None
    """Oxygen used, mol where carbon is in gram (umol where it is in microgram)."""
    heat: Any = None
    """Heat released, kJ where carbon is in gram (mJ where it is in microgram)."""
    time: Any = None
    """Length of the incubation, h."""
    kec: Any = 1.0
    """True extraction efficiency of the biomass the label is in."""
    fdna: Any = 1.0
    """True carbon of biomass made per DNA made, g g-1."""
    oxygen_from_water: Any = 1.0
    """True share of the oxygen in new DNA that came from water."""
    substrate_reduction: Any = 4.0
    """True degree of reduction of the substrate, electrons per carbon: that of carbohydrate."""
    biomass_reduction: Any = 4.2
    """True degree of reduction of biomass."""
    oxycaloric: Any = 469.0
    """True heat per oxygen used, kJ mol-1: that of carbohydrate (Chakrawal et al. 2020)."""

    @property
    def respiration(self):
        """R = RG + RM + OV."""
        return self.growth_respiration + self.maintenance + self.overflow

    @property
    def growth(self):
        """G, gross growth: what is taken up and neither respired at once nor exuded, U - EX - OV - RG."""
        return self.uptake - self.exudation - self.overflow - self.growth_respiration

    @property
    def oxygen_used(self):
        """Oxygen used; where nothing is said of it, that of a budget: all food is the substrate, all else is biomass.

        A balance of electrons: what is taken up brings some, what is kept or exuded holds some, oxygen takes the rest.
        """
        if self.oxygen is not None:
            return self.oxygen
        kept = self.uptake - self.respiration
        return (self.substrate_reduction * self.uptake - self.biomass_reduction * kept) / 4 / CARBON_MASS

    @property
    def heat_released(self):
        """Heat released; where nothing is said of it, that of the oxygen used."""
        return self.oxycaloric * self.oxygen_used if self.heat is None else self.heat
