"""A method of measuring carbon use efficiency: what it needs, how it computes, what it counts, and what it reads.

A method is one file in `soilcue.measure.methods`. It declares its columns once, as data: the template to fill, the
reader of sheets, the checks, the report and the propagation of errors all follow from that list. Its estimator is a
pure function of arrays, and its *reading operator* says what it would read of an incubation whose fluxes are known.
"""

from __future__ import annotations

import abc
from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from soilcue.core.errors import NotDefinedError, unknown_name
from soilcue.measure.columns import Choice, Column, Counted, Finding, Quantity, Samples
from soilcue.measure.incubation import Incubation

if TYPE_CHECKING:
    import os

    import pandas as pd

    from soilcue.measure.measurement import Measurement


class Method(abc.ABC):
    """A way to measure CUE. The class attributes describe it, `estimate` computes, `reading` says what it would read.

    Calling a method with a table computes the CUE of its samples; `template` writes the sheet to fill.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    level: ClassVar[str]
    equation: ClassVar[str]
    references: ClassVar[tuple[str, ...]]
    includes: ClassVar[Mapping[str, Counted]]
    columns: ClassVar[tuple[Column, ...]]
    choices: ClassVar[tuple[Choice, ...]] = ()
    quantities: ClassVar[tuple[Quantity, ...]] = ()
    """What `estimate` returns beside ``cue``."""
    series: ClassVar[str] = ""
    """What the several rows of one sample are ("interval", "time", "taxon"); empty where a sample is one row."""
    remarks: ClassVar[tuple[str, ...]] = ()
    """What has to be said with every result."""
    misused: ClassVar[Mapping[str, str]] = {}
    """What to say when a column of that name stands where those that are needed should be."""

    @abc.abstractmethod
    def estimate(self, values: Mapping[str, Any], **choices: str) -> dict[str, Any]:
        """CUE and what leads to it, from raw values in the units of `columns`.

        Pure, elementwise over all axes but the last one of a series, and differentiable; arrays may be NumPy's
        (complex ones too, by which exact derivatives are taken) or JAX's.

        Parameters
        ----------
        values : mapping of str to array
            By name of column. Columns with a default may be left out.
        **choices : str
            Conventions; see `choices`.

        Returns
        -------
        dict of str to array
            ``cue`` and the names of `quantities`.
        """

    def checks(self, samples: Samples) -> Iterator[Finding]:
        """What is wrong, or to be said, beyond the limits of single columns."""
        yield from ()

    def reading(self, incubation: Incubation, **assumed: Any) -> Any:
        """What this method would read of an incubation whose fluxes are known.

        Parameters
        ----------
        incubation : Incubation
            Sums over the incubation.
        **assumed
            Factors that the person who measures would use (``kec``, ``fdna``), by name of column; the true ones where
            not given.

        Raises
        ------
        NotDefinedError
            Where the method reads no flux.
        """
        raise NotDefinedError(
            f"{self.title} reads none of the fluxes of an incubation: its CUE comes from composition and constants, so "
            "no budget says what it would read."
        )

    def __call__(
        self,
        table: pd.DataFrame | str | os.PathLike[str],
        *,
        units: Mapping[str, str] | None = None,
        sheet: str | None = None,
        keep_going: bool = False,
        draws: int = 0,
        seed: int = 0,
        level: float = 0.95,
        control: str | None = None,
        **settings: Any,
    ) -> Measurement:
        """CUE with uncertainty of every sample and treatment of a table.

        Parameters
        ----------
        table : pandas.DataFrame or path
            Columns by their names in `columns`, and ``sample`` and ``treatment``; ``<name>_sd`` holds a standard
            deviation. A DataFrame's numbers are in the units of `columns`; a file has a row of units.
        units : mapping of str to str, optional
            Units of the columns of a DataFrame where they are others.
        sheet : str, optional
            Sheet of a workbook, where it cannot be told.
        keep_going : bool
            Leave out rows with problems, and list them in the result.
        draws : int
            Draws of a Monte Carlo; 0 carries errors through to first order.
        seed : int
            Of the draws.
        level : float
            Of all intervals.
        control : str, optional
            Treatment the others are compared with.
        **settings
            Choices, and values for all samples (``kec=0.45, kec_sd=0.05``), in the units of `columns`.

        Raises
        ------
        InputError
            With every problem of the table.
        """
        import pandas as pd

        from soilcue.measure.measurement import measurement
        from soilcue.measure.samples import read_samples, samples_of_frame

        if isinstance(table, pd.DataFrame):
            samples = samples_of_frame(self, table, units, settings, keep_going)
        else:
            samples = read_samples(self, table, sheet, settings, keep_going)
        return measurement(samples, draws, seed, level, control)

    def chosen(self, choices: Mapping[str, str]) -> dict[str, str]:
        """All conventions: those given, the usual ones for the rest; unknown ones raise `InputError`."""
        known = {choice.name: choice for choice in self.choices}
        for name, value in choices.items():
            if name not in known:
                raise unknown_name(f"choice of method {self.name!r}", name, known)
            if value not in known[name].options:
                raise unknown_name(f"value of {name!r}", value, known[name].options)
        return {name: choices.get(name, choice.default) for name, choice in known.items()}

    def filled(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values with the defaults of the columns left out."""
        defaults = {column.name: column.default for column in self.columns if column.default is not None}
        return {**defaults, **values}

    def column(self, name: str) -> Column:
        """The column of that name."""
        for column in self.columns:
            if column.name == name:
                return column
        raise unknown_name(f"column of method {self.name!r}", name, [column.name for column in self.columns])


