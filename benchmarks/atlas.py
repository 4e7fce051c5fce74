"""How long whole commands take: the atlas of the globe when compiled programs are at hand, and `soilcue --help`.

`make bench`, or `python benchmarks/atlas.py [--repeats R] [--json FILE]`. The first atlas, which compiles what is not
yet in the cache, is shown but not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TARGETS = {"atlas": ("clock", 30.0), "--help": ("processor", 0.5)}
"""Seconds a warm run may take, on the clock or of the processors."""


def seconds_of(*arguments: str) -> dict[str, float]:
    """Seconds on the clock and of the processors (all threads) that a soilcue command takes."""
    before, began = os.times(), time.perf_counter()
    subprocess.run([sys.executable, "-m", "soilcue", *arguments], check=True, capture_output=True)
    clock, after = time.perf_counter() - began, os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return {"clock": clock, "processor": spent}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        commands = {"atlas": ("atlas", "--folder", folder), "--help": ("--help",)}
        runs = {name: [seconds_of(*words) for _ in range(options.repeats + 1)] for name, words in commands.items()}
    print(f"seconds, median (least to most) of {options.repeats} after a first; load {os.getloadavg()[0]:.1f}")
    for name, (first, *rest) in runs.items():
        print(f"soilcue {name}")
        for kind in ("clock", "processor"):
            values = [run[kind] for run in rest]
            target = f"  target {TARGETS[name][1]:g}" if TARGETS[name][0] == kind else ""
            span = f"({min(values):.2f} to {max(values):.2f}), first {first[kind]:.2f}"
            print(f"  {kind:<10} {statistics.median(values):6.2f} {span}{target}")
    if options.json:
        options.json.write_text(json.dumps(runs, indent=1) + "\n")


if __name__ == "__main__":
    main()
