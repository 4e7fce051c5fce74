"""Bad input gets one message a soil scientist understands, exit code 2, and leaves what was there untouched."""

import os
import random
import warnings
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
from command import soilcue
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soilcue.atlas.grid import atlas_grid, cell_area
from soilcue.core.errors import InputError
from soilcue.core.files import read_netcdf
from soilcue.data import drivers
from soilcue.soil_model import model


@pytest.fixture(scope="module")
def grid() -> xr.Dataset:
    """A piece of the embedded grid in the Sahel: 4 rows, 8 columns, 24 cells with vegetation."""
    return drivers().isel(lat=slice(40, 44), lon=slice(76, 84)).drop_encoding()


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder that holds an older atlas."""
    place = tmp_path / "results"
    place.mkdir()
    (place / "atlas.nc").write_text("older data")
    (place / "atlas.html").write_text("older page")
    return place


def refused(folder: Path, source: object, *more: str) -> str:
    """The one message with which an atlas is refused; the folder is as it was."""
    ended = soilcue("atlas", "--drivers", source, "--folder", folder, "--model", "century", *more)
    lines = ended.err.splitlines()
    assert ended.code == 2, ended
    assert ended.out == ""
    assert lines[:-1] == ["reading drivers and loading the solvers"]
    assert lines[-1].startswith("soilcue: ")
    assert "Traceback" not in ended.err
    assert sorted(os.listdir(folder)) == ["atlas.html", "atlas.nc"]
    assert (folder / "atlas.nc").read_text() == "older data"
    assert (folder / "atlas.html").read_text() == "older page"
    return lines[-1].removeprefix("soilcue: ")


def with_units(name: str, units: str | None, factor: float = 1.0, offset: float = 0.0):
    """A change that scales a variable and gives it other units, or none."""

    def change(grid: xr.Dataset) -> xr.Dataset:
        values = (grid[name] * factor + offset).drop_attrs()
        return grid.assign({name: values if units is None else values.assign_attrs(units=units)})

    return change


def flagged(**attributes):
    """A change that gives the biome other attributes."""
    return lambda grid: grid.assign(biome=grid["biome"].drop_attrs().assign_attrs(attributes))


BAD_GRIDS = {
    "missing variable": (
        lambda g: g.drop_vars(["clay", "litter_lignin"]),
        ["lacks the variables 'clay' (clay share", "'litter_lignin'", "or 'structural_lignin'", "It has: temperature"],
    ),
    "no units": (with_units("clay", None), ["variable 'clay'", "no units attribute", "attrs['units'] = '1'"]),
    "impossible units": (with_units("temperature", "kg"), ["'temperature'", "'kg' cannot be converted to 'degC'"]),
    "units that are none": (with_units("temperature", "hot"), ["'hot' is not a unit", "Expected 'degC'"]),
    "percent given as fraction": (
        with_units("clay", "1", 100.0),
        ["24 values outside 0 to 1, the first 24.4", "lat=11.25, lon=11.25", "looks like percent", "'%'"],
    ),
    "kelvin given as Celsius": (with_units("temperature", "degC", 1, 273.15), ["288 values", "month=1", "kelvin"]),
    "Celsius given as kelvin": (with_units("temperature", "K"), ["looks like degrees Celsius", "'degC'"]),
    "negative litter": (
        with_units("carbon_input", "gC m-2 d-1", -1.0),
        ["'carbon_input'", "24 values outside 0 to 50 gC m-2 d-1", "carbon that enters the soil is positive"],
    ),
    "yearly carbon given as daily": (with_units("carbon_input", "gC m-2 d-1", 365.0), ["'gC m-2 yr-1'"]),
    "infinite values": (
        lambda g: g.assign(clay=g["clay"].where(g["clay"] < 0.3, np.inf)),
        ["the first inf", "stands for missing data", "_FillValue"],
    ),
    "numbers for missing data": (
        lambda g: g.assign(clay=g["clay"].fillna(-9999.0)),
        ["If -9999 stands for missing data", "_FillValue"],
    ),
    "text for numbers": (lambda g: g.assign(clay=g["clay"].astype(str)), ["'clay'", "not numbers"]),
    "no grid": (
        lambda g: g.stack(cell=("lat", "lon")).reset_index("cell").drop_vars(["lat", "lon"]),
        ["an atlas needs a grid", "month (12), cell (32)", "for sites, use soilcue.model"],
    ),
    "other names of rows and columns": (
        lambda g: g.rename(lat="latitude", lon="longitude"),
        ["drivers.rename(latitude='lat', longitude='lon')"],
    ),
    "rows without a coordinate": (lambda g: g.drop_vars("lat"), ["no dimension with coordinate 'lat'."]),
    "one row": (lambda g: g.isel(lat=[1]), ["at least two cells along 'lat'; there are 1"]),
    "no rows": (lambda g: g.isel(lat=slice(0)), ["at least two cells along 'lat'; there are 0"]),
    "projected coordinates": (lambda g: g.assign_coords(lat=[0, 5e4, 1e5, 1.5e5]), ["'lat'", "-90 to 90 degrees"]),
    "unknown latitude": (lambda g: g.assign_coords(lat=[0, 1, np.nan, 3]), ["'lat'", "nan"]),
    "rows with names": (lambda g: g.assign_coords(lat=list("abcd")), ["'lat' must hold latitudes, numbers"]),
    "uneven rows": (lambda g: g.assign_coords(lat=[0, 1, 2, 9]), ["evenly spaced along 'lat'", "2 is followed by 9"]),
    "a column twice": (lambda g: g.isel(lon=[0, 0, 1, 2]), ["each once", "11.25 is followed by 11.25"]),
    "eleven months": (lambda g: g.isel(month=slice(11)), ["'month' of 'temperature' has length 11", "has 12"]),
    "months from zero": (lambda g: g.assign_coords(month=range(12)), ["'month' holds 0, 1, 2", "range(1, 13)"]),
    "time": (lambda g: g.rename(month="time"), ["'temperature' has a dimension 'time'", "groupby('time.month')"]),
    "an ensemble": (lambda g: g.expand_dims(run=2), ["dimension 'run' (length 2)", "drivers.isel(run=0)"]),
    "drivers on another grid": (
        lambda g: g.assign(clay=g["clay"].rename(lat="row", lon="column")),
        ["variable 'clay'", "dimension 'row' (length 4)"],
    ),
    "all missing": (lambda g: g.where(False), ["no cell has all that century needs", "Of 32 cells", "clay 0"]),
    "one driver all missing": (
        lambda g: g.assign(clay=g["clay"].where(False)),
        ["no cell has all", "temperature 24", "clay 0"],
    ),
    "nothing grows": (with_units("carbon_input", "gC m-2 d-1", 0.0), ["no cell has all", "carbon_input 0"]),
    "land area without units": (with_units("land_area", None), ["'land_area'", "no units attribute"]),
    "negative land": (with_units("land_area", "m2", -1.0), ["'land_area'", "32 values outside 0 to"]),
    "biome without meanings": (flagged(), ["'biome'", "flag_values", "flag_meanings"]),
    "biome with too few meanings": (
        flagged(flag_values=np.array([8, 9], np.int8), flag_meanings="savanna"),
        ["'biome'", "flag_meanings"],
    ),
    "biome of an unknown class": (
        flagged(flag_values=np.array([1, 2], np.int8), flag_meanings="forest savanna"),
        ["'biome'", "holds 9 at lat=11.25, lon=11.25", "flag_values do not list"],
    ),
}


@pytest.mark.parametrize("case", BAD_GRIDS)
def test_bad_drivers_are_refused_with_file_place_and_mend(case, grid, folder, tmp_path):
    change, words = BAD_GRIDS[case]
    source = tmp_path / "drivers.nc"
    with xr.set_options(keep_attrs=True):
        change(grid).to_netcdf(source)
    message = refused(folder, source)
    assert message.startswith(str(source))
    for word in words:
        assert word in message, message


def cut(grid: xr.Dataset, path: Path, length: int, **how) -> None:
    grid.to_netcdf(path, **how)
    path.write_bytes(path.read_bytes()[:length])


def as_classic(grid: xr.Dataset) -> xr.Dataset:
    return grid.assign_coords(month=grid["month"].astype("int32"))


BAD_FILES = {
    "absent": (lambda grid, path: None, ["there is no such file", "'global' and 'lter'"]),
    "empty": (lambda grid, path: path.touch(), ["cannot be read as NetCDF", "it is empty"]),
    "text": (lambda grid, path: path.write_text("lat,lon,clay\n"), ["another kind of file", "'lat,lon,'"]),
    "a folder": (lambda grid, path: path.mkdir(), ["is not a file"]),
    "cut NetCDF-4": (lambda grid, path: cut(grid, path, 20_000), ["cut off or damaged"]),
    "cut in its first bytes": (lambda grid, path: cut(grid, path, 6), ["cut off or damaged"]),
    "cut classic NetCDF": (
        lambda grid, path: cut(as_classic(grid), path, 3_000, engine="scipy"),
        ["cut off or damaged"],
    ),
    "HDF5 without variables": (lambda grid, path: h5py.File(path, "w").close(), ["The dimensions are: none"]),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_file_that_is_no_netcdf_is_refused(case, grid, folder, tmp_path):
    make, words = BAD_FILES[case]
    source = tmp_path / "drivers.nc"
    make(grid, source)
    message = refused(folder, source)
    assert message.startswith(str(source))
    for word in words:
        assert word in message, message


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--drivers", "globl"], ["globl: there is no such file", "'global' and 'lter'"]),
        (["--drivers", "lter"], ["an atlas needs a grid", "site (14)"]),
        (["--model", "mimic"], ["unknown model 'mimic'. Did you mean 'mimics'"]),
        (["--model", "mimics:wieder2016"], ["'wieder2016'. Did you mean 'wieder2015'?"]),
        (["--model", "century"], ["'century' is asked for twice", "once"]),
        (["--cue", "constnt"], ["unknown scheme 'constnt'. Did you mean 'constant'?"]),
        (["--season", "annual"], ["unknown season 'annual'. Did you mean 'annual-mean'"]),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(options, words, folder):
    message = refused(folder, "global", *options)
    for word in words:
        assert word in message, message


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cite", "mimcs"], "Did you mean 'mimics'"),
        (["cite", "mimics:sandbox"], "Did you mean 'sandbox2015'"),
        (["cite", "absent.nc"], "absent.nc: there is no such file"),
        (["atlass"], "Did you mean 'atlas'"),
        (["atlas", "--drivrs", "x.nc"], "--drivers"),
        (["models", "extra"], "extra"),
    ],
)
def test_mistyped_commands_end_with_a_message(arguments, words):
    ended = soilcue(*arguments)
    assert ended.code == 2
    assert words in ended.err
    assert "Traceback" not in ended.err


def test_citing_a_file_that_says_nothing_about_it(tmp_path):
    xr.Dataset({"x": 1.0}).to_netcdf(tmp_path / "plain.nc")
    ended = soilcue("cite", tmp_path / "plain.nc")
    assert ended.code == 2
    assert "does not say what to cite" in ended.err


# ---- what is unusual but right


UNUSUAL = {
    "rows from the north": lambda g: g.isel(lat=slice(None, None, -1)),
    "columns in disorder": lambda g: g.isel(lon=[3, 1, 2, 0, 4, 5, 6, 7]),
    "months in disorder": lambda g: g.isel(month=[3, 1, 2, 0, 4, 5, 6, 7, 8, 9, 10, 11]),
    "longitudes a turn away": lambda g: g.assign_coords(lon=g["lon"] - 360.0),
    "other order of dimensions": lambda g: g.transpose("lon", "month", "lat"),
    "percent, kelvin and yearly": lambda g: g.assign(
        clay=(g["clay"] * 100).assign_attrs(units="%"),
        temperature=(g["temperature"] + 273.15).assign_attrs(units="K"),
        carbon_input=(g["carbon_input"] * 0.365).assign_attrs(units="kg C m^-2 yr^-1"),
    ),
    "other names": lambda g: g.rename(temperature="tsl", moisture="theta", carbon_input="npp"),
    "bounds and other variables beside": lambda g: g.assign(
        lat_bounds=(("lat", "bound"), np.zeros((g.sizes["lat"], 2))), note=("letter", ["a", "b", "c"])
    ).assign_coords(height=2.0),
    "land in square kilometres": lambda g: g.assign(land_area=(g["land_area"] / 1e6).assign_attrs(units="km2")),
}


@pytest.mark.parametrize("case", UNUSUAL)
def test_unusual_forms_of_the_same_drivers_are_the_same(case, grid):
    usual, unusual = atlas_grid(grid), atlas_grid(UNUSUAL[case](grid.astype(float)))
    np.testing.assert_allclose(unusual["lat"], grid["lat"])
    np.testing.assert_allclose(unusual["lon"], grid["lon"])
    for name in ("land_area", "biome"):
        np.testing.assert_allclose(usual[name], unusual[name].transpose("lat", "lon"), rtol=1e-6, err_msg=name)
    first, second = (model("century").steady_state(g, eigenvalues=False)["soil_carbon"] for g in (usual, unusual))
    assert int(first.notnull().sum()) == 24
    np.testing.assert_allclose(first, second.transpose("lat", "lon"), rtol=1e-5)


def test_globe_counted_from_zero_is_turned():
    globe = drivers()
    turned = atlas_grid(globe.assign_coords(lon=globe["lon"] % 360.0).sortby("lon"))
    xr.testing.assert_allclose(turned, atlas_grid(globe))


def test_numbers_of_any_type_and_one_number_for_all_are_drivers(grid):
    plain = grid.assign(
        clay=xr.DataArray(np.int32(20), attrs={"units": "%"}),
        moisture=grid["moisture"].astype("float64"),
    )
    assert model("century").cells_with_drivers(atlas_grid(plain))["all"] == 24


def test_files_that_are_open_and_not_yet_read_are_drivers(grid, tmp_path):
    grid.to_netcdf(tmp_path / "drivers.nc")
    with xr.open_dataset(tmp_path / "drivers.nc") as waiting:
        assert model("century").cells_with_drivers(atlas_grid(waiting))["all"] == 24


def test_a_cell_with_any_value_missing_is_masked_and_no_more(grid):
    holed = grid.copy(deep=True)
    holed["temperature"][3, 0, 0] = np.nan
    counts = model("century").cells_with_drivers(atlas_grid(holed))
    assert counts["all"] == counts["temperature"] == 23
    assert counts["clay"] == 24


def test_without_land_area_vegetated_cells_are_all_land(grid):
    bare = atlas_grid(grid.drop_vars(["land_area", "vegetated_area"]))
    planted = grid["carbon_input"] > 0
    np.testing.assert_allclose(bare["land_area"], cell_area(grid).where(planted, 0.0))
    assert "all land" in bare["land_area"].attrs["assumed"]
    assert "vegetated_area" not in bare


def test_without_a_biome_all_cells_are_of_one_class(grid):
    bare = atlas_grid(grid.drop_vars("biome"))["biome"]
    assert bare.attrs["flag_meanings"] == "not_given"
    assert np.unique(bare).tolist() == bare.attrs["flag_values"].tolist()
    assert "class of their own" in bare.attrs["assumed"]


def test_cells_without_a_biome_get_a_class_of_their_own(grid):
    holed = grid.assign(biome=grid["biome"].astype(float).where(grid["lat"] > 12).assign_attrs(grid["biome"].attrs))
    biome = atlas_grid(holed)["biome"]
    last = int(grid["biome"].attrs["flag_values"].max()) + 1
    assert (biome.sel(lat=11.25) == last).all()
    assert biome.attrs["flag_values"].tolist() == [*grid["biome"].attrs["flag_values"].tolist(), last]
    assert biome.attrs["flag_meanings"].endswith(" not_given")
    np.testing.assert_array_equal(biome.sel(lat=slice(12, None)), grid["biome"].sel(lat=slice(12, None)))


def test_cells_of_a_globe_cover_a_sphere():
    globe = xr.Dataset(coords={"lat": np.linspace(-90, 90, 91), "lon": np.arange(-180, 180, 4.0)})
    assert float(cell_area(globe).sum()) == pytest.approx(4 * np.pi * 6.371e6**2, rel=1e-12)


def test_text_of_old_files_is_read(grid, tmp_path):
    grid.assign(temperature=grid["temperature"].assign_attrs(units="deg_C")).to_netcdf(tmp_path / "old.nc")
    data = (tmp_path / "old.nc").read_bytes()
    assert data.count(b"deg_C") == 1
    (tmp_path / "old.nc").write_bytes(data.replace(b"deg_C", b"\xb0C\0\0\0"))
    read = read_netcdf(tmp_path / "old.nc")
    assert read["temperature"].attrs["units"] == "°C"


# ---- damaged files


@pytest.fixture(scope="module")
def whole_files(grid, tmp_path_factory) -> list[bytes]:
    """The same small drivers as NetCDF-4 and as classic NetCDF."""
    small = grid.isel(lat=slice(2), lon=slice(4))
    place = tmp_path_factory.mktemp("whole")
    small.to_netcdf(place / "four.nc", engine="h5netcdf")
    as_classic(small).to_netcdf(place / "classic.nc", engine="scipy", format="NETCDF3_64BIT")
    return [(place / name).read_bytes() for name in ("four.nc", "classic.nc")]


@settings(
    deadline=None, derandomize=True, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(classic=st.booleans(), changes=st.integers(1, 60), seed=st.integers(0, 2**32 - 1), cut_off=st.booleans())
def test_damaged_file_is_read_or_refused(classic, changes, seed, cut_off, whole_files, tmp_path):
    chance = random.Random(seed)
    damaged = bytearray(whole_files[classic])
    # most of the text is at the head of a file, most of the rest are values, of which any may be right
    for _ in range(changes):
        damaged[chance.randrange(len(damaged) if chance.random() < 0.5 else 9_000)] = chance.randrange(256)
    source = tmp_path / "damaged.nc"
    source.write_bytes(damaged[: chance.randrange(len(damaged))] if cut_off else damaged)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of xarray, about attributes that contradict each other
        try:
            counts = model("century").cells_with_drivers(atlas_grid(read_netcdf(source)))
            message = ""
        except InputError as error:
            message = str(error)
    assert message.startswith(str(source)) if message else 0 < counts["all"] <= 8
