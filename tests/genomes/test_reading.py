"""Metabolic models from files: every format gives the same model, and bad files say what is wrong."""

import bz2
import gzip
import json
import zipfile

import numpy as np
import pytest
import toy_genome

import soilcue as sc
from soilcue.core.errors import InputError
from soilcue.genomes.metabolic_model import packed, unpacked
from soilcue.genomes.reading import read_model


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


FORMS = {
    "toy.json": lambda model: toy_genome.as_json(model),
    "toy.xml": lambda model: toy_genome.as_sbml(model),
    "toy_fbc1.sbml": lambda model: toy_genome.as_sbml(model, fbc=1),
    "toy_level2.xml": lambda model: toy_genome.as_sbml(model, level=2),
    "toy.xml.gz": lambda model: gzip.compress(toy_genome.as_sbml(model)),
    "toy.json.bz2": lambda model: bz2.compress(toy_genome.as_json(model)),
}


@pytest.mark.parametrize("name", [*FORMS, "toy.mat", "toy.xml.zip"])
def test_every_format_gives_the_cue_by_hand(name, tmp_path):
    path, model = tmp_path / name, toy_genome.toy(maintenance=30.0)
    if name == "toy.mat":
        toy_genome.write_mat(path, model)
    elif name.endswith("zip"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("inside/toy.xml", toy_genome.as_sbml(model))
            archive.writestr("__MACOSX/inside/._toy.xml", b"rubbish")
    else:
        path.write_bytes(FORMS[name](model))
    genome = sc.genomes.load(path)
    found = genome.cue("glucose")
    assert float(found["cue_biomass"]) == pytest.approx(toy_genome.cue_by_hand(15.0, 30.0), abs=1e-9)
    assert genome.population.maintenance.shipped == 30.0
    assert float(found["carbon_gap"]) == pytest.approx(0.0, abs=1e-9)
    assert genome.audit.biomass_mass == pytest.approx(1.0, abs=1e-4)
    assert str(found["doubts"].values) == ""


@pytest.mark.parametrize("exchange", [True, False])
def test_compounds_outside_stay_though_marked_as_boundary(exchange, tmp_path):
    """As carveme writes its models. Taken out, a transport that spends ATP would make sugar of ATP."""
    model = toy_genome.toy(maintenance=30.0)
    transport = next(one for one in model["reactions"] if one["id"] == "GLCt")
    transport["metabolites"] |= {"atp_c": -1, "h2o_c": -1, "adp_c": 1, "pi_c": 1, "h_c": 1}
    if not exchange:
        model["reactions"] = [one for one in model["reactions"] if one["id"] != "EX_glc__D_e"]
    marked = toy_genome.as_sbml(model).replace(b'boundaryCondition="false"', b'boundaryCondition="true"', 1)
    assert marked.index(b'id="M_glc__D_e"') < marked.index(b'boundaryCondition="true"') < marked.index(b"M_glc__D_c")
    (tmp_path / "toy.xml").write_bytes(marked)
    genome = sc.genomes.load(tmp_path / "toy.xml")
    added = "1 exchange reactions added, of boundary species that had none"
    assert genome.audit.findings == ([] if exchange else [added])
    assert genome.yield_on("glucose").cue_biomass == pytest.approx((290 - 30) / 450)


def test_a_container_holds_all_of_a_model(tmp_path):
    path = tmp_path / "toy.json"
    path.write_bytes(toy_genome.as_json(toy_genome.toy()))
    model, _ = read_model(path)
    again = unpacked(packed(model))
    assert packed(model) == packed(again)
    assert again.compounds == model.compounds
    assert again.repairs == model.repairs
    np.testing.assert_array_equal(again.matrix.toarray(), model.matrix.toarray())


def test_the_cache_is_used_mended_and_keyed_by_content(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "toy.xml"
    path.write_bytes(toy_genome.as_sbml(toy_genome.toy()))
    read_model(path)
    (kept,) = (tmp_path / "cache" / "soilcue" / "genomes").iterdir()
    import soilcue.genomes.reading as reading

    with monkeypatch.context() as patch:
        patch.setattr(reading, "_from_sbml", None)  # not needed again
        assert read_model(path)[0].name == "toy"
    kept.write_bytes(b"PK damaged")
    assert read_model(path)[0].name == "toy"
    assert kept.read_bytes() != b"PK damaged"
    path.write_bytes(toy_genome.as_sbml(toy_genome.toy(cost=3.0)))
    assert read_model(path)[0].matrix.min() != unpacked(kept.read_bytes()).matrix.min()


def test_no_cache_folder_is_no_failure(tmp_path, monkeypatch):
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a file"))
    path = tmp_path / "toy.json"
    path.write_bytes(toy_genome.as_json(toy_genome.toy()))
    assert read_model(path)[0].name == "toy"


def changed(**changes) -> bytes:
    return json.dumps({**toy_genome.toy(), **changes}).encode()


def without_exchanges() -> bytes:
    model = toy_genome.toy()
    model["reactions"] = [one for one in model["reactions"] if not one["id"].startswith("EX_")]
    return json.dumps(model).encode()


def crossed_bounds() -> bytes:
    model = toy_genome.toy()
    model["reactions"][0] |= {"lower_bound": 5, "upper_bound": 1}
    return json.dumps(model).encode()


def twice() -> bytes:
    model = toy_genome.toy()
    model["reactions"].append(model["reactions"][0])
    return json.dumps(model).encode()


BAD = {
    "corrupt.xml.gz": (gzip.compress(toy_genome.as_sbml(toy_genome.toy()))[:-40], r"cut off or damaged"),
    "empty.json": (b"", r"is empty"),
    "text.json": (b"a,b\n1,2\n", r"cannot be read as JSON"),
    "other.json": (b'{"rows": []}', r"lacks 'reactions' and 'metabolites'"),
    "nothing.json": (changed(reactions=[]), r"holds 0 reactions"),
    "half.json": (
        changed(metabolites=toy_genome.toy()["metabolites"][:3]),
        r"no metabolic model in COBRA's JSON: KeyErr",
    ),
    "half.xml": (toy_genome.as_sbml(toy_genome.toy())[:900], r"cannot be read as SBML \(line \d+\)"),
    "page.xml": (b"<html><body>404</body></html>", r"is a web page"),
    "other.xml": (b"<kml><Document/></kml>", r"cannot be read as SBML"),
    "deep.json": (b"[" * 100_000, r"cannot be read as JSON"),
    "closed.json": (without_exchanges(), r"no reaction leads out of the model"),
    "crossed.json": (crossed_bounds(), r"lower bound of 'EX_glc__D_e' exceeds"),
    "twice.json": (twice(), r"two reactions bear the identifier 'EX_glc__D_e'"),
    "rubbish.mat": (b"MATLAB 5.0 MAT-file, rubbish" + bytes(200), r"cannot be read as MAT|needs one COBRA structure"),
    "new.mat": (b"\x89HDF\r\n\x1a\n" + bytes(200), r"version 7\.3"),
    "table.csv": (b"a,b", r"a metabolic model ends in"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_say_what_is_wrong(name, tmp_path):
    content, message = BAD[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as raised:
        sc.genomes.load(path)
    assert name in str(raised.value)


def test_missing_files_and_unknown_names():
    with pytest.raises(InputError, match="there is no such file"):
        sc.genomes.load("nowhere.xml")
    with pytest.raises(InputError, match="Did you mean 'azotobacter_vinelandii'"):
        sc.genomes.load("azotobacter_vinelandi")
