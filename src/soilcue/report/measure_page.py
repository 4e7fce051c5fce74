"""The page of a measurement: CUE of samples and treatments, and all that a reader needs to compare it with others."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

import pandas as pd

from soilcue import __version__
from soilcue.core.references import bibliography
from soilcue.measure.columns import HOW, LEVELS, PROCESSES
from soilcue.measure.measurement import Measurement
from soilcue.measure.metadata import fields_filled
from soilcue.measure.units_row import written_unit
from soilcue.report import measure_figures as figures
from soilcue.report.page import SUPERSCRIPT, Cell, Table, number, p_value, write_page

MOST_ROWS = 200
"""Samples shown in the table of the page; the workbook has all."""


def measure_page(result: Measurement, path: str | os.PathLike[str], title: str = "Carbon use efficiency") -> Path:
    """Write the page of a measurement: one HTML file that needs no network.

    Parameters
    ----------
    result : Measurement
        What a method made of a sheet.
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
    contrast = figures.contrast_figure(result)
    contribution = figures.contribution_figure(result)
    drawn = [figures.treatment_figure(result), *[one for one in (contrast, contribution) if one is not None]]
    fields = fields_filled(result.metadata)
    missing = sum(not value for _, _, value in fields)
    shown = min(len(result.samples), MOST_ROWS)
    return write_page(
        "measure.html.j2",
        path,
        drawn,
        {
            "title": title,
            "lead": f"Carbon use efficiency of {_counted(len(result.samples), 'sample')} in "
            f"{_counted(len(result.treatments), 'treatment')}, by {result.method.title}.",
            "level": f"{100 * result.level:g}",
            "warnings": result.warnings,
            "findings": findings(result),
            "treatment_table": _treatment_table(result),
            "treatment_words": _treatment_words(result),
            "contrast_table": _contrast_table(result),
            "contrast_figure": contrast is not None,
            "contribution_figure": contribution is not None,
            "level_words": f"Level: {LEVELS[result.method.level]}. {result.method.equation}.",
            "counted_table": _counted_table(result),
            "remarks": result.method.remarks or ("Methods do not measure the same thing; compare within one.",),
            "sample_table": _sample_table(result.samples.iloc[:shown], result),
            "sample_words": ""
            if shown == len(result.samples)
            else f"The first {shown} of {len(result.samples):,} samples; measure.xlsx and measure.csv have all.",
            "problem_table": _problem_table(result),
            "reported_words": f"{missing} of {len(fields)} fields are not filled. A CUE whose conditions are not "
            "reported cannot be compared with others.",
            "metadata_table": Table(
                "Fields of the study sheet",
                [[("field", 1), ("what it is", 1), ("in this study", 1)]],
                [(name.replace("_", " "), [Cell(words, prose=True), _filled(value)]) for name, words, value in fields],
            ),
            "done": _done(result),
            "assumptions": result.assumptions,
            "notes": result.notes,
            "references": bibliography(result.reference_keys),
            "version": __version__,
        },
    )


def summary_lines(result: Measurement) -> list[str]:
    """The result in a few lines of text, for a terminal."""
    lines = [f"{result.method.title}: {_counted(len(result.samples), 'sample')}", "", *findings(result)]
    lines += [f"warning: {line}" for line in result.warnings]
    lines += [f"not computed: {problem}" for problem in result.problems[:20]]
    if len(result.problems) > 20:
        lines.append(f"and {len(result.problems) - 20} more problems, in measure.xlsx")
    return [*lines, *(f"assumed: {line}" for line in result.assumptions), ""]


def findings(result: Measurement) -> list[str]:
    """Sentences that say what the numbers say."""
    said = []
    for name, line in result.treatments.iloc[: figures.MOST_TREATMENTS].iterrows():
        label = "CUE" if name == "all" and len(result.treatments) == 1 else f"{name}: CUE"
        interval = (
            f" ({100 * result.level:g} % interval {_span(line['lower'], line['upper'])})"
            if math.isfinite(line["lower"])
            else " (no interval: one sample without standard deviations)"
        )
        said.append(f"{label} {number(line['mean'])}{interval}, {_counted(int(line['n']), 'sample')}.")
    clear = result.contrasts[result.contrasts["p_adjusted"] < 0.05]
    if len(result.contrasts):
        said.append(
            f"{len(clear)} of {_counted(len(result.contrasts), 'comparison')} between treatments "
            f"{'has' if len(clear) == 1 else 'have'} an adjusted p below 0.05."
        )
    return said


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def _span(low: float, high: float) -> str:
    return f"{number(low)} to {number(high)}"


def _filled(value: str) -> Cell:
    return Cell(value, prose=True) if value else Cell("not given", note=True)


def _or_dash(value: float) -> Cell:
    return Cell(number(value)) if math.isfinite(value) else Cell("–", note=True)


def _interval(line: pd.Series) -> Cell:
    return Cell(_span(line["lower"], line["upper"])) if math.isfinite(line["lower"]) else Cell("–", note=True)


