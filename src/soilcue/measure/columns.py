"""What a method declares: its columns, choices and quantities, what it counts; and what its samples hold.

All as data: the template to fill, the reader of sheets, the checks, the report and the propagation of errors follow
from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from soilcue.core.errors import unknown_name

PROCESSES = {
    "growth_respiration": "respiration to build biomass",
    "maintenance": "respiration without growth",
    "overflow": "respiration because nutrients are short",
    "exudation": "enzymes, polymers and metabolites released",
    "mortality": "death and turnover of biomass during the incubation",
    "recycling": "label or carbon taken up again after death",
    "native_carbon": "use of the soil's own carbon beside an added substrate",
}
"""What methods treat differently, and therefore what each must say."""

HOW = {
    "yes": "counted as what it is",
    "no": "not seen: in neither growth nor respiration",
    "as growth": "counted as growth",
    "with time": "enters as the incubation gets longer",
    "partly": "seen in part",
    "implied": "not measured, but implied by a constant",
}
"""How a process can enter a method's CUE."""

LEVELS = {
    "P": "population",
    "C": "community, over hours to days, before much is recycled",
    "E": "ecosystem, with turnover",
    "potential": "an upper limit or an index from composition; no flux is measured",
}
"""The scales of He et al. (2024), and what belongs to none of them."""


@dataclass(frozen=True)
class Counted:
    """How a process enters a method's CUE."""

    how: str
    words: str

    def __post_init__(self) -> None:
        if self.how not in HOW:
            raise unknown_name("way to count a process", self.how, HOW)


@dataclass(frozen=True)
class Column:
    """One quantity a method takes: a column of the samples, or one value for a whole study.

    Limits are those of what can be, not of what is usual. `isotope` marks atom percent, for which delta values are
    accepted when their standard ratio is given. `systematic` marks a factor whose error is shared by all samples of a
    study, because all were computed with it. `series` marks what is measured several times on a sample (one row each);
    such values carry a last axis. Columns of one `unit_group` may be in any unit, as long as it is the same one.
    """

    name: str
    unit: str
    low: float
    high: float
    description: str
    example: float
    required: bool = True
    default: float | None = None
    source: str = ""
    """Where the default comes from."""
    positive: bool = False
    """Zero itself is not allowed."""
    systematic: bool = False
    isotope: str = ""
    series: bool = False
    only_if: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    """Choices with the values under which the column is used; unused otherwise."""
    unit_group: str = ""
    mend: str = ""
    """What to do about a value outside the limits."""
    other_names: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        """The limits in words."""
        unit = "atom %" if self.isotope else "" if self.unit == "1" else self.unit
        least = f"above {self.low:g}" if self.positive else f"{self.low:g}"
        if np.isinf(self.high):
            return f"{least} {unit}".strip() if self.positive else f"{self.low:g} {unit}".strip() + " or more"
        return f"{least} to {self.high:g} {unit}".strip()

    def within(self, values: Any) -> np.ndarray:
        """Where values are finite and within the limits."""
        values = np.asarray(values, dtype=float)
        above = values > self.low if self.positive else values >= self.low
        return np.isfinite(values) & above & (values <= self.high)

    def used_with(self, choices: Mapping[str, str]) -> bool:
        """Whether the method looks at it under these choices."""
        return all(
            choices[name] == wanted if isinstance(wanted, str) else choices[name] in wanted
            for name, wanted in self.only_if.items()
        )


@dataclass(frozen=True)
class Choice:
    """A convention that papers differ in: its options with their meaning, and the one taken if none is named."""

    name: str
    description: str
    options: Mapping[str, str]
    default: str


@dataclass(frozen=True)
class Quantity:
    """Something an estimator returns beside the CUE."""

    name: str
    unit: str
    description: str


@dataclass(frozen=True)
class Finding:
    """Something about the rows of a table: where, in which column, what, and whether such rows can be computed."""

    rows: np.ndarray
    """True for the rows it concerns."""
    column: str
    found: str
    allowed: str
    mend: str
    refuse: bool = True


@dataclass(frozen=True)
class Samples:
    """What a sheet holds, in the units of the method: values, standard deviations and choices, limits checked."""

    values: Mapping[str, np.ndarray]
    spreads: Mapping[str, np.ndarray]
    choices: Mapping[str, str] = field(default_factory=dict)

    def spread(self, name: str) -> np.ndarray:
        """Standard deviation of a quantity, zero where none is given."""
        return self.spreads.get(name, np.zeros_like(np.asarray(self.values[name], dtype=float)))


CARBONATE_SHARE = Column(
    "carbonate_share",
    "1",
    0.0,
    0.999,
    "share of the CO2 that comes from dissolving carbonate (soilcue.measure.isotopes.carbonate_share computes it)",
    0.0,
    required=False,
    default=0.0,
    source="a soil without carbonate",
)
"""For methods that take the whole CO2 for respiration."""

RESPIRATION_RATE = Column(
    "respiration",
    "ug g-1 h-1",
    0.0,
    1e4,
    "CO2 carbon respired, mean over the incubation",
    0.25,
    positive=True,
    mend="Without respiration CUE would be 1 whatever the growth: look for a leak or a lost gas sample.",
)
"""For methods that set growth against the respiration of the same vial."""
