"""From the cells of a sheet to the samples of a method: names, units, limits, and every complaint with its cell.

All problems of a sheet are found in one go. Those of single rows leave the other rows usable; those of the whole sheet
(a column or a unit that is not there) do not.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from soilcue.core.errors import InputError, unknown_name
from soilcue.measure.columns import Column, Samples
from soilcue.measure.isotopes import STANDARD_RATIOS
from soilcue.measure.problems import KEEP_GOING, Problem, SheetError
from soilcue.measure.sample_table import ISOTOPE_STANDARD, REPORTED, SampleTable, checked, kept_of
from soilcue.measure.series import brought_together, members_of
from soilcue.measure.sheets import (
    Sheet,
    Unreadable,
    chosen_sheet,
    header_of,
    is_empty,
    number_in,
    plain_name,
    plain_numbers,
    read_sheets,
    says_nothing,
)
from soilcue.measure.study_sheet import SD, STUDY_SHEETS, Study
from soilcue.measure.units_row import (
    in_column_unit,
    is_delta,
    row_problems,
    shown_in_percent,
    written_unit,
)

if TYPE_CHECKING:
    import pandas as pd

    from soilcue.measure.method import Method

EXAMPLE = "example"
"""A sample whose name begins so is the template's own and is left out."""


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
    beside = next((one for one in sheets if one.name.strip().lower() == "study" and one is not chosen), None)
    header, names = header_of(chosen)
    study = Study(method)
    if beside is not None:
        study.take_sheet(beside)
    study.take_settings(settings or {})
    if not names:
        raise InputError(f"{chosen.source}, sheet {chosen.name!r}: it is empty. The first row holds the names.")
    if "sample" not in names and not set(needs) & set(names):
        raise InputError(
            f"{chosen.place(header, 0)}: the first row that holds anything has none of the names this method needs "
            f"({', '.join(needs)}). `soilcue measure --template {method.name}` writes a sheet with them."
        )
    units = list(chosen.rows[header + 1]) if len(chosen.rows) > header + 1 else []
    units += [None] * (len(names) - len(units))
    cells = {
        i: [*row, *[None] * (len(names) - len(row))]
        for i, row in enumerate(chosen.rows)
        if i > header + 1 and any(not is_empty(value) for value in row)
    }
    names = study.own_names(names)
    grid = _Grid(chosen.source, chosen, chosen.place, names, units, header + 1, cells)
    return _table(method, study, grid, keep_going)


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
    study = Study(method)
    study.take_settings(settings or {})
    columns = [frame.iloc[:, j].tolist() for j in range(len(names))]
    cells = {i: [column[i] for column in columns] for i in range(len(frame))}
    row_of_units = [given.get(name, usual.get(name.removesuffix(SD), "")) for name in names]
    names = study.own_names(names)
    grid = _Grid(source, Sheet(source, "", []), place, names, row_of_units, -1, cells)
    return _table(method, study, grid, keep_going)


_MERGED = (
    "one value a cell",
    "Unmerge it and write the value into every row.",
)


class _Grid:
    """The cells of a table, and where they stand."""

    def __init__(
        self,
        source: str,
        sheet: Sheet,
        place: Callable[[int, int], str],
        names: Sequence[str],
        units: Sequence[Any],
        unit_row: int,
        cells: Mapping[int, list[Any]],
    ) -> None:
        self.source, self.sheet, self.place = source, sheet, place
        self.names, self.units, self.unit_row = names, units, unit_row
        self.at = {name: j for j, name in enumerate(names) if name}
        self.cells = {i: row for i, row in cells.items() if not self._is_example(row)}
        self.holds_examples = len(self.cells) < len(cells)

    def _is_example(self, row: Sequence[Any]) -> bool:
        return "sample" in self.at and plain_name(row[self.at["sample"]]).startswith(EXAMPLE)

    def unit_of(self, name: str) -> str:
        """What stands in the row of units under a name."""
        unit = self.units[self.at[name]]
        return "" if is_empty(unit) else str(unit).strip()

    def merged(self) -> Iterator[tuple[str, list[str], range]]:
        """Areas of merged cells: how they are called, the names they stand under, and their rows."""
        for area in self.sheet.merged:
            from openpyxl.utils.cell import range_boundaries  # brings time to load, and only workbooks merge cells

            left, top, right, bottom = range_boundaries(area)  # counted from 1
            names = [name for name, j in self.at.items() if left <= j + 1 <= right]
            yield f"sheet {self.sheet.name!r}, cells {area}", names, range(top - 1, bottom)

    def texts(self, name: str) -> list[str]:
        """What the rows say under a name; empty where nothing."""
        if name not in self.at:
            return [""] * len(self.cells)
        return [_as_text(row[self.at[name]]) for row in self.cells.values()]


