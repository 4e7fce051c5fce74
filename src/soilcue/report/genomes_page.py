"""The page of a panel of genomes: what they make of substrates, what to believe of it, and why some do not grow."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from soilcue import __version__
from soilcue.genomes.comparison import Comparison
from soilcue.genomes.efficiency import GROWS, NO_EXCHANGE, NO_GROWTH
from soilcue.genomes.genome import FEWEST_RATES, pirt_line
from soilcue.genomes.panel import Panel
from soilcue.genomes.sensitivity import WORDS, sensitivity
from soilcue.genomes.substances import class_of
from soilcue.report.page import Cell, Figure, Layout, Table, Trace, write_page

MOST_ROWS = 60
"""Genomes drawn in the heat map and listed in tables; the files written beside the page hold all."""
TYPICAL_REDUCTION = 4.2
"""Degree of reduction of biomass for the line of the electron bound (Roels 1983)."""
_COLOURS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#e69f00",
    "#5d6d7e",
    "#1d2430",
    "#8c6d31",
    "#7b4173",
)
_GRID = {"gridcolor": "#e4e7eb", "zeroline": False, "linecolor": "#9aa3ad", "ticks": "outside", "ticklen": 4}


def genomes_page(
    panel: Panel,
    comparison: Comparison,
    organisms: dict[str, str],
    references: Sequence[str],
    path: str | os.PathLike[str],
    title: str = "Carbon use efficiency of genomes",
) -> Path:
    """Write the page of a panel: one HTML file that needs no network.

    Parameters
    ----------
    panel : Panel
        Result of `soilcue.genomes.panel.examine_panel`.
    comparison : Comparison
        Result of `soilcue.genomes.comparison.compared`.
    organisms : dict of str to str
        Organism by file, as far as known.
    references : sequence of str
        What to cite.
    path : path
        The HTML file to write.
    title : str
        Heading of the page.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    names = _labels(panel, organisms)
    figures = [_heat_map(panel, names), _reduction(panel), _size(panel)]
    curves = _curves(panel, names)
    if curves is not None:
        figures.append(curves)
    words = [str(word) for word in panel.settings.maintenance]
    failed = panel.genomes[panel.genomes["failure"] != ""]
    limits = sensitivity(panel)
    return write_page(
        "genomes.html.j2",
        path,
        figures,
        {
            "title": title,
            "lead": f"{_counted(len(panel.genomes), 'metabolic model')} on "
            f"{_counted(len(panel.settings.substrates), 'substrate')}: CUE_P = (U − R − EX)/U at the largest growth, "
            f"with at most {panel.settings.uptake:g} mmol C gDW⁻¹ h⁻¹ in the medium “{panel.settings.medium}”.",
            "findings": summary(panel),
            "maintenance_choices": [(word, _maintenance_words(word)) for word in words],
            "curves": curves is not None,
            "pirt_table": _pirt_table(panel, names),
            "class_table": _class_table(panel),
            "audit_table": _audit_table(panel, names),
            "audit_more": max(0, len(panel.genomes) - len(failed) - MOST_ROWS),
            "growth_table": _growth_table(panel, names),
            "doubt_table": _doubt_table(panel, names),
            "limit_table": _limit_table(limits),
            "limit_words": _limit_words(limits),
            "failed_table": _failed_table(failed),
            "failed_more": max(0, len(failed) - MOST_ROWS),
            "group_table": _group_table(comparison),
            "measured_table": _measured_table(comparison),
            "comparison_words": comparison.words,
            "references": references,
            "version": __version__,
        },
    )


