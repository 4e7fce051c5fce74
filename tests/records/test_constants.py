"""Common constants: the algebra of the operators, what can be brought and what cannot, raw values."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import soilcue.core.precision  # noqa: F401  (64 bits, before any array)
from soilcue.core.errors import InputError
from soilcue.measure import METHODS
from soilcue.records import Constants, Record, embedded, recompute
from soilcue.records.constants import (
    IMPOSSIBLE,
    OUTSIDE,
    RECOMPUTED,
    SAME,
    cue_by_atom_percent,
    cue_by_excess,
    cue_with_fdna,
    cue_with_kec,
    cue_with_oxygen_from_water,
    raw_cue,
    rescaled_cue,
)
from soilcue.records.schema import nested

fractions = st.floats(0.01, 0.99)
factors = st.floats(0.05, 20)

WORKED = {
    "carbon_fumigated": 400.0,
    "carbon_unfumigated": 120.0,
    "atom_percent_fumigated": 1.60,
    "atom_percent_unfumigated": 1.35,
    "atom_percent_biomass_control": 1.075,
    "atom_percent_substrate": 5.0,
    "atom_percent_substrate_control": 1.09,
    "co2": [60.0],
    "atom_percent_co2": [2.20],
    "atom_percent_co2_control": [1.075],
    "kec": 0.45,
}
"""The worked example of 13C by fumigation-extraction: CUE 0.8540043 with kEC 0.45."""


def record(**values):
    short = {"cue": "cueInfo.cue.mean", "family": "cueInfo.methodFamily", "method": "cueInfo.method"}
    constants = set(Constants.__dataclass_fields__) | {"waterAtomPercent"}
    paths = {key: short.get(key) or (f"cueInfo.conversions.{key}" if key in constants else key) for key in values}
    return Record.model_validate(nested({"id": "a", **{paths[key]: value for key, value in values.items()}}))


def test_worked_example_of_kec():
    """CUE 0.8540043 with 0.45 becomes 0.8738498 with 0.38 and 0.7246910 with 1."""
    assert cue_with_kec(0.8540043, 0.45, 0.38) == pytest.approx(0.8738498, abs=1e-7)
    assert cue_with_kec(0.8540043, 0.45, 1.0) == pytest.approx(0.7246910, abs=1e-7)


def test_worked_example_of_excess():
    """0.5347215 in the paper's form is 0.5372840 with the excess over natural water."""
    assert cue_by_excess(0.5347215, 19.5604) == pytest.approx(0.5372840, abs=1e-7)
    assert cue_by_atom_percent(0.5372840, 19.5604) == pytest.approx(0.5347215, abs=1e-7)


@settings(max_examples=200, deadline=None)
@given(fractions, factors, factors)
def test_rescaling_is_a_group(cue, one, other):
    both = rescaled_cue(rescaled_cue(cue, one), other)
    assert both == pytest.approx(rescaled_cue(cue, one * other), rel=1e-10)
    assert rescaled_cue(rescaled_cue(cue, one), 1 / one) == pytest.approx(cue, rel=1e-10)
    assert rescaled_cue(cue, 1.0) == pytest.approx(cue, rel=1e-14)
    assert 0 < both < 1


@settings(max_examples=100, deadline=None)
@given(fractions, st.floats(0.1, 1), st.floats(0.1, 1))
def test_direction_of_each_constant(cue, one, other):
    up = one < other
    if abs(one - other) > 1e-6:
        assert (cue_with_kec(cue, one, other) < cue) == up  # more is extracted: less biomass
        assert (cue_with_oxygen_from_water(cue, one, other) < cue) == up  # more of the oxygen is accounted for
        assert (cue_with_fdna(cue, one, other) > cue) == up  # more carbon goes with DNA
    assert cue_by_excess(cue, 10.0) > cue


