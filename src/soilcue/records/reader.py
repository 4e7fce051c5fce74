"""What reads a published table of CUE into records: where its files are, its licence, and what is known to be wrong."""

from __future__ import annotations

import abc
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from soilcue.core.errors import InputError
from soilcue.data.catalogue import VARIABLE, DataSet, data_set
from soilcue.records.checks import checked, with_repeats
from soilcue.records.schema import Record, flat

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class LeftOut:
    """Rows of a table that make no record, and why."""

    place: str
    reason: str


@dataclass
class Reading:
    """What a reader made of its files: records, and what made none."""

    dataset: str
    records: list[Record]
    left_out: list[LeftOut] = field(default_factory=list)

    def table(self) -> pd.DataFrame:
        """The records, a row each, columns by dotted path; only columns that say something."""
        return records_table(self.records)

    def flags(self) -> pd.DataFrame:
        """Every flag of every record: ``id``, ``severity``, ``code``, ``reason``."""
        return flag_table(self.records)


def records_table(records: list[Record]) -> pd.DataFrame:
    """Records, a row each, columns by dotted path; only columns that say something.

    Returns
    -------
    pandas.DataFrame
        Index ``id``; what is missing is None or NaN.
    """
    import pandas as pd

    from soilcue.records.schema import fields

    rows = [flat(record) for record in records]
    present = dict.fromkeys(name for row in rows for name in row) | {"id": None}
    known = [name for name in fields() if name in present]
    of_methods = [name for name in present if name not in fields() and name != "flags"]
    flags = ["flags"] if "flags" in present else []
    return pd.DataFrame(rows, columns=[*known, *of_methods, *flags]).set_index("id")


def flag_table(records: list[Record]) -> pd.DataFrame:
    """Every flag of every record: ``id``, ``dataset``, ``severity``, ``code``, ``reason``."""
    import pandas as pd

    rows = [
        (record.id, record.dataset, flag.severity, flag.code, flag.reason)
        for record in records
        for flag in record.flags
    ]
    return pd.DataFrame(rows, columns=["id", "dataset", "severity", "code", "reason"])


def data_folder(folder: str | os.PathLike[str] | None = None) -> Path:
    """The folder of public data sets: the one given, else the one that SOILCUE_DATA names.

    Raises
    ------
    InputError
        When none is named, or it is no folder.
    """
    value = os.fspath(folder) if folder is not None else os.environ.get(VARIABLE, "")
    if not value:
        raise InputError(
            f"no folder of public data sets is named: give one, or set {VARIABLE} to it. Records that are embedded in "
            "soilcue need none."
        )
    path = Path(value)
    if not path.is_dir():
        raise InputError(f"{path}: there is no such folder of public data sets. Give another, or mend {VARIABLE}.")
    return path


class Reader(abc.ABC):
    """A reader of one published table. The class attributes describe the table, `rows` reads it."""

    name: ClassVar[str]
    folder: ClassVar[str]
    """The set in the catalogue, and its folder below the folder of public data sets."""
    files: ClassVar[tuple[str, ...]]
    """Files it needs, in that folder."""
    traps: ClassVar[tuple[str, ...]]
    """What one has to know before using its records, beside what the catalogue says."""
    repeat_fields: ClassVar[tuple[str, ...]] = ()
    """In what two records must agree to be called repeats; in everything where empty."""

    @property
    def about(self) -> DataSet:
        """Where the set comes from, its licence, what to cite: its entry in the catalogue."""
        return data_set(self.folder)

    def present(self, folder: str | os.PathLike[str] | None = None) -> bool:
        """Whether its files are there."""
        try:
            root = data_folder(folder)
        except InputError:
            return False
        return all((root / self.folder / name).is_file() for name in self.files)

    @abc.abstractmethod
    def rows(self, folder: Path) -> Iterator[Record | LeftOut]:
        """Records, and what makes none, in the order of the table.

        Parameters
        ----------
        folder : Path
            Where its files are.
        """

    def read(self, folder: str | os.PathLike[str] | None = None) -> Reading:
        """All records of the table, each checked and flagged; nothing is dropped.

        Parameters
        ----------
        folder : path, optional
            Folder of public data sets; SOILCUE_DATA where not given.

        Returns
        -------
        Reading

        Raises
        ------
        InputError
            When a file is not there or cannot be read.
        """
        place = data_folder(folder) / self.folder
        for name in self.files:
            if not (place / name).is_file():
                raise InputError(
                    f"{place / name}: there is no such file. `soilcue data how {self.folder}` says how to get the set "
                    f"{self.name!r}; its files belong into {place}."
                )
        try:
            found = list(self.rows(place))
        except InputError:
            raise
        except Exception as error:  # a changed or damaged file can fail in as many ways as there are formats
            told = " ".join(f"{type(error).__name__}: {error}".split())
            raise InputError(
                f"{place}: it cannot be read as the set {self.name!r} ({told[:200]}). `soilcue data check --set "
                f"{self.folder}` tells whether its files are those of the catalogue."
            ) from error
        records = [checked(one) for one in found if isinstance(one, Record)]
        left = [one for one in found if isinstance(one, LeftOut)]
        return Reading(self.name, with_repeats(records, self.repeat_fields), left)


def csv_rows(path: Path, **options: Any) -> list[dict[str, Any]]:
    """Rows of a CSV file by column name; empty cells and those that say NA are None, numbers are numbers."""
    import pandas as pd

    table = pd.read_csv(path, encoding="utf-8-sig", **options)
    return [{str(name).strip(): given(value) for name, value in row.items()} for row in table.to_dict("records")]


def given(value: Any) -> Any:
    """A cell's value, or None where there is none."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value.item() if hasattr(value, "item") else value
