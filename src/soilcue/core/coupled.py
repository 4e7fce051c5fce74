"""A soil model together with its schemes: CUE that depends on pools, and not on drivers alone.

It does where a scheme remembers, and where it feels nutrients that the model itself holds.

A scheme with memory declares what it remembers (`Scheme.remembers`), what that would be at rest (`Scheme.at_rest`) and
how fast it is renewed (`Scheme.renewal`). Here each memory becomes a pool of the network, of a currency of its own that
is no matter, with one flux in and one out,

    d(memory)/dt = renewal x at rest - renewal x memory,

so that whatever is done with a network (its steady state, the repeating year, runs through time, derivatives) is done
with the memory too, and carbon is conserved as before. Under drivers that last, a memory is at rest: the steady state
is that of the model whose schemes are handed what is felt at that moment.

Nutrients of a model's own (`Network.nutrients`) are handed to the schemes slot by slot, at the stocks of the moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import equinox as eqx

from soilcue.core.errors import InputError
from soilcue.core.network import FELT, FORGOTTEN, OWN, Flux, Network, Pool, Structure, structure_of
from soilcue.core.scheme import Activity

_DRIVERS = "drivers"
"""Where, in the environment, the drivers are kept for the fluxes."""
_NOTHING = 1e-200
"""Keeps uptake per biomass a number where there is no biomass."""


def coupled(network: Network) -> Any:
    """The network whose CUE follows its pools, which stands for a `Network`; itself where CUE follows drivers alone."""
    remembers = any(scheme.remembers for scheme in network.schemes)
    return Coupled(network) if remembers or network.fed() else network


class Coupled(eqx.Module):
    """A network whose schemes remember, or feel what it holds; all that is not said here is the network's own."""

    network: Network

    schemes: ClassVar[tuple[()]] = ()
    """None that could be evaluated before the solver."""
    linear: ClassVar[bool] = False

    def __check_init__(self) -> None:
        """Refuse two memories of one name: a scheme that is named twice."""
        names = [memory.name for scheme in self.network.schemes for memory in scheme.remembers]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise InputError(f"two of the schemes keep a memory called {twice!r}; a scheme with memory is named once.")

    def __getattr__(self, name: str) -> Any:
        """Parameters, units, options, ..."""
        return getattr(self.network, name)

    @property
    def pools(self) -> tuple[Pool, ...]:
        """The pools of the model, and after them the memories."""
        memories = (memory for scheme in self.network.schemes for memory in scheme.remembers)
        return (
            *self.network.pools,
            *(Pool(one.name, "memory", one.description, currency=one.unit) for one in memories),
        )

    def environment(self, drivers: Mapping[str, Any]) -> dict[str, Any]:
        """As `Network.environment`, with memories at rest and nutrients in plenty; what is at rest; and the drivers."""
        rest = {name: value for scheme in self.network.schemes for name, value in scheme.at_rest(drivers).items()}
        plenty = dict.fromkeys(self.network.fed(), 1.0)
        return {**self.network.environment({**plenty, **drivers}), **rest, _DRIVERS: dict(drivers)}

    def felt(self, stocks: Mapping[str, Any], environment: Mapping[str, Any]) -> dict[str, Any]:
        """Drivers, memories, and what the model holds of nutrients: all that its schemes feel."""
        memories = {pool.name: stocks[pool.name] for pool in self.pools if pool.kind == "memory"}
        own = {OWN: self.network.nutrients(stocks, environment)} if self.network.fed() else {}
        return {**environment[_DRIVERS], **memories, **own}

    def slots_at(self, stocks: Mapping[str, Any], drivers: Mapping[str, Any]) -> dict[str, Any]:
        """The intrinsic CUE of every slot at some stocks, as `Network.cue_slots`."""
        return self.network.cue_slots(self.felt(stocks, self.environment(drivers)))

    def fluxes(self, stocks: Mapping[str, Any], environment: Mapping[str, Any]) -> Iterator[Flux]:
        """The model's fluxes under the CUE that its schemes make of the pools, and how the memory changes."""
        drivers = environment[_DRIVERS]
        found = list(self.network.fluxes(stocks, self.network.environment(self.felt(stocks, environment))))
        yield from found
        activity = self._activity(stocks, found)
        day = {"h": 1 / 24, "d": 1.0, "yr": 365.0}[self.network.time_unit]
        for scheme in self.network.schemes:
            renewal = scheme.renewal(drivers, activity) if scheme.remembers else {}
            for name, per_day in renewal.items():
                yield Flux(FELT, name, "memory", per_day * day * environment[name])
                yield Flux(name, FORGOTTEN, "memory", per_day * day * stocks[name])

    def _activity(self, stocks: Mapping[str, Any], fluxes: list[Flux]) -> Activity:
        """What the memories may know of the model."""
        structure = Structure(self.network.pools, tuple(fluxes), self.network.implicit_microbes)
        living = structure.living()
        uptake = [
            flux.rate
            for flux in fluxes
            if structure.currency(flux) == "carbon"
            and flux.source not in living
            and (flux.target in living or flux.through in living)
        ]
        day = {"h": 24.0, "d": 1.0, "yr": 1 / 365}[self.network.time_unit]
        per_biomass = day * sum(uptake) / (sum(stocks[name] for name in living) + _NOTHING) if living else 0.0
        rates = dict(zip(structure.names(), (flux.rate for flux in fluxes), strict=True))
        return Activity({pool.name: stocks[pool.name] for pool in self.network.pools}, rates, per_biomass)

    def structure(self) -> Structure:
        """As `Network.structure`, memories and all."""
        return structure_of(self, self.network.driver_names())

    def cue_slots(self, drivers: Mapping[str, Any]) -> dict[str, Any]:
        """None: the CUE of every slot follows from pools, and is found with them."""
        return {}

    def scheme_needs(self) -> tuple[str, ...]:
        """None that the schemes alone feel before the solver."""
        return ()

    def scheme_wishes(self) -> tuple[str, ...]:
        """None that the schemes alone feel before the solver."""
        return ()

    def without_schemes(self) -> Coupled:
        """The network itself: its schemes are part of what is solved."""
        return self
