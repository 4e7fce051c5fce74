"""The page of `soilcue response`: what CUE does to soil carbon, in which model, and why models disagree."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from soilcue.analyse.response import TREATMENTS, half_time
from soilcue.core.references import bibliography
from soilcue.data import coastlines
from soilcue.report import maps
from soilcue.report.atlas_figures import model_name
from soilcue.report.page import Cell, Figure, Table, Trace, View, write_page
from soilcue.schemes import SCHEMES
from soilcue.soil_model import EXTRAPOLATED, PARTLY

_FLAGS = {
    2: ("infeasible", "#d55e00"),
    3: ("extinct", "#7b3294"),
    4: ("unstable", "#b8860b"),
    5: ("unconverged", "#1d2430"),
}
_PARTS = {"causal": "#0072b2", "covarying": "#e69f00"}
_GRID = {
    "gridcolor": "#e4e7eb",
    "zeroline": True,
    "zerolinecolor": "#9aa3ad",
    "linecolor": "#9aa3ad",
    "ticks": "outside",
}

_SAME = 1e-6
"""Largest difference of CUE that the matching of its mean leaves where a scheme changes nothing."""

States = Mapping[tuple[str, str], xr.Dataset]
_COURSES = (
    ("cue", "free", "CUE", "#0072b2", "solid"),
    ("soil_carbon", "free", "soil carbon", "#8c510a", "solid"),
    ("soil_carbon", "held", "soil carbon, CUE held", "#8c510a", "dot"),
)
"""Lines of an experiment: what, with CUE free or held, its name, colour and dash."""


def response_page(
    table: pd.DataFrame,
    states: States,
    weights: xr.DataArray,
    path: str | os.PathLike[str],
    runs: States | None = None,
    without: Mapping[tuple[str, str], str] | None = None,
) -> Path:
    """Write the page: one HTML file that needs no network.

    Parameters
    ----------
    table : pd.DataFrame
        From `soilcue.analyse.response_table`.
    states : mapping
        From the same call, on a grid (lat, lon).
    weights : xr.DataArray
        Vegetated area, (lat, lon).
    path : path
        The HTML file to write.
    runs, without : mapping, optional
        From `soilcue.analyse.experiments`: by model and treatment, what happened, and why there is nothing.

    Returns
    -------
    pathlib.Path
    """
    runs, without = runs or {}, without or {}
    tried = list(dict.fromkeys(m for m, _ in runs))
    models = list(dict.fromkeys(table["model"]))
    solved = table[table["refused"] == ""]
    schemes = [s for s in dict.fromkeys(solved["scheme"]) if s != "constant"]
    rows = maps.shown_rows(weights["lat"].values, np.asarray(weights > 0))
    same = _same_as_constant(states)
    cut = {key: state.isel(lat=rows) for key, state in states.items()}
    coasts = maps.coastline_trace(coastlines())
    sections = {
        **{
            f"{what}_maps": [_scheme_map(m, schemes, cut, coasts, what) for m in models if (m, "constant") in cut]
            for what in _MAPS
        },
        "relations": [_relation(m, schemes, states) for m in models if (m, "constant") in cut],
        "parts": [_parts_figure(solved, models, schemes)],
        "courses": [_course(treatment, tried, runs) for treatment in dict.fromkeys(t for _, t in runs)],
    }
    return write_page(
        "response.html.j2",
        path,
        [figure for section in sections.values() for figure in section],
        {name: [figure.name for figure in section] for name, section in sections.items()}
        | {
            "title": "What microbial carbon use efficiency does to soil carbon in models",
            "lead": f"{len(models)} soil models under {len(schemes)} schemes of CUE, each moved as a whole until its "
            "mean intrinsic CUE over vegetated land is that of the model with constant CUE: what differs is its shape, "
            "not its level. Steady states under annual-mean drivers.",
            "findings": _findings(solved, models, same),
            "choices": [(scheme, scheme) for scheme in schemes],
            "tried": [(m, model_name(m)) for m in tried],
            "time_table": _time_table(runs, without) if runs else None,
            "experiment_notes": _experiment_notes(runs),
            "balance_table": _balance_table(solved, states, models),
            "change_table": _matrix(
                table, models, schemes, _change_cell, "Change of typical soil carbon against constant CUE, %", same
            ),
            "correlation_table": _matrix(
                table,
                models,
                schemes,
                _correlation_cell,
                "Correlation of CUE and ln soil carbon across space: causal + covarying",
                same,
            ),
            "scheme_table": _scheme_table(schemes),
            "refusals": _refusals(table),
            "flags": _flag_lines(solved, models, same),
            "assumed": _assumptions(states),
            "references": references_of({**states, **runs}),
        },
    )


def references_of(states: States) -> list[str]:
    """What to cite for all states, each once."""
    lines = [line for state in states.values() for line in str(state.attrs["references"]).splitlines()]
    return list(dict.fromkeys([*bibliography(["he2024"]), *lines]))


# ---- words and tables ----------------------------------------------------------------------------------------------


def _findings(solved: pd.DataFrame, models: list[str], same: Collection[tuple[str, str]]) -> list[str]:
    """The main numbers, in sentences."""
    at_rest = solved[solved["scheme"] == "constant"].set_index("model")
    gains = [m for m in models if m in at_rest.index and at_rest.loc[m, "elasticity"] > 0]
    losses = [m for m in models if m in at_rest.index and at_rest.loc[m, "elasticity"] < 0]

    def named(those):
        return ", ".join(f"{model_name(m)} ({at_rest.loc[m, 'elasticity']:+z.2f})" for m in those) or "none"

    pairs = zip(solved["model"], solved["scheme"], strict=True)
    varied = np.array([pair[1] != "constant" and pair not in same for pair in pairs], dtype=bool)
    known = solved[varied & solved["correlation"].notna()]
    opposite = known[known["correlation"] * known["causal"] < 0]
    return [
        f"Where CUE is constant, one percent more of it raises soil carbon at rest in {named(gains)}; it lowers it in "
        f"{named(losses)} (percent, mean over the vegetated land where the model has a state of rest).",
        f"In {len(opposite)} of {len(known)} pairs of model and scheme the correlation of CUE with soil carbon across "
        "space has the opposite sign of the part that CUE causes in the model: its sign does not tell what a change of "
        "CUE would do.",
    ]


def _balance_table(solved: pd.DataFrame, states: States, models: list[str]) -> Table:
    """Entombing against priming at constant CUE, and the pools behind it."""
    rows = []
    for m in models:
        found = solved[(solved["model"] == m) & (solved["scheme"] == "constant")]
        if found.empty:
            continue
        row = found.iloc[0]
        parts = [text.rsplit(" ", 1) for text in states[m, "constant"].attrs["pool_parts"].split("; ")]
        ranked = sorted(((pool, float(value)) for pool, value in parts), key=lambda part: -abs(part[1]))[:3]
        why = ", ".join(f"{pool.replace('_', ' ')} {value:+z.2f}" for pool, value in ranked)
        rows.append(
            (
                model_name(m),
                [
                    Cell(f"{row['elasticity']:+z.2f}"),
                    Cell(f"{row['entombing']:+z.2f}"),
                    Cell(f"{row['priming']:+z.2f}"),
                    Cell(f"{row['area_that_gains_percent']:.0f} %"),
                    Cell(why, prose=True),
                ],
            )
        )
    header = [
        [
            ("model", 1),
            ("elasticity", 1),
            ("entombing", 1),
            ("priming", 1),
            ("area that gains", 1),
            ("largest parts, by pool", 1),
        ]
    ]
    return Table("Percent of soil carbon for one percent of CUE, at constant CUE", header, rows)


def _treatments(runs: States) -> list[str]:
    return list(dict.fromkeys(treatment for _, treatment in runs))


def _time_table(runs: States, without: Mapping[tuple[str, str], str]) -> Table:
    """Half times of CUE and of soil carbon, and where carbon ends with CUE free and held."""
    treatments = _treatments(runs)
    rows = []
    for m in dict.fromkeys([m for m, _ in (*runs, *without)]):
        cells = []
        for treatment in treatments:
            run = runs.get((m, treatment))
            if run is None:
                cells.append(Cell("–", "not felt" if (m, treatment) in without else "", note=True))
                continue
            half = {name: float(half_time(run, name).sel(cue_held="free").median()) for name in ("cue", "soil_carbon")}
            ends = [
                float(_typical_change(run["final_soil_carbon"].sel(cue_held=kind), run["initial_soil_carbon"]))
                for kind in ("free", "held")
            ]
            cells.append(
                Cell(
                    f"{_span_of_time(half['cue'])} · {_span_of_time(half['soil_carbon'])}",
                    f"{ends[0]:+z.0f} % ({ends[1]:+z.0f} %)",
                )
            )
        rows.append((model_name(m), cells))
    header = [[("model", 1), *((treatment.replace("-", " "), 1) for treatment in treatments)]]
    return Table("Half time of CUE · of soil carbon; below, carbon in the end (with CUE held)", header, rows)


def _typical_change(after: xr.DataArray, before: xr.DataArray) -> xr.DataArray:
    """Percent, by the mean of the logarithm over cells: twice as much and half as much are no change."""
    change = xr.DataArray(np.log(after / before)).mean("cell")
    return (xr.DataArray(np.exp(change)) - 1) * 100


def _change_of_mean(after: xr.DataArray, before: xr.DataArray) -> xr.DataArray:
    """Percent by which the mean over cells changes: emergent CUE may be below nought for a while, and has no log."""
    return (after.mean("cell") / before.mean("cell") - 1) * 100


_CHANGES = {"cue": _change_of_mean, "soil_carbon": _typical_change}


def _span_of_time(years: float) -> str:
    """A time in the unit that suits it."""
    if not math.isfinite(years):
        return "–"
    return f"{365 * years:.0f} d" if years < 1 else f"{years:.0f} yr"


def _experiment_notes(runs: States) -> list[str]:
    """What was done, and under which schemes of each model."""
    if not runs:
        return []
    one = next(iter(runs.values()))
    by_treatment = {treatment: run.attrs["size"] for (_, treatment), run in runs.items()}
    done = [f"{name.replace('-', ' ')}: {size:g} {TREATMENTS[name][3]}" for name, size in by_treatment.items()]
    schemes: dict[str, list[str]] = {}
    for (m, _), run in runs.items():
        listed = schemes.setdefault(str(run.attrs["scheme"]).replace(" | ", ", "), [])
        listed.extend([model_name(m)] * (model_name(m) not in listed))
    return [
        f"{one.sizes['cell']} cells of vegetated land, from rest. Half time: until half of the way to the end of the "
        f"run of {float(one['time'][-1]):.0f} years, the median; carbon in the end: the new state of rest, by the mean "
        "of the logarithm. " + "; ".join(done),
        *(f"{', '.join(those)} under {names}" for names, those in schemes.items()),
    ]


def _matrix(
    table: pd.DataFrame,
    models: list[str],
    schemes: list[str],
    cell: Callable[[Any], Cell],
    caption: str,
    same: Collection[tuple[str, str]] = (),
) -> Table:
    """Schemes down, models across; of pairs that are the same as constant CUE nothing else is said."""
    by_pair = {(row["model"], row["scheme"]): row for _, row in table.iterrows()}
    rows = [
        (scheme, [Cell("–", note=True) if (m, scheme) in same else cell(by_pair.get((m, scheme))) for m in models])
        for scheme in schemes
    ]
    return Table(caption, [[("scheme", 1), *((model_name(m), 1) for m in models)]], rows)


def _change_cell(row: Any) -> Cell:
    if row is None or row["refused"]:
        return Cell("refused", note=True)
    return Cell(f"{row['change_percent']:+z.0f}", shade=min(1.0, abs(row["change_percent"]) / 100))


def _correlation_cell(row: Any) -> Cell:
    if row is None or row["refused"]:
        return Cell("refused", note=True)
    if not math.isfinite(row["correlation"]):
        return Cell("–", note=True)
    return Cell(
        f"{row['correlation']:+z.2f}",
        f"{row['causal']:+z.2f} {row['covarying']:+z.2f}",
        shade=0.45 if row["correlation"] * row["causal"] < 0 else math.nan,
    )


def _scheme_table(schemes: list[str]) -> Table:
    """Equation and evidence of each scheme."""
    rows = []
    for label in schemes:
        name = label.partition(":")[0].partition(" ")[0]
        if name not in list(SCHEMES):
            continue
        scheme = SCHEMES[name]
        rows.append(
            (
                label,
                [
                    Cell(scheme.equation, prose=True),
                    Cell(scheme.evidence.arrow, note=True),
                    Cell(
                        scheme.evidence.why,
                        f"but: {scheme.evidence.contested}" if scheme.evidence.contested else "",
                        prose=True,
                    ),
                ],
            )
        )
    return Table("The schemes", [[("scheme", 1), ("equation", 1), ("arrow", 1), ("how well known", 1)]], rows)


def _assumptions(states: States) -> list[str]:
    """What models take for granted, and what drivers are derived from; not what each pair of the table repeats."""
    lines = [line for state in states.values() for line in str(state.attrs.get("assumptions", "")).splitlines()]
    return [line for line in dict.fromkeys(lines) if line and EXTRAPOLATED not in line and PARTLY not in line]


def _refusals(table: pd.DataFrame) -> list[str]:
    """Each reason once, with the models and schemes it holds for."""
    reasons: dict[str, dict[str, list[str]]] = {}
    for _, row in table[table["refused"] != ""].iterrows():
        reason = row["refused"].partition(" It has: ")[0]
        reason = reason.removeprefix(f"the model {row['model']!r} does not take the scheme {row['scheme']!r}: ")
        reasons.setdefault(reason, {}).setdefault(model_name(row["model"]), []).append(row["scheme"])
    lines = []
    for reason, by_model in reasons.items():
        alike: dict[tuple[str, ...], list[str]] = {}
        for name, schemes in by_model.items():
            alike.setdefault(tuple(schemes), []).append(name)
        for refused, names in alike.items():
            lines.append(f"{_listed(names)} take{'s' * (len(names) == 1)} no {_listed(refused, 'or')}: {reason}")
    return lines


def _listed(words: Sequence[str], last: str = "and") -> str:
    """Words as a sentence lists them."""
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else words[0]


_NO_STATE = (
    ("extinct", "microbes die out"),
    ("other_flags", "the published functions leave their domain, or no stable state was found"),
)


def _flag_lines(solved: pd.DataFrame, models: list[str], same: set[tuple[str, str]]) -> list[str]:
    """Cells without a state of rest, by model; schemes that feel nothing that varies; and beyond the evidence."""
    lines = []
    for m in models:
        of_model = solved[solved["model"] == m]
        told = [f"{words} in {_most(of_model, column)}" for column, words in _NO_STATE if (of_model[column] > 0).any()]
        if told:
            cells = int(of_model[["settled", "extinct", "other_flags"]].iloc[0].sum())
            lines.append(f"{model_name(m)}, of {cells:,} cells: {'; '.join(told)}.")
    tried = solved.groupby("scheme", sort=False)["model"]
    alike = [str(scheme) for scheme, found in tried if all((m, scheme) in same for m in found)]
    if alike:
        lines.append(
            f"{_listed(alike)} leave{'s' * (len(alike) == 1)} CUE as it is: what the scheme feels is the same in every "
            "cell of these drivers."
        )
    beyond = solved[solved["beyond_evidence"] > 0].groupby("scheme", sort=False)["beyond_evidence"].max()
    if len(beyond):
        counts = ", ".join(f"{scheme} {cells:,.0f}" for scheme, cells in beyond.sort_values(ascending=False).items())
        lines.append(f"Extrapolated beyond the range of its evidence, in at most so many cells: {counts}.")
    return lines


def _most(of_model: pd.DataFrame, column: str) -> str:
    """In how many cells something happens, and under which scheme most often."""
    least, most = int(of_model[column].min()), int(of_model[column].max())
    if least == most:
        return f"{most:,} under every scheme"
    return f"{least:,} to {most:,}, most under {of_model.loc[of_model[column].idxmax(), 'scheme']}"


def _same_as_constant(states: States) -> set[tuple[str, str]]:
    """Models and schemes under which CUE is that of the constant in every cell."""
    same = set()
    for (m, scheme), state in states.items():
        if scheme != "constant" and (m, "constant") in states:
            apart = np.abs(state["cue"] - states[m, "constant"]["cue"])
            if float(apart.max()) < _SAME:
                same.add((m, scheme))
    return same


# ---- figures -------------------------------------------------------------------------------------------------------


def _land(state: xr.Dataset) -> list[Trace]:
    """Cells that have drivers and no state of rest."""
    traces = []
    for value, (meaning, colour) in _FLAGS.items():
        here = state["status"].values == value
        if here.any():
            traces.append(
                maps.plain_cells(state["lon"].values, state["lat"].values, here, colour, f"no value: {meaning}")
            )
    return traces


def _field(state: xr.Dataset, values: xr.DataArray, form: str) -> Trace:
    """Coloured cells of one map."""
    listed = np.isfinite(values.values)
    return maps.cells(
        state["lon"].values,
        state["lat"].values,
        values.values,
        listed,
        coloraxis="coloraxis",
        hovertemplate=f"{form}<br>%{{y:.2f}}°, %{{x:.2f}}°<extra></extra>",
    )


def _span(values: Any, around_nought: bool) -> tuple[float, float]:
    """Range of colours: the inner nine tenths of the values, symmetric where the sign matters."""
    finite = np.asarray(values)[np.isfinite(values)]
    if finite.size == 0:
        return -1.0, 1.0
    low, high = np.quantile(finite, (0.05, 0.95))
    if around_nought:
        widest = max(abs(low), abs(high), 1e-6)
        return -float(widest), float(widest)
    return float(low), float(max(high, low + 1e-6))


_MAPS = {
    "elasticity": (
        "the percent by which soil carbon changes for one percent of CUE",
        "%{z:+.2f} % per % CUE",
        {"colorscale": maps.DIFFERENCES, "reversescale": True},
    ),
    "cue": ("emergent CUE", "CUE %{z:.3f}", {"colorscale": "Viridis", "reversescale": False}),
    # carbon that is gained is blue
    "change": (
        "percent of soil carbon gained or lost against constant CUE",
        "%{z:+.0f} %",
        {"colorscale": maps.DIFFERENCES, "reversescale": True},
    ),
}
"""What a map shows: in words, of one cell, and its colours."""


def _scheme_map(model: str, shown: list[str], states: States, coasts: Trace, what: str) -> Figure:
    """Maps of one of `_MAPS`, one a scheme; the control ``scheme`` switches."""
    constant = states[model, "constant"]
    words, form, colours = _MAPS[what]
    traces: list[Trace] = []
    views = []
    for i, scheme in enumerate(shown):
        state = states.get((model, scheme))
        if state is None:
            values = xr.full_like(constant["cue"], np.nan)
        elif what == "cue":
            values = state["cue"]
        elif what == "elasticity":
            values = state["soil_carbon_elasticity"]
        else:
            values = 100 * (state["soil_carbon"] / constant["soil_carbon"] - 1)
        low, high = _span(values.values, what != "cue")
        meta = {"meta": {"scheme": scheme}, "visible": i == 0}
        traces += [trace | meta for trace in _land(state if state is not None else constant)]
        traces.append(_field(constant, values, form) | meta)
        views.append(View({"scheme": scheme}, {"coloraxis.cmin": low, "coloraxis.cmax": high}))
    first = views[0].layout if views else {"coloraxis.cmin": 0.0, "coloraxis.cmax": 1.0}
    span = {"cmin": first["coloraxis.cmin"], "cmax": first["coloraxis.cmax"]}
    return Figure(
        f"{what}-{_slug(model)}",
        model_name(model),
        f"World maps of {words} of {model_name(model)}, one a scheme.",
        [*traces, coasts],
        maps.map_layout(constant["lat"].values, colours | span),
        views,
    )


def _relation(model: str, shown: list[str], states: States) -> Figure:
    """Soil carbon against CUE over cells, with CUE varying and at constant CUE of the same mean."""
    traces: list[Trace] = []
    orders: list[float] = []
    random = np.random.default_rng(0)
    constant = states[model, "constant"]
    for i, scheme in enumerate(shown):
        state = states.get((model, scheme))
        if state is None:
            continue
        known = np.flatnonzero((state["soil_carbon"].notnull() & constant["soil_carbon"].notnull()).values.ravel())
        few = random.choice(known, min(800, known.size), replace=False)
        meta = {"meta": {"scheme": scheme}, "visible": i == 0}
        carbon = np.concatenate([source["soil_carbon"].values.ravel()[few] for source in (constant, state)])
        orders.append(float(np.log10(carbon.max() / carbon.min())) if few.size else 0.0)
        for source, colour, name in (
            (constant, _PARTS["covarying"], "at constant CUE"),
            (state, _PARTS["causal"], "under the scheme"),
        ):
            traces.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "name": name,
                    "x": state["cue"].values.ravel()[few],
                    "y": source["soil_carbon"].values.ravel()[few] / 1000,
                    "marker": {"size": 4, "opacity": 0.45, "color": colour},
                    "hovertemplate": "CUE %{x:.3f}<br>%{y:.1f} kg m⁻²<extra>" + name + "</extra>",
                }
                | meta
            )
    ticks = 1 if min(orders, default=2) > 2 else "D2"
    layout = {
        "xaxis": _GRID | {"title": {"text": "emergent CUE of the scheme"}},
        "yaxis": _GRID | {"title": {"text": "soil carbon, kg m⁻²"}, "type": "log", "dtick": ticks},
        "margin": {"l": 60, "r": 10, "t": 6, "b": 44},
        "legend": {"orientation": "h", "y": 1.12},
    }
    return Figure(
        f"relation-{_slug(model)}",
        model_name(model),
        f"Soil carbon of {model_name(model)} over the CUE of the scheme: under it, and at constant CUE in the same "
        "cells.",
        traces,
        layout,
        aspect=1.5,
        least_height=240,
    )


def _parts_figure(solved: pd.DataFrame, models: list[str], shown: list[str]) -> Figure:
    """Causal and covarying part of the correlation, by model; the control ``scheme`` switches."""
    traces: list[Trace] = []
    for i, scheme in enumerate(shown):
        of_scheme = solved[solved["scheme"] == scheme].set_index("model")
        there = [m for m in models if m in of_scheme.index]
        meta = {"meta": {"scheme": scheme}, "visible": i == 0}
        for part, colour in _PARTS.items():
            traces.append(
                {
                    "type": "bar",
                    "name": part,
                    "x": [model_name(m) for m in there],
                    "y": np.array([of_scheme.loc[m, part] for m in there], dtype=float),
                    "marker": {"color": colour},
                    "hovertemplate": f"%{{x}}: {part} %{{y:+.2f}}<extra></extra>",
                }
                | meta
            )
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": "correlation",
                "x": [model_name(m) for m in there],
                "y": np.array([of_scheme.loc[m, "correlation"] for m in there], dtype=float),
                "marker": {"color": maps.INK, "size": 10, "symbol": "diamond"},
                "hovertemplate": "%{x}: correlation %{y:+.2f}<extra></extra>",
            }
            | meta
        )
    layout = {
        "barmode": "relative",
        "xaxis": _GRID | {"showgrid": False, "automargin": True},
        "yaxis": _GRID | {"title": {"text": "correlation of CUE and ln soil carbon"}},
        "margin": {"l": 60, "r": 10, "t": 6, "b": 60},
        "legend": {"orientation": "h", "y": 1.12},
    }
    return Figure(
        "parts",
        "",
        "Bars: the part of the correlation of CUE with soil carbon that CUE causes, and the part that is there at "
        "constant CUE; their sum is the correlation.",
        traces,
        layout,
        least_height=320,
    )


def _course(treatment: str, models: list[str], runs: States) -> Figure:
    """What CUE and soil carbon do after a treatment, from the first day; the control ``model`` switches."""
    traces: list[Trace] = []
    for i, m in enumerate(models):
        run = runs.get((m, treatment))
        if run is None:
            continue
        for name, held, words, colour, dash in _COURSES:
            change = _CHANGES[name](run[name].sel(cue_held=held), run[f"initial_{name}"])
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "name": words,
                    "x": run["time"].values,
                    "y": change.values,
                    "line": {"color": colour, "width": 2, "dash": dash},
                    "hovertemplate": "%{y:+.1f} %<extra>" + words + "</extra>",
                    "meta": {"model": m},
                    "visible": i == 0,
                }
            )
    layout = {
        "xaxis": _GRID
        | {
            "title": {"text": "time since the treatment"},
            "type": "log",
            "range": [float(np.log10(1 / 365)), 2.06],
            "tickvals": [1 / 365, 10 / 365, 100 / 365, 1, 10, 100],
            "ticktext": ["1 d", "10 d", "100 d", "1 yr", "10 yr", "100 yr"],
            "zeroline": False,
        },
        "yaxis": _GRID | {"title": {"text": "change, %"}},
        "margin": {"l": 54, "r": 12, "t": 6, "b": 44},
        "legend": {"orientation": "h", "y": 1.14},
        "hovermode": "x",
    }
    return Figure(
        f"course-{treatment}",
        treatment.replace("-", " ").capitalize(),
        f"Change of CUE and of soil carbon over the time since {treatment.replace('-', ' ')}, with CUE free to respond "
        "and with CUE held.",
        traces,
        layout,
        aspect=1.6,
        least_height=240,
    )


def _slug(model: str) -> str:
    return model.replace(":", "-")
