"""The page of a meta-analysis: the pooled effect and everything a reader needs to judge it."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import pandas as pd

from soilcue import __version__
from soilcue.core.errors import InputError
from soilcue.core.references import bibliography
from soilcue.report import meta_figures as figures
from soilcue.report.page import Cell, Table, number, p_value, write_page
from soilcue.synthesis.analysis import REESTIMATED_STUDIES, MetaAnalysis
from soilcue.synthesis.effect_sizes import EFFECT_SIZES, GEARY_LIMIT
from soilcue.synthesis.models import METHODS, ROW, TESTS, Fit
from soilcue.synthesis.robust import KINDS, LEAST_DF
from soilcue.synthesis.small_studies import CAVEATS, STANDARD_ERROR
from soilcue.synthesis.tables import places


def meta_page(analysis: MetaAnalysis, path: str | os.PathLike[str], title: str = "Meta-analysis") -> Path:
    """Write the page of a meta-analysis: one HTML file that needs no network.

    Parameters
    ----------
    analysis : MetaAnalysis
        Result of `soilcue.synthesis.analyse`.
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
    overall = analysis.overall
    orchards = figures.orchard_figures(analysis)
    bubbles = figures.bubble_figures(analysis)
    relations = figures.relation_figures(analysis)
    influence = figures.influence_figure(analysis)
    _, forest_words = figures.forest_rows(analysis)
    drawn = [
        figures.forest_figure(analysis),
        *orchards,
        *bubbles,
        figures.funnel_figure(analysis),
        *([influence] if influence else []),
        *relations,
    ]
    studies = f" from {overall.clusters:,} studies" if overall.cluster else ""
    meaning = str(overall.table.attrs.get("meaning", "effect as given in the table"))
    variances, variance_words = _variance_table(analysis)
    return write_page(
        "meta.html.j2",
        path,
        drawn,
        {
            "title": title,
            "lead": f"{overall.effects:,} effects{studies}, each the {meaning} of a treatment against its control."
            if overall.table.attrs.get("effect", "given") != "given"
            else f"{overall.effects:,} effects{studies}, with their sampling variances as given in the table.",
            "level": f"{100 * overall.level:g}",
            "alarms": [note for note in overall.notes if note.startswith("NOT CONVERGED")],
            "pooled_table": _pooled_table(analysis),
            "findings": _findings(analysis),
            "forest_words": forest_words[0].upper() + forest_words[1:] + ".",
            "heterogeneity_words": [*_heterogeneity_words(analysis), *variance_words],
            "variance_table": variances,
            "orchard_figures": [figure.name for figure in orchards],
            "group_tables": [_group_table(analysis, name) for name in analysis.groups],
            "regression_table": _regression_table(analysis),
            "regression_words": _regression_words(analysis),
            "bubble_figures": [figure.name for figure in bubbles],
            "influence_words": _influence_words(analysis),
            "influence_figure": influence is not None,
            "small_table": _small_table(analysis),
            "small_words": _small_words(analysis),
            "small_caveats": analysis.trimmed.caveats if analysis.trimmed is not None else CAVEATS,
            "relation_figures": [figure.name for figure in relations],
            "relation_table": _relation_table(analysis),
            "relation_notes": list(dict.fromkeys(note for one in analysis.relations for note in one.notes)),
            "done": _done(analysis),
            "notes": _notes(analysis),
            "references": bibliography(reference_keys(analysis)),
            "version": __version__,
        },
    )


def summary_lines(analysis: MetaAnalysis) -> list[str]:
    """The result in a few lines of text, for a terminal."""
    overall = analysis.overall
    studies = f" of {overall.clusters:,} studies (column {overall.cluster[0]})" if overall.cluster else ""
    lines = [f"{overall.effects:,} effects{studies}, {figures.effect_title(analysis.effects)}, {overall.method}", ""]
    lines += [*_findings(analysis), *_heterogeneity_words(analysis)]
    if analysis.regression is not None:
        chosen = analysis.regression_robust or analysis.regression
        lines += ["", "meta-regression" + (" (CR2)" if analysis.regression_robust is not None else "")]
        for term, line in chosen.coefficients.iterrows():
            interval = _span(line["lower"], line["upper"])
            lines.append(f"  {term}: {number(line['estimate'])} ({interval}), p {p_value(line['p_value'], True)}")
    for relation in analysis.relations:
        lines.append(
            f"response of {relation.y} against {relation.x}: correlation {relation.correlation:.2f}, slope "
            f"{number(relation.slope['estimate'])}, p {p_value(relation.slope['p_value'], True)}"
        )
    return [*lines, "", *[f"note: {note}" for note in _notes(analysis)]]


