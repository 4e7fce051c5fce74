"""A soil model is a network of labelled, one-way carbon fluxes between pools.

A model says which pools it has and which fluxes run between them, and nothing else: the time derivative, conservation,
steady states, the microbial budget, carbon use efficiency at every scale, tracers and ages all follow from the list of
fluxes, here and in the rooms above.

Everything a model computes is elementwise over cells, so one description serves one site and a globe.
"""

from __future__ import annotations

import abc
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import numpy as np

from soilcue.core import precision as precision
from soilcue.core.errors import InputError, unknown_name
from soilcue.core.parameters import Parameter, ParameterSet, parameter_values
from soilcue.core.scheme import Scheme, slot_name

CO2, LEACHED, INPUT = "co2", "leached", "input"
"""Names of what lies outside of a model: respired carbon, carbon washed out, and where the input comes from."""

FELT, FORGOTTEN = "felt", "forgotten"
"""Where a memory comes from and where it goes: it is no matter, so both lie outside of every balance."""

OWN = "what the model's pools say"
"""Where, among the drivers, stands what the model's own pools say of the nutrients at each slot."""

_SLOTS = "cue slots"
"""Where, among what a microbe feels, the values of intrinsic CUE are written down while they are asked for."""

KINDS = ("litter", "organic", "dissolved", "mineral", "enzyme", "living", "memory")


@dataclass(frozen=True)
class Process:
    """What a flux is. `counted_from` is the first decomposition rule that counts it; None: never counted as such."""

    name: str
    description: str
    counted_from: str | None = None


PROCESSES = {
    process.name: process
    for process in (
        Process("input", "carbon that plants add"),
        Process("uptake", "carbon crossing into a living pool, or passing through one (counted at that border)"),
        Process("maintenance", "respiration out of biomass"),
        Process("growth", "cells made of a living pool's own reserves, and what this costs"),
        Process("overflow", "carbon respired because nutrients for growth are short"),
        Process("exudation", "enzymes and other carbon released by living cells"),
        Process("depolymerisation", "breakdown of organic matter into dissolved carbon by enzymes", "gross"),
        Process("oxidation", "microbial oxidation that makes organic matter available", "gross"),
        Process("mortality", "death of living cells, whatever their remains become", "total"),
        Process("enzyme_turnover", "loss of enzymes", "total"),
        Process("decomposition", "decomposition by microbes that the model does not hold as a pool", "uptake"),
        Process("sorption", "binding to minerals (physical)"),
        Process("desorption", "release from minerals (physical)"),
        Process("aggregation", "occlusion in aggregates (physical)"),
        Process("disaggregation", "release from aggregates (physical)"),
        Process("leaching", "loss with water (physical)"),
        Process("dormancy", "falling dormant, and waking"),
        Process("mineralisation", "release of mineral nitrogen"),
        Process("immobilisation", "uptake of mineral nitrogen"),
        Process("memory", "what a scheme of CUE remembers, taken on and given up (no matter)"),
    )
}


class Pool(NamedTuple):
    """A stock. `start` is a first guess of its size: the days of carbon input it holds (any currency: a size)."""

    name: str
    kind: str
    description: str
    start: float = 1.0
    currency: str = "carbon"


class Flux(NamedTuple):
    """A one-way flow; `rate` >= 0, in the model's own units.

    `through` names the living pool that the carbon passes through without being stored: growth respiration taken
    straight from a substrate, exudation of fresh uptake.
    """

    source: str
    target: str
    process: str
    rate: Any
    through: str | None = None


