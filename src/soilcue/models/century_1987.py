"""CENTURY of Parton et al. (1987): the seven pools without surface organic matter, in two published forms.

`parton1987` is the model as the R package SoilR gives it (Sierra et al. 2012): rates per week, clay and silt together,
and the responses to climate that SoilR offers with it. `orchidee-classic` is the form in the land surface model
ORCHIDEE: residence times in years, clay alone, and the responses to climate that ORCHIDEE-CN-P kept (`century`). All
else is inherited from `century`, which differs by its surface pool. gC m-2 and days.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import jax.numpy as jnp

from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.models import MODELS
from soilcue.models.century import Century

_SHARED: dict[str, tuple[Any, str]] = {
    "metabolic_intercept": (0.85, "1"),
    "metabolic_slope": (0.018, "1"),
    "lignin_response": (-3.0, "1"),
    "active_clay": (0.75, "1"),
    "metabolic_efficiency": ((0.45, 0.45), "1"),
    "structural_efficiency": ((0.55, 0.45), "1"),
    "lignin_efficiency": (0.70, "1"),
    "active_respired": (0.85, "1"),
    "active_respired_clay": (0.68, "1"),
    "active_to_passive": (0.004, "1"),
    "active_to_passive_clay": (0.0, "1"),
    "slow_to_active": (0.42, "1"),
    "slow_to_passive": (0.03, "1"),
    "passive_to_active": (0.45, "1"),
    "temperature_sensitivity": (0.069, "K-1"),
    "temperature_optimum": (30.0, "degC"),
    "moisture_quadratic": (-1.1, "1"),
    "moisture_linear": (2.4, "1"),
    "moisture_constant": (-0.29, "1"),
    "moisture_minimum": (0.25, "1"),
    "warmest": (45.0, "degC"),
    "warmth_power": (0.2, "1"),
    "cold_power": (2.63, "1"),
    "dry_scale": (30.0, "1"),
    "dry_response": (8.5, "1"),
}


class Century1987(Century):
    """CENTURY with active, slow and passive soil organic matter alone."""

    name = "century-1987"
    title = "CENTURY of Parton et al. (1987)"
    label = "CENTURY 1987"
    references = ("parton1987",)
    surface = False
    needs = (
        "temperature",
        "carbon_input",
        "above_ground_fraction",
        ("lignin_to_nitrogen", "metabolic_fraction"),
        ("litter_lignin", "structural_lignin"),
    )
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "climate": ("moisture", "water-balance"),
        "texture": ("clay", "clay-and-silt"),
    }
    choice_needs: ClassVar[Mapping[tuple[str, str], tuple[str, ...]]] = {
        ("climate", "moisture"): ("moisture", "porosity"),
        ("climate", "water-balance"): ("precipitation", "potential_evapotranspiration"),
        ("texture", "clay"): ("clay",),
        ("texture", "clay-and-silt"): ("clay_silt",),
    }
    assumptions = (
        "CENTURY of 1987: one temperature and moisture serve litter and soil; the stocks, which the published model "
        "gives no depth, are taken for one metre",
    )

    pools = tuple(pool for pool in Century.pools if pool.name != "surface")

    declared = (
        *(parameter for parameter in Century.declared if parameter.name != "surface_decay"),
        Parameter("warmest", "degC", 35.0, 60.0, "temperature at which decay ends (fT.Century1)"),
        Parameter("warmth_power", "1", 0.01, 2.0, "exponent of the distance to it"),
        Parameter("cold_power", "1", 0.5, 5.0, "exponent of the cold's exponential"),
        Parameter("dry_scale", "1", 0.0, 1e3, "how small decay is without rain (fW.Century)"),
        Parameter("dry_response", "1", 0.1, 50.0, "response to precipitation / potential evapotranspiration"),
    )

    sets = (
        ParameterSet(
            "orchidee-classic",
            ("orchidee_classic_code",),
            "classic ORCHIDEE, as in its source",
            _SHARED
            | {
                "metabolic_decay": ((1 / 0.066, 1 / 0.066), "yr-1"),
                "structural_decay": ((1 / 0.245, 1 / 0.245), "yr-1"),
                "active_decay": (1 / 0.149, "yr-1"),
                "slow_decay": (1 / 5.48, "yr-1"),
                "passive_decay": (1 / 241.0, "yr-1"),
            },
            {"climate": "moisture", "texture": "clay"},
        ),
        ParameterSet(
            "parton1987",
            ("soilr_code",),
            "CenturyModel of SoilR with fT.Century1 and fW.Century",
            _SHARED
            | {
                "metabolic_decay": ((0.28, 0.35), "week-1"),
                "structural_decay": ((0.076, 0.094), "week-1"),
                "active_decay": (0.14, "week-1"),
                "slow_decay": (0.0038, "week-1"),
                "passive_decay": (0.00013, "week-1"),
            },
            {"climate": "water-balance", "texture": "clay-and-silt"},
        ),
    )

    def texture(self, drivers: Mapping[str, Any]) -> Any:
        """Clay, or clay and silt."""
        return drivers["clay" if self.option("texture") == "clay" else "clay_silt"]

    def pace(self, drivers: Mapping[str, Any]) -> Any:
        """Response of decay to climate: that of ORCHIDEE, or of SoilR's fT.Century1 and fW.Century."""
        if self.option("climate") == "moisture":
            return super().pace(drivers)
        p = self.parameters
        cold = jnp.maximum(p["warmest"] - drivers["temperature"], 0.0) / 10.0
        thermal = cold ** p["warmth_power"] * jnp.exp(
            p["warmth_power"] / p["cold_power"] * (1 - cold ** p["cold_power"])
        )
        supply = drivers["precipitation"] / drivers["potential_evapotranspiration"]
        return thermal / (1 + p["dry_scale"] * jnp.exp(-p["dry_response"] * supply))

    def limits(self, environment: Mapping[str, Any]) -> dict[str, Any]:
        """Where the published functions leave their domain."""
        return super().limits(environment) | {"no decay at all": environment["decay slow"] <= 0}


MODELS.register(Century1987.name, Century1987)
