"""Figures of the atlas page: maps, the scatter of two models, distributions, profiles."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from soilcue.atlas import summary
from soilcue.atlas.grid import cell_area
from soilcue.models import MODELS
from soilcue.report import maps
from soilcue.report.page import Figure, Layout, Trace, View

# Colours of Okabe and Ito, told apart by people with any of the common colour blindnesses.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")

# No set of fourteen colours can be told apart by everyone: the page's selection shows one biome alone, and hovering
# names the biome of a dot. Wet to dry runs from blue-green to ochre and grey.
_BIOME_COLOURS = (
    "#0b5345",
    "#1f9e63",
    "#2471a3",
    "#7fb3d5",
    "#6c3483",
    "#c39bd3",
    "#a04000",
    "#e59866",
    "#b7950b",
    "#f4d03f",
    "#c0392b",
    "#f1948a",
    "#5d6d7e",
    "#17202a",
    "#aab7b8",
    "#76d7c4",
    "#784212",
)

STATUS_COLOURS = {
    "settled": "#cfe0ea",
    "infeasible": "#d55e00",
    "extinct": "#7b3294",
    "unstable": "#b8860b",
    "unconverged": "#1d2430",
}
_OTHER_STATUS = "#808080"

AXIS = {"gridcolor": "#e4e7eb", "zeroline": False, "linecolor": "#9aa3ad", "ticks": "outside", "ticklen": 4}


def model_name(model: str) -> str:
    """Name of a model, or of a model and its set, as papers write it; one that is not registered keeps its own."""
    name, _, parameters = model.partition(":")
    label = (MODELS[name].label if name in MODELS else "") or name
    return f"{label}, {parameters}" if parameters else label


def model_colours(atlas: xr.Dataset) -> dict[str, str]:
    """Colour of each model of an atlas."""
    models = [str(m) for m in atlas["model"].values]
    return {model: COLOURS[i % len(COLOURS)] for i, model in enumerate(models)}


def biome_colours(atlas: xr.Dataset) -> dict[str, str]:
    """Colour of each biome that occurs in an atlas."""
    names = [group.name for group in summary.cell_groups(atlas) if group.kind == "biome"]
    return {name: _BIOME_COLOURS[i % len(_BIOME_COLOURS)] for i, name in enumerate(names)}


def cue_maps(atlas: xr.Dataset, coastlines: list[NDArray[Any]]) -> list[Figure]:
    """Map of diagnosed CUE for each model; the controls ``rule`` and ``scale`` switch it."""
    cue = atlas["diagnosed_cue"]
    area = summary.weights(atlas)
    places = _places(atlas)
    figures = []
    for model in (str(m) for m in atlas["model"].values):
        views = []
        traces = _land(atlas, model)
        for rule in (str(r) for r in atlas["rule"].values):
            field = cue.sel(model=model, rule=rule)
            traces.append(
                _value_cells(field, places, "CUE %{z:.3f}")
                | {"meta": {"rule": rule}, "visible": rule == _first_rule(atlas)}
            )
            inner = _inner_span(field, area)
            spans = {"shared": _common_span([_inner_span(one, area) for one in cue.sel(rule=rule)]), "own": inner}
            views += [
                View({"rule": rule, "scale": scale}, {"coloraxis.cmin": span[0], "coloraxis.cmax": span[1]})
                for scale, span in spans.items()
            ]
        first = views[0].layout
        layout = maps.map_layout(
            atlas["lat"].values,
            {"colorscale": "Viridis", "cmin": first["coloraxis.cmin"], "cmax": first["coloraxis.cmax"]},
        )
        statistics = summary.area_statistics(cue.sel(model=model, rule=_first_rule(atlas)), area)
        figures.append(
            Figure(
                f"cue-{model}",
                model_name(model),
                f"World map of the diagnosed CUE of {model_name(model)}. By the rule {_first_rule(atlas)} its "
                f"area-weighted mean is {statistics.mean:.3f}, and nine tenths of the area lie between "
                f"{statistics.quantile_05:.3f} and {statistics.quantile_95:.3f}.",
                [*traces, *_overlay(atlas, coastlines)],
                layout,
                views,
            )
        )
    return figures


def zonal_figure(atlas: xr.Dataset) -> Figure:
    """Mean CUE of each model along each row of latitude; the control ``rule`` switches it."""
    traces: list[Trace] = []
    colours = model_colours(atlas)
    for rule in (str(r) for r in atlas["rule"].values):
        means = summary.zonal_means(atlas, rule)
        traces += [
            {
                "type": "scatter",
                "mode": "lines",
                "x": means.sel(model=model).values,
                "y": means["lat"].values,
                "name": model_name(model),
                "line": {"color": colours[model], "width": 2},
                "meta": {"rule": rule},
                "visible": rule == _first_rule(atlas),
                "hovertemplate": f"{model_name(model)} %{{x:.3f}} at %{{y:.2f}}°<extra></extra>",
            }
            for model in colours
        ]
    layout: Layout = {
        "xaxis": AXIS | {"title": {"text": "mean diagnosed CUE"}, "nticks": 8},
        "yaxis": AXIS
        | {
            "range": _latitude_range(atlas),
            "tickvals": [-60, -40, -20, 0, 20, 40, 60, 80],
            "ticktext": ["60° S", "40° S", "20° S", "0°", "20° N", "40° N", "60° N", "80° N"],
        },
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "margin": {"l": 52, "r": 8, "t": 28, "b": 44},
    }
    return Figure(
        "cue-zonal",
        "By latitude",
        "Mean diagnosed CUE of each model along each row of latitude, weighted with area.",
        traces,
        layout,
        least_height=260,
    )


def correlation_figure(atlas: xr.Dataset, first: str, second: str) -> Figure:
    """CUE of one model against another's, one dot a cell; the controls ``rule``, ``axes`` and ``biome`` switch it."""
    traces: list[Trace] = []
    views: list[View] = []
    biomes = summary.flags(atlas["biome"])
    colours = biome_colours(atlas)
    kind = atlas["biome"].values
    longitude, latitude = np.meshgrid(atlas["lon"].values, atlas["lat"].values)
    for rule in (str(r) for r in atlas["rule"].values):
        across = atlas["diagnosed_cue"].sel(model=second, rule=rule).values
        upward = atlas["diagnosed_cue"].sel(model=first, rule=rule).values
        both = np.isfinite(across) & np.isfinite(upward)
        for value, name in biomes.items():
            here = both & (kind == value)
            if not here.any():
                continue
            traces.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "x": across[here],
                    "y": upward[here],
                    "customdata": np.stack([latitude[here], longitude[here]], axis=1),
                    "name": name,
                    "marker": {"color": colours[name], "size": 4.5, "opacity": 0.75},
                    "meta": {"rule": rule, "biome": name},
                    "visible": rule == _first_rule(atlas),
                    "hovertemplate": f"{name}<br>{model_name(second)} %{{x:.3f}}, {model_name(first)} %{{y:.3f}}"
                    "<br>%{customdata[0]:.2f}°, %{customdata[1]:.2f}°<extra></extra>",
                }
            )
        if both.any():
            span = _rounded_out(
                min(across[both].min(), upward[both].min()), max(across[both].max(), upward[both].max())
            )
            ranges = {"equal": (span, span), "own": (_padded(across[both]), _padded(upward[both]))}
            views += [
                View({"rule": rule, "axes": axes}, {"xaxis.range": list(pair[0]), "yaxis.range": list(pair[1])})
                for axes, pair in ranges.items()
            ]
    traces.append(_one_to_one(0.0, 1.0))
    initial = views[0].layout if views else {"xaxis.range": [0, 1], "yaxis.range": [0, 1]}
    layout: Layout = {
        "xaxis": AXIS | {"title": {"text": f"CUE of {model_name(second)}"}, "range": initial["xaxis.range"]},
        "yaxis": AXIS | {"title": {"text": f"CUE of {model_name(first)}"}, "range": initial["yaxis.range"]},
        "showlegend": False,
        "margin": {"l": 60, "r": 10, "t": 8, "b": 50},
    }
    return Figure(
        "correlation",
        "",
        f"Scatter of the diagnosed CUE of {model_name(first)} against that of {model_name(second)}, one dot a cell, "
        "coloured by biome, with the line of equality. The table beside it gives the correlations.",
        traces,
        layout,
        views,
        aspect=1.15,
    )


