"""A job of a million cells, killed at random moments and started again: it ends with the values of a quiet run.

Writes killed_runs.md beside this file. A study of MIMICS in random plausible cells (plausible_range.py) is run in a
process of its own that tells of its progress, is ended by the signal KILL, which no program can catch, at random
moments of a stored seed (every fourth time while it starts, else at work), and is started again each time. What was
stored before and after, and which cells had been worked on without being stored, is counted at every kill. The last
start is `soilcue run` itself. Results are compared value by value, to the last bit.
Run: python studies/killed_runs.py (some ten minutes).
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr
from plausible_range import RANGES, random_cells

from soilcue.core.files import read_netcdf, write_netcdf

CELLS, BLOCK, KILLS, SEED = 1_000_000, 10_000, 20, 20
STUDY = f"""\
title: A million random cells
seed: {SEED}
block: {BLOCK}
drivers: {{netcdf: cells.nc}}
models: [mimics]
experiments:
  - {{name: rest, kind: steady}}
outputs: {{page: false}}
"""


class Kill(NamedTuple):
    """What was found at one kill."""

    after: float
    """Seconds since the start."""
    doing: str
    before: int
    """Blocks in the store at the start."""
    stored: int
    """Blocks in the store after the kill."""
    touched: int
    """Blocks of before that were written again: none should be."""
    lost: int
    """Cells that had been worked on and are not in the store."""
    idle: float
    """Seconds since the work began, or the last block was stored."""


def work(study: Path, folder: Path) -> None:
    """Run the study; tell on the way how many cells are finished, and in the end how much memory was needed."""
    from soilcue.study import plan_of, read_study, run_study

    done, one_at_a_time = 0, threading.Lock()

    def tell(name: str, cells: int, of: int) -> None:
        nonlocal done
        with one_at_a_time:
            done += cells
            print(f"{time.time()} {done}", flush=True)

    run_study(plan_of(read_study(study)), folder, progress=tell)
    print("memory", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, flush=True)


def started(study: Path, folder: Path, said: Path) -> subprocess.Popen[bytes]:
    with said.open("wb") as out:
        return subprocess.Popen([sys.executable, __file__, str(study), str(folder)], stdout=out)


def blocks(folder: Path) -> dict[str, int]:
    """Stored blocks, and when each was written."""
    return {path.name: path.stat().st_mtime_ns for path in (folder / ".parts").glob("*/[!.]*.nc")}


def told(said: Path) -> list[tuple[float, int]]:
    """When the job told of its progress, and how many cells were done then."""
    # the last line may be cut off
    lines = [line.split() for line in said.read_text().splitlines(keepends=True) if line.endswith("\n")]
    return [(float(moment), int(cells)) for moment, cells in lines if moment != "memory"]


def killed(study: Path, folder: Path, said: Path, seconds: float, *, starting: bool) -> Kill | None:
    """Start, kill after some seconds, and look at what is there; None where the job was through before.

    The seconds are counted from the start, or from when it has worked on a block that was not there.
    """
    before = blocks(folder)
    start = time.time()
    process = started(study, folder, said)
    while not starting and process.poll() is None and not any(cells > BLOCK * len(before) for _, cells in told(said)):
        time.sleep(0.02)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
    moment = time.time()
    if process.wait() != -signal.SIGKILL:
        if process.returncode:
            raise RuntimeError(f"the job ended with {process.returncode}")
        return None
    after, lines = blocks(folder), told(said)
    worked = lines[-1][1] if lines else 0
    # every cell has its drivers, so that all blocks are alike
    lost = max(0, worked - BLOCK * len(after))
    last = max([lines[0][0] if lines else moment, *(stamp / 1e9 for stamp in after.values())])
    doing = "putting together" if BLOCK * len(after) == CELLS else "computing" if worked else "starting"
    touched = sum(after.get(name) != stamp for name, stamp in before.items())
    return Kill(moment - start, doing, len(before), len(after), touched, lost, max(0.0, moment - last))


def differing(one: Path, other: Path) -> list[str]:
    """Variables and attributes that are not the same, to the last bit."""
    left, right = read_netcdf(one), read_netcdf(other)
    names = {*left.variables, *right.variables}
    differ = [str(n) for n in names if n not in left or n not in right or not left[n].identical(right[n])]
    return sorted(differ) + sorted(n for n in {*left.attrs, *right.attrs} if left.attrs.get(n) != right.attrs.get(n))


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        here = Path(place)
        os.environ["XDG_CACHE_HOME"] = str(here / "cache")
        units = {name: unit for name, (_, _, unit) in RANGES.items()} | {"carbon_input": "gC m-2 d-1"}
        cells = {name: ("cell", v, {"units": units[name]}) for name, v in random_cells(CELLS, SEED).items()}
        write_netcdf(xr.Dataset(cells), here / "cells.nc")
        study, said = here / "study.yaml", here / "said"
        study.write_text(STUDY, encoding="utf-8")
        quiet, folder = here / "quiet", here / "killed"

        # the first compiles; the second, of which the times are, finds that done, as all do that are killed
        command = [sys.executable, "-m", "soilcue", "run", str(study), "--folder", str(quiet)]
        subprocess.run(command, check=True, capture_output=True)
        start = time.time()
        if started(study, here / "timed", said).wait():
            raise RuntimeError("the job did not end")
        whole = time.time() - start
        memory = float(said.read_text().split()[-1])
        lines = told(said)
        each = (lines[-1][0] - lines[1][0]) / (CELLS / BLOCK - 1)
        waking = lines[1][0] - start - each
        # every fourth is killed while it starts; the others so late that together they get through most of the blocks
        longest = 2 * each * CELLS / BLOCK / KILLS
        random = np.random.default_rng(SEED)
        kills: list[Kill] = []
        while len(kills) < KILLS:
            starting = len(kills) % 4 == 0
            found = killed(study, folder, said, random.uniform(0, waking if starting else longest), starting=starting)
            if found is None:
                break
            kills.append(found)
            print(found, flush=True)
        command = [sys.executable, "-m", "soilcue", "run", str(study), "--folder", str(folder)]
        ended = subprocess.run(command, check=True, capture_output=True, text=True)
        name = "mimics.rest.nc"
        differ = differing(quiet / name, folder / name)
        left = sorted(path.name for path in folder.iterdir() if path.name != name)

    most = max(kill.lost for kill in kills)
    rows = [
        f"| {i} | {k.after:.1f} | {k.doing} | {k.before} | {k.stored} | {k.touched} | {k.lost:,} | {k.idle:.1f} |"
        for i, k in enumerate(kills, 1)
    ]
    heads = (
        "kill",
        "seconds after the start",
        "what it was doing",
        "blocks before",
        "blocks after",
        "of those before, written again",
        "cells worked on and not stored",
        "seconds since it began, or stored a block",
    )
    through_it = ", after which it was through" if len(kills) < KILLS else ""
    text = f"""\
# A million cells, killed and started again

Made by killed_runs.py: MIMICS in {CELLS:,} random plausible cells, {CELLS // BLOCK} blocks of {BLOCK:,}, seed {SEED}.
A run that nothing disturbed took {whole:.0f} s here: {waking:.0f} s before the first block and {each:.2f} s a block; it
needed {memory:,.0f} MB of memory.

Killed {len(kills)} times{through_it}. The last start, `soilcue run`, said: {ended.stdout.splitlines()[0]}.

- The values are those of the undisturbed run, to the last bit: {"yes" if not differ else "NO: " + ", ".join(differ)}.
- Most cells that were worked on and lost by a kill: {most:,}, {"no more" if most <= BLOCK else "MORE"} than a block.
- Stored blocks that were written again: {sum(kill.touched for kill in kills)}.
- Left in the folder beside the result: {", ".join(left) or "nothing"}.

| {" | ".join(heads)} |
|{"---|" * len(heads)}
{chr(10).join(rows)}
"""
    Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        work(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        main()
