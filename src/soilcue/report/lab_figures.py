"""Figures of the page of the virtual laboratory: readings by time, biases by scenario, responses, replicates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from soilcue.lab import RESPONSES, SCENARIOS
from soilcue.measure.methods import METHODS
from soilcue.report.page import Figure, Layout, Trace

SHORT = {
    "carbon_label": "Label in biomass and CO2",
    "carbon_label_pools": "Label in PLFA, DNA, amino sugars",
    "carbon_label_depletion": "Depletion of label",
    "radiocarbon_kinetics": "14C kinetics",
    "oxygen_label": "18O in DNA",
    "oxygen_vapour": "18O in DNA, vapour",
    "growth_tracers": "Growth tracers",
    "flux_analysis": "Flux analysis",
    "calorespirometry": "Heat or O2 per CO2",
    "batch_growth": "Batch growth",
}
"""What the page calls a method, or the several that read the same."""
AGAINST = {
    "bias_community": "CUE_C of the soil as incubated",
    "bias_ecosystem": "CUE_E of the soil as incubated",
    "bias_left_alone": "CUE_C of the soil left alone",
}
"""What a reading can be held against."""
RESPONSE_TITLES = {
    "dose": "Substrate added",
    "mortality": "Turnover of microbes",
    "maintenance": "Maintenance",
    "exudation": "Exudation",
    "overflow": "Overflow",
}
# Of Okabe and Ito, told apart by people with any of the common colour blindnesses; then repeated, dashed.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#8c6d31")
_GRID = {"gridcolor": "#e4e7eb", "zeroline": False, "linecolor": "#9aa3ad", "ticks": "outside", "ticklen": 4}
_TRUE = {"cue_community": ("true CUE_C", "solid"), "cue_ecosystem": ("true CUE_E", "dot")}
_INK = "#1d2430"
_LARGEST = 0.4
"""Bias at which the colour of the heat map is full."""


def groups_of(table: pd.DataFrame) -> dict[str, list[str]]:
    """Methods that read the same wherever they were compared, under the first of them."""
    wide = table.pivot_table(
        index=["scenario", "hours"], columns="method", values="reading", dropna=False, sort=False, observed=True
    )
    practised = table.pivot_table(
        index=["scenario", "hours"], columns="method", values="reading_as_practised", dropna=False, sort=False
    )
    groups: dict[str, list[str]] = {}
    for method in (name for name in METHODS if name in wide.columns):
        for first, members in groups.items():
            same = all(
                np.allclose(side[first], side[method], rtol=1e-6, atol=1e-9, equal_nan=True)
                for side in (wide, practised)
            )
            if same:
                members.append(method)
                break
        else:
            groups[method] = [method]
    return groups


def short(method: str) -> str:
    """What the page calls a method."""
    return SHORT.get(method, METHODS[method].title)


def _lines(groups: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Colour and dash of each line."""
    return {
        name: {"color": _COLOURS[i % len(_COLOURS)], "dash": "solid" if i < len(_COLOURS) else "dash", "width": 2}
        for i, name in enumerate(groups)
    }


def _truth(rows: pd.DataFrame, x: str, unit: str, **more: Any) -> list[Trace]:
    """The true CUE of community and ecosystem."""
    return [
        _line(title, rows[x], _finite(rows[column]), {"color": _INK, "dash": dash, "width": 3}, unit) | more
        for column, (title, dash) in _TRUE.items()
    ]


