"""The repeating year: against thousands of years one after another, and against the state without seasons."""

import functools

import jax
import jax.numpy as jnp
import model_contract
import numpy as np
import plausible
import pytest
import xarray as xr

import soilcue as sc
from soilcue.solve.cells import Status, portions_of
from soilcue.solve.seasonal import MONTH_DAYS, one_year

pytestmark = pytest.mark.usefixtures("optimised")

STEPS = 2
"""Implicit steps a month, the default."""


@pytest.fixture(scope="module", params=["century", "mimics", "millennial"])
def model(request) -> sc.SoilModel:
    return sc.model(request.param)


@pytest.fixture(scope="module")
def drivers() -> xr.Dataset:
    """Fifty cells with seasons; cooler than elsewhere, since a July of 31 degrees has no answer in Millennial."""
    still = plausible.cells(50, seed=4)
    still["temperature"] = (still["temperature"] * 0.6).assign_attrs(units="degC")
    still["moisture"] = (still["moisture"] * 0.9).assign_attrs(units="m3 m-3")
    return plausible.with_seasons(still)


@pytest.fixture(scope="module")
def state(model, drivers) -> xr.Dataset:
    return model.steady_state(drivers)


def in_model_units(model, drivers) -> dict[str, jax.Array]:
    """Drivers of shape (12, cells)."""
    values = model_contract.drivers_in_model_units(model.network, drivers)
    if "annual_carbon_input" in values:
        values["annual_carbon_input"] = MONTH_DAYS @ values["annual_carbon_input"] / 365
    return {name: jnp.broadcast_to(jnp.asarray(v), (12, drivers.sizes["site"])) for name, v in values.items()}


def start_of_year(model, state) -> np.ndarray:
    return state["stock_at_year_start"].values / model_contract.gram_per_square_metre(model.network)


@functools.partial(jax.jit, static_argnums=3)
def after_years(network, stocks, drivers, years):
    """Stocks after so many repetitions of the year, or when a year has changed nothing to 1e-14."""
    none = jnp.zeros((0, len(network.structure().fluxes)))

    def going(run):
        _, gap, done = run
        return (done < years) & (gap > 1e-14)

    def step(run):
        before, _, done = run
        after, *_ = one_year(network, before, drivers, none, STEPS)
        return after, jnp.max(jnp.abs(after / before - 1)), done + 1

    return jax.lax.while_loop(going, step, (stocks, jnp.inf, 0))


def test_every_cell_has_an_answer(state):
    assert (state["status"] == Status.SETTLED).all()
    assert (state["residual"] < 1e-9).all()
    assert "monthly drivers, repeating year" in state.attrs["season"]


def test_state_is_that_of_five_thousand_years(model, drivers, state):
    """From the state under mean drivers, set off by up to a third."""
    network = model.network
    away = np.random.default_rng(6).uniform(0.75, 1.33, (len(network.pools), 50))
    still = model.steady_state(drivers, season="annual-mean", eigenvalues=False)
    unit = model_contract.gram_per_square_metre(network)
    start = np.stack([still[pool.name].values for pool in network.pools]) / unit * away
    months = in_model_units(model, drivers)
    if network.linear:
        # Slow carbon of a cold soil is not at rest after 5,000 years. A year of a linear model is exactly
        # stocks -> matrix @ stocks + constant, which squared 20 times over is a million years.
        none = jnp.zeros((0, len(network.structure().fluxes)))
        after, carried, *_ = jax.jit(lambda stocks: one_year(network, stocks, months, none, STEPS))(start)
        matrix = np.moveaxis(np.asarray(carried), -1, 0)
        constant = np.asarray(after).T[:, :, None] - matrix @ start.T[:, :, None]
        for _ in range(20):
            matrix, constant = matrix @ matrix, matrix @ constant + constant
        end = (matrix @ start.T[:, :, None] + constant)[:, :, 0].T
    else:
        end = np.asarray(after_years(network, jnp.asarray(start), months, 5000)[0])
    np.testing.assert_allclose(start_of_year(model, state), end, rtol=1e-6)


def test_the_year_closes(state):
    gap = state["respiration"] + state["leaching"] - state["carbon_input"]
    np.testing.assert_allclose(gap / state["carbon_input"], 0, atol=1e-10)


def test_the_input_is_that_of_the_months(drivers, state):
    mean = (drivers["carbon_input"].values * MONTH_DAYS[:, None]).sum(axis=0) / 365
    np.testing.assert_allclose(state["carbon_input"], mean, rtol=1e-12)


def test_growth_is_mortality_over_the_year(model, state):
    if model.network.implicit_microbes:
        assert "community_uptake" not in state
        return
    cue = sc.cue(state, scale="community")["cue_community"]
    died = (state["community_mortality"] + state["community_exudation"]) / state["community_uptake"]
    np.testing.assert_allclose(cue, died, atol=1e-9)


def test_constant_months_give_the_steady_state(model):
    still = plausible.cells(40, seed=8)
    months = still.copy()
    for name in ("temperature", "moisture", "carbon_input"):
        months[name] = still[name].expand_dims(month=12).assign_attrs(still[name].attrs)
    seasonal, steady = model.steady_state(months), model.steady_state(still)
    assert (seasonal["status"] == Status.SETTLED).all()
    for name in ("soil_carbon", "respiration", "gross_decomposition", *(p.name for p in model.network.pools)):
        np.testing.assert_allclose(seasonal[name], steady[name], rtol=1e-9, err_msg=name)
    starts = seasonal["stock_at_year_start"].transpose("site", "pool")
    steady_stocks = np.stack([steady[pool.name].values for pool in model.network.pools], axis=-1)
    np.testing.assert_allclose(starts, steady_stocks, rtol=1e-9)


