"""What soils feel in a study: drivers from the package, a file or a table, parts of them, and changes to them."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilcue.core.errors import InputError, unknown_name
from soilcue.core.files import read_netcdf
from soilcue.core.provenance import file_checksum
from soilcue.core.time_axis import read_years
from soilcue.core.variables import DRIVERS, find_driver, place_of, read_driver, refuse_what_is_no_number
from soilcue.data import drivers as embedded_drivers
from soilcue.study.schema import Change, Embedded, NetCDF, Place, Selection, Sites

EMBEDDED_FILES = {"global": ("global_drivers.nc", "soil_climate.nc"), "lter": ("benchmark_sites.csv",)}
FARTHEST = 300.0
"""A site may lie this far from the middle of the cell that stands for it, km."""
EARTH_RADIUS_KM = 6371.0
_HEAD = re.compile(r"^\s*(?P<name>[^\[(]+?)\s*[\[(](?P<unit>[^\])]*)[\])]\s*$")
_COORDINATES = ("site", "month", "lat", "lon")


def read_drivers(chosen: str | Embedded | NetCDF | Sites, folder: Path) -> xr.Dataset:
    """The drivers a study names, in memory.

    Parameters
    ----------
    chosen : str or part of a study
        What the study says under ``drivers``.
    folder : pathlib.Path
        Where paths start from.

    Returns
    -------
    xr.Dataset

    Raises
    ------
    InputError
        For a file that cannot be read or a selection that leaves nothing.
    """
    if isinstance(chosen, str):
        return embedded_drivers(chosen)
    if isinstance(chosen, Embedded):
        whole = embedded_drivers(chosen.embedded)
    elif isinstance(chosen, NetCDF):
        whole = read_netcdf(folder / chosen.netcdf)
    else:
        whole = read_sites(folder / chosen.csv, chosen.units)
    return selected(whole, chosen.select) if chosen.select else whole


def checksums(chosen: str | Embedded | NetCDF | Sites, folder: Path) -> dict[str, str]:
    """Checksum of each file behind the drivers a study names, by the name the study knows it under."""
    if isinstance(chosen, NetCDF):
        return {chosen.netcdf: file_checksum(folder / chosen.netcdf)}
    if isinstance(chosen, Sites):
        return {chosen.csv: file_checksum(folder / chosen.csv)}
    name = chosen if isinstance(chosen, str) else chosen.embedded
    package = files("soilcue.data")
    return {f"soilcue {part}": file_checksum(str(package / part)) for part in EMBEDDED_FILES[name]}


# ---- tables of sites


def read_sites(path: Path, units: Mapping[str, str]) -> xr.Dataset:
    """Drivers from a table of text: a row a site, or twelve rows a site with a column ``month``.

    Parameters
    ----------
    path : pathlib.Path
        Columns parted by commas, semicolons or tabs. Their head names the driver, with its unit in brackets
        (``temperature [degC]``) unless `units` says it. ``site`` (names), ``month`` (1 to 12), ``lat`` and ``lon`` are
        taken as such; columns that are no driver are left out.
    units : mapping
        Unit of a column by its name.

    Returns
    -------
    xr.Dataset
        Dimension ``site``, and ``month`` where there is one.

    Raises
    ------
    InputError
        Naming line and column: for a missing unit, text for a number, a site or month twice or absent.
    """
    table, heads = _text_table(path)
    declared = {head: (match["name"], match["unit"]) if (match := _HEAD.match(head)) else (head, "") for head in heads}
    named = {name: head for head, (name, _) in declared.items()}
    strange = [name for name in units if name not in named and name not in heads]
    if strange:
        raise InputError(f"{path}: {unknown_name('column', strange[0], named)}")
    known = {alias: name for name in DRIVERS for alias in (name, *DRIVERS[name].aliases)}
    used = {name: known[name] for name in named if name in known and name not in _COORDINATES}
    if not used:
        raise InputError(f"{path}: no column is a driver. It has: {', '.join(heads)}. Drivers: {', '.join(DRIVERS)}.")
    site = table[named["site"]] if "site" in named else pd.Series([str(i + 1) for i in range(len(table))], table.index)
    empty = np.flatnonzero(site.str.strip() == "")
    if empty.size:
        raise InputError(f"{path}, line {table.index[empty[0]]}, column 'site': is empty; name every site.")
    months = _numbers(path, table, named["month"]) if "month" in named else None
    index = pd.MultiIndex.from_arrays([site, months]) if months is not None else pd.Index(site)
    twice = np.flatnonzero(index.duplicated())
    if twice.size:
        at = twice[0]
        where = f"site {site.iloc[at]!r}" + (f", month {months[at]:g}" if months is not None else "")
        raise InputError(f"{path}, line {table.index[at]}: {where} is there for the second time.")
    names = list(dict.fromkeys(site))
    if months is not None:
        _refuse_gaps(path, site, months)
    data = xr.Dataset(coords={"site": names})
    for name, driver in used.items():
        head = named[name]
        unit = units.get(head, units.get(name, declared[head][1]))
        if not unit:
            raise InputError(
                f"{path}, column {head!r}: has no unit. Write it in the head, '{name} [{DRIVERS[driver].unit}]', or in "
                f"the study under units, '{name}: {DRIVERS[driver].unit}'."
            )
        values = pd.Series(_numbers(path, table, head), index=index)
        if months is None:
            data[driver] = ("site", values.to_numpy())
        else:
            data[driver] = (("month", "site"), values.unstack(level=0)[names].to_numpy())
        data[driver].attrs["units"] = unit
    if months is not None:
        data = data.assign_coords(month=range(1, 13))
    for name in ("lat", "lon"):
        if name in named:
            values = pd.Series(_numbers(path, table, named[name]), index=site)
            data = data.assign_coords({name: ("site", values.groupby(level=0).first()[names].to_numpy())})
    data.encoding["source"] = str(path)
    return data


def _text_table(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """The table as text, and its heads."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not text in UTF-8 (byte {error.start}). Save it as CSV in UTF-8.") from error
    lines = [(i, line) for i, line in enumerate(text.splitlines(), start=1) if line.strip() and line[0] != "#"]
    if len(lines) < 2:
        raise InputError(f"{path}: holds no row below its heads.")
    separator = max(",;\t", key=lines[0][1].count)
    heads, *rows = [
        [cell.strip() for cell in row] for row in csv.reader((line for _, line in lines), delimiter=separator)
    ]
    twice = [head for head in heads if heads.count(head) > 1]
    if twice:
        raise InputError(f"{path}: two columns are called {twice[0]!r}.")
    if len(rows) != len(lines) - 1:
        raise InputError(f"{path}: a quotation mark is opened and not closed within its line.")
    for (number, _), row in zip(lines[1:], rows, strict=True):
        if len(row) != len(heads):
            raise InputError(f"{path}, line {number}: has {len(row)} values; the heads are {len(heads)}.")
    return pd.DataFrame(rows, columns=heads, index=[number for number, _ in lines[1:]]), heads


