"""The page of a panel of genomes draws in a browser without the network, and its buttons switch its figures."""

import pytest
import toy_genome

from soilcue.genomes.comparison import compared
from soilcue.genomes.panel import examine_panel
from soilcue.report.genomes_page import genomes_page


@pytest.mark.browser
def test_browser_draws_the_page_offline_and_switches_it(browser, tmp_path):
    for number in range(4):
        model = toy_genome.toy(cost=5.0 + 9 * number, maintenance=10.0, name=f"toy{number}")
        (tmp_path / f"toy{number}.json").write_bytes(toy_genome.as_json(model))
    found = examine_panel(tmp_path, "glucose,acetate")
    organisms = {"toy1.json": "Toyus maximus X"}
    path = genomes_page(found, compared(found.yields, organisms), organisms, ["A paper"], tmp_path / "genomes.html")
    page = browser.new_context(offline=True, viewport={"width": 1200, "height": 800}).new_page()
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-drawn]")
    assert asked == [path.as_uri()]
    assert complaints == []
    for figure in page.locator("[data-figure]").all():
        assert figure.locator(".main-svg").count() > 0
    assert "toy1 · Toyus maximus" in page.locator("#figure-heat").inner_text()
    points = "document.querySelectorAll('#figure-reduction .scatterlayer .points path').length"
    trusted = found.yields[found.yields["trusted"]]["maintenance"].value_counts()
    assert trusted["none"] != trusted["shipped"]
    assert page.evaluate(points) == trusted["none"]
    page.get_by_text("maintenance as shipped").first.click()
    page.wait_for_function(f"{points} == {trusted['shipped']}")