def summary(panel: Panel) -> list[str]:
    """What the numbers say, in sentences: also for a terminal."""
    genomes, yields = panel.genomes, panel.yields
    first = str(panel.settings.maintenance[0])
    failed = int((genomes["failure"] != "").sum())
    said = [
        f"{_counted(len(genomes) - failed, 'model')} read"
        + (f", {_counted(failed, 'file')} not (listed with reasons)" if failed else "")
        + (f"; {int(genomes['duplicate'].sum())} the same file as another" if genomes["duplicate"].any() else "")
        + "."
    ]
    here = yields[yields["maintenance"] == first]
    grows = here[here["status"] == GROWS]
    trusted = here[here["trusted"]]
    if grows.empty:
        why = here["reason"].value_counts()
        listed = "; ".join(f"{reason} ({_counted(count, 'pair')})" for reason, count in why[:3].items())
        more = f"; {_counted(len(why) - 3, 'other reason')}" if len(why) > 3 else ""
        none = f"None grows on any of these substrates in this medium: {listed}{more}."
        return [*said, none if listed else "There is none to grow."]
    growing = int(grows["genome"].nunique())
    said.append(
        f"{_counted(growing, 'genome')} grow{'s' if growing == 1 else ''} on at least one substrate; of "
        f"{_counted(len(grows), 'pair')} that grow, {len(trusted):,} pass every check and enter the "
        f"statistics below ({_maintenance_words(first)})."
    )
    if len(trusted) < 3:
        return said
    cue = trusted["cue_biomass"]
    said.append(
        f"CUE_P is {cue.mean():.2f} ± {cue.std():.2f} (mean and standard deviation over genomes and substrates), "
        f"{cue.min():.2f} to {cue.max():.2f}."
    )
    shares = variance_shares(trusted)
    if shares is not None:
        said.append(
            f"The substrate explains {shares[0]:.0%} of its variance, the genome {shares[1]:.0%} (each alone, "
            "of the sum of squares; pairs are not balanced, so the two overlap)."
        )
    reduction = trusted["substrate_reduction"]
    if reduction.nunique() > 2:
        low = trusted[reduction <= 5]
        said.append(
            f"It rises with the degree of reduction of the substrate (r = {np.corrcoef(reduction, cue)[0, 1]:.2f}"
            + (
                f"; {np.corrcoef(low['substrate_reduction'], low['cue_biomass'])[0, 1]:.2f} up to 5"
                if low["substrate_reduction"].nunique() > 2
                else ""
            )
            + f"). Electrons kept in biomass are {trusted['electron_yield'].mean():.2f} ± "
            f"{trusted['electron_yield'].std():.2f} of those taken up."
        )
    if panel.settings.members:
        said += _spread_words(panel, trusted)
    doubted = len(grows) - len(trusted)
    if doubted:
        said.append(f"{doubted:,} pairs grow but are doubted, and left out of every statistic; the page says why.")
    for word in panel.settings.maintenance[1:]:
        both = trusted.merge(
            yields[(yields["maintenance"] == str(word)) & yields["trusted"]],
            on=["genome", "substrate"],
            suffixes=("", "_2"),
        )
        if len(both):
            lost = (both["cue_biomass"] - both["cue_biomass_2"]).mean()
            taken = f"{lost:.3f}" if abs(lost) >= 5e-4 else "nothing (less than 0.0005)"
            said.append(f"{_maintenance_words(str(word)).capitalize()} takes {taken} off CUE on average.")
    return said


def _spread_words(panel: Panel, trusted: pd.DataFrame) -> list[str]:
    """How uncertain a CUE is by what was assumed, beside how much genomes differ."""
    known = trusted[trusted["cue_sd"].notna()]
    if known.empty:
        return ["How uncertain each CUE is cannot be said: the models have no handle for what their makers assumed."]
    parts = {part: name for part, name in (("biomass", "the composition of biomass"), ("maintenance", "maintenance"),
             ("p_to_o", "protons per ATP")) if known["cue_sd_over"].str.contains(part).any()}  # fmt: skip
    listed = " and ".join([", ".join(list(parts.values())[:-1]), *list(parts.values())[-1:]]).removeprefix(" and ")
    several = known.groupby("substrate").filter(lambda rows: rows["genome"].nunique() > 2)
    between = several.groupby("substrate")["cue_biomass"].std().mean() if len(several) else np.nan
    return [
        f"Each CUE is uncertain by ± {known['cue_sd'].mean():.3f} (mean standard deviation over "
        f"{panel.settings.members} random members) through what its model's makers assumed of {listed}"
        + (f"; genomes on one substrate differ by ± {between:.3f}" if np.isfinite(between) else "")
        + ". How wide the assumptions are drawn is itself assumed."
    ]


