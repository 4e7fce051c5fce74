"""Workbooks this room writes: the sheet to fill for a method, and the results."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from soilcue.core.citing import write_table
from soilcue.core.errors import InputError
from soilcue.core.files import whole_file
from soilcue.core.references import bibliography
from soilcue.measure.metadata import METADATA
from soilcue.measure.method import Column, Method
from soilcue.measure.samples import EXAMPLE, ISOTOPE_STANDARD, REPORTED, fields_filled, written_unit

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from soilcue.measure.measurement import Measurement

_ROWS_FOR_WIDTH = 200
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


def _fill(sheet: Worksheet, rows: Iterable[Sequence[Any]], heads: int) -> None:
    """Cells of a sheet; the first rows bold or slanted, and all columns wide enough to read."""
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    widths: dict[int, int] = {}
    for i, row in enumerate(rows):
        sheet.append([_as_cell(sheet, value) for value in row])
        if len(row) > 1 and i < _ROWS_FOR_WIDTH:
            for j, value in enumerate(row):
                widths[j] = max(widths.get(j, 0), len(str(value)))
    for i in range(heads):
        for cell in sheet[i + 1]:
            cell.font = Font(bold=i == 0, italic=i > 0)
    for j, width in widths.items():
        sheet.column_dimensions[get_column_letter(j + 1)].width = min(max(width + 2, 9), 60)
    sheet.freeze_panes = sheet.cell(heads + 1, 1)


def _as_cell(sheet: Worksheet, value: Any) -> Any:
    """What a cell takes: nothing for what is missing, and text that begins with = as text and not as a formula."""
    from openpyxl.cell import Cell

    if value is None or value == "" or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, str) and value.startswith("="):
        text = Cell(sheet, value=value)
        text.data_type = "s"
        return text
    return value.item() if isinstance(value, np.generic) else value


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

    book = Workbook()
    first = book.worksheets[0]
    first.title = "samples"
    samples = result.samples.reset_index()
    _fill(first, _table_rows(samples), heads=1)
    for name, frame in (
        ("treatments", result.treatments.reset_index()),
        ("contrasts", result.contrasts),
        ("contributions", result.contributions.reset_index()),
    ):
        _fill(book.create_sheet(name), _table_rows(frame), heads=1)
    problems = [("place", "sample", "column", "found", "allowed", "mend")]
    problems += [(p.place, p.sample, p.column, p.found, p.allowed, p.mend) for p in result.problems]
    _fill(book.create_sheet("problems"), problems, heads=1)
    study: list[Sequence[Any]] = [("what", "says"), ("method", result.method.title), ("source", result.source)]
    study += list(result.constants.items())
    study += [("assumed", line) for line in result.assumptions]
    study += [("warning", line) for line in result.warnings] + [("note", line) for line in result.notes]
    study += [(name, value or "not given") for name, _, value in fields_filled(result.metadata)]
    references = bibliography(result.reference_keys)
    study += [("cite", line) for line in references]
    _fill(book.create_sheet("study"), study, heads=1)
    units = {quantity.name: quantity.unit for quantity in result.method.quantities}
    with whole_file(workbook) as beside:
        book.save(beside)
        write_table(result.samples, table, references, title=f"CUE of samples by {result.method.title}", units=units)


def _table_rows(frame: Any) -> list[Sequence[Any]]:
    return [tuple(frame.columns), *frame.itertuples(index=False, name=None)]
