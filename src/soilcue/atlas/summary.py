"""Numbers that sum an atlas up: area-weighted statistics, correlations, distributions, drivers, flags, profiles.

Every function takes the atlas (an ``xarray.Dataset`` with the dimensions ``model``, ``rule``, ``lat``, ``lon``, in this
order) and returns a table. Cells count with their area (:func:`weights`), and only cells that have a value count:
where a model has no accepted steady state the atlas holds NaN, and :func:`status_counts` says how many and why.

Nothing here is clipped, filled or rounded, and a statistic that the cells cannot support is NaN with its reason in
the column ``note``.
"""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from soilcue.core.errors import InputError

Numbers = NDArray[np.float64]

FEWEST_CELLS = 10
"""A correlation over fewer cells than this is not reported."""

DAYS_PER_YEAR = 365.0
"""The drivers repeat one year of 365 days; totals per year use the same year."""

STOCKS = ("soil_carbon", "litter_carbon", "microbial_carbon")
"""Variables in gC m-2, whose sum over an area is a mass."""

FLUXES = ("uptake", "respiration", "growth", "exudation", "mortality", "carbon_input")
"""Variables in gC m-2 d-1, whose sum over an area is a mass per time."""

RATIOS = ("diagnosed_cue", "diagnosed_cue_without_litter", "cue_community", "mean_passes")
"""Variables without unit, which have a mean over an area but no sum."""

