"""Every model under every scheme on the embedded global grid: how long the whole table takes, and that it restarts.

`python benchmarks/response_table.py [--models N] [--schemes N] [--json FILE]`. Steady states under annual-mean drivers
at matched mean CUE, the elasticity of carbon to CUE beside each, one file a pair. The table is first made for a few
cells, which compiles all that the globe needs; then for the globe, which is what counts, on the clock and in processor
seconds; then once more, by a process that is killed halfway and another that goes on from there. The two tables must
be the same to the last digit.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

TARGET = {"models": 8, "schemes": 15, "seconds": 300}
"""The promise: this many models and schemes in this time, compiled before, on two processors."""
SEED = 11
FEW = 40
"""Cells of the table that compiles."""


def table(folder: str, models: int | None, schemes: int | None, few: bool) -> dict:
    """The table in a folder, and what it took; in this process."""
    import soilcue as sc
    from soilcue.analyse import response_table
    from soilcue.analyse.response import feedable_schemes
    from soilcue.atlas.grid import atlas_grid
    from soilcue.models import MODELS

    grid = atlas_grid(sc.drivers())
    weights = grid.get("vegetated_area", grid["land_area"]).fillna(0.0)
    named = feedable_schemes(grid)[:schemes]
    if few:
        flat = grid.stack(cell=("lat", "lon")).reset_index("cell")
        living = np.flatnonzero(flat["carbon_input"].values > 0)
        some = np.sort(np.random.default_rng(SEED).choice(living, FEW, replace=False))
        grid, weights = flat.isel(cell=some), weights.stack(cell=("lat", "lon")).reset_index("cell").isel(cell=some)

    def told(model: str, finished: int, of: int) -> None:
        print("pair" if finished else f"model {model}", flush=True)

    clock, processor = time.perf_counter(), time.process_time()
    rows, _ = response_table(grid, list(MODELS)[:models], named, folder, weights=weights, progress=told)
    rows.to_csv(Path(folder) / "table.csv", index=False)
    solved = rows[rows["refused"] == ""]
    return {
        "models": rows["model"].nunique(),
        "schemes": rows["scheme"].nunique(),
        "pairs": len(solved),
        "refused": len(rows) - len(solved),
        "settled cells": int(solved["settled"].sum()),
        "seconds": time.perf_counter() - clock,
        "processor seconds": time.process_time() - processor,
        "memory, MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def elsewhere(folder: str, arguments: list[str], stop_after: int | None = None) -> dict | None:
    """The table in another process; killed after some pairs where that is asked for."""
    command = [sys.executable, __file__, "--into", folder, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        pairs, said = 0, ""
        for line in child.stdout:
            pairs += line == "pair\n"
            said = line
            if stop_after is not None and pairs >= stop_after:
                child.kill()
                return None
    if child.returncode:
        raise SystemExit("the table was not made: see above")
    return json.loads(said)


def main() -> None:
    """Make the table thrice, compare, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models", type=int, help="only the first of them")
    parser.add_argument("--schemes", type=int, help="only the first of them")
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    parser.add_argument("--into", help=argparse.SUPPRESS)
    parser.add_argument("--few", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.into:
        print(json.dumps(table(given.into, given.models, given.schemes, given.few)))
        return
    arguments = [
        text for name in ("models", "schemes") if (n := getattr(given, name)) for text in (f"--{name}", str(n))
    ]
    beside = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        compiled = elsewhere(f"{folder}/few", [*arguments, "--few"])
        whole = elsewhere(f"{folder}/whole", arguments)
        assert compiled is not None
        assert whole is not None
        elsewhere(f"{folder}/killed", arguments, stop_after=(whole["pairs"] + whole["refused"]) // 2)
        kept = len(list(Path(folder, "killed").glob("*.nc")))
        elsewhere(f"{folder}/killed", arguments)
        one, other = (Path(folder, name, "table.csv").read_bytes() for name in ("whole", "killed"))
        same = one == other
    result = {
        "processors": len(os.sched_getaffinity(0)),
        "load before": beside,
        "load after": os.getloadavg()[0],
        "few cells, all compiled": compiled,
        "globe": whole,
        "pairs kept by the killed run": kept,
        "same values after restart": same,
        "target": TARGET,
    }
    text = json.dumps(result, indent=2)
    print(text)
    if given.json:
        given.json.write_text(text + "\n")
    if not same:
        raise SystemExit("the table that was restarted differs from the one that was not")


if __name__ == "__main__":
    main()
