"""The step through carveme: what is said where it is not there, and what becomes of what it writes."""

import os
import shutil

import pytest
import toy_genome

import soilcue as sc
from soilcue.core.errors import InputError
from soilcue.genomes.panel import files_of

FASTA = ">protein one\nMKTAYIAKQR\n"


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A folder that alone is searched for programs, with `diamond` in it; the test adds its own `carve`."""
    place = tmp_path / "programs"
    place.mkdir()
    monkeypatch.setenv("PATH", str(place))

    def add(name, script):
        (place / name).write_text(f"#!/bin/sh\n{script}\n")
        (place / name).chmod(0o755)

    add("diamond", "exit 0")
    return add


@pytest.fixture
def proteins(tmp_path):
    (tmp_path / "mine.faa").write_text(FASTA)
    return tmp_path / "mine.faa"


def test_without_the_programs_it_says_how_to_install_them(programs, proteins, tmp_path):
    with pytest.raises(InputError, match=r"'carve' is not there. Install it: pip install carveme") as raised:
        sc.genomes.reconstruct(proteins, tmp_path / "mine.xml")
    assert "mine.faa" in str(raised.value)
    with pytest.raises(InputError, match=r"reconstruct\(path, 'model.xml'\) makes one"):
        sc.genomes.load(proteins)
    with pytest.raises(InputError, match="holds 1 files of sequences"):
        files_of(tmp_path)


def test_a_model_that_comes_out_is_read_whatever_else_is_said(programs, proteins, tmp_path):
    (tmp_path / "made.xml").write_bytes(toy_genome.as_sbml(toy_genome.toy()))
    programs("carve", f'echo "$@"; exec {shutil.which("cp", path="/usr/bin:/bin")} {tmp_path}/made.xml "$4"')
    path = sc.genomes.reconstruct(proteins, tmp_path / "mine.xml")
    assert sc.genomes.load(path).yield_on("glucose").cue_biomass == pytest.approx(toy_genome.cue_by_hand(15.0, 0.0))
    assert not [one for one in tmp_path.iterdir() if one.name.startswith(".")]


def test_a_medium_that_it_passes_over_is_an_error(programs, proteins, tmp_path):
    programs("carve", 'echo "Warning: medium M99 not in database, ignored."; : > "$4"')
    with pytest.raises(InputError, match="does not know the medium 'M99'"):
        sc.genomes.reconstruct(proteins, tmp_path / "mine.xml", gap_fill="M99")
    assert sorted(os.listdir(tmp_path)) == ["mine.faa", "programs"]


def test_no_model_is_an_error_with_its_last_words(programs, proteins, tmp_path):
    programs("carve", "echo started; echo 'MILP solver failed: infeasible'; exit 0")
    with pytest.raises(InputError, match="It said: MILP solver failed"):
        sc.genomes.reconstruct(proteins, tmp_path / "mine.xml")
    assert sorted(os.listdir(tmp_path)) == ["mine.faa", "programs"]


def test_bad_input(programs, proteins, tmp_path):
    programs("carve", "exit 3")
    with pytest.raises(InputError, match="there is no such file"):
        sc.genomes.reconstruct(tmp_path / "none.faa", tmp_path / "mine.xml")
    with pytest.raises(InputError, match="must end in"):
        sc.genomes.reconstruct(proteins, tmp_path / "mine.json")
    proteins.write_text("<html>")
    with pytest.raises(InputError, match="is no FASTA"):
        sc.genomes.reconstruct(proteins, tmp_path / "mine.xml")