def test_mean_drivers_are_an_option_that_says_so(model, drivers, state):
    mean = model.steady_state(drivers, season="annual-mean")
    assert "biases nonlinear fluxes" in mean.attrs["season"]
    share = mean["soil_carbon"] / state["soil_carbon"]
    # means of warm and cold months decay less than the months do: too much carbon, by a few percent
    assert 1.0 < float(share.median()) < 1.5
    flat = drivers.copy()
    for name in ("temperature", "moisture", "carbon_input"):
        values = (drivers[name].values * MONTH_DAYS[:, None]).sum(axis=0) / 365
        flat[name] = ("site", values, drivers[name].attrs)
    np.testing.assert_allclose(mean["soil_carbon"], model.steady_state(flat)["soil_carbon"], rtol=1e-11)


def test_bad_months_flag_the_cell_and_not_its_neighbours(model, drivers, state):
    changed = drivers.copy(deep=True)
    changed["temperature"][6, 3] = np.nan
    changed["carbon_input"][:, 5] = 0.0
    changed["carbon_input"][:4, 7] = 0.0  # no input in winter is no harm
    found = model.steady_state(changed)
    expected = np.zeros(50)
    expected[[3, 5]] = Status.NO_DRIVERS
    np.testing.assert_array_equal(found["status"], expected)
    np.testing.assert_array_equal(found["soil_carbon"].isnull(), expected > 0)
    others = np.setdiff1d(np.arange(50), [3, 5, 7])
    for name in ("soil_carbon", "respiration"):
        np.testing.assert_allclose(found[name][others], state[name][others], rtol=1e-9)


def test_one_month_out_of_the_domain_is_enough():
    model = sc.model("millennial")
    months = plausible.with_seasons(plausible.sites({"temperature": np.array([20.0, 20.0])}))
    months["temperature"][:, 0] = 20.0
    months["temperature"][:, 1] = 20.0
    months["temperature"][7, 1] = 31.0
    found = model.steady_state(months)
    assert found["status"].values.tolist() == [Status.SETTLED, Status.INFEASIBLE]
    assert found["crossed_limits"].values.tolist() == [0, 1]


def test_a_population_may_die_out_over_the_year(drivers):
    starving = sc.model("mimics", parameters={"cue_metabolic": (0.1, 0.75), "cue_structural": (0.05, 0.35)})
    found = starving.steady_state(drivers.isel(site=slice(0, 5)))
    assert (found["status"] == Status.EXTINCT).all()
    assert (found["missing_populations"] == 1).all()
    assert found["soil_carbon"].isnull().all()


def test_any_shape_of_batch_gives_the_same(model, drivers, state):
    part = drivers.isel(site=slice(0, 12))
    grid = xr.Dataset(
        {
            name: (
                ("lat", "month", "lon") if "month" in v.dims else ("lat", "lon"),
                v.values.reshape(*v.shape[:-1], 3, 4).swapaxes(0, 1) if "month" in v.dims else v.values.reshape(3, 4),
                v.attrs,
            )
            for name, v in part.items()
        }
    )
    over, single = model.steady_state(grid), model.steady_state(part.isel(site=7))
    assert over["soil_carbon"].dims == ("lat", "lon")
    assert single["soil_carbon"].dims == ()
    for name in ("soil_carbon", "respiration", "gross_decomposition"):
        values = over[name].values.reshape(*over[name].shape[:-2], 12)
        np.testing.assert_allclose(values, state[name].isel(site=slice(0, 12)), rtol=1e-8)
        np.testing.assert_allclose(single[name], state[name].isel(site=7), rtol=1e-8)


def test_threads_and_chunks_change_nothing(model, drivers, state):
    many = drivers.isel(site=np.tile(np.arange(50), 13))
    one, two = (model.steady_state(many, eigenvalues=False, threads=n) for n in (1, 2))
    xr.testing.assert_identical(one, two)
    for name in ("soil_carbon", "respiration"):
        np.testing.assert_allclose(two[name].values.reshape(13, 50), np.tile(state[name], (13, 1)), rtol=1e-8)


def test_smaller_steps_change_little_and_in_proportion(drivers):
    """Against daily steps under the same months, halving the step halves the error: the step is of first order."""
    model = sc.model("millennial")
    part = drivers.isel(site=slice(0, 20))
    days = part.isel(month=np.repeat(np.arange(12), MONTH_DAYS.astype(int))).rename(month="day")
    daily = model.steady_state(days, eigenvalues=False)
    assert "daily drivers, repeating year" in daily.attrs["season"]
    assert (daily["status"] == Status.SETTLED).all()
    error = [
        (model.steady_state(part, eigenvalues=False, steps_per_month=steps)["soil_carbon"] / daily["soil_carbon"] - 1)
        for steps in (2, 4)
    ]
    assert float(abs(error[0]).median()) < 0.005
    assert float(abs(error[0]).max()) < 0.05
    # 15 days and 7.6 against 1: (15.2 - 1) / (7.6 - 1)
    np.testing.assert_allclose(float((error[0] / error[1]).median()), 14.2 / 6.6, rtol=0.1)


def test_threads_that_solve_years_at_once_come_back():
    """More cells than one thread is handed: none may wait for another."""
    grid = sc.drivers().isel(lat=slice(20, 60))
    state = sc.model("century").steady_state(grid, season="seasonal", eigenvalues=False, threads=2)
    settled = int((state["status"] == 0).sum())
    assert settled > 2 * portions_of(sc.model("century").network, True).sizes[-1]
