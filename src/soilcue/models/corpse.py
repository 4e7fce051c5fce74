"""CORPSE: carbon of three kinds, protected or not, and the microbes that feed on what is not (Sulman et al. 2014).

Decomposition depends on how much microbial carbon there is for the unprotected carbon, not on its amount. kgC m-2 and
years.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from soilcue.core.network import CO2, INPUT, Flux, Network, Pool
from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.models import MODELS

KINDS = ("fast", "slow", "necromass")
GAS_CONSTANT = 8.314472
"""J mol-1 K-1, to the digits of the published code."""
ZERO_CELSIUS, REFERENCE_TEMPERATURE = 273.15, 293.15
"""K."""


_BEST_OF_TESTBED = (3 / 5.5) ** 3 * (2.5 / 5.5) ** 2.5
"""Largest saturation^3 air^2.5, by which this form of the moisture response is divided and the testbed's is not."""
_SORPTION_OF_TESTBED = 10 ** (0.4833 * np.log10(20.0) + 2.3282) * (1 - 0.45) * 2650e-6
"""The testbed's Qmax (kgC m-3; Mayes et al. 2012) of a soil of 20 % clay and, which is assumed, a porosity of 0.45."""


class Corpse(Network):
    """CORPSE (Carbon, Organisms, Rhizosphere and Protection in the Soil Environment), without rhizosphere."""

    name = "corpse"
    title = "CORPSE (Carbon, Organisms, Rhizosphere, and Protection in the Soil Environment)"
    label = "CORPSE"
    references = ("sulman2014",)
    carbon_unit, time_unit, reference_depth = "kgC m-2", "yr", 1.0
    needs = ("temperature", "moisture", "porosity", "clay", "carbon_input", "above_ground_fraction")
    assumptions = (
        "CORPSE: one compartment without rhizosphere; the stocks are taken for one metre",
        "CORPSE: leaves are those of broadleaved plants",
    )

    pools = (
        Pool("fast", "organic", "unprotected simple carbon", 25.0),
        Pool("slow", "organic", "unprotected chemically resistant carbon", 1300.0),
        Pool("necromass", "organic", "unprotected necromass", 30.0),
        Pool("microbes", "living", "microbial biomass", 40.0),
        Pool("protected_fast", "mineral", "protected simple carbon", 500.0),
        Pool("protected_slow", "mineral", "protected chemically resistant carbon", 100.0),
        Pool("protected_necromass", "mineral", "protected necromass", 3300.0),
    )

    declared = (
        Parameter("leaf_to_slow", "1", 0.0, 1.0, "share of the input above ground that is chemically resistant"),
        Parameter("root_to_slow", "1", 0.0, 1.0, "share of the input below ground that is chemically resistant"),
        Parameter("decomposition", "yr-1", 1e-4, 1e5, "largest decomposition at 20 degC and best moisture", KINDS),
        Parameter("decomposition_energy", "J mol-1", 0.0, 1.2e5, "its activation energy", KINDS),
        Parameter("half_ratio", "1", 1e-5, 10.0, "microbial per unprotected carbon at which it is half (kC)"),
        Parameter("diffusion_exponent", "1", 0.1, 10.0, "exponent of saturation with water"),
        Parameter("aeration_exponent", "1", 0.1, 10.0, "exponent of air-filled pores"),
        Parameter("smallest_biomass", "1", 0.0, 0.1, "microbes per unprotected carbon that do not die"),
        Parameter("lifetime", "yr", 1e-3, 10.0, "mean lifetime of microbes (Tmic)"),
        Parameter("turnover_kept", "1", 0.01, 0.99, "share of dying microbial carbon that is not respired (et)"),
        Parameter("cue", "1", 0.01, 0.99, "CUE on each kind of carbon (eup)", KINDS),
        Parameter("protection", "yr-1", 0.0, 100.0, "protection by a soil of 20 % clay", KINDS),
        Parameter("protected_lifetime", "yr", 1.0, 1e4, "mean time under protection"),
        Parameter("clay_exponent", "1", 0.0, 2.0, "protection goes with clay to this power (Mayes et al. 2012)"),
    )

    sets = (
        ParameterSet(
            "fire",
            ("corpse_code", "sulman2014", "mayes2012"),
            "as in the public code CORPSE-fire-response; partition of the input from Sulman et al. (2014), table 2 of "
            "the supplement; clay as in CORPSE-N",
            {
                "leaf_to_slow": (0.7, "1"),
                "root_to_slow": (0.85, "1"),
                "decomposition": ((9.0, 0.25, 4.5), "yr-1"),
                "decomposition_energy": ((5.0, 30.0, 5.0), "kJ mol-1"),
                "half_ratio": (0.01, "1"),
                "diffusion_exponent": (1.5, "1"),
                "aeration_exponent": (0.6, "1"),
                "smallest_biomass": (1e-3, "1"),
                "lifetime": (0.25, "yr"),
                "turnover_kept": (0.6, "1"),
                "cue": ((0.6, 0.05, 0.6), "1"),
                "protection": ((0.3, 0.001, 1.5), "yr-1"),
                "protected_lifetime": (75.0, "yr"),
                "clay_exponent": (0.4833, "1"),
            },
        ),
        ParameterSet(
            "testbed",
            ("testbed_code", "sulman2018", "sulman2014", "mayes2012"),
            "as in the public code of the biogeochemical testbed (corpse_params_new_march20.nml), without its floors "
            "under the moisture response (0.001 and 0.003) and its rhizosphere; sorption for a porosity of 0.45; "
            "partition of the input as in the set 'fire'",
            {
                "leaf_to_slow": (0.7, "1"),
                "root_to_slow": (0.85, "1"),
                "decomposition": (tuple(rate * _BEST_OF_TESTBED for rate in (400.0, 25.0, 200.0)), "yr-1"),
                "decomposition_energy": ((37.0, 54.0, 50.0), "kJ mol-1"),
                "half_ratio": (0.01, "1"),
                "diffusion_exponent": (3.0, "1"),
                "aeration_exponent": (2.5, "1"),
                "smallest_biomass": (1e-3, "1"),
                "lifetime": (0.25, "yr"),
                "turnover_kept": (0.6, "1"),
                "cue": ((0.6, 0.05, 0.6), "1"),
                "protection": (tuple(1.5 * share * _SORPTION_OF_TESTBED for share in (1.0, 0.001, 1.0)), "yr-1"),
                "protected_lifetime": (45.0, "yr"),
                "clay_exponent": (0.4833, "1"),
            },
        ),
    )

    def environment(self, drivers: Mapping[str, Any]) -> dict[str, Any]:
        """Decomposition from temperature and moisture, protection from clay, partition of the input."""
        p = self.parameters
        saturation = drivers["moisture"] / drivers["porosity"]
        # a root of a negative number outside of the domain would poison gradients; `limits` flags those cells
        air = jnp.maximum(1 - saturation, 0.0)
        wet, dry = p["diffusion_exponent"], p["aeration_exponent"]
        best = wet / (wet + dry)
        moist = saturation**wet * air**dry / (best**wet * (1 - best) ** dry)
        thermal = GAS_CONSTANT * (drivers["temperature"] + ZERO_CELSIUS)
        reference = GAS_CONSTANT * REFERENCE_TEMPERATURE
        above = drivers["above_ground_fraction"]
        result = {
            "input": drivers["carbon_input"],
            "to_slow": above * p["leaf_to_slow"] + (1 - above) * p["root_to_slow"],
            "moist": moist,
            "clay": (drivers["clay"] / 0.20) ** p["clay_exponent"],
            "constants": {
                name: p[name]
                for name in ("half_ratio", "smallest_biomass", "lifetime", "turnover_kept", "protected_lifetime")
            },
        }
        for k, kind in enumerate(KINDS):
            warm = jnp.exp(p["decomposition_energy"][k] * (1 / reference - 1 / thermal))
            result[f"decomposition {kind}"] = p["decomposition"][k] * warm * moist
            result[f"protection {kind}"] = p["protection"][k] * result["clay"]
            feels = {**drivers, "substrate": kind, "microbe": "microbes"}
            result[f"cue {kind}"] = self.intrinsic_cue(p["cue"][k] * jnp.ones_like(moist), feels)
        return result

    def limits(self, environment: Mapping[str, Any]) -> dict[str, Any]:
        """Where nothing decomposes, or nothing is protected."""
        return {
            "no moisture, or moisture at or above porosity": environment["moist"] <= 0,
            "no clay to protect carbon": environment["clay"] <= 0,
        }

    def fluxes(self, stocks: Mapping[str, Any], environment: Mapping[str, Any]) -> Iterator[Flux]:
        """The equations of Sulman et al. (2014), flux by flux."""
        c, e = stocks, environment
        k = e["constants"]
        yield Flux(INPUT, "fast", "input", (1 - e["to_slow"]) * e["input"])
        yield Flux(INPUT, "slow", "input", e["to_slow"] * e["input"])

        unprotected = sum(c[kind] for kind in KINDS)
        eaters = c["microbes"] / (c["microbes"] + k["half_ratio"] * unprotected)
        for kind in KINDS:
            taken_up = e[f"decomposition {kind}"] * c[kind] * eaters
            yield Flux(kind, "microbes", "uptake", e[f"cue {kind}"] * taken_up)
            yield Flux(kind, CO2, "uptake", (1 - e[f"cue {kind}"]) * taken_up, through="microbes")

        # the smallest share of microbes neither dies nor starves: CORPSE knows no extinction
        dying = jnp.maximum(c["microbes"] - k["smallest_biomass"] * unprotected, 0.0) / k["lifetime"]
        yield Flux("microbes", "necromass", "mortality", k["turnover_kept"] * dying)
        yield Flux("microbes", CO2, "maintenance", (1 - k["turnover_kept"]) * dying)

        for kind in KINDS:
            yield Flux(kind, f"protected_{kind}", "sorption", e[f"protection {kind}"] * c[kind])
            yield Flux(f"protected_{kind}", kind, "desorption", c[f"protected_{kind}"] / k["protected_lifetime"])


MODELS.register(Corpse.name, Corpse)
