"""What follows from models: how soil carbon responds to CUE."""

from soilcue.analyse.response import (
    correlation_parts,
    experiment,
    experiments,
    feedable_schemes,
    half_time,
    level_of,
    response_of,
    response_table,
)

__all__ = [
    "correlation_parts",
    "experiment",
    "experiments",
    "feedable_schemes",
    "half_time",
    "level_of",
    "response_of",
    "response_table",
]
