"""One's own records: read from CSV, Excel, JSON or YAML, with every problem at once, each with its place and mend."""

from __future__ import annotations

import datetime
import difflib
import json
import math
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from soilcue.core.errors import InputError
from soilcue.measure.methods import METHODS
from soilcue.measure.sheets import MISSING, Sheet, Unreadable, is_empty, number_in, read_sheets
from soilcue.records.checks import checked
from soilcue.records.constants import ENTERS, enters_method
from soilcue.records.methods import FAMILY_OF_METHOD
from soilcue.records.reader import Reading
from soilcue.records.schema import FAMILIES, OPEN, Record, RecordField, fields, nested, shown, what_is_wrong
from soilcue.records.table import flags_of

SHORT = {
    "cue": "cueInfo.cue.mean",
    "cue_sd": "cueInfo.cue.sd",
    "cue_se": "cueInfo.cue.se",
    "cue_n": "cueInfo.cue.n",
    "growth": "cueInfo.growth.mean",
    "respiration": "cueInfo.respiration.mean",
    "uptake": "cueInfo.uptake.mean",
}
"""Short names of columns, beside the last part of any path that only one field has."""

MENDS = {
    "above_one": "Give CUE as a fraction: divide a percentage by 100.",
    "negative": "Check the sign and the blanks; only a net growth can be negative.",
    "invalid_definition": "CUE is growth over growth and respiration: give both, or leave the record out.",
    "identity": "Check that growth, respiration, uptake and CUE are of one sample and one convention.",
    "spread": "Check whether it is a standard deviation or a standard error.",
    "texture": "Check the three percentages.",
    "depth": "Check the limits; depths are in cm, downward.",
    "dose": "Check the unit: the amount of substrate is in ug C per g of soil.",
}
"""What to do about a flag."""

