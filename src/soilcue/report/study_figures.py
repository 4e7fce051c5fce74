"""Figures of the page of a study: maps or charts of sites, runs through time, differences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from soilcue.report import maps
from soilcue.report.atlas_figures import AXIS, COLOURS
from soilcue.report.page import Figure, Layout, Trace, View
from soilcue.study.summary import Summary, reference_of

MOST_PLACES = 40
"""Sites that can be chosen one by one; of more, the mean alone is shown through time."""
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "triangle-down", "x")


def looks(runs: Sequence[Summary]) -> dict[str, tuple[str, str, str]]:
    """Colour (of the model), dash and symbol (of the experiment) of each run."""
    labels = list(dict.fromkeys(one.label for one in runs))
    experiments = list(dict.fromkeys(one.experiment for one in runs))
    return {
        one.run: (
            COLOURS[labels.index(one.label) % len(COLOURS)],
            DASHES[experiments.index(one.experiment) % len(DASHES)],
            SYMBOLS[experiments.index(one.experiment) % len(SYMBOLS)],
        )
        for one in runs
    }


def is_grid(one: Summary, result: xr.Dataset) -> bool:
    """Whether the cells of a run lie on a grid of which a map can be drawn."""
    return set(one.dims) == {"lat", "lon"} and all(dim in result.coords and result.sizes[dim] > 1 for dim in one.dims)


def site_figures(runs: Sequence[Summary]) -> list[Figure]:
    """CUE and soil carbon of each cell in each run, one column a cell; the control ``rule`` switches CUE."""
    look = looks(runs)
    names = list(dict.fromkeys(name for one in runs for name in one.cells))
    cue: list[Trace] = []
    carbon: list[Trace] = []
    for one in runs:
        colour, _, symbol = look[one.run]
        marker = {"color": colour, "symbol": symbol, "size": 9, "line": {"color": "#ffffff", "width": 1}}
        shared = {"type": "scatter", "mode": "markers", "name": one.run, "marker": marker, "x": one.cells}
        for rule, values in one.cue.items():
            cue.append(
                shared
                | {"y": values, "meta": {"rule": rule}, "visible": rule == _first(one)}
                | {"hovertemplate": f"{one.run}<br>%{{x}}: %{{y:.3f}}<extra></extra>"}
            )
        carbon.append(
            shared | {"y": one.carbon, "hovertemplate": f"{one.run}<br>%{{x}}: %{{y:.2f}} kg m⁻²<extra></extra>"}
        )
    if not any(np.isfinite(one.carbon).any() for one in runs):
        carbon = []
    found = []
    for key, title, traces in (("cue", "diagnosed CUE", cue), ("carbon", "soil carbon, kg m⁻²", carbon)):
        if traces:
            words = f"{title[0].upper()}{title[1:]} of {len(names)} cells in {len(runs)} runs, one column a cell."
            found.append(
                Figure(f"sites-{key}", "", words, traces, _site_layout(title, names), least_height=320, aspect=1.9)
            )
    return found


def map_figures(runs: Sequence[tuple[Summary, xr.Dataset]], coastlines: list[NDArray[Any]]) -> list[Figure]:
    """Maps of CUE (control ``rule``) and soil carbon of each run."""
    everything = [one for one, _ in runs]
    figures = []
    for one, result in runs:
        cells = _Cells(one, result)
        figures.append(_cue_map(one, everything, cells, coastlines))
        figures.append(_carbon_map(one, everything, cells, coastlines))
    return figures


def difference_maps(runs: Sequence[tuple[Summary, xr.Dataset]], coastlines: list[NDArray[Any]]) -> list[Figure]:
    """Maps of the difference of each run to the one it is compared with; the control ``rule`` switches CUE."""
    everything = [one for one, _ in runs]
    figures = []
    for one, result in runs:
        other = reference_of(one, everything)
        if other is None or other.carbon.shape != one.carbon.shape:
            continue
        cells = _Cells(one, result)
        differences = {rule: values - other.cue[rule] for rule, values in one.cue.items()}
        views = []
        for rule, values in differences.items():
            top = _top(values)
            views.append(View({"rule": rule}, {"coloraxis.cmin": -top, "coloraxis.cmax": top}))
        traces = [
            cells.trace(values, "Δ CUE %{z:+.4f}") | {"meta": {"rule": rule}, "visible": rule == _first(one)}
            for rule, values in differences.items()
        ]
        top = _top(differences[_first(one)])
        words = f"World map of the diagnosed CUE of {one.run} less that of {other.run}."
        figures.append(
            Figure(
                f"difference-cue-{one.run}",
                f"Δ CUE, {one.run} − {other.run}",
                words,
                [*cells.flagged(), *traces, maps.coastline_trace(coastlines)],
                cells.layout({"colorscale": maps.DIFFERENCES, "cmin": -top, "cmax": top}),
                views,
            )
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            change = 100.0 * (one.carbon / other.carbon - 1.0)
        top = _top(change)
        figures.append(
            Figure(
                f"difference-carbon-{one.run}",
                f"Δ soil carbon, %, {one.run} : {other.run}",
                f"World map of the change of soil carbon from {other.run} to {one.run}, percent.",
                [*cells.flagged(), cells.trace(change, "%{z:+.1f} %"), maps.coastline_trace(coastlines)],
                cells.layout({"colorscale": maps.DIFFERENCES, "cmin": -top, "cmax": top}),
            )
        )
    return figures


def series_figures(runs: Sequence[Summary]) -> list[Figure]:
    """Runs through time: soil carbon since the start and CUE; the controls ``place`` and ``rule`` switch them."""
    through = [one for one in runs if one.transient]
    if not through:
        return []
    look = looks(runs)
    carbon: list[Trace] = []
    cue: list[Trace] = []
    for one in through:
        colour, dash, _ = look[one.run]
        line = {"color": colour, "dash": dash, "width": 2}
        shared = {"type": "scatter", "mode": "lines", "name": one.run, "line": line}
        time = np.concatenate([[0.0], one.time])
        for place in places(runs):
            pick = _picker(one, place)
            with np.errstate(invalid="ignore", divide="ignore"):
                start = pick(one.carbon_start[None, :])[0]
                change = 100.0 * (np.concatenate([[start], pick(one.carbon_series)]) / start - 1.0)
            shown = {"meta": {"place": place}, "visible": place == places(runs)[0]}
            hover = f"{one.run}<br>year %{{x:.0f}}: %{{y:+.2f}} %<extra></extra>"
            carbon.append(shared | {"x": time, "y": change, "hovertemplate": hover} | shown)
            for rule, values in one.cue_series.items():
                visible = shown["visible"] and rule == _first(one)
                cue.append(
                    shared
                    | {
                        "x": one.time,
                        "y": pick(values),
                        "hovertemplate": f"{one.run}<br>year %{{x:.0f}}: %{{y:.4f}}<extra></extra>",
                    }
                    | {"meta": {"place": place, "rule": rule}, "visible": visible}
                )
    layout: Layout = {
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "margin": {"l": 60, "r": 8, "t": 30, "b": 44},
    }
    axis = AXIS | {"title": {"text": "years since the start"}}
    return [
        Figure(
            "series-carbon",
            "Soil carbon",
            f"Change of soil carbon in {len(through)} runs through time, percent of the steady state they begin with.",
            carbon,
            layout
            | {
                "xaxis": axis,
                "yaxis": AXIS
                | {"title": {"text": "change since the start, %"}, "zeroline": True, "zerolinecolor": "#9aa3ad"},
            },
            aspect=2.4,
            least_height=300,
        ),
        Figure(
            "series-cue",
            "Diagnosed CUE of each year",
            f"Diagnosed CUE of each year in {len(through)} runs through time.",
            cue,
            layout | {"xaxis": axis, "yaxis": AXIS | {"title": {"text": "diagnosed CUE"}}},
            aspect=2.4,
            least_height=300,
        ),
    ]


def places(runs: Sequence[Summary]) -> list[str]:
    """What can be chosen through time: the mean, and cells one by one where they are few."""
    names = list(dict.fromkeys(name for one in runs for name in one.cells))
    return ["mean", *(names if 1 < len(names) <= MOST_PLACES else [])]


def _picker(one: Summary, place: str):
    """What takes the chosen cell out of series, or their mean over cells."""
    if place == "mean":
        return one.mean_series
    column = one.cells.index(place)
    return lambda values: values[:, column]


def _first(one: Summary) -> str:
    """The rule a page opens with."""
    return "uptake" if "uptake" in one.cue else next(iter(one.cue))


def _site_layout(title: str, names: list[str]) -> Layout:
    return {
        "xaxis": AXIS | {"type": "category", "categoryorder": "array", "categoryarray": names, "tickangle": -30},
        "yaxis": AXIS | {"title": {"text": title}},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "margin": {"l": 60, "r": 8, "t": 30, "b": 90},
    }


class _Cells:
    """Cells of a grid, from south to north and -180 to 180, and how they are drawn."""

    def __init__(self, one: Summary, result: xr.Dataset) -> None:
        self.shape = tuple(result.sizes[dim] for dim in one.dims)
        self.turned = one.dims == ("lon", "lat")
        latitude, longitude = result["lat"].values, (result["lon"].values + 180.0) % 360.0 - 180.0
        self.rows, self.columns = np.argsort(latitude), np.argsort(longitude)
        self.latitude, self.longitude = latitude[self.rows], longitude[self.columns]
        absent = [value for value, meaning in one.statuses.items() if meaning == "no drivers"]
        status = self.grid(one.status.astype(float))
        self.driven = ~np.isin(status, absent)
        self.status = status
        self.statuses = one.statuses
        self.shown = maps.shown_rows(self.latitude, self.driven)

    def grid(self, values: NDArray[Any]) -> NDArray[Any]:
        """Flat values in rows and columns."""
        shaped = values.reshape(self.shape)
        return (shaped.T if self.turned else shaped)[np.ix_(self.rows, self.columns)]

    def trace(self, values: NDArray[Any], form: str) -> Trace:
        """Trace of values, coloured by the layout's colour axis."""
        return maps.cells(
            self.longitude,
            self.latitude[self.shown],
            self.grid(values)[self.shown],
            self.driven[self.shown],
            coloraxis="coloraxis",
            hovertemplate=f"{form}<br>%{{y:.2f}}°, %{{x:.2f}}°<extra></extra>",
        )

    def flagged(self) -> list[Trace]:
        """Traces of cells without an accepted state."""
        traces = []
        for value, meaning in self.statuses.items():
            here = self.status[self.shown] == value
            if meaning not in ("settled", "no drivers") and here.any():
                words = f"no value: {meaning}"
                traces.append(maps.plain_cells(self.longitude, self.latitude[self.shown], here, maps.FLAGGED, words))
        return traces

    def layout(self, colours: dict[str, Any]) -> Layout:
        """Layout of a map of the part of the world that the cells cover."""
        layout = maps.map_layout(self.latitude[self.shown], colours)
        half = (self.longitude[1] - self.longitude[0]) / 2.0
        layout["xaxis"] |= {"range": [float(self.longitude[0] - half), float(self.longitude[-1] + half)]}
        return layout


