"""31 metabolic models on the soil panel: the whole table, how long it took, and what hangs on the limits of the audit.

Writes genome_panel.csv (a row for each genome and substrate) and genome_panel.md beside this file. The models are read
from the folder ``gems`` of SOILCUE_DATA; most may not be passed on, so that they are no part of soilcue: what is stored
here are numbers computed with them. Members of ensembles are drawn with seed 0. Every run starts with an empty cache.
Run: SOILCUE_DATA=/path/to/data python studies/genome_panel.py (three minutes on two processors).
"""

from __future__ import annotations

import os
import platform
import resource
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from soilcue.genomes.comparison import compared, told_of_files
from soilcue.genomes.efficiency import GROWS, NO_EXCHANGE
from soilcue.genomes.panel import Panel, examine_panel
from soilcue.genomes.sensitivity import WORDS, sensitivity
from soilcue.report.genomes_page import summary

MAINTENANCE = ("none", "shipped", "normalised")
MEMBERS = 10
PROCESSES = 2
OPEN = ("Apache", "BioModels files are CC0")
"""How the licences of models begin that may be passed on without asking."""


def main() -> None:
    gems = Path(os.environ["SOILCUE_DATA"]) / "gems"
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as empty:
        os.environ["XDG_CACHE_HOME"] = empty
        panel, cold = _timed(gems, maintenance=MAINTENANCE)
        spreads, warm = _timed(gems, maintenance=MAINTENANCE[:1], members=MEMBERS)
    manifest = pd.read_csv(gems / "MANIFEST.csv").set_index("file")
    place = Path(__file__)
    table = _table(panel, spreads, manifest)
    table.to_csv(place.with_suffix(".csv"), index=False, float_format="%.4f", lineterminator="\n")
    text = "\n".join(_page(panel, spreads, told_of_files(gems, "organism"), cold, warm, load)) + "\n"
    place.with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)


def _timed(gems: Path, **options) -> tuple[Panel, str]:
    """A panel, and how long it took."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    panel = examine_panel(gems, processes=PROCESSES, **options)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return panel, f"{time.perf_counter() - start:.0f} s on the clock, {used:.0f} s of processors"


def _table(panel: Panel, spreads: Panel, manifest: pd.DataFrame) -> pd.DataFrame:
    """A row for each genome and substrate that it can take up, with CUE for each kind of maintenance."""
    first, *others = (panel.yields[panel.yields["maintenance"] == word] for word in MAINTENANCE)
    keys = ["genome", "file", "substrate"]
    columns = ["status", "cue_biomass", "cue_co2", "growth_yield", "electron_bound", "trusted", "doubts"]
    table = first[[*keys, *columns, "reason"]]
    for word, rows in zip(MAINTENANCE[1:], others, strict=True):
        renamed = rows[[*keys, "cue_biomass"]].rename(columns={"cue_biomass": f"cue_biomass_{word}"})
        table = table.merge(renamed, on=keys)
    table = table.merge(spreads.yields[[*keys, "cue_sd", "cue_sd_over"]], on=keys)
    table = table[table["status"] != NO_EXCHANGE]
    openly = table["file"].map(manifest["licence"]).str.startswith(OPEN)
    table.insert(2, "open_licence", openly)
    table.insert(1, "organism", table["file"].map(manifest["organism"]))
    return table.drop(columns="file")


def _page(panel: Panel, spreads: Panel, organisms: dict[str, str], cold: str, warm: str, load: float) -> list[str]:
    uncertain = [sentence for sentence in summary(spreads) if sentence.startswith("Each CUE is uncertain")]
    lines = [
        "# Metabolic models on the soil panel",
        "",
        f"Made by genome_panel.py on {date.today().isoformat()}, {PROCESSES} processes, load of the machine {load:.1f} "
        f"of {os.cpu_count()} processors at the start, Python {platform.python_version()}.",
        "",
        f"- {len(panel.genomes)} files x {len(panel.settings.substrates)} substrates x {len(MAINTENANCE)} kinds of "
        f"maintenance, every file read anew from SBML or JSON: {cold}",
        f"- one kind of maintenance, from the cache, with an ensemble of {MEMBERS} members for each number: {warm}",
        "",
        "## What it says",
        "",
        *(f"- {sentence}" for sentence in [*summary(panel), *uncertain]),
        "",
        "## CUE of biomass without maintenance",
        "",
        "Bold: passes every check; in brackets: grows, but doubted; `-`: does not grow; empty: cannot be taken up. The "
        "reasons, the other kinds of maintenance and the spreads are in genome_panel.csv.",
        "",
    ]
    yields = panel.yields[panel.yields["maintenance"] == MAINTENANCE[0]]
    names = list(panel.settings.substrates)
    lines += ["| genome | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for genome, rows in yields.groupby("genome", sort=False):
        at = rows.set_index("substrate")
        cells = []
        for name in names:
            row = at.loc[name]
            number = f"{row['cue_biomass']:.2f}"
            grown = f"**{number}**" if row["trusted"] else f"({number})"
            cells.append(grown if row["status"] == GROWS else "" if row["status"] == NO_EXCHANGE else "-")
        lines.append(f"| {genome} | " + " | ".join(cells) + " |")
    failed = panel.genomes[panel.genomes["failure"] != ""]
    lines += ["", *(f"- {row['genome']}: {_without_folder(row['failure'])}" for _, row in failed.iterrows()), ""]
    lines += _limits(panel)
    trusted = yields[yields["trusted"]]
    words = compared(trusted, organisms).words
    lines += ["## Beside published numbers", "", *(f"- {sentence}" for sentence in words)]
    return lines


def _without_folder(text: str) -> str:
    return text.replace(os.environ["SOILCUE_DATA"], "SOILCUE_DATA")


def _limits(panel: Panel) -> list[str]:
    lines = [
        "## What hangs on the limits of doubt",
        "",
        "The limits of the audit were set by hand after these models had been seen. Each is moved alone to a stricter "
        "and a looser value, then all at once. The last column names the genomes whose verdict changes, with the "
        "number of substrates.",
        "",
        "| limit | moved to | pairs that pass | gained | lost | mean CUE | sd | electrons kept | changed |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for _, row in sensitivity(panel).iterrows():
        moved = f"{row['value']:g} ({row['side']})" if np.isfinite(row["value"]) else row["side"]
        numbers = f"{row['trusted']} | {row['gained']} | {row['lost']} | {row['mean_cue']:.3f} | {row['sd_cue']:.3f}"
        lines.append(
            f"| {WORDS.get(row['limit'], row['limit'])} | {moved} | {numbers} | {row['electrons_kept']:.3f} | "
            f"{row['changed']} |"
        )
    return [*lines, ""]


if __name__ == "__main__":
    main()
