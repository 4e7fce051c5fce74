"""How sure an atlas is: the same maps with every published set of a model, and with parameters drawn around its own.

Both tell what a choice of numbers is worth while the equations stay; neither is a confidence interval.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr

from soilcue.atlas.grid import atlas_grid
from soilcue.core.block_store import NOTHING_STORED, BlockStore
from soilcue.core.errors import InputError
from soilcue.core.variables import OUTPUTS, read_driver
from soilcue.diagnosis import cue
from soilcue.long_jobs import CELLS, Cut, job_checksum, joined_blocks
from soilcue.soil_model import SoilModel, model
from soilcue.solve.cells import Status

OF_SET = ("diagnosed_cue", "soil_carbon", "status")
"""What is kept of a published set."""
QUANTILES = (0.05, 0.5, 0.95)
"""Of the draws of a cell that settled."""
DRAWN_AT_ONCE = 10
"""So many draws of a cell go where one seasonal state goes: they are soon done, and have to fit into memory."""
FEWEST_DRAWS = 0.5
"""Share of a cell's draws that must have settled for its quantiles to be given."""

Progress = Callable[[str, int, int], None]


def with_published_sets(
    atlas: xr.Dataset,
    drivers: xr.Dataset,
    models: Sequence[SoilModel],
    *,
    season: str = "auto",
    progress: Progress | None = None,
    store: BlockStore = NOTHING_STORED,
    block: int = CELLS,
) -> xr.Dataset:
    """Add to an atlas what each other published parameter set of its models makes of the same cells.

    Parameters
    ----------
    atlas : xr.Dataset
        From `soilcue.atlas.run.build_atlas`.
    drivers : xr.Dataset
        Those it was built from.
    models : sequence of SoilModel
        Those it was built with. Their schemes are kept; structural options are those of each set.
    season : str
        As it was built with.
    progress : callable, optional
        Told the label of the set, how many cells it finished since it was last told, and how many there are.
    store, block
        As it was built with.

    Returns
    -------
    xr.Dataset
        The atlas with a dimension ``published_set`` (``model:set``): ``diagnosed_cue_of_set`` (published_set, rule,
        lat, lon), ``soil_carbon_of_set`` and ``status_of_set`` (published_set, lat, lon), and the model and depth of
        each. Of each model the set of the atlas itself comes first, so that the others can be compared with it.
        Attribute ``sets_left_out`` names those that cannot be run from these drivers, with the reason.
    """
    grid = atlas_grid(drivers)
    rows, left_out = [], []
    for one in models:
        name = one.network.name
        rows.append(_row(f"{name}:{one.parameters_name}", one, atlas.sel(model=name, drop=True)))
        for published in one.network.sets:
            if published.name == one.parameters_name:
                continue
            label = f"{name}:{published.name}"
            try:
                other = model(name, published.name, one.network.schemes or None)
                cells = other.cells_with_drivers(grid, season=season)["all"]
            except InputError as error:
                left_out.append(f"{label}: {error}")
                continue
            if cells == 0:
                left_out.append(f"{label}: no cell has all that it needs")
                continue
            told = (lambda done, label=label, cells=cells: progress(label, done, cells)) if progress else None
            if told:
                told(0)

            def kept(cut: Cut, other: SoilModel = other, told: Callable[[int], None] | None = told) -> xr.Dataset:
                state = other.steady_state(cut(grid), season=season, eigenvalues=False, progress=told)
                return state.merge(cue(state)[["diagnosed_cue"]], combine_attrs="override")[list(OF_SET)]

            job = job_checksum(store, other, "published set", grid, season)
            found = joined_blocks(store, job, grid, block, kept, told, alone=False)
            rows.append(_row(label, other, found))
    sets = xr.concat(rows, dim="published_set", join="exact", combine_attrs="override")
    sets["status_of_set"].attrs = dict(atlas["status"].attrs)
    whole = atlas.merge(sets.transpose("published_set", "rule", "lat", "lon", ...), combine_attrs="override")
    whole.attrs |= {"sets_left_out": "\n".join(left_out)} if left_out else {}
    return whole


def _row(label: str, one: SoilModel, state: xr.Dataset) -> xr.Dataset:
    """What is kept of one set."""
    row = xr.Dataset({f"{name}_of_set": state[name] for name in OF_SET})
    for name in ("diagnosed_cue", "soil_carbon"):
        row[f"{name}_of_set"].attrs = OUTPUTS[name].attributes() | {
            "long_name": f"{OUTPUTS[name].long_name}, by published parameter set"
        }
    row["set_depth"] = ((), float(one.network.depth), {"units": "m", "long_name": "depth of soil the stocks stand for"})
    return row.expand_dims(published_set=[label]).assign_coords(set_model=("published_set", [one.network.name]))


