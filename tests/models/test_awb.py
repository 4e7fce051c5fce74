"""What AWB says: CUE in closed form, soil carbon that does not follow the input, and where it has no answer."""

import numpy as np
import plausible
import pytest

import soilcue as sc

PAPERS_INPUT = 0.001 * 24 * 100
"""gC m-2 d-1 in 0.001 mgC cm-3 h-1 over ten centimetres."""


@pytest.fixture(scope="module")
def warmth():
    """States from cold to warm at the paper's input, and at a tenth of it."""
    temperature = np.concatenate([np.linspace(-5.0, 45.0, 51)] * 2)
    carbon = np.repeat([PAPERS_INPUT, PAPERS_INPUT / 10], 51)
    return sc.model("awb").steady_state(plausible.sites({"temperature": temperature, "carbon_input": carbon}))


def at(state, temperature, tenth=False):
    return state.isel(site=int(temperature) + 5 + 51 * tenth)


def test_pools_of_the_paper_come_back(warmth):
    """2.19159 microbes, 0.0109579 enzymes, 111.876 organic carbon, mg cm-3, at 20 degC: the start that SoilR ships."""
    state = at(warmth, 20)
    for pool, expected in (("microbes", 2.19159), ("enzymes", 0.0109579), ("organic_matter", 111.876)):
        assert float(state[pool]) / 100 == pytest.approx(expected, rel=5e-6)
    # the start they ship for dissolved carbon is the uptake, not the pool
    assert float(state["community_uptake"]) / (24 * 100) == pytest.approx(0.00144928, rel=5e-6)


def test_diagnosed_cue_in_closed_form(warmth):
    """At rest uptake is input / (1 - CUE), and all other fluxes follow from it: no rate but the CUE matters."""
    temperature = np.arange(0, 39)
    cue = 0.63 - 0.016 * temperature
    uptake = 1 / (1 - cue)
    death, enzymes = cue * uptake * 2e-4 / 2.05e-4, cue * uptake * 5e-6 / 2.05e-4
    broken_down = 0.5 + 0.5 * death
    found = sc.cue(warmth.isel(site=slice(5, 44)))["diagnosed_cue"]
    np.testing.assert_allclose(found.sel(rule="uptake"), cue, atol=1e-11)
    np.testing.assert_allclose(found.sel(rule="gross"), 1 - 1 / (uptake + broken_down), atol=1e-11)
    np.testing.assert_allclose(found.sel(rule="total"), 1 - 1 / (uptake + broken_down + death + enzymes), atol=1e-11)
    warm = found.isel(site=20)
    np.testing.assert_allclose(warm, [0.31, 0.5388, 0.6180], atol=5e-5)


def test_carbon_does_not_follow_the_input_but_microbes_do(warmth):
    much, little = at(warmth, 20), at(warmth, 20, tenth=True)
    for pool in ("organic_matter", "dissolved"):
        assert float(much[pool]) == pytest.approx(float(little[pool]), rel=1e-9)
    for pool in ("microbes", "enzymes"):
        assert float(much[pool]) == pytest.approx(10 * float(little[pool]), rel=1e-9)


def test_warmth_lowers_carbon_until_cue_is_too_low_for_enzymes(warmth):
    """The paper's point: enzymes speed up, but with less CUE there are fewer of them."""
    carbon = warmth["organic_matter"].isel(site=slice(0, 44))
    assert (carbon.isel(site=slice(0, 25)).diff("site") < 0).all()
    assert (carbon.isel(site=slice(32, 44)).diff("site") > 0).all()


def test_no_answer_where_the_line_of_cue_ends(warmth):
    """0.63 - 0.016 T is zero at 39.4 degrees."""
    status = warmth["status"].values[:51]
    assert (status[:44] == 0).all()
    assert (status[45:] == 2).all()
    reasons = warmth["crossed_limits"].attrs["flag_meanings"].split()
    assert int(at(warmth, 45)["crossed_limits"]) == 1 << reasons.index("CUE_of_the_model_outside_(0,_1)")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"enzyme_production": 5e-8}, "enzymes_cannot_keep_up_with_the_input"),
        ({"uptake_energy": 8e4}, "uptake_cannot_make_up_for_death"),
    ],
)
def test_carbon_that_would_pile_up_is_flagged(changes, reason):
    state = sc.model("awb", changes).steady_state(plausible.one_cell(temperature=20.0))
    assert int(state["status"]) == 2
    reasons = state["crossed_limits"].attrs["flag_meanings"].split()
    assert int(state["crossed_limits"]) & 1 << reasons.index(reason)
