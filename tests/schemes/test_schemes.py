"""The contract of every scheme: within (0, 1), smooth, as it is at its reference point, and documented."""

import functools
import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import model_contract
import numpy as np
import plausible
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import soilcue as sc
from soilcue.core.errors import InputError
from soilcue.core.references import REFERENCES
from soilcue.core.scheme import ARROWS, LOSSES, Response, Scheme, bent, line_in_bounds, refuse_misfit, shifted
from soilcue.core.units import parse_unit
from soilcue.core.variables import DRIVERS
from soilcue.models import MODELS
from soilcue.schemes import SCHEMES, chosen_schemes

CUES = st.floats(0.01, 0.99)
MADE_BY_HAND = {
    "function": lambda cue, temperature: cue / (1 + jnp.exp(0.1 * (temperature - 30))),
    "table": {"table": {"temperature": [0.0, 10.0, 30.0], "cue": [0.6, 0.5, 0.3]}},
    "by-substrate": {"by-substrate": {"dissolved": 0.4}},
}
"""What `sc.model(..., cue=...)` takes to make a scheme that is no scheme without the user's part."""
WORDS = {"substrate": "dissolved", "microbe": "microbes"}


def spec(name):
    return MADE_BY_HAND.get(name, name)


def made(name) -> Scheme:
    return chosen_schemes(spec(name))[0]


def felt(scheme, random, limits, number=200):
    """Random values of the drivers a scheme feels, a memory of others, and the words of a slot."""

    def drawn():
        return {name: random.uniform(*limits(name), number) for name in (*scheme.needs, *scheme.wishes)}

    before = scheme.at_rest(drawn()) if scheme.remembers else {}
    return {**drawn(), **before, **WORDS}


def whole(name):
    """The limits of a driver; an unbounded one to where soils end."""
    return DRIVERS[name].low, DRIVERS[name].high


def with_corners(scheme, random, most=64):
    """The scheme, and with its parameters at the ends of their bounds."""
    ends = [[parameter.low, parameter.high] for parameter in scheme.declared]
    corners = list(itertools.product(*ends)) if 2 ** len(ends) <= most else random.choice([0, 1], (most, len(ends)))
    yield scheme
    for corner in corners if ends else ():
        values = {}
        for parameter, end in zip(scheme.declared, corner, strict=True):
            value = end if 2 ** len(ends) <= most else (parameter.low, parameter.high)[end]
            values[parameter.name] = jnp.broadcast_to(float(value), scheme.parameters[parameter.name].shape)
        yield eqx.tree_at(lambda s: s.parameters, scheme, values)


@pytest.fixture(params=list(SCHEMES))
def scheme(request) -> Scheme:
    return made(request.param)


def test_declaration(scheme):
    assert SCHEMES[scheme.name] is type(scheme)
    assert scheme.title
    assert "CUE" in scheme.equation
    assert scheme.sources()
    assert set(scheme.sources()) <= set(REFERENCES)
    assert set(scheme.needs) | set(scheme.wishes) <= set(DRIVERS)
    assert set(scheme.valid) <= {*scheme.needs, *scheme.wishes}
    assert set(scheme.includes) <= set(LOSSES)
    assert scheme.evidence.arrow in ARROWS
    assert scheme.evidence.why
    assert bool(scheme.declared) == bool(scheme.sets)
    memories = {memory.name for memory in scheme.remembers}
    assert set(scheme.reference_point()) <= {*scheme.needs, *scheme.wishes, *memories}
    assert not memories & set(DRIVERS)
    for memory in scheme.remembers:
        parse_unit(memory.unit)
        assert memory.description
    for driver, (low, high) in scheme.valid.items():
        assert DRIVERS[driver].low <= low < high <= DRIVERS[driver].high
    for parameter in scheme.declared:
        parse_unit(parameter.unit)
        assert parameter.low < parameter.high
        assert parameter.description
    for published in scheme.sets:
        assert published.source
        assert published.description
        assert set(published.source) <= set(REFERENCES)
        assert type(scheme)(published.name).label in (scheme.name, f"{scheme.name}:{published.name}")
    if not isinstance(scheme, SCHEMES["function"]):
        assert set(scheme.needs) <= {*scheme.valid, *WORDS} or not scheme.needs