def _numbers(path: Path, table: pd.DataFrame, head: str) -> np.ndarray:
    """A column as numbers; an empty cell or NA is no data."""
    values = np.full(len(table), np.nan)
    for i, text in enumerate(table[head]):
        if text in ("", "NA", "NaN", "nan"):
            continue
        try:
            values[i] = float(text)
        except ValueError as error:
            hint = " Write decimals with a point." if re.fullmatch(r"-?\d+,\d+", text) else ""
            raise InputError(
                f"{path}, line {table.index[i]}, column {head!r}: {text!r} is not a number.{hint}"
            ) from error
    return values


def _refuse_gaps(path: Path, site: pd.Series, months: np.ndarray) -> None:
    """Raise `InputError` unless every site has the months 1 to 12."""
    for name, own in pd.Series(months).groupby(site.to_numpy(), sort=False):
        absent = sorted(set(range(1, 13)) - set(own))
        if absent or len(own) != 12:
            raise InputError(f"{path}: site {name!r} lacks month {absent[0] if absent else '?'}; give all of 1 to 12.")


# ---- parts


def selected(drivers: xr.Dataset, selection: Selection) -> xr.Dataset:
    """The part of the drivers that a study selects.

    Raises
    ------
    InputError
        When the drivers have no such dimension or nothing is left.
    """
    place = place_of(drivers)
    part = drivers
    if selection.lat or selection.lon or selection.places:
        absent = [dim for dim in ("lat", "lon") if dim not in drivers.dims or dim not in drivers.coords]
        if absent:
            raise InputError(
                f"{place}: select by lat, lon or places needs a grid with the dimensions lat and lon; there are "
                f"{', '.join(map(str, drivers.dims)) or 'none'}."
            )
    if selection.lat:
        low, high = sorted(selection.lat)
        part = part.isel(lat=np.flatnonzero((part["lat"] >= low) & (part["lat"] <= high)))
    if selection.lon:
        west, east = ((value + 180.0) % 360.0 - 180.0 for value in selection.lon)
        longitude = (part["lon"] + 180.0) % 360.0 - 180.0
        inside = (
            (longitude >= west) & (longitude <= east) if west <= east else (longitude >= west) | (longitude <= east)
        )
        part = part.isel(lon=np.flatnonzero(inside))
    if selection.places:
        part = _nearest_cells(part, selection.places, place)
    if selection.sites:
        if "site" not in part.dims or "site" not in part.coords:
            raise InputError(
                f"{place}: select by sites needs a dimension site; there are {', '.join(map(str, part.dims))}."
            )
        there = [str(name) for name in part["site"].values]
        for name in selection.sites:
            if name not in there:
                raise InputError(f"{place}: {unknown_name('site', name, there)}")
        part = part.isel(site=[there.index(name) for name in selection.sites])
    empty = [str(dim) for dim, size in part.sizes.items() if size == 0]
    if empty:
        raise InputError(f"{place}: the selection leaves nothing along {empty[0]!r}.")
    part.encoding["source"] = place
    return part


