"""The page of a meta-analysis and its command: what they say, that the page draws offline, how bad input ends."""

import json
import os
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from command import soilcue

import soilcue as sc
from soilcue.report.meta_page import meta_page
from soilcue.report.page import number, p_value
from soilcue.synthesis import analyse_table, read_table

HEAD = ["treatment_mean", "treatment_sd", "treatment_n", "control_mean", "control_sd", "control_n"]


def several_quantities(studies: int = 14) -> pd.DataFrame:
    """Invented experiments: CUE answers at once, soil carbon with the years."""
    random = np.random.default_rng(4)
    rows = []
    for study in range(studies):
        for one in range(1 + study % 3):
            years = random.uniform(0.5, 20)
            for quantity, effect, control in (("CUE", 0.1, 0.35), ("soil carbon", 0.02 * years, 30.0)):
                mean = control * np.exp(effect + random.normal(0, 0.08))
                values = [mean, 0.12 * mean, 5, control * (1 + random.normal(0, 0.02)), 0.1 * control, 5]
                rows.append(
                    {"study": f"Author {study} <2001> & others", "comparison": f"{study}-{one}", "quantity": quantity}
                    | {"method": "13C" if study % 2 else "18O", "years": round(years, 2)}
                    | dict(zip(HEAD, values, strict=True))
                )
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("meta") / "cue.csv"
    several_quantities().to_csv(path, index=False)
    return path


ASKED = {
    "cluster": "study",
    "moderators": ["method", "years"],
    "variable": "quantity",
    "pair": "comparison",
    "duration": "years",
}


@pytest.fixture(scope="module")
def analysis(table):
    return analyse_table(read_table(table), **ASKED)


@pytest.fixture(scope="module")
def path(analysis, tmp_path_factory):
    return meta_page(analysis, tmp_path_factory.mktemp("page") / "meta.html", "Response of CUE")


class Text(HTMLParser):
    """Text, addresses and headings of a page."""

    def __init__(self, html: str):
        super().__init__()
        self.pieces: list[str] = []
        self.headings: list[str] = []
        self.addresses: list[str] = []
        self.inside = ""
        self.feed(html)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.pieces))

    def handle_starttag(self, tag, attrs):
        self.addresses += [value for name, value in attrs if name in ("src", "href")]
        if tag in ("script", "style", "h2"):
            self.inside = tag
            self.headings += [""] if tag == "h2" else []

    def handle_endtag(self, tag):
        if tag == self.inside:
            self.inside = ""

    def handle_data(self, data):
        if self.inside == "h2":
            self.headings[-1] += data
        if self.inside not in ("script", "style"):
            self.pieces.append(data)


def test_page_is_one_file_with_its_sections(path):
    html = path.read_text(encoding="utf-8")
    page = Text(html)
    assert page.headings == [
        "At a glance",
        "Effects and their pooled mean",
        "How much effects differ",
        "Orchard",
        "Moderators together",
        "Leaving a study out",
        "Small studies",
        "Responses side by side",
        "What was done",
        "What this is not",
        "What to cite",
    ]
    assert {a for a in page.addresses if not a.startswith("#")} == {"data:,"}
    for address in page.addresses:
        assert address == "data:," or f'id="{address[1:]}"' in html
    assert "<2001>" not in html.split('<script type="application/json"')[0]
    assert os.listdir(path.parent) == ["meta.html"]


def test_page_gives_the_numbers_of_the_analysis(path, analysis):
    text = Text(path.read_text(encoding="utf-8")).text
    line = analysis.overall_robust.coefficients.iloc[0]
    assert f"{number(line['lower'])} to {number(line['upper'])}" in text
    assert f"{100 * np.expm1(line['estimate']):+.0f} %".replace("-", "−") in text
    for words in (
        "cluster-robust (CR2)",
        "Profile likelihood.",
        "explain",
        "Read the shift as a sensitivity",
        "Figure 5 of He et al. (2024)",
        "lnRR: ln(m_t / m_c)",
        "Satterthwaite",
        "10.1007/s10682-012-9555-5",
        "10.18637/jss.v036.i03",
        "varies only between studies",
        "Geary's test",
        "studies were not drawn at random",
    ):
        assert words in text, words


