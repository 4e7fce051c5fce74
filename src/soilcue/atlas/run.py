"""The atlas: several soil models brought to their seasonal steady state in every cell of a grid, and compared."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

import soilcue
from soilcue.atlas.grid import atlas_grid
from soilcue.atlas.summary import flags
from soilcue.core.block_store import NOTHING_STORED, BlockStore
from soilcue.core.budget import RULES
from soilcue.core.errors import InputError
from soilcue.core.files import write_netcdf
from soilcue.core.provenance import versions
from soilcue.core.references import REFERENCES, bibliography
from soilcue.core.variables import OUTPUTS, find_driver, place_of, read_driver
from soilcue.data import profile_stocks
from soilcue.diagnosis import cue
from soilcue.long_jobs import CELLS, Cut, job_checksum, joined_blocks
from soilcue.soil_model import EXTRAPOLATED, SoilModel, mean_of_year, model
from soilcue.solve.cells import ACCEPTED

MODELS = ("century", "mimics", "millennial")
"""Models of the atlas unless others are asked for."""

SHOWN_DRIVERS = (
    "temperature",
    "moisture",
    "carbon_input",
    "clay",
    "clay_silt",
    "porosity",
    "pH",
    "bulk_density",
    "lignin_to_nitrogen",
    "litter_lignin",
    "above_ground_fraction",
)
OUTSIDE_SCOPE = {
    1: ("permafrost", "mean annual soil temperature below 0 degC"),
    2: ("wetland", "biome permanent wetlands"),
    4: ("managed", "biome croplands, cropland mosaic or urban"),
}
_WETLAND, _MANAGED = ("wetland",), ("cropland", "urban")


def build_atlas(
    drivers: xr.Dataset,
    models: Sequence[SoilModel] | None = None,
    *,
    season: str = "auto",
    progress: Callable[[str, int, int], None] | None = None,
    store: BlockStore = NOTHING_STORED,
    block: int = CELLS,
) -> xr.Dataset:
    """Run models over a grid of drivers and put their CUE, carbon and status side by side.

    Parameters
    ----------
    drivers : xr.Dataset
        What the models need on a regular grid; ``biome``, ``land_area`` and ``vegetated_area`` where known
        (`soilcue.atlas.grid.atlas_grid` says what is taken).
    models : sequence of SoilModel, optional
        CENTURY, MIMICS and Millennial with their default sets by default.
    season : str
        As `SoilModel.steady_state`.
    progress : callable, optional
        Told the model's name, how many cells it finished since it was last told (none when it begins), and how many
        there are.
    store : BlockStore, optional
        Where finished blocks of cells are kept, and taken from after a stop.
    block : int
        Cells of a block.

    Returns
    -------
    xr.Dataset
        Dimensions model, rule, lat, lon; CF attributes. Values are NaN where a cell is not settled, and ``status``
        says why.

    Raises
    ------
    InputError
        Before any work: for drivers that a model cannot use or that are not on such a grid, and for a model named
        twice.
    """
    chosen = list(models) if models is not None else [model(name) for name in MODELS]
    names = [one.network.name for one in chosen]
    repeated = [name for name in names if names.count(name) > 1]
    if repeated:
        raise InputError(
            f"the model {repeated[0]!r} is asked for twice; an atlas shows a model once. To compare parameter sets or "
            "schemes, make an atlas of each in a folder of its own."
        )
    drivers = atlas_grid(drivers)
    totals = [_cells_to_solve(one, drivers, season) for one in chosen]
    parts = []
    for one, name, total in zip(chosen, names, totals, strict=True):
        told = (lambda cells, name=name, total=total: progress(name, cells, total)) if progress else None
        if told:
            told(0)

        def columns(cut: Cut, one: SoilModel = one, told: Callable[[int], None] | None = told) -> xr.Dataset:
            return _columns(one.steady_state(cut(drivers), season=season, progress=told))

        job = job_checksum(store, one, "atlas", drivers, season)
        found = joined_blocks(store, job, drivers, block, columns, told, alone=False)
        parts.append(found.expand_dims(model=[name]))
    atlas = xr.concat(
        [part.drop_vars("beyond_evidence", errors="ignore") for part in parts],
        dim="model",
        join="exact",
        combine_attrs="override",
        coords="minimal",
        compat="equals",
    )
    atlas = _with_texts(atlas, chosen, parts)
    atlas = _with_drivers(atlas, drivers)
    atlas["reference_depth"] = ("model", [m.network.depth for m in chosen])
    atlas["reference_depth"].attrs = OUTPUTS["reference_depth"].attributes()
    assumed = [
        f"{name}: {drivers[name].attrs['assumed']}" for name in drivers.data_vars if "assumed" in drivers[name].attrs
    ]
    extrapolated = [line for part in parts for line in part.attrs["assumptions"].splitlines() if EXTRAPOLATED in line]
    assumed += list(dict.fromkeys(extrapolated))
    keys = [key for m in chosen for key in m.references]
    # embedded drivers name keys of the project's own references; a file has at most a text
    known = str(drivers.attrs.get("citations", "")).split()
    if not set(known) <= set(REFERENCES):
        known = []
    told_by_drivers = [] if known else str(drivers.attrs.get("references", "")).splitlines()
    atlas.attrs = {
        "Conventions": "CF-1.10",
        "title": "Diagnosed microbial carbon use efficiency of the globe",
        "source": "soilcue: steady states of soil carbon models under given drivers",
        "soilcue_version": soilcue.__version__,
        "parameter_sets": "\n".join(f"{m.network.name}: {m.parameters_name}" for m in chosen),
        "schemes": "\n".join(f"{m.network.name}: {m.scheme_name}" for m in chosen),
        "season": parts[0].attrs["season"],
        "solver": f"{parts[0].attrs['solver']}; accepted residual {ACCEPTED:g}, every state stable",
        "versions": versions(),
        "assumptions": "\n".join([text for m in chosen for text in m.network.assumptions] + assumed),
        "references": "\n".join([*bibliography(["he2024", *keys, *known]), *told_by_drivers]),
    }
    return atlas.transpose("model", "rule", "lat", "lon", ...)


def _cells_to_solve(one: SoilModel, drivers: xr.Dataset, season: str) -> int:
    """How many cells a model has to solve; none is refused, since it is a mistake and not an ocean."""
    counts = one.cells_with_drivers(drivers, season=season)
    total = counts.pop("all")
    if total == 0:
        held = ", ".join(f"{name} {cells:,}" for name, cells in counts.items())
        raise InputError(
            f"{place_of(drivers)}: no cell has all that {one.network.name} needs. Of "
            f"{drivers.sizes['lat'] * drivers.sizes['lon']:,} cells, so many have a value (of the carbon input, one "
            f"above zero): {held}."
        )
    return total


def _columns(state: xr.Dataset) -> xr.Dataset:
    """What the atlas keeps of one model's state."""
    found = cue(state)
    nothing = xr.full_like(state["respiration"], np.nan)
    out = xr.Dataset(attrs=state.attrs)
    for name in ("diagnosed_cue", "diagnosed_cue_without_litter", "mean_passes"):
        out[name] = found[name]
    living = "community_uptake" in state
    kept = {name: state.get(name, nothing) for name in ("soil_carbon", "litter_carbon", "microbial_carbon")}
    kept |= {part: state.get(f"community_{part}", nothing) for part in ("uptake", "exudation", "mortality")}
    kept["growth"] = kept["uptake"] - state["respiration"] - kept["exudation"]
    kept["respiration"] = state["respiration"]
    kept["cue_community"] = cue(state, scale="community")["cue_community"] if living else nothing
    for name, values in kept.items():
        out[name] = values.assign_attrs(OUTPUTS[name].attributes())
    for name in ("status", "residual", "newton_steps", "largest_eigenvalue", "missing_populations"):
        out[name] = state[name]
    if "beyond_evidence" in state:
        out["beyond_evidence"] = state["beyond_evidence"]
    out["crossed_limits"] = state["crossed_limits"] if "crossed_limits" in state else xr.zeros_like(state["status"])
    return out