def variance_shares(trusted: pd.DataFrame) -> tuple[float, float] | None:
    """Share of the sum of squares of CUE between substrates and between genomes, each alone; None for too few."""
    cue = trusted["cue_biomass"]
    total = ((cue - cue.mean()) ** 2).sum()
    if trusted["substrate"].nunique() < 2 or trusted["genome"].nunique() < 2 or not total > 0:
        return None
    shares = []
    for column in ("substrate", "genome"):
        mean = trusted.groupby(column)["cue_biomass"].transform("mean")
        shares.append(float(((mean - cue.mean()) ** 2).sum() / total))
    return shares[0], shares[1]


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _maintenance_words(word: str) -> str:
    known = {"none": "no maintenance", "shipped": "maintenance as shipped", "normalised": "normalised maintenance"}
    return known.get(word, f"maintenance {word} mmol ATP gDW⁻¹ h⁻¹")


def _labels(panel: Panel, organisms: dict[str, str]) -> dict[str, str]:
    """How each genome is called on the page."""
    labels = {}
    for _, row in panel.genomes.iterrows():
        organism = " ".join(organisms.get(row["file"], "").split(" (")[0].split()[:2])
        labels[row["genome"]] = f"{row['genome']} · {organism}" if organism else row["genome"]
    return labels


def _heat_map(panel: Panel, names: dict[str, str]) -> Figure:
    """CUE of genomes (rows) on substrates (columns); crosses where it is doubted, dots where nothing grows."""
    yields = panel.yields
    first = str(panel.settings.maintenance[0])
    order = (
        yields[yields["maintenance"] == first]
        .assign(grown=lambda t: t["status"] == GROWS)
        .groupby("genome")["grown"]
        .sum()
        .sort_values(kind="stable", ascending=False)
        .index[:MOST_ROWS]
        .tolist()
    )
    columns = list(panel.settings.substrates)
    traces: list[Trace] = []
    for word in panel.settings.maintenance:
        here = yields[(yields["maintenance"] == str(word)) & yields["genome"].isin(order)]
        cue = here.pivot_table(index="genome", columns="substrate", values="cue_biomass", aggfunc="first")
        z = cue.reindex(index=order, columns=columns).to_numpy(float)
        note = here.set_index(["genome", "substrate"])
        texts = np.full(z.shape, "", dtype=object)
        for i, genome in enumerate(order):
            for j, substrate in enumerate(columns):
                row = note.loc[(genome, substrate)]
                if row["status"] == GROWS:
                    texts[i, j] = (
                        f"CUE {row['cue_biomass']:.3f}{_spread(row)}, of CO2 alone {row['cue_co2']:.3f}"
                        f"<br>electron bound {row['electron_bound']:.2f}, RQ {row['respiratory_quotient']:.2f}"
                        + (f"<br>excreted: {row['exudates']}" if row["exudates"] else "")
                        + (f"<br><b>doubted:</b> {row['doubts']}" if row["doubts"] else "")
                    )
                else:
                    texts[i, j] = str(row["reason"]) or str(row["status"])
        meta = {"maintenance": str(word)}
        traces.append(
            {
                "type": "heatmap",
                "x": columns,
                "y": [names[genome] for genome in order],
                "z": z,
                "zmin": 0.0,
                "zmax": 1.0,
                "colorscale": "Viridis",
                "xgap": 1,
                "ygap": 1,
                "text": texts.tolist(),
                "hovertemplate": "<b>%{y}</b> on %{x}<br>%{text}<extra></extra>",
                "hoverongaps": False,
                "colorbar": {"title": {"text": "CUE"}, "thickness": 12, "len": 0.6},
                "meta": meta,
            }
        )
        for kind, symbol, colour, words in (
            ("doubted", "x-thin-open", "#d62728", "grows, but doubted"),
            (NO_GROWTH, "circle-open", "#9aa3ad", "does not grow"),
            ("failed", "triangle-up-open", "#e69f00", "no solution"),
        ):
            chosen = {
                "doubted": (here["status"] == GROWS) & (here["doubts"] != ""),
                NO_GROWTH: here["status"] == NO_GROWTH,
                "failed": ~here["status"].isin([GROWS, NO_GROWTH, NO_EXCHANGE]),
            }[kind]
            marked = here[chosen]
            traces.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "x": marked["substrate"].tolist(),
                    "y": [names[genome] for genome in marked["genome"]],
                    "text": [
                        str(note.loc[(g, s)]["doubts"] or note.loc[(g, s)]["reason"])
                        for g, s in zip(marked["genome"], marked["substrate"], strict=True)
                    ],
                    "hovertemplate": "<b>%{y}</b> on %{x}<br>%{text}<extra></extra>",
                    "marker": {"symbol": symbol, "size": 7, "color": colour, "line": {"width": 1.6, "color": colour}},
                    "name": words,
                    "showlegend": True,
                    "meta": meta,
                }
            )
    pixels = 19 * len(order) + 170
    layout: Layout = {
        "xaxis": {"tickangle": -50, "side": "bottom", "type": "category", "categoryarray": columns, "showgrid": False},
        "yaxis": {
            "autorange": "reversed",
            "type": "category",
            "categoryarray": [names[genome] for genome in order],
            "automargin": True,
            "showgrid": False,
            "tickfont": {"size": 11},
        },
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "margin": {"l": 60, "r": 10, "t": 34, "b": 110},
    }
    described = (
        f"Heat map of CUE of {len(order)} genomes on {len(columns)} substrates; the table of classes gives means."
    )
    return Figure("heat", "", described, traces, layout, aspect=1060 / pixels, least_height=pixels)


