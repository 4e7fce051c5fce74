"""The methods: one file each, with its columns, its estimator and its reading of a budget."""

from soilcue.core.registry import Registry
from soilcue.measure.method import Method

METHODS: Registry[Method] = Registry("method", "soilcue.measure.methods", "soilcue.methods")
