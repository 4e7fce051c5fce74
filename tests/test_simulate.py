"""Soils through time: laws any run must keep, and the mistakes a user can make."""

from itertools import pairwise

import numpy as np
import pytest
import xarray as xr

import soilcue as sc


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


def hourly(climatology, first, count, hours):
    """The drivers of January for so many steps of some hours."""
    times = np.datetime64(first, "ns") + np.arange(count) * np.timedelta64(hours, "h")
    return climatology.isel(month=xr.DataArray(np.zeros(count, int), dims="time")).assign_coords(time=times)


def mixed(climatology):
    """Days for a year, then every second day."""
    times = xr.date_range("2001-01-01", periods=800, freq="D", calendar="noleap", use_cftime=True)
    days = [*range(365), *range(365, 800, 2)]
    some = climatology.isel(month=xr.DataArray(np.zeros(len(days), int), dims="time"))
    return some.assign_coords(time=times[days])


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
    "part of a step": (lambda d, s: dict(drivers=d, start=s, years=1, steps=1.5), "whole number of steps"),
    "leap days": (lambda d, s: dict(drivers=hourly(d, "2003-06-01", 800, 24), start=s), "leap days"),
    "mixed steps": (lambda d, s: dict(drivers=mixed(d), start=s), "without gaps"),
    "half a year": (lambda d, s: dict(drivers=hourly(d, "2001-01-01", 500, 6), start=s), "at least one year"),
    "too long a step": (lambda d, s: dict(drivers=d, start=s, years=20, method="euler", steps=1), "more steps"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_gets_one_message(climatology, mistake):
    model = sc.model("mimics")
    make, words = MISTAKES[mistake]
    with pytest.raises(sc.InputError, match=words):
        model.simulate(**make(climatology, model.steady_state(climatology)))
