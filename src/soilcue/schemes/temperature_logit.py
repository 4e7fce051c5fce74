"""CUE that falls with warmth, straight on the logit and therefore always within (0, 1)."""

from collections.abc import Mapping
from typing import Any, ClassVar

from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.core.scheme import Response
from soilcue.schemes import SCHEMES
from soilcue.schemes.temperature_linear import WARMTH


class TemperatureLogit(Response):
    """Growth : respiration changes by the same factor with every degree.

    The default slope is the linear slope of Millennial (-0.012 per degree, from the incubations of one rice soil of
    Devevre and Horwath 2000) carried to the logit at CUE 0.5, where d logit/dT = slope / (0.5 * 0.5). One study of
    one soil: weak evidence for a globe.
    """

    name = "temperature-logit"
    title = "linear in temperature on the logit"
    equation = "logit(CUE) = logit(CUE_ref) + slope (T - T_ref)"
    needs = ("temperature",)
    valid: ClassVar = {"temperature": (5.0, 25.0)}
    includes = ("growth respiration",)
    evidence = WARMTH
    monotone: ClassVar = {"temperature": -1}
    declared = (
        Parameter("slope", "K-1", -0.15, 0.15, "change of logit CUE with temperature"),
        Parameter("reference_temperature", "degC", -10.0, 40.0, "temperature at which CUE is the model's reference"),
    )
    sets = (
        ParameterSet(
            "millennial",
            ("devevre2000", "abramoff2022"),
            "slope of Millennial's line carried to the logit at CUE 0.5",
            {"slope": (-0.048, "K-1"), "reference_temperature": (15.0, "degC")},
        ),
    )

    def reference_point(self) -> dict[str, Any]:
        """The reference temperature."""
        return {"temperature": self.parameters["reference_temperature"]}

    def log_odds(self, feels: Mapping[str, Any]) -> Any:
        """Slope times temperature."""
        return self.parameters["slope"] * feels["temperature"]


SCHEMES.register(TemperatureLogit.name, TemperatureLogit)
