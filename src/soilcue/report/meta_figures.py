"""Figures of the page of a meta-analysis: forest, orchard, bubbles, funnel, influence, responses side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from soilcue.report.page import Figure, Layout, Trace
from soilcue.synthesis.analysis import MetaAnalysis
from soilcue.synthesis.design import Moderator
from soilcue.synthesis.effect_sizes import EFFECT_SIZES
from soilcue.synthesis.paired_responses import Relation

MOST_ROWS = 60
"""Single effects are drawn in the forest up to this number, studies beyond."""
MOST_STUDIES = 120
"""And of studies as many as this, those with the greatest weight."""

MOST_INFLUENCES = 30
"""Studies shown in the figure of influences: those that move the pooled effect most."""

# Of Okabe and Ito, told apart by people with any of the common colour blindnesses.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#5d6d7e")
_POINT, _POOLED, _BAND = "#0072b2", "#1d2430", "rgba(20, 80, 122, 0.14)"
_GRID = {"gridcolor": "#e4e7eb", "zeroline": False, "linecolor": "#9aa3ad", "ticks": "outside", "ticklen": 4}
_ROW_HEIGHT, _PAGE_WIDTH = 19, 1060


def effect_title(effects: pd.DataFrame) -> str:
    """What the axis of effects shows."""
    name = str(effects.attrs.get("effect", "given"))
    if name not in EFFECT_SIZES:
        return "effect"
    short = EFFECT_SIZES[name].meaning.split(",")[0]
    return f"{short} ({name})"


def forest_rows(analysis: MetaAnalysis) -> tuple[pd.DataFrame, str]:
    """Rows of the forest, and what they are in words."""
    overall = analysis.overall
    if overall.effects <= MOST_ROWS:
        column = overall.cluster[0] if overall.cluster else None
        labels = (
            overall.table[column].astype(str).to_list()
            if column
            else [f"{overall.table.index.name or 'row'} {label}" for label in overall.table.index]
        )
        y, v = overall.table["effect"].to_numpy(float), overall.table["variance"].to_numpy(float)
        # Weight of single effects in the pooled one, by the model.
        weight = np.empty(overall.effects)
        for stack, w in zip(overall.blocks.stacks, overall.solution.weights, strict=True):
            weight[stack.rows] = 100 * w.sum(axis=-1) * overall.solution.covariance[0, 0]
        rows = pd.DataFrame({"label": labels, "estimate": y, "standard_error": np.sqrt(v), "effects": 1})
        return rows.assign(weight=weight), "one row an effect"
    rows = analysis.studies.rename_axis("label").reset_index()
    words = "one row a study: the mean of its effects" if overall.cluster else "one row an effect"
    if len(rows) > MOST_STUDIES:
        words += f"; of {len(rows)} the {MOST_STUDIES} with the greatest weight are shown"
        rows = rows.nlargest(MOST_STUDIES, "weight")
    return rows.assign(label=rows["label"].astype(str)), words


def forest_figure(analysis: MetaAnalysis) -> Figure:
    """Effects with their intervals, sorted, and below them the pooled effect with its prediction interval."""
    rows, words = forest_rows(analysis)
    rows = rows.sort_values("estimate", ascending=True, kind="stable")
    pooled = pooled_effect(analysis)
    count = len(rows)
    quantile = norm.ppf((1 + analysis.overall.level) / 2)
    half = quantile * rows["standard_error"].to_numpy(float)
    height = np.arange(count, dtype=float) + 1
    weight = rows["weight"].to_numpy(float)
    size = 5 + 9 * np.sqrt(np.clip(weight, 0, None) / max(weight.max(), 1e-12))
    middle = rows["estimate"].to_numpy(float)
    traces: list[Trace] = [
        _whiskers(middle - half, middle + half, height),
        {
            "type": "scatter",
            "mode": "markers",
            "x": middle,
            "y": height,
            "marker": {"symbol": "square", "size": size, "color": _POINT, "opacity": 1, "line": {"width": 0}},
            "customdata": [
                [label, f"{number}", f"{share:.1f}"]
                for label, number, share in zip(rows["label"], rows["effects"], weight, strict=True)
            ],
            "hovertemplate": "%{customdata[0]}<br>%{x:.3f}<br>effects: %{customdata[1]}, weight %{customdata[2]} %"
            "<extra></extra>",
        },
        *_diamond(pooled, -0.6, 0.38),
    ]
    pixels = (count + 2) * _ROW_HEIGHT + 70
    span = _span([middle - half, middle + half, pooled[["prediction_lower", "prediction_upper"]].to_numpy(float)])
    layout: Layout = {
        "xaxis": _GRID | {"title": {"text": effect_title(analysis.effects)}, "range": span},
        "yaxis": {
            "tickvals": [-0.6, *height.tolist()],
            "ticktext": ["<b>pooled</b>", *[_short(label) for label in rows["label"]]],
            "range": [-1.6, count + 1],
            "automargin": True,
            "showgrid": False,
            "zeroline": False,
            "tickfont": {"size": 11},
        },
        "shapes": [_zero_line(), _vertical(float(pooled["estimate"]))],
        "showlegend": False,
        "margin": {"l": 60, "r": 14, "t": 8, "b": 46},
    }
    return Figure(
        "forest",
        "",
        f"Forest plot, {words}, with intervals of sampling error, sorted by size. The pooled effect at the bottom is "
        f"{pooled['estimate']:.3f}, its interval {pooled['lower']:.3f} to {pooled['upper']:.3f}, the prediction "
        f"interval {pooled['prediction_lower']:.3f} to {pooled['prediction_upper']:.3f}.",
        traces,
        layout,
        aspect=_PAGE_WIDTH / pixels,
        least_height=pixels,
    )


def pooled_effect(analysis: MetaAnalysis) -> pd.Series:
    """The pooled effect that figures and sentences show: cluster-robust where there are clusters."""
    chosen = analysis.overall if analysis.overall_robust is None else analysis.overall_robust
    return chosen.predict().iloc[0]


def orchard_figures(analysis: MetaAnalysis) -> list[Figure]:
    """All effects as dots sized by precision, with the mean, its interval and the prediction interval, by level.

    Nakagawa et al. (2021). One figure for each moderator of levels; one of all effects where there is none.
    """
    if not analysis.groups:
        pooled = pooled_effect(analysis).to_frame().T.set_axis(["all"])
        pooled["effects"] = analysis.overall.effects
        pooled["studies"] = analysis.overall.clusters
        return [_orchard(analysis, "orchard", "", pooled, np.full(analysis.overall.effects, "all"))]
    return [
        _orchard(
            analysis,
            f"orchard-{number}",
            f"By {name}",
            means,
            analysis.effects[name].astype(str).to_numpy(dtype=object),
        )
        for number, (name, means) in enumerate(analysis.groups.items())
    ]


def _orchard(analysis: MetaAnalysis, name: str, title: str, means: pd.DataFrame, group: NDArray[Any]) -> Figure:
    effect = analysis.effects["effect"].to_numpy(float)
    precision = 1 / np.sqrt(analysis.effects["variance"].to_numpy(float))
    size = 3.5 + 11 * np.sqrt(precision / precision.max())
    traces: list[Trace] = []
    labels = []
    for row, (level, mean) in enumerate(reversed(list(means.iterrows()))):
        here = group == str(level)
        colour = _COLOURS[(len(means) - 1 - row) % len(_COLOURS)]
        # Golden-ratio steps spread dots evenly without chance.
        spread = row + 0.62 * ((np.arange(here.sum()) * 0.618034) % 1 - 0.5)
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": effect[here],
                "y": spread,
                "marker": {"size": size[here], "color": colour, "opacity": 0.4, "line": {"width": 0}},
                "hovertemplate": f"{level}<br>%{{x:.3f}}<extra></extra>",
            }
        )
        for width, low, high in ((2, "prediction_lower", "prediction_upper"), (6, "lower", "upper")):
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "x": [float(mean[low]), float(mean[high])],
                    "y": [row, row],
                    "line": {"color": _POOLED, "width": width},
                    "hoverinfo": "skip",
                }
            )
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [float(mean["estimate"])],
                "y": [row],
                "marker": {"size": 13, "color": colour, "line": {"color": _POOLED, "width": 2}},
                "hovertemplate": f"{level}: mean %{{x:.3f}}<extra></extra>",
            }
        )
        studies = f", {_counted(int(mean['studies']), 'study', 'studies')}" if analysis.overall.cluster else ""
        counted = _counted(int(mean["effects"]), "effect", "effects")
        labels.append(f"<b>{_short(str(level))}</b><br>{counted}{studies}")
    pixels = 78 * len(means) + 90
    span = _span([effect, means[["prediction_lower", "prediction_upper"]].to_numpy(float).ravel()])
    layout: Layout = {
        "xaxis": _GRID | {"title": {"text": effect_title(analysis.effects)}, "range": span},
        "yaxis": {
            "tickvals": list(range(len(means))),
            "ticktext": labels,
            "range": [-0.6, len(means) - 0.4],
            "automargin": True,
            "showgrid": False,
            "zeroline": False,
        },
        "shapes": [_zero_line()],
        "showlegend": False,
        "margin": {"l": 60, "r": 14, "t": 8, "b": 46},
    }
    told = "; ".join(f"{level} {mean['estimate']:.3f}" for level, mean in means.iterrows())
    return Figure(
        name,
        title,
        f"Orchard plot of effects{' ' + title.lower() if title else ''}: every effect a dot sized by its precision, "
        f"the mean with a thick line for its interval and a thin one for the prediction interval. Means: {told}.",
        traces,
        layout,
        aspect=_PAGE_WIDTH / pixels,
        least_height=pixels,
    )


def bubble_figures(analysis: MetaAnalysis) -> list[Figure]:
    """Effects against each numeric moderator, with the line of the meta-regression and its interval."""
    regression = analysis.regression
    if regression is None:
        return []
    predicting = analysis.regression_robust or regression
    figures = []
    numbers = [m for m in regression.design.moderators if not m.levels]
    for number, moderator in enumerate(numbers):
        values = analysis.effects[moderator.name].to_numpy(float)
        along = np.linspace(values.min(), values.max(), 60)
        at = _typical(analysis, regression.design.moderators, len(along)).assign(**{moderator.name: along})
        line = predicting.predict(at)
        others = [m.name for m in regression.design.moderators if m is not moderator]
        held = f"; the line holds {', '.join(others)} at the mean or the commonest level" if others else ""
        figures.append(
            Figure(
                f"bubble-{number}",
                f"Against {moderator.name}",
                f"Effects against {moderator.name}, with the line of the meta-regression and its interval{held}.",
                [
                    *_band(along, line),
                    _bubbles(values, analysis.effects, analysis.overall.cluster),
                ],
                {
                    "xaxis": _GRID | {"title": {"text": moderator.name}},
                    "yaxis": _GRID | {"title": {"text": effect_title(analysis.effects)}, "automargin": True},
                    "shapes": [_horizontal_zero()],
                    "showlegend": False,
                    "margin": {"l": 58, "r": 12, "t": 8, "b": 48},
                },
                aspect=1.35 if len(numbers) > 1 else 2.2,
                least_height=300,
            )
        )
    return figures


def _typical(analysis: MetaAnalysis, moderators: Sequence[Moderator], rows: int) -> pd.DataFrame:
    """A table with every moderator at its mean or its commonest level."""
    held: dict[str, Any] = {}
    for moderator in moderators:
        values = analysis.effects[moderator.name]
        held[moderator.name] = [values.mode().iloc[0] if moderator.levels else float(values.mean())] * rows
    return pd.DataFrame(held)


def funnel_figure(analysis: MetaAnalysis) -> Figure:
    """Effects against their standard errors, with the region sampling error alone would fill."""
    pooled = float(pooled_effect(analysis)["estimate"])
    error = np.sqrt(analysis.effects["variance"].to_numpy(float))
    deepest = 1.05 * error.max()
    quantile = norm.ppf(0.975)
    traces: list[Trace] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [pooled - quantile * deepest, pooled, pooled + quantile * deepest],
            "y": [deepest, 0.0, deepest],
            "line": {"color": "#55606e", "width": 1, "dash": "dash"},
            "fill": "toself",
            "fillcolor": "rgba(20, 80, 122, 0.06)",
            "hoverinfo": "skip",
            "name": "95 % by sampling error alone",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "x": analysis.effects["effect"].to_numpy(float),
            "y": error,
            "marker": {"size": 7, "color": _POINT, "opacity": 0.6, "line": {"width": 0}},
            "text": _labels(analysis.effects, analysis.overall.cluster),
            "hovertemplate": "%{text}<br>%{x:.3f}, standard error %{y:.3f}<extra></extra>",
            "name": "effects",
        },
    ]
    if analysis.trimmed is not None and analysis.trimmed.missing:
        filled = analysis.trimmed.filled
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": filled["effect"].to_numpy(float),
                "y": np.sqrt(filled["variance"].to_numpy(float)),
                "marker": {"size": 8, "color": "#ffffff", "line": {"color": "#d55e00", "width": 1.5}},
                "hovertemplate": "filled: %{x:.3f}, standard error %{y:.3f}<extra></extra>",
                "name": "filled",
            }
        )
    layout: Layout = {
        "xaxis": _GRID | {"title": {"text": effect_title(analysis.effects)}},
        "yaxis": _GRID | {"title": {"text": "standard error"}, "range": [deepest, 0.0]},
        "shapes": [_vertical(pooled)],
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "margin": {"l": 58, "r": 12, "t": 30, "b": 48},
    }
    return Figure(
        "funnel",
        "",
        "Funnel plot: effects against their standard errors, precise ones on top, with the region that would hold 95 % "
        "of them if all had one true effect. Open circles are what trim and fill adds.",
        traces,
        layout,
        aspect=1.35,
        least_height=330,
    )


def influence_figure(analysis: MetaAnalysis) -> Figure | None:
    """The pooled effect without each study in turn, those that move it most."""
    table = analysis.leave_one_out
    if table is None:
        return None
    shown = table[table["note"] == ""]
    shown = shown.iloc[np.argsort(-shown["change"].abs().to_numpy(), kind="stable")[:MOST_INFLUENCES]]
    shown = shown.sort_values("estimate", kind="stable")
    estimate = shown["estimate"].to_numpy(float)
    height = np.arange(len(shown), dtype=float)
    whole = float(analysis.overall.coefficients["estimate"].iloc[0])
    pixels = (len(shown) + 1) * _ROW_HEIGHT + 70
    traces: list[Trace] = [
        _whiskers(shown["lower"].to_numpy(float), shown["upper"].to_numpy(float), height),
        {
            "type": "scatter",
            "mode": "markers",
            "x": estimate,
            "y": height,
            "marker": {"size": 7, "color": _POINT},
            "text": [f"without {label}" for label in shown.index],
            "hovertemplate": "%{text}<br>%{x:.4f}<extra></extra>",
        },
    ]
    layout: Layout = {
        "xaxis": _GRID | {"title": {"text": f"pooled {effect_title(analysis.effects)}"}},
        "yaxis": {
            "tickvals": height.tolist(),
            "ticktext": [_short(str(label)) for label in shown.index],
            "range": [-1, len(shown)],
            "automargin": True,
            "showgrid": False,
            "zeroline": False,
            "tickfont": {"size": 11},
        },
        "shapes": [_vertical(whole)],
        "showlegend": False,
        "margin": {"l": 60, "r": 14, "t": 8, "b": 46},
    }
    return Figure(
        "influence",
        "",
        f"The pooled effect without each of {len(shown)} studies in turn, with intervals; the line is the pooled "
        f"effect of all, {whole:.3f}.",
        traces,
        layout,
        aspect=_PAGE_WIDTH / pixels,
        least_height=pixels,
    )


def relation_figures(analysis: MetaAnalysis) -> list[Figure]:
    """Responses side by side, one panel for each pair."""
    groups = sorted({str(g) for one in analysis.relations if "group" in one.points for g in one.points["group"]})
    colours = {group: _COLOURS[index % len(_COLOURS)] for index, group in enumerate(groups)}
    return [_relation(relation, number, colours) for number, relation in enumerate(analysis.relations)]


def _relation(relation: Relation, number: int, colours: Mapping[str, str]) -> Figure:
    points = relation.points
    along = np.linspace(points["x"].min(), points["x"].max(), 60)
    moderator = relation.fitted.design.moderators[0].name
    predicting = relation.robust or relation.fitted
    line = predicting.predict(pd.DataFrame({moderator: along}))
    traces: list[Trace] = list(_band(along, line))
    groups = points["group"].astype(str) if "group" in points.columns else pd.Series("", index=points.index)
    for group in sorted(set(groups)):
        here = (groups == group).to_numpy()
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": points["x"].to_numpy(float)[here],
                "y": points["y"].to_numpy(float)[here],
                "name": group or "comparisons",
                "marker": {"size": 8, "color": colours.get(group, _POINT), "opacity": 0.75},
                "text": points["study"].astype(str).to_numpy(dtype=object)[here]
                if "study" in points.columns
                else [""] * int(here.sum()),
                "hovertemplate": "%{text}<br>%{x:.3f}, %{y:.3f}<extra></extra>",
            }
        )
    of_response = relation.fitted.design.moderators[0].name == "effect_x"
    x_title = f"response of {relation.x}" if of_response else relation.x
    title = f"Response of {relation.y} against {x_title}"
    layout: Layout = {
        "xaxis": _GRID | {"title": {"text": x_title}},
        "yaxis": _GRID | {"title": {"text": f"response of {relation.y}"}, "automargin": True},
        "shapes": [_horizontal_zero(), *([_zero_line()] if of_response else [])],
        "showlegend": "group" in points.columns,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "margin": {"l": 58, "r": 12, "t": 30 if "group" in points.columns else 10, "b": 48},
    }
    return Figure(
        f"relation-{number}",
        title,
        f"{title}: {len(points)} comparisons, correlation {relation.correlation:.2f}.",
        traces,
        layout,
        aspect=1.3,
        least_height=300,
    )


def _whiskers(low: NDArray[np.float64], high: NDArray[np.float64], y: NDArray[np.float64]) -> Trace:
    """Horizontal intervals, as one line with gaps."""
    x: list[float | None] = []
    height: list[float | None] = []
    for one, other, level in zip(low.tolist(), high.tolist(), y.tolist(), strict=True):
        x += [one, other, None]
        height += [level, level, None]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": height,
        "line": {"color": "#8a96a3", "width": 1.3},
        "hoverinfo": "skip",
    }


def _diamond(pooled: pd.Series, y: float, half: float) -> list[Trace]:
    low, mean, high = (float(pooled[name]) for name in ("lower", "estimate", "upper"))
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [float(pooled["prediction_lower"]), float(pooled["prediction_upper"])],
            "y": [y, y],
            "line": {"color": "#d55e00", "width": 3},
            "hovertemplate": "prediction interval %{x:.3f}<extra></extra>",
        },
        {
            "type": "scatter",
            "mode": "lines",
            "x": [low, mean, high, mean, low],
            "y": [y, y + half, y, y - half, y],
            "fill": "toself",
            "fillcolor": _POOLED,
            "line": {"color": _POOLED, "width": 1},
            "hoverinfo": "skip",
        },
    ]


def _band(along: NDArray[np.float64], line: pd.DataFrame) -> list[Trace]:
    both = np.concatenate([along, along[::-1]])
    edge = np.concatenate([line["upper"].to_numpy(float), line["lower"].to_numpy(float)[::-1]])
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "x": both,
            "y": edge,
            "fill": "toself",
            "fillcolor": _BAND,
            "line": {"width": 0},
            "hoverinfo": "skip",
            "showlegend": False,
        },
        {
            "type": "scatter",
            "mode": "lines",
            "x": along,
            "y": line["estimate"].to_numpy(float),
            "line": {"color": _POOLED, "width": 2},
            "hoverinfo": "skip",
            "showlegend": False,
        },
    ]


def _bubbles(values: NDArray[np.float64], effects: pd.DataFrame, cluster: Sequence[str]) -> Trace:
    precision = 1 / np.sqrt(effects["variance"].to_numpy(float))
    return {
        "type": "scatter",
        "mode": "markers",
        "x": values,
        "y": effects["effect"].to_numpy(float),
        "marker": {
            "size": 4 + 12 * np.sqrt(precision / precision.max()),
            "color": _POINT,
            "opacity": 0.45,
            "line": {"width": 0},
        },
        "text": _labels(effects, cluster),
        "hovertemplate": "%{text}<br>%{x:.3g}, %{y:.3f}<extra></extra>",
    }


def _labels(effects: pd.DataFrame, cluster: Sequence[str]) -> list[str]:
    if cluster:
        return [str(value) for value in effects[cluster[0]]]
    return [f"{effects.index.name or 'row'} {label}" for label in effects.index]


def _zero_line() -> Mapping[str, Any]:
    return _line({"x0": 0, "x1": 0, "y0": 0, "y1": 1, "yref": "paper"}, "#9aa3ad", "solid")


def _horizontal_zero() -> Mapping[str, Any]:
    return _line({"x0": 0, "x1": 1, "y0": 0, "y1": 0, "xref": "paper"}, "#9aa3ad", "solid")


def _vertical(x: float) -> Mapping[str, Any]:
    return _line({"x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper"}, _POOLED, "dot")


def _line(place: dict[str, Any], colour: str, dash: str) -> Mapping[str, Any]:
    return {"type": "line", "layer": "below", "line": {"color": colour, "width": 1.2, "dash": dash}, **place}


def _span(values: Sequence[NDArray[np.float64]]) -> list[float]:
    """Range of an axis that holds all values and zero, with a margin."""
    every = np.concatenate([*values, [0.0]])
    margin = 0.03 * float(np.ptp(every))
    return [float(every.min()) - margin, float(every.max()) + margin]


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _short(label: str, most: int = 30) -> str:
    return label if len(label) <= most else label[: most - 1].rstrip() + "…"