def reference_keys(analysis: MetaAnalysis) -> list[str]:
    """Keys of what a meta-analysis stands on."""
    overall = analysis.overall
    keys = ["he2024", "viechtbauer2010", *overall.table.attrs.get("references", [])]
    keys += {"DL": ["dersimonian1986"], "PM": ["paule1982"]}.get(overall.method, [])
    keys += ["konstantopoulos2011", "nakagawa2012"] if len(overall.variances) > 1 else []
    keys += ["viechtbauer2007"] if len(overall.variances) == 1 else []
    keys += ["knapp2003"] if overall.test == "knapp-hartung" else []
    keys += ["pustejovsky2018", "tipton2015"] if analysis.overall_robust is not None else []
    keys += ["pustejovsky2022"] if analysis.correlation is not None else []
    keys += ["lajeunesse2011"] if analysis.control is not None else []
    keys += ["lajeunesse2015"] if "geary" in analysis.effects.columns else []
    keys += ["barnard1999"] if analysis.imputed is not None else []
    keys += ["egger1997"] if analysis.small_studies is not None else []
    keys += ["duval2000"] if analysis.trimmed is not None else []
    return [*keys, "nakagawa2021"]


def _pooled_table(analysis: MetaAnalysis) -> Table:
    overall = analysis.overall
    rows: list[tuple[str, list[Cell]]] = []
    if analysis.imputed is not None:
        line = analysis.imputed.coefficients.iloc[0]
        kind = f"{analysis.imputed.robust[0].kind}, " if analysis.imputed.robust else ""
        rows.append((f"over {analysis.imputed.imputations} imputations ({kind}Rubin's rules)", _pooled_cells(line)))
    if analysis.overall_robust is not None:
        rows.append(
            (
                f"cluster-robust ({analysis.overall_robust.kind})",
                _pooled_cells(analysis.overall_robust.coefficients.iloc[0], analysis.overall_robust.predict().iloc[0]),
            )
        )
    rows.append(
        (f"by the model ({overall.test})", _pooled_cells(overall.coefficients.iloc[0], overall.predict().iloc[0]))
    )
    if _as_change(analysis):
        for _, cells in rows:
            cells.append(cells[-1])
        for index, (name, cells) in enumerate(rows):
            line = _line_of(analysis, index)
            rows[index] = (name, [*cells[:-1], Cell(_change(line["estimate"]), _changes(line["lower"], line["upper"]))])
    header = [
        ("", 1),
        ("pooled effect", 1),
        ("standard error", 1),
        (f"{100 * overall.level:g} % interval", 1),
        ("degrees of freedom", 1),
        ("p", 1),
        (f"{100 * overall.level:g} % prediction interval", 1),
        *([("as relative change", 1)] if _as_change(analysis) else []),
    ]
    return Table(f"Pooled {figures.effect_title(analysis.effects)} of {overall.effects:,} effects", [header], rows)


def _line_of(analysis: MetaAnalysis, index: int) -> pd.Series:
    lines = []
    if analysis.imputed is not None:
        lines.append(analysis.imputed.coefficients.iloc[0])
    if analysis.overall_robust is not None:
        lines.append(analysis.overall_robust.coefficients.iloc[0])
    lines.append(analysis.overall.coefficients.iloc[0])
    return lines[index]


def _pooled_cells(line: pd.Series, predicted: pd.Series | None = None) -> list[Cell]:
    prediction = (
        Cell("–", note=True)
        if predicted is None
        else Cell(_span(predicted["prediction_lower"], predicted["prediction_upper"]))
    )
    return [
        Cell(number(line["estimate"])),
        Cell(number(line["standard_error"])),
        Cell(_span(line["lower"], line["upper"])),
        Cell(_df(line["df"])),
        Cell(p_value(line["p_value"])),
        prediction,
    ]


