"""NetCDF files of drivers that change, harmed in the ways files are found harmed, and in ways nobody would."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from pathlib import Path

import h5netcdf
import h5py
import numpy as np
import xarray as xr

YEARS = 2
CALENDARS = ("standard", "noleap", "360_day", "julian", "all_leap", "proleptic_gregorian", "lunar", "", 7)
TIME_UNITS = (
    "days since 2001-01-01",
    "months since 2001-01-01",
    "hours since 1900-01-01 00:00",
    "days since 0000-00-00",
    "days since 99999-13-01",
    "seconds",
    "since",
    "days as %Y%m%d.%f",
    "",
    7,
)
UNITS = (
    "degC",
    "K",
    "%",
    "1",
    "gC m-2 yr-1",
    "kg m-2 s-1",
    "m",
    "furlong",
    "((",
    "degC degC",
    "1/0",
    "10^10^10",
    "",
    " ",
)
KINDS = ("i1", "u8", "f4", "S3", "M8[ns]", "O")
NUMBERS = (np.nan, np.inf, -np.inf, 0.0, -1.0, -9999.0, 1e20, 1e300, 1e-320)
ATTRIBUTES = (
    ("units", 3.0),
    ("units", np.array([1, 2])),
    ("units", b"deg\xb0C"),
    ("_FillValue", "none"),
    ("missing_value", np.array([1.0, 2.0])),
    ("scale_factor", np.nan),
    ("scale_factor", "ten"),
    ("add_offset", 1e308),
    ("coordinates", "nowhere else"),
    ("coordinates", 3),
    ("calendar", "lunar"),
    ("bounds", "absent"),
    ("flag_values", "a"),
    ("dtype", "bool"),
    ("_Unsigned", "true"),
)


def changing() -> xr.Dataset:
    """Two years of months at the sites of the small study: temperature, moisture and carbon input."""
    months = np.arange(12 * YEARS)
    wave = np.sin(2 * np.pi * months / 12)[:, None] * np.ones(2)
    dims = ("time", "site")
    return xr.Dataset(
        {
            "temperature": (dims, 10 + 8 * wave, {"units": "degC"}),
            "moisture": (dims, 0.25 - 0.05 * wave, {"units": "m3 m-3"}),
            "carbon_input": (dims, 1.5 + wave, {"units": "gC m-2 d-1"}),
            "time": ("time", 15.0 + 30.4 * months, {"units": "days since 2001-01-01", "calendar": "noleap"}),
            "site": ["Harvard Forest", "Konza, prairie"],
        }
    )


def _variable(data: xr.Dataset, rng: random.Random) -> str:
    return rng.choice(sorted(map(str, data.variables)) or ["temperature"])


def _values(data: xr.Dataset, rng: random.Random) -> xr.Dataset:
    """Some or all numbers of a variable become one that is none, or far off."""
    name = _variable(data, rng)
    values = data[name].values
    if values.dtype.kind != "f" or not values.size:
        return data
    values = values.copy()
    some = np.s_[...] if rng.random() < 0.5 else rng.randrange(values.size)
    values.reshape(-1)[some] = rng.choice(NUMBERS)
    return _with(data, name, data[name].dims, values)


def _with(data: xr.Dataset, name: str, dims, values, attrs=None) -> xr.Dataset:
    """The variable made anew, whatever it stood on."""
    attrs = dict(data[name].attrs) if attrs is None else attrs
    rest = data.drop_vars(name)
    clash = {d: n for d, n in zip(dims, np.shape(values), strict=True) if rest.sizes.get(d, n) != n}
    names = [f"{d}_2" if d in clash else d for d in dims]
    return rest.assign({name: xr.Variable(names, values, attrs)})


def _kind(data, rng):
    name, kind = _variable(data, rng), rng.choice(KINDS)
    values = data[name].values
    if values.dtype.kind in "OUSmM":
        values = np.zeros(values.shape)
    values = np.nan_to_num(values, nan=0.0, posinf=9.0, neginf=-9.0).clip(-100, 100)
    if kind == "O":
        values = np.array([f"{value:g}" for value in values.reshape(-1)], object).reshape(values.shape)
    elif kind == "M8[ns]":
        values = values.astype("i8").astype(kind)
    elif kind == "u8":
        values = values.clip(0).astype(kind)
    else:
        values = values.astype(kind)
    attrs = {} if kind == "M8[ns]" else None
    return _with(data, name, data[name].dims, values, attrs)


def _dims(data, rng):
    name = _variable(data, rng)
    array = data[name].variable
    change = rng.choice(["transpose", "longer", "one more", "none", "empty", "renamed", "cut"])
    if change == "transpose":
        return _with(data, name, array.dims[::-1], array.values.T)
    if change in ("one more", "longer"):
        size = 1 if change == "one more" else 3
        dims = (rng.choice(["depth", "month", "day", "member", "time_2"]), *array.dims)
        return _with(data, name, dims, np.repeat(array.values[None], size, axis=0))
    if change == "none":
        return _with(data, name, (), array.values.reshape(-1)[0]) if array.size else data
    if change == "empty":
        return _with(data, name, ("nothing",), np.zeros(0))
    if change == "cut":
        dim = rng.choice(sorted(map(str, data.sizes)) or [""])
        size = data.sizes.get(dim, 0)
        return data.isel({dim: slice(rng.randrange(size + 1))}) if size else data
    if not array.dims:
        return data
    dim = rng.choice(array.dims)
    new = rng.choice(["month", "day", "t", "x", "lat"])
    return data if new in data.variables or new in data.dims else data.rename_dims({dim: new})


def _units(data, rng):
    name = _variable(data, rng)
    return _with(data, name, data[name].dims, data[name].values, {**data[name].attrs, "units": rng.choice(UNITS)})


def _attribute(data, rng):
    name = _variable(data, rng)
    key, value = rng.choice(ATTRIBUTES)
    return _with(data, name, data[name].dims, data[name].values, {**data[name].attrs, key: value})


def _bare(data, rng):
    name = _variable(data, rng)
    return _with(data, name, data[name].dims, data[name].values, {})


def _dropped(data, rng):
    return data.drop_vars(_variable(data, rng))


def _renamed(data, rng):
    new = rng.choice(["MAT", "npp", "month", "day", "status", "pool", "time_bounds", "°", "lat", "record_length"])
    name = _variable(data, rng)
    return data if new in data.variables or new in data.dims else data.rename_vars({name: new})


def _times(data, rng):
    """A time axis with gaps, repeats, other steps, another calendar, or none that can be read."""
    if "time" not in data.variables or data["time"].values.dtype.kind not in "fiu" or not data["time"].size:
        return data
    times = np.array(data["time"].values, dtype=float)
    change = rng.choice(["calendar", "units", "swap", "repeat", "jump", "days", "hours", "backward", "far", "gap"])
    attrs = dict(data["time"].attrs)
    flat = times.reshape(-1)
    at = rng.randrange(flat.size)
    if change == "calendar":
        attrs["calendar"] = rng.choice(CALENDARS)
    elif change == "units":
        attrs["units"] = rng.choice(TIME_UNITS)
    elif change == "swap":
        flat[[at, 0]] = flat[[0, at]]
    elif change == "repeat":
        flat[at] = flat[0]
    elif change == "jump":
        flat[at:] += rng.choice([31.0, 365.0, 1e5])
    elif change in ("days", "hours"):
        flat[:] = np.arange(flat.size) / (1 if change == "days" else 24)
    elif change == "backward":
        flat[:] = flat[::-1].copy()
    elif change == "far":
        flat[at] = rng.choice([np.nan, np.inf, 1e18, -1e18, 1e300])
    else:
        keep = [i for i in range(data.sizes[data["time"].dims[0]]) if i != at] if data["time"].ndim == 1 else None
        return data if keep is None else data.isel({data["time"].dims[0]: keep})
    return _with(data, "time", data["time"].dims, times, attrs)


CHANGES: tuple[Callable[[xr.Dataset, random.Random], xr.Dataset], ...] = (
    _values,
    _kind,
    _dims,
    _units,
    _attribute,
    _bare,
    _dropped,
    _renamed,
    _times,
    _times,
)


def harmed(rng: random.Random) -> xr.Dataset:
    """The changing drivers after one change, or a few."""
    data = changing()
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        with contextlib.suppress(ValueError):  # some changes do not go together
            data = rng.choice(CHANGES)(data, rng)
    return data


def write_plainly(data: xr.Dataset, path: Path) -> None:
    """A Dataset as a file, without xarray's care: what it would not write is to be read."""
    with h5netcdf.File(path, "w") as file:
        file.dimensions = {str(dim): size for dim, size in data.sizes.items()}
        for name, variable in data.variables.items():
            values = variable.values
            if values.dtype.kind in "OU":
                values = values.astype(object)
            elif values.dtype.kind == "M":
                values = values.astype("i8")
            kind = h5py.string_dtype() if values.dtype.kind == "O" else values.dtype
            made = file.create_variable(str(name), tuple(map(str, variable.dims)), kind, data=values)
            for key, value in variable.attrs.items():
                made.attrs[key] = value
