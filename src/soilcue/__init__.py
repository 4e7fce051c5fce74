"""soilcue: soil microbial carbon use efficiency across scales, in one framework."""

import importlib

__version__ = "0.1.0"

_PUBLIC = {
    "model": "soilcue.soil_model",
    "SoilModel": "soilcue.soil_model",
    "cue": "soilcue.diagnosis",
    "flux_sums": "soilcue.diagnosis",
    "in_blocks": "soilcue.long_jobs",
    "list_models": "soilcue.inventory",
    "list_schemes": "soilcue.inventory",
    "list_methods": "soilcue.measure",
    "drivers": "soilcue.data",
    "list_datasets": "soilcue.data.catalogue",
    "bibliography": "soilcue.core.references",
    "InputError": "soilcue.core.errors",
}

_ROOMS = ("analyse", "genomes", "lab", "measure", "records", "study", "synthesis")
"""Rooms that are used by their own name: soilcue.synthesis.fit."""

__all__ = ["__version__", *_PUBLIC, *_ROOMS]


def __getattr__(name: str):
    """The public names, imported when first asked for: `soilcue --help` must not wait for JAX."""
    if name in _ROOMS:
        return importlib.import_module(f"soilcue.{name}")
    if name not in _PUBLIC:
        raise AttributeError(f"module 'soilcue' has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
