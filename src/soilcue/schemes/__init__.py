"""How CUE behaves: one file a scheme."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from soilcue.core.errors import InputError
from soilcue.core.registry import Registry
from soilcue.core.scheme import Scheme

SCHEMES: Registry[type[Scheme]] = Registry("scheme", "soilcue.schemes", "soilcue.schemes")


def chosen_schemes(cue: Any) -> tuple[Scheme, ...]:
    """The schemes a user named, in their order.

    Parameters
    ----------
    cue : None, str, mapping, Scheme, callable, or a list of these
        ``"name"``, ``"name:set"``, ``{"name": set or parameters}``, a scheme, or a function
        ``f(cue, temperature, ...)`` whose further arguments are drivers.

    Returns
    -------
    tuple of Scheme
        Empty for None: the model's own, published CUE.

    Raises
    ------
    InputError
        For an unknown scheme, set or parameter, naming the nearest; for anything that is no scheme.
    """
    if cue is None:
        return ()
    if isinstance(cue, Scheme):
        return (cue,)
    if isinstance(cue, str):
        name, _, published = cue.partition(":")
        return (SCHEMES[name](published or None),)
    if isinstance(cue, Mapping):
        return tuple(SCHEMES[str(name)](parameters) for name, parameters in cue.items())
    if isinstance(cue, (list, tuple)):
        return tuple(scheme for part in cue for scheme in chosen_schemes(part))
    if callable(cue) and not isinstance(cue, type):
        from soilcue.schemes.function import Function

        return (Function(cue),)
    raise InputError(
        f"cue={cue!r} is no scheme. It takes a name ('temperature-linear'), a name and a parameter set "
        "('temperature-linear:qiao2019'), a mapping ({'temperature-linear': {'slope': -0.01}}), a function "
        "f(cue, temperature), or a list of these."
    )
