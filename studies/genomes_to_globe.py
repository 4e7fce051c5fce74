"""From genomes to the globe: what CUE by genomes, and its spread over genomes, does to a soil model's map.

Writes genomes_to_globe.md beside this file. The chain: metabolic models -> CUE by class of substrate (embedded, made by
tools/make_cue_by_substrate_class.py) -> the scheme genomes-panel -> MIMICS on the embedded grid, annual-mean drivers.
Nothing is drawn by chance. Run: python studies/genomes_to_globe.py (about a minute).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

import soilcue as sc

MODELS = ("mimics", "millennial")
SCHEMES = (None, "genomes-panel:low", "genomes-panel", "genomes-panel:high", "genomes-panel-maintained")


def weighted(values: xr.DataArray, area: xr.DataArray) -> float:
    known = np.isfinite(values)
    return float((values.where(known) * area.where(known)).sum() / area.where(known).sum())


def main() -> None:
    drivers = sc.drivers("global")
    area = drivers["land_area"]
    lines = [
        "# From genomes to the globe",
        "",
        "CUE of genomes in soil models on the embedded grid (annual-mean drivers); made by genomes_to_globe.py.",
        "CUE and carbon are means over the land where the model settles, weighted by area; the last column is how much",
        "more carbon a cell holds one standard deviation over genomes above the mean than one below, on average.",
        "",
        "| model | CUE by | diagnosed CUE | soil carbon, kg m-2 | cells settled | low to high, % of carbon |",
        "|---|---|---|---|---|---|",
    ]
    for name in MODELS:
        states = {}
        for scheme in SCHEMES:
            model = sc.model(name, cue=scheme)
            states[scheme] = model.steady_state(drivers, season="annual-mean", eigenvalues=False)
        low, high = (states[f"genomes-panel:{side}"]["soil_carbon"] for side in ("low", "high"))
        middle = states["genomes-panel"]["soil_carbon"]
        share = weighted(100 * (high - low) / middle, area)
        for scheme, state in states.items():
            cue = sc.cue(state)["diagnosed_cue"].sel(rule="uptake")
            spread = f"{share:+.0f}" if scheme == "genomes-panel" else ""
            carbon, settled = weighted(state["soil_carbon"], area) / 1000, int((state["status"] == 0).sum())
            numbers = f"{weighted(cue, area):.3f} | {carbon:.2f} | {settled:,} | {spread}"
            lines.append(f"| {name} | {scheme or 'the model (published)'} | {numbers} |")
    text = "\n".join(lines) + "\n"
    Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
