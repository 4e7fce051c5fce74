"""The page of the virtual laboratory: what methods would read of a soil, and what it takes to see a treatment."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from soilcue import __version__
from soilcue.core.references import bibliography
from soilcue.lab import HOURS, SCENARIOS, IncubatedSoil, Noise, compare, design, directions, responses, translate
from soilcue.lab.closed_forms import at_start
from soilcue.lab.comparison import VAPOUR_RATE, readings
from soilcue.lab.design import MOST_REPLICATES, NATURAL_CARBON, NATURAL_OXYGEN
from soilcue.lab.experiment import CELLS, REFERENCE_STOCKS, incubate, reference_jar
from soilcue.lab.translation import UNKNOWN
from soilcue.measure.columns import HOW, PROCESSES
from soilcue.measure.methods import METHODS
from soilcue.report import lab_figures as figures
from soilcue.report.page import Cell, Table, write_page

ARROWS = {1: "rises", 0: "stays", -1: "falls"}
MOVED = {
    "time": "time",
    "mortality": "turnover",
    "exudation": "exudation",
    "overflow": "overflow",
    "maintenance": "maintenance",
}
NOISE_WORDS = {
    "co2": "respired carbon, relative",
    "biomass": "biomass carbon, relative",
    "dna": "DNA made, relative",
    "extract": "label left in an extract, relative",
    "heat": "heat or O2, relative",
    "tracer": "growth by leucine, thymidine or acetate, relative",
    "flux_ratio": "CUE of a flux analysis",
    "atoms_biomass": "13C of an extract, atom percent",
    "atoms_co2": "13C of CO2, atom percent",
    "atoms_dna": "18O of DNA, atom percent",
    "soil": "true CUE between replicates",
}


@dataclass(frozen=True)
class Question:
    """What a person asks of the laboratory.

    Parameters
    ----------
    scenarios : sequence of str
    hours : sequence of float
        When to look, h.
    at_hours : float
        The one of them that tables and maps show.
    dose : float
        Substrate, microgram of carbon per gram of soil.
    parameters, stocks, cells, assumed : mapping
        The soil at hand and the factors used on it, where they are not the reference (`soilcue.lab.compare`).
    treatment : mapping
        Parameters of the treatment to be told from the soil at hand.
    enrichment, water_enrichment : float
        13C of the substrate and 18O of the soil's water, atom percent.
    power : float
    noise : Noise
    method, reading : str and float, optional
        What one method read, to be translated to others.
    """

    scenarios: Sequence[str] = tuple(SCENARIOS)
    hours: Sequence[float] = HOURS
    at_hours: float = 24.0
    dose: float = 20.0
    parameters: Mapping[str, Any] = field(default_factory=dict)
    stocks: Mapping[str, float] = field(default_factory=dict)
    cells: Mapping[str, Any] = field(default_factory=dict)
    assumed: Mapping[str, float] = field(default_factory=dict)
    treatment: Mapping[str, Any] = field(default_factory=lambda: {"growth_yield": 0.63})
    enrichment: float = 5.0
    water_enrichment: float = 20.0
    power: float = 0.8
    noise: Noise = field(default_factory=Noise)
    method: str | None = None
    reading: float | None = None


@dataclass(frozen=True)
class Answer:
    """What the laboratory says: the tables behind the page."""

    question: Question
    comparison: pd.DataFrame
    responses: pd.DataFrame
    directions: pd.DataFrame
    plan: pd.DataFrame
    translation: pd.DataFrame | None


BETWEEN = (1.0, 3.0, 6.0, 12.0, 24.0, 48.0, 72.0, 120.0, 168.0)
"""Hours that lines are drawn through, beside those asked for."""


def answer(question: Question, progress: Any = None) -> Answer:
    """Run all that the page shows.

    Parameters
    ----------
    question : Question
    progress : callable, optional
        Told of the work: name, done, total.

    Raises
    ------
    InputError
        For anything in the question that makes no sense.
    """
    q = question
    last = max(q.hours, default=0.0)
    hours = sorted({*q.hours, q.at_hours, *(hour for hour in BETWEEN if hour <= max(last, q.at_hours))})
    soil: dict[str, Any] = {"parameters": q.parameters, "stocks": q.stocks, "cells": q.cells}
    translation = None
    if q.method is not None and q.reading is not None:
        translation = translate(
            q.method,
            q.reading,
            q.at_hours,
            dose=q.dose,
            parameters={name: float(np.max(value)) for name, value in q.parameters.items()},
            stocks=q.stocks,
            cells=q.cells or None,
            assumed=q.assumed,
        )
    table = compare(q.scenarios, hours, dose=q.dose, assumed=q.assumed, progress=progress, **soil)
    answers = responses(hours=q.at_hours, dose=q.dose, assumed=q.assumed, **soil)
    control = reference_jar(q.parameters, q.stocks, **q.cells)
    treated = reference_jar({**q.parameters, **q.treatment}, q.stocks, **q.cells)
    doses = sorted({5.0, 20.0, 100.0, q.dose} - {0.0})
    plan = design(
        treated,
        control,
        hours=hours,
        doses=doses,
        enrichment=q.enrichment,
        water_enrichment=q.water_enrichment,
        noise=q.noise,
        power=q.power,
    )
    return Answer(q, table, answers, directions(q.at_hours), plan, translation)


def references_of_answer(found: Answer) -> tuple[str, ...]:
    """Keys of what to cite: the framework, the model, the methods compared."""
    methods = dict.fromkeys(found.comparison["method"])
    of_methods = [key for name in methods for key in METHODS[name].references]
    own = ("he2024", *IncubatedSoil.references, "manzoni2014", "chakrawal2020", "dormand1980")
    return tuple(dict.fromkeys((*own, *of_methods)))


def summary_lines(found: Answer) -> list[str]:
    """What a terminal shows."""
    day = _day(found)
    first = day[day.scenario == found.question.scenarios[0]]
    lines = [
        f"{_title(first.scenario.iloc[0])}, {found.question.at_hours:g} h, {found.question.dose:g} ug C per g: "
        f"true CUE_C {first.cue_community.iloc[0]:.3f}, CUE_E {first.cue_ecosystem.iloc[0]:.3f}"
    ]
    width = max(len(title) for title in first["title"])
    for row in first.itertuples():
        value = f"{row.reading:.3f}  ({row.bias_community:+.3f})" if np.isfinite(row.reading) else "nothing to read"
        lines.append(f"  {row.title:<{width}}  {value}")
    if found.translation is not None:
        table, q = found.translation, found.question
        lines.append(f"if {METHODS[str(q.method)].title} reads {q.reading:g}, others would read (middle 90 %):")
        for name, row in table.iterrows():
            if name != q.method:
                spread = f"({row['lower']:.3f} to {row['upper']:.3f})"
                lines.append(f"  {_quantity(str(name)):<{width}}  {row['median']:.3f}  {spread}")
    return lines


def lab_page(found: Answer, path: str | os.PathLike[str], title: str = "What would other methods have read?") -> Path:
    """Write the page: one HTML file that needs no network.

    Parameters
    ----------
    found : Answer
    path : path
        The HTML file to write.
    title : str

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    q = found.question
    groups = figures.groups_of(found.comparison)
    response = figures.response_figures(found.responses, groups)
    doses = sorted(found.plan["dose"].unique())
    doses = [q.dose, *(d for d in doses if d != q.dose)] if q.dose in doses else doses
    drawn = [
        *([] if found.translation is None else [figures.translation_figure(found.translation, groups)]),
        figures.time_figure(found.comparison, groups),
        figures.bias_figure(found.comparison, groups, q.at_hours),
        *response,
        figures.replicates_figure(found.plan, groups),
    ]
    names = list(dict.fromkeys(found.comparison["scenario"]))
    content = {
        "title": title,
        "lead": "One soil, its true fluxes known, read through every method of measuring carbon use efficiency (CUE).",
        "findings": _findings(found, groups),
        "glance_table": _glance_table(found, groups),
        "translation_table": None if found.translation is None else _translation_table(found, groups),
        "translation_words": [] if found.translation is None else _translation_words(found),
        "scenarios": [(name, _title(name)) for name in names],
        "scenario_words": [(name, _words(name)) for name in names],
        "at_hours": f"{q.at_hours:g}",
        "against": list(figures.AGAINST.items()),
        "response_figures": [figure.name for figure in response],
        "includes_table": _includes_table(),
        "how": list(HOW.items()),
        "forms_table": _forms_table(found, groups),
        "design_words": _design_words(found),
        "design_table": _design_table(found, groups),
        "noise_table": _noise_table(q.noise),
        "doses": [(f"{dose:g}", f"{dose:g}") for dose in doses],
        "most": MOST_REPLICATES,
        "done": _done(found),
        "soil_table": _soil_table(q),
        "references": bibliography(references_of_answer(found)),
        "version": __version__,
    }
    return write_page("lab.html.j2", path, drawn, content)


