"""Worked examples that were computed with other code: every digit of them."""

import json

import numpy as np
import pytest

from soilcue.measure.isotopes import atom_percent, delta
from soilcue.measure.methods import METHODS

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def worked(shared_reference):
    return json.loads((shared_reference / "methods" / "worked_examples.json").read_text())


def agree(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-12)


# ---- 18O into DNA


@pytest.fixture(scope="module")
def dna(worked):
    given = worked["18O_DNA"]["in"]
    names = {
        "oxygen_in_dna": "Otot_ug",
        "atom_percent_dna": "a_l",
        "atom_percent_control": "a_na",
        "water_added": "Vlab",
        "atom_percent_water_added": "alab",
        "soil_water": "Vsoil",
        "natural_water": "anat",
        "time": "t_h",
        "soil_mass": "mass_g",
        "microbial_carbon": "mbc",
        "dna": "dna",
        "respiration": "resp",
    }
    return {ours: given[theirs] for ours, theirs in names.items()}


@pytest.mark.parametrize(("example", "oxygen"), [("out", 31.21), ("PO_28.2", 28.2)])
def test_oxygen_label(worked, dna, example, oxygen):
    expected = worked["18O_DNA"][example]
    method = METHODS["oxygen_label"]
    paper = method.estimate({**dna, "dna_oxygen": oxygen})
    excess = method.estimate({**dna, "dna_oxygen": oxygen}, enrichment_form="excess")
    agree(paper["atom_percent_water"], expected["at_water"])
    agree(paper["dna_produced"], expected["DNA_prod_ug"])
    agree(excess["dna_produced"], expected["DNA_prod_ug_excessform"])
    agree(paper["dna_growth"], expected["DNA_growth_ug_g_h"])
    agree(paper["carbon_per_dna"], expected["fDNA"])
    agree(paper["growth"], expected["Cgrowth_ug_g_h"])
    agree(paper["uptake"], expected["Cuptake"])
    agree(paper["cue"], expected["CUE"])
    agree(paper["turnover_time"], expected["turnover_d"])
    agree(paper["growth_rate"], expected["mass_specific_growth_d"])
    agree(paper["respiration_per_biomass"], expected["qCO2_d"])
    agree(excess["cue"], expected["CUE_excessform"])


def test_constant_conversion_is_the_sample_s_where_they_agree(dna):
    method = METHODS["oxygen_label"]
    constant = method.estimate({**dna, "fdna": 20.0}, dna_conversion="constant")
    agree(constant["cue"], method.estimate(dna)["cue"])


# ---- 13C substrate


@pytest.mark.parametrize("kec", [0.45, 1.0, 0.38])
def test_carbon_label(worked, kec):
    given, expected = worked["13C_CFE"]["in"], worked["13C_CFE"][f"kEC{kec}"]
    found = METHODS["carbon_label"].estimate(
        {
            "carbon_fumigated": given["Cf"],
            "carbon_unfumigated": given["Cnf"],
            "atom_percent_fumigated": given["af"],
            "atom_percent_unfumigated": given["anf"],
            "atom_percent_biomass_control": given["a_ctrl"],
            "atom_percent_substrate": given["a_sub"],
            "atom_percent_substrate_control": given["a_sub_unl"],
            "co2": np.array([given["co2"]]),
            "atom_percent_co2": np.array([given["a_co2"]]),
            "atom_percent_co2_control": np.array([given["a_co2soil"]]),
            "kec": kec,
        }
    )
    agree(found["atom_percent_biomass"], expected["at_MB"])
    agree(found["microbial_carbon"], expected["MBC"])
    agree(found["biomass_share"], expected["f_MB"])
    agree(found["growth"], expected["MBC_sub"])
    agree(found["respiration"], expected["CO2_sub"])
    agree(found["cue"], expected["CUE"])


def test_atom_percent_of_delta_values(worked):
    expected = worked["delta_to_atpct"]
    agree(atom_percent(expected["delta13C"], 0.0111802), expected["Rstd_0.0111802"])
    agree(atom_percent(expected["delta13C"], 0.0112372), expected["Rstd_0.0112372"])
    agree(atom_percent(440.98, 0.0112372), expected["delta_440.98_R0.0112372"])
    agree(atom_percent(-26.78, 0.0112372), expected["delta_-26.78_R0.0112372"])


PUBLISHED_PAIRS = {440.98: 1.57612, -26.78: 1.06997, 3902.49: 5.16665, -11.17: 1.08694, -25.60482: 1.07125}


@pytest.mark.parametrize("value", PUBLISHED_PAIRS)
def test_published_pairs_of_delta_and_atom_percent_follow_from_one_ratio(value):
    assert atom_percent(value, 0.011113) == pytest.approx(PUBLISHED_PAIRS[value], abs=1e-5)
    agree(delta(atom_percent(value, 0.011113), 0.011113), value)
