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
from soilcue.core.units import convert
from soilcue.solve.cells import Status, solve_cells
from soilcue.solve.seasonal import MONTH_DAYS
from soilcue.solve.steady import one_block

STEP = 5e-4
"""Relative step of the central differences, which are of fourth order."""
POINTS = {1: 8 / 12, -1: -8 / 12, 2: -1 / 12, -2: 1 / 12}
"""Their weights at so many steps to either side."""
SITES = 6


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
    return with_annual_input(plausible.cells(SITES, seed=21))


@pytest.fixture(scope="module")
def seasonal():
    mild = plausible.cells(SITES, seed=22)
    mild["temperature"] = (mild["temperature"] * 0.6).assign_attrs(units="degC")
    mild["moisture"] = (mild["moisture"] * 0.9).assign_attrs(units="m3 m-3")
    return with_annual_input(plausible.with_seasons(mild))


def carbon(network, drivers) -> np.ndarray:
    """Total carbon, gC m-2, of (months and) cells in the units of a network."""
    none = np.zeros((0, len(network.structure().fluxes)))
    states = solve_cells(network, drivers, none, seasonal=drivers["temperature"].ndim == 2)
    assert (states.status == Status.SETTLED).all()
    return states.stocks.sum(axis=0) * model_contract.gram_per_square_metre(network)


def in_model_units(network, drivers) -> dict[str, np.ndarray]:
    """Drivers of shape (cells,) or (12, cells), all alike."""
    values = model_contract.drivers_in_model_units(network, drivers)
    values["annual_carbon_input"] = drivers["annual_carbon_input"].values
    shape = np.shape(values["temperature"])
    used = [name for need in network.needs for name in ((need,) if isinstance(need, str) else need) if name in values]
    return {name: np.broadcast_to(values[name], shape) for name in used}


def moved_together(network, drivers, moves) -> np.ndarray:
    """Central differences of total carbon for several moves of the drivers: all their cells are solved in one go."""
    copies = []
    for move in moves:
        copies += [move(steps) for steps in POINTS]
    together = {name: np.concatenate([copy[name] for copy in copies], axis=-1) for name in drivers}
    found = carbon(network, together).reshape(len(moves), len(POINTS), -1)
    return np.tensordot(found, list(POINTS.values()), axes=(1, 0))


def difference_by_driver(network, drivers, driver, months=slice(None)) -> np.ndarray:
    """d(total carbon) by a change of a driver, in the given months together."""
    step = STEP * np.abs(drivers[driver]).max()

    def move(steps):
        changed = drivers[driver].copy()
        changed[months if changed.ndim == 2 else ...] += steps * step
        return drivers | {driver: changed}

    return moved_together(network, drivers, [move])[0] / step


def difference_by_parameters(network, drivers, moves) -> np.ndarray:
    """d(total carbon) by a change of several parameters together; `moves` holds what a step adds to each."""
    total = 0.0
    for steps, weight in POINTS.items():
        moved = {
            key: np.asarray(value) + steps * STEP * moves.get(key, 0.0) for key, value in network.parameters.items()
        }
        total = total + weight * carbon(eqx.tree_at(lambda n: n.parameters, network, moved), drivers)
    return total / STEP


def labels_of(declared) -> list[str]:
    return [f"{declared.name}[{part}]" for part in declared.components] or [declared.name]


def check_by_parameter(network, drivers, derivative, chosen, directions=2):
    """Single components of some parameters by name, and all parameters at once along random directions."""
    by_name = {declared.name: declared for declared in network.declared}
    for name in chosen:
        value = np.asarray(network.parameters[name], float)
        only = np.zeros(value.shape)
        only[(0,) * value.ndim] = np.abs(value).flat[0] or 1.0
        found = derivative.sel(parameter=labels_of(by_name[name])[0]).values * only.flat[0]
        agree(found, difference_by_parameters(network, drivers, {name: only}))
    random = np.random.default_rng(5)
    for _ in range(directions):
        moves, along = {}, 0.0
        for name, declared in by_name.items():
            value = np.asarray(network.parameters[name], float)
            room = 2 * STEP * np.abs(value)
            free = (value - room >= declared.low) & (value + room <= declared.high)  # beyond a bound there is no model
            moves[name] = np.where(free, random.uniform(-1, 1, value.shape) * np.abs(value), 0.0)
            for label, move in zip(labels_of(declared), np.atleast_1d(moves[name]), strict=True):
                along = along + derivative.sel(parameter=label).values * move
        agree(along, difference_by_parameters(network, drivers, moves))


def agree(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-7 * np.max(np.abs(expected)))


CHOSEN = {
    "century": ("slow_decay", "metabolic_efficiency", "temperature_sensitivity"),
    "mimics": ("cue_metabolic", "vmax_slope", "desorption"),
    "millennial": ("cue_slope", "uptake_energy", "sorption_capacity"),
}


def per_driver_unit(network, driver) -> float:
    """What a derivative by a driver in the model's units is multiplied with to be one by the driver's own unit."""
    if driver != "carbon_input":
        return 1.0
    return 1 / (model_contract.gram_per_square_metre(network) * convert(1.0, f"{network.time_unit}-1", "d-1"))


def test_by_driver_and_parameter(name, still):
    model = sc.model(name)
    network, gradient = model.network, model.gradient(still)
    drivers = in_model_units(network, still)
    np.testing.assert_allclose(gradient["value"], carbon(network, drivers), rtol=1e-12)
    assert {"temperature", "clay" if name != "millennial" else "clay_silt", "carbon_input"} <= set(drivers)
    for driver in drivers:
        agree(gradient[driver], difference_by_driver(network, drivers, driver) * per_driver_unit(network, driver))
        assert gradient[driver].attrs["units"].startswith("gC m-2 per (")
    check_by_parameter(network, drivers, gradient["parameter_derivative"], CHOSEN[name])


@pytest.mark.parametrize("name", ["century", "millennial"])
def test_by_driver_and_parameter_with_seasons(name, seasonal):
    """One linear model and one that is not: the year's derivatives are the same code for every network."""
    model = sc.model(name)
    network, gradient = model.network, model.gradient(seasonal)
    drivers = in_model_units(network, seasonal)
    np.testing.assert_allclose(gradient["value"], carbon(network, drivers), rtol=1e-9)
    for driver in ("temperature", "carbon_input"):
        assert gradient[driver].dims == ("month", "site")
        unit = per_driver_unit(network, driver)
        agree(gradient[driver].sum("month"), difference_by_driver(network, drivers, driver) * unit)
        if driver == "temperature":
            july = difference_by_driver(network, drivers, driver, months=6)
            agree(gradient[driver].isel(month=6), july)
    check_by_parameter(network, drivers, gradient["parameter_derivative"], CHOSEN[name][:1], directions=0)


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
        return sum(jnp.sum(stock) for stock in one_block(changed, drivers, 100, 1.0).stocks)

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
