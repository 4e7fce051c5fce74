"""Metabolic models of others: calibration values, cobra's parsimonious FBA, and the traps that the audit must catch."""

import gzip

import numpy as np
import pytest

import soilcue as sc

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def genome(shared_data):
    kept = {}

    def loaded(file):
        if file not in kept:
            kept[file] = sc.genomes.load(shared_data / "gems" / file)
        return kept[file]

    return loaded


def test_pseudomonas_putida_on_glucose(genome):
    found = genome("iJN1462.json.gz").cue("glucose", maintenance="none")
    assert float(found["cue_biomass"]) == pytest.approx(0.660, abs=5e-4)
    assert abs(float(found["carbon_gap"])) < 1e-6
    assert str(found["doubts"].values) == ""


def test_escherichia_coli_on_glucose():
    """iJO1366 comes with cobra: 0.681 without maintenance; with the file's own, cobra's pFBA gives 0.67208 of CO2."""
    from importlib import resources

    population = sc.genomes.load(str(resources.files("cobra.data") / "iJO1366.xml.gz"))
    bare = population.cue("glucose", maintenance="none")
    assert float(bare["cue_biomass"]) == pytest.approx(0.681, abs=5e-4)
    assert float(population.cue("glucose")["cue_co2"]) == pytest.approx(0.67208, abs=5e-6)
    assert abs(float(bare["carbon_gap"])) < 1e-6


SUBSTRATES = ("glucose", "acetate", "succinate", "glutamate", "malate")


@pytest.mark.parametrize("file", ["e_coli_core", "iML1515.json.gz", "iJN1462.json.gz"])
def test_cobra_agrees(file, genome, shared_data):
    """cobra's pFBA with GLPK, in the same medium: same growth, same sum of fluxes, same CUE."""
    import cobra

    if file == "e_coli_core":
        from importlib import resources

        path = str(resources.files("cobra.data") / "textbook.xml.gz")
        ours, theirs = sc.genomes.load(path), cobra.io.read_sbml_model(path)
        order = [theirs.reactions.get_by_id(name.removeprefix("R_")) for name in ours.population.model.reactions[:-1]]
    else:
        ours = genome(file)
        theirs = cobra.io.from_json(gzip.decompress((shared_data / "gems" / file).read_bytes()).decode())
        order = list(theirs.reactions)
    population = ours.population
    for substrate in SUBSTRATES:
        lower, upper = population.bounds(substrate)
        for j, reaction in enumerate(order):
            if reaction.bounds != (lower[j], upper[j]):
                reaction.bounds = (lower[j], upper[j])
        theirs.objective = order[population.growth.reaction]
        solution = cobra.flux_analysis.pfba(theirs)
        fluxes = np.append([solution.fluxes[reaction.id] for reaction in order], 0.0)
        found = population.reckoned(substrate, float(fluxes[population.growth.reaction]), fluxes)
        _, rate, own = population.solve(substrate)
        assert rate == pytest.approx(float(fluxes[population.growth.reaction]), rel=1e-6)
        assert np.abs(own).sum() == pytest.approx(np.abs(fluxes).sum(), rel=1e-6)
        assert ours.yield_on(substrate).cue_biomass == pytest.approx(found.cue_biomass, abs=1e-6)


def test_energy_from_nothing_is_caught(genome):
    """iCR744 makes ATP from nothing, and its CUE sits at the electron bound."""
    rhodoferax = genome("iCR744.xml.gz")
    assert rhodoferax.audit.energy == pytest.approx(1000, rel=1e-6)
    assert rhodoferax.audit.energy_reactions
    for substrate, published in (("glucose", 0.952), ("malate", 0.714), ("pyruvate", 0.793)):
        found = rhodoferax.yield_on(substrate, maintenance="none")
        assert found.cue_biomass == pytest.approx(published, abs=1e-3)
        assert found.cue_biomass == pytest.approx(found.electron_bound, abs=1e-3)
        assert "makes energy from nothing" in found.doubts
        assert not found.trusted


def test_electrons_that_do_not_balance_are_caught(genome):
    """carveme_rsol makes no energy from nothing, and yet keeps more electrons than it takes up."""
    ralstonia = genome("carveme_rsol.xml.gz")
    assert ralstonia.audit.energy == pytest.approx(0, abs=1e-6)
    for substrate in ("glucose", "acetate"):
        found = ralstonia.yield_on(substrate, maintenance="none")
        assert found.cue_biomass > 0.8
        assert found.apparent_reduction < 2
        assert "electrons do not balance" in found.doubts
    assert "CUE above the electron bound" in ralstonia.yield_on("glucose", maintenance="none").doubts


def test_the_open_medium_is_caught(genome):
    """With every carbon-free compound open, P. putida keeps nearly all of its carbon, as in some published maxima."""
    for substrate, published in (("glucose", 0.964), ("acetate", 0.964), ("glycerol", 1.0)):
        found = genome("iJN1462.json.gz").yield_on(substrate, maintenance="none", medium="open")
        assert found.cue_biomass == pytest.approx(published, abs=2e-3)
        assert "of the electrons: its energy comes from elsewhere" in found.doubts
        assert not found.trusted


@pytest.mark.parametrize(
    ("file", "substrate", "needed"),
    [
        ("iNJ661.xml.gz", "glucose", "glycerol"),
        ("iYY1101.xml.gz", "glucose", "Choline"),
        ("iGD1348.xml.gz", "glucose", "biotin"),
    ],
)
def test_what_is_missing_is_named(genome, file, substrate, needed):
    missing = genome(file).missing(substrate, maintenance="none")
    assert needed in [name for name, _ in missing.factors]
    assert "growth factors" in missing.reason


def test_a_model_without_objective_grows_by_an_assumed_reaction(shared_data):
    ralstonia = sc.genomes.load(shared_data / "gems" / "iRP1476.xml.gz")
    assert ralstonia.population.growth.assumed
    assert ralstonia.audit.biomass == "R_BIOMASS"
    assert any("boundary species taken out" in said for said in ralstonia.audit.findings)
    assert ralstonia.yield_on("glucose", maintenance="none").cue_biomass == pytest.approx(0.62, abs=5e-3)
