"""`soilcue records`: lists, reads, prints the schema, and ends well whatever it is given."""

import json
import subprocess
import sys

import pandas as pd
import pytest
from command import soilcue

from soilcue.records import READERS, fields


def test_list(monkeypatch):
    monkeypatch.delenv("SOILCUE_DATA", raising=False)
    listed = json.loads(soilcue("records", "list", "--json").out)
    assert [one["set"] for one in listed] == list(READERS)
    assert {one["set"] for one in listed if one["embedded"]} == {"brangari", "capek_anaerobic", "chakrawal2020"}
    assert not any(one["here"] for one in listed)
    text = soilcue("records", "list").out
    assert "not here" in text
    assert "beware" in text


def test_schema():
    printed = json.loads(soilcue("records", "schema", "--json").out)
    assert printed["$schema"].startswith("https://json-schema.org/draft/2020-12")
    text = soilcue("records", "schema").out
    assert all(path in text for path in fields())


@pytest.mark.shared
def test_read(shared_data, tmp_path):
    to = tmp_path / "hu.csv"
    ended = soilcue("records", "read", "hu2024", "--data", shared_data, "--to", to)
    assert ended.code == 0, ended.err
    assert "hu2024: 86 records, 86 with CUE" in ended.out
    assert "left out" in ended.out
    assert len(pd.read_csv(to)) == 86
    assert "carbon accumulation efficiency" in soilcue("cite", to).out
    printed = json.loads(soilcue("records", "read", "hu2024", "--data", shared_data, "--json").out)
    assert len(printed["records"]) == 86
    assert printed["left_out"]
    listed = soilcue("records", "read", "brangari", "--data", shared_data, "--flag", "identity").out
    assert len(listed.splitlines()) == 68
    assert "brangari:1:0: CUE is 0.360291 and G/(G+R) is 0.374993" in listed
    ended = soilcue("records", "read", "hu2024", "--data", shared_data, "--flag", "doze")
    assert ended.code == 2
    assert "Did you mean 'dose'" in ended.err


def test_bad_requests(tmp_path, monkeypatch):
    monkeypatch.delenv("SOILCUE_DATA", raising=False)
    for asked, words in (
        (["read", "hu2023"], "Did you mean 'hu2024'"),
        (["recompute", tmp_path / "none.csv", "--kec", "0.4"], "there is no such file"),
        (["read", "hu2024"], "SOILCUE_DATA"),
        (["read", "hu2024", "--data", tmp_path], "soilcue data how hu2024"),
        (["list", "--data", tmp_path / "nowhere", "--json"], ""),
    ):
        ended = soilcue("records", *asked)
        assert ended.code == (2 if words else 0)
        assert words in ended.err
        assert "Traceback" not in ended.err


def test_import_is_light():
    code = "import sys, soilcue.records; print(sorted({'jax', 'pandas', 'plotly'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
