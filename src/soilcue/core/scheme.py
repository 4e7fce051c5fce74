"""A scheme: how intrinsic carbon use efficiency behaves. A part that is swapped without touching the model.

A scheme maps an intrinsic CUE in (0, 1) to an intrinsic CUE in (0, 1). Several are applied left to right, each to what
the one before it gave. There are three kinds of map, and each leaves the CUE as it is at the scheme's reference point:

- A `Response` multiplies the ratio of growth to respiration, CUE / (1 - CUE), by what the paper's equation says of
  that ratio here against the reference point. Such factors multiply, so their order does not matter, and where a
  model's CUE at the reference point is the paper's own, the paper's CUE comes out to the last digit.
- A `Cost` takes a share of the carbon that would have become biomass: CUE times the share that is kept.
- Any other map, such as Liebig's minimum, says so in its equation.
"""

from __future__ import annotations

import abc
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from soilcue.core import precision as precision
from soilcue.core.errors import InputError
from soilcue.core.parameters import Parameter, ParameterSet, parameter_values

LOSSES = ("growth respiration", "maintenance", "overflow", "exudation")
"""What may stand between uptake and new biomass, and hence inside of a CUE or beside it as a flux of its own."""

ARROWS = ("thick", "thin")
"""Certainty as He et al. (2024) draw it in Figure 4: thick arrows for confident assertions, thin for less confident."""

CUE_SLOT = "cue of "
"""How a value of intrinsic CUE that was computed before the solver is called among the drivers."""

_STEEPEST, _LAST = 10.0, 14.0
"""A response is followed up to a factor e^10 in growth : respiration, and bends to e^14 beyond: CUE stays below one."""


@dataclass(frozen=True)
class Evidence:
    """How well a control of CUE is known, as the text of He et al. (2024) puts it.

    `arrow` is one of `ARROWS`; `contested` says what speaks against, and is empty where nothing does.
    """

    arrow: str
    why: str
    contested: str = ""


class Activity(NamedTuple):
    """What a memory may know of the model that holds it.

    `stocks` by pool and `rates` by flux in the model's units, `uptake_per_biomass` the carbon that all living pools
    take up per carbon that they hold, d-1 (zero for a model without living pools).
    """

    stocks: Mapping[str, Any]
    rates: Mapping[str, Any]
    uptake_per_biomass: Any


class Memory(NamedTuple):
    """What a scheme remembers of what it feels: a positive quantity, in this unit, that follows it with a lag."""

    name: str
    unit: str
    description: str


