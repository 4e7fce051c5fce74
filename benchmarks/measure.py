"""Speed of measuring: a sheet of 10,000 samples with 10,000 Monte Carlo draws each, and first order, beside peers.

The whole command is timed too, from a workbook or a CSV file to the page, the workbook and the table of results, start
of the program and imports included.

The peers are what a careful user would write: a loop over samples with NumPy draws, and first-order numbers with errors
(the arithmetic of the package `uncertainties`, in plain Python: value and derivatives by name), one sample at a time.
Both are run on 100 samples and their results compared.
"""

import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from soilcue.measure.measurement import measurement
from soilcue.measure.methods import METHODS
from soilcue.measure.sample_table import SampleTable
from soilcue.measure.samples import read_samples

SAMPLES, DRAWS, FEW = 10_000, 10_000, 100
SHARED = {"oxygen_from_water": 0.6, "oxygen_from_water_sd": 0.06, "dna_oxygen": 31.21, "dna_oxygen_sd": 0.3}
ERRORS = {"oxygen_in_dna": 0.03, "atom_percent_dna": 0.01, "microbial_carbon": 0.05, "dna": 0.05, "respiration": 0.05}


def invented(count: int) -> pd.DataFrame:
    """A sheet with standard deviations of five quantities."""
    random = np.random.default_rng(1)
    method = METHODS["oxygen_label"]
    columns = [c for c in method.columns if c.required and c.used_with(method.chosen({}))]
    table = pd.DataFrame({c.name: np.full(count, c.example) for c in columns})
    for name, error in ERRORS.items():
        table[name] *= random.normal(1, 0.1, count)
        table[f"{name}_sd"] = error * table[name]
    table["sample"], table["treatment"] = np.arange(count), np.arange(count) % 20
    return table


def as_csv(table: pd.DataFrame, path: Path) -> Path:
    method = METHODS["oxygen_label"]
    known = {column.name: "atom %" if column.isotope else column.unit for column in method.columns}
    units = [known.get(name, "") for name in table.columns]
    text = table.to_csv(index=False).split("\n", 1)
    path.write_text("\n".join([text[0], ",".join(units), text[1]]))
    return path


def as_workbook(table: pd.DataFrame, path: Path) -> Path:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    page = book.create_sheet("samples")
    known = {c.name: "atom %" if c.isotope else c.unit for c in METHODS["oxygen_label"].columns}
    page.append(list(table.columns))
    page.append([known.get(name, "") for name in table.columns])
    for row in table.itertuples(index=False, name=None):
        page.append([*row])
    book.save(path)
    return path


def whole_command(sheet: Path) -> tuple[float, float]:
    """Seconds, and seconds of processor time, of `soilcue measure` on a file."""
    settings = [text for name, value in SHARED.items() for text in ("--set", f"{name}={value}")]
    command = [sys.executable, "-m", "soilcue", "measure", str(sheet), "--method", "oxygen_label", *settings]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [*command, "--draws", str(DRAWS), "--folder", str(sheet.parent)], check=True, capture_output=True, text=True
    )
    after, took = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - began
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def looped(table: SampleTable, draws: int) -> np.ndarray:
    """Standard deviation of CUE, sample by sample, with new draws for each."""
    random = np.random.default_rng(2)
    values, spreads = table.samples.values, table.samples.spreads
    common = {name: random.normal(values[name][0], spreads[name][0], draws) for name in spreads if name in table.shared}
    found = []
    for k in range(len(table.sample)):
        drawn = {name: value[k] for name, value in values.items()}
        drawn |= common
        for name in spreads:
            if name not in common:
                drawn[name] = random.normal(values[name][k], spreads[name][k], draws)
        cue = table.computed(drawn)["cue"]
        np.quantile(cue, [0.025, 0.975])
        found.append(np.std(cue, ddof=1))
    return np.array(found)


