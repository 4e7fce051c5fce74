"""18O-water by vapour equilibration: no drop of water added, so dry soil stays dry (Canarini et al. 2020).

The soil water takes up the label gradually while the soil is incubated; DNA made early is less labelled than DNA made
late. What the DNA is divided by is therefore the enrichment of the water averaged over the incubation.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from soilcue.measure.columns import Column, Counted, Finding, Samples
from soilcue.measure.incubation import Incubation
from soilcue.measure.method import Method, array_module, enrichment_findings
from soilcue.measure.methods import METHODS
from soilcue.measure.methods.oxygen_label import (
    CONVERSION,
    DNA_COLUMNS,
    FORM,
    GROWTH_COLUMNS,
    INCLUDES,
    MUCH_NEW_DNA,
    NATURAL,
    QUANTITIES,
    dna_reading,
    growth_from_dna,
)


def mean_excess(equilibrium: Any, rate: Any, time: Any) -> Any:
    """Enrichment over natural water, averaged over an incubation, that rises as equilibrium (1 - exp(-rate time)).

    Parameters
    ----------
    equilibrium : float or array
        Atom percent excess it tends to.
    rate : float or array
        Of equilibration, per time.
    time : float or array
        Length of the incubation.
    """
    passed = rate * time
    return equilibrium * (1 + array_module((equilibrium, rate, time)).expm1(-passed) / passed)


class OxygenVapour(Method):
    """18O-water by vapour, DNA growth, and respiration."""

    name = "oxygen_vapour"
    title = "18O-water into DNA (vapour)"
    level = "C"
    equation = (
        "at%_water = natural + (at%_equilibrium - natural) (1 - (1 - exp(-k t))/(k t)), then as oxygen_label: growth "
        "from 18O in DNA, CUE = growth/(growth + respiration)"
    )
    references = ("canarini2020", "spohn2016", "zheng2019", "pold2020")
    includes: ClassVar[Mapping[str, Counted]] = INCLUDES
    columns = (
        *DNA_COLUMNS,
        Column(
            "atom_percent_equilibrium",
            "percent",
            0.25,
            100.0,
            "18O the soil water tends to, in equilibrium with the vapour",
            30.0,
            isotope="18O",
        ),
        Column(
            "equilibration_rate",
            "h-1",
            0.0,
            100.0,
            "rate at which it does, fitted for the soil's texture",
            0.06,
            positive=True,
            systematic=True,
            mend="Fit it to the enrichment of soil water with time; without it growth is off by tens of percent.",
        ),
        *GROWTH_COLUMNS,
        NATURAL,
    )
    choices = (FORM, CONVERSION)
    quantities = QUANTITIES

    def estimate(self, values: Mapping[str, Any], **choices: str) -> dict[str, Any]:
        """Growth from DNA with the mean enrichment of the water, and CUE with the respiration."""
        v, chosen = self.filled(values), self.chosen(choices)
        natural = v["natural_water"]
        excess = mean_excess(v["atom_percent_equilibrium"] - natural, v["equilibration_rate"], v["time"])
        return growth_from_dna(v, natural + excess, chosen)

    def checks(self, samples: Samples) -> Iterator[Finding]:
        """Enrichment above the control, above detection, and no higher than that of the water."""
        water = samples.values["atom_percent_equilibrium"]
        yield from enrichment_findings(
            samples, "atom_percent_dna", "atom_percent_control", water, "soil water", MUCH_NEW_DNA
        )

    def reading(self, incubation: Incubation, **assumed: Any) -> Any:
        """G/(G + R), with growth as the new DNA that is left at the end; `assumed`: ``fdna``, ``oxygen_from_water``."""
        return dna_reading(self, incubation, assumed, "dna_made_vapour")


METHODS.register(OxygenVapour.name, OxygenVapour())
