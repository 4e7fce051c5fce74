"""Worked examples that were computed with other code: every digit of them."""

import json

import numpy as np
import pytest

from soilcue.measure.isotopes import atom_percent, delta
from soilcue.measure.methods import METHODS
from soilcue.measure.methods.calorespirometry_pathways import glucose_ratio
from soilcue.measure.methods.growth_tracers import LEUCINE_CARBON
from soilcue.measure.methods.oxygen_label import DNA_OXYGEN
from soilcue.measure.methods.oxygen_taxa import unlabelled_weight
from soilcue.measure.methods.oxygen_vapour import mean_excess
from soilcue.measure.methods.thermodynamic_yield import dissipation, mccarty_yield
from soilcue.measure.uncertainty import first_order, monte_carlo

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


# ---- 14C


def test_radiocarbon_depletion(worked):
    given = worked["14C"]["in"]
    values = {
        "activity_added": given["added"],
        "activity_extract": given["extract"],
        "activity_co2": given["co2"],
    }
    method = METHODS["radiocarbon_depletion"]
    agree(method.estimate(values)["cue"], worked["14C"]["CUE_depletion"])
    sorbed = method.estimate({**values, "activity_sorbed": given["abiotic_sorbed"]})
    agree(sorbed["cue"], worked["14C"]["CUE_depletion_sorption_corrected"])
    all_taken = method.estimate({**values, "activity_extract": 0.0})
    agree(all_taken["cue"], worked["14C"]["CUE_ceil_if_extract_taken_as_uptake"])


def test_radiocarbon_kinetics(worked):
    expected = worked["14C"]["double_exp"]
    time = np.array([0.0, 0.5, 1, 2, 4, 8, 24, 48, 72, 120, 168])
    left = expected["a1"] * np.exp(-0.5 * time) + expected["a2"] * np.exp(-0.002 * time)
    found = METHODS["radiocarbon_kinetics"].estimate({"time": time, "remaining": left})
    np.testing.assert_allclose(found["cue"], expected["CUE"], rtol=1e-9)
    np.testing.assert_allclose(found["respired_pool"], expected["a1"], rtol=1e-9)
    np.testing.assert_allclose(found["immobilised_pool"], expected["a2"], rtol=1e-9)


# ---- 18O vapour, and the share of oxygen in DNA


def test_mean_enrichment_by_vapour(worked):
    given = worked["18O_vapour"]
    agree(mean_excess(given["a_eq"], given["k_h"], given["t_h"]), given["a_mean"])
    assert given["a_mean"] / given["a_end"] - 1 == pytest.approx(-0.38, abs=0.01)


def test_oxygen_in_dna_is_that_of_its_formula(worked):
    mass = {"C": 12.011, "H": 1.008, "O": 15.999, "N": 14.007, "P": 30.974}
    atoms = {"C": 39, "H": 44, "O": 24, "N": 15, "P": 4}
    share = 100 * mass["O"] * atoms["O"] / sum(mass[element] * number for element, number in atoms.items())
    assert share == pytest.approx(worked["DNA_O_fraction"]["C39H44O24N15P4"], abs=2e-3)
    assert pytest.approx(share, abs=0.02) == DNA_OXYGEN
    # six oxygen atoms a nucleotide of half guanine and cytosine
    density = 1.646057 + 0.083506 * 0.5
    six = 100 * 6 * mass["O"] / unlabelled_weight(density)
    assert six == pytest.approx(worked["DNA_O_fraction"]["qSIP_6O_per_nt_GC50"], abs=1e-3)


# ---- growth tracers


def test_growth_tracers():
    found = METHODS["growth_tracers"].estimate(
        {"leucine": 40.0, "leucine_carbon": 1.5456e-3, "fungal_growth": 0.08, "respiration": 0.45}, fungi="carbon"
    )
    agree(found["bacterial_growth"], 0.123648)
    agree(found["cue"], 0.203648 / 0.653648)  # printed with its digits cut off: 0.3115
    assert pytest.approx(1545.6e-6, abs=5e-8) == LEUCINE_CARBON


