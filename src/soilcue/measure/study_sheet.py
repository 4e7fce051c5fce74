"""What is one for all samples of a study: its sheet, and settings given beside the table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from soilcue.core.errors import InputError, unknown_name
from soilcue.measure.isotopes import STANDARD_RATIOS
from soilcue.measure.problems import Problem
from soilcue.measure.sample_table import ISOTOPE_STANDARD
from soilcue.measure.sheets import (
    Sheet,
    Unreadable,
    header_of,
    is_empty,
    number_in,
    plain_name,
    says_nothing,
)
from soilcue.measure.units_row import unit_problems, written_unit

if TYPE_CHECKING:
    from soilcue.measure.method import Method

STUDY_SHEETS = ("study", "notes")
"""Sheets of a workbook that hold no samples."""
SD = "_sd"
"""End of the name of a standard deviation."""


def method_named_in(sheets: Sequence[Sheet]) -> str | None:
    """The method that the study sheet of a workbook names in its row ``method``, or None."""
    for sheet in sheets:
        if sheet.name.strip().lower() == "study":
            header, names = header_of(sheet)
            for row in sheet.rows[header + 1 :]:
                cells = dict(zip(names, row, strict=False))
                if plain_name(cells.get("name")) == "method" and not says_nothing(cells.get("value")):
                    return plain_name(cells["value"])
    return None


@dataclass(frozen=True)
class StudyValue:
    """A value for the whole study, as it is given."""

    value: float
    unit: str
    sd: float
    place: str


class Study:
    """Values, choices and metadata of a study, and what is wrong with them."""

    def __init__(self, method: Method) -> None:
        self.method = method
        self.problems: list[Problem] = []
        self.metadata: dict[str, str] = {}
        self.choices: dict[str, str] = {}
        self.values: dict[str, StudyValue] = {}
        self._known = {column.name: column for column in (*method.columns, ISOTOPE_STANDARD)}
        self._other = {other: column.name for column in method.columns for other in column.other_names}

    def take_sheet(self, sheet: Sheet) -> None:
        """Rows of name, value, unit and standard deviation."""
        header, names = header_of(sheet)
        at = {name: names.index(name) for name in ("name", "value", "unit", "sd") if name in names}
        if "name" not in at or "value" not in at:
            self.problems.append(
                Problem(
                    sheet.place(header, 0),
                    "",
                    "",
                    f"the names {', '.join(filter(None, names))}",
                    "name, value, unit, sd",
                    "Give the study sheet these names in its first row.",
                )
            )
            return
        for i, row in enumerate(sheet.rows):
            cell = {part: (row[j] if j < len(row) else None) for part, j in at.items()}
            name = plain_name(cell["name"])
            if i <= header or name in ("", "method") or says_nothing(cell["value"]):
                continue
            self._take(
                name,
                cell["value"],
                "" if is_empty(cell.get("unit")) else str(cell["unit"]),
                cell.get("sd"),
                sheet.place(i, at["value"]),
                sheet,
            )

    def take_settings(self, settings: Mapping[str, Any]) -> None:
        """Values and choices given beside the table, in the units of the method."""
        plain = {plain_name(name): value for name, value in settings.items()}
        for name, value in plain.items():
            base = name.removesuffix(SD)
            if name.endswith(SD) and base in plain:
                continue
            if name.endswith(SD) and base in self._known:
                raise InputError(f"{name} is given, and {base} is not: give both.")
            names = [*self._known, *(choice.name for choice in self.method.choices)]
            if name not in names:
                raise unknown_name(f"setting of method {self.method.name!r}", name, names)
            column = self._known.get(name)
            unit = written_unit(column) if column is not None else ""
            self._take(name, value, unit, plain.get(name + SD), f"setting {name}", Sheet("", "", []))

    def unit_problems(self) -> Iterator[Problem]:
        """What is wrong with the units of its values."""
        for name, given in self.values.items():
            yield from unit_problems(self._known[name], given.unit, given.place)

    def own_names(self, names: Sequence[str]) -> list[str]:
        """Names of columns as the method has them, for those that go by others too."""
        return [self._other.get(name, name) for name in names]

    def _take(self, name: str, value: Any, unit: str, sd: Any, place: str, sheet: Sheet) -> None:
        name = self._other.get(name, name)
        choice = next((choice for choice in self.method.choices if choice.name == name), None)
        if choice is not None:
            text = plain_name(value)
            if text not in choice.options:
                near = unknown_name(f"value of {name!r}", value, choice.options)
                self.problems.append(Problem(place, "", name, repr(value), ", ".join(choice.options), str(near)))
            else:
                self.choices[name] = text
            return
        if name not in self._known:
            self.metadata[name] = str(value).strip()
            return
        column = self._known[name]
        if name == "isotope_standard" and isinstance(value, str) and value.strip() in STANDARD_RATIOS:
            value, unit = STANDARD_RATIOS[value.strip()][1], "1"
        try:
            number, spread = number_in(value, sheet.decimal_comma), number_in(sd, sheet.decimal_comma)
        except Unreadable as wrong:
            self.problems.append(Problem(place, "", name, wrong.found, column.allowed, wrong.mend))
            return
        self.values[name] = StudyValue(number, unit, 0.0 if math.isnan(spread) else spread, place)