@dataclass(frozen=True)
class Structure:
    """The fluxes of a network without their rates: who gives, who takes, by which process."""

    pools: tuple[Pool, ...]
    fluxes: tuple[Flux, ...]
    implicit_microbes: bool

    def names(self) -> list[str]:
        """A readable, unique name per flux: ``source > target (process)``, with the pool it passes through."""
        names: list[str] = []
        for f in self.fluxes:
            name = f"{f.source} > {f.target} ({f.process}{' through ' + f.through if f.through else ''})"
            same = sum(n == name or n.startswith(f"{name} #") for n in names)
            names.append(f"{name} #{same + 1}" if same else name)
        return names

    def kind(self, name: str | None) -> str | None:
        """Kind of the pool of that name; None for what lies outside."""
        return next((pool.kind for pool in self.pools if pool.name == name), None)

    def living(self) -> tuple[str, ...]:
        """Names of the living pools of carbon."""
        return tuple(pool.name for pool in self.pools if pool.kind == "living" and pool.currency == "carbon")

    def elements(self) -> tuple[str, ...]:
        """Currencies that are matter: all but what pools of memory hold. Carbon is the first."""
        held = dict.fromkeys(pool.currency for pool in self.pools if pool.kind != "memory")
        return ("carbon", *(currency for currency in held if currency != "carbon"))

    def currency(self, flux: Flux) -> str:
        """What a flux carries: the currency of the pools it leaves or enters."""
        return next(pool.currency for pool in self.pools if pool.name in (flux.source, flux.target))

    def stoichiometry(self) -> np.ndarray:
        """Matrix S (pools x fluxes) of -1, 0, 1: the time derivative of the stocks is S @ rates."""
        row = {pool.name: i for i, pool in enumerate(self.pools)}
        matrix = np.zeros((len(self.pools), len(self.fluxes)))
        for j, flux in enumerate(self.fluxes):
            if flux.source in row:
                matrix[row[flux.source], j] -= 1
            if flux.target in row:
                matrix[row[flux.target], j] += 1
        return matrix

    def check(self) -> None:
        """Raise `InputError` for a network that cannot conserve, be solved or be budgeted."""
        currency = {pool.name: pool.currency for pool in self.pools}
        if len(currency) < len(self.pools):
            raise InputError("two pools of the network bear one name.")
        for pool in self.pools:
            if pool.kind not in KINDS:
                raise unknown_name(f"kind of pool {pool.name!r}", pool.kind, KINDS)
        for name, flux in zip(self.names(), self.fluxes, strict=True):
            if flux.process not in PROCESSES:
                raise unknown_name(f"process of flux {name!r}", flux.process, PROCESSES)
            for end, outside in ((flux.source, (INPUT, FELT)), (flux.target, (CO2, LEACHED, FORGOTTEN))):
                if end not in currency and end not in outside:
                    raise unknown_name(f"end of flux {name!r}", end, [*currency, *outside])
            ends = {currency[end] for end in (flux.source, flux.target) if end in currency}
            if len(ends) != 1:
                raise InputError(f"flux {name!r} must leave or enter a pool, and carry one currency; it has {ends}.")
            if flux.source == flux.target:
                raise InputError(f"flux {name!r} ends where it starts.")
            if flux.through is not None and self.kind(flux.through) != "living":
                raise InputError(f"flux {name!r} passes through {flux.through!r}, which is not a living pool.")
        for pool in self.pools:
            if not any(f.target == pool.name for f in self.fluxes) or not any(
                f.source == pool.name for f in self.fluxes
            ):
                raise InputError(f"pool {pool.name!r} needs at least one flux in and one flux out.")


