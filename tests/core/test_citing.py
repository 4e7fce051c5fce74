"""What to cite: written into every kind of file, read back, and told when it is not there."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from command import soilcue
from hypothesis import given, settings
from hypothesis import strategies as st

from soilcue.core.citing import CITED_KINDS, json_ld, metadata_of, references_of, write_table
from soilcue.core.errors import InputError
from soilcue.core.files import write_netcdf
from soilcue.core.references import REFERENCES, bibliography

LINES = bibliography(["he2024", "wieder2015"])
TABLE = pd.DataFrame({"cue": [0.3, 0.4], "site": ["a", "b, c"]})


def written(folder, kind):
    """A file of the kind that cites the lines."""
    path = folder / f"file{kind}"
    if kind == ".nc":
        write_netcdf(xr.Dataset(attrs={"references": "\n".join(LINES)}), path)
    elif kind == ".zarr":
        xr.Dataset(attrs={"references": "\n".join(LINES)}).to_zarr(path, consolidated=False)
    elif kind == ".html":
        path.write_text(f'<script type="application/ld+json">{json_ld("A page", LINES)}</script>')
    elif kind == ".json":
        path.write_text(json.dumps({"references": LINES}))
    else:
        write_table(TABLE, path, LINES, title="A table", units={"cue": "1"})
    return path


@pytest.mark.parametrize("kind", CITED_KINDS)
def test_every_kind_of_file_gives_its_references_back(kind, tmp_path):
    path = written(tmp_path, kind)
    assert references_of(path) == LINES
    assert soilcue("cite", path).out.splitlines() == LINES
    assert soilcue("cite", "--bibtex", path).out.count("@article") == len(LINES)


@given(st.lists(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1), min_size=1, max_size=3))
@settings(max_examples=50, deadline=None)
def test_any_text_survives_a_page(lines):
    block = json_ld("</script>", lines)
    assert "</" not in block
    assert json.loads(block)["citation"] == lines


def test_table_is_plain_and_described_beside(tmp_path):
    path = write_table(TABLE.rename_axis("line"), tmp_path / "t.csv", LINES, title="A table", units={"cue": "1"})
    pd.testing.assert_frame_equal(pd.read_csv(path).drop(columns="line"), TABLE)
    told = json.loads(metadata_of(path).read_text())
    assert told["url"] == "t.csv"
    assert told["tableSchema"]["columns"] == [
        {"titles": "line"},
        {"titles": "cue", "schema:unitText": "1"},
        {"titles": "site"},
    ]
    pd.testing.assert_frame_equal(pd.read_parquet(written(tmp_path, ".parquet")), TABLE)


def test_netcdf_keeps_values_and_is_narrow_when_asked(tmp_path):
    values = xr.Dataset({"a": (("x", "y"), np.random.default_rng(1).random((3, 4))), "b": ("x", [1.0, 2.0, 3.0])})
    xr.testing.assert_identical(xr.load_dataset(write_netcdf(values, tmp_path / "a.nc")), values)
    narrow = xr.load_dataset(write_netcdf(values, tmp_path / "b.nc", narrow=True))
    assert narrow["a"].dtype == "float32"
    assert narrow["b"].dtype == "float64"


@pytest.mark.parametrize("kind", CITED_KINDS)
def test_damage_is_told(kind, tmp_path):
    path = tmp_path / f"file{kind}"
    path.write_text("{")
    metadata_of(path).write_text("{")
    ended = soilcue("cite", path)
    assert ended.code == 2
    assert ended.err.startswith(f"soilcue: {path}: ")
    assert "Traceback" not in ended.err


def test_what_does_not_cite_is_told(tmp_path):
    for name, content in {"a.json": "[1]", "b.html": "<p>", "c.txt": "x", "d.csv": "a\n"}.items():
        (tmp_path / name).write_text(content)
        ended = soilcue("cite", tmp_path / name)
        assert ended.code == 2
        assert name in ended.err
    with pytest.raises(InputError, match=r"ends in \.csv"):
        write_table(TABLE, tmp_path / "t.txt", LINES)
    with pytest.raises(InputError, match="no such file"):
        references_of(tmp_path / "absent.nc")


def test_data_sets_are_cited():
    assert REFERENCES["schadel2020"].text() in soilcue("cite", "sidb").out
