"""Files of drivers that change, harmed at random or in a known way: run, or refused by one message that names them."""

import os
import random
from pathlib import Path

import numpy as np
import pytest
from command import soilcue
from harmed_netcdf import changing, harmed, write_plainly
from small_study import STUDY, message_of

from soilcue.study import plan_of, read_study, run_study

CHANGING = """\
  - name: changing
    kind: transient
    start: {first_years: 1}
    drivers: {netcdf: changing.nc}
"""


@pytest.fixture
def dated_study(study) -> Path:
    """A study of one run under the changing drivers."""
    study.write_text(STUDY[: STUDY.index("  - {name: today")] + CHANGING)
    return study


@pytest.mark.parametrize("seed", range(0, 60, 20))
def test_any_file_is_laid_out_or_refused_by_name(seed, dated_study):
    for one in range(seed, seed + 20):
        write_plainly(harmed(random.Random(one)), dated_study.with_name("changing.nc"))
        message = message_of(lambda: plan_of(read_study(dated_study)))
        assert not message or "changing.nc" in message, (one, message)


@pytest.mark.parametrize("seed", [7043, 7044, 8368, 20127])
def test_what_is_laid_out_runs_or_is_refused_by_name(seed, dated_study, tmp_path):
    write_plainly(harmed(random.Random(seed)), dated_study.with_name("changing.nc"))
    message = message_of(lambda: run_study(plan_of(read_study(dated_study)), tmp_path / "results"))
    assert not message or "changing.nc" in message, message
    assert message or os.listdir(tmp_path / "results") == ["century.changing.nc"]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def times(values, **attributes):
    """A file whose times are other ones."""

    def change(path: Path) -> None:
        data = changing()
        write_plainly(data.assign(time=("time", np.asarray(values, float), data["time"].attrs | attributes)), path)

    return change


def variable(name: str, values, **attributes):
    """A file in which a variable has other values or attributes."""

    def change(path: Path) -> None:
        data = changing()
        whole = np.broadcast_to(values, data[name].shape) if values is not None else data[name].values
        write_plainly(data.assign({name: (data[name].dims, whole, data[name].attrs | attributes)}), path)

    return change


MONTHS = 15 + 30.4 * np.arange(24)
FILES = {
    "cut off": (cut, "cut off or damaged"),
    "a date far off": (times([*MONTHS[:-1], 1e5]), "without gaps"),
    "a month twice": (times([MONTHS[0], *MONTHS[:-1]]), "does not increase at step 1"),
    "no date": (times(np.where(MONTHS == 15, np.nan, MONTHS)), "no date at step 0"),
    "times without a unit": (times(MONTHS, units="months"), "not dates"),
    "days of a calendar of 360": (times(np.arange(24), calendar="360_day"), "at least one year"),
    "unknown calendar": (times(MONTHS, calendar="lunar"), "not dates"),
    "a unit without end": (variable("moisture", None, units="10^10^10"), "'10^10^10' is not a unit"),
    "unit of another kind": (variable("moisture", None, units="kg"), "'moisture': 'kg' cannot be converted"),
    "no unit": (variable("temperature", None, units=""), "'temperature': has no units"),
    "kelvin in degrees": (variable("temperature", 290.0), "looks like kelvin"),
    "no value": (variable("carbon_input", np.nan), "carbon_input 0"),
    "no number": (variable("carbon_input", np.inf), "the first inf"),
    "filled with a number": (variable("moisture", -9999.0), "_FillValue"),
    "words": (variable("moisture", np.array("wet", object)), "'moisture': holds"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_harmed_file_ends_in_one_message_and_leaves_nothing(case, dated_study, tmp_path):
    change, words = FILES[case]
    path = dated_study.with_name("changing.nc")
    write_plainly(changing(), path)
    change(path)
    ended = soilcue("run", dated_study, "--folder", tmp_path / "results")
    assert ended.code == 2, ended
    last = ended.err.splitlines()[-1]
    assert last.startswith("soilcue: ")
    assert str(path) in last
    assert words in last
    assert not (tmp_path / "results").exists()


def test_what_changes_is_looked_at_before_the_work(study):
    """In each year, also where a run begins with a state under other drivers."""
    study.write_text(STUDY + CHANGING.replace("    start: {first_years: 1}\n", ""))
    data = changing()
    data["temperature"][20, 1] = 300.0
    write_plainly(data, study.with_name("changing.nc"))
    message = message_of(lambda: plan_of(read_study(study)))
    assert "changing.nc" in message
    assert "1 values outside -60 to 60 degC" in message
