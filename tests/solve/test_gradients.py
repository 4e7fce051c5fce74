"""First derivatives of steady states: against central differences, and forward against reverse."""

import equinox as eqx
import jax
import jax.numpy as jnp
import model_contract
import numpy as np
import plausible
import pytest
import xarray as xr

import soilcue as sc
from soilcue.core.errors import InputError
from soilcue.solve.seasonal import MONTH_DAYS
from soilcue.solve.steady import one_block

# the programs that carry derivatives are the largest of all, and run here for a few cells
pytestmark = pytest.mark.usefixtures("quick_compilation")

STEP = 5e-4
"""Relative step of the central differences, which are of fourth order."""
POINTS = {1: 8 / 12, -1: -8 / 12, 2: -1 / 12, -2: 1 / 12}
"""Their weights at so many steps to either side."""


@pytest.fixture(scope="module", params=["century", "mimics", "millennial"])
def name(request) -> str:
    return request.param


def with_annual_input(drivers):
    """The long-term input given on its own, so that a change of the input does not change it too."""
    mean = drivers["carbon_input"]
    if "month" in mean.dims:
        mean = (mean * xr.DataArray(MONTH_DAYS / 365, dims="month")).sum("month")
    return drivers.assign(annual_carbon_input=(mean * 365).assign_attrs(units="gC m-2 yr-1"))


@pytest.fixture(scope="module")
def still():
    return with_annual_input(plausible.cells(6, seed=21))


@pytest.fixture(scope="module")
def seasonal():
    mild = plausible.cells(6, seed=22)
    mild["temperature"] = (mild["temperature"] * 0.6).assign_attrs(units="degC")
    mild["moisture"] = (mild["moisture"] * 0.9).assign_attrs(units="m3 m-3")
    return with_annual_input(plausible.with_seasons(mild))


def carbon(model, drivers) -> np.ndarray:
    state = model.steady_state(drivers, eigenvalues=False)
    assert (state["status"] == 0).all()
    return state["soil_carbon"].values


def difference_by_driver(model, drivers, driver, months=slice(None)) -> np.ndarray:
    """d(soil carbon) by a change of a driver in the given months together."""
    values = drivers[driver]
    step = STEP * np.abs(values.values).max()
    total = 0.0
    for steps, weight in POINTS.items():
        moved = values.values.copy()
        moved[months if "month" in values.dims else ...] += steps * step
        changed = drivers.copy()
        changed[driver] = (values.dims, moved, values.attrs)
        total = total + weight * carbon(model, changed)
    return total / step


def differences_by_parameter(name, drivers, chosen=None):
    """d(soil carbon) by every component of every (chosen) parameter, with its label."""
    network = sc.model(name).network
    for declared in network.declared:
        if chosen is not None and declared.name not in chosen:
            continue
        value = np.asarray(network.parameters[declared.name], float)
        for k, component in enumerate(declared.components or ("",)):
            at = (k,) if component else ()
            step = STEP * (abs(value[at]) or 1.0)
            if not declared.low <= value[at] - 2 * step < value[at] + 2 * step <= declared.high:
                continue  # published at its bound: beyond it there is no model
            total = 0.0
            for steps, weight in POINTS.items():
                moved = value.copy()
                moved[at] += steps * step
                total = total + weight * carbon(sc.model(name, parameters={declared.name: moved}), drivers)
            yield f"{declared.name}[{component}]" if component else declared.name, total / step


def agree(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-7 * np.max(np.abs(expected)))


def test_by_driver_and_parameter(name, still):
    model = sc.model(name)
    gradient = model.gradient(still)
    value = carbon(model, still)
    np.testing.assert_allclose(gradient["value"], value, rtol=1e-12)
    drivers = [d for d in still.data_vars if d in gradient]
    assert {"temperature", "clay" if name != "millennial" else "clay_silt", "carbon_input"} <= set(drivers)
    for driver in drivers:
        agree(gradient[driver], difference_by_driver(model, still, driver))
        assert gradient[driver].attrs["units"].startswith("gC m-2 per (")
    compared = 0
    for label, expected in differences_by_parameter(name, still):
        found = gradient["parameter_derivative"].sel(parameter=label).values
        agree(found, expected)
        compared += 1
    assert compared >= 0.9 * gradient.sizes["parameter"]


CHOSEN = {
    "century": ("slow_decay", "passive_to_active", "metabolic_efficiency", "temperature_sensitivity", "active_clay"),
    "mimics": ("cue_metabolic", "vmax_slope", "km_modifier", "turnover", "desorption"),
    "millennial": ("cue_reference", "cue_slope", "uptake_energy", "mortality", "sorption_capacity"),
}


def test_by_driver_and_parameter_with_seasons(name, seasonal):
    model = sc.model(name)
    gradient = model.gradient(seasonal)
    np.testing.assert_allclose(gradient["value"], carbon(model, seasonal), rtol=1e-9)
    for driver in ("temperature", "moisture", "carbon_input", "clay", "clay_silt"):
        if driver not in gradient:
            continue
        assert gradient[driver].dims == ("month", "site")
        expected = difference_by_driver(model, seasonal, driver)
        agree(gradient[driver].sum("month"), expected)
    for driver in ("temperature", "carbon_input"):
        expected = difference_by_driver(model, seasonal, driver, months=6)
        agree(gradient[driver].isel(month=6), expected)
    for label, expected in differences_by_parameter(name, seasonal, CHOSEN[name]):
        found = gradient["parameter_derivative"].sel(parameter=label).values
        agree(found, expected)


def test_forward_equals_reverse(name, still):
    """The derivative along a direction in all drivers and parameters at once."""
    network = sc.model(name).network
    drivers = {
        key: jnp.asarray(values) for key, values in model_contract.drivers_in_model_units(network, still).items()
    }
    random = np.random.default_rng(0)
    direction = (
        {key: 0.01 * random.normal() * value for key, value in network.parameters.items()},
        {key: 0.01 * random.normal(size=6) * value for key, value in drivers.items()},
    )

    def total(parameters, drivers):
        changed = eqx.tree_at(lambda n: n.parameters, network, parameters)
        return jnp.sum(one_block(changed, drivers, 100, 1.0).stocks)

    point = (network.parameters, drivers)
    value, forward = jax.jit(lambda point, direction: jax.jvp(total, point, direction))(point, direction)
    backward = jax.jit(jax.grad(total, argnums=(0, 1)))(*point)
    together = sum(
        jnp.sum(slope * way) for slope, way in zip(jax.tree.leaves(backward), jax.tree.leaves(direction), strict=True)
    )
    assert float(forward) == pytest.approx(float(together), rel=1e-10)
    assert abs(float(forward)) > 1e-6 * float(value)


def test_of_other_quantities(name, still):
    model = sc.model(name)
    whole = model.gradient(still)
    parts = [model.gradient(still, of=pool.name) for pool in model.network.pools]
    for variable in ("value", "temperature", "parameter_derivative"):
        np.testing.assert_allclose(sum(part[variable] for part in parts), whole[variable], rtol=1e-8, atol=1e-9)
    with pytest.raises(InputError, match=r"unknown quantity 'soil_carbn'.*Did you mean 'soil_carbon'"):
        model.gradient(still, of="soil_carbn")


def test_without_a_settled_state_there_is_no_derivative():
    drivers = plausible.sites({"temperature": np.array([12.0, 31.0, np.nan])})
    gradient = sc.model("millennial").gradient(drivers)
    for name in gradient.data_vars:
        known = gradient[name].notnull()
        assert known.isel(site=0).all()
        assert not known.isel(site=[1, 2]).any()