def test_cue_stays_within_its_bounds_and_rises_with_the_cue_it_is_given(scheme):
    random = np.random.default_rng(4)
    cue = jnp.asarray(random.uniform(0.01, 0.99, 200))
    for corner in with_corners(scheme, random):
        feels = felt(corner, random, whole)
        slope, mapped = jax.jvp(lambda c, corner=corner, feels=feels: corner(c, feels), (cue,), (jnp.ones(200),))[::-1]
        assert ((mapped > 0) & (mapped < 1)).all()
        assert jnp.isfinite(slope).all()
        assert (slope >= 0).all()


def test_slopes_agree_with_finite_differences(scheme):
    random = np.random.default_rng(5)
    cue = jnp.asarray(random.uniform(0.1, 0.8, 200))
    feels = felt(scheme, random, lambda name: scheme.valid.get(name, (0.0, 30.0)))

    def by(value, at):
        if at == "cue":
            return scheme(value, feels)
        if at in scheme.parameters:
            return eqx.tree_at(lambda s: s.parameters[at], scheme, value)(cue, feels)
        return scheme(cue, {**feels, at: value})

    for at in ("cue", *scheme.needs, *scheme.wishes, *scheme.parameters):
        start = cue if at == "cue" else scheme.parameters[at] if at in scheme.parameters else jnp.asarray(feels[at])
        size = 1e-4 * (jnp.abs(start) + 1e-3)  # each cell's own, for a difference of fourth order
        exact = jax.jvp(lambda value, at=at: by(value, at), (start,), (size,))[1]
        one, two = (by(start + n * size, at) - by(start - n * size, at) for n in (1, 2))
        difference = (8 * one - two) / 12
        scale = size if jnp.shape(size) == (200,) else size.max()
        exact, difference = exact / scale, difference / scale
        np.testing.assert_allclose(exact, difference, atol=1e-6 * (1 + np.abs(exact).max()), err_msg=at)


def test_cue_is_as_it_is_at_the_reference_point(scheme):
    if scheme.name.startswith("genomes-panel"):
        return  # takes the place of the model's CUE, as its equation says
    random = np.random.default_rng(6)
    cue = jnp.asarray(random.uniform(0.05, 0.8, 200))
    feels = felt(scheme, random, lambda name: scheme.valid.get(name, (0.0, 30.0)))
    if scheme.name in MADE_BY_HAND:
        return  # what a user puts in the place of the model's CUE has no reference
    point = {**feels, **scheme.reference_point()}
    found = scheme(cue, {**point, **scheme.at_rest(point)})
    np.testing.assert_allclose(found, cue, rtol=4e-16)


def test_monotone_where_it_says_so(scheme):
    random = np.random.default_rng(7)
    for driver, sign in scheme.monotone.items():
        for cue in (0.05, 0.4, 0.8):
            feels = {name: v if name in WORDS else jnp.ravel(v)[:1] for name, v in felt(scheme, random, whole).items()}
            feels |= scheme.wishes
            low, high = whole(driver)
            along = scheme(cue, {**feels, driver: jnp.linspace(low, high, 400)})
            assert (sign * jnp.diff(along) >= -1e-15).all()
            assert jnp.ptp(along) > 0


def drivers_of(model, scheme, number=6):
    """Plausible cells, and whatever else the scheme feels."""
    drivers, random = plausible.cells(number), np.random.default_rng(8)
    for name in scheme.needs:
        if name not in drivers:
            low, high = scheme.valid[name]
            drivers[name] = ("site", random.uniform(low, high, number), {"units": DRIVERS[name].unit})
    return drivers


