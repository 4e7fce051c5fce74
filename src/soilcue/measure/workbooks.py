"""Workbooks this room writes: the sheet to fill for a method, and the results."""

from __future__ import annotations

import math
import os
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import numpy as np

from soilcue.core.citing import write_table
from soilcue.core.errors import InputError
from soilcue.core.files import whole_file
from soilcue.core.references import bibliography
from soilcue.measure.columns import Column
from soilcue.measure.metadata import METADATA, fields_filled
from soilcue.measure.method import Method
from soilcue.measure.sample_table import ISOTOPE_STANDARD, REPORTED
from soilcue.measure.samples import EXAMPLE
from soilcue.measure.sheets import letters
from soilcue.measure.units_row import written_unit

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from soilcue.measure.measurement import Measurement

_ROWS_FOR_WIDTH = 200
"""Rows that a workbook's library writes, a cell at a time; the rest of a long table is written as text."""
_SERIES_ROWS = 6
"""Example rows of a method that takes several a sample."""


def write_template(method: Method, path: str | os.PathLike[str], choices: Mapping[str, str] | None = None) -> Path:
    """Write the workbook to fill for a method: samples, study, notes.

    The sheet ``samples`` has a row of names, a row of units and an example, which is left out when the sheet is read;
    ``study`` takes what is one for all samples; ``notes`` explains.

    Parameters
    ----------
    method : Method
        The method.
    path : path
        The file to write; it must not be there yet.
    choices : mapping of str to str, optional
        Conventions that decide which columns there are.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    InputError
        When the file is there already or cannot be written, or a choice is unknown.
    """
    from openpyxl import Workbook

    target = Path(path)
    if target.exists():
        raise InputError(f"{target} is there already, and may be filled. Move it, or name another --folder.")
    chosen = method.chosen(choices or {})
    used = [column for column in method.columns if column.used_with(chosen)]
    of_samples = [column for column in used if not column.systematic and (column.required or column.default != 0)]
    of_samples += [column for column in used if not column.systematic and column not in of_samples]
    of_study = [column for column in used if column.systematic]
    book = Workbook()
    samples = book.worksheets[0]
    samples.title = "samples"
    _fill(samples, _sample_rows(method, of_samples), heads=2)
    for j, column in enumerate(of_samples, start=3):
        _remark(samples.cell(1, j), column)
    study = [("name", "value", "unit", "sd", "what it is"), ("method", method.name, "", "", method.title)]
    study += [(column.name, "", written_unit(column), "", _explained(column)) for column in of_study]
    if any(column.isotope for column in used):
        study.append((ISOTOPE_STANDARD.name, "", "1", "", f"for delta values: {ISOTOPE_STANDARD.description}"))
    study += [
        (choice.name, chosen[choice.name], "", "", f"{choice.description}: {_options(choice.options)}")
        for choice in method.choices
    ]
    study += [(one.name, "", one.unit, "", one.description) for one in METADATA]
    _fill(book.create_sheet("study"), study, heads=1)
    _fill(book.create_sheet("notes"), _notes(method, used), heads=1)
    with whole_file(target) as beside:
        book.save(beside)
    return target


def _sample_rows(method: Method, columns: Sequence[Column]) -> list[Sequence[Any]]:
    names = ["sample", "treatment", *(column.name for column in columns)]
    units = ["", "", *(written_unit(column) for column in columns)]
    count = _SERIES_ROWS if method.series else 1
    rows = [[EXAMPLE, "control", *(_example(column, k) for column in columns)] for k in range(count)]
    return [names, units, *rows]


def _example(column: Column, k: int) -> float:
    """The example of a column in the k-th row of a sample: series change from row to row."""
    if column.series and column.unit == "ug g-1":
        return round(column.example / _SERIES_ROWS, 3)  # a share of the whole
    if not column.series or k == 0:
        return column.example
    if column.name == "time":
        return column.example * 3.0**k
    if column.name == "remaining":
        return round(32 * float(np.exp(-0.5 * 3.0**k)) + 55 * float(np.exp(-0.002 * 3.0**k)), 2)
    return column.example


def _explained(column: Column) -> str:
    if column.default is not None:
        return f"{column.description}; {column.default:g} if empty ({column.source})"
    return f"{column.description}; needed, for example {column.example:g}"


def _options(options: Mapping[str, str]) -> str:
    return "; ".join(f"{name} = {meaning}" for name, meaning in options.items())


def _notes(method: Method, used: Iterable[Column]) -> list[Sequence[Any]]:
    rows: list[Sequence[Any]] = [("column", "unit", "allowed", "needed", "what it is")]
    for column in used:
        needed = "yes" if column.required else f"no: {column.default:g} if empty ({column.source})"
        unit = f"any, the same in all of {column.unit_group}" if column.unit_group else written_unit(column)
        rows.append((column.name, unit, column.allowed, needed, f"{column.description}. {column.mend}".strip()))
    rows += [
        ("<name>_sd", "as <name>", "0 or more", "no", "standard deviation of any column; of a row of study: column sd"),
        (REPORTED, "1", "", "no", "a CUE computed elsewhere, to be compared"),
        (),
        ("how to fill",),
        ("Row 1 holds names, row 2 units, then one row a sample" + _several(method) + ". Other units are converted.",),
        ("Rows whose sample begins with 'example' are left out.",),
        ("Columns of samples may stand in study instead, and those of study in samples, but not in both.",),
        ("Atom percents may be given as delta values: write ‰ as their unit, and isotope_standard in study.",),
        (),
        ("equation",),
        (method.equation,),
        *((remark,) for remark in method.remarks),
        (),
        ("what to cite",),
        *((line,) for line in bibliography(["he2024", *method.references])),
    ]
    return rows


