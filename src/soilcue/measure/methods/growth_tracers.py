"""Growth of bacteria by leucine or thymidine, of fungi by acetate in ergosterol, and respiration.

Tracers measure growth in amounts of tracer; the conversion into carbon is a factor that hardly any study measured for
its own soil. CUE by this method is firm as a shape over a gradient, and soft as a number.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from soilcue.measure.columns import CARBONATE_SHARE, RESPIRATION_RATE, Choice, Column, Counted, Quantity
from soilcue.measure.incubation import Incubation
from soilcue.measure.method import Method, respired_without_carbonate
from soilcue.measure.methods import METHODS

LEUCINE_CARBON = 131.2 / 0.073 * 0.86 * 1e-6
"""ug carbon per pmol leucine: 131.2 g mol-1, 7.3 mol % of protein, 0.86 carbon per protein.

Attributed to Simon and Azam (1989); from secondary sources, as are the factors of acetate in ergosterol.
"""


class GrowthTracers(Method):
    """Leucine or thymidine for bacteria, acetate in ergosterol for fungi, and respiration."""

    name = "growth_tracers"
    title = "leucine or thymidine, acetate-in-ergosterol"
    level = "C"
    equation = (
        "bacterial growth = incorporation (carbon per tracer)(isotope dilution); fungal growth = ergosterol made/"
        "(ergosterol per fungal dry mass)(carbon of dry mass); CUE = growth/(growth + respiration)"
    )
    references = ("soares2019", "simon1989", "rousk2007")
    includes: ClassVar[Mapping[str, Counted]] = {
        "growth_respiration": Counted("yes", "in the respiration measured"),
        "maintenance": Counted("yes", "in the respiration measured"),
        "overflow": Counted("yes", "in the respiration measured"),
        "exudation": Counted("no", "neither tracer nor CO2"),
        "mortality": Counted("no", "growth within hours: nothing has died yet"),
        "recycling": Counted("yes", "growth on recycled carbon is growth"),
        "native_carbon": Counted("yes", "all growth and all respiration"),
    }
    columns = (
        Column(
            "leucine",
            "pmol g-1 h-1",
            0.0,
            1e6,
            "leucine incorporated into bacteria",
            40.0,
            only_if={"bacteria": "leucine"},
        ),
        Column(
            "leucine_carbon",
            "ug pmol-1",
            1e-6,
            1.0,
            "bacterial carbon per leucine",
            LEUCINE_CARBON,
            required=False,
            default=LEUCINE_CARBON,
            source="Simon and Azam 1989, marine bacteria",
            systematic=True,
            only_if={"bacteria": "leucine"},
        ),
        Column(
            "thymidine",
            "pmol g-1 h-1",
            0.0,
            1e6,
            "thymidine incorporated into bacteria",
            4.0,
            only_if={"bacteria": "thymidine"},
        ),
        Column(
            "thymidine_carbon",
            "ug pmol-1",
            1e-6,
            10.0,
            "bacterial carbon per thymidine",
            0.03,
            systematic=True,
            only_if={"bacteria": "thymidine"},
            mend="It differs tenfold between studies: give the one the study used.",
        ),
        Column(
            "isotope_dilution",
            "1",
            1.0,
            20.0,
            "factor for unlabelled tracer in the cell",
            2.0,
            required=False,
            default=2.0,
            source="Simon and Azam 1989",
            systematic=True,
        ),
        Column(
            "ergosterol",
            "ug g-1 h-1",
            0.0,
            100.0,
            "ergosterol made, by acetate incorporated",
            0.001,
            only_if={"fungi": "ergosterol"},
        ),
        Column(
            "ergosterol_content",
            "mg g-1",
            0.1,
            50.0,
            "ergosterol per fungal dry mass",
            5.0,
            required=False,
            default=5.0,
            source="the usual value in soil (Rousk and Bååth 2007)",
            systematic=True,
            only_if={"fungi": "ergosterol"},
        ),
        Column(
            "fungal_carbon",
            "1",
            0.3,
            0.6,
            "carbon of fungal dry mass",
            0.45,
            required=False,
            default=0.45,
            source="the usual value in soil (Rousk and Bååth 2007)",
            systematic=True,
            only_if={"fungi": "ergosterol"},
        ),
        Column("fungal_growth", "ug g-1 h-1", 0.0, 1e4, "growth of fungi in carbon", 0.08, only_if={"fungi": "carbon"}),
        RESPIRATION_RATE,
        CARBONATE_SHARE,
    )
    choices = (
        Choice(
            "bacteria",
            "tracer of bacterial growth",
            {"leucine": "into protein", "thymidine": "into DNA", "none": "bacteria not measured: CUE of fungi alone"},
            "leucine",
        ),
        Choice(
            "fungi",
            "how fungal growth is given",
            {
                "ergosterol": "as ergosterol made",
                "carbon": "as carbon already",
                "none": "fungi not measured: CUE is too low by their growth",
            },
            "ergosterol",
        ),
    )
    quantities = (
        Quantity("bacterial_growth", "ug g-1 h-1", "growth of bacteria in carbon"),
        Quantity("fungal_growth", "ug g-1 h-1", "growth of fungi in carbon"),
        Quantity("growth", "ug g-1 h-1", "both"),
        Quantity("respiration", "ug g-1 h-1", "respiration, without CO2 from carbonate"),
        Quantity("uptake", "ug g-1 h-1", "growth and respiration"),
    )
    remarks = ("Conversion factors are those of other organisms and places: the level of CUE is soft, its shape firm.",)

    def estimate(self, values: Mapping[str, Any], **choices: str) -> dict[str, Any]:
        """Growth of both kingdoms, and CUE with the respiration."""
        v, chosen = self.filled(values), self.chosen(choices)
        respiration = respired_without_carbonate(v, "respiration")
        bacteria, fungi = 0 * respiration, 0 * respiration
        if chosen["bacteria"] != "none":
            tracer = chosen["bacteria"]
            bacteria = v[tracer] * v[f"{tracer}_carbon"] * v["isotope_dilution"]
        if chosen["fungi"] == "ergosterol":
            dry_mass = v["ergosterol"] / (v["ergosterol_content"] / 1000)
            fungi = dry_mass * v["fungal_carbon"]
        elif chosen["fungi"] == "carbon":
            fungi = v["fungal_growth"]
        growth = bacteria + fungi
        return {
            "cue": growth / (growth + respiration),
            "bacterial_growth": bacteria,
            "fungal_growth": fungi,
            "growth": growth,
            "respiration": respiration,
            "uptake": growth + respiration,
        }

    def reading(self, incubation: Incubation, **assumed: Any) -> Any:
        """G/(G + R): gross growth and all respiration."""
        return incubation.growth / (incubation.growth + incubation.respiration)


METHODS.register(GrowthTracers.name, GrowthTracers())