class Uncertain:
    """A number with its derivatives by name: first-order propagation as the package `uncertainties` does it."""

    def __init__(self, value: float, slopes: dict[str, float]) -> None:
        self.value, self.slopes = value, slopes

    def _with(self, other, value: float, here: float, there: float) -> "Uncertain":
        slopes = {name: here * slope for name, slope in self.slopes.items()}
        for name, slope in getattr(other, "slopes", {}).items():
            slopes[name] = slopes.get(name, 0.0) + there * slope
        return Uncertain(value, slopes)

    def __add__(self, other):
        return self._with(other, self.value + getattr(other, "value", other), 1.0, 1.0)

    def __sub__(self, other):
        return self._with(other, self.value - getattr(other, "value", other), 1.0, -1.0)

    def __rsub__(self, other):
        return Uncertain(other - self.value, {name: -slope for name, slope in self.slopes.items()})

    def __mul__(self, other):
        right = getattr(other, "value", other)
        return self._with(other, self.value * right, right, self.value)

    def __truediv__(self, other):
        right = getattr(other, "value", other)
        return self._with(other, self.value / right, 1 / right, -self.value / right**2)

    __radd__, __rmul__ = __add__, __mul__

    def __rtruediv__(self, other):
        return Uncertain(
            other / self.value, {name: -other / self.value**2 * slope for name, slope in self.slopes.items()}
        )


def one_by_one(table: SampleTable) -> np.ndarray:
    """Standard deviation of CUE to first order, sample by sample, by numbers that carry their derivatives."""
    found = []
    for k in range(len(table.sample)):
        values = {name: float(value[k]) for name, value in table.samples.values.items()}
        spreads = {name: float(spread[k]) for name, spread in table.samples.spreads.items()}
        values |= {name: Uncertain(values[name], {name: 1.0}) for name in spreads}
        slopes = table.computed(values)["cue"].slopes
        found.append(np.sqrt(sum((slope * spreads[name]) ** 2 for name, slope in slopes.items())))
    return np.array(found)


def timed(work):
    began = time.perf_counter()
    result = work()
    return result, time.perf_counter() - began


def main() -> None:
    with TemporaryDirectory() as folder:
        large = as_csv(invented(SAMPLES), Path(folder) / "large.csv")
        small = as_csv(invented(FEW), Path(folder) / "small.csv")
        table, reading = timed(lambda: read_samples(METHODS["oxygen_label"], large, settings=SHARED))
        few = read_samples(METHODS["oxygen_label"], small, settings=SHARED)
        commands = {
            "CSV": whole_command(large),
            "xlsx": whole_command(as_workbook(invented(SAMPLES), Path(folder) / "large.xlsx")),
        }
    order, first = timed(lambda: measurement(table))
    spent = time.process_time()
    drawn, drawing = timed(lambda: measurement(table, draws=DRAWS))
    spent = time.process_time() - spent
    print(f"{SAMPLES:,} samples by 18O into DNA, seven uncertain quantities, two of them shared")
    print(f"  reading and checking the sheet     {reading:7.2f} s")
    print(f"  first order                        {first:7.2f} s")
    print(f"  {DRAWS:,} draws a sample            {drawing:7.2f} s  (processor time {spent:.2f} s)")
    for kind, (took, processor) in commands.items():
        print(f"  the whole command, from {kind:4}       {took:7.2f} s  (processor time {processor:.2f} s)")
    print(f"  all within 10 s on the clock       {'yes' if max(took for took, _ in commands.values()) < 10 else 'NO'}")
    apart = np.abs(drawn.samples["cue_sd"] / order.samples["cue_sd"] - 1).max()
    print(f"  both agree to                      {apart:7.1%}")

    looped_sd, looping = timed(lambda: looped(few, DRAWS))
    plain_sd, plain = timed(lambda: one_by_one(few))
    ours = measurement(few, draws=DRAWS)
    print(f"{FEW} samples, a loop over them")
    ratio = looping / FEW / (drawing / SAMPLES)
    print(f"  draws by a NumPy loop {looping:.2f} s: {ratio:.1f} times ours a sample")
    print(
        f"  first order by numbers with errors {plain:.3f} s: {plain / FEW / (first / SAMPLES):.0f} times ours a sample"
    )
    print(f"  draws agree to {np.abs(looped_sd / ours.samples['cue_sd'] - 1).max():.1%}", end=", ")
    print(f"first order to {np.abs(plain_sd / few_first_order(few) - 1).max():.0e}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def few_first_order(table: SampleTable) -> np.ndarray:
    return measurement(table).samples["cue_sd"].to_numpy()


if __name__ == "__main__":
    main()
