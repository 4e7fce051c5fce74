"""CUE from CO2 released and oxygen used: a balance of electrons.

Everything hangs on the degree of reduction of biomass. One published conversion, (1 - CUE)/(1 - 1.5 CUE), amounts to a
degree of 6 for biomass grown on glucose, where measured biomass has 4.0 to 4.8: such values are refused here.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from soilcue.measure.columns import CARBONATE_SHARE, Column, Counted, Finding, Quantity, Samples
from soilcue.measure.incubation import CARBON_MASS, Incubation
from soilcue.measure.method import Method
from soilcue.measure.methods import METHODS
from soilcue.measure.methods.calorespirometry import APPARENT, BIOMASS_REDUCTION, conditioning


class RespiratoryQuotient(Method):
    """CO2 per oxygen."""

    name = "respiratory_quotient"
    title = "respiratory quotient"
    level = "C"
    equation = "RQ = 4 (1 - CUE)/(gamma_S - CUE gamma_B); CUE = (4 - RQ gamma_S)/(4 - RQ gamma_B)"
    references = ("hansen2004",)
    includes: ClassVar[Mapping[str, Counted]] = APPARENT
    columns = (
        Column(
            "co2",
            "umol g-1",
            0.0,
            1e9,
            "CO2 released, molar",
            1.0526,
            positive=True,
            unit_group="gas",
            mend="Without respiration there is no quotient: look for a leak or a lost gas sample.",
        ),
        Column(
            "oxygen",
            "umol g-1",
            0.0,
            1e9,
            "oxygen used, molar",
            1.0,
            positive=True,
            unit_group="gas",
            mend="Near zero the quotient is noise: use longer intervals.",
        ),
        CARBONATE_SHARE,
        Column(
            "substrate_reduction",
            "1",
            0.5,
            8.0,
            "degree of reduction of the substrate, electrons per carbon (4 - oxidation state)",
            4.0,
            systematic=True,
            mend="Organic acids have about 3, sugars 4, lipids 5 to 6.",
        ),
        BIOMASS_REDUCTION,
    )
    quantities = (
        Quantity("respiratory_quotient", "1", "CO2 per oxygen, without CO2 from carbonate"),
        Quantity("cue_per_quotient", "1", "conditioning: change of CUE with the quotient"),
    )
    remarks = ("Nitrification, iron and sulfide take up oxygen without CO2, and shift the CUE.",)

    def estimate(self, values: Mapping[str, Any], **choices: str) -> dict[str, Any]:
        """CUE by the quotient, and how much it hangs on it."""
        v = self.filled(values)
        quotient = v["co2"] * (1 - v["carbonate_share"]) / v["oxygen"]
        biomass, substrate = v["biomass_reduction"], v["substrate_reduction"]
        divisor = 4 - quotient * biomass
        return {
            "cue": (4 - quotient * substrate) / divisor,
            "respiratory_quotient": quotient,
            "cue_per_quotient": 4 * (biomass - substrate) / divisor**2,
        }

    def checks(self, samples: Samples) -> Iterator[Finding]:
        """Conditioning."""
        found = self.estimate(samples.values)
        yield conditioning(np.asarray(found["cue_per_quotient"]), 0.02, "oxygen", "in the quotient")

    def reading(self, incubation: Incubation, **assumed: Any) -> Any:
        """The estimate of CO2 and oxygen as the fluxes give them; see `Calorespirometry.reading`, without heat."""
        gases = {"co2": incubation.respiration / CARBON_MASS, "oxygen": incubation.oxygen_used}
        constants = {name: assumed.get(name, getattr(incubation, name)) for name in _CONSTANTS}
        return self.estimate({**gases, **constants})["cue"]


_CONSTANTS = ("substrate_reduction", "biomass_reduction")

METHODS.register(RespiratoryQuotient.name, RespiratoryQuotient())
