"""The page of CUE of genomes carried to soils: maps of CUE and carbon, and of what the spread over genomes does."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from soilcue import __version__
from soilcue.data import coastlines
from soilcue.genomes.globe import PUBLISHED
from soilcue.report import maps
from soilcue.report.atlas_figures import model_name
from soilcue.report.page import Cell, Figure, Table, Trace, write_page
from soilcue.schemes.genomes_panel import substrates_of_pools

LEAST_SPAN = 0.05
"""CUE that the colours of a map span at the least."""


def genomes_globe_page(found: xr.Dataset, path: str | os.PathLike[str]) -> Path:
    """Write the page: one HTML file that needs no network.

    Parameters
    ----------
    found : xr.Dataset
        Result of `soilcue.genomes.globe.to_globe`, on a grid (lat, lon).
    path : path
        The HTML file to write.

    Returns
    -------
    pathlib.Path
    """
    names = [str(name) for name in found["model"].values]
    rows = maps.shown_rows(found["lat"].values, found["soil_carbon"].notnull().any(["model", "cue"]).values)
    cut = found.isel(lat=rows)
    coasts = maps.coastline_trace(coastlines())
    figures = {
        "cue_maps": [_map(cut, name, "cue", coasts) for name in names],
        "carbon_maps": [_map(cut, name, "carbon", coasts) for name in names],
        "spread_maps": [_map(cut, name, "spread", coasts) for name in names],
    }
    own = found.attrs["classes_of_this_panel"]
    package = found.attrs["classes_of_the_package"]
    return write_page(
        "genomes_globe.html.j2",
        path,
        [figure for group in figures.values() for figure in group],
        {name: [figure.name for figure in group] for name, group in figures.items()}
        | {
            "title": "From genomes to the globe",
            "lead": "Metabolic models of genomes give CUE by class of substrate; a map says what the pools of a soil "
            "model consist of; the mixture takes the place of the model's CUE. Annual-mean steady states.",
            "findings": [_finding(found, name) for name in names],
            "table_of_means": _table(found, names),
            "own": own,
            "package": package,
            "pools": _pool_table(),
            "assumptions": found.attrs["assumptions"],
            "version": __version__,
            "references": found.attrs["references"].splitlines(),
        },
    )


def mean_over_land(values: xr.DataArray, found: xr.Dataset) -> float:
    """Mean over land where there is a value, weighted by area."""
    area = found["land_area"] if "land_area" in found else xr.ones_like(values)
    return float(values.weighted(area.fillna(0.0)).mean())


def carbon_spread(found: xr.Dataset, name: str) -> xr.DataArray:
    """Carbon at genomes high less that at low, % of that at their mean, where all three are settled."""
    carbon = found["soil_carbon"].sel(model=name)
    return 100 * (carbon.sel(cue="high") - carbon.sel(cue="low")) / carbon.sel(cue="mean")


def _finding(found: xr.Dataset, name: str) -> str:
    carbon = found["soil_carbon"].sel(model=name)
    spread = carbon_spread(found, name)
    known = spread.values[np.isfinite(spread.values)]
    if not known.size:
        return f"{model_name(name)}: no cell is settled under all three."
    rises = float((known > 0).mean())
    both = carbon.sel(cue=["mean", PUBLISHED]).notnull().all("cue")
    change = 100 * (carbon.sel(cue="mean") / carbon.sel(cue=PUBLISHED) - 1)
    return (
        f"{model_name(name)}: with the CUE of genomes soils hold {mean_over_land(change.where(both), found):+.0f} % of "
        f"carbon against the model's own CUE. From one standard deviation over genomes below to one above, carbon "
        f"changes by {mean_over_land(spread, found):+.1f} % on average, between {known.min():+.0f} and "
        f"{known.max():+.0f} %; it rises with CUE in {rises:.0%} of the cells."
    )


def _table(found: xr.Dataset, names: Sequence[str]) -> Table:
    rows: list[tuple[str, Sequence[Cell]]] = []
    for name in names:
        rows.append((model_name(name), []))
        for cue in found["cue"].values:
            here = found.sel(model=name, cue=cue)
            settled = int((here["status"] == 0).sum())
            others = int((here["status"] > 1).sum())
            rows.append(
                (
                    "the model's own CUE" if cue == PUBLISHED else f"genomes, {cue}",
                    [
                        Cell(f"{mean_over_land(here['diagnosed_cue'], found):.3f}"),
                        Cell(f"{mean_over_land(here['soil_carbon'], found) / 1000:.2f}"),
                        Cell(f"{settled:,}", f"{others:,} flagged" if others else ""),
                    ],
                )
            )
    header = [("", 1), ("diagnosed CUE", 1), ("soil carbon, kg m⁻²", 1), ("cells settled", 1)]
    return Table("Means over land, weighted by area", [header], rows)


def _pool_table() -> Table:
    alike: dict[str, list[str]] = {}
    for pool, shares in substrates_of_pools().items():
        alike.setdefault(", ".join(f"{name} {share:.0%}" for name, share in shares.items()), []).append(pool)
    rows = [(", ".join(pools).replace("_", " "), [Cell(shares, prose=True)]) for shares, pools in alike.items()]
    return Table(
        "What pools are taken to consist of (assumed): shares of carbon", [[("pools", 1), ("classes", 1)]], rows
    )


def _map(found: xr.Dataset, name: str, what: str, coasts: Trace) -> Figure:
    here = found.sel(model=name)
    if what == "cue":
        values, form, words = (
            here["diagnosed_cue"].sel(cue="mean"),
            "CUE %{z:.3f}",
            "diagnosed CUE at the mean of genomes",
        )
    elif what == "carbon":
        values, form = here["soil_carbon"].sel(cue="mean") / 1000, "%{z:.1f} kg m⁻²"
        words = "soil carbon at the mean of genomes"
    else:
        values, form = carbon_spread(found, name), "%{z:+.1f} %"
        words = "carbon from one standard deviation over genomes below to one above, percent of that at the mean"
    known = values.values[np.isfinite(values.values)]
    low, high = np.quantile(known, (0.02, 0.98)) if known.size else (0.0, 1.0)
    if what == "spread":
        high = max(abs(low), abs(high), 1e-6)
        low = -high
    elif what == "cue" and high - low < LEAST_SPAN:  # a map without differences shall look like one
        low, high = (low + high - LEAST_SPAN) / 2, (low + high + LEAST_SPAN) / 2
    colours = {
        "colorscale": maps.DIFFERENCES if what == "spread" else "Viridis",
        "reversescale": what == "spread",
        "cmin": float(low),
        "cmax": float(max(high, low + 1e-6)),
    }
    traces = [
        maps.plain_cells(
            found["lon"].values,
            found["lat"].values,
            (here["status"] > 1).any("cue").values,
            maps.FLAGGED,
            "not settled",
        ),
        maps.cells(
            found["lon"].values,
            found["lat"].values,
            values.values,
            np.isfinite(values.values),
            coloraxis="coloraxis",
            hovertemplate=f"{form}<br>%{{y:.2f}}°, %{{x:.2f}}°<extra></extra>",
        ),
        coasts,
    ]
    slug = "".join(letter if letter.isalnum() else "-" for letter in name)
    return Figure(
        f"{what}-{slug}",
        model_name(name),
        f"World map of {words}, {model_name(name)}.",
        traces,
        maps.map_layout(found["lat"].values, colours),
    )
