"""How fast steady states are found, side by side with SciPy and a NumPy loop in the same run.

`make bench`, or `python benchmarks/steady_state.py [--cells N] [--repeats R] [--json FILE]`; `--draws` and
`--seasonal-draws` set the size of the ensembles. A rate counts settled cells only. Times on the clock depend on what
else the machine does; processor seconds hardly do, so both are printed, and ratios are of processor seconds.
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
from collections.abc import Callable
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "studies"))

MODELS = {"mimics": "wieder2015", "millennial": "fit", "century": "orchidee-cnp"}
TARGETS = {
    "annual mean": {"mimics": 300_000, "millennial": 400_000, "century": 5_000_000},
    "value and gradient": {"mimics": 150_000, "millennial": 200_000, "century": 2_500_000},
}
SEED = 7
MEMORY_CELLS = (10_000, 100_000, 1_000_000)
ENSEMBLE_SITES, SPREAD = 100, 0.1
"""Sites of an ensemble, and the share of its value within which each parameter is drawn."""
ENSEMBLE_TARGET = 60.0
"""Seconds on the clock for 10,000 draws at these sites."""


class Case:
    """A model, random cells of it in its own units, and the sums of fluxes that a diagnosis needs."""

    def __init__(self, name: str, cells: int) -> None:
        from plausible_range import drivers_of, random_cells

        import soilcue as sc
        from soilcue.core.budget import balance_weights, diagnosis_weights

        self.model = sc.model(name, MODELS[name])
        self.network = self.model.network
        self.drivers = drivers_of(self.model, random_cells(cells, SEED))
        structure = self.model.structure
        self.weights = np.stack([*balance_weights(structure).values(), *diagnosis_weights(structure).values()])

    def solve(self, cells: int | None = None):
        """Steady states of the first cells, or of all."""
        from soilcue.solve.cells import solve_cells

        drivers = {name: values[..., :cells] for name, values in self.drivers.items()}
        return solve_cells(self.network, drivers, self.weights, seasonal=False)


def timed(work: Callable[[], int], repeats: int) -> dict[str, list[float]]:
    """Cells per second on the clock and per processor second, for each repeat; `work` returns the cells it settled."""
    work()
    rates: dict[str, list[float]] = {"clock": [], "processor": []}
    for _ in range(repeats):
        clock, processor = time.perf_counter(), time.process_time()
        settled = work()
        rates["clock"].append(settled / (time.perf_counter() - clock))
        rates["processor"].append(settled / (time.process_time() - processor))
    return rates


# ---- what is measured ----------------------------------------------------------------------------------------------


def steady(case: Case, repeats: int) -> dict[str, list[float]]:
    return timed(lambda: int((case.solve().status == 0).sum()), repeats)


def value_and_gradient(name: str, cells: int, repeats: int) -> dict[str, list[float]]:
    """Total carbon and its derivatives by every driver and parameter, the steady states included."""
    from soilcue.solve.gradients import gradients

    case = Case(name, cells)
    every_pool = np.ones(len(case.network.pools))

    def work() -> int:
        states = case.solve()
        value, *_ = gradients(case.network, case.drivers, states, every_pool, seasonal=False)
        return int(np.isfinite(value).sum())

    return timed(work, repeats)


def seasonal(name: str, repeats: int) -> dict[str, list[float]]:
    """The embedded grid under monthly drivers."""
    from plausible_range import DAYS_PER_YEAR, drivers_of

    import soilcue as sc
    from soilcue.solve.cells import solve_cells

    case = Case(name, 1)
    grid = sc.drivers().drop_vars(["biome", "land_area", "vegetated_area"]).stack(cell=("lat", "lon"))
    grid = grid.isel(cell=(grid["carbon_input"] > 0).values)
    months = {key: grid[key].broadcast_like(grid["temperature"]).transpose("month", "cell").values for key in grid}
    months["annual_carbon_input"] = months["carbon_input"] * DAYS_PER_YEAR
    drivers = {key: np.ascontiguousarray(values) for key, values in drivers_of(case.model, months).items()}

    def work() -> int:
        return int((solve_cells(case.network, drivers, case.weights, seasonal=True).status == 0).sum())

    return timed(work, repeats)


def peers(case: Case, sample: int) -> dict[str, dict[str, float]]:
    """Cells per processor second of SciPy and of a NumPy loop, checked to find what soilcue finds."""
    import peers as plain

    from soilcue.solve.steady import first_guess

    name = case.network.name
    parameters = {key: np.asarray(value) for key, value in case.network.parameters.items()}
    states = case.solve(20 * sample)
    some = np.flatnonzero(states.status == 0)[:sample]
    cells = [{key: float(values[i]) for key, values in case.drivers.items()} for i in some]
    here = {key: values[some] for key, values in case.drivers.items()}
    guesses = np.asarray(first_guess(case.network, case.network.environment(here), len(some))).T
    ours = np.log(states.stocks[:, some]).T
    found = {}
    with np.errstate(all="ignore"):  # a root finder may try what has no logarithm; it then reports failure
        for label, method in (("SciPy", plain.by_scipy), ("NumPy", plain.by_newton)):
            began = time.process_time()
            theirs = np.array([method(name, parameters, *pair) for pair in zip(cells, guesses, strict=True)])
            taken = time.process_time() - began
            ended = np.isfinite(theirs).all(axis=1)
            apart = np.abs(np.expm1(theirs - ours)).max(axis=1)
            # the loop looks neither at stability nor at the sign of an answer: it must agree where it ends near it
            agree = ended & (apart < 1e-6)
            if agree.sum() < 0.8 * len(some):
                raise SystemExit(
                    f"{label} agrees with soilcue in {agree.sum()} of {len(some)} cells of {name}: no peer."
                )
            found[label] = {
                "rate": float(agree.sum() / taken),
                "agree": int(agree.sum()),
                "other": int((ended & ~agree).sum()),
                "failed": int((~ended).sum()),
                "median difference": float(np.median(apart[agree])),
            }
    return found


def memory(name: str, cells: int) -> dict[str, float]:
    """Peak memory of this process in MB, and that of inputs and outputs; to be called in a process of its own."""
    case = Case(name, cells)
    states = case.solve()
    arrays = [*case.drivers.values(), *(v for v in vars(states).values() if isinstance(v, np.ndarray))]
    unique = {id(values): values.nbytes for values in arrays}
    return {
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "inputs and outputs": sum(unique.values()) / 2**20,
    }


def first_and_second(name: str) -> dict[str, float]:
    """Seconds of a first and a second solve of one cell, the imports not counted."""
    case = Case(name, 1)
    times = []
    for _ in range(2):
        began = time.perf_counter()
        case.solve()
        times.append(time.perf_counter() - began)
    return {"first": times[0], "second": times[1]}


def ensemble(name: str, draws: int, season: str) -> dict[str, float]:
    """Draws of all parameters at some sites: seconds, what became of the states, peak memory of this process in MB."""
    from transient import places

    import soilcue as sc

    sites, model = places(ENSEMBLE_SITES), sc.model(name, MODELS[name])
    model.ensemble(sites, 2, spread=SPREAD, season=season)  # compiles
    clock, processor = time.perf_counter(), time.process_time()
    state = model.ensemble(sites, draws, spread=SPREAD, season=season)
    return {
        "draws": draws,
        "clock": time.perf_counter() - clock,
        "processor": time.process_time() - processor,
        "settled": float((state["status"] == 0).mean()),
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def elsewhere(what: str, *arguments: object, cache: str | None = None) -> dict[str, float]:
    """The result of a measurement in a process of its own, with a compilation cache of its own if asked."""
    surroundings = os.environ | ({"XDG_CACHE_HOME": cache} if cache else {})
    if cache:
        surroundings.pop("JAX_COMPILATION_CACHE_DIR", None)
    command = [sys.executable, __file__, "--measure", what, *map(str, arguments)]
    done = subprocess.run(command, env=surroundings, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


# ---- the tables ------------------------------------------------------------------------------------------------------


def line(*cells: object, widths: tuple[int, ...]) -> str:
    """Cells in columns, the first to the left."""
    first, *rest = (str(cell) for cell in cells)
    return first.ljust(widths[0]) + "".join(cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))


def print_rates(what: str, by_model: dict[str, dict[str, list[float]]], threads: int) -> None:
    widths = (14, 14, 24, 20, 12, 10)
    print(f"\n{what}: settled cells per second")
    print(line("", "clock, median", "(least to most)", f"{threads} x processor", "target", "reached", widths=widths))
    for name, rates in by_model.items():
        clock, processor = rates["clock"], threads * np.median(rates["processor"])
        target = TARGETS.get(what, {}).get(name)
        reached = "" if target is None else f"{np.median(clock) / target:.0%}"
        span = f"({min(clock):,.0f} to {max(clock):,.0f})"
        wanted = "" if target is None else f"{target:,}"
        print(line(name, f"{np.median(clock):,.0f}", span, f"{processor:,.0f}", wanted, reached, widths=widths))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--sample", type=int, default=200, help="cells given to SciPy and NumPy")
    parser.add_argument("--draws", type=int, default=10_000, help="members of the ensembles under annual means")
    parser.add_argument("--seasonal-draws", type=int, default=1_000, help="members of those under the seasons")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    parser.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        what, name, *rest = options.measure
        measured = {
            "memory": lambda: memory(name, int(rest[0])),
            "compilation": lambda: first_and_second(name),
            "ensemble": lambda: ensemble(name, int(rest[0]), rest[1]),
        }
        print(json.dumps(measured[what]()))
        return

    results: dict[str, dict] = {}
    # before this process grows: until it has started its own program, a new process counts the memory of its parent
    results["memory"] = {n: {c: elsewhere("memory", n, c) for c in MEMORY_CELLS if c <= options.cells} for n in MODELS}
    results["compilation"] = {}
    for name in MODELS:
        with tempfile.TemporaryDirectory() as cache:
            cold, cached = (elsewhere("compilation", name, cache=cache) for _ in range(2))
        results["compilation"][name] = {
            "cold": cold["first"] - cold["second"],
            "cached": cached["first"] - cached["second"],
        }

    results["ensemble"] = {
        name: {
            season: elsewhere("ensemble", name, draws, season)
            for season, draws in (("annual-mean", options.draws), ("seasonal", options.seasonal_draws))
        }
        for name in MODELS
    }

    from soilcue.solve.cells import default_threads

    threads = default_threads()
    load = os.getloadavg()[0]
    print(
        f"{options.cells:,} random cells, {options.repeats} repeats after one to warm up; {threads} threads, "
        f"load {load:.1f}"
    )
    results |= {"annual mean": {}, "value and gradient": {}, "seasonal": {}, "peers": {}}
    for name in MODELS:
        case = Case(name, options.cells)
        results["annual mean"][name] = steady(case, options.repeats)
        results["peers"][name] = peers(case, min(options.sample, options.cells // 20))
        del case
    print_rates("annual mean", results["annual mean"], threads)

    widths = (14, 9, 16, 10, 10, 10, 12, 18)
    print("\none cell at a time, in the same run (ratio: soilcue to it, per processor second)")
    print(line("", "by", "cells/s", "ratio", "agree", "other", "no answer", "median difference", widths=widths))
    for name, found in results["peers"].items():
        own = np.median(results["annual mean"][name]["processor"])
        for label, peer in found.items():
            ratio, apart = f"{own / peer['rate']:,.0f}", f"{peer['median difference']:.0e}"
            counts = (peer["agree"], peer["other"], peer["failed"])
            print(line(name, label, f"{peer['rate']:,.0f}", ratio, *counts, apart, widths=widths))

    for name in MODELS:
        results["value and gradient"][name] = value_and_gradient(name, min(options.cells, 200_000), options.repeats)
    print_rates("value and gradient", results["value and gradient"], threads)
    for name in MODELS:
        results["seasonal"][name] = seasonal(name, options.repeats)
    print_rates("seasonal", results["seasonal"], threads)

    widths = (14, 14, 10, 12, 14, 10, 18, 12)
    print(f"\nensembles at {ENSEMBLE_SITES} sites, every parameter within {SPREAD:.0%} of its value, s")
    heads = ("", "drivers", "draws", "clock", f"processor / {threads}", "settled", "target, clock", "peak, MB")
    print(line(*heads, widths=widths))
    for name, by_season in results["ensemble"].items():
        for season, found in by_season.items():
            spent = (f"{found['clock']:.1f}", f"{found['processor'] / threads:.1f}", f"{found['settled']:.1%}")
            target = f"{ENSEMBLE_TARGET * found['draws'] / 10_000:.1f}"
            print(line(name, season, f"{found['draws']:,}", *spent, target, f"{found['peak']:,.0f}", widths=widths))

    widths = (14, 12, 12, 22, 14)
    print("\npeak memory of a process, MB")
    print(line("", "cells", "peak", "inputs and outputs", "the rest", widths=widths))
    for name, sizes in results["memory"].items():
        for cells, used in sizes.items():
            peak, data = used["peak"], used["inputs and outputs"]
            print(line(name, f"{cells:,}", f"{peak:,.0f}", f"{data:,.0f}", f"{peak - data:,.0f}", widths=widths))

    print("\ncompilation of the steady-state solver, s")
    print(line("", "cold", "from the cache", widths=(14, 10, 18)))
    for name, seconds in results["compilation"].items():
        print(line(name, f"{seconds['cold']:.1f}", f"{seconds['cached']:.1f}", widths=(14, 10, 18)))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