@functools.cache
def built(model):
    """A model, and the names of its slots: tracing its fluxes for every pair would take a minute."""
    plain = sc.model(model)
    return plain, plain.network.slots()


def refusal(scheme, model) -> str:
    """Why a model does not take a scheme; empty where it does."""
    plain, slots = built(model)
    try:
        refuse_misfit(scheme, model, plain.structure, slots, plain.network.gives)
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("model", list(MODELS))
def test_every_model_takes_it_or_says_why_not(scheme, model):
    """Every slot of the model gets a CUE within (0, 1)."""
    reason = refusal(scheme, model)
    if reason:
        assert scheme.name in reason
        assert model in reason
        return
    network = type(built(model)[0].network)(None, (scheme,))
    drivers = model_contract.drivers_in_model_units(network, drivers_of(model, scheme))
    slots = network.cue_slots({**dict.fromkeys(network.fed(), 20.0), **drivers})
    assert sorted(slots) == sorted(built(model)[1])
    assert all(((np.asarray(cue) > 0) & (np.asarray(cue) < 1)).all() for cue in slots.values())


@pytest.mark.parametrize("model", list(MODELS))
@pytest.mark.parametrize("name", [None, "temperature-adaptation"])
def test_cue_handed_in_makes_the_same_fluxes_as_the_scheme_itself(name, model):
    taken = sc.model(model, cue=name)
    case = model_contract.Case(taken, drivers_of(taken, made(name or "constant")), xr.Dataset())
    drivers = model_contract.drivers_in_model_units(taken.network, case.drivers)
    slots = taken.network.cue_slots(drivers)
    stocks = np.random.default_rng(9).uniform(0.1, 10, (len(taken.network.pools), 6))
    given = taken.network.without_schemes().environment({**drivers, **slots})
    found = model_contract.rates(taken.network, stocks, case.environment())
    np.testing.assert_allclose(model_contract.rates(taken.network, stocks, given), found, rtol=1e-13)
    assert (found >= 0).all()


# ---- the rule of composition --------------------------------------------------------------------------------------


@settings(deadline=None, derandomize=True, max_examples=60)
@given(CUES, st.floats(-30, 40), st.floats(-30, 40))
def test_responses_multiply_growth_to_respiration_in_any_order(cue, one, other):
    feels = {"temperature": one}
    first, second = made("temperature-linear"), SCHEMES["temperature-arrhenius"]({"reference_temperature": 5.0})
    forth, back = second(first(cue, feels), feels), first(second(cue, feels), feels)
    assert float(forth) == pytest.approx(float(back), rel=1e-12)
    assert 0 < float(forth) < 1


@settings(deadline=None, derandomize=True, max_examples=60)
@given(CUES, st.floats(-1e6, 1e6))
def test_no_shift_is_exactly_none_and_any_shift_stays_within_the_bounds(cue, shift):
    assert float(shifted(cue, 0.0)) == cue
    assert 0 < float(shifted(cue, shift)) < 1


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.floats(-5, 5))
def test_a_line_is_itself_where_it_is_a_cue_and_bends_beyond(value):
    found = float(line_in_bounds(value))
    if 0.05 <= value <= 0.95:
        assert found == value
    assert 0 < found < 1
    assert abs(float(bent(value, -1.0, 1.0, 0.5))) <= 1.5


@pytest.mark.parametrize("name", [name for name in SCHEMES if issubclass(SCHEMES[name], Response)])
def test_the_papers_cue_comes_out_where_the_reference_is_the_papers(name):
    scheme = made(name)
    random = np.random.default_rng(10)
    feels = felt(scheme, random, lambda driver: scheme.valid[driver])
    reference = scheme.response({**feels, **scheme.reference_point()})
    np.testing.assert_allclose(scheme(reference, feels), scheme.response(feels), rtol=1e-12)


# ---- choosing ----------------------------------------------------------------------------------------------------


