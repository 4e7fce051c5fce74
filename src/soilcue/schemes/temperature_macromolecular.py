"""Macromolecular rate theory: growth and respiration have optima because their enzymes change heat capacity."""

from collections.abc import Mapping
from typing import Any, ClassVar

import jax.numpy as jnp

from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.core.scheme import Evidence, Response
from soilcue.schemes import SCHEMES

GAS_CONSTANT = 8.314462618
"""J mol-1 K-1."""
BOLTZMANN_OVER_PLANCK = 1.380649e-23 / 6.62607015e-34
"""K-1 s-1."""
ZERO_CELSIUS = 273.15
REFERENCE = 298.15
"""Temperature T0 at which the enthalpies and entropies are given, K."""


def log_rate(kelvin: Any, enthalpy: Any, entropy: Any, heat_capacity: Any, reference: Any = REFERENCE) -> Any:
    """Logarithm of a rate (s-1) by macromolecular rate theory.

    Parameters
    ----------
    kelvin : array
        Temperature, K.
    enthalpy, entropy, heat_capacity : array
        Of activation at the reference temperature, J mol-1, J mol-1 K-1, J mol-1 K-1 (negative).
    reference : float
        K.
    """
    warming = kelvin - reference
    return (
        jnp.log(BOLTZMANN_OVER_PLANCK * kelvin)
        - (enthalpy + heat_capacity * warming) / (GAS_CONSTANT * kelvin)
        + (entropy + heat_capacity * jnp.log(kelvin / reference)) / GAS_CONSTANT
    )


def optimum(enthalpy: Any, heat_capacity: Any, reference: Any = REFERENCE) -> Any:
    """Temperature of the largest rate, K."""
    return (enthalpy - heat_capacity * reference) / (-heat_capacity - GAS_CONSTANT)


class TemperatureMacromolecular(Response):
    """CUE = G / (G + R) with both rates by macromolecular rate theory: growth has the lower optimum."""

    name = "temperature-macromolecular"
    title = "growth against respiration, both by macromolecular rate theory"
    equation = (
        "CUE/(1 - CUE) = G/R, with ln G, R = ln(k_B T/h) - (dH + dC (T - T0))/(R T) + (dS + dC ln(T/T0))/R; dS cancels"
    )
    references = ("hobbs2013",)
    needs = ("temperature",)
    valid: ClassVar = {"temperature": (0.0, 40.0)}
    includes = ("growth respiration", "maintenance")
    evidence = Evidence(
        "thin",
        "rates of soil microbes have optima that a heat capacity of activation describes",
        "whether growth and respiration of communities differ in it is hardly measured",
    )
    declared = (
        Parameter("growth_enthalpy", "J mol-1", 1e4, 1.2e5, "enthalpy of activation of growth at 25 degrees"),
        Parameter("growth_heat_capacity", "J mol-1 K-1", -5000.0, -100.0, "heat capacity of activation of growth"),
        Parameter("respiration_enthalpy", "J mol-1", 1e4, 1.2e5, "enthalpy of activation of respiration at 25 degrees"),
        Parameter(
            "respiration_heat_capacity", "J mol-1 K-1", -5000.0, -100.0, "heat capacity of activation of respiration"
        ),
        Parameter("reference_temperature", "degC", -10.0, 40.0, "temperature at which CUE is the model's reference"),
    )
    sets = (
        ParameterSet(
            "example",
            ("hobbs2013",),
            "an example, fitted to no soil, in the range of published heat capacities (-1 to -12 kJ mol-1 K-1: from "
            "memory); growth peaks below respiration, so CUE falls ever faster with warmth",
            {
                "growth_enthalpy": (5e4, "J mol-1"),
                "growth_heat_capacity": (-2000.0, "J mol-1 K-1"),
                "respiration_enthalpy": (5.5e4, "J mol-1"),
                "respiration_heat_capacity": (-1500.0, "J mol-1 K-1"),
                "reference_temperature": (20.0, "degC"),
            },
        ),
    )

    def reference_point(self) -> dict[str, Any]:
        """The reference temperature."""
        return {"temperature": self.parameters["reference_temperature"]}

    def log_odds(self, feels: Mapping[str, Any]) -> Any:
        """Logarithm of growth over respiration, up to the entropies, which do not change with temperature."""
        p, kelvin = self.parameters, feels["temperature"] + ZERO_CELSIUS
        growth = log_rate(kelvin, p["growth_enthalpy"], 0.0, p["growth_heat_capacity"])
        return growth - log_rate(kelvin, p["respiration_enthalpy"], 0.0, p["respiration_heat_capacity"])


SCHEMES.register(TemperatureMacromolecular.name, TemperatureMacromolecular)
