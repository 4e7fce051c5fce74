"""A scheme of the user's own: any Python function or Equinox module that maps a CUE to a CUE."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from soilcue.core.errors import InputError
from soilcue.core.scheme import Evidence, Scheme
from soilcue.core.variables import DRIVERS
from soilcue.schemes import SCHEMES

WORDS = ("substrate", "microbe")


class Function(Scheme):
    """Whatever a function says; its arguments after the first name what it feels.

    ``f(cue, temperature, clay)`` is handed the CUE so far and these drivers as JAX arrays; ``substrate`` and
    ``microbe`` are the names of the slot's pools. An Equinox module is taken by its ``__call__``.

    Parameters
    ----------
    function : callable
        Written with `jax.numpy`, elementwise over cells.

    Raises
    ------
    InputError
        For arguments that are no drivers; later, for a CUE outside (0, 1).
    """

    function: Any

    name = "function"
    title = "any Python function or Equinox module"
    equation = "CUE = f(CUE_ref, drivers)"
    references = ("he2024",)
    evidence = Evidence("thin", "whatever speaks for the function is known to who wrote it")

    def __init__(self, function: Callable[..., Any] | str | Mapping[str, Any] | None = None) -> None:
        if not callable(function):
            raise InputError(
                "the scheme 'function' is made from a function: cue=f or cue=[..., f], with f(cue, temperature, ...) "
                "whose arguments after the first are drivers."
            )
        self.parameters = {}
        self.function = function
        arguments = list(inspect.signature(function).parameters.values())
        allowed = [*DRIVERS, *WORDS]
        if not arguments or any(a.kind in (a.VAR_POSITIONAL, a.VAR_KEYWORD) for a in arguments):
            raise InputError(f"{self.label} must take the CUE first, then drivers by name; not *args or **kwargs.")
        for argument in arguments[1:]:
            if argument.name not in allowed:
                raise InputError(
                    f"{self.label}: its argument {argument.name!r} is no driver. Arguments after the first name what "
                    f"it feels: {', '.join(allowed)}."
                )

    @property
    def label(self) -> str:
        """The function's own name."""
        return f"function {getattr(self.function, '__name__', type(self.function).__name__)}"

    @property
    def needs(self) -> tuple[str, ...]:  # type: ignore[override]
        """The drivers among its arguments."""
        return tuple(name for name in self._arguments() if name not in WORDS)

    def _arguments(self) -> list[str]:
        return list(inspect.signature(self.function).parameters)[1:]

    def __call__(self, cue: Any, feels: Mapping[str, Any]) -> Any:
        """What the function gives."""
        return jnp.asarray(self.function(cue, **{name: feels[name] for name in self._arguments()}))

    def check(self, slots: Mapping[str, np.ndarray]) -> None:
        """Raise `InputError` where the function left (0, 1)."""
        for slot, values in slots.items():
            wrong = values[~((values > 0) & (values < 1)) & ~np.isnan(values)]
            if wrong.size:
                raise InputError(
                    f"{self.label}: gives a {slot} of {wrong[0]:g}. An intrinsic CUE lies between 0 and 1; a model's "
                    "own CUE is what it is handed, so multiply it, or work on its logit."
                )


SCHEMES.register(Function.name, Function)