def _nearest_cells(drivers: xr.Dataset, places: list[Place], where: str) -> xr.Dataset:
    """For each place the nearest cell with a carbon input and no gap in any driver."""
    names = [place.name for place in places]
    if len(set(names)) < len(names):
        raise InputError(f"{where}: two places bear one name; give each its own.")
    known = [
        found
        for name in DRIVERS
        if (found := find_driver(drivers, name)) and {"lat", "lon"} <= set(drivers[found].dims)
    ]
    usable = read_driver(drivers, "carbon_input") > 0
    for name in known:
        usable = usable & drivers[name].notnull()
    usable = usable.all([dim for dim in usable.dims if dim not in ("lat", "lon")]).transpose("lat", "lon")
    latitude, longitude = (np.deg2rad(part) for part in np.meshgrid(drivers["lat"], drivers["lon"], indexing="ij"))
    rows, columns, distances = [], [], []
    for place in places:
        here_lat, here_lon = np.deg2rad(place.lat), np.deg2rad(place.lon)
        half = np.sin((latitude - here_lat) / 2) ** 2
        half += np.cos(latitude) * np.cos(here_lat) * np.sin((longitude - here_lon) / 2) ** 2
        distance = np.where(usable.values, 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1))), np.inf)
        row, column = np.unravel_index(distance.argmin(), distance.shape)
        if not distance[row, column] <= FARTHEST:
            raise InputError(
                f"{where}: no cell with all drivers lies within {FARTHEST:g} km of {place.name!r} ({place.lat:g}, "
                f"{place.lon:g}); the nearest is {distance[row, column]:,.0f} km away."
            )
        rows.append(row)
        columns.append(column)
        distances.append(distance[row, column])
    at = {dim: xr.DataArray(index, dims="site") for dim, index in (("lat", rows), ("lon", columns))}
    part = drivers.isel(at).assign_coords(site=names)
    part = part.assign_coords(
        distance_km=("site", distances, {"units": "km", "long_name": "from the site to the middle of its cell"})
    )
    return part


# ---- changes


