"""How CUE behaves: one file a scheme."""

from soilcue.core.registry import Registry
from soilcue.core.scheme import Scheme

SCHEMES: Registry[type[Scheme]] = Registry("scheme", "soilcue.schemes", "soilcue.schemes")
