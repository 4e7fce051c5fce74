"""The five-pool CENTURY in the repository of Millennial: a variant of its own, and not CENTURY as its authors have it.

`derivs_Century.R` of the public code, made to be compared with Millennial. What sets it apart, kept as published:
structural litter decays faster than metabolic litter, the texture is a constant, and the moisture response divides by
a constant porosity, so that neither texture nor porosity is a driver. gC m-2 and days.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import jax.numpy as jnp

from soilcue.core.network import CO2, INPUT, Flux, Network, Pool
from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.models import MODELS

RECEIVERS = {
    "structural": ("active", "slow"),
    "metabolic": ("active",),
    "active": ("slow", "passive"),
    "slow": ("active", "passive"),
    "passive": ("active",),
}
"""Where what a pool loses goes, but for what is respired."""


class CenturyMillennial(Network):
    """Two litter pools, active, slow and passive organic matter."""

    name = "century-millennial"
    title = "CENTURY as in the Millennial repository"
    label = "CENTURY (Millennial)"
    references = ("parton1987", "abramoff2022")
    carbon_unit, time_unit, reference_depth = "gC m-2", "d", 1.0
    implicit_microbes, linear = True, True
    needs = ("temperature", "moisture", "carbon_input")
    assumptions = (
        "CENTURY of the Millennial repository: texture, porosity and litter quality are the constants of its code",
    )

    pools = (
        Pool("structural", "litter", "structural litter", 50.0),
        Pool("metabolic", "litter", "metabolic litter", 30.0),
        Pool("active", "organic", "active soil organic matter", 200.0),
        Pool("slow", "organic", "slow soil organic matter", 2000.0),
        Pool("passive", "organic", "passive soil organic matter", 2000.0),
    )

    declared = (
        Parameter("thermal_centre", "degC", -20.0, 60.0, "centre of the arctangent response to temperature (t1)"),
        Parameter("thermal_offset", "1", 0.1, 100.0, "its offset (t2)"),
        Parameter("thermal_height", "1", 0.1, 100.0, "its height (t3)"),
        Parameter("thermal_slope", "K-1", 1e-4, 1.0, "its slope (t4)"),
        Parameter("thermal_reference", "degC", -20.0, 60.0, "temperature at which the response is one"),
        Parameter("dry_scale", "1", 0.0, 1e3, "how small decay is without moisture (w1)"),
        Parameter("dry_response", "1", 0.1, 100.0, "response to the water-filled share of pores (w2)"),
        Parameter("porosity", "m3 m-3", 0.1, 0.9, "porosity"),
        Parameter("texture", "1", 0.0, 1.0, "clay and silt share"),
        Parameter("lignin", "1", 0.0, 1.0, "lignin share of structural litter"),
        Parameter("lignin_response", "1", -10.0, 0.0, "response of ln structural decay to lignin"),
        Parameter("input_to_structural", "1", 0.01, 0.99, "share of the input that is structural"),
        Parameter("structural_decay", "d-1", 1e-5, 1.0, "decay of structural litter without lignin"),
        Parameter("metabolic_decay", "d-1", 1e-5, 1.0, "decay of metabolic litter"),
        Parameter("active_decay", "d-1", 1e-6, 1.0, "decay of active organic matter without texture"),
        Parameter("slow_decay", "d-1", 1e-7, 1.0, "decay of slow organic matter"),
        Parameter("passive_decay", "d-1", 1e-9, 1.0, "decay of passive organic matter"),
        Parameter("active_respired", "1", 0.01, 0.99, "share of decayed active carbon respired without texture (c1)"),
        Parameter("active_respired_texture", "1", 0.0, 1.0, "its decrease with texture (c2)"),
        Parameter("structural_efficiency", "1", 0.01, 0.99, "share of decayed non-lignin structural litter kept"),
        Parameter("lignin_efficiency", "1", 0.01, 0.99, "share of decayed lignin kept (to slow)"),
        Parameter("metabolic_efficiency", "1", 0.01, 0.99, "share of decayed metabolic litter kept"),
        Parameter("active_to_passive", "1", 0.0, 0.5, "share of decayed active carbon to passive"),
        Parameter("slow_to_active", "1", 0.01, 0.99, "share of decayed slow carbon to active"),
        Parameter("slow_to_passive", "1", 0.0, 0.5, "share of decayed slow carbon to passive"),
        Parameter("passive_to_active", "1", 0.01, 0.99, "share of decayed passive carbon to active"),
    )

    sets = (
        ParameterSet(
            "millennial-repository",
            ("millennial_code",),
            "derivs_Century.R and soilpara_in_century.txt of the public code",
            {
                "thermal_centre": (15.4, "degC"),
                "thermal_offset": (11.75, "1"),
                "thermal_height": (29.7, "1"),
                "thermal_slope": (0.031, "K-1"),
                "thermal_reference": (30.0, "degC"),
                "dry_scale": (30.0, "1"),
                "dry_response": (9.0, "1"),
                "porosity": (0.39, "m3 m-3"),
                "texture": (0.8, "1"),
                "lignin": (0.2, "1"),
                "lignin_response": (-3.0, "1"),
                "input_to_structural": (0.66, "1"),
                "structural_decay": (0.1, "d-1"),
                "metabolic_decay": (0.045, "d-1"),
                "active_decay": (0.02, "d-1"),
                "slow_decay": (0.0005, "d-1"),
                "passive_decay": (0.00002, "d-1"),
                "active_respired": (0.85, "1"),
                "active_respired_texture": (0.68, "1"),
                "structural_efficiency": (0.5, "1"),
                "lignin_efficiency": (0.7, "1"),
                "metabolic_efficiency": (0.45, "1"),
                "active_to_passive": (0.004, "1"),
                "slow_to_active": (0.42, "1"),
                "slow_to_passive": (0.03, "1"),
                "passive_to_active": (0.45, "1"),
            },
        ),
    )

    def environment(self, drivers: Mapping[str, Any]) -> dict[str, Any]:
        """Decay rates and transfer efficiencies."""
        p = self.parameters

        def warmth(temperature):
            angle = jnp.arctan(jnp.pi * p["thermal_slope"] * (temperature - p["thermal_centre"]))
            return p["thermal_offset"] + p["thermal_height"] / jnp.pi * angle

        wet = 1 / (1 + p["dry_scale"] * jnp.exp(-p["dry_response"] * drivers["moisture"] / p["porosity"]))
        pace = warmth(drivers["temperature"]) / warmth(p["thermal_reference"]) * wet

        def efficiency(kept, pool):
            feels = {**drivers, "substrate": pool, "microbe": "implicit"}
            return self.intrinsic_cue(kept * jnp.ones_like(pace), feels)

        # one function of texture slows the active pool and is the share of it that is respired
        respired = p["active_respired"] - p["active_respired_texture"] * p["texture"]
        active, slow = (
            efficiency(1 - respired, "active"),
            efficiency(p["slow_to_active"] + p["slow_to_passive"], "slow"),
        )
        active_passive = p["active_to_passive"] / (1 - respired)
        slow_passive = p["slow_to_passive"] / (p["slow_to_active"] + p["slow_to_passive"])
        return {
            "input": drivers["carbon_input"],
            "pace": pace,
            "decay": {
                "structural": p["structural_decay"] * jnp.exp(p["lignin_response"] * p["lignin"]) * pace,
                "metabolic": p["metabolic_decay"] * pace,
                "active": p["active_decay"] * respired * pace,
                "slow": p["slow_decay"] * pace,
                "passive": p["passive_decay"] * pace,
            },
            "shares": {
                "structural": {
                    "active": (1 - p["lignin"]) * efficiency(p["structural_efficiency"], "structural"),
                    "slow": p["lignin"] * efficiency(p["lignin_efficiency"], "lignin"),
                },
                "metabolic": {"active": efficiency(p["metabolic_efficiency"], "metabolic")},
                "active": {"slow": active * (1 - active_passive), "passive": active * active_passive},
                "slow": {"active": slow * (1 - slow_passive), "passive": slow * slow_passive},
                "passive": {"active": efficiency(p["passive_to_active"], "passive")},
            },
        }

    def limits(self, environment: Mapping[str, Any]) -> dict[str, Any]:
        """Where the published functions leave their domain."""
        return {"temperature below the reach of the response": environment["pace"] <= 0}

    def fluxes(self, stocks: Mapping[str, Any], environment: Mapping[str, Any]) -> Iterator[Flux]:
        """Decay of each pool, split into what other pools keep and what is respired."""
        structural = self.parameters["input_to_structural"]
        yield Flux(INPUT, "structural", "input", structural * environment["input"])
        yield Flux(INPUT, "metabolic", "input", (1 - structural) * environment["input"])
        for source, receivers in RECEIVERS.items():
            lost, shares = environment["decay"][source] * stocks[source], environment["shares"][source]
            for target in receivers:
                yield Flux(source, target, "decomposition", shares[target] * lost)
            yield Flux(source, CO2, "decomposition", (1 - sum(shares.values())) * lost)


MODELS.register(CenturyMillennial.name, CenturyMillennial)