_WITH_UNIT = re.compile(r"^(?P<name>.*?)\s*[\[(](?P<unit>[^\])]*)[\])]$")
_YES, _NO = {"yes", "true", "y", "1"}, {"no", "false", "n", "0"}
_MOST_SHOWN = 40


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a file of records, or to be known."""

    place: str
    field: str
    found: str
    allowed: str
    mend: str
    error: bool = True
    """False for a warning, with which the record can be used."""

    def __str__(self) -> str:
        where = f"{self.place}, {self.field}" if self.field else self.place
        allowed = f"; allowed: {self.allowed}" if self.allowed else ""
        return f"{where}: {self.found}{allowed}. {self.mend}".strip()


@dataclass
class Checked:
    """What a file of records holds, and everything that is wrong with it."""

    source: str
    records: list[Record] = field(default_factory=list)
    """The records without an error, flagged."""
    problems: list[Problem] = field(default_factory=list)

    @property
    def errors(self) -> list[Problem]:
        """Problems with which a record cannot be used."""
        return [problem for problem in self.problems if problem.error]

    @property
    def warnings(self) -> list[Problem]:
        """What is doubtful, or missing."""
        return [problem for problem in self.problems if not problem.error]


@dataclass
class _Row:
    """One record as it stands in the file: values by column or path, and where each stands."""

    values: dict[str, Any]
    where: Callable[[str], str]
    """Place of a field in words; of the record where it has none of its own."""

    @property
    def place(self) -> str:
        """Where the record begins."""
        return self.where("")


def check_file(path: str | os.PathLike[str], sheet: str | None = None) -> Checked:
    """Read a file of records and find all that is wrong with it.

    Parameters
    ----------
    path : path
        ``.csv``, ``.tsv`` or ``.xlsx`` with a row of names and a row for each record; ``.json`` or ``.yaml`` with a
        list of records, nested or by dotted path.
    sheet : str, optional
        Sheet of a workbook; the only one with known names where not given.

    Returns
    -------
    Checked

    Raises
    ------
    InputError
        When the file cannot be read at all.
    """
    source = Path(path)
    if not source.is_file():
        state = "it is not a file" if source.exists() else "there is no such file"
        raise InputError(f"{source}: {state}. Give a file of records: CSV, Excel (.xlsx), JSON or YAML.")
    if not source.stat().st_size:
        raise InputError(f"{source}: it is empty. `soilcue records schema` lists what a record may hold.")
    result = Checked(str(source))
    suffix = source.suffix.lower()
    if suffix in (".json", ".yaml", ".yml"):
        rows = list(_rows_of_text(source, suffix, result.problems))
    else:
        rows = list(_rows_of_sheet(_sheet_of(read_sheets(source), sheet), result.problems))
    if not rows and not result.errors:
        raise InputError(f"{source}: it holds no record. Give a row, or an entry of the list, for each.")
    seen: dict[str, str] = {}
    for number, row in enumerate(rows, start=1):
        _take(row, f"{source.stem}:{number}", seen, result)
    result.problems += list(_what_is_missing(result))
    return result


def read_own(path: str | os.PathLike[str], sheet: str | None = None) -> Reading:
    """One's own records, from a file without errors.

    Raises
    ------
    InputError
        When there are errors; its message lists them.
    """
    found = check_file(path, sheet)
    if found.errors:
        lines = [f"  {problem}" for problem in found.errors[:_MOST_SHOWN]]
        more = [f"  and {len(found.errors) - _MOST_SHOWN} more"] if len(found.errors) > _MOST_SHOWN else []
        raise InputError("\n".join([f"{path}: {len(found.errors)} errors in the records", *lines, *more]))
    name = Path(path).stem
    return Reading(name, [one if one.dataset else one.model_copy(update={"dataset": name}) for one in found.records])


# ---- from a file to rows


def _rows_of_text(source: Path, suffix: str, problems: list[Problem]) -> Iterator[_Row]:
    try:
        text = source.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{source}: byte {error.start} is not UTF-8 text. Save the file as UTF-8.") from error
    try:
        if suffix == ".json":
            content = json.loads(text)
        else:
            import yaml

            content = yaml.safe_load(text)
    except RecursionError as error:
        raise InputError(f"{source}: its parts are nested too deeply for a list of records.") from error
    except ValueError as error:
        raise InputError(f"{source}: it cannot be read as JSON: {error}. Mend the file there.") from error
    except Exception as error:  # the YAML reader has a class for every way of being wrong
        told = " ".join(str(error).split())
        raise InputError(f"{source}: it cannot be read as YAML: {told}. Mend the file there.") from error
    entries = content.get("records", content) if isinstance(content, dict) else content
    if isinstance(entries, dict):
        entries = [entries]
    if not isinstance(entries, list):
        raise InputError(
            f"{source}: it holds {type(entries).__name__}, and a list of records (or 'records:' with one) is needed."
        )
    for number, entry in enumerate(entries, start=1):
        place = f"record {number}"
        if not isinstance(entry, dict):
            problems.append(Problem(place, "", f"found {shown(entry)}", "a record, by name of field", "Mend it."))
            continue

        def where(path: str, place: str = place) -> str:
            return place

        values: dict[str, Any] = {}
        for path, value in _leaves(entry):
            name = _resolved(path, place, problems)
            if name is None:
                continue
            if name in values:
                problems.append(Problem(place, name, "given twice", "", "Keep one of them."))
                continue
            one = _Place(where, name)
            values[name] = _cell(value, one, "", False, problems) if isinstance(value, str) else value
        yield _Row({name: value for name, value in values.items() if value is not None}, where)


def _leaves(entry: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in entry.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict):
            yield from _leaves(value, f"{path}.")
        elif value is None or (path == "flags" and isinstance(value, list | tuple)):
            continue  # nothing said, or flags, which are found anew
        else:
            yield path, value


def _sheet_of(sheets: Sequence[Sheet], wanted: str | None) -> Sheet:
    """The sheet named, or the only one whose first row has names of fields."""
    if wanted is not None:
        for sheet in sheets:
            if sheet.name.casefold() == wanted.casefold():
                return sheet
        names = ", ".join(repr(sheet.name) for sheet in sheets[:12])
        raise InputError(f"{sheets[0].source}: there is no sheet {wanted!r}. There are: {names}.")
    scores = [sum(_path_of(_plain(cell)[0]) is not None for cell in _header(sheet)[1]) for sheet in sheets]
    best = max(scores)
    fitting = [sheet for sheet, score in zip(sheets, scores, strict=True) if score == best]
    if len(fitting) > 1:
        names = ", ".join(repr(sheet.name) for sheet in fitting[:12])
        raise InputError(f"{sheets[0].source}: records may be in any of the sheets {names}. Name one with --sheet.")
    return fitting[0]


def _header(sheet: Sheet) -> tuple[int, list[str]]:
    for i, row in enumerate(sheet.rows):
        if any(not is_empty(cell) for cell in row):
            return i, ["" if is_empty(cell) else str(cell).strip() for cell in row]
    return 0, []


def _plain(name: str) -> tuple[str, str]:
    """Name and unit of a column called ``name (unit)`` or ``name [unit]``."""
    parted = _WITH_UNIT.match(name)
    return (parted["name"].strip(), parted["unit"].strip()) if parted else (name, "")


def _rows_of_sheet(sheet: Sheet, problems: list[Problem]) -> Iterator[_Row]:
    head, names = _header(sheet)
    columns: dict[int, tuple[str, str]] = {}
    taken: dict[str, str] = {}
    for j, written in enumerate(names):
        if not written:
            if any(j < len(row) and not is_empty(row[j]) for row in sheet.rows[head + 1 :]):
                problems.append(Problem(sheet.place(head, j), "", "a column without a name", "", "Name or remove it."))
            continue
        name, unit = _plain(written)
        path = _resolved(name, sheet.place(head, j), problems)
        if path is None:
            continue
        if path in taken:
            problems.append(
                Problem(
                    sheet.place(head, j),
                    path,
                    f"the column {written!r} holds what {taken[path]!r} does",
                    "",
                    "Keep one.",
                )
            )
            continue
        taken[path] = written
        columns[j] = (path, unit)
    for area in sheet.merged:
        problems.append(
            Problem(
                f"sheet {sheet.name!r}, cells {area}", "", "merged cells", "one value a cell", "Unmerge and fill them."
            )
        )
    column_of = {path: j for j, (path, _) in columns.items()}
    for i in range(head + 1, len(sheet.rows)):
        row = sheet.rows[i]
        if all(is_empty(cell) for cell in row):
            continue
        first = next((j for j in range(len(row)) if not is_empty(row[j])), 0)

        def where(path: str, i: int = i, first: int = first) -> str:
            return sheet.place(i, column_of.get(path, first))

        values: dict[str, Any] = {}
        for j, (path, unit) in columns.items():
            if (i, j) in sheet.uncalculated:
                mend = "Open and save it in a spreadsheet program."
                problems.append(Problem(where(path), path, "a formula without a value", "", mend))
                continue
            cell = row[j] if j < len(row) else None
            value = _cell(cell, _Place(where, path), unit, sheet.decimal_comma, problems)
            if value is not None:
                values[path] = value
        yield _Row(values, where)


@dataclass
class _Place:
    """Where a value stands, put into words only when there is something to say of it."""

    where: Callable[[str], str]
    path: str

    def __str__(self) -> str:
        return self.where(self.path)


def _cell(cell: Any, place: _Place, unit: str, comma: bool, problems: list[Problem]) -> Any:
    """Value of a cell for a field; None where it holds nothing, or nothing that can be read."""
    path = place.path
    if is_empty(cell):
        return None
    if path.startswith("cueInfo.choices."):
        return str(cell).strip()  # "none" is a choice
    if isinstance(cell, str) and cell.strip().lower() in MISSING:
        return None
    about = _FIELDS.get(path)
    kind = "number" if path.startswith("cueInfo.raw.") else about.kind if about else "text"
    if kind == "number" and about is None and isinstance(cell, str) and cell.strip().startswith("["):
        try:
            return [float(value) for value in json.loads(cell)]
        except (ValueError, TypeError, RecursionError):
            problems.append(
                Problem(str(place), path, f"found {shown(cell)}", "a list of numbers", "Write it as [1, 2.5].")
            )
            return None
    if kind == "text":
        if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
            cell = cell.date()
        return str(cell).strip()
    if kind == "yes or no":
        word = str(cell).strip().lower()
        if word in _YES | _NO:
            return word in _YES
        problems.append(Problem(str(place), path, f"found {shown(cell)}", "yes or no", "Write one of them."))
        return None
    try:
        number = number_in(cell, comma)
    except Unreadable as error:
        problems.append(Problem(str(place), path, f"found {error.found}", _allowed(about), error.mend))
        return None
    if math.isnan(number):
        return None
    if unit:
        from soilcue.core.units import convert

        target = about.unit if about else ""
        try:
            number = float(convert(number, unit, target or "1"))
        except InputError as error:
            problems.append(Problem(str(place), path, f"the unit {unit!r}", target or "no unit", str(error)))
            return None
    return int(number) if kind == "whole number" and number.is_integer() else number


def _allowed(about: RecordField | None) -> str:
    if about is None:
        return "a number"
    return f"{about.kind} {about.unit}".strip() if about.unit not in ("", "1") else about.kind


_FIELDS = fields()


def _path_of(name: str) -> str | None:
    """Path of the field a name stands for, if there is one and only one."""
    if name in _FIELDS or name == "flags" or name.startswith(tuple(f"cueInfo.{part}." for part in OPEN)):
        return name
    if name.casefold() in SHORT:
        return SHORT[name.casefold()]
    fitting = _endings(name)
    return fitting[0] if len(fitting) == 1 else None


def _endings(name: str) -> list[str]:
    """Paths of which a name is the end, whatever its case."""
    end = name.casefold()
    return [path for path in _FIELDS if path.casefold() == end or path.casefold().endswith(f".{end}")]


def _resolved(name: str, place: str, problems: list[Problem]) -> str | None:
    """Path of the field a name stands for; a problem where there is none, or several."""
    path = _path_of(name)
    if path is None:
        several = _endings(name)
        if several:
            allowed, mend = f"one of {', '.join(several[:6])}", "Write more of the path."
        else:
            ends = {**{path.rpartition(".")[2].casefold(): path for path in _FIELDS}, **SHORT}
            near = [ends[one] for one in difflib.get_close_matches(name.casefold(), ends, n=2, cutoff=0.75)]
            near = near or [path for end, path in ends.items() if len(name) > 2 and name.casefold() in end][:2]
            allowed = "a field of a record" + (f" ({' or '.join(near)}?)" if near else "")
            mend = "`soilcue records schema` lists them; remove the column if none fits."
        problems.append(Problem(place, "", f"the name {shown(name)} is not that of one field", allowed, mend))
    return path


# ---- from rows to records


def _take(row: _Row, name: str, seen: dict[str, str], result: Checked) -> None:
    """Make a record of a row, or say why not."""
    problems = result.problems
    before = len(result.errors)
    values = dict(row.values)
    flags = str(values.pop("flags", ""))
    values.setdefault("id", name)
    identity = str(values["id"])
    if identity in seen:
        problems.append(
            Problem(
                row.place, "id", f"{identity!r} is also the name of {seen[identity]}", "", "Give each its own name."
            )
        )
    seen.setdefault(identity, row.place)
    record = _record_of(values, row, problems)
    if record is None:
        return
    if flags:
        try:
            record = record.model_copy(update={"flags": flags_of(flags)})
        except ValueError:
            problems.append(
                Problem(
                    row.where("flags"),
                    "flags",
                    "flags that cannot be read",
                    "",
                    "Empty the cell: they are found anew.",
                )
            )
    record, more = _with_method(record, row)
    problems += more
    record = checked(record)
    for flag in record.flags:
        if flag.severity != "note":
            problems.append(
                Problem(
                    row.place,
                    "",
                    flag.reason,
                    "",
                    MENDS.get(flag.code, "Check the value."),
                    error=flag.severity == "impossible",
                )
            )
    if len(result.errors) == before:
        result.records.append(record)


def _record_of(values: dict[str, Any], row: _Row, problems: list[Problem]) -> Record | None:
    """The record, without the values that cannot be, each of which is a problem; None where nothing is left."""
    try:
        return Record.model_validate(nested(values))
    except ValidationError as error:
        wrong = what_is_wrong(error)
    except (TypeError, AttributeError):
        problems.append(Problem(row.place, "", "a field and a part of it are both given", "", "Keep one of them."))
        return None
    for one in wrong:
        place = row.where(one.path)
        problems.append(Problem(place, one.path, f"found {one.found}", one.allowed, "Mend the value."))
    left = {path: value for path, value in values.items() if not any(path.startswith(one.path) for one in wrong)}
    try:
        return Record.model_validate(nested({"id": "unnamed", **left}))
    except ValidationError:
        return None


def _with_method(record: Record, row: _Row) -> tuple[Record, list[Problem]]:
    """The record with the family of its method, and what is wrong with the two."""
    info, problems = record.cueInfo, []
    place = row.where("cueInfo.method")
    if info.method is not None and info.method not in list(METHODS):
        near = difflib.get_close_matches(info.method.lower(), list(METHODS), n=3, cutoff=0.4)
        problems.append(
            Problem(
                place,
                "cueInfo.method",
                f"found {info.method!r}",
                f"a name of `soilcue methods`{' (' + ' or '.join(near) + '?)' if near else ''}",
                "Name the method so, or leave it empty and give cueInfo.methodFamily.",
            )
        )
        return record, problems
    family = FAMILY_OF_METHOD.get(info.method or "")
    if family and info.methodFamily is None:
        record = record.model_copy(update={"cueInfo": info.model_copy(update={"methodFamily": family})})
    elif family and info.methodFamily != family:
        problems.append(
            Problem(
                row.where("cueInfo.methodFamily"),
                "cueInfo.methodFamily",
                f"found {info.methodFamily!r} beside the method {info.method!r}",
                repr(family),
                "Leave the family empty: the method tells it.",
            )
        )
    if record.cueInfo.methodFamily is None:
        problems.append(
            Problem(
                row.place,
                "cueInfo.method",
                "neither a method nor its family",
                f"a method, or one of {', '.join(FAMILIES)}",
                "Name it: without it the record cannot be compared with any other.",
            )
        )
    measured = [info.cue.mean, info.growth.mean, info.respiration.mean, info.uptake.mean]
    if all(value is None for value in measured):
        problems.append(
            Problem(
                row.place,
                "cueInfo.cue.mean",
                "neither CUE nor growth, respiration or uptake",
                "one of them",
                "Fill one, or remove the record.",
            )
        )
    return record, problems


def _what_is_missing(result: Checked) -> Iterator[Problem]:
    """Details of methods that records do not tell: warnings for the file, not for each record."""
    wanted = {
        **{f"cueInfo.conversions.{name}": (name, families) for name, families in ENTERS.items()},
        "incubationInfo.incubationTime": ("", tuple(FAMILIES)),
        "incubationInfo.temperature": ("", tuple(FAMILIES)),
        "cueInfo.cue.n": ("", tuple(FAMILIES)),
    }
    for path, (constant, families) in wanted.items():
        concerned = [
            record
            for record in result.records
            if record.cueInfo.methodFamily in families
            and record.cueInfo.evidence != "modelled"
            and (not constant or enters_method(record.cueInfo.method, constant))
        ]
        without = [record for record in concerned if _at(record, path) is None]
        if without:
            yield Problem(
                Path(result.source).name,
                path,
                f"missing in {len(without)} of {len(concerned)} records that it concerns",
                _allowed(_FIELDS[path]),
                "Others need it to compare or recompute the CUE; leave it empty only where the study does not tell.",
                error=False,
            )


def _at(record: Record, path: str) -> Any:
    value: Any = record
    for name in path.split("."):
        value = getattr(value, name)
    return value
