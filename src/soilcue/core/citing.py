"""What to cite travels with every file soilcue writes, and is read back from it.

Each kind of file has one place for it, which programs other than soilcue read too:

| file | place of the references, a line of text each |
|---|---|
| NetCDF, Zarr | the attribute ``references`` of the file |
| Parquet | the entry ``references`` of the file's metadata |
| CSV, TSV | a file beside it, ``NAME.csv-metadata.json``, in the form of the W3C for CSV on the web |
| HTML | a block of JSON-LD in the page: ``citation`` of schema.org |
| JSON | the entry ``references`` of the outermost object |

A table of text has no place of its own for it that Excel and R would not take for data, hence the file beside it, which
also says the units of the columns.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import soilcue
from soilcue.core.errors import InputError
from soilcue.core.files import read_netcdf, whole_file

if TYPE_CHECKING:
    import pandas as pd

_JSON_LD = re.compile(r'<script type="application/ld\+json">(.*?)</script>', re.DOTALL)


def write_table(
    table: pd.DataFrame,
    path: str | os.PathLike[str],
    references: Sequence[str],
    *,
    title: str = "",
    units: Mapping[str, str] | None = None,
) -> Path:
    """Write a table as CSV, with what to cite and the units of its columns in a file beside it; or as Parquet.

    Parameters
    ----------
    table : pd.DataFrame
        The index is written where it has a name.
    path : path
        Ends in ``.csv``, ``.tsv`` or ``.parquet``.
    references : sequence of str
        What to cite, as `soilcue.core.references.bibliography` gives it.
    title : str
        What the table holds.
    units : mapping, optional
        Unit of each column that has one.

    Returns
    -------
    pathlib.Path
        The table written; of the two files neither or both appear.

    Raises
    ------
    InputError
        When the place cannot be written, or the name ends otherwise.
    """
    path, units = Path(path), dict(units or {})
    named = any(name is not None for name in table.index.names)
    plain = table.reset_index() if named else table
    if path.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        told = {"references": "\n".join(references), "title": title, "units": json.dumps(units)}
        columns = pa.Table.from_pandas(plain, preserve_index=False)
        with whole_file(path) as beside:
            pq.write_table(columns.replace_schema_metadata({**(columns.schema.metadata or {}), **told}), beside)
        return path
    if path.suffix not in (".csv", ".tsv"):
        raise InputError(f"cannot write {path}: the name of a table ends in .csv, .tsv or .parquet.")
    columns_told = [
        {"titles": str(name)} | ({"schema:unitText": units[str(name)]} if str(name) in units else {}) for name in plain
    ]
    described = {
        "@context": ["http://www.w3.org/ns/csvw", {"schema": "http://schema.org/", "dc": "http://purl.org/dc/terms/"}],
        "url": path.name,
        "dc:title": title,
        "dc:creator": f"soilcue {soilcue.__version__}",
        "dc:bibliographicCitation": list(references),
        "tableSchema": {"columns": columns_told},
    } | ({"dialect": {"delimiter": "\t"}} if path.suffix == ".tsv" else {})
    with whole_file(path) as beside, whole_file(metadata_of(path)) as metadata:
        plain.to_csv(beside, index=False, sep="\t" if path.suffix == ".tsv" else ",")
        metadata.write_text(json.dumps(described, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def metadata_of(path: str | os.PathLike[str]) -> Path:
    """Where the W3C form of CSV on the web looks for what is said of a table of text."""
    return Path(path).with_name(Path(path).name + "-metadata.json")


def json_ld(title: str, references: Sequence[str]) -> str:
    """What a page says of itself to programs: JSON-LD in the words of schema.org, fit for a script element."""
    described = {
        "@context": "https://schema.org",
        "@type": "Report",
        "name": title,
        "creator": {"@type": "SoftwareApplication", "name": "soilcue", "softwareVersion": soilcue.__version__},
        "citation": list(references),
    }
    # "</script>" inside a text would end the element
    return json.dumps(described, ensure_ascii=False).replace("</", "<\\/")


def references_of(path: str | os.PathLike[str]) -> list[str]:
    """What a file that soilcue wrote says is to be cited.

    Parameters
    ----------
    path : path
        NetCDF, Zarr, Parquet, CSV, TSV, HTML or JSON.

    Returns
    -------
    list of str
        One text a reference.

    Raises
    ------
    InputError
        When there is no such file, it cannot be read, is of another kind, or says nothing of what to cite.
    """
    source = Path(path)
    if not source.exists():
        raise InputError(f"{source}: there is no such file.")
    read = _READERS.get(source.suffix.lower())
    if read is None:
        raise InputError(f"{source}: soilcue cites files of the kinds {', '.join(_READERS)}.")
    try:
        found = read(source)
    except InputError:
        raise
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise InputError(
            f"{source}: cannot be read ({str(error).splitlines()[0] if str(error) else error!r})."
        ) from error
    if not found:
        raise InputError(f"{source}: does not say what to cite; it was not written by soilcue, or changed since.")
    return found


def _of_netcdf(path: Path) -> list[str]:
    return str(read_netcdf(path).attrs.get("references", "")).splitlines()


def _of_zarr(path: Path) -> list[str]:
    import zarr

    return str(zarr.open_group(path, mode="r").attrs.get("references", "")).splitlines()


def _of_parquet(path: Path) -> list[str]:
    import pyarrow.parquet as pq

    return (pq.read_schema(path).metadata or {}).get(b"references", b"").decode().splitlines()


def _of_csv(path: Path) -> list[str]:
    beside = metadata_of(path)
    if not beside.is_file():
        raise InputError(f"{path}: what to cite stands in {beside.name}, which is not beside it any more.")
    return [str(line) for line in _object(beside.read_text(encoding="utf-8")).get("dc:bibliographicCitation", [])]


def _of_html(path: Path) -> list[str]:
    block = _JSON_LD.search(path.read_text(encoding="utf-8", errors="replace"))
    return [str(line) for line in _object(block[1]).get("citation", [])] if block else []


def _of_json(path: Path) -> list[str]:
    return [str(line) for line in _object(path.read_text(encoding="utf-8")).get("references", [])]


def _object(text: str) -> dict[str, Any]:
    read = json.loads(text)
    return read if isinstance(read, dict) else {}


_READERS: dict[str, Callable[[Path], list[str]]] = {
    ".nc": _of_netcdf,
    ".zarr": _of_zarr,
    ".parquet": _of_parquet,
    ".csv": _of_csv,
    ".tsv": _of_csv,
    ".html": _of_html,
    ".json": _of_json,
}
CITED_KINDS = tuple(_READERS)
"""Ends of names of the files whose references can be read back."""
