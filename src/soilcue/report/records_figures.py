"""Figures of the page of records: CUE by method and land cover, against soil carbon, time and temperature.

In the manner of Figures 1 and 3 of He et al. (2024), from the records at hand. Whatever the paper shows and these
records do not have is said on the figure itself.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from soilcue.records.checks import study_key
from soilcue.records.groups import means_of_studies, shared_methods, study_weights, weighted_quantiles
from soilcue.records.schema import Record
from soilcue.report.page import Figure, Layout, Trace

GROUPS = {
    "carbon_label": "C isotopes (13C, 14C)",
    "water_label": "18O of water",
    "growth_tracer": "leucine, acetate + CO2",
    "mass_balance": "substrate − CO2",
    "batch_growth": "net growth + CO2",
    "heat": "heat and CO2",
    "gas_ratio": "CO2 : O2",
    "flux_analysis": "flux analysis",
    "thermodynamics": "thermodynamics",
    "stoichiometry": "stoichiometry",
    "data_assimilation": "data assimilation",
    "genome_model": "genome models",
    "soil_model": "soil models",
}
"""Families of methods as figures call them, in the order they are drawn."""

# Of Okabe and Ito, told apart by people with any of the common colour blindnesses; greys for what is no measurement.
COLOUR = {
    "carbon_label": "#0072b2",
    "water_label": "#d55e00",
    "growth_tracer": "#009e73",
    "mass_balance": "#cc79a7",
    "batch_growth": "#e69f00",
    "heat": "#56b4e9",
    "gas_ratio": "#b59d00",
    "flux_analysis": "#882255",
    "thermodynamics": "#661100",
    "stoichiometry": "#444444",
    "data_assimilation": "#6b7785",
    "genome_model": "#8a94a0",
    "soil_model": "#a9b2bb",
}
LAND_COVERS = ("cultivated", "rangeland/grassland", "forest", "shrubland", "wetland", "tundra", "bare", "urban")
IN_PAPER = ("carbon_label", "water_label", "stoichiometry")
"""What Figure 1a of the paper shows by name."""

_INK, _SOFT = "#1d2430", "#55606e"
_AXIS = {"gridcolor": "#e8ebee", "zeroline": False, "linecolor": "#9aa3ad", "ticks": "outside", "ticklen": 4}
_CUE_AXIS = _AXIS | {"title": {"text": "CUE"}, "range": [-0.03, 1.03], "dtick": 0.2}
_ROW = 58


def usable(records: Sequence[Record]) -> list[Record]:
    """Records with a CUE that can be."""
    return [record for record in records if record.cueInfo.cue.mean is not None and not record.impossible]


def method_figure(records: Sequence[Record]) -> Figure:
    """CUE by kind of method (Figure 1a of the paper): records, means of studies, and their quartiles."""
    by_family = {name: [r for r in usable(records) if r.cueInfo.methodFamily == name] for name in GROUPS}
    present = {name: members for name, members in by_family.items() if members}
    missing = [GROUPS[name] for name in IN_PAPER if name not in present]
    several, studies = shared_methods(usable(records))
    notes = [f"Method is confounded with study: {several} of {studies} studies used more than one kind."]
    notes += [f"No records at hand by {', '.join(missing)}: the paper shows them."] if missing else []
    return _strips(
        "by-method",
        "CUE by method",
        [(GROUPS[name], COLOUR[name], members) for name, members in present.items()],
        notes,
    )


def land_cover_figure(records: Sequence[Record]) -> Figure | None:
    """CUE by land cover and method (Figure 1c of the paper); None where no record tells its land cover."""
    rows = []
    for cover in LAND_COVERS:
        for family, words in GROUPS.items():
            members = [
                record
                for record in usable(records)
                if record.siteInfo.landCover == cover and record.cueInfo.methodFamily == family
            ]
            if members:
                rows.append((f"{cover}<br><span style='color:{_SOFT}'>{words}</span>", COLOUR[family], members))
    if not rows:
        return None
    measured = [record for record in usable(records) if record.cueInfo.evidence != "modelled"]
    untold = [record for record in measured if record.siteInfo.landCover is None]
    notes = [
        f"{len(untold):,} of {len(measured):,} records do not tell their land cover"
        + (" (none of yu2025, the largest compilation)." if any(r.dataset == "yu2025" for r in untold) else "."),
        "The paper's values by stoichiometric modelling are not at hand.",
    ]
    return _strips("by-land-cover", "CUE by land cover and method", rows, notes)


def mimics_figure() -> Figure:
    """The constants of MIMICS (Figure 1b of the paper), from the parameter set of the model itself."""
    from soilcue.models import MODELS

    model = MODELS["mimics"]
    given = model.parameter_set(None)
    points = [
        (litter, group, float(value))
        for litter, name in (("metabolic litter", "cue_metabolic"), ("structural litter", "cue_structural"))
        for group, value in zip(("r", "K"), given.values[name][0], strict=True)
    ]
    traces: list[Trace] = [
        {
            "type": "scatter",
            "mode": "markers+text",
            "x": [value for _, group, value in points if group == kind],
            "y": [litter for litter, group, _ in points if group == kind],
            "text": [f"{value:g}" for _, group, value in points if group == kind],
            "textposition": "top center",
            "name": f"{kind}-strategists",
            "marker": {"symbol": "diamond", "size": 13, "color": colour},
            "hovertemplate": f"{kind}-strategists on %{{y}}: %{{x}}<extra></extra>",
        }
        for kind, colour in (("r", "#0072b2"), ("K", "#d55e00"))
    ]
    layout: Layout = {
        "xaxis": _CUE_AXIS,
        "yaxis": {"automargin": True, "range": [-0.6, 1.75], "showgrid": False},
        "legend": {"orientation": "h", "x": 0, "y": 1.16},
        "margin": {"l": 60, "r": 12, "t": 26, "b": 46},
    }
    return Figure(
        "mimics",
        "Constants in MIMICS",
        f"Intrinsic CUE of MIMICS, parameter set {given.name}: "
        + "; ".join(f"{group}-strategists on {litter} {value:g}" for litter, group, value in points)
        + ".",
        traces,
        layout,
        aspect=3.2,
        least_height=200,
    )


def soil_carbon_figure(records: Sequence[Record]) -> Figure | None:
    """CUE by isotopes against soil carbon (Figure 3a of the paper); None where nothing tells soil carbon."""
    points = [
        record
        for record in usable(records)
        if record.cueInfo.methodFamily in ("carbon_label", "water_label") and record.mapped.soilCarbon is not None
    ]
    if not points:
        return None
    traces: list[Trace] = []
    words = []
    for family in ("carbon_label", "water_label"):
        members = [record for record in points if record.cueInfo.methodFamily == family]
        if not members:
            continue
        carbon = np.array([record.mapped.soilCarbon for record in members], dtype=float)
        cue = np.array([record.cueInfo.cue.mean for record in members], dtype=float)
        traces.append(_dots(carbon, cue, COLOUR[family], [record.id for record in members]))
        frame = pd.DataFrame({"study": [record.study for record in members], "carbon": carbon, "cue": cue})
        means = frame.groupby("study")[["carbon", "cue"]].mean()
        traces.append(_studies(means["carbon"].to_numpy(), means["cue"].to_numpy(), family, list(means.index)))
        if len(means) > 3:
            ranks = means.rank()
            rho = float(np.corrcoef(ranks["carbon"], ranks["cue"])[0, 1])
            signed = f"{rho:+.2f}".replace("-", "−")
            words.append(f"{GROUPS[family]}: rank correlation of {len(means)} study means {signed}.")
    notes = [
        "Soil carbon is read from maps at the coordinates (unit not stated, g per kg by its size): not measured.",
        "Panel b of the paper, CUE by stoichiometry, has no records at hand.",
    ]
    notes[:0] = words
    layout: Layout = {
        "xaxis": _AXIS | {"title": {"text": "soil organic carbon, from maps"}, "rangemode": "tozero"},
        "yaxis": _CUE_AXIS,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        **_noted(notes),
    }
    return Figure(
        "soil-carbon",
        "CUE by isotopes against soil carbon",
        f"CUE of {len(points):,} records against soil carbon read from maps. " + " ".join(notes),
        traces,
        layout,
        aspect=1.25,
        least_height=430,
    )


def duration_figure(records: Sequence[Record]) -> Figure | None:
    """How long incubations lasted (Figure 3c of the paper), every study counting once."""
    edges = np.array([0, 0.25, 0.5, 1, 2, 3, 5, 7, 14, 30, 1000], dtype=float)
    labels = ["¼", "½", "1", "2", "3", "5", "7", "14", "30", "> 30"]
    return _histogram(
        records,
        "duration",
        "Incubation time",
        lambda record: record.incubationInfo.incubationTime,
        edges,
        labels,
        "days from the start to the sampling, up to",
    )


def temperature_figure(records: Sequence[Record]) -> Figure | None:
    """Temperatures of incubations (Figure 3d of the paper), every study counting once."""
    edges = np.array([-30, *np.arange(2.5, 45, 5), 100])
    labels = [f"{middle:g}" for middle in range(0, 50, 5)]
    return _histogram(
        records,
        "temperature",
        "Incubation temperature",
        lambda record: record.incubationInfo.temperature,
        edges,
        labels,
        "°C, in classes of 5",
    )


def shift_figure(table: pd.DataFrame, words: str) -> Figure | None:
    """CUE as recorded and at common constants; None where no record moved."""
    moved = table[table["shift"] != 0]
    if moved.empty:
        return None
    traces: list[Trace] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [0, 1],
            "y": [0, 1],
            "line": {"color": "#9aa3ad", "dash": "dot", "width": 1},
            "hoverinfo": "skip",
            "showlegend": False,
        }
    ]
    for (name, rows), colour in zip(
        moved.groupby("dataset"), ("#0072b2", "#d55e00", "#009e73", "#cc79a7"), strict=False
    ):
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": str(name),
                "x": rows["cue"].to_numpy(float),
                "y": rows["cue_common"].to_numpy(float),
                "marker": {"size": 7, "color": colour, "opacity": 0.75},
                "customdata": [[index, f"{shift:+.3f}"] for index, shift in rows["shift"].items()],
                "hovertemplate": "%{customdata[0]}<br>%{x:.3f} → %{y:.3f} (%{customdata[1]})<extra></extra>",
            }
        )
    layout: Layout = {
        "xaxis": _CUE_AXIS | {"title": {"text": "CUE as recorded"}},
        "yaxis": _CUE_AXIS | {"title": {"text": f"CUE with {words}"}},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "margin": {"l": 60, "r": 12, "t": 30, "b": 48},
    }
    shifts = moved["shift"].to_numpy(float)
    return Figure(
        "shifts",
        "",
        f"{len(moved)} records moved by {shifts.min():+.3f} to {shifts.max():+.3f} when brought to {words}; the dotted "
        "line is no shift.",
        traces,
        layout,
        aspect=1.2,
        least_height=380,
    )


def _strips(name: str, title: str, rows: list[tuple[str, str, list[Record]]], notes: list[str]) -> Figure:
    """Rows of dots: records small, means of studies large, quartiles by study as a bar, their median as a line."""
    traces: list[Trace] = []
    shapes: list[dict[str, Any]] = []
    labels, said = [], []
    for place, (label, colour, members) in enumerate(rows):
        height = len(rows) - 1 - place
        cue = np.array([record.cueInfo.cue.mean for record in members], dtype=float)
        quartiles = weighted_quantiles(cue, study_weights(members), (0.25, 0.5, 0.75))
        means = means_of_studies(members)
        # the golden ratio spreads dots evenly whatever their number
        spread = height - 0.32 + 0.22 * ((np.arange(len(cue)) * 0.6180339887) % 1)
        traces.append(_dots(cue, spread, colour, [record.id for record in members], upright=False))
        level = height + 0.06 + 0.2 * ((np.arange(len(means)) * 0.6180339887) % 1)
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": np.array(list(means.values())),
                "y": level,
                "marker": {"size": 8, "color": colour, "opacity": 0.85, "line": {"color": "#ffffff", "width": 1}},
                "customdata": list(means),
                "hovertemplate": "%{customdata}<br>mean %{x:.3f}<extra></extra>",
            }
        )
        shapes += [
            {"type": "rect", "x0": quartiles[0], "x1": quartiles[2], "y0": height - 0.06, "y1": height + 0.02}
            | {"fillcolor": colour, "opacity": 0.35, "line": {"width": 0}},
            {"type": "line", "x0": quartiles[1], "x1": quartiles[1], "y0": height - 0.1, "y1": height + 0.06}
            | {"line": {"color": _INK, "width": 3}},
        ]
        studies = f"{len(means)} {'study' if len(means) == 1 else 'studies'}"
        labels.append(f"{label}<br><span style='font-size:10px;color:{_SOFT}'>{studies}, {len(cue):,} records</span>")
        plain = label.partition("<br>")[0] + label.partition("<br>")[2].replace("</span>", "").rpartition(">")[2]
        said.append(f"{plain}: median {quartiles[1]:.2f} ({studies}, {len(cue)} records)")
    pixels = _ROW * len(rows) + 90 + 18 * len(notes)
    layout: Layout = {
        "xaxis": _CUE_AXIS,
        "yaxis": {
            "tickvals": list(range(len(rows) - 1, -1, -1)),
            "ticktext": labels,
            "range": [-0.55, len(rows) - 0.45],
            "showgrid": False,
            "zeroline": False,
            "automargin": True,
            "tickfont": {"size": 12},
        },
        "shapes": shapes,
        "showlegend": False,
        **_noted(notes),
    }
    return Figure(
        name,
        title,
        f"{title}. Medians and quartiles in which every study counts once. {'; '.join(said)}. {' '.join(notes)}",
        traces,
        layout,
        aspect=1060 / pixels,
        least_height=pixels,
    )


def _histogram(
    records: Sequence[Record],
    name: str,
    title: str,
    value_of: Callable[[Record], float | None],
    edges: np.ndarray,
    labels: list[str],
    axis: str,
) -> Figure | None:
    """Share of studies by class, a study that has several spread over them; colours by method."""
    told = [record for record in usable(records) if value_of(record) is not None]
    if not told:
        return None
    weights = study_weights(told) * len({study_key(record.study) or record.id for record in told})
    values = np.array([value_of(record) for record in told], dtype=float)
    place = np.clip(np.searchsorted(edges, values, side="left") - 1, 0, len(labels) - 1)
    traces: list[Trace] = []
    for family, words in GROUPS.items():
        chosen = np.array([record.cueInfo.methodFamily == family for record in told])
        if not chosen.any():
            continue
        heights = np.bincount(place[chosen], weights[chosen], minlength=len(labels))
        traces.append(
            {
                "type": "bar",
                "x": labels,
                "y": np.round(heights, 6),
                "name": words,
                "marker": {"color": COLOUR[family]},
                "hovertemplate": f"{words}<br>%{{x}}: %{{y:.2f}} studies<extra></extra>",
            }
        )
    without = len(usable(records)) - len(told)
    notes = [f"{without:,} of {len(usable(records)):,} records do not tell it."]
    if name == "temperature" and any(record.dataset == "hu2024" for record in usable(records)):
        notes.append("hu2024 tells no temperature.")
    if name == "duration" and any(record.dataset == "yu2025" for record in usable(records)):
        notes.append("yu2025 tells no incubation time.")
    layout: Layout = {
        "barmode": "stack",
        "bargap": 0.12,
        "xaxis": {
            "title": {"text": axis},
            "type": "category",
            "linecolor": "#9aa3ad",
            "tickangle": 0,
            "tickfont": {"size": 11},
            "automargin": True,
        }
        | {"categoryorder": "array", "categoryarray": labels},
        "yaxis": _AXIS | {"title": {"text": "studies"}},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 11}},
        **_noted([" ".join(notes)]),
    }
    share = np.bincount(place, weights, minlength=len(labels))
    return Figure(
        name,
        title,
        f"{title} of {share.sum():.0f} studies, a study with several spread over its classes: "
        + ", ".join(f"{label} {count:.1f}" for label, count in zip(labels, share, strict=True) if count)
        + f". {' '.join(notes)}",
        traces,
        layout,
        aspect=1.25,
        least_height=380,
    )


def _dots(x: np.ndarray, y: np.ndarray, colour: str, names: list[str], upright: bool = True) -> Trace:
    value = "%{y:.3f}" if upright else "%{x:.3f}"
    return {
        "type": "scatter",
        "mode": "markers",
        "x": x,
        "y": y,
        "marker": {"size": 4, "color": colour, "opacity": 0.28, "line": {"width": 0}},
        "customdata": names,
        "hovertemplate": f"%{{customdata}}<br>CUE {value}<extra></extra>",
        "showlegend": False,
    }


def _studies(x: np.ndarray, y: np.ndarray, family: str, names: list[str]) -> Trace:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": x,
        "y": y,
        "name": f"{GROUPS[family]}, study means",
        "marker": {"size": 9, "color": COLOUR[family], "opacity": 0.9, "line": {"color": "#ffffff", "width": 1}},
        "customdata": names,
        "hovertemplate": "%{customdata}<br>mean CUE %{y:.3f}<extra></extra>",
    }


def _noted(notes: list[str]) -> Layout:
    """Room below the axis, and what is missing written there."""
    lines = [line for note in notes for line in textwrap.wrap(note, 76)]
    return {
        "margin": {"l": 60, "r": 12, "t": 30, "b": 66 + 15 * len(lines)},
        "annotations": [
            {
                "text": "<br>".join(lines),
                "xref": "paper",
                "yref": "paper",
                "x": 0,
                "y": 0,
                "yshift": -62 - 15 * len(lines),
                "xanchor": "left",
                "yanchor": "bottom",
                "align": "left",
                "showarrow": False,
                "font": {"size": 11, "color": "#7a3b00"},
            }
        ]
        if lines
        else [],
    }
