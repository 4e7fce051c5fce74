"""CUE from heat and CO2, aerobic: the calorespirometric ratio and the oxycaloric quotient (Hansen et al. 2004).

Heat goes with the oxygen used, and how much oxygen goes with a CO2 depends on how reduced the substrate is against the
biomass. Where they are alike, as sugars and biomass nearly are, the ratio hardly depends on CUE: then an error of a few
percent in the heat moves the CUE by half its range. That conditioning is reported with every value.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from soilcue.measure.columns import CARBONATE_SHARE, Choice, Column, Counted, Finding, Quantity, Samples
from soilcue.measure.incubation import CARBON_MASS, Incubation
from soilcue.measure.method import Method
from soilcue.measure.methods import METHODS

OXYCALORIC = 455.0
"""Heat per oxygen used, kJ mol-1 (Thornton's rule, as in Hansen et al. 2004; from secondary sources)."""
USUAL_ERROR = 20.0
"""Error of a calorespirometric ratio that is nothing special, kJ mol-1."""

HEAT_COLUMNS = (
    Column("heat", "J g-1", 0.0, 1e6, "heat released per soil", 1.5, positive=True, only_if={"ratio": "measured"}),
    Column(
        "co2",
        "ug g-1",
        0.0,
        1e6,
        "CO2 carbon respired in the same time",
        41.7,
        positive=True,
        only_if={"ratio": "measured"},
        mend="Without respiration there is no ratio: look for a leak or a lost gas sample.",
    ),
    Column(
        "heat_per_co2",
        "kJ mol-1",
        0.0,
        2000.0,
        "heat per CO2, the calorespirometric ratio",
        432.25,
        positive=True,
        only_if={"ratio": "given"},
    ),
    CARBONATE_SHARE,
)
RATIO = Choice(
    "ratio",
    "where the calorespirometric ratio comes from",
    {"measured": "heat and CO2 of the sheet", "given": "given in the sheet"},
    "measured",
)
BIOMASS_REDUCTION = Column(
    "biomass_reduction",
    "1",
    3.5,
    5.2,
    "degree of reduction of biomass, electrons per carbon",
    4.2,
    required=False,
    default=4.2,
    source="the usual value; measured ones lie between 4.0 and 4.8",
    systematic=True,
    mend="Biomass has 4.0 to 4.8; 6 belongs to ethanol, not to microbes.",
)
APPARENT: dict[str, Counted] = {
    "growth_respiration": Counted("yes", "in heat and CO2"),
    "maintenance": Counted("yes", "in heat and CO2"),
    "overflow": Counted("yes", "in heat and CO2"),
    "exudation": Counted("as growth", "exudates as reduced as biomass are growth to it (1 - R/U), sugars are not"),
    "mortality": Counted("no", "death gives neither heat nor CO2"),
    "recycling": Counted("yes", "all that is metabolised"),
    "native_carbon": Counted("yes", "all that is metabolised, whatever the substrate"),
}


def heat_per_co2(v: Mapping[str, Any], chosen: Mapping[str, str]) -> Any:
    """The calorespirometric ratio, kJ per mol of respired CO2."""
    if chosen["ratio"] == "given":
        return v["heat_per_co2"] / (1 - v["carbonate_share"])
    return v["heat"] / (v["co2"] * (1 - v["carbonate_share"])) * CARBON_MASS * 1000


def heat_and_co2(incubation: Incubation) -> dict[str, Any]:
    """What a calorimeter and a gas analyser would find of an incubation in microgram of carbon per gram of soil."""
    return {"heat": incubation.heat_released / 1000, "co2": incubation.respiration}


def conditioning(slope: np.ndarray, error: float, column: str, unit: str) -> Finding:
    """Rows in which a usual error of what is measured moves the CUE by more than 0.1."""
    moved = np.abs(slope) * error
    worst = float(np.nanmax(moved)) if np.size(moved) else 0.0
    return Finding(
        moved > 0.1,
        column,
        f"substrate and biomass too alike in their degree of reduction: an error of {error:g} {unit} moves CUE by up "
        f"to {worst:.2f}",
        "",
        "Take the value for a rough one, or use another method.",
        refuse=False,
    )


class Calorespirometry(Method):
    """Heat per CO2 and the oxycaloric quotient."""

    name = "calorespirometry"
    title = "calorespirometry, oxycaloric"
    level = "C"
    equation = "CUE = (4 CR/Q - gamma_S)/(4 CR/Q - gamma_B), CR heat per CO2, Q heat per oxygen"
    references = ("hansen2004", "chakrawal2020")
    includes: ClassVar[Mapping[str, Counted]] = APPARENT
    columns = (
        *HEAT_COLUMNS,
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
        Column(
            "oxycaloric",
            "kJ mol-1",
            300.0,
            600.0,
            "heat per oxygen used",
            OXYCALORIC,
            required=False,
            default=OXYCALORIC,
            source="Hansen et al. 2004",
            systematic=True,
        ),
    )
    choices = (RATIO,)
    quantities = (
        Quantity("heat_per_co2", "kJ mol-1", "calorespirometric ratio"),
        Quantity("cue_per_ratio", "mol kJ-1", "conditioning: change of CUE with the ratio"),
    )
    remarks = (
        "Heat per oxygen is not the same for all substrates: 455 kJ mol-1 is a mean, carbohydrate gives 469; on "
        "carbohydrate these 3 % are about a tenth of CUE.",
    )

    def estimate(self, values: Mapping[str, Any], **choices: str) -> dict[str, Any]:
        """CUE by the ratio, and how much it hangs on it."""
        v, chosen = self.filled(values), self.chosen(choices)
        ratio = heat_per_co2(v, chosen)
        oxygen = 4 * ratio / v["oxycaloric"]
        biomass, substrate = v["biomass_reduction"], v["substrate_reduction"]
        return {
            "cue": (oxygen - substrate) / (oxygen - biomass),
            "heat_per_co2": ratio,
            "cue_per_ratio": 4 / v["oxycaloric"] * (substrate - biomass) / (oxygen - biomass) ** 2,
        }

    def checks(self, samples: Samples) -> Iterator[Finding]:
        """Conditioning."""
        found = self.estimate(samples.values, **samples.choices)
        yield conditioning(np.asarray(found["cue_per_ratio"]), USUAL_ERROR, "substrate_reduction", "kJ mol-1")

    def reading(self, incubation: Incubation, **assumed: Any) -> Any:
        """The estimate of heat and CO2 as the fluxes give them.

        1 - R/U where all food is as reduced as it is taken to be, and what is exuded as biomass. In general, by the
        balance of electrons, with true degrees g and assumed ones a of substrate and biomass (S and B) and X for
        exudates,

            (g_S U - g_B (U - R - EX) - g_X EX - a_S R) / (g_S U - g_B (U - R - EX) - g_X EX - a_B R).
        """
        constants = {name: assumed.get(name, getattr(incubation, name)) for name in _CONSTANTS}
        return self.estimate({**heat_and_co2(incubation), **constants})["cue"]


_CONSTANTS = ("substrate_reduction", "biomass_reduction", "oxycaloric")

METHODS.register(Calorespirometry.name, Calorespirometry())
