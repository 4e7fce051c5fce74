"""Samples of one study in the units of a method, ready to compute, and all there is to say about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from soilcue.measure.columns import Column, Samples
from soilcue.measure.isotopes import STANDARD_RATIOS, atom_percent
from soilcue.measure.problems import KEEP_GOING, Problem, SheetError

if TYPE_CHECKING:
    from soilcue.measure.method import Method

REPORTED = "reported_cue"
"""Column for a CUE computed elsewhere, to be compared."""

ISOTOPE_STANDARD = Column(
    "isotope_standard",
    "1",
    1e-4,
    0.02,
    "heavy over light isotope of the standard, or its name (" + ", ".join(STANDARD_RATIOS) + ")",
    0.0111802,
    required=False,
    systematic=True,
    mend="The laboratory that measured the delta values knows it.",
)
"""Needed where delta values are given."""


@dataclass(frozen=True)
class SampleTable:
    """Samples of one study in the units of a method, ready to compute, and all there is to say about them."""

    method: Method
    source: str
    sample: list[str]
    treatment: list[str]
    row: list[int]
    """Row of the table that each sample stands on, the first where there are several."""
    place: Callable[[int, str], str]
    """Where the cell of a row and a column stands, in words."""
    samples: Samples
    shared: frozenset[str]
    """Quantities whose error is one for the whole study."""
    deltas: frozenset[str]
    """Columns that hold delta values, converted with ``isotope_standard`` when computing."""
    units: Mapping[str, str]
    """Unit of each quantity, where it is not the method's."""
    problems: tuple[Problem, ...]
    warnings: list[list[str]]
    assumptions: tuple[str, ...]
    notes: tuple[str, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)
    reported: np.ndarray | None = None

    def in_atom_percent(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values as the sheet gives them, with delta values as atom percent."""
        converted = dict(values)
        for name in self.deltas:
            converted[name] = atom_percent(values[name], _beside(values["isotope_standard"], values[name]))
        return converted

    def computed(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Estimate from values as the sheet gives them: delta values become atom percent first."""
        converted = self.in_atom_percent(values)
        converted.pop("isotope_standard", None)
        return self.method.estimate(converted, **self.samples.choices)


def _beside(value: Any, series: Any) -> Any:
    """A value of the sample, shaped to go with one that may have a further axis."""
    return value[..., None] if np.ndim(value) and np.ndim(series) > np.ndim(value) else value


def checked(table: SampleTable, keep_going: bool) -> SampleTable:
    """The table after the method's own checks: refused rows out, the rest warned of."""
    if not table.sample:
        raise SheetError(table.source, table.problems, "No row is left to compute.")
    converted = dict(table.samples.values)
    spreads = dict(table.samples.spreads)
    for name in table.deltas:
        standard = _beside(converted["isotope_standard"], converted[name])
        if name in spreads:
            spreads[name] = atom_percent(converted[name] + spreads[name], standard) - atom_percent(
                converted[name], standard
            )
        converted[name] = atom_percent(converted[name], standard)
    problems = list(table.problems)
    refused = np.zeros(len(table.sample), dtype=bool)

    def refuse(k: Any, column: str, found: str, allowed: str, mend: str) -> None:
        refused[k] = True
        here = table.place(table.row[k], column)
        problems.append(Problem(here, table.sample[k], column, found, allowed, mend))

    for name in table.deltas:
        column = table.method.column(name)
        within = column.within(converted[name])
        for k in np.flatnonzero(~(within if within.ndim == 1 else within.all(axis=1))):
            atoms, given = np.ravel(converted[name][k])[0], np.ravel(table.samples.values[name][k])[0]
            meant = "If it is an atom percent, write atom % in the row of units. " if column.within(given) else ""
            refuse(
                k,
                name,
                f"{given:g} ‰, which is {atoms:.4g} atom %",
                column.allowed,
                f"{meant}{column.mend}".strip() or "Mend the cell.",
            )
    warnings = [list(said) for said in table.warnings]
    for finding in table.method.checks(Samples(converted, spreads, table.samples.choices)):
        rows = np.asarray(finding.rows)
        rows = rows if rows.ndim == 1 else np.any(rows & (np.asarray(converted.get("present", 1.0)) > 0), axis=1)
        for k in np.flatnonzero(rows & ~refused):
            if finding.refuse:
                given = np.ravel(table.samples.values.get(finding.column, np.empty(0))[k : k + 1])
                value = f"{given[0]:g}, " if given.size == 1 else ""
                refuse(k, finding.column, value + finding.found, finding.allowed, finding.mend)
            else:
                warnings[k].append(f"{finding.column}: {finding.found}. {finding.mend}")
    with np.errstate(all="ignore"):
        cue = np.asarray(table.computed(table.samples.values)["cue"])
    for k in np.flatnonzero(~np.isfinite(cue) & ~refused):
        refuse(k, "cue", "values from which no CUE follows (division by zero)", "", "Check this row.")
    if refused.any() and not keep_going:
        raise SheetError(table.source, problems, KEEP_GOING)
    if refused.all():
        raise SheetError(table.source, problems, "No row is left to compute.")
    kept = ~refused
    return replace(
        table,
        sample=kept_of(table.sample, kept),
        treatment=kept_of(table.treatment, kept),
        row=kept_of(table.row, kept),
        samples=Samples(
            {name: value[kept] for name, value in table.samples.values.items()},
            {name: value[kept] for name, value in table.samples.spreads.items()},
            table.samples.choices,
        ),
        problems=tuple(problems),
        warnings=kept_of(warnings, kept),
        reported=table.reported[kept] if table.reported is not None else None,
    )


def kept_of(items: list, kept: np.ndarray) -> list:
    """Items where `kept` is true."""
    return [item for item, ok in zip(items, kept, strict=True) if ok]