def test_figures_are_valid_and_described(path):
    html = path.read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="figure-data">(.*?)</script>', html, re.DOTALL)[1])
    assert {"forest", "orchard-0", "bubble-0", "funnel", "influence", "relation-0", "relation-2"} <= set(
        data["figures"]
    )

    def unpacked(value):
        # As the script of the page does: a dictionary with the key "array" is a reference.
        if isinstance(value, dict):
            return data["arrays"][value["array"]] if "array" in value else {n: unpacked(v) for n, v in value.items()}
        return [unpacked(v) for v in value] if isinstance(value, list) else value

    for name, figure in data["figures"].items():
        assert f'data-figure="{name}"' in html
        go.Figure(unpacked(figure["traces"]), unpacked(figure["layout"]))
    assert all(len(words) > 40 for words in re.findall(r'data-figure="[^"]+" role="img" aria-label="([^"]+)"', html))


@pytest.mark.parametrize(
    "options",
    [
        {"moderators": ["years"]},
        {"cluster": "study", "correlation": 0.5},
        {"method": "EE"},
        {"method": "DL"},
        {"cluster": "study", "effect": "logit", "moderators": ["method"]},
        {"duration": "years"},
    ],
)
def test_every_kind_of_analysis_has_a_page(options, tmp_path):
    rows = several_quantities()
    result = analyse_table(rows[rows["quantity"] == "CUE"], **options)
    text = Text(meta_page(result, tmp_path / "meta.html").read_text(encoding="utf-8")).text
    assert "nan" not in text.lower().split()
    assert "The pooled effect is" in text


def test_page_of_imputations_says_what_was_done(tmp_path):
    rows = several_quantities()
    rows = rows[rows["quantity"] == "CUE"].reset_index(drop=True)
    rows.loc[[1, 4], "control_sd"] = np.nan
    text = Text(
        meta_page(analyse_table(rows, cluster="study", imputations=4), tmp_path / "m.html").read_text(encoding="utf-8")
    ).text
    assert "over 4 imputations (CR2, Rubin's rules)" in text
    assert "2 standard deviations were missing (rows 1, 4)" in text
    assert "10.1093/biomet/86.4.948" in text


def test_one_page_from_one_analysis(analysis, tmp_path):
    first, second = (meta_page(analysis, tmp_path / f"{i}.html").read_bytes() for i in (1, 2))
    assert first == second


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.2577, "0.258"),
        (-0.0123, "−0.0123"),
        (-6.45e-5, "−6.45 × 10⁻⁵"),
        (769.02, "769"),
        (12345.6, "12,346"),
        (0, "0"),
    ],
)
def test_numbers(value, text):
    assert number(value) == text


def test_p_values():
    assert p_value(1e-9, relation=True) == "< 0.001"
    assert p_value(0.0234, relation=True) == "= 0.023"


def test_public_name():
    assert sc.synthesis.fit.__module__ == "soilcue.synthesis.models"
    assert "synthesis" in dir(sc)


def test_command_writes_the_page_and_the_effects(table, analysis, tmp_path):
    asked = ["--cluster", "study", "--moderators", "method, years", "--variable", "quantity", "--pair", "comparison"]
    ended = soilcue("meta", table, *asked, "--duration", "years", "--folder", tmp_path)
    assert ended.code == 0, ended.err
    assert sorted(os.listdir(tmp_path)) == ["meta.html", "meta_effects.csv", "meta_effects.csv-metadata.json"]
    assert f"The pooled effect is {number(analysis.overall_robust.coefficients['estimate'].iloc[0])}" in ended.out
    assert "response of soil carbon against CUE: correlation" in ended.out
    effects = pd.read_csv(tmp_path / "meta_effects.csv")
    assert effects["effect"].to_numpy() == pytest.approx(analysis.effects["effect"].to_numpy())
    assert effects["line"].tolist() == list(analysis.effects.index)
    cited = soilcue("cite", tmp_path / "meta_effects.csv").out
    assert "10.18637/jss.v036.i03" in cited
    assert soilcue("cite", tmp_path / "meta.html").out == cited