DRIVERS = (
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
"""Drivers that a map may follow, in the order in which reports show them."""

_GRAMS_PER_PETAGRAM = 1e15


def weights(atlas: xr.Dataset) -> xr.DataArray:
    """Area each cell counts with, m2, (lat, lon): its vegetated land, or its land where the atlas knows no more.

    Stocks and fluxes of a model are per area of the land its drivers describe. Where a cell is partly bare or ice,
    that is ``vegetated_area``; an atlas without this variable is weighted with ``land_area``.
    """
    return atlas["vegetated_area"] if "vegetated_area" in atlas else atlas["land_area"]


class Zone(NamedTuple):
    """A belt of latitude on both hemispheres: ``lowest`` <= ``|latitude|`` < ``highest``, degrees."""

    name: str
    lowest: float
    highest: float


ZONES = (
    Zone("tropical", 0.0, 23.5),
    Zone("temperate", 23.5, 50.0),
    Zone("boreal and polar", 50.0, 90.0 + 1e-9),
)
"""Latitude belts: the tropics end at 23.5 degrees, the boreal zone is taken to begin at 50 degrees."""


class Group(NamedTuple):
    """Cells that are summed up together."""

    kind: str
    """"globe", "zone" or "biome"."""
    name: str
    cells: xr.DataArray
    """True for the cells of the group, (lat, lon)."""


def cell_groups(atlas: xr.Dataset) -> list[Group]:
    """Groups of cells a report shows: the globe, the zones of latitude, the biomes.

    Parameters
    ----------
    atlas : xarray.Dataset
        With ``biome`` (lat, lon), whose ``flag_values`` and ``flag_meanings`` name the biomes (CF conventions).

    Returns
    -------
    list of Group
        The globe first, then the zones from the equator polewards, then the biomes in the order of their numbers.
        Biomes without any cell are left out.
    """
    biome = atlas["biome"]
    everywhere = xr.ones_like(biome, dtype=bool)
    groups = [Group("globe", "globe", everywhere)]
    distance = abs(atlas["lat"])
    for zone in ZONES:
        belt = (distance >= zone.lowest) & (distance < zone.highest)
        groups.append(Group("zone", zone.name, everywhere & belt))
    for value, meaning in flags(biome).items():
        cells = biome == value
        if bool(cells.any()):
            groups.append(Group("biome", meaning, cells))
    return groups


def flags(variable: xr.DataArray) -> dict[int, str]:
    """Meaning of each value (or bit) of a flag variable, read from its CF attributes.

    Parameters
    ----------
    variable : xarray.DataArray
        With ``flag_meanings`` and either ``flag_values`` or, for bits, ``flag_masks``.

    Returns
    -------
    dict of int to str
        Underscores, which CF requires inside a meaning, are given back as spaces.

    Raises
    ------
    InputError
        If the attributes are missing or do not match each other in number.
    """
    numbers = variable.attrs.get("flag_values", variable.attrs.get("flag_masks"))
    meanings = str(variable.attrs.get("flag_meanings", "")).split()
    if numbers is None or np.size(numbers) != len(meanings):
        raise InputError(
            f"variable {variable.name!r} must have as many flag_meanings as flag_values (or flag_masks); "
            f"found {len(meanings)} meanings and {0 if numbers is None else np.size(numbers)} values"
        )
    return {int(n): m.replace("_", " ") for n, m in zip(np.ravel(numbers), meanings, strict=True)}


def remarks(variable: xr.DataArray) -> dict[str, str]:
    """What a variable says about its single values: the lines "name: words" of its attribute ``comment``.

    Parameters
    ----------
    variable : xarray.DataArray
        Flags of an atlas explain each of their meanings this way, its rules what they count.

    Returns
    -------
    dict of str to str
        Underscores in names are given back as spaces. Empty without the attribute; other lines are passed over.
    """
    lines = str(variable.attrs.get("comment", "")).splitlines()
    pairs = (line.partition(": ") for line in lines)
    return {name.strip().replace("_", " "): words for name, colon, words in pairs if colon}


@dataclass(frozen=True)
class AreaStatistics:
    """Statistics of one quantity over cells, each cell counting with its area."""

    cells: int
    area: float
    """m2"""
    mean: float
    standard_deviation: float
    """Between cells, around the mean; of the whole population, not an estimate from a sample."""
    quantile_05: float
    quantile_25: float
    median: float
    quantile_75: float
    quantile_95: float
    total: float
    """Sum of value times area, in the unit of the value times m2."""


def area_statistics(values: ArrayLike, area: ArrayLike) -> AreaStatistics:
    """Area-weighted statistics of the cells that have a value.

    A quantile is the smallest value up to which at least that share of the area lies (the inverse of the
    area-weighted distribution function), so that it is always a value some cell has.

    Parameters
    ----------
    values : array_like
        One value a cell, any shape; NaN where there is none.
    area : array_like
        Area of each cell, m2, of the same shape. Cells without area do not count.

    Returns
    -------
    AreaStatistics
        All NaN but ``cells`` and ``area`` when no cell has a value.
    """
    value, weight = _valued(values, area)
    total_area = float(weight.sum())
    if value.size == 0:
        return AreaStatistics(0, 0.0, *[math.nan] * 8)
    mean = float(weight @ value / total_area)
    spread = math.sqrt(float(weight @ (value - mean) ** 2 / total_area))
    quantiles = np.quantile(value, [0.05, 0.25, 0.5, 0.75, 0.95], weights=weight, method="inverted_cdf")
    lowest, lower, median, upper, highest = (float(q) for q in quantiles)
    total = float(weight @ value)
    return AreaStatistics(value.size, total_area, mean, spread, lowest, lower, median, upper, highest, total)


def statistics_table(atlas: xr.Dataset) -> pd.DataFrame:
    """Area-weighted statistics of CUE, carbon stocks and fluxes for the globe, each zone and each biome.

    Parameters
    ----------
    atlas : xarray.Dataset
        The atlas. Quantities it does not hold are left out.

    Returns
    -------
    pandas.DataFrame
        One row for each quantity, model, rule and group. Columns: ``quantity``, ``model`` ("drivers" for an input
        that all models share), ``rule`` (empty where it does not matter), ``kind``, ``group``, the fields of
        :class:`AreaStatistics`, and ``total_petagrams``: Pg C for stocks, Pg C per year of 365 days for fluxes, NaN
        for ratios.
    """
    groups = cell_groups(atlas)
    area = weights(atlas)
    rows = []
    for quantity in (*RATIOS, *STOCKS, *FLUXES):
        if quantity not in atlas:
            continue
        for model, rule, field in _fields(atlas[quantity]):
            for group in groups:
                statistics = area_statistics(field.where(group.cells), area)
                rows.append(
                    {"quantity": quantity, "model": model, "rule": rule, "kind": group.kind, "group": group.name}
                    | asdict(statistics)
                    | {"total_petagrams": statistics.total * _petagrams(quantity)}
                )
    return pd.DataFrame(rows)


def flux_weighted_cue(atlas: xr.Dataset) -> pd.DataFrame:
    """Diagnosed CUE of whole groups of cells: 1 - (sum of R) / (sum of D) over their area.

    This is the CUE of the carbon, not the mean CUE of the land: productive cells count for more. D of a cell is its
    mean number of passes N times its respiration R.

    Parameters
    ----------
    atlas : xarray.Dataset
        With ``mean_passes`` (model, rule, lat, lon) and ``respiration`` (model, lat, lon), gC m-2 d-1.

    Returns
    -------
    pandas.DataFrame
        Columns ``model``, ``rule``, ``kind``, ``group``, ``cells``, ``cue``; NaN where no cell has a value.
    """
    groups = cell_groups(atlas)
    rows = []
    for model, rule, passes in _fields(atlas["mean_passes"]):
        respiration = atlas["respiration"].sel(model=model)
        for group in groups:
            gross = area_statistics((passes * respiration).where(group.cells), weights(atlas))
            respired = area_statistics(respiration.where(group.cells & passes.notnull()), weights(atlas))
            cue = 1.0 - respired.total / gross.total if gross.cells else math.nan
            rows.append(
                {
                    "model": model,
                    "rule": rule,
                    "kind": group.kind,
                    "group": group.name,
                    "cells": gross.cells,
                    "cue": cue,
                }
            )
    return pd.DataFrame(rows)


def pearson(first: ArrayLike, second: ArrayLike, weight: ArrayLike) -> float:
    """Weighted product-moment correlation.

    Parameters
    ----------
    first, second, weight : array_like
        One-dimensional, of one length, without NaN; weights not negative.

    Returns
    -------
    float
        NaN when either side does not vary: when its standard deviation is below a millionth of its mean, which is
        the rounding of a solver and not a pattern.
    """
    a, b, w = (np.asarray(x, dtype=float) for x in (first, second, weight))
    if a.size < 2:
        return math.nan
    w = w / w.sum()
    mean_a, mean_b = w @ a, w @ b
    spread_a, spread_b = math.sqrt(w @ (a - mean_a) ** 2), math.sqrt(w @ (b - mean_b) ** 2)
    if spread_a <= 1e-6 * abs(mean_a) or spread_b <= 1e-6 * abs(mean_b):
        return math.nan
    return float(w @ ((a - mean_a) * (b - mean_b)) / (spread_a * spread_b))


def spearman(first: ArrayLike, second: ArrayLike, weight: ArrayLike) -> float:
    """Weighted rank correlation: :func:`pearson` of weighted ranks.

    The rank of a value is the weight of all smaller values plus half the weight of its equals; with equal weights
    this is Spearman's coefficient with mid-ranks for ties.

    Parameters
    ----------
    first, second, weight : array_like
        As for :func:`pearson`.

    Returns
    -------
    float
        NaN when either side does not vary (see :func:`pearson`).
    """
    if math.isnan(pearson(first, second, weight)):
        return math.nan
    return pearson(_weighted_ranks(first, weight), _weighted_ranks(second, weight), weight)


def cue_correlation(
    atlas: xr.Dataset, first: str = "mimics", second: str = "century", rule: str = "uptake"
) -> pd.DataFrame:
    """Agreement of two models' diagnosed CUE cell by cell, over the globe and within zones and biomes.

    Parameters
    ----------
    atlas : xarray.Dataset
        With ``diagnosed_cue`` (model, rule, lat, lon).
    first, second : str
        The two models.
    rule : str
        Rule for D.

    Returns
    -------
    pandas.DataFrame
        One row a group. Columns: ``kind``, ``group``, ``cells`` (where both models have a value), ``pearson`` and
        ``spearman`` (area-weighted), ``mean_difference`` (first minus second), ``share_higher`` (share of the area
        where the first is higher), ``note``: "too few cells" below :data:`FEWEST_CELLS`, "no variation" where one
        of the two models gives all cells the same value.
    """
    one = atlas["diagnosed_cue"].sel(model=first, rule=rule)
    other = atlas["diagnosed_cue"].sel(model=second, rule=rule)
    rows = []
    for group in cell_groups(atlas):
        a, b, w = valued_together(one.where(group.cells), other, weights(atlas))
        enough = a.size >= FEWEST_CELLS
        linear = pearson(a, b, w) if enough else math.nan
        rows.append(
            {
                "kind": group.kind,
                "group": group.name,
                "cells": a.size,
                "pearson": linear,
                "spearman": spearman(a, b, w) if enough else math.nan,
                "mean_difference": float(w @ (a - b) / w.sum()) if a.size else math.nan,
                "share_higher": float(w[a > b].sum() / w.sum()) if a.size else math.nan,
                "note": "too few cells" if not enough else "no variation" if math.isnan(linear) else "",
            }
        )
    return pd.DataFrame(rows)


def cue_distributions(atlas: xr.Dataset, rule: str = "uptake", width: float = 0.01) -> pd.DataFrame:
    """Frequency distribution of each model's diagnosed CUE: share of the area in bins of equal width.

    Parameters
    ----------
    atlas : xarray.Dataset
        With ``diagnosed_cue`` (model, rule, lat, lon).
    rule : str
        Rule for D.
    width : float
        Width of a bin. Edges are multiples of it, and the bins of all models reach from the lowest to the highest
        value of any of them.

    Returns
    -------
    pandas.DataFrame
        Columns ``model``, ``left``, ``right`` and ``share``; the shares of a model sum to 1. A model without any
        value has no rows.
    """
    cue = atlas["diagnosed_cue"].sel(rule=rule)
    if not bool(cue.notnull().any()):
        return pd.DataFrame(columns=["model", "left", "right", "share"])
    lowest, highest = math.floor(float(cue.min()) / width), math.floor(float(cue.max()) / width) + 1
    edges = np.arange(lowest, highest + 1) * width
    tables = []
    for model in atlas["model"].values:
        value, weight = _valued(cue.sel(model=model), weights(atlas))
        if value.size == 0:
            continue
        # By index and not by np.histogram: every bin is closed on its left alone, the last one too.
        index = np.floor(value / width).astype(int) - lowest
        share = np.bincount(index, weights=weight, minlength=edges.size - 1) / weight.sum()
        tables.append(pd.DataFrame({"model": str(model), "left": edges[:-1], "right": edges[1:], "share": share}))
    return pd.concat(tables, ignore_index=True)


def zonal_means(atlas: xr.Dataset, rule: str = "uptake") -> xr.DataArray:
    """Mean diagnosed CUE of each model along each row of latitude, weighted with area.

    Parameters
    ----------
    atlas : xarray.Dataset
        With ``diagnosed_cue`` (model, rule, lat, lon).
    rule : str
        Rule for D.

    Returns
    -------
    xarray.DataArray
        (model, lat); NaN in rows without a value.
    """
    cue = atlas["diagnosed_cue"].sel(rule=rule)
    area = weights(atlas).where(cue.notnull() & (weights(atlas) > 0))
    return ((cue * area).sum("lon") / area.sum("lon", min_count=1)).transpose("model", "lat")


def share_explained(values: ArrayLike, driver: ArrayLike, area: ArrayLike, bins: int = 20) -> float:
    """Share of a map's area-weighted variance that one driver alone accounts for (the correlation ratio, eta squared).

    The cells are put into bins of equal area along the driver, and the map is replaced by its mean in each bin:
    ``1 - variance within bins / whole variance``. No form is assumed, rising, falling or with a hump. A driver with
    no more distinct values than ``bins`` has one bin a value.

    Chance alone gives about ``(bins - 1) / (cells - 1)``, below 0.01 for a few thousand cells. Drivers go together,
    so the shares of several drivers do not add up, and none of them is a cause by itself.

    Parameters
    ----------
    values : array_like
        The map, NaN where it has no value.
    driver : array_like
        The driver in the same cells, numbers or flags.
    area : array_like
        Area of each cell, m2.
    bins : int
        Number of bins.

    Returns
    -------
    float
        Between 0 and 1. NaN if there are fewer than ten cells a bin, or the map or the driver does not vary.
    """
    value, cause, weight = valued_together(values, driver, area)
    distinct = np.unique(cause)
    if distinct.size < 2:
        return math.nan
    if distinct.size <= bins:
        index = np.searchsorted(distinct, cause)
    else:
        inner = np.quantile(cause, np.arange(1, bins) / bins, weights=weight, method="inverted_cdf")
        index = np.searchsorted(np.unique(inner), cause, side="left")
    used, index = np.unique(index, return_inverse=True)
    if value.size < FEWEST_CELLS * used.size:
        return math.nan
    mean = weight @ value / weight.sum()
    whole = weight @ (value - mean) ** 2
    if whole <= weight.sum() * (1e-6 * mean) ** 2:
        return math.nan
    bin_weight = np.bincount(index, weights=weight)
    bin_mean = np.bincount(index, weights=weight * value) / bin_weight
    return float(bin_weight @ (bin_mean - mean) ** 2 / whole)


def explained_by_drivers(atlas: xr.Dataset, quantity: str = "diagnosed_cue") -> pd.DataFrame:
    """How much of each model's map one driver alone accounts for.

    Parameters
    ----------
    atlas : xarray.Dataset
        With the quantity and annual means of the drivers (lat, lon).
    quantity : str
        A variable with the dimension ``model``.

    Returns
    -------
    pandas.DataFrame
        Columns ``model``, ``rule`` (empty where it does not matter), ``driver`` (those of :data:`DRIVERS` that the
        atlas holds as a map, and ``biome``), ``share`` (:func:`share_explained`) and ``note`` ("constant" for a
        driver with one value everywhere).
    """
    maps = [d for d in DRIVERS if d in atlas and set(atlas[d].dims) == {"lat", "lon"}] + ["biome"]
    rows = []
    for model, rule, field in _fields(atlas[quantity]):
        for name in maps:
            driver = atlas[name]
            share = share_explained(field, driver, weights(atlas))
            constant = np.unique(driver.values[np.isfinite(field.values) & np.isfinite(driver.values)]).size < 2
            note = "constant" if constant else "too little" if math.isnan(share) else ""
            rows.append({"model": model, "rule": rule, "driver": name, "share": share, "note": note})
    return pd.DataFrame(rows)


def status_counts(atlas: xr.Dataset) -> pd.DataFrame:
    """How many cells of each model are settled, and how many are flagged with which status.

    Parameters
    ----------
    atlas : xarray.Dataset
        With ``status`` (model, lat, lon) and its flag attributes.

    Returns
    -------
    pandas.DataFrame
        One row for each model and status: ``model``, ``status``, ``cells``, ``area`` (m2), ``share`` (of the
        area that has drivers; NaN for the status "no drivers").
    """
    status = atlas["status"]
    meanings = flags(status)
    area = weights(atlas).fillna(0.0)
    without = [value for value, meaning in meanings.items() if meaning == "no drivers"]
    rows = []
    for model in atlas["model"].values:
        of_model = status.sel(model=model)
        driven = float(area.where(~of_model.isin(without), 0.0).sum())
        for value, meaning in meanings.items():
            here = of_model == value
            flagged = float(area.where(here, 0.0).sum())
            share = math.nan if value in without or driven == 0 else flagged / driven
            rows.append(
                {"model": str(model), "status": meaning, "cells": int(here.sum()), "area": flagged, "share": share}
            )
    return pd.DataFrame(rows)


def limit_counts(atlas: xr.Dataset) -> pd.DataFrame:
    """How many cells lie beyond a limit of their model, limit by limit: the reasons behind the status "infeasible".

    Parameters
    ----------
    atlas : xarray.Dataset
        With ``crossed_limits`` (model, lat, lon), bit flags that mean something else for each model; the lines
        "model bit number: limit" of its comment name them.

    Returns
    -------
    pandas.DataFrame
        Columns ``model``, ``limit``, ``cells``, ``area`` (m2); a cell beyond two limits counts under both. Empty
        for an atlas without the variable.
    """
    columns = ["model", "limit", "cells", "area"]
    if "crossed_limits" not in atlas:
        return pd.DataFrame(columns=columns)
    crossed = atlas["crossed_limits"].fillna(0).astype(int)
    area = weights(atlas).fillna(0.0)
    rows = []
    for name, limit in remarks(atlas["crossed_limits"]).items():
        named = re.fullmatch(r"(?P<model>.+) bit (?P<bit>\d+)", name)
        if named is None or named["model"] not in atlas["model"]:
            continue
        here = crossed.sel(model=named["model"]) & (1 << int(named["bit"])) != 0
        rows.append((named["model"], limit, int(here.sum()), float(area.where(here, 0.0).sum())))
    return pd.DataFrame(rows, columns=columns)


def scope_counts(atlas: xr.Dataset) -> pd.DataFrame:
    """How many cells with drivers lie outside what the models are made for, by reason.

    Parameters
    ----------
    atlas : xarray.Dataset
        With ``outside_scope`` (lat, lon), bit flags, and ``status``.

    Returns
    -------
    pandas.DataFrame
        Columns ``reason``, ``cells``, ``area`` (m2), ``share`` of the area with drivers. A cell with two
        reasons counts under both; the last row, "any", counts it once.
    """
    without = [value for value, meaning in flags(atlas["status"]).items() if meaning == "no drivers"]
    driven = ~atlas["status"].isin(without).all("model")
    area = weights(atlas).fillna(0.0).where(driven, 0.0)
    scope = atlas["outside_scope"].fillna(0).astype(int)
    reasons = [(meaning, (scope & bit) != 0) for bit, meaning in flags(atlas["outside_scope"]).items() if bit]
    reasons.append(("any", scope != 0))
    whole = float(area.sum())
    rows = []
    for reason, mask in reasons:
        hatched = float(area.where(mask, 0.0).sum())
        rows.append(
            {
                "reason": reason,
                "cells": int((mask & driven).sum()),
                "area": hatched,
                "share": hatched / whole if whole else math.nan,
            }
        )
    return pd.DataFrame(rows)


class ProfileComparison(NamedTuple):
    """Modelled soil carbon beside observed profiles."""

    points: pd.DataFrame
    """One row a cell: ``latitude``, ``longitude`` (of the centre), ``profiles``, ``observed`` (median of the
    profiles), ``modelled`` and ``litter`` (the part of it in litter pools; NaN if the atlas does not tell), gC m-2,
    and ``outside_scope`` (True where hatched)."""
    scores: pd.DataFrame
    """A row for each choice of cells and pools, ``compared``: "all cells", "inside scope", and "inside scope, without
    litter" for a model with litter pools. Columns ``depth`` (m), ``cells``, ``profiles``, ``observed_median``,
    ``modelled_median`` (gC m-2), ``median_log_ratio`` (natural logarithm of modelled over observed), ``ratio`` (its
    exponential), ``within_factor_two`` (share of the cells), ``spearman``, ``note``."""
    left_out: int
    """Profiles that lie in no cell with a modelled value."""


def compare_with_profiles(atlas: xr.Dataset, model: str, stocks: pd.DataFrame) -> ProfileComparison:
    """Soil carbon of one model against observed profiles, cell by cell, to the same depth.

    Profiles in one cell are summed up by their median, so that a much studied place counts once. A cell is some
    250 km wide and a profile one pit: scatter between the two is expected even of a perfect model, and the bias
    (median ratio) says more than the single cell. A profile begins below the litter layer but holds the plant remains
    within the soil, so it lies somewhere between a model's carbon with and without its litter pools.

    Parameters
    ----------
    atlas : xarray.Dataset
        With ``soil_carbon`` (model, lat, lon), gC m-2, of all pools, and ``reference_depth`` (model), m, on a regular
        grid; ``litter_carbon`` (model, lat, lon) where known.
    model : str
        The model.
    stocks : pandas.DataFrame
        Columns ``profile``, ``latitude``, ``longitude`` (degrees) and ``carbon_stock``, gC m-2, from the surface to
        the reference depth of the model.

    Returns
    -------
    ProfileComparison
        Points and scores; correlation NaN with a note below :data:`FEWEST_CELLS` cells.

    Raises
    ------
    InputError
        If a column is missing, or a stock is not a positive number.
    """
    missing = {"profile", "latitude", "longitude", "carbon_stock"} - set(stocks.columns)
    if missing:
        raise InputError(f"the table of observed profiles lacks the columns {', '.join(sorted(missing))}")
    impossible = stocks[~(stocks["carbon_stock"] > 0) | ~np.isfinite(stocks["carbon_stock"])]
    if len(impossible):
        row = impossible.iloc[0]
        raise InputError(
            f"observed profile {row['profile']!r} has the carbon stock {row['carbon_stock']!r} gC m-2; "
            f"a stock must be a positive number ({len(impossible)} such profiles)"
        )
    carbon = atlas["soil_carbon"].sel(model=model)
    row, column = _cell_of(stocks["latitude"], atlas["lat"]), _cell_of(stocks["longitude"], atlas["lon"], turn=360.0)
    inside = (row >= 0) & (column >= 0)
    modelled = np.full(len(stocks), math.nan)
    modelled[inside] = carbon.values[row[inside], column[inside]]
    valued = np.isfinite(modelled)
    scope = atlas["outside_scope"].values
    known = "litter_carbon" in atlas
    litter = atlas["litter_carbon"].sel(model=model).values if known else np.full(carbon.shape, math.nan)
    points = (
        pd.DataFrame({"row": row, "column": column, "observed": stocks["carbon_stock"].to_numpy(dtype=float)})[valued]
        .groupby(["row", "column"], as_index=False)
        .agg(profiles=("observed", "size"), observed=("observed", "median"))
    )
    points = points.assign(
        latitude=atlas["lat"].values[points["row"]],
        longitude=atlas["lon"].values[points["column"]],
        modelled=carbon.values[points["row"], points["column"]],
        outside_scope=scope[points["row"], points["column"]] != 0,
        litter=litter[points["row"], points["column"]],
    ).drop(columns=["row", "column"])
    depth = float(atlas["reference_depth"].sel(model=model))
    inside_scope = points[~points["outside_scope"]]
    compared = {"all cells": points, "inside scope": inside_scope}
    if (points["litter"] > 0).any():
        without = inside_scope.assign(modelled=inside_scope["modelled"] - inside_scope["litter"])
        compared["inside scope, without litter"] = without
    scores = pd.DataFrame([{"compared": name, "depth": depth} | _scores(chosen) for name, chosen in compared.items()])
    return ProfileComparison(points, scores, left_out=int((~valued).sum()))


def _scores(points: pd.DataFrame) -> dict[str, float | int | str]:
    """Scores of modelled against observed soil carbon, each cell counting once."""
    if points.empty:
        blank = ["observed_median", "modelled_median", "median_log_ratio", "ratio", "within_factor_two", "spearman"]
        return {"cells": 0, "profiles": 0} | dict.fromkeys(blank, math.nan) | {"note": "too few cells"}
    log_ratio = np.log(points["modelled"] / points["observed"])
    enough = len(points) >= FEWEST_CELLS
    rank = spearman(points["observed"], points["modelled"], np.ones(len(points))) if enough else math.nan
    return {
        "cells": len(points),
        "profiles": int(points["profiles"].sum()),
        "observed_median": float(points["observed"].median()),
        "modelled_median": float(points["modelled"].median()),
        "median_log_ratio": float(log_ratio.median()),
        "ratio": math.exp(float(log_ratio.median())),
        "within_factor_two": float((abs(log_ratio) <= math.log(2.0)).mean()),
        "spearman": rank,
        "note": "too few cells" if not enough else "no variation" if math.isnan(rank) else "",
    }


def _fields(variable: xr.DataArray) -> list[tuple[str, str, xr.DataArray]]:
    """Each map of a variable with the model and the rule it belongs to."""
    models = [str(m) for m in variable["model"].values] if "model" in variable.dims else ["drivers"]
    rules = [str(r) for r in variable["rule"].values] if "rule" in variable.dims else [""]
    return [
        (
            model,
            rule,
            variable.sel({d: v for d, v in (("model", model), ("rule", rule)) if d in variable.dims}, drop=True),
        )
        for model in models
        for rule in rules
    ]


def _petagrams(quantity: str) -> float:
    """Factor from value times m2 to petagrams of carbon (per year for fluxes)."""
    if quantity in STOCKS:
        return 1.0 / _GRAMS_PER_PETAGRAM
    if quantity in FLUXES:
        return DAYS_PER_YEAR / _GRAMS_PER_PETAGRAM
    return math.nan


def _valued(values: ArrayLike, area: ArrayLike) -> tuple[Numbers, Numbers]:
    """Values and areas of the cells that have a value and an area."""
    value, _, weight = valued_together(values, values, area)
    return value, weight


def valued_together(first: ArrayLike, second: ArrayLike, area: ArrayLike) -> tuple[Numbers, Numbers, Numbers]:
    """Both values and the areas of the cells that have both values and an area."""
    a, b, w = (np.asarray(x, dtype=float).ravel() for x in (first, second, area))
    here = np.isfinite(a) & np.isfinite(b) & np.isfinite(w) & (w > 0)
    return a[here], b[here], w[here]


def _weighted_ranks(values: ArrayLike, weight: ArrayLike) -> Numbers:
    """Weight of all smaller values plus half the weight of equal ones."""
    distinct, index = np.unique(np.asarray(values, dtype=float), return_inverse=True)
    of_distinct = np.bincount(index, weights=np.asarray(weight, dtype=float), minlength=distinct.size)
    return (np.cumsum(of_distinct) - of_distinct / 2.0)[index]


def _cell_of(position: ArrayLike, centres: xr.DataArray, turn: float | None = None) -> NDArray[np.int64]:
    """Index of the cell of a regular axis that holds each position; -1 outside the axis or without a position."""
    centre = centres.values.astype(float)
    step = (centre[-1] - centre[0]) / (centre.size - 1)
    place = np.asarray(position, dtype=float)
    offset = place - (centre[0] - step / 2.0)
    if turn is not None:
        offset = np.mod(offset * np.sign(step), turn) * np.sign(step)
    known = np.isfinite(offset)
    index = np.full(place.shape, -1, dtype=np.int64)
    index[known] = np.floor(offset[known] / step).astype(np.int64)
    # The pole itself lies on the outer edge of the last row.
    index[known & np.isclose(offset, step * centre.size)] = centre.size - 1
    index[(index < 0) | (index >= centre.size)] = -1
    return index
