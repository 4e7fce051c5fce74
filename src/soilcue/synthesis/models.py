"""Models of a meta-analysis: equal effects, random effects, nested random effects, meta-regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.stats import chi2, norm
from scipy.stats import f as f_distribution
from scipy.stats import t as t_distribution

from soilcue.core.errors import InputError, unknown_name
from soilcue.synthesis.blocks import Blocks, Solution, likelihood, make_blocks, solve, trace_of_projection
from soilcue.synthesis.design import Design, clustering_notes, make_design, refuse_singular
from soilcue.synthesis.effect_sizes import sampling_covariance
from soilcue.synthesis.heterogeneity import (
    Estimate,
    likelihood_estimate,
    moment_estimate,
    paule_mandel_estimate,
    profile_interval,
    q_profile_interval,
)
from soilcue.synthesis.tables import identifiers_of, numbers_of, place, places, shown

Array = NDArray[np.float64]

METHODS = {
    "EE": "equal effects: one true effect, only sampling error varies",
    "DL": "random effects, variance by moments (DerSimonian and Laird)",
    "PM": "random effects, variance by Paule and Mandel",
    "ML": "random effects, variances by maximum likelihood",
    "REML": "random effects, variances by restricted maximum likelihood",
}
"""How the variance between effects is estimated."""

TESTS = {
    "z": "normal quantiles",
    "t": "quantiles of Student's t with k - p degrees of freedom",
    "knapp-hartung": "standard errors scaled by the residual spread, t with k - p degrees of freedom",
}
"""How intervals and tests of coefficients are made."""

ROW = "effect"
"""Name of the lowest level: effects within a study."""


@dataclass(frozen=True)
class WaldTest:
    """A test of several coefficients at once."""

    statistic: float
    """F, or chi-squared divided by its degrees of freedom where `df_denominator` is infinite."""
    df_numerator: int
    df_denominator: float
    p_value: float


@dataclass(frozen=True)
class Fit:
    """A fitted meta-analysis. Made by `fit`."""

    coefficients: pd.DataFrame
    """One row for each term: estimate, standard_error, df, statistic, p_value, lower, upper."""
    covariance: Array
    """Of the coefficients, (p, p), by the model."""
    variances: pd.Series
    """Variance of true effects at each level: one called ``effect`` (tau²), or one for each cluster column and
    ``effect`` (sigma²). Empty for equal effects."""
    method: str
    test: str
    level: float
    """Coverage of the intervals."""
    effects: int
    """k."""
    clusters: int
    """Number of studies; k without a cluster."""
    q: float
    """Weighted sum of squared residuals without any heterogeneity (Cochran's Q; its residual form with moderators)."""
    q_p_value: float
    """Of Q, chi-squared with k - p degrees of freedom."""
    typical_variance: float
    """Typical sampling variance, (k - p) / trace of P (Higgins and Thompson 2002)."""
    log_likelihood: float
    """Restricted for REML, and for the estimates by moments as metafor gives them: at the estimate, unrestricted."""
    aic: float
    """-2 log likelihood + 2 (coefficients + variances)."""
    estimate: Estimate
    """How the variances were found: converged or not, steps, distance from the maximum."""
    notes: tuple[str, ...]
    """What is to be said with the result."""
    design: Design
    cluster: tuple[str, ...]
    """Columns of the clusters, the outermost first."""
    blocks: Blocks
    """The effects, sorted into independent blocks."""
    solution: Solution
    table: pd.DataFrame
    """The effects that were fitted."""

    @property
    def converged(self) -> bool:
        """Whether the maximum or the root was found."""
        return self.estimate.converged

    @property
    def i2(self) -> pd.Series:
        """Share of the variance of effects that is not sampling error, percent, by level and in total.

        Higgins and Thompson (2002); by level Nakagawa and Santos (2012). For equal effects (Q - (k - p)) / Q.
        """
        if self.variances.empty:
            freedom = self.effects - len(self.coefficients)
            return pd.Series({"total": 100 * max(0.0, (self.q - freedom) / self.q) if self.q > 0 else 0.0})
        total = self.variances.sum() + self.typical_variance
        shares = 100 * self.variances / total
        return pd.concat([shares, pd.Series({"total": shares.sum()})])

    @property
    def h2(self) -> float:
        """Variance of effects relative to that of sampling error alone."""
        if self.variances.empty:
            return self.q / (self.effects - len(self.coefficients))
        return float(self.variances.sum() / self.typical_variance + 1)

    @cached_property
    def variance_intervals(self) -> pd.DataFrame:
        """Variances with intervals: one row for each level, columns variance, lower, upper, method.

        Single-level models: Q-profile, whatever the estimator. Nested models: profile likelihood. Computed when first
        asked for.
        """
        rows = {}
        if len(self.variances) == 1:
            lower, upper, notes = q_profile_interval(self.blocks, self.level)
            rows[self.variances.index[0]] = (self.variances.iloc[0], lower, upper, " ".join(["Q-profile.", *notes]))
        else:
            for number, name in enumerate(self.variances.index):
                lower, upper = profile_interval(
                    self.blocks,
                    self.variances.to_numpy(),
                    self.log_likelihood,
                    self.method == "REML",
                    number,
                    self.level,
                )
                rows[name] = (self.variances[name], lower, upper, "Profile likelihood.")
        return pd.DataFrame.from_dict(rows, orient="index", columns=["variance", "lower", "upper", "method"])

    @property
    def moderator_test(self) -> WaldTest:
        """Test of all moderators at once; of the intercept where there are none."""
        first = 1 if self.design.moderators else 0
        return self.wald_test(list(self.coefficients.index[first:]))

    def wald_test(self, terms: Sequence[str]) -> WaldTest:
        """Test that the coefficients of some terms are all zero, by the model's covariance.

        Raises
        ------
        InputError
            When the model has no such term.
        """
        chosen = positions_of(self.coefficients, terms)
        beta = self.coefficients["estimate"].to_numpy()[chosen]
        statistic = float(beta @ np.linalg.solve(self.covariance[np.ix_(chosen, chosen)], beta)) / len(chosen)
        df = self.coefficients["df"].iloc[0]
        return WaldTest(statistic, len(chosen), float(df), _upper_tail(statistic, len(chosen), float(df)))

    def predict(self, table: pd.DataFrame | None = None) -> pd.DataFrame:
        """Mean effect at given moderators, with its interval and the prediction interval of a single true effect.

        Parameters
        ----------
        table : pandas.DataFrame, optional
            Columns of the moderators. Without it, the mean effect of a model without moderators.

        Returns
        -------
        pandas.DataFrame
            estimate, standard_error, df, lower, upper, prediction_lower, prediction_upper.

        Raises
        ------
        InputError
            When a moderator is missing, or none are given to a model that has them.
        """
        x = prediction_design(self.design, table)
        variance = np.einsum("np,pq,nq->n", x, self.covariance, x)
        df = np.full(len(x), float(self.coefficients["df"].iloc[0]))
        beta = self.coefficients["estimate"].to_numpy()
        return prediction_table(x @ beta, variance, df, float(self.variances.sum()), self.level)


def fit(
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
    level: float = 0.95,
) -> Fit:
    """Pool effects, with or without moderators and clusters.

    Without a cluster: y = X b + u + e, u of variance tau², e of the known sampling covariance. With clusters and ML or
    REML: nested random effects of each cluster and of each effect in it (Konstantopoulos 2011). With clusters and EE,
    DL or PM the clusters serve `cluster_robust` alone.

    Parameters
    ----------
    effects : pandas.DataFrame
        Result of `effect_size`, or any table with an effect and its sampling variance in each of k rows.
    effect, variance : str
        Columns of these.
    cluster : str or sequence of str, optional
        Column of the study; or several nested columns, the outermost first (``["site", "study"]``).
    moderators : sequence of str
        Columns that may explain differences: numbers as they are, names as levels against the first in sorted order.
    method : {"REML", "ML", "DL", "PM", "EE"}
        How the variance between effects is estimated; see `METHODS`.
    test : {"z", "t", "knapp-hartung"}
        How intervals are made; see `TESTS`. Knapp and Hartung (2003) is for single-level random effects.
    control : str, optional
        Column that says which effects share a control: their sampling errors are then correlated
        (`sampling_covariance`).
    correlation : float, optional
        Constant correlation of the sampling errors within a study: the working model of correlated and hierarchical
        effects (Pustejovsky and Tipton 2022), to be followed by `cluster_robust`.
    covariance : sparse or dense array, shape (k, k), optional
        Sampling covariance, where it is known otherwise.
    level : float
        Coverage of intervals.

    Returns
    -------
    Fit
        Coefficients, variances, heterogeneity, likelihood, and how it was found.

    Raises
    ------
    InputError
        When a column is missing, a cell is no number or missing, a variance is not above zero; with one study only;
        a moderator is constant, confounded with the study or a combination of others; clusters are not nested;
        effects of different clusters are correlated; the covariance is not positive definite; the method cannot do
        what is asked.
    """
    _refuse_unknown(method, test, level)
    y = numbers_of(effects, effect, "the effect")
    v = numbers_of(effects, variance, "the sampling variance")
    bad = np.flatnonzero(v <= 0)
    if bad.size:
        raise InputError(
            f"{place(effects, bad[0], variance)}: found {v[bad[0]]:g} (not above 0 in {places(effects, bad)}); a "
            "sampling variance must be above 0."
        )
    if y.size < 2:
        raise InputError(f"there is {'one effect' if y.size else 'no effect'}: a meta-analysis needs at least 2.")
    design = make_design(effects, moderators)
    x = design.matrix(effects)
    notes: list[str] = []
    columns = (cluster,) if isinstance(cluster, str) else tuple(cluster or ())
    codes = _nested_codes(effects, columns)
    if columns:
        notes += clustering_notes(effects, design, columns[0], codes[0])
    refuse_singular(x, design.terms)
    sampling = _sampling_covariance(effects, v, codes, control, correlation, covariance)
    block = codes[0] if columns else _connected(sampling)
    _refuse_correlated_clusters(effects, sampling, block, columns)
    levels, names, said = _random_levels(method, columns, codes, y.size)
    notes += said
    if test == "knapp-hartung" and (method == "EE" or len(names) > 1):
        raise InputError(
            f"the test 'knapp-hartung' is for single-level random effects, and this is "
            f"{'a nested model' if len(names) > 1 else 'the equal-effects model'}. "
            "Use the test 't', or cluster_robust (CR2) for intervals that hold with few studies."
        )
    if method in ("DL", "PM") and sampling.nnz > y.size:
        raise InputError(f"the method {method!r} is for independent effects. Use REML with correlated effects.")

    blocks = make_blocks(y, x, sampling, block, levels)
    # Orthonormal terms keep the algebra exact whatever the units of the moderators.
    _, r = np.linalg.qr(blocks.design)
    change = np.linalg.inv(r)
    turned = blocks.with_terms(change)
    try:
        without = solve(turned, np.zeros(len(levels)))
    except np.linalg.LinAlgError as error:
        raise InputError(
            "the sampling covariance is not positive definite: some effects are combinations of others. Check the "
            "shared controls, the correlation, and the covariance that was given."
        ) from error
    estimate = _estimate(method, turned)
    notes += estimate.notes
    if not estimate.converged:
        notes.append(
            f"NOT CONVERGED: after {estimate.iterations} steps the variances are {estimate.distance:.1g} standard "
            "errors from the maximum. Do not use these numbers."
        )
    freedom = y.size - x.shape[1]
    typical = freedom / trace_of_projection(turned, without)
    solution = _in_terms(solve(turned, estimate.variances), change)
    inflation = 1.0
    df = np.inf if test == "z" else float(freedom)
    if test == "knapp-hartung":
        inflation = solution.q / freedom
        if inflation < 1:
            notes.append(
                "The residuals spread less than the model expects, so the intervals of Knapp and Hartung are narrower "
                "here than without their correction."
            )
    log_design = 2 * float(np.log(np.abs(np.diagonal(r))).sum())
    log_likelihood = likelihood(blocks, solution, method == "REML", log_design)
    return Fit(
        coefficients=coefficient_table(
            design.terms, solution.beta, inflation * np.diagonal(solution.covariance), np.full(x.shape[1], df), level
        ),
        covariance=inflation * solution.covariance,
        variances=pd.Series(estimate.variances, index=list(names), dtype=float, name="variance"),
        method=method,
        test=test,
        level=level,
        effects=y.size,
        clusters=blocks.number if columns else y.size,
        q=without.q,
        q_p_value=float(chi2.sf(without.q, freedom)),
        typical_variance=typical,
        log_likelihood=log_likelihood,
        aic=-2 * log_likelihood + 2 * (x.shape[1] + len(names)),
        estimate=estimate,
        notes=tuple(notes),
        design=design,
        cluster=columns,
        blocks=blocks,
        solution=solution,
        table=effects,
    )


def explained_heterogeneity(fitted: Fit) -> float:
    """Share of the variance between effects that the moderators explain, percent (a pseudo-R²).

    The drop in the sum of variances from the model without moderators, relative to it, and zero when it does not
    drop. It is uncertain with fewer than about fifty effects.

    Raises
    ------
    InputError
        When the model has no moderators or no variances.
    """
    if not fitted.design.moderators or fitted.variances.empty:
        raise InputError("only a model with moderators and random effects explains heterogeneity.")
    blocks = replace_design(fitted.blocks)
    before = float(_estimate(fitted.method, blocks).variances.sum())
    if before == 0:
        return 0.0
    return 100 * max(0.0, (before - float(fitted.variances.sum())) / before)


def replace_design(blocks: Blocks) -> Blocks:
    """The same effects with an intercept alone."""
    stacks = tuple(replace(stack, x=np.ones((*stack.y.shape, 1))) for stack in blocks.stacks)
    return Blocks(stacks, blocks.effects, 1, blocks.levels)


def estimate_variances(method: str, blocks: Blocks, start: Array | None = None) -> Estimate:
    """Variances of the levels by a method of `METHODS`, for blocks with any full-rank design.

    Parameters
    ----------
    method : str
        The method.
    blocks : Blocks
        The effects.
    start : array, shape (levels,), optional
        Where likelihood methods begin.
    """
    _, r = np.linalg.qr(blocks.design)
    return _estimate(method, blocks.with_terms(np.linalg.inv(r)), start)


def _estimate(method: str, blocks: Blocks, start: Array | None = None) -> Estimate:
    if method == "EE":
        return Estimate(np.zeros(0), True, 0, 0.0)
    if method == "DL":
        return moment_estimate(blocks)
    if method == "PM":
        return paule_mandel_estimate(blocks)
    return likelihood_estimate(blocks, method == "REML", start=start)[0]


def _in_terms(solution: Solution, change: Array) -> Solution:
    """A solution in orthonormal terms, in the terms of the design."""
    covariance = change @ solution.covariance @ change.T
    shift = 2 * float(np.log(np.abs(np.diagonal(change))).sum())
    return replace(
        solution,
        beta=change @ solution.beta,
        covariance=(covariance + covariance.T) / 2,
        log_determinant_terms=solution.log_determinant_terms - shift,
    )


def _refuse_unknown(method: str, test: str, level: float) -> None:
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    if test not in TESTS:
        raise unknown_name("test", test, TESTS)
    if not 0 < level < 1:
        raise InputError(f"the coverage of intervals must lie between 0 and 1, such as 0.95; found {level!r}.")


def _nested_codes(table: pd.DataFrame, columns: Sequence[str]) -> list[NDArray[np.int64]]:
    """Group of each row at each cluster level, each inner group within one outer group."""
    codes = [identifiers_of(table, column) for column in columns]
    for depth, (column, code) in enumerate(zip(columns, codes, strict=True)):
        groups = code.max() + 1
        if groups < 2:
            raise InputError(
                f"there is one {column} only, {shown(table[column].iloc[0])}: how far one differs from another "
                "cannot be judged. Add studies; or leave the cluster out, and the result speaks for this one alone."
            )
        if depth == 0:
            continue
        outer_name, outer = columns[depth - 1], codes[depth - 1]
        first = np.unique(code, return_index=True)[1][code]
        split = np.flatnonzero(outer != outer[first])
        if split.size:
            row = split[0]
            raise InputError(
                f"{place(table, row, column)}: {column} {shown(table[column].iloc[row])} stands in {outer_name} "
                f"{shown(table[outer_name].iloc[row])} here and in {shown(table[outer_name].iloc[first[row]])} in "
                f"{places(table, [first[row]])}. An inner cluster must lie within one outer cluster: name the outer "
                f"cluster first, and give inner clusters of another {outer_name} another name."
            )
        if groups == outer.max() + 1:
            raise InputError(f"{outer_name!r} and {column!r} divide the effects alike: name one of them as cluster.")
    return codes


def _sampling_covariance(
    table: pd.DataFrame,
    v: Array,
    codes: list[NDArray[np.int64]],
    control: str | None,
    correlation: float | None,
    covariance: sparse.sparray | Array | None,
) -> sparse.csr_array:
    if sum(given is not None for given in (control, correlation, covariance)) > 1:
        raise InputError("give one of control, correlation and covariance: each says how sampling errors go together.")
    k = v.size
    if control is not None:
        return sampling_covariance(table, control)
    if covariance is not None:
        given = sparse.csr_array(covariance)
        given.eliminate_zeros()
        if given.shape != (k, k):
            raise InputError(f"the covariance must be {k} by {k}, one row for each effect; it is {given.shape}.")
        if not np.allclose(given.diagonal(), v, rtol=1e-8, atol=0):
            row = int(np.flatnonzero(~np.isclose(given.diagonal(), v, rtol=1e-8, atol=0))[0])
            raise InputError(
                f"{place(table, row)}: the variance is {given.diagonal()[row]:g} in the covariance and {v[row]:g} in "
                "the table."
            )
        difference = abs(given - given.T)
        if difference.nnz and difference.max() > 1e-8 * v.max():
            raise InputError("the covariance is not symmetric.")
        return given
    if correlation is None:
        return sparse.csr_array(sparse.diags_array(v))
    if not codes:
        raise InputError("a correlation of sampling errors within studies needs a cluster: say which column it is.")
    if not 0 <= correlation < 1:
        raise InputError(f"the correlation must be at least 0 and below 1; found {correlation!r}.")
    study = codes[0]
    member = sparse.csr_array((np.sqrt(v), (np.arange(k), study)), shape=(k, study.max() + 1))
    full = (correlation * (member @ member.T)).tolil() if correlation > 0 else sparse.lil_array((k, k))
    full.setdiag(v)
    return sparse.csr_array(full)


def _connected(sampling: sparse.csr_array) -> NDArray[np.int64]:
    """Block of each effect: effects with correlated sampling errors belong together."""
    return np.asarray(sparse.csgraph.connected_components(sampling, directed=False)[1], dtype=np.int64)


def _refuse_correlated_clusters(
    table: pd.DataFrame, sampling: sparse.csr_array, block: NDArray[np.int64], columns: Sequence[str]
) -> None:
    if not columns:
        return
    entries = sampling.tocoo()
    across = np.flatnonzero((block[entries.row] != block[entries.col]) & (entries.data != 0))
    if across.size:
        i, j = sorted((int(entries.row[across[0]]), int(entries.col[across[0]])))
        raise InputError(
            f"{place(table, i)} and {places(table, [j])}: their sampling errors are correlated (a shared control?), "
            f"but they belong to different clusters of {columns[0]!r}. Correlated effects must lie in one cluster: "
            "give the controls different names, or make the two one cluster."
        )


def _random_levels(
    method: str, columns: Sequence[str], codes: Sequence[NDArray[np.int64]], k: int
) -> tuple[list[NDArray[np.int64]], tuple[str, ...], list[str]]:
    """Groups and names of the random effects, and what is to be said about them."""
    row = np.arange(k)
    if method == "EE":
        return [], (), []
    if method in ("DL", "PM"):
        return [row], (ROW,), []
    levels, names, notes = [], [], []
    for column, code in zip(columns, codes, strict=True):
        if code.max() + 1 == k:
            notes.append(
                f"Each {column} has one effect, so that differences between one {column} and another cannot be told "
                "from those between effects: one variance is estimated."
            )
            continue
        levels.append(code)
        names.append(column)
    if ROW in names:
        raise InputError(f"the cluster column is called {ROW!r}, which names the lowest level. Rename it.")
    return [*levels, row], (*names, ROW), notes


def positions_of(coefficients: pd.DataFrame, terms: Sequence[str]) -> list[int]:
    """Positions of terms among the coefficients.

    Raises
    ------
    InputError
        When there is no such term, or none is asked for.
    """
    known = list(coefficients.index)
    for term in terms:
        if term not in known:
            raise unknown_name("term", term, known)
    if not terms:
        raise InputError("name at least one term to test.")
    return [known.index(term) for term in terms]


def coefficient_table(terms: Sequence[str], beta: Array, variance: Array, df: Array, level: float) -> pd.DataFrame:
    """Coefficients with standard errors, t or z statistics, p-values and intervals."""
    error = np.sqrt(variance)
    statistic = beta / error
    half = _quantile(level, df) * error
    return pd.DataFrame(
        {
            "estimate": beta,
            "standard_error": error,
            "df": df,
            "statistic": statistic,
            "p_value": np.where(
                np.isinf(df), 2 * norm.sf(np.abs(statistic)), 2 * t_distribution.sf(np.abs(statistic), _finite(df))
            ),
            "lower": beta - half,
            "upper": beta + half,
        },
        index=pd.Index(list(terms), name="term"),
    )


def prediction_design(design: Design, table: pd.DataFrame | None) -> Array:
    """Design rows at which a mean is predicted."""
    if table is None:
        if design.moderators:
            names = ", ".join(repr(m.name) for m in design.moderators)
            raise InputError(f"the mean depends on moderators: give a table with the columns {names}.")
        return np.ones((1, 1))
    return design.matrix(table)


def prediction_table(mean: Array, variance: Array, df: Array, heterogeneity: float, level: float) -> pd.DataFrame:
    """Means with their intervals, and prediction intervals that add the variances of true effects."""
    quantile = _quantile(level, df)
    half, wide = quantile * np.sqrt(variance), quantile * np.sqrt(variance + heterogeneity)
    return pd.DataFrame(
        {
            "estimate": mean,
            "standard_error": np.sqrt(variance),
            "df": df,
            "lower": mean - half,
            "upper": mean + half,
            "prediction_lower": mean - wide,
            "prediction_upper": mean + wide,
        }
    )


def _finite(df: Array) -> Array:
    return np.where(np.isinf(df), 1.0, df)


def _quantile(level: float, df: Array) -> Array:
    """Two-sided quantile, normal where the degrees of freedom are infinite."""
    tail = (1 + level) / 2
    return np.where(np.isinf(df), norm.ppf(tail), t_distribution.ppf(tail, _finite(df)))


def _upper_tail(statistic: float, numerator: int, denominator: float) -> float:
    if np.isinf(denominator):
        return float(chi2.sf(statistic * numerator, numerator))
    return float(f_distribution.sf(statistic, numerator, denominator))