def _spread(row: pd.Series) -> str:
    return f" ± {row['cue_sd']:.3f}" if np.isfinite(row.get("cue_sd", np.nan)) else ""


def _reduction(panel: Panel) -> Figure:
    """CUE against the degree of reduction of the substrate, with the electron bound."""
    trusted = panel.yields[panel.yields["trusted"]]
    traces: list[Trace] = []
    for word in panel.settings.maintenance:
        here = trusted[trusted["maintenance"] == str(word)]
        for number, (name, rows) in enumerate(here.groupby("substrate_class", sort=True)):
            spread = 0.05 * ((np.arange(len(rows)) * 0.618034) % 1 - 0.5)
            traces.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "x": rows["substrate_reduction"].to_numpy(float) + spread,
                    "y": rows["cue_biomass"].to_numpy(float),
                    "text": [f"{g} on {s}" for g, s in zip(rows["genome"], rows["substrate"], strict=True)],
                    "hovertemplate": "%{text}<br>CUE %{y:.3f}<extra></extra>",
                    "marker": {"size": 6, "opacity": 0.7, "color": _COLOURS[number % len(_COLOURS)]},
                    "name": str(name),
                    "meta": {"maintenance": str(word)},
                }
            )
    line = np.linspace(0.5, 8, 60)
    mean = trusted.loc[trusted["maintenance"] == str(panel.settings.maintenance[0]), "electron_yield"].mean()
    for factor, words, dash in ((1.0, "electron bound", "solid"), (mean, f"{mean:.2f} of the electrons", "dot")):
        if np.isfinite(factor):
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "x": line,
                    "y": np.minimum(1.0, factor * line / TYPICAL_REDUCTION),
                    "line": {"color": "#1d2430", "width": 1.4, "dash": dash},
                    "name": words,
                    "hoverinfo": "skip",
                }
            )
    layout: Layout = {
        "xaxis": _GRID | {"title": {"text": "degree of reduction of the substrate, electrons per carbon"}},
        "yaxis": _GRID | {"title": {"text": "CUE"}, "range": [0, 1.03]},
        "legend": {"font": {"size": 10}},
        "margin": {"l": 50, "r": 10, "t": 8, "b": 46},
    }
    return Figure(
        "reduction",
        "",
        "CUE of genomes against the degree of reduction of the substrate: it rises, below the electron bound.",
        traces,
        layout,
        aspect=2.3,
        least_height=330,
    )


def _size(panel: Panel) -> Figure:
    """Mean CUE of each genome over substrates against its number of genes in the model."""
    trusted = panel.yields[panel.yields["trusted"]]
    genes = panel.genomes.set_index("genome")["genes"]
    traces: list[Trace] = []
    for word in panel.settings.maintenance:
        here = trusted[trusted["maintenance"] == str(word)]
        # genomes grow on different substrates: what is compared is the departure from each substrate's mean
        departure = here["cue_biomass"] - here.groupby("substrate")["cue_biomass"].transform("mean")
        mean = departure.groupby(here["genome"]).agg(["mean", "count"])
        mean = mean[mean["count"] >= 3]
        x = genes.reindex(mean.index).to_numpy(float)
        known = x > 0
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": x[known],
                "y": mean["mean"].to_numpy(float)[known],
                "text": [f"{name}, {count} substrates" for name, count in mean["count"].items()],
                "hovertemplate": "%{text}<br>%{y:+.3f}<extra></extra>",
                "marker": {"size": 8, "color": _COLOURS[0]},
                "showlegend": False,
                "meta": {"maintenance": str(word)},
            }
        )
    layout: Layout = {
        "xaxis": _GRID | {"title": {"text": "genes in the model (stands for genome size)"}},
        "yaxis": _GRID | {"title": {"text": "CUE less the mean of each substrate"}, "zeroline": True},
        "margin": {"l": 60, "r": 10, "t": 8, "b": 46},
    }
    return Figure(
        "size",
        "",
        "Mean departure of CUE of each genome against its genes.",
        traces,
        layout,
        aspect=1.5,
        least_height=300,
    )


