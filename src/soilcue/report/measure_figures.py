"""Figures of the page of a measurement: samples and treatments, contrasts, where the uncertainty comes from."""

from __future__ import annotations

from typing import Any

import numpy as np

from soilcue.measure.measurement import Measurement
from soilcue.report.page import Figure, Layout, Trace

MOST_WHISKERS = 300
"""Samples up to this number are drawn with their intervals."""
MOST_TREATMENTS = 40
"""Treatments drawn; the table has all."""

# Of Okabe and Ito, told apart by people with any of the common colour blindnesses.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#5d6d7e")
_INK = "#1d2430"
_GRID = {"gridcolor": "#e4e7eb", "zeroline": False, "linecolor": "#9aa3ad", "ticks": "outside", "ticklen": 4}
_WIDTH = 1060


def treatment_figure(result: Measurement) -> Figure:
    """Every sample with its interval, by treatment, and the mean of each treatment."""
    names = list(result.treatments.index[:MOST_TREATMENTS])
    traces: list[Trace] = []
    many = len(result.samples) > MOST_WHISKERS
    for row, name in enumerate(names):
        here = result.samples[result.samples["treatment"] == name]
        height = _height(row, len(names))
        # Golden-ratio steps spread dots evenly without chance.
        spread = height + 0.5 * ((np.arange(len(here)) * 0.618034) % 1) + 0.04
        cue = here["cue"].to_numpy(float)
        colour = _COLOURS[row % len(_COLOURS)]
        if not many and here["lower"].notna().any():
            traces.append(_whiskers(here["lower"].to_numpy(float), here["upper"].to_numpy(float), spread, colour, 1.2))
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": cue,
                "y": spread,
                "marker": {"size": 4 if many else 7, "color": colour, "opacity": 0.35 if many else 0.8},
                "customdata": [str(sample) for sample in here.index],
                "hovertemplate": "%{customdata}<br>CUE %{x:.3f}<extra></extra>",
            }
        )
        mean = result.treatments.loc[name]
        low = height - 0.12
        if np.isfinite(mean["lower"]):
            traces.append(_whiskers(np.array([mean["lower"]]), np.array([mean["upper"]]), np.array([low]), _INK, 3))
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [float(mean["mean"])],
                "y": [low],
                "marker": {"symbol": "diamond", "size": 12, "color": colour, "line": {"color": _INK, "width": 1.5}},
                "hovertemplate": f"{name}: mean %{{x:.3f}}<extra></extra>",
            }
        )
    pixels = 74 * len(names) + 80
    shown = [result.samples["cue"], result.treatments["lower"], result.treatments["upper"]]
    if not many:
        shown += [result.samples["lower"], result.samples["upper"]]
    layout: Layout = {
        "xaxis": _GRID | {"title": {"text": "carbon use efficiency"}, "range": _span(shown)},
        "yaxis": {
            "tickvals": [_height(row, len(names)) + 0.15 for row in range(len(names))],
            "ticktext": [f"<b>{_short(name)}</b>" for name in names],
            "range": [-0.4, len(names) - 0.2],
            "automargin": True,
            "showgrid": False,
            "zeroline": False,
        },
        "showlegend": False,
        "margin": {"l": 60, "r": 14, "t": 8, "b": 46},
    }
    lines = [f"{name} {result.treatments.loc[name, 'mean']:.3f}" for name in names]
    return Figure(
        "treatments",
        "",
        "Carbon use efficiency of every sample as a dot with its interval, by treatment, and the mean of each "
        f"treatment as a diamond: {', '.join(lines)}.",
        traces,
        layout,
        aspect=_WIDTH / pixels,
        least_height=pixels,
    )


