"""Millennial Version 2: measurable pools - particulate, dissolved, aggregate, microbial, mineral-associated carbon.

Abramoff et al. (2022); equation numbers are those of the paper's code. Depolymerisation and uptake by Michaelis-Menten
kinetics or by the equilibrium chemistry approximation (ECA). gC m-2 and days, over one metre of soil.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import jax.numpy as jnp

from soilcue.core.network import CO2, INPUT, LEACHED, Flux, Network, Pool
from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.models import MODELS

GAS_CONSTANT = 8.31446
"""J mol-1 K-1, to the digits of the published code."""
ZERO_CELSIUS = 273.15

_SHARED = {
    "input_to_particulate": (0.66, "1"),
    "aggregate_to_particulate": (0.33, "1"),
    "necromass_to_mineral": (0.5, "1"),
    "leaching": (0.0015, "d-1"),
    "maximum_desorption": (1.0, "gC m-2 d-1"),
    "binding": (1.0, "d-1"),
    "binding_intercept": (0.216, "1"),
    "sorption_capacity": (0.86, "gC kg-1 percent-1"),
    "cue_slope": (0.012, "K-1"),
    "cue_reference_temperature": (15.0, "degC"),
    "matric_potential": (15.0, "kPa"),
    "matric_sensitivity": (2.1e-4, "kPa-1"),
    "anaerobic_minimum": (0.2, "1"),
}
_FIT = _SHARED | {
    "depolymerisation_half": (6443.0, "gC m-2"),
    "depolymerisation_rate": (1.8e12, "d-1"),
    "depolymerisation_energy": (63909.0, "J mol-1"),
    "aggregation": (0.018, "d-1"),
    "breakdown": (0.02, "d-1"),
    "binding_ph": (0.12, "1"),
    "uptake_half": (774.6, "gC m-2"),
    "uptake_rate": (2.3e12, "d-1"),
    "uptake_energy": (57865.0, "J mol-1"),
    "mortality": (0.0045, "m2 gC-1 d-1"),
    "mineral_aggregation": (0.0048, "d-1"),
    "cue_reference": (0.19, "1"),
}


class Millennial(Network):
    """Millennial V2, with Michaelis-Menten kinetics or the equilibrium chemistry approximation."""

    name = "millennial"
    title = "Millennial Version 2"
    label = "Millennial V2"
    references = ("abramoff2018", "abramoff2022")
    carbon_unit, time_unit, reference_depth = "gC m-2", "d", 1.0
    needs = ("temperature", "moisture", "carbon_input", "porosity", "pH", "bulk_density", "clay_silt")
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {"kinetics": ("michaelis-menten", "eca")}
    assumptions = (
        "Millennial: the matric potential is the constant of the published parameter files (15 kPa)",
        "Millennial: where mineral-associated carbon exceeds the sorption capacity, the published net sorption turns "
        "negative; it is kept as a flux of its own from mineral-associated to dissolved carbon",
    )

    pools = (
        Pool("particulate", "organic", "particulate organic matter", 150.0),
        Pool("dissolved", "dissolved", "low molecular weight carbon", 3.0),
        Pool("aggregate", "organic", "aggregate carbon", 500.0),
        Pool("microbes", "living", "microbial biomass", 6.0),
        Pool("mineral_associated", "mineral", "mineral-associated organic matter", 1500.0),
    )

    declared = (
        Parameter("input_to_particulate", "1", 0.01, 0.99, "share of the input that is particulate (p_i)"),
        Parameter("aggregate_to_particulate", "1", 0.01, 0.99, "share of broken aggregates that is particulate (p_a)"),
        Parameter("necromass_to_mineral", "1", 0.0, 1.0, "share of necromass that binds to minerals (p_b)"),
        Parameter("depolymerisation_half", "gC m-2", 1.0, 1e6, "half-saturation of depolymerisation (K_pl)"),
        Parameter("depolymerisation_rate", "d-1", 1e8, 1e16, "pre-exponential of depolymerisation (alpha_pl)"),
        Parameter("depolymerisation_energy", "J mol-1", 1e4, 1.2e5, "activation energy of depolymerisation (Ea_pl)"),
        Parameter("aggregation", "d-1", 1e-6, 1.0, "aggregation of particulate carbon (k_pa)"),
        Parameter("breakdown", "d-1", 1e-6, 1.0, "breakdown of aggregates (k_b)"),
        Parameter("leaching", "d-1", 1e-8, 1.0, "leaching of dissolved carbon (k_l)"),
        Parameter(
            "maximum_desorption", "gC m-2 d-1", 1e-6, 1e3, "desorption from a full mineral surface (k_ld, eq 12)"
        ),
        Parameter(
            "binding", "d-1", 1e-6, 1e3, "rate constant of binding (k_ld, eq 10: one published number, two units)"
        ),
        Parameter("binding_ph", "1", 0.0, 2.0, "response of ln binding to pH (p1)"),
        Parameter("binding_intercept", "1", -2.0, 2.0, "intercept of ln binding (p2)"),
        Parameter("sorption_capacity", "g kg-1", 1.0, 500.0, "carbon a kilogram of clay and silt can bind (p_c)"),
        Parameter("uptake_half", "gC m-2", 0.1, 1e5, "half-saturation of uptake (K_lb)"),
        Parameter("uptake_rate", "d-1", 1e8, 1e16, "pre-exponential of uptake (alpha_lb)"),
        Parameter("uptake_energy", "J mol-1", 1e4, 1.2e5, "activation energy of uptake (Ea_lb)"),
        Parameter("mortality", "m2 g-1 d-1", 1e-7, 1.0, "density-dependent mortality (k_bd)"),
        Parameter("mineral_aggregation", "d-1", 1e-7, 1.0, "aggregation of mineral-associated carbon (k_ma)"),
        Parameter("cue_reference", "1", 0.01, 0.99, "CUE at the reference temperature"),
        Parameter("cue_slope", "K-1", 0.0, 0.05, "decrease of CUE with temperature"),
        Parameter("cue_reference_temperature", "degC", -20.0, 40.0, "reference temperature of CUE"),
        Parameter("matric_potential", "kPa", 0.0, 1e4, "matric potential (a constant, psi)"),
        Parameter("matric_sensitivity", "kPa-1", 0.0, 0.1, "response of activity to matric potential (lambda)"),
        Parameter("anaerobic_minimum", "1", 0.0, 1.0, "activity left without air-filled pores (a_min)"),
    )

    sets = (
        ParameterSet(
            "fit",
            ("abramoff2022", "millennial_code"),
            "fitted to global profiles: soilpara_in_fit.txt of the public code",
            _FIT,
        ),
        ParameterSet(
            "fit-eca",
            ("abramoff2022", "millennial_code"),
            "the values of fit, fitted with Michaelis-Menten kinetics, in derivs_V2_ECA.R of the public code",
            _FIT,
            {"kinetics": "eca"},
        ),
        ParameterSet(
            "default",
            ("abramoff2022", "millennial_code"),
            "before fitting: soilpara_in_default.txt of the public code",
            _SHARED
            | {
                "depolymerisation_half": (1e4, "gC m-2"),
                "depolymerisation_rate": (2.5e12, "d-1"),
                "depolymerisation_energy": (64320.0, "J mol-1"),
                "aggregation": (0.02, "d-1"),
                "breakdown": (0.019, "d-1"),
                "binding_ph": (0.186, "1"),
                "uptake_half": (290.0, "gC m-2"),
                "uptake_rate": (2.6e12, "d-1"),
                "uptake_energy": (60260.0, "J mol-1"),
                "mortality": (0.0036, "m2 gC-1 d-1"),
                "mineral_aggregation": (0.02, "d-1"),
                "cue_reference": (0.6, "1"),
            },
        ),
    )

    def environment(self, drivers: Mapping[str, Any]) -> dict[str, Any]:
        """Rates from temperature, moisture, pH and texture: equations 3, 4, 10, 11, 14, 15 and 21."""
        p = self.parameters
        moisture, porosity = drivers["moisture"], drivers["porosity"]
        thermal = GAS_CONSTANT * (drivers["temperature"] + ZERO_CELSIUS)
        diffusion = jnp.sqrt(moisture / porosity)
        # the root of a negative number outside of the domain would poison gradients; `limits` flags those cells
        air = jnp.sqrt(jnp.maximum(porosity - moisture, 0.0) / porosity)
        active = jnp.exp(-p["matric_sensitivity"] * p["matric_potential"]) * (
            p["anaerobic_minimum"] + (1 - p["anaerobic_minimum"]) * air
        )
        line = p["cue_reference"] - p["cue_slope"] * (drivers["temperature"] - p["cue_reference_temperature"])
        feels = {**drivers, "substrate": "dissolved", "microbe": "microbes"}
        everywhere = jnp.ones_like(moisture)
        return {
            "input": drivers["carbon_input"],
            "diffusion": diffusion,
            "depolymerisation": p["depolymerisation_rate"]
            * jnp.exp(-p["depolymerisation_energy"] / thermal)
            * diffusion,
            "uptake": p["uptake_rate"] * jnp.exp(-p["uptake_energy"] / thermal) * active * diffusion,
            "binding": p["binding"] * jnp.exp(-p["binding_ph"] * drivers["pH"] - p["binding_intercept"]) * diffusion,
            # kg m-3 over one metre times g kg-1: the capacity of the column in gC m-2
            "capacity": drivers["bulk_density"] * self.depth * drivers["clay_silt"] * p["sorption_capacity"],
            "cue": self.intrinsic_cue(p["cue_reference"] * everywhere, feels, published=line),
            "air_filled": porosity - moisture,
            "constants": {
                name: p[name]
                for name in (
                    "input_to_particulate",
                    "aggregate_to_particulate",
                    "necromass_to_mineral",
                    "depolymerisation_half",
                    "aggregation",
                    "breakdown",
                    "leaching",
                    "maximum_desorption",
                    "uptake_half",
                    "mortality",
                    "mineral_aggregation",
                )
            },
        }

    def limits(self, environment: Mapping[str, Any]) -> dict[str, Any]:
        """Where the published functions leave their domain."""
        cue = environment["cue"]
        return {
            "CUE of the model outside (0, 1)": (cue <= 0) | (cue >= 1),
            "moisture at or above porosity": environment["air_filled"] <= 0,
            "no clay and silt to bind carbon": environment["capacity"] <= 0,
            "no moisture": environment["diffusion"] <= 0,
        }

    def fluxes(self, stocks: Mapping[str, Any], environment: Mapping[str, Any]) -> Iterator[Flux]:
        """Equations 1 to 21 of Abramoff et al. (2022), flux by flux."""
        c, e = stocks, environment
        k, diffusion = e["constants"], e["diffusion"]

        yield Flux(INPUT, "particulate", "input", k["input_to_particulate"] * e["input"])
        yield Flux(INPUT, "dissolved", "input", (1 - k["input_to_particulate"]) * e["input"])

        def consumed(limit, half, substrate, saturating):
            """What saturates is microbes or substrate; in the equilibrium chemistry approximation both."""
            held = c[substrate] + c["microbes"] if self.option("kinetics") == "eca" else c[saturating]
            return limit * c[substrate] * c["microbes"] / (half + held)

        depolymerised = consumed(e["depolymerisation"], k["depolymerisation_half"], "particulate", "microbes")
        yield Flux("particulate", "dissolved", "depolymerisation", depolymerised)  # eq 2
        yield Flux("particulate", "aggregate", "aggregation", k["aggregation"] * diffusion * c["particulate"])  # eq 5

        broken = k["breakdown"] * diffusion * c["aggregate"]  # eq 6
        yield Flux("aggregate", "particulate", "disaggregation", k["aggregate_to_particulate"] * broken)
        yield Flux("aggregate", "mineral_associated", "disaggregation", (1 - k["aggregate_to_particulate"]) * broken)

        yield Flux("dissolved", LEACHED, "leaching", k["leaching"] * diffusion * c["dissolved"])  # eq 8
        filled = c["mineral_associated"] / e["capacity"]
        yield Flux(
            "dissolved", "mineral_associated", "sorption", e["binding"] * c["dissolved"] * jnp.maximum(1 - filled, 0)
        )
        yield Flux(
            "mineral_associated", "dissolved", "desorption", e["binding"] * c["dissolved"] * jnp.maximum(filled - 1, 0)
        )
        yield Flux("mineral_associated", "dissolved", "desorption", k["maximum_desorption"] * filled)  # eq 12
        yield Flux(
            "mineral_associated",
            "aggregate",
            "aggregation",
            k["mineral_aggregation"] * diffusion * c["mineral_associated"],
        )  # eq 18

        taken_up = consumed(e["uptake"], k["uptake_half"], "dissolved", "dissolved")  # eq 13
        yield Flux("dissolved", "microbes", "uptake", e["cue"] * taken_up)
        yield Flux("dissolved", CO2, "uptake", (1 - e["cue"]) * taken_up, through="microbes")  # eq 21

        death = k["mortality"] * c["microbes"] ** 2  # eq 16
        yield Flux("microbes", "mineral_associated", "mortality", k["necromass_to_mineral"] * death)
        yield Flux("microbes", "dissolved", "mortality", (1 - k["necromass_to_mineral"]) * death)


MODELS.register(Millennial.name, Millennial)
