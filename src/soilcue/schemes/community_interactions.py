"""Biotic interactions: antagonists cost secondary metabolites, facilitators spare enzymes."""

from collections.abc import Mapping
from typing import Any, ClassVar

import jax.numpy as jnp

from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.core.scheme import Evidence, Response
from soilcue.schemes import SCHEMES


class CommunityInteractions(Response):
    """Growth pays for antagonism and gains what facilitation spares; respiration stays."""

    name = "community-interactions"
    title = "cost of competition, gain of facilitation"
    equation = "CUE/(1 - CUE) = CUE_ref/(1 - CUE_ref) (1 - metabolites x antagonism) / (1 - enzymes x facilitation)"
    references = ("he2024",)
    needs = ("antagonism", "facilitation")
    valid: ClassVar = {"antagonism": (0.0, 1.0), "facilitation": (0.0, 1.0)}
    includes = ("exudation",)
    evidence = Evidence(
        "thin",
        "competing microbes release metabolites and their CUE falls; facilitation spares enzymes and widens niches",
        "sizes are known for few pairs of species, and predation acts either way",
    )
    monotone: ClassVar = {"antagonism": -1, "facilitation": 1}
    declared = (
        Parameter(
            "metabolites", "1", 0.0, 0.9, "share of growth spent on metabolites if every encounter is antagonistic"
        ),
        Parameter("enzymes", "1", 0.0, 0.9, "share of growth spared if others make every enzyme"),
    )
    sets = (
        ParameterSet(
            "assumed",
            ("he2024",),
            "a fifth of growth for either: an assumption",
            {"metabolites": (0.2, "1"), "enzymes": (0.2, "1")},
        ),
    )

    def reference_point(self) -> dict[str, Any]:
        """Microbes that keep out of each other's way."""
        return {"antagonism": 0.0, "facilitation": 0.0}

    def log_odds(self, feels: Mapping[str, Any]) -> Any:
        """What growth keeps, over what it would have without others."""
        p = self.parameters
        spent, spared = p["metabolites"] * feels["antagonism"], p["enzymes"] * feels["facilitation"]
        return jnp.log1p(-spent) - jnp.log1p(-spared)


SCHEMES.register(CommunityInteractions.name, CommunityInteractions)