def _findings(analysis: MetaAnalysis) -> list[str]:
    """Sentences that say what the numbers say."""
    overall = analysis.overall
    pooled = figures.pooled_effect(analysis)
    line = _line_of(analysis, 0)
    percent = f"{100 * overall.level:g} %"
    excludes = line["lower"] > 0 or line["upper"] < 0
    sentence = (
        f"The pooled effect is {number(line['estimate'])} ({percent} interval {_span(line['lower'], line['upper'])})"
        + (
            f": a relative change of {_change(line['estimate'])} ({_changes(line['lower'], line['upper'])})"
            if _as_change(analysis)
            else ""
        )
        + (". The interval excludes zero." if excludes else ". The interval includes zero.")
    )
    sentences = [sentence]
    if overall.method != "EE":
        low, high = pooled["prediction_lower"], pooled["prediction_upper"]
        crossing = low < 0 < high
        sentences.append(
            f"The true effect of a single comparison is expected between {number(low)} and {number(high)} ({percent} "
            "prediction interval)"
            + ("; a new comparison may well show the opposite sign." if crossing and excludes else ".")
        )
    if analysis.regression is not None and math.isfinite(analysis.explained):
        names = ", ".join(m.name for m in analysis.regression.design.moderators)
        sentences.append(f"{names} together explain {analysis.explained:.0f} % of the variance between effects.")
    table = analysis.leave_one_out
    if table is not None and table["estimate"].notna().any():
        mover = table["change"].abs().to_numpy().argmax() if not table["change"].isna().any() else None
        label = table.index[mover] if mover is not None else ""
        kind = overall.cluster[0] if overall.cluster else overall.table.index.name or "row"
        mover_name = label if isinstance(label, str) else f"{kind} {label:g}"
        named = f"; {mover_name} moves it most" if mover is not None else ""
        what = "study" if overall.cluster else "effect"
        sentences.append(
            f"Without any one {what} the pooled effect stays between {number(table['estimate'].min())} and "
            f"{number(table['estimate'].max())}{named}."
        )
    return sentences


def _heterogeneity_words(analysis: MetaAnalysis) -> list[str]:
    overall = analysis.overall
    freedom = overall.effects - len(overall.coefficients)
    said = [
        f"Cochran's Q is {number(overall.q)} where {freedom} is expected from sampling error alone (p "
        f"{p_value(overall.q_p_value, relation=True)})."
    ]
    i2 = overall.i2
    if overall.method == "EE":
        said.append(
            f"The equal-effects model takes all true effects for one. By Q, {i2['total']:.0f} % of the variance of "
            "effects is not sampling error"
            + ("; this model is then not a description of the studies." if overall.q_p_value < 0.05 else ".")
        )
        return said
    parts = [f"{value:.0f} % {_between(overall, str(name))}" for name, value in i2.drop("total").items()]
    split = f" ({', '.join(parts)})" if len(overall.variances) > 1 else ""
    said.append(
        f"Of the variance of observed effects, {i2['total']:.0f} % is heterogeneity{split} and the rest sampling "
        f"error (I²): {_much(float(i2['total']))}. I² is a share and grows with the precision of studies; how far "
        f"effects lie apart is told by their standard deviation, {number(math.sqrt(overall.variances.sum()))}, and by "
        "the prediction interval."
    )
    return said


def _between(overall: Fit, level: str) -> str:
    """What the variance of a level is between, in words."""
    if level != ROW:
        return f"between one {level} and another"
    return f"between effects of one {overall.cluster[-1]}" if len(overall.variances) > 1 else "between effects"


def _much(i2: float) -> str:
    if i2 < 25:
        return "effects differ little more than chance makes them differ"
    if i2 < 75:
        return "effects differ clearly more than chance makes them differ"
    return "nearly all of the spread is real differences, which one mean does not describe"