def _as_text(value: Any) -> str:
    if says_nothing(value):
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _table(method: Method, study: Study, grid: _Grid, keep_going: bool) -> SampleTable:
    """The samples, or `SheetError` with all that is wrong."""
    choices = method.chosen(study.choices)
    used = [column for column in method.columns if column.used_with(choices)]
    problems = [*study.problems, *_heading_problems(method, study, grid, used)]
    if problems:
        raise SheetError(grid.source, problems)
    return _Reading(method, study, grid, used, choices).samples(keep_going)


def _heading_problems(method: Method, study: Study, grid: _Grid, used: Sequence[Column]) -> Iterator[Problem]:
    """What is wrong with names and units: without these no row can be read."""
    known = {column.name for column in (*method.columns, ISOTOPE_STANDARD)}
    for j, name in enumerate(grid.names):
        if name and grid.names.index(name) != j and name.removesuffix(SD) in {*known, "sample", "treatment"}:
            place = grid.place(grid.unit_row - 1, j)
            yield Problem(place, "", name, "a name that another column has too", "", "Rename one.")
    looked_at = {"sample", "treatment", *(column.name + end for column in used for end in ("", SD))}
    for place, names, rows in grid.merged():
        if looked_at & set(names) and {grid.unit_row - 1, grid.unit_row} & set(rows):
            yield Problem(place, "", "", "merged cells among names and units", *_MERGED)
    here = [column for column in used if column.name in grid.at]
    yield from row_problems(here, grid.at, grid.units, lambda j: grid.place(grid.unit_row, j))
    yield from study.unit_problems()
    misused = next((said for name, said in method.misused.items() if name in grid.at), None)
    for column in used:
        if not column.required or column.name in grid.at or column.name in study.values:
            continue
        near = unknown_name("column", column.name, [name for name in grid.names if name and name not in known])
        hint = re.search(r"Did you mean [^?]*\?", str(near))
        how = "a row of the study sheet, a setting, or a column" if column.systematic else "a column"
        yield Problem(
            grid.source,
            "",
            column.name,
            f"nothing that gives {column.name}: {column.description}",
            column.allowed,
            f"Add it as {how}. {hint[0] + ' ' if hint else ''}{misused or column.mend}".rstrip(),
        )
    if not grid.cells:
        yield Problem(grid.place(grid.unit_row, 0), "", "", "no row of samples", "", "Fill one row a sample.")


