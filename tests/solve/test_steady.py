"""Steady states: against another solver and long runs, flagged where there is none, whatever the batch."""

import model_contract
import numpy as np
import plausible
import pytest
import scipy.optimize
import xarray as xr
from long_run import LongRun

import soilcue as sc
from soilcue.models.century import Century
from soilcue.models.millennial import Millennial
from soilcue.solve.cells import Status, portions_of

FIRST_SETS = [("century", "orchidee-cnp"), ("mimics", "wieder2015"), ("mimics", "sandbox2015"), ("millennial", "fit")]


@pytest.fixture(scope="module", params=FIRST_SETS, ids="-".join)
def model(request) -> sc.SoilModel:
    name, published = request.param
    return sc.model(name, parameters=published)


def pools(state: xr.Dataset, model: sc.SoilModel) -> np.ndarray:
    return np.stack([state[pool.name].values for pool in model.network.pools])


# ---- against other ways -------------------------------------------------------------------------------------------


class IteratedCentury(Century):
    """CENTURY that does not say that it is linear."""

    linear = False


def test_elimination_and_newton_find_the_same_state_of_a_linear_model():
    drivers = plausible.cells(200)
    one = sc.model("century")
    other = sc.SoilModel(IteratedCentury(), "orchidee-cnp")
    solved = one.steady_state(drivers, fluxes=True)
    iterated = other.steady_state(drivers, eigenvalues=False)
    assert (iterated["newton_steps"] > 1).all()
    assert (iterated["status"] == 0).all()
    np.testing.assert_allclose(pools(iterated, other), pools(solved, one), rtol=1e-11)


def test_a_long_run_ends_in_the_steady_state(model):
    """Stocks set off by up to a factor of three come to rest where the solver says."""
    drivers = plausible.cells(5, seed=11)
    state, run = model.steady_state(drivers, fluxes=True), LongRun(model)
    steady, random = pools(state, model), np.random.default_rng(3)
    for cell in range(drivers.sizes["site"]):
        here = run.drivers(drivers, cell)
        slowest = -run.eigenvalues(steady[:, cell], here).real.max()
        assert slowest > 0
        start = steady[:, cell] * 3 ** random.uniform(-1, 1, len(steady))
        end = run.stocks(start, here, 25 / slowest)[:, -1]
        np.testing.assert_allclose(end, steady[:, cell], rtol=1e-7)


def test_derivative_at_the_steady_state_is_nothing(model):
    drivers = plausible.cells(20, seed=5)
    state, run = model.steady_state(drivers, fluxes=True), LongRun(model)
    steady = pools(state, model)
    for cell in range(drivers.sizes["site"]):
        change = run.change(steady[:, cell], run.drivers(drivers, cell))
        assert np.max(np.abs(change) / steady[:, cell]) < 1e-10


# ---- where there is no answer --------------------------------------------------------------------------------------

STARVING = {
    "r": {"cue_metabolic": (0.1, 0.75), "cue_structural": (0.05, 0.35)},
    "k": {"cue_metabolic": (0.55, 0.1), "cue_structural": (0.25, 0.05)},
}
"""Parameters of MIMICS under which one population cannot live beside the other."""


@pytest.mark.parametrize(("which", "bit"), [("r", 1), ("k", 2)])
def test_a_population_that_cannot_live_is_called_extinct(which, bit):
    model = sc.model("mimics", parameters=STARVING[which])
    drivers = plausible.cells(40)
    state = model.steady_state(drivers, fluxes=True)
    assert (state["status"] == Status.EXTINCT).all()
    assert (state["missing_populations"] == bit).all()
    assert state["population"].values[bit - 1] == f"microbes_{which}"
    assert state["soil_carbon"].isnull().all()
    assert state["flux_rate"].isnull().all()
    assert state["largest_eigenvalue"].isnull().all()
    assert (state["residual"] < 1e-9).all()


@pytest.mark.parametrize("which", ["r", "k"])
def test_extinction_is_true_by_a_long_run(which):
    """It dwindles from plenty while the other lives; put back as a trace into the soil it left, it dwindles again."""
    model = sc.model("mimics", parameters=STARVING[which])
    drivers, run = plausible.cells(3), LongRun(model)
    names = [pool.name for pool in model.network.pools]
    gone = names.index(f"microbes_{which}")
    stays = names.index("microbes_k" if which == "r" else "microbes_r")
    plenty = sc.model("mimics")
    starts = pools(plenty.steady_state(drivers, fluxes=True), plenty)
    for cell in range(3):
        here, start = run.drivers(drivers, cell), starts[:, cell]
        reduced = run.stocks(start, here, 60.0, tolerance=1e-8)[:, -1]
        assert reduced[gone] < 1e-9 * start[gone]
        assert reduced[stays] > 1.0
        reduced[gone] = 1e-6 * reduced[stays]
        assert run.change(reduced, here)[gone] < 0


