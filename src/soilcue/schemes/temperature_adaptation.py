"""Thermal adaptation: a community whose CUE is set for the temperature it lives at in the long run."""

from collections.abc import Mapping
from typing import Any, ClassVar

from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.core.scheme import Evidence, Response
from soilcue.schemes import SCHEMES

ADAPTATION = Evidence(
    "thin",
    "after years of warming the temperature sensitivity of community CUE is lower: other taxa, other physiology",
    "by how much, how fast and in which soils is open",
)


class TemperatureAdaptation(Response):
    """logit(CUE) falls with warmth; a share of the long-term mean's distance from the reference is adapted away.

    Without adaptation this is `temperature-logit`; with full adaptation only the season and the weather matter.
    """

    name = "temperature-adaptation"
    title = "falling with temperature, adapted to the long-term mean"
    equation = "logit(CUE) = logit(CUE_ref) + slope [(T - T_ref) - adapted (T_historic - T_ref)]"
    references: ClassVar[tuple[str, ...]] = ("wieder2013", "allison2014")
    needs: ClassVar[tuple[str, ...]] = ("temperature", "historic_temperature")
    valid: ClassVar = {"temperature": (0.0, 35.0), "historic_temperature": (-10.0, 30.0)}
    includes = ("growth respiration",)
    evidence = ADAPTATION
    monotone: ClassVar = {"temperature": -1, "historic_temperature": 1}
    declared: ClassVar[tuple[Parameter, ...]] = (
        Parameter("slope", "K-1", -0.15, 0.15, "change of logit CUE with temperature"),
        Parameter("adapted", "1", 0.0, 1.0, "share of a lasting change of temperature that is adapted to"),
        Parameter("reference_temperature", "degC", -10.0, 40.0, "temperature at which CUE is the model's reference"),
    )
    sets = (
        ParameterSet(
            "half",
            ("wieder2013",),
            "half adapted: halves the slope of lasting change, as the -0.008 instead of -0.016 per degree used in "
            "global simulations with acclimated microbes (from memory); -0.016 per degree at CUE 0.5",
            {"slope": (-0.064, "K-1"), "adapted": (0.5, "1"), "reference_temperature": (15.0, "degC")},
        ),
    )

    def reference_point(self) -> dict[str, Any]:
        """The reference temperature, now and in the long run."""
        return dict.fromkeys(self.needs, self.parameters["reference_temperature"])

    def log_odds(self, feels: Mapping[str, Any]) -> Any:
        """Slope times the temperature that is not adapted to."""
        p = self.parameters
        return p["slope"] * (feels["temperature"] - p["adapted"] * feels["historic_temperature"])


SCHEMES.register(TemperatureAdaptation.name, TemperatureAdaptation)
