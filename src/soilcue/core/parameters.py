"""Parameters: what a model's numbers mean, and what each paper says they are.

A model declares its parameters once: name, unit it computes in, bounds, meaning. A *parameter set* is what one paper
(or its code) publishes: values in the unit they are published in. Converting the one into the other is the unit
library's work, never a factor typed into a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from soilcue.core.errors import InputError, unknown_name
from soilcue.core.units import convert


@dataclass(frozen=True)
class Parameter:
    """One parameter of a model: the unit it is computed in, the range it may take, its meaning.

    `components` names the entries of a vector parameter (one value per transfer), in order.
    """

    name: str
    unit: str
    low: float
    high: float
    description: str
    components: tuple[str, ...] = ()


@dataclass(frozen=True)
class ParameterSet:
    """What one source publishes: values with their published units, and structural options of the model it implies."""

    name: str
    source: tuple[str, ...]
    description: str
    values: Mapping[str, tuple[Any, str]]
    options: Mapping[str, str] = field(default_factory=dict)
    depth: float | None = None
    """Depth of soil the set was made for, m, where it is not the model's usual one."""


def in_model_units(declared: tuple[Parameter, ...], published: ParameterSet) -> dict[str, np.ndarray]:
    """Values of a parameter set in the units the model computes in.

    Parameters
    ----------
    declared : tuple of Parameter
        What the model needs.
    published : ParameterSet
        What the paper gives.

    Returns
    -------
    dict of str to float64 array
        Scalar, or one value per component.

    Raises
    ------
    InputError
        When a parameter is missing, unknown, of the wrong length, or outside its bounds.
    """
    names = [parameter.name for parameter in declared]
    for name in published.values:
        if name not in names:
            raise unknown_name(f"parameter of set {published.name!r}", name, names)
    converted = {}
    for parameter in declared:
        if parameter.name not in published.values:
            raise InputError(f"parameter set {published.name!r} gives no value for {parameter.name!r}.")
        value, unit = published.values[parameter.name]
        converted[parameter.name] = checked_value(parameter, convert(np.asarray(value, float), unit, parameter.unit))
    return converted


def parameter_values(
    owner: str, declared: tuple[Parameter, ...], sets: tuple[ParameterSet, ...], chosen: str | Mapping[str, Any] | None
) -> tuple[ParameterSet | None, dict[str, np.ndarray]]:
    """What a user chose: a published set, or one with single parameters changed.

    Parameters
    ----------
    owner : str
        Whose parameters they are, as a message calls it ("model 'mimics'").
    declared : tuple of Parameter
    sets : tuple of ParameterSet
        The first is the default; empty for something without parameters.
    chosen : str, mapping or None
        A set by name, or values by parameter, in the units of `declared`, with the set they change under ``"set"``.

    Returns
    -------
    tuple
        The set, and the values in the units of `declared`.

    Raises
    ------
    InputError
        For an unknown set or parameter, naming the nearest; for a value out of bounds.
    """
    changed = dict(chosen) if isinstance(chosen, Mapping) else {"set": chosen}
    named = changed.pop("set", None)
    published = next((one for one in sets if named in (None, one.name)), None)
    if named is not None and published is None:
        raise unknown_name(f"parameter set of {owner}", named, [one.name for one in sets])
    values = in_model_units(declared, published) if published else {}
    by_name = {parameter.name: parameter for parameter in declared}
    for name, value in changed.items():
        if name not in by_name:
            raise unknown_name(f"parameter of {owner}", name, by_name)
        values[name] = checked_value(by_name[name], value)
    return published, values


def checked_value(parameter: Parameter, value) -> np.ndarray:
    """The value as float64, after checking its shape and bounds (`InputError` where they fail)."""
    value = np.asarray(value, dtype=float)
    shape = (len(parameter.components),) if parameter.components else ()
    if value.shape != shape:
        expected = f"{shape[0]} values ({', '.join(parameter.components)})" if shape else "one value"
        raise InputError(f"parameter {parameter.name!r} takes {expected}; got shape {value.shape}.")
    if not np.all((value >= parameter.low) & (value <= parameter.high)):
        raise InputError(
            f"parameter {parameter.name!r} is {value}, outside its bounds "
            f"{parameter.low:g} to {parameter.high:g} {parameter.unit}."
        )
    return value