def _variance_table(analysis: MetaAnalysis) -> tuple[Table | None, list[str]]:
    overall = analysis.overall
    if overall.variances.empty:
        return None, []
    said = []
    try:
        intervals = overall.variance_intervals
    except InputError as error:
        said.append(f"Intervals of the variances: {error}")
        intervals = pd.DataFrame({"variance": overall.variances, "lower": np.nan, "upper": np.nan, "method": ""})
    rows = []
    for name, line in intervals.iterrows():
        known = math.isfinite(line["lower"])
        rows.append(
            (
                _between(overall, str(name)),
                [
                    Cell(number(line["variance"])),
                    Cell(_span(line["lower"], line["upper"])) if known else Cell("–", note=True),
                    Cell(number(math.sqrt(line["variance"]))),
                    Cell(_span(math.sqrt(line["lower"]), math.sqrt(line["upper"]))) if known else Cell("–", note=True),
                    Cell(f"{overall.i2[name]:.1f} %"),
                    Cell(line["method"], prose=True),
                ],
            )
        )
    percent = f"{100 * overall.level:g} % interval"
    return (
        Table(
            "Variance of true effects",
            [
                [
                    ("", 1),
                    ("variance", 1),
                    (percent, 1),
                    ("standard deviation", 1),
                    (percent, 1),
                    ("I²", 1),
                    ("interval by", 1),
                ]
            ],
            rows,
        ),
        said,
    )


def _group_table(analysis: MetaAnalysis, name: str) -> Table:
    means = analysis.groups[name]
    rows = []
    for level, line in means.iterrows():
        few = math.isfinite(line["df"]) and line["df"] < LEAST_DF
        rows.append(
            (
                str(level),
                [
                    Cell(f"{int(line['effects']):,}"),
                    Cell(f"{int(line['studies']):,}"),
                    Cell(number(line["estimate"])),
                    Cell(_span(line["lower"], line["upper"]), "too few studies to trust" if few else ""),
                    Cell(_df(line["df"])),
                    Cell(_span(line["prediction_lower"], line["prediction_upper"])),
                    *([Cell(_change(line["estimate"]))] if _as_change(analysis) else []),
                ],
            )
        )
    percent = f"{100 * analysis.overall.level:g} %"
    header = [
        ("", 1),
        ("effects", 1),
        ("studies" if analysis.overall.cluster else "rows", 1),
        ("mean", 1),
        (f"{percent} interval", 1),
        ("degrees of freedom", 1),
        (f"{percent} prediction interval", 1),
        *([("as change", 1)] if _as_change(analysis) else []),
    ]
    return Table(f"Mean effect by {name}, this moderator alone", [header], rows)


def _regression_table(analysis: MetaAnalysis) -> Table | None:
    regression = analysis.regression
    if regression is None:
        return None
    robust = analysis.regression_robust
    table = regression.coefficients if robust is None else robust.coefficients
    rows = []
    for term, line in table.iterrows():
        cells = [
            Cell(number(line["estimate"])),
            Cell(number(line["standard_error"])),
            Cell(_span(line["lower"], line["upper"])),
            Cell(_df(line["df"])),
            Cell(
                p_value(line["p_value"]),
                "too few studies to trust" if robust is not None and line["df"] < LEAST_DF else "",
            ),
        ]
        if robust is not None:
            cells.append(Cell(number(regression.coefficients.loc[term, "standard_error"])))
        rows.append((str(term), cells))
    header = [
        ("", 1),
        ("coefficient", 1),
        ("standard error" + (f" ({robust.kind})" if robust else ""), 1),
        (f"{100 * regression.level:g} % interval", 1),
        ("degrees of freedom", 1),
        ("p", 1),
        *([("standard error by the model", 1)] if robust else []),
    ]
    return Table("Meta-regression: all moderators together", [header], rows)


