"""Soils through time: laws any run must keep, and the mistakes a user can make."""

from itertools import pairwise

import numpy as np
import pytest
import xarray as xr

import soilcue as sc
from soilcue.core.files import read_netcdf


@pytest.fixture(scope="module")
def climatology():
    """Three seasonal cells of the embedded grid: Amazon, France, Siberia."""
    grid = sc.drivers()
    places = [(-3.75, -61.25), (46.25, 3.75), (61.25, 91.25)]
    return xr.concat(
        [grid.sel(lat=lat, lon=lon) for lat, lon in places], dim="site", coords="minimal", compat="override"
    )


@pytest.fixture(scope="module", params=["mimics", "millennial", "century"])
def model(request):
    return sc.model(request.param)


@pytest.fixture(scope="module")
def state(model, climatology):
    return model.steady_state(climatology)


def dated(climatology, years):
    """The climatology as a series of dates."""
    times = xr.DataArray(
        np.arange("2001-01", f"{2001 + years}-01", dtype="datetime64[M]").astype("M8[ns]"), dims="time"
    )
    return climatology.isel(month=xr.DataArray(np.arange(12 * years) % 12, dims="time")).assign_coords(time=times)


def at_times(climatology, times):
    """The drivers of January at some times."""
    return climatology.isel(month=xr.DataArray(np.zeros(len(times), int), dims="time")).assign_coords(time=times)


def hourly(climatology, first, count, hours):
    """The drivers of January for so many steps of some hours."""
    return at_times(climatology, np.datetime64(first, "ns") + np.arange(count) * np.timedelta64(hours, "h"))


def without_a_date(climatology):
    """Two years of months, one of them without a date."""
    drivers = dated(climatology, 2)
    return drivers.assign_coords(time=drivers["time"].where(np.arange(24) != 7))


def years_of_360_days(climatology):
    return at_times(
        climatology, xr.date_range("2001-01-01", periods=720, freq="D", calendar="360_day", use_cftime=True)
    )


def mixed(climatology):
    """Days for a year, then every second day."""
    times = xr.date_range("2001-01-01", periods=800, freq="D", calendar="noleap", use_cftime=True)
    return at_times(climatology, times[[*range(365), *range(365, 800, 2)]])


def test_a_run_from_the_seasonal_state_stays_on_it(model, climatology, state):
    run = model.simulate(climatology, state, 3)
    np.testing.assert_allclose(run["stock_at_end"][-1], state["stock_at_year_start"], rtol=1e-9)
    np.testing.assert_allclose(run["respiration"][-1], state["respiration"], rtol=1e-9)


@pytest.mark.parametrize("method", ["implicit", "patankar"])
def test_carbon_closes_and_stocks_stay_positive_from_any_start(model, climatology, state, method):
    random = np.random.default_rng(5)
    start = state["stock_at_year_start"] * 10 ** random.uniform(-1, 1, state["stock_at_year_start"].shape)
    run = model.simulate(climatology, start.to_dataset(name="stock_at_end"), 10, method=method)
    assert (run["status"] == 0).all()
    assert (run["stock_at_end"] > 0).all()
    carbon = [p.name for p in model.network.pools if p.currency == "carbon"]
    totals = np.concatenate(
        [[run["stock_at_start"].sel(pool=carbon).sum("pool")], run["stock_at_end"].sel(pool=carbon).sum("pool")]
    )
    gained = (run["carbon_input"] - run["respiration"] - run["leaching"]) * 365
    np.testing.assert_allclose(np.diff(totals, axis=0), gained, atol=1e-10 * totals.max())
    assert (run["closure"] < 1e-10).all()
    sums = sc.flux_sums(run, (3, 10))
    change = sums["stock_change"].sel(pool=carbon).sum("pool")
    np.testing.assert_allclose(sums["carbon_input"] - sums["respiration"] - sums["leaching"], change, atol=1e-6)


def test_dates_and_a_repeated_year_agree(model, climatology, state):
    once = model.simulate(climatology, state * 0.7, 2)
    again = model.simulate(dated(climatology, 2), state * 0.7)
    np.testing.assert_allclose(again["stock_at_end"], once["stock_at_end"], rtol=1e-12)


@pytest.mark.parametrize("method", ["implicit", "patankar"])
def test_halving_the_step_halves_the_error(model, climatology, state, method):
    start = state["stock_at_year_start"].rename("stock_at_end").to_dataset() * 0.7
    found = [model.simulate(climatology, start, 1, steps=n, method=method)["stock_at_end"][-1] for n in (128, 256, 512)]
    gaps = [abs(a - b).max("pool") for a, b in pairwise(found)]
    np.testing.assert_allclose(gaps[0] / gaps[1], 2, atol=0.3)  # a second order would give 4


