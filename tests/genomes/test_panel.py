"""Many genomes: the same table whether stopped or not, every broken file listed, and the page of it."""

import gzip
import json
import os
import shutil

import numpy as np
import pandas as pd
import pytest
import toy_genome
from command import soilcue

from soilcue.core.citing import references_of
from soilcue.core.errors import InputError
from soilcue.genomes import panel as panels
from soilcue.genomes.comparison import compared
from soilcue.genomes.panel import Settings, examine_panel, examined, files_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A dozen toys, of which one grows on nothing, two are the same file, two bear one name, and three are broken."""
    place = tmp_path_factory.mktemp("models")
    for number in range(6):
        model = toy_genome.toy(cost=5.0 + 4 * number, maintenance=10.0, name=f"toy{number}")
        (place / f"toy{number}.json").write_bytes(toy_genome.as_json(model))
    (place / "starving.json").write_bytes(toy_genome.as_json(toy_genome.toy(vitamin=0.01, name="starving")))
    shutil.copy(place / "toy1.json", place / "twin.json")
    (place / "namesake.xml").write_bytes(toy_genome.as_sbml(toy_genome.toy(cost=7.0)))
    (place / "namesake2.json").write_bytes(toy_genome.as_json(toy_genome.toy(cost=8.0)))
    (place / "broken.xml.gz").write_bytes(gzip.compress(b"<sbml")[:-4])
    (place / "empty.json").write_bytes(b"")
    (place / "other.json").write_bytes(b"[1, 2]")
    (place / "README.txt").write_text("not a model")
    return place


@pytest.fixture(scope="module")
def found(folder):
    return examine_panel(folder, "glucose,acetate")


def test_every_file_stands_in_the_tables(found, folder):
    genomes = found.genomes.set_index("genome")
    assert len(genomes) == 13
    assert (genomes["failure"] != "").sum() == 3
    assert "cut off or damaged" in genomes.loc["broken", "failure"]
    assert "it is empty" in genomes.loc["empty", "failure"]
    assert "lacks 'reactions'" in genomes.loc["other", "failure"]
    assert "the same file as toy1" in genomes.loc["twin", "findings"]
    assert "same identifier, toy, as namesake" in genomes.loc["namesake2", "findings"]
    yields = found.yields
    assert len(yields) == 10 * 2 * 2
    starving = yields[(yields["genome"] == "starving") & (yields["substrate"] == "glucose")]
    assert set(starving["status"]) == {"no growth"}
    assert all("needs thiamin" in reason for reason in starving["reason"])
    assert set(yields.loc[yields["substrate"] == "acetate", "status"]) == {"no exchange"}
    assert not yields.loc[yields["genome"] == "twin", "trusted"].any()
    trusted = yields[yields["trusted"] & (yields["maintenance"] == "none")].set_index("genome")
    assert trusted.loc["toy3", "cue_biomass"] == pytest.approx(toy_genome.cue_by_hand(17.0, 0.0))
    shipped = yields[yields["maintenance"] == "shipped"].set_index(["genome", "substrate"])
    assert shipped.loc[("toy3", "glucose"), "cue_biomass"] == pytest.approx(toy_genome.cue_by_hand(17.0, 10.0))


def test_the_spread_over_an_ensemble_stands_beside_each_number(folder):
    files = [folder / "toy0.json", folder / "starving.json", folder / "empty.json"]
    found = examine_panel(files, "glucose", members=20)
    yields = found.yields.set_index(["genome", "maintenance"])
    # a toy has no handle but maintenance: CUE = (300 - m) / 350, and m is log-normal about 10 by half
    assert yields.loc[("toy0", "shipped"), "cue_sd_over"] == "maintenance"
    assert yields.loc[("toy0", "shipped"), "cue_sd_members"] == 20
    assert 0.3 * 10 / 350 < yields.loc[("toy0", "shipped"), "cue_sd"] < 0.9 * 10 / 350
    assert yields.loc[("toy0", "none"), "cue_sd_over"] == ""
    assert np.isnan(yields.loc[("toy0", "none"), "cue_sd"])
    assert np.isnan(yields.loc[("starving", "none"), "cue_sd"])
    alone = examine_panel(files, "glucose").yields
    pd.testing.assert_frame_equal(found.yields[alone.columns], alone)


def test_stopped_and_started_again_gives_the_same_table(found, folder, tmp_path, monkeypatch):
    keep = tmp_path / "parts"
    asked = 0

    def stop_after_five(path, settings):
        nonlocal asked
        asked += 1
        if asked > 5:
            raise KeyboardInterrupt
        return examined(path, settings)

    with monkeypatch.context() as patch:
        patch.setattr(panels, "examined", stop_after_five)
        with pytest.raises(KeyboardInterrupt):
            examine_panel(folder, "glucose,acetate", keep=keep)
    kept = sorted(path.name for path in keep.iterdir())
    assert len(kept) == 5
    (keep / kept[0]).write_text("{half")
    again = 0

    def count(path, settings):
        nonlocal again
        again += 1
        return examined(path, settings)

    with monkeypatch.context() as patch:
        patch.setattr(panels, "examined", count)
        resumed = examine_panel(folder, "glucose,acetate", keep=keep)
    assert again == 13 - 4
    pd.testing.assert_frame_equal(resumed.yields, found.yields)
    pd.testing.assert_frame_equal(resumed.genomes, found.genomes)
    pd.testing.assert_frame_equal(resumed.curves, found.curves)


def test_other_settings_or_another_file_are_not_taken_for_done(folder, tmp_path):
    keep = tmp_path / "parts"
    keep.mkdir()
    settings, path = Settings(("glucose",)), folder / "toy0.json"
    (keep / "toy0.json.json").write_text(json.dumps(examined(path, settings)))
    assert panels._kept(path, settings, keep)
    assert panels._kept(path, Settings(("glucose",), uptake=6.0), keep) is None
    copy = tmp_path / "toy0.json"
    shutil.copy(folder / "toy4.json", copy)
    assert panels._kept(copy, settings, keep) is None


def kill_by_name(path, settings):
    """As `examined`, with a file that takes its process down."""
    if path.name == "toy2.json":
        os._exit(9)
    return examined(path, settings)


def test_processes_and_one_that_dies(folder, found, monkeypatch):
    files = [folder / f"toy{number}.json" for number in range(4)]
    monkeypatch.setattr(panels, "examined", kill_by_name)
    together = examine_panel(files, "glucose,acetate", processes=2)
    genomes = together.genomes.set_index("genome")
    assert "the process that read it died" in genomes.loc["toy2", "failure"]
    assert (genomes["failure"] != "").sum() == 1
    alone = found.yields[found.yields["genome"].isin(["toy0", "toy1", "toy3"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(together.yields, alone)


def test_bad_settings(folder, tmp_path):
    for wrong, message in (
        ({"maintenance": ["sometimes"]}, "unknown maintenance 'sometimes'"),
        ({"medium": "soup"}, "unknown medium 'soup'"),
        ({"uptake": -1.0}, "uptake is -1"),
        ({"fraction": 2.0}, "fraction"),
        ({"members": 1}, "give 2 to 10,000, or 0"),
        ({"substrates": "glukose"}, "Did you mean 'glucose'"),
        ({"substrates": ","}, "no substrate is named"),
    ):
        with pytest.raises(InputError, match=message):
            examine_panel(folder, **wrong)
    with pytest.raises(InputError, match="there is no such folder"):
        files_of(tmp_path / "nowhere")
    with pytest.raises(InputError, match="holds no metabolic model"):
        files_of(tmp_path)


def test_the_command_writes_tables_and_a_page(folder, tmp_path):
    ended = soilcue("genomes", folder, "--substrates", "glucose,acetate", "--folder", tmp_path, "--processes", 1)
    assert ended.code == 0, ended.err
    assert "10 models read, 3 files not (listed with reasons); 1 the same file as another." in ended.out
    assert "HiGHS" not in ended.out
    html = (tmp_path / "genomes.html").read_text()
    for said in ("needs thiamin", "cut off or damaged", "the same file as toy1", "no maintenance"):
        assert said in html, said
    written = pd.read_parquet(tmp_path / "genomes.parquet")
    pd.testing.assert_frame_equal(
        written[["genome", "cue_biomass"]], pd.read_csv(tmp_path / "genomes.csv")[["genome", "cue_biomass"]]
    )
    for name in ("genomes.parquet", "genomes.csv", "genome_audit.csv", "genomes.html"):
        assert any("Orth" in line for line in references_of(tmp_path / name)), name
    assert not (tmp_path / "genomes.parts").exists()


def test_a_manifest_names_organisms_and_biomass_reactions(tmp_path):
    models = tmp_path / "models"
    models.mkdir()
    for name in ("told", "untold"):
        model = toy_genome.toy(name=name)
        growth = next(one for one in model["reactions"] if one["id"] == "BIOMASS")
        growth |= {"id": "MAKE", "name": "", "objective_coefficient": 0.0}
        (models / f"{name}.json").write_bytes(toy_genome.as_json(model))
    (models / "MANIFEST.csv").write_text("file,organism,biomass\ntold.json,Toyus minor,MAKE\nuntold.json,,\n")
    ended = soilcue("genomes", models, "--substrates", "three", "--folder", tmp_path, "--processes", 1)
    assert ended.code == 0, ended.err
    audit = pd.read_csv(tmp_path / "genome_audit.csv").set_index("genome")
    assert audit.loc["told", "biomass_reaction"] == "MAKE"
    assert "in the column biomass of a table MANIFEST.csv" in audit.loc["untold", "failure"]
    assert "told · Toyus minor" in (tmp_path / "genomes.html").read_text()


def test_the_command_refuses_before_it_works(tmp_path):
    ended = soilcue("genomes", tmp_path / "nowhere", "--folder", tmp_path)
    assert ended.code == 2
    assert "there is no such folder" in ended.err
    assert list(tmp_path.iterdir()) == []
    ended = soilcue("genomes", "--substrates", "three", "--maintenance", "x", "--folder", tmp_path)
    assert ended.code == 2
    assert "unknown maintenance 'x'" in ended.err


def test_a_folder_of_nothing_but_broken_files_has_a_page_too(tmp_path):
    models = tmp_path / "models"
    models.mkdir()
    (models / "a.json").write_text("")
    ended = soilcue("genomes", models, "--substrates", "three", "--folder", tmp_path, "--processes", 1)
    assert ended.code == 0, ended.err
    assert "There is none to grow" in ended.out
    assert "not read: " in ended.err
    assert "it is empty" in (tmp_path / "genomes.html").read_text()


def test_one_file_that_cannot_be_used_is_an_error_and_one_that_does_not_grow_says_why(tmp_path):
    (tmp_path / "a.json").write_text("")
    ended = soilcue("genomes", tmp_path / "a.json", "--folder", tmp_path, "--processes", 1)
    assert (ended.code, "a.json: it is empty." in ended.err) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    (tmp_path / "a.json").write_bytes(toy_genome.as_json(toy_genome.toy(maintenance=999.0)))
    ended = soilcue(
        "genomes", tmp_path / "a.json", "--substrates", "glucose", "--maintenance", "shipped", "--folder", tmp_path
    )
    assert ended.code == 0
    assert "None grows on any of these substrates in this medium: no steady state: forced fluxes" in ended.out


def test_comparison_says_how_poor_the_match_is(found, monkeypatch, tmp_path):
    trusted = found.yields[found.yields["trusted"]]
    monkeypatch.delenv("SOILCUE_DATA", raising=False)
    assert compared(trusted, {}).words == ()
    place = tmp_path / "muscarella2020_bge"
    place.mkdir()
    (place / "BGE_data.txt.csv").write_text("Organism,BGE_Glu,BGE_Suc,BGE_Pro\nA,0.1,0.05,NA\nB,0.2,0.04,0.01\n")
    monkeypatch.setenv("SOILCUE_DATA", str(tmp_path))
    words = " ".join(compared(trusted, {}).words)
    assert "The match is poor" in words
    assert "times the median measured one" in words