def _cue_map(one: Summary, runs: Sequence[Summary], cells: _Cells, coastlines: list[NDArray[Any]]) -> Figure:
    """Map of diagnosed CUE; all runs share the scale of a rule."""
    spans = {rule: _inner([other.cue[rule] for other in runs if rule in other.cue]) for rule in one.cue}
    views = [
        View({"rule": rule}, {"coloraxis.cmin": low, "coloraxis.cmax": high}) for rule, (low, high) in spans.items()
    ]
    traces = [
        cells.trace(values, "CUE %{z:.3f}") | {"meta": {"rule": rule}, "visible": rule == _first(one)}
        for rule, values in one.cue.items()
    ]
    low, high = spans[_first(one)]
    mean = one.mean(one.cue[_first(one)])
    words = f"World map of the diagnosed CUE of {one.run}; its mean by the rule {_first(one)} is {mean:.3f}."
    return Figure(
        f"cue-{one.run}",
        f"{one.run}: diagnosed CUE",
        words,
        [*cells.flagged(), *traces, maps.coastline_trace(coastlines)],
        cells.layout({"colorscale": "Viridis", "cmin": low, "cmax": high}),
        views,
    )


def _carbon_map(one: Summary, runs: Sequence[Summary], cells: _Cells, coastlines: list[NDArray[Any]]) -> Figure:
    """Map of soil carbon; all runs share a scale that ends near the highest values."""
    top = _inner([other.carbon for other in runs])[1]
    return Figure(
        f"carbon-{one.run}",
        f"{one.run}: soil carbon, kg m⁻²",
        f"World map of the soil carbon of {one.run}; its mean is {one.mean(one.carbon):.1f} kg m⁻².",
        [*cells.flagged(), cells.trace(one.carbon, "%{z:.1f} kg m⁻²"), maps.coastline_trace(coastlines)],
        cells.layout({"colorscale": "Cividis", "reversescale": True, "cmin": 0.0, "cmax": top}),
    )


def _inner(parts: Sequence[NDArray[Any]]) -> tuple[float, float]:
    """Range of the middle nine tenths of all values."""
    known = np.concatenate([part[np.isfinite(part)] for part in parts] or [np.zeros(0)])
    if known.size == 0:
        return 0.0, 1.0
    low, high = (float(np.quantile(known, share)) for share in (0.05, 0.95))
    return (low, high) if high - low > 1e-6 else (low - 0.005, high + 0.005)


def _top(values: NDArray[Any]) -> float:
    """End of a scale of differences, alike on both sides of zero."""
    known = np.abs(values[np.isfinite(values)])
    return max(float(np.quantile(known, 0.95)) if known.size else 0.0, 1e-6)