def _curves(panel: Panel, names: dict[str, str]) -> Figure | None:
    """CUE against the rate of uptake with the file's maintenance: Pirt's curve."""
    grown = panel.curves[(panel.curves["status"] == GROWS) & (panel.curves["doubts"] == "")]
    shown = [genome for genome in panel.genomes["genome"] if (grown["genome"] == genome).sum() >= 3][:40]
    if not shown:
        return None
    traces: list[Trace] = []
    for number, genome in enumerate(shown):
        rows = grown[grown["genome"] == genome]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": rows["offered"].to_numpy(float),
                "y": rows["cue_biomass"].to_numpy(float),
                "line": {"width": 1.3, "color": _COLOURS[number % len(_COLOURS)]},
                "marker": {"size": 4},
                "name": names[genome],
                "hovertemplate": f"{names[genome]} on {rows['substrate'].iloc[0]}<br>%{{y:.3f}}<extra></extra>",
                "showlegend": False,
            }
        )
    layout: Layout = {
        "xaxis": _GRID
        | {"title": {"text": "uptake, mmol C gDW⁻¹ h⁻¹"}, "type": "log", "tickvals": [2, 4, 6, 10, 20, 40, 60]},
        "yaxis": _GRID | {"title": {"text": "CUE"}},
        "margin": {"l": 50, "r": 10, "t": 8, "b": 46},
    }
    return Figure(
        "curves",
        "",
        f"CUE of {len(shown)} genomes against the rate of uptake: it falls where maintenance takes a larger share.",
        traces,
        layout,
        aspect=1.5,
        least_height=300,
    )


def _pirt_table(panel: Panel, names: dict[str, str]) -> Table | None:
    """Pirt's line for each genome of the curves: what it makes of carbon beyond maintenance, and what that takes."""
    grown = panel.curves[(panel.curves["status"] == GROWS) & (panel.curves["doubts"] == "")]
    rows = []
    for genome, curve in grown.groupby("genome", sort=False):
        if len(curve) < FEWEST_RATES:
            continue
        uptake = curve["uptake"].to_numpy(float)
        line = pirt_line(uptake, uptake - (curve["respiration"] + curve["exudation"]).to_numpy(float))
        shipped = panel.genomes.set_index("genome").loc[str(genome), "shipped_maintenance"]
        rows.append(
            (
                names[str(genome)],
                [
                    Cell(str(curve["substrate"].iloc[0])),
                    Cell(f"{line.true_yield:.3f}"),
                    Cell(f"{round(line.maintenance, 2) + 0.0:.2f}"),
                    Cell(f"{shipped:.2f}"),
                    Cell(f"{line.largest_misfit:.1%}"),
                ],
            )
        )
    header = [
        ("", 1),
        ("on", 1),
        ("true yield", 1),
        ("maintenance, mmol C gDW⁻¹ h⁻¹", 1),
        ("of the file, mmol ATP gDW⁻¹ h⁻¹", 1),
        ("largest misfit", 1),
    ]
    return (
        Table("Pirt's line: uptake = carbon kept / true yield + maintenance", [header], rows[:MOST_ROWS])
        if rows
        else None
    )


