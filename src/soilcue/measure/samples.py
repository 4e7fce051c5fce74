"""From the cells of a sheet to the samples of a method: names, units, limits, and every complaint with its cell.

All problems of a sheet are found in one go. Those of single rows leave the other rows usable; those of the whole sheet
(a column or a unit that is not there) do not.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from soilcue.core.errors import InputError, unknown_name
from soilcue.core.units import convert
from soilcue.measure.isotopes import STANDARD_RATIOS, atom_percent
from soilcue.measure.metadata import METADATA
from soilcue.measure.method import Column, Method, Samples
from soilcue.measure.sheets import (
    MISSING,
    Sheet,
    Unreadable,
    chosen_sheet,
    header_of,
    is_empty,
    number_in,
    plain_name,
    plain_numbers,
    read_sheets,
)

if TYPE_CHECKING:
    import pandas as pd

STUDY_SHEETS = ("study", "notes")
"""Sheets of a workbook that hold no samples."""
EXAMPLE = "example"
"""A sample whose name begins so is the template's own and is left out."""
REPORTED = "reported_cue"
"""Column for a CUE computed elsewhere, to be compared."""

_SD = "_sd"
_SHOWN = 40
_PERMIL = {"‰", "permil", "per mil", "permille", "per mille", "o/oo", "0/00"}
_ATOM_PERCENT = {"%", "percent", "atom %", "atom%", "atom-%", "at%", "at %", "at.%", "atom percent", "atom_percent"}
_FRACTION = {"1", "fraction", "atom fraction"}
_LOGARITHM = re.compile(r"^\s*(ln|log|log10|lg)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Problem:
    """Why a row, or the whole sheet, cannot be computed."""

    place: str
    sample: str
    column: str
    found: str
    allowed: str
    mend: str

    def __str__(self) -> str:
        allowed = f"; allowed: {self.allowed}" if self.allowed else ""
        column = f" ({self.column})" if self.column else ""
        return f"{self.place}{column}: found {self.found}{allowed}. {self.mend}".rstrip()


class SheetError(InputError):
    """A sheet cannot be computed; `problems` lists every reason."""

    def __init__(self, source: str, problems: Sequence[Problem], hint: str = "") -> None:
        self.problems = tuple(problems)
        count = f"{len(problems)} problems" if len(problems) > 1 else "a problem"
        shown = [f"  {problem}" for problem in problems[:_SHOWN]]
        more = [f"  and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        super().__init__("\n".join([f"{source}: {count}", *shown, *more, *([hint] if hint else [])]))


@dataclass(frozen=True)
class SampleTable:
    """Samples of one study in the units of a method, ready to compute, and all there is to say about them."""

    method: Method
    source: str
    sample: list[str]
    treatment: list[str]
    row: list[int]
    """Row of the table that each sample stands on, the first where there are several."""
    place: Callable[[int, str], str]
    """Where the cell of a row and a column stands, in words."""
    samples: Samples
    shared: frozenset[str]
    """Quantities whose error is one for the whole study."""
    deltas: frozenset[str]
    """Columns that hold delta values, converted with ``isotope_standard`` when computing."""
    units: Mapping[str, str]
    """Unit of each quantity, where it is not the method's."""
    problems: tuple[Problem, ...]
    warnings: list[list[str]]
    assumptions: tuple[str, ...]
    notes: tuple[str, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)
    reported: np.ndarray | None = None

    def in_atom_percent(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values as the sheet gives them, with delta values as atom percent."""
        converted = dict(values)
        for name in self.deltas:
            converted[name] = atom_percent(values[name], _beside(values["isotope_standard"], values[name]))
        return converted

    def computed(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Estimate from values as the sheet gives them: delta values become atom percent first."""
        converted = self.in_atom_percent(values)
        converted.pop("isotope_standard", None)
        return self.method.estimate(converted, **self.samples.choices)


def _beside(value: Any, series: Any) -> Any:
    """A value of the sample, shaped to go with one that may have a further axis."""
    return value[..., None] if np.ndim(value) and np.ndim(series) > np.ndim(value) else value


ISOTOPE_STANDARD = Column(
    "isotope_standard",
    "1",
    1e-4,
    0.02,
    "heavy over light isotope of the standard, or its name (" + ", ".join(STANDARD_RATIOS) + ")",
    0.0111802,
    required=False,
    systematic=True,
    mend="The laboratory that measured the delta values knows it.",
)
"""Needed where delta values are given."""


def method_named_in(path: str | os.PathLike[str]) -> str | None:
    """The method that the study sheet of a workbook names in its row ``method``, or None."""
    for sheet in read_sheets(path):
        if sheet.name.strip().lower() == "study":
            header, names = header_of(sheet)
            for row in sheet.rows[header + 1 :]:
                cells = dict(zip(names, row, strict=False))
                if plain_name(cells.get("name")) == "method" and not _says_nothing(cells.get("value")):
                    return plain_name(cells["value"])
    return None


def read_samples(
    method: Method,
    path: str | os.PathLike[str],
    sheet: str | None = None,
    settings: Mapping[str, Any] | None = None,
    keep_going: bool = False,
) -> SampleTable:
    """Samples of an Excel workbook or a CSV file.

    The first row that holds anything has the names, the next one the units, then follow the samples. A sheet named
    ``study`` holds what is one for all samples: rows of name, value, unit and standard deviation.

    Parameters
    ----------
    method : Method
        What is to be computed.
    path : path
        The file.
    sheet : str, optional
        Sheet of the samples, where it cannot be told.
    settings : mapping, optional
        Values for the whole study, and choices, by name; they go before those of the study sheet.
    keep_going : bool
        Leave out rows with problems, and list them, instead of refusing the sheet.

    Raises
    ------
    InputError
        With every problem of the sheet; see `SheetError`.
    """
    return samples_of_sheets(method, read_sheets(path), sheet, settings, keep_going)


def samples_of_sheets(
    method: Method,
    sheets: Sequence[Sheet],
    sheet: str | None = None,
    settings: Mapping[str, Any] | None = None,
    keep_going: bool = False,
) -> SampleTable:
    """Samples of the sheets of a file; see `read_samples`."""
    needs = [column.name for column in method.columns if column.required]
    chosen = chosen_sheet(sheets, sheet, needs, STUDY_SHEETS)
    study = next((one for one in sheets if one.name.strip().lower() == "study" and one is not chosen), None)
    header, names = header_of(chosen)
    reading = _Reading(method, chosen.source, chosen.place)
    if study is not None:
        reading.take_study(study)
    reading.take_settings(settings or {})
    if not names:
        raise InputError(f"{chosen.source}, sheet {chosen.name!r}: it is empty. The first row holds the names.")
    if "sample" not in names and not set(needs) & set(names):
        raise InputError(
            f"{chosen.place(header, 0)}: the first row that holds anything has none of the names this method needs "
            f"({', '.join(needs)}). `soilcue measure --template {method.name}` writes a sheet with them."
        )
    _complain_of_merged(reading, chosen, header)
    units = list(chosen.rows[header + 1]) if len(chosen.rows) > header + 1 else []
    units += [None] * (len(names) - len(units))
    cells = {
        i: [*row, *[None] * (len(names) - len(row))]
        for i, row in enumerate(chosen.rows)
        if i > header + 1 and any(not is_empty(value) for value in row)
    }
    return reading.table(names, units, header + 1, cells, chosen, keep_going)


def samples_of_frame(
    method: Method,
    frame: pd.DataFrame,
    units: Mapping[str, str] | None = None,
    settings: Mapping[str, Any] | None = None,
    keep_going: bool = False,
) -> SampleTable:
    """Samples of a DataFrame, one row each (several where a method takes a series).

    Parameters
    ----------
    method : Method
        What is to be computed.
    frame : pandas.DataFrame
        Columns by the names of the method. Numbers are in the units of `Method.columns`, unless `units` says otherwise.
    units : mapping of str to str, optional
        Unit of a column, by its name.
    settings : mapping, optional
        Values for the whole study, and choices, by name.
    keep_going : bool
        Leave out rows with problems, and list them, instead of refusing the table.

    Raises
    ------
    InputError
        With every problem of the table.
    """
    names = [plain_name(name) for name in frame.columns]
    given = {plain_name(name): unit for name, unit in (units or {}).items()}
    for name in given:
        if name not in names:
            raise unknown_name("column to give a unit", name, names)
    usual = {column.name: written_unit(column) for column in (*method.columns, ISOTOPE_STANDARD)}
    labels = [str(label) for label in frame.index]

    def place(row: int, column: int) -> str:
        where = f"row {labels[row]}, " if row >= 0 else ""
        return f"{where}column {str(frame.columns[column])!r}" if column >= 0 else where.rstrip(", ")

    source = str(frame.attrs.get("file", "table"))
    reading = _Reading(method, source, place)
    reading.take_settings(settings or {})
    columns = [frame.iloc[:, j].tolist() for j in range(len(names))]
    cells = {i: [column[i] for column in columns] for i in range(len(frame))}
    sheet = Sheet(source, "", [])
    row_of_units = [given.get(name, usual.get(name.removesuffix(_SD), "")) for name in names]
    return reading.table(names, row_of_units, -1, cells, sheet, keep_going)


def written_unit(column: Column) -> str:
    """The unit of a column as people write it."""
    return "atom %" if column.isotope else column.unit


def _complain_of_merged(reading: _Reading, sheet: Sheet, header: int) -> None:
    for area in sheet.merged:
        last = int(re.findall(r"\d+", area)[-1])
        if last > header:
            reading.problems.append(
                Problem(
                    f"sheet {sheet.name!r}, cells {area}",
                    "",
                    "",
                    "merged cells, of which all but the first hold nothing",
                    "one value a cell",
                    "Unmerge them and write the value into every row.",
                )
            )


@dataclass(frozen=True)
class _StudyValue:
    value: float
    unit: str
    sd: float
    place: str


class _Reading:
    """One table on its way to samples: what was found so far, good and bad."""

    def __init__(self, method: Method, source: str, place: Callable[[int, int], str]) -> None:
        self.method, self.source, self.place = method, source, place
        self.problems: list[Problem] = []
        self.assumptions: list[str] = []
        self.notes: list[str] = []
        self.metadata: dict[str, str] = {}
        self.choices: dict[str, str] = {}
        self.study: dict[str, _StudyValue] = {}
        self.unit_row = -1
        self.known = {column.name: column for column in (*method.columns, ISOTOPE_STANDARD)}
        self.other = {other: column.name for column in method.columns for other in column.other_names}

    # ---- the study sheet and settings

    def take_study(self, sheet: Sheet) -> None:
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
            if i <= header or name in ("", "method") or _says_nothing(cell["value"]):
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
            base = name.removesuffix(_SD)
            if name.endswith(_SD) and base in plain:
                continue
            if name.endswith(_SD) and base in self.known:
                raise InputError(f"{name} is given, and {base} is not: give both.")
            names = [*self.known, *(choice.name for choice in self.method.choices)]
            if name not in names:
                raise unknown_name(f"setting of method {self.method.name!r}", name, names)
            column = self.known.get(name)
            unit = written_unit(column) if column is not None else ""
            self._take(name, value, unit, plain.get(name + _SD), f"setting {name}", Sheet("", "", []))

    def _take(self, name: str, value: Any, unit: str, sd: Any, place: str, sheet: Sheet) -> None:
        name = self.other.get(name, name)
        choice = next((choice for choice in self.method.choices if choice.name == name), None)
        if choice is not None:
            text = plain_name(value)
            if text not in choice.options:
                near = unknown_name(f"value of {name!r}", value, choice.options)
                self.problems.append(Problem(place, "", name, repr(value), ", ".join(choice.options), str(near)))
            else:
                self.choices[name] = text
            return
        if name not in self.known:
            self.metadata[name] = str(value).strip()
            return
        column = self.known[name]
        if name == "isotope_standard" and isinstance(value, str) and value.strip() in STANDARD_RATIOS:
            value, unit = STANDARD_RATIOS[value.strip()][1], "1"
        try:
            number, spread = number_in(value, sheet.decimal_comma), number_in(sd, sheet.decimal_comma)
        except Unreadable as wrong:
            self.problems.append(Problem(place, "", name, wrong.found, column.allowed, wrong.mend))
            return
        self.study[name] = _StudyValue(number, unit, 0.0 if math.isnan(spread) else spread, place)

    # ---- the table

    def table(
        self,
        names: list[str],
        units: list[Any],
        unit_row: int,
        cells: Mapping[int, list[Any]],
        sheet: Sheet,
        keep_going: bool,
    ) -> SampleTable:
        """The samples, or `SheetError` with all that is wrong."""
        self.unit_row = unit_row
        names = [self.other.get(name, name) for name in names]
        self._complain_of_repeats(names, unit_row)
        at = {name: j for j, name in enumerate(names) if name}
        choices = self.method.chosen(self.choices)
        used = [column for column in self.method.columns if column.used_with(choices)]
        rows = [i for i in cells if not self._is_example(cells[i], at)]
        if len(rows) < len(cells):
            self.notes.append(f"Rows whose sample is named {EXAMPLE!r} are the template's and were left out.")
        self._complain_of_units(used, at, units, unit_row, cells, sheet)
        self._complain_of_absent(used, at, names)
        self._name_unused(used, at)
        if not rows:
            self.problems.append(
                Problem(self.place(unit_row, 0), "", "", "no row of samples", "", "Fill one row a sample.")
            )
        if self.problems:
            raise SheetError(self.source, self.problems)
        return self._values(used, at, units, cells, rows, sheet, choices, keep_going)

    def _is_example(self, row: Sequence[Any], at: Mapping[str, int]) -> bool:
        return "sample" in at and plain_name(row[at["sample"]]).startswith(EXAMPLE)

    def _complain_of_repeats(self, names: Sequence[str], unit_row: int) -> None:
        for j, name in enumerate(names):
            if name and names.index(name) != j and name.removesuffix(_SD) in {*self.known, "sample", "treatment"}:
                self.problems.append(
                    Problem(
                        self.place(unit_row - 1, j), "", name, "a name that another column has too", "", "Rename one."
                    )
                )

    def _complain_of_units(
        self,
        used: Sequence[Column],
        at: Mapping[str, int],
        units: Sequence[Any],
        unit_row: int,
        cells: Mapping[int, list[Any]],
        sheet: Sheet,
    ) -> None:
        here = [column for column in used if column.name in at]
        numeric = [column for column in here if _is_number(units[at[column.name]])]
        if numeric and len(numeric) * 2 >= len(here):
            self.problems.append(
                Problem(
                    self.place(unit_row, at[numeric[0].name]),
                    "",
                    "",
                    f"{units[at[numeric[0].name]]} where the row of units should be",
                    "; ".join(f"{column.name} in {written_unit(column)}" for column in here[:4]) + " ...",
                    "Put a row with the unit of every column between the names and the first sample.",
                )
            )
            return
        groups: dict[str, tuple[str, str]] = {}
        for column in here:
            j = at[column.name]
            text = "" if is_empty(units[j]) else str(units[j]).strip()
            self._complain_of_unit(column, text, self.place(unit_row, j))
            if column.unit_group and text:
                first = groups.setdefault(column.unit_group, (text, column.name))
                if first[0] != text:
                    self.problems.append(
                        Problem(
                            self.place(unit_row, j),
                            "",
                            column.name,
                            f"the unit {text!r}",
                            f"{first[0]!r}, as {first[1]} has it",
                            "Convert one of them: these columns may be in any unit, but all in the same.",
                        )
                    )
        for name, given in self.study.items():
            self._complain_of_unit(self.known[name], given.unit, given.place)

    def _complain_of_unit(self, column: Column, text: str, place: str) -> None:
        if not text:
            self.problems.append(
                Problem(
                    place,
                    "",
                    column.name,
                    "no unit",
                    written_unit(column) if not column.unit_group else "any unit, the same in its group",
                    "Write the unit; '1' for a fraction or ratio, '%' for a percentage.",
                )
            )
            return
        if _LOGARITHM.match(text):
            self.problems.append(
                Problem(
                    place,
                    "",
                    column.name,
                    f"the unit {text!r}, a logarithm",
                    written_unit(column),
                    "Give the values themselves: ratios of logarithms are not logarithms of ratios.",
                )
            )
        elif column.isotope:
            if _isotope_scale(text) is None:
                self.problems.append(
                    Problem(place, "", column.name, f"the unit {text!r}", "atom % or ‰ (permil)", "Mend the unit.")
                )
        elif not column.unit_group:
            try:
                convert(np.ones(1), text, column.unit)
            except InputError as error:
                self.problems.append(
                    Problem(place, "", column.name, f"the unit {text!r}", column.unit, f"Mend the unit: {error}")
                )

    def _complain_of_absent(self, used: Sequence[Column], at: Mapping[str, int], names: Sequence[str]) -> None:
        misused = next((said for name, said in self.method.misused.items() if name in at), None)
        for column in used:
            if not column.required or column.name in at or column.name in self.study:
                continue
            near = unknown_name("column", column.name, [name for name in names if name and name not in self.known])
            hint = re.search(r"Did you mean [^?]*\?", str(near))
            mend = misused or column.mend
            how = "a row of the study sheet, a setting, or a column" if column.systematic else "a column"
            self.problems.append(
                Problem(
                    self.source,
                    "",
                    column.name,
                    f"nothing that gives {column.name}: {column.description}",
                    column.allowed,
                    f"Add it as {how}. {hint[0] + ' ' if hint else ''}{mend}".rstrip(),
                )
            )

    def _name_unused(self, used: Sequence[Column], at: Mapping[str, int]) -> None:
        taken = {column.name for column in used} | {"sample", "treatment", "isotope_standard", REPORTED}
        taken |= {name + _SD for name in taken} | ({self.method.series} if self.method.series else set())
        unused = [name for name in at if name not in taken]
        if unused:
            self.notes.append(f"Columns that were not used: {', '.join(unused)}.")

    def _values(
        self,
        used: Sequence[Column],
        at: Mapping[str, int],
        units: Sequence[Any],
        cells: Mapping[int, list[Any]],
        rows: Sequence[int],
        sheet: Sheet,
        choices: Mapping[str, str],
        keep_going: bool,
    ) -> SampleTable:
        bad = np.zeros(len(rows), dtype=bool)
        names = [self._text(cells[i], at, "sample") or f"row {k + 1}" for k, i in enumerate(rows)]
        untreated = "not given" if "treatment" in at else "all"
        treatments = [self._text(cells[i], at, "treatment") or untreated for i in rows]
        if "sample" not in at:
            self.notes.append("No column is named sample: rows are numbered.")
        values: dict[str, np.ndarray] = {}
        spreads: dict[str, np.ndarray] = {}
        deltas: set[str] = set()
        shown_units: dict[str, str] = {}
        blanks: dict[str, np.ndarray] = {}

        complained: set[tuple[int, int]] = set()

        def complain(k: Any, j: int, column: str, found: str, allowed: str, mend: str) -> None:
            bad[k] = True
            complained.add((k, j))
            self.problems.append(Problem(self.place(rows[k], j), names[k], column, found, allowed, mend))

        def numbers(j: int, column: Column, unit: str) -> np.ndarray:
            held = [cells[i][j] for i in rows]
            plain = plain_numbers(held)
            if plain is not None and not sheet.percent and not sheet.uncalculated:
                return plain
            found = np.full(len(rows), np.nan)
            for k, i in enumerate(rows):
                if (i, j) in sheet.uncalculated:
                    complain(
                        k,
                        j,
                        column.name,
                        "a formula whose value is not in the file",
                        column.allowed,
                        "Open the file in a spreadsheet program and save it.",
                    )
                    continue
                try:
                    found[k] = number_in(held[k], sheet.decimal_comma)
                except Unreadable as wrong:
                    complain(k, j, column.name, wrong.found, column.allowed, wrong.mend)
                if (i, j) in sheet.percent and (unit in ("%", "percent") or unit in _ATOM_PERCENT):
                    found[k] *= 100  # a cell shown as 45 % holds 0.45
            return found

        for column in used:
            name = column.name
            if name in at:
                j, unit = at[name], str(units[at[name]]).strip()
                raw = numbers(j, column, unit)
                empty = np.isnan(raw) & [(k, j) not in complained for k in range(len(rows))]
                converted = self._converted(column, raw, unit, deltas, shown_units)
                if name in self.study:
                    self.problems.append(
                        Problem(
                            self.study[name].place,
                            "",
                            name,
                            "a value for the study beside a column",
                            "one",
                            "Remove one.",
                        )
                    )
                blank = np.isnan(converted) & empty
                if column.default is not None:
                    converted = np.where(blank, column.default, converted)
                    blanks[name] = blank
                elif self.method.series and not column.series:
                    blanks[name] = blank  # may stand in the first row of a sample alone
                else:
                    for k in np.flatnonzero(blank):
                        complain(k, j, name, "nothing", column.allowed, "Fill the cell, or remove the row.")
                self._complain_of_limits(
                    column, converted, raw, name in deltas, lambda k, *words, j=j: complain(k, j, *words)
                )
                values[name] = converted
                if name + _SD in at:
                    spreads[name] = self._spread(column, at[name + _SD], units, unit, numbers, complain, name in deltas)
            elif name in self.study:
                self._study_value(column, len(rows), values, spreads, deltas, shown_units)
            elif column.default is not None:
                values[name] = np.full(len(rows), float(column.default))
                blanks[name] = np.ones(len(rows), dtype=bool)
        self._say_defaults(used, blanks)
        shared = {column.name for column in used if column.systematic} | set(self.study)
        if deltas:
            shared.add("isotope_standard")
            self._take_standard(at, len(rows), values, spreads, complain, numbers)
        reported = None
        if REPORTED in at:
            reported = numbers(at[REPORTED], Column(REPORTED, "1", -1e3, 1e3, "", 0.5), "1")
        if self.method.series:
            members = self._members(names, treatments)
            values, spreads = self._grouped(used, at, values, spreads, blanks, members, bad, complain)
            first = [group[0] for group in members]
            bad = np.array([bad[group].any() for group in members])
            names, treatments = [names[k] for k in first], [treatments[k] for k in first]
            row = [rows[k] for k in first]
            reported = reported[first] if reported is not None else None
        else:
            row = list(rows)
            repeated = len(names) - len(set(names))
            if repeated:
                self.notes.append(f"{repeated} samples bear a name that another one has too.")
        whole = [problem for problem in self.problems if not problem.sample]
        if whole or (self.problems and not keep_going):
            raise SheetError(self.source, self.problems, "" if whole else _KEEP_GOING)
        good = ~bad
        table = SampleTable(
            self.method,
            self.source,
            _kept(names, good),
            _kept(treatments, good),
            _kept(row, good),
            lambda i, name: self.place(i, at.get(name, at.get("sample", 0))),
            Samples(
                {name: value[good] for name, value in values.items()},
                {name: value[good] for name, value in spreads.items() if np.any(value[good] > 0)},
                choices,
            ),
            frozenset(shared),
            frozenset(deltas),
            shown_units,
            tuple(self.problems),
            [[] for _ in range(int(good.sum()))],
            tuple(self.assumptions),
            tuple(self.notes),
            dict(self.metadata),
            reported[good] if reported is not None else None,
        )
        return _checked(table, keep_going)

    def _text(self, row: Sequence[Any], at: Mapping[str, int], name: str) -> str:
        if name not in at or _says_nothing(row[at[name]]):
            return ""
        value = row[at[name]]
        return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()

    def _converted(
        self, column: Column, raw: np.ndarray, unit: str, deltas: set[str], shown_units: dict[str, str]
    ) -> np.ndarray:
        if column.isotope:
            scale = _isotope_scale(unit)
            if scale == "delta":
                deltas.add(column.name)
                return raw
            return raw * 100 if scale == "fraction" else raw
        if column.unit_group:
            shown_units[column.name] = unit
            return raw
        return np.asarray(convert(raw, unit, column.unit), dtype=float)

    def _complain_of_limits(
        self, column: Column, values: np.ndarray, raw: np.ndarray, is_delta: bool, complain: Callable[..., None]
    ) -> None:
        allowed = Column(column.name, "permil", -1000.0, 1e6, "", 0.0) if is_delta else column
        wrong = np.isfinite(values) & ~allowed.within(values)
        for k in np.flatnonzero(wrong):
            mend = column.mend
            if column.isotope and not is_delta:
                fraction = (
                    "a fraction of atoms, write 1 in the row of units; if " if column.within(100 * values[k]) else ""
                )
                mend = (
                    f"If this is {fraction}a delta value, write ‰ in the row of units and give isotope_standard in the "
                    f"study sheet. {column.mend}"
                )
            elif column.high <= 1 and 1 < values[k] <= 100:
                mend = f"If this is a percentage, write % in the row of units. {column.mend}"
            elif values[k] < 0 and column.low >= 0:
                mend = f"It cannot be negative. {column.mend}"
            found = f"{raw[k]:g}" + (f" ({values[k]:g} {column.unit})" if values[k] != raw[k] else "")
            complain(k, column.name, found, allowed.allowed, mend or "Mend the cell, or its unit.")

    def _spread(
        self,
        column: Column,
        j: int,
        units: Sequence[Any],
        unit: str,
        numbers: Callable[..., np.ndarray],
        complain: Callable[..., None],
        is_delta: bool,
    ) -> np.ndarray:
        own = unit if is_empty(units[j]) else str(units[j]).strip()
        spread = numbers(j, replace(column, name=column.name + _SD), own)
        missing = np.isnan(spread)
        for k in np.flatnonzero(spread < 0):
            complain(k, j, column.name + _SD, f"{spread[k]:g}", "0 or more", "A standard deviation is not negative.")
        if column.isotope or column.unit_group:
            if _isotope_scale(own) == "fraction" and not is_delta:
                spread = spread * 100
        else:
            try:
                spread = np.asarray(convert(spread, own, column.unit), dtype=float)
            except InputError as error:
                self.problems.append(
                    Problem(
                        self.place(self.unit_row, j),
                        "",
                        column.name + _SD,
                        f"the unit {own!r}",
                        column.unit,
                        f"Mend the unit: {error}",
                    )
                )
        if missing.any():
            self.notes.append(
                f"{column.name}{_SD} is missing in {missing.sum()} of {missing.size} rows: taken as exactly known."
            )
        return np.where(missing, 0.0, spread)

    def _study_value(
        self,
        column: Column,
        count: int,
        values: dict[str, np.ndarray],
        spreads: dict[str, np.ndarray],
        deltas: set[str],
        shown_units: dict[str, str],
    ) -> None:
        given = self.study[column.name]
        value = self._converted(column, np.array([given.value]), given.unit, deltas, shown_units)
        scale = self._converted(column, np.array([given.sd]), given.unit, set(), {})

        def complain(k: Any, name: str, found: str, allowed: str, mend: str) -> None:
            self.problems.append(Problem(given.place, "", name, found, allowed, mend))

        self._complain_of_limits(column, value, np.array([given.value]), column.name in deltas, complain)
        if given.sd < 0:
            complain(0, column.name + _SD, f"{given.sd:g}", "0 or more", "A standard deviation is not negative.")
        values[column.name] = np.full(count, value[0])
        spreads[column.name] = np.full(count, scale[0])

    def _say_defaults(self, used: Sequence[Column], blanks: Mapping[str, np.ndarray]) -> None:
        for column in used:
            blank = blanks.get(column.name)
            if column.default is None or blank is None or not blank.any():
                continue
            where = "" if blank.all() else f" in {blank.sum()} of {blank.size} rows"
            unit = "" if column.unit == "1" else f" {written_unit(column)}"
            self.assumptions.append(
                f"{column.name} is not given{where}: {column.default:g}{unit} ({column.description}; {column.source})."
            )

    def _take_standard(
        self,
        at: Mapping[str, int],
        count: int,
        values: dict[str, np.ndarray],
        spreads: dict[str, np.ndarray],
        complain: Callable[..., None],
        numbers: Callable[..., np.ndarray],
    ) -> None:
        if "isotope_standard" in at:
            values["isotope_standard"] = numbers(at["isotope_standard"], ISOTOPE_STANDARD, "1")
            self._complain_of_limits(
                ISOTOPE_STANDARD,
                np.where(np.isnan(values["isotope_standard"]), 0.0, values["isotope_standard"]),
                values["isotope_standard"],
                False,
                lambda k, *words: complain(k, at["isotope_standard"], *words),
            )
        elif "isotope_standard" in self.study:
            self._study_value(ISOTOPE_STANDARD, count, values, spreads, set(), {})
        else:
            self.problems.append(
                Problem(
                    self.source,
                    "",
                    "isotope_standard",
                    "delta values (‰) and no ratio of their standard",
                    ISOTOPE_STANDARD.allowed + ", or " + ", ".join(STANDARD_RATIOS),
                    "Add it as a row of the study sheet, a setting, or a column: delta means nothing without it.",
                )
            )
            values["isotope_standard"] = np.full(count, np.nan)

    def _grouped(
        self,
        used: Sequence[Column],
        at: Mapping[str, int],
        values: Mapping[str, np.ndarray],
        spreads: Mapping[str, np.ndarray],
        blanks: Mapping[str, np.ndarray],
        members: Sequence[list[int]],
        bad: np.ndarray,
        complain: Callable[..., None],
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Rows of one sample brought together: series get a last axis, the rest must agree."""
        longest = max(map(len, members))
        index = np.array([[*group, *[group[0]] * (longest - len(group))] for group in members])
        present = np.array([[1.0] * len(group) + [0.0] * (longest - len(group)) for group in members])
        first = index[:, 0]
        together: dict[str, np.ndarray] = {"present": present}
        apart: dict[str, np.ndarray] = {}
        by_name = {column.name: column for column in (*used, ISOTOPE_STANDARD)}
        for name, value in values.items():
            column = by_name[name]
            if column.series:
                together[name] = value[index]
                if name in spreads:
                    apart[name] = spreads[name][index] * present
                continue
            together[name] = value[first]
            if name in spreads:
                apart[name] = spreads[name][first]
            blank = blanks.get(name, np.zeros(bad.size, dtype=bool)) & (column.default is None)
            for group in members:
                if blank[group[0]]:
                    complain(group[0], at[name], name, "nothing", column.allowed, "Fill the first row of the sample.")
                for k in group[1:]:
                    if not blank[k] and value[k] != value[group[0]] and not bad[k]:
                        complain(
                            k,
                            at[name],
                            name,
                            f"{value[k]:g}, and {value[group[0]]:g} in the first row of the sample",
                            "one value a sample",
                            f"Only {', '.join(c.name for c in used if c.series)} may differ between its rows.",
                        )
        return together, apart

    def _members(self, names: Sequence[str], treatments: Sequence[str]) -> list[list[int]]:
        """Rows of each sample, in the order of the sheet."""
        groups: dict[tuple[str, str], list[int]] = {}
        for k, key in enumerate(zip(treatments, names, strict=True)):
            groups.setdefault(key, []).append(k)
        return list(groups.values())


_KEEP_GOING = "Mend them, or use --keep-going (keep_going=True) to compute the other rows and list these."


def _says_nothing(value: Any) -> bool:
    return is_empty(value) or (isinstance(value, float) and math.isnan(value)) or str(value).strip().lower() in MISSING


def _is_number(value: Any) -> bool:
    if isinstance(value, str) and value.strip() == "1":
        return False  # the unit of a fraction
    try:
        return not math.isnan(number_in(value, True)) and value != 1
    except Unreadable:
        return False


def _isotope_scale(text: str) -> str | None:
    """What the unit of an isotope column says: "atom", "delta", "fraction", or None."""
    plain = re.sub(r"\s+", " ", text.strip().lower())
    if plain in _PERMIL or plain.startswith(("delta", "δ", "d13c", "d18o")):
        return "delta"
    if plain in _ATOM_PERCENT or re.fullmatch(r"at(om|\.)?[ -]?%.*", plain):
        return "atom"
    return "fraction" if plain in _FRACTION else None


def _checked(table: SampleTable, keep_going: bool) -> SampleTable:
    """The table after the method's own checks: refused rows out, the rest warned of."""
    if not table.sample:
        raise SheetError(table.source, table.problems, "No row is left to compute.")
    converted = dict(table.samples.values)
    spreads = dict(table.samples.spreads)
    for name in table.deltas:
        standard = _beside(converted["isotope_standard"], converted[name])
        if name in spreads:
            spreads[name] = atom_percent(converted[name] + spreads[name], standard) - atom_percent(
                converted[name], standard
            )
        converted[name] = atom_percent(converted[name], standard)
    problems = list(table.problems)
    refused = np.zeros(len(table.sample), dtype=bool)

    def refuse(k: Any, column: str, found: str, allowed: str, mend: str) -> None:
        refused[k] = True
        here = table.place(table.row[k], column)
        problems.append(Problem(here, table.sample[k], column, found, allowed, mend))

    for name in table.deltas:
        column = table.method.column(name)
        within = column.within(converted[name])
        for k in np.flatnonzero(~(within if within.ndim == 1 else within.all(axis=1))):
            atoms, given = np.ravel(converted[name][k])[0], np.ravel(table.samples.values[name][k])[0]
            meant = "If it is an atom percent, write atom % in the row of units. " if column.within(given) else ""
            refuse(
                k,
                name,
                f"{given:g} ‰, which is {atoms:.4g} atom %",
                column.allowed,
                f"{meant}{column.mend}".strip() or "Mend the cell.",
            )
    warnings = [list(said) for said in table.warnings]
    for finding in table.method.checks(Samples(converted, spreads, table.samples.choices)):
        rows = np.asarray(finding.rows)
        rows = rows if rows.ndim == 1 else np.any(rows & (np.asarray(converted.get("present", 1.0)) > 0), axis=1)
        for k in np.flatnonzero(rows & ~refused):
            if finding.refuse:
                given = np.ravel(table.samples.values.get(finding.column, np.empty(0))[k : k + 1])
                value = f"{given[0]:g}, " if given.size == 1 else ""
                refuse(k, finding.column, value + finding.found, finding.allowed, finding.mend)
            else:
                warnings[k].append(f"{finding.column}: {finding.found}. {finding.mend}")
    with np.errstate(all="ignore"):
        cue = np.asarray(table.computed(table.samples.values)["cue"])
    for k in np.flatnonzero(~np.isfinite(cue) & ~refused):
        refuse(k, "cue", "values from which no CUE follows (division by zero)", "", "Check this row.")
    if refused.any() and not keep_going:
        raise SheetError(table.source, problems, _KEEP_GOING)
    if refused.all():
        raise SheetError(table.source, problems, "No row is left to compute.")
    kept = ~refused
    return replace(
        table,
        sample=_kept(table.sample, kept),
        treatment=_kept(table.treatment, kept),
        row=_kept(table.row, kept),
        samples=Samples(
            {name: value[kept] for name, value in table.samples.values.items()},
            {name: value[kept] for name, value in table.samples.spreads.items()},
            table.samples.choices,
        ),
        problems=tuple(problems),
        warnings=_kept(warnings, kept),
        reported=table.reported[kept] if table.reported is not None else None,
    )


def _kept(items: list, kept: np.ndarray) -> list:
    return [item for item, ok in zip(items, kept, strict=True) if ok]


def fields_filled(metadata: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """The metadata report: name, what it is, what the sheet says (empty where it says nothing), extras last."""
    known = [(one.name, one.description, metadata.get(one.name, "")) for one in METADATA]
    names = {one.name for one in METADATA}
    return known + [(name, "given in the sheet", value) for name, value in metadata.items() if name not in names]
