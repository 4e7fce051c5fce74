"""Time axes of drivers: whole years of months or of days, without gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from soilcue.core.errors import InputError

STEPS = {"month": 12, "day": 365}
_DAYS_OF_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True)
class Years:
    """A time axis read: its period, how many whole years it has, and the month it starts in (0 is January)."""

    period: str
    count: int
    first_month: int

    def period_days(self) -> np.ndarray:
        """Days of each period of a year, from the first one on."""
        if self.period == "day":
            return np.ones(365)
        return np.roll(np.array(_DAYS_OF_MONTH, dtype=float), -self.first_month)


def read_years(times: xr.DataArray) -> Years:
    """Read a time coordinate.

    Parameters
    ----------
    times : xr.DataArray
        Decoded dates (datetime64 or cftime), monthly, or daily in a calendar without leap days.

    Returns
    -------
    Years

    Raises
    ------
    InputError
        For an axis without dates, with gaps, repeats, mixed steps or leap days, or shorter than a year.
    """
    if times.size < 12:
        raise InputError(f"drivers: dimension 'time' has {times.size} steps; a run needs at least one year.")
    if not (np.issubdtype(times.dtype, np.datetime64) or hasattr(times.values[0], "calendar")):
        raise InputError(
            f"drivers: coordinate 'time' holds {times.dtype} values, not dates. Give it units such as "
            "'days since 1901-01-01' and a calendar, and open the file with decoded times."
        )
    month_count = times.dt.year.values * 12 + times.dt.month.values
    steps = np.diff(month_count)
    if (steps == 1).all():
        return Years("month", times.size // 12, int(times.dt.month.values[0]) - 1)
    leap = np.flatnonzero((times.dt.month.values == 2) & (times.dt.day.values == 29))
    if leap.size:
        raise InputError(
            f"drivers: 'time' has leap days (the first at step {leap[0]}). Years here have 365 days: leave them out, "
            "for example with drivers.convert_calendar('noleap')."
        )
    dates = month_count * 31 + times.dt.day.values
    bad = np.flatnonzero(np.diff(dates) <= 0)
    if bad.size:
        raise InputError(f"drivers: 'time' does not increase at step {bad[0] + 1}: {times.values[bad[0] + 1]}.")
    days = _day_of_noleap_year(times)
    jumps = np.flatnonzero((np.diff(days) != 1) & (np.diff(days) != -364))
    if jumps.size:
        at = jumps[0]
        raise InputError(
            f"drivers: 'time' is neither monthly nor daily without gaps: after {times.values[at]} comes "
            f"{times.values[at + 1]} (step {at + 1})."
        )
    if times.size < 365:
        raise InputError(f"drivers: dimension 'time' has {times.size} days; a run needs at least one year.")
    return Years("day", times.size // 365, int(times.dt.month.values[0]) - 1)


def _day_of_noleap_year(times: xr.DataArray) -> np.ndarray:
    """Day of a year without leap day, 0 to 364, whatever the calendar counts."""
    starts = np.concatenate([[0], np.cumsum(_DAYS_OF_MONTH)[:-1]])
    return starts[times.dt.month.values - 1] + times.dt.day.values - 1