def _title(name: str) -> str:
    return SCENARIOS[name].title if name in SCENARIOS else name


def _words(name: str) -> str:
    if name not in SCENARIOS:
        return ""
    text = SCENARIOS[name].description
    return f"{SCENARIOS[name].title}: {text[0].lower() + text[1:]}."


def _quantity(name: str) -> str:
    """A row of a translation in words."""
    own = {
        "cue_community": "true CUE_C",
        "cue_ecosystem": "true CUE_E",
        "gross_growth": "gross growth per uptake",
        "growth_yield": "growth per carbon assimilated (Y)",
    }
    return own.get(name) or METHODS[name].title


def _day(found: Answer) -> pd.DataFrame:
    return found.comparison[np.isclose(found.comparison["hours"], found.question.at_hours)]


def _number(value: float, digits: int = 3, sign: bool = False) -> str:
    if not np.isfinite(value):
        return "–"
    return f"{value:{'+' if sign else ''}.{digits}f}".replace("-", "−")


def _findings(found: Answer, groups: Mapping[str, Sequence[str]]) -> list[str]:
    """What the tables say, in sentences."""
    day = _day(found)
    name = str(day["scenario"].iloc[0])
    first = day[(day.scenario == name) & day["method"].isin(list(groups))].dropna(subset=["reading"])
    highest, lowest = (first.loc[first["reading"].agg(pick)] for pick in ("idxmax", "idxmin"))
    hours = f"{found.question.at_hours:g} hours"
    lines = [
        f"{_title(name)}, {hours}: the same soil reads from {_number(lowest.reading)} ({figures.short(lowest.method)}) "
        f"to {_number(highest.reading)} ({figures.short(highest.method)}), while its true CUE_C is "
        f"{_number(highest.cue_community)} and its CUE_E {_number(highest.cue_ecosystem)}."
    ]
    near = first.loc[first["bias_community"].abs().idxmin()]
    lines.append(
        f"Closest to CUE_C: {figures.short(near.method)} ({_number(near.bias_community, sign=True)}). Close is not "
        "right: in other scenarios below it is another method."
    )
    added, alone = float(first.cue_community.iloc[0]), float(first.cue_community_left_alone.iloc[0])
    if found.question.dose > 0 and abs(added - alone) > 5e-4:
        lines.append(
            f"The substrate itself {'raises' if added > alone else 'lowers'} CUE_C from {_number(alone)} to "
            f"{_number(added)}: a method can read the incubated soil rightly and still not the soil in the field."
        )
    spread = day.dropna(subset=["bias_community"])
    worst = spread.loc[spread["bias_community"].abs().idxmax()]
    lines.append(
        f"Largest bias of all scenarios: {figures.short(worst.method)} in “{_title(worst.scenario)}”, "
        f"{_number(worst.bias_community, sign=True)}."
    )
    return lines


