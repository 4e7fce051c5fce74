"""The audit finds what was put into a sound model; compounds are known under many names, and what they are made of."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import toy_genome

from soilcue.genomes.efficiency import Population, doubts_of
from soilcue.genomes.genome import Genome
from soilcue.genomes.metabolic_model import checked
from soilcue.genomes.reading import _from_json
from soilcue.genomes.substances import bare_identifier, bare_name, identified


def genome_of(model: dict) -> Genome:
    return Genome(Population(checked(_from_json(json.dumps(model).encode(), "toy"), "toy")), Path("toy.json"), "")


def with_reaction(metabolites, low=0, high=1000, model=None, name="EXTRA"):
    model = model or toy_genome.toy()
    model["reactions"].append(
        {"id": name, "name": "", "metabolites": metabolites, "lower_bound": low, "upper_bound": high}
    )
    return model


def test_a_sound_model_has_no_findings():
    audit = genome_of(toy_genome.toy(maintenance=5.0)).audit
    assert audit.findings == []
    assert audit.sound
    assert audit.energy == pytest.approx(0, abs=1e-9)
    assert audit.growth_from_nothing == pytest.approx(0, abs=1e-9)


def test_carbon_elements_and_charge_are_balanced():
    audit = genome_of(with_reaction({"glc__D_c": -1, "co2_c": 5})).audit
    assert audit.carbon_unbalanced == ("EXTRA",)
    assert any("1 reaction makes or loses carbon: EXTRA" in said for said in audit.findings)
    audit = genome_of(with_reaction({"glc__D_c": -1, "co2_c": 6})).audit
    assert audit.unbalanced == ("EXTRA",)
    assert audit.carbon_unbalanced == ()
    model = toy_genome.toy()
    next(one for one in model["metabolites"] if one["id"] == "glc__D_c")["charge"] = 1
    assert genome_of(model).audit.uncharged == ("GLCt", "BURN")


def test_energy_from_nothing():
    genome = genome_of(with_reaction({"adp_c": -1, "pi_c": -1, "h_c": -1, "atp_c": 1, "h2o_c": 1}))
    assert genome.audit.energy > 1
    assert genome.audit.energy_reactions == ("EXTRA",)
    assert not genome.audit.sound
    found = genome.yield_on("glucose")
    assert found.status == "grows"
    assert "makes energy from nothing" in found.doubts
    assert not found.trusted


def test_growth_from_nothing_and_forced_fluxes():
    free = {"glc__D_c": 1, "adp_c": -15, "pi_c": -15, "h_c": -15, "atp_c": 15, "h2o_c": 14}
    genome = genome_of(with_reaction(free))
    assert any("grows from nothing" in said for said in genome.audit.faults)
    # one of the files at hand breathes without taking up anything: nothing may be divided by that uptake
    idle = replace(genome.yield_on("glucose"), uptake=0.0, oxygen=1.0, exudation=1.0)
    assert doubts_of(idle)[0] == "it grows without taking up organic carbon"
    audit = genome_of(with_reaction({"glc__D_c": -1, "glc__D_e": 1}, low=2)).audit
    assert audit.forced == ("EXTRA",)


def test_a_leak_of_carbon_is_said_with_the_number():
    """A reaction that makes sugar of less carbon: the element matrix sees it, a balance by difference cannot."""
    found = genome_of(with_reaction({"co2_c": -5, "glc__D_c": 1, "h2o_c": -6, "o2_c": 6})).yield_on("glucose")
    assert found.carbon_gap < -1e-3
    assert "carbon does not close" in found.doubts


@pytest.mark.parametrize("drop", [["glc__D_c"], ["atp_c", "adp_c"], ["glc__D_c", "atp_c", "adp_c", "co2_c", "o2_c"]])
def test_missing_formulas_are_known_or_inferred(drop):
    model = toy_genome.toy()
    for one in model["metabolites"]:
        if one["id"] in drop:
            one["formula"], one["charge"] = "", None
    genome = genome_of(model)
    found = genome.yield_on("glucose")
    assert found.cue_biomass == pytest.approx(toy_genome.cue_by_hand(15.0, 0.0))
    assert found.carbon_gap == pytest.approx(0, abs=1e-9)
    assert found.biomass_reduction == pytest.approx(4.0)


def test_a_compound_of_no_known_name_is_inferred_from_its_reaction():
    model = toy_genome.toy()
    one = next(one for one in model["metabolites"] if one["id"] == "glc__D_c")
    one |= {"formula": "", "charge": None, "name": "sweet stuff", "id": "sweet_c"}
    for reaction in model["reactions"]:
        if "glc__D_c" in reaction["metabolites"]:
            reaction["metabolites"]["sweet_c"] = reaction["metabolites"].pop("glc__D_c")
    population = genome_of(model).population
    row = population.model.compounds.index("sweet_c")
    assert population.composition.source[row] == "inferred"
    assert population.composition.carbon[row] == 6
    assert population.composition.electrons[row] == pytest.approx(24)


def test_charges_that_contradict_the_reactions_are_not_used():
    model = toy_genome.toy()
    for one in model["metabolites"]:
        one["charge"] = 0
    population = genome_of(model).population
    assert not population.composition.charges_usable
    row = population.model.compounds.index("atp_c")
    assert population.composition.charges[row] == -4


@pytest.mark.parametrize(
    ("identifier", "compartment", "name", "formula", "substance"),
    [
        ("M_glc__D_e", "e", "", "", "glucose"),
        ("M_glc_DASH_D_LPAREN_e_RPAREN_", "", "", "", "glucose"),
        ("cpd00027__91__e0__93__", "e0", "D_Glucose_e0", "", "glucose"),
        ("C0027", "Cytosol", "D-Glucose", "", "glucose"),
        ("ALPHA__45__GLUCOSE__91__CCO__45__EXTRACELLULAR__93__", "", "", "", "glucose"),
        ("M_suc_e", "e", "sucrose", "", "sucrose"),
        ("M_cobalt2_e", "e", "Co2+", "Co", "cobalt"),
        ("cpd00149_e0", "e0", "Co2_e0", "Co", "cobalt"),
        ("cpd00149_e0", "e0", "Co2_e0", "", "cobalt"),
        ("M_co2_e", "e", "CO2", "CO2", "carbon dioxide"),
        ("M_ac_e", "e", "Acetate_C2H3O2", "", "acetate"),
        ("M_xyz_c", "c", "nothing known", "", ""),
        ("M_gal_c", "c", "", "C9H9", ""),
    ],
)
def test_dialects(identifier, compartment, name, formula, substance):
    model = checked(_from_json(toy_genome.as_json(toy_genome.toy()), "toy"), "toy")
    changed = {
        "compounds": (identifier, *model.compounds[1:]),
        "compound_names": (name, *model.compound_names[1:]),
        "compartments": (compartment, *model.compartments[1:]),
        "formulas": (formula, *model.formulas[1:]),
    }
    import dataclasses

    assert identified(dataclasses.replace(model, **changed))[0] == substance


def test_bare_texts():
    assert bare_identifier("M_glc__D_e", "e") == bare_identifier("glc-D[e]") == bare_identifier("glc_D(e)") == "glcd"
    assert bare_name("M_Trehalose_C12H22O11") == "trehalose"
    assert bare_name("L-Alanine[e]") == "lalanine"
