"""The page of an atlas: what it says, that it is one file, and that it draws in a browser without the network."""

import base64
import json
import os
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import plotly.graph_objects as go
import pytest

from soilcue.atlas import summary
from soilcue.core.errors import InputError
from soilcue.report.atlas_page import atlas_page


class Page(HTMLParser):
    """What a test asks of a page: addresses, text in reading order, tables, figures."""

    def __init__(self, html: str):
        super().__init__()
        self.addresses: list[str] = []
        self.external_scripts = 0
        self.headings: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.canvases: list[str] = []
        self.described: list[str] = []
        self.pieces: list[str] = []
        self._inside: list[str] = []
        self.feed(html)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.pieces))

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.addresses += [attributes[name] for name in ("src", "href", "data", "action") if name in attributes]
        self.external_scripts += tag == "script" and "src" in attributes
        if "data-figure" in attributes:
            self.canvases.append(attributes["data-figure"])
            self.described.append(attributes["aria-label"])
        if tag in ("script", "style", "h2", "th", "td"):
            self._inside.append(tag)
        if tag == "h2":
            self.headings.append("")
        elif tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("th", "td"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag):
        if self._inside and tag == self._inside[-1]:
            self._inside.pop()

    def handle_data(self, data):
        inside = self._inside[-1] if self._inside else ""
        if inside in ("script", "style"):
            return
        self.pieces.append(data)
        if inside == "h2":
            self.headings[-1] += data
        elif inside in ("th", "td"):
            self.tables[-1][-1][-1] += data


def figures_of(html: str) -> dict:
    """Figures of a page as plotly takes them, with their views."""
    found = re.search(r'<script type="application/json" id="figure-data">(.*?)</script>', html, re.DOTALL)
    data = json.loads(found.group(1))

    def unpacked(value):
        if isinstance(value, dict):
            return data["arrays"][value["array"]] if "array" in value else {n: unpacked(v) for n, v in value.items()}
        return [unpacked(v) for v in value] if isinstance(value, list) else value

    return unpacked(data["figures"])


def numbers(packed: dict) -> np.ndarray:
    """Array that a page embeds in base64."""
    return np.frombuffer(base64.b64decode(packed["bdata"]), dtype=packed["dtype"])


@pytest.fixture
def html(atlas, profiles, tmp_path) -> str:
    return atlas_page(atlas, profiles, tmp_path / "atlas.html").read_text(encoding="utf-8")


def test_page_is_one_file_that_asks_for_nothing(html, tmp_path):
    page = Page(html)
    assert page.external_scripts == 0
    assert {a for a in page.addresses if not a.startswith("#")} == {"data:,"}
    assert "default-src 'none'" in html
    assert os.listdir(tmp_path) == ["atlas.html"]
    assert len(html.encode()) < 6e6


def test_sections_stand_in_order(html):
    assert Page(html).headings == [
        "At a glance",
        "Maps of diagnosed CUE",
        "MIMICS against CENTURY, cell by cell",
        "Frequency distributions",
        "Soil carbon, and observed profiles",
        "Biomes and zones",
        "How much one driver explains",
        "What was run",
        "Which cells are flagged, and why",
        "What is assumed",
        "What this is not",
        "What to cite",
    ]


def test_links_lead_to_sections_of_the_page(html):
    for address in Page(html).addresses:
        assert address == "data:," or f'id="{address[1:]}"' in html


def test_figures_are_placed_once_described_and_valid(html):
    page, figures = Page(html), figures_of(html)
    assert sorted(page.canvases) == sorted(figures)
    assert all(len(words) > 40 for words in page.described)
    for name, figure in figures.items():
        drawn = go.Figure(figure["traces"], figure["layout"])
        assert {trace.type for trace in drawn.data} <= {"heatmap", "scatter", "bar"}, name
        for view in figure["views"]:
            drawn.update_layout({key.replace(".", "_"): value for key, value in view["layout"].items()})


def test_every_rule_has_a_map_of_every_model_with_the_values_of_the_atlas(html, atlas):
    figures = figures_of(html)
    for model in atlas["model"].values:
        shown = {t["meta"]["rule"]: t for t in figures[f"cue-{model}"]["traces"] if "meta" in t}
        assert list(shown) == ["uptake", "gross", "total"]
        assert [t["visible"] for t in shown.values()] == [True, False, False]
        for rule, trace in shown.items():
            drawn = numbers(trace["z"])
            expected = atlas["diagnosed_cue"].sel(model=model, rule=rule).values
            assert np.sort(drawn[np.isfinite(drawn)]) == pytest.approx(np.sort(expected[np.isfinite(expected)]))


