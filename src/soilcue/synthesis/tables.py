"""Tables of a meta-analysis: read from CSV, columns found by name, and every complaint with its row and column."""

from __future__ import annotations

import csv
import difflib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from soilcue.core.errors import InputError, unknown_name

OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    "treatment_mean": ("m1i",),
    "treatment_sd": ("sd1i",),
    "treatment_se": ("se1i",),
    "treatment_n": ("n1i",),
    "control_mean": ("m2i",),
    "control_sd": ("sd2i",),
    "control_se": ("se2i",),
    "control_n": ("n2i",),
    "effect": ("yi",),
    "variance": ("vi",),
}
"""Columns an effect is computed from, and the names the R package metafor gives to the same."""

_MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan")
_SHOWN = 5


def read_table(path: str | os.PathLike[str]) -> pd.DataFrame:
    """A CSV file with one row of names and one row for each effect.

    The separator is the comma, semicolon or tab that is most frequent in the row of names. A column is of numbers when
    every cell of it that is not missing (empty, ``NA``, ``NaN``) reads as one.

    Parameters
    ----------
    path : path
        The file, in UTF-8.

    Returns
    -------
    pandas.DataFrame
        Its index, named ``line``, holds the line of the file that each row ends on; ``attrs["file"]`` holds the path.

    Raises
    ------
    InputError
        When there is no such file, it is not text in UTF-8, it holds no rows, a name is missing or repeated, or a row
        has more or fewer cells than there are names.
    """
    source = Path(path)
    if not source.is_file():
        state = "is not a file" if source.exists() else "there is no such file"
        raise InputError(f"{source}: {state}. Give the path of one CSV file.")
    try:
        text = source.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{source}: byte {error.start} is not UTF-8 text. Save the table as CSV in UTF-8 (a spreadsheet's own "
            "format, such as xlsx, is not read)."
        ) from error
    except OSError as error:
        raise InputError(f"{source}: cannot be read ({error.strerror}). Give a CSV file this user may read.") from error
    lines = text.splitlines(keepends=True)
    if not lines:
        raise InputError(f"{source}: it is empty. It needs a row of column names and a row for each effect.")
    separator = max(",;\t", key=lines[0].count)
    reader = csv.reader(lines, delimiter=separator)
    names = [name.strip() for name in next(reader)]
    _refuse_bad_names(source, names)
    rows: list[list[str]] = []
    numbers: list[int] = []
    for row in reader:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(names):
            raise InputError(
                f"{source}, line {reader.line_num}: it has {len(row)} cells and the row of names has {len(names)}. "
                f"Give every row the same number of cells, and quote cells that contain {separator!r}."
            )
        rows.append([cell.strip() for cell in row])
        numbers.append(reader.line_num)
    if not rows:
        raise InputError(f"{source}: there is no row below the names. It needs a row for each effect.")
    table = pd.DataFrame(rows, columns=names, index=pd.Index(numbers, name="line"), dtype=object)
    table = table.mask(table.isin(_MISSING))
    for name in names:
        present = table[name].dropna()
        as_numbers = pd.to_numeric(present, errors="coerce")
        if not as_numbers.isna().any():
            table[name] = pd.to_numeric(table[name], errors="coerce").astype(float)
    table.attrs["file"] = str(source)
    return table


def _refuse_bad_names(source: Path, names: list[str]) -> None:
    for number, name in enumerate(names, start=1):
        if not name and number > 1:
            raise InputError(f"{source}, line 1: column {number} has no name. Name it or remove it.")
        if names.index(name) != number - 1:
            raise InputError(f"{source}, line 1: two columns are named {name!r}. Rename one.")


def place(table: pd.DataFrame, position: int, column: str | None = None) -> str:
    """Where a cell of a table stands, in words: file, row and column.

    Parameters
    ----------
    table : pandas.DataFrame
        A table of `read_table`, or any other: its rows are then called by their index labels.
    position : int
        Number of the row, from 0.
    column : str, optional
        Name of the column.
    """
    words = [str(table.attrs["file"])] if "file" in table.attrs else []
    words.append(f"{table.index.name or 'row'} {table.index[position]}")
    if column is not None:
        words.append(f"column {column!r}")
    return ", ".join(words)


