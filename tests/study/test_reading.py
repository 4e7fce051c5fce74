"""Studies read: every problem at once, with its line; nothing that a file can hold ends in a traceback."""

import json
import re

import json_schema
import pytest
import yaml
from command import soilcue
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_study import message_of

from soilcue.core.errors import InputError
from soilcue.study import plan_of, read_study
from soilcue.study.schema import KEPT, STANDARD
from soilcue.study.schema import json_schema as schema_of_studies
from soilcue.study.starting import KINDS, starting_study


def problems(path) -> list[str]:
    """The problems of a study, a line each, without the head of the message."""
    with pytest.raises(InputError) as refused:
        read_study(path)
    head, *lines = str(refused.value).splitlines()
    assert str(path) in head
    return [line.strip() for line in lines]


@pytest.mark.parametrize("kind", KINDS)
def test_studies_to_start_from_are_right_as_they_are(kind, tmp_path):
    path = tmp_path / "study.yaml"
    assert soilcue("init", path, "--kind", kind).code == 0
    assert path.read_text() == starting_study(kind)
    plan = plan_of(read_study(path))
    assert all(run.cells > 0 for run in plan.runs)
    assert len({run.checksum for run in plan.runs}) == len(plan.runs)
    assert json_schema.fits(yaml.safe_load(path.read_text()), schema_of_studies(), schema_of_studies())


def test_init_overwrites_nothing_and_knows_its_kinds(tmp_path):
    (tmp_path / "study.yaml").write_text("mine")
    ended = soilcue("init", tmp_path / "study.yaml")
    assert ended.code == 2
    assert "is not overwritten" in ended.err
    assert (tmp_path / "study.yaml").read_text() == "mine"
    assert "Did you mean 'globe'" in soilcue("init", tmp_path / "b.yaml", "--kind", "glob").err
    assert "there is no folder" in soilcue("init", tmp_path / "absent" / "b.yaml").err


def test_schema_for_editors_takes_what_is_right_and_nothing_else(study):
    whole = json.loads(soilcue("init", "--schema").out)
    right = yaml.safe_load(study.read_text())
    assert json_schema.fits(right, whole, whole)
    for change in (
        lambda s: s.pop("title"),
        lambda s: s | {"drivers": "globe"},
        lambda s: s | {"extra": 1},
        lambda s: s | {"models": []},
        lambda s: s | {"models": [{"name": "x"}]},
        lambda s: s | {"experiments": [{"name": "a b", "kind": "steady"}]},
        lambda s: s | {"experiments": [{"name": "a", "kind": "transient", "years": 0}]},
        lambda s: s | {"outputs": {"variables": "none"}},
    ):
        wrong = change(dict(right))
        assert not json_schema.fits(wrong, whole, whole), wrong


def test_variables_are_declared():
    assert set(STANDARD) < set(KEPT)


