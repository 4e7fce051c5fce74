"""The command line: what each command prints, what it writes, and how it stops."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import xarray as xr
from command import soilcue

import soilcue as sc

COMMAND = [sys.executable, "-m", "soilcue"]


@pytest.fixture(scope="module")
def grid() -> xr.Dataset:
    """A piece of the embedded grid in the Sahel: 4 rows, 8 columns, 24 cells with vegetation."""
    return sc.drivers().isel(lat=slice(40, 44), lon=slice(76, 84)).drop_encoding()


@pytest.fixture(scope="module")
def source(grid, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("drivers") / "sahel.nc"
    grid.to_netcdf(path)
    return path


@pytest.fixture(scope="module")
def three_models(source, tmp_path_factory):
    """What `soilcue atlas` prints and writes for the piece."""
    folder = tmp_path_factory.mktemp("three")
    return soilcue("atlas", "--drivers", source, "--folder", folder), folder


# ---- what is registered, what to cite


def test_version():
    ended = soilcue("--version")
    assert (ended.code, ended.out) == (0, f"soilcue {sc.__version__}\n")


@pytest.mark.parametrize("arguments", [["--help"], []])
def test_help_lists_the_commands(arguments):
    ended = soilcue(*arguments)
    text = ended.out + ended.err
    for command in ("atlas", "models", "schemes", "cite"):
        assert command in text


@pytest.mark.parametrize(("command", "table"), [("models", sc.list_models), ("schemes", sc.list_schemes)])
def test_lists_name_everything_registered(command, table):
    text = soilcue(command).out
    entries = json.loads(soilcue(command, "--json").out)
    assert [entry[command[:-1]] for entry in entries] == list(table().index)
    for name in table().index:
        assert f"\n{name}\n" in f"\n{text}"


def test_cite_names_each_paper_once():
    lines = soilcue("cite").out.splitlines()
    assert lines[0].startswith("He, X.")
    assert len(lines) == len(set(lines))
    for model in ("century", "mimics", "millennial"):
        assert set(soilcue("cite", model).out.splitlines()) <= set(lines)


def test_cite_follows_the_parameter_set_and_the_scheme():
    assert soilcue("cite", "mimics:wieder2015").out != soilcue("cite", "mimics:sandbox2015").out
    assert len(soilcue("cite", "temperature-logit").out.splitlines()) > 1


def test_cite_as_bibtex_has_an_entry_a_line_of_text():
    text, bibtex = soilcue("cite", "mimics").out, soilcue("cite", "--bibtex", "mimics").out
    assert bibtex.count("\n@") + 1 == len(text.splitlines())


def test_cite_of_an_atlas_says_what_the_atlas_says(three_models):
    _, folder = three_models
    with xr.open_dataset(folder / "atlas.nc") as atlas:
        lines = atlas.attrs["references"].splitlines()
    assert soilcue("cite", folder / "atlas.nc").out.splitlines() == lines
    assert soilcue("cite", "--bibtex", folder / "atlas.nc").out.count("\n@") + 1 == len(lines)
    # the page also names the profiles it is held against
    assert set(lines) < set(soilcue("cite", folder / "atlas.html").out.splitlines())


# ---- the atlas


def test_atlas_ends_with_counts_and_places(three_models):
    ended, folder = three_models
    assert ended.code == 0
    *counts, data, page = ended.out.splitlines()
    assert [line.split(":")[0] for line in counts] == ["century", "mimics", "millennial"]
    assert counts[0] == "century: 24 cells settled, 0 flagged"
    assert data == f"data  {folder / 'atlas.nc'}"
    assert page == f"page  {folder / 'atlas.html'}"
    assert sorted(os.listdir(folder)) == ["atlas.html", "atlas.nc"]


def test_progress_without_a_terminal_is_a_line_a_model(three_models):
    ended, _ = three_models
    assert ended.err.splitlines() == [
        "reading drivers and loading the solvers",
        "century: 24 cells",
        "mimics: 24 cells",
        "millennial: 24 cells",
        "writing the atlas and its page",
    ]


@pytest.mark.parametrize("name", ["century", "mimics", "millennial:default"])
def test_atlas_of_one_model(name, source, three_models, tmp_path):
    ended = soilcue("atlas", "--drivers", source, "--folder", tmp_path, "--model", name)
    assert ended.code == 0
    with xr.open_dataset(tmp_path / "atlas.nc") as one, xr.open_dataset(three_models[1] / "atlas.nc") as all_three:
        assert list(one["model"].values) == [name.partition(":")[0]]
        assert one.sizes["rule"] == 3
        if ":" in name:
            assert one.attrs["parameter_sets"] == "millennial: default"
        else:
            xr.testing.assert_allclose(one["diagnosed_cue"], all_three["diagnosed_cue"].sel(model=[name]))
    assert "</html>" in (tmp_path / "atlas.html").read_text()


def test_atlas_with_another_scheme_and_season_says_so(source, tmp_path):
    arguments = ("--model", "mimics", "--cue", "temperature-logit", "--season", "annual-mean")
    assert soilcue("atlas", "--drivers", source, "--folder", tmp_path, *arguments).code == 0
    with xr.open_dataset(tmp_path / "atlas.nc") as atlas:
        assert atlas.attrs["schemes"] == "mimics: temperature-logit"
        assert "annual means" in atlas.attrs["season"]
        assert "Devevre" in atlas.attrs["references"]


def test_atlas_of_drivers_without_biome_and_land_area(grid, three_models, tmp_path):
    source = tmp_path / "bare.nc"
    bare = grid.drop_vars(["biome", "land_area", "vegetated_area"])
    bare.attrs = {"references": "Someone 2020, doi:10.1/abc", "citations": "Someone et al."}
    bare.to_netcdf(source)
    assert soilcue("atlas", "--drivers", source, "--folder", tmp_path).code == 0
    with xr.open_dataset(tmp_path / "atlas.nc") as atlas, xr.open_dataset(three_models[1] / "atlas.nc") as whole:
        xr.testing.assert_allclose(atlas["diagnosed_cue"], whole["diagnosed_cue"])
        assert atlas["biome"].attrs["flag_meanings"] == "not_given"
        assert "all land" in atlas.attrs["assumptions"]
        assert atlas.attrs["references"].splitlines()[-1] == "Someone 2020, doi:10.1/abc"
    page = (tmp_path / "atlas.html").read_text()
    assert "not given" in page
    assert "all land" in page
    assert "Someone 2020" in soilcue("cite", tmp_path / "atlas.nc").out
    refused = soilcue("cite", "--bibtex", tmp_path / "atlas.nc")
    assert refused.code == 2
    assert "no BibTeX entry" in refused.err


# ---- places that cannot be written


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("absent", "there is no folder absent; make it first"),
        ("file", "there is no folder file; make it first"),
        ("a" * 300, "the name is too long"),
        ("/proc", "its folder takes no files"),
    ],
)
def test_place_that_cannot_be_written_is_named_before_the_work(folder, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    ended = soilcue("atlas", "--folder", folder)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"soilcue: cannot write {folder}/atlas.nc: ")
    assert words in ended.err
    assert len(ended.err.splitlines()) == 1


def test_folder_under_the_name_of_a_result_is_named(source, tmp_path):
    (tmp_path / "atlas.html").mkdir()
    ended = soilcue("atlas", "--drivers", source, "--folder", tmp_path)
    assert ended.code == 2
    assert "atlas.html: it is a folder" in ended.err
    assert os.listdir(tmp_path) == ["atlas.html"]


def older_atlas(folder: Path) -> Path:
    (folder / "atlas.nc").write_text("older data")
    (folder / "atlas.html").write_text("older page")
    return folder


def is_untouched(folder: Path) -> bool:
    """Whether the older files are as they were, and beside them at most whole blocks."""
    held = {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}
    blocks = [path.name for path in (folder / ".atlas.parts").rglob("*") if path.is_file()]
    return held == {"atlas.nc": "older data", "atlas.html": "older page"} and set(blocks) <= {"all.nc"}


def test_full_disk_leaves_both_older_files(source, tmp_path):
    older_atlas(tmp_path)
    # the data still fit below the limit, the page does not
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))\n"
        "from soilcue.cli import main; main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, "atlas", "--drivers", source, "--folder", tmp_path, "--model", "century"],
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith(f"soilcue: cannot write {tmp_path}/atlas.html: the file would be")
    assert ended.stdout == ""
    assert is_untouched(tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("command", ["models", "cite", "--help"])
def test_full_disk_under_what_is_printed(command):
    with open("/dev/full", "w") as full:
        ended = subprocess.run([*COMMAND, command], stdout=full, stderr=subprocess.PIPE, text=True)
    assert ended.returncode == 2
    assert ended.stderr.startswith("soilcue: cannot write the output: the disk is full; free some space")
    assert len(ended.stderr.splitlines()) == 1


def test_reader_that_goes_away_ends_the_command_in_silence():
    # more text than a pipe holds, so that the command meets the closed end
    running = subprocess.Popen([*COMMAND, "cite", *["mimics"] * 5], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    running.stdout.close()
    errors = running.stderr.read()
    running.stderr.close()
    assert running.wait() in (0, 1)
    assert errors == b""


# ---- stopping


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        ("start", signal.SIGINT),
        ("reading", signal.SIGINT),
        ("century", signal.SIGINT),
        ("mimics", signal.SIGTERM),
        ("writing", signal.SIGINT),
    ],
)
def test_stopping_leaves_no_traceback_and_nothing_half_written(moment, number, source, tmp_path):
    older_atlas(tmp_path)
    running = subprocess.Popen(
        [*COMMAND, "atlas", "--drivers", source, "--folder", tmp_path, "--model", "century", "--model", "mimics"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    said = ""
    if moment == "start":
        time.sleep(0.15)  # within the imports of the command line
    while moment != "start" and not said.startswith(moment):
        said = running.stderr.readline()
        assert said, "the command ended before it could be stopped"
    running.send_signal(number)
    out, rest = running.communicate(timeout=60)
    assert running.returncode == 128 + number
    assert out == ""
    assert "Traceback" not in rest
    assert is_untouched(tmp_path)


def test_atlas_that_was_killed_goes_on_and_ends_with_the_same_values(source, three_models, tmp_path):
    command = ["atlas", "--drivers", source, "--folder", tmp_path]
    running = subprocess.Popen([*COMMAND, *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    said = ""
    while not said.startswith("mimics"):
        said = running.stderr.readline()
        assert said, "the command ended before it could be stopped"
    held = soilcue(*command)
    assert held.code == 2
    assert f"another soilcue writes there (process {running.pid} on" in held.err
    running.kill()
    running.communicate(timeout=60)
    assert sum(path.suffix == ".nc" for path in (tmp_path / ".atlas.parts").rglob("*")) == 1
    assert soilcue(*command).code == 0
    assert sorted(os.listdir(tmp_path)) == ["atlas.html", "atlas.nc"]
    with xr.open_dataset(tmp_path / "atlas.nc") as again, xr.open_dataset(three_models[1] / "atlas.nc") as whole:
        xr.testing.assert_identical(again, whole)