def distribution_figure(atlas: xr.Dataset) -> Figure:
    """Frequency distribution of each model's CUE, one panel a model; the control ``rule`` switches it."""
    colours = model_colours(atlas)
    traces: list[Trace] = []
    views: list[View] = []
    for rule in (str(r) for r in atlas["rule"].values):
        table = summary.cue_distributions(atlas, rule)
        for panel, model in enumerate(colours, start=1):
            of_model = table[table["model"] == model]
            traces.append(
                {
                    "type": "bar",
                    "x": ((of_model["left"] + of_model["right"]) / 2).to_numpy(dtype=float),
                    "y": 100.0 * of_model["share"].to_numpy(dtype=float),
                    "customdata": of_model[["left", "right"]].to_numpy(dtype=float),
                    "width": 0.01,
                    "marker": {"color": colours[model], "line": {"width": 0}},
                    "xaxis": "x",
                    "yaxis": "y" if panel == 1 else f"y{panel}",
                    "meta": {"rule": rule},
                    "visible": rule == _first_rule(atlas),
                    "hovertemplate": f"{model_name(model)}<br>CUE %{{customdata[0]:.2f}} to %{{customdata[1]:.2f}}"
                    "<br>%{y:.1f} % of the area<extra></extra>",
                }
            )
        if len(table):
            views.append(
                View({"rule": rule}, {"xaxis.range": [table["left"].min() - 0.01, table["right"].max() + 0.01]})
            )
    count = len(colours)
    gap = 0.1
    height = (1.0 - gap * (count - 1)) / count
    layout: Layout = {
        "xaxis": AXIS | {"title": {"text": "diagnosed CUE"}, "anchor": f"y{count}" if count > 1 else "y", "nticks": 14},
        "bargap": 0,
        "showlegend": False,
        "margin": {"l": 40, "r": 10, "t": 24, "b": 46},
        "annotations": [],
    }
    if views:
        layout["xaxis"]["range"] = views[0].layout["xaxis.range"]
    for panel, model in enumerate(colours, start=1):
        top = 1.0 - (panel - 1) * (height + gap)
        layout["yaxis" if panel == 1 else f"yaxis{panel}"] = AXIS | {
            "domain": [max(0.0, top - height), top],
            "rangemode": "tozero",
            "nticks": 4,
        }
        layout["annotations"].append(
            {
                "text": f"<b>{model_name(model)}</b>, % of the area",
                "xref": "paper",
                "yref": "paper",
                "x": 0,
                "y": top,
                "xanchor": "left",
                "yanchor": "bottom",
                "showarrow": False,
                "font": {"color": colours[model], "size": 13},
            }
        )
    return Figure(
        "distributions",
        "",
        "Histograms of diagnosed CUE for each model: share of the area in classes of 0.01.",
        traces,
        layout,
        views,
        aspect=2.0,
        least_height=400,
    )