def test_views_give_each_rule_and_scale_its_range(html):
    views = figures_of(html)["cue-mimics"]["views"]
    ranges = {tuple(v["when"].values()): (v["layout"]["coloraxis.cmin"], v["layout"]["coloraxis.cmax"]) for v in views}
    assert set(ranges) == {(r, s) for r in ("uptake", "gross", "total") for s in ("shared", "own")}
    for rule in ("uptake", "gross", "total"):
        shared, own = ranges[rule, "shared"], ranges[rule, "own"]
        assert shared[0] <= own[0] < own[1] <= shared[1]


def test_hatching_and_grey_mark_cells_out_of_scope_and_without_value(html):
    traces = figures_of(html)["cue-millennial"]["traces"]
    assert any("no value: infeasible" in t.get("hovertemplate", "") for t in traces)
    assert sum(t.get("mode") == "lines" for t in traces) == 3
    assert not any("no value" in t.get("hovertemplate", "") for t in figures_of(html)["cue-century"]["traces"])


def test_glance_and_tables_give_the_summary_numbers(html, atlas):
    page = Page(html)
    statistics = summary.statistics_table(atlas).set_index(["quantity", "model", "rule", "group"]).sort_index()
    cue = statistics.loc[("diagnosed_cue", "mimics", "gross", "globe")]
    glance = next(row for row in page.tables[0] if row[0] == "MIMICS")
    assert glance[2] == f"{cue['mean']:.3f} ± {cue['standard_deviation']:.3f}"
    forest = statistics.loc[("diagnosed_cue", "century", "uptake", "wet forest")]
    rows = [row for table in page.tables for row in table if row[0] == "wet forest"]
    assert any(f"{forest['mean']:.3f} ± {forest['standard_deviation']:.3f}" in cell for row in rows for cell in row)
    globe = summary.cue_correlation(atlas).set_index("group").loc["globe"]
    assert ["all cells", f"{globe['cells']:,}", f"{globe['pearson']:.2f}"] in [r[:3] for t in page.tables for r in t]


def test_page_explains_rules_models_flags_and_limits(html):
    text = Page(html).text
    for words in (
        "CUE = 1 − R/D",
        "1 − 1/N",
        "At steady state its CUE does not depend on climate at all",
        "by construction, the line with temperature published with it",
        "microbes die out",
        "CUE not between 0 and 1",
        "not a reproduction of Fig. 6 of He et al. (2024)",
        "about 3.75 degrees",
        "computed for 1901",
        "Nothing here knows of land use, peat or permafrost",
        "pH: 6 everywhere, for want of an open map",
        "the world is small",
        "century: orchidee-cnp",
        "Another 2002, Another Journal",
        "Made by soilcue 9.8.7",
    ):
        assert words in text, words


def test_attributes_are_text_and_never_markup(html, atlas, profiles, tmp_path):
    assert "<b>not</b>" not in html
    assert "clay is less than half & <b>not</b> more" in Page(html).text
    atlas["biome"].attrs["flag_meanings"] = "sea wet_forest </script><b>grass tundra"
    hostile = atlas_page(atlas, profiles, tmp_path / "hostile.html").read_text(encoding="utf-8")
    assert "</script><b>" not in hostile
    assert any("</script><b>grass" in t["name"] for t in figures_of(hostile)["correlation"]["traces"] if "name" in t)


def test_page_without_profiles_says_so(atlas, tmp_path):
    html = atlas_page(atlas, None, tmp_path / "atlas.html").read_text(encoding="utf-8")
    assert "No observed profiles were given to this page." in html
    assert not [name for name in figures_of(html) if name.startswith("profiles-") or name == "carbon-observed"]


def test_page_of_one_model_has_no_comparison(atlas, tmp_path):
    html = atlas_page(atlas.sel(model=["century"]), None, tmp_path / "atlas.html").read_text(encoding="utf-8")
    assert "cell by cell" not in " ".join(Page(html).headings)
    assert "correlation" not in figures_of(html)
    assert "by construction, the line with temperature" not in html


def test_page_of_an_atlas_without_a_settled_cell_can_still_be_read(atlas, tmp_path):
    atlas["status"][1] = 5
    for name in ("diagnosed_cue", "diagnosed_cue_without_litter", "mean_passes", "soil_carbon", "microbial_carbon"):
        atlas[name].loc[{"model": "mimics"}] = np.nan
    html = atlas_page(atlas, None, tmp_path / "atlas.html").read_text(encoding="utf-8")
    assert "nan" not in Page(html).text.lower().split()


