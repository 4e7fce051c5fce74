"""Page and command of the virtual laboratory: what they say, that the page draws offline, how bad input ends."""

import json
import os
import re
import shutil

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from command import soilcue

import soilcue as sc
from soilcue.core.citing import references_of
from soilcue.lab import compare
from soilcue.report.lab_figures import groups_of
from soilcue.report.lab_page import Question, answer, lab_page, pools_and_parameters, summary_lines


@pytest.fixture(scope="module")
def found():
    """Three scenarios, and a reading to translate."""
    return answer(
        Question(
            scenarios=("base", "no_substrate", "storage"),
            hours=(6.0, 24.0, 72.0),
            parameters={"maintenance": 6e-4},
            method="carbon_label",
            reading=0.6,
        )
    )


@pytest.fixture(scope="module")
def path(found, tmp_path_factory):
    return lab_page(found, tmp_path_factory.mktemp("lab") / "lab.html")


def figures_in(path) -> dict:
    html = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'id="figure-data">(.*?)</script>', html, re.DOTALL)[1].replace("<\\/", "</"))[
        "figures"
    ]


def test_page_needs_no_network(path):
    html = path.read_text(encoding="utf-8")
    own = html.replace(re.search(r"<script>(.*?)</script>", html, re.DOTALL)[0], "")
    assert "src=" not in own.replace("default-src", "").replace("script-src", "").replace("img-src", "")
    assert "Content-Security-Policy" in html


def test_page_says_what_was_found(path, found):
    text = re.sub(r"<[^>]+>", " ", path.read_text(encoding="utf-8").split("<script>")[0])
    text = re.sub(r"\s+", " ", text)
    day = found.comparison[(found.comparison.scenario == "base") & (found.comparison.hours == 24.0)]
    for reading in day["reading"].dropna():
        assert f"{reading:.3f}" in text
    assert f"{day.cue_community.iloc[0]:.3f}" in text
    assert "If 13C substrate, fumigation-extraction reads 0.6" in text
    assert "nothing to read" in text
    for title in day["title"]:
        assert title in text


def test_figures_are_in_plotly_schema(path):
    for name, figure in figures_in(path).items():
        traces = [{k: v for k, v in trace.items()} for trace in figure["traces"]]
        for trace in traces:
            for key, value in trace.items():
                if isinstance(value, dict) and "array" in value:
                    trace[key] = [0.0]
        go.Figure(data=traces, layout=figure["layout"]).to_dict()
        assert traces, name


def test_map_shows_the_biases_of_the_table(path, found):
    maps = [t for t in figures_in(path)["bias"]["traces"] if t["meta"] == {"against": "bias_community"}]
    (shown,) = maps
    groups = list(groups_of(found.comparison))
    day = found.comparison[found.comparison.hours == 24.0]
    for i, method in enumerate(groups):
        for j, name in enumerate(("base", "no_substrate", "storage")):
            (value,) = day[(day.method == method) & (day.scenario == name)]["bias_community"]
            if np.isnan(value):
                assert shown["z"][i][j] is None
            else:
                np.testing.assert_allclose(shown["z"][i][j], value)


def test_methods_that_read_the_same_are_one_line(found):
    groups = groups_of(found.comparison)
    assert "radiocarbon_label" in groups["carbon_label"]
    assert "carbon_label_pools" not in groups["carbon_label"]  # storage tells them apart
    assert sorted(name for members in groups.values() for name in members) == sorted(
        found.comparison["method"].unique()
    )


def test_what_to_cite_goes_with_the_page(path):
    texts = " ".join(references_of(path))
    for words in ("He, X.", "Čapek", "Spohn", "Dormand"):
        assert words in texts


def test_terminal_shows_readings_and_translation(found):
    text = "\n".join(summary_lines(found))
    assert "true CUE_C" in text
    assert "18O-water into DNA (liquid)" in text
    assert "middle 90 %" in text


@pytest.mark.browser
def test_page_draws_in_a_browser(path):
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        if os.environ.get("CI"):
            pytest.fail("Chromium is needed")
        pytest.skip("Chromium is not installed")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        problems, asked = [], []
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-drawn]", timeout=120_000)
        page.select_option("select[name=scenario]", "storage")
        page.wait_for_selector('html[data-drawn*="storage"]', timeout=60_000)
        shown = page.locator("p[data-scenario=storage]").is_visible()
        hidden = page.locator("p[data-scenario=base]").is_visible()
        count = page.locator(".canvas .main-svg").count()
        width = page.evaluate("document.documentElement.scrollWidth")
        browser.close()
    assert not problems
    assert shown
    assert not hidden
    assert count >= 8
    assert width <= 1200
    assert all(url.startswith(("file:", "data:", "blob:")) for url in asked)


# ---- the command -----------------------------------------------------------------------------------------------------


