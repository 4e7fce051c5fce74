"""What MIMICS says, in both of its kinetics."""

import numpy as np
import plausible
import pytest

import soilcue as sc


def solved(model, drivers):
    state = model.steady_state(drivers, fluxes=True)
    assert (state["status"] == 0).all()
    return state


@pytest.fixture(scope="module", params=["wieder2015", "sandbox2015"])
def mimics(request) -> sc.SoilModel:
    return sc.model("mimics", parameters=request.param)


def test_one_efficiency_for_all_is_the_cue_under_rule_uptake():
    drivers = plausible.cells(40)
    for value in (0.35, 0.5, 0.7):
        model = sc.model("mimics", parameters={"cue_metabolic": (value, value), "cue_structural": (value, value)})
        state = model.steady_state(drivers, fluxes=True)
        settled = state["status"] == 0
        assert settled.mean() > 0.5
        for name, values in (
            ("diagnosed", sc.cue(state)["diagnosed_cue"].sel(rule="uptake")),
            ("community", sc.cue(state, scale="community")["cue_community"]),
        ):
            np.testing.assert_allclose(values.where(settled, drop=True), value, rtol=1e-10, err_msg=name)
        populations = sc.cue(state, scale="population")["cue_population"]
        np.testing.assert_allclose(populations.where(settled, drop=True), value, rtol=1e-10)


def test_cue_of_a_population_lies_between_its_efficiencies(mimics):
    state = solved(mimics, plausible.cells(40))
    populations = sc.cue(state, scale="population")["cue_population"]
    for microbe, low, high in (("microbes_r", 0.25, 0.55), ("microbes_k", 0.35, 0.75)):
        values = populations.sel(population=microbe)
        assert ((values > low) & (values < high)).all()
    # the community is the mean of its populations, weighted by what they take up
    share = state["population_uptake"] / state["community_uptake"]
    community = sc.cue(state, scale="community")["cue_community"]
    np.testing.assert_allclose((share * populations).sum("population"), community, rtol=1e-12)


def test_community_cue_is_the_diagnosed_cue_under_rule_uptake(mimics):
    state = solved(mimics, plausible.cells(40))
    np.testing.assert_allclose(
        sc.cue(state, scale="community")["cue_community"], sc.cue(state)["diagnosed_cue"].sel(rule="uptake"), rtol=1e-10
    )


def test_kinetics(mimics):
    """Forward: saturates with the substrate. Reverse: saturates with the microbes."""
    from model_contract import Case, rates

    drivers = plausible.cells(5)
    case = Case(mimics, drivers, solved(mimics, drivers))
    environment, stocks = case.environment(), case.stocks()
    names = [pool.name for pool in mimics.network.pools]
    flux = mimics.structure.names().index("litter_metabolic > microbes_r (uptake)")

    def times(pool):
        changed = stocks.copy()
        changed[names.index(pool)] *= 1e6
        return rates(mimics.network, changed, environment)[flux] / rates(mimics.network, stocks, environment)[flux]

    substrate, microbes = times("litter_metabolic"), times("microbes_r")
    saturating, linear = (microbes, substrate) if mimics.parameters_name == "sandbox2015" else (substrate, microbes)
    np.testing.assert_allclose(linear, 1e6, rtol=1e-9)
    assert (saturating < 1e5).all()


def test_litter_quality_follows_from_lignin_and_nitrogen():
    model = sc.model("mimics")
    litter = plausible.one_cell().drop_vars("metabolic_fraction").assign(lignin_to_nitrogen=((), 20.0, {"units": "1"}))
    given = plausible.one_cell(metabolic_fraction=0.85 - 0.013 * 20.0)
    assert float(solved(model, litter)["soil_carbon"]) == pytest.approx(
        float(solved(model, given)["soil_carbon"]), rel=1e-9
    )


