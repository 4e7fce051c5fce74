"""Metabolic models read, audited and turned into the carbon use efficiency of populations, CUE_P."""

from soilcue.genomes.genome import Genome, embedded_models, load

__all__ = ["Genome", "embedded_models", "load"]
