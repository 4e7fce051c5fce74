"""The catalogue of public data sets: whole, cited, checked by checksum; nothing is fetched."""

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from command import soilcue

import soilcue as sc
from soilcue.core.errors import InputError
from soilcue.core.provenance import file_checksum
from soilcue.core.references import REFERENCES
from soilcue.data.catalogue import catalogue, check_folder, data_set, how_to_get

ROOT = Path(__file__).parents[2]
SETS = catalogue().values()


@pytest.mark.parametrize("one", SETS, ids=lambda one: one.name)
def test_entry_is_whole(one):
    for text in (one.title, one.group, one.rows, one.licence, one.traps):
        assert text
        assert not text.endswith(" ")
    assert one.files
    assert set(one.cite) <= set(REFERENCES)
    assert one.cite
    repositories = {name for name, _, _ in one.repositories}
    for _, _, commit in one.repositories:
        assert re.fullmatch(r"[0-9a-f]{40}", commit)
    for file in one.files:
        assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        assert file.bytes > 0
        if file.origin:
            assert file.origin.partition(":")[0] in repositories
    if any(not file.origin for file in one.files):
        assert one.made, "some files are no plain copies: say how they were made"


@pytest.mark.parametrize("one", SETS, ids=lambda one: one.name)
def test_reader_and_embedded_files_exist(one):
    if one.reader and importlib.util.find_spec(one.reader.partition(":")[0]):
        module, _, name = one.reader.partition(":")
        assert callable(getattr(importlib.import_module(module), name))
    for name in one.embedded:
        assert one.embeddable or name == "coastlines.json"
        assert (ROOT / "src/soilcue/data" / name).is_file()
        assert f"`{name}`" in (ROOT / "src/soilcue/data/LICENCES.md").read_text()


def test_no_set_without_an_open_licence_is_called_embeddable():
    for one in SETS:
        if one.embeddable:
            assert re.match(r"CC0|CC-BY|MIT|Apache|as speedy", one.licence), one.name


def test_table_has_a_row_a_set():
    table = sc.list_datasets()
    assert list(table.index) == list(catalogue())
    assert table["files"].sum() == sum(len(one.files) for one in SETS)
    assert json.loads(soilcue("data", "list", "--json").out)[0]["data_set"] == table.index[0]
    text = soilcue("data", "list").out
    for name in table.index:
        assert f"  {name} " in text


@pytest.mark.parametrize("name", catalogue())
def test_every_set_is_shown_and_explained(name):
    shown = soilcue("data", "show", name)
    assert shown.code == 0
    assert REFERENCES[data_set(name).cite[0]].title in shown.out
    how = soilcue("data", "how", name).out
    for repository, address, commit in data_set(name).repositories:
        assert address in how
        assert commit in how
        assert repository.partition("/")[2] in how
    for file in data_set(name).files:
        assert not file.origin or file.origin.rpartition("/")[2].rpartition(":")[2] in how


def test_sets_in_json():
    entry = json.loads(soilcue("data", "show", "sidb", "--json").out)
    assert len(entry["files"]) == 107
    assert "SIDb" in entry["references"][0]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with one set of two small files, and a catalogue that knows it and another."""
    from soilcue.data import catalogue as module

    place = tmp_path / "sets" / "small"
    (place / "below").mkdir(parents=True)
    (place / "a.csv").write_text("1\n")
    (place / "below" / "b.csv").write_text("2\n")
    known = [
        module.SetFile(name, (place / name).stat().st_size, file_checksum(place / name), f"o/r:x/{name}", "")
        for name in ("a.csv", "below/b.csv")
    ]
    fields = dict(title="t", group="g", rows="2", licence="MIT", embeddable=True, cite=("he2024",), traps="none")
    small = module.DataSet(name="small", sources=("o/r@" + "0" * 40,), files=tuple(known), **fields)
    other = module.DataSet(name="other", sources=(), files=(known[0],), made="made here", **fields)
    monkeypatch.setattr(module, "catalogue", lambda: {"small": small, "other": other})
    return tmp_path / "sets"


def test_whole_folder(folder):
    small, other = check_folder(folder)
    assert (small.state, small.missing, small.changed, small.extra) == ("whole", (), (), ())
    assert other.state == "absent"
    ended = soilcue("data", "check", folder)
    assert ended.code == 0
    assert "1 whole, 1 absent" in ended.out
    assert soilcue("data", "check", folder, "--set", "other").code == 1


@pytest.mark.parametrize(
    ("harm", "state", "word"),
    [
        (lambda place: (place / "a.csv").write_text("3\n"), "changed", "changed   a.csv"),
        (lambda place: (place / "a.csv").write_text("1\n1\n"), "changed", "changed   a.csv"),
        (lambda place: (place / "below/b.csv").unlink(), "incomplete", "missing   below/b.csv"),
        (lambda place: (place / "c.csv").touch(), "whole", "extra     c.csv"),
    ],
)
def test_harm_is_found(harm, state, word, folder, monkeypatch):
    harm(folder / "small")
    assert check_folder(folder, ["small"])[0].state == state
    monkeypatch.setenv("SOILCUE_DATA", str(folder))
    ended = soilcue("data", "check")
    assert ended.code == (0 if state == "whole" else 1)
    assert word in ended.out
    assert json.loads(soilcue("data", "check", "--json").out)[0]["state"] == state


def test_explanation_copies_to_the_right_places(folder, tmp_path):
    commands = [line.strip() for line in how_to_get("small") if line.startswith("    ")]
    copies = [line for line in commands if not line.startswith("git")]
    for name in ("a.csv", "below/b.csv"):
        source = tmp_path / "r" / "x" / name
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text((folder / "small" / name).read_text())
    got = {**os.environ, "SOILCUE_DATA": str(tmp_path / "got")}
    subprocess.run(["sh", "-e", "-c", "\n".join(copies)], cwd=tmp_path, env=got, check=True)
    assert check_folder(tmp_path / "got", ["small"])[0].state == "whole"
    assert "There is no address" in how_to_get("other")[2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", "sidbb"], "unknown data set 'sidbb'. Did you mean 'sidb'"),
        (["how", "yu2025"], "Did you mean 'yu2025_cue'"),
        (["check", "/nowhere"], "/nowhere: there is no such folder"),
        (["check", "--set", "sidb"], "SOILCUE_DATA"),
        (["fetch", "sidb"], "No such command"),
    ],
)
def test_mistakes_end_with_a_message(arguments, words, monkeypatch):
    monkeypatch.delenv("SOILCUE_DATA", raising=False)
    ended = soilcue("data", *arguments)
    assert ended.code == 2
    assert words in ended.err
    assert "Traceback" not in ended.err


def test_unknown_names_in_python():
    with pytest.raises(InputError, match="unknown data set"):
        check_folder(ROOT, ["nothing"])


@pytest.mark.shared
def test_the_folder_of_the_developers_is_whole(shared_data):
    assert {one.state for one in check_folder(shared_data)} == {"whole"}


@pytest.mark.shared
@pytest.mark.usefixtures("shared_data")
def test_the_tool_makes_the_table_again(tmp_path):
    made = tmp_path / "catalogue_files.csv"
    tool = ROOT / "tools" / "make_catalogue.py"
    subprocess.run([sys.executable, tool, "--output", made], check=True, capture_output=True)
    assert made.read_bytes() == (ROOT / "src/soilcue/data/catalogue_files.csv").read_bytes()