@pytest.mark.parametrize(("method", "fewest", "ratio"), [("euler", 64, 2), ("rk4", 16, 16)])
def test_halving_an_explicit_step_shows_its_order(climatology, method, fewest, ratio):
    """Of Runge-Kutta the fourth, under drivers that change within a period: a step feels its own part of it."""
    model = sc.model("mimics")
    start = model.steady_state(climatology)["stock_at_year_start"].rename("stock_at_end").to_dataset() * 0.7
    changing, steps = dated(climatology, 1), [fewest * 2**k for k in range(3)]
    found = [model.simulate(changing, start, steps=n, method=method)["stock_at_end"][-1] for n in steps]
    gaps = [abs(a - b).max("pool") for a, b in pairwise(found)]
    np.testing.assert_allclose(gaps[0] / gaps[1], ratio, rtol=0.1)


def test_both_implicit_steps_lead_to_one_solution(model, climatology, state):
    start = state["stock_at_year_start"].rename("stock_at_end").to_dataset() * 0.7
    one, other = (
        model.simulate(climatology, start, 1, steps=64, method=m)["stock_at_end"][-1] for m in ("implicit", "patankar")
    )
    np.testing.assert_allclose(one, other, rtol=1e-12 if model.network.linear else 0.1)


def test_every_month_is_a_record(climatology):
    model = sc.model("century")
    state = model.steady_state(climatology)
    months = model.simulate(climatology, state, 2, output="period")
    years = model.simulate(climatology, state, 2)
    assert months["record_length"].values[:3].tolist() == [31, 28, 31]
    for name in ("respiration", "soil_carbon"):
        by_month = (months[name] * months["record_length"]).isel(time=slice(12)).sum("time") / 365
        np.testing.assert_allclose(by_month, years[name][0], rtol=1e-12)
    np.testing.assert_allclose(sc.flux_sums(months)["respiration"], sc.flux_sums(years)["respiration"], rtol=1e-12)


def test_steps_of_hours(climatology):
    """Six-hourly drivers that do not change in a month agree with months cut into as many steps."""
    model = sc.model("century")
    state = model.steady_state(climatology)
    hours = xr.date_range("2001-01-01", periods=4 * 365, freq="6h", calendar="noleap", use_cftime=True)
    months = xr.DataArray([t.month - 1 for t in hours], dims="time", coords={"time": hours})
    run = model.simulate(climatology.isel(month=months), state)
    daily = climatology.isel(month=xr.DataArray([t.month - 1 for t in hours[::4]], dims="day"))
    again = model.simulate(daily, state, 1, steps=4)
    np.testing.assert_allclose(run["stock_at_end"], again["stock_at_end"], rtol=1e-12)


def test_a_cell_that_leaves_the_domain_of_the_model_ends_there(climatology):
    model = sc.model("millennial")
    hotter = dated(climatology, 3)
    hotter["temperature"] = hotter["temperature"] + xr.where(hotter["time"].dt.year == 2002, 20.0, 0.0)
    hotter["temperature"].attrs["units"] = "degC"
    run = model.simulate(hotter, model.steady_state(climatology))
    assert run["status"].values.tolist() == [2, 2, 2]
    assert run["soil_carbon"].sel(site=1).notnull().values.tolist() == [True, False, False]
    bits = int(run["crossed_limits"].sel(site=1))
    assert run["crossed_limits"].attrs["flag_meanings"].split()[bits.bit_length() - 1].startswith("CUE_of_the_model")


def test_a_window_of_a_run_has_an_ecosystem_cue(climatology):
    model = sc.model("mimics")
    richer = climatology.assign(carbon_input=(2 * climatology["carbon_input"]).assign_attrs(units="gC m-2 d-1"))
    run = model.simulate(richer, model.steady_state(climatology), 20)
    found = sc.cue(run, scale="ecosystem", window=(0, 20))["cue_ecosystem"]
    window = run.mean("time", keep_attrs=True)
    gained = (run["stock_at_end"].sel(pool=["microbes_r", "microbes_k"]).sum("pool").isel(time=-1)) / (20 * 365)
    begun = model.steady_state(climatology)["stock_at_year_start"].sel(pool=["microbes_r", "microbes_k"]).sum("pool")
    np.testing.assert_allclose(found * window["community_uptake"], gained - begun / (20 * 365), rtol=1e-7)
    with pytest.raises(sc.InputError, match=r"year 3.5 is no end of a record"):
        sc.cue(run, scale="ecosystem", window=(0, 3.5))
    assert (abs(found) > 1e-5).all()  # off the steady state it is not zero


def test_constant_drivers_need_no_months(climatology):
    model = sc.model("century")
    constant = climatology.mean("month", keep_attrs=True)
    run = model.simulate(constant, years=5)
    state = model.steady_state(constant)
    np.testing.assert_allclose(run["stock_at_end"][-1].sum("pool"), state["soil_carbon"], rtol=1e-9)


def test_cells_without_drivers_stay_empty(climatology):
    holed = climatology.copy(deep=True)
    holed["clay"][1] = np.nan
    run = sc.model("century").simulate(holed, years=2)
    assert run["soil_carbon"].isnull().sel(site=1).all()
    assert run["soil_carbon"].notnull().sel(site=[0, 2]).all()


def labelled(data, names):
    return data.assign_coords(site=list(names))


def in_unit(state, unit):
    stocks = state["stock_at_year_start"]
    return stocks.assign_attrs(units=unit).to_dataset()


