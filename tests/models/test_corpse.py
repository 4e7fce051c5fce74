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


def test_set_of_the_testbed_is_its_equation():
    """Decomposition without the testbed's floors, and protection by clay, as its public code writes them."""
    model = sc.model("corpse", "testbed")
    cells = plausible.cells(5)
    filled = np.linspace(0.2, 0.9, 5)
    cells["moisture"] = ("site", filled * cells["porosity"].values, {"units": "m3 m-3"})
    cells["porosity"][:] = 0.45
    cells["moisture"][:] = filled * 0.45
    found = model.network.environment({name: cells[name].values for name in model.network.needs})
    kelvin, percent = cells["temperature"].values + 273.15, 100 * cells["clay"].values
    sorbed = 10 ** (0.4833 * np.log10(percent) + 2.3282) * (1 - 0.45) * 2650e-6
    for kind, rate, energy, share in (
        ("fast", 400.0, 37e3, 1.0),
        ("slow", 25.0, 54e3, 0.001),
        ("necromass", 200.0, 50e3, 1.0),
    ):
        warm = np.exp(-energy / (8.314472 * kelvin)) / np.exp(-energy / (8.314472 * 293.15))
        expected = rate * warm * filled**3 * (1 - filled) ** 2.5
        np.testing.assert_allclose(found[f"decomposition {kind}"], expected, rtol=1e-12)
        np.testing.assert_allclose(found[f"protection {kind}"], 1.5 * share * sorbed, rtol=1e-12)
