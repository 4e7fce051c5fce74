"""What MEND of 2013 says: its state in closed form, what CUE does in it, and where microbes cannot live."""

import numpy as np
import plausible
import pytest

import soilcue as sc


@pytest.fixture(scope="module")
def state():
    """A hundred cells, and their input and bulk density in the paper's units: mgC g-1 h-1 and g cm-3."""
    drivers = plausible.cells(100, seed=5)
    density = drivers["bulk_density"].values / 1000
    carbon = drivers["carbon_input"].values / 24 / 300 / density
    return carbon, density, sc.model("mend").steady_state(drivers, fluxes=True)


def test_state_in_closed_form(state):
    """At rest dissolved carbon is K_D m_R / V_D, and nothing but microbes and enzymes follows the input."""
    carbon, density, found = state
    maintained = 0.47 / 0.53 * carbon
    dead, enzymes = 0.98 * maintained, 0.01 * maintained / 1e-3
    particulate = (carbon + dead) / 2 / enzymes / 2.5
    mineral = (carbon + dead) / 4 / enzymes
    dissolved = 0.26 * 2.8e-4 / 5e-4
    expected = {
        "dissolved": dissolved,
        "microbes": maintained / 2.8e-4,
        "particulate_enzymes": enzymes,
        "mineral_enzymes": enzymes,
        "particulate": 50 * particulate / (1 - particulate),
        "mineral_associated": 250 * mineral / (1 - mineral),
        "adsorbed": 1.7 * 6e-3 * dissolved / (1e-3 + 6e-3 * dissolved),
    }
    for pool, values in expected.items():
        np.testing.assert_allclose(found[pool] / 300 / density, values * np.ones(100), rtol=1e-9, err_msg=pool)


def test_cue_of_uptake_is_the_parameter(state):
    _, _, found = state
    np.testing.assert_allclose(sc.cue(found)["diagnosed_cue"].sel(rule="uptake"), 0.47, atol=1e-11)
    np.testing.assert_allclose(sc.cue(found, scale="community")["cue_community"], 0.47 - 0.02 * 0.47, atol=1e-11)


def test_carbon_swings_after_a_disturbance():
    """Wang et al. (2014) saw it in microbial models without climate: the slowest change is a damped oscillation."""
    from long_run import LongRun

    model, drivers = sc.model("mend"), plausible.sites({"carbon_input": np.array([0.5, 1.0])})
    found = model.steady_state(drivers, fluxes=True)
    run = LongRun(model)
    stocks = np.stack([found[pool.name].values for pool in model.network.pools])
    for cell in range(2):
        values = run.eigenvalues(stocks[:, cell], run.drivers(drivers, cell))
        assert (values.real < 0).all()
        assert (values.imag != 0).any()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"growth": 0.0}, "growth_cannot_make_up_for_death"),
        ({"mineral_enzyme_share": 1e-5}, "enzymes_cannot_keep_up_with_the_input"),
    ],
)
def test_reason_of_no_answer(changes, reason):
    found = sc.model("mend", changes).steady_state(plausible.sites({"carbon_input": np.ones(2)}), fluxes=True)
    reasons = found["crossed_limits"].attrs["flag_meanings"].split()
    assert (found["status"] == 2).all()
    assert (found["crossed_limits"] == 1 << reasons.index(reason)).all()
