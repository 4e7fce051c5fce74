"""How fast soils run through time, side by side with NumPy, SciPy and numba on the same cells in the same run.

`make bench`, or `python benchmarks/transient.py [--cells N] [--years Y] [--repeats R] [--json FILE]`. Rates are
cell-days: one cell through one day, all budgets summed. Before that, sites through a long time (`--sites`, `--long`):
days that repeat every year, and days that all differ, read from a file while they run. The peers run Millennial with
daily drivers, as its own code does, in explicit daily steps (a NumPy loop over days, all cells at once; numba, a loop
over cells and days), by SciPy's LSODA, a cell at a time, or by the R code of the model's authors. Numba is the extra
[bench]; R and its package deSolve, and a checkout of that code, are the user's. A line says what is not there.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import h5netcdf
import numpy as np
import scipy.integrate
import xarray as xr

import soilcue as sc

MONTH_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
RUNS = [
    (model, period, method)
    for model in ("century", "millennial", "mimics")
    for period, method in (("day", "patankar"), ("day", "implicit"), ("month", "implicit"))
]
TARGET = 10_000_000
"""Cell-days a second on two processors, by a positive and conserving step."""
SEED = 5
LONG_TARGET = 60.0
"""Seconds on the clock for 1,000 sites through 150 years of days, by the step that is the default."""
WARMING = 2.0
"""Degrees over the whole time of the drivers that change every day."""


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


# ---- a long time


def write_changing_days(path: Path, monthly: xr.Dataset, years: int) -> None:
    """Drivers that change every day: a warming climate with noise, a year at a time, as NetCDF.

    Temperature by up to 2 degrees, moisture by a tenth, carbon input by a half of the climatology: bounded, so that no
    day leaves the domain of a model.
    """
    random, days = np.random.default_rng(SEED), by_days(monthly)
    with h5netcdf.File(path, "w") as file:
        file.dimensions = {"time": 365 * years, "cell": monthly.sizes["cell"]}
        time_axis = file.create_variable("time", ("time",), float, data=np.arange(365.0 * years))
        time_axis.attrs["units"], time_axis.attrs["calendar"] = "days since 1850-01-01", "noleap"
        for name, values in monthly.data_vars.items():
            changing = name in ("temperature", "moisture", "carbon_input")
            dims = ("time", "cell") if changing else ("cell",)
            data = None if changing else values.values
            chunks = (365, monthly.sizes["cell"]) if changing else None
            file.create_variable(str(name), dims, "f4", data=data, chunks=chunks).attrs["units"] = values.attrs["units"]
        for year in range(years):
            when = slice(365 * year, 365 * (year + 1))
            warmer = WARMING * (365 * year + np.arange(365)[:, None]) / (365 * years)
            noise = random.uniform(-1, 1, (3, 365, monthly.sizes["cell"]))
            file["temperature"][when] = days["temperature"].values + warmer + 2 * noise[0]
            file["moisture"][when] = days["moisture"].values * (1 + 0.1 * noise[1])
            file["carbon_input"][when] = days["carbon_input"].values * (1 + 0.5 * noise[2])


def long_run(name: str, sites: int, years: int, dated: bool) -> dict[str, float]:
    """Seconds of a run of many years of days, a year for compilation left out, and the peak memory of this process."""
    monthly, model = places(sites), sc.model(name)
    start = model.steady_state(monthly, eigenvalues=False)
    with tempfile.TemporaryDirectory() as folder:
        days = by_days(monthly)
        if dated:
            write_changing_days(Path(folder) / "days.nc", monthly, years)
            days = xr.open_dataset(Path(folder) / "days.nc", engine="h5netcdf")
        model.simulate(days, start, 1)
        clock, processor = time.perf_counter(), time.process_time()
        run = model.simulate(days, start, years)
        found = {"clock": time.perf_counter() - clock, "processor": time.process_time() - processor}
        days.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found | {"simulated": int((run["status"] == 0).sum()), "peak": peak}


def print_long_runs(sites: int, years: int) -> dict[str, dict[str, float]]:
    """A table of long runs, each in a process of its own; some of fewer years, to see if memory grows with them."""
    print(f"{sites:,} sites through years of days, the default step, in seconds; load {os.getloadavg()[0]:.1f}")
    results = {}
    for name in ("century", "millennial", "mimics"):
        for kind, count in (("repeated", years), ("dated", max(1, years // 10)), ("dated", years)):
            command = [sys.executable, __file__, "--measure", name, str(sites), str(count), kind]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            label = f"{name}, {kind}, {count} years"
            found = results[label] = json.loads(done.stdout.splitlines()[-1])
            print(
                f"  {label:<32} clock {found['clock']:7.1f}, processor {found['processor']:7.1f}, "
                f"{found['simulated']:,} sites simulated, peak {found['peak']:,.0f} MB"
                + (f", target {LONG_TARGET:g}" if (sites, count) == (1000, 150) else ""),
                flush=True,
            )
    return results


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


# ---- Millennial by the R code of its authors, from a checkout of theirs

R_CODE = """
checkout <- commandArgs(TRUE)[1]; years <- as.integer(commandArgs(TRUE)[2])
suppressPackageStartupMessages(library(deSolve))
source(file.path(checkout, "R/simulation/run_functions.R")); source(file.path(checkout, "R/models/derivs_V2_MM.R"))
folder <- file.path(checkout, "Fortran/MillennialV2/simulationv2")
weather <- read.table(file.path(folder, "globalaverage.txt"), col.names = c("forc_st", "forc_sw", "forc_npp"))
table <- read.table(file.path(folder, "soilpara_in_fit.txt")); p <- setNames(as.list(table$V2), table$V1)
p$param_pH <- 7; p$param_bulkd <- 1000; p$param_pc <- 0.86; p$param_claysilt <- 80
spent <- system.time(found <- Run_Model(weather, derivs_V2_MM, p, num.years = years))
cat(sprintf("%.17g", c(spent[["elapsed"]], spent[["user.self"]] + spent[["sys.self"]], found[nrow(found), 2:6])))
"""
"""Their daily Runge-Kutta steps, weather and set `fit`, and the soil of their tutorial, from 1 gC m-2 a pool."""


def by_r(checkout: Path | None, model: sc.SoilModel, years: int = 2) -> tuple[dict[str, list[float]], str]:
    """Cell-days a second of the authors' R code, and how far soilcue is from its end; or why it was not run."""
    if shutil.which("Rscript") is None:
        return {}, "R is not installed"
    if checkout is None:
        return {}, "no checkout given: clone github.com/rabramoff/Millennial, and say --r-checkout PATH"
    command = ["Rscript", "--vanilla", "-", str(checkout.resolve()), str(years)]
    done = subprocess.run(command, input=R_CODE, capture_output=True, text=True)
    if done.returncode:
        return {}, f"it ended with: {' '.join(done.stderr.split())[-300:]}"
    clock, processor, *theirs = map(float, done.stdout.split())
    weather = np.loadtxt(checkout / "Fortran/MillennialV2/simulationv2/globalaverage.txt").T
    units = {"temperature": "degC", "moisture": "m3 m-3", "carbon_input": "gC m-2 d-1"}
    site = {"porosity": (0.6, "m3 m-3"), "pH": (7.0, "1"), "bulk_density": (1000.0, "kg m-3"), "clay_silt": (80.0, "%")}
    drivers = xr.Dataset(
        {name: ("day", values, {"units": units[name]}) for name, values in zip(units, weather, strict=True)}
        | {name: ((), value, {"units": unit}) for name, (value, unit) in site.items()}
    )
    start = xr.Dataset({pool.name: ((), 1.0, {"units": "gC m-2"}) for pool in model.pools})
    run = model.simulate(drivers, start, years, method="rk4", output="period")
    # they begin with day 1 and end with the last day: a step less
    ours = run["stock_at_end"].sel(pool=["particulate", "dissolved", "aggregate", "microbes", "mineral_associated"])
    days = 365 * years - 1
    off = np.abs(ours.values[-2] / theirs - 1).max()
    return {"clock": [days / clock], "processor": [days / processor]}, f"{off:.0e}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=8192)
    parser.add_argument("--years", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--sample", type=int, default=4, help="cells given to SciPy")
    parser.add_argument("--sites", type=int, default=1_000, help="of the long runs")
    parser.add_argument("--long", type=int, default=150, metavar="YEARS", help="of the long runs; 0 leaves them out")
    parser.add_argument(
        "--r-checkout",
        type=Path,
        default=os.environ.get("MILLENNIAL_R_CHECKOUT"),
        help="folder of github.com/rabramoff/Millennial, to run its R code beside ours; MILLENNIAL_R_CHECKOUT else",
    )
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        name, sites, years, kind = options.measure
        print(json.dumps(long_run(name, int(sites), int(years), kind == "dated")))
        return
    # first, before this process grows: until it has started its own program, a new one counts the memory of its parent
    results: dict[str, dict] = {}
    if options.long:
        results["long"] = print_long_runs(options.sites, options.long)
    monthly = places(options.cells)
    daily = by_days(monthly)
    load = os.getloadavg()[0]
    print(
        f"{options.cells:,} cells, {options.years} years, median (least to most) of {options.repeats}; million "
        f"cell-days a second; target {TARGET / 1e6:g} on the clock by a positive, conserving step; load {load:.1f}"
    )
    cell_days = options.cells * 365 * options.years
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
    found, told = by_r(options.r_checkout, model)
    if found:
        results["R"] = found
        ratio = own / found["processor"][0]
        show("R code of its authors", found, f"  ratio {ratio:,.0f}; soilcue's rk4 is {told} off it")
    else:
        print(f"  R code of its authors: not run; {told}")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")


def show(label: str, found: dict[str, list[float]], more: str = "") -> None:
    words = [
        f"{kind} {statistics.median(values) / 1e6:8.4f} ({min(values) / 1e6:.4f} to {max(values) / 1e6:.4f})"
        for kind, values in found.items()
    ]
    print(f"  {label:<28} {', '.join(words)}{more}", flush=True)


if __name__ == "__main__":
    main()