CASES = {
    "unknown word": ("title:", "titel:", 1, ["unknown word 'titel'. Did you mean 'title'?"]),
    "missing word": ("title: Two sites\n", "", 1, ["the study lacks 'title'"]),
    "number for text": ("Two sites", "2020", 1, ["'title' is read as 2020, which is no text; put it in quotes"]),
    "unknown model": ("- century", "- centory", 6, ["unknown model 'centory'. Did you mean 'century'"]),
    "unknown set": ("- century", "- century:orchidee", 6, ["unknown parameter set", "'orchidee-cnp'"]),
    "unknown scheme": ("- century", "- {model: century, cue: constnt}", 6, ["Did you mean 'constant'"]),
    "unknown parameter": ("- century", "- {model: century, parameters: {clai: 1}}", 6, ["unknown parameter of model"]),
    "parameter out of bounds": (
        "- century",
        "- {model: century, parameters: {metabolic_intercept: 7}}",
        6,
        ["outside its bounds"],
    ),
    "text for a parameter": (
        "- century",
        "- {model: century, parameters: {metabolic_intercept: x}}",
        6,
        ["takes a number"],
    ),
    "set of a mapping unknown": ("- century", "- {model: century, parameters: {set: x}}", 6, ["unknown parameter set"]),
    "unknown option": ("- century", "- {model: mimics, options: {moistur: corpse}}", 6, ["Did you mean 'moisture'"]),
    "unknown set of a scheme": ("- century", "- {model: mimics, cue: 'constant:x'}", 6, ["'x'"]),
    "unknown parameter of a scheme": ("- century", "- {model: mimics, cue: {constant: {valu: 1}}}", 6, ["'valu'"]),
    "draws and sets": ("- century", "- {model: mimics, ensemble: {draws: 3, sets: all}}", 6, ["either draws or sets"]),
    "unknown member": ("- century", "- {model: mimics, ensemble: {sets: [wieder2016]}}", 6, ["'wieder2015'"]),
    "unknown drawn": (
        "- century",
        "- {model: mimics, ensemble: {draws: 3, parameters: [k0]}}",
        6,
        ["parameter of model"],
    ),
    "no draws": ("- century", "- {model: mimics, ensemble: {draws: 0}}", 6, ["'draws' should be greater"]),
    "unknown method": ("years: 3, start", "years: 3, method: eulr, start", 9, ["Did you mean 'euler'"]),
    "model named twice": ("- century", "- century\n  - {model: mimics, name: Century}", 7, ["two models are called"]),
    "kind unknown": ("kind: steady", "kind: stedy", 8, ["item 1 of experiments needs kind: steady or"]),
    "name with blanks": ("name: today", "name: to day", 8, ["'name' ", "match pattern"]),
    "experiment twice": ("name: control", "name: today", 9, ["two experiments are called 'today'"]),
    "start unknown": ("start: today}", "start: tody}", 9, ["unknown steady experiment 'tody'. Did you mean 'today'"]),
    "years negative": ("years: 3, start", "years: -3, start", 9, ["'years' should be greater than or equal to 1"]),
    "years in words": ("years: 3, start", "years: three, start", 9, ["'years' should be a valid integer", "'three'"]),
    "yes for a number": ("years: 3, start", "years: yes, start", 9, ["is yes or no, not a number"]),
    "unknown driver": ("temperature: {add", "temprature: {add", 15, ["unknown driver 'temprature'", "'temperature'"]),
    "driver not felt": ("temperature: {add", "pH: {add", 15, ["no model of this study feels 'pH'"]),
    "two changes": ("{add: 5}", "{add: 5, set: 3}", 15, ["a change is one of add, multiply, set; found add, set"]),
    "no change": ("{add: 5}", "{}", 15, ["found none"]),
    "infinite change": ("add: 5", "add: .inf", 15, ["'add' should be a finite number"]),
    "no such file": ("csv: sites.csv", "csv: site.csv", 3, ["there is no file", "site.csv", "folder of the study"]),
    "no drivers": ("csv: sites.csv", "file: sites.csv", 3, ["drivers: say 'global', 'lter', or one of netcdf: PATH"]),
    "unknown set of drivers": ("  csv: sites.csv\n", "  embedded: globe\n", 3, ["'global' or 'lter'"]),
    "unknown variable": (
        "experiments:",
        "outputs: {variables: [soil_carbn]}\nexperiments:",
        7,
        ["unknown variable 'soil_carbn'. Did you mean 'soil_carbon'"],
    ),
    "word twice": (
        "models:",
        "title: again\nmodels:",
        5,
        ["'title' stands here for the second time (first in line 1)"],
    ),
    "no YAML": ("title: Two sites", "title: Two: sites", 1, ["this is not YAML", "Check the colons"]),
    "tab": ("  csv", "\tcsv", 3, ["this is not YAML", "no tabs"]),
    "alias to itself": ("models:\n  - century", "models: &m\n  - *m", 5, ["this alias names a part that it stands in"]),
    "own type": ("- century", "- !!python/object:os.system x", 6, ["cannot be read", "Put text in quotes"]),
    "impossible date": ("Two sites", "2020-13-45", 1, ["'2020-13-45' cannot be read", "quotes"]),
    "list for names": ("models:\n  - century", "models: century", 5, ["'models' needs a list; found a text"]),
    "list of drivers": ("drivers:\n  csv: sites.csv\n  units", "drivers: [csv]\nunits", 2, ["drivers: say"]),
}


