"""The incubation model and what it hands to methods: oracles, the reference, conservation, collapse, gradients."""

import json

import equinox as eqx
import jax
import jax.numpy as jnp
import model_contract
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soilcue.core.budget import Budget
from soilcue.core.errors import InputError
from soilcue.lab.experiment import HOURS, incubate, incubation_sums, reference_jar, step_lengths
from soilcue.lab.incubation import IncubatedSoil
from soilcue.measure.incubation import CARBON_MASS, Incubation
from soilcue.measure.methods import METHODS

EVERYTHING = {
    "affinity": (1.0, 0.2),
    "storage": (0.6, 0.3),
    "overflow": (0.1, 0.0),
    "waking": 0.02,
    "remobilised": 1e-3,
    "water_potential": -0.2,
}
CELLS = {"extractable": (0.24, 0.42), "relic_dna": 0.3, "oxygen_from_water": 0.6}
ALL_POOLS = {pool.name: 10.0 + 3 * i for i, pool in enumerate(IncubatedSoil.pools) if pool.name != "added"}


def readings(incubation, **assumed):
    """What the reference calls its methods, from operators where they are registered, else from their definition."""
    i = incubation
    net = i.biomass_end - i.biomass_start
    return {
        "true_C": (i.uptake - i.respiration - i.exudation) / i.uptake,
        "true_1-R/U": 1 - i.respiration / i.uptake,
        "true_E": (i.uptake - i.respiration - i.exudation - i.mortality) / i.uptake,
        "true_gross": i.growth / i.uptake,
        "m_18O": METHODS["oxygen_label"].reading(i, **assumed),
        "m_leucine": i.growth / (i.growth + i.respiration),
        "m_BGE_batch": net / (net + i.respiration),
        "CR": i.heat / i.respiration * CARBON_MASS,
        "m_MFA": 1 - (i.growth_respiration + i.overflow) / i.uptake,
        "m_13C_CFE": METHODS["carbon_label"].reading(i, **assumed),
        "m_13C_depletion": 1 - i.label_respired / i.label_uptake,
    }


SCENARIOS = {
    "base": ({}, 20.0, {}),
    "no_substrate": ({}, 0.0, {}),
    "zero_maint_zero_turn": ({"maintenance": 0.0, "mortality": 0.0}, 20.0, {}),
    "kEC_used1": ({}, 20.0, {"kec": 1.0}),
}


@pytest.mark.shared
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_reference_of_the_virtual_laboratory(shared_reference, scenario):
    stored = json.loads((shared_reference / "methods" / "virtual_lab_reference.json").read_text())
    parameters, dose, assumed = SCENARIOS[scenario]
    run = incubate(reference_jar(parameters), HOURS, dose)
    with np.errstate(invalid="ignore"):
        found = readings(run.incubation, **assumed)
    for t, row in enumerate(stored["results"][scenario]):
        assert row["t"] == HOURS[t]
        for name, value in row.items():
            if name in found and value is not None:
                np.testing.assert_allclose(found[name][t], value, rtol=1e-9 if name == "CR" else 1e-6)
    assert run.error < 1e-9
    assert run.carbon_gap < 1e-10
    assert run.label_gap < 1e-10


def test_oracles():
    """Without maintenance and turnover methods read either the yield, or the yield and what is exuded."""
    found = readings(incubate(reference_jar({"maintenance": 0.0, "mortality": 0.0}), (0.01, 24.0)).incubation)
    for name in ("m_13C_CFE", "m_18O", "m_leucine", "m_BGE_batch"):
        np.testing.assert_allclose(found[name], 0.70, rtol=1e-9)
    for name in ("m_MFA", "true_1-R/U"):
        np.testing.assert_allclose(found[name], 0.715, rtol=1e-12)
    np.testing.assert_allclose(found["m_13C_depletion"][0], 0.715, atol=1e-7)  # at the start


@pytest.mark.parametrize(
    ("parameters", "assumed", "method", "expected"),
    [
        ({"exudation": 0.15}, {}, "true_C", 0.472),
        ({"exudation": 0.15}, {}, "m_13C_CFE", 0.694),
        ({}, {"fdna": 30.0}, "m_18O", 0.708),
        ({}, {"kec": 1.0}, "m_13C_CFE", 0.505),
    ],
)
def test_printed_readings_of_a_day(parameters, assumed, method, expected):
    incubation = incubate(reference_jar(parameters)).incubation
    np.testing.assert_allclose(readings(incubation, **assumed)[method][2], expected, atol=5e-4)


def test_oxygen_from_water_taken_for_all_of_it():
    incubation = incubate(reference_jar(oxygen_from_water=0.33)).incubation
    np.testing.assert_allclose(METHODS["oxygen_label"].reading(incubation, oxygen_from_water=1.0)[2], 0.348, atol=5e-4)


def test_everything_at_once_closes():
    run = incubate(reference_jar(EVERYTHING, ALL_POOLS, **CELLS))
    assert run.error < 1e-9
    assert run.carbon_gap < 1e-12
    assert run.label_gap < 1e-12
    assert (run.course.stocks >= 0).all()
    assert (run.course.amounts >= -1e-15).all()
    assert (run.course.amounts[:, 0] <= run.course.stocks * (1 + 1e-9)).all()