class _Reading:
    """Rows on their way to samples: what was found so far, good and bad."""

    def __init__(
        self, method: Method, study: Study, grid: _Grid, used: Sequence[Column], choices: Mapping[str, str]
    ) -> None:
        self.method, self.study, self.grid, self.used, self.choices = method, study, grid, used, choices
        self.rows = list(grid.cells)
        self.names = [name or f"row {k + 1}" for k, name in enumerate(grid.texts("sample"))]
        self.bad = np.zeros(len(self.rows), dtype=bool)
        self.problems: list[Problem] = []
        self.values: dict[str, np.ndarray] = {}
        self.spreads: dict[str, np.ndarray] = {}
        self.blanks: dict[str, np.ndarray] = {}
        self.deltas: set[str] = set()
        self.units: dict[str, str] = {}
        self.assumptions: list[str] = []
        self.notes: list[str] = []
        self._complained: set[tuple[int, int]] = set()

    def samples(self, keep_going: bool) -> SampleTable:
        """The samples of all rows that can be computed."""
        method, grid = self.method, self.grid
        untreated = "not given" if "treatment" in grid.at else "all"
        treatments = [treatment or untreated for treatment in grid.texts("treatment")]
        self._complain_of_merged()
        for column in self.used:
            if column.name in grid.at:
                self._take_column(column)
            elif column.name in self.study.values:
                self._take_study_value(column)
            elif column.default is not None:
                self.values[column.name] = np.full(len(self.rows), float(column.default))
                self.blanks[column.name] = np.ones(len(self.rows), dtype=bool)
        if self.deltas:
            self._take_standard()
        reported = self._numbers(_REPORTED_COLUMN, REPORTED, "1") if REPORTED in grid.at else None
        self._say_what_was_left_out()
        rows, names, bad, values, spreads = self.rows, self.names, self.bad, self.values, self.spreads
        if method.series:
            members = members_of(names, treatments)
            columns = {column.name: column for column in (*self.used, ISOTOPE_STANDARD)}
            values, spreads = brought_together(columns, values, spreads, self.blanks, members, self._complain)
            first = [group[0] for group in members]
            bad = np.array([bad[group].any() for group in members])
            rows, names = [rows[k] for k in first], [names[k] for k in first]
            treatments = [treatments[k] for k in first]
            reported = reported[first] if reported is not None else None
        elif len(set(names)) < len(names):
            self.notes.append(f"{len(names) - len(set(names))} samples bear a name that another one has too.")
        whole = [problem for problem in self.problems if not problem.sample]
        if whole or (self.problems and not keep_going):
            raise SheetError(grid.source, self.problems, "" if whole else KEEP_GOING)
        good = ~bad
        shared = {column.name for column in self.used if column.systematic} | set(self.study.values)
        table = SampleTable(
            method,
            grid.source,
            kept_of(names, good),
            kept_of(treatments, good),
            kept_of(rows, good),
            lambda i, name: grid.place(i, grid.at.get(name, grid.at.get("sample", 0))),
            Samples(
                {name: value[good] for name, value in values.items()},
                {name: value[good] for name, value in spreads.items() if np.any(value[good] > 0)},
                self.choices,
            ),
            frozenset(shared | ({"isotope_standard"} if self.deltas else set())),
            frozenset(self.deltas),
            self.units,
            tuple(self.problems),
            [[] for _ in range(int(good.sum()))],
            tuple(self.assumptions),
            tuple(self.notes),
            dict(self.study.metadata),
            reported[good] if reported is not None else None,
        )
        return checked(table, keep_going)

    def _complain(self, k: Any, name: str, found: str, allowed: str, mend: str) -> None:
        """Say what is wrong with the cell of a row under a name."""
        j = self.grid.at[name]
        self.bad[k] = True
        self._complained.add((k, j))
        place = self.grid.place(self.rows[k], j)
        self.problems.append(Problem(place, self.names[k], name, found, allowed, mend))

    def _complain_of_merged(self) -> None:
        """Say of every row within merged cells that these hold one value for several."""
        looked_at = {"sample", "treatment", *(column.name + end for column in self.used for end in ("", SD))}
        for place, names, rows in self.grid.merged():
            for name in (name for name in names if name in looked_at):
                for k in (k for k, i in enumerate(self.rows) if i in rows):
                    self._complain(
                        k, name, f"merged cells ({place}), of which all but the first hold nothing", *_MERGED
                    )

    def _numbers(self, column: Column, name: str, unit: str) -> np.ndarray:
        """Numbers under a name, NaN where there is none."""
        sheet, j = self.grid.sheet, self.grid.at[name]
        held = [row[j] for row in self.grid.cells.values()]
        plain = plain_numbers(held)
        if plain is not None and not sheet.percent and not sheet.uncalculated:
            return plain
        found = np.full(len(held), np.nan)
        for k, i in enumerate(self.rows):
            if (i, j) in sheet.uncalculated:
                mend = "Open the file in a spreadsheet program and save it."
                self._complain(k, name, "a formula whose value is not in the file", column.allowed, mend)
                continue
            try:
                found[k] = number_in(held[k], sheet.decimal_comma)
            except Unreadable as wrong:
                self._complain(k, name, wrong.found, column.allowed, wrong.mend)
            if (i, j) in sheet.percent and shown_in_percent(unit):
                found[k] *= 100  # a cell shown as 45 % holds 0.45
        return found

    def _take_column(self, column: Column) -> None:
        """Values of a column of the table, and their standard deviations."""
        name, unit = column.name, self.grid.unit_of(column.name)
        raw = self._numbers(column, name, unit)
        blank = np.isnan(raw)
        blank[[k for k, j in self._complained if j == self.grid.at[name]]] = False
        values = self._in_unit(column, raw, unit)
        if name in self.study.values:
            said = ("a value for the study beside a column", "one", "Remove one.")
            self.problems.append(Problem(self.study.values[name].place, "", name, *said))
        if column.default is not None:
            values = np.where(blank, column.default, values)
            self.blanks[name] = blank
        elif self.method.series and not column.series:
            self.blanks[name] = blank  # may stand in the first row of a sample alone
        else:
            for k in np.flatnonzero(blank):
                self._complain(k, name, "nothing", column.allowed, "Fill the cell, or remove the row.")
        for k, *words in _beyond_limits(column, values, raw, name in self.deltas):
            self._complain(k, name, *words)
        self.values[name] = values
        if name + SD in self.grid.at:
            self.spreads[name] = self._spread(column, unit)

    def _in_unit(self, column: Column, raw: np.ndarray, unit: str) -> np.ndarray:
        if is_delta(column, unit):
            self.deltas.add(column.name)
        elif column.unit_group:
            self.units[column.name] = unit
        return in_column_unit(column, raw, unit)

    def _spread(self, column: Column, unit: str) -> np.ndarray:
        """Standard deviations in the unit of a column; zero where none is given."""
        name = column.name + SD
        own = self.grid.unit_of(name) or unit
        spread = self._numbers(replace(column, name=name), name, own)
        missing = np.isnan(spread)
        for k in np.flatnonzero(spread < 0):
            self._complain(k, name, f"{spread[k]:g}", "0 or more", _NEGATIVE_SPREAD)
        if column.name not in self.deltas:
            try:
                spread = in_column_unit(column, spread, own)
            except InputError as error:
                place = self.grid.place(self.grid.unit_row, self.grid.at[name])
                words = (f"the unit {own!r}", column.unit, f"Mend the unit: {error}")
                self.problems.append(Problem(place, "", name, *words))
        if missing.any():
            self.notes.append(f"{name} is missing in {missing.sum()} of {missing.size} rows: taken as exactly known.")
        return np.where(missing, 0.0, spread)

    def _take_study_value(self, column: Column) -> None:
        """A value that is one for all samples."""
        name, given = column.name, self.study.values[column.name]
        raw = np.array([given.value])
        value = self._in_unit(column, raw, given.unit)
        for _, *words in _beyond_limits(column, value, raw, name in self.deltas):
            self.problems.append(Problem(given.place, "", name, *words))
        if given.sd < 0:
            words = [f"{given.sd:g}", "0 or more", _NEGATIVE_SPREAD]
            self.problems.append(Problem(given.place, "", name + SD, *words))
        self.values[name] = np.full(len(self.rows), value[0])
        self.spreads[name] = np.full(len(self.rows), in_column_unit(column, np.array([given.sd]), given.unit)[0])

    def _take_standard(self) -> None:
        """The isotope ratio that delta values stand on."""
        name = ISOTOPE_STANDARD.name
        if name in self.grid.at:
            self.values[name] = self._numbers(ISOTOPE_STANDARD, name, "1")
            held = np.nan_to_num(self.values[name])
            for k, *words in _beyond_limits(ISOTOPE_STANDARD, held, self.values[name], False):
                self._complain(k, name, *words)
        elif name in self.study.values:
            self._take_study_value(ISOTOPE_STANDARD)
        else:
            self.problems.append(
                Problem(
                    self.grid.source,
                    "",
                    name,
                    "delta values (‰) and no ratio of their standard",
                    ISOTOPE_STANDARD.allowed + ", or " + ", ".join(STANDARD_RATIOS),
                    "Add it as a row of the study sheet, a setting, or a column: delta means nothing without it.",
                )
            )
            self.values[name] = np.full(len(self.rows), np.nan)

    def _say_what_was_left_out(self) -> None:
        """Examples and columns that were not used, names that are not there, values that were assumed."""
        grid = self.grid
        if grid.holds_examples:
            self.notes.append(f"Rows whose sample is named {EXAMPLE!r} are the template's and were left out.")
        taken = {column.name for column in self.used} | {"sample", "treatment", "isotope_standard", REPORTED}
        taken |= {name + SD for name in taken} | ({self.method.series} if self.method.series else set())
        unused = [name for name in grid.at if name not in taken]
        if unused:
            self.notes.append(f"Columns that were not used: {', '.join(unused)}.")
        if "sample" not in grid.at:
            self.notes.append("No column is named sample: rows are numbered.")
        for column in self.used:
            blank = self.blanks.get(column.name)
            if column.default is None or blank is None or not blank.any():
                continue
            where = "" if blank.all() else f" in {blank.sum()} of {blank.size} rows"
            unit = "" if column.unit == "1" else f" {written_unit(column)}"
            self.assumptions.append(
                f"{column.name} is not given{where}: {column.default:g}{unit} ({column.description}; {column.source})."
            )


