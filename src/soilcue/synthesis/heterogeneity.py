"""How much effects differ beyond sampling error: estimates of the variances and their intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import chi2

from soilcue.core.errors import InputError
from soilcue.synthesis.blocks import Blocks, Solution, likelihood, slopes, solve, trace_of_projection

Array = NDArray[np.float64]

_STEPS = 200
# In standard errors of the variances: how far from the maximum an estimate may be to count as one.
_CONVERGED = 1e-6
_DONE = 1e-13


@dataclass(frozen=True)
class Estimate:
    """Variances of the levels, and how they were found."""

    variances: Array
    """(levels,)."""
    converged: bool
    iterations: int
    distance: float
    """How far from the maximum or the root, in standard errors of the variances; zero for a closed form."""
    notes: tuple[str, ...] = ()


def moment_estimate(blocks: Blocks) -> Estimate:
    """DerSimonian and Laird (1986), in its form for a meta-regression: (Q - (k - p)) / trace of P."""
    none = solve(blocks, np.zeros(1))
    value = (none.q - (blocks.effects - blocks.terms)) / trace_of_projection(blocks, none)
    return Estimate(np.array([max(value, 0.0)]), True, 0, 0.0, _at_zero(value))


def paule_mandel_estimate(blocks: Blocks) -> Estimate:
    """Paule and Mandel (1982): the variance at which Q equals its expectation, k - p."""
    freedom = blocks.effects - blocks.terms

    def excess(variance: float) -> float:
        return solve(blocks, np.array([variance])).q - freedom

    at_zero = excess(0.0)
    if at_zero <= 0:
        return Estimate(np.zeros(1), True, 0, 0.0, _at_zero(at_zero))
    value, details = brentq(excess, 0.0, _above_root(excess, blocks), xtol=1e-300, rtol=1e-14, full_output=True)
    return Estimate(np.array([value]), bool(details.converged), int(details.iterations), 0.0)


def _at_zero(value: float) -> tuple[str, ...]:
    if value > 0:
        return ()
    return ("The effects differ no more than sampling error makes them differ: the variance between them is put at 0.",)


def _above_root(falling, blocks: Blocks) -> float:
    """A variance at which a falling function is negative."""
    upper = max(_spread(blocks), 1e-12)
    while falling(upper) > 0:
        upper *= 4
    return upper


def _spread(blocks: Blocks) -> float:
    """Variance of the effects about ordinary least squares: the scale on which variances are sought."""
    y = np.concatenate([stack.y.ravel() for stack in blocks.stacks])
    beta = np.linalg.lstsq(blocks.design, y, rcond=None)[0]
    return float(np.sum((y - blocks.design @ beta) ** 2) / (blocks.effects - blocks.terms))


def likelihood_estimate(
    blocks: Blocks, restricted: bool, fixed: dict[int, float] | None = None, start: Array | None = None
) -> tuple[Estimate, float]:
    """Maximum of the (restricted) likelihood over variances that are zero or above.

    Newton steps with the observed information (the expected one where that is not positive definite), on the
    variances that are free to move, from several starts unless one is given: likelihoods of variances can have more
    than one maximum.

    Parameters
    ----------
    blocks : Blocks
        The effects.
    restricted : bool
        True for REML.
    fixed : mapping of int to float, optional
        Levels whose variance is held.
    start : array, shape (levels,), optional
        Where to begin; one start only.

    Returns
    -------
    Estimate
        The variances.
    float
        The (restricted) log likelihood there.
    """
    held = fixed or {}
    design = blocks.design
    log_determinant_design = float(np.linalg.slogdet(design.T @ design)[1])
    if start is not None:
        starts = [start]
    else:
        spread = _spread(blocks)
        even = np.full(blocks.levels, spread / blocks.levels)
        starts = [even, even * 1e-3]
        if blocks.levels > 1:
            starts += [
                np.where(np.arange(blocks.levels) == level, 0.9, 0.02) * spread for level in range(blocks.levels)
            ]
    found = []
    for one in starts:
        begin = np.array([held.get(level, value) for level, value in enumerate(one)])
        found.append(_climb(blocks, begin, restricted, log_determinant_design, set(held)))
    best = max(found, key=lambda end: end[1])
    notes: tuple[str, ...] = ()
    total = best[0].variances.sum()
    apart = [
        e for e, value in found if e.converged and np.abs(e.variances - best[0].variances).max() > 1e-4 * (total or 1)
    ]
    if apart and start is None and not held:
        notes += ("The likelihood of the variances has more than one maximum; the highest found is given.",)
    return Estimate(best[0].variances, best[0].converged, best[0].iterations, best[0].distance, notes), best[1]


def _climb(
    blocks: Blocks, variances: Array, restricted: bool, log_determinant_design: float, held: set[int]
) -> tuple[Estimate, float]:
    free = np.array([level not in held for level in range(blocks.levels)])
    solution = solve(blocks, variances)
    value = likelihood(blocks, solution, restricted, log_determinant_design)
    distance = np.inf
    for iteration in range(1, _STEPS + 1):
        slope = slopes(blocks, solution, restricted)
        # A variance at zero that the likelihood would make negative stays there.
        moving = free & ((variances > 0) | (slope.gradient > 0))
        if not moving.any():
            return Estimate(variances, True, iteration, 0.0), value
        gradient = slope.gradient[moving]
        information = slope.observed[np.ix_(moving, moving)]
        if np.linalg.eigvalsh(information).min() <= 0:
            information = slope.expected[np.ix_(moving, moving)]
        direction = np.zeros(blocks.levels)
        direction[moving] = np.linalg.solve(information, gradient)
        distance = float(gradient @ direction[moving]) ** 0.5
        if distance < _DONE:
            break
        length, ended = 1.0, False
        while True:
            trial = np.maximum(variances + length * direction, np.where(free, 0.0, variances))
            trial_solution = _solved(blocks, trial)
            if trial_solution is not None:
                trial_value = likelihood(blocks, trial_solution, restricted, log_determinant_design)
                # Near the maximum the likelihood is flat to rounding; the step is then taken on the slope's word.
                if trial_value >= value - 1e-12 * abs(value) - 1e-12:
                    break
            length /= 2
            if length < 1e-10:
                ended = True
                break
        if ended or trial_solution is None:
            break
        moved = np.abs(trial - variances).max()
        variances, solution, value = trial, trial_solution, trial_value
        if moved <= 1e-15 * (variances.max() + 1e-300):
            break
    return Estimate(variances, distance < _CONVERGED, iteration, distance), value


def _solved(blocks: Blocks, variances: Array) -> Solution | None:
    """Solution, or None where the covariance of the effects is not positive definite."""
    try:
        return solve(blocks, variances)
    except np.linalg.LinAlgError:
        return None


def q_profile_interval(blocks: Blocks, level: float) -> tuple[float, float, tuple[str, ...]]:
    """Interval of the one variance of a single-level model (Viechtbauer 2007).

    The variances at which Q has the upper and lower quantile of its chi-squared distribution with k - p degrees of
    freedom; exact when effects are normal with the known sampling covariance.

    Parameters
    ----------
    blocks : Blocks
        The effects, with one level.
    level : float
        Coverage, such as 0.95.

    Returns
    -------
    float, float
        Lower and upper end.
    tuple of str
        What is to be said about it.
    """
    freedom = blocks.effects - blocks.terms
    ends = []
    for tail in ((1 + level) / 2, (1 - level) / 2):
        target = float(chi2.ppf(tail, freedom))

        def excess(variance: float, target: float = target) -> float:
            return solve(blocks, np.array([variance])).q - target

        if excess(0.0) <= 0:
            ends.append(0.0)
        else:
            ends.append(float(brentq(excess, 0.0, _above_root(excess, blocks), xtol=1e-300, rtol=1e-12)))
    notes = (
        (
            "The effects differ less than sampling error alone makes likely: the interval of their variance is 0. "
            "The sampling variances may be too large, or effects repeated.",
        )
        if ends[1] == 0
        else ()
    )
    return ends[0], ends[1], notes


def profile_interval(
    blocks: Blocks, estimate: Array, value: float, restricted: bool, which: int, level: float
) -> tuple[float, float]:
    """Interval of one variance among several by its profile likelihood.

    All values of the variance at which the likelihood, maximised over the other variances, lies less than half the
    quantile of a chi-squared distribution with one degree of freedom below its maximum.

    Parameters
    ----------
    blocks : Blocks
        The effects.
    estimate : array, shape (levels,)
        Variances at the maximum.
    value : float
        The (restricted) log likelihood there.
    restricted : bool
        True for REML.
    which : int
        The level.
    level : float
        Coverage, such as 0.95.

    Raises
    ------
    InputError
        When the likelihood does not fall off towards large variances.
    """
    drop = float(chi2.ppf(level, 1)) / 2
    latest = {"start": estimate}

    def excess(variance: float) -> float:
        begin = latest["start"].copy()
        begin[which] = variance
        found, at = likelihood_estimate(blocks, restricted, {which: variance}, begin)
        if not found.converged:
            raise InputError("the profile of the likelihood was not found: the maximum did not converge on the way.")
        latest["start"] = found.variances
        return at - value + drop

    at = float(estimate[which])
    lower = 0.0
    if at > 0 and excess(0.0) < 0:
        lower = float(brentq(excess, 0.0, at, xtol=1e-9 * at, rtol=1e-8))
    latest["start"] = estimate
    upper = max(2 * at, 0.1 * float(estimate.sum()), 1e-3 * _spread(blocks), 1e-12)
    while excess(upper) > 0:
        upper *= 2
        if upper > 1e6 * (_spread(blocks) + float(estimate.sum())):
            raise InputError(
                "the likelihood does not bound the variance from above: there are too few studies for an interval."
            )
    return lower, float(brentq(excess, at, upper, xtol=1e-9 * upper, rtol=1e-8))
