"""A model that someone else wrote, in a module of their own, is a model like any other."""

import sys

import model_contract
import plausible
import pytest

import soilcue as sc
from soilcue.core.errors import InputError
from soilcue.models import MODELS

MODULE = '''
"""A chemostat: dissolved carbon, the microbes that eat it, and the enzymes they lose."""

from soilcue.core.network import CO2, INPUT, LEACHED, Flux, Network, Pool
from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.models import MODELS


class Chemostat(Network):
    """Three pools in one vessel."""

    name = "chemostat"
    title = "Chemostat"
    references = ("he2024",)
    carbon_unit, time_unit, reference_depth = "kgC m-3", "yr", 0.2
    needs = ("temperature", "carbon_input")
    assumptions = ("Chemostat: for tests",)
    pools = (
        Pool("dissolved", "dissolved", "dissolved carbon", 100.0),
        Pool("microbes", "living", "microbial carbon", 30.0),
        Pool("enzymes", "enzyme", "enzymes", 3.0),
    )
    declared = (
        Parameter("uptake", "yr-1", 0.1, 1e4, "largest uptake"),
        Parameter("half", "kgC m-3", 1e-3, 1e3, "half-saturation"),
        Parameter("warming", "K-1", 0.0, 0.2, "response of ln uptake to temperature"),
        Parameter("cue", "1", 0.01, 0.99, "carbon use efficiency"),
        Parameter("death", "yr-1", 0.01, 100.0, "mortality"),
        Parameter("loss", "yr-1", 1e-3, 10.0, "leaching"),
    )
    sets = (
        ParameterSet(
            "invented",
            ("he2024",),
            "made up",
            {
                "uptake": (0.5, "d-1"),
                "half": (2.0, "mgC cm-3"),
                "warming": (0.02, "K-1"),
                "cue": (40.0, "%"),
                "death": (5.0, "yr-1"),
                "loss": (0.1, "yr-1"),
            },
        ),
    )

    def environment(self, drivers):
        p = self.parameters
        warm = p["warming"] * drivers["temperature"]
        return {
            "input": drivers["carbon_input"],
            "uptake": p["uptake"] * 2.718281828459045**warm,
            "cue": self.intrinsic_cue(p["cue"], drivers),
            **{name: p[name] for name in ("half", "death", "loss")},
        }

    def fluxes(self, stocks, environment):
        c, e = stocks, environment
        taken_up = e["uptake"] * c["microbes"] * c["dissolved"] / (e["half"] + c["dissolved"])
        yield Flux(INPUT, "dissolved", "input", e["input"])
        yield Flux("dissolved", "microbes", "uptake", e["cue"] * taken_up)
        yield Flux("dissolved", CO2, "uptake", (0.9 - e["cue"] * 0.9) * taken_up, through="microbes")
        yield Flux("dissolved", "enzymes", "exudation", (0.1 - e["cue"] * 0.1) * taken_up, through="microbes")
        yield Flux("microbes", CO2, "maintenance", 0.2 * e["death"] * c["microbes"])
        yield Flux("microbes", "dissolved", "mortality", 0.8 * e["death"] * c["microbes"])
        yield Flux("enzymes", "dissolved", "enzyme_turnover", e["death"] * c["enzymes"])
        yield Flux("dissolved", LEACHED, "leaching", e["loss"] * c["dissolved"])


MODELS.register(Chemostat.name, Chemostat)
'''


@pytest.fixture(scope="module")
def outsider(tmp_path_factory):
    """The name of the outsider's model, registered while these tests run."""
    folder = tmp_path_factory.mktemp("outsider")
    (folder / "outsiders_chemostat.py").write_text(MODULE)
    sys.path.insert(0, str(folder))
    try:
        __import__("outsiders_chemostat")
        yield "chemostat"
    finally:
        sys.path.remove(str(folder))
        del sys.modules["outsiders_chemostat"]
        del MODELS._known["chemostat"]


@pytest.fixture(scope="module")
def case(outsider) -> model_contract.Case:
    model = sc.model(outsider, cue="temperature-logit")
    drivers = plausible.cells(30)
    return model_contract.Case(model, drivers, model.steady_state(drivers, fluxes=True))


@pytest.mark.parametrize("check", model_contract.CHECKS_OF_A_MODEL, ids=lambda check: check.__name__)
def test_declaration(outsider, check):
    check(MODELS[outsider])


@pytest.mark.parametrize("check", model_contract.CHECKS_OF_A_CASE, ids=lambda check: check.__name__)
def test_contract(case, check):
    check(case)


def test_it_is_listed(outsider):
    row = sc.list_models().loc[outsider]
    assert row["title"] == "Chemostat"
    assert row["parameter_sets"] == "invented"
    assert row["drivers"] == "temperature, carbon_input"


def test_its_name_is_offered_and_cannot_be_taken(outsider):
    with pytest.raises(InputError, match="Did you mean 'chemostat'"):
        sc.model("chemostats")
    with pytest.raises(InputError, match="two models bear the name"):
        MODELS.register(outsider, MODELS["mimics"])


def test_exudates_are_neither_growth_nor_respiration(case):
    state = case.state
    exuded = state["flux_rate"].sel(flux="dissolved > enzymes (exudation through microbes)")
    assert (exuded > 0).all()
    assert abs(state["community_exudation"] / exuded - 1).max() < 1e-12
    uptake, cue = state["community_uptake"], sc.cue(state, scale="community")["cue_community"]
    growth = uptake - state["community_respiration"] - exuded
    assert abs(cue - growth / uptake).max() < 1e-12


def test_the_cohort_curve_finds_its_structure(case):
    curve = sc.cue(case.state, scale="ecosystem")
    kept = case.state["flux_rate"].sel(flux="dissolved > microbes (uptake)") / case.state["community_uptake"]
    assert abs(curve["cohort_biomass"].isel(days_since_uptake=0) - kept).max() < 1e-9
