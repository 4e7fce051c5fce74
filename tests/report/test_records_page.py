"""The page of records and its command: what they say, that the page draws offline."""

import json
import os
import re

import pandas as pd
import plotly.graph_objects as go
import pytest
from command import soilcue

from soilcue.records import Record, at_hand, records_table
from soilcue.records.reader import LeftOut, Reading
from soilcue.records.schema import FAMILIES, nested
from soilcue.report.records_figures import COLOUR, GROUPS, land_cover_figure, method_figure
from soilcue.report.records_page import COMMON, findings, records_page


def record(name, study, cue, family="carbon_label", **more):
    values = {"id": name, "dataset": "mine", "study": study, "cueInfo.cue.mean": cue, "cueInfo.methodFamily": family}
    return Record.model_validate(nested(values | more))


def invented() -> list[Reading]:
    """Records with everything the page shows: maps, times, temperatures, land covers, flags, constants."""
    records = []
    for i in range(12):
        more = {
            "mapped.soilCarbon": 10.0 + 4 * i,
            "incubationInfo.temperature": 5.0 * (i % 5),
            "incubationInfo.incubationTime": 0.1 * 2**i,
            "siteInfo.landCover": ("forest", "cultivated", "tundra")[i % 3],
        }
        family = "water_label" if i % 3 else "carbon_label"
        records.append(record(f"a{i}", f"Author <{i}> & others 20{i + 10}", 0.1 + 0.06 * i, family, **more))
    records[0] = records[0].flagged("above_one", "impossible", "an invented <flag>")
    records += [
        record("e", "Enzymes 2001", 0.5, "stoichiometry"),
        record("k", "Kay 2002", 0.5, **{"cueInfo.conversions.kEC": 0.35}),
        record("n", "Kay 2002", 0.4, "batch_growth"),
        Record(id="none", dataset="mine"),
    ]
    return [Reading("mine", records, [LeftOut("mine.csv, line 9", "no CUE"), LeftOut("mine.csv, line 12", "no CUE")])]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return records_page(invented(), tmp_path_factory.mktemp("records") / "records.html", "Invented records")


@pytest.fixture(scope="module")
def text(page):
    html = page.read_text(encoding="utf-8").split("<noscript>")[0]
    plain = re.sub(r"<(script|style).*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", plain))


def test_page_says_what_is_there_and_what_is_missing(text):
    for words in (
        "16 records of 1 tables, 14 of them with a usable CUE",
        "Figure 1 of He et al. (2024)",
        "Figure 3 of the paper",
        "1 of 13 studies have CUE by more than one kind of method: method and study are confounded",
        "1 records cannot be",
        "too few studies",
        "an invented &lt;flag&gt;",
        "no CUE (mine.csv, line 9, and 1 more)",
        "kEC is not told",
        "10.1038/s41467-024-52160-5",
    ):
        assert words in text, words
    assert "nan" not in text.lower().split()
    assert "None" not in text


def test_figures_are_valid_described_and_say_what_is_missing(page):
    html = page.read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="figure-data">(.*?)</script>', html, re.DOTALL)[1])
    assert set(data["figures"]) == {
        "by-method",
        "by-land-cover",
        "mimics",
        "soil-carbon",
        "duration",
        "temperature",
        "shifts",
    }

    def unpacked(value):
        # As the script of the page does: a dictionary with the key "array" is a reference.
        if isinstance(value, dict):
            return data["arrays"][value["array"]] if "array" in value else {n: unpacked(v) for n, v in value.items()}
        return [unpacked(v) for v in value] if isinstance(value, list) else value

    said = {}
    for name, figure in data["figures"].items():
        go.Figure(unpacked(figure["traces"]), unpacked(figure["layout"]))
        said[name] = " ".join(note["text"] for note in figure["layout"].get("annotations", []))
    assert "Method is confounded with study" in said["by-method"]
    assert "do not tell their land cover" in said["by-land-cover"]
    assert "read from maps" in said["soil-carbon"]
    assert "stoichiometry, has no records" in said["soil-carbon"].replace("<br>", " ")
    assert "do not tell it" in said["duration"]
    assert all(len(words) > 40 for words in re.findall(r'data-figure="[^"]+" role="img" aria-label="([^"]+)"', html))


