"""CUE that falls with warmth, straight on the logit and therefore always within (0, 1)."""

from collections.abc import Mapping
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from soilcue.core.scheme import Scheme
from soilcue.schemes import SCHEMES


class TemperatureLogit(Scheme):
    """logit(CUE) falls linearly with temperature around a reference temperature.

    The default slope is the linear slope of Millennial (-0.012 per degree, from the incubations of one rice soil of
    Devevre and Horwath 2000) carried to the logit at CUE 0.5, where d logit/dT = slope / (0.5 * 0.5). One study of
    one soil: weak evidence for a globe.
    """

    slope: Any = -0.048
    reference_temperature: Any = 15.0

    name = "temperature-logit"
    title = "linear in temperature on the logit"
    equation = "logit(CUE) = logit(CUE_ref) + slope (T - T_ref)"
    references = ("devevre2000", "abramoff2022")
    needs = ("temperature",)
    units: ClassVar = {"slope": "K-1", "reference_temperature": "degC"}
    bounds: ClassVar = {"slope": (-0.3, 0.3), "reference_temperature": (-10.0, 40.0)}

    def __call__(self, cue: Any, feels: Mapping[str, Any]) -> Any:
        """The CUE at the temperature felt."""
        logit = jnp.log(cue) - jnp.log1p(-cue)
        return jax.nn.sigmoid(logit + self.slope * (feels["temperature"] - self.reference_temperature))


SCHEMES.register(TemperatureLogit.name, TemperatureLogit)