def _regression_words(analysis: MetaAnalysis) -> list[str]:
    regression, robust = analysis.regression, analysis.regression_robust
    if regression is None:
        return []
    tested = regression if robust is None else robust
    said = []
    for moderator in regression.design.moderators:
        if len(moderator.levels) > 2:
            try:
                test = tested.wald_test(moderator.terms)
            except InputError as error:
                said.append(f"{moderator.name}: {error}")
                continue
            said.append(
                f"All levels of {moderator.name} at once: F = {number(test.statistic)} with {test.df_numerator} and "
                f"{_df(test.df_denominator)} degrees of freedom, p {p_value(test.p_value, relation=True)}."
            )
    if math.isfinite(analysis.explained):
        said.append(
            f"Together the moderators explain {analysis.explained:.0f} % of the variance between effects (the drop in "
            "the estimated variances, uncertain with fewer than about fifty effects). What is left: standard deviation "
            f"{number(math.sqrt(regression.variances.sum()))}; Q {number(regression.q)}, p "
            f"{p_value(regression.q_p_value, relation=True)}."
        )
    levels = [m for m in regression.design.moderators if m.levels]
    if levels:
        references = ", ".join(f"{m.levels[0]} ({m.name})" for m in levels)
        said.append(f"Coefficients of levels are differences from the reference: {references}.")
    return said


def _influence_words(analysis: MetaAnalysis) -> list[str]:
    table = analysis.leave_one_out
    if table is None:
        return [f"Not done: {analysis.left_undone['leaving one study out']}"]
    what = "study" if analysis.overall.cluster else "effect"
    said = [
        f"The pooled effect of the model without each {what} in turn; the dotted line is that of all."
        + (
            f" With more than {REESTIMATED_STUDIES} of them the variances are kept at those of all."
            if analysis.overall.blocks.number > REESTIMATED_STUDIES
            else " Variances are estimated anew each time."
        )
    ]
    if len(table) > figures.MOST_INFLUENCES:
        said.append(f"The figure shows the {figures.MOST_INFLUENCES} of {len(table)} that move it most.")
    broken = table[table["note"] != ""]
    if len(broken):
        said.append(
            "Without "
            + ", ".join(f"{name} ({note})" for name, note in broken["note"].items())
            + " there is no estimate to show."
        )
    return said


def _small_table(analysis: MetaAnalysis) -> Table | None:
    rows = []
    if analysis.small_studies is not None:
        line = analysis.small_studies.coefficients.loc[STANDARD_ERROR]
        rows.append(("slope on the standard error", _small_cells(line)))
        line = analysis.small_studies.coefficients.iloc[0]
        rows.append(("effect of a study without error", _small_cells(line)))
    if analysis.trimmed is not None:
        line = analysis.trimmed.fitted.coefficients.iloc[0]
        rows.append((f"pooled with {analysis.trimmed.missing} filled", _small_cells(line)))
    if not rows:
        return None
    percent = f"{100 * analysis.overall.level:g} % interval"
    return Table("Small against large studies", [[("", 1), ("estimate", 1), (percent, 1), ("p", 1)]], rows)


def _small_cells(line: pd.Series) -> list[Cell]:
    return [Cell(number(line["estimate"])), Cell(_span(line["lower"], line["upper"])), Cell(p_value(line["p_value"]))]


def _small_words(analysis: MetaAnalysis) -> list[str]:
    said = []
    if analysis.small_studies is not None:
        how = "cluster-robust (CR2)" if analysis.small_studies.robust is not None else "by the model"
        said.append(f"Regression of effects on their standard errors (Egger's test in its random-effects form), {how}.")
    if analysis.trimmed is not None:
        trimmed = analysis.trimmed
        said.append(
            f"Trim and fill finds {trimmed.missing} effects missing on the {trimmed.side}."
            + (
                " It knows nothing of studies: here effects of one study count as independent."
                if analysis.overall.cluster
                else ""
            )
        )
    for what in ("regression on the standard error", "trim and fill"):
        if what in analysis.left_undone:
            said.append(f"Not done, {what}: {analysis.left_undone[what]}")
    return said


