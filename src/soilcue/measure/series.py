"""Several rows of one sample brought together: intervals, times, taxa."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from soilcue.measure.columns import Column

Complain = Callable[[Any, str, str, str, str], None]
"""Takes a row, a column, what was found there, what is allowed, and the mend."""


def members_of(names: Sequence[str], treatments: Sequence[str]) -> list[list[int]]:
    """Rows of each sample, in the order of the sheet."""
    groups: dict[tuple[str, str], list[int]] = {}
    for k, key in enumerate(zip(treatments, names, strict=True)):
        groups.setdefault(key, []).append(k)
    return list(groups.values())


def brought_together(
    columns: Mapping[str, Column],
    values: Mapping[str, np.ndarray],
    spreads: Mapping[str, np.ndarray],
    blanks: Mapping[str, np.ndarray],
    members: Sequence[list[int]],
    complain: Complain,
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Values and standard deviations by sample: series get a last axis, the rest must agree.

    Parameters
    ----------
    columns : mapping
        Of the method, by name.
    values, spreads : mapping of str to array, shape (rows,)
    blanks : mapping of str to array
        Where a cell held nothing.
    members : sequence of list of int
        Rows of each sample, from `members_of`.
    complain : callable
        Told of rows that disagree.

    Returns
    -------
    values, spreads : dict of str to array, shape (samples,) or (samples, series)
        And among the values ``present``: 1 where a sample has a point of the series, 0 where it is padding.
    """
    longest = max(map(len, members))
    index = np.array([[*group, *[group[0]] * (longest - len(group))] for group in members])
    present = np.array([[1.0] * len(group) + [0.0] * (longest - len(group)) for group in members])
    first = index[:, 0]
    together: dict[str, np.ndarray] = {"present": present}
    apart: dict[str, np.ndarray] = {}
    for name, value in values.items():
        column = columns[name]
        if column.series:
            together[name] = value[index]
            if name in spreads:
                apart[name] = spreads[name][index] * present
            continue
        together[name] = value[first]
        if name in spreads:
            apart[name] = spreads[name][first]
        blank = blanks.get(name, np.zeros(value.size, dtype=bool)) & (column.default is None)
        for group in members:
            if blank[group[0]]:
                complain(group[0], name, "nothing", column.allowed, "Fill the first row of the sample.")
            for k in group[1:]:
                if not blank[k] and value[k] != value[group[0]] and np.isfinite(value[k]):
                    complain(
                        k,
                        name,
                        f"{value[k]:g}, and {value[group[0]]:g} in the first row of the sample",
                        "one value a sample",
                        f"Only {', '.join(c.name for c in columns.values() if c.series)} may differ between its rows.",
                    )
    return together, apart
