"""What becomes of a million random cells in the models of the atlas, and whether it is true.

Run `make study`, or `python studies/random_cells.py`; it writes random_cells.md beside this file. Every cell must be
settled (small residual and stable) or carry the true reason why not. The solver's word is checked by other means:

- eigenvalues by LAPACK, where the solver uses the criterion of Routh and Hurwitz;
- integration in time by SciPy, from stocks that are set off from the answer;
- the published limits of each model, written down again in plain NumPy;
- Newton's method from random starts, to see whether there is another answer.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from plausible_range import RANGES, drivers_of, random_cells
from scipy.integrate import solve_ivp

import soilcue as sc
from soilcue.core.network import Network
from soilcue.solve.cells import ACCEPTED, CellStates, Status, largest_eigenvalue, solve_cells
from soilcue.solve.steady import first_guess, gains_and_losses, newton

SEED = 20240
SETS = [
    ("century", "orchidee-cnp"),
    ("mimics", "wieder2015"),
    ("millennial", "fit"),
    ("mimics", "sandbox2015"),
    ("millennial", "default"),
]
"""The models of the atlas, with the sets they are best known by."""
Cells = dict[str, np.ndarray]

PUBLISHED_LIMITS: dict[tuple[str, str], Callable[[Cells], np.ndarray]] = {
    # the lines are the models' own: CUE of Millennial falls with temperature (Abramoff et al. 2022, equation 21)
    ("millennial", "fit"): lambda c: (c["moisture"] >= c["porosity"]) | (0.19 - 0.012 * (c["temperature"] - 15) <= 0),
    ("millennial", "default"): lambda c: (
        (c["moisture"] >= c["porosity"])
        | (0.6 - 0.012 * (c["temperature"] - 15) <= 0)
        | (0.6 - 0.012 * (c["temperature"] - 15) >= 1)
    ),
    ("century", "orchidee-cnp"): lambda c: c["moisture"] > c["porosity"],
}
"""Cells without an answer in the published model; none elsewhere in this range."""


@dataclass(frozen=True)
class Size:
    """How many cells are solved, and how many of them each check takes."""

    cells: int
    eigenvalues: int
    long_runs: int
    flagged_runs: int
    random_starts: int


FULL = Size(1_000_000, 20_000, 200, 20, 2_000)
QUICK = Size(3_000, 500, 4, 2, 100)


# ---- other means ----------------------------------------------------------------------------------------------------


class LongRun:
    """One cell of a model in time, in the logarithms of its stocks: a population may dwindle without a floor."""

    def __init__(self, network: Network) -> None:
        def change(z, drivers):
            one = {name: value[None] for name, value in drivers.items()}
            # below this a stock matters to nothing, and its own rate of change no longer depends on it
            stocks = jnp.exp(jnp.maximum(z, -300.0))
            gain, loss = map(jnp.stack, gains_and_losses(network, stocks[:, None], network.environment(one)))
            return (gain - loss)[:, 0] / stocks

        self._change, self._slope = jax.jit(change), jax.jit(jax.jacfwd(change))

    def path(self, start: np.ndarray, drivers: Cells, times: np.ndarray, tolerance: float = 1e-9) -> np.ndarray:
        """Log stocks at the given times of the model's unit, shape (pools, times), by LSODA."""
        solved = solve_ivp(
            lambda t, z: np.asarray(self._change(z, drivers)),
            (0.0, times[-1]),
            start,
            method="LSODA",
            t_eval=times,
            jac=lambda t, z: np.asarray(self._slope(z, drivers)),
            rtol=tolerance,
            atol=tolerance,
        )
        if not solved.success:
            raise RuntimeError(f"the integration stopped: {solved.message}")
        return solved.y


@eqx.filter_jit
def _newton(network, drivers, start, present):
    return newton(network, drivers, 200, 0.3, present, None if start is None else (True, jnp.exp(start)))


