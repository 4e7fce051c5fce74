"""MEND: particulate, mineral-associated and adsorbed organic matter, dissolved carbon, microbes and two enzymes.

Wang, Post and Mayes (2013), equations 1 to 8. Growth follows from kinetics alone; CUE says how much is respired on top
of it: with less CUE microbes eat more and grow the same. mgC cm-3 (mgC per g of soil times bulk density) and hours.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import jax.numpy as jnp

from soilcue.core.network import CO2, INPUT, Flux, Network, Pool
from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.models import MODELS


class Mend(Network):
    """The Microbial-ENzyme-mediated Decomposition model of 2013."""

    name = "mend"
    title = "MEND (Microbial-ENzyme-mediated Decomposition), version of 2013"
    label = "MEND"
    references = ("wang2013",)
    carbon_unit, time_unit, reference_depth = "mgC cm-3", "h", 0.30
    needs = ("carbon_input", "bulk_density")
    assumptions = (
        "MEND: no response to temperature, moisture or texture: the published rates hold at their reference "
        "temperature of 20 degC",
        "MEND: the stocks are taken for thirty centimetres",
    )

    pools = (
        Pool("particulate", "organic", "particulate organic carbon", 600.0),
        Pool("mineral_associated", "mineral", "mineral-associated organic carbon", 3500.0),
        Pool("adsorbed", "mineral", "carbon adsorbed to minerals", 200.0),
        Pool("dissolved", "dissolved", "dissolved organic carbon", 40.0),
        Pool("microbes", "living", "microbial biomass", 130.0),
        Pool("particulate_enzymes", "enzyme", "enzymes that break down particulate carbon", 0.4),
        Pool("mineral_enzymes", "enzyme", "enzymes that break down mineral-associated carbon", 0.4),
    )

    declared = (
        Parameter("input_to_dissolved", "1", 0.0, 1.0, "share of the input that is dissolved"),
        Parameter("particulate_rate", "h-1", 1e-4, 1e4, "largest breakdown of particulate carbon per enzyme (V_P)"),
        Parameter("particulate_half", "mgC g-1", 1e-2, 1e5, "its half-saturation (K_P)"),
        Parameter("mineral_rate", "h-1", 1e-4, 1e4, "largest breakdown of mineral-associated carbon per enzyme (V_M)"),
        Parameter("mineral_half", "mgC g-1", 1e-2, 1e5, "its half-saturation (K_M)"),
        Parameter("growth", "h-1", 0.0, 1.0, "largest growth (V_D)"),
        Parameter("maintenance", "h-1", 1e-7, 1.0, "maintenance, which death and enzymes have to make up for (m_R)"),
        Parameter("uptake_half", "mgC g-1", 1e-6, 1e2, "half-saturation of growth and maintenance (K_D)"),
        Parameter("cue", "1", 0.01, 0.99, "carbon use efficiency (E_C)"),
        Parameter("particulate_to_dissolved", "1", 0.0, 1.0, "share of broken particulate carbon dissolved (f_D)"),
        Parameter("necromass_to_dissolved", "1", 0.0, 1.0, "share of necromass that is dissolved (g_D)"),
        Parameter("particulate_enzyme_share", "1", 1e-6, 0.4, "share of maintenance that makes enzymes (p_EP)"),
        Parameter("mineral_enzyme_share", "1", 1e-6, 0.4, "share of maintenance that makes enzymes (p_EM)"),
        Parameter("particulate_enzyme_loss", "h-1", 1e-7, 1.0, "loss of enzymes (r_EP)"),
        Parameter("mineral_enzyme_loss", "h-1", 1e-7, 1.0, "loss of enzymes (r_EM)"),
        Parameter("sorption_capacity", "mgC g-1", 1e-3, 1e3, "largest amount adsorbed (Q_max)"),
        Parameter("adsorption", "h-1", 1e-7, 10.0, "adsorption to an empty surface (K_ads)"),
        Parameter("desorption", "mgC g-1 h-1", 1e-7, 10.0, "desorption from a full surface (K_des)"),
        Parameter("mortality_exponent", "1", 1.0, 3.0, "exponent of biomass, in mgC per g of soil, in death"),
    )

    sets = (
        ParameterSet(
            "wang2013",
            ("wang2013", "memc"),
            "table 2 of the paper, as transcribed in the first version of the MEMC package",
            {
                "input_to_dissolved": (0.5, "1"),
                "particulate_rate": (2.5, "h-1"),
                "particulate_half": (50.0, "mgC g-1"),
                "mineral_rate": (1.0, "h-1"),
                "mineral_half": (250.0, "mgC g-1"),
                "growth": (5e-4, "h-1"),
                "maintenance": (2.8e-4, "h-1"),
                "uptake_half": (0.26, "mgC g-1"),
                "cue": (0.47, "1"),
                "particulate_to_dissolved": (0.5, "1"),
                "necromass_to_dissolved": (0.5, "1"),
                "particulate_enzyme_share": (0.01, "1"),
                "mineral_enzyme_share": (0.01, "1"),
                "particulate_enzyme_loss": (1e-3, "h-1"),
                "mineral_enzyme_loss": (1e-3, "h-1"),
                "sorption_capacity": (1.7, "mgC g-1"),
                "adsorption": (6e-3, "h-1"),
                "desorption": (1e-3, "mgC g-1 h-1"),
                "mortality_exponent": (1.0, "1"),
            },
        ),
    )

    def environment(self, drivers: Mapping[str, Any]) -> dict[str, Any]:
        """Carbon per g of soil becomes carbon per cm3 by the bulk density."""
        # mgC g-1 is a number of thousandths to the unit library; g cm-3 is a thousand kg m-3
        p, density = self.parameters, drivers["bulk_density"] / 1000.0
        per_volume = {
            name: p[name] * density
            for name in ("particulate_half", "mineral_half", "uptake_half", "sorption_capacity", "desorption")
        }
        feels = {**drivers, "substrate": "dissolved", "microbe": "microbes"}
        cue = self.intrinsic_cue(p["cue"] * jnp.ones_like(density), feels)
        return {**p, **per_volume, "density": density, "input": drivers["carbon_input"], "cue": cue}

    def limits_of_rest(self, environment: Mapping[str, Any]) -> dict[str, Any]:
        """Where microbes cannot live on any amount of carbon, or carbon piles up without end."""
        e = environment
        cue = e["cue"]
        maintained = cue / (1 - cue)  # maintenance of the biomass at rest, per unit of input
        dead = (1 - e["particulate_enzyme_share"] - e["mineral_enzyme_share"]) * maintained
        particulate = 1 - e["input_to_dissolved"] + (1 - e["necromass_to_dissolved"]) * dead
        mineral = (1 - e["particulate_to_dissolved"]) * particulate
        too_much = False
        for kind, amount in (("particulate", particulate), ("mineral", mineral)):
            enzymes = e[f"{kind}_enzyme_share"] * maintained / e[f"{kind}_enzyme_loss"]
            too_much |= amount >= e[f"{kind}_rate"] * enzymes
        # both are known in closed form where death goes with biomass
        proportional = e["mortality_exponent"] == 1
        return {
            "growth cannot make up for death": proportional & (e["growth"] <= 0) & (cue > 0),
            "enzymes cannot keep up with the input": proportional & too_much,
        }

    def fluxes(self, stocks: Mapping[str, Any], environment: Mapping[str, Any]) -> Iterator[Flux]:
        """Fluxes 1 to 8 of the paper."""
        c, e = stocks, environment
        yield Flux(INPUT, "particulate", "input", (1 - e["input_to_dissolved"]) * e["input"])
        yield Flux(INPUT, "dissolved", "input", e["input_to_dissolved"] * e["input"])

        filled = c["dissolved"] / (e["uptake_half"] + c["dissolved"])
        grown = e["growth"] * c["microbes"] * filled
        maintained = e["maintenance"] * c["microbes"] * filled
        respired = (1 - e["cue"]) / e["cue"]
        yield Flux("dissolved", "microbes", "uptake", grown + maintained)  # F1
        yield Flux("dissolved", CO2, "uptake", respired * grown, through="microbes")  # F4
        yield Flux("dissolved", CO2, "maintenance", respired * maintained, through="microbes")  # F5

        particulate = (
            e["particulate_rate"]
            * c["particulate_enzymes"]
            * c["particulate"]
            / (e["particulate_half"] + c["particulate"])
        )  # F2
        yield Flux("particulate", "dissolved", "depolymerisation", e["particulate_to_dissolved"] * particulate)
        yield Flux(
            "particulate", "mineral_associated", "depolymerisation", (1 - e["particulate_to_dissolved"]) * particulate
        )
        mineral = (
            e["mineral_rate"]
            * c["mineral_enzymes"]
            * c["mineral_associated"]
            / (e["mineral_half"] + c["mineral_associated"])
        )
        yield Flux("mineral_associated", "dissolved", "depolymerisation", mineral)  # F3

        covered = c["adsorbed"] / e["sorption_capacity"]
        bound = e["adsorption"] * c["dissolved"]
        yield Flux("dissolved", "adsorbed", "sorption", bound * jnp.maximum(1 - covered, 0.0))  # F6
        # past the capacity the published net adsorption is negative: carbon leaves the surface
        yield Flux("adsorbed", "dissolved", "desorption", bound * jnp.maximum(covered - 1, 0.0))
        yield Flux("adsorbed", "dissolved", "desorption", e["desorption"] * covered)  # F7

        crowding = (c["microbes"] / e["density"]) ** (e["mortality_exponent"] - 1)
        death = (
            (1 - e["particulate_enzyme_share"] - e["mineral_enzyme_share"])
            * e["maintenance"]
            * c["microbes"]
            * crowding
        )
        yield Flux("microbes", "dissolved", "mortality", e["necromass_to_dissolved"] * death)  # F8
        yield Flux("microbes", "particulate", "mortality", (1 - e["necromass_to_dissolved"]) * death)
        for kind in ("particulate", "mineral"):
            enzymes = f"{kind}_enzymes"
            made = e[f"{kind}_enzyme_share"] * e["maintenance"] * c["microbes"]
            yield Flux("microbes", enzymes, "exudation", made)  # F9
            yield Flux(enzymes, "dissolved", "enzyme_turnover", e[f"{kind}_enzyme_loss"] * c[enzymes])  # F10


MODELS.register(Mend.name, Mend)