OSCILLATING = {"clay": 0.13, "clay_silt": 0.4, "temperature": 24.0, "metabolic_fraction": 0.7}


def test_a_state_that_a_disturbance_leaves_is_no_answer():
    """Reverse kinetics oscillate where little litter comes in: a small residual is not enough."""
    model = sc.model("mimics", parameters="sandbox2015")
    drivers = plausible.sites({"carbon_input": np.array([5.0, 9.0, 400.0]) / 365}, **OSCILLATING)
    state = model.steady_state(drivers, fluxes=True)
    assert state["status"].values.tolist() == [Status.UNSTABLE, Status.UNSTABLE, Status.SETTLED]
    assert (state["residual"] < 1e-9).all()
    np.testing.assert_array_equal(state["soil_carbon"].isnull(), [True, True, False])
    np.testing.assert_array_equal(state["flux_rate"].isnull().all("flux"), [True, True, False])


def test_the_unstable_state_is_left_by_a_long_run():
    model = sc.model("mimics", parameters="sandbox2015")
    drivers, run = plausible.sites({"carbon_input": np.array([9.0]) / 365}, **OSCILLATING), LongRun(model)
    here = run.drivers(drivers, 0)
    guess = np.log([133.0, 561.0, 0.95, 0.54, 35.0, 407.0, 445.0])
    found = scipy.optimize.root(lambda z: run.change(np.exp(z), here) / np.exp(z), guess, tol=1e-13)
    assert found.success
    steady = np.exp(found.x)
    assert run.eigenvalues(steady, here).real.max() > 1e-4
    away = np.abs(run.stocks(steady * 1.001, here, [50.0, 500.0, 2000.0]) / steady[:, None] - 1).max(axis=0)
    assert away[0] > 0.001
    assert away[1] > 2 * away[0]
    assert away[2] > 2 * away[1]


def test_where_the_model_has_no_answer_it_says_infeasible():
    drivers = plausible.sites({"temperature": np.array([12.0, 31.0])})
    state = sc.model("millennial").steady_state(drivers, fluxes=True)
    assert state["status"].values.tolist() == [Status.SETTLED, Status.INFEASIBLE]
    assert state["crossed_limits"].values.tolist() == [0, 1]
    assert np.isnan(state["microbial_carbon"][1])


@pytest.mark.parametrize("name", plausible.UNITS)
def test_without_a_driver_that_it_needs_a_cell_has_no_answer(model, name):
    needs = {n for need in model.network.needs for n in ((need,) if isinstance(need, str) else need)}
    drivers = plausible.cells(4)
    drivers[name][1] = np.nan
    state = model.steady_state(drivers, fluxes=True)
    expected = [Status.SETTLED, Status.NO_DRIVERS if name in needs else Status.SETTLED, Status.SETTLED, Status.SETTLED]
    assert state["status"].values.tolist() == expected
    np.testing.assert_array_equal(state["soil_carbon"].isnull(), state["status"] != Status.SETTLED)


def test_without_carbon_input_there_is_no_answer(model):
    drivers = plausible.cells(3)
    drivers["carbon_input"][1] = 0.0
    state = model.steady_state(drivers, fluxes=True)
    assert state["status"].values.tolist() == [Status.SETTLED, Status.NO_DRIVERS, Status.SETTLED]
    assert np.isnan(state["soil_carbon"][1])


def test_cells_without_any_answer_at_all(model):
    drivers = plausible.cells(2)
    drivers["temperature"][:] = np.nan
    state = model.steady_state(drivers, fluxes=True)
    assert (state["status"] == Status.NO_DRIVERS).all()
    assert state["soil_carbon"].isnull().all()


def test_a_bad_cell_does_not_touch_its_neighbours(model):
    drivers = plausible.cells(300)
    alone = model.steady_state(drivers, fluxes=True)
    drivers["temperature"][::3] = np.nan
    drivers["carbon_input"][1::3] = 0.0
    among = model.steady_state(drivers, fluxes=True)
    kept = slice(2, None, 3)
    xr.testing.assert_allclose(among.isel(site=kept), alone.isel(site=kept), rtol=1e-12)