def with_draws(
    atlas: xr.Dataset,
    drivers: xr.Dataset,
    models: Sequence[SoilModel],
    draws: int,
    *,
    spread: float = 0.1,
    seed: int = 0,
    progress: Progress | None = None,
    store: BlockStore = NOTHING_STORED,
    block: int = CELLS,
) -> xr.Dataset:
    """Add to an atlas how far parameters drawn around those of its models carry its maps.

    Steady states under the annual means of the drivers: what is asked is how much a cell moves, and many draws under
    the seasons would take long.

    Parameters
    ----------
    atlas, drivers, models
        As for `with_published_sets`.
    draws : int
        Draws of each model, every parameter at once.
    spread : float
        Each parameter is drawn uniformly within this share of its value, and within its bounds.
    seed : int
        The same seed gives the same draws.
    progress : callable, optional
        As for `with_published_sets`, the label being the model's.
    store : BlockStore, optional
        As the atlas was built with.
    block : int
        As the atlas was built with; ten times as many states go together here, for they are without seasons.

    Returns
    -------
    xr.Dataset
        The atlas with ``drawn_cue`` (quantile, model, rule, lat, lon) and ``drawn_soil_carbon`` (quantile, model, lat,
        lon), over the draws that settled where at least half of them did, and ``drawn_settled`` (model, lat, lon), the
        share that did. Attribute ``draws`` says what was drawn.

    Raises
    ------
    InputError
        For no draws, or a spread that is not above zero.
    """
    grid = atlas_grid(drivers)
    cells = grid.stack(cell=("lat", "lon"))
    given = (read_driver(grid, "carbon_input") > 0).stack(cell=("lat", "lon"))
    planted = given.any([dim for dim in given.dims if dim != "cell"]).values
    cells = cells.isel(cell=np.flatnonzero(planted)).reset_index("cell").drop_vars(["lat", "lon"])
    cells = cells.assign_coords(cell=np.arange(cells.sizes["cell"]))
    cells.encoding["source"] = grid.encoding.get("source", "drivers")
    parts = []
    for one in models:
        name, total = one.network.name, draws * int(planted.sum())
        told = (lambda done, name=name, total=total: progress(f"{name}, drawn", done, total)) if progress else None
        if told:
            told(0)

        def quantiles(cut: Cut, one: SoilModel = one, told: Callable[[int], None] | None = told) -> xr.Dataset:
            return _drawn(one, cut(cells), draws, spread, seed, told)

        job = job_checksum(store, one, "draws", cells, draws, spread, seed, QUANTILES, FEWEST_DRAWS)
        found = joined_blocks(
            store,
            job,
            cells,
            max(1, DRAWN_AT_ONCE * block // max(1, draws)),
            quantiles,
            told,
            counted=lambda found: draws * found.sizes["cell"],
            alone=False,
        )
        parts.append(found.expand_dims(model=[name]))
    drawn = xr.concat(parts, dim="model", join="exact", combine_attrs="override")
    whole = atlas.copy()
    shape = (atlas.sizes["lat"], atlas.sizes["lon"])
    for variable, values in drawn.transpose("quantile", "model", "rule", "cell").data_vars.items():
        dims = tuple(dim for dim in values.dims if dim != "cell")
        full = np.full((*(values.sizes[dim] for dim in dims), planted.size), np.nan)
        full[..., planted] = values.transpose(*dims, "cell").values
        whole[variable] = ((*dims, "lat", "lon"), full.reshape(*full.shape[:-1], *shape), values.attrs)
    whole = whole.assign_coords(quantile=list(QUANTILES))
    whole["quantile"].attrs = {"units": "1", "long_name": "quantile over draws of the parameters"}
    whole.attrs["draws"] = (
        f"{draws} draws of all parameters of each model, uniform within {spread:g} of each value and its bounds, seed "
        f"{seed}; steady states under annual means; quantiles where at least {FEWEST_DRAWS:.0%} of the draws settled"
    )
    return whole


def _drawn(one: SoilModel, cells: xr.Dataset, draws: int, spread: float, seed: int, told) -> xr.Dataset:
    """Quantiles over draws, (quantile, [rule,] cell), and the share that settled."""
    state = one.ensemble(cells, draws, spread=spread, seed=seed, season="annual-mean", progress=told)
    settled = (state["status"] == Status.SETTLED).mean("member")
    fields = {"drawn_cue": cue(state)["diagnosed_cue"], "drawn_soil_carbon": state["soil_carbon"]}
    result = xr.Dataset()
    for name, values in fields.items():
        enough = values.where(settled >= FEWEST_DRAWS)
        # a cell without values has no quantile, which is no news: nanquantile warns of it
        known = enough.isel(cell=np.flatnonzero(settled >= FEWEST_DRAWS))
        result[name] = known.quantile(QUANTILES, dim="member", skipna=True).reindex_like(enough["cell"])
        attributes = OUTPUTS["diagnosed_cue" if name == "drawn_cue" else "soil_carbon"].attributes()
        result[name].attrs = attributes | {
            "long_name": f"{attributes['long_name']}, quantiles over draws of the parameters"
        }
    result["drawn_settled"] = settled
    result["drawn_settled"].attrs = {"units": "1", "long_name": "share of the draws that settled"}
    return result