def test_fungal_growth_from_ergosterol():
    found = METHODS["growth_tracers"].estimate({"ergosterol": 1.0, "respiration": 1.0}, bacteria="none")
    agree(found["fungal_growth"], 1 * (1 / 5) * 1000 * 0.45)


# ---- enzymes and thresholds


def test_enzyme_stoichiometry(worked):
    given, expected = worked["ecoenzymatic"]["in"], worked["ecoenzymatic"]
    names = {
        "bg": "BG",
        "nag": "NAG",
        "lap": "LAP",
        "ap": "AP",
        "microbial_carbon": "MBC",
        "microbial_nitrogen": "MBN",
        "microbial_phosphorus": "MBP",
        "resource_carbon": "OC",
        "resource_nitrogen": "ON",
        "resource_phosphorus": "OP",
    }
    values = {ours: given[theirs] for ours, theirs in names.items()}
    method = METHODS["enzyme_stoichiometry"]
    found = method.estimate(values)
    agree(found["scarcity_cn"], expected["S_CN"])
    agree(found["scarcity_cp"], expected["S_CP"])
    agree(found["cue_cn"], expected["CUE_CN"])
    agree(found["cue_cp"], expected["CUE_CP"])
    agree(found["cue"], expected["CUE_geom"])
    agree(method.estimate(values, elements="cn")["cue"], expected["CUE_CN"])
    ratios = {"biomass_cn": expected["B_CN"], "resource_cn": expected["L_CN"], "enzyme_cn": expected["EEA_CN"]}
    agree(method.estimate(ratios, elements="cn", given="ratios")["cue"], expected["CUE_CN"])
    mass_ratios = {
        "biomass_cn": given["MBC"] / given["MBN"],
        "resource_cn": given["OC"] / given["ON"],
        "enzyme_cn": expected["EEA_CN"],
    }
    agree(method.estimate(mass_ratios, elements="cn", given="ratios")["cue"], expected["CUE_CN_massratios"])
    marine = {"biomass_cn": 5.0, "resource_cn": 6.6, "enzyme_cn": 1.123}
    agree(method.estimate(marine, elements="cn", given="ratios")["cue"], expected["marine_check_B5_L6.6_EEA1.123"])


def test_threshold_ratio(worked):
    expected, method = worked["TER"], METHODS["threshold_ratio"]
    nitrogen = {"biomass_cn": 8.0, "substrate_cn": 30.0, "largest_cue": 0.55}
    found = method.estimate(nitrogen)
    agree(found["threshold_cn"], expected["CN_B=8,e=.55"])
    agree(found["cue"], expected["e_at_CNS30_noI"])
    agree(method.estimate({**nitrogen, "mineral_nitrogen": 0.005})["cue"], expected["e_at_CNS30_Inorm0.005"])
    phosphorus = {"biomass_cp": 60.0, "substrate_cp": 300.0, "largest_cue": 0.55}
    agree(method.estimate(phosphorus, elements="cp")["cue"], expected["P_CP_B=60_CPS=300"])
    litter = {"litter_cn": 50.0, "decomposer_cn": 10.0}
    agree(method.estimate(litter, law="consumers")["cue"], expected["Manzoni2008_e_CNL50_CNB10"])
    agree(method.estimate(litter, law="litter")["cue"], 0.45 * (1 / 50) ** 0.76 / (1 / 10))


# ---- heat


def test_calorespirometry(worked):
    expected, method = worked["calorespirometry"], METHODS["calorespirometry"]
    for reduction in (3, 4, 5):
        values = {"heat_per_co2": expected[f"Hansen_eps0.5_gs{reduction}_CR"], "substrate_reduction": float(reduction)}
        found = method.estimate(values, ratio="given")
        agree(found["cue"], 0.5)
        if reduction < 5:
            further = {**values, "heat_per_co2": values["heat_per_co2"] + 1}
            # the example's slope is the difference over 1 kJ
            slope = method.estimate(further, ratio="given")["cue"] - found["cue"]
            np.testing.assert_allclose(slope, expected[f"dCUE_dCR_gs{reduction}_eps0.5"], rtol=1e-9)
            assert found["cue_per_ratio"] == pytest.approx(slope, rel=0.03)


