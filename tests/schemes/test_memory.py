"""Schemes with memory: a pool that lags behind what is felt, in every model, and the shape it gives to CUE."""

import model_contract
import numpy as np
import plausible
import pytest
import xarray as xr

import soilcue as sc
from soilcue.core.coupled import Coupled
from soilcue.core.errors import InputError
from soilcue.models import MODELS
from soilcue.schemes import SCHEMES, chosen_schemes
from soilcue.schemes.nutrient_threshold import BIOMASS_NITROGEN

REMEMBERING = [name for name in SCHEMES if SCHEMES[name].remembers]
"""Every scheme with memory."""
SAME_AT_REST = {
    "drying-rewetting": "constant",
    "temperature-acclimation": {"temperature-adaptation": {"adapted": 0.5}},
    "nitrogen-storage": "nitrogen-threshold",
    "phosphorus-storage": "phosphorus-threshold",
}
"""What each is once its drivers have lasted."""


def cells(number=5, seed=3):
    """Plausible cells with all that these schemes feel."""
    drivers, random = plausible.cells(number, seed=seed), np.random.default_rng(seed)
    for name, low, high, unit in (
        ("water_potential", -5.0, -0.02, "MPa"),
        ("substrate_carbon_to_nitrogen", 10.0, 80.0, "1"),
        ("substrate_carbon_to_phosphorus", 50.0, 600.0, "1"),
    ):
        drivers[name] = ("site", random.uniform(low, high, number), {"units": unit})
    drivers["historic_temperature"] = drivers["temperature"]
    return drivers


@pytest.fixture(scope="module")
def drivers():
    return cells()


@pytest.fixture(scope="module")
def plain():
    """Every model once: tracing its fluxes for every pair would take a minute."""
    return {name: sc.model(name) for name in MODELS}


def test_every_scheme_with_memory_is_compared_with_one_without():
    assert set(REMEMBERING) == set(SAME_AT_REST)


# ---- in every model ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REMEMBERING)
@pytest.mark.parametrize("model", list(MODELS))
def test_memory_is_a_pool_like_any_other(model, name, drivers, plain):
    """On fluxes: carbon as without memory, one flux into each memory and one out, and both alike at rest."""
    reference = plain[model]
    scheme = chosen_schemes(name)[0]
    overflows = any(flux.process == "overflow" for flux in reference.structure.fluxes)
    twice = overflows and "overflow" in scheme.includes
    if twice or (scheme.memory_of_biomass and not reference.structure.living()):
        with pytest.raises(InputError, match=f"'{model}' does not take the scheme '{name}'"):
            sc.model(model, cue=name)
        return
    network = Coupled(MODELS[model](None, (scheme,)))
    same = MODELS[model](None, chosen_schemes(SAME_AT_REST[name]))
    structure = network.structure()
    structure.check()
    assert structure.elements() == reference.structure.elements()
    assert structure.pools[: len(reference.structure.pools)] == reference.structure.pools
    values = model_contract.drivers_in_model_units(network.network, drivers)
    values |= model_contract.drivers_in_model_units(same, drivers)
    environment = network.environment(values)
    random = np.random.default_rng(2)
    pools, memories = len(reference.structure.pools), len(scheme.remembers)
    stocks = random.uniform(0.1, 10.0, (pools, 5))
    rest = np.stack([np.asarray(environment[memory.name]) for memory in scheme.remembers])
    assert (rest > 0).all()

    at_rest = model_contract.rates(network, np.concatenate([stocks, rest]), environment)
    without = model_contract.rates(same, stocks, same.environment(values))
    np.testing.assert_allclose(at_rest[: -2 * memories], without, rtol=1e-13)
    change = structure.stoichiometry() @ at_rest
    np.testing.assert_allclose(change[pools:], 0, atol=1e-12 * at_rest.max())
    assert (at_rest[-2 * memories :] > 0).all()

    other = np.stack([row * random.uniform(0.5, 0.99, 5) for row in rest])
    off = model_contract.rates(network, np.concatenate([stocks, other]), environment)
    assert (off >= 0).all()
    assert ((structure.stoichiometry() @ off)[pools:] > 0).all()  # towards what is felt