def soil_carbon_maps(
    atlas: xr.Dataset, coastlines: list[NDArray[Any]], profiles: Mapping[str, summary.ProfileComparison]
) -> list[Figure]:
    """Map of soil carbon for each model, and of the observed profiles; the control ``scale`` switches the maps."""
    carbon = atlas["soil_carbon"] / 1000.0
    area = summary.weights(atlas)
    places = _places(atlas)
    tops = {str(m): summary.area_statistics(carbon.sel(model=m), area).quantile_95 for m in atlas["model"].values}
    known = [top for top in tops.values() if math.isfinite(top)]
    shared = _nice_top(max(known)) if known else 1.0
    figures = []
    for model, own in tops.items():
        layout = maps.map_layout(
            atlas["lat"].values,
            {"colorscale": "Cividis", "reversescale": True, "cmin": 0.0, "cmax": shared},
        )
        depth = float(atlas["reference_depth"].sel(model=model))
        total = summary.area_statistics(carbon.sel(model=model), area).total / 1e12
        figures.append(
            Figure(
                f"carbon-{model}",
                f"{model_name(model)}, to {depth:g} m",
                f"World map of the soil carbon of {model_name(model)} to {depth:g} m, in all {total:,.0f} Pg.",
                [
                    *_land(atlas, model),
                    _value_cells(carbon.sel(model=model), places, "%{z:.1f} kg m⁻²"),
                    *_overlay(atlas, coastlines),
                ],
                layout,
                [
                    View({"carbon-scale": "shared"}, {"coloraxis.cmax": shared}),
                    View({"carbon-scale": "own"}, {"coloraxis.cmax": _nice_top(own) if math.isfinite(own) else 1.0}),
                ],
            )
        )
    if profiles:
        model = max(profiles, key=lambda name: len(profiles[name].points))
        points = profiles[model].points
        depth = float(atlas["reference_depth"].sel(model=model))
        trace: Trace = {
            "type": "scatter",
            "mode": "markers",
            "x": points["longitude"].to_numpy(dtype=float),
            "y": points["latitude"].to_numpy(dtype=float),
            "customdata": points[["observed", "profiles"]].to_numpy(dtype=float) / [1000.0, 1.0],
            "marker": {
                "color": points["observed"].to_numpy(dtype=float) / 1000.0,
                "coloraxis": "coloraxis",
                "size": 6,
                "symbol": "square",
                "line": {"color": maps.INK, "width": 0.5},
            },
            "hovertemplate": "%{customdata[0]:.1f} kg m⁻², median of %{customdata[1]:.0f}"
            "<br>%{y:.2f}°, %{x:.2f}°<extra></extra>",
        }
        land = maps.plain_cells(
            atlas["lon"].values,
            atlas["lat"].values,
            atlas["land_area"] > 0.5 * cell_area(atlas),
            maps.BARE_LAND,
            "land",
        )
        layout = maps.map_layout(
            atlas["lat"].values, {"colorscale": "Cividis", "reversescale": True, "cmin": 0.0, "cmax": shared}
        )
        figures.append(
            Figure(
                "carbon-observed",
                f"Observed profiles, to {depth:g} m",
                f"World map of observed soil carbon to {depth:g} m: {len(points)} cells with profiles.",
                [land | {"hoverinfo": "skip", "hovertemplate": None}, maps.coastline_trace(coastlines), trace],
                layout | {"showlegend": False},
            )
        )
    return figures


