"""Means of records by group, in which every study counts once; and what must never be put into one group.

A study with sixty rows says no more about the world than one with two, and rows of one study are not independent. So
a group's mean is the mean of the means of its studies, and its spread is that between studies.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from soilcue.core.errors import InputError
from soilcue.records.checks import study_key
from soilcue.records.schema import FAMILIES, Record, flat

if TYPE_CHECKING:
    import pandas as pd

KINDS = {
    "stoichiometry": "from ratios of enzymes and elements, in which no flux is measured",
    "thermodynamics": "from an energy balance, in which no flux is measured",
    "genome_model": "the output of a model",
    "soil_model": "the output of a model",
    "data_assimilation": "the output of a model",
}
"""Families that are never pooled with others, and what their CUE is."""

LEVEL = 0.95


def refuse_mixture(records: Iterable[Record], where: str = "one group") -> None:
    """Refuse to pool what does not measure the same: stoichiometric or modelled CUE with any other.

    Raises
    ------
    InputError
        When records of a family in `KINDS` stand with records of another family.
    """
    families: dict[str, str] = {}
    for record in records:
        families.setdefault(record.cueInfo.methodFamily or "", record.id)
    for family, meaning in KINDS.items():
        others = [other for other in families if other != family]
        if family in families and others:
            other = others[0]
            named = f"{FAMILIES[other]} ({other})" if other else "a method that is not told"
            raise InputError(
                f"{families[family]} and {families[other]} cannot be pooled in {where}: the CUE of the first is "
                f"{meaning} ({family}), the other is by {named}. They answer differently to soil carbon and to "
                "treatments (He et al. 2024). Group by cueInfo.methodFamily, or choose one family."
            )


def study_means(
    records: Sequence[Record], by: str | Callable[[Record], str | None] = "cueInfo.methodFamily"
) -> pd.DataFrame:
    """Mean CUE of each group, every study counting once.

    Parameters
    ----------
    records : sequence of Record
        Those without a CUE, and those flagged impossible, are left out and counted.
    by : str or function
        Dotted path of a field, or what gives a record its group; records without one are left out and counted.

    Returns
    -------
    pandas.DataFrame
        Index ``group``: ``mean`` of the means of studies; ``sd`` between them; ``lower``, ``upper`` of its 95 %
        interval (Student's t over studies; NaN for one study); ``studies``; ``records``; ``mean_of_rows``, in which
        large studies count more. ``attrs`` counts what is left out: ``without_cue``, ``impossible``, ``without_group``.

    Raises
    ------
    InputError
        When a group would pool what must not be pooled; see `refuse_mixture`.
    """
    import pandas as pd
    from scipy.stats import t

    groups: dict[str, list[Record]] = {}
    left = {"without_cue": 0, "impossible": 0, "without_group": 0}
    for record in records:
        name = by(record) if callable(by) else flat(record).get(by)
        if record.cueInfo.cue.mean is None:
            left["without_cue"] += 1
        elif record.impossible:
            left["impossible"] += 1
        elif name is None:
            left["without_group"] += 1
        else:
            groups.setdefault(str(name), []).append(record)
    rows = []
    for name, members in groups.items():
        refuse_mixture(members, f"the group {name!r}")
        means = np.array(list(means_of_studies(members).values()))
        count = len(means)
        sd = float(means.std(ddof=1)) if count > 1 else math.nan
        half = float(t.ppf((1 + LEVEL) / 2, count - 1)) * sd / math.sqrt(count) if count > 1 else math.nan
        rows.append(
            {
                "group": name,
                "mean": float(means.mean()),
                "sd": sd,
                "lower": float(means.mean()) - half,
                "upper": float(means.mean()) + half,
                "studies": count,
                "records": len(members),
                "mean_of_rows": float(np.mean([record.cueInfo.cue.mean for record in members])),
            }
        )
    columns = ["group", "mean", "sd", "lower", "upper", "studies", "records", "mean_of_rows"]
    table = pd.DataFrame(rows, columns=columns).set_index("group")
    table.attrs.update(left)
    return table


def means_of_studies(records: Iterable[Record]) -> dict[str, float]:
    """Mean CUE of each study; a record that names no study is one of its own."""
    values: dict[str, list[float]] = {}
    for record in records:
        if record.cueInfo.cue.mean is not None:
            values.setdefault(study_key(record.study) or record.id, []).append(record.cueInfo.cue.mean)
    return {name: float(np.mean(several)) for name, several in values.items()}


def study_weights(records: Sequence[Record]) -> np.ndarray:
    """Weights of records such that every study has the same, and all add up to one."""
    keys = [study_key(record.study) or record.id for record in records]
    size = {key: keys.count(key) for key in set(keys)}
    return np.array([1 / size[key] / len(size) for key in keys])


def weighted_quantiles(values: np.ndarray, weights: np.ndarray, shares: Sequence[float]) -> np.ndarray:
    """Quantiles of weighted values: the smallest value up to which the weights reach each share."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()
    return values[order][np.minimum(np.searchsorted(reached, np.asarray(shares) - 1e-12), len(values) - 1)]


def shared_methods(records: Iterable[Record]) -> tuple[int, int]:
    """Of how many studies there are records by more than one family of methods, and how many studies there are."""
    families: dict[str, set[str]] = {}
    for record in records:
        if record.cueInfo.cue.mean is not None:
            families.setdefault(study_key(record.study) or record.id, set()).add(record.cueInfo.methodFamily or "")
    return sum(len(several) > 1 for several in families.values()), len(families)
