"""The command of responses and its page, on a small grid."""

import command
import numpy as np
import pandas as pd
import plausible
import pytest
import xarray as xr

import soilcue as sc
from soilcue.analyse import feedable_schemes, response_table
from soilcue.report.response_page import references_of, response_page


@pytest.fixture(scope="module")
def grid():
    cells = plausible.cells(24, seed=3)
    shape = {"lat": np.linspace(-25, 50, 4), "lon": np.linspace(-125, 125, 6)}
    return xr.Dataset(
        {name: (("lat", "lon"), cells[name].values.reshape(4, 6), cells[name].attrs) for name in cells}, coords=shape
    )


def test_page_says_who_gains_and_what_is_refused(grid, tmp_path):
    chosen = ["temperature-linear", "ph-acidity", "active-fraction"]
    table, states = response_table(grid, ["somic"], chosen, tmp_path / "states")
    page = response_page(table, states, xr.ones_like(grid["clay"]), tmp_path / "page.html").read_text()
    assert "it lowers it in SOMic (" in page
    assert "SOMic takes no active-fraction: " in page
    assert "lacks the variable" in page
    for figure in ("elasticity-somic", "cue-somic", "change-somic", "relation-somic", "parts"):
        assert f'id="figure-{figure}"' in page
    for line in references_of(states):
        assert line.split(" (")[0].split(";")[0].split(",")[0] in page
    assert any("Allison" in line for line in references_of(states))


def test_command_writes_table_page_and_states(grid, tmp_path):
    source = tmp_path / "grid.nc"
    for name in ("out", "no"):
        (tmp_path / name).mkdir()
    grid.to_netcdf(source, engine="h5netcdf")
    run = command.soilcue(
        *("response", "--drivers", source, "--model", "somic", "--cue", "temperature-linear"),
        *("--experiments", "3", "--folder", tmp_path / "out"),
    )
    assert run.code == 0, run.err
    assert "2 pairs of model and scheme, 0 refused" in run.out
    table = pd.read_csv(tmp_path / "out" / "response.csv")
    assert table["scheme"].tolist() == ["constant", "temperature-linear"]
    page = (tmp_path / "out" / "response.html").read_text()
    assert "3 cells of vegetated land, from rest" in page
    assert "3 degrees warmer" in page
    kept = {file.stem for file in (tmp_path / "out" / "experiments").glob("*.nc")}
    treatments = {"warming", "wetting", "drying", "doubled-litter"}
    for name in treatments:
        assert f"somic_{name}" in kept
        assert f'id="figure-course-{name}"' in page
    wrong = command.soilcue("response", "--drivers", source, "--cue", "temperature-liner", "--folder", tmp_path / "no")
    assert wrong.code == 2
    assert "Did you mean 'temperature-linear'" in wrong.err
    assert not (tmp_path / "no" / "response.html").exists()


def test_schemes_that_a_grid_can_feed(grid):
    names = feedable_schemes(grid)
    assert {"temperature-linear", "moisture-potential", "temperature-adaptation", "ph-acidity"} <= set(names)
    assert not {"constant", "function", "active-fraction"} & set(names)
    assert len(feedable_schemes(sc.drivers())) >= 15
