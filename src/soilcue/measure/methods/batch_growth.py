"""Net growth efficiency of a batch: the biomass gained over the biomass gained and what was respired meanwhile."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from soilcue.measure.columns import CARBONATE_SHARE, Column, Counted, Finding, Quantity, Samples
from soilcue.measure.incubation import Incubation
from soilcue.measure.method import Method, needed, respired_without_carbonate
from soilcue.measure.methods import METHODS

_STOCK = (
    "MBC/(MBC + CO2) puts a stock over a stock plus a flux and is no efficiency: it grows with the biomass that was "
    "there before and shrinks with time. Growth is the difference of two stocks: measure biomass at the start, too."
)


class BatchGrowth(Method):
    """Biomass at the start and the end, and cumulative respiration."""

    name = "batch_growth"
    title = "net growth efficiency of a batch"
    level = "P"
    equation = "CUE = (B_end - B_start)/(B_end - B_start + R)"
    references = ("delgiorgio1998", "geyer2016")
    includes: ClassVar[Mapping[str, Counted]] = {
        "growth_respiration": Counted("yes", "in the respiration measured"),
        "maintenance": Counted("yes", "in the respiration measured"),
        "overflow": Counted("yes", "in the respiration measured"),
        "exudation": Counted("no", "neither biomass nor CO2"),
        "mortality": Counted("yes", "biomass that died is not at the end: close to CUE_E"),
        "recycling": Counted("yes", "growth on recycled carbon is growth"),
        "native_carbon": Counted("yes", "all biomass and all respiration"),
    }
    columns = (
        Column(
            "biomass_start", "ug g-1", 0.0, 1e9, "biomass carbon at the start", 200.0, unit_group="carbon", mend=_STOCK
        ),
        Column("biomass_end", "ug g-1", 0.0, 1e9, "biomass carbon at the end", 320.0, unit_group="carbon", mend=_STOCK),
        Column(
            "respired",
            "ug g-1",
            0.0,
            1e9,
            "carbon respired between the two",
            180.0,
            positive=True,
            unit_group="carbon",
            mend="Without respiration CUE would be 1 whatever the growth: look for a leak or a lost gas sample.",
        ),
        CARBONATE_SHARE,
    )
    quantities = (
        Quantity("growth", "as given", "biomass gained"),
        Quantity("respiration", "as given", "carbon respired, without CO2 from carbonate"),
        Quantity("uptake", "as given", "both"),
    )
    misused: ClassVar[Mapping[str, str]] = dict.fromkeys(("microbial_carbon", "mbc", "biomass"), _STOCK)

    def estimate(self, values: Mapping[str, Any], **choices: str) -> dict[str, Any]:
        """Net growth over net growth and respiration."""
        v = self.filled(values)
        growth, respired = v["biomass_end"] - v["biomass_start"], respired_without_carbonate(v, "respired")
        return {
            "cue": growth / (growth + respired),
            "growth": growth,
            "respiration": respired,
            "uptake": growth + respired,
        }

    def checks(self, samples: Samples) -> Iterator[Finding]:
        """Growth that can be told from none, and CUE from stock over flux."""
        v = samples.values
        growth = v["biomass_end"] - v["biomass_start"]
        yield Finding(
            (v["biomass_start"] == 0) & (v["biomass_end"] > 0.5 * v["respired"]),
            "biomass_start",
            "0, so that the whole biomass counts as growth: a stock over a stock plus a flux",
            "the biomass that was there at the start",
            _STOCK + " In a culture give the inoculum.",
        )
        yield Finding(
            -growth >= v["respired"] * (1 - v["carbonate_share"]),
            "biomass_end",
            "a loss of biomass greater than all that was respired: there is no uptake to relate it to",
            "more than biomass_start less respired",
            "Biomass fell by more than was respired: this incubation has no growth efficiency.",
        )
        yield Finding(
            (growth < 0) & (-growth < v["respired"]),
            "biomass_end",
            "less than at the start: net growth and CUE are negative",
            "",
            "The community starves; the value is shown as it is.",
            refuse=False,
        )

    def reading(self, incubation: Incubation, **assumed: Any) -> Any:
        """Change of biomass over itself and all respiration."""
        start, end = needed(incubation, self, "biomass_start", "biomass_end")
        return (end - start) / (end - start + incubation.respiration)


METHODS.register(BatchGrowth.name, BatchGrowth())
