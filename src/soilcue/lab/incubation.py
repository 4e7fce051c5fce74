"""The incubation model: a jar of soil over hours to days, with whatever makes methods of measuring CUE disagree.

Two populations, one that takes up the added substrate and one that does not; each active or dormant, with reserves or
without; growth respiration, overflow, exudation, maintenance, death and recycling. Which of these there are is a
matter of parameters: with one population and without storage it is the reference model of the virtual laboratory,

    U = Vmax B S / (K + S),   G = Y (1 - e_x - f_ov) U,   RM = m B,   MD = k_d B,

S being the added and the native dissolved carbon together. Carbon in microgram per gram of dry soil, time in hours.

Reserves follow Čapek et al. (2023) and the supplement of their later incubation study (equations S1 to S13): what is
taken up becomes reserves at an assimilation efficiency, reserves are mobilised in proportion, pay for maintenance first
and for growth with the rest. Unlike there, cells also die, with their reserves. Cells wake where there is food and
water and fall dormant where there is not, as in MEND (Wang et al. 2014: the share that is fed, phi; here times the
response of waking to drought in MEND's code); they leave their reserves to the active ones. Other rates slow down as
in that code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jax.numpy as jnp

from soilcue.core.network import CO2, INPUT, Flux, Network, Pool
from soilcue.core.parameters import Parameter, ParameterSet

POPULATIONS = ("users", "others")
"""Those that take up the added substrate, and those that do not (by default; `affinity` says)."""

_BOTH = {"growth_yield": 0.7, "exudation": 0.05, "overflow": 0.0, "storage": 0.0, "assimilation": 0.9}
_RATES = {"largest_uptake": 0.012, "maintenance": 5e-4, "mortality": 5e-4, "waking": 0.0}

FIELD_CAPACITY = -0.03
"""MPa; by the response of MEND nothing is slowed down here."""


class IncubatedSoil(Network):
    """A jar of soil. Not a model of soils through years: it has no litter, and what it starts with is given."""

    name = "incubated-soil"
    title = "Soil in an incubation jar"
    references = ("capek2023", "wang2014dormancy")
    carbon_unit, time_unit, reference_depth = "ug g-1", "h", 0.1
    needs = ()

    pools = (
        Pool("added", "dissolved", "added substrate"),
        Pool("dissolved", "dissolved", "native dissolved carbon"),
        Pool("active_users", "living", "active cells that take up the added substrate"),
        Pool("reserve_users", "living", "their reserves"),
        Pool("dormant_users", "living", "dormant cells of that population"),
        Pool("active_others", "living", "active cells that live on native carbon"),
        Pool("reserve_others", "living", "their reserves"),
        Pool("dormant_others", "living", "dormant cells of that population"),
        Pool("necromass", "organic", "dead cells on their way to be taken up again"),
        Pool("exudates", "dissolved", "enzymes, extracellular polymers and metabolites"),
        Pool("stabilised", "mineral", "dead cells that stay"),
    )

    declared = (
        Parameter("affinity", "1", 0.0, 1.0, "for added substrate, of that for native carbon", POPULATIONS),
        Parameter("largest_uptake", "h-1", 1e-6, 1.0, "largest uptake per active biomass (Vmax)", POPULATIONS),
        Parameter("half_saturation", "ug g-1", 1e-3, 1e5, "dissolved carbon at half of it (K)", POPULATIONS),
        Parameter("growth_yield", "1", 0.01, 0.99, "growth per carbon assimilated (Y), by either route", POPULATIONS),
        Parameter("exudation", "1", 0.0, 0.9, "share of uptake exuded (e_x)", POPULATIONS),
        Parameter("overflow", "1", 0.0, 0.9, "share of uptake respired as overflow (f_ov)", POPULATIONS),
        Parameter("maintenance", "h-1", 0.0, 0.1, "maintenance per active biomass (m)", POPULATIONS),
        Parameter("mortality", "h-1", 0.0, 0.1, "death of active cells (k_d)", POPULATIONS),
        Parameter("storage", "1", 0.0, 1.0, "share of assimilation that goes through reserves", POPULATIONS),
        Parameter("assimilation", "1", 0.01, 1.0, "efficiency of making reserves (y_A)", POPULATIONS),
        Parameter("largest_reserve", "1", 0.01, 10.0, "reserves per structure when fully fed (G_m)", POPULATIONS),
        Parameter("waking", "h-1", 0.0, 1.0, "rate of waking when fed, and of falling dormant when not", POPULATIONS),
        Parameter("dormant_share", "1", 0.0, 1.0, "maintenance and death of dormant cells, of that of active ones"),
        Parameter("recycled", "1", 0.0, 1.0, "share of dead cells that is taken up again (rho)"),
        Parameter("release", "h-1", 0.0, 1.0, "dissolution of necromass and exudates (k_N)"),
        Parameter("remobilised", "h-1", 0.0, 1.0, "dissolution of stabilised necromass"),
        Parameter("supply", "ug g-1 h-1", 0.0, 1e3, "native carbon that dissolves"),
        Parameter("water_potential", "MPa", -300.0, -0.0032, "of the soil water"),
    )

    sets = (
        ParameterSet(
            "reference",
            ("capek2023", "wang2014dormancy"),
            "reference soil of the virtual laboratory: one population, moist, no storage; round numbers, no one soil's",
            {
                **{name: ((value, value), "1") for name, value in _BOTH.items()},
                **{name: ((value, value), "h-1") for name, value in _RATES.items()},
                "affinity": ((1.0, 0.0), "1"),
                "half_saturation": ((60.0, 60.0), "ug g-1"),
                "largest_reserve": ((2.0, 2.0), "1"),
                "dormant_share": (0.01, "1"),
                "recycled": (0.5, "1"),
                "release": (0.01, "h-1"),
                "remobilised": (0.0, "h-1"),
                "supply": (0.6, "ug g-1 h-1"),
                "water_potential": (FIELD_CAPACITY, "MPa"),
            },
        ),
    )

    def environment(self, drivers: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters, and what drought does to them; nothing changes during an incubation."""
        p, dryness = dict(self.parameters), -self.parameters["water_potential"]
        # DAISY, as in MEND's code (fSWP_OPT), on the dry side of the optimum
        activity = jnp.clip(0.625 - 0.25 * jnp.log10(dryness), 0.0, 1.0)
        return p | {
            "activity": activity,
            # MEND's code (fSWP_D2A; Manzoni et al. 2014): -0.1 MPa, exponent 4
            "awake": 0.1**4 / (dryness**4 + 0.1**4),
            "growth_yield": [
                self.intrinsic_cue(p["growth_yield"][i], {**drivers, "substrate": "dissolved", "microbe": name})
                for i, name in enumerate(POPULATIONS)
            ],
        }

    def limits(self, environment: Mapping[str, Any]) -> dict[str, Any]:
        """Where the parameters contradict each other."""
        e = environment
        too_much = [e["exudation"][i] + e["overflow"][i] > 1 for i in range(2)]
        costly = [(e["storage"][i] > 0) & (e["assimilation"][i] < e["growth_yield"][i]) for i in range(2)]
        return {
            "exudation and overflow take up more than all uptake": too_much[0] | too_much[1],
            "reserves are made at a lower efficiency than growth as a whole": costly[0] | costly[1],
        }

    def fluxes(self, stocks: Mapping[str, Any], environment: Mapping[str, Any]) -> Iterator[Flux]:
        """Every flux of the jar."""
        c, e = stocks, environment
        yield Flux(INPUT, "dissolved", "input", e["supply"] * e["activity"])
        for i, population in enumerate(POPULATIONS):
            own = {name: e[name][i] for name in _OF_A_POPULATION}
            yield from self._population(c, {**e, **own}, population)
        yield Flux("necromass", "dissolved", "depolymerisation", e["release"] * e["activity"] * c["necromass"])
        yield Flux("exudates", "dissolved", "depolymerisation", e["release"] * e["activity"] * c["exudates"])
        yield Flux("stabilised", "dissolved", "depolymerisation", e["remobilised"] * e["activity"] * c["stabilised"])

    def _population(self, c: Mapping[str, Any], e: Mapping[str, Any], population: str) -> Iterator[Flux]:
        active, reserve, dormant = (f"{state}_{population}" for state in ("active", "reserve", "dormant"))
        food = {"added": e["affinity"] * c["added"], "dissolved": c["dissolved"]}
        fed = (food["added"] + food["dissolved"]) / (e["half_saturation"] + food["added"] + food["dissolved"])
        stored, direct = e["storage"], 1 - e["storage"]
        for pool, eaten in food.items():
            uptake = e["largest_uptake"] * e["activity"] * c[active] * eaten
            uptake = uptake / (e["half_saturation"] + food["added"] + food["dissolved"])
            kept = (1 - e["exudation"] - e["overflow"]) * uptake
            respired = direct * (1 - e["growth_yield"]) + stored * (1 - e["assimilation"])
            yield Flux(pool, active, "uptake", direct * e["growth_yield"] * kept)
            yield Flux(pool, reserve, "uptake", stored * e["assimilation"] * kept)  # S2
            yield Flux(pool, CO2, "uptake", respired * kept, through=active)
            yield Flux(pool, CO2, "overflow", e["overflow"] * uptake, through=active)
            yield Flux(pool, "exudates", "exudation", e["exudation"] * uptake, through=active)

        # S3, and maintenance before growth: eqs 4, 5, 8 and 9 of Čapek et al. (2023)
        turnover = e["largest_uptake"] * e["activity"] * e["assimilation"] / e["largest_reserve"]
        mobilised, need = turnover * c[reserve], e["maintenance"] * c[active]
        paid = jnp.minimum(mobilised, need)
        # the rest of the cost, so that growth costs the same by either route
        growth = e["growth_yield"] / jnp.maximum(e["assimilation"], e["growth_yield"])
        yield Flux(reserve, CO2, "maintenance", paid)
        yield Flux(active, CO2, "maintenance", need - paid)
        yield Flux(reserve, active, "growth", growth * (mobilised - paid))
        yield Flux(reserve, CO2, "growth", (1 - growth) * (mobilised - paid))

        for pool, share in ((active, 1.0), (reserve, 1.0), (dormant, e["dormant_share"])):
            death = share * e["mortality"] * c[pool]
            yield Flux(pool, "necromass", "mortality", e["recycled"] * death)
            yield Flux(pool, "stabilised", "mortality", (1 - e["recycled"]) * death)

        yield Flux(dormant, CO2, "maintenance", e["dormant_share"] * e["maintenance"] * c[dormant])
        awake = fed * e["awake"]
        yield Flux(dormant, active, "dormancy", e["waking"] * awake * c[dormant])
        yield Flux(active, dormant, "dormancy", e["waking"] * (1 - awake) * c[active])


_OF_A_POPULATION = tuple(p.name for p in IncubatedSoil.declared if p.components == POPULATIONS)