def places(table: pd.DataFrame, positions: Iterable[int]) -> str:
    """The rows of a table in words, the first few by name."""
    positions = list(positions)
    shown = ", ".join(str(table.index[p]) for p in positions[:_SHOWN])
    more = f" and {len(positions) - _SHOWN} more" if len(positions) > _SHOWN else ""
    file = f"{table.attrs['file']}, " if "file" in table.attrs else ""
    kind = str(table.index.name or "row")
    return f"{file}{kind}{'s' if len(positions) > 1 else ''} {shown}{more}"


def shown(value: object) -> str:
    """A value as a message shows it: text in quotes, numbers plain."""
    return repr(value.item() if isinstance(value, np.generic) else value)


def column_name(table: pd.DataFrame, name: str) -> str:
    """Name of a column that must be there.

    Raises
    ------
    InputError
        When it is not, with the nearest names.
    """
    if name not in table.columns:
        error = unknown_name("column", name, map(str, table.columns))
        raise InputError(f"{table.attrs['file']}: {error}" if "file" in table.attrs else str(error))
    return name


def find_column(table: pd.DataFrame, quantity: str, given: Mapping[str, str]) -> str | None:
    """Column that holds a quantity: the one the user named, else the quantity's own name, else metafor's.

    Returns
    -------
    str or None
        None when no column bears any of these names and the user named none.

    Raises
    ------
    InputError
        When the column the user named is not there.
    """
    if quantity in given:
        return column_name(table, given[quantity])
    return next((name for name in (quantity, *OTHER_NAMES[quantity]) if name in table.columns), None)


def numbers_of(table: pd.DataFrame, column: str, meaning: str = "a number", otherwise: str = "") -> NDArray[np.float64]:
    """Column as numbers, without gaps.

    Parameters
    ----------
    table : pandas.DataFrame
        The table.
    column : str
        Name of the column.
    meaning : str
        What each cell should be, for the message.
    otherwise : str
        Another way to mend a gap, for the message.

    Raises
    ------
    InputError
        At the first cell that is no number, is not finite, or is missing: rows are never left out in silence.
    """
    values = table[column_name(table, column)]
    missing = np.flatnonzero(values.isna().to_numpy())
    if missing.size:
        raise InputError(
            f"{place(table, missing[0], column)}: the value is missing (missing in {places(table, missing)}), and "
            f"{meaning} is needed. Fill the cell, {otherwise}or remove the row from the table: no row "
            "is left out in silence."
        )
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
    unread = np.flatnonzero(~np.isfinite(numbers))
    if unread.size:
        found = values.iloc[unread[0]]
        comma = isinstance(found, str) and _reads_as_number(found.replace(",", "."))
        mend = "Write the decimal mark as a point." if comma else "Mend the cell."
        raise InputError(f"{place(table, unread[0], column)}: found {shown(found)}, and {meaning} is needed. {mend}")
    return numbers


def _reads_as_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False


def mostly_numbers(values: pd.Series) -> list[int]:
    """Positions of the few cells that are no numbers in a column whose others are.

    Such a column is more likely numbers with slips of the pen than names. Empty when all or fewer than half are
    numbers.
    """
    if pd.api.types.is_numeric_dtype(values):
        return []
    reads = np.array([_reads_as_number(str(value)) for value in values])
    return [int(i) for i in np.flatnonzero(~reads)] if reads.size / 2 < reads.sum() < reads.size else []


def identifiers_of(table: pd.DataFrame, column: str) -> NDArray[np.int64]:
    """Column of identifiers (study, control) as whole numbers from 0, in order of first occurrence.

    Raises
    ------
    InputError
        When the column or an identifier is missing, or two of them differ only in case or blanks around them.
    """
    values = table[column_name(table, column)]
    missing = np.flatnonzero(values.isna().to_numpy())
    if missing.size:
        raise InputError(
            f"{place(table, missing[0], column)}: the identifier is missing (missing in {places(table, missing)}). "
            "Fill the cell; a study of its own gets a name of its own."
        )
    codes, names = pd.factorize(values)
    alike: dict[str, str] = {}
    for name in map(str, names):
        key = " ".join(name.casefold().split())
        if key in alike:
            row = int(np.flatnonzero((values.astype(str) == name).to_numpy())[0])
            raise InputError(
                f"{place(table, row, column)}: {name!r} and {alike[key]!r} differ only in case or blanks, and would "
                "count as two. Write them alike, or give them different names."
            )
        alike[key] = name
    return np.asarray(codes, dtype=np.int64)


def nearest(name: str, known: Iterable[str]) -> str:
    """Hint at the nearest known names, or nothing."""
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