class Network(eqx.Module):
    """A soil model: its pools, parameters and fluxes. Subclass it in one file and register the class.

    A subclass gives the class attributes below, `environment` and `fluxes`; it never computes its own derivative,
    its own CUE or its own isotopes.
    """

    parameters: dict[str, Any]
    schemes: tuple[Scheme, ...]
    options: tuple[tuple[str, str], ...] = eqx.field(static=True)
    """What was chosen of `choices`: by the user, else by the parameter set, else the first of each."""
    depth: float = eqx.field(static=True)
    """Depth of soil that the stocks stand for, m: the parameter set's, or the model's usual one."""

    name: ClassVar[str]
    title: ClassVar[str]
    label: ClassVar[str] = ""
    """A short name as papers write it, for tables and figures; the registered name by default."""
    references: ClassVar[tuple[str, ...]]
    pools: ClassVar[tuple[Pool, ...]]
    declared: ClassVar[tuple[Parameter, ...]]
    sets: ClassVar[tuple[ParameterSet, ...]]
    needs: ClassVar[tuple[str | tuple[str, ...], ...]]
    """Drivers; a tuple names alternatives, the first present being used."""
    carbon_unit: ClassVar[str]
    time_unit: ClassVar[str]
    reference_depth: ClassVar[float]
    """Usual depth of soil that the stocks stand for, m. Concentrations become gC m-2 by it."""
    implicit_microbes: ClassVar[bool] = False
    linear: ClassVar[bool] = False
    """Every flux is a driver-only rate times its source pool: solved without iteration."""
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Structural options (the form of the kinetics, a response to moisture) and what each may be."""
    choice_needs: ClassVar[Mapping[tuple[str, str], tuple[str, ...]]] = {}
    """Drivers that a choice (option, value) needs beside `needs`."""
    assumptions: ClassVar[tuple[str, ...]] = ()
    gives: ClassVar[tuple[str, ...]] = ()
    """Drivers of schemes that the model's own pools say, slot by slot: `nutrients`. They are not read from outside."""

    def __init__(
        self,
        parameters: str | Mapping[str, Any] | None = None,
        schemes: tuple[Scheme, ...] = (),
        options: Mapping[str, str] | None = None,
    ) -> None:
        chosen, values = parameter_values(f"model {self.name!r}", self.declared, self.sets, parameters)
        assert chosen is not None, "a model has a parameter set"
        # plain arrays, so that changing a value compiles nothing anew and gradients reach it
        self.parameters = {name: jax.numpy.asarray(value) for name, value in values.items()}
        self.schemes = schemes
        self.options = self._chosen_options(chosen.options, options or {})
        self.depth = chosen.depth or self.reference_depth

    @classmethod
    def _chosen_options(cls, of_set: Mapping[str, str], of_user: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """One value for each of `choices`."""
        chosen = {name: values[0] for name, values in cls.choices.items()}
        for given in (of_set, of_user):
            for name, value in given.items():
                if name not in cls.choices:
                    raise unknown_name(f"option of model {cls.name!r}", name, cls.choices)
                if value not in cls.choices[name]:
                    raise unknown_name(f"value of option {name!r} of model {cls.name!r}", value, cls.choices[name])
                chosen[name] = value
        return tuple(sorted(chosen.items()))

    def option(self, name: str) -> str:
        """What was chosen for one of `choices`."""
        return dict(self.options)[name]

    @classmethod
    def parameter_set(cls, name: str | None) -> ParameterSet:
        """The set of that name; the model's first (its default) for None."""
        if name is None:
            return cls.sets[0]
        for candidate in cls.sets:
            if candidate.name == name:
                return candidate
        raise unknown_name(f"parameter set of model {cls.name!r}", name, [s.name for s in cls.sets])

    @abc.abstractmethod
    def environment(self, drivers: Mapping[str, Any]) -> dict[str, Any]:
        """All that depends on drivers and parameters alone: rates, efficiencies, partition of the input.

        Parameters
        ----------
        drivers : mapping of str to array (any shape)
            Canonical units, save that carbon fluxes come in the model's carbon and time unit.

        Returns
        -------
        dict of str to array
            Handed to `fluxes` and `limits`.
        """

    @abc.abstractmethod
    def fluxes(self, stocks: Mapping[str, Any], environment: Mapping[str, Any]) -> Iterator[Flux]:
        """Every flux, at the given stocks (the model's carbon unit) and environment."""

    def nutrients(self, stocks: Mapping[str, Any], environment: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """What the pools say of `gives`, by slot of intrinsic CUE (`slot_name`)."""
        return {}

    def limits(self, environment: Mapping[str, Any]) -> dict[str, Any]:
        """Reasons why a cell has no answer in this model, each with the cells it holds for (boolean arrays)."""
        return {}

    def limits_of_rest(self, environment: Mapping[str, Any]) -> dict[str, Any]:
        """Reasons, known in closed form, why a cell never comes to rest; a run through time may start in it."""
        return {}

    def intrinsic_cue(self, reference: Any, feels: Mapping[str, Any], published: Any = None) -> Any:
        """Intrinsic CUE of one slot: the paper's own, or the schemes applied left to right to the reference value.

        Parameters
        ----------
        reference : array
            The model's CUE before any response to the environment.
        feels : mapping
            What the microbe feels: the drivers, the substrate and microbe concerned.
        published : array, optional
            The paper's CUE with its own response; the reference value when it has none.
        """
        slot = slot_name(feels)
        if slot in feels:
            return feels[slot]
        cue = reference if self.schemes or published is None else published
        feels = {**feels, **feels.get(OWN, {}).get(slot, {})}
        for scheme in self.schemes:
            # a memory that is not among the drivers is at rest
            cue = scheme(cue, {**scheme.at_rest(feels), **feels})
        if _SLOTS in feels:
            if slot in feels[_SLOTS]:
                raise InputError(f"model {self.name!r} asks twice for the {slot}; name its microbe and substrate.")
            feels[_SLOTS][slot] = cue
        return cue

    def cue_slots(self, drivers: Mapping[str, Any]) -> dict[str, Any]:
        """The intrinsic CUE of every slot of the model, as the schemes give it under these drivers.

        Handed back among the drivers (each under its name) they are taken instead of the schemes, so that the solver
        need not know of them: one compiled program serves every scheme.

        Parameters
        ----------
        drivers : mapping of str to array (any shape)
            As for `environment`.

        Returns
        -------
        dict of str to array, shape of the drivers
        """
        found: dict[str, Any] = {}
        self.environment({**drivers, _SLOTS: found})
        shape = jax.numpy.broadcast_shapes(*map(jax.numpy.shape, jax.tree.leaves(dict(drivers))))
        return {slot: jax.numpy.broadcast_to(cue, shape) for slot, cue in found.items()}

    def slots(self) -> tuple[str, ...]:
        """Names of the slots of intrinsic CUE (found by tracing; nothing is computed)."""
        return tuple(jax.eval_shape(self.cue_slots, dict.fromkeys(self.driver_names(), 0.5)))

    def without_schemes(self) -> Network:
        """The same model, to be given its intrinsic CUE among the drivers."""
        bare = object.__new__(type(self))
        for part in fields(self):
            object.__setattr__(bare, part.name, () if part.name == "schemes" else getattr(self, part.name))
        return bare

    def structure(self) -> Structure:
        """The fluxes without their rates (found by tracing; nothing is computed)."""
        return structure_of(self, self.driver_names())

    def driver_names(self) -> tuple[str, ...]:
        """A driver for every need of the model, its options and its schemes."""
        return (*self.first_needs(), *self.option_needs(), *self.scheme_needs(), *self.fed())

    def fed(self) -> tuple[str, ...]:
        """Which of the drivers that its pools say its schemes feel."""
        felt = {name for scheme in self.schemes for name in (*scheme.needs, *scheme.wishes)}
        return tuple(name for name in self.gives if name in felt)

    def option_needs(self) -> tuple[str, ...]:
        """Drivers that the chosen options need beside `needs`."""
        needed = dict.fromkeys(name for chosen in self.options for name in self.choice_needs.get(chosen, ()))
        return tuple(name for name in needed if name not in self.needs)

    def scheme_needs(self) -> tuple[str, ...]:
        """Drivers that the schemes feel and the model itself does not take."""
        felt = dict.fromkeys(name for scheme in self.schemes for name in scheme.needs)
        return tuple(name for name in felt if name not in self._own_drivers() | {*self.gives})

    def scheme_wishes(self) -> tuple[str, ...]:
        """Drivers that the schemes feel where they are given, and the model itself does not take."""
        felt = dict.fromkeys(name for scheme in self.schemes for name in scheme.wishes)
        return tuple(name for name in felt if name not in self._own_drivers() | {*self.gives})

    def _own_drivers(self) -> set[str]:
        return {*self.option_needs()} | {
            name for need in self.needs for name in ((need,) if isinstance(need, str) else need)
        }

    @classmethod
    def first_needs(cls) -> tuple[str, ...]:
        """The needed drivers, taking the first of each group of alternatives."""
        return tuple(need if isinstance(need, str) else need[0] for need in cls.needs)


def structure_of(network: Any, driver_names: tuple[str, ...]) -> Structure:
    """The fluxes of a network without their rates, found by tracing: nothing is computed.

    Parameters
    ----------
    network : Network
        Or what stands for one: pools, `environment`, `fluxes`.
    driver_names : tuple of str
        A driver for every need.

    Returns
    -------
    Structure
    """
    found: list[Flux] = []

    def trace(stocks, drivers):
        found[:] = list(network.fluxes(stocks, network.environment(drivers)))
        return [flux.rate for flux in found]

    stocks = {pool.name: 1.0 for pool in network.pools}
    jax.eval_shape(trace, stocks, dict.fromkeys(driver_names, 0.5))
    return Structure(network.pools, tuple(flux._replace(rate=None) for flux in found), network.implicit_microbes)
