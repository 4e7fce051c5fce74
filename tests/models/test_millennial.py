"""What Millennial says: its CUE line, its mineral surfaces, and where it has no answer."""

import numpy as np
import plausible
import pytest

import soilcue as sc


@pytest.fixture(scope="module", params=["fit", "default"])
def millennial(request) -> sc.SoilModel:
    return sc.model("millennial", parameters=request.param)


def line(model, temperature):
    return {"fit": 0.19, "default": 0.6}[model.parameters_name] - 0.012 * (temperature - 15.0)


def test_uptake_cue_is_the_published_line_where_it_lies_between_zero_and_one(millennial):
    temperature = np.linspace(-15.0, 45.0, 61)
    state = millennial.steady_state(plausible.sites({"temperature": temperature}), fluxes=True)
    expected = line(millennial, temperature)
    inside = (expected > 0) & (expected < 1)
    assert (~inside).any() or millennial.parameters_name == "default"
    np.testing.assert_array_equal(state["status"] == 2, ~inside)
    assert (state["status"].values[inside] == 0).mean() > 0.9
    settled = state["status"].values == 0
    for values in (
        sc.cue(state, scale="community")["cue_community"],
        sc.cue(state, scale="population")["cue_population"].sel(population="microbes"),
        sc.cue(state)["diagnosed_cue"].sel(rule="uptake"),
    ):
        np.testing.assert_allclose(values.values[settled], expected[settled], rtol=0, atol=1e-12)
        assert np.isnan(values.values[~settled]).all()


def test_the_published_cue_is_negative_above_thirty_point_eight_degrees():
    """0.19 - 0.012 (T - 15) is zero at 30.83 degrees: the fitted set has no answer above it."""
    state = sc.model("millennial").steady_state(
        plausible.sites({"temperature": np.array([30.0, 30.8, 30.84, 31.0, 35.0])}), fluxes=True
    )
    assert state["status"].values.tolist() == [0, 0, 2, 2, 2]
    bit = state["crossed_limits"].attrs["flag_meanings"].split().index("CUE_of_the_model_outside_(0,_1)")
    assert state["crossed_limits"].values.tolist() == [0, 0, 1 << bit, 1 << bit, 1 << bit]
    assert np.isnan(state["soil_carbon"].values[2:]).all()
    assert np.isnan(state["residual"].values[2:]).all()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"moisture": 0.45, "porosity": 0.45}, "moisture_at_or_above_porosity"),
        ({"clay_silt": 0.0, "clay": 0.0}, "no_clay_and_silt_to_bind_carbon"),
        ({"moisture": 0.0}, "no_moisture"),
    ],
)
def test_reason_of_no_answer(millennial, changes, reason):
    state = millennial.steady_state(plausible.one_cell(**changes), fluxes=True)
    assert int(state["status"]) == 2
    reasons = state["crossed_limits"].attrs["flag_meanings"].split()
    masks = state["crossed_limits"].attrs["flag_masks"]
    assert [r for r, mask in zip(reasons, masks, strict=True) if int(state["crossed_limits"]) & mask] == [reason]


def test_an_overfull_surface_gives_carbon_back(millennial):
    """Past its capacity the published net sorption is negative: it must show as desorption, not as a negative flux."""
    from model_contract import Case, rates

    drivers = plausible.cells(4)
    case = Case(millennial, drivers, millennial.steady_state(drivers, fluxes=True))
    stocks, environment = case.stocks(), case.environment()
    names = [pool.name for pool in millennial.network.pools]
    index = {name: i for i, name in enumerate(millennial.structure.names())}
    bound, dissolved = names.index("mineral_associated"), names.index("dissolved")
    capacity = drivers["bulk_density"] * drivers["clay_silt"] * 86.0
    for filling in (0.2, 1.0, 1.7):
        stocks[bound] = filling * capacity
        found = rates(millennial.network, stocks, environment)
        sorption = found[index["dissolved > mineral_associated (sorption)"]]
        excess = found[index["mineral_associated > dissolved (desorption)"]]
        assert ((sorption > 0) == (filling < 1)).all()
        assert ((excess > 0) == (filling > 1)).all()
        net = environment["binding"] * stocks[dissolved] * (1 - filling)
        np.testing.assert_allclose(sorption - excess, net, rtol=1e-12, atol=1e-15)
        # desorption from the filled share of the surface, eq 12: 1 gC m-2 d-1 when it is full
        np.testing.assert_allclose(found[index["mineral_associated > dissolved (desorption) #2"]], filling, rtol=1e-12)


def test_capacity_is_that_of_a_metre_of_soil(millennial):
    environment = millennial.network.environment(
        {name: np.array([float(values)]) for name, values in plausible.one_cell().items()}
    )
    # kg m-3 times share of clay and silt times g carbon per kg of it, 0.86 for every percent
    assert float(environment["capacity"][0]) == pytest.approx(1200.0 * 0.5 * 86.0, rel=1e-12)
