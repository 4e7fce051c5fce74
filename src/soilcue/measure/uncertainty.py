"""Errors of raw values carried through an estimator: to first order, and by Monte Carlo.

First order: derivatives by the complex step, exact to rounding, for estimators are analytic functions. Monte Carlo: the
estimator on thousands of draws of each sample. Factors whose error is shared (kEC, fDNA, the ratio of an isotope
standard) are drawn once for the whole study, so that they do not average out between samples.

Sources: JCGM 100:2008 (first order, effective degrees of freedom) and JCGM 101:2008 (Monte Carlo).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

Estimator = Callable[[Mapping[str, Any]], Any]
"""CUE from values by name; elementwise over all axes but the last one of a series."""

_STEP = 1e-100
"""Of the complex step. Nothing is subtracted, so it can be as small as numbers go."""

_BANK = 2**17
"""Least length of the normal numbers that windows of draws are cut from."""

_BLOCK = 2**15
"""Draws computed at once: few enough to stay in the processor's cache."""

_SHARED_DRAWS = 2_000
"""Draws of shared factors that are kept for the means of groups."""

_PARTS = 4
"""Parts of the samples that are computed side by side."""


@dataclass(frozen=True)
class FirstOrder:
    """Standard deviation of CUE to first order, and where it comes from."""

    parts: Mapping[str, np.ndarray]
    """Per quantity: derivative times standard deviation, with its sign, shape (samples,); root of the sum of squares
    over a series."""
    shared: frozenset[str]

    @property
    def random(self) -> np.ndarray:
        """Standard deviation by errors of the single sample."""
        return self._norm(set(self.parts) - self.shared)

    @property
    def systematic(self) -> np.ndarray:
        """Standard deviation by factors shared by the whole study."""
        return self._norm(set(self.parts) & self.shared)

    @property
    def total(self) -> np.ndarray:
        """Standard deviation of the CUE of a sample."""
        return self._norm(set(self.parts))

    def systematic_of(self, weights: np.ndarray) -> float:
        """Standard deviation by shared factors of a weighted sum of samples: their errors add up with their signs."""
        return float(np.sqrt(sum((weights @ self.parts[name]) ** 2 for name in set(self.parts) & self.shared)))

    def random_of(self, weights: np.ndarray) -> float:
        """Standard deviation by errors of single samples of a weighted sum of samples."""
        return float(np.sqrt(np.sum((weights * self.random) ** 2)))

    def _norm(self, names: set[str]) -> np.ndarray:
        size = next(iter(self.parts.values())).shape if self.parts else (1,)
        return np.sqrt(sum((self.parts[name] ** 2 for name in sorted(names)), np.zeros(size)))


def derivative(cue: Estimator, values: Mapping[str, np.ndarray], name: str, direction: Any = 1.0) -> np.ndarray:
    """Exact derivative of an estimator with respect to one of its quantities, by the complex step.

    `direction` weighs the entries of a series.
    """
    stepped = {other: np.asarray(value) for other, value in values.items()}
    stepped[name] = stepped[name] + 1j * _STEP * direction
    return np.imag(cue(stepped)) / _STEP


def first_order(
    cue: Estimator, values: Mapping[str, np.ndarray], spreads: Mapping[str, np.ndarray], shared: frozenset[str]
) -> FirstOrder:
    """Errors to first order, quantities taken as independent of each other (JCGM 100:2008, 5.1).

    Parameters
    ----------
    cue : callable
        The estimator.
    values, spreads : mapping of str to array
        Values and standard deviations, shape (samples,) or (samples, series).
    shared : frozenset of str
        Quantities whose error is one for all samples.
    """
    parts = {}
    for name, spread in spreads.items():
        if spread.ndim == 1:
            parts[name] = derivative(cue, values, name) * spread
            continue
        entries = np.arange(spread.shape[1])
        each = np.stack([derivative(cue, values, name, entries == k) for k in entries])
        parts[name] = np.sqrt(np.sum((each * spread.T) ** 2, axis=0))
    return FirstOrder(parts, shared)


@dataclass(frozen=True)
class Draws:
    """What Monte Carlo says of each sample, and what shared factors do to the mean of each group."""

    mean: np.ndarray
    sd: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    shared_means: np.ndarray
    """Draws of the mean of each group when shared factors alone are uncertain, shape (groups, draws up to 2,000)."""