def _treatment_table(result: Measurement) -> Table:
    header = [
        ("treatment", 1),
        ("samples", 1),
        ("mean CUE", 1),
        ("standard deviation", 1),
        ("standard error", 1),
        ("by shared factors", 1),
        (f"{100 * result.level:g} % interval", 1),
    ]
    rows = [
        (
            str(name),
            [
                Cell(f"{int(line['n']):,}"),
                Cell(number(line["mean"])),
                _or_dash(line["sd"]),
                _or_dash(line["standard_error"]),
                _or_dash(line["systematic_sd"]),
                _interval(line),
            ],
        )
        for name, line in result.treatments.iterrows()
    ]
    return Table("Means of treatments", [header], rows)


def _treatment_words(result: Measurement) -> str:
    percent = f"{100 * result.level:g} %"
    many = len(result.samples) > figures.MOST_WHISKERS
    dots = "Dots are samples" if many else f"Dots are samples, with {percent} intervals of their measurement"
    words = (
        f"{dots}. Diamonds are means of treatments, with {percent} intervals of the scatter between samples and of the "
        "factors that all samples share."
    )
    if len(result.treatments) > figures.MOST_TREATMENTS:
        words += f" The first {figures.MOST_TREATMENTS} of {len(result.treatments)} treatments are drawn."
    return words


def _contrast_table(result: Measurement) -> Table | None:
    if result.contrasts.empty:
        return None
    rows = [
        (
            f"{line['treatment']} − {line['against']}",
            [
                Cell(number(line["difference"])),
                _interval(line),
                _or_dash(line["standard_error"]),
                _or_dash(line["systematic_sd"]),
                Cell(p_value(line["p"])),
                Cell(p_value(line["p_adjusted"])),
            ],
        )
        for _, line in result.contrasts.iterrows()
    ]
    header = [
        ("treatments", 1),
        ("difference", 1),
        (f"{100 * result.level:g} % interval", 1),
        ("standard error", 1),
        ("by shared factors", 1),
        ("p", 1),
        ("p adjusted", 1),
    ]
    return Table("Differences between treatments", [header], rows)


def _counted_table(result: Measurement) -> Table:
    rows = [
        (words, [Cell(HOW[counted.how], prose=True), Cell(counted.words, prose=True)])
        for process, words in PROCESSES.items()
        for counted in [result.method.includes[process]]
    ]
    return Table("Processes and how they enter this CUE", [[("process", 1), ("how", 1), ("why", 1)]], rows)


def _sample_table(samples: pd.DataFrame, result: Measurement) -> Table:
    quantities = [one for one in result.method.quantities if one.name in samples.columns]
    header = [("sample", 1), ("treatment", 1), ("CUE", 1), ("sd", 1), (f"{100 * result.level:g} % interval", 1)]
    header += [(f"{one.name.replace('_', ' ')}{_in_unit(one.unit)}", 1) for one in quantities]
    warned = bool((samples["warnings"] != "").any())
    header += [("warnings", 1)] if warned else []
    rows = []
    for name, line in samples.iterrows():
        cells = [Cell(str(line["treatment"])), Cell(number(line["cue"])), _or_dash(line["cue_sd"]), _interval(line)]
        cells += [_or_dash(float(line[one.name])) for one in quantities]
        cells += [Cell(line["warnings"], prose=True)] if warned else []
        rows.append((str(name), cells))
    return Table("Samples", [header], rows)


def _in_unit(unit: str) -> str:
    return "" if unit in ("1", "as given") else f" ({_pretty(unit)})"


def _pretty(unit: str) -> str:
    """A unit as it is printed: signs for names, raised exponents, and no line break inside."""
    text = re.sub(r"-\d+", lambda power: power[0].translate(SUPERSCRIPT), unit.replace("percent", "%"))
    return re.sub(r"\bu(?=g|mol|L)", "µ", text).replace(" ", "\u00a0")


def _problem_table(result: Measurement) -> Table | None:
    if not result.problems:
        return None
    rows = [
        (
            problem.place,
            [
                Cell(problem.sample),
                Cell(problem.column),
                Cell(problem.found, prose=True),
                Cell(problem.allowed, prose=True),
                Cell(problem.mend, prose=True),
            ],
        )
        for problem in result.problems[:MOST_ROWS]
    ]
    header = [[("place", 1), ("sample", 1), ("column", 1), ("found", 1), ("allowed", 1), ("how to mend", 1)]]
    more = f" (the first {MOST_ROWS} of {len(result.problems)})" if len(result.problems) > MOST_ROWS else ""
    return Table(f"Rows that could not be computed{more}", header, rows)


def _done(result: Measurement) -> dict[str, str]:
    done = {"sheet": result.source, "method": f"{result.method.name}: {result.method.title}"}
    done["equation"] = result.method.equation
    done |= {
        name.replace("_", " "): f"{value}: {next(c for c in result.method.choices if c.name == name).options[value]}"
        for name, value in result.choices.items()
    }
    constants = {
        column.name: f"{result.constants[column.name]} ({column.description})"
        for column in result.method.columns
        if column.name in result.constants
    }
    done |= {name.replace("_", " "): words for name, words in constants.items()}
    done["errors"] = (
        f"{result.draws:,} Monte Carlo draws a sample, seed {result.seed}; shared factors drawn once for all"
        if result.draws
        else "first order, exact derivatives"
    )
    units = {written_unit(column) for column in result.method.columns if not column.unit_group and column.unit != "1"}
    done["units"] = f"converted to {', '.join(sorted(units))}" if units else "ratios"
    return done
