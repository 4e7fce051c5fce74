"""`soilcue meta`: meta-analysis of a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from soilcue.core.errors import InputError


def meta(
    table: Annotated[Path, typer.Argument(help="CSV: a row of names, then a row for each treatment and its control.")],
    effect: Annotated[
        str, typer.Option(help="lnRR, lnRR_delta, lnRR_sigma, SMD, MD, logit, CVR; 'given' for effect and variance.")
    ] = "lnRR",
    cluster: Annotated[str, typer.Option(help="Column of the study; several nested ones with commas.")] = "",
    moderators: Annotated[str, typer.Option(help="Columns that may explain differences, with commas.")] = "",
    method: Annotated[str, typer.Option(help="REML, ML, DL, PM or EE (equal effects).")] = "REML",
    test: Annotated[str | None, typer.Option(help="z, t or knapp-hartung; chosen by the model if not given.")] = None,
    control: Annotated[str | None, typer.Option(help="Column that says which rows share a control.")] = None,
    correlation: Annotated[float | None, typer.Option(help="Of the sampling errors within a study.")] = None,
    impute: Annotated[int, typer.Option(help="Number of imputations of missing standard deviations.")] = 0,
    repeats: Annotated[bool, typer.Option("--repeats", help="Accept rows with identical numbers.")] = False,
    variable: Annotated[
        str | None, typer.Option(help="Column that names the quantity, where there are several.")
    ] = None,
    main_quantity: Annotated[str, typer.Option("--main", help="The quantity to pool.")] = "CUE",
    pair: Annotated[str | None, typer.Option(help="Column that joins the rows of one comparison.")] = None,
    duration: Annotated[str | None, typer.Option(help="Column of the duration of the treatment.")] = None,
    treatment_mean: Annotated[str | None, typer.Option(help="Column, if not called treatment_mean.")] = None,
    treatment_sd: Annotated[str | None, typer.Option(help="Column, if not called treatment_sd.")] = None,
    treatment_se: Annotated[str | None, typer.Option(help="Column, if not called treatment_se.")] = None,
    treatment_n: Annotated[str | None, typer.Option(help="Column, if not called treatment_n.")] = None,
    control_mean: Annotated[str | None, typer.Option(help="Column, if not called control_mean.")] = None,
    control_sd: Annotated[str | None, typer.Option(help="Column, if not called control_sd.")] = None,
    control_se: Annotated[str | None, typer.Option(help="Column, if not called control_se.")] = None,
    control_n: Annotated[str | None, typer.Option(help="Column, if not called control_n.")] = None,
    effect_column: Annotated[str | None, typer.Option(help="Column, if not called effect or yi.")] = None,
    variance_column: Annotated[str | None, typer.Option(help="Column, if not called variance or vi.")] = None,
    folder: Annotated[Path, typer.Option(help="Where meta.html and meta_effects.csv go.")] = Path(),
) -> None:
    """Meta-analysis of a table of treatments and controls: write meta.html and meta_effects.csv."""
    from soilcue.core.citing import write_table
    from soilcue.core.files import whole_file
    from soilcue.core.references import bibliography
    from soilcue.report.meta_page import meta_page, reference_keys, summary_lines
    from soilcue.synthesis import analyse_table, read_table

    outputs = [folder / "meta.html", folder / "meta_effects.csv"]
    if table.resolve() in [output.resolve() for output in outputs]:
        raise InputError(f"{table}: it would be overwritten by the result. Rename it, or name another --folder.")
    given = {
        "treatment_mean": treatment_mean,
        "treatment_sd": treatment_sd,
        "treatment_se": treatment_se,
        "treatment_n": treatment_n,
        "control_mean": control_mean,
        "control_sd": control_sd,
        "control_se": control_se,
        "control_n": control_n,
        "effect": effect_column,
        "variance": variance_column,
    }
    with whole_file(outputs[0]) as page:
        result = analyse_table(
            read_table(table),
            effect,
            columns={name: column for name, column in given.items() if column is not None},
            cluster=_names(cluster) or None,
            moderators=_names(moderators),
            method=method,
            test=test,
            control=control,
            correlation=correlation,
            imputations=impute,
            repeats=repeats,
            variable=variable,
            main=main_quantity,
            pair=pair,
            duration=duration,
        )
        meta_page(result, page, f"Meta-analysis of {table.name}")
        sources = bibliography(reference_keys(result))
        write_table(result.effects, outputs[1], sources, title=f"Effect sizes of {table.name}")
    for line in summary_lines(result):
        typer.echo(line)
    typer.echo(f"data  {outputs[1].resolve()}")
    typer.echo(f"page  {outputs[0].resolve()}")


def _names(text: str) -> list[str]:
    """Names that stand in one text with commas between."""
    return [name.strip() for name in text.split(",") if name.strip()]