def test_second_population_storage_and_dormancy_leave_no_trace_when_off():
    """Whatever the parameters of what is switched off, the jar is the reference."""
    idle = {"largest_uptake": (0.012, 0.5), "mortality": (5e-4, 0.01), "assimilation": (0.8, 0.95)}
    idle |= {"largest_reserve": (0.5, 5.0), "dormant_share": 0.7, "growth_yield": (0.7, 0.3)}
    plain, other = (incubate(reference_jar(p)).incubation for p in ({}, idle))
    for name, value in readings(plain).items():
        np.testing.assert_allclose(readings(other)[name], value, rtol=1e-14)


def test_two_equal_populations_are_one():
    whole = incubate(reference_jar()).incubation
    halves = {"active_users": 150.0, "active_others": 250.0}
    both = incubate(reference_jar({"affinity": (1.0, 1.0)}, halves)).incubation
    for name, value in readings(whole).items():
        np.testing.assert_allclose(readings(both)[name], value, rtol=1e-10)


def test_storage_keeps_label_out_of_structure_and_dna():
    """Reserves are carbon without DNA: 18O reads less, fumigation more, and the true kEC is between the two."""
    jar = reference_jar({"storage": 1.0}, {"active_users": 363.0, "reserve_users": 37.0}, extractable=(0.24, 0.42))
    stored = incubate(jar, (6.0, 24.0, 168.0)).incubation
    assert (stored.kec > 0.24).all()
    assert (stored.kec < 0.42).all()
    assert (np.diff(stored.kec) < 0).all()  # reserves become structure
    assert METHODS["oxygen_label"].reading(stored)[0] < METHODS["carbon_label"].reading(stored)[0] - 0.2


def test_budget_is_that_of_the_network():
    """What is handed to methods is the budget at the border of all living pools, respiration told apart."""
    run = incubate(reference_jar(EVERYTHING, ALL_POOLS, **CELLS))
    i = run.incubation
    budget = Budget(i.uptake, i.respiration, i.exudation, i.mortality)
    np.testing.assert_allclose(i.growth - i.maintenance, budget.growth, rtol=1e-12)
    np.testing.assert_allclose(i.biomass_end - i.biomass_start, budget.growth - i.mortality, rtol=1e-9)


def test_model_is_one_way_and_conserves():
    """The checks of the contract that concern any network."""
    network = reference_jar(EVERYTHING).network
    environment = network.environment({})
    structure = network.structure()
    assert structure.living() == tuple(pool.name for pool in network.pools if pool.kind == "living")
    random = np.random.default_rng(3)
    for _ in range(5):
        stocks = random.uniform(0.1, 100, (len(network.pools), 1))
        rates = model_contract.rates(network, stocks, environment)
        assert (rates >= 0).all()
        for i, pool in enumerate(network.pools):
            without = stocks.copy()
            without[i] = 0
            found = model_contract.rates(network, without, environment)
            for j, flux in enumerate(structure.fluxes):
                if pool.name in (flux.source, flux.through):
                    assert found[j] == 0, structure.names()[j]


# ---- laws --------------------------------------------------------------------------------------------------------

share = st.floats(0.02, 0.25)


@given(share, share, st.floats(1e-5, 3e-3), st.floats(1e-5, 3e-3), st.floats(0.3, 0.9), st.floats(0.5, 200))
@settings(max_examples=15, deadline=None)
def test_methods_are_ordered_as_what_they_count(exuded, wasted, maintenance, mortality, growth_yield, dose):
    """Whatever the soil: what a method leaves out or takes for growth can only raise it."""
    parameters = {"exudation": exuded, "overflow": wasted, "maintenance": maintenance, "mortality": mortality}
    run = incubate(reference_jar(parameters | {"growth_yield": growth_yield}), HOURS, dose)
    r = readings(run.incubation)
    slack = 1e-9
    i = run.incubation
    shrinks = i.biomass_start - i.biomass_end >= i.respiration  # by more than is respired: no meaning in batch growth
    assert ((r["m_BGE_batch"] <= r["m_18O"] + slack) | shrinks).all()  # net growth, what DNA keeps, gross growth
    assert (r["m_18O"] <= r["m_leucine"] + slack).all()
    assert (r["true_E"] <= r["true_C"] + slack).all()
    assert (r["true_C"] <= r["true_1-R/U"] + slack).all()
    assert (r["true_1-R/U"] <= r["m_MFA"] + slack).all()
    kept = (1 - exuded - wasted) * growth_yield
    at_start = kept / (1 - exuded)  # G/(G + RG + OV)
    assert (r["m_13C_CFE"] <= at_start + slack).all()
    assert (np.diff(r["m_13C_CFE"]) < 0).all()  # maintenance enters with time
    assert run.carbon_gap < 1e-10
    assert run.label_gap < 1e-10


