"""Numbers that sum the runs of a study up: means over cells, changes since the start, differences between runs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import xarray as xr

from soilcue.atlas.summary import flags
from soilcue.core.budget import RULES
from soilcue.solve.cells import Status
from soilcue.study.running import Finished

WINDOW = 20
"""Years at the end of a run whose sums of R and D its CUE is the ratio of, as He et al. (2024) take them."""
GRAMS_PER_KILOGRAM = 1000.0


@dataclass(frozen=True)
class Summary:
    """What of one run is shown; every array over cells is flat, in the order of `cells`."""

    run: str
    label: str
    experiment: str
    transient: bool
    dims: tuple[str, ...]
    """Dimensions of the cells."""
    cells: list[str]
    """What to call each cell."""
    weight: np.ndarray
    """Share of each cell in a mean; cells without a value do not count."""
    weighting: str
    """In words."""
    cue: dict[str, np.ndarray]
    """Diagnosed CUE of each cell under each rule: of a transient over its last years."""
    carbon: np.ndarray
    """Soil carbon of each cell, kg m-2: of a transient in its last year."""
    carbon_start: np.ndarray
    """The same in the steady state it began with; of a steady state the same as `carbon`."""
    status: np.ndarray
    statuses: dict[int, str]
    limits: dict[str, int]
    """Limits of the model crossed, and in how many cells."""
    time: np.ndarray = field(default_factory=lambda: np.zeros(0))
    carbon_series: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    """Soil carbon, kg m-2, (time, cells)."""
    cue_series: dict[str, np.ndarray] = field(default_factory=dict)
    """Diagnosed CUE of each record, (time, cells), under each rule."""
    attributes: dict[str, str] = field(default_factory=dict)
    members: list[str] = field(default_factory=list)
    """Names of the members of an ensemble; none of a single run."""
    member_flagged: int = 0
    """Cells without a value in the other members, summed over them."""
    member_cue: dict[str, np.ndarray] = field(default_factory=dict)
    """Mean CUE over cells of each member, under each rule."""
    member_carbon: np.ndarray = field(default_factory=lambda: np.zeros(0))
    """Mean soil carbon over cells of each member, kg m-2."""

    def mean(self, values: np.ndarray) -> float:
        """Mean over the cells that have a value (last axis), weighted."""
        return float(self.mean_series(values[None, :])[0])

    def mean_series(self, values: np.ndarray) -> np.ndarray:
        """Mean over cells of every record."""
        known = np.isfinite(values)
        weight = np.where(known, self.weight, 0.0)
        total = weight.sum(axis=-1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(total > 0, np.where(known, values * weight, 0.0).sum(axis=-1) / total, np.nan)

    def spread(self, values: np.ndarray) -> tuple[float, float]:
        """Lowest and highest value of any cell; NaN where none has one."""
        known = values[np.isfinite(values)]
        return (float(known.min()), float(known.max())) if known.size else (np.nan, np.nan)

    @property
    def settled(self) -> int:
        """Cells with values."""
        return int((self.status == 0).sum())

    @property
    def driven(self) -> int:
        """Cells with drivers."""
        absent = [value for value, meaning in self.statuses.items() if meaning == "no drivers"]
        return int((~np.isin(self.status, absent)).sum())


def summarised(finished: Finished) -> Summary:
    """What of a run is shown.

    Parameters
    ----------
    finished : Finished
        A run and the file with its result.

    Returns
    -------
    Summary
    """
    whole, run = finished.result, finished.run
    # of an ensemble the first member is shown, and how far the others are from it
    result = whole.isel(member=0) if "member" in whole.dims else whole
    dims = tuple(str(dim) for dim in result["status"].dims)
    transient = "time" in result["soil_carbon"].dims if "soil_carbon" in result else "time" in result.dims

    rules = _rules(result)
    carbon, start, cue, of_end, carbon_series = _values(result, dims, rules, transient)
    weight, words = _weights(result)
    limits: dict[str, int] = {}
    if "crossed_limits" in result and "flag_meanings" in result["crossed_limits"].attrs:
        bits = result["crossed_limits"].values.ravel()
        for k, text in enumerate(str(result["crossed_limits"].attrs["flag_meanings"]).split()):
            count = int(((bits.astype(int) >> k) & 1).sum())
            limits |= {text.replace("_", " "): count} if count else {}
    summary = Summary(
        run.name,
        run.model.label,
        run.experiment.name,
        transient,
        dims,
        _cell_names(result, dims),
        weight,
        words,
        of_end,
        carbon,
        start,
        result["status"].values.ravel().astype(int),
        flags(result["status"]),
        limits,
        result["time"].values if transient else np.zeros(0),
        carbon_series,
        cue if transient else {},
        {str(name): str(value) for name, value in result.attrs.items()},
    )
    if "member" not in whole.dims:
        return summary
    if transient:
        each = [_values(whole.isel(member=i), dims, rules, transient) for i in range(whole.sizes["member"])]
        member_carbon = np.stack([one[0] for one in each])
        member_cue = {rule: np.stack([one[3][rule] for one in each]) for rule in rules}
    else:
        member_carbon, _, member_cue, *_ = _values(whole, ("member", *dims), rules, transient)
        shape = (whole.sizes["member"], -1)
        member_carbon = member_carbon.reshape(shape)
        member_cue = {rule: values.reshape(shape) for rule, values in member_cue.items()}
    return replace(
        summary,
        members=[str(name) for name in whole["member"].values],
        member_flagged=int((whole["status"].isel(member=slice(1, None)) > Status.NO_DRIVERS).sum()),
        member_cue={rule: summary.mean_series(values) for rule, values in member_cue.items()},
        member_carbon=summary.mean_series(member_carbon),
    )


def _values(
    result: xr.Dataset, dims: tuple[str, ...], rules: list[str], transient: bool
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray], np.ndarray]:
    """Of flat cells: carbon at the end and the start, CUE of every record and of the end, carbon of every record."""

    def flat(name: str, *lead: str) -> np.ndarray:
        if name not in result:
            shape = tuple(result.sizes[dim] for dim in lead)
            return np.full((*shape, result["status"].size), np.nan)
        values = result[name].transpose(*lead, *dims).values
        return np.asarray(values, dtype=float).reshape(*values.shape[: len(lead)], -1)

    lead = ("time",) if transient else ()
    carbon = flat("soil_carbon", *lead) / GRAMS_PER_KILOGRAM
    together = flat("diagnosed_cue", "rule", *lead)
    cue = {rule: together[i] for i, rule in enumerate(rules)}
    if not transient:
        return carbon, carbon, cue, cue, np.zeros((0, 0))
    respired, passes = flat("respiration", "time")[-WINDOW:], flat("mean_passes", "rule", "time")[:, -WINDOW:]
    with np.errstate(invalid="ignore", divide="ignore"):
        windows = 1.0 - respired.sum(axis=0) / (passes * respired).sum(axis=1)
    of_end = {rule: windows[i] for i, rule in enumerate(rules)}
    return carbon[-1], flat("soil_carbon_at_start") / GRAMS_PER_KILOGRAM, cue, of_end, carbon


def reference_of(one: Summary, runs: list[Summary]) -> Summary | None:
    """What a run is compared with: the same model in the first experiment of the same kind; none for that itself."""
    first = next(other for other in runs if other.label == one.label and other.transient == one.transient)
    return None if first is one else first


def _rules(result: xr.Dataset) -> list[str]:
    return [str(rule) for rule in result["rule"].values] if "rule" in result.coords else list(RULES)


def _weights(result: xr.Dataset) -> tuple[np.ndarray, str]:
    """Share of each cell in a mean, and what it is in words."""
    cells = result["status"]
    for name, words in (("vegetated_area", "area of vegetated land"), ("land_area", "area of land")):
        if name in result and {"lat", "lon"} <= set(map(str, cells.dims)):
            values = result[name].broadcast_like(cells).transpose(*cells.dims).values
            return np.nan_to_num(np.asarray(values, dtype=float)).ravel(), words
    if "lat" in cells.dims and "lat" in cells.coords:
        across = cells["lat"].broadcast_like(cells).transpose(*cells.dims).values
        return np.cos(np.deg2rad(across)).ravel(), "area of the cell"
    return np.ones(cells.size), "all alike"


def _cell_names(result: xr.Dataset, dims: tuple[str, ...]) -> list[str]:
    """What to call each cell."""
    if not dims:
        return ["the site"]
    labels = [
        [f"{value:g}" if isinstance(value, float) else str(value) for value in result[dim].values.tolist()]
        if dim in result.coords
        else [str(i + 1) for i in range(result.sizes[dim])]
        for dim in dims
    ]
    if len(dims) == 1:
        return labels[0]
    grids = np.meshgrid(*[np.array(one, dtype=object) for one in labels], indexing="ij")
    return [
        ", ".join(f"{dim} {part}" for dim, part in zip(dims, cell, strict=True))
        for cell in zip(*[grid.ravel() for grid in grids], strict=True)
    ]
