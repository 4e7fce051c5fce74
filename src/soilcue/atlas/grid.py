"""The grid of an atlas: drivers checked and put in the order of a map, with the land and the biome of every cell."""

from __future__ import annotations

import numpy as np
import xarray as xr

from soilcue.atlas.summary import flags
from soilcue.core.errors import InputError
from soilcue.core.variables import DRIVERS, find_driver, place_of, read_driver

EARTH_RADIUS = 6.371e6
"""Of a sphere with the Earth's volume, m."""

UNEVEN = 0.05
"""A row or column may be this share wider or narrower than the others: Gaussian latitudes differ by about 0.01."""

_AXES = {"lat": ("latitude", -90.0, 90.0), "lon": ("longitude", -360.0, 360.0)}
_SEASONS = ("month", "day")


def atlas_grid(drivers: xr.Dataset) -> xr.Dataset:
    """Drivers as an atlas needs them.

    Parameters
    ----------
    drivers : xr.Dataset
        Drivers with the dimensions and coordinates ``lat`` and ``lon`` (degrees, evenly spaced, in any order,
        longitudes from -180 or from 0), and ``month`` or ``day`` where seasonal. ``biome`` (CF flags), ``land_area``
        and ``vegetated_area`` where known.

    Returns
    -------
    xr.Dataset
        What it knows of drivers, areas (m2) and biomes, rows from south to north, columns from -180 to 180 degrees.
        Without ``land_area`` a cell with a carbon input counts as all land; without ``biome``, and in cells where it
        is NaN, the biome is ``not_given``. Both say so in their attribute ``assumed``.

    Raises
    ------
    InputError
        For drivers that are not on such a grid, or whose areas or biomes cannot be used.
    """
    place = place_of(drivers)
    _refuse_other_shapes(drivers, place)
    names = [found for name in DRIVERS if (found := find_driver(drivers, name))]
    grid = drivers[[*names, *(["biome"] if "biome" in drivers else [])]].reset_coords(drop=True).drop_encoding()
    for name, variable in grid.data_vars.items():
        others = [d for d in variable.dims if d not in (*_AXES, *_SEASONS, "time")]
        if others:
            raise InputError(
                f"{place}, variable {name!r}: has the dimension {others[0]!r} (length {variable.sizes[others[0]]}). A "
                "driver of an atlas has 'lat' and 'lon', and 'month' where it is seasonal; choose one layer or take a "
                f"mean, for example drivers.isel({others[0]}=0)."
            )
    grid = grid.assign_coords(lon=(grid["lon"] + 180.0) % 360.0 - 180.0).sortby(["lat", "lon"])
    for dim in _AXES:
        _refuse_uneven(grid[dim].values, dim, place)
    grid.encoding["source"] = place
    planted = read_driver(grid, "carbon_input") > 0
    planted = planted.any([d for d in planted.dims if d not in _AXES]).broadcast_like(grid["lat"] * grid["lon"])
    for name in ("land_area", "vegetated_area"):
        if name in grid:
            grid[name] = read_driver(grid, name)
    if "land_area" not in grid:
        assumed = "a cell with a carbon input is all land, the others are none: the drivers give no land area"
        grid["land_area"] = cell_area(grid).where(planted, 0.0)
        grid["land_area"].attrs = DRIVERS["land_area"].attributes() | {"assumed": assumed}
    grid["biome"] = _biome(grid, planted, place)
    return grid


def cell_area(grid: xr.Dataset) -> xr.DataArray:
    """Area of every cell of a regular grid, land or sea, on a sphere; m2, (lat, lon).

    A row whose centre is a pole reaches to the pole only.
    """
    half = abs(float(grid["lat"][1] - grid["lat"][0])) / 2.0
    width = np.deg2rad(abs(float(grid["lon"][1] - grid["lon"][0])))
    upper, lower = (np.sin(np.deg2rad(edge.clip(-90.0, 90.0))) for edge in (grid["lat"] + half, grid["lat"] - half))
    return (EARTH_RADIUS**2 * width * (upper - lower)).broadcast_like(grid["lat"] * grid["lon"])


