"""Schemes: each keeps CUE within (0, 1), says what its numbers are, and can be swapped into every model."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import plausible
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import soilcue as sc
from soilcue.core.errors import InputError
from soilcue.core.references import REFERENCES
from soilcue.core.units import parse_unit
from soilcue.core.variables import DRIVERS
from soilcue.schemes import SCHEMES
from soilcue.schemes.temperature_logit import TemperatureLogit

NAMES = list(SCHEMES)
CUES = st.floats(0.01, 0.99)
TEMPERATURES = st.floats(DRIVERS["temperature"].low, DRIVERS["temperature"].high)


def felt(scheme, random):
    """Random values of the drivers a scheme feels, over the whole of their limits."""
    return {name: random.uniform(DRIVERS[name].low, DRIVERS[name].high, 200) for name in scheme.needs}


@pytest.mark.parametrize("name", NAMES)
def test_declaration(name):
    scheme = SCHEMES[name]
    assert scheme.name == name
    assert scheme.title
    assert "CUE" in scheme.equation
    assert scheme.references
    assert set(scheme.references) <= set(REFERENCES)
    assert set(scheme.needs) <= set(DRIVERS)
    numbers = {field.name: field.default for field in dataclasses.fields(scheme)}
    assert set(scheme.units) == set(scheme.bounds) == set(numbers)
    for number, default in numbers.items():
        parse_unit(scheme.units[number])
        low, high = scheme.bounds[number]
        assert low < high
        assert low <= default <= high


@pytest.mark.parametrize("name", NAMES)
def test_cue_stays_within_its_bounds_with_a_finite_slope(name):
    random = np.random.default_rng(4)
    base = SCHEMES[name]()
    cue = jnp.asarray(random.uniform(0.01, 0.99, 200))
    corners = [base]
    for number, bounds in base.bounds.items():
        corners = [dataclasses.replace(s, **{number: value}) for s in corners for value in bounds]
    for scheme in (base, *corners):
        feels = felt(scheme, random)
        mapped = scheme(cue, feels)
        assert ((mapped > 0) & (mapped < 1)).all()
        slope = jax.grad(lambda c, scheme=scheme, feels=feels: jnp.sum(scheme(c, feels)))(cue)
        assert jnp.isfinite(slope).all()
        assert (slope >= 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_every_model_takes_it(name):
    for model in sc.list_models().index:
        taken = sc.model(model, cue=name)
        assert taken.scheme_name == name
        assert set(SCHEMES[name].references) <= set(taken.references)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(CUES, TEMPERATURES)
def test_constant_ignores_what_is_felt(cue, temperature):
    assert SCHEMES["constant"]()(cue, {"temperature": temperature}) == cue


@settings(deadline=None, derandomize=True, max_examples=100)
@given(CUES, st.floats(-10, 40))
def test_temperature_logit_keeps_the_cue_at_its_reference(cue, reference):
    scheme = TemperatureLogit(reference_temperature=reference)
    assert float(scheme(cue, {"temperature": reference})) == pytest.approx(cue, rel=1e-12)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(CUES, TEMPERATURES, TEMPERATURES)
def test_temperature_logit_is_linear_on_the_logit(cue, one, other):
    def logit(temperature):
        found = TemperatureLogit()(cue, {"temperature": temperature})
        return jnp.log(found) - jnp.log1p(-found)

    assert float(logit(other) - logit(one)) == pytest.approx(-0.048 * (other - one), abs=1e-9)


def test_temperature_logit_has_millennials_slope_at_one_half():
    slope = jax.grad(lambda t: TemperatureLogit()(0.5, {"temperature": t}))(15.0)
    assert float(slope) == pytest.approx(-0.012, rel=1e-12)


def test_schemes_are_composed_and_unknown_ones_refused():
    both = sc.model("mimics", cue=["constant", "temperature-logit"])
    assert both.scheme_name == "constant | temperature-logit"
    assert sc.model("mimics").scheme_name == "published"
    with pytest.raises(InputError, match=r"unknown scheme 'temperature_logit'.*Did you mean 'temperature-logit'"):
        sc.model("mimics", cue="temperature_logit")


def test_warmth_lowers_the_cue_of_soils_under_the_temperature_scheme_alone():
    drivers = plausible.sites({"temperature": np.array([5.0, 15.0, 25.0])})
    warm = sc.model("millennial", cue="temperature-logit").steady_state(drivers, fluxes=True)
    same = sc.model("millennial", cue="constant").steady_state(drivers, fluxes=True)
    found = sc.cue(warm, scale="community")["cue_community"].values
    np.testing.assert_allclose(
        found, TemperatureLogit()(0.19, {"temperature": drivers["temperature"].values}), rtol=1e-10
    )
    np.testing.assert_allclose(sc.cue(same, scale="community")["cue_community"], 0.19, rtol=1e-10)


def test_list_of_schemes():
    table = sc.list_schemes()
    assert table.index.tolist() == sorted(NAMES)
    assert table.loc["temperature-logit", "drivers"] == "temperature"
    assert table.loc["constant", "drivers"] == ""
