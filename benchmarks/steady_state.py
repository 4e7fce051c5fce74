"""Steady states per second, against SciPy cell by cell and a plain NumPy Newton loop, all in one run.

    python benchmarks/steady_state.py [--cells N] [--repeats R] [--json FILE]

The peers solve the same equations, written out of the same network, one cell at a time, and are checked to agree before
they are timed. Every figure is a median over repeats after a warm-up, with the fastest and slowest beside it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import scipy.optimize

TARGETS = {"mimics": 300_000, "millennial": 400_000, "century": 5_000_000}
PEER_CELLS = 40


def random_drivers(network, cells: int, seed: int = 1) -> dict[str, np.ndarray]:
    """Plausible drivers, in canonical units but for the carbon input (gC m-2 d-1)."""
    draw = np.random.default_rng(seed).uniform
    production = draw(50, 1000, cells)
    clay = draw(0.03, 0.6, cells)
    every = {
        "temperature": draw(-5, 28, cells),
        "clay": clay,
        "clay_silt": np.minimum(clay + 0.3, 1),
        "carbon_input": production / 365,
        "annual_carbon_input": production,
        "metabolic_fraction": draw(0.2, 0.6, cells),
        "structural_lignin": draw(0.1, 0.5, cells),
        "moisture": draw(0.1, 0.4, cells),
        "porosity": np.full(cells, 0.5),
        "pH": draw(4.5, 8, cells),
        "bulk_density": draw(900, 1500, cells),
        "above_ground_fraction": draw(0.3, 0.7, cells),
    }
    names = [need if isinstance(need, str) else next(n for n in need if n in every) for need in network.needs]
    return {name: every[name] for name in names}


def timed(work, repeats: int) -> list[float]:
    """Seconds of each repeat, after one warm-up."""
    work()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return seconds


def residual_of(network, environment):
    """Log gain - log loss of one cell in plain NumPy, from the flux list (the environment computed beforehand)."""
    names = [pool.name for pool in network.pools]

    def residual(z):
        stocks = dict(zip(names, np.exp(z), strict=True))
        gain, loss = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)
        for flux in network.fluxes(stocks, environment):
            rate = float(flux.rate)
            if flux.source in loss:
                loss[flux.source] += rate
            if flux.target in gain:
                gain[flux.target] += rate
        return np.log([gain[n] for n in names]) - np.log([loss[n] for n in names])

    return residual


def newton_loop(residual, z, steps: int = 60) -> np.ndarray:
    """A plain Newton iteration with a Jacobian by differences."""
    for _ in range(steps):
        r = residual(z)
        if np.abs(r).max() < 1e-10:
            break
        jacobian = np.stack([(residual(z + 1e-7 * e) - r) / 1e-7 for e in np.eye(len(z))], axis=1)
        change = -np.linalg.solve(jacobian, r)
        z = z + change * min(1.0, 2.0 / np.abs(change).max())
    return z


def peers(network, drivers, stocks) -> dict[str, float]:
    """Cells per second of SciPy's root and of the NumPy loop, from the same first guess."""
    import jax

    from soilcue.solve.steady import first_guess

    def plain(tree):
        return jax.tree.map(lambda leaf: np.float64(np.asarray(leaf)) if np.ndim(leaf) == 0 else np.asarray(leaf), tree)

    cells = []
    for i in range(PEER_CELLS):
        one = {name: values[i] for name, values in drivers.items()}
        environment = network.environment(one)
        guess = np.asarray(first_guess(network, environment, 1))[:, 0]
        cells.append((residual_of(network, plain(environment)), guess, np.log(stocks[:, i])))
    rates = {}
    for name, solve in (
        ("scipy", lambda f, z: scipy.optimize.root(f, z, method="hybr", tol=1e-10).x),
        ("numpy", newton_loop),
    ):
        agreeing = []
        start = time.perf_counter()
        for residual, guess, _ in cells:
            with np.errstate(all="ignore"):
                agreeing.append(solve(residual, guess))
        seconds = time.perf_counter() - start
        right = [np.abs(z - want).max() < 1e-6 for z, (_, _, want) in zip(agreeing, cells, strict=True)]
        rates[name] = PEER_CELLS / seconds
        rates[f"{name}_agree"] = float(np.mean(right))
    return rates


