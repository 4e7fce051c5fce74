"""A U-shape over pH with its lowest CUE at 6.4: an alternative to the drop with acidity, and contested."""

from collections.abc import Mapping
from typing import Any, ClassVar

import jax.numpy as jnp

from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.core.scheme import Evidence, Response, line_in_bounds, log_odds
from soilcue.schemes import SCHEMES


class PhUShape(Response):
    """CUE rises with the square of the distance from a pH, on either side of it at a pace of its own.

    The paper's coefficients are not public. These two reproduce, by least squares of logarithms, the three changes its
    abstract gives: -40 percent from pH 4.5 to 7.3 (here -40), +16 from 5.5 to 8.6 (here +20), +24 from 6.5 to 7.8 (here
    +13).
    """

    name = "ph-u-shape"
    title = "U-shape over pH, lowest at 6.4 (contested)"
    equation = "CUE = CUE_lowest exp(k (pH - pH_lowest)^2), k by side, bent where it would leave 0.05 to 0.95"
    references = ("schroeder2024",)
    needs = ("pH",)
    valid: ClassVar = {"pH": (4.5, 8.6)}
    includes = ("growth respiration", "maintenance")
    evidence = Evidence(
        "thin",
        "one study of liming with a threshold at pH 6.4",
        "He et al. (2024) call its calculations complex and in need of refinement; 970 other soils show a drop below "
        "pH 5.5 (`ph-acidity`)",
    )
    declared = (
        Parameter("lowest", "1", 0.06, 0.6, "lowest CUE (CUE_lowest)"),
        Parameter("ph_lowest", "1", 5.0, 8.0, "pH of the lowest CUE"),
        Parameter("acid_rise", "1", 0.0, 1.0, "rise of ln CUE with the squared distance in more acid soil"),
        Parameter("alkaline_rise", "1", 0.0, 1.0, "the same in more alkaline soil"),
    )
    sets = (
        ParameterSet(
            "schroeder2024",
            ("schroeder2024",),
            "minimum at pH 6.4; rises fitted to the changes in the abstract; the lowest CUE is an assumption",
            {
                "lowest": (0.3, "1"),
                "ph_lowest": (6.4, "1"),
                "acid_rise": (0.158, "1"),
                "alkaline_rise": (0.065, "1"),
            },
        ),
    )

    def reference_point(self) -> dict[str, Any]:
        """The pH of the lowest CUE."""
        return {"pH": self.parameters["ph_lowest"]}

    def log_odds(self, feels: Mapping[str, Any]) -> Any:
        """Log odds of the CUE at this pH."""
        p = self.parameters
        away = feels["pH"] - p["ph_lowest"]
        rise = jnp.where(away < 0, p["acid_rise"], p["alkaline_rise"])
        return log_odds(line_in_bounds(p["lowest"] * jnp.exp(rise * away**2)))


SCHEMES.register(PhUShape.name, PhUShape)
