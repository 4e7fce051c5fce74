"""Growth by Ratkowsky's square root, with a lowest and a highest temperature; respiration by Arrhenius."""

from collections.abc import Mapping
from typing import Any, ClassVar

import jax.numpy as jnp

from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.core.scheme import Evidence, Response
from soilcue.schemes import SCHEMES
from soilcue.schemes.temperature_arrhenius import BOLTZMANN, ZERO_CELSIUS


class TemperatureRatkowsky(Response):
    """The square root of growth rises in a line with temperature and collapses near its highest; respiration goes on.

    Within a degree of the lowest and the highest temperature, and beyond, the logarithm of growth goes on in a line
    of the same slope instead of falling without end, so that CUE stays above zero.
    """

    name = "temperature-ratkowsky"
    title = "growth by Ratkowsky's square root against Arrhenius respiration"
    equation = "CUE/(1 - CUE) = G/R, with sqrt(G) = b (T - T_min)(1 - exp(c (T - T_max))), R = exp(-E_R/(k T))"
    references = ("ratkowsky1983", "pietikainen2005")
    needs = ("temperature",)
    valid: ClassVar = {"temperature": (0.0, 40.0)}
    includes = ("growth respiration", "maintenance")
    evidence = Evidence(
        "thick",
        "growth of soil bacteria and fungi follows a square root up to some 30 degrees and declines above, where "
        "respiration goes on rising",
        "T_min and T_max shift as communities adapt",
    )
    declared = (
        Parameter("lowest", "degC", -20.0, 5.0, "temperature at which growth ends in the cold (T_min)"),
        Parameter("highest", "degC", 35.0, 60.0, "temperature at which growth ends in the heat (T_max)"),
        Parameter("collapse", "K-1", 0.05, 1.0, "how suddenly growth ends in the heat (c)"),
        Parameter("respiration_energy", "eV", 0.1, 1.2, "activation energy of respiration (E_R)"),
        Parameter("reference_temperature", "degC", 0.0, 35.0, "temperature at which CUE is the model's reference"),
    )
    sets = (
        ParameterSet(
            "brangari2025",
            ("brangari2025",),
            "medians of European topsoils: the fits to bacterial growth of 72 of them in the public table of Brangarí "
            "and Rousk (2025), of which the optimum is 32.6 degrees; respiration by own Arrhenius lines through the 0 "
            "to 40 degrees of 76",
            {
                "lowest": (-9.0, "degC"),
                "highest": (47.1, "degC"),
                "collapse": (0.126, "K-1"),
                "respiration_energy": (0.84, "eV"),
                "reference_temperature": (20.0, "degC"),
            },
        ),
    )

    def reference_point(self) -> dict[str, Any]:
        """The reference temperature."""
        return {"temperature": self.parameters["reference_temperature"]}

    def log_odds(self, feels: Mapping[str, Any]) -> Any:
        """Logarithm of growth over respiration, up to a constant."""
        p, temperature = self.parameters, feels["temperature"]
        below_highest = p["highest"] - temperature
        # 1 - exp(-c x) is c x near the highest temperature: the line of its logarithm is the one of the last degree
        held = jnp.maximum(below_highest, 1.0)
        heat = jnp.log(-jnp.expm1(-p["collapse"] * held))
        slope = p["collapse"] / jnp.expm1(p["collapse"])
        growth = 2 * (_log_from_one(temperature - p["lowest"]) + heat + slope * (below_highest - held))
        # the absolute zero is far outside of the limits of temperature
        return growth + p["respiration_energy"] / (BOLTZMANN * (temperature + ZERO_CELSIUS))


def _log_from_one(value: Any) -> Any:
    """ln(x) for x >= 1, and its tangent x - 1 below."""
    held = jnp.maximum(value, 1.0)
    return jnp.log(held) + (value - held)


SCHEMES.register(TemperatureRatkowsky.name, TemperatureRatkowsky)
