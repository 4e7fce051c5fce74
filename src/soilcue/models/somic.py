"""SOMic 1.0: plant matter of two qualities, dissolved carbon between microbes and minerals (Woolf and Lehmann 2019).

All decomposition goes through dissolved carbon, and all but sorption goes with a saturating function of biomass. The
published model goes month by month: what leaves a pool in a month is what was there at its start times
1 - exp(-rate). That is the rate here too (`step`); as the month shrinks to nothing it becomes the plain rate.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import jax.numpy as jnp

from soilcue.core.network import CO2, INPUT, Flux, Network, Pool
from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.models import MODELS

WARMEST = 45.0
"""degC, where the response to temperature ends."""

_FIT = {
    "input_to_soluble": (0.59, "1"),
    "largest_activity": (1.1086, "1"),
    "activity_half": (0.4089, "MgC ha-1"),
    "dissolution": (2.4893, "month-1"),
    "depolymerisation": (0.0436, "month-1"),
    "death": (0.2357, "month-1"),
    "desorption": (0.0055, "month-1"),
    "sorption": (0.3066, "month-1"),
    "sorption_clay": (0.0145, "percent-1"),
    "uptake": (1.4506, "month-1"),
    "cue_reference": (0.2811, "1"),
    "cue_slope": (0.0081, "K-1"),
    "cue_reference_temperature": (15.0, "degC"),
    "temperature_scale": (4.99, "1"),
    "driest": (0.2, "1"),
    "moist_enough": (0.556, "1"),
    "cover": (0.6, "1"),
}


class Somic(Network):
    """SOMic 1.0 (Soil Organic Matter with microbial interactions)."""

    name = "somic"
    title = "SOMic 1.0"
    label = "SOMic"
    references = ("woolf2019",)
    carbon_unit, time_unit, reference_depth = "MgC ha-1", "yr", 0.23
    needs = ("temperature", "moisture", "porosity", "clay", "carbon_input")
    assumptions = (
        "SOMic: soil under plants all year; without leaching, as in the published runs",
        "SOMic: plant carbon is that of crops (59 % soluble, the share of RothC); the stocks are those of 23 cm",
    )

    pools = (
        Pool("soluble", "litter", "soluble plant matter", 20.0),
        Pool("insoluble", "litter", "insoluble plant matter", 700.0),
        Pool("dissolved", "dissolved", "dissolved organic carbon", 100.0),
        Pool("microbes", "living", "microbial biomass", 150.0),
        Pool("mineral_associated", "mineral", "mineral-associated organic carbon", 5000.0),
    )

    declared = (
        Parameter("input_to_soluble", "1", 0.0, 1.0, "share of the input that is soluble plant matter"),
        Parameter("largest_activity", "1", 0.01, 10.0, "largest activity of the microbes (mic_vmax)"),
        Parameter("activity_half", "MgC ha-1", 1e-4, 1e2, "biomass at which it is half (mic_km)"),
        Parameter("dissolution", "yr-1", 1e-3, 1e3, "dissolution of soluble plant matter"),
        Parameter("depolymerisation", "yr-1", 1e-4, 1e2, "breakdown of insoluble plant matter"),
        Parameter("death", "yr-1", 1e-3, 1e2, "death and exudates of microbes"),
        Parameter("desorption", "yr-1", 1e-5, 1e1, "desorption from minerals"),
        Parameter("sorption", "yr-1", 1e-3, 1e2, "sorption to the minerals of a soil of 23 % clay"),
        Parameter("sorption_clay", "1", 0.0, 4.3, "relative increase of sorption with the share of clay"),
        Parameter("uptake", "yr-1", 1e-2, 1e3, "uptake of dissolved carbon"),
        Parameter("cue_reference", "1", 0.01, 0.99, "CUE at the reference temperature"),
        Parameter("cue_slope", "K-1", 0.0, 0.05, "decrease of CUE with temperature"),
        Parameter("cue_reference_temperature", "degC", -20.0, 40.0, "reference temperature of CUE"),
        Parameter("temperature_scale", "1", 0.1, 20.0, "response to temperature at 35 degC"),
        Parameter("driest", "1", 0.0, 1.0, "response to moisture in dry soil"),
        Parameter("moist_enough", "1", 0.01, 1.0, "share of pores with water at which moisture limits nothing"),
        Parameter("cover", "1", 0.1, 1.0, "response to plants covering the soil"),
        Parameter("step", "yr", 1e-9, 1.0, "time after which the model looks at its pools again"),
    )

    sets = (
        ParameterSet(
            "woolf2019",
            ("woolf2019", "somic_code"),
            "fitted to long-term experiments: fit.par of the public code; month by month, as published",
            _FIT | {"step": (1.0, "month")},
        ),
        ParameterSet(
            "continuous",
            ("woolf2019", "somic_code"),
            "the same, with pools that change all the time and not month by month",
            _FIT | {"step": (1e-6, "month")},
        ),
    )

    def environment(self, drivers: Mapping[str, Any]) -> dict[str, Any]:
        """Responses to temperature, moisture, cover and clay, and the line of CUE."""
        p, temperature = self.parameters, drivers["temperature"]
        # a root of a negative number outside of the domain would poison gradients; `limits` flags those cells
        to_warmest = jnp.maximum(WARMEST - temperature, 0.0) / 10.0
        warm = p["temperature_scale"] * to_warmest**0.2 * jnp.exp(0.2 / 2.63 * (1 - to_warmest**2.63))
        filled = drivers["moisture"] / drivers["porosity"]
        moist = jnp.minimum(p["driest"] + (1 - p["driest"]) * filled / p["moist_enough"], 1.0)
        line = p["cue_reference"] - p["cue_slope"] * (temperature - p["cue_reference_temperature"])
        feels = {**drivers, "substrate": "dissolved", "microbe": "microbes"}
        return {
            **p,
            "input": drivers["carbon_input"],
            "response": warm * moist * p["cover"],
            "sorption": p["sorption"] * (1 + p["sorption_clay"] * (drivers["clay"] - 0.23)),
            "cue": self.intrinsic_cue(p["cue_reference"] * jnp.ones_like(temperature), feels, published=line),
            "too_warm": temperature >= WARMEST,
            "too_wet": filled > 1,
        }

    def limits(self, environment: Mapping[str, Any]) -> dict[str, Any]:
        """Where the published functions leave their domain."""
        e = environment
        return {
            "CUE of the model outside (0, 1)": (e["cue"] <= 0) | (e["cue"] >= 1),
            "warmer than 45 degrees": e["too_warm"],
            "moisture above porosity": e["too_wet"],
        }

    def fluxes(self, stocks: Mapping[str, Any], environment: Mapping[str, Any]) -> Iterator[Flux]:
        """The fluxes of the supplement's equations, as in the public code."""
        c, e = stocks, environment

        def lost(rate):
            """Share of a pool that leaves it, per time."""
            return -jnp.expm1(-rate * e["step"]) / e["step"]

        activity = e["largest_activity"] * c["microbes"] / (e["activity_half"] + c["microbes"])
        mediated = e["response"] * activity
        yield Flux(INPUT, "soluble", "input", e["input_to_soluble"] * e["input"])
        yield Flux(INPUT, "insoluble", "input", (1 - e["input_to_soluble"]) * e["input"])
        yield Flux("soluble", "dissolved", "depolymerisation", lost(e["dissolution"] * mediated) * c["soluble"])
        yield Flux(
            "insoluble", "dissolved", "depolymerisation", lost(e["depolymerisation"] * mediated) * c["insoluble"]
        )
        yield Flux("microbes", "dissolved", "mortality", lost(e["death"] * mediated) * c["microbes"])
        yield Flux(
            "mineral_associated", "dissolved", "desorption", lost(e["desorption"] * mediated) * c["mineral_associated"]
        )

        sorbed, eaten = e["sorption"] * e["response"], e["uptake"] * mediated
        # of two competing rates the published loss is their mean, each weighted by itself
        to_minerals = sorbed / (sorbed + eaten)
        leaving = lost(to_minerals * sorbed + (1 - to_minerals) * eaten) * c["dissolved"]
        yield Flux("dissolved", "mineral_associated", "sorption", to_minerals * leaving)
        taken_up = (1 - to_minerals) * leaving
        yield Flux("dissolved", "microbes", "uptake", e["cue"] * taken_up)
        yield Flux("dissolved", CO2, "uptake", (1 - e["cue"]) * taken_up, through="microbes")


MODELS.register(Somic.name, Somic)
