"""The page of an atlas: maps, comparisons, tables and everything a reader needs to judge them."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilcue.atlas import summary
from soilcue.core.budget import RULES
from soilcue.core.references import bibliography
from soilcue.data import coastlines
from soilcue.data.driver_sets import CITATIONS
from soilcue.report import atlas_figures as figures
from soilcue.report.page import Cell, Table, write_page

_MODEL_NOTES = {
    "century": "CENTURY has no living pools: every transfer of carbon counts as microbial, so its three rules agree. "
    "At steady state its CUE does not depend on climate at all. Warmth and moisture change how fast pools turn over, "
    "not which share of a transfer is respired, and at balance the speeds cancel; what is left is the quality of the "
    "litter, the texture of the soil and where the litter arrives, above or below ground.",
    "mimics": "MIMICS gives each kind of microbe a CUE for each kind of food. With constant values, as published, "
    "its map is the mixture of these few numbers by the fluxes they apply to, and varies little.",
    "millennial": "Under the rule uptake the CUE of Millennial is, by construction, the line with temperature "
    "published with it: its map is a map of temperature, weighted by when in the year microbes feed. Under the other "
    "rules most of D is depolymerisation, a step that respires nothing, and the CUE is high for that reason.",
}

_DRIVER_NAMES = {
    "temperature": "temperature",
    "moisture": "moisture",
    "carbon_input": "carbon input",
    "clay": "clay",
    "clay_silt": "clay and silt",
    "porosity": "porosity",
    "pH": "pH",
    "bulk_density": "bulk density",
    "lignin_to_nitrogen": "lignin : nitrogen",
    "litter_lignin": "lignin of litter",
    "above_ground_fraction": "share above ground",
    "biome": "biome",
}

_FLUX_NAMES = {
    "uptake": "uptake U",
    "growth": "growth G",
    "respiration": "respiration R",
    "exudation": "exudation EX",
    "mortality": "mortality MD",
}

# Attributes of the atlas that have a place of their own on the page.
_PLACED_ATTRIBUTES = ("title", "Conventions", "assumptions", "references", "sets_left_out", "draws")

_NONE = Cell("–", note=True)


def atlas_page(atlas: xr.Dataset, profiles: Mapping[str, pd.DataFrame] | None, path: str | os.PathLike[str]) -> Path:
    """Write the page of an atlas: one HTML file that needs no network.

    Parameters
    ----------
    atlas : xarray.Dataset
        The atlas, as ``atlas.nc`` holds it.
    profiles : mapping of str to pandas.DataFrame, or None
        For each model the observed soil carbon to that model's reference depth: columns ``profile``, ``latitude``,
        ``longitude`` (degrees) and ``carbon_stock`` (gC m-2). None leaves the comparison out, and the page says so.
    path : path
        The HTML file to write.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    InputError
        If the file cannot be written or the profiles are not usable.
    """
    shown = figures.without_empty_rows(atlas)
    coasts = coastlines()
    comparisons = {
        model: summary.compare_with_profiles(atlas, model, stocks) for model, stocks in (profiles or {}).items()
    }
    models = [str(m) for m in atlas["model"].values]
    rules = [str(r) for r in atlas["rule"].values]
    statistics = summary.statistics_table(atlas)
    pair = ("mimics", "century") if {"mimics", "century"} <= set(models) else None
    sections = {
        "cue_maps": figures.cue_maps(shown, coasts),
        "zonal": [figures.zonal_figure(shown)],
        "correlation": [figures.correlation_figure(shown, *pair)] if pair else [],
        "distributions": [figures.distribution_figure(shown)],
        "carbon_maps": figures.soil_carbon_maps(shown, coasts, comparisons),
        "profiles": figures.profile_figures(shown, comparisons),
        "ranges": figures.range_maps(shown, coasts),
        "status": figures.status_maps(shown, coasts),
    }
    correlations = {rule: summary.cue_correlation(atlas, *pair, rule) for rule in rules} if pair else {}
    explained = summary.explained_by_drivers(atlas)
    explained_carbon = summary.explained_by_drivers(atlas, "soil_carbon")
    return write_page(
        "atlas.html.j2",
        path,
        [figure for section in sections.values() for figure in section],
        {
            "title": atlas.attrs.get("title", "Diagnosed microbial carbon use efficiency of the globe"),
            "models": {model: figures.model_name(model) for model in models},
            "rules": {rule: RULES.get(rule, "") for rule in rules},
            "rule_choices": [(rule, rule) for rule in rules],
            "biomes": [group.name for group in summary.cell_groups(atlas) if group.kind == "biome"],
            "sections": {name: [figure.name for figure in section] for name, section in sections.items()},
            "glance": _glance_table(atlas, statistics),
            "findings": _findings(correlations, comparisons),
            "notes": {m: _MODEL_NOTES[m] for m in models if m in _MODEL_NOTES and m not in _swapped_schemes(atlas)},
            "litter_table": _litter_table(statistics, models, rules),
            "correlation_tables": {
                rule: _correlation_table(table, rule, figures.biome_colours(atlas))
                for rule, table in correlations.items()
            },
            "profile_table": _profile_table(comparisons) if comparisons else None,
            "litter": _litter_stocks(statistics),
            "profiles_left_out": {figures.model_name(m): c.left_out for m, c in comparisons.items() if c.left_out},
            "cue_tables": {rule: _cue_table(statistics, rule, models) for rule in rules},
            "carbon_table": _carbon_table(atlas, statistics, models),
            "flux_table": _flux_table(statistics, models),
            "explained_tables": {rule: _explained_table(explained, explained_carbon, rule) for rule in rules},
            "set_tables": {rule: _set_table(atlas, rule) for rule in rules} if "published_set" in atlas.dims else {},
            "sets_left_out": str(atlas.attrs.get("sets_left_out", "")).splitlines(),
            "draw_tables": {rule: _draw_table(atlas, rule) for rule in rules} if "drawn_cue" in atlas else {},
            "draws": atlas.attrs.get("draws", ""),
            "status_table": _status_table(atlas),
            "limit_table": _limit_table(atlas),
            "scope_table": _scope_table(atlas),
            "run": {
                name.replace("_", " "): _lines(value)
                for name, value in atlas.attrs.items()
                if name not in _PLACED_ATTRIBUTES
            },
            "assumptions": _assumptions(atlas),
            "references": _references(atlas, cite_profiles=bool(profiles)),
            "zones": summary.ZONES,
            "fewest_cells": summary.FEWEST_CELLS,
            "version": str(atlas.attrs.get("soilcue_version", "")),
        },
    )


def _glance_table(atlas: xr.Dataset, statistics: pd.DataFrame) -> Table:
    """The few numbers a reader looks for first, one row a model."""
    whole = statistics[statistics["kind"] == "globe"].set_index(["quantity", "model", "rule"])
    carried = summary.flux_weighted_cue(atlas)
    carried = carried[carried["kind"] == "globe"].set_index(["model", "rule"])["cue"]
    counts = summary.status_counts(atlas).set_index(["model", "status"])
    models = [str(m) for m in atlas["model"].values]
    rules = [str(r) for r in atlas["rule"].values]
    rows = []
    for model in models:
        cells = []
        for rule in rules:
            cue = whole.loc[("diagnosed_cue", model, rule)]
            cells.append(Cell(f"{_number(cue['mean'], 3)} ± {_number(cue['standard_deviation'], 3)}"))
        first = rules[0]
        passes = whole.loc[("mean_passes", model, first)]
        carbon = whole.loc[("soil_carbon", model, "")]
        depth = float(atlas["reference_depth"].sel(model=model))
        settled = int(counts.loc[(model, "settled"), "cells"])
        driven = int(counts.loc[model]["cells"].drop(labels="no drivers", errors="ignore").sum())
        rows.append(
            (
                figures.model_name(model),
                [
                    *cells,
                    Cell(_number(carried[(model, first)], 3)),
                    Cell(_number(passes["mean"], 2)),
                    Cell(_number(carbon["total_petagrams"], 0), f"to {depth:g} m"),
                    Cell(f"{settled:,}", f"of {driven:,}"),
                ],
            )
        )
    return Table(
        "The globe at a glance: mean ± standard deviation between cells, weighted with area",
        [
            [("", 1), ("diagnosed CUE by rule", len(rules)), (f"rule {rules[0]}", 2), ("", 2)],
            [
                ("model", 1),
                *[(rule, 1) for rule in rules],
                ("flux-weighted", 1),
                ("passes N", 1),
                ("soil carbon, Pg", 1),
                ("cells settled", 1),
            ],
        ],
        rows,
    )


def _findings(
    correlations: Mapping[str, pd.DataFrame], comparisons: Mapping[str, summary.ProfileComparison]
) -> list[str]:
    """Sentences that say what the numbers say."""
    sentences = []
    for rule, table in list(correlations.items())[:1]:
        whole = table[table["kind"] == "globe"].iloc[0]
        if whole["cells"] == 0:
            continue
        difference = whole["mean_difference"]
        sentences.append(
            f"MIMICS is {'above' if difference >= 0 else 'below'} CENTURY by {abs(difference):.3f} on average (rule "
            f"{rule}), and higher on {100 * whole['share_higher']:.0f} % of the area where both have a value"
            + (
                f"; cell by cell their correlation is {_number(whole['pearson'], 2)} (Spearman "
                f"{_number(whole['spearman'], 2)}, {whole['cells']:,} cells)."
                if not whole["note"]
                else f" ({whole['cells']:,} cells; correlation: {whole['note']})."
            )
        )
    for model, comparison in comparisons.items():
        inside = comparison.scores.set_index("compared").loc["inside scope"]
        if math.isfinite(inside["ratio"]):
            sentences.append(
                f"Against observed profiles {figures.model_name(model)} holds {inside['ratio']:.2f} times the soil "
                f"carbon to {inside['depth']:g} m (median of {inside['cells']:,} cells inside its scope)."
            )
    return sentences


def _litter_table(statistics: pd.DataFrame, models: list[str], rules: list[str]) -> Table | None:
    """Mean CUE with the decomposition of litter counted and left out."""
    if "diagnosed_cue_without_litter" not in set(statistics["quantity"]):
        return None
    whole = statistics[statistics["kind"] == "globe"].set_index(["quantity", "model", "rule"])["mean"]
    quantities = ("diagnosed_cue", "diagnosed_cue_without_litter")
    rows = [
        (
            figures.model_name(model),
            [Cell(_number(whole[(quantity, model, rule)], 3)) for quantity in quantities for rule in rules],
        )
        for model in models
    ]
    return Table(
        "Mean diagnosed CUE of the globe with litter counted in R and D, and left out of both",
        [
            [("", 1), ("litter counted", len(rules)), ("litter left out", len(rules))],
            [("model", 1), *[(rule, 1) for _ in quantities for rule in rules]],
        ],
        rows,
    )


def _litter_stocks(statistics: pd.DataFrame) -> dict[str, str]:
    """Carbon in the litter pools of each model that has any, Pg, for the globe."""
    litter = statistics[(statistics["quantity"] == "litter_carbon") & (statistics["kind"] == "globe")]
    return {
        figures.model_name(row["model"]): _number(row["total_petagrams"], 0)
        for _, row in litter.iterrows()
        if row["total_petagrams"] > 0
    }


def _correlation_table(table: pd.DataFrame, rule: str, colours: Mapping[str, str]) -> Table:
    """Correlation of MIMICS with CENTURY, overall and within zones and biomes."""
    headings = {"globe": "", "zone": "within zones", "biome": "within biomes"}
    rows: list[tuple[str, list[Cell]]] = []
    for kind, heading in headings.items():
        of_kind = table[(table["kind"] == kind) & (table["cells"] > 0)]
        if heading and len(of_kind):
            rows.append((heading, []))
        for _, row in of_kind.iterrows():
            words = [Cell(str(row["note"]), note=True), _NONE] if row["note"] else None
            numbers = [Cell(_number(row["pearson"], 2)), Cell(_number(row["spearman"], 2))]
            rows.append(
                (
                    "all cells" if kind == "globe" else row["group"],
                    [
                        Cell(f"{row['cells']:,}"),
                        *(words or numbers),
                        Cell(_number(row["mean_difference"], 3, sign=True)),
                    ],
                )
            )
    return Table(
        f"Correlation of the CUE of MIMICS with that of CENTURY, weighted with area (rule {rule})",
        [[("", 1), ("cells", 1), ("Pearson", 1), ("Spearman", 1), ("mean difference", 1)]],
        rows,
        dict(colours),
    )


def _profile_table(comparisons: Mapping[str, summary.ProfileComparison]) -> Table:
    """Scores of each model's soil carbon against observed profiles."""
    rows: list[tuple[str, list[Cell]]] = []
    for model, comparison in comparisons.items():
        rows.append((f"{figures.model_name(model)}, to {comparison.scores['depth'].iloc[0]:g} m", []))
        for _, row in comparison.scores.iterrows():
            rows.append(
                (
                    row["compared"],
                    [
                        Cell(f"{row['cells']:,}"),
                        Cell(f"{row['profiles']:,}"),
                        Cell(_number(row["observed_median"] / 1000, 1)),
                        Cell(_number(row["modelled_median"] / 1000, 1)),
                        Cell(_number(row["ratio"], 2)),
                        Cell(_number(row["median_log_ratio"], 2, sign=True)),
                        Cell(_percent(row["within_factor_two"])),
                        Cell(row["note"], note=True) if row["note"] else Cell(_number(row["spearman"], 2)),
                    ],
                )
            )
    return Table(
        "Soil carbon of the models against observed profiles to the same depth",
        [
            [
                ("", 1),
                ("cells", 1),
                ("profiles", 1),
                ("observed, kg m⁻²", 1),
                ("modelled, kg m⁻²", 1),
                ("modelled : observed", 1),
                ("log ratio", 1),
                ("within a factor of 2", 1),
                ("Spearman", 1),
            ]
        ],
        rows,
    )


