"""CUE of a population: laws on a model reckoned by hand, and numbers of real ones."""

import json

import numpy as np
import pytest
import toy_genome
from hypothesis import given, settings
from hypothesis import strategies as st

import soilcue as sc
from soilcue.core.budget import Budget
from soilcue.core.errors import InputError
from soilcue.genomes.efficiency import Population
from soilcue.genomes.elements import degree_of_reduction, electrons_of, elements_of
from soilcue.genomes.genome import Genome
from soilcue.genomes.growth import normalised_maintenance
from soilcue.genomes.metabolic_model import checked
from soilcue.genomes.reading import _from_json
from soilcue.genomes.substances import class_of, media, panel, shares_of, substances


def genome_of(model: dict) -> Genome:
    from pathlib import Path

    return Genome(Population(checked(_from_json(json.dumps(model).encode(), "toy"), "toy")), Path("toy.json"), "")


@pytest.fixture(scope="module")
def textbook():
    from importlib import resources

    return sc.genomes.load(str(resources.files("cobra.data") / "textbook.xml.gz"))


def test_formulas():
    assert elements_of("C6H12O6") == {"C": 6, "H": 12, "O": 6}
    assert elements_of("C10.5H2R") == {"C": 10.5, "H": 2, "R": 1}
    for unreadable in ("", "glucose", "(CH2O)n", "C6H12O6*"):
        assert elements_of(unreadable) is None
    for formula, charge, expected in (
        ("C6H12O6", 0, 4),
        ("C2H3O2", -1, 4),
        ("CH4", 0, 8),
        ("C4H4O4", -2, 3.5),
        ("C3H7NO2", 0, 4),
        ("C2O4", -2, 1),
    ):
        assert degree_of_reduction(formula, charge) == pytest.approx(expected)
    for formula, charge, held in (("O2", 0, -4), ("H4N", 1, 0), ("NO3", -1, -8), ("O4S", -2, 0), ("Fe", 3, -1)):
        assert electrons_of(elements_of(formula), charge) == held


def test_known_substances_are_whole():
    for one in substances().values():
        assert elements_of(one.formula), one.name
        assert np.isfinite(one.degree_of_reduction) or not one.carbon
    assert set(media()) == {"mineral", "nitrate", "anaerobic", "vitamins"}
    assert len(panel("soil-panel")) == 21


@settings(deadline=None, derandomize=True, max_examples=25)
@given(st.floats(0.5, 60), st.floats(0, 100), st.floats(6, 120))
def test_cue_by_hand(cost, maintenance, uptake):
    genome = genome_of(toy_genome.toy(cost))
    expected = toy_genome.cue_by_hand(cost, maintenance, uptake / 6)
    found = genome.yield_on("glucose", uptake=uptake, maintenance=maintenance)
    if expected > 1e-4:
        assert found.status == "grows"
        assert found.cue_biomass == pytest.approx(expected, abs=1e-7)
        assert found.cue_co2 == pytest.approx(expected, abs=1e-7)
        assert found.respiratory_quotient == pytest.approx(1)
        assert found.cue_biomass <= found.electron_bound + 1e-9
        assert found.carbon_gap == pytest.approx(0, abs=1e-8)
    elif expected < -1e-4:
        assert found.status == "infeasible"
        assert np.isnan(found.cue_biomass)


def test_maintenance_shipped_none_and_normalised():
    genome = genome_of(toy_genome.toy(15.0, 45.0))
    cue = {word: float(genome.cue("glucose", maintenance=word)["cue_biomass"]) for word in ("shipped", "none")}
    assert cue["shipped"] == pytest.approx(toy_genome.cue_by_hand(15, 45))
    assert cue["none"] == pytest.approx(toy_genome.cue_by_hand(15, 0))
    warm = float(genome.cue("glucose", maintenance="normalised", temperature=35.0)["cue_biomass"])
    assert warm == pytest.approx(toy_genome.cue_by_hand(15, normalised_maintenance(35.0)))
    assert normalised_maintenance(25.0) == pytest.approx(4.5 * 0.5 / 50 / 24.6 * 1000)
    assert normalised_maintenance(35) / normalised_maintenance(25) == pytest.approx(2.47, abs=0.01)
    for wrong in ("some", -1.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match="maintenance"):
            genome.cue("glucose", maintenance=wrong)