@given(st.floats(1e-4, 8e-4), st.floats(1.2, 2.0))
@settings(max_examples=8, deadline=None)
def test_bias_moves_with_turnover_as_the_closed_forms_say(mortality, factor):
    """Faster turnover lowers 13C and 18O, leaves leucine, and batch growth more than either."""
    slow, fast = (
        readings(incubate(reference_jar({"mortality": k})).incubation) for k in (mortality, factor * mortality)
    )
    for name in ("m_13C_CFE", "m_BGE_batch"):
        assert (fast[name] < slow[name]).all()
    drop = {name: slow[name] - fast[name] for name in ("m_18O", "m_leucine", "m_BGE_batch")}
    assert (drop["m_18O"] - drop["m_leucine"] > 0).all()
    assert (drop["m_BGE_batch"] > drop["m_18O"]).all()


@given(st.floats(0.0, 0.1), st.floats(0.02, 0.2))
@settings(max_examples=8, deadline=None)
def test_bias_moves_with_exudation_as_the_closed_forms_say(exuded, more):
    """13C and leucine barely see exudation and calorespirometry takes it for growth, while CUE_C falls by all of it."""
    few, many = (
        readings(incubate(reference_jar({"exudation": e}), (1.0,)).incubation) for e in (exuded, exuded + more)
    )
    assert few["true_C"][0] - many["true_C"][0] > 0.9 * 0.7 * more
    np.testing.assert_allclose(few["m_13C_CFE"], many["m_13C_CFE"], atol=1e-4)
    assert many["m_MFA"][0] > few["m_MFA"][0]
    assert many["m_MFA"][0] - many["true_C"][0] > few["m_MFA"][0] - few["true_C"][0] + 0.9 * more


# ---- gradients ---------------------------------------------------------------------------------------------------


def test_gradients_of_readings_are_those_of_finite_differences():
    """With respect to parameters, stocks and dose at once, through the whole incubation."""
    jar = reference_jar(EVERYTHING, ALL_POOLS, **CELLS)
    lengths, ends = step_lengths((24.0,), 1.0)

    def reading(numbers):
        jar, dose = numbers
        incubation = Incubation(**incubation_sums(jar, dose, lengths, ends, jnp.inf)[0])
        return METHODS["carbon_label"].reading(incubation, kec=0.45)[0] + METHODS["oxygen_label"].reading(incubation)[0]

    numbers = (jar, jnp.asarray(20.0))
    gradient = eqx.filter_grad(reading)(numbers)

    def along(pick, size):
        shifted = [eqx.tree_at(pick, numbers, pick(numbers) + sign * size) for sign in (1, -1)]
        return (reading(shifted[0]) - reading(shifted[1])) / (2 * size)

    for pick, size in [
        (lambda n: n[0].network.parameters["maintenance"], 1e-6),
        (lambda n: n[0].network.parameters["largest_uptake"], 1e-6),
        (lambda n: n[0].composition.relic_dna, 1e-4),
        (lambda n: n[0].network.parameters["water_potential"], 1e-4),
        (lambda n: n[0].stocks, 1e-3),
        (lambda n: n[1], 1e-3),
    ]:
        expected = float(along(pick, size))
        np.testing.assert_allclose(float(jnp.sum(pick(gradient))), expected, rtol=2e-5, atol=1e-9)
        assert expected != 0
    assert all(jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(gradient))


# ---- bad input ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: reference_jar({"yield": 0.5}), "unknown parameter"),
        (lambda: reference_jar({"growth_yield": 1.4}), "outside its bounds"),
        (lambda: reference_jar({"growth_yield": (0.5, 0.5, 0.5)}), "growth_yield"),
        (lambda: reference_jar({"exudation": 0.6, "overflow": 0.6}), "more than all uptake"),
        (lambda: reference_jar({"storage": 1.0, "assimilation": 0.5}), "lower efficiency"),
        (lambda: reference_jar(stocks={"biomass": 3.0}), "unknown pool"),
        (lambda: reference_jar(stocks={"dissolved": -3.0}), "zero or more"),
        (lambda: reference_jar(stocks={"active_users": 0.0}), "no microbes"),
        (lambda: reference_jar({"growth_yield": "high"}), "give a number"),
        (lambda: reference_jar({"growth_yield": None}), "give a number"),
        (lambda: reference_jar(stocks={"dissolved": "much"}), "zero or more"),
        (lambda: incubate(reference_jar(), (24.0,), "20"), "dose"),
        (lambda: incubate(reference_jar(), "a day"), "give numbers"),
        (lambda: incubate(reference_jar(), (24.0, 6.0)), "rising"),
        (lambda: incubate(reference_jar(), ()), "rising"),
        (lambda: incubate(reference_jar(), ("a day",)), "give numbers"),
        (lambda: incubate(reference_jar(), (1e9,)), "longer than a year"),
        (lambda: incubate(reference_jar(), dose=-1.0), "dose"),
        (lambda: incubate(reference_jar(), dose=float("nan")), "dose"),
        (lambda: incubate(reference_jar(), vapour=0.0), "vapour"),
    ],
)
def test_what_makes_no_sense_is_refused(make, words):
    with pytest.raises(InputError, match=words):
        make()
