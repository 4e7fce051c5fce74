"""Ensembles: reproducible, the model as it was afterwards, each part said where it cannot be varied."""

import json
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import toy_genome

import soilcue as sc
from soilcue.core.errors import InputError
from soilcue.genomes.audit import energy_from_nothing
from soilcue.genomes.efficiency import Population
from soilcue.genomes.ensembles import biomass_groups, synthases
from soilcue.genomes.genome import Genome
from soilcue.genomes.metabolic_model import checked
from soilcue.genomes.reading import _from_json


@pytest.fixture(scope="module")
def azotobacter():
    return sc.genomes.load("azotobacter_vinelandii")


def test_members_scatter_about_the_model_which_stays_as_it_was(azotobacter):
    before = azotobacter.yield_on("glucose")
    drawn = sc.genomes.ensemble(azotobacter, "glucose", members=6, seed=3)
    after = azotobacter.yield_on("glucose")
    assert after.cue_biomass == pytest.approx(before.cue_biomass, abs=1e-12)
    assert drawn.attrs["not_varied"] == ""
    cue = drawn["cue_biomass"]
    assert np.isfinite(cue).all()
    assert (cue.std("member") > 1e-4).all()
    assert abs(float(cue.sel(source="all").mean()) - before.cue_biomass) < 0.05
    again = sc.genomes.ensemble(azotobacter, "glucose", members=6, seed=3)
    np.testing.assert_allclose(again["cue_biomass"], cue, atol=1e-9)


def test_nothing_drawn_is_the_model_itself(azotobacter):
    none = {"biomass": 0.0, "maintenance": 0.0, "p_to_o": 0.0}
    drawn = sc.genomes.ensemble(azotobacter, "glucose", members=2, spreads=none)
    np.testing.assert_allclose(drawn["cue_biomass"], azotobacter.yield_on("glucose").cue_biomass, atol=1e-8)


def test_all_synthases_move_together_or_none_does(azotobacter):
    """With one of the two changed alone the model would make energy from nothing."""
    population = azotobacter.population
    both = synthases(population)
    assert len(both) == 2
    reaction, protons = both[0]
    outer = next(iter(protons))
    inner = next(row for row in protons if row != outer)
    population.program.change_coefficient(outer, reaction, 0.7 * protons[outer])
    population.program.change_coefficient(inner, reaction, protons[inner] + 0.3 * protons[outer])
    assert energy_from_nothing(population)[0] > 1
    for row, amount in protons.items():
        population.program.change_coefficient(row, reaction, amount)
    assert energy_from_nothing(population)[0] < 1e-6
    assert biomass_groups(population) is not None


def test_what_has_no_handle_is_said():
    model = checked(_from_json(json.dumps(toy_genome.toy(maintenance=5.0)).encode(), "toy"), "toy")
    genome = Genome(Population(model), Path("toy.json"), "")
    drawn = sc.genomes.ensemble(genome, "glucose", members=3)
    assert drawn.attrs["not_varied"] == "biomass, p_to_o"
    assert float(drawn["cue_biomass"].sel(source="maintenance").std()) > 0
    assert float(drawn["cue_biomass"].sel(source="p_to_o").std()) < 1e-9
    textbook = sc.genomes.load(str(resources.files("cobra.data") / "textbook.xml.gz"))
    assert [textbook.population.model.reactions[reaction] for reaction, _ in synthases(textbook.population)] == [
        "R_ATPS4r"
    ]
    with pytest.raises(InputError, match="at least 2 members"):
        sc.genomes.ensemble(genome, "glucose", members=1)
    with pytest.raises(InputError, match="spreads are given for biomass"):
        sc.genomes.ensemble(genome, "glucose", spreads={"luck": 1.0})
    with pytest.raises(InputError, match=r"does not grow on .acetate."):
        sc.genomes.ensemble(genome, "acetate")
