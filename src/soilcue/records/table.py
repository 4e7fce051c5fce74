"""Records that come with soilcue: those of openly licensed tables, read by the same readers as the originals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

from soilcue.records.reader import given, records_table
from soilcue.records.schema import Flag, Record, fields, nested

if TYPE_CHECKING:
    import pandas as pd

EMBEDDED = "cue_records.csv.gz"
"""The file in `soilcue.data`, made by tools/make_records.py."""


def embedded() -> list[Record]:
    """Records of the openly licensed tables, with their flags.

    Returns
    -------
    list of Record
    """
    import pandas as pd

    with as_file(files("soilcue.data") / EMBEDDED) as path:
        frame = pd.read_csv(path, comment="#", dtype=str, keep_default_na=False, encoding="utf-8")
    return records_of(frame.to_dict("records"))


def table() -> pd.DataFrame:
    """The embedded records, a row each.

    Returns
    -------
    pandas.DataFrame
        Index ``id``; columns are dotted paths of the schema (``cueInfo.cue.mean``), those only that say something,
        and ``flags``. What is missing is None or NaN.
    """
    return records_table(embedded())


def records_of(rows: Iterable[Mapping[Any, Any]]) -> list[Record]:
    """Records from flat rows: text by dotted path, empty where missing, flags as `flat` writes them.

    Raises
    ------
    pydantic.ValidationError
        When a row is no record.
    """
    kinds = {path: field.kind for path, field in fields().items()}
    records = []
    for row in rows:
        values = {
            path: value == "True" if kinds.get(path) == "yes or no" else value
            for path, value in row.items()
            if path != "flags" and given(value) not in (None, "")
        }
        record = Record.model_validate(nested(values))
        records.append(record.model_copy(update={"flags": flags_of(str(row.get("flags") or ""))}))
    return records


def flags_of(text: str) -> tuple[Flag, ...]:
    """Flags from one text, the way back from `flat`: a line each."""
    flags = []
    for line in text.split("\n") if text else ():
        head, _, reason = line.partition(": ")
        severity, code = head.split(" ", 1)
        flags.append(Flag(severity=severity, code=code, reason=reason))
    return tuple(flags)
