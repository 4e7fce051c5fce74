"""A panel of real metabolic models, killed at many moments and started again: the table is that of a quiet run.

Writes genomes_killed.md beside this file. `soilcue genomes` is started in a process of its own and ended by the signal
KILL, which no program can catch, at moments spread over the time that a quiet run takes; then it is started again and
runs to its end. In the last rows it is killed again and again until it gets through. Tables are compared value by
value, to the last bit.
Run: SOILCUE_DATA=/path/to/data python studies/genomes_killed.py (some ten minutes).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

MODELS = (
    "Mext_core.xml.gz",
    "NmrFL413.xml.gz",
    "iCR744.xml.gz",
    "iCY1106.xml.gz",
    "iML1515.json.gz",
    "iDT1278.xml.gz",
)
"""Four small models and two large."""
MOMENTS = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98, 0.99)
"""Shares of the time of a quiet run at which it is killed."""
AGAIN = (0.3, 0.5)
"""Shares of that time after which it is killed again and again."""
MOST_KILLS = 40
TABLES = ("genomes.parquet", "genomes.csv", "genome_audit.csv")


def started(models: Path, folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "soilcue", "genomes", str(models), "--folder", str(folder)]
    options = ["--substrates", "three", "--members", "2", "--processes", "2"]
    return subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finished(models: Path, folder: Path) -> None:
    process = started(models, folder)
    _, said = process.communicate()
    if process.returncode:
        raise RuntimeError(said.decode())


def killed(models: Path, folder: Path, seconds: float) -> bool:
    """Start, and kill after some seconds; False where it was through before."""
    process = started(models, folder)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    return process.returncode == -signal.SIGKILL


def state(folder: Path) -> str:
    """What stood in the folder when it was killed."""
    parts = len(list((folder / "genomes.parts").glob("*.json")))
    there = [name for name in (*TABLES, "genomes.html") if (folder / name).is_file()]
    return f"{parts} genomes done" + (f", {', '.join(there)} written" if there else "")


def same(one: Path, other: Path) -> bool:
    """Whether the tables hold the same values, to the last bit."""
    left, right = (pd.read_parquet(folder / "genomes.parquet") for folder in (one, other))
    texts = all((one / name).read_bytes() == (other / name).read_bytes() for name in TABLES[1:])
    return left.equals(right) and texts and not (other / "genomes.parts").exists()


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        here = Path(place)
        models = here / "models"
        models.mkdir()
        for name in MODELS:
            shutil.copy(Path(os.environ["SOILCUE_DATA"]) / "gems" / name, models)
        os.environ["XDG_CACHE_HOME"] = str(here / "cache")

        def fresh(name: str) -> Path:
            shutil.rmtree(here / "cache", ignore_errors=True)  # so that reading, too, is under way at some moments
            folder = here / name
            folder.mkdir()
            return folder

        quiet = fresh("quiet")
        start = time.perf_counter()
        finished(models, quiet)
        seconds = time.perf_counter() - start
        rows = []
        for share in MOMENTS:
            folder = fresh(f"at-{share}")
            ended = killed(models, folder, share * seconds)
            seen = state(folder)
            if ended:
                finished(models, folder)
            rows.append((f"{share:.0%} of the time", int(ended), seen, same(quiet, folder)))
        for share in AGAIN:
            folder = fresh(f"every-{share}")
            kills = 0
            while kills < MOST_KILLS and killed(models, folder, share * seconds):
                kills += 1
            seen = state(folder)
            if kills == MOST_KILLS:
                finished(models, folder)
            rows.append((f"every {share:.0%} of the time", kills, seen, same(quiet, folder)))
    lines = [
        "# Killed and started again",
        "",
        f"Made by genomes_killed.py: {', '.join(MODELS)} on three substrates, two kinds of maintenance and ensembles "
        f"of 2, two processes, empty cache; a quiet run took {seconds:.0f} s here.",
        "",
        "| killed at | times | what stood there then | same tables, to the last bit |",
        "|---|---|---|---|",
        *(f"| {moment} | {kills} | {seen} | {'yes' if alike else 'NO'} |" for moment, kills, seen, alike in rows),
    ]
    text = "\n".join(lines) + "\n"
    Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