def test_command_finds_columns_by_option(table, tmp_path):
    rows = pd.read_csv(table)
    rows = rows[rows["quantity"] == "CUE"].rename(columns={"treatment_mean": "CUE_warm", "control_n": "plots"})
    path = tmp_path / "other.csv"
    rows.to_csv(path, index=False, sep=";")
    ended = soilcue("meta", path, "--treatment-mean", "CUE_warm", "--control-n", "plots", "--folder", tmp_path)
    assert ended.code == 0, ended.err


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"control_sd": 0.0}, [], r"bad\.csv, line 2, column 'control_sd': found 0; it must be above 0"),
        ({"control_sd": ""}, [], r"line 2, column 'control_sd': the value is missing"),
        ({"treatment_n": 1}, [], r"line 2, column 'treatment_n': found 1"),
        ({"treatment_mean": -0.2}, [], r"line 2, column 'treatment_mean': found -0\.2; lnRR takes the log"),
        ({}, ["--cluster", "quantity"], r"there is one quantity only, 'CUE'"),
        ({}, ["--moderators", "quantity"], r"the moderator 'quantity' is constant"),
        ({}, ["--cluster", "study", "--moderators", "study"], r"'study' is confounded with 'study'"),
        ({}, ["--cluster", "studdy"], r"unknown column 'studdy'. Did you mean 'study'"),
        ({}, ["--cluster", "method,study,method"], r"must lie within one outer cluster|divide"),
        ({}, ["--effect", "lnR"], r"unknown effect size 'lnR'"),
        ({}, ["--method", "HE"], r"unknown method 'HE'"),
        ({}, ["--pair", "comparison"], r"need a column that names the quantity"),
        ({}, ["--variable", "quantity", "--main", "SOC"], r"unknown quantity in the column 'quantity' 'SOC'"),
        ({}, ["--impute", "5"], r"no standard deviation is missing"),
    ],
)
def test_bad_input_ends_with_a_message_and_nothing_written(table, tmp_path, change, options, message):
    rows = pd.read_csv(table)
    rows = rows[rows["quantity"] == "CUE"].reset_index(drop=True).astype(object)
    for column, value in change.items():
        rows.loc[0, column] = value
    path, folder = tmp_path / "bad.csv", tmp_path / "out"
    folder.mkdir()
    rows.to_csv(path, index=False)
    ended = soilcue("meta", path, "--folder", folder, *options)
    assert ended.code == 2
    assert re.search(message, ended.err), ended.err
    assert "Traceback" not in ended.err
    assert os.listdir(folder) == []


def test_repeated_rows_are_refused_until_said(table, tmp_path):
    rows = pd.read_csv(table)
    rows = rows[rows["quantity"] == "CUE"]
    path = tmp_path / "twice.csv"
    pd.concat([rows, rows.iloc[:1]]).to_csv(path, index=False)
    ended = soilcue("meta", path, "--folder", tmp_path)
    assert ended.code == 2
    assert "the same means, spreads and counts as" in ended.err
    assert soilcue("meta", path, "--folder", tmp_path, "--repeats").code == 0


def test_the_table_is_never_overwritten(table, tmp_path):
    path = tmp_path / "meta_effects.csv"
    shutil.copy(table, path)
    ended = soilcue("meta", path, "--folder", tmp_path)
    assert ended.code == 2
    assert "would be overwritten" in ended.err


@pytest.mark.browser
@pytest.mark.parametrize("width", [1200, 360])
def test_browser_draws_the_page_offline(browser, path, analysis, width):
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
    squares = page.evaluate("document.querySelectorAll('#figure-forest .scatterlayer .points path').length")
    assert squares == analysis.overall.effects
    # Each interval between two gaps of a line is a path of its own; the pooled effect has more.
    whiskers = page.evaluate("document.querySelectorAll('#figure-forest .scatterlayer .lines path').length")
    assert whiskers > analysis.overall.effects
