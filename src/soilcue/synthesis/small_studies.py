"""Whether small studies show other effects than large ones: descriptions, not proofs, of missing studies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.stats import rankdata

from soilcue.core.errors import InputError
from soilcue.synthesis.design import INTERCEPT
from soilcue.synthesis.models import Fit, fit
from soilcue.synthesis.robust import RobustFit, cluster_robust

Array = NDArray[np.float64]

STANDARD_ERROR = "standard error of the effect"
"""Term of the regression of effects on their standard errors."""

CAVEATS = (
    "Small studies may show larger effects because others were not published, but also because they differ from large "
    "ones in soils, doses or care, or by chance.",
    "For log response ratios, standardised differences and logits the standard error depends on the effect itself, "
    "which can make a funnel lopsided without any study missing.",
    "With fewer than about ten studies, or strong heterogeneity, neither description says much.",
)
"""To be shown wherever these numbers are."""

_ROUNDS = 100


@dataclass(frozen=True)
class SmallStudyRegression:
    """Regression of effects on their standard errors (Egger et al. 1997, as a meta-regression)."""

    fitted: Fit
    robust: RobustFit | None
    """With clusters: CR2."""
    caveats: tuple[str, ...] = CAVEATS

    @property
    def coefficients(self) -> pd.DataFrame:
        """Robust ones where there are clusters. The intercept is the mean effect of an imagined study without error."""
        return self.fitted.coefficients if self.robust is None else self.robust.coefficients


def small_study_regression(
    effects: pd.DataFrame,
    *,
    effect: str = "effect",
    variance: str = "variance",
    cluster: str | Sequence[str] | None = None,
    moderators: Sequence[str] = (),
    method: str = "REML",
    test: str = "z",
    control: str | None = None,
    correlation: float | None = None,
    covariance: sparse.sparray | Array | None = None,
) -> SmallStudyRegression:
    """Whether effects grow with their standard errors.

    A meta-regression on the standard error (Egger et al. 1997, in its random-effects form), nested and with CR2 where
    there are clusters. Parameters are those of `fit`.

    Raises
    ------
    InputError
        As `fit`; and when all standard errors are equal.
    """
    table = effects.assign(**{STANDARD_ERROR: np.sqrt(effects[variance])})
    if np.ptp(table[STANDARD_ERROR]) <= 1e-12 * table[STANDARD_ERROR].max():
        raise InputError("all effects have the same standard error, so there are no smaller and larger studies.")
    fitted = fit(
        table,
        effect=effect,
        variance=variance,
        cluster=cluster,
        moderators=[*moderators, STANDARD_ERROR],
        method=method,
        test=test,
        control=control,
        correlation=correlation,
        covariance=covariance,
    )
    return SmallStudyRegression(fitted, cluster_robust(fitted) if cluster is not None else None)


@dataclass(frozen=True)
class TrimAndFill:
    """Trim and fill (Duval and Tweedie 2000)."""

    missing: int
    """Number of effects that would make the funnel even."""
    side: str
    """Where they would lie: left (smaller effects) or right."""
    filled: pd.DataFrame
    """Those effects: columns effect and variance."""
    fitted: Fit
    """All effects and the filled ones."""
    caveats: tuple[str, ...] = (
        "It takes effects for independent, which effects of one study are not, and any unevenness for missing studies; "
        "heterogeneity alone can produce both. Read the shift as a sensitivity, not as a corrected effect.",
        *CAVEATS,
    )


def trim_and_fill(
    effects: pd.DataFrame,
    *,
    effect: str = "effect",
    variance: str = "variance",
    method: str = "REML",
    test: str = "z",
    level: float = 0.95,
) -> TrimAndFill:
    """How many effects would even out the funnel, by the estimator L0, and the pooled effect with them.

    The side is the one away from which effects lean with their standard errors. Effects are trimmed from the far side
    until their number settles, the centre is found from the rest, and mirror images of the trimmed ones are added.

    Parameters
    ----------
    effects : pandas.DataFrame
        Effects and sampling variances.
    effect, variance : str
        Their columns.
    method, test, level
        As of `fit`, single-level.

    Raises
    ------
    InputError
        As `fit`; and when the number of missing effects does not settle.
    """
    plain = effects[[effect, variance]].set_axis(["effect", "variance"], axis=1)
    lean = small_study_regression(plain, method=method).fitted.coefficients.loc[STANDARD_ERROR, "estimate"]
    side = "right" if lean < 0 else "left"
    sign = -1.0 if side == "right" else 1.0
    ordered = plain.assign(effect=sign * plain["effect"]).sort_values("effect", kind="stable")
    k, missing = len(ordered), 0
    for _ in range(_ROUNDS):
        centre = fit(ordered.iloc[: k - missing], method=method).coefficients.loc[INTERCEPT, "estimate"]
        distance = ordered["effect"].to_numpy() - centre
        # Distances alike to rounding share their mean rank, so that an even funnel has nothing missing.
        ranks = rankdata(np.round(np.abs(distance) / np.abs(distance).max(), 12))
        positive = ranks[distance > 0].sum()
        found = int(max(0, np.round((4 * positive - k * (k + 1)) / (2 * k - 1))))
        if found == missing:
            break
        # The fit needs at least two effects.
        missing = min(found, k - 2)
    else:
        raise InputError("trim and fill does not settle on a number of missing effects: there are too few, or ties.")
    far = ordered.iloc[k - missing :]
    filled = pd.DataFrame({"effect": sign * (2 * centre - far["effect"]), "variance": far["variance"]})
    together = pd.concat([plain, filled], ignore_index=True)
    return TrimAndFill(
        missing, side, filled.reset_index(drop=True), fit(together, method=method, test=test, level=level)
    )
