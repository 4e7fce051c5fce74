"""Growth and respiration each rise with warmth by an Arrhenius law: CUE falls where respiration rises faster."""

from collections.abc import Mapping
from typing import Any, ClassVar

from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.core.scheme import Response
from soilcue.schemes import SCHEMES
from soilcue.schemes.temperature_linear import WARMTH

BOLTZMANN = 8.617333262e-5
"""eV K-1."""
ZERO_CELSIUS = 273.15


class TemperatureArrhenius(Response):
    """CUE = G / (G + R), both Arrhenius laws of the same temperature; the equation is arithmetic on the definition."""

    name = "temperature-arrhenius"
    title = "growth against respiration, both Arrhenius laws"
    equation = "CUE/(1 - CUE) = G/R, with G, R = X_ref exp(-E_X/k (1/T - 1/T_ref))"
    references = ("smith2021",)
    needs = ("temperature",)
    valid: ClassVar = {"temperature": (0.0, 35.0)}
    includes = ("growth respiration", "maintenance")
    evidence = WARMTH
    monotone: ClassVar = {"temperature": -1}
    declared = (
        Parameter("growth_energy", "eV", 0.1, 1.2, "activation energy of growth (E_G)"),
        Parameter("respiration_energy", "eV", 0.1, 1.2, "activation energy of respiration (E_R)"),
        Parameter("reference_temperature", "degC", -10.0, 40.0, "temperature at which CUE is the model's reference"),
    )
    sets = (
        ParameterSet(
            "metabolic",
            ("smith2021",),
            "respiration at the 0.65 eV of metabolic theory and growth a tenth of an electronvolt below: an example "
            "of a fall with warmth; taxa differ in size and sign",
            {
                "growth_energy": (0.55, "eV"),
                "respiration_energy": (0.65, "eV"),
                "reference_temperature": (20.0, "degC"),
            },
        ),
    )

    def reference_point(self) -> dict[str, Any]:
        """The reference temperature."""
        return {"temperature": self.parameters["reference_temperature"]}

    def log_odds(self, feels: Mapping[str, Any]) -> Any:
        """Logarithm of growth over respiration."""
        p = self.parameters
        surplus = p["growth_energy"] - p["respiration_energy"]
        return -surplus / (BOLTZMANN * (feels["temperature"] + ZERO_CELSIUS))


SCHEMES.register(TemperatureArrhenius.name, TemperatureArrhenius)
