"""Energy of the substrate: the more electrons per carbon, the less of it must be burnt to build the rest."""

from collections.abc import Mapping
from typing import Any, ClassVar

import jax.numpy as jnp

from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.core.scheme import Evidence, Response, log_odds
from soilcue.schemes import SCHEMES

SEAM = 4.67
"""Degree of reduction at which the energy a growth yield dissipates changes from one line to another."""

_OTHER: dict[str, tuple[float, str]] = {"biomass_reduction": (4.2, "1"), "reference_reduction": (4.0, "1")}


class SubstrateEnergy(Response):
    """Growth yield from the balance of Gibbs energy: catabolism pays for anabolism and for what growth dissipates."""

    name = "substrate-energy"
    title = "degree of reduction of the substrate and electron acceptor"
    equation = "CUE = G_cat / (G_growth - G_ana + (gamma_B/gamma) G_cat), G_cat = 60.3 - 28.5 (4 - gamma) + gamma G_red"
    references = ("chakrawal2022",)
    needs = ("substrate_degree_of_reduction",)
    valid: ClassVar = {"substrate_degree_of_reduction": (1.0, 8.0)}
    includes = ("growth respiration",)
    evidence = Evidence(
        "thick",
        "CUE rises with the chemical energy per carbon of the substrate; growth yields of pure cultures follow it",
        "in soil the mixture of substrates, and hence its energy, is hardly known",
    )
    declared = (
        Parameter(
            "acceptor_energy", "kJ mol-1", -150.0, -24.0, "Gibbs energy of the acceptor's half reaction, a mole e"
        ),
        Parameter("biomass_reduction", "1", 3.8, 5.0, "degree of reduction of biomass (gamma_B)"),
        Parameter("reference_reduction", "1", 3.0, 8.0, "degree of reduction at which CUE is the model's reference"),
    )
    sets = (
        ParameterSet("oxygen", ("chakrawal2022",), "on oxygen", {"acceptor_energy": (-122.725, "kJ mol-1"), **_OTHER}),
        ParameterSet(
            "goethite", ("chakrawal2022",), "on goethite", {"acceptor_energy": (-75.58, "kJ mol-1"), **_OTHER}
        ),
        ParameterSet(
            "manganese", ("chakrawal2022",), "on manganese (IV)", {"acceptor_energy": (-120.03, "kJ mol-1"), **_OTHER}
        ),
        ParameterSet(
            "sulphate", ("chakrawal2022",), "on sulphate", {"acceptor_energy": (-24.04, "kJ mol-1"), **_OTHER}
        ),
    )

    def reference_point(self) -> dict[str, Any]:
        """The reference substrate: a carbohydrate."""
        return {"substrate_degree_of_reduction": self.parameters["reference_reduction"]}

    def log_odds(self, feels: Mapping[str, Any]) -> Any:
        """Log odds of the yield."""
        p, gamma = self.parameters, feels["substrate_degree_of_reduction"]

        def oxidation(gamma, acceptor):
            return 60.3 - 28.5 * (4 - gamma) + gamma * acceptor

        catabolism = oxidation(gamma, p["acceptor_energy"])
        # the energy of building biomass is reckoned on oxygen, whatever the acceptor
        on_oxygen = -122.725
        ratio = p["biomass_reduction"] / gamma
        anabolism = ratio * oxidation(gamma, on_oxygen) - oxidation(p["biomass_reduction"], on_oxygen)
        cost = dissipated(gamma) - anabolism + ratio * catabolism
        return log_odds(catabolism / cost)


def dissipated(gamma: Any) -> Any:
    """Gibbs energy that the growth of a mole of biomass carbon dissipates, kJ, by the substrate's degree of reduction.

    The two published lines miss each other by two percent where they meet, at 4.67; within 0.07 of it they are
    blended, so that the slope is finite.
    """
    low, high = -(666.7 / gamma + 243.1), -(157.0 * gamma - 339.0)
    way = jnp.clip((gamma - SEAM) / 0.14 + 0.5, 0.0, 1.0)
    share = way**2 * (3 - 2 * way)
    return low * (1 - share) + high * share


SCHEMES.register(SubstrateEnergy.name, SubstrateEnergy)