def state_without(network: Network, drivers: Cells, absent: tuple[int, ...] = ()) -> np.ndarray:
    """The state the solver would have flagged, stable or not: stocks (pools, cells)."""
    present = np.array([i not in absent for i in range(len(network.pools))])
    return np.asarray(_newton(network, drivers, None, present).stocks)


def at(drivers: Cells, index) -> Cells:
    """Drivers of some of the cells."""
    return {name: np.asarray(values[index]) for name, values in drivers.items()}


# ---- the checks -----------------------------------------------------------------------------------------------------


def settled_checks(network: Network, drivers: Cells, states: CellStates, size: Size, random) -> dict[str, float]:
    """Stability by eigenvalues, and long runs of settled cells."""
    settled = np.flatnonzero(states.status == Status.SETTLED)
    some = random.permutation(settled)[: size.eigenvalues]
    largest = largest_eigenvalue(network, at(drivers, some), states.stocks[:, some])
    result = {"eigenvalues checked": len(some), "of them not stable": int((largest >= 0).sum())}
    run, apart = LongRun(network), []
    for cell, slowest in zip(some[: size.long_runs], largest, strict=False):
        steady = np.log(states.stocks[:, cell])
        start = steady + random.uniform(-1, 1, len(steady)) * np.log(3.0)
        end = run.path(start, at(drivers, cell), np.array([0.0, 40.0 / -slowest]))[:, -1]
        apart.append(np.max(np.abs(np.expm1(end - steady))))
    return result | {
        "long runs": len(apart),
        "median difference": float(np.median(apart)),
        "largest difference": float(np.max(apart)),
    }


def other_answers(network: Network, drivers: Cells, states: CellStates, size: Size, random) -> dict[str, int]:
    """Newton's method from twelve random starts in settled cells, and in cells flagged unstable or extinct."""
    counts = {}
    for label, kinds in (("settled", (Status.SETTLED,)), ("flagged", (Status.UNSTABLE, Status.EXTINCT))):
        cells = np.flatnonzero(np.isin(states.status, kinds))[: size.random_starts]
        other = np.zeros(len(cells), bool)
        if len(cells):
            # always the same number of cells, so that one program is compiled
            padded = np.resize(cells, size.random_starts)
            here = at(drivers, padded)
            guess = np.asarray(first_guess(network, network.environment(here), len(padded)))
            for _ in range(12):
                start = guess + random.normal(0.0, 3.0, guess.shape)
                found = _newton(network, here, start, np.ones(len(network.pools), bool))
                good = np.asarray((found.residual <= ACCEPTED) & found.stable)[: len(cells)]
                apart = np.abs(np.asarray(found.stocks)[:, : len(cells)] / states.stocks[:, cells] - 1).max(axis=0)
                # flagged cells have no stocks of their own: any stable answer is another one
                other |= good & ~(apart < 1e-6)
        counts[f"{label} cells tried from random starts"] = len(cells)
        counts[f"{label} cells with another stable answer"] = int(other.sum())
    return counts


def unstable_checks(network: Network, drivers: Cells, states: CellStates, size: Size, random) -> dict[str, int]:
    """Every unstable state by eigenvalues; some by long runs, which must still move at the end."""
    cells = np.flatnonzero((states.status == Status.UNSTABLE) & (states.missing == 0))
    if not len(cells):
        return {}
    here = at(drivers, cells)
    stocks = state_without(network, here)
    largest = largest_eigenvalue(network, here, stocks)
    run, moving = LongRun(network), 0
    some = random.permutation(len(cells))[: size.flagged_runs]
    for k in some:
        start = np.log(stocks[:, k]) + random.uniform(-0.01, 0.01, len(stocks))
        # before the last fifth of this time a disturbance has grown by e^12, or to where the model bounds it
        times = np.linspace(0.0, 15.0 / largest[k], 501)
        late = run.path(start, at(here, k), times, 1e-6)[:, 400:]
        moving += bool(np.ptp(late, axis=1).max() > 0.01)
    return {
        "unstable": len(cells),
        "unstable by eigenvalues": int((largest > 0).sum()),
        "unstable cells run": len(some),
        "still moving": moving,
    }