def _glance_table(found: Answer, groups: Mapping[str, Sequence[str]]) -> Table:
    day = _day(found)
    first = day[day.scenario == day["scenario"].iloc[0]].set_index("method")
    rows: list[tuple[str, Sequence[Cell]]] = []
    for method, members in groups.items():
        row = first.loc[method]
        others = "; ".join(METHODS[name].title for name in members)
        nothing = not np.isfinite(row.reading)
        rows.append(
            (
                figures.short(method),
                [
                    Cell("nothing to read", note=True) if nothing else Cell(_number(row.reading)),
                    *(Cell(_number(row[name], sign=True)) for name in figures.AGAINST),
                    Cell(others, prose=True),
                ],
            )
        )
    true = first.iloc[0]
    rows += [
        ("What truly happened", []),
        (
            "CUE_C",
            [Cell(_number(true.cue_community)), *[Cell("")] * 3, Cell("(U − R − EX)/U, He et al. (2024)", prose=True)],
        ),
        ("CUE_E", [Cell(_number(true.cue_ecosystem)), *[Cell("")] * 3, Cell("(U − R − EX − MD)/U", prose=True)]),
        (
            "CUE_C left alone",
            [
                Cell(_number(true.cue_community_left_alone)),
                *[Cell("")] * 3,
                Cell("nothing added to the soil", prose=True),
            ],
        ),
    ]
    return Table(
        f"{_title(str(day['scenario'].iloc[0]))}, after {found.question.at_hours:g} h: what methods read",
        [
            [
                ("", 1),
                ("reading", 1),
                ("less CUE_C", 1),
                ("less CUE_E", 1),
                ("as practised, less CUE_C left alone", 1),
                ("methods", 1),
            ]
        ],
        rows,
    )


