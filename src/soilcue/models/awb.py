"""AWB: microbes, their enzymes, soil organic and dissolved carbon (Allison, Wallenstein and Bradford 2010).

Warmth speeds up enzymes and uptake, but lowers CUE. At rest neither organic nor dissolved carbon depends on how much
carbon comes in, for microbes and enzymes grow with it. mg cm-3 and hours, as in the paper.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import jax.numpy as jnp

from soilcue.core.network import CO2, INPUT, Flux, Network, Pool
from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.models import MODELS

GAS_CONSTANT = 8.314
"""J mol-1 K-1, to the digits of the published code."""
ZERO_CELSIUS = 273.0
"""K, to the digits of the published code."""

_SHARED = {
    "input_to_dissolved": (0.5, "1"),
    "depolymerisation_rate": (1e8, "h-1"),
    "depolymerisation_energy": (47.0, "kJ mol-1"),
    "depolymerisation_half": (500.0, "mgC cm-3"),
    "uptake_rate": (1e8, "h-1"),
    "uptake_energy": (47.0, "kJ mol-1"),
    "uptake_half": (0.1, "mgC cm-3"),
    "mortality": (2e-4, "h-1"),
    "enzyme_production": (5e-6, "h-1"),
    "enzyme_loss": (1e-3, "h-1"),
    "necromass_to_organic": (0.5, "1"),
    "cue_intercept": (0.63, "1"),
    "cue_slope": (-0.016, "K-1"),
    "cue_reference_temperature": (20.0, "degC"),
}


class AWB(Network):
    """The enzyme-driven model of Allison et al. (2010)."""

    name = "awb"
    title = "AWB (Allison, Wallenstein and Bradford)"
    label = "AWB"
    references = ("allison2010",)
    carbon_unit, time_unit, reference_depth = "mgC cm-3", "h", 0.10
    needs = ("temperature", "carbon_input")
    assumptions = (
        "AWB: the paper gives no depth of soil; the stocks are taken for ten centimetres",
        "AWB: no response to moisture or texture, as published",
    )

    pools = (
        Pool("organic_matter", "organic", "soil organic carbon", 5000.0),
        Pool("dissolved", "dissolved", "dissolved organic carbon", 0.02),
        Pool("microbes", "living", "microbial biomass", 90.0),
        Pool("enzymes", "enzyme", "extracellular enzymes", 0.45),
    )

    declared = (
        Parameter("input_to_dissolved", "1", 0.0, 1.0, "share of the input that is dissolved"),
        Parameter("depolymerisation_rate", "h-1", 1e4, 1e12, "pre-exponential of depolymerisation per enzyme (Vmax0)"),
        Parameter("depolymerisation_energy", "J mol-1", 1e4, 1.2e5, "activation energy of depolymerisation"),
        Parameter("depolymerisation_half", "mgC cm-3", 1.0, 1e5, "half-saturation of depolymerisation at 0 degC (Km0)"),
        Parameter("depolymerisation_half_slope", "mgC cm-3 K-1", 0.0, 100.0, "its increase with temperature"),
        Parameter("uptake_rate", "h-1", 1e4, 1e12, "pre-exponential of uptake per microbial carbon (Vmaxuptake0)"),
        Parameter("uptake_energy", "J mol-1", 1e4, 1.2e5, "activation energy of uptake"),
        Parameter("uptake_half", "mgC cm-3", 1e-4, 1e2, "half-saturation of uptake at 0 degC (Kmuptake0)"),
        Parameter("uptake_half_slope", "mgC cm-3 K-1", 0.0, 1.0, "its increase with temperature"),
        Parameter("mortality", "h-1", 1e-7, 1e-1, "death of microbes (rdeath)"),
        Parameter("enzyme_production", "h-1", 1e-9, 1e-2, "enzymes made per microbial carbon (rEnzProd)"),
        Parameter("enzyme_loss", "h-1", 1e-6, 1.0, "loss of enzymes (rEnzLoss)"),
        Parameter("necromass_to_organic", "1", 0.0, 1.0, "share of necromass that is not dissolved (MICtoSOC)"),
        Parameter("cue_intercept", "1", 0.01, 0.99, "CUE at 0 degC (CUE0)"),
        Parameter("cue_slope", "K-1", -0.05, 0.0, "its change with temperature (CUEslope)"),
        Parameter("cue_reference_temperature", "degC", -20.0, 40.0, "temperature at which schemes take the CUE"),
    )

    sets = (
        ParameterSet(
            "allison2010",
            ("allison2010", "sierra2012"),
            "the paper's: steady pools of the paper come back at an input of 0.001 mg cm-3 h-1 and 20 degC",
            _SHARED
            | {
                "depolymerisation_half_slope": (5.0, "mgC cm-3 K-1"),
                "uptake_half_slope": (0.01, "mgC cm-3 K-1"),
            },
        ),
        ParameterSet(
            "soilr",
            ("sierra2012",),
            "defaults of AWBmodel in the R package SoilR, which differ from the paper's in both temperature slopes of "
            "half-saturation (and in the input, ten times the paper's)",
            _SHARED
            | {
                "depolymerisation_half_slope": (0.5, "mgC cm-3 K-1"),
                "uptake_half_slope": (0.1, "mgC cm-3 K-1"),
            },
        ),
    )

    def environment(self, drivers: Mapping[str, Any]) -> dict[str, Any]:
        """Kinetics and CUE at the temperature."""
        p, temperature = self.parameters, drivers["temperature"]
        thermal = GAS_CONSTANT * (temperature + ZERO_CELSIUS)
        line = p["cue_intercept"] + p["cue_slope"] * temperature
        reference = p["cue_intercept"] + p["cue_slope"] * p["cue_reference_temperature"]
        feels = {**drivers, "substrate": "dissolved", "microbe": "microbes"}
        return {
            **p,
            "input": drivers["carbon_input"],
            "largest_depolymerisation": p["depolymerisation_rate"] * jnp.exp(-p["depolymerisation_energy"] / thermal),
            "largest_uptake": p["uptake_rate"] * jnp.exp(-p["uptake_energy"] / thermal),
            "half_organic": p["depolymerisation_half"] + p["depolymerisation_half_slope"] * temperature,
            "half_dissolved": p["uptake_half"] + p["uptake_half_slope"] * temperature,
            "cue": self.intrinsic_cue(reference * jnp.ones_like(temperature), feels, published=line),
        }

    def limits(self, environment: Mapping[str, Any]) -> dict[str, Any]:
        """Where the published lines leave their domain."""
        e = environment
        return {
            "CUE of the model outside (0, 1)": (e["cue"] <= 0) | (e["cue"] >= 1),
            "half-saturation of the model not above zero": (e["half_organic"] <= 0) | (e["half_dissolved"] <= 0),
        }

    def limits_of_rest(self, environment: Mapping[str, Any]) -> dict[str, Any]:
        """Where microbes cannot live on any amount of carbon, or carbon would pile up without end."""
        e = environment
        cue, loss = e["cue"], e["mortality"] + e["enzyme_production"]
        enzymes = e["enzyme_production"] / e["enzyme_loss"]
        # at rest, per unit of input: biomass, and what enzymes would have to break down
        biomass = cue / (1 - cue) / loss
        broken_down = 1 - e["input_to_dissolved"] + e["necromass_to_organic"] * e["mortality"] * biomass
        inside = (cue > 0) & (cue < 1) & (e["half_organic"] > 0) & (e["half_dissolved"] > 0)
        return {
            "uptake cannot make up for death": inside & (cue * e["largest_uptake"] <= loss),
            "enzymes cannot keep up with the input": inside
            & (broken_down >= e["largest_depolymerisation"] * enzymes * biomass),
        }

    def fluxes(self, stocks: Mapping[str, Any], environment: Mapping[str, Any]) -> Iterator[Flux]:
        """The equations of the paper's methods, flux by flux."""
        c, e = stocks, environment
        yield Flux(INPUT, "organic_matter", "input", (1 - e["input_to_dissolved"]) * e["input"])
        yield Flux(INPUT, "dissolved", "input", e["input_to_dissolved"] * e["input"])

        broken_down = (
            e["largest_depolymerisation"]
            * c["enzymes"]
            * c["organic_matter"]
            / (e["half_organic"] + c["organic_matter"])
        )
        yield Flux("organic_matter", "dissolved", "depolymerisation", broken_down)

        taken_up = e["largest_uptake"] * c["microbes"] * c["dissolved"] / (e["half_dissolved"] + c["dissolved"])
        yield Flux("dissolved", "microbes", "uptake", e["cue"] * taken_up)
        yield Flux("dissolved", CO2, "uptake", (1 - e["cue"]) * taken_up, through="microbes")

        death = e["mortality"] * c["microbes"]
        yield Flux("microbes", "organic_matter", "mortality", e["necromass_to_organic"] * death)
        yield Flux("microbes", "dissolved", "mortality", (1 - e["necromass_to_organic"]) * death)
        yield Flux("microbes", "enzymes", "exudation", e["enzyme_production"] * c["microbes"])
        yield Flux("enzymes", "dissolved", "enzyme_turnover", e["enzyme_loss"] * c["enzymes"])


MODELS.register(AWB.name, AWB)
