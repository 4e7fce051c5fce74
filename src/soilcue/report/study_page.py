"""The page of a study: what was run, what came out, how runs differ, and where every number comes from."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from soilcue import __version__
from soilcue.core.budget import RULES
from soilcue.data import coastlines
from soilcue.report import study_figures as figures
from soilcue.report.page import Cell, Table, write_page
from soilcue.study.plan import Plan
from soilcue.study.running import Finished
from soilcue.study.schema import Experiment, Transient
from soilcue.study.summary import WINDOW, Summary, reference_of, summarised

MANY = 20
"""Members of an ensemble of which the middle nine tenths are shown, and not the ends."""
MOST_MAPPED = 12
"""Runs that get maps; of a larger study the first ones."""


def study_page(plan: Plan, finished: Sequence[Finished], path: str | os.PathLike[str]) -> Path:
    """Write the page of a study: one HTML file that needs no network.

    Parameters
    ----------
    plan : Plan
        What the study amounts to.
    finished : sequence of Finished
        Its runs with their results.
    path : path
        The HTML file to write.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    study = plan.source.study
    runs = [summarised(one) for one in finished]
    mapped = []
    for one, summary in list(zip(finished, runs, strict=True))[:MOST_MAPPED]:
        result = one.result
        if figures.is_grid(summary, result):
            mapped.append((summary, result[["status"]]))
    coasts = coastlines() if mapped else []
    world = figures.map_figures(mapped, coasts)
    differences = figures.difference_maps(mapped, coasts)
    sites = [] if mapped else figures.site_figures(runs)
    series = figures.series_figures(runs)
    rules = list(dict.fromkeys(rule for one in runs for rule in one.cue))
    references = list(dict.fromkeys(line for one in runs for line in one.attributes["references"].splitlines()))
    return write_page(
        "study.html.j2",
        path,
        [*world, *differences, *sites, *series],
        {
            "title": study.title,
            "lead": _lead(plan, runs),
            "note": study.note,
            "rules": {rule: RULES.get(rule, "") for rule in rules},
            "rule_choices": [(rule, rule) for rule in rules],
            "glance_tables": {rule: _glance_table(runs, rule) for rule in rules},
            "compared_tables": {rule: table for rule in rules if (table := _compared_table(runs, rule)) is not None},
            "maps": [figure.name for figure in world],
            "differences": [figure.name for figure in differences],
            "unmapped": len(runs) - len(mapped) if mapped else 0,
            "sites": [figure.name for figure in sites],
            "series": [figure.name for figure in series],
            "places": figures.places(runs),
            "window": WINDOW,
            "ensembles": any(one.members for one in runs),
            "many": MANY,
            "weighting": ", ".join(dict.fromkeys(one.weighting for one in runs)),
            "status_table": _status_table(runs),
            "limits": [f"{one.run}: {text}: {count:,} cells" for one in runs for text, count in one.limits.items()],
            "members": [
                f"{one.run}: flagged in the other members: {one.member_flagged:,} of "
                f"{one.driven * (len(one.members) - 1):,} cells"
                for one in runs
                if one.member_flagged
            ],
            "runs_table": _runs_table(plan, finished, runs),
            "assumptions": list(
                dict.fromkeys(
                    line for one in runs for line in one.attributes.get("assumptions", "").splitlines() if line
                )
            ),
            "provenance": {
                "software": f"soilcue {__version__}, {', '.join(runs[0].attributes['versions'].splitlines())}",
                "inputs": [f"{name}: sha256 {checksum}" for name, checksum in plan.inputs.items()],
            },
            "study_text": plan.source.text,
            "references": references,
            "version": __version__,
        },
    )


def _lead(plan: Plan, runs: Sequence[Summary]) -> str:
    """What was run, in a sentence."""
    study = plan.source.study
    cells = max(one.driven for one in runs)
    return (
        f"{_count(len(study.models), 'model')} in {_count(len(study.experiments), 'experiment')}, "
        f"{_count(len(runs), 'run')} of up to {_count(cells, 'cell')} with drivers."
    )


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _glance_table(runs: Sequence[Summary], rule: str) -> Table:
    """The numbers a reader looks for first, one row a run."""
    rows = []
    ensembles = any(one.members for one in runs)
    for one in runs:
        low, high = one.spread(one.cue[rule]) if rule in one.cue else (math.nan, math.nan)
        cue = one.mean(one.cue[rule]) if rule in one.cue else math.nan
        end, start = one.mean(one.carbon), one.mean(one.carbon_start)
        change = 100.0 * (end / start - 1.0) if one.transient else math.nan
        rows.append(
            (
                one.run,
                [
                    Cell(f"{one.settled:,}", f"of {one.driven:,}"),
                    Cell(_number(cue, 3), f"{_number(low, 3)} to {_number(high, 3)}" if one.settled > 1 else ""),
                    *([Cell(_range(one.member_cue.get(rule), 3) or "–", note=not one.members)] if ensembles else []),
                    Cell(_number(end, 2), _range(one.member_carbon, 2)),
                    Cell(f"{_number(change, 1, sign=True)} %" if one.transient else "–", note=not one.transient),
                ],
            )
        )
    return Table(
        f"Runs at a glance (rule {rule})",
        [
            [
                ("run", 1),
                ("cells settled", 1),
                ("diagnosed CUE", 1),
                *([("CUE of the members", 1)] if ensembles else []),
                ("soil carbon, kg m⁻²", 1),
                ("since the start", 1),
            ]
        ],
        rows,
    )