def test_pirt_gives_back_what_was_put_in():
    fitted = genome_of(toy_genome.toy(15.0, 9.0)).pirt("glucose")
    assert fitted.true_yield == pytest.approx(30 / 45)
    assert fitted.maintenance == pytest.approx(6 * 9 / 30)
    assert fitted.largest_misfit < 1e-8
    with pytest.raises(InputError, match="Pirt needs 3"):
        genome_of(toy_genome.toy(15.0, 900.0)).pirt("glucose")


def test_everything_ends_in_the_shared_budget():
    genome = genome_of(toy_genome.toy(15.0))
    budget = genome.budget("glucose")
    assert isinstance(budget, Budget)
    assert budget.cue == pytest.approx(2 / 3)
    assert budget.uptake == pytest.approx(60)
    with pytest.raises(InputError, match=r"does not grow.*needs thiamin"):
        genome_of(toy_genome.toy(vitamin=0.01)).budget("glucose")


def test_a_missing_vitamin_is_named_and_a_medium_with_it_helps():
    genome = genome_of(toy_genome.toy(vitamin=0.001))
    assert genome.yield_on("glucose").status == "no growth"
    missing = genome.missing("glucose")
    assert missing.factors[0][0] == "thiamin"
    assert missing.factors[0][1] == pytest.approx(0.001)
    assert "growth factors" in missing.reason
    fed = genome.yield_on("glucose", medium="vitamins")
    assert fed.status == "grows"
    assert 0 < 1 - fed.substrate_share < 1e-3


def test_bad_questions():
    genome = genome_of(toy_genome.toy())
    with pytest.raises(InputError, match=r"no exchange reaction for 'acetate'. It exchanges: carbon dioxide, glucose"):
        genome.cue("acetate")
    assert genome.cue(["glucose", "acetate"])["status"].values.tolist() == ["grows", "no exchange"]
    with pytest.raises(InputError, match="unknown medium 'soup'"):
        genome.cue("glucose", medium="soup")
    with pytest.raises(InputError, match="uptake is 0"):
        genome.cue("glucose", uptake=0)
    with pytest.raises(InputError, match="shares"):
        genome.cue({"glucose": -1.0})
    with pytest.raises(InputError, match="fraction"):
        genome.cue("glucose", fraction=1.5)
    with pytest.raises(InputError, match="unknown biomass reaction"):
        Population(genome.population.model, "GROWTH")


def test_growth_without_limit_is_said():
    """Carbon from water, and no bound anywhere."""
    model = toy_genome.toy()
    magic = {"glc__D_c": 1, "h2o_c": -1}
    model["reactions"].append({"id": "MAGIC", "name": "", "metabolites": magic, "lower_bound": 0, "upper_bound": 1e3})
    burn = next(one for one in model["reactions"] if one["id"] == "BURN")
    del burn["metabolites"]["o2_c"]
    for one in model["reactions"]:
        one["upper_bound"] = float("inf")
    assert genome_of(model).yield_on("glucose").status == "unbounded"


def test_no_objective_and_several():
    model = toy_genome.toy()
    for one in model["reactions"]:
        one["objective_coefficient"] = 0.0
    genome = genome_of(model)
    assert genome.population.growth.assumed
    assert any("biomass reaction assumed: BIOMASS" in said for said in genome.audit.findings)
    model["reactions"][-1] |= {"id": "MAKE", "name": "make"}
    with pytest.raises(InputError, match="no objective and no reaction that is called biomass or growth"):
        genome_of(model)