def test_ways_to_name_a_scheme():
    named = sc.model("mimics", cue=["constant", "temperature-linear:qiao2019", {"level": {"shift": 0.5}}])
    assert named.scheme_name == "constant | temperature-linear:qiao2019 | level (shift=0.5)"
    assert "qiao2019" in named.references
    assert "allison2010" not in named.references
    assert sc.model("mimics").scheme_name == "published"
    assert sc.model("mimics", cue=made("level")).scheme_name == "level"


@pytest.mark.parametrize(
    ("cue", "message"),
    [
        ("temperature_logit", r"unknown scheme 'temperature_logit'.*Did you mean 'temperature-logit'"),
        ("temperature-linear:alison2010", r"unknown parameter set of scheme 'temperature-linear' .*'allison2010'"),
        ({"temperature-linear": {"slop": 1}}, r"unknown parameter of scheme 'temperature-linear' 'slop'.*'slope'"),
        ({"temperature-linear": {"slope": 1}}, "outside its bounds -0.05 to 0.05 K-1"),
        (3.5, "cue=3.5 is no scheme"),
        ("function", "made from a function"),
        (lambda cue, warmth: cue, "its argument 'warmth' is no driver"),
        (lambda *cue: cue, r"not \*args"),
    ],
)
def test_what_is_no_scheme_is_refused(cue, message):
    with pytest.raises(InputError, match=message):
        sc.model("mimics", cue=cue)


def test_a_function_that_leaves_the_bounds_is_refused_with_its_value():
    def wild(cue, temperature):
        return cue + temperature

    with pytest.raises(InputError, match=r"function wild: gives a cue of microbes on dissolved of .* between 0 and 1"):
        sc.model("millennial", cue=wild).steady_state(plausible.cells(2))


def test_an_equinox_module_is_a_scheme():
    class Falling(eqx.Module):
        slope: jax.Array

        def __call__(self, cue, temperature, substrate):
            assert substrate in ("dissolved",)
            return shifted(cue, self.slope * (temperature - 15))

    taken = sc.model("millennial", cue=Falling(jnp.asarray(-0.048)))
    assert taken.scheme_name == "function Falling"
    drivers = plausible.cells(3)
    values = model_drivers(taken, drivers)
    same = sc.model("millennial", cue="temperature-logit").network.cue_slots(values)
    for slot, cue in taken.network.cue_slots(values).items():
        np.testing.assert_allclose(cue, same[slot], rtol=1e-14)


def model_drivers(model, drivers):
    return model_contract.drivers_in_model_units(model.network, drivers)


def test_list_of_schemes():
    table = sc.list_schemes()
    assert table.index.tolist() == sorted(SCHEMES)
    assert table.loc["temperature-linear", "drivers"] == "temperature (degC)"
    assert table.loc["constant", "drivers"] == ""
    assert "slope = -0.016 K-1 [-0.05 to 0.05]" in table.loc["temperature-linear", "parameters"]
    for name in SCHEMES:  # what is assumed or from memory stands in the description
        assert all(f"{one.name}: {one.description}" in table.loc[name, "parameter_sets"] for one in SCHEMES[name].sets)


def test_middling_land_lies_within_the_evidence_of_each_scheme():
    """Else every map would be hatched for the range and not for the land."""
    middle = sc.drivers().median()
    for name in sorted({*SCHEMES} - {*MADE_BY_HAND}):
        for driver, (low, high) in SCHEMES[name].valid.items():
            assert driver not in middle or low <= float(middle[driver]) <= high, (name, driver)


# ---- one compiled program ----------------------------------------------------------------------------------------