# ---- batches -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many() -> xr.Dataset:
    """More cells than one thread is handed at once."""
    return plausible.cells(portions_of(sc.model("mimics").network, False).sizes[-1] + 700, seed=2)


@pytest.fixture(scope="module")
def many_solved(model, many) -> xr.Dataset:
    return model.steady_state(many, fluxes=True, eigenvalues=False)


def same(one: xr.Dataset, other: xr.Dataset) -> None:
    for name in one.data_vars:
        np.testing.assert_allclose(other[name], one[name], rtol=1e-11, atol=1e-13, err_msg=name)


def test_result_does_not_depend_on_threads(model, many, many_solved):
    alone = model.steady_state(many, fluxes=True, eigenvalues=False, threads=1)
    xr.testing.assert_identical(alone, many_solved)


def test_result_does_not_depend_on_the_order_of_cells(model, many, many_solved):
    order = np.random.default_rng(0).permutation(many.sizes["site"])
    same(many_solved.isel(site=order), model.steady_state(many.isel(site=order), fluxes=True, eigenvalues=False))


@pytest.mark.parametrize("number", [1, 255, 256, 257])
def test_result_does_not_depend_on_the_company(model, many, many_solved, number):
    part = slice(16300, 16300 + number)
    same(many_solved.isel(site=part), model.steady_state(many.isel(site=part), fluxes=True, eigenvalues=False))


def test_progress_is_told_of_every_cell_once(model, many):
    told: list[int] = []
    without = many.copy()
    without["carbon_input"][5:50] = 0.0
    model.steady_state(without, fluxes=True, eigenvalues=False, progress=told.append)
    assert sum(told) == many.sizes["site"] - 45


def test_any_shape_of_batch_gives_the_same(model):
    line = plausible.cells(12, seed=9)
    lat, lon = [10.0, 20.0, 30.0], [1.0, 2.0, 3.0, 4.0]
    grid = xr.Dataset(
        {name: (("lat", "lon"), values.values.reshape(3, 4), values.attrs) for name, values in line.items()},
        {"lat": lat, "lon": lon},
    )
    along, over = model.steady_state(line, fluxes=True), model.steady_state(grid, fluxes=True)
    single = model.steady_state(line.isel(site=7), fluxes=True)
    turned = model.steady_state(grid.transpose("lon", "lat"), fluxes=True)
    for name in along.data_vars:
        assert over[name].dims[-2:] == ("lat", "lon")
        assert along[name].dims[-1] == "site"
        lead = along[name].shape[:-1]
        assert single[name].shape == lead
        values = over[name].values.reshape(*lead, 12)
        np.testing.assert_allclose(values, along[name], rtol=1e-12, err_msg=name)
        np.testing.assert_allclose(single[name], along[name].isel(site=7), rtol=1e-11, atol=1e-13, err_msg=name)
        np.testing.assert_allclose(turned[name].transpose(*over[name].dims), over[name], rtol=1e-11, atol=1e-13)
    assert over["lat"].values.tolist() == lat
    assert over["soil_carbon"].sel(lat=20.0, lon=3.0) == over["soil_carbon"][1, 2]


def test_a_driver_may_be_the_same_everywhere(model):
    line = plausible.cells(6)
    line["temperature"] = ((), 11.0, {"units": "degC"})
    spread = line.copy()
    spread["temperature"] = ("site", np.full(6, 11.0), {"units": "degC"})
    xr.testing.assert_identical(model.steady_state(line, fluxes=True), model.steady_state(spread, fluxes=True))


def test_a_model_respiring_from_biomass_comes_to_the_same_state():
    """The rewritten model, solved on its own."""

    class FromBiomass(Millennial):
        def fluxes(self, stocks, environment):
            yield from model_contract.respired_from_biomass(super().fluxes(stocks, environment))

    drivers = plausible.cells(60)
    plain = sc.model("millennial").steady_state(drivers, fluxes=True)
    rewritten = sc.SoilModel(FromBiomass(), "fit").steady_state(drivers, eigenvalues=False)
    assert (rewritten["status"] == 0).all()
    for name in rewritten.data_vars:
        # the way to the state differs; what it says of the soil does not
        if name not in ("residual", "newton_steps"):
            np.testing.assert_allclose(rewritten[name], plain[name], rtol=1e-9, atol=1e-13, err_msg=name)
