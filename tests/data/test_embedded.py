"""Embedded data: schema, units, ranges, totals and the tools that make them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilcue.core.errors import InputError
from soilcue.core.references import REFERENCES
from soilcue.core.variables import DRIVERS, read_driver
from soilcue.data import bulk_density_from_carbon, citations, coastlines, drivers, observed_profiles, profile_stocks
from soilcue.data.driver_sets import CITATIONS

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "src" / "soilcue" / "data"
MONTHLY = {"temperature", "moisture"}
CONSTANT = {
    "carbon_input",
    "clay",
    "clay_silt",
    "porosity",
    "pH",
    "bulk_density",
    "lignin_to_nitrogen",
    "litter_lignin",
    "above_ground_fraction",
}
AREAS = {"land_area", "vegetated_area"}
# Names of the CF standard name table (version 93) in use here. It has none for the pH of a soil in suspension.
CF_NAMES = {
    "soil_temperature",
    "volume_fraction_of_condensed_water_in_soil",
    "soil_porosity",
    "latitude",
    "longitude",
}


@pytest.fixture(scope="module")
def grid() -> xr.Dataset:
    return drivers()


def at(field: xr.DataArray, latitude: float, longitude: float) -> xr.DataArray:
    return field.sel(lat=latitude, lon=longitude, method="nearest")


def test_grid_is_regular_and_complete(grid):
    assert dict(grid.sizes) == {"month": 12, "lat": 72, "lon": 144}
    np.testing.assert_allclose(grid["lat"], np.arange(-88.75, 90, 2.5))
    np.testing.assert_allclose(grid["lon"], np.arange(-178.75, 180, 2.5))
    assert list(grid["month"].values) == list(range(1, 13))
    assert set(grid.data_vars) == MONTHLY | CONSTANT | AREAS | {"biome"}
    for name in MONTHLY:
        assert grid[name].dims == ("month", "lat", "lon")
    for name in CONSTANT | AREAS | {"biome"}:
        assert grid[name].dims == ("lat", "lon")


def test_every_variable_says_where_it_comes_from(grid):
    for name, variable in grid.data_vars.items():
        for key in ("long_name", "source", "licence", "transformation"):
            assert variable.attrs.get(key), f"{name} has no {key}"
        if name != "biome":
            assert variable.attrs["units"]
    for name in MONTHLY | CONSTANT:
        assert grid[name].attrs["units"] == DRIVERS[name].unit
        if "standard_name" in grid[name].attrs:
            assert grid[name].attrs["standard_name"] == DRIVERS[name].standard_name
    for name in ("pH", "bulk_density", "carbon_input", "lignin_to_nitrogen"):
        assert grid[name].attrs["assumed"]
    for key in ("title", "Conventions", "source", "references", "licences", "history", "comment", "citations"):
        assert grid.attrs[key]


def test_standard_names_are_those_of_cf(grid):
    assert {variable.standard_name for variable in DRIVERS.values()} - {""} <= CF_NAMES
    for name, variable in grid.variables.items():
        assert variable.attrs.get("standard_name", "soil_temperature") in CF_NAMES, name
    assert grid["lat"].attrs["standard_name"] == "latitude"
    assert grid["lon"].attrs["standard_name"] == "longitude"


def test_soil_climate_is_a_file_of_its_own(grid):
    fixed = xr.load_dataset(DATA / "global_drivers.nc", engine="h5netcdf")
    climate = xr.load_dataset(DATA / "soil_climate.nc", engine="h5netcdf")
    assert set(climate.data_vars) == MONTHLY
    assert set(fixed.data_vars) == CONSTANT | AREAS | {"biome"}
    for name in fixed.data_vars:
        assert fixed[name].attrs["licence"] in ("MIT", "not needed")
        xr.testing.assert_identical(grid[name], fixed[name])
    for name in climate.data_vars:
        assert climate[name].attrs["licence"] == "MIT"
        xr.testing.assert_identical(grid[name], climate[name])
    assert "Copyright (c) 2025 The SpeedyWeatherAssets contributors" in climate.attrs["licences"]


def test_every_citation_exists(grid):
    assert set(citations()) <= set(REFERENCES)
    assert len(citations()) == len(set(citations()))
    tables = {path.name for path in DATA.iterdir() if path.suffix in (".nc", ".csv", ".gz", ".json")}
    own = {"catalogue_files.csv", "substances.csv", "media.csv", "substrates_of_pools.csv"}  # written for soilcue
    by_scheme = {"cue_by_substrate_class.csv"}  # cited by the scheme that reads it
    assert set(CITATIONS) == tables - own - by_scheme
    for source in ("global", "lter"):
        assert set(drivers(source).attrs["citations"].split()) <= set(citations())
    assert set(grid.attrs["references"].splitlines()) == {
        REFERENCES[key].text() for key in grid.attrs["citations"].split()
    }


def test_every_embedded_file_has_its_line_among_the_licences():
    licences = (DATA / "LICENCES.md").read_text(encoding="utf-8")
    for name in CITATIONS:
        assert f"`{name}`" in licences


def test_every_driver_passes_the_checks_of_the_models(grid):
    for name in MONTHLY | CONSTANT:
        read_driver(grid, name)


def test_drivers_stand_in_the_same_cells(grid):
    vegetated = grid["vegetated_area"] > 0
    for name in CONSTANT:
        assert (grid[name].notnull() == vegetated).all(), name
    for name in MONTHLY:
        assert (grid[name].notnull() == vegetated).all(), name
    assert int(vegetated.sum()) == 2621


def test_ranges(grid):
    assert (grid["moisture"].min("month") > 0).where(grid["clay"].notnull(), True).all()
    assert (grid["moisture"].max("month") < grid["porosity"]).where(grid["clay"].notnull(), True).all()
    assert (grid["clay"] < grid["clay_silt"]).where(grid["clay"].notnull(), True).all()
    assert float(grid["clay_silt"].max()) < 1
    annual = grid["carbon_input"] * 365
    assert float(annual.min()) >= 5
    assert float(annual.max()) < 1600
    assert 0.1 < float(grid["above_ground_fraction"].min()) < float(grid["above_ground_fraction"].max()) < 0.9
    assert 10 < float(grid["lignin_to_nitrogen"].min()) < float(grid["lignin_to_nitrogen"].max()) < 40


def test_lignin_fits_into_structural_litter(grid):
    metabolic = 0.85 - 0.018 * grid["lignin_to_nitrogen"]
    assert ((1 - metabolic) > grid["litter_lignin"]).where(grid["clay"].notnull(), True).all()


def test_global_production_and_areas(grid):
    total = float((grid["carbon_input"] * grid["vegetated_area"]).sum()) * 365 / 1e15
    assert total == pytest.approx(47.062, rel=5e-4)  # bare cells, 0.016 PgC per year, are left out
    assert float(grid["land_area"].sum()) / 1e12 == pytest.approx(136.485, rel=1e-5)
    assert (grid["vegetated_area"] <= grid["land_area"] * (1 + 1e-6)).all()
    sine = np.sin(np.deg2rad(grid["lat"] + 1.25)) - np.sin(np.deg2rad(grid["lat"] - 1.25))
    cell = 6.371e6**2 * np.deg2rad(2.5) * sine
    assert (grid["land_area"] <= cell * 1.001).all()


def test_biomes(grid):
    flags = dict(zip(grid["biome"].attrs["flag_values"], grid["biome"].attrs["flag_meanings"].split(), strict=True))
    assert set(np.unique(grid["biome"])) <= set(flags)
    assert ((grid["biome"] == 0) == (grid["land_area"] == 0)).all()
    assert flags[int(at(grid["biome"], -3, -62))] == "evergreen_broadleaf_forest"
    assert flags[int(at(grid["biome"], 24, 10))] == "barren_or_sparsely_vegetated"
    assert flags[int(at(grid["biome"], 0, -150))] == "ocean"


def test_seasons_and_places_are_right(grid):
    temperature, moisture = grid["temperature"], grid["moisture"]
    siberia = at(temperature, 62, 130)
    assert float(siberia.sel(month=1)) < -20
    assert float(siberia.sel(month=7)) > 10
    australia = at(temperature, -22, 145)
    assert float(australia.sel(month=1)) > float(australia.sel(month=7)) + 8
    assert float(at(temperature, 0, 22).mean()) == pytest.approx(24.5, abs=1.5)
    # Once a year wet: the monsoons and the southern rains, which the original's labels scramble.
    assert int(at(moisture, 21, 79).idxmax("month")) in (8, 9)
    assert int(at(moisture, 12, 5).idxmax("month")) in (8, 9)
    assert int(at(moisture, -14, 29).idxmax("month")) in (1, 2, 3)
    assert int(at(moisture, 39, -121).idxmax("month")) in (1, 2, 3)


def test_moisture_has_one_season_not_three(grid):
    spectrum = np.abs(np.fft.rfft(grid["moisture"].values[:, grid["clay"].notnull().values], axis=0))
    assert np.median(spectrum[1]) > 3 * np.median(spectrum[3])


def test_no_stripes(grid):
    temperature = grid["temperature"].mean("month")
    along = float(np.abs(temperature.diff("lon")).mean())
    across = float(np.abs(temperature.diff("lat")).mean())
    second_along = float(np.abs(temperature.diff("lon", 2)).mean())
    second_across = float(np.abs(temperature.diff("lat", 2)).mean())
    assert second_along < 1.2 * along
    assert second_across < 1.2 * across


def test_lter_sites():
    sites = drivers("lter")
    assert sites.sizes == {"site": 14}
    assert set(sites.data_vars) == {
        "temperature",
        "carbon_input",
        "clay",
        "clay_silt",
        "lignin_to_nitrogen",
        "litter_lignin",
    }
    for name in sites.data_vars:
        read_driver(sites, name)
        assert sites[name].attrs["source"]
    harvard = sites.sel(site="HFR")
    assert float(harvard["carbon_input"]) * 365 == pytest.approx(744 / 2)
    assert float(harvard["clay"]) == pytest.approx(0.15)
    assert float(harvard["clay_silt"]) == pytest.approx(0.36)
    assert float(harvard["lignin_to_nitrogen"]) == pytest.approx(21 / 1.02)
    assert (sites["clay"] <= sites["clay_silt"]).all()


def test_drivers_from_a_file(tmp_path):
    path = tmp_path / "own.nc"
    own = drivers("lter")
    own.to_netcdf(path, engine="h5netcdf")
    xr.testing.assert_identical(drivers(path), own)
    xr.testing.assert_identical(drivers(str(path)), own)


def test_unreadable_drivers_are_explained(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        drivers("globe")
    with pytest.raises(InputError, match="not a file"):
        drivers(tmp_path)
    text = tmp_path / "text.nc"
    text.write_text("not NetCDF")
    with pytest.raises(InputError, match=r"text\.nc: cannot be read as NetCDF"):
        drivers(text)
    for kind, engine in (("NETCDF4", "h5netcdf"), ("NETCDF3_64BIT", "scipy")):
        whole = tmp_path / f"{kind}.nc"
        drivers("lter").to_netcdf(whole, engine=engine, format=kind)
        content = whole.read_bytes()
        cut = tmp_path / f"{kind}_cut.nc"
        cut.write_bytes(content[: len(content) // 3])
        with pytest.raises(InputError, match="cannot be read as NetCDF"):
            drivers(cut)


def test_times_are_dates_where_their_units_say_which(tmp_path):
    path = tmp_path / "times.nc"
    for units, dated in (("days since 1901-01-01", True), ("months since then", False)):
        time = ("time", [0.0, 1.0], {"units": units})
        xr.Dataset(coords={"time": time}).to_netcdf(path, engine="h5netcdf")
        read = drivers(path)
        assert read["time"].dtype.kind == ("M" if dated else "f")
        assert read.encoding["source"] == str(path)


def test_coastlines():
    lines = coastlines()
    points = np.concatenate(lines)
    assert len(lines) > 100
    assert np.abs(points[:, 0]).max() <= 180
    assert np.abs(points[:, 1]).max() <= 90
    for line in lines:
        assert line.ndim == 2
        assert line.shape[1] == 2
        assert len(line) >= 2
        assert np.abs(np.diff(line[:, 0])).max() < 60
        assert np.abs(np.diff(line[:, 1])).max() < 20
        assert not ((np.abs(line[:-1, 0]) == 180) & (np.abs(line[1:, 0]) == 180)).any()


def test_land_lies_within_the_coastlines(grid):
    assert at(grid["land_area"], 50, 10) > 0
    assert at(grid["land_area"], -25, 135) > 0
    assert at(grid["land_area"], 30, -40) == 0
    assert at(grid["land_area"], 0, 80) == 0


def test_observed_profiles_are_sane():
    layers = observed_profiles()
    assert list(layers.columns) == [
        "profile",
        "latitude",
        "longitude",
        "top_cm",
        "bottom_cm",
        "organic_carbon",
        "bulk_density",
        "land_cover",
        "peatland",
        "permafrost",
        "entry",
        "doi",
    ]
    assert len(layers) == 11903
    assert layers["profile"].nunique() == 1794
    assert layers.drop(columns="bulk_density").notna().all().all()
    assert layers["latitude"].between(-90, 90).all()
    assert layers["longitude"].between(-180, 180).all()
    assert (layers["bottom_cm"] > layers["top_cm"]).all()
    assert layers["organic_carbon"].between(0, 650).all()
    assert layers["bulk_density"].dropna().between(5, 2200).all()
    assert (layers["bulk_density"] * layers["organic_carbon"] / 1000).max() <= 200.1
    one_place = layers.groupby("profile")[["latitude", "longitude", "entry"]].nunique()
    assert (one_place == 1).all().all()
    mineral = layers[layers["top_cm"].between(0, 30) & ~layers["peatland"]]
    assert 5 < mineral["organic_carbon"].median() < 50


def test_stocks_of_a_known_profile(monkeypatch):
    layers = pd.DataFrame(
        {
            "profile": [1, 1, 1, 1, 2, 3, 3],
            "latitude": 0.0,
            "longitude": 0.0,
            "top_cm": [-5.0, 0.0, 10.0, 10.0, 0.0, 0.0, 20.0],
            "bottom_cm": [0.0, 10.0, 40.0, 40.0, 20.0, 20.0, 29.0],
            "organic_carbon": [400.0, 30.0, 10.0, 20.0, 10.0, 10.0, 10.0],
            "bulk_density": [100.0, 1000.0, 1200.0, 1200.0, 1000.0, 1000.0, np.nan],
            "land_cover": "forest",
            "peatland": False,
            "permafrost": False,
            "entry": "made",
            "doi": "made",
        }
    )
    monkeypatch.setattr("soilcue.data.profiles.observed_profiles", lambda: layers)
    stocks = profile_stocks(0.3).set_index("profile")
    assert list(stocks.index) == [1, 3]  # profile 2 covers two thirds of the depth
    # 0.1 m x 30 kg m-3 + 0.2 m x the mean of 12 and 24 kg m-3
    assert stocks.loc[1, "carbon_stock"] == pytest.approx(1000 * (0.1 * 30 + 0.2 * 18))
    assert stocks.loc[1, "organic_layer_stock"] == pytest.approx(1000 * 0.05 * 40)
    assert stocks.loc[1, "coverage"] == pytest.approx(1)
    assert not stocks.loc[1, "bulk_density_estimated"]
    estimated = float(bulk_density_from_carbon(np.array(10.0)))
    assert stocks.loc[3, "carbon_stock"] == pytest.approx((0.2 * 10 * 1000 + 0.09 * 10 * estimated) * 30 / 29)
    assert stocks.loc[3, "bulk_density_measured"] == pytest.approx(20 / 29)
    assert stocks.loc[3, "bulk_density_estimated"]


def test_profile_stocks():
    shallow, deep = profile_stocks(0.3), profile_stocks(1.0)
    assert len(shallow) == 899
    assert len(deep) == 430
    for stocks in (shallow, deep):
        assert stocks["coverage"].between(0.9, 1).all()
        assert stocks["bulk_density_measured"].between(0, 1).all()
        assert stocks["profile"].is_unique
    assert shallow["carbon_stock"].between(100, 60_000).all()
    assert deep["carbon_stock"].between(1000, 150_000).all()
    assert 5000 < shallow.loc[~shallow["peatland"], "carbon_stock"].median() < 9000
    both = shallow.merge(deep, on="profile", suffixes=("", "_deep"))
    assert (both["carbon_stock"] < both["carbon_stock_deep"] * 1.12).all()  # gaps are filled with means


@pytest.mark.parametrize("depth", [0, -1.0, float("nan"), float("inf")])
def test_depth_must_be_above_zero(depth):
    with pytest.raises(InputError, match="depth_m"):
        profile_stocks(depth)


def test_bulk_density_falls_with_carbon():
    carbon = np.linspace(0, 600, 50)
    density = bulk_density_from_carbon(carbon)
    assert (np.diff(density) < 0).all()
    assert density[0] == pytest.approx(1393)


def test_files_are_small():
    limits = {
        "global_drivers.nc": 1e6,
        "soil_climate.nc": 1e6,
        "observed_profiles.csv.gz": 1e6,
        "benchmark_sites.csv": 1e4,
        "coastlines.json": 1.5e5,
    }
    for name, limit in limits.items():
        assert (DATA / name).stat().st_size < limit


def test_import_is_light():
    code = "import sys, soilcue.data; print(sorted({'xarray', 'pandas', 'jax', 'h5netcdf'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.shared
@pytest.mark.parametrize(
    ("tool", "name"),
    [
        ("make_drivers", "global_drivers.nc"),
        ("make_soil_climate", "soil_climate.nc"),
        ("make_observed_profiles", "observed_profiles.csv.gz"),
        ("make_benchmark_sites", "benchmark_sites.csv"),
        ("make_coastlines", "coastlines.json"),
    ],
)
@pytest.mark.usefixtures("shared_data")
def test_tools_make_what_is_embedded(tool, name, tmp_path):
    made = tmp_path / name
    subprocess.run([sys.executable, ROOT / "tools" / f"{tool}.py", "--output", made], check=True, capture_output=True)
    if name.endswith(".nc"):
        again, embedded = xr.load_dataset(made, engine="h5netcdf"), xr.load_dataset(DATA / name, engine="h5netcdf")
        assert again.attrs == embedded.attrs
        xr.testing.assert_allclose(again, embedded, rtol=1e-6)
    elif name.endswith(".gz"):
        pd.testing.assert_frame_equal(
            pd.read_csv(made, comment="#"), pd.read_csv(DATA / name, comment="#"), check_exact=True
        )
    else:
        assert made.read_bytes() == (DATA / name).read_bytes()
