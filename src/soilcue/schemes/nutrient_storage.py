"""Nutrients in store: growth draws on what was taken up before, and so is parted from the supply of the moment."""

from collections.abc import Mapping
from typing import Any, ClassVar

import jax.numpy as jnp

from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.core.scheme import Activity, Memory
from soilcue.schemes import SCHEMES
from soilcue.schemes.nutrient_threshold import NitrogenThreshold, PhosphorusThreshold

_STORE = Parameter("store", "1", 0.01, 10.0, "carbon whose nutrients the store holds, per carbon of biomass")
_SIZE = (
    "the store's size is assumed: the nutrients of as much carbon as biomass holds, which at a CUE of 0.3 are 0.3 of "
    "those in the cells; stores of carbon, in fat and polyester, were 0.19 to 0.46 of extractable microbial biomass"
)


class NitrogenStorage(NitrogenThreshold):
    """`nitrogen-threshold` behind a store, after the reserve storage of Manzoni et al. (2021).

    All of the nutrient taken up passes the store, which is renewed in the time in which uptake brings as much carbon as
    biomass holds, times `store`; so growth feels the mean of the supply over that time. Under a supply that lasts the
    store gives what it gets, and this is the threshold itself.
    """

    name = "nitrogen-storage"
    title = "threshold C:N behind a store of nitrogen"
    equation = (
        "CUE = min(CUE_ref, C:N_biomass S), dS/dt = (uptake/biomass)/store (supply - S), supply = 1/C:N_substrate + "
        "mineral N per C taken up"
    )
    references = ("manzoni2021storage", *NitrogenThreshold.references)
    remembers: ClassVar = (Memory("nitrogen_from_store", "1", "nitrogen that the store gives per carbon taken up"),)
    memory_of_biomass = True
    monotone: ClassVar = {}
    declared = (*NitrogenThreshold.declared, _STORE)
    sets = (
        ParameterSet(
            "cleveland2007",
            ("cleveland2007", "masonjones2023"),
            f"{NitrogenThreshold.sets[0].description}; {_SIZE}",
            {**NitrogenThreshold.sets[0].values, "store": (1.0, "1")},
        ),
    )

    def reference_point(self) -> dict[str, Any]:
        """A substrate as rich as the biomass itself, and a store filled from it."""
        rich = super().reference_point()
        return rich | self.at_rest({**rich, **self.wishes})

    def at_rest(self, feels: Mapping[str, Any]) -> dict[str, Any]:
        """The supply of now."""
        return {self.remembers[0].name: self.supply(feels)}

    def renewal(self, feels: Mapping[str, Any], activity: Activity) -> dict[str, Any]:
        """With the uptake of biomass: the more it takes up, the sooner the store is used."""
        return {self.remembers[0].name: activity.uptake_per_biomass / self.parameters["store"]}

    def __call__(self, cue: Any, feels: Mapping[str, Any]) -> Any:
        """The CUE, or what the store allows if that is less."""
        return jnp.minimum(cue, self.parameters["biomass_ratio"] * feels[self.remembers[0].name])


class PhosphorusStorage(NitrogenStorage):
    """The same for phosphorus."""

    name = "phosphorus-storage"
    title = "threshold C:P behind a store of phosphorus"
    equation = (
        "CUE = min(CUE_ref, C:P_biomass S), dS/dt = (uptake/biomass)/store (supply - S), supply = 1/C:P_substrate + "
        "mineral P per C taken up"
    )
    needs = PhosphorusThreshold.needs
    wishes: ClassVar = PhosphorusThreshold.wishes
    valid: ClassVar = PhosphorusThreshold.valid
    remembers: ClassVar = (Memory("phosphorus_from_store", "1", "phosphorus that the store gives per carbon taken up"),)
    declared = (*PhosphorusThreshold.declared, _STORE)
    sets = (
        ParameterSet(
            "cleveland2007",
            ("cleveland2007", "masonjones2023"),
            f"{PhosphorusThreshold.sets[0].description}; {_SIZE}",
            {**PhosphorusThreshold.sets[0].values, "store": (1.0, "1")},
        ),
    )


for scheme in (NitrogenStorage, PhosphorusStorage):
    SCHEMES.register(scheme.name, scheme)
