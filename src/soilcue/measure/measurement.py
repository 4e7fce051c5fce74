"""CUE of samples, means of treatments and contrasts between them, with uncertainty and what stands behind it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import special

from soilcue.core.errors import InputError, NotDefinedError, unknown_name
from soilcue.measure.problems import Problem
from soilcue.measure.sample_table import SampleTable
from soilcue.measure.uncertainty import Draws, FirstOrder, first_order, monte_carlo

if TYPE_CHECKING:
    from soilcue.core.budget import Budget
    from soilcue.measure.method import Method

MOST_PAIRS = 6
"""Treatments up to this number are all compared with each other; more are compared with the control."""
_CLOSE = 0.005
_BEYOND = 0.001
"""Share of a normal distribution beyond the limits of a quantity from which on it is said."""
_SKEWED = 0.1
_KINDS_TOLD = 3
"""Kinds of warnings of single samples that are told with the result as a whole."""


@dataclass(frozen=True)
class Measurement:
    """What a table of raw data says about CUE.

    Attributes
    ----------
    method : Method
        How it was measured.
    choices : mapping
        Conventions used.
    samples : pandas.DataFrame
        A row a sample: ``treatment``, ``cue``, ``cue_sd`` (``random_sd`` and ``systematic_sd`` are its two parts),
        ``lower`` and ``upper`` ends of its interval, quantities on the way, ``warnings``.
    treatments : pandas.DataFrame
        A row a treatment: number of samples, mean, standard deviation between samples, standard error, the part by
        factors all samples share, interval, degrees of freedom.
    contrasts : pandas.DataFrame
        A row a pair of treatments: difference, interval, p (Welch), p adjusted for the number of pairs (Holm).
    contributions : pandas.DataFrame
        Share of the variance of the samples' CUE that each uncertain quantity brings, over all samples.
    problems : tuple of Problem
        Rows that could not be computed, and why.
    warnings, assumptions, notes : tuple of str
        To be said with the result.
    metadata : mapping
        What the sheet says of the study.
    """

    method: Method
    choices: Mapping[str, str]
    source: str
    samples: pd.DataFrame
    treatments: pd.DataFrame
    contrasts: pd.DataFrame
    contributions: pd.DataFrame
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]
    assumptions: tuple[str, ...]
    notes: tuple[str, ...]
    metadata: Mapping[str, str]
    constants: Mapping[str, str]
    """Values that are one for the whole study, in words."""
    level: float
    draws: int
    seed: int

    @property
    def reference_keys(self) -> list[str]:
        """What to cite, by key."""
        return ["he2024", *self.method.references, "jcgm2008"]

    @property
    def budget(self) -> Budget:
        """The carbon budget as this method sees it: nothing exuded, nothing dead.

        Raises
        ------
        NotDefinedError
            When the method measures no fluxes.
        """
        if not {"uptake", "respiration"} <= set(self.samples.columns):
            raise NotDefinedError(f"{self.method.title} measures no uptake and respiration, so it gives no budget.")
        from soilcue.core.budget import Budget  # brings JAX, which no measurement needs

        nothing = np.zeros(len(self.samples))
        return Budget(self.samples["uptake"].to_numpy(), self.samples["respiration"].to_numpy(), nothing, nothing)


def measurement(
    table: SampleTable, draws: int = 0, seed: int = 0, level: float = 0.95, control: str | None = None
) -> Measurement:
    """CUE with uncertainty of a table of samples.

    Parameters
    ----------
    table : SampleTable
        Checked samples.
    draws : int
        Draws of the Monte Carlo; 0 for first order.
    seed : int
        Of the draws.
    level : float
        Of all intervals.
    control : str, optional
        Treatment that the others are compared with.

    Raises
    ------
    InputError
        When a number is out of range or there is no such treatment.
    """
    if draws != 0 and draws < 100:
        raise InputError(f"draws is {draws}; allowed: 0 (first order), or at least 100.")
    if not 0.5 <= level < 1:
        raise InputError(f"level is {level:g}; allowed: 0.5 to below 1, such as 0.95.")
    names = list(dict.fromkeys(table.treatment))
    if control is not None and control not in names:
        raise unknown_name("treatment", control, names)
    groups = np.array([names.index(one) for one in table.treatment])
    found = table.computed(table.samples.values)

    def cue(values: Mapping[str, Any]) -> Any:
        return table.computed(values)["cue"]

    order = first_order(cue, table.samples.values, table.samples.spreads, table.shared)
    drawn = None
    if draws and table.samples.spreads:
        drawn = monte_carlo(cue, table.samples.values, table.samples.spreads, table.shared, groups, draws, seed, level)
    samples = _samples(table, found, order, drawn, level)
    centre = samples["cue"].to_numpy()
    shared = _SharedFactors(order, groups, None if drawn is None else drawn.shared_means)
    treatments = _treatments(centre, groups, names, shared, level)
    return Measurement(
        table.method,
        table.samples.choices,
        table.source,
        samples,
        treatments,
        _contrasts(centre, groups, names, shared, level, control),
        _contributions(order),
        table.problems,
        tuple(_warnings(table, samples, found, order, drawn, treatments)),
        (*table.assumptions, *_usual_choices(table)),
        (*table.notes, *_notes(table, drawn, draws, level, treatments)),
        table.metadata,
        _constants(table),
        level,
        draws if drawn is not None else 0,
        seed,
    )


def _samples(
    table: SampleTable, found: Mapping[str, Any], order: FirstOrder, drawn: Draws | None, level: float
) -> pd.DataFrame:
    count = len(table.sample)
    cue = np.broadcast_to(found["cue"], count)
    known = bool(table.samples.spreads)
    sd = np.broadcast_to(order.total, count) if known else np.full(count, np.nan)
    half = special.ndtri((1 + level) / 2) * sd
    frame = pd.DataFrame(
        {
            "treatment": table.treatment,
            "cue": cue,
            "cue_sd": sd if drawn is None else drawn.sd,
            "lower": cue - half if drawn is None else drawn.lower,
            "upper": cue + half if drawn is None else drawn.upper,
            "random_sd": np.broadcast_to(order.random, count) if known else np.nan,
            "systematic_sd": np.broadcast_to(order.systematic, count) if known else np.nan,
        },
        index=pd.Index(table.sample, name="sample"),
    )
    for quantity in table.method.quantities:
        if quantity.name in found:
            frame[quantity.name] = np.broadcast_to(found[quantity.name], count)
    said = [list(one) for one in table.warnings]
    for k in range(count):
        if not 0 <= cue[k] <= 1:
            said[k].append(f"CUE is {cue[k]:.3g}, outside 0 to 1: check the data; it is not cut off.")
    frame["warnings"] = [" ".join(one) for one in said]
    return frame


@dataclass(frozen=True)
class _SharedFactors:
    """What factors shared by all samples do to means of treatments and their differences."""

    order: FirstOrder
    groups: np.ndarray
    draws: np.ndarray | None
    """Draws of the mean of each group by shared factors alone, where there was a Monte Carlo."""

    def sd_of(self, signs: Mapping[int, int]) -> float:
        """Standard deviation of a sum of group means, each with its sign."""
        if not self.order.parts:
            return float("nan")
        if self.draws is not None:
            return float(np.std(sum(sign * self.draws[g] for g, sign in signs.items()), ddof=1))
        weights = sum(sign * (self.groups == g) / np.sum(self.groups == g) for g, sign in signs.items())
        return self.order.systematic_of(np.asarray(weights))


def _treatments(
    cue: np.ndarray, groups: np.ndarray, names: Sequence[str], shared: _SharedFactors, level: float
) -> pd.DataFrame:
    """Means with the error of sampling, by the scatter between samples, and that of shared factors (JCGM 100, G.4)."""
    rows = []
    for g, name in enumerate(names):
        rows.append({"treatment": name, **_combined({g: 1}, cue, shared, level)})
    return pd.DataFrame(rows).set_index("treatment")


def _combined(signs: Mapping[int, int], cue: np.ndarray, shared: _SharedFactors, level: float) -> dict[str, float]:
    """The mean of one group, or the difference of two: error by the scatter of samples, and by shared factors."""
    estimate, numbers, variances, freedoms = 0.0, [], [], []
    for g, sign in signs.items():
        here = shared.groups == g
        number = int(here.sum())
        estimate += sign * float(cue[here].mean())
        numbers.append(number)
        if number > 1:
            variances.append(float(np.var(cue[here], ddof=1)) / number)
            freedoms.append(number - 1.0)
        else:
            variances.append(shared.order.random_of(here / number) ** 2 if shared.order.parts else float("nan"))
            freedoms.append(float("inf"))
    systematic = shared.sd_of(signs)
    standard_error = float(np.sqrt(np.sum(variances)))
    total = (
        float(np.sqrt(np.nansum([standard_error**2, systematic**2]))) if np.isfinite(standard_error) else float("nan")
    )
    spent = sum(v**2 / f for v, f in zip(variances, freedoms, strict=True))
    df = total**4 / spent if spent > 0 else float("inf")
    half = (
        float(special.stdtrit(df, (1 + level) / 2)) * total
        if np.isfinite(total) and (total > 0 or spent > 0)
        else total
    )
    found = {
        "n": sum(numbers),
        "estimate": estimate,
        "standard_error": standard_error,
        "systematic_sd": systematic,
        "lower": estimate - half,
        "upper": estimate + half,
        "df": df,
    }
    if len(signs) == 1:
        here = cue[shared.groups == next(iter(signs))]
        return {
            "n": found["n"],
            "mean": estimate,
            "sd": float(np.std(here, ddof=1)) if here.size > 1 else float("nan"),
            **{name: found[name] for name in ("standard_error", "systematic_sd", "lower", "upper", "df")},
        }
    p = 2 * special.stdtr(df, -abs(estimate) / total) if np.isfinite(total) and total > 0 else float("nan")
    return {**found, "p": float(p)}


def _contrasts(
    cue: np.ndarray,
    groups: np.ndarray,
    names: Sequence[str],
    shared: _SharedFactors,
    level: float,
    control: str | None,
) -> pd.DataFrame:
    if control is not None or len(names) > MOST_PAIRS:
        base = names.index(control) if control is not None else 0
        pairs = [(g, base) for g in range(len(names)) if g != base]
    else:
        pairs = [(b, a) for a, b in itertools.combinations(range(len(names)), 2)]
    rows = []
    for one, other in pairs:
        found = _combined({one: 1, other: -1}, cue, shared, level)
        rows.append({"treatment": names[one], "against": names[other], **found})
    columns = ["treatment", "against", "n", "estimate", "standard_error", "systematic_sd", "lower", "upper", "df", "p"]
    table = pd.DataFrame(rows, columns=columns).rename(columns={"estimate": "difference"})
    table["p_adjusted"] = _holm(table["p"].to_numpy(dtype=float))
    return table


def _holm(p: np.ndarray) -> np.ndarray:
    """p-values adjusted for the number of tests, by Holm's step-down."""
    tested = np.isfinite(p)
    adjusted = np.full(p.shape, np.nan)
    order = np.argsort(p[tested])
    steps = np.maximum.accumulate(np.minimum(1.0, p[tested][order] * np.arange(order.size, 0, -1)))
    back = np.empty(order.size)
    back[order] = steps
    adjusted[tested] = back
    return adjusted