def extinct_checks(network: Network, drivers: Cells, states: CellStates, size: Size, random) -> dict[str, int]:
    """Every state without a population by eigenvalues (one is the growth rate of invaders); some by long runs."""
    living = [i for i, pool in enumerate(network.pools) if pool.kind == "living"]
    counts = {"extinct": 0, "stable against invasion by eigenvalues": 0, "extinct cells run": 0, "died out again": 0}
    run = LongRun(network)
    for bits in np.unique(states.missing[states.status == Status.EXTINCT]):
        absent = tuple(i for k, i in enumerate(living) if bits >> k & 1)
        cells = np.flatnonzero((states.status == Status.EXTINCT) & (states.missing == bits))
        here = at(drivers, cells)
        stocks = state_without(network, here, absent)
        largest = largest_eigenvalue(network, here, stocks)
        counts["extinct"] += len(cells)
        counts["stable against invasion by eigenvalues"] += int((largest < 0).sum())
        stay = [i for i in range(len(stocks)) if i not in absent]
        for k in random.permutation(len(cells))[: size.flagged_runs]:
            start = np.log(stocks[:, k]) + random.uniform(-0.1, 0.1, len(stocks))
            # put back as one part in a thousand of the other microbes, or of what they feed on
            others = [i for i in living if i not in absent] or stay
            start[list(absent)] = np.log(1e-3 * stocks[others, k].sum())
            end = run.path(start, at(here, k), np.array([0.0, 60.0 / -largest[k]]))[:, -1]
            dwindled = (end[list(absent)] < start[list(absent)] - 10).all()
            at_rest = np.abs(np.expm1(end[stay] - np.log(stocks[stay, k]))).max() < 1e-5
            counts["extinct cells run"] += 1
            counts["died out again"] += bool(dwindled and at_rest)
    return counts if counts["extinct"] else {}


def study_set(name: str, published: str, size: Size) -> dict[str, object]:
    """All counts and checks of one model and parameter set."""
    model = sc.model(name, published)
    network = model.network
    cells = random_cells(size.cells, SEED)
    drivers, random = drivers_of(model, cells), np.random.default_rng(SEED + 1)
    no_fluxes = np.zeros((0, len(model.structure.fluxes)))
    states = solve_cells(network, drivers, no_fluxes, seasonal=False)
    counts = {status.name.lower(): int((states.status == status).sum()) for status in Status}
    infeasible = states.status == Status.INFEASIBLE
    expected = PUBLISHED_LIMITS.get((name, published), lambda c: np.zeros(size.cells, bool))(cells)
    result: dict[str, object] = {
        "set": f"{name} / {published}",
        "counts": counts,
        "reasons": {
            text: int(row[infeasible].sum())
            for text, row in zip(states.limits, states.reasons, strict=True)
            if row[infeasible].any()
        },
        "missing": {
            "+".join(living_names(network, int(bits))): int((states.missing == bits).sum())
            for bits in np.unique(states.missing[states.status == Status.EXTINCT])
        },
        "flagged infeasible otherwise than published": int((infeasible != expected).sum()),
        "largest residual": float(np.max(states.residual[states.status == Status.SETTLED])),
        "most steps": int(np.max(states.steps[states.status == Status.SETTLED])),
    }
    result |= settled_checks(network, drivers, states, size, random)
    if not network.linear:
        result |= other_answers(network, drivers, states, size, random)
    return (
        result
        | unstable_checks(network, drivers, states, size, random)
        | extinct_checks(network, drivers, states, size, random)
    )


def living_names(network: Network, bits: int) -> list[str]:
    """Names of the populations that a mask means."""
    living = [pool.name for pool in network.pools if pool.kind == "living"]
    return [name for k, name in enumerate(living) if bits >> k & 1]


