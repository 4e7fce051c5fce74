"""Acidity: below a pH of 5.5 aluminium dissolves, and carbon goes into withstanding it."""

from collections.abc import Mapping
from typing import Any, ClassVar

import jax.numpy as jnp

from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.core.scheme import Evidence, Response, log_odds
from soilcue.schemes import SCHEMES


class PhAcidity(Response):
    """A drop with acidity, as sharp as the solubility of aluminium hydroxide: a thousandfold per unit of pH."""

    name = "ph-acidity"
    title = "sharp drop with acidity, as aluminium dissolves"
    equation = "CUE = CUE_neutral [s + (1 - s)/(1 + 10^(3 (pH_half - pH)))]"
    references = ("jones2019",)
    needs = ("pH",)
    valid: ClassVar = {"pH": (4.0, 8.5)}
    includes = ("growth respiration", "maintenance")
    evidence = Evidence(
        "thick",
        "14C-CUE of 970 soils fell below pH 5.5, exactly where exchangeable aluminium appears; community composition "
        "shifts with pH",
        "other data sets show CUE falling with pH, or a U-shape (`ph-u-shape`)",
    )
    monotone: ClassVar = {"pH": 1}
    declared = (
        Parameter("neutral", "1", 0.05, 0.9, "CUE in soil without dissolved aluminium (CUE_neutral)"),
        Parameter("acid_share", "1", 0.1, 1.0, "share of it that is left in the most acid soil (s)"),
        Parameter("half", "1", 3.5, 6.5, "pH at which half of the drop is passed (pH_half)"),
        Parameter("reference", "1", 5.5, 9.0, "pH at which CUE is the model's reference"),
    )
    sets = (
        ParameterSet(
            "jones2019",
            ("jones2019",),
            "mean CUE 0.65, drop that begins at pH 5.5 (3 percent of it are passed there); the share left in acid soil "
            "is an assumption",
            {"neutral": (0.65, "1"), "acid_share": (0.75, "1"), "half": (5.0, "1"), "reference": (7.0, "1")},
        ),
    )

    def reference_point(self) -> dict[str, Any]:
        """The reference pH."""
        return {"pH": self.parameters["reference"]}

    def log_odds(self, feels: Mapping[str, Any]) -> Any:
        """Log odds of the CUE at this pH."""
        p = self.parameters
        free = 1 / (1 + jnp.exp(3 * jnp.log(10.0) * (p["half"] - feels["pH"])))
        return log_odds(p["neutral"] * (p["acid_share"] + (1 - p["acid_share"]) * free))


SCHEMES.register(PhAcidity.name, PhAcidity)