def test_a_scheme_with_memory_is_named_once():
    with pytest.raises(InputError, match="two of the schemes keep a memory called 'acclimated_temperature'"):
        sc.model("somic", cue=["temperature-acclimation", "temperature-acclimation"])


def test_cue_of_the_moment_is_refused_where_it_does_not_follow_from_the_moment(drivers):
    model = sc.model("somic", cue="temperature-acclimation")
    months = drivers["temperature"] + xr.DataArray(np.arange(12.0), dims="month")
    with pytest.raises(InputError, match="depends on what was before"):
        model.intrinsic_cue(drivers.assign(temperature=months.assign_attrs(units="degC")))
    at_rest = model.intrinsic_cue(drivers)
    same = sc.model("somic", cue=SAME_AT_REST["temperature-acclimation"]).intrinsic_cue(drivers)
    np.testing.assert_allclose(at_rest, same, rtol=1e-14)


# ---- through time --------------------------------------------------------------------------------------------------


def test_after_rain_cue_is_low_then_peaks_then_comes_back():
    """A dry month, then rain; the same to first order with half the step."""
    suction = np.full(365, -0.03)
    suction[60:90], suction[90:120] = -np.geomspace(0.03, 14.0, 30), -14.0
    days = cells(1).assign(water_potential=("day", suction, {"units": "MPa"}))
    model = sc.model("somic", cue="drying-rewetting")
    start = model.steady_state(days.assign(water_potential=days["water_potential"][0]), eigenvalues=False)
    runs = [
        model.simulate(days, start=start, years=1, output="period", steps=steps, method="patankar")
        for steps in (4, 8, 16)
    ]
    coarse, half, fine = (sc.cue(run, "community")["cue_community"].values[:, 0] for run in runs)
    reference = float(sc.cue(start, "community")["cue_community"][0])
    np.testing.assert_allclose(fine[:59], reference, rtol=1e-12)  # nothing happens before
    assert 0.5 * reference < fine[60:89].min() < reference  # drying costs osmolytes
    rain = fine[120:]
    assert rain[0] < 0.9 * reference
    peak = int(rain.argmax())
    assert 2 <= peak <= 7
    assert rain[peak] > 1.05 * reference
    assert (np.diff(rain[: peak + 1]) > 0).all()
    assert (np.diff(rain[peak : peak + 60]) < 0).all()
    assert rain[-1] == pytest.approx(reference, rel=1e-6)
    gaps = [np.abs(one - other).max() for one, other in ((coarse, half), (half, fine))]
    assert gaps[1] < 0.6 * gaps[0]
    assert float(runs[0]["closure"].max()) < 1e-12
    osmolytes = runs[-1]["osmotic_load_of_cells"]
    assert osmolytes.attrs["units"] == "1"
    # osmoregulation is exponential: what is left of the mismatch a day and four days after rain
    ends = runs[-1]["stock_at_end"].sel(pool="osmotic_load_of_cells").values[119:124, 0]
    wet = float(SCHEMES["drying-rewetting"]().load({"water_potential": -0.03}))
    np.testing.assert_allclose((ends[4] - wet) / (ends[0] - wet), np.exp(-6e-4 * 1440 * 4), rtol=0.1)


def test_a_warmed_community_acclimates_with_its_lag():
    """Against the closed form of a relaxation: CUE falls at once, and comes part of the way back."""
    cold = cells(2)
    warm = cold.assign(temperature=(cold["temperature"] + 5).assign_attrs(units="degC"))
    model = sc.model("somic", cue={"temperature-acclimation": {"lag": 3.0}})
    start = model.steady_state(cold, eigenvalues=False)
    np.testing.assert_allclose(start["acclimated_temperature"], cold["temperature"] + 273.15, rtol=1e-12)
    run = model.simulate(warm, start=start, years=12, steps=200, method="patankar")
    used = run["stock_at_end"].sel(pool="acclimated_temperature") - 273.15
    expected = warm["temperature"] - 5 * np.exp(-run["time"] / 3.0)
    np.testing.assert_allclose(used, expected.transpose("time", "site"), atol=0.01)
    found = sc.cue(run, "community")["cue_community"]
    before, after = (sc.cue(s, "community")["cue_community"] for s in (start, model.steady_state(warm)))
    assert (found.isel(time=0) < before).all()
    assert (found.diff("time") > 0).all()
    way = (after - found) / (before - after)
    assert (way.isel(time=0) > 0.3).all()  # below where it ends
    assert (np.abs(way.isel(time=-1)) < 0.05).all()


