"""Units as people write them, and the traps among them."""

import numpy as np
import pytest

from soilcue.core.errors import InputError
from soilcue.core.units import convert, parse_unit, registry


@pytest.mark.parametrize(
    ("text", "same_as"),
    [
        ("gC m-2", "g/m**2"),
        ("g C m-2", "g/m**2"),
        ("g_C m^-2", "g/m**2"),
        ("gC/m2", "g/m**2"),
        ("gC m**-2", "g/m**2"),
        ("kg C m-2", "kg/m**2"),
        ("kgC/m^2", "kg/m**2"),
        ("MgC ha-1", "Mg/hectare"),
        ("t C ha-1", "tonne/hectare"),
        ("gC m-2 d-1", "g/m**2/day"),
        ("g C/m^2/day", "g/m**2/day"),
        ("gC m-2 yr-1", "g/m**2/year"),
        ("gC m-2 a-1", "g/m**2/year"),
        ("kg C m-2 s-1", "kg/m**2/s"),
        ("umol C m-2 s-1", "umol/m**2/s"),
        ("mgC cm-3", "mg/cm**3"),
        ("mg cm^-3 h^-1", "mg/cm**3/hour"),
        ("gC kg-1", "g/kg"),
        ("gC kg-1 percent-1", "g/kg/percent"),
        ("m2 gC-1 d-1", "m**2/g/day"),
        ("m3 m-3", ""),
        ("m3/m3", ""),
        ("kg kg-1", ""),
        ("1", ""),
        ("-", ""),
        ("fraction", ""),
        ("unitless", ""),
        ("%", "percent"),
        ("percent", "percent"),
        ("K", "kelvin"),
        ("K-1", "1/kelvin"),
        ("kelvin", "kelvin"),
        ("J mol-1", "joule/mole"),
        ("kJ mol-1", "kilojoule/mole"),
        ("kPa", "kilopascal"),
        ("m s-1", "m/s"),
    ],
)
def test_spelling_means_what_it_says(text, same_as):
    expected = registry().Quantity(1.0, same_as) if same_as else registry().Quantity(1.0, "dimensionless")
    found = registry().Quantity(1.0, parse_unit(text))
    assert found.dimensionality == expected.dimensionality
    assert found.to(expected.units).magnitude == pytest.approx(expected.magnitude, rel=1e-14)


@pytest.mark.parametrize(
    "text", ["degC", "C", "°C", "celsius", "Celsius", "degrees_celsius", "deg_C", "degree_Celsius"]
)
def test_every_spelling_of_celsius_has_its_offset(text):
    assert convert(10.0, text, "K") == pytest.approx(283.15, abs=1e-10)
    assert convert(283.15, "K", text) == pytest.approx(10.0, abs=1e-10)


@pytest.mark.parametrize(
    ("value", "unit", "to", "expected"),
    [
        (1.0, "kg C m-2", "gC m-2", 1000.0),
        (10.0, "t C ha-1", "gC m-2", 1000.0),
        (1.0, "mgC cm-3", "gC m-3", 1000.0),
        (365.0, "gC m-2 yr-1", "gC m-2 d-1", 1.0),
        (12.0, "gC m-2 month-1", "gC m-2 d-1", 144.0 / 365.0),
        (1.0, "kg C m-2 s-1", "gC m-2 d-1", 8.64e7),
        (1.0, "h-1", "d-1", 24.0),
        (35.0, "%", "1", 0.35),
        (0.86, "gC kg-1 percent-1", "g kg-1", 86.0),
        (1.2, "g cm-3", "kg m-3", 1200.0),
    ],
)
def test_conversion(value, unit, to, expected):
    assert convert(value, unit, to) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("text", ["kg C m-2", "g C m-2", "kgC m-2", "mg C cm-3", "t C ha-1"])
def test_carbon_is_neither_coulomb_nor_celsius(text):
    found = dict(parse_unit(text).dimensionality)
    assert set(found) == {"[mass]", "[length]"}


@pytest.mark.parametrize("text", ["", "   "])
def test_missing_unit_is_refused(text):
    with pytest.raises(InputError, match="unit is missing"):
        parse_unit(text)


@pytest.mark.parametrize(
    "text",
    [
        "bananas",
        "gC m-2 d-",
        "m3 m-3 )",
        "kg soil or so",
        "??",
        "1.5.2 m",
        "10^10^10",
        "m^9^9^9",
        "(9^9)^9",
        "m1000000000",
        "9**999999999",
    ],
)
def test_what_is_no_unit_is_refused(text):
    with pytest.raises(InputError, match="is not a unit that can be read"):
        parse_unit(text)


@pytest.mark.parametrize(
    ("unit", "to"),
    [("gC m-2", "gC m-3"), ("degC", "gC m-2"), ("1", "degC"), ("kPa", "m3 m-3"), ("gC m-2", "gC m-2 d-1")],
)
def test_different_things_are_not_converted(unit, to):
    with pytest.raises(InputError, match="measure different things"):
        convert(1.0, unit, to)


def test_shape_and_type_are_kept():
    assert isinstance(convert(1.0, "kg", "g"), float)
    values = np.array([[1.0, np.nan], [3.0, 4.0]])
    converted = convert(values, "kg", "g")
    assert converted.shape == (2, 2)
    np.testing.assert_array_equal(converted, values * 1000.0)


def test_values_already_right_are_not_touched():
    values = np.array([0.1, 0.2, 0.3])
    assert convert(values, "gC m-2", "g C m^-2") is values


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("ug C g-1 dry soil h-1", "ug g-1 h-1"),
        ("µg CO2-C g⁻¹ h⁻¹", "ug g-1 h-1"),
        ("ug DNA/g dw", "ug g-1"),
        ("mg P per kg soil", "ug g-1"),
        ("pmol Leu g-1 h-1", "pmol g-1 h-1"),
        ("ug O", "ug"),
        ("g dry weight", "g"),
    ],
)
def test_units_of_laboratories(text, same):
    assert parse_unit(text).dimensionality == parse_unit(same).dimensionality
    assert convert(1.0, text, same) == pytest.approx(1.0)


def test_poise_and_coulomb_are_not_read_into_masses():
    with pytest.raises(InputError, match="cannot be converted"):
        convert(1.0, "mg P kg-1", "mg m-2")
