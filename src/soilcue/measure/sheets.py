"""Sheets as people keep them: Excel workbooks and CSV files, read into rows with every cell's place remembered.

Nothing is interpreted here beyond what a cell is: text, number, date, error, or nothing. What a column means is the
business of `soilcue.measure.samples`.
"""

from __future__ import annotations

import csv
import datetime
import math
import os
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from soilcue.core.errors import InputError, unknown_name

MISSING = frozenset({"", "na", "n/a", "n.a.", "nan", "none", "null", "-", "--", "."})
"""What people write into a cell that holds nothing, in lower case."""

_UNMEASURED = re.compile(r"^(<.*|b\.?d\.?(l\.?)?|n\.?d\.?|lod|<lod|below detection.*|not detected)$")
_EXCEL_ERRORS = frozenset({"#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#NULL!", "#SPILL!", "#CALC!"})
_PLAIN_NUMBERS = re.compile(r"[0-9.eE+\-\n]+")
_COMMA_NUMBER = re.compile(r"^[+-]?\d+,\d+([eE][+-]?\d+)?$")
_THOUSANDS = re.compile(r"^[+-]?[1-9]\d{0,2},\d{3}$")
_MOST_SHEETS_NAMED = 8


@dataclass(frozen=True)
class Sheet:
    """One sheet: its cells, row by row, and what is known of them beyond their values."""

    source: str
    """File it comes from."""
    name: str
    """Of the sheet; empty for a CSV file."""
    rows: Sequence[Sequence[Any]]
    """All rows, the empty ones too, so that row 7 of the file is ``rows[6]``."""
    merged: Sequence[str] = ()
    """Ranges of merged cells."""
    percent: frozenset[tuple[int, int]] = frozenset()
    """Cells shown in percent, which hold a fraction: row and column, from 0."""
    uncalculated: frozenset[tuple[int, int]] = frozenset()
    """Cells with a formula whose value the file does not hold."""
    decimal_comma: bool = False
    """Whether a comma stands for the decimal point; only told by CSV files separated by something else."""
    line: Sequence[int] = field(default_factory=tuple)
    """Line of a CSV file that each row stands on."""

    def place(self, row: int, column: int) -> str:
        """Where a cell stands, in words."""
        cell = f"{letters(column)}{self.line[row] if row < len(self.line) else row + 1}"
        return f"sheet {self.name!r}, cell {cell}" if self.name else f"{Path(self.source).name}, cell {cell}"


class Unreadable(Exception):
    """A cell that should hold a number does not: what it holds and how to mend it."""

    def __init__(self, found: str, mend: str) -> None:
        super().__init__(found)
        self.found, self.mend = found, mend


def letters(column: int) -> str:
    """Letters of a spreadsheet's column, from 0: A, B, ... Z, AA."""
    text = ""
    column += 1
    while column:
        column, digit = divmod(column - 1, 26)
        text = chr(65 + digit) + text
    return text


def number_in(value: Any, decimal_comma: bool = False) -> float:
    """The number a cell holds; NaN where it holds nothing.

    Raises
    ------
    Unreadable
        When it holds something else.
    """
    if value is None:
        return math.nan
    if isinstance(value, bool):
        raise Unreadable(f"{value}", "Write a number.")
    if isinstance(value, int | float):
        if math.isinf(value):
            raise Unreadable("an infinite number", "Mend the cell: something was divided by zero.")
        return float(value)
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        raise Unreadable(
            f"a date or time ({value})",
            "The spreadsheet took a number such as 1.5 or 3-4 for a date: type it again in a cell formatted as number.",
        )
    text = str(value).strip().strip("\u00a0\u202f").replace("\u2212", "-")
    if text.lower() in MISSING:
        return math.nan
    if text.upper() in _EXCEL_ERRORS:
        raise Unreadable(f"the error {text}", "Mend the formula, or write the number itself.")
    if _UNMEASURED.match(text.lower()):
        raise Unreadable(
            repr(text),
            "A value below detection cannot be computed with: give what was measured, with its standard deviation, or "
            "leave the sample out.",
        )
    if text.startswith("="):
        raise Unreadable(
            f"the formula {text}", "Open the file in a spreadsheet program and save it, or write the number."
        )
    if _COMMA_NUMBER.match(text):
        if _THOUSANDS.match(text) and not decimal_comma:
            raise Unreadable(
                repr(text), "It may be a decimal comma or thousands: write 1.234 or 1234, without a comma."
            )
        text = text.replace(",", ".")
    try:
        number = float(text)
    except ValueError:
        raise Unreadable(repr(text), "Write a plain number, and its unit in the row of units.") from None
    if "_" in text or not math.isfinite(number):
        raise Unreadable(repr(text), "Write a plain number, and its unit in the row of units.")
    return number


