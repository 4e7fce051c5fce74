"""Errors a user can mend: one clear message saying what is wrong, where, what is allowed and how to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from numbers import Number
from typing import Any


class InputError(ValueError):
    """A user's input cannot be used. Its message names the place, what was found, what is allowed and the mend.

    Commands print the message alone and leave with exit code 2; in Python it is an ordinary exception.
    """


class NotDefinedError(InputError):
    """A quantity is asked of something that does not have it (a population's CUE of a model without living pools)."""


def unknown_name(kind: str, name: object, known: Iterable[str]) -> InputError:
    """Error for a name that nothing bears, with the nearest names and the full list.

    Parameters
    ----------
    kind : str
        What the name should name, as a user would call it ("model", "parameter set").
    name : object
        What was given.
    known : iterable of str
        The names there are.

    Returns
    -------
    InputError
        To be raised by the caller.
    """
    names = sorted(known)
    lower = {known_name.lower(): known_name for known_name in names}
    near = [lower[found] for found in difflib.get_close_matches(str(name).lower(), lower, n=3, cutoff=0.5)]
    hint = f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
    there = ", ".join(repr(n) for n in names) or "none"
    return InputError(f"unknown {kind} {str(name)!r}.{hint} There are: {there}.")


def spelt(values: Iterable[Any]) -> str:
    """Some numbers or names for a message."""
    shown = [f"{value:g}" if isinstance(value, Number) else str(value) for value in values]
    return ", ".join(shown if len(shown) < 9 else [*shown[:3], "...", *shown[-2:]])
