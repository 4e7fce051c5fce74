"""Soils through time: laws any run must keep, and the mistakes a user can make."""

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


def test_a_run_from_the_seasonal_state_stays_on_it(model, climatology, state):
    run = model.simulate(climatology, state, 3)
    np.testing.assert_allclose(run["stock_at_end"][-1], state["stock_at_year_start"], rtol=1e-9)
    np.testing.assert_allclose(run["respiration"][-1], state["respiration"], rtol=1e-9)


def test_carbon_closes_from_any_start(model, climatology, state):
    run = model.simulate(climatology, state * 0.5, 10)
    totals = np.concatenate([[0.5 * state["stock_at_year_start"].sum("pool")], run["stock_at_end"].sum("pool")])
    gained = (run["carbon_input"] - run["respiration"] - run["leaching"]) * 365
    np.testing.assert_allclose(np.diff(totals, axis=0), gained, atol=1e-10 * totals.max())


def test_dates_and_a_repeated_year_agree(model, climatology, state):
    once = model.simulate(climatology, state * 0.7, 2)
    again = model.simulate(dated(climatology, 2), state * 0.7)
    np.testing.assert_allclose(again["stock_at_end"], once["stock_at_end"], rtol=1e-12)


def test_the_implicit_step_is_of_first_order(climatology):
    model = sc.model("century")
    start = model.steady_state(climatology) * 0.5
    carbon = [model.simulate(climatology, start, 1, steps=n)["stock_at_end"][-1].sum("pool") for n in (16, 32, 64)]
    ratio = (carbon[0] - carbon[1]) / (carbon[1] - carbon[2])
    np.testing.assert_allclose(ratio, 2, atol=0.2)  # a second order would give 4


def test_a_window_of_a_run_has_an_ecosystem_cue(climatology):
    model = sc.model("mimics")
    richer = climatology.assign(carbon_input=(2 * climatology["carbon_input"]).assign_attrs(units="gC m-2 d-1"))
    run = model.simulate(richer, model.steady_state(climatology), 20)
    window = run.mean("time", keep_attrs=True)
    found = (window["community_uptake"] - window["community_respiration"] - window["community_mortality"]) / window[
        "community_uptake"
    ]
    gained = (run["stock_at_end"].sel(pool=["microbes_r", "microbes_k"]).sum("pool").isel(time=-1)) / (20 * 365)
    begun = model.steady_state(climatology)["stock_at_year_start"].sel(pool=["microbes_r", "microbes_k"]).sum("pool")
    np.testing.assert_allclose(found * window["community_uptake"], gained - begun / (20 * 365), rtol=1e-8)
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
    "months as records": (lambda d, s: dict(drivers=d, start=s, years=1, output="period"), "different length"),
    "too long a step": (lambda d, s: dict(drivers=d, start=s, years=20, method="euler", steps=1), "more steps"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_gets_one_message(climatology, mistake):
    model = sc.model("mimics")
    make, words = MISTAKES[mistake]
    with pytest.raises(sc.InputError, match=words):
        model.simulate(**make(climatology, model.steady_state(climatology)))