def array_module(values: Mapping[str, Any] | Iterable[Any]) -> ModuleType:
    """NumPy, or `jax.numpy` where one of the values is JAX's: for functions that plain arithmetic does not have."""
    for value in values.values() if isinstance(values, Mapping) else values:
        if type(value).__module__.split(".")[0] in ("jax", "jaxlib"):
            import jax.numpy

            return jax.numpy
    return np


def needed(incubation: Incubation, method: Method, *names: str) -> tuple[Any, ...]:
    """Fields of an incubation that a method looks at.

    Raises
    ------
    NotDefinedError
        When one of them is not there.
    """
    values = tuple(getattr(incubation, name) for name in names)
    for name, value in zip(names, values, strict=True):
        if value is None:
            raise NotDefinedError(
                f"{method.title} looks at {name.replace('_', ' ')}, which this incubation does not hold. Give it a "
                f"value in Incubation({name}=...)."
            )
    return values


def enrichment_findings(
    samples: Samples, labelled: str, control: str, source: Any, of: str, share: float = 1.0
) -> Iterator[Finding]:
    """Rows whose labelled material cannot be, or not be told: below its control, below detection, above its source.

    Parameters
    ----------
    samples : Samples
        Atom percents.
    labelled, control : str
        Columns.
    source : array
        Atom percent of what the label comes from.
    of : str
        What that is, in words.
    share : float
        Share that comes from the source above which a row is warned of; 1 for none.

    Notes
    -----
    The limit of detection is three standard deviations of the difference, where standard deviations are given.
    """
    value, base = samples.values[labelled], samples.values[control]
    above = value - base
    limit = 3 * np.hypot(samples.spread(labelled), samples.spread(control))
    yield Finding(
        above <= 0,
        labelled,
        "no more of the heavy isotope than in the control (negative or zero enrichment)",
        f"above the control's {control}",
        "Check for swapped samples, or a delta value among atom percents; if both are right, no label was taken up.",
    )
    yield Finding(
        (above > 0) & (above < limit),
        labelled,
        "label below detection: the enrichment is smaller than three standard deviations of it",
        "above three standard deviations of the difference from the control",
        "Measure with a higher enrichment or for longer; report the sample as below detection.",
    )
    source = np.asarray(source)[..., None] if np.ndim(value) > np.ndim(source) else np.asarray(source)
    beyond = value > source + 3 * samples.spread(labelled)
    yield beyond_source(beyond, labelled, of)
    yield Finding(
        ~beyond & (above > share * (source - base)),
        labelled,
        f"more than {share:.0%} of it came from the {of} within the incubation",
        "",
        "That is a lot: check that it is an atom percent and no delta value.",
        refuse=False,
    )


def beyond_source(rows: np.ndarray, column: str, of: str) -> Finding:
    """Rows that hold more of the heavy isotope than what their label comes from."""
    return Finding(
        rows,
        column,
        f"more of the heavy isotope than the {of} that it comes from",
        f"at most that of the {of}",
        "If these are delta values, write ‰ in the row of units and give isotope_standard in the study sheet; if not, "
        f"check for swapped samples and the enrichment of the {of}.",
    )


def respired_without_carbonate(values: Mapping[str, Any], name: str) -> Any:
    """Carbon respired by organisms: the measured amount less the share that comes from dissolving carbonate."""
    return values[name] * (1 - values["carbonate_share"])
