"""The catalogue of public data sets: what each holds, where it is, its licence and checksums, how to get and cite it.

Nothing here fetches anything. The sets are read from a folder the user names, by the environment variable
``SOILCUE_DATA``, with a folder in it for each set.
"""

from __future__ import annotations

import csv
import os
import shlex
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from soilcue.core.errors import InputError, unknown_name
from soilcue.core.provenance import file_checksum

if TYPE_CHECKING:
    import pandas as pd

VARIABLE = "SOILCUE_DATA"
"""The environment variable that names the folder of the sets."""


@dataclass(frozen=True)
class SetFile:
    """One file of a set, as it lies in the set's folder."""

    name: str
    bytes: int
    sha256: str
    origin: str
    """Where the file is published, ``owner/name:path``; empty for one that was made from an original."""
    difference: str
    """In what it differs from its origin: nothing, packed with ``gzip``, or ``line ends``."""


@dataclass(frozen=True)
class DataSet:
    """One public data set; `soilcue/data/catalogue.toml` says what the fields mean."""

    name: str
    title: str
    group: str
    rows: str
    sources: tuple[str, ...]
    licence: str
    embeddable: bool
    cite: tuple[str, ...]
    traps: str
    files: tuple[SetFile, ...]
    also: str = ""
    made: str = ""
    embedded: tuple[str, ...] = ()
    reader: str = ""

    @property
    def repositories(self) -> list[tuple[str, str, str]]:
        """Name, address and commit of each repository."""
        parted = [source.split("@") for source in self.sources]
        return [(name, f"https://github.com/{name}", commit) for name, commit in parted]

    @property
    def bytes(self) -> int:
        """Size of all files."""
        return sum(file.bytes for file in self.files)


@dataclass(frozen=True)
class Checked:
    """What was found of one set in a folder."""

    name: str
    state: str
    """``whole``, ``incomplete``, ``changed`` (a file has another checksum) or ``absent``."""
    missing: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    """Files that the catalogue does not know."""


@cache
def catalogue() -> dict[str, DataSet]:
    """Every set by name, in the order of the catalogue."""
    folder = files("soilcue.data")
    entries = tomllib.loads((folder / "catalogue.toml").read_text(encoding="utf-8"))
    known: dict[str, list[SetFile]] = {name: [] for name in entries}
    lines = (folder / "catalogue_files.csv").read_text(encoding="utf-8").splitlines()
    for row in csv.DictReader(lines):
        known[row["set"]].append(
            SetFile(row["file"], int(row["bytes"]), row["sha256"], row["origin"], row["difference"])
        )
    sets = {}
    for name, entry in entries.items():
        plain: dict[str, Any] = {k: tuple(value) if isinstance(value, list) else value for k, value in entry.items()}
        sets[name] = DataSet(name=name, sources=plain.pop("from"), files=tuple(known[name]), **plain)
    return sets


def data_set(name: str) -> DataSet:
    """The set of that name; an unknown one raises `InputError` with the nearest names."""
    if name not in catalogue():
        raise unknown_name("data set", name, catalogue())
    return catalogue()[name]


def list_datasets() -> pd.DataFrame:
    """The public data sets that soilcue knows of.

    Returns
    -------
    pd.DataFrame
        One row a set, by name: title, group, rows, number and size of files, licence, whether a package may carry it,
        addresses with commits, what to cite, what to beware of, and what of soilcue reads it.
    """
    import pandas as pd

    rows = []
    for one in catalogue().values():
        rows.append(
            {
                "data_set": one.name,
                "title": one.title,
                "group": one.group,
                "rows": one.rows,
                "files": len(one.files),
                "megabytes": round(one.bytes / 1e6, 2),
                "licence": one.licence,
                "embeddable": one.embeddable,
                "embedded": ", ".join(one.embedded),
                "addresses": ", ".join(f"{address} @ {commit[:7]}" for _, address, commit in one.repositories),
                "references": ", ".join(one.cite),
                "traps": one.traps,
                "reader": one.reader,
            }
        )
    return pd.DataFrame(rows).set_index("data_set")


