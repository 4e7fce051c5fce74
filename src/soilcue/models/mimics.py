"""MIMICS: two microbial communities, litter of two qualities, soil organic matter protected by minerals or chemistry.

Wieder et al. (2014, 2015). r-strategists grow fast on metabolic litter, K-strategists thrift on structural litter.
Units inside are those of the papers: mgC cm-3 and hours, over 30 cm of soil. Turnover that depends on density, and the
responses to moisture and to the historic temperature, are those of the public code MIMICS_STODE (calc_Tpars).
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import jax.numpy as jnp

from soilcue.core.network import CO2, INPUT, Flux, Network, Pool
from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.models import MODELS

MICROBES = ("microbes_r", "microbes_k")
SUBSTRATES = ("litter_metabolic", "litter_structural", "som_available")
TRANSFERS = tuple(f"{microbe} on {substrate}" for microbe in MICROBES for substrate in SUBSTRATES)
CORPSE_MAXIMUM = 0.022600567942709
"""What the published codes divide the moisture response of CORPSE by, for a largest value of one."""

_LIDET: dict[str, tuple[Any, str]] = {
    "vmax_slope": (0.063, "K-1"),
    "vmax_intercept": (5.47, "1"),
    "vmax_scale": (8e-6, "h-1"),
    "vmax_modifier": ((10, 2, 10, 3, 3, 2), "1"),
    "km_intercept": (3.19, "1"),
    "km_scale": (10.0, "mgC cm-3"),
    "km_modifier": ((8, 2, 4, 2, 4, 6), "1"),
    "protection_scale": (2.0, "1"),
    "protection_clay": (-2.0, "1"),
    "cue_metabolic": ((0.55, 0.75), "1"),
    "cue_structural": ((0.25, 0.35), "1"),
    "turnover": ((5.2e-4, 2.4e-4), "h-1"),
    "turnover_litter": ((0.3, 0.1), "1"),
    "turnover_density": (1.0, "1"),
    "to_physical": ((0.3, 0.2), "1"),
    "to_physical_clay": ((1.3, 0.8), "1"),
    "to_chemical": ((0.1, 0.3), "1"),
    "to_chemical_litter": ((-3.0, -3.0), "1"),
    "desorption": (1.5e-5, "h-1"),
    "desorption_clay": (-1.5, "1"),
    "direct_to_physical": (0.05, "1"),
    "direct_to_chemical": (0.05, "1"),
    "metabolic_scale": (1.0, "1"),
    "metabolic_intercept": (0.85, "1"),
    "metabolic_slope": (0.013, "1"),
    "moisture_wet": (1.212580, "1"),
    "moisture_dry": (2.748028, "1"),
    "moisture_minimum": (0.05, "1"),
    "historic_slope": (0.00104, "K-2"),
    "historic_intercept": (-0.0228, "K-1"),
}
_SANDBOX = _LIDET | {
    "km_slope": ((0.025, 0.035, 0.025), "K-1"),
    "ko": ((6.0, 6.0), "1"),
    "turnover_npp_low": (0.8, "1"),
    "turnover_npp_high": (1.2, "1"),
    "turnover_scale": (2.0, "1"),
}
_LOW_KM = _LIDET | {
    "km_slope": ((0.02, 0.02, 0.02), "K-1"),
    "protection_scale": (3.0, "1"),
    "ko": ((6.0, 6.0), "1"),
    "cue_metabolic": ((0.50, 0.70), "1"),
    "turnover_npp_low": (0.6, "1"),
    "turnover_npp_high": (1.3, "1"),
}


class Mimics(Network):
    """MIMICS with forward or reverse Michaelis-Menten kinetics, as the parameter set has it."""

    name = "mimics"
    title = "MIMICS (MIcrobial-MIneral Carbon Stabilization)"
    label = "MIMICS"
    references: ClassVar[tuple[str, ...]] = ("wieder2014", "wieder2015")
    carbon_unit, time_unit, reference_depth = "mgC cm-3", "h", 0.30
    needs: ClassVar[tuple[str | tuple[str, ...], ...]] = (
        "temperature",
        "clay",
        "carbon_input",
        "annual_carbon_input",
        ("lignin_to_nitrogen", "metabolic_fraction"),
    )
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "kinetics": ("forward", "reverse"),
        "moisture": ("none", "corpse", "calibrated", "external"),
        "moisture_acts_on": ("uptake", "uptake-and-turnover"),
        "acclimation": ("none", "historic-temperature"),
    }
    choice_needs: ClassVar[Mapping[tuple[str, str], tuple[str, ...]]] = {
        ("moisture", "corpse"): ("moisture", "porosity"),
        ("moisture", "calibrated"): ("moisture", "porosity"),
        ("moisture", "external"): ("moisture_scalar",),
        ("acclimation", "historic-temperature"): ("historic_temperature",),
    }
    assumptions: ClassVar[tuple[str, ...]] = (
        "MIMICS: no response to soil moisture but where a set or an option asks for one; of frozen water the drivers "
        "say nothing, so that all water counts as liquid",
    )

    pools: ClassVar[tuple[Pool, ...]] = (
        Pool("litter_metabolic", "litter", "metabolic litter", 40.0),
        Pool("litter_structural", "litter", "structural litter", 150.0),
        Pool("microbes_r", "living", "r-strategists (copiotrophs)", 2.0),
        Pool("microbes_k", "living", "K-strategists (oligotrophs)", 3.0),
        Pool("som_physical", "mineral", "physically protected soil organic matter", 1000.0),
        Pool("som_chemical", "organic", "chemically recalcitrant soil organic matter", 300.0),
        Pool("som_available", "organic", "available soil organic matter", 300.0),
    )

    declared: ClassVar[tuple[Parameter, ...]] = (
        Parameter("vmax_slope", "K-1", 0.0, 0.2, "temperature slope of ln Vmax"),
        Parameter("vmax_intercept", "1", 0.0, 10.0, "intercept of ln Vmax"),
        Parameter("vmax_scale", "h-1", 1e-9, 1e-2, "tuning coefficient of Vmax (per unit microbial carbon)"),
        Parameter("vmax_modifier", "1", 0.01, 100.0, "modifies Vmax of each transfer", TRANSFERS),
        Parameter("km_slope", "K-1", 0.0, 0.2, "temperature slope of ln Km", SUBSTRATES),
        Parameter("km_intercept", "1", 0.0, 10.0, "intercept of ln Km"),
        Parameter("km_scale", "mgC cm-3", 1e-3, 1e3, "tuning coefficient of Km"),
        Parameter("km_modifier", "1", 0.01, 100.0, "divides Km of each transfer", TRANSFERS),
        Parameter("protection_scale", "1", 0.01, 20.0, "physical protection of available carbon without clay"),
        Parameter("protection_clay", "1", -10.0, 0.0, "response of that to the square root of clay"),
        Parameter("ko", "1", 0.1, 50.0, "multiplies Km for the oxidation of chemically protected carbon", MICROBES),
        Parameter("cue_metabolic", "1", 0.01, 0.99, "CUE on metabolic litter and available carbon", MICROBES),
        Parameter("cue_structural", "1", 0.01, 0.99, "CUE on structural litter", MICROBES),
        Parameter("turnover", "h-1", 1e-6, 1e-1, "microbial turnover", MICROBES),
        Parameter("turnover_litter", "1", -3.0, 3.0, "response of ln turnover to the metabolic fraction", MICROBES),
        Parameter("turnover_density", "1", 1.0, 3.0, "exponent of microbial carbon in turnover (beta)"),
        Parameter("turnover_npp_low", "1", 0.0, 10.0, "least productivity modifier of turnover"),
        Parameter("turnover_npp_high", "1", 0.1, 1e3, "largest productivity modifier of turnover"),
        Parameter("turnover_scale", "1", 0.01, 20.0, "multiplies turnover"),
        Parameter("to_physical", "1", 0.0, 1.0, "share of necromass physically protected without clay", MICROBES),
        Parameter("to_physical_clay", "1", -5.0, 5.0, "response of its logarithm to clay", MICROBES),
        Parameter("to_chemical", "1", 0.0, 1.0, "share of necromass chemically protected", MICROBES),
        Parameter(
            "to_chemical_litter", "1", -10.0, 5.0, "response of its logarithm to the metabolic fraction", MICROBES
        ),
        Parameter("desorption", "h-1", 1e-9, 1e-2, "desorption of physically protected carbon without clay"),
        Parameter("desorption_clay", "1", -10.0, 0.0, "response of its logarithm to clay"),
        Parameter("direct_to_physical", "1", 0.0, 0.9, "share of metabolic input protected at once"),
        Parameter("direct_to_chemical", "1", 0.0, 0.9, "share of structural input protected at once"),
        Parameter("metabolic_scale", "1", 0.1, 2.0, "multiplies the metabolic fraction of litter"),
        Parameter("metabolic_intercept", "1", 0.1, 1.0, "metabolic fraction of litter without lignin"),
        Parameter("metabolic_slope", "1", 0.0, 0.1, "its decrease with lignin:nitrogen"),
        Parameter("moisture_wet", "1", 0.1, 10.0, "exponent of the water-filled share of pores, calibrated response"),
        Parameter("moisture_dry", "1", 0.1, 10.0, "exponent of the air-filled share of pores, calibrated response"),
        Parameter("moisture_minimum", "1", 0.001, 1.0, "least response to moisture"),
        Parameter("historic_slope", "K-2", -0.01, 0.01, "increase of the slope of ln Vmax with historic temperature"),
        Parameter("historic_intercept", "K-1", -0.2, 0.2, "increase of the intercept of ln Vmax with it"),
    )

    sets: ClassVar[tuple[ParameterSet, ...]] = (
        ParameterSet(
            "wieder2015",
            ("wieder2015", "mimics_code"),
            "forward Michaelis-Menten, LIDET calibration, as in the script published with Wieder et al. (2015)",
            _LIDET
            | {
                "km_slope": ((0.017, 0.027, 0.017), "K-1"),
                "ko": ((4.0, 4.0), "1"),
                # the script scales turnover by sqrt(NPP/100) without limits: bounds that no productivity reaches
                "turnover_npp_low": (0.0, "1"),
                "turnover_npp_high": (1000.0, "1"),
                "turnover_scale": (1.0, "1"),
            },
            {"kinetics": "forward"},
        ),
        ParameterSet(
            "sandbox2015",
            ("wieder2015", "mimics_stode"),
            "reverse Michaelis-Menten, sandbox calibration, as in the public steady-state code",
            _SANDBOX,
            {"kinetics": "reverse"},
        ),
        ParameterSet(
            "sandbox2015-beta",
            ("wieder2015", "mimics_stode"),
            "as sandbox2015 with turnover that rises with the density of microbes (exponent beta) in place of "
            "productivity: tauMethod 'beta' of the public steady-state code",
            _SANDBOX
            | {"turnover_density": (1.5, "1"), "turnover_npp_low": (1.0, "1"), "turnover_npp_high": (1.0, "1")},
            {"kinetics": "reverse"},
        ),
        ParameterSet(
            "sulman2018",
            ("sulman2018", "mimics_code"),
            "reverse Michaelis-Menten with low Km, as run for the comparison of Sulman et al. (2018): the public "
            "script multiplies the published protection of necromass and desorption by 0.1",
            _LOW_KM
            | {
                "vmax_scale": (1.25e-7, "h-1"),
                "km_scale": (0.15625, "mgC cm-3"),
                "turnover_scale": (2.0, "1"),
                "to_physical": ((0.015, 0.010), "1"),
                "desorption": (2e-6, "h-1"),
                "desorption_clay": (-4.5, "1"),
                "direct_to_physical": (0.005, "1"),
                "direct_to_chemical": (0.005, "1"),
                "metabolic_scale": (0.5, "1"),
            },
            {"kinetics": "reverse"},
            depth=0.20,
        ),
        ParameterSet(
            "testbed2017",
            ("wieder2018", "testbed_mimics"),
            "reverse Michaelis-Menten in the biogeochemical testbed, over one metre; moisture acts on uptake and "
            "turnover",
            _LOW_KM
            | {
                "vmax_scale": (1.25e-8, "h-1"),
                "km_scale": (0.015625, "mgC cm-3"),
                "turnover_scale": (1.0, "1"),
                "to_physical": ((0.15, 0.10), "1"),
                # the file multiplies both by three
                "to_chemical": ((0.3, 0.9), "1"),
                "desorption": (1e-5, "h-1"),
                "desorption_clay": (-2.0, "1"),
                "metabolic_scale": (0.75, "1"),
            },
            {"kinetics": "reverse", "moisture": "corpse", "moisture_acts_on": "uptake-and-turnover"},
            depth=1.0,
        ),
    )

    def environment(self, drivers: Mapping[str, Any]) -> dict[str, Any]:
        """Kinetics, turnover and partition of the input, from climate, clay and litter quality."""
        p, temperature, clay = self.parameters, drivers["temperature"], drivers["clay"]
        if "metabolic_fraction" in drivers:
            metabolic = drivers["metabolic_fraction"]
        else:
            ratio = drivers["lignin_to_nitrogen"]
            metabolic = p["metabolic_scale"] * (p["metabolic_intercept"] - p["metabolic_slope"] * ratio)
        slope, intercept = p["vmax_slope"], p["vmax_intercept"]
        if self.option("acclimation") == "historic-temperature":
            slope = slope + p["historic_slope"] * drivers["historic_temperature"]
            intercept = intercept + p["historic_intercept"] * drivers["historic_temperature"]
        wet = self._moisture_response(drivers)
        vmax = jnp.exp(slope * temperature + intercept) * p["vmax_scale"] * wet
        km = [jnp.exp(slope * temperature + p["km_intercept"]) * p["km_scale"] for slope in p["km_slope"]]
        protection = p["protection_scale"] * jnp.exp(p["protection_clay"] * jnp.sqrt(clay))
        productivity = p["turnover_scale"] * jnp.clip(
            jnp.sqrt(drivers["annual_carbon_input"] / 100.0), p["turnover_npp_low"], p["turnover_npp_high"]
        )
        if self.option("moisture_acts_on") == "uptake-and-turnover":
            productivity = productivity * wet
        result: dict[str, Any] = {"metabolic": metabolic, "input": drivers["carbon_input"]}
        for m, microbe in enumerate(MICROBES):
            for s, substrate in enumerate(SUBSTRATES):
                transfer = 3 * m + s
                divisor = p["km_modifier"][transfer] * (protection if substrate == "som_available" else 1.0)
                result[f"vmax {microbe} {substrate}"] = vmax * p["vmax_modifier"][transfer]
                result[f"km {microbe} {substrate}"] = km[s] / divisor
                reference = p["cue_structural" if substrate == "litter_structural" else "cue_metabolic"][m]
                feels = {**drivers, "substrate": substrate, "microbe": microbe}
                result[f"cue {microbe} {substrate}"] = self.intrinsic_cue(reference, feels) * jnp.ones_like(clay)
            result[f"ko {microbe}"] = p["ko"][m] * result[f"km {microbe} litter_structural"]
            result[f"turnover {microbe}"] = (
                p["turnover"][m] * jnp.exp(p["turnover_litter"][m] * metabolic) * productivity
            )
            result[f"physical {microbe}"] = p["to_physical"][m] * jnp.exp(p["to_physical_clay"][m] * clay)
            result[f"chemical {microbe}"] = p["to_chemical"][m] * jnp.exp(p["to_chemical_litter"][m] * metabolic)
        result["desorption"] = p["desorption"] * jnp.exp(p["desorption_clay"] * clay)
        result["protected"] = (p["direct_to_physical"], p["direct_to_chemical"])
        result["density"] = p["turnover_density"]
        if "moisture" in self.option_needs():
            result["filled"] = drivers["moisture"] / drivers["porosity"]
        return result

    def _moisture_response(self, drivers: Mapping[str, Any]) -> Any:
        """What multiplies Vmax: one, a curve of the water-filled share of pores, or another model's number."""
        p, form = self.parameters, self.option("moisture")
        if form == "none":
            return 1.0
        if form == "external":
            return drivers["moisture_scalar"]
        filled = jnp.clip(drivers["moisture"] / drivers["porosity"], 1e-6, 1 - 1e-6)  # beyond, `limits` flags the cell
        if form == "corpse":
            curve = filled**3 * (1 - filled) ** 2.5 / CORPSE_MAXIMUM
        else:
            wet, dry = p["moisture_wet"], p["moisture_dry"]
            best = wet / (wet + dry)  # where the curve is highest: it is one there
            curve = (filled / best) ** wet * ((1 - filled) / (1 - best)) ** dry
        return jnp.maximum(curve, p["moisture_minimum"])

    def limits(self, environment: Mapping[str, Any]) -> dict[str, Any]:
        """Where the published functions leave their domain."""
        e = environment
        remainder = [1 - e[f"physical {microbe}"] - e[f"chemical {microbe}"] for microbe in MICROBES]
        crossed = {
            "metabolic fraction of litter outside (0, 1)": (e["metabolic"] <= 0) | (e["metabolic"] >= 1),
            "shares of necromass protected by clay and chemistry exceed one": jnp.minimum(*remainder) < 0,
        }
        return crossed | ({"moisture above porosity": e["filled"] > 1} if "filled" in e else {})

    def fluxes(self, stocks: Mapping[str, Any], environment: Mapping[str, Any]) -> Iterator[Flux]:
        """Equations 1 to 10 of Wieder et al. (2015), flux by flux."""
        c, e = stocks, environment
        reverse = self.option("kinetics") == "reverse"

        def michaelis_menten(microbe, substrate, vmax, half):
            limiting = c[microbe] if reverse else c[substrate]
            return c[microbe] * vmax * c[substrate] / (half + limiting)

        for microbe in MICROBES:
            for substrate in SUBSTRATES:
                rate = michaelis_menten(
                    microbe, substrate, e[f"vmax {microbe} {substrate}"], e[f"km {microbe} {substrate}"]
                )
                cue = e[f"cue {microbe} {substrate}"]
                yield Flux(substrate, microbe, "uptake", cue * rate)
                yield Flux(substrate, CO2, "uptake", (1 - cue) * rate, through=microbe)

        for microbe in MICROBES:
            death = e[f"turnover {microbe}"] * c[microbe] ** e["density"]
            physical, chemical = e[f"physical {microbe}"], e[f"chemical {microbe}"]
            yield Flux(microbe, "som_physical", "mortality", physical * death)
            yield Flux(microbe, "som_chemical", "mortality", chemical * death)
            yield Flux(microbe, "som_available", "mortality", (1 - physical - chemical) * death)

        oxidised = sum(
            michaelis_menten(microbe, "som_chemical", e[f"vmax {microbe} litter_structural"], e[f"ko {microbe}"])
            for microbe in MICROBES
        )
        yield Flux("som_chemical", "som_available", "oxidation", oxidised)
        yield Flux("som_physical", "som_available", "desorption", e["desorption"] * c["som_physical"])

        to_physical, to_chemical = e["protected"]
        metabolic, structural = e["input"] * e["metabolic"], e["input"] * (1 - e["metabolic"])
        yield Flux(INPUT, "litter_metabolic", "input", metabolic * (1 - to_physical))
        yield Flux(INPUT, "som_physical", "input", metabolic * to_physical)
        yield Flux(INPUT, "litter_structural", "input", structural * (1 - to_chemical))
        yield Flux(INPUT, "som_chemical", "input", structural * to_chemical)


MODELS.register(Mimics.name, Mimics)
