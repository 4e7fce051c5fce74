"""Flags: what cannot be, broken identities, repeats, studies in two tables."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soilcue.records import Record, checked
from soilcue.records.checks import broken_identity, study_key, with_repeats, with_shared_studies
from soilcue.records.schema import nested


def record(name="a", **values):
    """A record of CUE; keyword ``growth`` is `cueInfo.growth.mean`, and so on."""
    paths = {key: f"cueInfo.{key}.mean" for key in ("growth", "respiration", "uptake", "cue")}
    short = {
        "family": "cueInfo.methodFamily",
        "definition": "cueInfo.definition",
        "study": "study",
        "dataset": "dataset",
    }
    return Record.model_validate(
        nested({"id": name, **{paths.get(key) or short.get(key, key): value for key, value in values.items()}})
    )


def codes(one):
    return {flag.code for flag in checked(one).flags}


rates = st.floats(1e-3, 1e3)


@settings(max_examples=200, deadline=None)
@given(rates, rates, st.integers(2, 6))
def test_an_identity_that_holds_to_its_digits_is_not_called_broken(growth, respiration, digits):
    cue = round(growth / (growth + respiration), digits)
    assert broken_identity(record(growth=growth, respiration=respiration, cue=cue)) is None
    assert broken_identity(record(growth=growth, uptake=growth + respiration, cue=cue)) is None
    uptake = growth + respiration
    assert (
        broken_identity(record(respiration=respiration, uptake=uptake, cue=round(1 - respiration / uptake, 6))) is None
    )


@settings(max_examples=100, deadline=None)
@given(rates, rates, st.floats(0.002, 0.3))
def test_an_identity_off_by_more_than_its_digits_is(growth, respiration, off):
    growth, respiration = growth * 1.23456789012, respiration * 1.23456789012  # many digits
    cue = growth / (growth + respiration) + off
    one = record(growth=growth, respiration=respiration, cue=cue)
    assert "G/(G+R)" in broken_identity(one)
    assert "identity" in codes(one)


def test_digits_of_the_parts_count():
    # 0.001 may be anything from 0.0005 to 0.0015
    assert broken_identity(record(growth=0.001, respiration=0.5, cue=0.0027)) is None
    assert broken_identity(record(growth=0.001, respiration=0.5, cue=0.0047)) is not None


def test_zero_over_zero_is_said():
    assert "both zero" in broken_identity(record(growth=0.0, respiration=0.0, cue=0.4))


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"cue": 1.01}, "above_one"),
        ({"cue": 41.0}, "above_one"),
        ({"cue": -0.1, "family": "water_label"}, "negative"),
        ({"cue": 0.4, "respiration": -1.0}, "negative_respiration"),
        ({"cue": 0.4, "growth": -1.0, "family": "carbon_label"}, "negative_growth"),
        ({"cue": 0.4, "definition": "MBC/(MBC + CO2-C)"}, "invalid_definition"),
        ({"cue": 0.4, "definition": "MBC / (CO2-C + MBC)"}, "invalid_definition"),
        ({"cue": 0.4, "cueInfo.cue.sd": 0.1, "cueInfo.cue.se": 0.1, "cueInfo.cue.n": 4}, "spread"),
        (
            {"initConditions.percentClay": 50, "initConditions.percentSand": 60, "initConditions.percentSilt": 10},
            "texture",
        ),
        ({"incubationInfo.depthInfo.top": 10, "incubationInfo.depthInfo.bottom": 5}, "depth"),
        ({"cueInfo.substrateToBiomass": 1e-6}, "dose"),
        ({"cue": 0.4}, "no_method"),
    ],
)
def test_what_is_wrong_is_flagged(values, code):
    assert code in codes(record(**values))


@pytest.mark.parametrize(
    "values",
    [
        {"cue": 1.0, "cueInfo.method": "carbon_label"},
        {"cue": -0.4, "family": "batch_growth", "growth": -2.0, "respiration": 7.0, "cueInfo.method": "x"},
        {"cue": 0.4, "cueInfo.cue.sd": 0.1, "cueInfo.cue.se": 0.05, "cueInfo.cue.n": 4, "cueInfo.method": "x"},
        {"cue": 0.4, "definition": "labelled biomass/(labelled biomass + labelled CO2)", "cueInfo.method": "x"},
        {"cue": 0.4, "cueInfo.evidence": "modelled"},
    ],
)
def test_what_can_be_is_not_flagged(values):
    assert codes(record(**values)) == set()


def test_a_flag_is_set_once():
    once = checked(record(cue=1.2))
    assert checked(once) == once


def test_repeats_are_flagged_and_kept():
    records = with_repeats([record("a", cue=0.4), record("b", cue=0.4), record("c", cue=0.5), record("d", cue=0.4)])
    assert [one.id for one in records] == ["a", "b", "c", "d"]
    assert [[flag.code for flag in one.flags] for one in records] == [[], ["repeat"], [], ["repeat"]]
    assert "the same as a" in records[3].flags[0].reason
    assert all(not one.flags for one in with_repeats([record("a"), record("b")]))  # nothing measured in either


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Kallenbach et al. 2015", "Kallenbach et al 2015"),
        ("Šantrůčková et al. 2004", "Santruckova et al 2004"),
        ("Roberts P and Jones DL, 2012", "Roberts et al. 2012"),
        ("Anderson and Domsch, 1986", "Anderson & Domsch 1986"),
        ("Li JH et al 2020", "Li et al. 2020"),
    ],
)
def test_one_study_written_in_two_ways(one, other):
    assert study_key(one) == study_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Li et al. 2003", "Li et al. 2021"), ("Chen et al. 2018", "Chu et al. 2003"), ("A", "B")]
)
def test_two_studies_stay_two(one, other):
    assert study_key(one) != study_key(other)


def test_studies_in_two_tables_are_named():
    here = [record("a", cue=0.4, study="Tucker et al. 2013", dataset="x"), record("b", cue=0.4, dataset="x")]
    there = [record("c", cue=0.5, study="Tucker et al 2013", dataset="y")]
    first, second = with_shared_studies([here, there])
    assert [len(one.flags) for one in first] == [1, 0]
    assert "also in y" in first[0].flags[0].reason
    assert "also in x" in second[0].flags[0].reason
