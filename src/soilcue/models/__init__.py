"""Soil models: one file each, with its pools, fluxes and the parameter sets papers give it."""

from soilcue.core.network import Network
from soilcue.core.registry import Registry

MODELS: Registry[type[Network]] = Registry("model", "soilcue.models", "soilcue.models")