def test_command_writes_page_and_table(tmp_path):
    ended = soilcue(
        "lab", "--scenario", "base", "--hours", "24", "--set", "growth_yield=0.5", "--assume", "kec=0.38",
        "--folder", tmp_path,
    )  # fmt: skip
    assert ended.code == 0, ended.err
    assert {p.name for p in tmp_path.iterdir()} == {"lab.html", "lab.csv", "lab.csv-metadata.json"}
    table = pd.read_csv(tmp_path / "lab.csv")
    expected = compare(["base"], (24.0,), parameters={"growth_yield": 0.5}, assumed={"kec": 0.38})
    day = table[table.hours == 24.0].set_index("method")["reading"]
    for row in expected.itertuples():
        np.testing.assert_allclose(day[row.method], row.reading, rtol=1e-6, equal_nan=True)
    assert "13C substrate, fumigation-extraction" in ended.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--scenario", "bases"), "Did you mean 'base'"),
        (("--hours", "6;24"), "numbers with commas"),
        (("--hours", "24,6,-1"), "above zero"),
        (("--set", "yield=0.5"), "growth_yield"),
        (("--set", "growth_yield"), "NAME=VALUE"),
        (("--set", "growth_yield=high"), "NAME=VALUE"),
        (("--set", "growth_yield=1.5"), "outside its bounds"),
        (("--set", "active_users=0"), "no microbes"),
        (("--assume", "kec=45"), "kec is 45"),
        (("--assume", "kEC=0.45"), "unknown factor"),
        (("--treatment", "active_users=3"), "unknown parameter in --treatment"),
        (("--method", "carbon_label"), "go together"),
        (("--method", "carbon_label", "--reading", "62"), "between 0 and 1"),
        (("--dose", "-5"), "dose"),
        (("--enrichment", "0.5"), "atom %"),
        (("--power", "80"), "power is 80"),
    ],
)
def test_a_mistake_is_one_message_and_leaves_nothing(tmp_path, arguments, words):
    ended = soilcue("lab", "--scenario", "base", "--hours", "24", *arguments, "--folder", tmp_path)
    assert ended.code == 2, ended.out
    assert words in ended.err
    assert "Traceback" not in ended.err
    assert not list(tmp_path.iterdir())


def test_json_is_the_table(tmp_path):
    ended = soilcue("lab", "--scenario", "base", "--hours", "24", "--json", "--folder", tmp_path)
    rows = json.loads(ended.out)
    assert {row["method"] for row in rows} >= {"carbon_label", "oxygen_label"}
    assert all(row["hours"] == 24.0 for row in rows)


def test_every_name_of_the_soil_can_be_set():
    assert {"growth_yield", "active_users", "extractable", "water_potential"} <= set(pools_and_parameters())
    assert "added" not in pools_and_parameters()
    assert sc.lab.SCENARIOS["base"].dose == 20.0


def test_soil_of_a_model(tmp_path):
    ended = soilcue("lab", "--model", "somic", "--place", "51,11", "--hours", "6", "--folder", tmp_path)
    assert ended.code == 0, ended.err
    assert {p.name for p in tmp_path.iterdir()} == {"lab.csv", "lab.csv-metadata.json"}
    table = pd.read_csv(tmp_path / "lab.csv").dropna(subset=["reading"])
    assert set(table["hours"]) == {6.0, 24.0}
    assert (table["closure"] < 1e-10).all()
    np.testing.assert_allclose(
        table["bias_community"], table["reading"] - table["cue_community"], rtol=1e-12, atol=1e-15
    )
    day = table[table.hours == 24.0].set_index("method")
    assert f"{day.loc['oxygen_label', 'reading']:.3f}" in ended.out
    assert any("Woolf" in text for text in references_of(tmp_path / "lab.csv"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--model", "somic"), "--place is None"),
        (("--model", "somic", "--place", "51"), "latitude and longitude"),
        (("--model", "somic", "--place", "0,-150"), "no vegetation there"),
        (("--model", "somik", "--place", "51,11"), "Did you mean 'somic'"),
        (("--model", "century", "--place", "51,11"), "implicit"),
        (("--model", "mimics", "--place", "51,11"), "no dissolved carbon"),
        (("--model", "somic", "--place", "51,11", "--scenario", "base"), "leave it out"),
        (("--model", "somic", "--place", "51,11", "--set", "growth_yield=0.5"), "leave it out"),
        (("--place", "51,11"), "go with --model"),
    ],
)
def test_mistakes_about_the_soil_of_a_model(tmp_path, arguments, words):
    ended = soilcue("lab", *arguments, "--folder", tmp_path)
    assert ended.code == 2, ended.out
    assert words in ended.err
    assert "Traceback" not in ended.err
    assert not list(tmp_path.iterdir())
