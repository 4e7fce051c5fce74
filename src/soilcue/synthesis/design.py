"""Moderators as columns of a regression, and the checks that say what a table cannot tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from soilcue.core.errors import InputError
from soilcue.synthesis.tables import column_name, mostly_numbers, numbers_of, place, places, shown

Array = NDArray[np.float64]

INTERCEPT = "intercept"


@dataclass(frozen=True)
class Moderator:
    """One moderator: a number, or a set of levels of which the first is the reference."""

    name: str
    levels: tuple[object, ...] = ()
    """Empty for a number."""

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the coefficients it adds."""
        return tuple(f"{self.name}: {level}" for level in self.levels[1:]) if self.levels else (self.name,)

    def columns(self, table: pd.DataFrame) -> Array:
        """Values of its terms, one row for each row of a table.

        Raises
        ------
        InputError
            When a value is missing, no number, or no level the fit knows.
        """
        if not self.levels:
            return numbers_of(table, self.name, "a number")[:, None]
        values = table[column_name(table, self.name)]
        unknown = np.flatnonzero(~values.isin(list(self.levels)).to_numpy())
        if unknown.size:
            found = values.iloc[unknown[0]]
            known = ", ".join(shown(level) for level in self.levels)
            raise InputError(
                f"{place(table, unknown[0], self.name)}: found {shown(found)} (in {places(table, unknown)}); the "
                f"levels are {known}. Fill or mend the cell, or remove the row: no row is left out in silence."
            )
        return np.stack([(values == level).to_numpy(dtype=float) for level in self.levels[1:]], axis=1)


@dataclass(frozen=True)
class Design:
    """Columns of a regression: an intercept and the terms of moderators."""

    moderators: tuple[Moderator, ...]

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the coefficients, the intercept first."""
        return (INTERCEPT, *(term for moderator in self.moderators for term in moderator.terms))

    def matrix(self, table: pd.DataFrame) -> Array:
        """The design matrix: rows of the table by terms."""
        return np.hstack([np.ones((len(table), 1)), *(moderator.columns(table) for moderator in self.moderators)])


def make_design(table: pd.DataFrame, moderators: Sequence[str]) -> Design:
    """Design of a table: columns of text, truth values or categories become levels, sorted, the first the reference.

    Raises
    ------
    InputError
        When a column is missing, has a gap, holds one value only, or holds numbers and a few slips.
    """
    if isinstance(moderators, str):
        raise InputError(f"moderators must be a list of column names, such as [{moderators!r}].")
    made = []
    for name in moderators:
        values = table[column_name(table, name)]
        if list(moderators).count(name) > 1:
            raise InputError(f"the moderator {name!r} is named twice. Name it once.")
        gaps = np.flatnonzero(values.isna().to_numpy())
        if gaps.size:
            raise InputError(
                f"{place(table, gaps[0], name)}: the moderator is missing (missing in {places(table, gaps)}). Fill the "
                "cell, or remove the row from the table: no row is left out in silence."
            )
        slips = mostly_numbers(values)
        if slips:
            raise InputError(
                f"{place(table, slips[0], name)}: found {shown(values.iloc[slips[0]])} in a column of numbers (as in "
                f"{places(table, slips)}). Mend the cell; to use the column as names, make every cell a name."
            )
        if values.nunique() < 2:
            raise InputError(
                f"the moderator {name!r} is constant: every row has {shown(values.iloc[0])}. It cannot explain a "
                "difference; leave it out."
            )
        number = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
        made.append(Moderator(name) if number else Moderator(name, tuple(sorted(values.unique(), key=str))))
    return Design(tuple(made))


def refuse_singular(matrix: Array, terms: Sequence[str]) -> None:
    """Say which terms of a design are combinations of others.

    Raises
    ------
    InputError
        When the columns of the matrix are linearly dependent, or there are not more rows than columns.
    """
    rows, columns = matrix.shape
    if rows <= columns:
        raise InputError(
            f"{rows} effect{'s' if rows != 1 else ''} cannot carry {columns} coefficients and the spread around them "
            f"({', '.join(terms)}). At least {columns + 1} are needed: add effects or leave moderators out."
        )
    scaled = matrix / np.linalg.norm(matrix, axis=0)
    dependent = [
        terms[j]
        for j in range(1, columns)
        if np.linalg.matrix_rank(scaled[:, : j + 1]) == np.linalg.matrix_rank(scaled[:, :j])
    ]
    if dependent:
        raise InputError(
            "the moderators cannot be told apart: "
            + "; ".join(f"{term!r} is a combination of the terms before it" for term in dependent)
            + f" (terms in order: {', '.join(terms)}). Leave one of them out, or merge levels."
        )


def clustering_notes(table: pd.DataFrame, design: Design, cluster: str, codes: NDArray[np.int64]) -> list[str]:
    """What the studies can and cannot say about each moderator.

    Parameters
    ----------
    table : pandas.DataFrame
        The effects.
    design : Design
        Its moderators.
    cluster : str
        Column of the study.
    codes : array of int, shape (k,)
        The study of each row.

    Returns
    -------
    list of str
        Sentences: a moderator that varies only between studies, a level that a single study has.

    Raises
    ------
    InputError
        When a moderator is confounded with the study: each of its levels is one study and each study one level.
    """
    notes = []
    for moderator in design.moderators:
        values = table[moderator.name]
        of_study = pd.DataFrame({"study": codes, "value": values.to_numpy()}).drop_duplicates()
        only_between = not of_study["study"].duplicated().any()
        studies_of_level = of_study.groupby("value", sort=False)["study"].nunique()
        if moderator.levels and only_between and (studies_of_level == 1).all():
            raise InputError(
                f"the moderator {moderator.name!r} is confounded with {cluster!r}: each of its {len(moderator.levels)} "
                "levels occurs in one study and each study has one level, so a difference between levels is a "
                "difference between two studies. Leave it out, or merge levels."
            )
        if only_between:
            notes.append(
                f"The moderator {moderator.name!r} varies only between studies: its effect is read from differences "
                f"between {len(np.unique(codes))} studies, which may differ in other ways too."
            )
        if moderator.levels:
            lone = [str(level) for level in moderator.levels if studies_of_level[level] == 1]
            if lone:
                notes.append(
                    f"Of the moderator {moderator.name!r}, {'levels' if len(lone) > 1 else 'level'} {', '.join(lone)} "
                    f"{'each ' if len(lone) > 1 else ''}occur{'' if len(lone) > 1 else 's'} in one study only."
                )
    return notes
