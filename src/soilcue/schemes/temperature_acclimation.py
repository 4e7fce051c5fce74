"""Thermal acclimation: a community that is slowly becoming one for the temperature it lives at now."""

from collections.abc import Mapping
from typing import Any, ClassVar

from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.core.scheme import Activity, Memory
from soilcue.schemes import SCHEMES
from soilcue.schemes.temperature_adaptation import TemperatureAdaptation
from soilcue.schemes.temperature_arrhenius import ZERO_CELSIUS

ACCLIMATED = "acclimated_temperature"


class TemperatureAcclimation(TemperatureAdaptation):
    """`temperature-adaptation`, with the temperature that the community is used to as a memory of its own.

    Under a temperature that lasts it gives what `temperature-adaptation` gives where that temperature is the long-term
    mean; after a warming CUE falls at once, and comes part of the way back with the lag.
    """

    name = "temperature-acclimation"
    title = "falling with temperature, to which the community acclimates with a lag"
    equation = (
        "logit(CUE) = logit(CUE_ref) + slope [(T - T_ref) - adapted (T_used - T_ref)], dT_used/dt = (T - T_used)/lag"
    )
    references = ("wieder2013", "allison2014", "frey2013")
    needs = ("temperature",)
    valid: ClassVar = {"temperature": (0.0, 35.0)}
    monotone: ClassVar = {"temperature": -1}
    remembers = (Memory(ACCLIMATED, "K", "temperature that the microbial community is used to"),)
    declared = (
        *TemperatureAdaptation.declared,
        Parameter("lag", "yr", 0.01, 100.0, "time in which two thirds of a change are acclimated to"),
    )
    sets = (
        ParameterSet(
            "decade",
            ("wieder2013", "frey2013"),
            "half adapted as in global simulations; a lag of 10 years is assumed: in a warmed forest soil the "
            "efficiency on a recalcitrant substrate was higher after almost two decades",
            {**TemperatureAdaptation.sets[0].values, "lag": (10.0, "yr")},
        ),
    )

    def reference_point(self) -> dict[str, Any]:
        """The reference temperature, now and in what the community is used to."""
        reference = self.parameters["reference_temperature"]
        return {"temperature": reference, ACCLIMATED: reference + ZERO_CELSIUS}

    def at_rest(self, feels: Mapping[str, Any]) -> dict[str, Any]:
        """The temperature of now."""
        return {ACCLIMATED: feels["temperature"] + ZERO_CELSIUS}

    def renewal(self, feels: Mapping[str, Any], activity: Activity) -> dict[str, Any]:
        """The same at any temperature."""
        return {ACCLIMATED: 1 / (365.0 * self.parameters["lag"])}

    def log_odds(self, feels: Mapping[str, Any]) -> Any:
        """Slope times the temperature that is not acclimated to."""
        return super().log_odds({**feels, "historic_temperature": feels[ACCLIMATED] - ZERO_CELSIUS})


SCHEMES.register(TemperatureAcclimation.name, TemperatureAcclimation)