_NEGATIVE_SPREAD = "A standard deviation is not negative."
_REPORTED_COLUMN = Column(REPORTED, "1", -1e3, 1e3, "", 0.5)


def _beyond_limits(
    column: Column, values: np.ndarray, raw: np.ndarray, delta: bool
) -> Iterator[tuple[Any, str, str, str]]:
    """Values outside the limits of a column: where, what was found, what is allowed, the mend."""
    allowed = Column(column.name, "permil", -1000.0, 1e6, "", 0.0) if delta else column
    for k in np.flatnonzero(np.isfinite(values) & ~allowed.within(values)):
        mend = column.mend
        if column.isotope and not delta:
            fraction = "a fraction of atoms, write 1 in the row of units; if " if column.within(100 * values[k]) else ""
            mend = (
                f"If this is {fraction}a delta value, write ‰ in the row of units and give isotope_standard in the "
                f"study sheet. {column.mend}"
            )
        elif column.high <= 1 and 1 < values[k] <= 100:
            mend = f"If this is a percentage, write % in the row of units. {column.mend}"
        elif values[k] < 0 and column.low >= 0:
            mend = f"It cannot be negative. {column.mend}"
        found = f"{raw[k]:g}" + (f" ({values[k]:g} {column.unit})" if values[k] != raw[k] else "")
        yield k, found, allowed.allowed, mend or "Mend the cell, or its unit."
