"""How fast soils run through time, side by side with NumPy, SciPy and numba on the same cells in the same run.

`make bench`, or `python benchmarks/transient.py [--cells N] [--years Y] [--repeats R] [--json FILE]`. Rates are
cell-days: one cell through one day, all budgets summed. The peers run Millennial with daily drivers, as its own code
does, in explicit daily steps (a NumPy loop over days, all cells at once; numba, a loop over cells and days) or by
SciPy's LSODA, a cell at a time. Numba is the extra [bench]; without it a line says so.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import scipy.integrate
import xarray as xr

import soilcue as sc

sys.path.insert(0, str(Path(__file__).parent.parent / "studies"))

MONTH_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
RUNS = [
    (model, period, method)
    for model in ("century", "millennial", "mimics")
    for period, method in (("day", "patankar"), ("day", "implicit"), ("month", "implicit"))
]
TARGET = 10_000_000
"""Cell-days a second on two processors, by a positive and conserving step."""
SEED = 5


def places(cells: int) -> xr.Dataset:
    """Vegetated cells of the embedded grid where every model has a state, repeated."""
    grid = sc.drivers().stack(cell=("lat", "lon")).reset_index("cell", drop=True)
    kept = (
        (grid["carbon_input"] > 0.1) & (grid["temperature"].max("month") < 24) & (grid["temperature"].mean("month") > 4)
    )
    known = np.flatnonzero(kept.values & np.isfinite(grid["pH"].values))
    chosen = np.random.default_rng(SEED).choice(known, cells)
    return grid.isel(cell=chosen).drop_vars(["biome", "land_area", "vegetated_area"])


def by_days(monthly: xr.Dataset) -> xr.Dataset:
    """The same year, day by day."""
    return monthly.drop_vars("month").isel(month=np.repeat(np.arange(12), MONTH_LENGTHS)).rename(month="day")


def rate(work: Callable[[], object], cell_days: float, repeats: int) -> dict[str, list[float]]:
    """Cell-days a second on the clock and per processor second, after a first go that compiles."""
    work()
    found: dict[str, list[float]] = {"clock": [], "processor": []}
    for _ in range(repeats):
        clock, processor = time.perf_counter(), time.process_time()
        work()
        found["clock"].append(cell_days / (time.perf_counter() - clock))
        found["processor"].append(cell_days / (time.process_time() - processor))
    return found


# ---- Millennial once more, in plain functions of numbers or arrays


def coefficients(model: sc.SoilModel, days: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """What does not depend on stocks: parameters, and (days, 7, cells) rates of each day."""
    read, place = model._read(days)
    cells, _ = model._flat(read, place, "day")
    e = model.network.environment(cells)
    names = ("depolymerisation", "uptake", "binding", "diffusion", "capacity", "cue", "input")
    moving = np.stack([np.broadcast_to(np.asarray(e[name]), cells["carbon_input"].shape) for name in names], axis=1)
    k = e["constants"]
    order = (
        "input_to_particulate",
        "aggregate_to_particulate",
        "necromass_to_mineral",
        "depolymerisation_half",
        "aggregation",
        "breakdown",
        "leaching",
        "maximum_desorption",
        "uptake_half",
        "mortality",
        "mineral_aggregation",
    )
    return np.array([float(k[name]) for name in order]), np.ascontiguousarray(moving)


def change(k, v, pom, lmwc, agg, mic, maom):
    """Derivatives of particulate, dissolved, aggregate, microbial and mineral carbon (gC m-2 d-1)."""
    breaks = v[0] * pom * mic / (k[3] + mic)
    eaten = v[1] * mic * lmwc / (k[8] + lmwc)
    bound = v[2] * lmwc * (1 - maom / v[4])
    freed = k[7] * maom / v[4]
    into, out, held = k[4] * v[3] * pom, k[5] * v[3] * agg, k[10] * v[3] * maom
    death = k[9] * mic * mic
    return (
        k[0] * v[6] + k[1] * out - into - breaks,
        (1 - k[0]) * v[6] - k[6] * v[3] * lmwc + breaks - bound - eaten + (1 - k[2]) * death + freed,
        held + into - out,
        v[5] * eaten - death,
        bound - freed + k[2] * death - held + (1 - k[1]) * out,
    )


def by_numpy(k: np.ndarray, moving: np.ndarray, start: np.ndarray, years: int) -> np.ndarray:
    """Explicit daily steps, all cells at once."""
    stocks = start.copy()
    for _ in range(years):
        for day in moving:
            stocks = stocks + np.stack(change(k, day, *stocks))
    return stocks


def by_scipy(k: np.ndarray, moving: np.ndarray, start: np.ndarray, years: int) -> np.ndarray:
    """LSODA, a cell at a time, drivers constant within a day."""
    ends = []
    for cell in range(start.shape[1]):
        own = moving[:, :, cell]
        solved = scipy.integrate.solve_ivp(
            lambda t, c, own=own: change(k, own[int(t) % 365], *c),
            (0, 365 * years),
            start[:, cell],
            method="LSODA",
            rtol=1e-6,
            atol=1e-8,
            max_step=1.0,
        )
        ends.append(solved.y[:, -1])
    return np.array(ends).T


def by_numba():
    """Explicit daily steps, compiled, cell after cell on one processor; None without numba."""
    try:
        import numba
    except ImportError:
        return None
    derivative = numba.njit(change)

    @numba.njit
    def run(k, moving, start, years):
        stocks = start.copy()
        for cell in range(start.shape[1]):
            pom, lmwc, agg, mic, maom = stocks[:, cell]
            for _ in range(years):
                for day in range(moving.shape[0]):
                    d = derivative(k, moving[day, :, cell], pom, lmwc, agg, mic, maom)
                    pom, lmwc, agg, mic, maom = pom + d[0], lmwc + d[1], agg + d[2], mic + d[3], maom + d[4]
            stocks[0, cell], stocks[1, cell], stocks[2, cell], stocks[3, cell], stocks[4, cell] = (
                pom,
                lmwc,
                agg,
                mic,
                maom,
            )
        return stocks

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=8192)
    parser.add_argument("--years", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--sample", type=int, default=4, help="cells given to SciPy")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    options = parser.parse_args()
    monthly = places(options.cells)
    daily = by_days(monthly)
    load = os.getloadavg()[0]
    print(
        f"{options.cells:,} cells, {options.years} years, median (least to most) of {options.repeats}; million "
        f"cell-days a second; target {TARGET / 1e6:g} on the clock by a positive, conserving step; load {load:.1f}"
    )
    cell_days = options.cells * 365 * options.years
    results: dict[str, dict[str, list[float]]] = {}
    for name, period, method in RUNS:
        model, drivers = sc.model(name), monthly if period == "month" else daily
        start = model.steady_state(monthly.isel(cell=slice(256)), eigenvalues=False)
        start = start.isel(cell=np.arange(options.cells) % 256)
        label = f"{name}, {period}s, {method}"
        results[label] = rate(
            lambda model=model, drivers=drivers, start=start, method=method: model.simulate(
                drivers, start, options.years, method=method
            ),
            cell_days,
            options.repeats,
        )
        show(label, results[label])

    print("Millennial with daily drivers by others (ratio: soilcue's patankar to it, per processor second)")
    model = sc.model("millennial")
    some = daily.isel(cell=slice(256))
    start = model.steady_state(monthly.isel(cell=slice(256)), eigenvalues=False)
    settled = np.flatnonzero((start["status"] == 0).values)
    some, start = some.isel(cell=settled), start.isel(cell=settled)
    k, moving = coefficients(model, some)
    begun = start["stock_at_year_start"].values * 0.8
    exact = model.simulate(some, (start * 0.8), 1, method="patankar", steps=240)["stock_at_end"].values[-1]
    own = statistics.median(results["millennial, days, patankar"]["processor"])
    compiled = by_numba()
    peers: dict[str, tuple[Callable, int]] = {
        "NumPy": (by_numpy, len(settled)),
        "SciPy LSODA": (by_scipy, options.sample),
    }
    if compiled is not None:
        peers["numba"] = (compiled, len(settled))
    for label, (work, cells) in peers.items():
        own_cells = np.ascontiguousarray(moving[:, :, :cells])
        first = np.ascontiguousarray(begun[:, :cells])
        results[label] = rate(lambda w=work, m=own_cells, f=first: w(k, m, f, 1), cells * 365, options.repeats)
        apart = np.abs(work(k, own_cells, first, 1) / exact[:, :cells] - 1).max()
        show(
            label,
            results[label],
            f"  ratio {own / statistics.median(results[label]['processor']):,.1f}, off {apart:.0e}",
        )
    for method in ("patankar", "implicit"):
        found = model.simulate(some, (start * 0.8), 1, method=method)["stock_at_end"].values[-1]
        print(
            f"  soilcue {method}: off {np.abs(found / exact - 1).max():.0e} after a year "
            "(the measure: steps of six minutes)"
        )
    if compiled is None:
        print("  numba: not run; it is not installed (pip install 'soilcue[bench]')")
    print("  R code of the models' authors: not run by this benchmark")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")


def show(label: str, found: dict[str, list[float]], more: str = "") -> None:
    words = [
        f"{kind} {statistics.median(values) / 1e6:8.3f} ({min(values) / 1e6:.3f} to {max(values) / 1e6:.3f})"
        for kind, values in found.items()
    ]
    print(f"  {label:<28} {', '.join(words)}{more}", flush=True)


if __name__ == "__main__":
    main()