def _contributions(order: FirstOrder) -> pd.DataFrame:
    variances = {name: float(np.sum(part**2)) for name, part in order.parts.items()}
    total = sum(variances.values())
    rows = [
        {"quantity": name, "share": variance / total if total > 0 else 0.0, "shared": name in order.shared}
        for name, variance in variances.items()
    ]
    table = pd.DataFrame(rows, columns=["quantity", "share", "shared"]).set_index("quantity")
    return table.sort_values("share", ascending=False)


def _warnings(
    table: SampleTable,
    samples: pd.DataFrame,
    found: Mapping[str, Any],
    order: FirstOrder,
    drawn: Draws | None,
    treatments: pd.DataFrame,
) -> list[str]:
    said = []
    if table.problems:
        rows = len({problem.sample for problem in table.problems})
        were = "sample was" if rows == 1 else "samples were"
        said.append(f"{rows} {were} not computed; every problem is listed with its cell.")
    outside = int(((samples["cue"] < 0) | (samples["cue"] > 1)).sum())
    if outside:
        said.append(f"CUE lies outside 0 to 1 in {outside} of {len(samples)} samples. Values are shown as computed.")
    told = Counter(text for texts in table.warnings for text in texts).most_common()
    said.extend(f"In {count} of {len(samples)} samples: {text}" for text, count in told[:_KINDS_TOLD])
    if len(told) > _KINDS_TOLD:
        said.append(f"{len(told) - _KINDS_TOLD} more kinds of warnings stand in the table of samples.")
    if not table.samples.spreads:
        said.append("No standard deviation is given for any quantity, so single samples have no uncertainty.")
    if table.samples.spreads and not any(name in table.shared for name in table.samples.spreads):
        factors = [c.name for c in table.method.columns if c.systematic and c.used_with(table.samples.choices)]
        if factors:
            said.append(
                f"No standard deviation is given for factors that all samples share ({', '.join(factors)}): their "
                "error is left out, and it does not average out."
            )
    said.extend(_draws_beyond_limits(table))
    if drawn is not None:
        apart = np.abs(drawn.sd - order.total) > _SKEWED * order.total
        if apart.any():
            said.append(
                f"In {int(apart.sum())} samples the error is so large that the first order is off by more than "
                f"{_SKEWED:.0%}: trust the Monte Carlo intervals."
            )
        if not np.all(np.isfinite(drawn.sd)):
            said.append("Some draws have no CUE at all (a divisor comes near zero): these samples have no interval.")
    if (treatments["n"] == 1).any():
        said.append("A treatment of a single sample has the error of that measurement alone, not that of replicates.")
    said.extend(_reported_elsewhere(table, found))
    return said


