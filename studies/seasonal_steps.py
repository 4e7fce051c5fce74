"""What the number of implicit steps a month, and averaging the drivers over the year, do to the seasonal state.

Run `make study`, or `python studies/seasonal_steps.py`; it writes seasonal_steps.md beside this file. The embedded
grid, every model of the atlas. Implicit Euler is of first order, so that 2 x (state of 2n steps) - (state of n
steps) is what infinitely many steps would give, but for an error of second order: that is what the others are
measured against.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import xarray as xr

import soilcue as sc
from soilcue.atlas.run import MODELS

QUANTITIES = {"soil_carbon": "total carbon", "diagnosed_cue": "diagnosed CUE (rule uptake)"}


def state(model: sc.SoilModel, drivers: xr.Dataset, **how) -> xr.Dataset:
    """Total carbon and diagnosed CUE; NaN where no state is settled."""
    solved = model.steady_state(drivers, eigenvalues=False, **how)
    return xr.Dataset(
        {
            "soil_carbon": solved["soil_carbon"],
            "diagnosed_cue": sc.cue(solved)["diagnosed_cue"].sel(rule="uptake", drop=True),
        }
    )


def errors(model: sc.SoilModel, drivers: xr.Dataset, steps: tuple[int, ...], finest: int) -> dict[str, xr.Dataset]:
    """Relative errors of total carbon and absolute ones of CUE, for each number of steps and for annual means."""
    coarse, fine = (state(model, drivers, steps_per_month=n) for n in (finest // 2, finest))
    limit = 2 * fine - coarse
    tried = {f"{n} a month": state(model, drivers, steps_per_month=n) for n in steps if n < finest // 2}
    tried |= {f"{finest // 2} a month": coarse, "annual means": state(model, drivers, season="annual-mean")}
    return {
        label: xr.Dataset(
            {
                "soil_carbon": found["soil_carbon"] / limit["soil_carbon"] - 1,
                "diagnosed_cue": found["diagnosed_cue"] - limit["diagnosed_cue"],
            }
        )
        for label, found in tried.items()
    }


def rows(name: str, found: dict[str, xr.Dataset]) -> list[list[str]]:
    """Lines of the table: median error, and the 50th and 99th percentile of its size."""
    lines = []
    for label, error in found.items():
        line = [name, label]
        for quantity in QUANTITIES:
            values = error[quantity].values
            values = values[np.isfinite(values)]
            median, high = np.median(np.abs(values)), np.percentile(np.abs(values), 99)
            scale, unit = (100, " %") if quantity == "soil_carbon" else (1, "")
            line += [
                f"{scale * np.median(values):+.2g}{unit}",
                f"{scale * median:.2g}{unit}",
                f"{scale * high:.2g}{unit}",
            ]
        lines.append([*line, f"{len(values):,}"])
    return lines


def page(lines: list[list[str]], finest: int) -> str:
    """The results as Markdown."""
    head = ["model", "steps"]
    for text in QUANTITIES.values():
        head += [f"{text}: median", "median size", "99th percentile of size"]
    head.append("cells")
    table = [head, ["---", "---", *["---:"] * (len(head) - 2)], *lines]
    text = "\n".join("| " + " | ".join(line) + " |" for line in table)
    return f"""# Steps a month, and annual means

Written by `studies/seasonal_steps.py` (`make study`). Seasonal steady states of the embedded grid under monthly
drivers; errors of total carbon (relative) and of diagnosed CUE (absolute) against the limit of infinitely many implicit
steps, extrapolated from {finest // 2} and {finest} steps a month. "Annual means" is the steady state under drivers
averaged over the year first. Only cells settled in every case. `steady_state` takes 2 steps a month unless told
otherwise.

{text}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few cells and steps, one model; no file")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".md"))
    options = parser.parse_args()
    drivers, names, steps, finest = sc.drivers(), MODELS, (1, 2, 4, 8), 16
    if options.quick:
        drivers = drivers.isel(lat=slice(None, None, 8), lon=slice(None, None, 8))
        names, steps, finest = ("millennial",), (1, 2), 4
    lines: list[list[str]] = []
    for name in names:
        lines += rows(name, errors(sc.model(name), drivers, steps, finest))
        print(f"{name}: done", flush=True)
    text = page(lines, finest)
    if options.quick:
        print(text)
    else:
        options.output.write_text(text)
        print(f"written: {options.output}")


if __name__ == "__main__":
    main()
