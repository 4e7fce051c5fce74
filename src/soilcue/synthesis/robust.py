"""Cluster-robust variances: intervals that hold when the working model of the correlations within studies is wrong.

With W = M⁻¹ the weights of the fit and e_i the residuals of study i, the variance of the coefficients is
C [sum of X_i' W_i A_i e_i e_i' A_i' W_i X_i] C, C = (X' W X)⁻¹. CR0 takes A_i = I; CR1 scales it by m/(m - 1) for m
studies; CR2 chooses A_i so that the estimate is unbiased when the working model M is right (Pustejovsky and Tipton
2018, equations 5 to 8). With few studies a t or F distribution is needed whose degrees of freedom follow from the
design (Satterthwaite; Tipton and Pustejovsky 2015).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import f as f_distribution

from soilcue.core.errors import InputError, unknown_name
from soilcue.synthesis.blocks import covariances
from soilcue.synthesis.design import Design
from soilcue.synthesis.models import (
    Fit,
    WaldTest,
    coefficient_table,
    positions_of,
    prediction_design,
    prediction_table,
)

Array = NDArray[np.float64]

KINDS = {
    "CR0": "sandwich without correction; too narrow with few studies",
    "CR1": "CR0 scaled by m/(m - 1) for m studies",
    "CR2": "bias-reduced: unbiased under the working model",
}
"""Kinds of cluster-robust variances."""

LEAST_DF = 4.0
"""Degrees of freedom below which the t approximation is not to be trusted (Tipton and Pustejovsky 2015)."""

_SINGULAR = 1e-10


@dataclass(frozen=True)
class RobustFit:
    """Coefficients of a fit with cluster-robust standard errors. Made by `cluster_robust`."""

    coefficients: pd.DataFrame
    """As of the fit: estimate, standard_error, df (Satterthwaite), statistic, p_value, lower, upper."""
    covariance: Array
    """Cluster-robust, (p, p)."""
    kind: str
    clusters: int
    level: float
    notes: tuple[str, ...]
    design: Design
    heterogeneity: float
    """Sum of the variances of the fit."""
    model_covariance: Array
    """C, (p, p)."""
    own: Array
    """For each study G_i' M_i G_i with G_i = A_i W_i X_i C, (m, p, p)."""
    cross: Array
    """For each study X_i' G_i, (m, p, p)."""

    def wald_test(self, terms: Sequence[str]) -> WaldTest:
        """Test that the coefficients of some terms are all zero: approximate Hotelling's T² (HTZ).

        With one term this is the t test. F and its degrees of freedom are those of Tipton and Pustejovsky (2015).

        Raises
        ------
        InputError
            When the fit has no such term, or too few studies stand behind so many terms.
        """
        chosen = positions_of(self.coefficients, terms)
        q = len(chosen)
        contrast = np.eye(len(self.coefficients))[chosen]
        beta = contrast @ self.coefficients["estimate"].to_numpy()
        # With no more studies than terms the robust covariance is singular.
        eta = self._hotelling_df(contrast) if self.clusters > q else 0.0
        if eta <= q - 1:
            raise InputError(
                f"{self.clusters} studies cannot carry a test of {q} terms at once: no degrees of freedom are left. "
                "Test fewer terms, or merge levels."
            )
        statistic = float(beta @ np.linalg.solve(contrast @ self.covariance @ contrast.T, beta))
        value = statistic * (eta - q + 1) / (eta * q)
        return WaldTest(value, q, eta - q + 1, float(f_distribution.sf(value, q, eta - q + 1)))

    def predict(self, table: pd.DataFrame | None = None) -> pd.DataFrame:
        """Mean effect at given moderators, as of the fit, with robust intervals.

        The prediction interval adds the variances of the fit, which rest on its model.
        """
        x = prediction_design(self.design, table)
        df = np.array([self._hotelling_df(row[None, :]) for row in x])
        variance = np.einsum("np,pq,nq->n", x, self.covariance, x)
        beta = self.coefficients["estimate"].to_numpy()
        return prediction_table(x @ beta, variance, df, self.heterogeneity, self.level)

    def _hotelling_df(self, contrast: Array) -> float:
        """Degrees of freedom of the robust covariance of contrasts: Satterthwaite's for one of them.

        Under the working model the matrix of cross products of studies i and j for contrasts s and t is
        own_i[s, t] (where i = j) - cross_i[:, s]' C cross_j[:, t]; sums over pairs of studies of products of these
        follow from sums over studies alone.
        """
        q = contrast.shape[0]
        c = self.model_covariance
        expected = contrast @ (self.own.sum(0) - np.einsum("ips,pr,irt->st", self.cross, c, self.cross)) @ contrast.T
        values, vectors = np.linalg.eigh(expected)
        standard = (vectors / np.sqrt(values)) @ vectors.T @ contrast
        own = standard @ self.own @ standard.T
        cross = self.cross @ standard.T
        shared = np.einsum("ips,pr,irt->ist", cross, c, cross)
        gram = np.einsum("ips,irt->stpr", cross, cross)
        total = 0.0
        for s in range(q):
            for t in range(q):
                same = own[:, s, s] * own[:, t, t] - own[:, s, s] * shared[:, t, t] - own[:, t, t] * shared[:, s, s]
                mixed = own[:, s, t] * own[:, t, s] - 2 * own[:, s, t] * shared[:, t, s]
                cg = c @ gram[s, t]
                total += float(np.sum(same + mixed) + np.trace(cg @ c @ gram[t, s]) + np.trace(cg @ cg))
        return q * (q + 1) / total