def _translation_table(found: Answer, groups: Mapping[str, Sequence[str]]) -> Table:
    table, q = found.translation, found.question
    assert table is not None

    def cells(name: str, words: str) -> list[Cell]:
        row = table.loc[name]
        interval = f"{_number(row['lower'])} to {_number(row['upper'])}"
        return [Cell(_number(row["median"])), Cell(interval), Cell(words, prose=True)]

    there = sorted((name for name in groups if name in table.index), key=lambda name: -table.loc[name, "median"])
    rows: list[tuple[str, Sequence[Cell]]] = []
    for name in there:
        words = [METHODS[member].title + " (used)" * (member == q.method) for member in groups[name]]
        rows.append((figures.short(name), cells(name, "; ".join(words))))
    rows.append(("What would truly have happened", []))
    truly = {
        "cue_community": ("CUE_C", "(U − R − EX)/U"),
        "cue_ecosystem": ("CUE_E", "(U − R − EX − MD)/U"),
        "gross_growth": ("gross growth", "per uptake"),
        "growth_yield": ("growth yield", "growth per carbon assimilated (Y)"),
    }
    rows += [(label, cells(name, words)) for name, (label, words) in truly.items()]
    return Table(
        f"If {METHODS[str(q.method)].title} reads {q.reading:g} after {q.at_hours:g} h",
        [[("", 1), ("middle", 1), ("middle 90 %", 1), ("methods", 1)]],
        rows,
    )


def _translation_words(found: Answer) -> list[str]:
    assert found.translation is not None
    a = found.translation.attrs
    ranges = "; ".join(f"{name.replace('_', ' ')} {low:g} to {high:g}" for name, (low, high) in UNKNOWN.items())
    return [
        f"The growth yield is set so that the method reads this, in {a['possible']} of {a['draws']} soils drawn"
        f"{' (in the others no yield gives it)' if a['possible'] < a['draws'] else ''}. What the reading leaves open "
        "is drawn from ranges that are an assumption around the reference soil: the spread is theirs.",
        f"Ranges, uniform on a logarithmic scale: {ranges}. What is given for the soil at hand is not drawn.",
    ]


def _includes_table() -> Table:
    rows = [
        (
            METHODS[name].title,
            [
                Cell(METHODS[name].includes[process].how if process in METHODS[name].includes else "–")
                for process in PROCESSES
            ],
        )
        for name in METHODS
    ]
    return Table(
        "How each process enters the CUE of a method",
        [[("", 1), *((name.replace("_", " "), 1) for name in PROCESSES)]],
        rows,
    )