@settings(max_examples=100, deadline=None)
@given(st.floats(0.1, 100), st.floats(0.1, 100), factors)
def test_rescaling_is_growth_times_a_factor(growth, respiration, factor):
    expected = factor * growth / (factor * growth + respiration)
    assert rescaled_cue(growth / (growth + respiration), factor) == pytest.approx(expected, rel=1e-10)


def test_operators_are_differentiable():
    slope = jax.grad(cue_with_kec, argnums=2)(0.6, 0.45, 0.38)
    step = 1e-6
    numerical = (cue_with_kec(0.6, 0.45, 0.38 + step) - cue_with_kec(0.6, 0.45, 0.38 - step)) / (2 * step)
    assert float(slope) == pytest.approx(numerical, rel=1e-5)
    factor = 20 / (20 - 0.2005)
    assert float(jax.grad(cue_by_excess)(0.5, 20.0)) == pytest.approx(factor / (0.5 * factor + 0.5) ** 2, rel=1e-12)


@pytest.mark.parametrize(
    ("one", "wanted", "status", "cue"),
    [
        (record(cue=0.5, family="carbon_label", kEC=0.45), {"kEC": 0.45}, SAME, 0.5),
        (record(cue=0.5, family="carbon_label", kEC=0.45), {"kEC": 0.9}, RECOMPUTED, 1 / 3),
        (record(cue=0.5, family="carbon_label"), {"kEC": 0.9}, IMPOSSIBLE, 0.5),
        (record(cue=0.5, family="water_label", kEC=0.45), {"kEC": 0.9}, OUTSIDE, 0.5),
        (record(cue=0.5, family="water_label", fDNA=20), {"fDNA": 40}, RECOMPUTED, 2 / 3),
        (record(cue=0.5, family="water_label"), {"fDNA": 40}, IMPOSSIBLE, 0.5),
        (record(cue=0.5, family="water_label", oxygenFromWater=1), {"oxygenFromWater": 0.5}, RECOMPUTED, 2 / 3),
        (
            record(cue=0.5, family="water_label", waterExcess=False, waterAtomPercent=0.401),
            {"waterExcess": True},
            RECOMPUTED,
            2 / 3,
        ),
        (record(cue=0.5, family="water_label", waterExcess=False), {"waterExcess": True}, IMPOSSIBLE, 0.5),
        (record(cue=0.5, family="water_label", waterAtomPercent=10), {"waterExcess": True}, IMPOSSIBLE, 0.5),
        (record(cue=0.5, family="carbon_label"), {"isotopeStandard": 0.0111802}, IMPOSSIBLE, 0.5),
        (record(cue=0.5, family="stoichiometry"), {"kEC": 0.4}, OUTSIDE, 0.5),
        (record(cue=0.5, family="batch_growth", **{"cueInfo.level": "P"}), {"kEC": 0.4}, OUTSIDE, 0.5),
        (record(cue=0.5, family="carbon_label", method="oxygen_label", kEC=0.4), {"kEC": 0.5}, OUTSIDE, 0.5),
    ],
)
def test_what_happens_to_one_record(one, wanted, status, cue):
    row = recompute([one], Constants(**wanted)).loc["a"]
    assert row[next(iter(wanted))] == status
    assert row["cue_common"] == pytest.approx(cue)
    assert row["shift"] == pytest.approx(cue - 0.5)
    assert row["complete"] == (status != IMPOSSIBLE)
    assert bool(row["reason"]) == (status == IMPOSSIBLE)


def test_two_constants_follow_one_another():
    one = record(cue=0.5, family="water_label", fDNA=20, oxygenFromWater=1)
    row = recompute([one], Constants(fDNA=40, oxygenFromWater=0.5)).loc["a"]
    assert row["cue_common"] == pytest.approx(0.8)


def raw_record(**more):
    return record(
        cue=0.8540043,
        family="carbon_label",
        method="carbon_label",
        kEC=0.45,
        isotopeStandard=0.0111802,
        **{"cueInfo.raw": WORKED, "cueInfo.deltas": "atom_percent_co2 atom_percent_co2_control"},
        **more,
    )


