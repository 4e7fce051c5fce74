"""Metabolic models read, audited and turned into the carbon use efficiency of populations, CUE_P."""

from soilcue.genomes.ensembles import ensemble
from soilcue.genomes.genome import Genome, embedded_models, load
from soilcue.genomes.panel import Panel, examine_panel
from soilcue.genomes.reconstruction import reconstruct

__all__ = ["Genome", "Panel", "embedded_models", "ensemble", "examine_panel", "load", "reconstruct"]
