"""Drivers at the border: names, units, limits, and messages a soil scientist understands."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from soilcue.core.errors import InputError
from soilcue.core.units import parse_unit
from soilcue.core.variables import DRIVERS, OUTPUTS, find_driver, read_driver


def dataset(name, values, units=None, dims=("site",)):
    attrs = {} if units is None else {"units": units}
    return xr.Dataset({name: (dims, values, attrs)})


@pytest.mark.parametrize("variable", [*DRIVERS.values(), *OUTPUTS.values()], ids=lambda v: v.name)
def test_declaration_is_whole(variable):
    parse_unit(variable.unit)
    assert variable.low < variable.high
    assert variable.long_name
    assert variable.attributes()["units"] == variable.unit
    assert variable.attributes()["long_name"] == variable.long_name


def test_no_name_means_two_drivers():
    names = [name for variable in DRIVERS.values() for name in (variable.name, *variable.aliases)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("name", "held_as", "values", "units", "expected"),
    [
        ("temperature", "temperature", [283.15], "K", [10.0]),
        ("temperature", "tsl", [283.15], "K", [10.0]),
        ("temperature", "MAT", [10.0], "celsius", [10.0]),
        ("clay", "clay", [35.0], "%", [0.35]),
        ("moisture", "theta", [0.3], "m3/m3", [0.3]),
        ("moisture", "swc", [30.0], "percent", [0.3]),
        ("carbon_input", "npp", [365.0], "gC m-2 yr-1", [1.0]),
        ("carbon_input", "NPP", [1e-8], "kg C m-2 s-1", [0.864]),
        ("bulk_density", "bulk_density", [1.3], "g cm-3", [1300.0]),
        ("lignin_to_nitrogen", "lig_N", [12], "kg kg-1", [12.0]),
        ("metabolic_fraction", "fMET", [0.4], "fraction", [0.4]),
        ("annual_carbon_input", "annual_npp", [0.5], "kg C m-2 yr-1", [500.0]),
    ],
)
def test_driver_arrives_under_its_name_and_in_its_unit(name, held_as, values, units, expected):
    data = dataset(held_as, values, units)
    assert find_driver(data, name) == held_as
    read = read_driver(data, name)
    assert read.name == name
    assert read.attrs == DRIVERS[name].attributes()
    assert read.dtype == np.float64
    np.testing.assert_allclose(read, expected, rtol=1e-12)


def test_canonical_name_goes_before_an_alias():
    both = dataset("temperature", [5.0], "degC").merge(dataset("tsl", [9.0], "degC"))
    assert float(read_driver(both, "temperature")[0]) == 5.0


def test_no_data_is_kept():
    read = read_driver(dataset("clay", [0.2, np.nan, 0.4], "1"), "clay")
    np.testing.assert_array_equal(read, [0.2, np.nan, 0.4])


@pytest.mark.parametrize("dtype", ["float32", "int16", "int64"])
def test_any_number_type_is_read(dtype):
    read = read_driver(dataset("temperature", np.array([3, 7], dtype), "degC"), "temperature")
    assert read.dtype == np.float64
    np.testing.assert_array_equal(read, [3.0, 7.0])


@pytest.mark.parametrize(
    ("name", "values", "units", "words"),
    [
        ("clay", [20.0, 35.0], "1", ["2 values outside 0 to 1", "looks like percent", "'%'"]),
        ("moisture", [20.0, 35.0], "m3 m-3", ["looks like percent"]),
        ("temperature", [280.0, 290.0], "degC", ["2 values outside -60 to 60 degC", "looks like kelvin", "'K'"]),
        ("temperature", [10.0], "K", ["1 values outside", "-263.15"]),
        ("carbon_input", [1.0, -0.1], "gC m-2 d-1", ["1 values outside 0 to 50", "-0.1", "site=1"]),
        ("pH", [0.0], "1", ["outside 2 to 11"]),
        ("clay", [np.inf], "1", ["1 values outside"]),
        ("temperature", [5.0], None, ["has no units attribute", "'degC'"]),
        ("temperature", [5.0], "", ["has no units attribute"]),
        ("temperature", [5.0], "gC m-2", ["cannot be converted", "Expected 'degC'"]),
        ("temperature", [5.0], "warm", ["is not a unit", "Expected 'degC'"]),
        ("clay", ["sandy"], "1", ["not numbers"]),
        ("clay", [True], "1", ["not numbers"]),
    ],
)
def test_wrong_values_are_refused_with_the_place_and_the_reason(name, values, units, words):
    with pytest.raises(InputError) as refused:
        read_driver(dataset(name, values, units), name, place="sites.nc")
    message = str(refused.value)
    assert message.startswith(f"sites.nc, variable '{name}'")
    for word in words:
        assert word in message, message


def test_place_of_a_wrong_value_is_told_by_coordinates():
    data = xr.Dataset(
        {"clay": (("lat", "lon"), [[0.1, 0.2], [1.7, 0.3]], {"units": "1"})},
        {"lat": [10.0, 20.0], "lon": [100.0, 110.0]},
    )
    with pytest.raises(InputError, match=r"lat=20\.0, lon=100\.0"):
        read_driver(data, "clay")


def test_absence_tells_the_names_that_would_do():
    with pytest.raises(InputError) as refused:
        read_driver(dataset("clay", [0.2], "1"), "temperature", place="sites.nc")
    message = str(refused.value)
    for word in ("sites.nc lacks the variable 'temperature'", "'tsl'", "degC", "It has: clay"):
        assert word in message


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.lists(st.floats(-60, 60), min_size=1, max_size=5))
def test_kelvin_and_celsius_say_the_same(values):
    celsius = read_driver(dataset("temperature", values, "degC"), "temperature")
    kelvin = read_driver(dataset("temperature", np.clip(np.array(values) + 273.15, 213.15, 333.15), "K"), "temperature")
    np.testing.assert_allclose(celsius, kelvin, atol=1e-10)