def _relation_table(analysis: MetaAnalysis) -> Table | None:
    if not analysis.relations:
        return None
    rows = []
    for relation in analysis.relations:
        slope = relation.slope
        few = relation.robust is not None and slope["df"] < LEAST_DF
        rows.append(
            (
                f"{relation.y} against {relation.x}",
                [
                    Cell(f"{len(relation.points):,}"),
                    Cell(f"{relation.fitted.clusters:,}" if relation.robust is not None else "–"),
                    Cell(f"{relation.correlation:.2f}".replace("-", "−"), _span(relation.lower, relation.upper)),
                    Cell(number(slope["estimate"])),
                    Cell(_span(slope["lower"], slope["upper"])),
                    Cell(p_value(slope["p_value"]), "too few studies to trust" if few else ""),
                ],
            )
        )
    return Table(
        "Correlation (unweighted, its interval takes points for independent) and slope (weighted, "
        + ("cluster-robust)" if analysis.relations[0].robust is not None else "by the model)"),
        [
            [
                ("response of", 1),
                ("points", 1),
                ("studies", 1),
                ("correlation", 1),
                ("slope", 1),
                ("95 % interval", 1),
                ("p of the slope", 1),
            ]
        ],
        rows,
    )


def _done(analysis: MetaAnalysis) -> dict[str, str]:
    overall = analysis.overall
    attributes = overall.table.attrs
    done = {
        "table": str(attributes.get("file", "given in Python")),
        "effect": f"{attributes.get('effect', 'given')}: {attributes.get('formula', 'columns effect and variance')}",
        "model": f"{overall.method}, {METHODS[overall.method]}",
        "levels": ", ".join(overall.variances.index) or "none: one true effect",
        "tests": f"{overall.test}, {TESTS[overall.test]}",
    }
    if overall.cluster:
        done["clusters"] = ", ".join(overall.cluster)
        done["robust"] = f"CR2, {KINDS['CR2']}; degrees of freedom by Satterthwaite"
    if analysis.regression is not None:
        done["moderators"] = ", ".join(m.name for m in analysis.regression.design.moderators)
    if analysis.control is not None:
        done["shared controls"] = (
            f"column {analysis.control}: sampling errors of effects with one control are correlated"
        )
    if analysis.correlation is not None:
        done["correlation"] = (
            f"{analysis.correlation:g} between the sampling errors of one study, a working model; vary it, and see "
            "whether the result does"
        )
    if analysis.imputed is not None:
        done["imputation"] = (
            analysis.imputed.method + " Figures and all other tables use each effect's mean over the imputations."
        )
    estimate = overall.estimate
    done["convergence"] = (
        f"{'reached' if estimate.converged else 'NOT REACHED'} after {estimate.iterations} steps"
        if estimate.iterations
        else "closed form"
    )
    done["likelihood"] = f"log likelihood {number(overall.log_likelihood)}, AIC {number(overall.aic)}"
    return done


def _notes(analysis: MetaAnalysis) -> list[str]:
    notes = [*analysis.overall.notes]
    for one in (analysis.overall_robust, analysis.regression, analysis.regression_robust):
        notes += one.notes if one is not None else ()
    if "geary" in analysis.effects.columns:
        low = np.flatnonzero(analysis.effects["geary"].to_numpy() < GEARY_LIMIT)
        notes.append(
            f"In {low.size} of {len(analysis.effects)} effects a mean is less than {GEARY_LIMIT:g} standard errors "
            f"from zero (Geary's test): their log ratios and variances are rough ({places(analysis.effects, low)})."
            if low.size
            else "All means are at least 3 standard errors from zero (Geary's test), so that logs of ratios are sound."
        )
    return list(dict.fromkeys(notes))


def _span(low: float, high: float) -> str:
    return f"{number(low)} to {number(high)}"


def _df(value: float) -> str:
    if math.isinf(value):
        return "∞"
    return f"{value:.2f}" if value < 10 and value % 1 else f"{value:.1f}".removesuffix(".0")


def _as_change(analysis: MetaAnalysis) -> bool:
    name = analysis.effects.attrs.get("effect", "given")
    return name in EFFECT_SIZES and EFFECT_SIZES[name].as_change


def _change(log_ratio: float) -> str:
    return f"{100 * math.expm1(log_ratio):+.0f} %".replace("-", "−")


def _changes(low: float, high: float) -> str:
    return f"{_change(low)} to {_change(high)}"