def check_folder(folder: str | os.PathLike[str], names: list[str] | None = None) -> list[Checked]:
    """Compare a folder of data sets with the catalogue, by the checksum of every file.

    Parameters
    ----------
    folder : path
        Holds a folder for each set, under the set's name.
    names : list of str, optional
        The sets to look at; all by default.

    Returns
    -------
    list of Checked
        One entry a set.

    Raises
    ------
    InputError
        When there is no such folder, or no set of a name.
    """
    root = Path(folder)
    if not root.is_dir():
        raise InputError(f"{root}: there is no such folder. Name the one that holds a folder for each data set.")
    return [_checked(root / one.name, one) for one in [data_set(name) for name in names or catalogue()]]


def _checked(place: Path, one: DataSet) -> Checked:
    """What of one set is in its folder."""
    if not place.is_dir():
        return Checked(one.name, "absent", tuple(file.name for file in one.files))
    missing, changed = [], []
    for file in one.files:
        path = place / file.name
        if not path.is_file():
            missing.append(file.name)
        elif path.stat().st_size != file.bytes or file_checksum(path) != file.sha256:
            changed.append(file.name)
    known = {file.name for file in one.files}
    extra = [path.relative_to(place).as_posix() for path in sorted(place.rglob("*")) if path.is_file()]
    extra = [name for name in extra if name not in known]
    state = "changed" if changed else "incomplete" if missing else "whole"
    return Checked(one.name, state, tuple(missing), tuple(changed), tuple(extra))


def how_to_get(name: str) -> list[str]:
    """How a person gets a set: sentences, and commands to be typed in a shell. soilcue itself never fetches anything.

    Parameters
    ----------
    name : str
        Name of a set.

    Returns
    -------
    list of str
        Lines; those that begin with four spaces are commands.

    Raises
    ------
    InputError
        For an unknown name.
    """
    one = data_set(name)
    lines = [f"{one.name}: {one.title}.", f"Licence: {one.licence}."]
    if not one.sources:
        return [*lines, f"There is no address to get it from: {one.made}."]
    target = f'"${VARIABLE}/{one.name}"'
    lines += [f"Set {VARIABLE} to the folder that is to hold your data sets, then:", f"    mkdir -p {target}"]
    for repository, address, commit in one.repositories:
        clone = repository.split("/")[1]
        lines += [f"    git clone {address}", f"    git -C {clone} checkout --quiet {commit}"]
        lines += [f"    {command}" for command in _copies(one, repository, clone, target)]
    if one.also:
        lines.append(f"The data are also published under {one.also}.")
    made = [file.name for file in one.files if not file.origin]
    if made:
        shown = ", ".join(made[:6]) + (f" and {len(made) - 6} more" if len(made) > 6 else "")
        lines.append(f"No plain copies: {shown}." + (f" How they were made: {one.made}." if one.made else ""))
    if any(file.difference == "gzip" for file in one.files):
        lines.append("A file packed with another version of gzip has another checksum, and may be as good.")
    return [*lines, f"Then: soilcue data check FOLDER --set {one.name}", f"Beware: {one.traps}"]


def _copies(one: DataSet, repository: str, clone: str, target: str) -> list[str]:
    """Commands that copy the files of one repository to their places, folder by folder."""
    commands: list[str] = []
    together: dict[tuple[str, str], list[str]] = {}
    folders = []
    for file in one.files:
        source, _, path = file.origin.partition(":")
        if source != repository:
            continue
        inside, _, name = file.name.rpartition("/")
        place = f"{target}/{shlex.quote(inside)}" if inside else target
        if inside:
            folders.append(place)
        here, there = shlex.quote(f"{clone}/{path}"), f"{place}/{shlex.quote(name)}"
        if file.difference == "gzip":
            commands.append(f"gzip -n < {here} > {there}")
        elif file.difference == "line ends":
            commands.append(f"tr '\\r' '\\n' < {here} > {there}")
        elif path.rpartition("/")[2] == name:
            together.setdefault((path.rpartition("/")[0], place), []).append(here)
        else:
            commands.append(f"cp {here} {there}")
    for (_, place), sources in together.items():
        commands += [f"cp {' '.join(sources[i : i + 5])} {place}" for i in range(0, len(sources), 5)]
    return [*([f"mkdir -p {' '.join(dict.fromkeys(folders))}"] if folders else []), *commands]
