"""Drying and rewetting: just after rain CUE is low, within days it peaks, and then it falls back as the flush is used.

After EcoSMMARTS (Brangarí et al. 2020). Cells hold osmolytes against the suction of the soil; where they hold other
than the soil asks for, their growth yield falls with the mismatch, which they mend with a lag of about a day. Drought
also sets substrate free, which a soil gives up to its microbes over some ten days after rain. Two memories follow the
osmotic load of the soil (the share of the largest one that can be met), the cells' at the rate of osmoregulation and
the soil's with its memory length. Where moisture is steady both are at rest, and CUE is as it is without the scheme:
what steady drought does to CUE is said by `moisture-potential` and `moisture-osmolytes`, beside this one.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import jax.numpy as jnp

from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.core.scheme import Activity, Evidence, Memory, Scheme, bent, shifted
from soilcue.schemes import SCHEMES
from soilcue.schemes.moisture_osmolytes import CENTIMETRES

CELLS, SOIL = "osmotic_load_of_cells", "remembered_osmotic_load"


class DryingRewetting(Scheme):
    """Growth yield by the mismatch of osmolytes, and a flush of substrate that wetting brings.

    The mismatch is that of the public code of EcoSMMARTS, |OS - OS_eq| / OS_max, by van 't Hoff's law. Of its other
    part, a memory of dryness that lowers the yield in steady drought too, nothing is taken over; and the flush, which
    there feeds the microbes, stands here for what it does to their CUE: it has no published size.
    """

    name = "drying-rewetting"
    title = "drying and rewetting: osmolytes that lag, and a flush of substrate"
    equation = (
        "CUE = CUE_ref (1 - |load_cells - load|), then CUE/(1 - CUE) times exp(flush max(0, load_soil - load)); load = "
        "(turgor + |psi|) / (turgor + |psi_max|), and load_cells, load_soil follow it with a lag"
    )
    references = ("brangari2020", "brangari2021", "li2023rewetting")
    needs = ("water_potential",)
    valid: ClassVar = {"water_potential": (-15.0, -0.01)}
    includes = ("growth respiration",)
    evidence = Evidence(
        "thick",
        "upon rewetting respiration rises at once and growth lags, most of all after a long drought; within days CUE "
        "peaks, and falls again as what was set free is used",
        "how high the peak is and how long it lasts differ between soils; the size of the flush here is assumed",
    )
    remembers = (
        Memory(CELLS, "1", "osmolytes of the cells, as a share of the most they can hold"),
        Memory(SOIL, "1", "osmotic load that the soil was dried to, forgotten as its flush is used"),
    )
    declared = (
        Parameter("turgor", "cm", 1.0, 1e4, "turgor pressure, as centimetres of water"),
        Parameter("largest_suction", "cm", 2e4, 1e6, "suction beyond which osmolytes do not follow (psi_max)"),
        Parameter("osmoregulation", "d-1", 0.05, 10.0, "rate at which cells adjust their osmolytes"),
        Parameter("soil_memory", "d", 1.0, 100.0, "time over which what drought set free is used"),
        Parameter("flush", "1", 0.0, 3.0, "rise of ln(growth : respiration) at the largest flush"),
    )
    sets = (
        ParameterSet(
            "brangari2020",
            ("brangari2020", "ecosmmarts_code"),
            "osmoregulation, suctions and memory length as in the public code of EcoSMMARTS, where the first is fitted "
            "to one soil and the last assumed; the size of the flush is assumed",
            {
                "turgor": (1022.7, "cm"),
                "largest_suction": (1.5e5, "cm"),
                "osmoregulation": (6e-4, "min-1"),
                "soil_memory": (10.0, "d"),
                "flush": (1.0, "1"),
            },
        ),
        ParameterSet(
            "brangari2021",
            ("brangari2021", "ecosmmarts_code"),
            "as brangari2020, with the osmoregulation of the fast growers in the community version (half that of its "
            "drought-resistant cells)",
            {
                "turgor": (1022.7, "cm"),
                "largest_suction": (1.5e5, "cm"),
                "osmoregulation": (1e-3, "min-1"),
                "soil_memory": (10.0, "d"),
                "flush": (1.0, "1"),
            },
        ),
    )

    def load(self, feels: Mapping[str, Any]) -> Any:
        """Osmolytes that the soil asks for now, as a share of the most that cells can hold."""
        p = self.parameters
        suction = jnp.minimum(-feels["water_potential"] * CENTIMETRES, p["largest_suction"])
        return (p["turgor"] + suction) / (p["turgor"] + p["largest_suction"])

    def at_rest(self, feels: Mapping[str, Any]) -> dict[str, Any]:
        """The load of now."""
        return dict.fromkeys((CELLS, SOIL), self.load(feels))

    def renewal(self, feels: Mapping[str, Any], activity: Activity) -> dict[str, Any]:
        """Osmoregulation, and use of the flush."""
        return {CELLS: self.parameters["osmoregulation"], SOIL: 1 / self.parameters["soil_memory"]}

    def __call__(self, cue: Any, feels: Mapping[str, Any]) -> Any:
        """The CUE, less the mismatch, more the flush."""
        load = self.load(feels)
        kept = bent(1 - jnp.abs(feels[CELLS] - load), 0.05, 1.0, 0.0499)
        return shifted(cue * kept, self.parameters["flush"] * jnp.maximum(feels[SOIL] - load, 0.0))


SCHEMES.register(DryingRewetting.name, DryingRewetting)