def _forms_table(found: Answer, groups: Mapping[str, Sequence[str]]) -> Table:
    """Closed forms at the start beside readings of the model later, and the direction of the bias."""
    q = found.question
    jar = reference_jar(q.parameters, q.stocks, **q.cells)
    p = {name: float(np.asarray(value).ravel()[0]) for name, value in jar.network.parameters.items()}
    first = incubate(jar, (0.01,), q.dose, VAPOUR_RATE).incubation
    u = float(first.uptake[0])
    start = at_start(
        p["growth_yield"], p["exudation"], p["overflow"], float(first.maintenance[0]) / u, float(first.mortality[0]) / u
    )
    of_food = ("substrate_reduction", "biomass_reduction", "oxycaloric")
    heat = {"oxygen": first.oxygen[0] / u, "heat": first.heat[0] / u}
    closed = readings(replace(start, **heat, **{name: getattr(first, name) for name in of_food}))
    base = found.comparison[found.comparison["scenario"] == found.question.scenarios[0]]
    hours = sorted(base["hours"].unique())
    shown = [hours[0], q.at_hours, hours[-1]]
    rows: list[tuple[str, Sequence[Cell]]] = []
    for method in groups:
        later = [float(base[(base.method == method) & np.isclose(base.hours, h)]["reading"].iloc[0]) for h in shown]
        moves = found.directions.loc[method] if method in found.directions.index else None
        arrows = [Cell("–" if moves is None else ARROWS[int(moves[name])]) for name in MOVED]
        rows.append(
            (
                figures.short(method),
                [Cell(_number(float(closed.get(method, np.nan)))), *(Cell(_number(v)) for v in later), *arrows],
            )
        )
    return Table(
        "Closed form at the start (exact without storage, for one population), readings later, and how the bias "
        "against CUE_C moves with longer incubation and with more of each process (at the reference soil)",
        [
            [("", 1), ("reading", 4), (f"bias at {q.at_hours:g} h", len(MOVED))],
            [("", 1), ("start", 1), *((f"{h:g} h", 1) for h in shown), *((words, 1) for words in MOVED.values())],
        ],
        rows,
    )


def _design_words(found: Answer) -> list[str]:
    q = found.question
    changed = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in q.treatment.items())
    row = found.plan[np.isclose(found.plan["hours"], q.at_hours)].iloc[0]
    return [
        f"Treatment: {changed}; all else as in the soil at hand. The true CUE_C differs by "
        f"{_number(row.true_difference, sign=True)} after {q.at_hours:g} h. Replicates are those of a two-sided t test "
        f"at 5 % with a power of {q.power:.0%}; substrate of {q.enrichment:g} atom % 13C, soil water of "
        f"{q.water_enrichment:g} atom % 18O.",
        "Factors that all samples share (kEC, carbon per DNA, standards) bias a method and do not blur a contrast, so "
        "they are not in here: a method that needs few replicates may still read the wrong level.",
    ]


def _design_table(found: Answer, groups: Mapping[str, Sequence[str]]) -> Table:
    q = found.question
    doses = found.plan["dose"].unique()
    dose = q.dose if q.dose in doses else doses[0]
    chosen = found.plan[np.isclose(found.plan["hours"], q.at_hours) & (found.plan["dose"] == dose)].set_index("method")
    rows: list[tuple[str, Sequence[Cell]]] = []
    for method in groups:
        if method not in chosen.index:
            continue
        row = chosen.loc[method]
        n = f"{row.replicates:.0f}" if np.isfinite(row.replicates) else f"over {MOST_REPLICATES}"
        least = "–" if np.isnan(row.least_enrichment) else f"{row.least_enrichment:.2f}"
        rows.append(
            (
                figures.short(method),
                [
                    Cell(_number(row.difference, sign=True)),
                    Cell(_number(row.spread)),
                    Cell(n),
                    Cell(least, detail="" if row.detected else "not reached"),
                    Cell(NOISE_WORDS[str(row.largest_noise)], prose=True),
                ],
            )
        )
    return Table(
        f"Telling the treatment apart after {q.at_hours:g} h with {dose:g} ug C per g",
        [
            [
                ("", 1),
                ("difference read", 1),
                ("standard deviation of a replicate", 1),
                ("replicates", 1),
                ("least enrichment detected, atom %", 1),
                ("largest source of spread", 1),
            ]
        ],
        rows,
    )