def plain_numbers(values: Sequence[Any]) -> np.ndarray | None:
    """The numbers of a column whose every cell holds a plain one; None where one has to be looked at (`number_in`)."""
    kinds = set(map(type, values))
    if kinds == {str} and _PLAIN_NUMBERS.fullmatch("\n".join(values)):
        try:
            numbers = np.array(list(map(float, values)))
        except ValueError:
            return None
    elif kinds and kinds <= {int, float}:
        numbers = np.array(values, dtype=float)
    else:
        return None
    return numbers if np.isfinite(numbers).all() else None


def is_empty(value: Any) -> bool:
    """Whether a cell holds nothing at all."""
    return value is None or (isinstance(value, str) and not value.strip())


def says_nothing(value: Any) -> bool:
    """Whether a cell holds nothing, or what people write for nothing."""
    return is_empty(value) or (isinstance(value, float) and math.isnan(value)) or str(value).strip().lower() in MISSING


def read_sheets(path: str | os.PathLike[str]) -> list[Sheet]:
    """All sheets of an Excel workbook, or the one of a CSV file.

    Text files may be in UTF-8 (with or without a byte order mark), UTF-16 or Latin-1, and separated by comma,
    semicolon or tab.

    Raises
    ------
    InputError
        When there is no such file, it is of another kind, damaged, or holds nothing.
    """
    source = Path(path)
    if not source.is_file():
        state = "it is not a file" if source.exists() else "there is no such file"
        raise InputError(f"{source}: {state}. Give an Excel workbook (.xlsx) or a CSV file.")
    try:
        head = source.read_bytes()[:8]
    except OSError as error:
        raise InputError(f"{source}: it cannot be read ({error.strerror}).") from error
    if not head:
        raise InputError(f"{source}: it is empty. `soilcue measure --template METHOD` writes a sheet to fill.")
    if head.startswith(b"PK"):
        sheets = _workbook(source)
    elif head.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputError(
            f"{source}: it is an old (.xls) or password-protected workbook. Save it as .xlsx without a password."
        )
    else:
        sheets = [_text_file(source)]
    if not any(not is_empty(value) for sheet in sheets for row in sheet.rows for value in row):
        raise InputError(
            f"{source}: no cell holds anything. `soilcue measure --template METHOD` writes a sheet to fill."
        )
    return sheets


def _workbook(source: Path) -> list[Sheet]:
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        formulas, more_than_values = _beyond_values(source)
        if not more_than_values:
            return _values_alone(source)
        book = openpyxl.load_workbook(source, data_only=True)
        written = openpyxl.load_workbook(source) if formulas else None
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, TypeError, OSError, EOFError) as error:
        told = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"{source}: it begins like an Excel workbook but cannot be read ({told}). Open it in a spreadsheet program "
            "and save it as .xlsx."
        ) from error
    sheets = []
    for page in book.worksheets:
        percent, uncalculated, rows = set(), set(), []
        beside = written[page.title] if written is not None else None
        for i, row in enumerate(page.iter_rows()):
            values = []
            for j, cell in enumerate(row):
                value = cell.value
                if isinstance(value, int | float) and "%" in str(cell.number_format):
                    percent.add((i, j))
                if value is None and beside is not None and beside.cell(i + 1, j + 1).data_type == "f":
                    uncalculated.add((i, j))
                values.append(value)
            rows.append(values)
        sheets.append(
            Sheet(
                str(source),
                page.title,
                rows,
                [str(area) for area in page.merged_cells.ranges],
                frozenset(percent),
                frozenset(uncalculated),
            )
        )
    return sheets


def _values_alone(source: Path) -> list[Sheet]:
    """Sheets of a workbook of which nothing but values matters: as a stream, in half the time."""
    import openpyxl

    book = openpyxl.load_workbook(source, data_only=True, read_only=True)
    try:
        for page in book.worksheets:
            page.reset_dimensions()  # some programs write wrong ones
        return [
            Sheet(str(source), page.title, [list(row) for row in page.iter_rows(values_only=True)])
            for page in book.worksheets
        ]
    finally:
        book.close()


_FORMULA = re.compile(rb"<f[ >/]")
_MERGED = re.compile(rb"<mergeCell ")
_PERCENT = re.compile(rb'formatCode="[^"]*%|numFmtId="(9|10)"')
"""In a workbook's styles: a format of one's own with a percent sign, or one of the two that every workbook knows."""


