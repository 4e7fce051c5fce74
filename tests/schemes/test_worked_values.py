"""Each response function against worked values, computed with other code from the papers' equations."""

import pytest

from soilcue.schemes import SCHEMES


@pytest.mark.parametrize(
    ("name", "chosen", "feels", "expected"),
    [
        ("temperature-linear", "allison2010", {"temperature": 25.0}, 0.23),
        ("temperature-linear", "millennial", {"temperature": 25.0}, 0.48),
        ("temperature-linear", "qiao2019", {"temperature": 25.0}, 0.395),
    ],
)
def test_cue_of_the_papers_equation(name, chosen, feels, expected):
    assert float(SCHEMES[name](chosen).response(feels)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "cue", "feels", "expected"),
    [
        ("temperature-arrhenius", 0.5, {"temperature": 30.0}, 0.46740108352247617),
        ("moisture-potential", 1.0, {"water_potential": -1.0}, 0.44254263105298575),
    ],
)
def test_cue_from_a_reference(name, cue, feels, expected):
    assert float(SCHEMES[name]()(cue, feels)) == pytest.approx(expected, rel=1e-6)