def _draws_beyond_limits(table: SampleTable) -> list[str]:
    """Standard deviations so large that a normal distribution reaches to values that cannot be."""
    wide = []
    for name, spread in table.samples.spreads.items():
        if name in table.shared or name in table.deltas:
            continue
        column, value = table.method.column(name), table.samples.values[name]
        known = spread > 0
        width = np.where(known, spread, 1.0)
        beyond = special.ndtr((column.low - value) / width) + special.ndtr((value - column.high) / width)
        if np.any(known & (beyond > _BEYOND)):
            wide.append(f"{name} (allowed: {column.allowed})")
    if not wide:
        return []
    return [
        f"Standard deviations of {', '.join(wide)} are so large that normal errors leave what is allowed: intervals of "
        "those samples are rough."
    ]


def _reported_elsewhere(table: SampleTable, found: Mapping[str, Any]) -> list[str]:
    """What a column of CUE computed elsewhere turns out to be."""
    if table.reported is None:
        return []
    count = len(table.sample)
    cue = np.broadcast_to(found["cue"], count)
    said = []
    biomass = found.get("microbial_carbon", table.samples.values.get("microbial_carbon"))
    if biomass is not None and "respiration" in found:
        stock = stock_over_flux(table.reported, np.broadcast_to(biomass, count), found["respiration"])
        if stock.any():
            said.append(
                f"reported_cue of {int(stock.sum())} samples is MBC/(MBC + CO2): a stock over a stock plus a flux, "
                "which grows with the biomass and shrinks with time. It is no carbon use efficiency."
            )
    apart = np.abs(table.reported - cue) > _CLOSE
    if apart.any():
        said.append(
            f"reported_cue differs from the CUE computed here by more than {_CLOSE} in {int(apart.sum())} samples."
        )
    return said