def test_one_page_from_one_atlas(atlas, profiles, tmp_path):
    first, second = (atlas_page(atlas, profiles, tmp_path / f"{i}.html").read_bytes() for i in (1, 2))
    assert first == second


def test_failure_leaves_the_former_page(atlas, profiles, tmp_path):
    target = tmp_path / "atlas.html"
    target.write_text("former")
    with pytest.raises(InputError, match="carbon_stock"):
        atlas_page(atlas, {"mimics": profiles["mimics"].drop(columns="carbon_stock")}, target)
    assert target.read_text() == "former"
    with pytest.raises(InputError, match="there is no folder"):
        atlas_page(atlas, None, tmp_path / "absent" / "atlas.html")


CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
)

COLOURS_OF_MAP = """
async (name) => {
  const images = [...document.querySelectorAll(`#figure-${name} .heatmaplayer image`)];
  const counts = [];
  for (const image of images) {
    const picture = new Image();
    picture.src = image.getAttribute("href") ?? image.getAttributeNS("http://www.w3.org/1999/xlink", "href");
    await picture.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [picture.width, picture.height];
    const context = canvas.getContext("2d");
    context.drawImage(picture, 0, 0);
    const pixels = new Uint32Array(context.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
    counts.push(new Set(pixels).size);
  }
  return Math.max(0, ...counts);
}
"""


@pytest.fixture
def browser():
    path = shutil.which("chromium")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing: apt-get install chromium")
        pytest.skip("Chromium is not installed here")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.mark.browser
def test_browser_draws_the_page_offline_and_switches_it(browser, atlas, profiles, tmp_path):
    address = atlas_page(atlas, profiles, tmp_path / "atlas.html").as_uri()
    context = browser.new_context(offline=True, viewport={"width": 1200, "height": 900})
    page = context.new_page()
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    page.wait_for_selector("html[data-drawn]")

    figures = page.locator("[data-figure]")
    assert figures.count() > 10
    for figure in figures.all():
        assert figure.locator(".main-svg").count() > 0, figure.get_attribute("id")
        assert figure.bounding_box()["height"] > 100
    for model in atlas["model"].values:
        assert page.evaluate(COLOURS_OF_MAP, f"cue-{model}") > 5
        assert page.evaluate(COLOURS_OF_MAP, f"carbon-{model}") > 5

    def colour_range() -> list[float]:
        return page.evaluate(
            "(() => { const axis = document.getElementById('figure-cue-mimics')._fullLayout.coloraxis;"
            " return [axis.cmin, axis.cmax]; })()"
        )

    def visible_rules(name: str) -> set[str]:
        return set(
            page.evaluate(
                "(name) => document.getElementById(`figure-${name}`).data"
                ".filter((t) => t.meta && t.visible === true).map((t) => t.meta.rule)",
                name,
            )
        )

    def choose(control: str, value: str) -> None:
        page.evaluate("delete document.documentElement.dataset.drawn")
        page.locator(f'input[name="{control}"][value="{value}"] + span').click()
        page.wait_for_selector("html[data-drawn]")

    before = colour_range()
    choose("rule", "gross")
    for name in ("cue-mimics", "cue-zonal", "correlation", "distributions"):
        assert visible_rules(name) == {"gross"}, name
    assert page.get_by_text("by zone and biome (rule gross)").first.is_visible()
    assert not page.get_by_text("by zone and biome (rule uptake)").first.is_visible()
    choose("scale", "own")
    assert colour_range() != before
    assert page.evaluate(COLOURS_OF_MAP, "cue-mimics") > 5

    page.evaluate("delete document.documentElement.dataset.drawn")
    page.locator("select[name=biome]").select_option("tundra")
    page.wait_for_selector("html[data-drawn]")
    names = page.evaluate(
        "document.getElementById('figure-correlation').data.filter((t) => t.meta && t.visible === true)"
        ".map((t) => t.name)"
    )
    assert names == ["tundra"]

    assert asked == [address]
    assert complaints == []


@pytest.mark.browser
def test_page_fits_a_phone(browser, atlas, profiles, tmp_path):
    address = atlas_page(atlas, profiles, tmp_path / "atlas.html").as_uri()
    page = browser.new_context(offline=True, viewport={"width": 360, "height": 740}).new_page()
    page.goto(address)
    page.wait_for_selector("html[data-drawn]")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    for figure in page.locator("[data-figure]").all():
        assert figure.bounding_box()["width"] <= 360
