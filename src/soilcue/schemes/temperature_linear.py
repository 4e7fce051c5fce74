"""CUE that falls with warmth along a straight line: what soil models with a responding CUE use."""

from collections.abc import Mapping
from typing import Any, ClassVar

from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.core.scheme import Evidence, Response, line_in_bounds, log_odds
from soilcue.schemes import SCHEMES

WARMTH = Evidence(
    "thick",
    "in short incubations respiration often rises more with warmth than growth does, so the CUE of populations falls",
    "at the scale of communities and ecosystems the response is less clear: taxa differ, communities adapt, warming "
    "changes substrate, nutrients and water",
)


class TemperatureLinear(Response):
    """CUE of the paper's line. The line's own CUE comes out in a model whose CUE at the reference is the paper's."""

    name = "temperature-linear"
    title = "linear in temperature"
    equation = "CUE = CUE_T + slope (T - T_ref), bent where it would leave 0.05 to 0.95"
    needs = ("temperature",)
    valid: ClassVar = {"temperature": (0.0, 35.0)}
    includes = ("growth respiration",)
    evidence = WARMTH
    monotone: ClassVar = {"temperature": -1}
    declared = (
        Parameter("cue", "1", 0.06, 0.94, "the paper's CUE at the reference temperature (CUE_T)"),
        Parameter("slope", "K-1", -0.05, 0.05, "change of CUE with temperature"),
        Parameter("reference_temperature", "degC", -10.0, 40.0, "temperature at which CUE is the model's reference"),
    )
    sets = (
        ParameterSet(
            "allison2010",
            ("allison2010",),
            "AWB: 0.31 at 20 degrees, falling by 0.016 per degree (0.63 at 0 degrees)",
            {"cue": (0.31, "1"), "slope": (-0.016, "K-1"), "reference_temperature": (20.0, "degC")},
        ),
        ParameterSet(
            "qiao2019",
            ("qiao2019",),
            "line through 780 observations of 98 sites: 0.475 at 20 degrees, falling by 0.016 per degree",
            {"cue": (0.475, "1"), "slope": (-0.016, "K-1"), "reference_temperature": (20.0, "degC")},
        ),
        ParameterSet(
            "millennial",
            ("devevre2000", "abramoff2022", "millennial_code"),
            "Millennial before fitting: 0.6 at 15 degrees, falling by 0.012 per degree; one rice soil",
            {"cue": (0.6, "1"), "slope": (-0.012, "K-1"), "reference_temperature": (15.0, "degC")},
        ),
        ParameterSet(
            "mend2022",
            ("mend_code",),
            "growth yield of MEND as shipped with its public code for one site: 0.201 at 20 degrees, falling by 0.0052 "
            "per degree",
            {"cue": (0.20109320, "1"), "slope": (-0.00520677, "K-1"), "reference_temperature": (20.0, "degC")},
        ),
    )

    def reference_point(self) -> dict[str, Any]:
        """The reference temperature."""
        return {"temperature": self.parameters["reference_temperature"]}

    def log_odds(self, feels: Mapping[str, Any]) -> Any:
        """Log odds of the line's CUE."""
        p = self.parameters
        return log_odds(line_in_bounds(p["cue"] + p["slope"] * (feels["temperature"] - p["reference_temperature"])))


SCHEMES.register(TemperatureLinear.name, TemperatureLinear)