def test_a_start_is_read_in_its_own_unit_and_beside_its_own_cells(climatology, tmp_path):
    model, drivers = sc.model("century"), labelled(climatology, "abc")
    start = labelled(model.steady_state(climatology) * 0.7, "abc")
    expected = model.simulate(drivers, start, 1)["stock_at_end"]
    in_kilograms = (start["stock_at_year_start"] / 1000).assign_attrs(units="kgC m-2").to_dataset()
    in_kilograms.to_netcdf(tmp_path / "start.nc")
    again = model.simulate(drivers, read_netcdf(tmp_path / "start.nc"), 1)["stock_at_end"]
    np.testing.assert_allclose(again, expected, rtol=1e-13)


def test_drivers_of_an_open_file_are_read_year_by_year(climatology, tmp_path):
    """They agree with those in memory, and are not in memory afterwards."""
    model = sc.model("century")
    drivers, start = dated(climatology, 2).drop_encoding(), model.steady_state(climatology) * 0.7
    drivers.to_netcdf(tmp_path / "drivers.nc")
    expected = model.simulate(drivers, start)["stock_at_end"]
    with xr.open_dataset(tmp_path / "drivers.nc") as opened:
        found = model.simulate(opened, start)["stock_at_end"]
        assert not opened["temperature"].variable._in_memory
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_steps_of_twenty_minutes(climatology):
    model = sc.model("century")
    times = np.datetime64("2001-01-01", "ns") + np.arange(365 * 72) * np.timedelta64(20, "m")
    run = model.simulate(at_times(climatology.isel(site=[1]), times), model.steady_state(climatology.isel(site=[1])))
    assert (run["closure"] < 1e-10).all()
    assert run.sizes["time"] == 1


MISTAKES = {
    "no years": (lambda d, s: dict(drivers=d, start=s), "years="),
    "drivers end": (lambda d, s: dict(drivers=dated(d, 2), start=s, years=3), "hold 2 whole years"),
    "no start": (lambda d, s: dict(drivers=dated(d, 2)), "needs a start"),
    "gap": (lambda d, s: dict(drivers=dated(d, 2).isel(time=[*range(5), *range(6, 24)]), start=s), "gaps"),
    "repeat": (lambda d, s: dict(drivers=dated(d, 2).isel(time=[0, 0, *range(1, 23)]), start=s), "does not increase"),
    "numbers": (lambda d, s: dict(drivers=dated(d, 2).assign_coords(time=np.arange(24.0)), start=s), "not dates"),
    "method": (lambda d, s: dict(drivers=d, start=s, years=1, method="rk"), "rk4"),
    "other cells": (lambda d, s: dict(drivers=d, start=s.isel(site=slice(2)), years=1), "along 'site'"),
    "other model": (lambda d, s: dict(drivers=d, start=s.isel(pool=slice(3)), years=1), "another model"),
    "another order": (
        lambda d, s: dict(drivers=labelled(d, "abc"), start=labelled(s, "cab"), years=1),
        "in another order.*'site' is c, a",
    ),
    "a whole run": (lambda d, s: dict(drivers=d, start=s.expand_dims(time=2), years=1), "take one record"),
    "start below nothing": (lambda d, s: dict(drivers=d, start=-s, years=1), "'litter_metabolic': hold -"),
    "start without end": (lambda d, s: dict(drivers=d, start=s * np.inf, years=1), "hold inf; they are from 0"),
    "start of another unit": (lambda d, s: dict(drivers=d, start=in_unit(s, "degC"), years=1), "different things"),
    "start in words": (lambda d, s: dict(drivers=d, start=s.astype(str), years=1), "not numbers"),
    "no Dataset": (lambda d, s: dict(drivers=d, start=s["stock_at_year_start"], years=1), "must be an xarray.Dataset"),
    "part of a step": (lambda d, s: dict(drivers=d, start=s, years=1, steps=1.5), "whole number of steps"),
    "leap days": (lambda d, s: dict(drivers=hourly(d, "2003-06-01", 800, 24), start=s), "leap days"),
    "mixed steps": (lambda d, s: dict(drivers=mixed(d), start=s), "without gaps"),
    "no date": (lambda d, s: dict(drivers=without_a_date(d), start=s), "no date at step 7"),
    "360 days": (lambda d, s: dict(drivers=years_of_360_days(d), start=s), "calendar 360_day.*interp_calendar"),
    "weeks": (lambda d, s: dict(drivers=hourly(d, "2001-01-01", 120, 168), start=s), "without gaps"),
    "backward": (lambda d, s: dict(drivers=dated(d, 2).isel(time=slice(None, None, -1)), start=s), "not increase"),
    "half a year": (lambda d, s: dict(drivers=hourly(d, "2001-01-01", 500, 6), start=s), "at least one year"),
    "too long a step": (lambda d, s: dict(drivers=d, start=s, years=20, method="euler", steps=1), "more steps"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_gets_one_message(climatology, mistake):
    model = sc.model("mimics")
    make, words = MISTAKES[mistake]
    with pytest.raises(sc.InputError, match=words):
        model.simulate(**make(climatology, model.steady_state(climatology)))