def test_schemes_share_one_compiled_solver(caplog):
    """Whatever a scheme is called and feels, the solver is compiled once for a model."""
    drivers = plausible.cells(4)
    drivers["active_fraction"] = ("site", np.linspace(0.05, 0.9, 4), {"units": "1"})
    stranger = lambda cue, pH: cue * pH / 14  # noqa: E731
    chosen = (
        None,
        "constant",
        ["moisture-oxygen", "ph-acidity"],
        {"level": {"shift": 0.3}},
        "active-fraction",
        stranger,
    )
    jax.config.update("jax_log_compiles", True)
    try:
        with caplog.at_level("WARNING"):
            states = [sc.model("somic", cue=cue).steady_state(drivers, eigenvalues=False) for cue in chosen]
    finally:
        jax.config.update("jax_log_compiles", False)
    told = [record.getMessage() for record in caplog.records]
    assert sum("Compiling jit(_cue_slots)" in line for line in told) >= len(chosen) - 2  # small, and one a scheme
    # none where a test before this one compiled it already
    assert sum("Compiling jit(_run_blocks)" in line for line in told) <= 1
    assert len({float(state["soil_carbon"].sum()) for state in states}) == len(chosen)
    assert "water potential" not in states[0].attrs["assumptions"]


def test_water_potential_is_derived_and_said_to_be():
    state = sc.model("somic", cue="moisture-potential").steady_state(
        plausible.cells(4).drop_vars("water_potential"), eigenvalues=False
    )
    assert "water potential is derived from moisture" in state.attrs["assumptions"]
    with pytest.raises(InputError, match="lacks the variable 'active_fraction'"):
        sc.model("somic", cue="active-fraction").steady_state(plausible.cells(4))


def test_a_model_with_maintenance_of_its_own_refuses_a_scheme_that_contains_it():
    with pytest.raises(InputError, match=r"'mend' does not take the scheme 'active-fraction'.*maintenance.*twice"):
        sc.model("mend", cue="active-fraction")
    notes = sc.model("mimics", cue="substrate-energy").scheme_notes
    assert notes == (
        "MIMICS: the CUE of its slots contains growth respiration, maintenance, overflow, exudation; the scheme "
        "substrate-energy speaks of growth respiration, and what it does not speak of is taken to change along",
    )


# ---- beyond the evidence -----------------------------------------------------------------------------------------


def test_cells_beyond_the_evidence_are_flagged_and_counted():
    """Hot cells under a scheme that knows 0 to 35 degrees: per cell, and in one line that says how many."""
    drivers = plausible.cells(4).assign(temperature=("site", [5.0, 36.0, 38.0, np.nan], {"units": "degC"}))
    model = sc.model("somic", cue=["temperature-linear", "ph-acidity"])
    state = model.steady_state(drivers, eigenvalues=False)
    flags = state["beyond_evidence"]
    assert (flags & 1).values.tolist() == [0, 1, 1, 0]
    assert "temperature-linear:_temperature_outside" in flags.attrs["flag_meanings"]
    assert flags.attrs["flag_masks"].dtype == flags.dtype
    said = [line for line in state.attrs["assumptions"].splitlines() if "temperature-linear: temperature" in line]
    assert len(said) == 1
    assert "in 2 of 3 cells" in said[0]
    inside = model.steady_state(drivers.isel(site=[0]), eigenvalues=False)
    assert "temperature-linear: temperature" not in inside.attrs["assumptions"]
    assert "beyond_evidence" not in sc.model("somic").steady_state(drivers, eigenvalues=False)


def test_a_run_that_leaves_the_evidence_in_one_month_says_so():
    one = plausible.cells(1)
    warmth = np.full(12, 10.0)
    warmth[6] = 38.0
    months = one.assign(temperature=("month", warmth, {"units": "degC"}))
    model = sc.model("somic", cue="temperature-linear")
    start = model.steady_state(months, season="annual-mean", eigenvalues=False)
    assert int(start["beyond_evidence"][0]) == 0  # the mean of the year is not
    run = model.simulate(months, start=start, years=1, method="patankar")
    assert int(run["beyond_evidence"][0]) == 1
    assert "in 1 of 1 cells" in run.attrs["assumptions"]