class Scheme(eqx.Module):
    """Maps an intrinsic CUE to an intrinsic CUE by what a microbe feels: subclass it in one file, register the class.

    Elementwise over cells and differentiable. `parameters` holds the numbers of a set, as in a model.

    Parameters
    ----------
    parameters : str or mapping, optional
        A published parameter set by name; the scheme's first by default. A mapping changes single parameters of it.
    """

    parameters: dict[str, Any]

    name: ClassVar[str]
    title: ClassVar[str]
    equation: ClassVar[str]
    references: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ()
    """Drivers it feels."""
    wishes: ClassVar[Mapping[str, float]] = {}
    """Drivers it feels where they are given, and what is taken where they are not (said in every result)."""
    declared: ClassVar[tuple[Parameter, ...]] = ()
    sets: ClassVar[tuple[ParameterSet, ...]] = ()
    valid: ClassVar[Mapping[str, tuple[float, float]]] = {}
    """Range of each driver that its evidence covers, in the driver's unit. Beyond it the equation is extrapolated."""
    includes: ClassVar[tuple[str, ...]] = ()
    """Which of `LOSSES` it describes. A model that has one of them as a flux of its own refuses the scheme."""
    evidence: ClassVar[Evidence]
    monotone: ClassVar[Mapping[str, int]] = {}
    """Drivers with which CUE never falls (1) or never rises (-1) under the default parameters, over their limits."""
    remembers: ClassVar[tuple[Memory, ...]] = ()
    """Its memory. Each becomes a pool of the model, and its value is handed to the scheme with what it feels."""
    memory_of_biomass: ClassVar[bool] = False
    """Whether its memory is renewed with biomass: a model without living pools then refuses the scheme."""

    def __init__(self, parameters: str | Mapping[str, Any] | None = None) -> None:
        _, values = parameter_values(f"scheme {self.name!r}", self.declared, self.sets, parameters)
        self.parameters = {name: jnp.asarray(value) for name, value in values.items()}

    @abc.abstractmethod
    def __call__(self, cue: Any, feels: Mapping[str, Any]) -> Any:
        """The CUE, from the CUE so far and what the microbe feels.

        Parameters
        ----------
        cue : array
        feels : mapping
            Drivers in canonical units, each `Memory` of the scheme under its name, and as words the ``substrate`` and
            the ``microbe`` of the slot.

        Returns
        -------
        array
        """

    def reference_point(self) -> dict[str, Any]:
        """Drivers at which the scheme leaves the CUE as it is; empty where it does so everywhere."""
        return {}

    def at_rest(self, feels: Mapping[str, Any]) -> dict[str, Any]:
        """What each memory holds once the drivers have lasted long enough: positive, a function of drivers alone."""
        return {}

    def renewal(self, feels: Mapping[str, Any], activity: Activity) -> dict[str, Any]:
        """How fast each memory takes on what it holds at rest, d-1: d(memory)/dt = renewal (at rest - memory).

        Parameters
        ----------
        feels : mapping
            Drivers in canonical units.
        activity : Activity
            Pools and fluxes of the model at the moment.
        """
        return {}

    def fits(self, model: str, slots: tuple[str, ...]) -> None:
        """Raise `InputError` where the model lacks a slot that the scheme names; most schemes name none."""

    def check(self, slots: Mapping[str, Any]) -> None:
        """Raise `InputError` for values of CUE that only a scheme of unknown make can give; of ours none does."""

    def published(self) -> ParameterSet | None:
        """The parameter set that the scheme holds; None where a parameter was changed or there are no sets."""
        for one in self.sets:
            _, values = parameter_values(self.name, self.declared, self.sets, one.name)
            if all(np.array_equal(values[name], self.parameters[name]) for name in values):
                return one
        return None

    @property
    def label(self) -> str:
        """Name, with the parameter set where it is not the first, or the parameters that differ from it."""
        one = self.published()
        if not self.sets or one is self.sets[0]:
            return self.name
        if one is not None:
            return f"{self.name}:{one.name}"
        _, first = parameter_values(self.name, self.declared, self.sets, None)
        own = {name: np.asarray(value) for name, value in self.parameters.items()}
        changed = [f"{name}={own[name].tolist()!r}" for name in first if not np.array_equal(first[name], own[name])]
        return f"{self.name} ({', '.join(changed)})"

    @property
    def citations(self) -> tuple[str, ...]:
        """Keys of what to cite: for the equation, and for the set in use (the first where parameters were changed)."""
        return self.sources(getattr(self.published(), "name", None))

    @classmethod
    def sources(cls, published: str | None = None) -> tuple[str, ...]:
        """Keys of what to cite for the equation and a parameter set, the first by default."""
        chosen, _ = parameter_values(f"scheme {cls.name!r}", cls.declared, cls.sets, published)
        return tuple(dict.fromkeys([*cls.references, *(chosen.source if chosen else ())]))


class Response(Scheme):
    """A scheme whose equation gives a CUE: it multiplies growth : respiration as that CUE does."""

    @abc.abstractmethod
    def log_odds(self, feels: Mapping[str, Any]) -> Any:
        """Logarithm of growth : respiration by the paper's equation, ln(CUE / (1 - CUE)), up to a constant."""

    @abc.abstractmethod
    def reference_point(self) -> dict[str, Any]:
        """Drivers at which the scheme leaves the CUE as it is."""

    def response(self, feels: Mapping[str, Any]) -> Any:
        """The CUE of the paper's equation itself, whatever the model."""
        odds = jnp.exp(self.log_odds(feels))
        return odds / (1 + odds)

    def __call__(self, cue: Any, feels: Mapping[str, Any]) -> Any:
        """The CUE whose growth : respiration differs from the reference point's as the equation says."""
        shift = self.log_odds(feels) - self.log_odds({**feels, **self.reference_point()})
        return shifted(cue, shift)


