"""MIMICS-CN: MIMICS with nitrogen. Microbes keep their C:N; what carbon they cannot match with nitrogen overflows.

Kyker-Snowman et al. (2020). Nitrogen rides with carbon through litter, microbes and soil organic matter. A microbe
takes a share of the nitrogen in what it breaks down, and mineral nitrogen beside it. Where that is less than growth
asks for, the carbon left over is respired; where it is more, the rest is left as mineral nitrogen. With nitrogen in
plenty the carbon is that of MIMICS. At rest all nitrogen that comes in has to leach, by way of the mineral pool, so
that with the published numbers litter of usual C:N leaves hardly a microbe short: overflow shows under change.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import jax.numpy as jnp

from soilcue.core.network import CO2, INPUT, LEACHED, Flux, Pool
from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.core.scheme import slot_name
from soilcue.models import MODELS
from soilcue.models.mimics import MICROBES, SUBSTRATES, TRANSFERS, Mimics

NONE = 1e-200
"""Keeps a ratio of two amounts that are both nothing from being no number; too little to change any other."""

_CARBON_OF_MIMICS = Mimics.parameter_set("wieder2015")
_WITHOUT_DENSITY: dict[str, tuple[Any, str]] = {
    "vmax_slope_shift": ((0.0,) * 6, "K-1"),
    "density_scale": (0.55 / 0.45, "1"),
}
_NITROGEN: dict[str, tuple[Any, str]] = {
    "nitrogen_use_efficiency": (0.85, "1"),
    "metabolic_carbon_to_nitrogen": (15.0, "1"),
    "microbial_carbon_to_nitrogen": ((6.0, 10.0), "1"),
    "mineral_uptake": (0.8, "h-1"),
    "mineral_leaching": (0.2, "h-1"),
}


def nitrogen_of(pool: str) -> str:
    """Name of the pool that holds the nitrogen of a pool of carbon."""
    return f"{pool}_nitrogen"


class MimicsCN(Mimics):
    """MIMICS-CN version 1.0."""

    name = "mimics-cn"
    title = "MIMICS-CN (MIcrobial-MIneral Carbon Stabilization with nitrogen), version 1.0"
    label = "MIMICS-CN"
    references = ("kykersnowman2020", "wieder2015")
    needs: ClassVar[tuple[str | tuple[str, ...], ...]] = (*Mimics.needs, "litter_carbon_to_nitrogen")
    gives: ClassVar[tuple[str, ...]] = ("substrate_carbon_to_nitrogen", "mineral_nitrogen")
    assumptions: ClassVar[tuple[str, ...]] = (
        *(text.replace("MIMICS:", "MIMICS-CN:") for text in Mimics.assumptions),
        "MIMICS-CN: no plant takes up mineral nitrogen, as in the published version; what is not immobilised leaches",
        "MIMICS-CN: the set kykersnowman2020 has no state of rest in cold soils: death rises with the square of "
        "biomass, and all the microbes there can be eat less than comes in, so that carbon grows without end; such "
        "cells are told as cells where no steady state was found",
        "MIMICS-CN: C:N of structural litter is what the published line makes of the litter's C:N, so that the "
        "nitrogen input is not exactly the carbon input over its C:N",
    )

    pools: ClassVar[tuple[Pool, ...]] = (
        *Mimics.pools,
        *(
            pool._replace(
                name=nitrogen_of(pool.name),
                description=f"nitrogen of {pool.description}",
                start=pool.start / 10,
                currency="nitrogen",
            )
            for pool in Mimics.pools
        ),
        Pool("mineral_nitrogen", "dissolved", "mineral nitrogen", 0.003, "nitrogen"),
    )

    declared: ClassVar[tuple[Parameter, ...]] = (
        *Mimics.declared,
        Parameter("vmax_slope_shift", "K-1", -0.1, 0.1, "what is added to the slope of ln Vmax", TRANSFERS),
        Parameter("density_scale", "1", 1e-3, 1e3, "biomass without density dependence, in inputs over turnover"),
        Parameter("nitrogen_use_efficiency", "1", 0.01, 1.0, "share of broken down nitrogen that microbes take (NUE)"),
        Parameter("metabolic_carbon_to_nitrogen", "1", 1.0, 100.0, "C:N of metabolic litter"),
        Parameter("microbial_carbon_to_nitrogen", "1", 2.0, 50.0, "C:N of microbes", MICROBES),
        Parameter("mineral_uptake", "h-1", 0.0, 10.0, "uptake of mineral nitrogen"),
        Parameter("mineral_leaching", "h-1", 1e-9, 10.0, "leaching of mineral nitrogen"),
    )

    sets: ClassVar[tuple[ParameterSet, ...]] = (
        ParameterSet(
            "kykersnowman2020",
            ("kykersnowman2020", "evalsoc"),
            "version 1.0, as written down again in the evaluation of soil models of Brunmayr et al. (2024)",
            {
                **_CARBON_OF_MIMICS.values,
                "vmax_scale": (8e-6 * 0.06, "h-1"),
                "vmax_modifier": ((10, 1.5, 10, 3, 2.25, 2), "1"),
                "vmax_slope_shift": ((-0.02, -0.02, 0.0, -0.02, 0.0, 0.0), "K-1"),
                "km_scale": (0.5, "mgC cm-3"),
                "ko": ((6.0, 6.0), "1"),
                "turnover_npp_low": (0.6, "1"),
                "turnover_npp_high": (1.3, "1"),
                "turnover_scale": (1 / 2.2, "1"),
                "turnover_density": (2.0, "1"),
                "density_scale": (0.55 / 0.45, "1"),
                "to_physical": ((0.015, 0.010), "1"),
                "to_chemical": ((0.3, 0.9), "1"),
                "desorption": (1e-6, "h-1"),
                "desorption_clay": (-4.5, "1"),
                "direct_to_physical": (0.05, "1"),
                "direct_to_chemical": (0.3, "1"),
                **_NITROGEN,
            },
            _CARBON_OF_MIMICS.options,
        ),
        ParameterSet(
            "wieder2015",
            ("kykersnowman2020", "evalsoc", *_CARBON_OF_MIMICS.source),
            "nitrogen of version 1.0, carbon of MIMICS with its set wieder2015",
            {**_CARBON_OF_MIMICS.values, **_WITHOUT_DENSITY, **_NITROGEN},
            _CARBON_OF_MIMICS.options,
        ),
    )

    def environment(self, drivers: Mapping[str, Any]) -> dict[str, Any]:
        """What MIMICS makes of the drivers, turnover in this version's measure, and C:N of structural litter."""
        p, e = self.parameters, super().environment(drivers)
        for m, microbe in enumerate(MICROBES):
            for s, substrate in enumerate(SUBSTRATES):
                shift = jnp.exp(p["vmax_slope_shift"][3 * m + s] * drivers["temperature"])
                e[f"vmax {microbe} {substrate}"] = e[f"vmax {microbe} {substrate}"] * shift
        metabolic = e["metabolic"]
        # turnover with density: (turnover x scale / input) ^ (exponent - 1) for each unit of it, the input being
        # metabolic litter for r-strategists and structural litter for K-strategists
        for microbe, share in zip(MICROBES, (metabolic, 1 - metabolic), strict=True):
            turnover = e[f"turnover {microbe}"]
            relative = turnover * p["density_scale"] / (share * e["input"])
            e[f"turnover {microbe}"] = turnover * relative ** (p["turnover_density"] - 1)
        mean, fast = drivers["litter_carbon_to_nitrogen"], p["metabolic_carbon_to_nitrogen"]
        return {
            **e,
            "structural_carbon_to_nitrogen": (mean - fast * metabolic) / (1 - metabolic),
            **{
                f"carbon_to_nitrogen {microbe}": p["microbial_carbon_to_nitrogen"][m]
                for m, microbe in enumerate(MICROBES)
            },
            **{
                name: p[name]
                for name in (
                    "nitrogen_use_efficiency",
                    "metabolic_carbon_to_nitrogen",
                    "mineral_uptake",
                    "mineral_leaching",
                )
            },
        }

    def nutrients(self, stocks: Mapping[str, Any], environment: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """C:N of each substrate's pool, and the mineral nitrogen that comes with a microbe's carbon."""
        c, e = stocks, environment
        living = sum(c[microbe] for microbe in MICROBES)
        taken = dict.fromkeys(MICROBES, 0.0)
        for flux in super().fluxes(stocks, environment):  # whatever share of it is kept
            microbe = flux.through or flux.target
            if flux.process == "uptake" and microbe in MICROBES:
                taken[microbe] = taken[microbe] + flux.rate
        found = {}
        for microbe in MICROBES:
            mineral = e["mineral_uptake"] * c["mineral_nitrogen"] * c[microbe] / (living + NONE)
            for substrate in SUBSTRATES:
                found[slot_name({"microbe": microbe, "substrate": substrate})] = {
                    "substrate_carbon_to_nitrogen": c[substrate] / (c[nitrogen_of(substrate)] + NONE),
                    "mineral_nitrogen": mineral / (taken[microbe] + NONE),
                }
        return found

    def limits(self, environment: Mapping[str, Any]) -> dict[str, Any]:
        """Where the published functions leave their domain."""
        return super().limits(environment) | {
            "litter has less carbon to nitrogen than its metabolic part": environment["structural_carbon_to_nitrogen"]
            <= 0,
        }

    def fluxes(self, stocks: Mapping[str, Any], environment: Mapping[str, Any]) -> Iterator[Flux]:
        """The carbon of MIMICS, as far as nitrogen lets it, and the nitrogen that rides with it."""
        c, e = stocks, environment
        growth: dict[str, dict[str, Any]] = {microbe: {} for microbe in MICROBES}
        respired: dict[str, dict[str, Any]] = {microbe: {} for microbe in MICROBES}
        for flux in super().fluxes(stocks, environment):
            if flux.process == "uptake" and flux.target in MICROBES:
                growth[flux.target][flux.source] = flux.rate
                continue
            if flux.process == "uptake" and flux.through is not None:
                respired[flux.through][flux.source] = flux.rate
            yield flux
            if flux.source == INPUT:
                ratio = self._litter_ratio(flux.target, e)
                yield Flux(INPUT, nitrogen_of(flux.target), "input", flux.rate / ratio)
            elif flux.target != CO2:
                rides = flux.rate * self._content(flux.source, c)
                yield Flux(nitrogen_of(flux.source), nitrogen_of(flux.target), flux.process, rides)

        living = sum(c[microbe] for microbe in MICROBES)
        for microbe in MICROBES:
            nitrogen = {
                substrate: (growth[microbe][substrate] + respired[microbe][substrate]) * self._content(substrate, c)
                for substrate in SUBSTRATES
            }
            efficiency = e["nitrogen_use_efficiency"]
            mineral = e["mineral_uptake"] * c["mineral_nitrogen"] * c[microbe] / (living + NONE)
            at_hand = efficiency * sum(nitrogen.values()) + mineral
            asked = sum(growth[microbe].values()) / e[f"carbon_to_nitrogen {microbe}"]
            matched = jnp.minimum((at_hand + NONE) / (asked + NONE), 1.0)  # share of growth that nitrogen allows
            used = jnp.minimum((asked + NONE) / (at_hand + NONE), 1.0)  # share of nitrogen that growth asks for
            for substrate in SUBSTRATES:
                kept = growth[microbe][substrate]
                yield Flux(substrate, microbe, "uptake", matched * kept)
                yield Flux(substrate, CO2, "overflow", (1 - matched) * kept, through=microbe)
                share = efficiency * used
                yield Flux(nitrogen_of(substrate), nitrogen_of(microbe), "uptake", share * nitrogen[substrate])
                yield Flux(
                    nitrogen_of(substrate), "mineral_nitrogen", "mineralisation", (1 - share) * nitrogen[substrate]
                )
            yield Flux("mineral_nitrogen", nitrogen_of(microbe), "immobilisation", used * mineral)
        yield Flux("mineral_nitrogen", LEACHED, "leaching", e["mineral_leaching"] * c["mineral_nitrogen"])

    @staticmethod
    def _content(pool: str, stocks: Mapping[str, Any]) -> Any:
        """Nitrogen per carbon of a pool."""
        return stocks[nitrogen_of(pool)] / (stocks[pool] + NONE)

    @staticmethod
    def _litter_ratio(pool: str, environment: Mapping[str, Any]) -> Any:
        """C:N of the litter that reaches a pool: metabolic, or structural."""
        fast = pool in ("litter_metabolic", "som_physical")
        return environment["metabolic_carbon_to_nitrogen" if fast else "structural_carbon_to_nitrogen"]


MODELS.register(MimicsCN.name, MimicsCN)
