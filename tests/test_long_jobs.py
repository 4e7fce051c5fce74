"""Long jobs in blocks: stopped at any moment, they go on where they were and end with the same values."""

import os

import numpy as np
import pytest
import xarray as xr

import soilcue as sc
from soilcue.core.errors import InputError
from soilcue.core.lock import only_writer

SEASON = "annual-mean"


@pytest.fixture(scope="module")
def places() -> xr.Dataset:
    """Land and a little sea: 12 times 10 cells of the embedded grid."""
    return sc.drivers().isel(lat=slice(28, 40), lon=slice(70, 80))


@pytest.fixture(scope="module")
def model() -> sc.SoilModel:
    return sc.model("century", cue="temperature-logit")


@pytest.fixture(scope="module")
def today(model, places) -> xr.Dataset:
    return model.steady_state(places, season=SEASON)


class Stopped(Exception):
    """In place of a signal."""


def stopping_after(calls: int):
    """Progress that ends the work after so many reports."""
    told: list[int] = []

    def progress(cells: int) -> None:
        told.append(cells)
        if len(told) > calls:
            raise Stopped

    return progress


def test_steady_states_in_blocks_are_those_of_one_go(model, places, today, tmp_path):
    told: list[int] = []
    found = sc.in_blocks(
        model.steady_state, places, tmp_path / "state.nc", block=25, season=SEASON, progress=told.append
    )
    assert len(told) == 6
    assert sum(told) == int((today["status"] != 1).sum())
    assert set(found.data_vars) == set(today.data_vars)
    for name, values in today.data_vars.items():
        np.testing.assert_array_equal(found[name], values, err_msg=str(name))
        assert set(found[name].attrs) == set(values.attrs)
    # what is said of all cells is said of all, not of the first block
    assert found.attrs["assumptions"] == today.attrs["assumptions"]
    assert "outside 5 to 25, the range of its evidence: extrapolated in" in today.attrs["assumptions"]
    assert os.listdir(tmp_path) == ["state.nc"]


def test_a_run_that_is_stopped_goes_on_to_the_same_values(model, places, today, tmp_path):
    how = {"start": today, "years": 3, "block": 25}
    whole = sc.in_blocks(model.simulate, places, tmp_path / "whole.nc", **how)
    with pytest.raises(Stopped):
        sc.in_blocks(model.simulate, places, tmp_path / "run.nc", progress=stopping_after(7), **how)
    parts = tmp_path / ".run.nc.parts"
    assert sorted(os.listdir(tmp_path)) == [".run.nc.parts", "whole.nc"]
    before = {path.name: path.stat().st_mtime_ns for path in parts.rglob("*.nc")}
    assert len(before) == 2  # three years of each; the third block was under way
    next(parts.rglob("0-2.nc")).write_bytes(b"half a file")
    told: list[int] = []
    again = sc.in_blocks(model.simulate, places, tmp_path / "run.nc", progress=told.append, **how)
    assert sum(told) == 3 * int((today["status"] != 1).sum())
    assert len(told) == 3 * 5 + 1  # one of six blocks was taken as it was
    xr.testing.assert_identical(again, whole)
    np.testing.assert_allclose(again["soil_carbon"], model.simulate(places, start=today, years=3)["soil_carbon"], 1e-12)
    stamp = (tmp_path / "run.nc").stat().st_mtime_ns
    xr.testing.assert_identical(sc.in_blocks(model.simulate, places, tmp_path / "run.nc", **how), whole)
    assert (tmp_path / "run.nc").stat().st_mtime_ns == stamp
    assert sorted(os.listdir(tmp_path)) == ["run.nc", "whole.nc"]


def test_drivers_that_changed_meanwhile_are_computed_anew(model, places, tmp_path):
    how = {"season": SEASON, "block": 25, "keep": ["soil_carbon"]}
    with pytest.raises(Stopped):
        sc.in_blocks(model.steady_state, places, tmp_path / "a.nc", progress=stopping_after(3), **how)
    warmer = places.assign(temperature=(places["temperature"] + 1).assign_attrs(units="degC"))
    found = sc.in_blocks(model.steady_state, warmer, tmp_path / "a.nc", **how)
    alone = model.steady_state(warmer, season=SEASON)
    np.testing.assert_array_equal(found["soil_carbon"], alone["soil_carbon"])
    assert set(found.data_vars) == {"soil_carbon", "status"}
    assert os.listdir(tmp_path) == ["a.nc"]  # no blocks of the stopped one


def test_draws_in_blocks_are_those_of_one_go(model, places, tmp_path):
    how = {"draws": 4, "spread": 0.1, "seed": 5, "season": SEASON}
    found = sc.in_blocks(model.ensemble, places, tmp_path / "draws.nc", block=25, **how)
    whole = model.ensemble(places, **how)
    for name in ("soil_carbon", "status", "parameter_value"):
        np.testing.assert_array_equal(found[name], whole[name])
    assert found.attrs["assumptions"] == whole.attrs["assumptions"]


def test_one_place_is_one_block(model, places, tmp_path):
    site = places.isel(lat=5, lon=5)
    found = sc.in_blocks(model.steady_state, site, tmp_path / "site.nc", season=SEASON)
    np.testing.assert_array_equal(found["soil_carbon"], model.steady_state(site, season=SEASON)["soil_carbon"])


# ---- what goes wrong


def test_two_writers_on_one_file(model, places, tmp_path):
    with only_writer(tmp_path, name=".a.nc.lock"), pytest.raises(InputError, match="another soilcue writes there"):
        sc.in_blocks(model.steady_state, places, tmp_path / "a.nc", season=SEASON)


def test_refused_with_the_reason(model, places, today, tmp_path):
    kept = {"keep": ["soil_carbon"], "season": SEASON}
    for work, path, how, words in (
        (model.elasticity, "a.nc", {}, "elasticity"),
        (len, "a.nc", {}, "a method of a model"),
        (model.steady_state, "a.txt", {}, "a NetCDF file"),
        (model.steady_state, "no/a.nc", {}, "there is no folder"),
        (model.steady_state, "a.nc", {"block": 0}, "block=0"),
        (model.steady_state, "a.nc", {"season": "summer"}, "unknown season"),
        (model.steady_state, "a.nc", kept | {"keep": ["soil_carbn"]}, "soil_carbon"),
        (model.simulate, "a.nc", {}, "whole number of years"),
        (model.simulate, "a.nc", {"years": 3, "start": today.isel(lat=slice(2))}, "start: has 2 along 'lat'"),
    ):
        with pytest.raises(InputError, match=words):
            sc.in_blocks(work, places, tmp_path / path, **how)
        assert os.listdir(tmp_path) == []
    for drivers, words in ((None, "must be an xarray.Dataset"), (places.stack(cell=("lat", "lon")), "reset_index")):
        with pytest.raises(InputError, match=words):
            sc.in_blocks(model.steady_state, drivers, tmp_path / "a.nc")
    places.drop_encoding().to_netcdf(tmp_path / "drivers.nc")
    with pytest.raises(InputError, match="was not made by in_blocks"):
        sc.in_blocks(model.steady_state, places, tmp_path / "drivers.nc", **kept)
