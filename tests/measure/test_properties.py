"""Laws that every estimator keeps: bounds, limits, direction, units; and those of errors carried through them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import soilcue as sc
from soilcue.measure.isotopes import atom_percent, carbonate_share, delta, mixed, source_share
from soilcue.measure.methods import METHODS
from soilcue.measure.methods.oxygen_vapour import mean_excess
from soilcue.measure.uncertainty import derivative, first_order, monte_carlo

SHARE = st.floats(0.02, 0.98)
POSITIVE = st.floats(0.01, 1000.0)
LAWS = settings(max_examples=60, deadline=None)

DNA = {
    "oxygen_in_dna": 1.873,
    "atom_percent_dna": 0.65,
    "atom_percent_control": 0.2005,
    "water_added": 0.03,
    "atom_percent_water_added": 97.0,
    "soil_water": 0.12,
    "soil_mass": 0.4,
    "time": 24.0,
    "microbial_carbon": 300.0,
    "dna": 15.0,
    "respiration": 0.25,
}


# ---- isotopes


@LAWS
@given(st.floats(-900, 50_000), st.floats(0.001, 0.02))
def test_delta_and_atom_percent_are_inverse(value, ratio):
    np.testing.assert_allclose(delta(atom_percent(value, ratio), ratio), value, rtol=1e-9, atol=1e-9)


@LAWS
@given(st.floats(0.2, 60), st.floats(0.2, 60), POSITIVE, POSITIVE)
def test_a_mixture_lies_between_and_tells_its_shares(first, second, much, little):
    mixture = mixed(first, much, second, little)
    assert min(first, second) - 1e-9 <= mixture <= max(first, second) + 1e-9
    if abs(first - second) > 0.01:
        np.testing.assert_allclose(source_share(mixture, first, second), little / (much + little), rtol=1e-7, atol=1e-9)


def test_mixing_is_not_linear_in_delta():
    ratio = 0.0111802
    half = delta(mixed(atom_percent(-25.0, ratio), 1.0, 99.0, 1.0), ratio)
    assert abs(half - (-25.0 + delta(99.0, ratio)) / 2) > 1000


def test_carbonate_is_told_from_organic_carbon():
    organic, carbonate = atom_percent(-26.0, 0.0111802), atom_percent(0.0, 0.0111802)
    co2 = mixed(organic, 3.0, carbonate, 1.0)
    assert carbonate_share(co2, organic, carbonate) == pytest.approx(0.25, abs=1e-12)
    plain = METHODS["oxygen_label"].estimate({**DNA, "respiration": 0.75})
    corrected = METHODS["oxygen_label"].estimate({**DNA, "respiration": 1.0, "carbonate_share": 0.25})
    np.testing.assert_allclose(corrected["cue"], plain["cue"], rtol=1e-12)


# ---- estimators


@LAWS
@given(st.floats(0.3, 20.0), POSITIVE, POSITIVE, POSITIVE)
def test_cue_by_water_lies_between_its_limits_and_falls_with_respiration(atoms, biomass, dna, respired):
    values = {**DNA, "atom_percent_dna": atoms, "microbial_carbon": biomass, "dna": dna, "respiration": respired}
    found = METHODS["oxygen_label"].estimate(values)
    assert 0 < found["cue"] < 1
    np.testing.assert_allclose(found["uptake"], found["growth"] + respired, rtol=1e-12)
    more = METHODS["oxygen_label"].estimate({**values, "respiration": 2 * respired})
    assert more["cue"] < found["cue"]
    idle = METHODS["oxygen_label"].estimate({**values, "respiration": 1e-12 * found["growth"]})
    assert idle["cue"] == pytest.approx(1)


@LAWS
@given(st.floats(0.01, 1.0), st.floats(0.01, 1.0))
def test_another_kec_moves_cue_as_its_formula_says(one, other):
    frame = example("carbon_label")
    first = sc.measure.carbon_label(frame, kec=one).samples["cue"].iloc[0]
    second = sc.measure.carbon_label(frame, kec=other).samples["cue"].iloc[0]
    moved = first * one / other
    np.testing.assert_allclose(second, moved / (moved + 1 - first), rtol=1e-10)


def example(name, **changed):
    method = METHODS[name]
    columns = [c for c in method.columns if c.required and not c.systematic and c.used_with(method.chosen({}))]
    return pd.DataFrame({"sample": ["a"], **{c.name: [c.example] for c in columns}}).assign(**changed)


@LAWS
@given(SHARE, st.floats(0.001, 10.0))
def test_vapour_tends_to_the_equilibrium_and_starts_from_nothing(rate, time):
    mean = mean_excess(30.0, rate, time)
    assert 0 < mean < 30
    assert mean_excess(30.0, rate, 1e6) == pytest.approx(30.0, rel=1e-3)
    assert mean_excess(30.0, rate, 1e-6) == pytest.approx(30.0 * rate * 1e-6 / 2, rel=1e-3)


@LAWS
@given(st.floats(1, 5000), st.floats(0.5, 500), st.floats(0, 0.2))
def test_threshold_ratio_never_exceeds_its_largest_cue_and_closes_the_balance(substrate, biomass, mineral):
    biomass = max(biomass, 1.0)
    values = {"biomass_cn": biomass, "substrate_cn": substrate, "largest_cue": 0.55, "mineral_nitrogen": mineral}
    found = METHODS["threshold_ratio"].estimate(values)
    assert 0 < found["cue"] <= 0.55
    assert found["overflow"] >= 0
    # no more nitrogen is built in than comes with the food and from minerals
    assert found["cue"] / biomass <= (1 / substrate + mineral) * (1 + 1e-12)
    assert found["immobilisation_n"] <= mineral * (1 + 1e-9) + 1e-15
    if substrate < found["threshold_cn"]:
        assert found["cue"] == 0.55


@LAWS
@given(POSITIVE, POSITIVE, st.floats(0.01, 100))
def test_enzyme_stoichiometry_is_bounded_and_blind_to_the_unit(enzyme, resource, factor):
    method = METHODS["enzyme_stoichiometry"]
    values = {"bg": enzyme, "nag": 40.0, "lap": 30.0, "microbial_carbon": 420.0, "microbial_nitrogen": 60.0}
    values |= {"resource_carbon": resource, "resource_nitrogen": 10.0}
    found = method.estimate(values, elements="cn")["cue"]
    assert 0 < found < 0.6
    scaled = {name: value * factor for name, value in values.items()}
    np.testing.assert_allclose(method.estimate(scaled, elements="cn")["cue"], found, rtol=1e-12)


@LAWS
@given(SHARE, st.sampled_from([1.0, 2.0, 3.0, 5.0, 6.0, 7.5]), st.floats(3.8, 4.8))
def test_heat_and_oxygen_give_back_the_cue_they_were_made_with(cue, substrate, biomass):
    if substrate - cue * biomass <= 0.05:
        return
    oxygen = (substrate - cue * biomass) / 4
    heat = 455 * oxygen / (1 - cue)
    given_ratio = {"heat_per_co2": heat, "substrate_reduction": substrate, "biomass_reduction": biomass}
    found = METHODS["calorespirometry"].estimate(given_ratio, ratio="given")["cue"]
    np.testing.assert_allclose(found, cue, rtol=1e-8)
    gas = {"co2": 1 - cue, "oxygen": oxygen, "substrate_reduction": substrate, "biomass_reduction": biomass}
    np.testing.assert_allclose(METHODS["respiratory_quotient"].estimate(gas)["cue"], cue, rtol=1e-8)


def test_the_published_quotient_implies_biomass_that_is_no_biomass():
    cue = np.linspace(0.05, 0.6, 12)
    published = (1 - cue) / (1 - 1.5 * cue)
    gas = {"co2": published, "oxygen": 1.0, "substrate_reduction": 4.0, "biomass_reduction": 6.0}
    np.testing.assert_allclose(METHODS["respiratory_quotient"].estimate(gas)["cue"], cue, rtol=1e-12)
    usual = METHODS["respiratory_quotient"].estimate({**gas, "biomass_reduction": 4.2})["cue"]
    assert np.all(usual > cue)


@LAWS
@given(st.floats(0.05, 0.9), st.floats(0.05, 0.9), SHARE)
def test_taxa_add_up_to_the_community(first, second, weight):
    method = METHODS["oxygen_taxa"]
    values = {name: np.array(value) for name, value in {"atom_percent_water": 60.0, "time": 168.0}.items()}
    values |= {"microbial_carbon": 300.0, "respiration": 0.25}
    light = np.array([1.700, 1.712])
    weightless = 0.496 * (light - 1.646057) / 0.083506 + 307.691
    full = 12.07747 * 0.6 * (60.0 - 0.2005) / 100
    heavy = light * (1 + np.array([first, second]) * full / weightless)
    values |= {"density_unlabelled": light, "density_labelled": heavy, "abundance": np.array([weight, 1 - weight])}
    found = method.estimate(values)
    np.testing.assert_allclose(found["new_dna"], weight * first + (1 - weight) * second, rtol=1e-9)
    rates = -np.log1p(-np.array([first, second])) / 168
    growth = 300.0 * (weight * rates[0] + (1 - weight) * rates[1])
    np.testing.assert_allclose(found["growth"], growth, rtol=1e-9)
    np.testing.assert_allclose(found["cue"], growth / (growth + 0.25), rtol=1e-9)


def test_depletion_is_an_upper_limit_of_the_direct_form():
    direct = METHODS["radiocarbon_label"].estimate(
        {"activity_fumigated": 30.0, "activity_unfumigated": 10.0, "activity_co2": 30.0, "kec": 0.45}
    )
    by_loss = METHODS["radiocarbon_depletion"].estimate(
        {"activity_added": 100.0, "activity_extract": 10.0, "activity_co2": 30.0}
    )
    assert direct["cue"] < by_loss["cue"]


# ---- errors


def ratio_of(values):
    return values["growth"] / (values["growth"] + values["respiration"])


@LAWS
@given(POSITIVE, POSITIVE)
def test_derivatives_are_exact(growth, respired):
    values = {"growth": np.array([growth]), "respiration": np.array([respired])}
    np.testing.assert_allclose(derivative(ratio_of, values, "growth"), respired / (growth + respired) ** 2, rtol=1e-10)


def test_monte_carlo_meets_the_first_order_where_errors_are_small():
    values = {"growth": np.linspace(0.1, 1, 7), "respiration": np.full(7, 0.5)}
    spreads = {name: 0.01 * value for name, value in values.items()}
    order = first_order(ratio_of, values, spreads, frozenset())
    drawn = monte_carlo(ratio_of, values, spreads, frozenset(), np.zeros(7, dtype=int), 20_000, seed=2)
    np.testing.assert_allclose(drawn.sd, order.total, rtol=0.03)
    np.testing.assert_allclose(drawn.mean, ratio_of(values), rtol=2e-3)


def test_the_same_seed_gives_the_same_draws_and_another_does_not():
    values = {"growth": np.full(9, 0.3), "respiration": np.full(9, 0.5)}
    spreads = {name: 0.1 * value for name, value in values.items()}
    run = [monte_carlo(ratio_of, values, spreads, frozenset(), np.arange(9) % 2, 1000, seed=seed) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(run[0].sd, run[1].sd)
    assert np.all(run[0].sd != run[2].sd)
    assert len(set(run[0].sd)) == 9, "samples must not share their draws"


def test_draws_of_samples_are_independent_of_each_other():
    values = {"growth": np.full(40, 0.3), "respiration": np.full(40, 0.5)}
    spreads = {"growth": np.full(40, 0.05)}
    kept = []

    def cue(drawn):
        found = ratio_of(drawn)
        kept.append(np.broadcast_to(found, np.broadcast_shapes(found.shape, (1, 4000))))
        return found

    monte_carlo(cue, values, spreads, frozenset(), np.zeros(40, dtype=int), 4000, seed=3)
    correlation = np.corrcoef(np.concatenate(kept))
    apart = np.abs(correlation[~np.eye(40, dtype=bool)])
    assert apart.max() < 5.5 / np.sqrt(4000)


def test_shared_factors_do_not_average_out_and_single_errors_do():
    count = 50
    frame = pd.DataFrame(
        {
            "activity_fumigated": np.full(count, 400.0),
            "activity_fumigated_sd": 20.0,
            "activity_unfumigated": 150.0,
            "activity_co2": 300.0,
        }
    )
    for draws in (0, 4000):
        shared = sc.measure.radiocarbon_label(frame, kec=0.45, kec_sd=0.09, draws=draws)
        mean, one = shared.treatments.iloc[0], shared.samples.iloc[0]
        assert mean["systematic_sd"] == pytest.approx(one["systematic_sd"], rel=0.1)
        assert one["random_sd"] > 0.01
        assert mean["standard_error"] < 1e-12  # replicates do not differ here
        width = mean["upper"] - mean["lower"]
        assert width == pytest.approx(2 * 1.96 * mean["systematic_sd"], rel=0.02)


def test_shared_factors_cancel_in_contrasts_of_equal_treatments():
    frame = pd.DataFrame(
        {
            "treatment": ["a", "a", "b", "b"],
            "activity_fumigated": [400.0, 410.0, 400.0, 410.0],
            "activity_unfumigated": 150.0,
            "activity_co2": 300.0,
        }
    )
    result = sc.measure.radiocarbon_label(frame, kec=0.45, kec_sd=0.09)
    assert result.contrasts["systematic_sd"].iloc[0] < 1e-15
    assert result.treatments["systematic_sd"].iloc[0] > 0.01


def test_contrasts_without_shared_factors_are_welch_s():
    random = np.random.default_rng(5)
    first, second = random.normal(100, 10, 6), random.normal(120, 25, 9)
    frame = pd.DataFrame(
        {
            "treatment": ["a"] * 6 + ["b"] * 9,
            "biomass_start": 200.0,
            "biomass_end": 200 + np.concatenate([first, second]),
            "respired": 150.0,
        }
    )
    result = sc.measure.batch_growth(frame)
    cue = result.samples["cue"]
    welch = stats.ttest_ind(cue[6:], cue[:6], equal_var=False)
    line = result.contrasts.iloc[0]
    assert line["p"] == pytest.approx(welch.pvalue, rel=1e-9)
    assert line["df"] == pytest.approx(welch.df, rel=1e-9)
    interval = welch.confidence_interval(0.95)
    np.testing.assert_allclose([line["lower"], line["upper"]], [interval.low, interval.high], rtol=1e-9)
    mean = result.treatments.loc["a"]
    half = stats.t.ppf(0.975, 5) * np.std(cue[:6], ddof=1) / np.sqrt(6)
    np.testing.assert_allclose(mean["upper"] - mean["mean"], half, rtol=1e-9)


def test_several_contrasts_are_adjusted_by_holm():
    random = np.random.default_rng(6)
    names = np.repeat(["a", "b", "c", "d"], 5)
    end = 300 + random.normal(0, 10, 20) + np.repeat([0, 5, 12, 40], 5)
    frame = pd.DataFrame({"treatment": names, "biomass_start": 200.0, "biomass_end": end, "respired": 150.0})
    pairs = sc.measure.batch_growth(frame).contrasts
    assert len(pairs) == 6
    ordered = pairs.sort_values("p")
    expected = np.maximum.accumulate(np.minimum(1, ordered["p"] * np.arange(6, 0, -1)))
    np.testing.assert_allclose(ordered["p_adjusted"], expected, rtol=1e-12)
    against = sc.measure.batch_growth(frame, control="d").contrasts
    assert set(against["against"]) == {"d"}
    assert len(against) == 3


def test_a_starving_culture_has_a_negative_cue_that_is_not_cut_off():
    frame = pd.DataFrame({"biomass_start": [200.0], "biomass_end": [150.0], "respired": [150.0]})
    result = sc.measure.batch_growth(frame)
    assert result.samples["cue"].iloc[0] == pytest.approx(-0.5)
    assert "starves" in result.samples["warnings"].iloc[0]
    assert any("outside 0 to 1" in line for line in result.warnings)


def test_a_budget_comes_out_where_fluxes_are_measured():
    budget = sc.measure.carbon_label(example("carbon_label"), kec=0.45).budget
    np.testing.assert_allclose(budget.cue, 0.8540042686384149, rtol=1e-12)
    enzymes = sc.measure.enzyme_stoichiometry(example("enzyme_stoichiometry"))
    with pytest.raises(sc.InputError, match="no uptake and respiration"):
        _ = enzymes.budget


def test_defaults_are_said():
    said = " ".join(sc.measure.oxygen_label(example("oxygen_label")).assumptions)
    assert "oxygen_from_water is not given: 1" in said
    assert "measured values lie between 0.3 and 0.7" in said
    assert "enrichment_form is 'paper'" in said
    told = " ".join(sc.measure.oxygen_label(example("oxygen_label"), oxygen_from_water=0.6).assumptions)
    assert "oxygen_from_water" not in told


def test_errors_that_reach_beyond_what_can_be_are_told():
    told = sc.measure.oxygen_label(example("oxygen_label", dna_sd=7.0)).warnings
    assert any("dna (allowed: above 0" in line for line in told)
    small = sc.measure.oxygen_label(example("oxygen_label", dna_sd=1.0)).warnings
    assert not any("large" in line for line in small)


def test_rows_without_a_treatment_are_a_group_of_their_own():
    frame = pd.concat([example("oxygen_label", treatment="warmed"), example("oxygen_label", treatment=None)])
    assert list(sc.measure.oxygen_label(frame).treatments.index) == ["warmed", "not given"]
    assert list(sc.measure.oxygen_label(frame.drop(columns="treatment")).treatments.index) == ["all"]