def test_heat_and_co2_make_the_ratio():
    method = METHODS["calorespirometry"]
    measured = method.estimate({"heat": 432.25e-3, "co2": 12.011, "substrate_reduction": 4.0})
    agree(measured["heat_per_co2"], 432.25)


def test_calorespirometry_pathways(worked):
    expected, method = worked["calorespirometry"], METHODS["calorespirometry_pathways"]
    aerobic = expected["Chakrawal_aerobic_glucose_Y0.5_CR"]
    found = method.estimate({"heat_per_co2": aerobic}, ratio="given")
    agree(found["cue"], expected["invert_CR445.55"])
    points = {"nogrowth_A_alpha0.7_beta0": (0.7, 0.0), "nogrowth_B_alpha0_beta0.5": (0.0, 0.5)}
    points["nogrowth_C_alpha.6_beta.2"] = (0.6, 0.2)
    idle = {"ethanol_yield": 0.0, "lactate_yield": 0.0}
    for name, (respired, ethanol) in points.items():
        agree(glucose_ratio({**idle, "respired_share": respired, "ethanol_share": ethanol}, 0.0), expected[name])
    growing = {"respired_share": 0.7, "ethanol_share": 0.2, "ethanol_yield": 0.2, "lactate_yield": 0.2}
    ratio = expected["growth_three_path_a.7_b.2_Y.5_e.2_.2"]
    agree(glucose_ratio(growing, 0.5), ratio)
    found = method.estimate({**growing, "heat_per_co2": ratio}, ratio="given")
    agree(found["aerobic_yield"], 0.5)
    agree(found["cue"], 0.7 * 0.5 + 0.3 * 0.2)


# ---- energy


@pytest.mark.parametrize(
    ("acceptor", "example"), [("oxygen", "O2"), ("goethite", "goethite_-75.58"), ("sulfate", "SO4_-24.04")]
)
def test_thermodynamic_yield(worked, acceptor, example):
    for reduction, expected in worked["Chakrawal2022_yield"][example].items():
        values = {"substrate_reduction": np.array([float(reduction)])}
        agree(METHODS["thermodynamic_yield"].estimate(values, acceptor=acceptor)["cue"], expected)


def test_electron_equivalents(worked):
    for name, donor in (("glucose(dGd=41.35)", 41.35), ("acetate(dGd=27.40)", 27.40)):
        expected = worked["TEEM1"][name]
        respired, share = mccarty_yield(donor, 18.8, 0.6)
        agree(respired, expected["A"])
        agree(share, expected["fs0"])
        values = {"donor_energy": donor, "substrate_reduction": 4.0}
        agree(METHODS["thermodynamic_yield"].estimate(values, theory="mccarty")["cue"], expected["CUE"])


def test_dissipation(worked):
    agree(dissipation(6.0, 4.0), worked["KvL_dissipation"]["glucose_noc6_g4"])
    agree(dissipation(2.0, 4.0), worked["KvL_dissipation"]["acetate_noc2_g4"])


# ---- errors


def test_first_order_and_monte_carlo(worked):
    expected = worked["uncertainty"]
    given = expected["in"]
    values = {"growth": np.array([given["G"]]), "respiration": np.array([given["R"]])}
    spreads = {"growth": np.array([given["sG"]]), "respiration": np.array([given["sR"]])}

    def cue(v):
        return v["growth"] / (v["growth"] + v["respiration"])

    agree(first_order(cue, values, spreads, frozenset()).total[0], expected["delta_sd"])
    found = monte_carlo(cue, values, spreads, frozenset(), np.array([0]), 200_000, seed=1)
    assert found.mean[0] == pytest.approx(expected["MC_mean"], abs=5e-4)
    assert found.sd[0] == pytest.approx(expected["MC_sd"], abs=5e-4)
    assert found.lower[0] == pytest.approx(expected["MC_2.5_97.5"][0], abs=1.5e-3)
    assert found.upper[0] == pytest.approx(expected["MC_2.5_97.5"][1], abs=1.5e-3)
