"""Sheets with anything in any cell: a result or a message, never a traceback."""

import contextlib
import dataclasses
import datetime
import functools
import math
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soilcue.core.errors import InputError
from soilcue.measure.measurement import measurement
from soilcue.measure.methods import METHODS
from soilcue.measure.samples import samples_of_sheets
from soilcue.measure.sheets import read_sheets
from soilcue.measure.workbooks import write_template
from soilcue.report.measure_page import summary_lines

# cells as they are found in sheets, and as nobody would have them
CELLS = st.one_of(
    st.none(),
    st.sampled_from(
        [
            "",
            " ",
            "NA",
            "n.d.",
            "<0.1",
            "1,5",
            "1.234,5",
            "#DIV/0!",
            "#REF!",
            "=A1/0",
            "1e400",
            "5%",
            "ug g-1",
            "‰",
            "sample",
            "−3",
        ]
    ),
    st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=8),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.integers(-(10**6), 10**6),
    st.booleans(),
    st.datetimes(datetime.datetime(1990, 1, 1), datetime.datetime(2040, 1, 1)),
)
PLACES = st.tuples(st.integers(1, 8), st.integers(1, 14))
FUZZ = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("name", ["oxygen_label", "carbon_label", "radiocarbon_kinetics"])
@FUZZ
@given(
    changes=st.dictionaries(PLACES, CELLS, max_size=12),
    study=st.dictionaries(st.tuples(st.integers(1, 9), st.integers(1, 4)), CELLS, max_size=4),
    keep_going=st.booleans(),
)
def test_any_workbook_gives_a_result_or_a_message(name, changes, study, keep_going):
    samples, other, _ = filled_template(name)
    fuzzed = [with_cells(samples, changes), with_cells(other, study)]
    compute_or_say(lambda: measurement(samples_of_sheets(METHODS[name], fuzzed, keep_going=keep_going)))


def with_cells(sheet, changes):
    """The sheet with some cells holding something else."""
    rows = [list(row) for row in sheet.rows]
    for (i, j), value in changes.items():
        rows.extend([] for _ in range(i - len(rows)))
        rows[i - 1].extend([None] * (j - len(rows[i - 1])))
        rows[i - 1][j - 1] = value
    return dataclasses.replace(sheet, rows=rows)


@functools.cache
def filled_template(name):
    """Sheets of a method's template with its example as samples."""
    with tempfile.TemporaryDirectory() as folder:
        samples, study, notes = read_sheets(write_template(METHODS[name], Path(folder) / "sheet.xlsx"))
    rows = [list(row) for row in samples.rows]
    examples = rows[2:]
    several = len(examples) > 1
    filled = [["s0" if several else f"s{k}", *examples[k % len(examples)][1:]] for k in range(6)]
    settings_rows = [[*row[:1], 0.45, *row[2:]] if row[0] == "kec" else list(row) for row in study.rows]
    return dataclasses.replace(samples, rows=rows[:2] + filled), dataclasses.replace(study, rows=settings_rows), notes


@pytest.mark.parametrize("name", ["batch_growth", "growth_tracers"])
@FUZZ
@given(
    content=st.one_of(
        st.binary(max_size=200),
        st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")),
        st.lists(
            st.lists(
                st.sampled_from(["sample", "biomass_start", "biomass_end", "respired", "1", "2,5", "ug", "x", "", '"']),
                max_size=5,
            ),
            max_size=6,
        ).map(lambda rows: "\n".join(";".join(row) for row in rows).encode()),
    )
)
def test_any_bytes_give_a_result_or_a_message(name, content, tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz") / "sheet.csv"
    path.write_bytes(content)
    compute_or_say(lambda: METHODS[name](path, keep_going=True))


def compute_or_say(work):
    """Nothing but an error for the user comes out, and if a result does, it is one."""
    with contextlib.suppress(InputError):
        result = work()
        assert len(result.samples)
        assert all(math.isfinite(cue) for cue in result.samples["cue"])
        assert summary_lines(result)
