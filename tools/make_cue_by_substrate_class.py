"""Make the embedded table of CUE by class of substrate, from openly licensed metabolic models alone.

Run from the project's root::

    SOILCUE_DATA=/path/to/data python tools/make_cue_by_substrate_class.py [--output FILE]

Each model is audited and run on every substrate of the soil panel (`soilcue.genomes.panel`). What passes every check is
averaged over the substrates of a class for each genome, then over genomes, on log odds: ln(CUE / (1 - CUE)). The models
are those of MODELS; which of them passed, and on how many substrates, is written into the table.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import pandas as pd
from catalogue import PACKAGE_DATA, original

from soilcue.genomes.globe import class_means
from soilcue.genomes.panel import examine_panel

MODELS = (
    "carveme_bsub.xml.gz",  # carveme 1.6.6, Apache-2.0
    "carveme_ecol.xml.gz",
    "carveme_paer.xml.gz",
    "carveme_rsol.xml.gz",
    "carveme_sone.xml.gz",
    "iDT1278.xml.gz",  # BioModels MODEL2204190001, CC0
    "iRP1476.xml.gz",  # BioModels MODEL1612020000, CC0
)
UPTAKE = {"none": 60.0, "normalised": 6.0}
"""mmol C gDW-1 h-1; without maintenance CUE does not depend on it."""


def make_table() -> tuple[pd.DataFrame, list[str]]:
    """The table, and what was done, a line each."""
    parts, said = [], []
    files = [original("gems", file) for file in MODELS]
    for maintenance, uptake in UPTAKE.items():
        panel = examine_panel(files, "soil-panel", maintenance=[maintenance], uptake=uptake)
        passed = panel.yields[panel.yields["trusted"]].groupby("genome").size()
        said.append(
            f"maintenance {maintenance} at {uptake:g} mmol C gDW-1 h-1: "
            + ", ".join(f"{name} ({count} substrates)" for name, count in passed.items())
        )
        means = class_means(panel, maintenance)
        means.insert(1, "maintenance", maintenance)
        parts.append(means)
    table = pd.concat(parts, ignore_index=True)
    lonely = table["spread_log_odds"].isna()
    table.loc[lonely, "spread_log_odds"] = table.groupby("maintenance")["spread_log_odds"].transform("median")[lonely]
    said.append("where one genome alone passed, the spread is the median of the other classes")
    return table, said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=PACKAGE_DATA / "cue_by_substrate_class.csv")
    table, said = make_table()
    buffer = io.StringIO()
    buffer.write(
        "# CUE of genomes by class of substrate, log odds: made by tools/make_cue_by_substrate_class.py from\n"
    )
    for line in said:
        buffer.write(f"# {line}\n")
    table.to_csv(buffer, index=False, float_format="%.4f", lineterminator="\n")
    output = parser.parse_args().output
    output.write_text(buffer.getvalue(), encoding="utf-8")
    print(f"{output}: {len(table)} rows")


if __name__ == "__main__":
    main()