def stock_over_flux(cue: Any, microbial_carbon: Any, respired: Any) -> np.ndarray:
    """Whether a reported CUE is the biomass over biomass and respired carbon, which is no efficiency.

    Parameters
    ----------
    cue : array
        As reported.
    microbial_carbon : array
        Microbial biomass carbon.
    respired : array
        Carbon respired over the incubation, in the same unit.
    """
    wrong = np.asarray(microbial_carbon) / (np.asarray(microbial_carbon) + np.asarray(respired))
    return np.abs(np.asarray(cue) - wrong) < _CLOSE


def _usual_choices(table: SampleTable) -> list[str]:
    return [
        f"{choice.name} is {table.samples.choices[choice.name]!r}: "
        f"{choice.options[table.samples.choices[choice.name]]} ({choice.description})."
        for choice in table.method.choices
    ]


def _notes(table: SampleTable, drawn: Draws | None, draws: int, level: float, treatments: pd.DataFrame) -> list[str]:
    said = list(table.method.remarks)
    if drawn is not None:
        said.append(
            f"Intervals of samples: central {level:.0%} of {draws:,} Monte Carlo draws. Means of treatments: the "
            "scatter between samples, and draws of the factors that all share."
        )
    elif table.samples.spreads:
        said.append(f"Intervals of samples: {level:.0%}, normal, errors carried through to first order.")
    if (treatments["n"] > 1).any():
        said.append(
            "Samples of a treatment count as independent replicates; vials of one soil sample are not, and make the "
            "interval too narrow."
        )
    return said


def _constants(table: SampleTable) -> dict[str, str]:
    words = {}
    for column in table.method.columns:
        value = table.samples.values.get(column.name)
        if value is None or not column.systematic or np.ptp(value) > 0:
            continue
        spread = table.samples.spreads.get(column.name)
        sd = f" ± {np.ravel(spread)[0]:g}" if spread is not None and np.ravel(spread)[0] > 0 else ""
        unit = "" if column.unit == "1" else f" {column.unit}"
        words[column.name] = f"{np.ravel(value)[0]:g}{sd}{unit}"
    return words