def _range(values: np.ndarray | None, digits: int) -> str:
    """Lowest and highest of all members, the middle nine tenths where there are twenty and more; nothing without."""
    known = values[np.isfinite(values)] if values is not None else np.zeros(0)
    if known.size < 2:
        return ""
    low, high = np.quantile(known, [0.05, 0.95]) if known.size >= MANY else (known.min(), known.max())
    return f"{_number(float(low), digits)} to {_number(float(high), digits)}"


def _compared_table(runs: Sequence[Summary], rule: str) -> Table | None:
    """Each run beside the one it is compared with; none where there is nothing to compare."""
    rows = []
    for one in runs:
        other = reference_of(one, list(runs))
        if other is None or other.carbon.shape != one.carbon.shape or rule not in one.cue:
            continue
        difference = one.cue[rule] - other.cue[rule]
        carbon = one.mean(one.carbon - other.carbon)
        share = 100.0 * carbon / other.mean(other.carbon)
        rows.append(
            (
                one.run,
                [
                    Cell(other.run, prose=True),
                    Cell(_number(one.mean(difference), 4, sign=True)),
                    Cell(_number(carbon, 2, sign=True), f"{_number(share, 1, sign=True)} %"),
                ],
            )
        )
    if not rows:
        return None
    header = [("run", 1), ("compared with", 1), ("Δ diagnosed CUE", 1), ("Δ soil carbon, kg m⁻²", 1)]
    return Table(f"Runs against the first experiment of their model (rule {rule})", [header], rows)


def _status_table(runs: Sequence[Summary]) -> Table:
    """Number of cells by status, one row a run."""
    meanings = list(dict.fromkeys(meaning for one in runs for meaning in one.statuses.values()))
    rows = []
    for one in runs:
        values = {meaning: value for value, meaning in one.statuses.items()}
        rows.append(
            (one.run, [Cell(f"{int((one.status == values[m]).sum()) if m in values else 0:,}") for m in meanings])
        )
    return Table("Cells by what became of them", [[("run", 1), *[(meaning, 1) for meaning in meanings]]], rows)


def _runs_table(plan: Plan, finished: Sequence[Finished], runs: Sequence[Summary]) -> Table:
    """Every run: model, set, scheme, experiment, file."""
    rows = []
    for one, summary in zip(finished, runs, strict=True):
        told = summary.attributes
        rows.append(
            (
                summary.run,
                [
                    Cell(told["model"]),
                    Cell(told["parameter_set"], told.get("ensemble", ""), prose=True),
                    Cell(told["scheme"]),
                    Cell(_experiment_words(one.run.experiment, one.run.years), prose=True),
                    Cell(one.path.name),
                ],
            )
        )
    header = [("run", 1), ("model", 1), ("parameters", 1), ("CUE", 1), ("experiment", 1), ("file", 1)]
    return Table("What was run", [header], rows)


def _experiment_words(experiment: Experiment, years: int | None) -> str:
    """An experiment in words."""
    if isinstance(experiment, Transient):
        words = f"{years:,} years, {experiment.method} steps"
        if experiment.drivers is not None:
            words += f", drivers of {experiment.drivers.netcdf}"
    else:
        words = f"steady state, season {experiment.season}"
    for name, change in experiment.changes.items():
        if change.add is not None:
            words += f"; {name.replace('_', ' ')} {change.add:+g}"
        elif change.multiply is not None:
            words += f"; {name.replace('_', ' ')} × {change.multiply:g}"
        else:
            words += f"; {name.replace('_', ' ')} = {change.set:g}"
    return words.replace("-", "−") if "-" in words and "annual-mean" not in words else words


def _number(value: float, digits: int, sign: bool = False) -> str:
    """Number with a true minus sign; a dash where there is none."""
    if not math.isfinite(value):
        return "–"
    text = f"{value:{'+' if sign else ''},.{digits}f}"
    # what rounds to zero has no sign
    return f"{0:.{digits}f}" if float(text.replace(",", "")) == 0 else text.replace("-", "−")