def _grouped_rows(
    statistics: pd.DataFrame, row_cells: Callable[[str, str], list[Cell]]
) -> list[tuple[str, list[Cell]]]:
    """Rows of a table for the globe, the zones and the biomes, with headings between them; empty rows are left out."""
    rows: list[tuple[str, list[Cell]]] = []
    for kind, heading in (("globe", ""), ("zone", "zones"), ("biome", "biomes")):
        names = statistics.loc[statistics["kind"] == kind, "group"].unique()
        filled = [(name, row_cells(kind, name)) for name in names]
        filled = [(name, cells) for name, cells in filled if cells]
        if heading and filled:
            rows.append((heading, []))
        rows += filled
    return rows


def _cue_table(statistics: pd.DataFrame, rule: str, models: list[str]) -> Table:
    """Area-weighted CUE of each model by zone and biome."""
    cue = statistics[(statistics["quantity"] == "diagnosed_cue") & (statistics["rule"] == rule)]
    indexed = cue.set_index(["kind", "group", "model"])

    def row_cells(kind: str, name: str) -> list[Cell]:
        found = [indexed.loc[(kind, name, model)] for model in models]
        if not any(f["cells"] for f in found):
            return []
        widest = max(found, key=lambda f: f["area"])
        return [
            Cell(f"{int(widest['cells']):,}"),
            Cell(_number(widest["area"] / 1e12, 1)),
            *[
                Cell(
                    f"{_number(f['mean'], 3)} ± {_number(f['standard_deviation'], 3)}",
                    f"{_number(f['quantile_05'], 3)} to {_number(f['quantile_95'], 3)}",
                )
                if f["cells"]
                else _NONE
                for f in found
            ],
        ]

    return Table(
        f"Diagnosed CUE by zone and biome (rule {rule}): area-weighted mean ± standard deviation, and the range of the "
        "middle nine tenths of the area",
        [[("", 1), ("cells", 1), ("area, 10⁶ km²", 1), *[(figures.model_name(m), 1) for m in models]]],
        _grouped_rows(cue, row_cells),
    )


