"""CUE from genomes in soil models: the table, the map of pools to substrates, and the spread over genomes."""

import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import plausible
import pytest

import soilcue as sc
from soilcue.core.errors import InputError
from soilcue.genomes.substances import substances
from soilcue.schemes.genomes_panel import GenomesPanel, GenomesPanelMaintained, cue_by_class, substrates_of_pools


def test_the_map_is_whole():
    """Shares add up, every class has a CUE, and every slot of every model is in the map by name."""
    classes = {one.group for one in substances().values()}
    for pool, shares in substrates_of_pools().items():
        assert sum(shares.values()) == pytest.approx(1), pool
        assert set(shares) <= classes
        for maintenance in ("none", "normalised"):
            assert set(shares) <= set(cue_by_class(maintenance))
    for values in (cue_by_class("none"), cue_by_class("normalised")):
        assert all(-2 < mean < 2 and 0 < spread < 1 for mean, spread in values.values())


def test_slots_of_models_are_in_the_map():
    for name in ("century", "mimics", "millennial", "corpse", "awb"):
        network = sc.model(name).network
        values = dict.fromkeys(network.first_needs(), jnp.asarray(0.5))
        for slot in network.cue_slots(values):
            assert slot.rpartition(" on ")[2] in substrates_of_pools(), (name, slot)


def test_cue_takes_the_place_of_the_models_own():
    scheme = GenomesPanel()
    for cue in (0.1, 0.5, 0.9):
        lignin = float(scheme(jnp.asarray(cue), {"substrate": "lignin", "microbe": "microbes"}))
        assert lignin == pytest.approx(1 / (1 + np.exp(-cue_by_class("none")["aromatic"][0])))
    easy = float(scheme(jnp.asarray(0.5), {"substrate": "litter_metabolic"}))
    hard = float(scheme(jnp.asarray(0.5), {"substrate": "lignin"}))
    assert hard < easy


def test_spread_and_maintenance_move_it_as_they_should():
    feels = {"substrate": "som_available"}
    low, mean, high = (float(GenomesPanel(name)(jnp.asarray(0.5), feels)) for name in ("low", "mean", "high"))
    assert low < mean < high
    assert float(GenomesPanelMaintained()(jnp.asarray(0.5), feels)) < mean
    assert GenomesPanel("low").label == "genomes-panel:low"
    with pytest.raises(InputError):
        GenomesPanel({"z": 5.0})


def test_chain_from_genome_to_soil():
    """The CUE of the table comes out of the soil model's budget, and the spread over genomes reaches the stocks."""
    drivers = plausible.cells(4)
    found = {
        name: sc.model("millennial", cue=f"genomes-panel:{name}").steady_state(drivers, season="annual-mean")
        for name in ("low", "mean")
    }
    expected = float(GenomesPanel()(jnp.asarray(0.5), {"substrate": "dissolved"}))
    settled = (found["mean"]["status"] == 0).values
    assert settled.any()
    cue = sc.cue(found["mean"], scale="community")["cue_community"].values[settled]
    np.testing.assert_allclose(cue, expected, rtol=1e-8)
    both = settled & (found["low"]["status"] == 0).values
    moved = found["low"]["soil_carbon"].values[both] - found["mean"]["soil_carbon"].values[both]
    assert (np.abs(moved) > 0).all()


def test_classes_of_ones_own_take_the_place_of_the_tables():
    for kind in (GenomesPanel, GenomesPanelMaintained):
        scheme = kind("low", classes={"aromatic": (0.3, 0.2)})
        assert float(scheme(jnp.asarray(0.5), {"substrate": "lignin"})) == pytest.approx(1 / (1 + np.exp(-0.1)))
        assert float(scheme(jnp.asarray(0.5), {"substrate": "passive"})) != float(
            kind("low")(0.5, {"substrate": "passive"})
        )
    assert dict(GenomesPanel().classes) == cue_by_class("none")
    assert dict(GenomesPanelMaintained().classes) == cue_by_class("normalised")


def test_a_scheme_made_before_anything_else_is_of_double_precision():
    words = "from soilcue.schemes.genomes_panel import GenomesPanel; print(GenomesPanel('low').parameters['z'].dtype)"
    ended = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "float64"
