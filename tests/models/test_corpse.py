"""What CORPSE says: CUE in closed form, microbes that cannot die out, and where it has no answer."""

import numpy as np
import plausible
import pytest

import soilcue as sc


@pytest.fixture(scope="module")
def state():
    """A hundred cells, the input of each all above ground, with a tenth to nine tenths of it simple."""
    drivers = plausible.cells(100, seed=3)
    return drivers, sc.model("corpse").steady_state(drivers, fluxes=True)


def test_diagnosed_cue_in_closed_form(state):
    """At rest all necromass is eaten again: nothing but the input's partition and the efficiencies matters."""
    drivers, found = state
    above = drivers["above_ground_fraction"].values
    slow = above * 0.7 + (1 - above) * 0.85
    necromass = 0.6 * (0.6 * (1 - slow) + 0.05 * slow) / (1 - 0.6 * 0.6)
    cue = sc.cue(found)["diagnosed_cue"]
    np.testing.assert_allclose(cue.sel(rule="uptake"), 1 - 1 / (1 + necromass), atol=1e-10)
    np.testing.assert_allclose(cue.sel(rule="gross"), cue.sel(rule="uptake"), atol=0)
    np.testing.assert_allclose(cue.sel(rule="total"), 1 - 1 / (1 + 2 * necromass), atol=1e-10)
    # efficiency of growth before turnover is respired, the mean of eup weighted by uptake, is larger
    flow, process, target = found["flux_rate"], found["flux_process"], found["flux_target"]
    kept = flow.where((process == "uptake") & (target == "microbes"), drop=True).sum("flux")
    assert ((kept / found["community_uptake"]).values > cue.sel(rule="uptake").values + 0.05).all()


def test_microbes_do_not_die_out():
    """Without any decomposition to speak of they stay at their smallest share of unprotected carbon."""
    model = sc.model("corpse", {"lifetime": 0.001})
    found = model.steady_state(plausible.sites({"temperature": np.array([-20.0, 0.0, 20.0])}))
    assert (found["status"] == 0).all()
    unprotected = found["fast"] + found["slow"] + found["necromass"]
    assert (found["microbes"] > 0.001 * unprotected).all()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"moisture": 0.45, "porosity": 0.45}, "no_moisture,_or_moisture_at_or_above_porosity"),
        ({"moisture": 0.0}, "no_moisture,_or_moisture_at_or_above_porosity"),
        ({"clay": 0.0}, "no_clay_to_protect_carbon"),
    ],
)
def test_reason_of_no_answer(changes, reason):
    found = sc.model("corpse").steady_state(plausible.one_cell(**changes))
    assert int(found["status"]) == 2
    reasons = found["crossed_limits"].attrs["flag_meanings"].split()
    assert int(found["crossed_limits"]) == 1 << reasons.index(reason)