def _several(method: Method) -> str:
    return f", or several rows of one name, one for each {method.series}" if method.series else ""


def _remark(cell: Any, column: Column) -> None:
    from openpyxl.comments import Comment

    cell.comment = Comment(f"{column.description}. Allowed: {column.allowed}.", "soilcue", width=260, height=110)


def _fill(sheet: Worksheet, rows: Sequence[Sequence[Any]], heads: int) -> None:
    """Cells of a sheet; the first rows bold or slanted, and all columns wide enough to read."""
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    widths: dict[int, int] = {}
    for row in rows:
        sheet.append([_as_cell(sheet, value) for value in row])
        if len(row) > 1:
            for j, value in enumerate(row):
                widths[j] = max(widths.get(j, 0), len(str(value)))
    for i in range(heads):
        for cell in sheet[i + 1]:
            cell.font = Font(bold=i == 0, italic=i > 0)
    for j, width in widths.items():
        sheet.column_dimensions[get_column_letter(j + 1)].width = min(max(width + 2, 9), 60)
    sheet.freeze_panes = sheet.cell(heads + 1, 1)


def _as_cell(sheet: Worksheet, value: Any) -> Any:
    """What a cell takes: nothing for what is missing, and text as text, though it begin with = like a formula."""
    from openpyxl.cell import Cell

    if _says_nothing(value):
        return None
    if isinstance(value, str):
        text = Cell(sheet, value=_UNPRINTABLE.sub("", value))
        text.data_type = "s"
        return text
    return value.item() if isinstance(value, np.generic) else value


def _says_nothing(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and not math.isfinite(value))


def write_results(result: Measurement, workbook: Path, table: Path) -> None:
    """Write the results: a workbook with all tables, and a CSV file of the samples.

    Parameters
    ----------
    result : Measurement
        The results.
    workbook : path
        Excel file: samples, treatments, contrasts, contributions, problems, study.
    table : path
        CSV file of the samples; what to cite and their units stand in a file beside it.
    """
    from openpyxl import Workbook

    problems: list[Sequence[Any]] = [("place", "sample", "column", "found", "allowed", "mend")]
    problems += [(p.place, p.sample, p.column, p.found, p.allowed, p.mend) for p in result.problems]
    tables = {
        "samples": _table_rows(result.samples.reset_index()),
        "treatments": _table_rows(result.treatments.reset_index()),
        "contrasts": _table_rows(result.contrasts),
        "contributions": _table_rows(result.contributions.reset_index()),
        "problems": problems,
    }
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in tables.items():
        _fill(book.create_sheet(name), rows[:_ROWS_FOR_WIDTH], heads=1)
    study: list[Sequence[Any]] = [("what", "says"), ("method", result.method.title), ("source", result.source)]
    study += list(result.constants.items())
    study += [("assumed", line) for line in result.assumptions]
    study += [("warning", line) for line in result.warnings] + [("note", line) for line in result.notes]
    study += [(name, value or "not given") for name, _, value in fields_filled(result.metadata)]
    references = bibliography(result.reference_keys)
    study += [("cite", line) for line in references]
    _fill(book.create_sheet("study"), study, heads=1)
    rest = {f"xl/worksheets/sheet{i}.xml": rows[_ROWS_FOR_WIDTH:] for i, rows in enumerate(tables.values(), start=1)}
    units = {quantity.name: quantity.unit for quantity in result.method.quantities}
    with whole_file(workbook) as beside:
        book.save(beside)
        _append_rows(beside, {name: rows for name, rows in rest.items() if rows})
        write_table(result.samples, table, references, title=f"CUE of samples by {result.method.title}", units=units)


def _append_rows(workbook: Path, rows: Mapping[str, Sequence[Sequence[Any]]]) -> None:
    """Rows at the end of sheets of a workbook, by the sheet's name in the archive (ECMA-376, part 1, section 18.3)."""
    if not rows:
        return
    with zipfile.ZipFile(workbook) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for name, more in rows.items():
        sheet = parts[name].decode()
        last = _ROWS_FOR_WIDTH + len(more)
        sheet = re.sub(r'(<dimension ref="A1:[A-Z]+)\d+', rf"\g<1>{last}", sheet, count=1)
        columns = [letters(j) for j in range(max(map(len, more)))]
        text = "".join(_row_text(row, i, columns) for i, row in enumerate(more, start=_ROWS_FOR_WIDTH + 1))
        parts[name] = sheet.replace("</sheetData>", f"{text}</sheetData>").encode()
    with zipfile.ZipFile(workbook, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)


def _row_text(row: Sequence[Any], number: int, columns: Sequence[str]) -> str:
    cells = [
        _cell_text(value, f"{column}{number}")
        for value, column in zip(row, columns, strict=False)
        if not _says_nothing(value)
    ]
    return f'<row r="{number}">{"".join(cells)}</row>'


def _cell_text(value: Any, place: str) -> str:
    if isinstance(value, int | float | np.number) and not isinstance(value, bool):
        return f'<c r="{place}"><v>{value}</v></c>'
    text = escape(_UNPRINTABLE.sub("", str(value)))
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""What XML does not allow."""


def _table_rows(frame: Any) -> list[Sequence[Any]]:
    return [tuple(frame.columns), *frame.itertuples(index=False, name=None)]