def changed(drivers: xr.Dataset, changes: Mapping[str, Change], experiment: str) -> xr.Dataset:
    """Drivers as an experiment changes them; what lies outside the limits of a driver afterwards is refused.

    Raises
    ------
    InputError
        Naming the experiment.
    """
    if not changes:
        return drivers
    place = f"{place_of(drivers)}, as the experiment {experiment!r} changes it"
    if (
        "carbon_input" in changes
        and find_driver(drivers, "annual_carbon_input")
        and "annual_carbon_input" not in changes
    ):
        raise InputError(f"{place}: the drivers also hold annual_carbon_input, its total of a year: change both alike.")
    result = drivers.copy()
    for name, change in changes.items():
        values = read_driver(drivers, name)
        attributes = values.attrs
        if change.add is not None:
            values = values + change.add
        elif change.multiply is not None:
            values = values * change.multiply
        else:
            values = values.where(values.isnull(), change.set)
        result = result.drop_vars(find_driver(drivers, name) or []).assign({name: values.assign_attrs(attributes)})
        read_driver(result, name, place)
    result.encoding["source"] = place
    return result


def through_time(drivers: xr.Dataset, changing: xr.Dataset) -> xr.Dataset:
    """Drivers with those that change put in their places; those with months repeat along the time axis.

    Parameters
    ----------
    drivers : xr.Dataset
        Constant, or with a dimension ``month``.
    changing : xr.Dataset
        Some variables have a dimension ``time`` of dates.

    Raises
    ------
    InputError
        When nothing changes, the cells differ, or the drivers have days.
    """
    place = place_of(changing)
    names = {found: name for name in DRIVERS if (found := find_driver(changing, name))}
    if not any("time" in changing[found].dims for found in names):
        held = ", ".join(map(str, changing.data_vars)) or "nothing"
        raise InputError(f"{place}: no driver in it has a dimension 'time'. It holds: {held}.")
    read_years(changing["time"], place)
    for found in names:
        refuse_what_is_no_number(changing, found, place)
    kept = drivers.drop_vars([found for name in names.values() if (found := find_driver(drivers, name))])
    if "month" in kept.indexes:
        kept = kept.sortby("month")
    try:
        xr.align(kept.drop_dims([d for d in ("month",) if d in kept.dims]), changing.drop_dims("time"), join="exact")
        joined = kept.drop_vars("month", errors="ignore").assign(
            {
                name: changing[found].drop_attrs(deep=False).assign_attrs(changing[found].attrs)
                for found, name in names.items()
            }
        )
    except ValueError as error:
        raise InputError(
            f"{place}: stands on other cells than {place_of(drivers)}: {str(error).splitlines()[0]}"
        ) from error
    if "day" in kept.dims:
        raise InputError(f"{place_of(drivers)}: drivers of days cannot be joined with others that change; give months.")
    months = xr.DataArray(changing["time"].dt.month.values - 1, dims="time")
    for name in list(joined.data_vars):
        if "month" in joined[name].dims:
            if joined.sizes["month"] != 12:
                raise InputError(
                    f"{place}: dimension 'month' of {str(name)!r} has length {joined.sizes['month']}; a repeating year "
                    "has 12."
                )
            joined[name] = joined[name].isel(month=months)
    joined.encoding["source"] = place
    return joined


def mean_year(changing: xr.Dataset, years: int) -> xr.Dataset:
    """The mean year of the first years of drivers with a time axis that begins in January.

    Raises
    ------
    InputError
        When the drivers do not begin in January or have fewer years.
    """
    place = place_of(changing)
    axis = read_years(changing["time"], place)
    if axis.first_month != 0:
        raise InputError(f"{place}: 'time' begins in month {axis.first_month + 1}; first_years needs a first January.")
    if years > axis.count:
        raise InputError(f"{place}: holds {axis.count} whole years; first_years asks for {years}.")
    if axis.period not in ("month", "day"):
        raise InputError(f"{place}: first_years takes months or days; 'time' has steps of {axis.lengths[0] * 24:g} h.")
    length = len(axis.lengths)
    first = changing.isel(time=slice(0, years * length))
    index = np.tile(np.arange(1, length + 1), years)
    with xr.set_options(keep_attrs=True):
        mean = first.drop_vars("time").assign_coords({axis.period: ("time", index)}).groupby(axis.period).mean("time")
    mean.encoding["source"] = f"{place}, mean of the first {years} years"
    return mean
