"""Each response function against worked values, computed with other code from the papers' equations."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from soilcue.core.derived import carbon_to_nitrogen, water_potential
from soilcue.core.errors import InputError
from soilcue.schemes import SCHEMES
from soilcue.schemes.active_fraction import cue_of_active_cells
from soilcue.schemes.community_mixture import mixture
from soilcue.schemes.drying_rewetting import CELLS, SOIL
from soilcue.schemes.moisture_osmolytes import CENTIMETRES, VAN_T_HOFF, osmolytes
from soilcue.schemes.substrate_energy import dissipated
from soilcue.schemes.temperature_macromolecular import log_rate, optimum


@pytest.mark.parametrize(
    ("name", "chosen", "feels", "expected"),
    [
        ("temperature-linear", "allison2010", {"temperature": 25.0}, 0.23),
        ("temperature-linear", "millennial", {"temperature": 25.0}, 0.48),
        ("temperature-linear", "qiao2019", {"temperature": 25.0}, 0.395),
        (
            "nitrogen-enzymes",
            {"biomass_ratio": 8.163267005245192},
            {"substrate_carbon_to_nitrogen": 14.577262509366413, "enzyme_carbon_to_nitrogen": 100 / 70},
            0.26367713004484306,
        ),
        (
            "phosphorus-enzymes",
            {"biomass_ratio": 51.57605528265756},
            {"substrate_carbon_to_phosphorus": 103.15211056531514, "enzyme_carbon_to_phosphorus": 100 / 110},
            0.3142857142857143,
        ),
        (
            "nitrogen-enzymes",
            {"biomass_ratio": 5.0},
            {"substrate_carbon_to_nitrogen": 6.6, "enzyme_carbon_to_nitrogen": 1.123},
            0.34459389609345387,
        ),
    ],
)
def test_cue_of_the_papers_equation(name, chosen, feels, expected):
    assert float(SCHEMES[name](chosen).response(feels)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "chosen", "cue", "feels", "expected"),
    [
        ("temperature-arrhenius", None, 0.5, {"temperature": 30.0}, 0.46740108352247617),
        ("moisture-potential", None, 1.0, {"water_potential": -1.0}, 0.44254263105298575),
        (
            "nitrogen-threshold",
            {"biomass_ratio": 8.0},
            0.55,
            {"substrate_carbon_to_nitrogen": 30.0},
            0.26666666666666666,
        ),
        (
            "nitrogen-threshold",
            {"biomass_ratio": 8.0},
            0.55,
            {"substrate_carbon_to_nitrogen": 30.0, "mineral_nitrogen": 0.005},
            0.30666666666666664,
        ),
        (
            "nitrogen-threshold",
            {"biomass_ratio": 8.0},
            0.55,
            {"substrate_carbon_to_nitrogen": 8 / 0.55 - 1e-9},
            0.55,
        ),
        ("phosphorus-threshold", {"biomass_ratio": 60.0}, 0.55, {"substrate_carbon_to_phosphorus": 300.0}, 0.2),
        ("litter-stoichiometry", {"exponent": 0.6}, 0.43, {"substrate_carbon_to_nitrogen": 50.0}, 0.16371423872956556),
        # the critical N:C of litter, 0.45 (N:C)^0.76, over the 0.1 of decomposers: 0.45 10^0.24 at their own ratio
        (
            "litter-stoichiometry",
            "manzoni2008",
            0.45 * 10**0.24,
            {"substrate_carbon_to_nitrogen": 50.0},
            0.45 * 50**-0.76 / 0.1,
        ),
    ],
)
def test_cue_from_a_reference(name, chosen, cue, feels, expected):
    assert float(SCHEMES[name](chosen)(cue, feels)) == pytest.approx(expected, rel=1e-8)  # of k in eV/K


GRAMS = {"carbon": 12.011, "nitrogen": 14.007, "phosphorus": 30.974}
"""A mole."""
YIELDS = {
    "oxygen": {
        1.0: 0.10882879834025506,
        2.0: 0.23603780113949283,
        3.0: 0.3677120322409617,
        4.0: 0.5011522078163916,
        4.2: 0.5279618525424786,
        5.0: 0.5861052325938501,
        6.0: 0.5882017587617404,
        8.0: 0.5909495076640479,
    },
    "goethite": {3.0: 0.2719703409930112, 4.0: 0.36602536860397056, 5.0: 0.4145183213943645},
    "sulphate": {3.0: 0.08059143023138055, 4.0: 0.08063083623575862, 5.0: 0.06528500856605844},
}


@pytest.mark.parametrize("acceptor", YIELDS)
def test_growth_yield_of_the_energy_balance(acceptor):
    scheme = SCHEMES["substrate-energy"](acceptor)
    for gamma, expected in YIELDS[acceptor].items():
        feels = {"substrate_degree_of_reduction": gamma}
        assert float(scheme.response(feels)) == pytest.approx(expected, rel=1e-12)


def test_energy_dissipated_is_continuous_with_its_slope_at_the_seam():
    gamma = jnp.linspace(4.5, 4.85, 3001)
    slope = jax.vmap(jax.grad(dissipated))(gamma)
    assert jnp.abs(jnp.diff(dissipated(gamma))).max() < 0.1
    assert jnp.isfinite(slope).all()


def test_macromolecular_rate(monkeypatch):
    # the worked values take the gas constant to six decimals
    monkeypatch.setattr("soilcue.schemes.temperature_macromolecular.GAS_CONSTANT", 8.314462)
    of = {"enthalpy": 5e4, "entropy": -100.0, "heat_capacity": -1500.0}
    assert float(jnp.exp(log_rate(298.15, **of))) == pytest.approx(0.06460676550524216, rel=1e-9)
    assert float(jnp.exp(log_rate(308.15, **of))) == pytest.approx(0.11660021892040885, rel=1e-9)
    best = optimum(5e4, -1500.0)
    # the file's 329.656 K has the sign of the gas constant reversed: its own rates still rise there
    assert float(jax.grad(lambda t: log_rate(t, **of))(329.65605815427097)) > 1e-3
    assert best == pytest.approx(333.3309785, rel=1e-9)
    assert float(jax.grad(lambda t: log_rate(t, **of))(best)) == pytest.approx(0, abs=1e-12)


def test_osmolytes_of_the_public_code():
    assert float(osmolytes(1.5e5, 6e4, 1022.7)) == pytest.approx(365.7355669179342, rel=1e-12)


def test_active_cells_and_mixtures():
    assert cue_of_active_cells(0.5, 0.15, 0.4) == pytest.approx(0.3125, rel=1e-12)
    assert mixture((0.2, 0.3, 0.5), (0.1, 0.2, 0.6)) == pytest.approx(0.38, rel=1e-12)
    scheme = SCHEMES["active-fraction"]()
    assert float(scheme(0.4, {"active_fraction": 0.1})) == pytest.approx(
        0.4 * (1 - 0.05012233 * 1.009) / (1 - 0.05012233)
    )


def test_u_shape_is_lowest_where_it_says_and_near_the_three_changes_of_the_abstract():
    scheme = SCHEMES["ph-u-shape"]()
    values = scheme.response({"pH": jnp.linspace(4.5, 8.6, 411)})
    assert jnp.linspace(4.5, 8.6, 411)[jnp.argmin(values)] == pytest.approx(6.4, abs=0.011)
    for acid, limed, change in ((4.5, 7.3, -0.40), (5.5, 8.6, 0.16), (6.5, 7.8, 0.24)):
        found = float(scheme.response({"pH": limed}) / scheme.response({"pH": acid})) - 1
        assert np.sign(found) == np.sign(change)
        assert found == pytest.approx(change, abs=0.12)


def test_derived_drivers():
    # sand 40, clay 20 percent: b = 6.09, psi at saturation -10^(1.88 - 0.524) cm
    at_half = -(10 ** (1.88 - 0.524)) / 10197.16 * 0.5**-6.09
    assert water_potential(0.2, 0.4, 0.2, 0.6) == pytest.approx(at_half, rel=1e-12)
    assert carbon_to_nitrogen(20.0, 0.32) == pytest.approx(40.0)


def test_a_table_is_followed_and_held_beyond_its_ends(tmp_path):
    path = tmp_path / "cue.csv"
    path.write_text("temperature,cue\n20,0.3\n0,0.6\n")
    scheme = SCHEMES["table"](path)
    found = scheme(0.5, {"temperature": jnp.array([-10.0, 0.0, 20.0, 35.0])})
    np.testing.assert_allclose(found, [0.6, 0.6, 0.3, 0.3], rtol=1e-12)
    assert scheme.label == "table of temperature, 2 rows"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("temperature,CUE\n1,0.5\n2,0.4\n", "has the columns temperature, CUE"),
        ("warmth,cue\n1,0.5\n2,0.4\n", "has the columns warmth, cue"),
        ("temperature,cue\n1,0.5\n", "at least two rows"),
        ("temperature,cue\n1,0.5\n1,0.4\n", "no temperature twice"),
        ("temperature,cue\n1,0.5\n2,40\n", "holds a cue of 40"),
        ("temperature,cue\n1,0.5\n200,0.4\n", "temperature outside -60 to 60 degC"),
        ("temperature,cue\n1,half\n2,0.4\n", "no number"),
        ("", "cannot be read as a table"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path, text, message):
    path = tmp_path / "cue.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        SCHEMES["table"](path)


@pytest.mark.parametrize(
    ("cues", "message"),
    [(None, "takes a CUE for each substrate"), ({"dissolved": 1.2}, "it lies between 0 and 1")],
)
def test_by_substrate_refuses_what_is_no_cue(cues, message):
    with pytest.raises(InputError, match=message):
        SCHEMES["by-substrate"](cues)


def test_by_substrate_makes_mimics_what_it_is():
    import soilcue as sc

    fixed = sc.model(
        "mimics", cue={"by-substrate": {"litter_structural": 0.25, "microbes_k on litter_structural": 0.35}}
    )
    drivers = {name: 0.5 for name in (*fixed.network.first_needs(),)}
    own = sc.model("mimics").network.cue_slots(drivers)
    for slot, cue in fixed.network.cue_slots(drivers).items():
        assert float(cue) == pytest.approx(float(own[slot]))
    with pytest.raises(
        InputError, match="unknown substrate of the scheme 'by-substrate' in the model 'mimics' 'litter'"
    ):
        sc.model("mimics", cue={"by-substrate": {"litter": 0.25}})


@pytest.mark.shared
def test_ratios_of_biomass_are_by_mass_and_those_of_most_soils(shared_data):
    """An atomic C:P of 60 taken for one by mass would lie above three quarters of what is measured."""
    table = pd.read_csv(
        shared_data / "xu_patoine_microbial_biomass" / "Soil_Microbial_Biomass_C_N_P_spatial.csv",
        skiprows=[1],
        encoding="latin1",
    )
    moles = {name: pd.to_numeric(table[f"Soil_microbial_biomass_{name}"], errors="coerce") for name in GRAMS}
    for name in ("nitrogen", "phosphorus"):
        measured = GRAMS["carbon"] * moles["carbon"] / (GRAMS[name] * moles[name][moles[name] > 0])
        low, high = measured.dropna().quantile([0.25, 0.75])
        for scheme in ("threshold", "storage", "enzymes"):
            assert low < float(SCHEMES[f"{name}-{scheme}"]().parameters["biomass_ratio"]) < high


@pytest.mark.shared
def test_growth_over_respiration_follows_that_of_european_soils(shared_data):
    """Bacterial growth over respiration against 20 degrees, the median of 76 soils in factors of e."""
    table = pd.read_csv(
        shared_data / "brangari_european_gradient" / "EuropeanGradientData__EuropeanGradientData.csv",
        na_values=["#VALUE!"],
    )
    median = np.log(table["b_c"] / table["r_c"]).groupby(table["temp"]).median()
    temperature = np.array([0.0, 5.0, 10.0, 15.0, 25.0, 30.0, 35.0, 40.0])
    scheme = SCHEMES["temperature-ratkowsky"]()
    found = scheme.log_odds({"temperature": temperature}) - scheme.log_odds({"temperature": 20.0})
    np.testing.assert_allclose(found, median.loc[temperature] - median.loc[20.0], atol=0.3)


@pytest.mark.shared
def test_worked_values_are_those_of_the_reference_file(shared_reference):
    worked = json.loads((shared_reference / "methods" / "worked_examples.json").read_text())
    for acceptor, key in (("oxygen", "O2"), ("goethite", "goethite_-75.58"), ("sulphate", "SO4_-24.04")):
        assert worked["Chakrawal2022_yield"][key] == {str(gamma): value for gamma, value in YIELDS[acceptor].items()}


def test_growth_yield_of_ecosmmarts_with_osmolytes_that_lag():
    """Its worked value: osmolytes of 120 where 90 are asked for, a memory of 0.9 and a yield of 0.7, mg cm-3."""
    scheme = SCHEMES["drying-rewetting"]({"flush": 0.0})
    per_centimetre, most = VAN_T_HOFF * 6e4, float(osmolytes(1.5e5, 6e4, 1022.7))
    suction = 90 / per_centimetre - 1022.7
    feels = {"water_potential": -suction / CENTIMETRES, CELLS: 120 / most, SOIL: 0.0}
    assert float(scheme(0.7 * 0.9, feels)) == pytest.approx(0.5783233, abs=5e-8)
    assert float(scheme.renewal({}, None)[CELLS]) == pytest.approx(6e-4 * 1440)