def profile_figures(atlas: xr.Dataset, profiles: Mapping[str, summary.ProfileComparison]) -> list[Figure]:
    """Modelled against observed soil carbon for each model, both axes logarithmic and of one range."""
    values = [v for p in profiles.values() for c in ("observed", "modelled") for v in p.points[c] / 1000.0]
    positive = [v for v in values if v > 0]
    if not positive:
        return []
    low, high = min(positive) / 1.3, max(positive) * 1.3
    span = [math.log10(low), math.log10(high)]
    colours = model_colours(atlas)
    figures = []
    for model, comparison in profiles.items():
        traces: list[Trace] = []
        for outside, words in ((False, "inside scope"), (True, "hatched")):
            points = comparison.points[comparison.points["outside_scope"] == outside]
            traces.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "name": words,
                    "x": points["observed"].to_numpy(dtype=float) / 1000.0,
                    "y": points["modelled"].to_numpy(dtype=float) / 1000.0,
                    "customdata": points[["latitude", "longitude", "profiles"]].to_numpy(dtype=float),
                    "marker": {
                        "color": colours[model],
                        "size": 6,
                        "opacity": 0.7,
                        "symbol": "circle-open" if outside else "circle",
                    },
                    "hovertemplate": "observed %{x:.1f}, modelled %{y:.1f} kg m⁻²<br>%{customdata[0]:.2f}°, "
                    "%{customdata[1]:.2f}°, profiles: %{customdata[2]:.0f}<extra></extra>",
                }
            )
        axis = AXIS | {"type": "log", "range": span, **_log_ticks(low, high)}
        depth = float(atlas["reference_depth"].sel(model=model))
        figures.append(
            Figure(
                f"profiles-{model}",
                f"{model_name(model)}, to {depth:g} m",
                f"Modelled soil carbon of {model_name(model)} against observed profiles to {depth:g} m, one dot a "
                "cell, with the line of equality. The table below gives bias and correlation.",
                [*traces, _one_to_one(low, high)],
                {
                    "xaxis": axis | {"title": {"text": "observed, kg m⁻²"}},
                    "yaxis": axis | {"title": {"text": "modelled, kg m⁻²"}},
                    "showlegend": False,
                    "margin": {"l": 56, "r": 8, "t": 8, "b": 48},
                },
                aspect=1.05,
            )
        )
    return figures


def status_maps(atlas: xr.Dataset, coastlines: list[NDArray[Any]]) -> list[Figure]:
    """Map of each model's status, one colour a status."""
    longitudes, latitudes = atlas["lon"].values, atlas["lat"].values
    figures = []
    for model in (str(m) for m in atlas["model"].values):
        status = atlas["status"].sel(model=model)
        traces = [_bare_land(atlas, model)]
        for value, meaning in summary.flags(atlas["status"]).items():
            here = (status == value).values
            if meaning != "no drivers" and here.any():
                colour = STATUS_COLOURS.get(meaning, _OTHER_STATUS)
                traces.append(maps.plain_cells(longitudes, latitudes, here, colour, meaning))
        layout = maps.map_layout(latitudes)
        figures.append(
            Figure(
                f"status-{model}",
                model_name(model),
                f"World map of the status of {model_name(model)} in each cell; the table below counts them.",
                [*traces, maps.coastline_trace(coastlines)],
                layout,
                aspect=2.35,
                least_height=120,
            )
        )
    return figures