def _with_texts(atlas: xr.Dataset, chosen: Sequence[SoilModel], parts: Sequence[xr.Dataset]) -> xr.Dataset:
    """Attributes that differ between models, told apart: concatenation keeps those of the first."""
    limits = []
    for one, part in zip(chosen, parts, strict=True):
        meanings = part["crossed_limits"].attrs.get("flag_meanings", "").split()
        limits += [f"{one.network.name} bit {k}: {text.replace('_', ' ')}" for k, text in enumerate(meanings)]
    atlas["crossed_limits"].attrs = {
        "units": "1",
        "long_name": "limits of the model crossed (bits, per model)",
        "comment": "\n".join(limits),
    }
    populations = [f"{one.network.name}: {', '.join(one.structure.living()) or 'none'}" for one in chosen]
    atlas["missing_populations"].attrs |= {"comment": "\n".join(populations)}
    atlas["rule"].attrs = {
        "long_name": "what gross decomposition counts",
        "comment": "\n".join(f"{k}: {v}" for k, v in RULES.items()),
    }
    atlas["lat"].attrs |= {"units": "degrees_north", "standard_name": "latitude"}
    atlas["lon"].attrs |= {"units": "degrees_east", "standard_name": "longitude"}
    return atlas


def _with_drivers(atlas: xr.Dataset, drivers: xr.Dataset) -> xr.Dataset:
    """Annual means of the drivers, what lies outside of the models' scope, and the areas."""
    for name in SHOWN_DRIVERS:
        if find_driver(drivers, name) is None:
            continue
        values = read_driver(drivers, name)
        atlas[name] = mean_of_year(values).broadcast_like(drivers["lat"] * drivers["lon"]).assign_attrs(values.attrs)
    for name in ("biome", "land_area", "vegetated_area"):
        if name in drivers:
            atlas[name] = drivers[name]
    masks = {1: atlas["temperature"] < 0} if "temperature" in atlas else {}
    for bit, words in ((2, _WETLAND), (4, _MANAGED)):
        members = [n for n, text in flags(drivers["biome"]).items() if any(word in text.lower() for word in words)]
        masks[bit] = drivers["biome"].isin(members)
    atlas["outside_scope"] = sum(mask.astype(np.int8) * np.int8(bit) for bit, mask in masks.items())
    atlas["outside_scope"].attrs = {
        "units": "1",
        "long_name": "why a cell lies outside of what the models are made for (bits)",
        "flag_masks": np.array(list(OUTSIDE_SCOPE), dtype=np.int8),
        "flag_meanings": " ".join(name for name, _ in OUTSIDE_SCOPE.values()),
        "comment": "\n".join(f"{name}: {text}" for name, text in OUTSIDE_SCOPE.values()),
    }
    return atlas


def write_atlas(atlas: xr.Dataset, path: str | os.PathLike[str]) -> Path:
    """Write the atlas as NetCDF-4, whole or not at all.

    Raises
    ------
    InputError
        When the place cannot be written.
    """
    return write_netcdf(atlas, path, narrow=True)


def observed_at_depths(atlas: xr.Dataset) -> Mapping[str, pd.DataFrame]:
    """Observed soil carbon to each model's depth, gC m-2: the embedded profiles but peat, which no model holds."""
    depths = {str(m): float(d) for m, d in zip(atlas["model"].values, atlas["reference_depth"].values, strict=True)}
    stocks = {depth: profile_stocks(depth) for depth in set(depths.values())}
    mineral = {depth: table[~table["peatland"]] for depth, table in stocks.items()}
    return {name: mineral[depth] for name, depth in depths.items()}
