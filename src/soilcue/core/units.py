"""Units: one registry, and a normaliser for the ways carbon people write them.

Soil carbon files say ``gC m-2 d-1``, ``kg C m-2``, ``g C/m^2/day``, ``m3/m3``, ``%`` or ``1``. Read naively, the
free-standing ``C`` of ``kg C m-2`` means coulomb or degree Celsius, so it is taken out here before the text reaches
the unit library: masses of carbon are masses. Laboratories write ``ug C g-1 dry soil h-1``, ``ug DNA/g dw`` and
``mg P per kg``; there P would be poise, and what the mass is of is taken out in the same way.
"""

from __future__ import annotations

import functools
import re

import numpy as np
import pint

from soilcue.core.errors import InputError

_ELEMENT_AFTER_MASS = re.compile(
    r"\b(kg|g|mg|ug|µg|μg|ng|Mg|Pg|Tg|t|mol|mmol|umol|µmol|μmol|nmol|pmol)[ ._-]?(?:CO2-C|C|N|P|O|DNA|Leu|TdR)\b"
)
_DRY_SOIL = re.compile(r"\s*\b(?:dry[ -](?:soil|weight|mass)|soil(?: dry (?:weight|mass))?|dw|DW|d\.w\.)(?![A-Za-z])")
_EXPONENT = re.compile(r"(?<=[A-Za-zµ])(?:\^|\*\*)?([+-]?\d+)")
# powers of powers, of brackets, or of three digits: no unit has them, and working them out can take for ever
_NO_POWER = re.compile(r"\)\s*(\*\*|\^)|(\*\*|\^)\s*\(?[+-]?(\d{3,}|[\w.]+\)?\s*(\*\*|\^))")
_SPELLINGS = {
    "": None,
    "1": "dimensionless",
    "-": "dimensionless",
    "fraction": "dimensionless",
    "unitless": "dimensionless",
    "%": "percent",
    "degC": "degC",
    "C": "degC",
    "°C": "degC",
    "celsius": "degC",
    "Celsius": "degC",
    "degrees_celsius": "degC",
    "deg_C": "degC",
    "degree_Celsius": "degC",
    "K": "kelvin",
}


@functools.cache
def registry() -> pint.UnitRegistry:
    """The project's unit registry: pint's own, with a year of 365 days (no-leap) and pH-like numbers dimensionless."""
    units: pint.UnitRegistry = pint.UnitRegistry(autoconvert_offset_to_baseunit=False)
    # soil models without a calendar count 365 days; a Julian year would open a 0.07 % gap against them
    units.define("year = 365 * day = yr = a")
    units.define("month = year / 12")
    return units


@functools.cache
def parse_unit(text: str) -> pint.Unit:
    """The unit a text means.

    Parameters
    ----------
    text : str
        A unit as people write it: ``gC m-2 d-1``, ``kg C m^-2``, ``m3/m3``, ``%``, ``1``, ``degC``.

    Returns
    -------
    pint.Unit

    Raises
    ------
    InputError
        When the text is empty or not a unit.
    """
    cleaned = str(text).strip()
    if cleaned in _SPELLINGS:
        spelling = _SPELLINGS[cleaned]
        if spelling is None:
            raise InputError("a unit is missing: write it out, for example 'degC', 'gC m-2 d-1' or '1' for a fraction.")
        return registry().Unit(spelling)
    plain = _DRY_SOIL.sub("", _ELEMENT_AFTER_MASS.sub(r"\1", cleaned)).replace("·", " ")
    plain = re.sub(r"\bper\b", "/", plain)
    plain = _EXPONENT.sub(r"**\1", plain)
    plain = re.sub(r"\s*/\s*", " / ", plain)
    plain = re.sub(r"(?<=[\w)])\s+(?=[A-Za-zµ(])", " * ", plain)
    try:
        if _NO_POWER.search(plain):
            raise ValueError(plain)
        return registry().Unit(registry().parse_units(plain, case_sensitive=True))
    except Exception as error:  # pint raises a different class for every way of being wrong
        raise InputError(
            f"{cleaned!r} is not a unit that can be read. Units are written like 'degC', 'gC m-2 d-1', 'm3 m-3', '%' "
            "or '1'."
        ) from error


def convert(values, unit: str, to: str):
    """Values in another unit.

    Parameters
    ----------
    values : float or array
        Numbers in ``unit``.
    unit, to : str
        Units as people write them.

    Returns
    -------
    float or array
        Numbers in ``to``.

    Raises
    ------
    InputError
        When either is not a unit, or the one cannot become the other.
    """
    source, target = parse_unit(unit), parse_unit(to)
    if source == target:
        return values
    try:
        converted = registry().Quantity(np.asarray(values, dtype=float), source).to(target).magnitude
    except pint.DimensionalityError as error:
        raise InputError(f"{unit!r} cannot be converted to {to!r}: they measure different things.") from error
    return converted if np.ndim(values) else float(converted)
