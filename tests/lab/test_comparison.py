"""Scenarios, closed forms, translation between methods and advice on designs."""

import numpy as np
import pytest

from soilcue.core.errors import InputError
from soilcue.lab import SCENARIOS, compare, directions, incubate, readings, reference_jar, responses, translate, truths
from soilcue.lab.closed_forms import at_start, dna_left, label_through_time
from soilcue.measure.methods import METHODS

HOURS = (1.0, 6.0, 24.0, 72.0, 168.0)


@pytest.fixture(scope="module")
def table():
    return compare(hours=HOURS)


def bias(table, scenario, method, hour=24.0, against="bias_community"):
    row = table[(table.scenario == scenario) & (table.method == method) & (table.hours == hour)]
    return float(row[against].iloc[0])


# ---- closed forms -------------------------------------------------------------------------------------------------


def test_every_method_starts_at_its_closed_form():
    """The operator on rates is what it reads of the model in the first minute."""
    parameters = {"exudation": 0.1, "overflow": 0.08, "growth_yield": 0.6}
    first = incubate(reference_jar(parameters), (0.02,)).incubation
    u = first.uptake[0]
    closed = at_start(0.6, 0.1, 0.08, first.maintenance[0] / u, first.mortality[0] / u)
    expected = readings(closed)
    found = readings(first)
    assert set(found) == set(expected)
    for name, value in found.items():
        np.testing.assert_allclose(value[0], expected[name], atol=2e-5, err_msg=name)
    assert {"carbon_label", "oxygen_label"} <= set(found)


def test_closed_form_of_label_has_the_printed_values():
    hours = np.array([1.0, 6.0, 24.0, 72.0, 168.0])
    biomass, respired = label_through_time(hours, 0.05, 0.665, 0.285, 5e-4, 1e-3)
    np.testing.assert_allclose(
        biomass / (biomass + respired), [0.699771, 0.698568, 0.693498, 0.675680, 0.634310], atol=6e-7
    )


def test_label_in_the_model_falls_as_its_closed_form_does():
    """Where nothing comes back, it is met to two thousandths over a week, though uptake is not of first order."""
    hours = np.array(HOURS)
    run = incubate(reference_jar({"release": 0.0}), HOURS)
    i = run.incubation
    u = -np.log(1 - i.label_uptake / i.label_added) / hours
    biomass, respired = label_through_time(hours, u, 0.665, 0.285, 5e-4, 1e-3)
    np.testing.assert_allclose(METHODS["carbon_label"].reading(i), biomass / (biomass + respired), atol=2e-3)


def test_dna_lost_during_the_incubation_is_the_closed_form():
    """18O against growth tracers: the DNA left of a nearly steady growth is (1 - exp(-kt))/(kt)."""
    i = incubate(reference_jar({"mortality": 2e-3}), (6.0, 24.0)).incubation
    np.testing.assert_allclose(i.dna_made / i.growth, dna_left(i.time, 2e-3), rtol=2e-3)


# ---- scenarios ------------------------------------------------------------------------------------------------------


def test_every_scenario_closes_and_is_exact(table):
    assert set(table.scenario) == set(SCENARIOS)
    assert table.closure.max() < 1e-10
    assert table.integration_error.max() < 1e-9
    assert np.isfinite(table[["cue_community", "cue_ecosystem", "cue_community_left_alone"]]).all(axis=None)


def test_label_methods_have_nothing_to_read_without_label(table):
    rows = table[(table.scenario == "no_substrate") & (table.method == "carbon_label")]
    assert rows.reading.isna().all()


def test_scenarios_move_methods_as_the_notes_say(table):
    """Science notes of the virtual laboratory, readings after a day."""
    assert bias(table, "kec", "carbon_label") < 0 < bias(table, "base", "carbon_label")
    assert bias(table, "fdna", "oxygen_label") > bias(table, "base", "oxygen_label")
    assert bias(table, "oxygen_from_water", "oxygen_label") < -0.15
    assert bias(table, "relic_dna", "oxygen_label") < bias(table, "base", "oxygen_label")
    assert bias(table, "high_exudation", "carbon_label") > bias(table, "base", "carbon_label") + 0.05
    # the substrate itself raises CUE
    day = table[(table.scenario == "base") & (table.hours == 24.0)].iloc[0]
    assert day.cue_community > day.cue_community_left_alone
    np.testing.assert_allclose(day.cue_community_left_alone, 0.4846252, atol=1e-6)