def test_long_term_productivity_may_be_given(mimics):
    """Turnover follows the annual input, which is that of the cell unless it is given."""
    own = plausible.one_cell()
    given = own.assign(annual_carbon_input=((), 500.0, {"units": "gC m-2 yr-1"}))
    assert float(solved(mimics, given)["soil_carbon"]) == float(solved(mimics, own)["soil_carbon"])
    sparse = own.assign(annual_carbon_input=((), 60.0, {"units": "gC m-2 yr-1"}))
    assert float(solved(mimics, sparse)["microbial_carbon"]) > float(solved(mimics, own)["microbial_carbon"])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"metabolic_fraction": 0.0}, "metabolic_fraction_of_litter_outside_(0,_1)"),
        ({"metabolic_fraction": 1.0}, "metabolic_fraction_of_litter_outside_(0,_1)"),
        (
            {"clay": 0.95, "clay_silt": 1.0, "metabolic_fraction": 0.02},
            "shares_of_necromass_protected_by_clay_and_chemistry_exceed_one",
        ),
    ],
)
def test_reason_of_no_answer(mimics, changes, reason):
    state = mimics.steady_state(plausible.one_cell(**changes), fluxes=True)
    assert int(state["status"]) == 2
    reasons = state["crossed_limits"].attrs["flag_meanings"].split()
    masks = state["crossed_limits"].attrs["flag_masks"]
    assert [r for r, mask in zip(reasons, masks, strict=True) if int(state["crossed_limits"]) & mask] == [reason]


def test_responses_to_moisture():
    filled = np.linspace(0.02, 0.98, 25)
    drivers = plausible.sites({"moisture": 0.45 * filled}, temperature=12.0)
    corpse = 0.022600567942709

    def response(**options):
        network = sc.model("mimics", options=options).network
        values = {name: drivers[name].values for name in drivers} | {"moisture_scalar": filled}
        values["annual_carbon_input"] = drivers["carbon_input"].values * 365
        environment = network.environment(values)
        name = "vmax microbes_r litter_metabolic"
        return environment[name] / sc.model("mimics").network.environment(values)[name], environment

    found, _ = response(moisture="corpse")
    np.testing.assert_allclose(found, np.maximum(filled**3 * (1 - filled) ** 2.5 / corpse, 0.05), rtol=1e-12)
    found, environment = response(moisture="calibrated")
    assert found.max() == pytest.approx(1.0, abs=0.01)
    assert found.min() == pytest.approx(0.05)
    turnover = "turnover microbes_k"
    np.testing.assert_array_equal(environment[turnover], response(moisture="none")[1][turnover])
    found, environment = response(moisture="external", moisture_acts_on="uptake-and-turnover")
    np.testing.assert_allclose(found, filled, rtol=1e-12)
    np.testing.assert_allclose(environment[turnover] / response(moisture="none")[1][turnover], filled, rtol=1e-12)


def test_historic_temperature_changes_kinetics():
    """ln Vmax = (slope + 0.00104 MAT) T + intercept - 0.0228 MAT."""
    drivers = plausible.one_cell(temperature=20.0)
    acclimated = sc.model("mimics", options={"acclimation": "historic-temperature"})
    values = {name: drivers[name].values for name in drivers} | {"annual_carbon_input": 500.0}
    name = "vmax microbes_r litter_metabolic"
    found = acclimated.network.environment(values | {"historic_temperature": 5.0})[name]
    expected = sc.model("mimics").network.environment(values)[name] * np.exp(0.00104 * 5 * 20 - 0.0228 * 5)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_density_of_microbes_speeds_their_turnover():
    from model_contract import Case, rates

    drivers = plausible.cells(5)
    one, beta = (sc.model("mimics", parameters=name) for name in ("sandbox2015", "sandbox2015-beta"))
    stocks = Case(one, drivers, one.steady_state(drivers, eigenvalues=False)).stocks()
    flux = beta.structure.names().index("microbes_r > som_available (mortality)")
    network, environment = beta.network, Case(beta, drivers, None).environment()
    death = rates(network, stocks, environment)[flux]
    twice = rates(network, 2 * stocks, environment)[flux]
    np.testing.assert_allclose(twice / death, 2**1.5, rtol=1e-12)


def test_an_option_that_is_none_is_refused():
    with pytest.raises(sc.InputError, match="corpse"):
        sc.model("mimics", options={"moisture": "corps"})
    with pytest.raises(sc.InputError, match="moisture"):
        sc.model("mimics", options={"moistur": "corpse"})
    with pytest.raises(sc.InputError, match="lacks the variable 'moisture_scalar'"):
        sc.model("mimics", options={"moisture": "external"}).steady_state(plausible.one_cell())


def test_single_parameters_of_any_set_may_be_changed():
    model = sc.model("mimics", parameters={"set": "sandbox2015", "turnover_density": 1.2})
    assert model.parameters_name == "sandbox2015, changed: turnover_density"
    assert model.network.option("kinetics") == "reverse"
    table = model.parameters().set_index("parameter")["value"]
    assert table["turnover_density"] == 1.2
    assert table["turnover_scale"] == 2.0
