"""CENTURY as ORCHIDEE-CN-P holds it: first-order pools whose microbes are implicit in the transfer efficiencies.

After Parton et al. (1987), in the form and with the numbers of ORCHIDEE-CN-P (Sun et al. 2021). gC m-2 and days. The
woody litter pools of that code are left out: the drivers do not tell woody from other litter.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import jax.numpy as jnp

from soilcue.core.network import CO2, INPUT, Flux, Network, Pool
from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.models import MODELS

LAYERS = ("above", "below")


class Century(Network):
    """CENTURY with surface, active, slow and passive soil organic matter."""

    name = "century"
    title = "CENTURY as in ORCHIDEE-CN-P"
    label = "CENTURY"
    references: ClassVar[tuple[str, ...]] = ("parton1987", "sun2021")
    carbon_unit, time_unit, reference_depth = "gC m-2", "d", 1.0
    implicit_microbes, linear = True, True
    surface: ClassVar[bool] = True
    """Whether litter on the surface becomes surface organic matter first."""
    needs: ClassVar[tuple[str | tuple[str, ...], ...]] = (
        "temperature",
        "moisture",
        "porosity",
        "clay",
        "carbon_input",
        "above_ground_fraction",
        ("lignin_to_nitrogen", "metabolic_fraction"),
        ("litter_lignin", "structural_lignin"),
    )
    assumptions: ClassVar[tuple[str, ...]] = (
        "CENTURY: relative humidity of soil and litter is moisture / porosity, and one temperature and moisture "
        "serve litter and soil",
        "CENTURY: no woody litter; the stocks, which the published model gives no depth, are taken for one metre",
    )

    pools: ClassVar[tuple[Pool, ...]] = (
        Pool("metabolic_above", "litter", "metabolic litter on the surface", 30.0),
        Pool("metabolic_below", "litter", "metabolic litter in the soil", 30.0),
        Pool("structural_above", "litter", "structural litter on the surface", 150.0),
        Pool("structural_below", "litter", "structural litter in the soil", 150.0),
        Pool("surface", "organic", "surface soil organic matter", 40.0),
        Pool("active", "organic", "active soil organic matter", 40.0),
        Pool("slow", "organic", "slow soil organic matter", 1000.0),
        Pool("passive", "organic", "passive soil organic matter", 10000.0),
    )

    declared: ClassVar[tuple[Parameter, ...]] = (
        Parameter("metabolic_intercept", "1", 0.1, 1.0, "metabolic fraction of litter without lignin"),
        Parameter("metabolic_slope", "1", 0.0, 0.1, "its decrease with lignin:nitrogen"),
        Parameter("metabolic_decay", "d-1", 1e-5, 1.0, "decay of metabolic litter", LAYERS),
        Parameter("structural_decay", "d-1", 1e-5, 1.0, "decay of structural litter without lignin", LAYERS),
        Parameter("lignin_response", "1", -10.0, 0.0, "response of ln structural decay to its lignin"),
        Parameter("surface_decay", "d-1", 1e-6, 1.0, "decay of surface organic matter"),
        Parameter("active_decay", "d-1", 1e-6, 1.0, "decay of active organic matter without clay"),
        Parameter("active_clay", "1", 0.0, 1.0, "decrease of active decay with clay"),
        Parameter("slow_decay", "d-1", 1e-7, 1.0, "decay of slow organic matter"),
        Parameter("passive_decay", "d-1", 1e-9, 1.0, "decay of passive organic matter"),
        Parameter("metabolic_efficiency", "1", 0.01, 0.99, "share of decayed metabolic litter kept", LAYERS),
        Parameter(
            "structural_efficiency", "1", 0.01, 0.99, "share of decayed non-lignin structural litter kept", LAYERS
        ),
        Parameter("lignin_efficiency", "1", 0.01, 0.99, "share of decayed lignin kept (to slow)"),
        Parameter("active_respired", "1", 0.01, 0.99, "share of decayed active carbon respired without clay"),
        Parameter("active_respired_clay", "1", 0.0, 1.0, "its decrease with clay"),
        Parameter("active_to_passive", "1", 0.0, 0.5, "share of decayed active carbon to passive without clay"),
        Parameter("active_to_passive_clay", "1", 0.0, 0.5, "its increase with clay"),
        Parameter("slow_to_active", "1", 0.01, 0.99, "share of decayed slow carbon to active"),
        Parameter("slow_to_passive", "1", 0.0, 0.5, "share of decayed slow carbon to passive"),
        Parameter("passive_to_active", "1", 0.01, 0.99, "share of decayed passive carbon to active"),
        Parameter("temperature_sensitivity", "K-1", 0.0, 0.3, "slope of ln decay with temperature"),
        Parameter("temperature_optimum", "degC", 0.0, 60.0, "temperature above which decay rises no more"),
        Parameter("moisture_quadratic", "1", -10.0, 0.0, "quadratic coefficient of the moisture response"),
        Parameter("moisture_linear", "1", 0.0, 10.0, "linear coefficient of the moisture response"),
        Parameter("moisture_constant", "1", -5.0, 5.0, "constant of the moisture response"),
        Parameter("moisture_minimum", "1", 0.001, 1.0, "least moisture response"),
    )

    sets: ClassVar[tuple[ParameterSet, ...]] = (
        ParameterSet(
            "orchidee-cnp",
            ("sun2021", "orchidee_cnp_code"),
            "ORCHIDEE-CN-P r7166, as in its source; clay alone where Parton et al. (1993) use clay and silt",
            {
                "metabolic_intercept": (0.85, "1"),
                "metabolic_slope": (0.018, "1"),
                "metabolic_decay": ((15.0, 15.0), "yr-1"),
                "structural_decay": ((4.0, 4.0), "yr-1"),
                "lignin_response": (-3.0, "1"),
                "surface_decay": (6.0, "yr-1"),
                "active_decay": (7.3, "yr-1"),
                "active_clay": (0.75, "1"),
                "slow_decay": (0.2, "yr-1"),
                "passive_decay": (0.002, "yr-1"),
                "metabolic_efficiency": ((0.40, 0.45), "1"),
                "structural_efficiency": ((0.40, 0.45), "1"),
                "lignin_efficiency": (0.70, "1"),
                "active_respired": (0.85, "1"),
                "active_respired_clay": (0.68, "1"),
                "active_to_passive": (0.003, "1"),
                "active_to_passive_clay": (0.032, "1"),
                "slow_to_active": (0.42, "1"),
                "slow_to_passive": (0.03, "1"),
                "passive_to_active": (0.45, "1"),
                "temperature_sensitivity": (0.069, "K-1"),
                "temperature_optimum": (30.0, "degC"),
                "moisture_quadratic": (-1.1, "1"),
                "moisture_linear": (2.4, "1"),
                "moisture_constant": (-0.29, "1"),
                "moisture_minimum": (0.25, "1"),
            },
        ),
    )

    def environment(self, drivers: Mapping[str, Any]) -> dict[str, Any]:
        """Decay rates and transfer efficiencies from climate, clay and litter quality."""
        p, clay = self.parameters, self.texture(drivers)
        if "metabolic_fraction" in drivers:
            metabolic = drivers["metabolic_fraction"]
        else:
            # the published form: litter too rich in lignin for the line has no metabolic part
            metabolic = jnp.maximum(
                p["metabolic_intercept"] - p["metabolic_slope"] * drivers["lignin_to_nitrogen"], 0.0
            )
        if "structural_lignin" in drivers:
            lignin = drivers["structural_lignin"]
        else:
            lignin = drivers["litter_lignin"] / (1 - metabolic)  # all lignin of litter is in its structural part
        pace = self.pace(drivers)

        def efficiency(kept, pool):
            return self.intrinsic_cue(kept * jnp.ones_like(clay), {**drivers, "substrate": pool, "microbe": "implicit"})

        result: dict[str, Any] = {
            "input": drivers["carbon_input"],
            "above": drivers["above_ground_fraction"],
            "metabolic": metabolic,
            "lignin": lignin,
        }
        if "moisture" in drivers:
            result["humidity"] = drivers["moisture"] / drivers["porosity"]
        for i, layer in enumerate(LAYERS):
            result[f"decay metabolic_{layer}"] = p["metabolic_decay"][i] * pace
            result[f"decay structural_{layer}"] = (
                p["structural_decay"][i] * jnp.exp(p["lignin_response"] * lignin) * pace
            )
            result[f"kept metabolic_{layer}"] = efficiency(p["metabolic_efficiency"][i], f"metabolic_{layer}")
            result[f"kept structural_{layer}"] = efficiency(p["structural_efficiency"][i], f"structural_{layer}")
        result["kept lignin"] = efficiency(p["lignin_efficiency"], "lignin")
        if self.surface:
            result["decay surface"] = p["surface_decay"] * pace
        result["decay active"] = p["active_decay"] * (1 - p["active_clay"] * clay) * pace
        result["decay slow"] = p["slow_decay"] * pace
        result["decay passive"] = p["passive_decay"] * pace
        # surface carbon shares the fractions of the active pool, as in the source
        kept = 1 - (p["active_respired"] - p["active_respired_clay"] * clay)
        to_passive = (p["active_to_passive"] + p["active_to_passive_clay"] * clay) / kept
        kept = efficiency(kept, "active")
        result["active to passive"], result["active to slow"] = kept * to_passive, kept * (1 - to_passive)
        kept, to_passive = p["slow_to_active"] + p["slow_to_passive"], p["slow_to_passive"]
        to_passive, kept = to_passive / kept, efficiency(kept, "slow")
        result["slow to passive"], result["slow to active"] = kept * to_passive, kept * (1 - to_passive)
        result["passive to active"] = efficiency(p["passive_to_active"], "passive")
        return result

    def texture(self, drivers: Mapping[str, Any]) -> Any:
        """What slows the active pool and lets it keep more."""
        return drivers["clay"]

    def pace(self, drivers: Mapping[str, Any]) -> Any:
        """Response of decay to temperature and moisture."""
        p, humidity = self.parameters, drivers["moisture"] / drivers["porosity"]
        thermal = jnp.minimum(
            jnp.exp(p["temperature_sensitivity"] * (drivers["temperature"] - p["temperature_optimum"])), 1.0
        )
        wet = p["moisture_quadratic"] * humidity**2 + p["moisture_linear"] * humidity + p["moisture_constant"]
        return thermal * jnp.clip(wet, p["moisture_minimum"], 1.0)

    def limits(self, environment: Mapping[str, Any]) -> dict[str, Any]:
        """Where the published functions leave their domain."""
        e = environment
        crossed = {
            "metabolic fraction of litter outside [0, 1)": (e["metabolic"] < 0) | (e["metabolic"] >= 1),
            "more lignin than structural litter": (e["lignin"] < 0) | (e["lignin"] > 1),
        }
        return crossed | ({"moisture above porosity": e["humidity"] > 1} if "humidity" in e else {})

    def fluxes(self, stocks: Mapping[str, Any], environment: Mapping[str, Any]) -> Iterator[Flux]:
        """Decay of each pool, split into what other pools keep and what is respired."""
        c, e = stocks, environment

        def decay(source, shares):
            lost = e[f"decay {source}"] * c[source]
            for target, share in shares.items():
                yield Flux(source, target, "decomposition", share * lost)
            yield Flux(source, CO2, "decomposition", (1 - sum(shares.values())) * lost)

        first = "surface" if self.surface else "active"
        for layer, share, receiver in (("above", e["above"], first), ("below", 1 - e["above"], "active")):
            yield Flux(INPUT, f"metabolic_{layer}", "input", e["input"] * share * e["metabolic"])
            yield Flux(INPUT, f"structural_{layer}", "input", e["input"] * share * (1 - e["metabolic"]))
            yield from decay(f"metabolic_{layer}", {receiver: e[f"kept metabolic_{layer}"]})
            yield from decay(
                f"structural_{layer}",
                {receiver: (1 - e["lignin"]) * e[f"kept structural_{layer}"], "slow": e["lignin"] * e["kept lignin"]},
            )
        for source in dict.fromkeys((first, "active")):
            yield from decay(source, {"slow": e["active to slow"], "passive": e["active to passive"]})
        yield from decay("slow", {"active": e["slow to active"], "passive": e["slow to passive"]})
        yield from decay("passive", {"active": e["passive to active"]})


MODELS.register(Century.name, Century)
