"""The embedded table of records."""

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

import soilcue as sc
from soilcue.data.catalogue import catalogue
from soilcue.records import READERS, embedded

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "src" / "soilcue" / "data" / "cue_records.csv.gz"


def test_table():
    table = sc.records.table()
    assert len(table) == 802
    assert table.index.is_unique
    assert table["cueInfo.cue.mean"].notna().all()
    assert table.groupby("dataset").size().to_dict() == {"brangari": 753, "capek_anaerobic": 12, "chakrawal2020": 37}
    assert [record.id for record in embedded()] == list(table.index)
    assert FILE.stat().st_size < 1e6


def test_only_open_licences():
    for name in sc.records.table()["dataset"].unique():
        assert READERS[name].about.licence in ("CC0-1.0", "MIT")
    carried = {one.name for one in catalogue().values() if FILE.name in one.embedded}
    assert carried == {READERS[name].folder for name in sc.records.table()["dataset"].unique()}
    head = gzip.decompress(FILE.read_bytes()).decode("utf-8").split("\nid,")[0]
    for name in carried:
        assert catalogue()[name].sources[0] in head


@pytest.mark.shared
@pytest.mark.usefixtures("shared_data")
def test_the_tool_makes_what_is_embedded(tmp_path):
    made = tmp_path / FILE.name
    subprocess.run(
        [sys.executable, ROOT / "tools" / "make_records.py", "--output", made], check=True, capture_output=True
    )
    assert made.read_bytes() == FILE.read_bytes()
