"""14C-labelled substrate followed in time: a pool respired at once and a pool immobilised (Jones et al. 2018).

The label that is left in soil falls as a1 exp(-k1 t) + a2 exp(-k2 t), the fast pool being what is respired at once and
the slow one what has become biomass. CUE = a2/(a1 + a2). Two exponentials are easily fitted and badly determined: the
fit reports what the scatter of its points leaves of the CUE.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from soilcue.core.errors import NotDefinedError
from soilcue.measure.columns import Choice, Column, Counted, Finding, Quantity, Samples
from soilcue.measure.incubation import Incubation
from soilcue.measure.method import Method, array_module, needed
from soilcue.measure.methods import METHODS

_STEPS = 60
_RATES = np.array([0.3, 1.0, 3.0, 10.0, 30.0, 100.0])
"""Rates tried as starts, over the inverse of the last time."""


def _curve(xp: Any, a: Any, t: Any) -> tuple[Any, Any]:
    """Two pools and a constant: values and derivatives, from (a1, a2, log k1, log k2, a3)."""
    a1, a2, a3 = (a[..., i, None] for i in (0, 1, 4))
    k1, k2 = xp.exp(a[..., 2, None]), xp.exp(a[..., 3, None])
    fast, slow = xp.exp(-k1 * t), xp.exp(-k2 * t)
    slopes = [fast, slow, -a1 * k1 * t * fast, -a2 * k2 * t * slow, 0 * t * fast + 1]
    return a1 * fast + a2 * slow + a3, xp.stack(slopes, axis=-1)


def _curvature(xp: Any, a: Any, t: Any, weighted: Any) -> Any:
    """Sum of residuals times second derivatives of the curve, shape (..., 5, 5)."""
    a1, a2 = a[..., 0, None], a[..., 1, None]
    parts = {}
    for amount, rate, size in ((0, 2, a1), (1, 3, a2)):
        k = xp.exp(a[..., rate, None])
        passed = k * t
        pool = xp.exp(-passed)
        parts[(amount, rate)] = xp.sum(weighted * (-passed * pool), axis=-1)
        parts[(rate, rate)] = xp.sum(weighted * size * pool * passed * (passed - 1), axis=-1)
    nothing = 0 * parts[(0, 2)]
    rows = [xp.stack([parts.get((i, j), parts.get((j, i), nothing)) for j in range(5)], axis=-1) for i in range(5)]
    return xp.stack(rows, axis=-2)


def _normal(xp: Any, slopes: Any, present: Any, free: Any) -> Any:
    """Matrix of the normal equations, with ones for what is held fixed."""
    matrix = xp.einsum("...ti,...t,...tj->...ij", slopes, present, slopes)
    return matrix * free * free[:, None] + xp.eye(5) * (1 - free)


def _solve(xp: Any, matrix: Any, right: Any) -> Any:
    """Solution of small systems; where one is singular, a huge one, which the checks take for what it is."""
    size = xp.real(xp.einsum("...ii->...", matrix))
    return xp.linalg.solve(matrix + xp.eye(5) * (1e-13 * size[..., None, None] + 1e-300), right[..., None])[..., 0]


def _fitted(xp: Any, t: Any, y: Any, present: Any, free: Any) -> Any:
    """Least-squares fit of real data, from the best of several pairs of rates, by Levenberg and Marquardt."""
    last = xp.max(t * present, axis=-1)
    identity = xp.eye(5)
    # all pairs of rates at once, along a first axis
    pairs = np.array([(one, other) for i, one in enumerate(_RATES) for other in _RATES[:i]])
    rates = xp.log(xp.asarray(pairs.reshape(len(pairs), *[1] * last.ndim, 2)) / last[..., None])
    start = xp.concatenate([0 * rates + 1, rates, 0 * rates[..., :1]], axis=-1)
    slopes = _curve(xp, start, t)[1]
    amounts = xp.asarray([1.0, 1.0, 0.0, 0.0, 1.0]) * free
    matrix = _normal(xp, slopes, present, amounts) + 1e-9 * identity
    linear = _solve(xp, matrix, xp.einsum("...ti,...t->...i", slopes, present * y + 0 * slopes[..., 0]) * amounts)
    tried = xp.concatenate([linear[..., :2], rates, linear[..., 4:]], axis=-1)
    sizes = xp.sum(present * (y - _curve(xp, tried, t)[0]) ** 2, axis=-1)
    # amounts below zero are no start
    sizes = sizes + 1e6 * xp.sum(y**2, axis=-1) * (xp.min(tried[..., :2], axis=-1) < 0)
    chosen = xp.argmin(sizes, axis=0)[None]
    best = xp.take_along_axis(tried, chosen[..., None], axis=0)[0]
    best_size = xp.sum(present * (y - _curve(xp, best, t)[0]) ** 2, axis=-1)

    def stepped(state: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
        a, size, damping = state
        value, slopes = _curve(xp, a, t)
        residual = present * (y - value)
        matrix = _normal(xp, slopes, present, free)
        diagonal = xp.einsum("...ii->...i", matrix)
        matrix = matrix + identity * (damping[..., None] * diagonal + 1e-12)[..., None, :]
        tried = a + _solve(xp, matrix, xp.einsum("...ti,...t->...i", slopes, residual) * free)
        tried_size = xp.sum(present * (y - _curve(xp, tried, t)[0]) ** 2, axis=-1)
        better = tried_size < size
        return (
            xp.where(better[..., None], tried, a),
            xp.where(better, tried_size, size),
            xp.where(better, damping / 5, damping * 4),
        )

    return _repeated(xp, stepped, (best, best_size, 0 * best_size + 1e-3))[0]


def _repeated(xp: Any, step: Callable[[Any], Any], state: Any) -> Any:
    """State after the steps of the fit; under JAX as a loop that is compiled once."""
    if xp is np:
        for _ in range(_STEPS):
            state = step(state)
        return state
    from jax.lax import fori_loop

    return fori_loop(0, _STEPS, lambda _, now: step(now), state)


class RadiocarbonKinetics(Method):
    """14C left in soil over time, by two pools."""

    name = "radiocarbon_kinetics"
    title = "14C substrate, two-pool kinetics"
    level = "C"
    equation = "label left = a1 exp(-k1 t) + a2 exp(-k2 t) [+ a3]; CUE = a2/(a1 + a2)"
    references = ("jones2018",)
    includes: ClassVar[Mapping[str, Counted]] = {
        "growth_respiration": Counted("yes", "in the fast pool"),
        "maintenance": Counted("no", "in the decline of the slow pool, which the fit sets aside"),
        "overflow": Counted("yes", "in the fast pool"),
        "exudation": Counted("as growth", "in the slow pool, if not respired at once"),
        "mortality": Counted("no", "in the decline of the slow pool, which the fit sets aside"),
        "recycling": Counted("no", "in the decline of the slow pool"),
        "native_carbon": Counted("no", "the added substrate alone"),
    }
    columns = (
        Column("time", "h", 0.0, 1e6, "time since the label was added, one row a time", 1.0, series=True),
        Column("remaining", "percent", 0.0, 120.0, "label left in the soil, of that added", 90.0, series=True),
    )
    choices = (
        Choice(
            "residue",
            "whether a third part stays for ever",
            {"none": "two pools", "fitted": "two pools and a constant, sorbed or inert"},
            "none",
        ),
    )
    quantities = (
        Quantity("respired_pool", "percent", "a1, respired at once"),
        Quantity("immobilised_pool", "percent", "a2"),
        Quantity("residue", "percent", "a3"),
        Quantity("fast_rate", "h-1", "k1"),
        Quantity("slow_rate", "h-1", "k2"),
        Quantity("fit_sd", "1", "standard deviation of CUE by the scatter of the points about the curve"),
    )
    series = "point"
    remarks = (
        "The fast pool is taken for respiration of substrate and the slow one for biomass; incubations of a few hours "
        "cannot tell them apart.",
    )

    def estimate(self, values: Mapping[str, Any], **choices: str) -> dict[str, Any]:
        """The fit, and CUE by its two pools; derivatives are those of the fitted optimum."""
        v, chosen = self.filled(values), self.chosen(choices)
        xp = array_module(v)
        t, y = xp.asarray(v["time"]), xp.asarray(v["remaining"])
        present = xp.asarray(v.get("present", np.ones(t.shape[-1:])))
        free = xp.asarray([1.0, 1.0, 1.0, 1.0, 1.0 if chosen["residue"] == "fitted" else 0.0])
        if xp is np:
            with np.errstate(over="ignore", invalid="ignore"):  # a step too far is tried, is no better, and is left
                solution = _fitted(xp, np.real(t), np.real(y), present, free)
        else:
            from jax.lax import stop_gradient

            solution = stop_gradient(_fitted(xp, stop_gradient(t), stop_gradient(y), present, free))
        # one Newton step at the optimum: nothing moves but the derivatives, which it makes exact
        value, slopes = _curve(xp, solution, t)
        residual = present * (y - value)
        bent = _curvature(xp, solution, t, residual) * free * free[:, None]
        gradient = xp.einsum("...ti,...t->...i", slopes, residual) * free
        a = solution + _solve(xp, _normal(xp, slopes, present, free) - bent, gradient)
        swapped = xp.real(a[..., 3]) > xp.real(a[..., 2])
        fast = xp.where(swapped, a[..., 1], a[..., 0])
        slow = xp.where(swapped, a[..., 0], a[..., 1])
        return {
            "cue": slow / (fast + slow),
            "respired_pool": fast,
            "immobilised_pool": slow,
            "residue": a[..., 4],
            "fast_rate": xp.exp(xp.where(swapped, a[..., 3], a[..., 2])),
            "slow_rate": xp.exp(xp.where(swapped, a[..., 2], a[..., 3])),
            "fit_sd": self._fit_sd(xp, a, slopes, residual, present, free),
        }

    def reading(self, incubation: Incubation, **assumed: Any) -> Any:
        """The fit to what is left of the label at the times of the incubation, up to each of them.

        Needs at least four times along the only axis (the start is a fifth point); NaN at earlier ones, and where two
        decaying pools do not describe the course.
        """
        time, added, respired = needed(incubation, self, "time", "label_added", "label_respired")
        if np.ndim(respired) != 1 or len(respired) < 4:
            raise NotDefinedError(
                f"{self.title} looks at the course of an incubation: give it label respired at four times or more."
            )
        xp = array_module([time, respired])
        if xp is np and not np.any(added > 0):
            return np.full(len(respired), np.nan)
        start = xp.zeros(1)
        times = xp.concatenate([start, time])
        # without label any course will do: what is read of it is set aside below
        left = xp.where(added > 0, 1 - respired / xp.where(added > 0, added, 1.0), xp.exp(-time) / 2 + 0.4)
        percent = 100 * xp.concatenate([start + 1, left])
        found = [xp.full((), xp.nan)] * 3
        for last in range(5, len(times) + 1):
            fit = self.estimate({"time": times[:last], "remaining": percent[:last]})
            pools = xp.minimum(fit["respired_pool"], fit["immobilised_pool"]) > 0
            found.append(xp.where(pools, fit["cue"], xp.nan))
        return xp.where(added > 0, xp.stack(found), xp.nan)

    def _fit_sd(self, xp: Any, a: Any, slopes: Any, residual: Any, present: Any, free: Any) -> Any:
        """Standard deviation of CUE by residual scatter: sqrt(g' (J'J)^-1 g s2); NaN without spare points."""
        freedom = xp.sum(present, axis=-1) - xp.sum(free)
        variance = xp.sum(residual**2, axis=-1) / xp.where(freedom > 0, freedom, np.nan)
        matrix = _normal(xp, slopes, present, free)
        total = (a[..., 0] + a[..., 1]) ** 2
        nothing = 0 * total
        by_amount = xp.stack([-a[..., 1] / total, a[..., 0] / total, nothing, nothing, nothing], axis=-1)
        spread = _solve(xp, matrix, by_amount)
        return (xp.sum(by_amount * spread, axis=-1) * variance) ** 0.5

    def checks(self, samples: Samples) -> Iterator[Finding]:
        """Enough points, pools that can be told apart, amounts that can be."""
        present = samples.values["present"]
        needed = 5 if samples.choices["residue"] == "none" else 6
        few = present.sum(axis=1) < needed
        yield Finding(
            few,
            "time",
            "too few points for the curve",
            f"at least {needed} times a sample",
            "Give one row for each time, with the same name in the column sample.",
        )
        with np.errstate(all="ignore"):
            fit = self.estimate(samples.values, **samples.choices)
        bad = ~np.isfinite(fit["cue"]) | (fit["respired_pool"] < 0) | (fit["immobilised_pool"] < 0)
        yield Finding(
            bad & ~few,
            "remaining",
            "a course that two decaying pools do not describe (an amount is negative)",
            "label that falls fast at first and slowly later",
            "Check the points; a single pool or a lag has no CUE by this method.",
        )
        times = np.where((samples.values["time"] > 0) & (present > 0), samples.values["time"], np.inf)
        gone = fit["fast_rate"] * times.min(axis=1) > 4  # before the second point: its rate is anything
        loose = (fit["fast_rate"] < 3 * fit["slow_rate"]) | (fit["fit_sd"] > 0.1) | gone
        yield Finding(
            loose & ~bad & ~few,
            "remaining",
            "two pools that the points hardly tell apart",
            "rates that differ at least threefold, points while the fast pool falls, and a CUE known to 0.1",
            "The CUE of this sample is not identified: follow the label for longer.",
            refuse=False,
        )


METHODS.register(RadiocarbonKinetics.name, RadiocarbonKinetics())