def _line(name: str, x: pd.Series, y: list[float | None], line: Mapping[str, Any], unit: str) -> Trace:
    """One line of a figure."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": x.to_numpy(float),
        "y": y,
        "line": dict(line),
        "hovertemplate": f"{name}<br>%{{x:.4g}}{unit}: %{{y:.3f}}<extra></extra>",
    }


_ACROSS = 4
"""Panels side by side."""


def time_figure(table: pd.DataFrame, groups: Mapping[str, Sequence[str]]) -> Figure:
    """Readings by the length of the incubation, a panel a method with the truth in each, one scenario at a time."""
    style, down = _lines(list(groups)), -(-len(groups) // _ACROSS)
    hours = np.unique(table["hours"])
    low = min(0.0, _low(table))
    wide, high = 1 / _ACROSS, 1 / down
    traces: list[Trace] = []
    layout: Layout = {
        "showlegend": False,
        "margin": {"l": 46, "r": 8, "t": 6, "b": 46},
        "hovermode": "closest",
        "annotations": [],
    }
    for i, method in enumerate(groups):
        column, row, axis = i % _ACROSS, i // _ACROSS, "" if i == 0 else str(i + 1)
        bottom, lowest = 1 - (row + 1) * high, i + _ACROSS >= len(groups)
        layout[f"xaxis{axis}"] = _GRID | {
            "type": "log",
            "domain": [column * wide, (column + 0.9) * wide],
            "anchor": f"y{axis}",
            "range": [float(np.log10(hours[0] / 1.3)), float(np.log10(hours[-1] * 1.3))],
            "tickvals": _few(hours, 2.9),
            "showticklabels": lowest,
            "title": {"text": "length of the incubation, h" if lowest else "", "font": {"size": 12}, "standoff": 4},
        }
        layout[f"yaxis{axis}"] = _GRID | {
            "domain": [bottom + 0.03 * high, bottom + 0.86 * high],
            "anchor": f"x{axis}",
            "range": [low, 1.0],
            "dtick": 0.25,
            "showticklabels": column == 0,
            "title": {"text": "CUE" if column == 0 else "", "font": {"size": 12}, "standoff": 4},
        }
        layout["annotations"].append(
            {
                "text": f"<b>{short(method)}</b>",
                "xref": "paper",
                "yref": "paper",
                "x": column * wide,
                "y": bottom + 0.87 * high,
                "xanchor": "left",
                "yanchor": "bottom",
                "showarrow": False,
                "font": {"size": 12, "color": style[method]["color"]},
            }
        )
        for name, rows in table.groupby("scenario", sort=False):
            place = {"meta": {"scenario": str(name)}, "xaxis": f"x{axis}", "yaxis": f"y{axis}"}
            one = rows[rows.method == method]
            traces += [trace | {"line": trace["line"] | {"width": 2}} for trace in _truth(one, "hours", " h", **place)]
            if one["reading"].notna().any():
                line = {"color": style[method]["color"], "width": 3}
                traces.append(_line(short(method), one["hours"], _sensible(one["reading"]), line, " h") | place)
    return Figure(
        "time",
        "",
        "A panel a method: what it would read, by the length of the incubation, beside the true CUE of the community "
        "and of the ecosystem; one scenario at a time. The numbers stand in lab.csv.",
        traces,
        layout,
        aspect=1060 / (200 * down + 60),
        least_height=200 * down + 60,
    )


def _low(table: pd.DataFrame) -> float:
    """Where the axis begins: the lowest of the truth and of most readings, not of single ones far out."""
    values = pd.concat([table["cue_ecosystem"], table["reading"]]).to_numpy(float)
    return float(np.floor(max(-0.5, np.nanquantile(values, 0.02)) * 10) / 10)


def _few(hours: np.ndarray, apart: float = 1.45) -> list[float]:
    """Ticks that do not run into each other on a logarithmic axis."""
    kept: list[float] = []
    for hour in hours:
        if not kept or hour / kept[-1] > apart:
            kept.append(float(hour))
    return kept


def _finite(values: pd.Series) -> list[float | None]:
    """Numbers for plotly, which takes a gap for what is not finite."""
    return [float(v) if np.isfinite(v) else None for v in values]


def _sensible(readings: pd.Series) -> list[float | None]:
    """Readings, a gap where they lie beyond -1 and 1: batch growth where biomass shrinks by about what is respired."""
    return _finite(readings.where(readings.abs() <= 1))


def _signed(value: float) -> str:
    """A difference to two digits; nothing that rounds to nothing bears a sign."""
    text = f"{value:+.2f}"
    return "0.00" if text in ("+0.00", "-0.00") else text.replace("-", "−")


def translation_figure(table: pd.DataFrame, groups: Mapping[str, Sequence[str]]) -> Figure:
    """What other methods would have read: the middle and the middle 90 %, from high to low, and the truth below."""
    there = table.loc[[name for name in groups if name in table.index]].sort_values("median", ascending=False)
    shown = pd.concat([there, table.loc[list(_TRUE)]])
    labels = [_TRUE[name][0] if name in _TRUE else short(name) for name in shown.index]
    used = str(table.attrs["method"])
    used = next((first for first, members in groups.items() if used in members), used)
    colours = [_INK if name in _TRUE else "#d55e00" if name == used else "#0072b2" for name in shown.index]
    ends = [end for row in shown.itertuples() for end in (float(row.lower), float(row.upper), None)]
    traces: list[Trace] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": ends,
            "y": [label for label in labels for _ in range(3)],
            "line": {"color": "#9db8cc", "width": 4},
            "hoverinfo": "skip",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "x": shown["median"].to_numpy(float),
            "y": labels,
            "marker": {"size": 11, "color": colours},
            "customdata": shown[["lower", "upper"]].to_numpy(float).round(3).tolist(),
            "hovertemplate": "%{y}<br>%{x:.3f} (%{customdata[0]} to %{customdata[1]})<extra></extra>",
        },
    ]
    height = 30 * len(labels) + 60
    return Figure(
        "translation",
        "",
        "A dot a method: the middle of what it would have read on soils in which the method used reads what it read, "
        "with a line through the middle 90 %; below, what would truly have happened.",
        traces,
        {
            "xaxis": _GRID | {"title": {"text": "CUE"}, "range": [float(min(0.0, shown["lower"].min())), 1.0]},
            "yaxis": {"automargin": True, "autorange": "reversed", "ticks": "", "gridcolor": "#e4e7eb"},
            "shapes": [
                {
                    "type": "line",
                    "xref": "x",
                    "yref": "paper",
                    "x0": float(table.attrs["reading"]),
                    "x1": float(table.attrs["reading"]),
                    "y0": 0,
                    "y1": 1,
                    "line": {"color": "#d55e00", "width": 1.5, "dash": "dot"},
                }
            ],
            "margin": {"l": 60, "r": 12, "t": 8, "b": 44},
            "showlegend": False,
        },
        aspect=900 / height,
        least_height=height,
    )


def bias_figure(table: pd.DataFrame, groups: Mapping[str, Sequence[str]], at_hours: float) -> Figure:
    """Bias of each method in each scenario as a map of colours, against the truth chosen on the page."""
    day = table[np.isclose(table["hours"], at_hours)]
    names = list(dict.fromkeys(day["scenario"]))
    traces: list[Trace] = []
    for column, words in AGAINST.items():
        grid = np.full((len(groups), len(names)), np.nan)
        for i, method in enumerate(groups):
            for j, name in enumerate(names):
                found = day[(day.method == method) & (day.scenario == name)][column]
                grid[i, j] = found.iloc[0] if len(found) else np.nan
        text = [["" if np.isnan(v) else _signed(v) for v in row] for row in grid]
        traces.append(
            {
                "type": "heatmap",
                "x": [SCENARIOS[name].title if name in SCENARIOS else name for name in names],
                "y": [short(method) for method in groups],
                "z": [[None if np.isnan(v) else float(v) for v in row] for row in grid],
                "text": text,
                "texttemplate": "%{text}",
                "textfont": {"size": 11},
                "zmin": -_LARGEST,
                "zmax": _LARGEST,
                "colorscale": [[0, "#3b7fb6"], [0.5, "#f7f7f7"], [1, "#dd7a3a"]],
                "colorbar": {"title": {"text": "reading<br>− truth"}, "thickness": 12, "len": 0.9},
                "xgap": 2,
                "ygap": 2,
                "meta": {"against": column},
                "hovertemplate": f"%{{y}}<br>%{{x}}<br>%{{z:+.3f}} against {words}<extra></extra>",
            }
        )
    height = 34 * len(groups) + 150
    layout: Layout = {
        "xaxis": {"tickangle": -35, "automargin": True, "ticks": "", "tickfont": {"size": 11}},
        "yaxis": {"automargin": True, "autorange": "reversed", "ticks": "", "tickfont": {"size": 12}},
        "margin": {"l": 60, "r": 10, "t": 8, "b": 60},
    }
    return Figure(
        "bias",
        "",
        f"Map of colours: how much too high or too low each method would read after {at_hours:g} hours, by scenario.",
        traces,
        layout,
        aspect=1060 / height,
        least_height=height,
    )


def response_figures(answers: pd.DataFrame, groups: Mapping[str, Sequence[str]]) -> list[Figure]:
    """How readings and truth answer to what is varied alone."""
    style = _lines(list(groups))
    figures = []
    for varied, rows in answers.groupby("varied", sort=False):
        traces = _truth(rows[rows.method == rows.method.iloc[0]], "value", "")
        for method in groups:
            one = rows[rows.method == method]
            if len(one) and not one["reading"].isna().all():
                traces.append(_line(short(method), one["value"], _sensible(one["reading"]), style[method], ""))
        logarithmic = varied in ("dose", "mortality")
        axis = _GRID | {"title": {"text": RESPONSES[str(varied)][0]}}
        if logarithmic:
            axis |= {"type": "log", "dtick": 1, "exponentformat": "none"}
        figures.append(
            Figure(
                f"response-{varied}",
                RESPONSE_TITLES[str(varied)],
                f"Lines of what each method would read and of the truth, by {RESPONSES[str(varied)][0]}.",
                traces,
                {
                    "xaxis": axis,
                    "yaxis": _GRID | {"range": [0.0, 1.0], "title": {"text": "CUE"}},
                    "showlegend": False,
                    "margin": {"l": 50, "r": 8, "t": 6, "b": 44},
                },
                aspect=1.35,
                least_height=260,
            )
        )
    return figures


def replicates_figure(plan: pd.DataFrame, groups: Mapping[str, Sequence[str]]) -> Figure:
    """Replicates needed to tell the two treatments apart, by time, for the dose chosen on the page."""
    style = _lines(list(groups))
    traces: list[Trace] = []
    for dose, rows in plan.groupby("dose", sort=True):
        for method in groups:
            one = rows[rows.method == method]
            if len(one) == 0:
                continue
            below = ~one["detected"].to_numpy(bool)
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines+markers",
                    "name": short(method),
                    "x": one["hours"].to_numpy(float),
                    "y": _finite(one["replicates"]),
                    "line": style[method],
                    "marker": {"size": 8, "symbol": ["circle-open" if flag else "circle" for flag in below]},
                    "meta": {"dose": f"{dose:g}"},
                    "customdata": ["label below detection" if flag else "" for flag in below],
                    "hovertemplate": f"{short(method)}<br>%{{x:.4g}} h: %{{y:.0f}} replicates<br>%{{customdata}}"
                    "<extra></extra>",
                }
            )
    return Figure(
        "replicates",
        "",
        "Lines of the number of replicates a treatment that each method needs, by the length of the incubation, for "
        "one dose at a time.",
        traces,
        {
            "xaxis": _GRID
            | {
                "type": "log",
                "title": {"text": "length of the incubation, h"},
                "tickvals": _few(np.unique(plan["hours"])),
            },
            "yaxis": _GRID
            | {
                "type": "log",
                "title": {"text": "replicates a treatment"},
                "tickvals": [2, 3, 5, 10, 20, 50, 100, 200, 500, 1000],
            },
            "legend": {"orientation": "v", "x": 1.01, "y": 1, "font": {"size": 12}},
            "margin": {"l": 60, "r": 10, "t": 10, "b": 46},
        },
        aspect=2.3,
        least_height=330,
    )