def _carbon_table(atlas: xr.Dataset, statistics: pd.DataFrame, models: list[str]) -> Table:
    """Soil carbon and microbial carbon of each model, and the carbon input, by zone and biome."""
    indexed = statistics[statistics["rule"] == ""].set_index(["quantity", "model", "kind", "group"])
    microbial = [
        m
        for m in models
        if ("microbial_carbon", m, "globe", "globe") in indexed.index
        and int(indexed.loc[("microbial_carbon", m, "globe", "globe"), "cells"])
    ]

    def one(quantity: str, model: str, kind: str, name: str) -> pd.Series:
        return indexed.loc[(quantity, model, kind, name)]

    def row_cells(kind: str, name: str) -> list[Cell]:
        found = {m: one("soil_carbon", m, kind, name) for m in models}
        if not any(f["cells"] for f in found.values()):
            return []
        cells = []
        if "carbon_input" in atlas:
            cells.append(Cell(_number(one("carbon_input", "drivers", kind, name)["total_petagrams"], 1)))
        for model, carbon in found.items():
            if not carbon["cells"]:
                cells += [_NONE] * (3 if model in microbial else 2)
                continue
            cells += [Cell(_number(carbon["total_petagrams"], 1)), Cell(_number(carbon["mean"] / 1000, 1))]
            if model in microbial:
                cells.append(Cell(_number(one("microbial_carbon", model, kind, name)["total_petagrams"], 2)))
        return cells

    depths = {m: float(atlas["reference_depth"].sel(model=m)) for m in models}
    first, second = [("", 1)], [("", 1)]
    if "carbon_input" in atlas:
        first.append(("", 1))
        second.append(("carbon input, Pg yr⁻¹", 1))
    for model in models:
        first.append((f"{figures.model_name(model)}, to {depths[model]:g} m", 3 if model in microbial else 2))
        second += [("soil, Pg", 1), ("soil, kg m⁻²", 1)] + ([("microbes, Pg", 1)] if model in microbial else [])
    carbon = statistics[statistics["quantity"] == "soil_carbon"]
    return Table(
        "Carbon by zone and biome: totals over the cells with a value, and the area-weighted mean of soil carbon",
        [first, second],
        _grouped_rows(carbon, row_cells),
    )


