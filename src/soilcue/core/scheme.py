"""A scheme: how intrinsic carbon use efficiency behaves. A part that is swapped without touching the model."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx


class Scheme(eqx.Module):
    """Maps an intrinsic CUE in (0, 1) to an intrinsic CUE in (0, 1) by what a microbe feels; composed left to right.

    A subclass's fields are its parameters, each a number a gradient can reach; `units`, `bounds` and `sources` say
    what they are. Elementwise over cells, differentiable.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    equation: ClassVar[str]
    references: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ()
    """Drivers it feels."""
    units: ClassVar[Mapping[str, str]] = {}
    bounds: ClassVar[Mapping[str, tuple[float, float]]] = {}

    @abc.abstractmethod
    def __call__(self, cue: Any, feels: Mapping[str, Any]) -> Any:
        """The CUE, from the CUE so far and what the microbe feels (drivers in canonical units)."""