# ---- real models


def test_e_coli_core(textbook):
    """Calibration at 60 mmol C gDW-1 h-1; with maintenance cobra's pFBA by GLPK gave the same."""
    assert float(textbook.cue("glucose", maintenance="none")["cue_biomass"]) == pytest.approx(0.650, abs=5e-4)
    assert float(textbook.cue("glucose")["cue_biomass"]) == pytest.approx(0.619836, abs=1e-6)
    assert textbook.audit.sound
    assert textbook.audit.energy == pytest.approx(0, abs=1e-9)
    found = textbook.cue(["glucose", "acetate", "succinate", "malate"], fraction=0.9)
    np.testing.assert_allclose(found["carbon_gap"], 0, atol=1e-9)
    np.testing.assert_allclose(found["apparent_reduction"], found["biomass_reduction"], rtol=1e-6)
    assert (found["cue_co2_low"] <= found["cue_co2"] + 1e-9).all()
    assert (found["cue_co2"] <= found["cue_co2_high"] + 1e-9).all()
    assert (found["cue_biomass_high"] - found["cue_biomass_low"] > 0.01).all()
    assert (found["doubts"] == "").all()


def test_at_the_optimum_the_range_is_a_point(textbook):
    low, high = textbook.population.respired_range("glucose", 1.0)
    assert high - low == pytest.approx(0, abs=1e-6)


def test_a_mixture_lies_between_its_parts(textbook):
    parts = textbook.cue(["glucose", "acetate"], maintenance="none")["cue_biomass"].values
    mixed = textbook.yield_on({"glucose": 1.0, "acetate": 1.0}, maintenance="none")
    assert mixed.uptake == pytest.approx(60)
    assert min(parts) < mixed.cue_biomass < max(parts)
    assert mixed.cue_biomass >= np.mean(parts) - 1e-9
    written = textbook.yield_on("glucose + acetate", maintenance="none")
    assert written.cue_biomass == pytest.approx(mixed.cue_biomass, abs=1e-12)
    given = textbook.yield_on({"glucose": 3.0, "acetate": 1.0}, maintenance="none")
    written = textbook.yield_on("0.75 glucose + .25 acetate", maintenance="none")
    assert written.cue_biomass == pytest.approx(given.cue_biomass, abs=1e-12)


def test_texts_of_mixtures():
    assert panel("three, 0.7  glucose + 0.3 acetate") == (
        "glucose",
        "acetate",
        "glutamate",
        "0.7 glucose + 0.3 acetate",
    )
    assert shares_of("2 4-hydroxybenzoate+acetate") == {"4-hydroxybenzoate": 2 / 3, "acetate": 1 / 3}
    assert (class_of("glucose + xylose"), class_of("glucose + acetate")) == ("sugar", "mixture")
    with pytest.raises(InputError, match="Did you mean 'acetate'"):
        panel("glucose + acetat")
    for wrong in ("glucose +", "0 glucose + 0 acetate", "glu\ncose + acetate"):
        with pytest.raises(InputError, match="mixture"):
            shares_of(wrong)


def test_without_oxygen_carbon_is_excreted(textbook):
    found = textbook.yield_on("glucose", medium="anaerobic", maintenance="none")
    assert found.status == "grows"
    assert found.exudation > 0.5 * found.uptake
    assert found.cue_biomass < 0.25 < found.cue_co2
    assert "acetate" in found.exudates


@pytest.mark.parametrize("name", ["azotobacter_vinelandii", "pseudomonas_aeruginosa"])
def test_embedded_models(name):
    genome = sc.genomes.load(name)
    assert genome.audit.sound
    found = genome.yield_on("glucose", maintenance="none")
    assert not found.doubts
    assert abs(found.carbon_gap) < 1e-9
    assert 0.5 < found.cue_biomass < 0.7
