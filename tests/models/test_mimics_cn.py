"""What MIMICS-CN says: MIMICS where nitrogen is in plenty, overflow where it is not, one C:N for every microbe."""

import numpy as np
import plausible
import pytest

import soilcue as sc
from soilcue.models.mimics import MICROBES

CARBON = [pool.name for pool in sc.model("mimics").network.pools]


def flow(state, process):
    return state["flux_rate"].where(state["flux_process"] == process, drop=True)


@pytest.fixture(scope="module")
def by_litter():
    """The temperate cell under litter of ever less nitrogen, where microbes take up no mineral nitrogen."""
    ratios = np.geomspace(8.0, 500.0, 40)
    drivers = plausible.sites({"litter_carbon_to_nitrogen": ratios})
    model = sc.model("mimics-cn", {"set": "wieder2015", "mineral_uptake": 0.0})
    return ratios, model.steady_state(drivers, fluxes=True)


def test_with_nitrogen_in_plenty_it_is_mimics():
    drivers = plausible.cells(60, seed=2)
    rich = drivers.assign(litter_carbon_to_nitrogen=("site", np.full(60, 13.0), {"units": "1"}))
    ours = sc.model("mimics-cn", "wieder2015").steady_state(rich, fluxes=True)
    plain = sc.model("mimics", "wieder2015").steady_state(drivers, fluxes=True)
    assert (ours["status"] == 0).all()
    assert (flow(ours, "overflow") == 0).all()
    for pool in CARBON:
        np.testing.assert_allclose(ours[pool], plain[pool], rtol=1e-9, err_msg=pool)
    for kind in ("diagnosed_cue", "mean_passes"):
        np.testing.assert_allclose(sc.cue(ours)[kind], sc.cue(plain)[kind], rtol=1e-9, err_msg=kind)


def test_at_rest_poor_litter_makes_little_overflow():
    """All nitrogen that comes in must leach, and on its way there it is mineral: microbes find enough of it."""
    drivers = plausible.cells(60, seed=2)
    poor = drivers.assign(litter_carbon_to_nitrogen=("site", np.full(60, 300.0), {"units": "1"}))
    state = sc.model("mimics-cn").steady_state(poor, fluxes=True)
    assert (state["status"] == 0).all()
    share = flow(state, "overflow").sum("flux") / state["community_uptake"]
    assert ((share > 0).sum() > 0) & (share < 0.01).all()
    assert (share == 0).mean() > 0.8


def test_carbon_overflows_where_litter_is_poor(by_litter):
    ratios, state = by_litter
    assert (state["status"] == 0).all()
    spilled = flow(state, "overflow").sum("flux").values
    poor = spilled > 0
    assert ratios[poor].min() > ratios[~poor].max() > 20
    # what overflows is respired without growth, so that CUE falls
    cue = sc.cue(state, scale="community")["cue_community"].values
    np.testing.assert_allclose(cue[~poor], cue[0], rtol=1e-9)
    assert (np.diff(cue[poor]) < 0).all()


def test_microbes_keep_their_ratio(by_litter):
    _, state = by_litter
    for microbe, ratio in zip(MICROBES, (6.0, 10.0), strict=True):
        np.testing.assert_allclose(state[microbe] / state[f"{microbe}_nitrogen"], ratio, rtol=1e-9)


def test_nitrogen_is_counted_in_nitrogen(by_litter):
    _, state = by_litter
    nitrogen = [pool for pool in state["pool"].values.tolist() if pool.endswith("nitrogen")]
    assert len(nitrogen) == 8
    for pool in nitrogen:
        assert state[pool].attrs["units"] == "gN m-2"
    total = sum(state[pool] for pool in nitrogen)
    np.testing.assert_allclose(state["soil_nitrogen"], total, rtol=1e-12)
    np.testing.assert_allclose(state["soil_carbon"], sum(state[pool] for pool in CARBON), rtol=1e-12)
    currencies = dict(zip(state["flux"].values.tolist(), state["flux_currency"].values.tolist(), strict=True))
    assert currencies["mineral_nitrogen > leached (leaching)"] == "nitrogen"
    assert currencies["litter_metabolic > co2 (overflow through microbes_r)"] == "carbon"


def test_litter_richer_than_its_metabolic_part_is_refused():
    state = sc.model("mimics-cn").steady_state(
        plausible.sites({"litter_carbon_to_nitrogen": np.array([5.0, 45.0])}), fluxes=True
    )
    assert state["status"].values.tolist() == [2, 0]


def test_in_cold_soil_carbon_grows_without_end():
    """What stands among the assumptions: no state of rest, and a run that gains the same in every year."""
    drivers = plausible.sites({"temperature": np.array([-14.0]), "litter_carbon_to_nitrogen": np.array([60.0])})
    model = sc.model("mimics-cn")
    assert int(model.steady_state(drivers, eigenvalues=False)["status"].item()) == 5
    warm = drivers.assign(temperature=("site", [5.0], drivers["temperature"].attrs))
    run = model.simulate(drivers, model.steady_state(warm, eigenvalues=False), years=250, method="patankar", steps=24)
    carbon = (run["soil_carbon"] + run["litter_carbon"]).isel(site=0)
    gained = carbon.diff("time").isel(time=[-50, -1]).values
    assert gained[1] > 0.1 * 365 * drivers["carbon_input"].item()
    np.testing.assert_allclose(gained[1], gained[0], rtol=0.05)