def _beyond_values(source: Path) -> tuple[bool, bool]:
    """Whether a workbook holds formulas; and whether these, or merged cells, or cells shown in percent."""
    with zipfile.ZipFile(source) as archive:
        names = archive.namelist()
        pages = [archive.read(name) for name in names if name.startswith("xl/worksheets/") and name.endswith(".xml")]
        styles = archive.read("xl/styles.xml") if "xl/styles.xml" in names else b""
    formulas = any(_FORMULA.search(text) for text in pages)
    merged = any(_MERGED.search(text) for text in pages)
    return formulas, formulas or merged or _PERCENT.search(styles) is not None


def _text_file(source: Path) -> Sheet:
    data = source.read_bytes()
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    encodings = ["utf-16"] if marked else ["utf-8-sig", "cp1252", "latin-1"]
    text = ""
    for encoding in encodings:
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    if "\0" in text or (not text and data):
        raise InputError(f"{source}: it is neither text nor an Excel workbook. Give an .xlsx or a CSV file.")
    lines = text.splitlines(keepends=True)
    first = next((line for line in lines if line.strip()), "")
    told = re.fullmatch(r"\s*sep=(.)\s*", first)  # a line that spreadsheet programs write and read
    separator = told[1] if told else max(";\t,", key=first.count)
    if told:
        lines[lines.index(first)] = "\n"
    reader = csv.reader(lines, delimiter=separator)
    rows, numbers = [], []
    try:
        for row in reader:
            rows.append([cell.strip() for cell in row])
            numbers.append(reader.line_num)
    except csv.Error as error:
        raise InputError(f"{source}, line {reader.line_num}: it cannot be read as CSV ({error}).") from error
    return Sheet(str(source), "", rows, decimal_comma=separator != ",", line=numbers)


def chosen_sheet(sheets: Sequence[Sheet], wanted: str | None, needs: Sequence[str], aside: Sequence[str]) -> Sheet:
    """The sheet that holds the samples: the one named, else the one whose first row has the names a method needs.

    Parameters
    ----------
    sheets : sequence of Sheet
        Of one file.
    wanted : str, optional
        Name the user gave.
    needs : sequence of str
        Names of columns the method cannot do without.
    aside : sequence of str
        Names of sheets that hold something else.

    Raises
    ------
    InputError
        When none or several fit.
    """
    if wanted is not None:
        for sheet in sheets:
            if sheet.name.strip().lower() == wanted.strip().lower():
                return sheet
        if len(sheets) > _MOST_SHEETS_NAMED:
            names = ", ".join(repr(sheet.name) for sheet in sheets[:_MOST_SHEETS_NAMED])
            raise InputError(
                f"{sheets[0].source}: no sheet is named {wanted!r}. Of {len(sheets)} the first are: {names}."
            )
        raise InputError(f"{sheets[0].source}: {unknown_name('sheet', wanted, [s.name for s in sheets])}")
    left = [sheet for sheet in sheets if sheet.name.strip().lower() not in aside]
    named = [sheet for sheet in left if sheet.name.strip().lower() == "samples"]
    if len(named) == 1:
        return named[0]
    found = {sheet.name: len(set(needs) & set(header_of(sheet)[1])) for sheet in left}
    best = max(found.values(), default=0)
    fitting = [sheet for sheet in left if found[sheet.name] == best]
    if best and len(fitting) == 1:
        return fitting[0]
    if len(left) == 1:
        return left[0]
    names = ", ".join(repr(sheet.name) for sheet in (fitting if best else sheets)[:_MOST_SHEETS_NAMED])
    more = " and more" if len(fitting if best else sheets) > _MOST_SHEETS_NAMED else ""
    if best:
        raise InputError(
            f"{sheets[0].source}: {len(fitting)} of {len(sheets)} sheets have the names this method needs ({names}"
            f"{more}). Say which with --sheet, or name it 'samples'."
        )
    raise InputError(
        f"{sheets[0].source}: none of its {len(sheets)} sheets ({names}{more}) has the names this method needs in its "
        f"first row: {', '.join(needs)}. `soilcue measure --template METHOD` writes a sheet with them."
    )


def header_of(sheet: Sheet) -> tuple[int, list[str]]:
    """Number of the first row that holds anything, and its names as this project writes them."""
    for i, row in enumerate(sheet.rows):
        if any(not is_empty(value) for value in row):
            return i, [plain_name(value) for value in row]
    return 0, []


def plain_name(value: Any) -> str:
    """A name of a column in lower case, with underscores for blanks and hyphens."""
    return re.sub(r"[\s\-]+", "_", str(value).strip().lower()) if not is_empty(value) else ""