def ranges(atlas: xr.Dataset) -> dict[str, xr.DataArray]:
    """By how much CUE varies in each cell, by source: between published sets, and between draws of parameters.

    Where at least two sets have a settled state; (model, rule, lat, lon).
    """
    found = {}
    if "diagnosed_cue_of_set" in atlas:
        cue = atlas["diagnosed_cue_of_set"]
        several = cue.notnull().groupby("set_model").sum() > 1
        width = cue.groupby("set_model").max() - cue.groupby("set_model").min()
        found["sets"] = width.where(several).rename(set_model="model").sel(model=atlas["model"].values)
    if "drawn_cue" in atlas:
        found["draws"] = atlas["drawn_cue"].isel(quantile=-1) - atlas["drawn_cue"].isel(quantile=0)
    return found


def range_maps(atlas: xr.Dataset, coastlines: list[NDArray[Any]]) -> list[Figure]:
    """Maps of `ranges` for each model that has any; the control ``rule`` switches them."""
    area = summary.weights(atlas)
    places = _places(atlas)
    words = {"sets": "between published sets", "draws": "between draws, middle nine tenths"}
    figures = []
    for source, field in ranges(atlas).items():
        for model in (str(m) for m in atlas["model"].values):
            own = field.sel(model=model)
            if not bool(own.notnull().any()):
                continue
            traces, views = _land(atlas, model), []
            for rule in (str(r) for r in atlas["rule"].values):
                traces.append(
                    _value_cells(own.sel(rule=rule), places, "range %{z:.3f}")
                    | {"meta": {"rule": rule}, "visible": rule == _first_rule(atlas)}
                )
                top = summary.area_statistics(own.sel(rule=rule), area).quantile_95
                views.append(View({"rule": rule}, {"coloraxis.cmax": _nice_top(top) if top > 0 else 0.01}))
            first = summary.area_statistics(own.sel(rule=_first_rule(atlas)), area)
            layout = maps.map_layout(
                atlas["lat"].values,
                {"colorscale": "YlOrRd", "reversescale": True, "cmin": 0.0, "cmax": views[0].layout["coloraxis.cmax"]},
            )
            figures.append(
                Figure(
                    f"range-{source}-{model}",
                    f"{model_name(model)}, {words[source]}",
                    f"World map of the range of diagnosed CUE of {model_name(model)} {words[source]}. By the rule "
                    f"{_first_rule(atlas)} its area-weighted mean is {first.mean:.3f}.",
                    [*traces, *_overlay(atlas, coastlines)],
                    layout,
                    views,
                )
            )
    return figures


def without_empty_rows(atlas: xr.Dataset) -> xr.Dataset:
    """Part of an atlas between its southernmost and northernmost cells with drivers, from south to north.

    No statistic changes with it: the rows left out have no values.
    """
    ordered = atlas.sortby("lat")
    driven = (ordered["status"] != _no_drivers(ordered)).any("model")
    return ordered.isel(lat=maps.shown_rows(ordered["lat"].values, driven))


def _first_rule(atlas: xr.Dataset) -> str:
    """The rule a page opens with: ``uptake`` where there is one."""
    rules = [str(r) for r in atlas["rule"].values]
    return "uptake" if "uptake" in rules else rules[0]


def _latitude_range(atlas: xr.Dataset) -> list[float]:
    """Outer edges of the rows."""
    latitudes = atlas["lat"].values
    half = (latitudes[1] - latitudes[0]) / 2.0
    return [float(latitudes[0] - half), float(latitudes[-1] + half)]


def _no_drivers(atlas: xr.Dataset) -> int:
    """Value of the status "no drivers"; one that no cell has where the atlas does not know it."""
    return next((value for value, meaning in summary.flags(atlas["status"]).items() if meaning == "no drivers"), -1)