def _set_table(atlas: xr.Dataset, rule: str) -> Table:
    """What each published set of a model makes of the globe, the one of the atlas first."""
    area = summary.weights(atlas)
    rows: list[tuple[str, list[Cell]]] = []
    first: dict[str, xr.DataArray] = {}
    for label in (str(name) for name in atlas["published_set"].values):
        of = atlas.sel(published_set=label)
        model, _, name = label.partition(":")
        cue = of["diagnosed_cue_of_set"].sel(rule=rule)
        own = first.setdefault(model, cue)
        statistics = summary.area_statistics(cue, area)
        carbon = summary.area_statistics(of["soil_carbon_of_set"], area).total / 1e15
        apart = summary.area_statistics(abs(cue - own), area)
        rows.append(
            (
                f"{figures.model_name(model)}, {name}",
                [
                    Cell(f"{statistics.cells:,}"),
                    Cell(f"{_number(statistics.mean, 3)} ± {_number(statistics.standard_deviation, 3)}"),
                    _NONE if own is cue else Cell(_number(apart.mean, 3)),
                    _NONE
                    if own is cue
                    else Cell(_number(summary.pearson(*summary.valued_together(own, cue, area)), 2)),
                    Cell(_number(carbon, 0), f"to {float(of['set_depth']):g} m"),
                ],
            )
        )
    return Table(
        f"Published parameter sets (rule {rule}), the one of the maps first: area-weighted mean ± standard deviation, "
        "mean distance from the first cell by cell, and correlation with it",
        [[("", 1), ("cells settled", 1), ("CUE", 1), ("distance", 1), ("correlation", 1), ("soil carbon, Pg", 1)]],
        rows,
    )


