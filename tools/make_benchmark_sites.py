"""Make the embedded table of the 14 LTER sites on which MIMICS was first tested.

Run from the project's root::

    SOILCUE_DATA=/path/to/data python tools/make_benchmark_sites.py [--output FILE]

Numbers and their units stay as published; `soilcue.drivers("lter")` turns them into drivers.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd
from catalogue import PACKAGE_DATA, original

# published column: (our column, unit, what it is)
COLUMNS = {
    "Site": ("site", "", "code of the Long-Term Ecological Research site"),
    "MAT": ("temperature", "degC", "mean annual temperature"),
    "MAP": ("precipitation", "mm yr-1", "mean annual precipitation"),
    "ANPP": ("above_ground_production", "g m-2 yr-1", "above-ground net primary production, dry mass"),
    "SAND2": ("sand", "%", "sand, second edition: the column MIMICS uses"),
    "CLAY2": ("clay", "%", "clay, second edition: the column MIMICS uses"),
    "LIG": ("litter_lignin", "%", "lignin in litter, of dry mass"),
    "N": ("litter_nitrogen", "%", "nitrogen in litter, of dry mass"),
    "CN": ("litter_carbon_to_nitrogen", "1", "carbon to nitrogen of litter, 50 over litter_nitrogen"),
    "SOC": ("soil_organic_carbon", "unit not stated", "soil organic carbon; not used, as the source gives no unit"),
}


def make_benchmark_sites() -> pd.DataFrame:
    """The table under our column names, one row a site."""
    table = pd.read_csv(original("msbio_lidet", "LIDET_LTER_SITE_1.csv"))
    return table[list(COLUMNS)].rename(columns={theirs: ours for theirs, (ours, _, _) in COLUMNS.items()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=PACKAGE_DATA / "benchmark_sites.csv")
    output = parser.parse_args().output
    lines = [
        "LTER sites on which MIMICS was first tested against the LIDET litter decay experiment",
        "Source: Wieder et al. 2015, Geoscientific Model Development 8, 1789-1808, doi:10.5194/gmd-8-1789-2015; "
        "wwieder/MIMICS, commit 2b71740, LTER_SITE_1.csv. Licence: MIT (c) 2015 Will Wieder",
        "Made by tools/make_benchmark_sites.py; numbers as published",
        *(
            f"{ours} [{unit}]: {what} (published as {theirs})" if unit else f"{ours}: {what} (published as {theirs})"
            for theirs, (ours, unit, what) in COLUMNS.items()
        ),
    ]
    table = make_benchmark_sites()
    text = "".join(f"# {line}\n" for line in lines) + table.to_csv(index=False, lineterminator="\n")
    output.write_text(text, encoding="utf-8")
    print(f"{output}: {len(table)} sites")


if __name__ == "__main__":
    main()
