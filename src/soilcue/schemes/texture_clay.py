"""Texture: CUE of glucose rises with clay, which holds substrate back from the cells."""

from collections.abc import Mapping
from typing import Any, ClassVar

from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.core.scheme import Evidence, Response
from soilcue.schemes import SCHEMES


class TextureClay(Response):
    """logit(CUE) rises in a line with the share of clay."""

    name = "texture-clay"
    title = "rising with clay"
    equation = "logit(CUE) = logit(CUE_ref) + slope (clay - clay_ref)"
    references = ("islam2023",)
    needs = ("clay",)
    valid: ClassVar = {"clay": (0.03, 0.4)}
    includes = ("growth respiration",)
    evidence = Evidence(
        "thin",
        "a meta-analysis finds CUE of glucose to rise with clay; little else is known of texture",
        "970 Australian soils show no relation to clay (Jones et al. 2019); in the 65 values of 21 studies that the "
        "slope is from, it is one standard error from zero",
    )
    monotone: ClassVar = {"clay": 1}
    declared = (
        Parameter("slope", "1", -10.0, 10.0, "change of logit CUE from no clay to clay alone"),
        Parameter("reference_clay", "1", 0.0, 0.9, "share of clay at which CUE is the model's reference"),
    )
    sets = (
        ParameterSet(
            "glucose",
            ("hu2024",),
            "own regression of logit 13C-glucose CUE on clay, with the logarithm of time and a random effect of the "
            "study: 1.3 +- 1.3 (65 values of 21 studies in the public table of Hu et al.)",
            {"slope": (1.3, "1"), "reference_clay": (0.2, "1")},
        ),
    )

    def reference_point(self) -> dict[str, Any]:
        """The reference clay."""
        return {"clay": self.parameters["reference_clay"]}

    def log_odds(self, feels: Mapping[str, Any]) -> Any:
        """Slope times clay."""
        return self.parameters["slope"] * feels["clay"]


SCHEMES.register(TextureClay.name, TextureClay)
