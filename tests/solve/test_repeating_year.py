"""The repeating year against thousands of years of repetition."""

import numpy as np
import pytest

import soilcue as sc
from soilcue.core.network import Network
from soilcue.solve.seasonal import one_year

CELLS = 50


@pytest.fixture(scope="module")
def places():
    """Fifty vegetated cells of the embedded grid, cool enough for Millennial all year, in stored order."""
    grid = sc.drivers().stack(cell=("lat", "lon")).reset_index("cell")
    warmest, mean = grid["temperature"].max("month"), grid["temperature"].mean("month")
    usable = np.flatnonzero(((warmest < 30) & (mean > 2) & (grid["carbon_input"] > 0.1)).values)
    return grid.isel(cell=np.random.default_rng(7).choice(usable, CELLS, replace=False))


@pytest.mark.parametrize("name", ["mimics", "millennial"])
def test_five_thousand_years_of_repetition_end_in_the_repeating_year(places, name):
    model = sc.model(name)
    state = model.steady_state(places)
    assert (state["status"] == 0).all()
    run = model.simulate(places, model.steady_state(places, season="annual-mean"), 5000)
    np.testing.assert_allclose(run["stock_at_end"][-1], state["stock_at_year_start"], rtol=1e-6)


def test_century_needs_longer_than_that_and_ends_there_too(places):
    """Its passive pool takes tens of thousands of years; a year is a linear map, so doubling it often is exact."""
    model = sc.model("century")
    state = model.steady_state(places)
    network: Network = model.network
    cells, _, _ = model._cells(places, "auto")
    nothing = np.zeros((0, len(model.structure.fluxes)))
    after, map_, *_ = (np.asarray(a) for a in one_year(network, np.ones((8, CELLS)), cells, nothing, 2))
    matrix, gained = np.moveaxis(map_, -1, 0), after.T
    gained = gained - matrix.sum(axis=2)
    for _ in range(40):  # 2**40 years
        gained = gained + np.einsum("cij,cj->ci", matrix, gained)
        matrix = matrix @ matrix
    np.testing.assert_allclose(gained.T * model._stock, state["stock_at_year_start"], rtol=1e-6)