def test_every_family_has_a_name_and_a_colour():
    assert set(GROUPS) == set(COLOUR) == set(FAMILIES)
    records = [record(name, f"{name} 2001", 0.4, name, **{"siteInfo.landCover": "forest"}) for name in FAMILIES]
    for name, figure in (("by-method", method_figure(records)), ("by-land-cover", land_cover_figure(records))):
        assert figure.name == name
        assert len(figure.layout["yaxis"]["ticktext"]) == len(FAMILIES)


def test_impossible_records_are_drawn_nowhere(page):
    data = json.loads(re.search(r'id="figure-data">(.*?)</script>', page.read_text("utf-8"), re.DOTALL)[1])
    names = [name for f in data["figures"].values() for t in f["traces"] for name in t.get("customdata", [])]
    assert "a1" in names
    assert "a0" not in names


def test_histograms_count_studies(page):
    data = json.loads(re.search(r'id="figure-data">(.*?)</script>', page.read_text("utf-8"), re.DOTALL)[1])
    assert re.search(r"Incubation temperature of 11 studies", page.read_text("utf-8"))
    assert data["figures"]["temperature"]["layout"]["barmode"] == "stack"


def test_findings_need_enough_studies():
    lines = findings(invented()[0].records)
    assert sum("studies;" in line for line in lines) == 2
    assert all("net growth" not in line for line in lines)


def test_page_of_few_records(tmp_path):
    few = [Reading("mine", [record("a", "One 2001", 0.4)])]
    html = records_page(few, tmp_path / "records.html").read_text(encoding="utf-8")
    assert 'id="figure-by-method"' in html
    assert 'id="figure-shifts"' not in html
    assert "No record tells any of these." in html
    empty = records_page([], tmp_path / "empty.html").read_text(encoding="utf-8")
    assert "0 records of 0 tables" in empty


def test_one_page_from_one_collection(page, tmp_path):
    assert records_page(invented(), tmp_path / "r.html", "Invented records").read_bytes() == page.read_bytes()


def test_command_without_a_folder_reports_on_the_embedded_records(tmp_path, monkeypatch):
    monkeypatch.delenv("SOILCUE_DATA", raising=False)
    ended = soilcue("records", "report", "--folder", tmp_path)
    assert ended.code == 0, ended.err
    assert sorted(os.listdir(tmp_path)) == ["records.csv", "records.csv-metadata.json", "records.html"]
    assert "brangari: 753 records" in ended.out
    written = pd.read_csv(tmp_path / "records.csv", low_memory=False)
    assert len(written) == 802
    assert written["id"].tolist() == list(records_table([r for one in at_hand() for r in one.records]).index)
    cited = soilcue("cite", tmp_path / "records.csv").out
    assert "10.1038/s43247-025-02707-1" in cited
    assert soilcue("cite", tmp_path / "records.html").out == cited


def test_command_refuses_a_folder_that_is_not_there(tmp_path):
    ended = soilcue("records", "report", "--data", tmp_path / "nowhere", "--folder", tmp_path)
    assert ended.code == 2
    assert "no such folder of public data sets" in ended.err
    assert os.listdir(tmp_path) == []


def test_common_constants_are_those_the_page_names(text):
    assert f"kEC {COMMON.kEC:g}, oxygen of DNA from water {COMMON.oxygenFromWater:g}" in text


@pytest.mark.browser
@pytest.mark.parametrize("width", [1200, 360])
def test_browser_draws_the_page_offline(browser, page, width):
    shown = browser.new_context(offline=True, viewport={"width": width, "height": 800}).new_page()
    asked, complaints = [], []
    shown.on("request", lambda request: asked.append(request.url))
    shown.on("console", lambda message: complaints.append(message.text))
    shown.on("pageerror", lambda error: complaints.append(str(error)))
    shown.goto(page.as_uri())
    shown.wait_for_selector("html[data-drawn]")
    assert asked == [page.as_uri()]
    assert complaints == []
    assert shown.evaluate("document.documentElement.scrollWidth") == width
    for figure in shown.locator("[data-figure]").all():
        assert figure.locator(".main-svg").count() > 0