def _refuse_other_shapes(drivers: xr.Dataset, place: str) -> None:
    """Raise `InputError` unless there are rows and columns with numbers for coordinates."""
    absent = [dim for dim in _AXES if dim not in drivers.dims or dim not in drivers.coords]
    if absent:
        named = {long: dim for dim, (long, *_) in _AXES.items() if long in drivers.dims}
        mend = (
            f"Rename them: drivers.rename({', '.join(f'{long}={dim!r}' for long, dim in named.items())})."
            if named
            else "Interpolate them to even latitudes and longitudes; for sites, use soilcue.model(...).steady_state."
        )
        raise InputError(
            f"{place}: an atlas needs a grid, and there is no dimension with coordinate "
            f"{' and '.join(map(repr, absent))}. The dimensions are: "
            f"{', '.join(f'{name} ({size})' for name, size in drivers.sizes.items()) or 'none'}. {mend}"
        )
    for dim, (long, low, high) in _AXES.items():
        values = drivers[dim].values
        if values.size < 2:
            raise InputError(f"{place}: an atlas needs at least two cells along {dim!r}; there are {values.size}.")
        if values.dtype.kind not in "iuf" or not ((values >= low) & (values <= high)).all():
            raise InputError(
                f"{place}: the coordinate {dim!r} must hold {long}s, numbers from {low:g} to {high:g} degrees; it "
                f"holds {', '.join(map(str, values[:3]))}, ..., {values[-1]}."
            )


def _refuse_uneven(values: np.ndarray, dim: str, place: str) -> None:
    """Raise `InputError` for ascending coordinates with gaps, repetitions or steps of several sizes."""
    steps = np.diff(values)
    wrong = np.flatnonzero(abs(steps - np.median(steps)) > UNEVEN * np.median(steps))
    if steps.min() <= 0 or wrong.size:
        at = int(steps.argmin() if steps.min() <= 0 else wrong[0])
        raise InputError(
            f"{place}: the cells must be evenly spaced along {dim!r}, each once; {values[at]:g} is followed by "
            f"{values[at + 1]:g}, and the usual step is {np.median(steps):g}. Longitudes are counted from -180 to 180. "
            "Take out what is there twice, or interpolate to an even grid."
        )


def _biome(grid: xr.Dataset, planted: xr.DataArray, place: str) -> xr.DataArray:
    """The biome of every cell, a number for each class; cells of which it is not known get a class of their own."""
    if "biome" not in grid:
        biome, classes = xr.full_like(planted, np.nan, dtype=float), {}
    else:
        biome = grid["biome"]
        try:
            classes = flags(biome)
        except (ValueError, TypeError) as error:
            raise InputError(
                f"{place}, variable 'biome': name its classes by the attributes flag_values (numbers) and "
                "flag_meanings (a word each, parted by blanks), or leave the variable out."
            ) from error
    known = biome.isin(list(classes))
    strange = planted & ~known & biome.notnull()
    if strange.any():
        row, column = np.argwhere(strange.transpose("lat", "lon").values)[0]
        here = biome.isel(lat=row, lon=column)
        raise InputError(
            f"{place}, variable 'biome': holds {here.item()} at lat={float(here['lat']):g}, "
            f"lon={float(here['lon']):g}, which its flag_values do not list."
        )
    attributes = {"units": "1", "long_name": "biome"} | biome.attrs
    if not known.all():
        absent = max(classes, default=-1) + 1
        classes[absent] = "not given"
        biome = biome.where(known, absent)
        if (planted & ~known).any():
            attributes["assumed"] = "cells without a biome in the drivers are put into a class of their own"
    numbers = np.array(list(classes))
    kind = np.int8 if np.array_equal(numbers, numbers.astype(np.int8)) else np.int32
    attributes |= {
        "flag_values": numbers.astype(kind),
        "flag_meanings": " ".join(meaning.replace(" ", "_") for meaning in classes.values()),
    }
    return biome.astype(kind).broadcast_like(planted).assign_attrs(attributes)
