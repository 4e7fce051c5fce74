"""Where microbes cannot live: maps of what becomes of a soil over CUE and temperature, for each model.

The temperate soil of the tests with a carbon input of 300 gC m-2 yr-1, every CUE of a model multiplied by one factor.
Makes `studies/extinct_microbes.md`. A minute or two once the models are compiled.
"""

from pathlib import Path

import numpy as np
import xarray as xr

import soilcue as sc

FACTORS = np.round(np.geomspace(0.05, 1.6, 16), 3)
TEMPERATURES = np.arange(-4, 41, 2)
SIGNS = {0: ".", 2: "/", 3: "x", 4: "~", 5: "?"}
SOIL = {
    "moisture": (0.25, "m3 m-3"),
    "porosity": (0.45, "m3 m-3"),
    "clay": (0.2, "1"),
    "clay_silt": (0.5, "1"),
    "pH": (6.0, "1"),
    "bulk_density": (1200.0, "kg m-3"),
    "metabolic_fraction": (0.4, "1"),
    "above_ground_fraction": (0.5, "1"),
    "carbon_input": (300.0, "gC m-2 yr-1"),
}
CUE = {
    "mimics": ("cue_metabolic", "cue_structural"),
    "millennial": ("cue_reference",),
    "awb": ("cue_intercept",),
    "mend": ("cue",),
    "corpse": ("cue",),
    "somic": ("cue_reference",),
}
"""The parameters that hold each model's CUE."""


def statuses(name: str) -> np.ndarray:
    """What becomes of the soil, shape (factors, temperatures); -1 where a factor takes a CUE out of (0, 1)."""
    drivers = xr.Dataset({driver: ((), value, {"units": unit}) for driver, (value, unit) in SOIL.items()})
    drivers["temperature"] = ("site", TEMPERATURES.astype(float), {"units": "degC"})
    published = sc.model(name).network.parameters
    rows = []
    for factor in FACTORS:
        changed = {parameter: np.asarray(published[parameter]) * factor for parameter in CUE[name]}
        if any((values <= 0.01).any() or (values >= 0.99).any() for values in map(np.atleast_1d, changed.values())):
            rows.append(np.full(len(TEMPERATURES), -1))
            continue
        state = sc.model(name, changed).steady_state(drivers, eigenvalues=False)
        rows.append(np.broadcast_to(state["status"].values, len(TEMPERATURES)))
    return np.stack(rows)


def page(maps: dict[str, np.ndarray]) -> str:
    """The maps as text."""
    lines = [
        "# Where microbes cannot live",
        "",
        "Made by `studies/extinct_microbes.py`: one soil, colder to warmer from left to right "
        f"({TEMPERATURES[0]} to {TEMPERATURES[-1]} degC), every CUE of the model times the factor on the left.",
        "",
        "`.` settled, `x` a population dies out and could not come back, `/` no answer in the published functions "
        "(or carbon would pile up without end), `~` the only state found is unstable, `?` none found, blank: a CUE "
        "beyond 0.01 to 0.99, the bounds of the parameters.",
    ]
    for name, found in maps.items():
        counts = {sign: int((found == status).sum()) for status, sign in SIGNS.items()}
        lines += ["", f"## {name}", "", "```text"]
        lines += [
            f"{factor:6.3f} {''.join(SIGNS.get(int(s), ' ') for s in row)}"
            for factor, row in zip(FACTORS, found, strict=True)
        ]
        lines += ["```", "", ", ".join(f"`{sign}` {count}" for sign, count in counts.items())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    found = {}
    for name in CUE:
        found[name] = statuses(name)
        print(name, np.unique(found[name], return_counts=True), flush=True)
    Path(__file__).with_suffix(".md").write_text(page(found))
