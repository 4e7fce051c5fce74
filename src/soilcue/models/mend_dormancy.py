"""MEND with dormancy: active microbes that fall dormant where dissolved carbon or water is short, and wake again.

The carbon of the public Fortran code of MEND (Wang et al. 2015, 2022): two kinds of particulate carbon with an enzyme
each, mineral-associated, adsorbed and dissolved carbon, and responses to temperature, water potential and pH. Dormant
cells neither grow nor die; they respire a thousandth of the maintenance of active ones. mgC cm-3 and hours.

The public code takes explicit steps of an hour, in which uptake is limited to the dissolved carbon at hand, and growth
respiration, reckoned apart, to the same carbon. With the shipped half-saturation an hour empties the dissolved pool, so
that respiration takes (nearly) all that uptake found. With those limits and steps the rates here give the code's own
output; solved exactly, the same equations hold ten to a hundred times the microbes.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import jax.numpy as jnp

from soilcue.core.network import CO2, INPUT, Flux, Network, Pool
from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.models import MODELS

GAS_CONSTANT, ZERO_CELSIUS, REFERENCE_TEMPERATURE = 8.314, 273.15, 20.0
"""J mol-1 K-1, K and degC, to the digits of the published code."""
FIELD_CAPACITY = -0.033
"""MPa."""
ENZYMES = ("oxidised", "hydrolysed", "mineral_associated")
"""What each enzyme breaks down: particulate carbon by oxidation or hydrolysis, mineral-associated carbon."""


class MendDormancy(Network):
    """The carbon of MEND with active and dormant microbes."""

    name = "mend-dormancy"
    title = "MEND with dormancy (carbon of the public code of 2022)"
    label = "MEND dormancy"
    references = ("wang2015", "mend_code")
    carbon_unit, time_unit, reference_depth = "mgC cm-3", "h", 1.0
    needs = ("temperature", "water_potential", "pH", "carbon_input")
    assumptions = (
        "MEND-dormancy: carbon alone; nitrogen, which in the public code can add overflow respiration and enzymes of "
        "its own, is left out",
        "MEND-dormancy: intact soil of mesic grassland or crops, as to the response to water potential",
        "MEND-dormancy: the set was fitted with hourly steps that let respiration take what uptake found (see the "
        "module); solved exactly it holds far too many microbes, so that its stocks are no estimate",
    )

    pools = (
        Pool("oxidised", "organic", "particulate carbon that is broken down by oxidation", 150.0),
        Pool("hydrolysed", "organic", "particulate carbon that is broken down by hydrolysis", 700.0),
        Pool("mineral_associated", "mineral", "mineral-associated carbon", 3000.0),
        Pool("adsorbed", "mineral", "carbon adsorbed to minerals", 100.0),
        Pool("dissolved", "dissolved", "dissolved carbon", 0.1),
        Pool("active_microbes", "living", "active microbes", 100.0),
        Pool("dormant_microbes", "living", "dormant microbes", 300.0),
        Pool("oxidised_enzymes", "enzyme", "enzymes that oxidise particulate carbon", 0.3),
        Pool("hydrolysed_enzymes", "enzyme", "enzymes that hydrolyse particulate carbon", 1.0),
        Pool("mineral_associated_enzymes", "enzyme", "enzymes that break down mineral-associated carbon", 5.0),
    )

    declared = (
        Parameter("input_to_oxidised", "1", 0.0, 1.0, "share of the input that is particulate, to be oxidised"),
        Parameter("input_to_dissolved", "1", 0.0, 1.0, "share of the input that is dissolved"),
        Parameter("breakdown", "h-1", 1e-3, 1e4, "largest breakdown per enzyme (VP)", ENZYMES),
        Parameter("breakdown_energy", "J mol-1", 0.0, 1.2e5, "its activation energy", ENZYMES),
        Parameter("breakdown_half", "mgC cm-3", 1e-3, 1e5, "its half-saturation (KP)", ENZYMES),
        Parameter("breakdown_ph", "1", 2.0, 11.0, "pH at which it is fastest", ENZYMES),
        Parameter("breakdown_ph_width", "1", 0.1, 10.0, "pH away from it at which it is 1/e", ENZYMES),
        Parameter("half_energy", "J mol-1", 0.0, 1.2e5, "activation energy of half-saturations"),
        Parameter("driest", "MPa", -100.0, -0.04, "water potential at which hydrolysis stops"),
        Parameter("driest_exponent", "1", 0.1, 10.0, "shape of that response"),
        Parameter("growth", "h-1", 1e-6, 1.0, "largest growth (Vg)"),
        Parameter("growth_energy", "J mol-1", 0.0, 1.2e5, "its activation energy"),
        Parameter("maintenance_share", "1", 0.001, 0.9, "maintenance in growth and maintenance (alpha)"),
        Parameter("maintenance_energy", "J mol-1", 0.0, 1.2e5, "activation energy of maintenance and dormancy"),
        Parameter("uptake_half", "mgC cm-3", 1e-8, 1e2, "half-saturation of uptake (KD)"),
        Parameter("cue", "1", 0.01, 0.9, "growth yield at 20 degC (Yg)"),
        Parameter("cue_slope", "K-1", 0.0, 0.05, "its decrease with temperature"),
        Parameter("mortality", "1", 1e-4, 100.0, "death relative to maintenance, in dry soil (gamma)"),
        Parameter("dormant_maintenance", "1", 0.0, 1.0, "maintenance of dormant relative to active cells (beta)"),
        Parameter("dormancy_potential", "MPa", 1e-3, 10.0, "tension at which half of what may falls dormant"),
        Parameter("waking_ratio", "1", 0.01, 1.0, "tension at which half wakes, relative to it (tau)"),
        Parameter("dormancy_exponent", "1", 0.5, 10.0, "shape of both responses (w)"),
        Parameter("particulate_to_dissolved", "1", 0.0, 1.0, "share of broken particulate carbon dissolved (fD)"),
        Parameter("necromass_to_dissolved", "1", 0.0, 1.0, "share of necromass dissolved (gD)"),
        Parameter("necromass_to_oxidised", "1", 0.0, 1.0, "share of the rest of it that is to be oxidised"),
        Parameter("particulate_enzymes_made", "1", 1e-6, 1.0, "enzymes made, relative to maintenance (pEP)"),
        Parameter("mineral_enzymes_made", "1", 1e-6, 1.0, "enzymes made, relative to maintenance (pEM)"),
        Parameter("enzyme_loss", "h-1", 1e-7, 1.0, "loss of enzymes (rE)"),
        Parameter("sorption_capacity", "mgC cm-3", 1e-3, 1e3, "largest amount adsorbed (Qmax)"),
        Parameter("binding", "cm3 mg-1", 1e-3, 1e3, "binding affinity (Kba)"),
        Parameter("desorption", "mgC cm-3 h-1", 1e-7, 10.0, "desorption from a full surface (Kdes)"),
        Parameter("desorption_energy", "J mol-1", 0.0, 1.2e5, "its activation energy"),
        Parameter("adsorption_energy", "J mol-1", 0.0, 1.2e5, "activation energy of adsorption"),
    )

    sets = (
        ParameterSet(
            "acan",
            ("mend_code", "manzoni2012water"),
            "a grassland site (aCaN), the set that the public code ships: MEND_namelist.nml",
            {
                "input_to_oxidised": (0.07, "1"),
                "input_to_dissolved": (0.56, "1"),
                "breakdown": ((50.0, 50.0, 50.0), "h-1"),
                "breakdown_energy": ((53.0, 36.3, 47.0), "kJ mol-1"),
                "breakdown_half": ((60.0, 6.0, 600.0), "mgC cm-3"),
                "breakdown_ph": ((4.2, 5.3, 4.8), "1"),
                "breakdown_ph_width": ((1.4, 1.7, 1.6), "1"),
                "half_energy": (30.0, "kJ mol-1"),
                "driest": (-22.61, "MPa"),
                "driest_exponent": (1.11, "1"),
                "growth": (0.00425194, "h-1"),
                "growth_energy": (47.0, "kJ mol-1"),
                "maintenance_share": (0.05012233, "1"),
                "maintenance_energy": (20.0, "kJ mol-1"),
                "uptake_half": (0.00010034, "mgC cm-3"),
                "cue": (0.20109320, "1"),
                "cue_slope": (0.00520677, "K-1"),
                "mortality": (0.01030726, "1"),
                "dormant_maintenance": (0.001, "1"),
                "dormancy_potential": (0.46, "MPa"),
                "waking_ratio": (0.39, "1"),
                "dormancy_exponent": (3.38, "1"),
                "particulate_to_dissolved": (0.75, "1"),
                "necromass_to_dissolved": (0.5, "1"),
                "necromass_to_oxidised": (0.1, "1"),
                "particulate_enzymes_made": (0.00147568, "1"),
                "mineral_enzymes_made": (0.00147568 * 4.50361918, "1"),
                "enzyme_loss": (0.00012289, "h-1"),
                "sorption_capacity": (1.5, "mgC cm-3"),
                "binding": (6.0, "cm3 mgC-1"),
                "desorption": (0.006, "mgC cm-3 h-1"),
                "desorption_energy": (20.0, "kJ mol-1"),
                "adsorption_energy": (5.0, "kJ mol-1"),
            },
        ),
    )

    def environment(self, drivers: Mapping[str, Any]) -> dict[str, Any]:
        """Responses to temperature, water potential and pH."""
        p, temperature = self.parameters, drivers["temperature"]
        inverse = 1 / (REFERENCE_TEMPERATURE + ZERO_CELSIUS) - 1 / (temperature + ZERO_CELSIUS)

        def warm(energy):
            return jnp.exp(energy / GAS_CONSTANT * inverse)

        # tension, so that logarithms and powers are of something positive
        tension = jnp.maximum(-drivers["water_potential"], 1e-9)
        dry = (tension / p["dormancy_potential"]) ** p["dormancy_exponent"]
        waking = (tension / (p["dormancy_potential"] * p["waking_ratio"])) ** p["dormancy_exponent"]
        wet = (_oxidation_by_water(tension), *[_hydrolysis_by_water(tension, p)] * 2)
        maintenance = p["growth"] * p["maintenance_share"] / (1 - p["maintenance_share"])
        line = p["cue"] - p["cue_slope"] * (temperature - REFERENCE_TEMPERATURE)
        feels = {**drivers, "substrate": "dissolved", "microbe": "active_microbes"}
        result = {
            **{name: value for name, value in p.items() if not name.startswith("breakdown")},
            "input": drivers["carbon_input"],
            "cue": self.intrinsic_cue(p["cue"] * jnp.ones_like(temperature), feels, published=line),
            "growing": p["growth"] * warm(p["growth_energy"]),
            "maintaining": maintenance * warm(p["maintenance_energy"]),
            "uptake_half": p["uptake_half"] * warm(p["half_energy"]),
            "dying": maintenance * p["mortality"] * dry / (1 + dry),
            "falling_dormant": maintenance * warm(p["maintenance_energy"]) * dry / (1 + dry),
            "waking": maintenance * warm(p["maintenance_energy"]) / (1 + waking),
            "maintaining_dormant": maintenance * p["dormant_maintenance"],
            "desorbing": p["desorption"] * warm(p["desorption_energy"]),
            "adsorbing": p["desorption"] * p["binding"] * warm(p["adsorption_energy"]),
        }
        for k, kind in enumerate(ENZYMES):
            acid = jnp.exp(-(((drivers["pH"] - p["breakdown_ph"][k]) / p["breakdown_ph_width"][k]) ** 2))
            result[f"breakdown {kind}"] = p["breakdown"][k] * warm(p["breakdown_energy"][k]) * wet[k] * acid
            result[f"half {kind}"] = p["breakdown_half"][k] * warm(p["half_energy"])
        return result

    def limits(self, environment: Mapping[str, Any]) -> dict[str, Any]:
        """Where the published functions leave their domain."""
        e = environment
        return {
            "CUE of the model outside (0, 1)": (e["cue"] <= 0) | (e["cue"] >= 1),
            "too dry for enzymes": (e["breakdown hydrolysed"] <= 0) | (e["breakdown oxidised"] <= 0),
        }

    def fluxes(self, stocks: Mapping[str, Any], environment: Mapping[str, Any]) -> Iterator[Flux]:
        """The carbon fluxes of the public code (subroutine subMEND), flux by flux."""
        c, e = stocks, environment
        to_hydrolysed = 1 - e["input_to_oxidised"] - e["input_to_dissolved"]
        yield Flux(INPUT, "oxidised", "input", e["input_to_oxidised"] * e["input"])
        yield Flux(INPUT, "hydrolysed", "input", to_hydrolysed * e["input"])
        yield Flux(INPUT, "dissolved", "input", e["input_to_dissolved"] * e["input"])

        for kind in ENZYMES:
            broken = e[f"breakdown {kind}"] * c[f"{kind}_enzymes"] * c[kind] / (e[f"half {kind}"] + c[kind])
            dissolved = 1.0 if kind == "mineral_associated" else e["particulate_to_dissolved"]
            yield Flux(kind, "dissolved", "depolymerisation", dissolved * broken)
            if kind != "mineral_associated":
                yield Flux(kind, "mineral_associated", "depolymerisation", (1 - dissolved) * broken)
            yield Flux(f"{kind}_enzymes", "dissolved", "enzyme_turnover", e["enzyme_loss"] * c[f"{kind}_enzymes"])

        active, dormant = c["active_microbes"], c["dormant_microbes"]
        filled = c["dissolved"] / (e["uptake_half"] + c["dissolved"])
        grown, maintained = e["growing"] * active * filled, e["maintaining"] * active * filled
        respired = (1 - e["cue"]) / e["cue"]
        yield Flux("dissolved", "active_microbes", "uptake", grown + maintained)
        yield Flux("dissolved", CO2, "uptake", respired * grown, through="active_microbes")
        yield Flux("dissolved", CO2, "maintenance", respired * maintained, through="active_microbes")
        yield Flux("dormant_microbes", CO2, "maintenance", e["maintaining_dormant"] * dormant)
        yield Flux("active_microbes", "dormant_microbes", "dormancy", (1 - filled) * e["falling_dormant"] * active)
        yield Flux("dormant_microbes", "active_microbes", "dormancy", filled * e["waking"] * dormant)

        death = e["dying"] * active
        rest = (1 - e["necromass_to_dissolved"]) * death
        yield Flux("active_microbes", "dissolved", "mortality", e["necromass_to_dissolved"] * death)
        yield Flux("active_microbes", "oxidised", "mortality", e["necromass_to_oxidised"] * rest)
        yield Flux("active_microbes", "hydrolysed", "mortality", (1 - e["necromass_to_oxidised"]) * rest)
        particulate = c["oxidised"] + c["hydrolysed"]
        for kind in ("oxidised", "hydrolysed"):
            made = e["particulate_enzymes_made"] * e["maintaining"] * active * c[kind] / particulate
            yield Flux("active_microbes", f"{kind}_enzymes", "exudation", made)
        made = e["mineral_enzymes_made"] * e["maintaining"] * active
        yield Flux("active_microbes", "mineral_associated_enzymes", "exudation", made)

        covered = c["adsorbed"] / e["sorption_capacity"]
        bound = e["adsorbing"] * c["dissolved"]
        yield Flux("dissolved", "adsorbed", "sorption", bound * jnp.maximum(1 - covered, 0.0))
        # past the capacity the published net adsorption is negative: carbon leaves the surface
        yield Flux("adsorbed", "dissolved", "desorption", bound * jnp.maximum(covered - 1, 0.0))
        yield Flux("adsorbed", "dissolved", "desorption", e["desorbing"] * covered)


def _hydrolysis_by_water(tension: Any, p: Mapping[str, Any]) -> Any:
    """Response of Manzoni et al. (2012): one above field capacity, nothing at the driest water potential."""
    ratio = jnp.log(jnp.maximum(tension / -FIELD_CAPACITY, 1.0)) / jnp.log(p["driest"] / FIELD_CAPACITY)
    # the slope of a power at nothing would poison gradients
    return jnp.maximum(1 - jnp.maximum(ratio, 1e-12) ** p["driest_exponent"], 0.0)


def _oxidation_by_water(tension: Any) -> Any:
    """Response of Hansen et al. (1990): best between 10^-2.5 and 10^-1.5 MPa, less in wetter and in drier soil."""
    exponent = jnp.log10(tension)
    return jnp.clip(jnp.minimum(0.625 - 0.25 * exponent, jnp.maximum((2.5 + 0.4 * exponent) / 1.5, 0.6)), 0.0, 1.0)


MODELS.register(MendDormancy.name, MendDormancy)
