"""Make the embedded table of CUE records from the openly licensed sets.

Run from the project's root::

    SOILCUE_DATA=/path/to/data python tools/make_records.py [--output FILE]

Every record of the sets that the catalogue names for the file, as their readers make it, flags included.
"""

from __future__ import annotations

import argparse
import gzip
import io
import os
from pathlib import Path

import pandas as pd
from catalogue import PACKAGE_DATA

from soilcue.core.references import reference
from soilcue.records import READERS, SCHEMA_VERSION, records_table

FILE = "cue_records.csv.gz"


def make_records() -> tuple[pd.DataFrame, list[str]]:
    """The table, and the lines that stand before it."""
    if not os.environ.get("SOILCUE_DATA"):
        raise SystemExit("SOILCUE_DATA is not set: name the folder that holds the public data sets.")
    records, lines = [], []
    for name in READERS:
        reader = READERS[name]
        if FILE not in reader.about.embedded:  # the catalogue lets only openly licensed sets be named there
            continue
        found = reader.read().records
        records += found
        lines.append(
            f"{name}: {len(found)} records; {', '.join(reader.about.sources)}; licence {reader.about.licence}; "
            + " ".join(reference(key).text() for key in reader.about.cite)
        )
    return records_table(records), lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=PACKAGE_DATA / FILE)
    output = parser.parse_args().output
    table, lines = make_records()
    head = [
        f"Records of microbial carbon use efficiency, schema version {SCHEMA_VERSION} (soilcue.records.fields())",
        "Made by tools/make_records.py; columns by dotted path, empty where the source does not tell; flags by line",
        *lines,
    ]
    text = io.StringIO()
    text.write("".join(f"# {line}\n" for line in head))
    table.to_csv(text, lineterminator="\n")
    # No time and no file name inside, so that the same originals give the same bytes.
    with output.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
        packed.write(text.getvalue().encode("utf-8"))
    print(f"{output}: {len(table)} records, {output.stat().st_size / 1000:.0f} kB")
    print("\n".join(f"  {line}" for line in lines))


if __name__ == "__main__":
    main()