def _noise_table(noise: Noise) -> Table:
    rows = [(words, [Cell(f"{getattr(noise, name):g}")]) for name, words in NOISE_WORDS.items()]
    return Table(
        "Noise reckoned with, standard deviations: round numbers of the size laboratories report, an assumption",
        [[("", 1), ("standard deviation", 1)]],
        rows,
    )


def _done(found: Answer) -> dict[str, str]:
    table = found.comparison
    return {
        "Model": "the incubation model of soilcue (two populations, active or dormant, reserves, maintenance, "
        "overflow, exudation, death, recycling); label follows every flux with the signature of the pool it leaves, "
        "new DNA follows growth and is lost with cells that die",
        "Integration": f"Dormand-Prince of fifth order; estimated error at most {table['integration_error'].max():.0e} "
        f"of the carbon in the jar, carbon and label close to {max(table['closure'].max(), 1e-16):.0e}",
        "Reading": "each method's own operator on the true fluxes, with the factors said to be used",
        "Vapour": f"18O of the soil's water rises at {VAPOUR_RATE:g} per hour for the vapour method",
        "Detection": "label counts as detected above three standard deviations of the difference from an unlabelled "
        f"control ({NATURAL_CARBON:g} atom % 13C, {NATURAL_OXYGEN:g} atom % 18O)",
        "Truth": "CUE_C = (U − R − EX)/U and CUE_E = (U − R − EX − MD)/U over the incubation, He et al. (2024)",
    }


def _soil_table(q: Question) -> Table:
    """The soil at hand: every number of it."""
    jar = reference_jar(q.parameters, q.stocks, **q.cells)
    rows: list[tuple[str, Sequence[Cell]]] = [("Parameters", [])]
    for declared in IncubatedSoil.declared:
        values = np.atleast_1d(np.asarray(jar.network.parameters[declared.name]))
        text = " / ".join(f"{v:g}" for v in values) if len(set(values.tolist())) > 1 else f"{values[0]:g}"
        given = "given" if declared.name in q.parameters else ""
        rows.append((declared.name, [Cell(text, given), Cell(declared.unit), Cell(declared.description, prose=True)]))
    rows.append(("At the start", []))
    for pool, stock in zip(jar.network.pools, np.asarray(jar.stocks), strict=True):
        if stock > 0:
            given = "given" if pool.name in q.stocks else ""
            rows.append((pool.name, [Cell(f"{stock:g}", given), Cell("ug g-1"), Cell(pool.description, prose=True)]))
    rows.append(("Cells and their food", []))
    made_of = jar.composition
    first = {
        "extractable": made_of.extractable["active_users"],
        "native_reduction": made_of.native_reduction["dissolved"],
    }
    for name, declared in CELLS.items():
        value = float(first[name] if name in first else getattr(made_of, name))
        given = "given" if name in q.cells else ""
        rows.append((name, [Cell(f"{value:g}", given), Cell(declared.unit), Cell(declared.description, prose=True)]))
    return Table(
        "The soil at hand; for two populations both values where they differ",
        [[("", 1), ("value", 1), ("unit", 1), ("meaning", 1)]],
        rows,
    )


def pools_and_parameters() -> dict[str, str]:
    """Names a person can set, and which part of the soil each belongs to."""
    names = {declared.name: "parameters" for declared in IncubatedSoil.declared}
    names |= {pool.name: "stocks" for pool in IncubatedSoil.pools if pool.name != "added"}
    return names | dict.fromkeys(CELLS, "cells") | dict.fromkeys(REFERENCE_STOCKS, "stocks")