def _draw_table(atlas: xr.Dataset, rule: str) -> Table:
    """How far draws of the parameters carry CUE and carbon, by model."""
    area = summary.weights(atlas)
    rows: list[tuple[str, list[Cell]]] = []
    for model in (str(m) for m in atlas["model"].values):
        low, middle, high = (atlas["drawn_cue"].sel(model=model, rule=rule).isel(quantile=k) for k in range(3))
        least, _, most = (atlas["drawn_soil_carbon"].sel(model=model).isel(quantile=k) for k in range(3))
        ratio = summary.area_statistics(most / least, area)
        rows.append(
            (
                figures.model_name(model),
                [
                    Cell(_number(summary.area_statistics(middle, area).mean, 3)),
                    Cell(_number(summary.area_statistics(high - low, area).mean, 3)),
                    Cell(_number(ratio.median, 1)),
                    Cell(f"{100 * summary.area_statistics(atlas['drawn_settled'].sel(model=model), area).mean:.0f} %"),
                ],
            )
        )
    return Table(
        f"Draws of the parameters (rule {rule}): means over the area of the median and of the range of the middle nine "
        "tenths of the draws of a cell; how many times as much carbon the upper end holds as the lower, median cell",
        [[("", 1), ("CUE, median", 1), ("CUE, range", 1), ("carbon, ratio", 1), ("draws settled", 1)]],
        rows,
    )