@pytest.mark.parametrize("case", CASES)
def test_problem_is_told_with_its_line(case, study):
    old, new, line, words = CASES[case]
    text = study.read_text()
    assert old in text
    study.write_text(text.replace(old, new, 1))
    told = problems(study)
    found = [one for one in told if one.startswith(f"line {line}, ")]
    assert found, told
    for word in words:
        assert any(word in one for one in found), told
    ended = soilcue("validate", study)
    assert ended.code == 2
    assert "Traceback" not in ended.err


def test_all_problems_are_told_at_once_in_order(study):
    text = study.read_text()
    for case in (
        "unknown word",
        "no such file",
        "unknown model",
        "years negative",
        "unknown driver",
        "unknown variable",
    ):
        old, new, _, _ = CASES[case]
        text = text.replace(old, new, 1)
    study.write_text(text + "surplus: 1\n")
    told = problems(study)
    lines = [int(re.match(r"line (\d+)", one)[1]) for one in told]
    assert lines == sorted(lines)
    assert {1, 3, 6, 7, 10, 16, 17} <= set(lines)
    assert "8 problems" in soilcue("validate", study).err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty. soilcue init"),
        (b"# only a comment\n", "is empty"),
        (b"\xff\xfe\x00", "not text in UTF-8"),
        (b"just words", "a study is a list of 'name: value'; this is a text"),
        (b"- a\n- b\n", "this is a list"),
        (b"a: b\n---\nc: d\n", "this is not YAML"),
        (b"a\x00: b", "this is not YAML"),
        (b"[" * 5000, "nested too deeply"),
        (b"x" * 1_000_001, "a study has at most"),
        (b"a: &a [x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n"
         b"d: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e]",
         "holds more than 20,000 values"),
    ],
)  # fmt: skip
def test_file_that_is_no_study_is_told(content, words, tmp_path):
    path = tmp_path / "study.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=re.escape(words)):
        read_study(path)


def test_absent_study_and_folder_are_told(tmp_path):
    for place, words in ((tmp_path / "absent.yaml", "there is no such file"), (tmp_path, "is not a file")):
        with pytest.raises(InputError, match=words):
            read_study(place)


_words = st.sampled_from(
    ["title", "drivers", "models", "experiments", "kind", "name", "steady", "transient", "global", "csv", "netcdf", "x"]
)
_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | _words
_structures = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_words | st.text(max_size=5), inner, max_size=4),
)
_quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(value=_structures, key=st.sampled_from([None, "drivers", "models", "experiments", "outputs", "title"]))
@_quick
def test_any_structure_ends_in_a_message(value, key, study):
    whole = yaml.safe_load(starting_study("warming"))
    path = study.with_name("fuzzed.yaml")
    path.write_text(yaml.safe_dump(whole | {key: value} if key else value), encoding="utf-8")
    message = message_of(lambda: read_study(path))
    assert not message or str(path) in message


@given(data=st.data())
@_quick
def test_any_change_of_a_study_ends_in_a_message(data, study):
    text = list(starting_study("sites"))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(text) - 1))
        piece = data.draw(
            st.sampled_from(["", ":", "-", "\n", " ", "{", "}", "[", "]", "&a", "*a", "!", "'", "1", "é"])
        )
        text[at : at + data.draw(st.integers(0, 3))] = list(piece)
    path = study.with_name("fuzzed.yaml")
    path.write_text("".join(text), encoding="utf-8")
    message = message_of(lambda: read_study(path))
    assert not message or str(path) in message
