"""Ensembles over parameters: each member is the model with that member's parameters."""

import numpy as np
import plausible
import pytest

import soilcue as sc


@pytest.mark.parametrize("name", ["mimics", "century-millennial"])
def test_a_member_is_the_model_with_its_parameters(name):
    drivers, model = plausible.cells(3), sc.model(name)
    ensemble = model.ensemble(drivers, 4, spread=0.05, seed=1)
    assert ensemble.sizes["member"] == 4
    for member in (1, 4):
        one = ensemble.sel(member=member)
        values = {}
        for declared in model.network.declared:
            labels = [f"{declared.name}[{c}]" for c in declared.components] or [declared.name]
            drawn = one["parameter_value"].sel(parameter=labels).values
            assert ((drawn >= declared.low) & (drawn <= declared.high)).all()
            values[declared.name] = drawn if declared.components else drawn[0]
        again = sc.model(name, values).steady_state(drivers, eigenvalues=False)
        np.testing.assert_array_equal(one["status"], again["status"])
        np.testing.assert_allclose(one["soil_carbon"], again["soil_carbon"], rtol=1e-8)
        np.testing.assert_allclose(one["respiration"], again["respiration"], rtol=1e-8)


def test_draws_come_again_and_more_of_them_change_none():
    drivers, model = plausible.cells(2), sc.model("century-millennial")
    few, many = (model.ensemble(drivers, n, parameters=["slow_decay"], spread=0.5, seed=3) for n in (5, 9))
    np.testing.assert_array_equal(few["parameter_value"], many["parameter_value"][:5])
    np.testing.assert_array_equal(few["slow"], many["slow"][:5])
    other = model.ensemble(drivers, 5, parameters=["slow_decay"], spread=0.5, seed=4)
    assert (other["parameter_value"] != few["parameter_value"]).all()
    # the slow pool follows its decay
    np.testing.assert_allclose((few["slow"] * few["parameter_value"][:, 0]).std("member"), 0, atol=1e-9)


def test_draws_of_ones_own_are_those_that_were_drawn():
    drivers, model = plausible.cells(2), sc.model("century-millennial")
    drawn = model.ensemble(drivers, 3, spread=0.1, seed=1)
    values = {}
    for declared in model.network.declared:
        labels = [f"{declared.name}[{part}]" for part in declared.components] or declared.name
        values[declared.name] = drawn["parameter_value"].sel(parameter=labels).values
    given = model.ensemble(drivers, values, fluxes=True)
    np.testing.assert_array_equal(given["soil_carbon"], drawn["soil_carbon"])
    np.testing.assert_array_equal(given["parameter_value"], drawn["parameter_value"])
    assert given["flux_rate"].dims[:2] == ("flux", "member")
    assert given.attrs["ensemble"] == "3 draws that were given"


def test_an_impossible_draw_is_flagged():
    drivers, model = plausible.cells(20), sc.model("mimics")
    ensemble = model.ensemble(drivers, 5, parameters=["to_physical", "to_chemical"], seed=2)
    physical, chemical = (
        ensemble["parameter_value"].sel(parameter=f"{n}[microbes_r]") for n in ("to_physical", "to_chemical")
    )
    impossible = physical > 1
    assert (ensemble["status"].where(impossible, drop=True) == 2).all()
    assert ensemble["soil_carbon"].where(ensemble["status"] != 0).isnull().all()
    assert (chemical <= 1).all()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"draws": 0}, "whole number"),
        ({"draws": 2, "spread": 0.0}, "above zero"),
        ({"draws": 2, "parameters": ["slow_decai"]}, "slow_decay"),
        ({"draws": {}}, "there are none"),
        ({"draws": {"slow_decai": [1.0]}}, "slow_decay"),
        ({"draws": {"slow_decay": [-1.0]}}, "outside its bounds"),
        ({"draws": {"slow_decay": [np.nan]}}, "outside its bounds"),
        ({"draws": {"slow_decay": []}}, "one value a member"),
        ({"draws": {"slow_decay": 1.0}}, "one value a member"),
        ({"draws": {"slow_decay": [0.001]}, "spread": 0.1}, "no spread="),
    ],
)
def test_a_mistake_gets_one_message(arguments, words):
    with pytest.raises(sc.InputError, match=words):
        sc.model("century-millennial").ensemble(plausible.cells(2), **arguments)
