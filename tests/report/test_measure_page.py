"""The page of a measurement: what it says, and that a browser draws it without a network."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from command import soilcue

import soilcue as sc
from soilcue.report.measure_page import measure_page


def frame():
    random = np.random.default_rng(4)
    count = 24
    return pd.DataFrame(
        {
            "sample": [f"core {k}" for k in range(count)],
            "treatment": np.repeat(["control", "<b>warmed</b>", "N & P"], 8),
            "oxygen_in_dna": random.normal(1.9, 0.1, count),
            "atom_percent_dna": random.normal(0.65, 0.03, count),
            "atom_percent_dna_sd": 0.01,
            "atom_percent_control": 0.2005,
            "water_added": 0.03,
            "atom_percent_water_added": 97.0,
            "soil_water": 0.12,
            "soil_mass": 0.4,
            "time": 24.0,
            "microbial_carbon": 300.0,
            "dna": random.normal(15, 1, count),
            "dna_sd": 0.7,
            "respiration": np.repeat([0.25, 0.33, 0.20], 8),
        }
    )


@pytest.fixture(scope="module")
def result():
    broken = frame()
    broken.loc[5, "atom_percent_dna"] = 0.2
    return sc.measure.oxygen_label(broken, keep_going=True, oxygen_from_water=0.6, oxygen_from_water_sd=0.1, draws=2000)


@pytest.fixture(scope="module")
def path(result, tmp_path_factory):
    return measure_page(result, tmp_path_factory.mktemp("page") / "measure.html", "18O of three treatments")


def text_of(path):
    html = path.read_text(encoding="utf-8")
    body = html[html.index("<body>") : html.index("<script>", html.index("<body>"))]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def test_page_says_what_a_reader_needs(path, result):
    text = text_of(path)
    assert "23 samples in 3 treatments" in text
    assert "negative or zero enrichment" in text
    assert "row 5, column" in text
    assert "neither DNA nor CO2" in text
    assert "latitude of the site not given" in text
    assert "Spohn" in text
    assert "He, X." in text
    assert "JCGM" in text
    assert "2,000 Monte Carlo draws a sample, seed 0" in text
    assert "0.6 ± 0.1 (share of the oxygen in new DNA that comes from water)" in text
    assert "µg" in text
    assert f"{result.treatments['mean'].iloc[0]:.3f}" in text


def test_names_of_treatments_are_text_and_no_markup(path):
    html = path.read_text(encoding="utf-8")
    assert "<b>warmed" not in html.split("<script")[0]
    figures = json.loads(html.split('id="figure-data">')[1].split("</script>")[0].replace("<\\/", "</"))
    labels = json.dumps(figures["figures"]["treatments"]["layout"]["yaxis"]["ticktext"])
    assert "&lt;b>warmed" in labels


@pytest.mark.browser
@pytest.mark.parametrize("width", [1200, 360])
def test_browser_draws_the_page_offline(browser, path, result, width):
    page = browser.new_context(offline=True, viewport={"width": width, "height": 800}).new_page()
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-drawn]")
    assert asked == [path.as_uri()]
    assert complaints == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for figure in page.locator("[data-figure]").all():
        assert figure.locator(".main-svg").count() > 0
        assert figure.bounding_box()["height"] > 100
    dots = page.evaluate("document.querySelectorAll('#figure-treatments .scatterlayer .points path').length")
    assert dots == len(result.samples) + len(result.treatments)


# ---- the command


def test_command_from_template_to_page(tmp_path):
    ended = soilcue("measure", "--template", "batch_growth", "--folder", tmp_path)
    assert ended.code == 0
    assert (tmp_path / "batch_growth.xlsx").is_file()
    again = soilcue("measure", "--template", "batch_growth", "--folder", tmp_path)
    assert again.code == 2
    assert "is there already" in again.err
    sheet = tmp_path / "mine.csv"
    sheet.write_text(
        "sample,treatment,biomass_start,biomass_end,respired\n,,ug,ug,ug\na,x,200,320,180\nb,y,200,310,0\n"
    )
    ended = soilcue("measure", sheet, "--method", "batch_growth", "--folder", tmp_path)
    assert ended.code == 2
    assert "cell E4" in ended.err
    assert not (tmp_path / "measure.html").exists()
    ended = soilcue("measure", sheet, "--method", "batch_growth", "--folder", tmp_path, "--keep-going", "--draws", 200)
    assert ended.code == 0, ended.err
    assert "CUE 0.400" in ended.out
    assert "cell E4" in ended.out
    for kind in ("html", "xlsx", "csv"):
        assert (tmp_path / f"measure.{kind}").stat().st_size > 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--template METHOD"),
        (["nowhere.csv", "--method", "batch_growth"], "there is no such file"),
        (["nowhere.csv", "--template", "batch_growth"], "not both"),
        (["--template", "oxigen_label"], "Did you mean 'oxygen_label'"),
        (["--template", "oxygen_label", "--set", "dna_conversion"], "name=value"),
        (["--template", "oxygen_label", "--set", "dna_conversion=none"], "unknown value"),
    ],
)
def test_command_says_what_is_wrong(tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    ended = soilcue("measure", *arguments)
    assert ended.code == 2
    assert said in ended.err
    assert "Traceback" not in ended.err
    assert list(tmp_path.iterdir()) == []


def test_a_sheet_that_does_not_say_its_method(tmp_path):
    sheet = tmp_path / "mine.csv"
    sheet.write_text("sample,biomass_start\n,ug\na,1\n")
    ended = soilcue("measure", sheet, "--folder", tmp_path)
    assert ended.code == 2
    assert "Give --method" in ended.err
    assert "oxygen_label" in ended.err
    named = soilcue("measure", sheet, "--method", "no_such", "--folder", tmp_path)
    assert "unknown method 'no_such'" in named.err


def test_methods_are_listed():
    ended = soilcue("methods", "--json")
    listed = {row["method"]: row for row in json.loads(ended.out)}
    assert listed["oxygen_label"]["level"] == "C"
    assert "Spohn" in listed["oxygen_label"]["references"]
