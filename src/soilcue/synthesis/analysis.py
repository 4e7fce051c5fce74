"""A whole meta-analysis: the pooled effect and everything by which to judge it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from soilcue.core.errors import InputError, unknown_name
from soilcue.synthesis.blocks import covariances
from soilcue.synthesis.design import make_design
from soilcue.synthesis.effect_sizes import effect_size
from soilcue.synthesis.imputation import ImputedFit, fit_imputed
from soilcue.synthesis.influence import leave_one_out
from soilcue.synthesis.models import Fit, explained_heterogeneity, fit
from soilcue.synthesis.paired_responses import Relation, pair_responses, relate_responses, relate_to_duration
from soilcue.synthesis.robust import RobustFit, cluster_robust
from soilcue.synthesis.small_studies import SmallStudyRegression, TrimAndFill, small_study_regression, trim_and_fill
from soilcue.synthesis.tables import identifiers_of

REESTIMATED_STUDIES = 200
"""With more studies, leaving one out keeps the variances of the whole fit."""


@dataclass(frozen=True)
class MetaAnalysis:
    """Everything a report shows. Made by `analyse`."""

    effects: pd.DataFrame
    overall: Fit
    """Without moderators."""
    overall_robust: RobustFit | None
    """CR2, with clusters."""
    regression: Fit | None
    """With the moderators."""
    regression_robust: RobustFit | None
    explained: float
    """Percent of the heterogeneity that the moderators explain; NaN without moderators."""
    groups: Mapping[str, pd.DataFrame]
    """For each moderator of levels, one at a time: mean effects by level with intervals, effects and studies."""
    group_variances: Mapping[str, float]
    """Heterogeneity left in each of these."""
    studies: pd.DataFrame
    """Effects of studies: estimate, standard_error, effects, weight (percent of the pooled effect)."""
    leave_one_out: pd.DataFrame | None
    small_studies: SmallStudyRegression | None
    trimmed: TrimAndFill | None
    imputed: ImputedFit | None
    relations: tuple[Relation, ...]
    """As in Figure 5 of He et al. (2024)."""
    left_undone: Mapping[str, str]
    """What could not be computed, and why."""
    control: str | None
    correlation: float | None


def analyse(
    effects: pd.DataFrame,
    *,
    cluster: str | Sequence[str] | None = None,
    moderators: Sequence[str] = (),
    method: str = "REML",
    test: str | None = None,
    control: str | None = None,
    correlation: float | None = None,
    level: float = 0.95,
    imputed: ImputedFit | None = None,
    relations: Sequence[Relation] = (),
) -> MetaAnalysis:
    """Pool effects, explain them by moderators, and look at the result from all sides.

    Parameters
    ----------
    effects : pandas.DataFrame
        Result of `effect_size`.
    cluster, moderators, method, control, correlation, level
        As of `fit`.
    test : str, optional
        As of `fit`. Without it, ``knapp-hartung`` for single-level random effects, ``t`` for nested ones, ``z`` for
        equal effects.
    imputed : ImputedFit, optional
        Result of `fit_imputed`, to be shown with the rest; ``effects`` are then its effects.
    relations : sequence of Relation
        Results of `relate`, to be shown with the rest.

    Raises
    ------
    InputError
        As `fit`. What else cannot be computed is left out with its reason.
    """
    chosen = _test(effects, test, cluster, method)
    pool = partial(
        fit,
        effects,
        cluster=cluster,
        method=method,
        test=chosen,
        control=control,
        correlation=correlation,
        level=level,
    )
    overall = pool()
    robust = cluster_robust(overall) if cluster is not None else None
    regression = regression_robust = None
    explained = np.nan
    groups: dict[str, pd.DataFrame] = {}
    left: dict[str, str] = {}
    group_variances: dict[str, float] = {}
    if moderators:
        regression = pool(moderators=moderators)
        regression_robust = cluster_robust(regression) if cluster is not None else None
        if method != "EE":
            explained = explained_heterogeneity(regression)
        for moderator in regression.design.moderators:
            if moderator.levels:
                alone = pool(moderators=[moderator.name])
                groups[moderator.name] = _level_means(alone, cluster)
                group_variances[moderator.name] = float(alone.variances.sum())

    def attempt(what: str, make):
        try:
            return make()
        except InputError as error:
            left[what] = str(error)
            return None

    return MetaAnalysis(
        effects=effects,
        overall=overall,
        overall_robust=robust,
        regression=regression,
        regression_robust=regression_robust,
        explained=explained,
        groups=groups,
        group_variances=group_variances,
        studies=study_effects(overall),
        leave_one_out=attempt(
            "leaving one study out",
            lambda: leave_one_out(overall, reestimate=overall.blocks.number <= REESTIMATED_STUDIES),
        ),
        small_studies=attempt(
            "regression on the standard error",
            lambda: small_study_regression(
                effects, cluster=cluster, method=method, test=chosen, control=control, correlation=correlation
            ),
        ),
        trimmed=attempt("trim and fill", lambda: trim_and_fill(effects, method=method, level=level)),
        imputed=imputed,
        relations=tuple(relations),
        left_undone=left,
        control=control,
        correlation=correlation,
    )


def analyse_table(
    table: pd.DataFrame,
    effect: str = "lnRR",
    *,
    columns: Mapping[str, str] | None = None,
    cluster: str | Sequence[str] | None = None,
    moderators: Sequence[str] = (),
    method: str = "REML",
    test: str | None = None,
    control: str | None = None,
    correlation: float | None = None,
    imputations: int = 0,
    repeats: bool = False,
    variable: str | None = None,
    main: str = "CUE",
    pair: str | None = None,
    duration: str | None = None,
) -> MetaAnalysis:
    """From a table of treatments and controls to the whole meta-analysis.

    Parameters
    ----------
    table : pandas.DataFrame
        As for `effect_size`.
    effect, columns, repeats
        As of `effect_size`.
    cluster, moderators, method, test, control, correlation
        As of `analyse`.
    imputations : int
        Number of imputations of missing standard deviations; 0 for none.
    variable : str, optional
        Column that names the quantity, where the table holds several.
    main : str
        The quantity that is pooled.
    pair, duration : str, optional
        As of `relate`. Points are told apart by the first moderator of levels.

    Raises
    ------
    InputError
        As these functions; and when what is asked for does not go together.
    """
    if control is not None and correlation is not None:
        raise InputError("give one of control and correlation: each says how sampling errors go together.")
    if pair is not None and variable is None:
        raise InputError(f"the pairs of {pair!r} need a column that names the quantity of each row (--variable).")
    if imputations and (pair is not None or duration is not None):
        raise InputError("responses are set side by side without imputation: leave out imputations, pair or duration.")
    rows = table
    if variable is not None:
        identifiers_of(table, variable)
        if main not in set(table[variable]):
            raise unknown_name(f"quantity in the column {variable!r}", main, map(str, set(table[variable])))
        rows = table[(table[variable] == main).to_numpy()]
        rows.attrs |= table.attrs
    outer = None if cluster is None else _outer(cluster)
    judge = partial(
        analyse,
        cluster=cluster,
        moderators=moderators,
        method=method,
        test=test,
        control=control,
        correlation=correlation,
    )
    if imputations:
        imputed = fit_imputed(
            rows,
            effect,
            imputations=imputations,
            columns=columns,
            control=control,
            cluster=cluster,
            repeats=repeats,
            robust="CR2" if cluster is not None else None,
            method=method,
            test=_test(rows, test, cluster, method),
            correlation=correlation,
        )
        return judge(imputed.effects, imputed=imputed)
    effects = effect_size(rows, effect, columns=columns, control=control, cluster=outer, repeats=repeats)
    relations: list[Relation] = []
    if pair is not None or duration is not None:
        levels = [m.name for m in make_design(effects, moderators).moderators if m.levels]
        group = levels[0] if levels else None
        if variable is None:
            relations.append(relate_to_duration(effects, str(duration), cluster=cluster, group=group, method=method))
        else:
            # Controls are not compared here: one control has another mean of each quantity.
            every = effect_size(table, effect, columns=columns, cluster=outer, repeats=repeats)
            relations += relate(
                every,
                variable=variable,
                main=main,
                pair=pair,
                duration=duration,
                cluster=cluster,
                group=group,
                method=method,
            )
    return judge(effects, relations=relations)


def relate(
    effects: pd.DataFrame,
    *,
    variable: str,
    main: str,
    pair: str | None = None,
    duration: str | None = None,
    cluster: str | Sequence[str] | None = None,
    group: str | None = None,
    method: str = "REML",
) -> list[Relation]:
    """The panels of Figure 5 of He et al. (2024) for a table of several quantities.

    Parameters
    ----------
    effects : pandas.DataFrame
        Result of `effect_size`: a row for each comparison and quantity.
    variable : str
        Column that names the quantity.
    main : str
        The quantity the others are set beside (CUE).
    pair : str, optional
        Column that names the comparison: without it, no quantity is set beside another.
    duration : str, optional
        Column of the duration: without it, no quantity is set beside it.
    cluster, group, method
        As of `relate_responses`.

    Returns
    -------
    list of Relation
        Each other quantity against the main one, then each quantity against the duration.

    Raises
    ------
    InputError
        As `pair_responses`, `relate_responses` and `relate_to_duration`.
    """
    identifiers_of(effects, variable)
    names = [str(name) for name in dict.fromkeys(effects[variable])]
    made = []
    if pair is not None:
        for other in names:
            if other != main:
                pairs = pair_responses(effects, variable=variable, pair=pair, x=main, y=other)
                made.append(relate_responses(pairs, x=main, y=other, cluster=cluster, group=group, method=method))
    if duration is not None:
        for name in sorted(names, key=lambda one: one != main):
            rows = effects[(effects[variable] == name).to_numpy()]
            rows.attrs |= effects.attrs
            made.append(relate_to_duration(rows, duration, y=name, cluster=cluster, group=group, method=method))
    return made


def study_effects(fitted: Fit) -> pd.DataFrame:
    """Effect of each study, and its weight in the pooled effect, by a model without moderators.

    The effect of a study is the generalised least squares mean of its effects, with their sampling covariance and the
    variances of the levels within studies.

    Returns
    -------
    pandas.DataFrame
        Named for the studies (for the rows where there are no clusters): estimate, standard_error (without the
        variance between studies), effects, weight (percent).

    Raises
    ------
    InputError
        When the model has moderators.
    """
    if fitted.design.moderators:
        raise InputError("effects of studies are those of a model without moderators.")
    within = fitted.variances.to_numpy().copy()
    if fitted.cluster and fitted.variances.index.size and fitted.variances.index[0] == fitted.cluster[0]:
        within[0] = 0.0
    elif not fitted.cluster:
        within[:] = 0.0
    rows = []
    for stack, m, w in zip(
        fitted.blocks.stacks, covariances(fitted.blocks, within), fitted.solution.weights, strict=True
    ):
        inverse = np.linalg.inv(m)
        precision = inverse.sum(axis=(-1, -2))
        mean = np.einsum("nst,nt->n", inverse, stack.y) / precision
        weight = 100 * w.sum(axis=(-1, -2)) * fitted.solution.covariance[0, 0]
        for n in range(len(mean)):
            if fitted.cluster:
                rows.append((int(stack.rows[n].min()), mean[n], precision[n] ** -0.5, stack.rows[n].size, weight[n]))
                continue
            # Effects with a shared control form a block, and are still shown one by one.
            share = 100 * w[n].sum(axis=1) * fitted.solution.covariance[0, 0]
            rows += [
                (int(row), stack.y[n, i], stack.v[n, i, i] ** 0.5, 1, share[i]) for i, row in enumerate(stack.rows[n])
            ]
    rows.sort()
    names = [fitted.table[fitted.cluster[0]].iloc[r[0]] if fitted.cluster else fitted.table.index[r[0]] for r in rows]
    columns = ["estimate", "standard_error", "effects", "weight"]
    return pd.DataFrame([row[1:] for row in rows], columns=columns, index=names)


def _level_means(alone: Fit, cluster: str | Sequence[str] | None) -> pd.DataFrame:
    """Mean effect at each level of the one moderator of a fit."""
    (moderator,) = alone.design.moderators
    at = pd.DataFrame({moderator.name: list(moderator.levels)}, dtype=alone.table[moderator.name].dtype)
    means = cluster_robust(alone).predict(at) if cluster is not None else alone.predict(at)
    means.index = pd.Index([str(level) for level in moderator.levels], name=moderator.name)
    values = alone.table[moderator.name]
    means["effects"] = [int((values == level).sum()) for level in moderator.levels]
    studies = alone.table[_outer(cluster)] if cluster is not None else pd.Series(alone.table.index, values.index)
    means["studies"] = [int(studies[(values == level).to_numpy()].nunique()) for level in moderator.levels]
    return means


def _test(table: pd.DataFrame, test: str | None, cluster: str | Sequence[str] | None, method: str) -> str:
    """The test that was asked for, or the one that suits the model."""
    if test is not None or method == "EE":
        return test or "z"
    one_each = cluster is not None and identifiers_of(table, _outer(cluster)).max() + 1 == len(table)
    nested = cluster is not None and method in ("ML", "REML") and not one_each
    return "t" if nested else "knapp-hartung"


def _outer(cluster: str | Sequence[str] | None) -> str:
    return cluster if isinstance(cluster, str) else next(iter(cluster or ()))
