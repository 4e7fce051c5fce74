"""Responses of one quantity beside those of another, or beside time, as in Figure 5 of He et al. (2024).

The paper sets the response of CUE to fertilisation beside the responses of soil carbon and of microbial biomass
carbon, and both beside the duration of the experiment. The same is done here for any table in which one comparison of
treatment and control carries effects of more than one quantity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm, pearsonr

from soilcue.core.errors import InputError, unknown_name
from soilcue.synthesis.models import Fit, fit
from soilcue.synthesis.robust import RobustFit, cluster_robust
from soilcue.synthesis.tables import column_name, identifiers_of, numbers_of, place, places, shown


@dataclass(frozen=True)
class Relation:
    """How effects go with another quantity."""

    x: str
    y: str
    points: pd.DataFrame
    """Columns x, y, variance, and where they are known study and group."""
    correlation: float
    """Pearson's, unweighted, as in the paper's figure."""
    lower: float
    upper: float
    """Interval of the correlation by Fisher's transformation, which takes points for independent."""
    fitted: Fit
    """Meta-regression of y on x, weighted by the sampling variances of y."""
    robust: RobustFit | None
    """With clusters: CR2."""
    notes: tuple[str, ...]

    @property
    def slope(self) -> pd.Series:
        """Row of the slope: robust where there are clusters."""
        table = self.fitted.coefficients if self.robust is None else self.robust.coefficients
        return table.iloc[1]


def pair_responses(effects: pd.DataFrame, *, variable: str, pair: str, x: str, y: str) -> pd.DataFrame:
    """Effects of two quantities that belong to one comparison, side by side.

    Parameters
    ----------
    effects : pandas.DataFrame
        Result of `effect_size`: a row for each comparison and quantity.
    variable : str
        Column that names the quantity (CUE, soil carbon, ...).
    pair : str
        Column that names the comparison.
    x, y : str
        The two quantities.

    Returns
    -------
    pandas.DataFrame
        A row for each comparison that has both: effect_x, variance_x, effect_y, variance_y, and the other columns of
        the rows of y. ``attrs["unpaired"]`` counts comparisons that have one of the two.

    Raises
    ------
    InputError
        When a column or quantity is missing, a comparison has a quantity twice, or none has both.
    """
    known = list(dict.fromkeys(effects[variable].dropna())) if variable in effects.columns else []
    identifiers_of(effects, variable)
    for name in (x, y):
        if name not in known:
            raise unknown_name(f"quantity in the column {variable!r}", name, map(str, known))
    identifiers_of(effects, pair)
    sides = {}
    for name in (x, y):
        chosen = np.flatnonzero((effects[variable] == name).to_numpy())
        twice = effects.iloc[chosen][pair].duplicated().to_numpy()
        if twice.any():
            row = chosen[np.flatnonzero(twice)[0]]
            label = effects[pair].iloc[row]
            both = [int(i) for i in chosen if effects[pair].iloc[i] == label]
            raise InputError(
                f"{place(effects, row, pair)}: the comparison {shown(label)} has {name!r} more than once "
                f"({places(effects, both)}). Give each comparison a name of its own."
            )
        sides[name] = effects.iloc[chosen].set_index(pair)
    shared = [name for name in sides[y].index if name in set(sides[x].index)]
    if not shared:
        raise InputError(
            f"no comparison in the column {pair!r} has both {x!r} and {y!r}: they cannot be set side by side. Rows of "
            "one comparison must bear the same name."
        )
    result = sides[y].loc[shared].rename(columns={"effect": "effect_y", "variance": "variance_y"})
    result = result.drop(columns=[c for c in ("control_variance", "control_slope", "geary") if c in result.columns])
    result["effect_x"] = sides[x].loc[shared, "effect"]
    result["variance_x"] = sides[x].loc[shared, "variance"]
    result = result.reset_index()
    result.attrs = {"unpaired": len(set(sides[x].index) ^ set(sides[y].index))}
    return result


def relate_responses(
    pairs: pd.DataFrame,
    *,
    x: str,
    y: str,
    cluster: str | Sequence[str] | None = None,
    group: str | None = None,
    method: str = "REML",
) -> Relation:
    """Response of one quantity against that of another.

    Parameters
    ----------
    pairs : pandas.DataFrame
        Result of `pair_responses`.
    x, y : str
        Names of the two, for the result.
    cluster : str or sequence of str, optional
        Column of the study.
    group : str, optional
        Column by which a figure tells points apart (the method CUE was measured by).
    method : str
        As of `fit`.

    Raises
    ------
    InputError
        As `fit`; and with fewer than four pairs.
    """
    notes = [
        f"The slope is that of the response of {y} on the response of {x}. Responses of {x} carry sampling errors too, "
        "which draw the slope and the correlation towards zero."
    ]
    if pairs.attrs.get("unpaired"):
        notes.append(f"{pairs.attrs['unpaired']} comparisons have one of the two only, and are not among the pairs.")
    return _relation(pairs, "effect_x", "effect_y", "variance_y", x, y, cluster, group, method, notes)


def relate_to_duration(
    effects: pd.DataFrame,
    duration: str,
    *,
    y: str = "effect",
    cluster: str | Sequence[str] | None = None,
    group: str | None = None,
    method: str = "REML",
) -> Relation:
    """Response of a quantity against the duration of the treatment, or any other number.

    Parameters
    ----------
    effects : pandas.DataFrame
        Result of `effect_size`, of one quantity.
    duration : str
        Column of the duration.
    y : str
        Name of the quantity, for the result.
    cluster : str or sequence of str, optional
        Column of the study.
    group : str, optional
        Column by which a figure tells points apart.
    method : str
        As of `fit`.

    Raises
    ------
    InputError
        As `fit`; and with fewer than four effects.
    """
    return _relation(effects, duration, "effect", "variance", duration, y, cluster, group, method, [])


def _relation(
    table: pd.DataFrame,
    x_column: str,
    y_column: str,
    variance_column: str,
    x: str,
    y: str,
    cluster: str | Sequence[str] | None,
    group: str | None,
    method: str,
    notes: list[str],
) -> Relation:
    values = numbers_of(table, x_column, "a number")
    effects = numbers_of(table, y_column, "the effect")
    if len(table) < 4:
        raise InputError(f"{len(table)} points of {y} against {x} are too few for a line; at least 4 are needed.")
    fitted = fit(
        table, effect=y_column, variance=variance_column, cluster=cluster, moderators=[x_column], method=method
    )
    robust = cluster_robust(fitted) if cluster is not None else None
    r = float(pearsonr(values, effects).statistic)
    half = norm.ppf(0.975) / np.sqrt(len(table) - 3)
    centre = np.arctanh(np.clip(r, -1 + 1e-15, 1 - 1e-15))
    points = pd.DataFrame({"x": values, "y": effects, "variance": table[variance_column].to_numpy(float)})
    if cluster is not None:
        outer = cluster if isinstance(cluster, str) else cluster[0]
        points["study"] = table[outer].to_numpy()
    if group is not None:
        points["group"] = table[column_name(table, group)].to_numpy()
    return Relation(
        x,
        y,
        points,
        r,
        float(np.tanh(centre - half)),
        float(np.tanh(centre + half)),
        fitted,
        robust,
        (*notes, *fitted.notes, *(robust.notes if robust else ())),
    )