def contrast_figure(result: Measurement) -> Figure | None:
    """Differences between treatments with their intervals; None where there is but one treatment."""
    table = result.contrasts.iloc[:MOST_TREATMENTS]
    if table.empty or not table["lower"].notna().any():
        return None
    height = np.arange(len(table), dtype=float)[::-1]
    labels = [f"{_short(a)} − {_short(b)}" for a, b in zip(table["treatment"], table["against"], strict=True)]
    difference = table["difference"].to_numpy(float)
    traces: list[Trace] = [
        _whiskers(table["lower"].to_numpy(float), table["upper"].to_numpy(float), height, _COLOURS[0], 2.5),
        {
            "type": "scatter",
            "mode": "markers",
            "x": difference,
            "y": height,
            "marker": {"symbol": "square", "size": 9, "color": _COLOURS[0]},
            "customdata": labels,
            "hovertemplate": "%{customdata}<br>%{x:.3f}<extra></extra>",
        },
    ]
    pixels = 30 * len(table) + 80
    span = _span([table["lower"], table["upper"], table["difference"], np.zeros(1)])
    layout: Layout = {
        "xaxis": _GRID | {"title": {"text": "difference in carbon use efficiency"}, "range": span},
        "yaxis": {
            "tickvals": height.tolist(),
            "ticktext": labels,
            "range": [-0.7, len(table) - 0.3],
            "automargin": True,
            "showgrid": False,
            "zeroline": False,
        },
        "shapes": [
            {
                "type": "line",
                "x0": 0,
                "x1": 0,
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "line": {"color": "#9aa3ad", "width": 1.2, "dash": "dot"},
            }
        ],
        "showlegend": False,
        "margin": {"l": 60, "r": 14, "t": 8, "b": 46},
    }
    said = [f"{label} {value:+.3f}" for label, value in zip(labels, difference, strict=True)]
    return Figure(
        "contrasts",
        "",
        f"Differences between treatments with their intervals: {', '.join(said)}.",
        traces,
        layout,
        aspect=_WIDTH / pixels,
        least_height=pixels,
    )


def contribution_figure(result: Measurement) -> Figure | None:
    """Share of the variance of a sample's CUE by quantity; None where no quantity has a standard deviation."""
    table = result.contributions.iloc[::-1]
    if table.empty or not np.isfinite(table["share"]).any():
        return None
    shared = table["shared"].to_numpy(bool)
    share = 100 * table["share"].to_numpy(float)
    pixels = 26 * len(table) + 80
    return Figure(
        "contributions",
        "",
        "Share of the variance of CUE by quantity: "
        + ", ".join(f"{name} {value:.0f} %" for name, value in zip(table.index[::-1], share[::-1], strict=True))
        + ".",
        [
            {
                "type": "bar",
                "orientation": "h",
                "x": share,
                "y": [name.replace("_", " ") for name in table.index],
                "marker": {"color": [_COLOURS[1] if one else _COLOURS[0] for one in shared]},
                "hovertemplate": "%{y}: %{x:.1f} %<extra></extra>",
            }
        ],
        {
            "xaxis": _GRID | {"title": {"text": "share of the variance of a sample's CUE (%)"}, "rangemode": "tozero"},
            "yaxis": {"automargin": True, "showgrid": False},
            "bargap": 0.35,
            "showlegend": False,
            "margin": {"l": 60, "r": 14, "t": 30, "b": 46},
        },
        aspect=_WIDTH / pixels,
        least_height=pixels,
    )


def _height(row: int, count: int) -> float:
    """Rows from top to bottom, as in the table."""
    return float(count - 1 - row)


def _whiskers(low: np.ndarray, high: np.ndarray, height: np.ndarray, colour: str, width: float) -> Trace:
    """Lines from low to high, all in one trace."""
    gap = np.full(low.size, np.nan)
    return {
        "type": "scatter",
        "mode": "lines",
        "x": np.stack([low, high, gap], axis=1).ravel(),
        "y": np.stack([height, height, gap], axis=1).ravel(),
        "line": {"color": colour, "width": width},
        "hoverinfo": "skip",
    }


def _span(shown: list[Any]) -> list[float]:
    """Range of an axis that holds all values, with some room; no closer look at rounding than 0.02."""
    values = np.concatenate([np.asarray(one, dtype=float) for one in shown])
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    room = max(0.06 * (high - low), 0.01)
    return [low - room, high + room]


def _short(label: object, most: int = 26) -> str:
    text = str(label)
    text = text if len(text) <= most else text[: most - 1] + "…"
    return text.replace("&", "&amp;").replace("<", "&lt;")