def cluster_robust(fitted: Fit, kind: str = "CR2") -> RobustFit:
    """Cluster-robust standard errors, degrees of freedom and tests of a fit.

    The clusters are the outermost of the fit's, or single effects where it has none (variances robust against wrong
    sampling variances alone).

    Parameters
    ----------
    fitted : Fit
        A result of `fit`.
    kind : {"CR2", "CR1", "CR0"}
        See `KINDS`.

    Returns
    -------
    RobustFit
        The same coefficients with other standard errors, and notes where the degrees of freedom are below 4.

    Raises
    ------
    InputError
        When there is no such kind, or effects without a cluster are correlated so that all lie in one block.
    """
    if kind not in KINDS:
        raise unknown_name("kind of cluster-robust variance", kind, KINDS)
    m = fitted.blocks.number
    if m < 2:
        raise InputError("all effects are correlated with each other: there is one cluster, and no robust variance.")
    c = fitted.solution.covariance
    p = fitted.blocks.terms
    working = covariances(fitted.blocks, fitted.variances.to_numpy())
    meat = np.zeros((p, p))
    own, cross = [], []
    for stack, matrix, w, residual in zip(
        fitted.blocks.stacks, working, fitted.solution.weights, fitted.solution.residuals, strict=True
    ):
        weighted = w @ stack.x
        if kind == "CR2":
            weighted = np.swapaxes(_adjustment(matrix, stack.x, c), -1, -2) @ weighted
        score = np.einsum("nsp,ns->np", weighted, residual)
        meat += score.T @ score
        g = weighted @ c
        own.append(np.swapaxes(g, -1, -2) @ matrix @ g)
        cross.append(np.swapaxes(stack.x, -1, -2) @ g)
    scale = m / (m - 1) if kind == "CR1" else 1.0
    covariance = scale * c @ meat @ c
    made = RobustFit(
        coefficients=fitted.coefficients,
        covariance=covariance,
        kind=kind,
        clusters=m,
        level=fitted.level,
        notes=(),
        design=fitted.design,
        heterogeneity=float(fitted.variances.sum()),
        model_covariance=c,
        own=np.concatenate(own),
        cross=np.concatenate(cross),
    )
    df = np.array([made._hotelling_df(row[None, :]) for row in np.eye(p)])
    table = coefficient_table(fitted.design.terms, fitted.solution.beta, np.diagonal(covariance), df, fitted.level)
    few = [f"{term} ({value:.2f})" for term, value in zip(table.index, df, strict=True) if value < LEAST_DF]
    notes = (
        (
            f"Fewer than {LEAST_DF:.0f} degrees of freedom, too few for the interval and the p-value to be trusted: "
            f"{', '.join(few)}.",
        )
        if few
        else ()
    )
    return RobustFit(**{**vars(made), "coefficients": table, "notes": notes})


def _adjustment(m: Array, x: Array, c: Array) -> Array:
    """A = D' B^(-1/2) D of each study, M = D' D, B = D (M - X C X') D'; the inverse leaves out the null space of B."""
    upper = np.swapaxes(np.linalg.cholesky(m), -1, -2)
    b = upper @ (m - x @ c @ np.swapaxes(x, -1, -2)) @ np.swapaxes(upper, -1, -2)
    values, vectors = np.linalg.eigh((b + np.swapaxes(b, -1, -2)) / 2)
    kept = values > _SINGULAR * values.max(axis=-1, keepdims=True)
    power = np.where(kept, 1 / np.sqrt(np.where(kept, values, 1.0)), 0.0)
    root = (vectors * power[..., None, :]) @ np.swapaxes(vectors, -1, -2)
    return np.swapaxes(upper, -1, -2) @ root @ upper
