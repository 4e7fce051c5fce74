"""CUE moved up or down as a whole: to compare schemes at one mean CUE, and to ask what CUE does to soil carbon."""

from collections.abc import Mapping
from typing import Any

from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.core.scheme import Evidence, Scheme, shifted
from soilcue.schemes import SCHEMES


class Level(Scheme):
    """Multiplies growth : respiration by e^shift, everywhere alike."""

    name = "level"
    title = "moved up or down as a whole"
    equation = "CUE/(1 - CUE) = exp(shift) CUE_ref/(1 - CUE_ref)"
    references = ("he2024",)
    declared = (Parameter("shift", "1", -6.0, 6.0, "natural logarithm of the factor on growth : respiration"),)
    sets = (ParameterSet("none", ("he2024",), "no shift: the model's level", {"shift": (0.0, "1")}),)
    evidence = Evidence("thin", "no claim about nature: a knob for comparing schemes and for sensitivities")

    def __call__(self, cue: Any, feels: Mapping[str, Any]) -> Any:
        """The CUE moved."""
        return shifted(cue, self.parameters["shift"])


SCHEMES.register(Level.name, Level)
