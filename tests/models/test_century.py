"""What CENTURY says, and where it has no answer."""

import numpy as np
import plausible
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import soilcue as sc
from soilcue.core.errors import NotDefinedError


@pytest.fixture(scope="module")
def century() -> sc.SoilModel:
    return sc.model("century")


def solved(model, drivers):
    state = model.steady_state(drivers, fluxes=True)
    assert (state["status"] == 0).all()
    return state


def test_diagnosed_cue_knows_neither_temperature_nor_moisture_nor_input(century):
    same = {"clay": 0.3, "metabolic_fraction": 0.4, "structural_lignin": 0.3}
    changed = plausible.sites(
        {
            "temperature": np.array([0.0, 12.0, 30.0]),
            "moisture": np.array([0.05, 0.25, 0.44]),
            "carbon_input": np.array([0.1, 1.0, 5.0]),
        },
        **same,
    )
    found = sc.cue(solved(century, changed))
    for name in ("diagnosed_cue", "diagnosed_cue_without_litter"):
        values = found[name].transpose("site", "rule").values
        np.testing.assert_allclose(values, np.broadcast_to(values[0, 0], values.shape), rtol=1e-12)


@settings(deadline=None, derandomize=True, max_examples=15)
@given(st.floats(0.01, 100.0))
def test_stocks_and_fluxes_scale_with_the_input(factor):
    century, drivers = sc.model("century"), plausible.cells(20)
    scaled = drivers.copy()
    scaled["carbon_input"] = (drivers["carbon_input"] * 0.1).assign_attrs(units="gC m-2 d-1")
    more = scaled.copy()
    more["carbon_input"] = (scaled["carbon_input"] * factor).assign_attrs(units="gC m-2 d-1")
    one, other = solved(century, scaled), solved(century, more)
    for name in ("soil_carbon", "litter_carbon", "passive", "respiration", "gross_decomposition", "flux_rate"):
        np.testing.assert_allclose(other[name], one[name] * factor, rtol=1e-12)


def test_clay_keeps_carbon_and_raises_the_cue(century):
    state = solved(
        century, plausible.sites({"clay": np.linspace(0.02, 0.75, 8), "clay_silt": np.linspace(0.3, 0.9, 8)})
    )
    assert (np.diff(state["soil_carbon"]) > 0).all()
    assert (np.diff(sc.cue(state)["diagnosed_cue"].sel(rule="uptake")) > 0).all()


def test_warmth_costs_carbon_up_to_the_optimum(century):
    state = solved(century, plausible.sites({"temperature": np.array([5.0, 15.0, 25.0, 30.0, 34.0])}))
    carbon = state["soil_carbon"].values
    assert (np.diff(carbon[:4]) < 0).all()
    assert carbon[4] == pytest.approx(carbon[3], rel=1e-12)
    # the published sensitivity is 0.69 in ten degrees
    assert carbon[0] / carbon[1] == pytest.approx(np.exp(0.69), rel=1e-12)


def test_input_is_split_by_litter_quality_and_height(century):
    state = solved(century, plausible.one_cell(metabolic_fraction=0.4, above_ground_fraction=0.7, carbon_input=2.0))
    flow = state["flux_rate"]
    for pool, share in (
        ("metabolic_above", 0.4 * 0.7),
        ("metabolic_below", 0.4 * 0.3),
        ("structural_above", 0.6 * 0.7),
        ("structural_below", 0.6 * 0.3),
    ):
        assert float(flow.sel(flux=f"input > {pool} (input)")) == pytest.approx(2.0 * share, rel=1e-12)


def test_litter_quality_follows_from_lignin_and_nitrogen(century):
    """The default drivers give what the fractions do that Sun et al. (2021) derive from them."""
    base = plausible.one_cell()
    metabolic = 0.85 - 0.018 * 20.0
    litter = base.drop_vars(["metabolic_fraction", "structural_lignin"]).assign(
        lignin_to_nitrogen=((), 20.0, {"units": "1"}), litter_lignin=((), 0.2, {"units": "1"})
    )
    given = plausible.one_cell(metabolic_fraction=metabolic, structural_lignin=0.2 / (1 - metabolic))
    assert float(solved(century, litter)["soil_carbon"]) == pytest.approx(
        float(solved(century, given)["soil_carbon"]), rel=1e-13
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"metabolic_fraction": 1.0}, "metabolic_fraction_of_litter_outside_[0,_1)"),
        ({"moisture": 0.5, "porosity": 0.45}, "moisture_above_porosity"),
    ],
)
def test_reason_of_no_answer(century, changes, reason):
    state = century.steady_state(plausible.one_cell(**changes), fluxes=True)
    assert int(state["status"]) == 2
    reasons = state["crossed_limits"].attrs["flag_meanings"].split()
    masks = state["crossed_limits"].attrs["flag_masks"]
    assert [r for r, mask in zip(reasons, masks, strict=True) if int(state["crossed_limits"]) & mask] == [reason]
    assert np.isnan(state["soil_carbon"])


@pytest.mark.parametrize("scale", ["community", "population", "ecosystem"])
def test_without_microbes_there_is_no_cue_of_microbes(century, scale):
    state = solved(century, plausible.one_cell())
    assert "microbial_carbon" not in state
    with pytest.raises(NotDefinedError, match=f"'century' holds no living pool.*{scale} scale"):
        sc.cue(state, scale=scale)