def _flux_table(statistics: pd.DataFrame, models: list[str]) -> Table:
    """Microbial fluxes of the globe in each model."""
    whole = statistics[statistics["kind"] == "globe"]
    whole = whole[whole["quantity"].isin(_FLUX_NAMES)].set_index(["quantity", "model"])
    names = {q: n for q, n in _FLUX_NAMES.items() if q in set(statistics["quantity"])}
    rows = []
    for model in models:
        found = [whole.loc[(quantity, model)] for quantity in names]
        rows.append(
            (
                figures.model_name(model),
                [Cell(_number(f["total_petagrams"], 1)) if f["cells"] else _NONE for f in found],
            )
        )
    return Table("Carbon fluxes of the globe, Pg yr⁻¹", [[("model", 1), *[(n, 1) for n in names.values()]]], rows)


def _explained_table(cue: pd.DataFrame, carbon: pd.DataFrame, rule: str) -> Table:
    """Share of the variance of each model's maps that each driver alone accounts for."""
    models = list(dict.fromkeys(cue["model"]))
    maps = [explained.set_index(["model", "driver"]) for explained in (cue[cue["rule"] == rule], carbon)]
    rows = []
    for driver in dict.fromkeys(cue["driver"]):
        cells = []
        for indexed in maps:
            for model in models:
                row = indexed.loc[(model, driver)]
                share = float(row["share"])
                cells.append(
                    Cell(row["note"], note=True, shade=0.0) if row["note"] else Cell(_percent(share), shade=share)
                )
        rows.append((_DRIVER_NAMES.get(driver, driver), cells))
    return Table(
        "Share of a map's variance that one driver alone accounts for",
        [
            [("", 1), (f"CUE, rule {rule}", len(models)), ("soil carbon", len(models))],
            [("driver", 1), *[(figures.model_name(model), 1) for _ in maps for model in models]],
        ],
        rows,
    )


