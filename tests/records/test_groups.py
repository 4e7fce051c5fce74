"""Means in which studies count, and the groups that must not be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soilcue.core.errors import InputError
from soilcue.records import Record, embedded, refuse_mixture, study_means
from soilcue.records.groups import KINDS, shared_methods, study_weights, weighted_quantiles
from soilcue.records.schema import nested


def record(name, study, cue, family="carbon_label", **more):
    values = {"id": name, "study": study, "cueInfo.cue.mean": cue, "cueInfo.methodFamily": family, **more}
    return Record.model_validate(nested(values))


FEW_AND_MANY = [record(f"a{i}", "Many 2001", 0.2) for i in range(18)] + [record("b", "Few 2002", 0.8)]


def test_a_study_counts_once_however_many_rows_it_has():
    row = study_means(FEW_AND_MANY).loc["carbon_label"]
    assert row["mean"] == pytest.approx(0.5)
    assert row["mean_of_rows"] == pytest.approx((18 * 0.2 + 0.8) / 19)
    assert row["sd"] == pytest.approx(np.std([0.2, 0.8], ddof=1))
    assert (row["studies"], row["records"]) == (2, 19)
    half = 12.706204736 * row["sd"] / np.sqrt(2)  # Student's t, one degree of freedom
    assert (row["lower"], row["upper"]) == pytest.approx((0.5 - half, 0.5 + half))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 5), st.floats(0, 1)), min_size=2, max_size=30))
def test_repeating_every_row_changes_nothing(rows):
    records = [record(str(i), f"Author 200{study}", cue) for i, (study, cue) in enumerate(rows)]
    again = [one.model_copy(update={"id": f"again {one.id}"}) for one in records]
    first, twice = study_means(records), study_means([*records, *again])
    np.testing.assert_allclose(first["mean"], twice["mean"])
    np.testing.assert_allclose(first["sd"], twice["sd"], atol=1e-12)
    assert study_weights(records).sum() == pytest.approx(1)


def test_one_study_has_no_interval():
    row = study_means(FEW_AND_MANY[:3]).loc["carbon_label"]
    assert np.isnan([row["sd"], row["lower"], row["upper"]]).all()


def test_what_is_left_out_is_counted():
    bad = record("c", "Bad 2003", 1.4).flagged("above_one", "impossible", "no")
    without = Record(id="d")
    table = study_means([*FEW_AND_MANY, bad, without], by="siteInfo.landCover")
    assert table.empty
    assert table.attrs == {"without_cue": 1, "impossible": 1, "without_group": 19}


def test_a_study_without_a_name_is_one_of_its_own():
    row = study_means([record("a", None, 0.2), record("b", None, 0.4)]).loc["carbon_label"]
    assert row["studies"] == 2


@pytest.mark.parametrize("family", KINDS)
@pytest.mark.parametrize("other", ["water_label", None, "growth_tracer"])
def test_stoichiometric_and_modelled_cue_is_never_pooled_with_others(family, other):
    records = [record("a", "One 2001", 0.3, family), record("b", "Two 2002", 0.4, other)]
    with pytest.raises(InputError, match="cannot be pooled"):
        refuse_mixture(records)
    with pytest.raises(InputError, match=r"cueInfo\.methodFamily"):
        study_means(records, by=lambda one: "all")
    refuse_mixture(records[:1])
    if other:
        assert len(study_means(records)) == 2  # side by side is allowed


def test_measured_methods_may_be_pooled():
    refuse_mixture([record("a", "One 2001", 0.3, "water_label"), record("b", "Two 2002", 0.4)])


def test_quantiles_by_weight():
    values = np.array([3.0, 1.0, 2.0])
    assert weighted_quantiles(values, np.ones(3), (0.0, 0.5, 1.0)).tolist() == [1.0, 2.0, 3.0]
    assert weighted_quantiles(values, np.array([8.0, 1.0, 1.0]), (0.5,)).tolist() == [3.0]


def test_methods_and_studies():
    both = [record("a", "One 2001", 0.3), record("b", "One 2001", 0.4, "water_label"), record("c", "Two 2002", 0.4)]
    assert shared_methods(both) == (1, 2)
    assert shared_methods(embedded()) == (0, 4)


@pytest.mark.shared
def test_means_of_the_tables_at_hand(readings):
    """Of yu2025: water-label 0.359 by rows, as its notes say; by studies it is 0.347."""
    yu = study_means(readings["yu2025"].records)
    assert yu.loc["water_label", ["studies", "records"]].tolist() == [8, 138]
    assert yu.loc["water_label", "mean_of_rows"] == pytest.approx(0.359, abs=5e-4)
    assert yu.loc["water_label", "mean"] == pytest.approx(0.3468, abs=5e-5)
    glucose = [one for one in readings["yu2025"].records if one.cueInfo.substrate == "glucose"]
    assert study_means(glucose).loc["carbon_label", "mean_of_rows"] == pytest.approx(0.664, abs=5e-4)
    hu = study_means(readings["hu2024"].records).loc["carbon_label"]
    assert (hu["studies"], hu["records"]) == (23, 86)