def monte_carlo(
    cue: Estimator,
    values: Mapping[str, np.ndarray],
    spreads: Mapping[str, np.ndarray],
    shared: frozenset[str],
    groups: np.ndarray,
    draws: int = 10_000,
    seed: int = 0,
    level: float = 0.95,
) -> Draws:
    """CUE of every sample from draws of what it is computed from.

    Quantities are drawn from normal distributions; those that are shared are drawn once and used for all samples, from
    a lognormal distribution of the same mean and standard deviation where they are positive, because a conversion
    factor cannot change its sign. Draws of single samples are windows, at places chosen by chance, of one long row of
    normal numbers a quantity: as good as new numbers, and much faster. Memory does not grow with the number of samples
    times draws, and results do not depend on the number of threads.

    Parameters
    ----------
    cue : callable
        The estimator.
    values, spreads : mapping of str to array
        Values and standard deviations, shape (samples,) or (samples, series).
    shared : frozenset of str
        Quantities whose error is one for all samples.
    groups : array of int, shape (samples,)
        Group of each sample, from 0.
    draws : int
        Draws a sample.
    seed : int
        Of the random numbers: the same seed gives the same result.
    level : float
        Of the interval between quantiles.
    """
    random = np.random.default_rng(seed)
    count = groups.size
    common = {
        name: _shared_draws(random.standard_normal(draws), values[name], spreads[name])
        for name in sorted(spreads)
        if name in shared
    }
    own = [name for name in sorted(spreads) if name not in shared]
    length = max(_BANK, 8 * draws)
    banks = {name: _windows(random.standard_normal(length + draws), draws) for name in own}
    starts = {name: random.integers(0, length, spreads[name].shape) for name in own}
    few = min(draws, _SHARED_DRAWS)
    mean, sd, lower, upper = (np.empty(count) for _ in range(4))

    def drawn(block: slice, with_own: bool) -> dict[str, np.ndarray]:
        found = {}
        for name, value in values.items():
            # (samples, 1), or (samples, 1, series)
            found[name] = np.moveaxis(value[block][..., None], -1, 1)
            if name in common:
                found[name] = common[name](block)[:, : draws if with_own else few]
            elif with_own and name in banks:
                normal = np.moveaxis(banks[name][starts[name][block]], -1, 1)
                normal *= np.moveaxis(spreads[name][block][..., None], -1, 1)
                normal += found[name]
                found[name] = normal
        return found

    def part(rows: np.ndarray) -> np.ndarray:
        sums = np.zeros((int(groups.max()) + 1, few))
        at_once = max(1, _BLOCK // draws)
        for first in range(rows[0], rows[-1] + 1, at_once):
            block = slice(first, min(first + at_once, rows[-1] + 1))
            size = block.stop - block.start
            with np.errstate(all="ignore"):
                found = np.broadcast_to(cue(drawn(block, True)), (size, draws))
                mean[block], sd[block] = found.mean(axis=1), found.std(axis=1, ddof=1)
                lower[block], upper[block] = _quantiles(found, level)
                if common:
                    np.add.at(sums, groups[block], np.broadcast_to(cue(drawn(block, False)), (size, few)))
        return sums

    parts = [rows for rows in np.array_split(np.arange(count), _PARTS) if rows.size]
    with ThreadPoolExecutor(min(_PARTS, os.cpu_count() or 1)) as threads:
        sums = np.sum(list(threads.map(part, parts)), axis=0)
    return Draws(mean, sd, lower, upper, sums / np.bincount(groups)[:, None])


def _windows(normal: np.ndarray, draws: int) -> np.ndarray:
    return np.lib.stride_tricks.sliding_window_view(normal, draws)


def _quantiles(found: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Both ends of the central interval, by linear interpolation between order statistics."""
    places = np.array([(1 - level) / 2, (1 + level) / 2]) * (found.shape[1] - 1)
    below = np.floor(places).astype(int)
    above = np.minimum(below + 1, found.shape[1] - 1)
    ordered = np.sort(found, axis=1)  # faster than a partition around four places
    ends = ordered[:, below] + (places - below) * (ordered[:, above] - ordered[:, below])
    return ends[:, 0], ends[:, 1]


def _shared_draws(normal: np.ndarray, value: np.ndarray, spread: np.ndarray) -> Callable[[slice], np.ndarray]:
    """Draws of a factor that all samples share: one row of random numbers, scaled to each sample's value."""
    lognormal = bool(np.all(value > 0))

    def drawn(block: slice) -> np.ndarray:
        middle, width = value[block][:, None], spread[block][:, None]
        if not lognormal:
            return middle + width * normal
        log_variance = np.log1p((width / middle) ** 2)
        return middle * np.exp(np.sqrt(log_variance) * normal - log_variance / 2)

    if np.ptp(value) == 0 and np.ptp(spread) == 0:
        once = drawn(slice(0, 1))
        return lambda block: once
    return drawn