def _class_table(panel: Panel) -> Table:
    trusted = panel.yields[panel.yields["trusted"]]
    order = list(dict.fromkeys(class_of(name) for name in panel.settings.substrates))
    rows: list[tuple[str, Sequence[Cell]]] = []
    for group in order:
        cells = []
        for word in panel.settings.maintenance:
            here = trusted[(trusted["substrate_class"] == group) & (trusted["maintenance"] == str(word))]
            cue = here["cue_biomass"]
            cells.append(
                Cell(
                    f"{cue.mean():.2f} ± {cue.std():.2f}" if len(cue) > 1 else f"{cue.mean():.2f}",
                    _pairs(here),
                    cue.mean(),
                )
                if len(cue)
                else Cell("–", note=True)
            )
        rows.append((group, cells))
    header = [("", 1), *((_maintenance_words(str(word)), 1) for word in panel.settings.maintenance)]
    return Table("CUE by class of substrate: mean ± standard deviation over genomes and substrates", [header], rows)


def _pairs(rows: pd.DataFrame) -> str:
    return f"{_counted(rows['genome'].nunique(), 'genome')}, {_counted(rows['substrate'].nunique(), 'substrate')}"


def _audit_table(panel: Panel, names: dict[str, str]) -> Table:
    read = panel.genomes[panel.genomes["failure"] == ""].head(MOST_ROWS)
    rows = [
        (
            names[row["genome"]],
            [
                Cell("yes" if row["sound"] else "NO"),
                Cell("–" if np.isnan(row["energy_from_nothing"]) else f"{row['energy_from_nothing']:,.4g}"),
                Cell(f"{row['carbon_unbalanced']:.0f}"),
                Cell(f"{row['unbalanced']:.0f}"),
                Cell(f"{row['unchecked']:.0f}"),
                Cell(f"{row['shipped_maintenance']:.3g}"),
                Cell(_other_findings(str(row["findings"])) or "nothing", prose=True),
            ],
        )
        for _, row in read.iterrows()
    ]
    header = [
        ("", 1),
        ("sound", 1),
        ("ATP from nothing", 1),
        ("make or lose carbon", 1),
        ("of any element", 1),
        ("unchecked", 1),
        ("maintenance as shipped", 1),
        ("found beside", 1),
    ]
    return Table("What the audit found: numbers of reactions; rates in mmol ATP gDW⁻¹ h⁻¹", [header], rows)


def _other_findings(findings: str) -> str:
    """Findings on one line, without those that have a column of their own, and without the long names of reactions."""
    counted = ("carbon: ", "other elements: ", "want of formulas")
    lines = [line for line in findings.splitlines() if not any(words in line for words in counted)]
    return ". ".join(line.partition(": ")[0] if " reaction" in line.partition(": ")[0] else line for line in lines)[
        :600
    ]


def _growth_table(panel: Panel, names: dict[str, str]) -> Table | None:
    """Why genomes do not grow: a row a genome and reason, with the substrates it holds for."""
    here = panel.yields[
        (panel.yields["maintenance"] == str(panel.settings.maintenance[0])) & (panel.yields["status"] != GROWS)
    ]
    here = here[here["status"] != NO_EXCHANGE]
    if here.empty:
        return None
    rows = [
        (names[str(genome)], [Cell(", ".join(part["substrate"]), prose=True), Cell(str(reason), prose=True)])
        for (genome, reason), part in here.groupby(["genome", "reason"], sort=False)
    ]
    return Table("Genomes that do not grow, and what they would need", [[("", 1), ("on", 1), ("why", 1)]], rows[:200])


def _doubt_table(panel: Panel, names: dict[str, str]) -> Table | None:
    """Why numbers are doubted: a row a genome and kind of doubt."""
    here = panel.yields[
        (panel.yields["maintenance"] == str(panel.settings.maintenance[0])) & (panel.yields["doubts"] != "")
    ]
    if here.empty:
        return None
    rows = []
    for genome, part in here.groupby("genome", sort=False):
        first = part.iloc[0]
        low, high = part["cue_biomass"].min(), part["cue_biomass"].max()
        cue = f"{low:.2f} to {high:.2f}" if np.isfinite(low) else "–"
        rows.append(
            (
                names[str(genome)],
                [
                    Cell(cue, _counted(len(part), "substrate")),
                    Cell(f"on {first['substrate']}: {first['doubts']}", prose=True),
                ],
            )
        )
    return Table("Genomes that grow, but whose numbers are doubted", [[("", 1), ("CUE", 1), ("why", 1)]], rows[:200])


