"""Make the picture of the README, docs/atlas.png, from an atlas page: its maps and the scatter of two models.

    .venv/bin/python tools/make_picture.py atlas.html docs/atlas.png

Needs Debian's chromium and the optional part [test].
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

# The scatter takes the place of the means by latitude, so that four panels tell the story.
ARRANGE = """
() => {
    const figure = name => document.getElementById(`figure-${name}`).closest("figure");
    const [map, means, scatter] = ["cue-millennial", "cue-zonal", "correlation"].map(figure);
    const canvas = scatter.querySelector(".canvas");
    const caption = map.querySelector("h3").cloneNode(true);
    caption.textContent = "MIMICS against CENTURY, a dot a cell";
    const height = map.querySelector(".canvas").clientHeight;
    map.parentElement.id = "picture";
    map.parentElement.style.cssText += "padding: 12px; background: white;";
    means.replaceWith(scatter);
    scatter.prepend(caption);
    canvas.style.cssText = `min-height: 0; height: ${height}px;`;
    Plotly.relayout(canvas, {width: canvas.clientWidth, height: height});
}
"""


def main(page: Path, picture: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        tab.goto(page.resolve().as_uri())
        tab.wait_for_selector("#figure-correlation .main-svg")
        tab.evaluate(ARRANGE)
        tab.wait_for_timeout(1000)  # plotly draws anew
        tab.locator("#picture").screenshot(path=picture)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