def test_raw_values_go_through_the_estimator():
    one = raw_record()
    assert raw_cue(one, Constants(kEC=0.38)) == pytest.approx(0.8738498, abs=1e-7)
    assert raw_cue(one, Constants(kEC=1.0)) == pytest.approx(0.7246910, abs=1e-7)
    assert raw_cue(one, Constants(isotopeStandard=0.0111802)) == pytest.approx(0.8540043, abs=1e-7)
    moved = raw_cue(one, Constants(isotopeStandard=0.0112372))
    assert 0 < abs(moved - 0.8540043) < 0.01
    row = recompute([one], Constants(kEC=0.38, isotopeStandard=0.0112372)).loc["a"]
    assert row["isotopeStandard"] == RECOMPUTED
    assert row["complete"]
    assert row["cue_common"] == pytest.approx(raw_cue(one, Constants(kEC=0.38, isotopeStandard=0.0112372)))


def test_a_standard_moves_atom_percent_as_its_delta_says():
    """All mixing is in atom percent, so a standard that scales all ratios alike hardly moves CUE; not at all at the
    limit of small ratios."""
    values = {name: np.array(value) for name, value in WORKED.items()}
    estimate = METHODS["carbon_label"].estimate
    scaled = {n: v * 1.01 if n.startswith("atom_percent") else v for n, v in values.items()}
    assert float(estimate(scaled)["cue"]) == pytest.approx(float(estimate(values)["cue"]), rel=1e-12)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cueInfo.raw": {**WORKED, "kec": 0.3}, "cueInfo.conversions.kEC": 0.3}, "its raw values give a CUE"),
        ({"cueInfo.raw": {k: v for k, v in WORKED.items() if k != "co2"}}, "co2 is missing"),
        ({"cueInfo.raw": None}, "no raw values"),
        ({"cueInfo.method": None}, "method is not told"),
        ({"cueInfo.conversions.isotopeStandard": None}, "standard behind its delta values is not told"),
        ({"cueInfo.deltas": None}, "which of its raw values were delta values"),
    ],
)
def test_raw_values_that_do_not_do_are_refused(change, words):
    one = Record.model_validate(
        nested(
            {
                "id": "a",
                "cueInfo.cue.mean": 0.8540043,
                "cueInfo.method": "carbon_label",
                "cueInfo.methodFamily": "carbon_label",
                "cueInfo.conversions.kEC": 0.45,
                "cueInfo.conversions.isotopeStandard": 0.0111802,
                "cueInfo.raw": WORKED,
                "cueInfo.deltas": "atom_percent_co2",
                **change,
            }
        )
    )
    wanted = Constants(isotopeStandard=0.0112372)
    with pytest.raises(InputError, match=words):
        raw_cue(one, wanted)
    assert recompute([one], wanted).loc["a", "isotopeStandard"] == IMPOSSIBLE


def test_embedded_records():
    table = recompute(embedded(), Constants(kEC=0.38))
    assert table["kEC"].value_counts().to_dict() == {OUTSIDE: 790, RECOMPUTED: 12}
    moved = table[table["kEC"] == RECOMPUTED]
    assert (moved["shift"] > 0).all()
    assert moved.loc["capek_anaerobic:PL:A:24", "cue_common"] == pytest.approx(
        (56.873204 / 0.38 * 0.45) / (56.873204 / 0.38 * 0.45 + 22.523494), abs=1e-7
    )


@pytest.mark.parametrize("wrong", [{"kEC": 0.0}, {"kEC": 1.2}, {"oxygenFromWater": 2}, {"isotopeStandard": 0.1}])
def test_impossible_constants_are_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        Constants(**wrong)


def test_no_constant_at_all_is_refused():
    with pytest.raises(InputError, match=r"Constants\(kEC=0.45\)"):
        recompute(embedded(), Constants())
