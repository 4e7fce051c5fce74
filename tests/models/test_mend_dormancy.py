"""What MEND with dormancy says: its CUE in closed form, and when cells sleep."""

import numpy as np
import plausible
import pytest

import soilcue as sc


@pytest.fixture(scope="module")
def state():
    drivers = plausible.cells(60, seed=4)
    model = sc.model("mend-dormancy")
    environment = model.network.environment({name: drivers[name].values for name in model.network.needs})
    return environment, model.steady_state(drivers, fluxes=True)


def test_cue_is_the_yield_less_what_dormant_cells_respire(state):
    environment, found = state
    asleep = found["flux_rate"].sel(flux="dormant_microbes > co2 (maintenance)")
    expected = environment["cue"] - (asleep / found["community_uptake"]).values
    np.testing.assert_allclose(sc.cue(found)["diagnosed_cue"].sel(rule="uptake"), expected, atol=1e-10)
    assert (expected > 0).all()


def test_as_many_fall_dormant_as_wake_or_waste_away(state):
    environment, found = state
    filled = found["dissolved"] / 1000 / (environment["uptake_half"] + found["dissolved"] / 1000)
    ratio = (1 - filled) * environment["falling_dormant"]
    ratio = ratio / (filled * environment["waking"] + environment["maintaining_dormant"])
    np.testing.assert_allclose(found["dormant_microbes"] / found["active_microbes"], ratio, rtol=1e-9)


def test_cells_sleep_where_it_is_dry():
    tension = np.array([0.01, 0.05, 0.1, 0.3, 0.6])
    found = sc.model("mend-dormancy").steady_state(plausible.sites({"water_potential": -tension}), fluxes=True)
    assert (found["status"] == 0).all()
    asleep = found["dormant_microbes"] / found["microbial_carbon"]
    assert (asleep.diff("site") > 0).all()


def test_responses_at_their_corners():
    network = sc.model("mend-dormancy").network
    tension = np.array([1e-4, 10**-2.5, 0.02, 10**-1.5, 0.033, 1.0, 22.61, 30.0])
    drivers = {"water_potential": -tension, "temperature": 20.0, "pH": 4.2, "carbon_input": np.ones(8)}
    oxidation = network.environment(drivers)["breakdown oxidised"] / 50
    np.testing.assert_allclose(oxidation[:5], [0.6, 1.0, 1.0, 1.0, 0.625 - 0.25 * np.log10(0.033)], rtol=1e-12)
    hydrolysis = network.environment({**drivers, "pH": 5.3})["breakdown hydrolysed"] / 50
    np.testing.assert_allclose(hydrolysis[:5], 1.0, rtol=1e-12)
    assert 0.3 < hydrolysis[5] < 0.6
    np.testing.assert_allclose(hydrolysis[6:], 0.0, atol=1e-12)
