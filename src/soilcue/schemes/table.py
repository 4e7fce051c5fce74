"""A scheme from a table of the user's: CUE by the values of one driver."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

from soilcue.core.errors import InputError
from soilcue.core.scheme import Evidence, Scheme, log_odds
from soilcue.core.variables import DRIVERS
from soilcue.schemes import SCHEMES

if TYPE_CHECKING:
    import pandas as pd


class Table(Scheme):
    """CUE between the rows of a table, straight on the logit; beyond its ends the first and the last row hold.

    The table's CUE takes the place of the model's.

    Parameters
    ----------
    table : path of a CSV file, or pandas.DataFrame
        A column ``cue`` and one column that bears the name of a driver, in the driver's unit.

    Raises
    ------
    InputError
        For a file that cannot be read, columns that are not these two, fewer than two rows, values that repeat or are
        no numbers, and a CUE outside (0, 1).
    """

    driver: str

    name = "table"
    title = "a table of the user's"
    equation = "CUE = table(driver), straight on the logit between rows"
    references = ("he2024",)
    evidence = Evidence("thin", "whatever speaks for the table is known to who wrote it")

    def __init__(self, table: "str | os.PathLike[str] | pd.DataFrame | Mapping[str, Any] | None" = None) -> None:
        rows, place = _read(table)
        drivers = [column for column in rows.columns if column in DRIVERS]
        if list(rows.columns) not in (["cue", *drivers], [*drivers, "cue"]) or len(drivers) != 1:
            raise InputError(
                f"{place}: has the columns {', '.join(map(str, rows.columns))}; a table of CUE has two, 'cue' and the "
                f"name of a driver: {', '.join(DRIVERS)}."
            )
        self.driver = drivers[0]
        try:
            rows = rows.astype(float).sort_values(self.driver)
        except ValueError as error:
            raise InputError(f"{place}: holds something that is no number ({error}).") from error
        values, cue = rows[self.driver].to_numpy(), rows["cue"].to_numpy()
        variable = DRIVERS[self.driver]
        if len(rows) < 2 or not np.isfinite(rows.to_numpy()).all() or (np.diff(values) <= 0).any():
            raise InputError(f"{place}: needs at least two rows, each with a number and no {self.driver} twice.")
        if (values < variable.low).any() or (values > variable.high).any():
            raise InputError(
                f"{place}: holds {self.driver} outside {variable.low:g} to {variable.high:g} {variable.unit}."
            )
        if (cue <= 0).any() or (cue >= 1).any():
            raise InputError(
                f"{place}: holds a cue of {cue[(cue <= 0) | (cue >= 1)][0]:g}; a CUE lies between 0 and 1."
            )
        self.parameters = {"values": jnp.asarray(values), "cue": jnp.asarray(cue)}

    @property
    def label(self) -> str:
        """Which driver, and how many rows."""
        return f"table of {self.driver}, {len(self.parameters['cue'])} rows"

    @property
    def needs(self) -> tuple[str, ...]:  # type: ignore[override]
        """The driver of the table."""
        return (self.driver,)

    @property
    def valid(self) -> dict[str, tuple[float, float]]:  # type: ignore[override]
        """The range of the table."""
        values = np.asarray(self.parameters["values"])
        return {self.driver: (float(values[0]), float(values[-1]))}

    def __call__(self, cue: Any, feels: Mapping[str, Any]) -> Any:
        """What the table says, whatever the model's CUE."""
        odds = jnp.exp(jnp.interp(feels[self.driver], self.parameters["values"], log_odds(self.parameters["cue"])))
        return odds / (1 + odds) * jnp.ones_like(cue)


def _read(table: Any) -> "tuple[pd.DataFrame, str]":
    import pandas as pd

    if isinstance(table, pd.DataFrame):
        return table, "the table of the scheme"
    if isinstance(table, Mapping):
        try:
            return pd.DataFrame(dict(table)), "the table of the scheme"
        except ValueError as error:
            raise InputError(f"the table of the scheme: its columns do not fit together ({error}).") from error
    if table is None:
        raise InputError("the scheme 'table' takes a CSV file or a DataFrame: cue={'table': 'cue_by_temperature.csv'}.")
    try:
        return pd.read_csv(table), str(table)
    except (OSError, ValueError) as error:
        raise InputError(f"{table}: cannot be read as a table ({error}).") from error


SCHEMES.register(Table.name, Table)
