"""Effect sizes: from means, spreads and counts of a treatment and its control to an effect with its variance.

Every effect but the standardised difference is a difference between a quantity of the treatment and the same quantity
of the control, f(treatment) - f(control), with variance Var f(treatment) + Var f(control). Two effects that share one
control therefore have the covariance Var f(control) (Lajeunesse 2011 for the log response ratio).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import gammaln

from soilcue.core.errors import InputError, unknown_name
from soilcue.synthesis.tables import find_column, identifiers_of, nearest, numbers_of, place, places, shown

Array = NDArray[np.float64]

GEARY_LIMIT = 3.0
"""Least standardised mean at which the log of a mean is near normal (Geary's test; Lajeunesse 2015, equation 13)."""


@dataclass(frozen=True)
class EffectSize:
    """One way to measure an effect."""

    name: str
    meaning: str
    """What it is, in words."""
    formula: str
    """What is computed, m, s, n being mean, standard deviation and count of a group."""
    references: tuple[str, ...]
    group: Callable[[Array, Array, Array], tuple[Array, Array]] | None
    """Quantity f of one group and its variance, from mean, standard deviation and count. None for what is no
    difference of such quantities."""
    means: str = "any"
    """What means may be: any, positive, or fraction (between 0 and 1)."""
    as_change: bool = False
    """True when exp(effect) - 1 is a relative change."""
    reads_mean_as_log: bool = False
    """True when Geary's test says whether the variance can be trusted."""


def _log_mean(mean: Array, sd: Array, n: Array) -> tuple[Array, Array]:
    """Hedges et al. (1999), equations 1 and 2."""
    return np.log(mean), sd**2 / (n * mean**2)


def _log_mean_delta(mean: Array, sd: Array, n: Array) -> tuple[Array, Array]:
    """Lajeunesse (2015), equations 8 and 9."""
    relative = sd**2 / (n * mean**2)
    return np.log(mean) + relative / 2, relative + relative**2 / 2


def _log_mean_sigma(mean: Array, sd: Array, n: Array) -> tuple[Array, Array]:
    """Lajeunesse (2015), the linearity-of-expectation form."""
    return np.log(mean**2 + sd**2 / n) / 2, np.log1p(sd**2 / (n * mean**2))


def _mean(mean: Array, sd: Array, n: Array) -> tuple[Array, Array]:
    return mean, sd**2 / n


def _logit_mean(mean: Array, sd: Array, n: Array) -> tuple[Array, Array]:
    """First-order propagation: the derivative of the logit is 1 / (m (1 - m))."""
    return np.log(mean / (1 - mean)), sd**2 / (n * (mean * (1 - mean)) ** 2)


def _log_variation(mean: Array, sd: Array, n: Array) -> tuple[Array, Array]:
    """Nakagawa et al. (2015), equations 11 and 12, without a correlation of log mean and log standard deviation."""
    return np.log(sd / mean) + 1 / (2 * (n - 1)), 1 / (2 * (n - 1)) + sd**2 / (n * mean**2)


EFFECT_SIZES: Mapping[str, EffectSize] = {
    effect.name: effect
    for effect in (
        EffectSize(
            "lnRR",
            "log response ratio",
            "ln(m_t / m_c), variance s_t²/(n_t m_t²) + s_c²/(n_c m_c²)",
            ("hedges1999",),
            _log_mean,
            "positive",
            as_change=True,
            reads_mean_as_log=True,
        ),
        EffectSize(
            "lnRR_delta",
            "log response ratio, corrected for bias by the delta method",
            "lnRR + [s_t²/(n_t m_t²) - s_c²/(n_c m_c²)]/2, variance with the second-order terms s⁴/(2 n² m⁴)",
            ("lajeunesse2015", "hedges1999"),
            _log_mean_delta,
            "positive",
            as_change=True,
            reads_mean_as_log=True,
        ),
        EffectSize(
            "lnRR_sigma",
            "log response ratio, corrected for bias by linearity of expectations",
            "ln[(m_t² + s_t²/n_t) / (m_c² + s_c²/n_c)]/2, variance ln[(1 + s_t²/(n_t m_t²)) (1 + s_c²/(n_c m_c²))]",
            ("lajeunesse2015", "hedges1999"),
            _log_mean_sigma,
            "positive",
            as_change=True,
            reads_mean_as_log=True,
        ),
        EffectSize(
            "SMD",
            "standardised mean difference (Hedges' g)",
            "J (m_t - m_c) / s, s pooled over both groups, J = Γ(ν/2) / (√(ν/2) Γ((ν-1)/2)) exactly with "
            "ν = n_t + n_c - 2, variance 1/n_t + 1/n_c + g²/(2 (n_t + n_c))",
            ("hedges1981",),
            None,
        ),
        EffectSize("MD", "mean difference", "m_t - m_c, variance s_t²/n_t + s_c²/n_c", ("viechtbauer2010",), _mean),
        EffectSize(
            "logit",
            "difference of logits, for quantities between 0 and 1 such as CUE",
            "ln[m_t/(1 - m_t)] - ln[m_c/(1 - m_c)], variance the sum of s²/(n m² (1 - m)²) over both groups",
            ("viechtbauer2010",),
            _logit_mean,
            "fraction",
        ),
        EffectSize(
            "CVR",
            "log ratio of coefficients of variation",
            "ln[(s_t/m_t) / (s_c/m_c)] + 1/(2 (n_t - 1)) - 1/(2 (n_c - 1)), variance the sum of "
            "1/(2 (n - 1)) + s²/(n m²) over both groups (first-order correction, as metafor 3.8 has it; later versions "
            "of metafor also correct to second order)",
            ("nakagawa2015",),
            _log_variation,
            "positive",
            as_change=True,
        ),
    )
}
"""Effect sizes by name."""

_GROUPS = ("treatment", "control")
_ADDED = ("effect", "variance", "control_variance", "control_slope", "geary")


def effect_size(
    table: pd.DataFrame,
    effect: str = "lnRR",
    *,
    columns: Mapping[str, str] | None = None,
    control: str | None = None,
    cluster: str | None = None,
    repeats: bool = False,
) -> pd.DataFrame:
    """Effects and their sampling variances, one for each row of a table.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``treatment_mean``, ``treatment_sd`` (or ``treatment_se``, standard errors), ``treatment_n`` and the
        same for ``control``; or the names the R package metafor uses (``m1i``, ``sd1i``, ``n1i`` for the treatment).
        For the effect ``given``, columns ``effect`` and ``variance`` (or ``yi``, ``vi``).
    effect : str
        A name of `EFFECT_SIZES`: ``lnRR``, ``lnRR_delta``, ``lnRR_sigma``, ``SMD``, ``MD``, ``logit``, ``CVR``; or
        ``given``.
    columns : mapping of str to str, optional
        Where the table calls these columns otherwise: ``{"treatment_mean": "CUE_warm", ...}``.
    control : str, optional
        Column that says which rows share one control. Their mean, spread and count must then agree.
    cluster : str, optional
        Column of the study, within which identical numbers are taken for a repeated row.
    repeats : bool
        True to accept rows with identical numbers.

    Returns
    -------
    pandas.DataFrame
        The table with the columns ``effect`` and ``variance``; with ``control_variance``, the control's share of the
        variance (and ``control_slope`` for the standardised difference), from which `sampling_covariance` is made;
        and, for log ratios of means, ``geary``, the smaller of the two groups' standardised means
        4 n^1.5 / (1 + 4 n) · m / s, which should be at least 3. ``attrs`` hold the name, formula and references of
        the effect.

    Raises
    ------
    InputError
        With row and column: a column is missing; a cell is missing or no number; a standard deviation or variance is
        not above zero; a count is below 2; a mean is not positive under a log, or not between 0 and 1 under a logit;
        rows repeat each other; rows said to share a control disagree about it.
    """
    given = dict(columns or {})
    known = [f"{group}_{part}" for group in _GROUPS for part in ("mean", "sd", "se", "n")] + ["effect", "variance"]
    for quantity in given:
        if quantity not in known:
            raise unknown_name("column of an effect", quantity, known)
    if effect == "given":
        return _given_effects(table, given, repeats)
    if effect not in EFFECT_SIZES:
        raise unknown_name("effect size", effect, [*EFFECT_SIZES, "given"])
    for name in _ADDED:
        if name in table.columns:
            raise InputError(
                f"the table has a column {name!r}, which effect_size would write. Rename it, or use the effect 'given' "
                "when effects and variances are already there."
            )
    kind = EFFECT_SIZES[effect]
    moments = {group: _moments(table, group, kind, given) for group in _GROUPS}
    if not repeats:
        _refuse_repeated_numbers(table, moments, cluster)
    result = table.copy()
    if kind.group is None:
        parts = _standardised_difference(moments["treatment"], moments["control"])
        for name, values in zip(("effect", "variance", "control_variance", "control_slope"), parts, strict=True):
            result[name] = values
    else:
        (value_t, variance_t), (value_c, variance_c) = (kind.group(*moments[group]) for group in _GROUPS)
        result["effect"] = value_t - value_c
        result["variance"] = variance_t + variance_c
        result["control_variance"] = variance_c
    if kind.reads_mean_as_log:
        result["geary"] = np.min([4 * n**1.5 / (1 + 4 * n) * mean / sd for mean, sd, n in moments.values()], axis=0)
    if control is not None:
        _refuse_different_controls(result, control, moments["control"])
    result.attrs |= {
        "effect": kind.name,
        "meaning": kind.meaning,
        "formula": kind.formula,
        "references": list(kind.references),
    }
    return result


def sampling_covariance(effects: pd.DataFrame, control: str) -> sparse.csr_array:
    """Covariance of the sampling errors of effects that share controls.

    Two effects of the form f(treatment) - f(control) with one control have the covariance Var f(control). For the
    standardised difference the pooled standard deviations share the control too: by the delta method the covariance
    is 1/n_c + g_i g_j n_c / (2 N_i N_j), N being the count of both groups (the large-sample form that goes with the
    variance used here; with one standard deviation pooled over all groups, Gleser and Olkin have 2 N below).

    Parameters
    ----------
    effects : pandas.DataFrame
        Result of `effect_size`, of k rows.
    control : str
        Column that says which rows share a control.

    Returns
    -------
    scipy.sparse.csr_array
        k by k, the variances on the diagonal.

    Raises
    ------
    InputError
        When the effects do not say which part of their variance comes from the control.
    """
    if "control_variance" not in effects.columns:
        raise InputError(
            "the effects carry no column 'control_variance', so the covariance of effects with a shared control is "
            "not known. Compute them with effect_size from means, spreads and counts."
        )
    codes = identifiers_of(effects, control)
    share = effects["control_variance"].to_numpy(float)
    differing = np.flatnonzero(
        ~np.isclose(share, share[np.unique(codes, return_index=True)[1][codes]], rtol=1e-9, atol=0)
    )
    if differing.size:
        raise InputError(
            f"{place(effects, differing[0], control)}: the control {shown(effects[control].iloc[differing[0]])} has "
            "another mean, spread or count here than in an earlier row. Rows that share a control must agree about it; "
            "give different controls different names."
        )
    slope = effects["control_slope"].to_numpy(float) if "control_slope" in effects.columns else np.zeros(share.size)
    rows, columns, values = [], [], []
    order = np.argsort(codes, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1):
        block = np.sqrt(np.outer(share[members], share[members])) + np.outer(slope[members], slope[members])
        np.fill_diagonal(block, effects["variance"].to_numpy(float)[members])
        rows.append(np.repeat(members, members.size))
        columns.append(np.tile(members, members.size))
        values.append(block.ravel())
    shape = (len(effects), len(effects))
    return sparse.csr_array((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=shape)


def _moments(table: pd.DataFrame, group: str, kind: EffectSize, given: Mapping[str, str]) -> tuple[Array, Array, Array]:
    """Mean, standard deviation and count of one group, each checked."""
    mean_column = _needed(table, f"{group}_mean", given)
    n_column = _needed(table, f"{group}_n", given)
    mean = numbers_of(table, mean_column, "the mean")
    n = numbers_of(table, n_column, "the number of replicates")
    _refuse(table, n_column, n < 2, n, "at least 2 replicates are needed: with one, there is no spread")
    spread_column = find_column(table, f"{group}_sd", given)
    from_error = spread_column is None or (f"{group}_se" in given and f"{group}_sd" not in given)
    if from_error:
        spread_column = find_column(table, f"{group}_se", given)
    if spread_column is None:
        raise _absent(table, f"{group}_sd", f"(or {group}_se, standard errors)")
    spread = numbers_of(
        table,
        spread_column,
        "the standard error" if from_error else "the standard deviation",
        "" if from_error else "impute it (fit_imputed in Python, --impute 20 on the command line), ",
    )
    _refuse(
        table,
        spread_column,
        spread <= 0,
        spread,
        "it must be above 0. A spread of zero gives an effect infinite weight: look the value up, or leave the cell "
        "empty and impute it (fit_imputed, or --impute)",
    )
    if kind.means == "positive":
        mend = "use MD or SMD for quantities that may be zero or negative"
        _refuse(
            table, mean_column, mean <= 0, mean, f"{kind.name} takes the log of the mean, which must be above 0; {mend}"
        )
    elif kind.means == "fraction":
        outside = (mean <= 0) | (mean >= 1)
        _refuse(table, mean_column, outside, mean, "a logit needs a mean between 0 and 1 (a fraction, not percent)")
    return mean, spread * np.sqrt(n) if from_error else spread, n


def _needed(table: pd.DataFrame, quantity: str, given: Mapping[str, str]) -> str:
    column = find_column(table, quantity, given)
    if column is None:
        raise _absent(table, quantity)
    return column


def _absent(table: pd.DataFrame, quantity: str, also: str = "") -> InputError:
    file = f"{table.attrs['file']}: " if "file" in table.attrs else ""
    there = ", ".join(repr(str(name)) for name in table.columns)
    option = quantity.replace("_", "-")
    return InputError(
        f"{file}there is no column {quantity!r}{' ' + also if also else ''}."
        f"{nearest(quantity, map(str, table.columns))} Rename the column, or say which it is "
        f"(columns={{{quantity!r}: ...}}, or --{option} on the command line). There are: {there}."
    )


def _refuse(table: pd.DataFrame, column: str, bad: NDArray[np.bool_], values: Array, reason: str) -> None:
    rows = np.flatnonzero(bad)
    if rows.size:
        others = f" The same holds in {places(table, rows[1:])}." if rows.size > 1 else ""
        raise InputError(f"{place(table, rows[0], column)}: found {values[rows[0]]:g}; {reason}.{others}")


def _refuse_repeated_numbers(
    table: pd.DataFrame, moments: Mapping[str, tuple[Array, Array, Array]], cluster: str | None
) -> None:
    """Identical means, spreads and counts in one study are one comparison entered twice."""
    numbers = pd.DataFrame({i: values for i, values in enumerate(np.vstack([*moments.values()]))})
    if cluster is not None:
        numbers["cluster"] = identifiers_of(table, cluster)
    _refuse_repeats(table, numbers, "the same means, spreads and counts")


def _refuse_repeats(table: pd.DataFrame, compared: pd.DataFrame, what: str) -> None:
    repeated = np.flatnonzero(compared.duplicated(keep="first").to_numpy())
    if not repeated.size:
        return
    first = np.flatnonzero((compared == compared.iloc[repeated[0]]).all(axis=1).to_numpy())[0]
    raise InputError(
        f"{place(table, repeated[0])}: it has {what} as {places(table, [first])}. A comparison counted twice gets "
        f"twice the weight. Remove one; or, if they are two comparisons, say so (repeats=True, "
        "or --repeats on the command line)."
    )


def _refuse_different_controls(table: pd.DataFrame, control: str, moments: tuple[Array, Array, Array]) -> None:
    codes = identifiers_of(table, control)
    first = np.unique(codes, return_index=True)[1][codes]
    for name, values in zip(("mean", "spread", "number of replicates"), moments, strict=True):
        differing = np.flatnonzero(~np.isclose(values, values[first], rtol=1e-9, atol=0))
        if differing.size:
            row = differing[0]
            raise InputError(
                f"{place(table, row, control)}: the control {shown(table[control].iloc[row])} has the {name} "
                f"{values[row]:g} here and {values[first[row]]:g} in {places(table, [first[row]])}. Rows that share a "
                "control must agree about it; give different controls different names."
            )


def _given_effects(table: pd.DataFrame, given: Mapping[str, str], repeats: bool) -> pd.DataFrame:
    """Effects and variances that a table already holds."""
    effect_column, variance_column = _needed(table, "effect", given), _needed(table, "variance", given)
    effect = numbers_of(table, effect_column, "the effect")
    variance = numbers_of(table, variance_column, "the sampling variance")
    _refuse(table, variance_column, variance <= 0, variance, "a sampling variance must be above 0")
    if not repeats:
        # A column that differs in every row numbers the rows, and says nothing about what they hold.
        held = [c for c in table.columns if c in (effect_column, variance_column) or table[c].nunique() < len(table)]
        _refuse_repeats(table, table[held].reset_index(drop=True).astype(str), "the same entries")
    result = table.copy()
    result["effect"], result["variance"] = effect, variance
    result.attrs |= {
        "effect": "given",
        "meaning": "effect as given in the table",
        "formula": f"columns {effect_column!r} and {variance_column!r} of the table",
        "references": [],
    }
    return result


def _standardised_difference(
    treatment: tuple[Array, Array, Array], control: tuple[Array, Array, Array]
) -> tuple[Array, Array, Array, Array]:
    """Hedges' g, its variance, and the two parts of its covariance with effects of the same control."""
    (mean_t, sd_t, n_t), (mean_c, sd_c, n_c) = treatment, control
    total, freedom = n_t + n_c, n_t + n_c - 2
    pooled = np.sqrt(((n_t - 1) * sd_t**2 + (n_c - 1) * sd_c**2) / freedom)
    correction = np.exp(gammaln(freedom / 2) - gammaln((freedom - 1) / 2)) / np.sqrt(freedom / 2)
    g = correction * (mean_t - mean_c) / pooled
    return g, 1 / n_t + 1 / n_c + g**2 / (2 * total), 1 / n_c, g * np.sqrt(n_c / 2) / total
