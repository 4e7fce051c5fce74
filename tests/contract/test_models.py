"""Every registered model with every parameter set, with its own CUE and with a scheme, keeps the model_contract."""

import model_contract
import numpy as np
import plausible
import pytest

import soilcue as sc
from soilcue.models import MODELS

# each model's default set under a scheme too
CASES = [
    (name, published.name, scheme)
    for name in MODELS
    for published in MODELS[name].sets
    for scheme in ((None, "temperature-logit") if published is MODELS[name].sets[0] else (None,))
]


@pytest.fixture(scope="module", params=CASES, ids=lambda case: "-".join(map(str, case)))
def case(request) -> model_contract.Case:
    name, published, scheme = request.param
    model = sc.model(name, parameters=published, cue=scheme)
    drivers = plausible.cells(60)
    return model_contract.Case(model, drivers, model.steady_state(drivers, fluxes=True))


@pytest.mark.parametrize("check", model_contract.CHECKS_OF_A_MODEL, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", list(MODELS))
def test_model(name, check):
    check(MODELS[name])


@pytest.mark.parametrize("check", model_contract.CHECKS_OF_A_CASE, ids=lambda check: check.__name__)
def test_case(case, check):
    check(case)


def test_what_to_cite_is_named(case):
    network = case.network
    named = case.model.references
    assert set(network.references) <= set(named)
    for scheme in network.schemes:
        assert set(scheme.citations) <= set(named)
    for line in sc.bibliography(named):
        assert line in case.state.attrs["references"]


def test_parameters_are_shown_as_the_model_computes_with_them(case):
    table = case.model.parameters()
    assert len(table) == sum(np.size(value) for value in case.network.parameters.values())
    assert ((table["value"] >= table["low"]) & (table["value"] <= table["high"])).all()
    assert table["unit"].str.strip().all()
    assert table["description"].str.strip().all()
