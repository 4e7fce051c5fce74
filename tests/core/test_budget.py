"""Budgets and CUE, reckoned by hand on a small food web with every kind of flux."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soilcue.core.budget import (
    RULES,
    Budget,
    balance_weights,
    budget_weights,
    cohort_curve,
    diagnosed_cue,
    diagnosis_weights,
)
from soilcue.core.errors import NotDefinedError
from soilcue.core.network import CO2, INPUT, LEACHED, Flux, Pool, Structure

POOLS = (
    Pool("litter", "litter", ""),
    Pool("dead", "organic", ""),
    Pool("clay_bound", "mineral", ""),
    Pool("solution", "dissolved", ""),
    Pool("enzymes", "enzyme", ""),
    Pool("bacteria", "living", ""),
    Pool("protists", "living", ""),
    Pool("mineral_nitrogen", "dissolved", "", 1.0, "nitrogen"),
    Pool("bacterial_nitrogen", "living", "", 1.0, "nitrogen"),
)

WEB = {
    "litterfall": Flux(INPUT, "litter", "input", 100.0),
    "root exudates": Flux(INPUT, "solution", "input", 10.0),
    "litter breakdown": Flux("litter", "solution", "depolymerisation", 60.0),
    "litter respired": Flux("litter", CO2, "uptake", 20.0, "bacteria"),
    "litter kept": Flux("litter", "bacteria", "uptake", 15.0),
    "breakdown": Flux("dead", "solution", "depolymerisation", 30.0),
    "kept": Flux("solution", "bacteria", "uptake", 40.0),
    "growth respiration": Flux("solution", CO2, "uptake", 35.0, "bacteria"),
    "fresh exudation": Flux("solution", "enzymes", "exudation", 3.0, "bacteria"),
    "maintenance": Flux("bacteria", CO2, "maintenance", 12.0),
    "enzyme synthesis": Flux("bacteria", "enzymes", "exudation", 2.0),
    "leakage": Flux("bacteria", "solution", "exudation", 1.0),
    "death": Flux("bacteria", "dead", "mortality", 14.0),
    "lysis": Flux("bacteria", "solution", "mortality", 5.0),
    "binding of the dead": Flux("bacteria", "clay_bound", "mortality", 4.0),
    "prey kept": Flux("bacteria", "protists", "uptake", 6.0),
    "prey respired": Flux("bacteria", CO2, "uptake", 7.0, "protists"),
    "prey spilt": Flux("bacteria", "dead", "mortality", 2.0, "protists"),
    "protist maintenance": Flux("protists", CO2, "maintenance", 1.5),
    "protist death": Flux("protists", "dead", "mortality", 4.5),
    "enzyme decay": Flux("enzymes", "solution", "enzyme_turnover", 5.0),
    "sorption": Flux("solution", "clay_bound", "sorption", 9.0),
    "desorption": Flux("clay_bound", "solution", "desorption", 8.0),
    "leaching": Flux("solution", LEACHED, "leaching", 0.5),
    "nitrogen deposition": Flux(INPUT, "mineral_nitrogen", "input", 1000.0),
    "nitrogen uptake": Flux("mineral_nitrogen", "bacterial_nitrogen", "uptake", 2000.0),
    "nitrogen through": Flux("mineral_nitrogen", LEACHED, "leaching", 3000.0, "bacteria"),
    "nitrogen mineralisation": Flux("bacterial_nitrogen", "mineral_nitrogen", "mortality", 4000.0),
}
RATES = np.array([flux.rate for flux in WEB.values()])
STRUCTURE = Structure(POOLS, tuple(flux._replace(rate=None) for flux in WEB.values()), False)


def counted(weights: np.ndarray) -> set[str]:
    assert set(np.unique(weights)) <= {0.0, 1.0}
    return {name for name, weight in zip(WEB, weights, strict=True) if weight}


TAKEN_FROM_SOIL = {"litter respired", "litter kept", "kept", "growth respiration", "fresh exudation"}


def test_the_web_is_a_network():
    STRUCTURE.check()
    assert STRUCTURE.living() == ("bacteria", "protists")


def test_budget_of_a_population():
    weights = budget_weights(STRUCTURE, ("bacteria",))
    assert {name: counted(row) for name, row in weights.items()} == {
        "uptake": TAKEN_FROM_SOIL,
        "respiration": {"litter respired", "growth respiration", "maintenance"},
        # what a predator takes is lost to other living things, whatever the predator makes of it
        "exudation": {
            "fresh exudation",
            "enzyme synthesis",
            "leakage",
            "prey kept",
            "prey respired",
            "prey spilt",
        },
        "mortality": {"death", "lysis", "binding of the dead"},
    }


def test_budget_of_a_predator():
    weights = budget_weights(STRUCTURE, ("protists",))
    assert {name: counted(row) for name, row in weights.items()} == {
        "uptake": {"prey kept", "prey respired", "prey spilt"},
        "respiration": {"prey respired", "protist maintenance"},
        "exudation": set(),
        "mortality": {"prey spilt", "protist death"},
    }


def test_budget_of_the_community_does_not_count_what_stays_in_it():
    weights = budget_weights(STRUCTURE, ("bacteria", "protists"))
    assert {name: counted(row) for name, row in weights.items()} == {
        "uptake": TAKEN_FROM_SOIL,
        "respiration": {
            "litter respired",
            "growth respiration",
            "maintenance",
            "prey respired",
            "protist maintenance",
        },
        "exudation": {"fresh exudation", "enzyme synthesis", "leakage"},
        "mortality": {"death", "lysis", "binding of the dead", "prey spilt", "protist death"},
    }


def test_cue_of_the_food_web():
    def budget(*members):
        return Budget(**{name: row @ RATES for name, row in budget_weights(STRUCTURE, members).items()})

    bacteria = budget("bacteria")
    assert bacteria.uptake == 113.0
    assert bacteria.growth == 113.0 - 67.0 - 21.0
    assert bacteria.cue == 25.0 / 113.0
    assert bacteria.cue_ecosystem == 2.0 / 113.0
    community = budget("bacteria", "protists")
    assert community.cue == (113.0 - 75.5 - 6.0) / 113.0
    # both populations grow by what crosses their borders, so the community's growth is theirs less what is eaten
    stock_change = sum(one.growth - one.mortality for one in (bacteria, budget("protists")))
    assert community.growth - community.mortality == stock_change


def test_starvation_gives_a_negative_cue():
    assert Budget(10.0, 12.0, 1.0, 2.0).cue == pytest.approx(-0.3)


@pytest.mark.parametrize("litter", [True, False])
def test_rules_of_the_diagnosed_cue(litter):
    weights = diagnosis_weights(STRUCTURE, litter)
    of_litter = set() if litter else {"litter breakdown", "litter respired", "litter kept"}
    gross = TAKEN_FROM_SOIL | {"litter breakdown", "breakdown"}
    dead = {"death", "lysis", "binding of the dead", "prey spilt", "protist death", "enzyme decay"}
    assert {name: counted(row) for name, row in weights.items()} == {
        "respiration": {
            "litter respired",
            "growth respiration",
            "maintenance",
            "prey respired",
            "protist maintenance",
        }
        - of_litter,
        "uptake": TAKEN_FROM_SOIL - of_litter,
        "gross": gross - of_litter,
        "total": (gross | dead) - of_litter,
    }


def test_implicit_microbes_count_every_decomposition_under_every_rule():
    pools = (Pool("fresh", "litter", ""), Pool("old", "organic", ""))
    fluxes = (
        Flux(INPUT, "fresh", "input", None),
        Flux("fresh", "old", "decomposition", None),
        Flux("fresh", CO2, "decomposition", None),
        Flux("old", CO2, "decomposition", None),
    )
    weights = diagnosis_weights(Structure(pools, fluxes, True))
    for rule in RULES:
        np.testing.assert_array_equal(weights[rule], [0, 1, 1, 1])
    np.testing.assert_array_equal(weights["respiration"], [0, 0, 1, 1])


def test_closure_counts_carbon_alone():
    weights = balance_weights(STRUCTURE)
    assert counted(weights["carbon_input"]) == {"litterfall", "root exudates"}
    assert counted(weights["leaching"]) == {"leaching"}
    assert counted(weights["respiration"]) == {
        "litter respired",
        "growth respiration",
        "maintenance",
        "prey respired",
        "protist maintenance",
    }


def test_without_living_pools_there_is_no_budget():
    with pytest.raises(NotDefinedError, match="microbes are implicit"):
        budget_weights(STRUCTURE, ())


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.floats(0.01, 100.0), st.floats(0.0, 1.0))
def test_diagnosed_cue_is_one_less_respired_share(decomposed, share):
    cue = diagnosed_cue(share * decomposed, decomposed)
    assert 0 <= cue <= 1
    assert cue == pytest.approx(1 - share)


# ---- the cohort of carbon taken up at one moment ---------------------------------------------------------------

CYCLE = Structure(
    (Pool("food", "dissolved", ""), Pool("bug", "living", ""), Pool("remains", "organic", "")),
    (
        Flux(INPUT, "food", "input", None),
        Flux("food", "bug", "uptake", None),
        Flux("food", CO2, "uptake", None, "bug"),
        Flux("bug", "remains", "mortality", None),
        Flux("remains", CO2, "decomposition", None),
    ),
    False,
)
CYCLE_RATES = np.array([1.0, 0.4, 0.6, 0.4, 0.4])
CYCLE_STOCKS = np.array([5.0, 2.0, 8.0])


def test_cohort_decays_as_the_chain_says():
    # without recycling the curves are those of two pools in a row, which have a closed form
    times = np.array([0.0, 1.0, 5.0, 20.0, 1000.0])
    curve = cohort_curve(CYCLE, CYCLE_STOCKS, CYCLE_RATES, times)
    leaving, later = 0.4 / 2.0, 0.4 / 8.0
    biomass = 0.4 * np.exp(-leaving * times)
    remains = 0.4 * leaving / (leaving - later) * (np.exp(-later * times) - np.exp(-leaving * times))
    np.testing.assert_allclose(curve["biomass"], biomass, atol=1e-14)
    np.testing.assert_allclose(curve["biomass_or_residues"], biomass + remains, atol=1e-14)


def test_cohort_follows_carbon_alone():
    with_nitrogen = Structure(
        (
            *CYCLE.pools,
            Pool("nitrate", "dissolved", "", 1.0, "nitrogen"),
            Pool("protein", "living", "", 1.0, "nitrogen"),
        ),
        (
            *CYCLE.fluxes,
            Flux(INPUT, "nitrate", "input", None),
            Flux("nitrate", "protein", "uptake", None),
            Flux("protein", LEACHED, "leaching", None),
        ),
        False,
    )
    times = np.array([0.0, 3.0, 30.0])
    plain = cohort_curve(CYCLE, CYCLE_STOCKS, CYCLE_RATES, times)
    rich = cohort_curve(with_nitrogen, np.append(CYCLE_STOCKS, [7.0, 9.0]), np.append(CYCLE_RATES, [2.0, 2, 2]), times)
    for name in plain:
        np.testing.assert_allclose(rich[name], plain[name], rtol=1e-14)


def test_cohort_without_living_pools_is_refused():
    soil = Structure(
        (Pool("old", "organic", ""),),
        (Flux(INPUT, "old", "input", None), Flux("old", CO2, "decomposition", None)),
        True,
    )
    with pytest.raises(NotDefinedError):
        cohort_curve(soil, np.ones(1), np.ones(2), np.zeros(1))