def _places(atlas: xr.Dataset) -> NDArray[Any]:
    """Words on each cell with drivers: its biome and why it is hatched, if so."""
    biomes = summary.flags(atlas["biome"])
    reasons = summary.flags(atlas["outside_scope"])
    biome, scope = atlas["biome"].values, atlas["outside_scope"].values
    driven = (atlas["status"] != _no_drivers(atlas)).any("model").values
    words = np.full(driven.shape, "", dtype=object)
    for place in zip(*np.nonzero(driven), strict=True):
        outside = [reason for bit, reason in reasons.items() if bit & int(scope[place])]
        hatched = f"<br>outside scope: {', '.join(outside)}" if outside else ""
        words[place] = biomes.get(int(biome[place]), "") + hatched
    return words


def _value_cells(field: xr.DataArray, places: NDArray[Any], form: str) -> Trace:
    """Trace of a map's values, coloured by the layout's colour axis."""
    return maps.cells(
        field["lon"].values,
        field["lat"].values,
        field.values,
        places != "",
        text=places,
        coloraxis="coloraxis",
        hovertemplate=f"{form}<br>%{{text}}<br>%{{y:.2f}}°, %{{x:.2f}}°<extra></extra>",
    )


def _bare_land(atlas: xr.Dataset, model: str) -> Trace:
    """Trace of the cells that are mostly land and have no drivers."""
    bare = (atlas["status"].sel(model=model) == _no_drivers(atlas)) & (atlas["land_area"] > 0.5 * cell_area(atlas))
    words = "no vegetation: ice, desert or lake"
    return maps.plain_cells(atlas["lon"].values, atlas["lat"].values, bare, maps.BARE_LAND, words)


def _land(atlas: xr.Dataset, model: str) -> list[Trace]:
    """Traces under a map's values: land without drivers, and cells without an accepted steady state."""
    traces = [_bare_land(atlas, model)]
    status = atlas["status"].sel(model=model).values
    for value, meaning in summary.flags(atlas["status"]).items():
        here = status == value
        if meaning not in ("settled", "no drivers") and here.any():
            words = f"no value: {meaning}"
            traces.append(maps.plain_cells(atlas["lon"].values, atlas["lat"].values, here, maps.FLAGGED, words))
    return traces


def _overlay(atlas: xr.Dataset, coastlines: list[NDArray[Any]]) -> list[Trace]:
    """Traces above a map's values: hatching where the models are out of their scope, and the coasts."""
    driven = (atlas["status"] != _no_drivers(atlas)).any("model").values
    hatched = driven & (atlas["outside_scope"].values != 0)
    return [*maps.hatching(atlas["lon"].values, atlas["lat"].values, hatched), maps.coastline_trace(coastlines)]


def _one_to_one(low: float, high: float) -> Trace:
    """Trace of the line of equality."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [low, high],
        "y": [low, high],
        "line": {"color": maps.INK, "width": 1, "dash": "dash"},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _rounded_out(low: float, high: float, step: float = 0.05) -> list[float]:
    """Smallest range with ends on multiples of the step that holds both values."""
    return [round(math.floor(low / step) * step, 10), round(math.ceil(high / step) * step, 10)]


def _padded(values: NDArray[Any]) -> list[float]:
    """Range of the values and a twentieth of it on either side."""
    low, high = float(values.min()), float(values.max())
    margin = 0.05 * (high - low) or 0.005
    return [low - margin, high + margin]


def _common_span(spans: Sequence[list[float]]) -> list[float]:
    """Range of colours that holds the ranges of all models."""
    return _rounded_out(min(span[0] for span in spans), max(span[1] for span in spans))


def _inner_span(field: xr.DataArray, area: xr.DataArray) -> list[float]:
    """Range of colours that holds the middle nine tenths of the area."""
    statistics = summary.area_statistics(field, area)
    if statistics.cells == 0:
        return [0.0, 1.0]
    widening = 0.0 if statistics.quantile_95 - statistics.quantile_05 > 1e-4 else 0.005
    return [statistics.quantile_05 - widening, statistics.quantile_95 + widening]


def _nice_top(value: float) -> float:
    """Next of 1, 2, 3, 5 or 10 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1.0, 2.0, 3.0, 5.0, 10.0) if value <= step * power)


def _log_ticks(low: float, high: float) -> Layout:
    """Ticks at 1, 2 and 5 times the powers of ten: plotly's own repeat bare digits between them."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [step * 10.0**power for power in powers for step in (1, 2, 5)]
    shown = [tick for tick in ticks if low <= tick <= high]
    return {"tickvals": shown, "ticktext": [f"{tick:g}" for tick in shown]}
