"""Records that come with soilcue: those of openly licensed tables, read by the same readers as the originals."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

from soilcue.data.catalogue import VARIABLE
from soilcue.records.checks import with_shared_studies
from soilcue.records.reader import Reading, data_folder, given, records_table
from soilcue.records.readers import READERS
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


def at_hand(folder: str | os.PathLike[str] | None = None) -> list[Reading]:
    """Everything that can be read here: sets in the folder of public data sets, and the embedded ones.

    Parameters
    ----------
    folder : path, optional
        Folder of public data sets; the one SOILCUE_DATA names where not given. Without one, the embedded records.

    Returns
    -------
    list of Reading
        One a set, by name; studies that stand in two sets are flagged in both.

    Raises
    ------
    InputError
        When a folder is named and is not there, or a set in it lacks a file or cannot be read.
    """
    root = data_folder(folder) if folder is not None or os.environ.get(VARIABLE) else None
    ours: dict[str, list[Record]] = {}
    for record in embedded():
        ours.setdefault(record.dataset or "", []).append(record)
    readings = []
    for name in READERS:
        # a set of which a file is missing is not passed over: reading it says which
        if root is not None and (root / READERS[name].folder).is_dir():
            readings.append(READERS[name].read(folder))
        elif name in ours:
            readings.append(Reading(name, ours[name]))
    return with_shared(readings)


def with_shared(readings: list[Reading]) -> list[Reading]:
    """Readings in which the records of studies that stand in several of them are flagged."""
    tables = with_shared_studies([reading.records for reading in readings])
    return [
        Reading(reading.dataset, records, reading.left_out) for reading, records in zip(readings, tables, strict=True)
    ]