def bench(name: str, cells: int, repeats: int) -> dict:
    """All figures of one model."""
    import soilcue as sc
    from soilcue.solve.cells import solve_cells

    model = sc.model(name)
    drivers = random_drivers(model.network, cells)
    drivers["carbon_input"] = drivers["carbon_input"] / model._flow
    weights = np.ones((1, len(model.structure.fluxes)))
    states = solve_cells(model.network, drivers, weights, seasonal=False)
    seconds = timed(lambda: solve_cells(model.network, drivers, weights, seasonal=False), repeats)
    return {
        "model": name,
        "cells": cells,
        "settled": float((states.status == 0).mean()),
        "rate": cells / statistics.median(seconds),
        "slowest": cells / max(seconds),
        "fastest": cells / min(seconds),
        "target": TARGETS[name],
        **peers(model.network, drivers, states.stocks),
    }


def memory(cells: int) -> float:
    """Peak memory of a process that solves so many MIMICS cells, MB beyond its inputs and outputs."""
    code = (
        "import sys, resource, numpy as np; sys.path.insert(0, sys.argv[1]); import steady_state as b, soilcue as sc\n"
        "from soilcue.solve.cells import solve_cells\n"
        "m = sc.model('mimics'); n = int(sys.argv[2]); d = b.random_drivers(m.network, n)\n"
        "d['carbon_input'] = d['carbon_input'] / m._flow\n"
        "s = solve_cells(m.network, d, np.ones((1, len(m.structure.fluxes))), seasonal=False)\n"
        "arrays = [*d.values(), s.stocks, s.flows, s.residual, s.steps, s.status, s.missing, s.reasons]\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - sum(a.nbytes for a in arrays) / 2**20)\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, str(Path(__file__).parent), str(cells)], capture_output=True, text=True, check=True
    )
    return float(found.stdout)


def compile_seconds(cache: str) -> float:
    """Time of the first call for one cell, with a given folder of compiled programs."""
    code = (
        "import os, time, sys; os.environ['XDG_CACHE_HOME'] = sys.argv[2]; sys.path.insert(0, sys.argv[1])\n"
        "import numpy as np, steady_state as b, soilcue as sc; from soilcue.solve.cells import solve_cells\n"
        "m = sc.model('mimics'); d = b.random_drivers(m.network, 1); w = np.ones((1, len(m.structure.fluxes)))\n"
        "t = time.perf_counter(); solve_cells(m.network, d, w, seasonal=False); print(time.perf_counter() - t)\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, str(Path(__file__).parent), cache], capture_output=True, text=True, check=True
    )
    return float(found.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = [bench(name, options.cells, options.repeats) for name in TARGETS]
    print(f"steady states per second, {options.cells:,} cells, median of {options.repeats} (slowest to fastest)")
    for row in rows:
        print(
            f"{row['model']:<11}{row['rate']:>12,.0f} ({row['slowest']:,.0f} to {row['fastest']:,.0f}), wanted "
            f"{row['target']:,}; settled {row['settled']:.2%}"
        )
        for peer, words in (("scipy", "SciPy root, cell by cell"), ("numpy", "NumPy Newton loop")):
            ratio = row["rate"] / row[peer]
            print(f"    {words}: {row[peer]:,.1f}, ratio {ratio:,.0f}; the same state in {row[f'{peer}_agree']:.0%}")
    sizes = {cells: memory(cells) for cells in (10_000, 100_000, 1_000_000)}
    print("peak memory beyond inputs and outputs, MB:", ", ".join(f"{n:,} cells {mb:,.0f}" for n, mb in sizes.items()))
    with tempfile.TemporaryDirectory() as cache:
        first, second = compile_seconds(cache), compile_seconds(cache)
    print(f"first call of a solver: {first:.1f} s compiled anew, {second:.1f} s from the cache")
    if options.json:
        found = {"rows": rows, "memory_MB": sizes, "compile_s": {"new": first, "cached": second}}
        options.json.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
