"""What SOMic says: its line of CUE, what going month by month does, and where it has no answer."""

import numpy as np
import plausible
import pytest

import soilcue as sc


@pytest.fixture(scope="module")
def cells():
    return plausible.cells(100, seed=8)


@pytest.fixture(scope="module", params=["woolf2019", "continuous"])
def state(request, cells):
    return sc.model("somic", request.param).steady_state(cells, fluxes=True)


def test_cue_of_uptake_is_the_published_line(state, cells):
    line = 0.2811 - 0.0081 * (cells["temperature"].values - 15)
    np.testing.assert_allclose(sc.cue(state)["diagnosed_cue"].sel(rule="uptake"), line, atol=1e-11)
    np.testing.assert_allclose(sc.cue(state, scale="community")["cue_community"], line, atol=1e-11)


def test_a_month_without_a_look_matters_to_what_turns_over_within_it(cells):
    """Soluble plant matter that stays all month is more; what turns over in years is the same."""
    monthly, always = (sc.model("somic", name).steady_state(cells, fluxes=True) for name in ("woolf2019", "continuous"))
    assert (monthly["soluble"] > 1.1 * always["soluble"]).all()
    assert float(abs(monthly["insoluble"] / always["insoluble"] - 1).max()) < 0.03
    assert 0.05 < float(abs(monthly["mineral_associated"] / always["mineral_associated"] - 1).max()) < 0.12


def test_clay_keeps_carbon_on_minerals():
    found = sc.model("somic").steady_state(plausible.sites({"clay": np.linspace(0.05, 0.6, 12)}), fluxes=True)
    assert (found["mineral_associated"].diff("site") > 0).all()


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"temperature": 50.0}, ["CUE_of_the_model_outside_(0,_1)", "warmer_than_45_degrees"]),
        ({"moisture": 0.46, "porosity": 0.45}, ["moisture_above_porosity"]),
    ],
)
def test_reason_of_no_answer(changes, reasons):
    drivers = plausible.sites({name: np.array([value]) for name, value in changes.items()})
    found = sc.model("somic").steady_state(drivers, fluxes=True)
    known = found["crossed_limits"].attrs["flag_meanings"].split()
    assert found["status"].values.tolist() == [2]
    assert found["crossed_limits"].values.tolist() == [sum(1 << known.index(reason) for reason in reasons)]