def _limit_words(limits: pd.DataFrame) -> str:
    """How much hangs on where doubt begins, in sentences."""
    if not limits["trusted"].any():
        return "No limit of these doubts, stricter or looser, lets a number pass."
    now, alone = limits.iloc[0], limits[limits["side"].isin(["stricter", "looser"])]
    alone, together = alone[alone["limit"] != "all together"], alone[alone["limit"] == "all together"]
    moved = alone[alone["gained"] + alone["lost"] > 0]
    mean = f", with a mean CUE of {now['mean_cue']:.3f}" if now["trusted"] else ""
    said = (
        "The limits behind these doubts were set by hand, after models had been seen. "
        f"As set, {now['trusted']:,} pairs pass{mean}. "
    )
    if moved.empty:
        said += "Moving any one of them to a stricter or a looser value changes no verdict here."
    else:
        said += (
            f"Moving one of them changes at most {int((moved['gained'] + moved['lost']).max()):,} verdicts, and leaves "
            f"the mean within {moved['mean_cue'].min():.3f} to {moved['mean_cue'].max():.3f}; limits that are not in "
            "the table change none."
        )
    means = " and ".join(
        f"{row['mean_cue']:.3f} ({row['side']}, {row['trusted']:,} pairs)"
        for _, row in together[together["trusted"] > 0].iterrows()
    )
    return f"{said} All moved at once, the mean is {means}."


def _limit_table(limits: pd.DataFrame) -> Table | None:
    """What each limit that matters changes."""
    moved = limits[(limits["gained"] + limits["lost"] > 0) & (limits["limit"] != "all together")]
    if moved.empty:
        return None
    now = limits.iloc[0]
    rows = [
        (
            f"{WORDS[row['limit']]}",
            [
                Cell(f"{row['value']:g}", row["side"]),
                Cell(f"{row['trusted']:,}", f"+{row['gained']:,} −{row['lost']:,}"),
                Cell(f"{row['mean_cue']:.3f}", f"{row['mean_cue'] - now['mean_cue']:+.3f}"),
                Cell(_some_genomes(row["changed"]), prose=True),
            ],
        )
        for _, row in moved.iterrows()
    ]
    header = [
        ("limit of doubt", 1),
        ("moved to", 1),
        ("pairs that pass", 1),
        ("mean CUE", 1),
        ("whose verdict changes", 1),
    ]
    return Table("What changes where doubt begins elsewhere", [header], rows)


def _some_genomes(changed: str) -> str:
    found = changed.split(", ")
    return ", ".join(found[:8]) + (f" and {len(found) - 8} more" if len(found) > 8 else "")


def _failed_table(failed: pd.DataFrame) -> Table | None:
    if failed.empty:
        return None
    rows = [(str(row["file"]), [Cell(str(row["failure"]), prose=True)]) for _, row in failed.head(MOST_ROWS).iterrows()]
    return Table("Files that could not be used", [[("", 1), ("why", 1)]], rows)


def _group_table(comparison: Comparison) -> Table | None:
    if comparison.groups is None:
        return None
    rows = [
        (
            str(row["group"]),
            [
                Cell(f"{row['published_mean']:.2f} ± {row['published_sd']:.2f}", f"{row['published_genomes']} genomes"),
                Cell(f"{row['mean']:.2f}", _counted(int(row["genomes"]), "genome"))
                if row["genomes"]
                else Cell("–", note=True),
            ],
        )
        for _, row in comparison.groups.iterrows()
    ]
    header = [("", 1), ("draft of Saifuddin et al. (2019)", 1), ("here", 1)]
    return Table("CUE by group of bacteria, predicted", [header], rows)


def _measured_table(comparison: Comparison) -> Table | None:
    if comparison.measured is None:
        return None
    rows = [
        (
            str(row["substrate"]),
            [
                Cell(f"{row['measured_median']:.3f}", f"{row['isolates']} isolates"),
                Cell(f"{row['measured_high']:.2f}"),
                Cell(f"{row['predicted_median']:.2f}", _counted(int(row["genomes"]), "genome"))
                if row["genomes"]
                else Cell("–", note=True),
            ],
        )
        for _, row in comparison.measured.iterrows()
    ]
    header = [("", 1), ("measured, median", 1), ("measured, best tenth from", 1), ("predicted here, median", 1)]
    return Table("Growth efficiency of lake bacteria (Muscarella et al. 2020) and CUE of genomes here", [header], rows)
