"""CUE as a constant: what most soil models assume."""

from collections.abc import Mapping
from typing import Any

from soilcue.core.scheme import Evidence, Scheme
from soilcue.schemes import SCHEMES


class Constant(Scheme):
    """The model's reference CUE, whatever the microbe feels.

    In a model whose paper lets CUE respond (Millennial's to temperature) this takes the response away and keeps the
    value at the paper's reference conditions.
    """

    name = "constant"
    title = "constant at the model's reference value"
    equation = "CUE = CUE_ref"
    references = ("he2024",)
    evidence = Evidence(
        "thin",
        "an assumption of most models, for want of better",
        "CUE is seen to vary with temperature, moisture, nutrients, pH, substrate and community",
    )

    def __call__(self, cue: Any, feels: Mapping[str, Any]) -> Any:
        """The CUE unchanged."""
        return cue


SCHEMES.register(Constant.name, Constant)
