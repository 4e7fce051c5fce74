"""Time axes of drivers: whole years of months, of days or of every few hours, without gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from soilcue.core.errors import InputError

_DAY = 86400  # seconds
_DAYS_OF_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True)
class Years:
    """A time axis read: its period (month, day, or part of a day), how many whole years it has, the month it starts in
    (0 is January), and the days of each period of a year, from the first one on.
    """

    period: str
    count: int
    first_month: int
    lengths: np.ndarray


def read_years(times: xr.DataArray, place: str = "drivers") -> Years:
    """Read a time coordinate.

    Parameters
    ----------
    times : xr.DataArray
        Decoded dates (datetime64 or cftime): monthly, or daily or every few hours in a calendar without leap days.
    place : str
        What to call the dataset in a message.

    Returns
    -------
    Years

    Raises
    ------
    InputError
        For an axis without dates, with gaps, repeats, mixed steps or leap days, or shorter than a year.
    """
    if times.ndim != 1:
        raise InputError(f"{place}: 'time' has the dimensions {times.dims}; one series of dates is for all cells.")
    if times.size < 12:
        raise InputError(f"{place}: dimension 'time' has {times.size} steps; a run needs at least one year.")
    none = np.flatnonzero(times.isnull().values)
    if none.size:
        raise InputError(f"{place}: 'time' has no date at step {none[0]}; every step needs one.")
    if not (np.issubdtype(times.dtype, np.datetime64) or hasattr(times.values[0], "calendar")):
        raise InputError(
            f"{place}: coordinate 'time' holds {times.dtype} values, not dates. Give it units such as "
            "'days since 1901-01-01' and a calendar, and open the file with decoded times."
        )
    first = int(times.dt.month.values[0]) - 1
    month_count = times.dt.year.values * 12 + times.dt.month.values
    steps = np.diff(month_count)
    if (steps == 1).all():
        lengths = np.roll(np.array(_DAYS_OF_MONTH, dtype=float), -first)
        return Years("month", times.size // 12, first, lengths)
    leap = np.flatnonzero((times.dt.month.values == 2) & (times.dt.day.values >= 29))
    if leap.size and times.dt.calendar == "360_day":
        raise InputError(
            f"{place}: 'time' has the calendar 360_day. Years here have 365 days: bring the drivers to months, or to "
            "other days, for example with drivers.interp_calendar(xr.date_range(first, last, freq='D', "
            "calendar='noleap', use_cftime=True))."
        )
    if leap.size:
        raise InputError(
            f"{place}: 'time' has leap days (the first at step {leap[0]}). Years here have 365 days: leave them out, "
            "for example with drivers.convert_calendar('noleap')."
        )
    clock = times.dt.hour.values * 3600 + times.dt.minute.values * 60 + times.dt.second.values
    passed = np.diff((365 * times.dt.year.values + _day_of_noleap_year(times)) * _DAY + clock)
    backward = np.flatnonzero(passed <= 0)
    if backward.size:
        raise InputError(
            f"{place}: 'time' does not increase at step {backward[0] + 1}: {times.values[backward[0] + 1]}."
        )
    step = passed[0]
    jumps = np.flatnonzero(passed != step)
    if jumps.size or _DAY % step:
        at = jumps[0] if jumps.size else 0
        raise InputError(
            f"{place}: 'time' is neither monthly, daily nor of whole parts of a day without gaps: after "
            f"{times.values[at]} comes {times.values[at + 1]} (step {at + 1})."
        )
    lengths = np.full(365 * _DAY // step, step / _DAY)
    if times.size < len(lengths):
        raise InputError(
            f"{place}: dimension 'time' holds {times.size * step / _DAY:g} days; a run needs at least one year."
        )
    return Years("day" if step == _DAY else "part of a day", times.size // len(lengths), first, lengths)


def _day_of_noleap_year(times: xr.DataArray) -> np.ndarray:
    """Day of a year without leap day, 0 to 364, whatever the calendar counts."""
    starts = np.concatenate([[0], np.cumsum(_DAYS_OF_MONTH)[:-1]])
    return starts[times.dt.month.values - 1] + times.dt.day.values - 1
