"""Missing standard deviations: several plausible completions of a table, each fitted, and the fits joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from soilcue.core.errors import InputError
from soilcue.synthesis.effect_sizes import effect_size
from soilcue.synthesis.models import Fit, coefficient_table, fit
from soilcue.synthesis.robust import RobustFit, cluster_robust
from soilcue.synthesis.tables import find_column, place, places


class Imputer(Protocol):
    """Something that completes a table, differently at each call."""

    description: str
    """What it does, in a sentence: the result states it."""

    def __call__(self, table: pd.DataFrame, columns: Mapping[str, str], random: np.random.Generator) -> pd.DataFrame:
        """The table with its missing standard deviations filled.

        Parameters
        ----------
        table : pandas.DataFrame
            The table with gaps; not to be changed.
        columns : mapping of str to str
            Which column holds ``treatment_mean``, ``treatment_sd``, ``treatment_n`` and the same for ``control``.
        random : numpy.random.Generator
            Source of chance.
        """
        ...


class ResampledVariation:
    """Fills a missing standard deviation with the mean times a coefficient of variation drawn from the known ones."""

    description = (
        "Each missing standard deviation was replaced by its mean times a coefficient of variation drawn, with "
        "replacement, from the known ones of the same group (treatment or control). This takes spreads for missing at "
        "random."
    )

    def __call__(self, table: pd.DataFrame, columns: Mapping[str, str], random: np.random.Generator) -> pd.DataFrame:
        """Fill both groups of a table."""
        filled = table.copy()
        for group in ("treatment", "control"):
            sd, mean = columns[f"{group}_sd"], columns[f"{group}_mean"]
            variation = (table[sd] / table[mean].abs()).to_numpy(float)
            known = variation[np.isfinite(variation) & (variation > 0)]
            gaps = np.flatnonzero(table[sd].isna().to_numpy())
            if gaps.size and known.size < 2:
                raise InputError(
                    f"{place(table, gaps[0], sd)}: the standard deviation is missing, and fewer than two of the group "
                    "are known to draw from. Look it up, or impute it otherwise."
                )
            draws = random.choice(known, gaps.size) if gaps.size else np.empty(0)
            filled.iloc[gaps, filled.columns.get_loc(sd)] = draws * table[mean].abs().to_numpy(float)[gaps]
        return filled


@dataclass(frozen=True)
class ImputedFit:
    """Fits of several completions of a table, joined by Rubin's rules. Made by `fit_imputed`."""

    coefficients: pd.DataFrame
    """As of `Fit`, with the column missing_information: the share of what is not known that is due to the gaps."""
    variances: pd.Series
    """Mean over the completions."""
    imputations: int
    filled: int
    """Number of standard deviations that were missing."""
    method: str
    """What was done, in sentences."""
    effects: pd.DataFrame
    """The effects with the means of effect and variance over the completions: for figures, not for fits."""
    fits: tuple[Fit, ...]
    robust: tuple[RobustFit, ...]


def fit_imputed(
    table: pd.DataFrame,
    effect: str = "lnRR",
    imputer: Imputer | None = None,
    *,
    imputations: int = 20,
    seed: int = 1,
    columns: Mapping[str, str] | None = None,
    control: str | None = None,
    cluster: str | Sequence[str] | None = None,
    repeats: bool = False,
    robust: str | None = None,
    level: float = 0.95,
    **options: Any,
) -> ImputedFit:
    """Pool effects of a table in which standard deviations are missing.

    Each completion is turned into effects and fitted; estimates are joined by Rubin's rules with the degrees of
    freedom of Barnard and Rubin (1999). Only standard deviations are filled: a missing mean or count stays an error.

    Parameters
    ----------
    table : pandas.DataFrame
        As for `effect_size`, with gaps among the standard deviations.
    effect, columns, control, repeats
        As for `effect_size`.
    imputer : Imputer, optional
        How gaps are filled; `ResampledVariation` without it.
    imputations : int
        Number of completions, at least 2.
    seed : int
        Of the generator of chance.
    cluster, level, **options
        As for `fit`.
    robust : {"CR0", "CR1", "CR2"}, optional
        Join cluster-robust fits.

    Raises
    ------
    InputError
        As `effect_size` and `fit`; when nothing is missing, a gap is left, or fewer than two completions are asked
        for.
    """
    if imputations < 2:
        raise InputError(f"at least 2 imputations are needed, and 20 or more are usual; found {imputations}.")
    fill = imputer or ResampledVariation()
    held = _columns(table, dict(columns or {}))
    gaps = {name: np.flatnonzero(table[held[name]].isna().to_numpy()) for name in ("treatment_sd", "control_sd")}
    missing = sum(rows.size for rows in gaps.values())
    if not missing:
        raise InputError("no standard deviation is missing: use effect_size and fit.")
    random = np.random.default_rng(seed)
    outer = cluster if isinstance(cluster, str) or cluster is None else cluster[0]
    fits, robusts, completed = [], [], []
    for _ in range(imputations):
        complete = fill(table, held, random)
        effects = effect_size(complete, effect, columns=columns, control=control, cluster=outer, repeats=repeats)
        fits.append(fit(effects, cluster=cluster, control=control, level=level, **options))
        completed.append(effects)
        if robust is not None:
            robusts.append(cluster_robust(fits[-1], robust))
    tables = [one.coefficients for one in (robusts or fits)]
    estimates = np.stack([one["estimate"] for one in tables])
    within = np.mean([one["standard_error"] ** 2 for one in tables], axis=0)
    between = (1 + 1 / imputations) * estimates.var(axis=0, ddof=1)
    total = within + between
    share = between / total
    complete_df = np.mean([one["df"] for one in tables], axis=0)
    df = _joined_df(share, complete_df, imputations)
    coefficients = coefficient_table(list(tables[0].index), estimates.mean(axis=0), total, df, level)
    coefficients["missing_information"] = share
    shown = completed[0].copy()
    shown["effect"] = np.mean([one["effect"] for one in completed], axis=0)
    shown["variance"] = np.mean([one["variance"] for one in completed], axis=0)
    rows = np.unique(np.concatenate([*gaps.values()]))
    return ImputedFit(
        coefficients,
        pd.concat([one.variances for one in fits], axis=1).mean(axis=1),
        imputations,
        missing,
        f"{missing} standard deviations were missing ({places(table, rows)}). {fill.description} {imputations} such "
        "tables were fitted and joined by Rubin's rules, with the degrees of freedom of Barnard and Rubin (1999); seed "
        f"{seed}.",
        shown,
        tuple(fits),
        tuple(robusts),
    )


def _columns(table: pd.DataFrame, given: Mapping[str, str]) -> dict[str, str]:
    held = {}
    for group in ("treatment", "control"):
        for part in ("mean", "sd", "n"):
            column = find_column(table, f"{group}_{part}", given)
            if column is None:
                raise InputError(
                    f"there is no column {group + '_' + part!r}. Standard deviations can be imputed where the table "
                    "has means, standard deviations and counts of both groups."
                )
            held[f"{group}_{part}"] = column
    return held


def _joined_df(share: np.ndarray, complete: np.ndarray, imputations: int) -> np.ndarray:
    """Barnard and Rubin (1999), equation 3; without gaps in what matters, those of the complete table."""
    finite = np.where(np.isinf(complete), 1.0, complete)
    observed = (finite + 1) / (finite + 3) * finite * (1 - share)
    rate = share**2 / (imputations - 1) + np.where(np.isinf(complete), 0.0, 1 / observed)
    return np.where(rate > 0, 1 / np.where(rate > 0, rate, 1.0), np.inf)