def test_a_store_parts_growth_from_the_supply_of_the_moment(drivers):
    """Supply that swings from poor to rich every month: CUE swings less, and as little as the closed form says."""
    one = drivers.isel(site=[0])
    ratio = np.where(np.arange(12) % 2, 20.0, 100.0)
    swinging = one.assign(substrate_carbon_to_nitrogen=("month", ratio, {"units": "1"}))
    mean = {"temperature-logit": {"slope": 0.0}}
    stored = sc.model("somic", cue=[mean, "nitrogen-storage"])
    start = stored.steady_state(swinging.assign(substrate_carbon_to_nitrogen=one["substrate_carbon_to_nitrogen"]))
    with_store = stored.simulate(swinging, start=start, years=3, output="period", method="patankar")
    without = sc.model("somic", cue="nitrogen-threshold").simulate(
        swinging, start=start.drop_vars("stock_at_year_start"), years=3, output="period", method="patankar"
    )
    swing, bare = (sc.cue(run, "community")["cue_community"].values[-12:, 0] for run in (with_store, without))
    assert bare.min() == pytest.approx(BIOMASS_NITROGEN / 100, rel=1e-6)
    assert bare.max() == pytest.approx(0.2811, rel=1e-6)  # carbon limits: 7.35/20 would be more
    assert np.ptp(swing) < 0.8 * np.ptp(bare)
    assert swing.min() > bare.min()
    # carbon in the store's wake: half a month and a month are short against what renews it
    given = BIOMASS_NITROGEN * float(with_store["nitrogen_from_store"].isel(time=-1)[0])
    assert given == pytest.approx(swing.mean(), rel=0.1)


def test_the_repeating_year_holds_its_memory():
    """The year found without spin-up is the one that a run stays on, and the memory of years is the annual mean."""
    site = cells(1)
    season = 10 * np.sin(2 * np.pi * (np.arange(12) - 3) / 12)
    warmth = site["temperature"] + xr.DataArray(season, dims="month")
    months = site.assign(temperature=warmth.assign_attrs(units="degC"))
    model = sc.model("somic", cue="temperature-acclimation")
    state = model.steady_state(months, eigenvalues=False)
    assert int(state["status"][0]) == 0
    days = xr.DataArray([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dims="month")
    mean = float((warmth * days).sum() / 365) + 273.15
    assert float(state["acclimated_temperature"][0]) == pytest.approx(mean, abs=1e-3)
    assert float(state["stock_at_year_start"].sel(pool="acclimated_temperature")[0]) != pytest.approx(mean, abs=0.01)
    year = model.simulate(months, start=state, years=1)
    np.testing.assert_allclose(year["stock_at_end"][0], state["stock_at_year_start"], rtol=1e-8)


def test_derivatives_go_through_a_memory_at_rest():
    """Warming acts on CUE by the weather and by what the community is used to: exact, and by differences."""
    sites = cells(3)
    model = sc.model("somic", cue="temperature-acclimation")
    exact = model.gradient(sites)["temperature"]
    step = 1e-3

    def carbon(change):
        moved = sites.assign(temperature=(sites["temperature"] + change).assign_attrs(units="degC"))
        return model.steady_state(moved, eigenvalues=False)["soil_carbon"]

    np.testing.assert_allclose(exact, (carbon(step) - carbon(-step)) / (2 * step), rtol=1e-6)