def _status_table(atlas: xr.Dataset) -> Table:
    """Number and share of cells by status, one column a model."""
    counts = summary.status_counts(atlas)
    indexed = counts.set_index(["model", "status"])
    reasons = summary.remarks(atlas["status"])
    models = [str(m) for m in atlas["model"].values]
    rows = []
    for meaning in dict.fromkeys(counts["status"]):
        cells = []
        for model in models:
            row = indexed.loc[(model, meaning)]
            share = "" if math.isnan(row["share"]) or not row["cells"] else _percent(row["share"], 1)
            cells.append(Cell(f"{int(row['cells']):,}", share))
        rows.append((meaning, [*cells, Cell(reasons.get(meaning, ""), prose=True)]))
    return Table(
        "Cells by status, their share of the area with drivers, and what the status means",
        [[("status", 1), *[(figures.model_name(m), 1) for m in models], ("", 1)]],
        rows,
        dict(figures.STATUS_COLOURS),
    )


def _limit_table(atlas: xr.Dataset) -> Table | None:
    """Limits of the models that some cell lies beyond; none where no cell does."""
    counts = summary.limit_counts(atlas)
    counts = counts[counts["cells"] > 0]
    if counts.empty:
        return None
    rows = [
        (
            f"{figures.model_name(row['model'])}: {row['limit']}",
            [Cell(f"{row['cells']:,}"), Cell(_number(row["area"] / 1e12, 1))],
        )
        for _, row in counts.iterrows()
    ]
    header = [[("limit", 1), ("cells", 1), ("area, 10⁶ km²", 1)]]
    return Table("Limits of the models beyond which cells lie", header, rows)


def _scope_table(atlas: xr.Dataset) -> Table:
    """Cells with drivers that are hatched, by reason."""
    told = summary.remarks(atlas["outside_scope"])
    rows = [
        (
            "any of these" if row["reason"] == "any" else row["reason"],
            [
                Cell(f"{row['cells']:,}"),
                Cell(_number(row["area"] / 1e12, 1)),
                Cell(_percent(row["share"], 1)),
                Cell(told.get(row["reason"], ""), prose=True),
            ],
        )
        for _, row in summary.scope_counts(atlas).iterrows()
    ]
    header = [[("reason", 1), ("cells", 1), ("area, 10⁶ km²", 1), ("share of the area", 1), ("", 1)]]
    return Table("Hatched cells: outside what the models were made for", header, rows)


def _references(atlas: xr.Dataset, cite_profiles: bool) -> list[str]:
    """What to cite: what the atlas was made with, and the profiles it is held against."""
    lines = _lines(atlas.attrs.get("references", ""))
    more = bibliography(CITATIONS["observed_profiles.csv.gz"]) if cite_profiles else []
    return list(dict.fromkeys([*lines, *more]))


def _swapped_schemes(atlas: xr.Dataset) -> list[str]:
    """Models that ran with another CUE than the published one, which the notes on models describe."""
    pairs = [line.partition(": ") for line in _lines(atlas.attrs.get("schemes", ""))]
    return [model for model, _, scheme in pairs if scheme != "published"]


def _assumptions(atlas: xr.Dataset) -> list[str]:
    """What was assumed: for the whole run, then for single variables."""
    whole = _lines(atlas.attrs.get("assumptions", ""))
    single = [
        f"{name}: {variable.attrs['assumed']}"
        for name, variable in atlas.variables.items()
        if variable.attrs.get("assumed")
    ]
    return [line.replace("_", " ") for line in dict.fromkeys([*whole, *single])]


def _lines(value: object) -> list[str]:
    """Lines of an attribute; numbers and lists as one line."""
    text = ", ".join(str(v) for v in np.ravel(value)) if isinstance(value, np.ndarray | list | tuple) else str(value)
    return [line.strip() for line in text.splitlines() if line.strip()]


def _number(value: float, digits: int, sign: bool = False) -> str:
    """Number with a true minus sign and thin groups of thousands; a dash where there is none."""
    if not math.isfinite(value):
        return "–"
    text = f"{value:{'+' if sign else ''},.{digits}f}"
    return text.replace("-", "−")


def _percent(share: float, digits: int = 0) -> str:
    """Share as a percentage."""
    return "–" if not math.isfinite(share) else f"{100 * share:.{digits}f} %"