def test_liquid_water_overestimates_in_dry_soil(table):
    """Canarini et al. (2020): the soil that is wetted is another one."""
    rows = table[(table.scenario == "dry_soil") & (table.method == "oxygen_label") & (table.hours == 24.0)]
    assert rows.bias_left_alone.iloc[0] > 0.2
    moist = table[(table.scenario == "base") & (table.method == "oxygen_label") & (table.hours == 24.0)]
    assert abs(moist.bias_left_alone.iloc[0]) < 0.15


def test_directions_of_bias():
    found = directions()
    assert found.loc["carbon_label", "exudation"] == 1
    assert found.loc["carbon_label", "maintenance"] == 1
    assert found.loc["carbon_label", "mortality"] == -1
    assert found.loc["oxygen_label", "mortality"] == -1
    assert found.loc["oxygen_label", "exudation"] == 1
    assert found.loc["carbon_label", "time"] == 1  # it sees maintenance only slowly, while the truth falls


def test_responses_follow_what_is_varied():
    found = responses(("dose", "exudation"))
    label = found[found.method == "carbon_label"]
    dose = label[label.varied == "dose"].sort_values("value")
    assert (np.diff(dose.cue_community) > 0).all()  # maintenance is diluted by more uptake
    exuded = label[label.varied == "exudation"].sort_values("value")
    assert (np.diff(exuded.cue_community) < 0).all()
    assert np.ptp(exuded.reading) < 0.01


def test_soil_at_hand_replaces_the_reference():
    found = compare(["base", "high_exudation"], (24.0,), parameters={"exudation": 0.0, "growth_yield": 0.5})
    first = found[found.method == "carbon_label"].set_index("scenario")
    assert first.loc["base", "reading"] < 0.5
    assert first.loc["high_exudation", "cue_community"] < first.loc["base", "cue_community"] - 0.05


# ---- translation ----------------------------------------------------------------------------------------------------


def test_translation_finds_the_soil_that_was_read():
    """With all but the growth yield known, another method's reading and the truth come out exactly."""
    known = {"maintenance": 5e-4, "mortality": 5e-4, "largest_uptake": 0.012, "exudation": 0.05, "overflow": 0.0}
    i = incubate(reference_jar(known | {"growth_yield": 0.63}), (24.0,)).incubation
    read = float(METHODS["carbon_label"].reading(i)[0])
    found = translate("carbon_label", read, 24.0, parameters=known, cells={}, draws=10)
    np.testing.assert_allclose(found.loc["growth_yield", "median"], 0.63, atol=1e-8)
    np.testing.assert_allclose(found.loc["oxygen_label", "median"], METHODS["oxygen_label"].reading(i)[0], atol=1e-8)
    np.testing.assert_allclose(found.loc["cue_community", "median"], truths(i)["cue_community"][0], atol=1e-8)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: compare([]), "no scenario"),
        (lambda: compare(["bases"]), "Did you mean 'base'"),
        (lambda: compare(["base"], assumed={"kEC": 0.4}), "unknown factor"),
        (lambda: compare(["base"], assumed={"kec": 45.0}), "kec is 45"),
        (lambda: responses(("clay",)), "unknown quantity"),
        (lambda: translate("carbon_lable", 0.5, draws=10), "Did you mean 'carbon_label'"),
        (lambda: translate("carbon_label", 1.5), "between 0 and 1"),
        (lambda: translate("carbon_label", 0.5, draws=2), "at least 10"),
    ],
)
def test_bad_questions_are_refused(call, words):
    with pytest.raises(InputError, match=words):
        call()
