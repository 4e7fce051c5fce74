"""The row of units: what it says, what is wrong with it, and values brought to the units of a method."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from soilcue.core.errors import InputError
from soilcue.core.units import convert
from soilcue.measure.columns import Column
from soilcue.measure.problems import Problem
from soilcue.measure.sheets import Unreadable, is_empty, number_in

_PERMIL = {"‰", "permil", "per mil", "permille", "per mille", "o/oo", "0/00"}
_ATOM_PERCENT = {"%", "percent", "atom %", "atom%", "atom-%", "at%", "at %", "at.%", "atom percent", "atom_percent"}
_FRACTION = {"1", "fraction", "atom fraction"}
_LOGARITHM = re.compile(r"^\s*(ln|log|log10|lg)\b", re.IGNORECASE)


def written_unit(column: Column) -> str:
    """The unit of a column as people write it."""
    return "atom %" if column.isotope else column.unit


def shown_in_percent(unit: str) -> bool:
    """Whether a cell shown as 45 %, which holds 0.45, means 45 in this unit."""
    return unit in ("%", "percent") or unit in _ATOM_PERCENT


def isotope_scale(text: str) -> str | None:
    """What the unit of an isotope column says: "atom", "delta", "fraction", or None."""
    plain = re.sub(r"\s+", " ", text.strip().lower())
    if plain in _PERMIL or plain.startswith(("delta", "δ", "d13c", "d18o")):
        return "delta"
    if plain in _ATOM_PERCENT or re.fullmatch(r"at(om|\.)?[ -]?%.*", plain):
        return "atom"
    return "fraction" if plain in _FRACTION else None


def is_delta(column: Column, unit: str) -> bool:
    """Whether a column of an isotope holds delta values."""
    return bool(column.isotope) and isotope_scale(unit) == "delta"


def in_column_unit(column: Column, values: Any, unit: str) -> np.ndarray:
    """Values in the unit of a column; those of delta values, and of columns that only share a unit, as they are."""
    if column.isotope:
        return values * 100 if isotope_scale(unit) == "fraction" else values
    if column.unit_group:
        return values
    return np.asarray(convert(values, unit, column.unit), dtype=float)


def row_problems(
    columns: Sequence[Column], at: Mapping[str, int], units: Sequence[Any], place: Callable[[int], str]
) -> Iterator[Problem]:
    """What is wrong with a row of units.

    Parameters
    ----------
    columns : sequence of Column
        Those of the method that are in the sheet.
    at : mapping
        Number of each column in the sheet, by name.
    units : sequence
        The row.
    place : callable
        Where the unit of a column stands, by its number.
    """
    numeric = [column for column in columns if _is_number(units[at[column.name]])]
    if numeric and len(numeric) * 2 >= len(columns):
        yield Problem(
            place(at[numeric[0].name]),
            "",
            "",
            f"{units[at[numeric[0].name]]} where the row of units should be",
            "; ".join(f"{column.name} in {written_unit(column)}" for column in columns[:4]) + " ...",
            "Put a row with the unit of every column between the names and the first sample.",
        )
        return
    groups: dict[str, tuple[str, str]] = {}
    for column in columns:
        j = at[column.name]
        text = "" if is_empty(units[j]) else str(units[j]).strip()
        yield from unit_problems(column, text, place(j))
        if column.unit_group and text:
            first = groups.setdefault(column.unit_group, (text, column.name))
            if first[0] != text:
                yield Problem(
                    place(j),
                    "",
                    column.name,
                    f"the unit {text!r}",
                    f"{first[0]!r}, as {first[1]} has it",
                    "Convert one of them: these columns may be in any unit, but all in the same.",
                )


def unit_problems(column: Column, text: str, place: str) -> Iterator[Problem]:
    """What is wrong with the unit of one column."""
    if not text:
        yield Problem(
            place,
            "",
            column.name,
            "no unit",
            written_unit(column) if not column.unit_group else "any unit, the same in its group",
            "Write the unit; '1' for a fraction or ratio, '%' for a percentage.",
        )
    elif _LOGARITHM.match(text):
        yield Problem(
            place,
            "",
            column.name,
            f"the unit {text!r}, a logarithm",
            written_unit(column),
            "Give the values themselves: ratios of logarithms are not logarithms of ratios.",
        )
    elif column.isotope:
        if isotope_scale(text) is None:
            yield Problem(place, "", column.name, f"the unit {text!r}", "atom % or ‰ (permil)", "Mend the unit.")
    elif not column.unit_group:
        try:
            convert(np.ones(1), text, column.unit)
        except InputError as error:
            yield Problem(place, "", column.name, f"the unit {text!r}", column.unit, f"Mend the unit: {error}")


def _is_number(value: Any) -> bool:
    if isinstance(value, str) and value.strip() == "1":
        return False  # the unit of a fraction
    try:
        return not math.isnan(number_in(value, True)) and value != 1
    except Unreadable:
        return False