class Cost(Scheme):
    """A scheme that takes a share of what would have become biomass."""

    @abc.abstractmethod
    def kept(self, feels: Mapping[str, Any]) -> Any:
        """Share of the biomass carbon that is left, in (0, 1]; one at the reference point."""

    def __call__(self, cue: Any, feels: Mapping[str, Any]) -> Any:
        """The CUE times what is kept."""
        return cue * self.kept(feels)


def shifted(cue: Any, shift: Any) -> Any:
    """CUE after growth : respiration was multiplied by e^shift; exactly `cue` for a shift of nothing."""
    factor = jnp.exp(-bent(shift, -_STEEPEST, _STEEPEST, _LAST - _STEEPEST))
    return cue / (cue + (1 - cue) * factor)


def log_odds(cue: Any) -> Any:
    """ln(CUE / (1 - CUE)), the logarithm of growth : respiration."""
    return jnp.log(cue) - jnp.log1p(-cue)


def bent(values: Any, low: float, high: float, room: float) -> Any:
    """Values from `low` to `high` as they are; beyond, bent smoothly so that they never pass low - room, high + room.

    Continuous with its first derivative, which a clip is not.
    """
    below, above = jnp.maximum(low - values, 0.0), jnp.maximum(values - high, 0.0)
    return jnp.clip(values, low, high) + room * (jnp.expm1(-below / room) - jnp.expm1(-above / room))


def line_in_bounds(cue: Any) -> Any:
    """A straight line's CUE, the same between 0.05 and 0.95 and bent beyond so that it never reaches 0 or 1.

    Papers clip their lines or let them leave (0, 1); a bend keeps the slope finite and the CUE a CUE.
    """
    return bent(cue, 0.05, 0.95, 0.0499)


def slot_name(feels: Mapping[str, Any]) -> str:
    """Name of one slot of intrinsic CUE among the drivers: its microbe and its substrate, as the model calls them."""
    return f"{CUE_SLOT}{feels.get('microbe', 'community')} on {feels.get('substrate', 'substrate')}"


def slots_of(drivers: Mapping[str, Any]) -> Iterator[str]:
    """Which of the drivers are values of intrinsic CUE."""
    return (name for name in drivers if name.startswith(CUE_SLOT))


def slot_losses(structure: Any) -> tuple[str, ...]:
    """What the intrinsic CUE of a model's slots contains: every one of `LOSSES` that is no flux of its own there.

    Parameters
    ----------
    structure : Structure
        The fluxes of the model.
    """
    own = {flux.process for flux in structure.fluxes}
    return tuple(loss for loss in LOSSES if loss not in own)


def refuse_misfit(
    scheme: Scheme, model: str, structure: Any, slots: tuple[str, ...], gives: tuple[str, ...] = ()
) -> None:
    """Raise `InputError` where a model cannot take a scheme, naming both and the reason.

    What overflows is no refusal where the model itself `gives` the nutrients that the scheme feels: its own overflow
    then takes what is short under the scheme's CUE, and nothing twice.
    """
    scheme.fits(model, slots)
    fed = bool({*scheme.needs} & {*gives})
    if fed and scheme.remembers:
        raise InputError(
            f"the model {model!r} does not take the scheme {scheme.name!r}: its memory follows drivers, and the model "
            "holds these nutrients in its own pools."
        )
    if scheme.memory_of_biomass and not structure.living():
        raise InputError(
            f"the model {model!r} does not take the scheme {scheme.name!r}: its memory is renewed as biomass is, and "
            "the model holds no living pool."
        )
    answered = ("overflow",) if fed else ()
    twice = [loss for loss in scheme.includes if loss not in (*slot_losses(structure), *answered)]
    if twice:
        raise InputError(
            f"the model {model!r} does not take the scheme {scheme.name!r}: the scheme's CUE contains "
            f"{' and '.join(twice)}, which the model has as a flux of its own, so it would be counted twice."
        )