# ---- the page -------------------------------------------------------------------------------------------------------

STATUSES = ("settled", "infeasible", "extinct", "unstable", "unconverged")
CHECKS = (
    "largest residual",
    "most steps",
    "flagged infeasible otherwise than published",
    "eigenvalues checked",
    "of them not stable",
    "long runs",
    "median difference",
    "largest difference",
    "settled cells tried from random starts",
    "settled cells with another stable answer",
    "flagged cells tried from random starts",
    "flagged cells with another stable answer",
    "unstable",
    "unstable by eigenvalues",
    "unstable cells run",
    "still moving",
    "extinct",
    "stable against invasion by eigenvalues",
    "extinct cells run",
    "died out again",
)


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table, numbers to the right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *rows])


def number(value: object) -> str:
    """A count or a small number, as text."""
    if value is None:
        return ""
    return f"{value:.1e}" if isinstance(value, float) else f"{value:,}"


def page(results: list[dict], size: Size) -> str:
    """The results as Markdown."""
    ranges = [[name, f"{low:g}", f"{high:g}", unit] for name, (low, high, unit) in RANGES.items()]
    reasons = [
        [str(r["set"]), text, number(count)]
        for r in results
        for text, count in [*r["reasons"].items(), *((f"extinct: {k}", v) for k, v in r["missing"].items())]
    ]
    names = [str(r["set"]) for r in results]
    return f"""# {size.cells:,} random cells in the models of the atlas

Written by `studies/random_cells.py` (`make study`). Steady states under constant drivers. The drivers are drawn on
their own from a range wider than any soil (carbon input evenly in its logarithm; clay and silt at least the clay), so
many of the combinations exist nowhere: the shares below say nothing about the world.

{table(["driver", "lowest", "highest", "unit"], ranges)}

## What became of the cells

{table(["model / set", *STATUSES], [[str(r["set"]), *(number(r["counts"][s]) for s in STATUSES)] for r in results])}

Reasons of flagged cells (a cell may cross two limits):

{table(["model / set", "reason", "cells"], reasons)}

## Whether it is true

Residual: |log gain - log loss| of the worst pool. Eigenvalues: of the Jacobian, by LAPACK. Long runs: LSODA in the
logarithms of the stocks (rtol 1e-9), from stocks set off by factors of up to three, over 40 times the time of the
slowest disturbance; the difference is that of the worst pool, relative. Random starts: twelve for each cell, log stocks
set off from the first guess by a normal deviate of 3. An unstable state is left to itself, set off by up to 1 %, for 15
times its growth time; "still moving" means that a stock varies by more than 1 % within the last fifth. A population
that died out is put back at a thousandth of the other microbes; "died out again" means that it dwindles, by more than
e^10, and that the other pools return to where the solver says within 1e-5.

{table(["check", *names], [[check, *(number(r.get(check)) for r in results)] for check in CHECKS])}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few thousand cells of each model's first set; no file")
    parser.add_argument("--only", metavar="MODEL/SET", action="append", help="one set (repeat for several); no file")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".md"))
    options = parser.parse_args()
    size = QUICK if options.quick else FULL
    sets = SETS
    if options.quick:
        sets = [pair for i, pair in enumerate(sets) if pair[0] not in [name for name, _ in sets[:i]]]
    if options.only:
        sets = [pair for pair in SETS if "/".join(pair) in options.only]
    results = []
    for name, published in sets:
        began = time.perf_counter()
        results.append(study_set(name, published, size))
        print(f"{name} / {published}: {time.perf_counter() - began:.0f} s", flush=True)
        if not (options.quick or options.only):  # after every set, so that a study that is stopped is not lost
            options.output.write_text(page(results, size))
    if options.quick or options.only:
        print(page(results, size))
    else:
        print(f"written: {options.output}")


if __name__ == "__main__":
    main()
