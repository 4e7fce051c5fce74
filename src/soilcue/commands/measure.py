"""`soilcue measure`: CUE from a sheet of raw laboratory data, and the sheet to fill."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from soilcue.core.errors import InputError

_MANY_DRAWS = 10_000_000
"""Draws in all from which on a line says what takes its time."""


def measure(
    sheet: Annotated[
        Path | None, typer.Argument(help="Excel or CSV: names, units, then a row for each sample.")
    ] = None,
    method: Annotated[str | None, typer.Option(help="How it was measured; see soilcue methods.")] = None,
    template: Annotated[str | None, typer.Option(help="Write the sheet to fill for this method.")] = None,
    page: Annotated[str | None, typer.Option("--sheet", help="Sheet of the workbook that holds the samples.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="name=value for all samples, such as kec=0.45; repeatable.")
    ] = None,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Compute the good rows, and list the others.")
    ] = False,
    draws: Annotated[int, typer.Option(help="Monte Carlo draws a sample; 0 for first order.")] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
    level: Annotated[float, typer.Option(help="Level of all intervals.")] = 0.95,
    control: Annotated[str | None, typer.Option(help="Treatment that the others are compared with.")] = None,
    folder: Annotated[Path, typer.Option(help="Where the outputs go.")] = Path(),
) -> None:
    """CUE with uncertainty from raw laboratory data: write measure.html, measure.xlsx and measure.csv."""
    given = named_settings(settings or [])
    if template is not None:
        if sheet is not None:
            raise InputError("either a sheet to compute or --template is given, not both.")
        _write_template(template, given, folder)
        return
    if sheet is None:
        raise InputError("no sheet is given. `soilcue measure --template METHOD` writes one to fill.")
    from soilcue.core.files import whole_file
    from soilcue.measure.measurement import measurement
    from soilcue.measure.methods import METHODS
    from soilcue.measure.samples import samples_of_sheets
    from soilcue.measure.sheets import read_sheets
    from soilcue.measure.study_sheet import method_named_in
    from soilcue.measure.workbooks import write_results
    from soilcue.report.measure_page import measure_page, summary_lines

    outputs = [folder / f"measure.{kind}" for kind in ("html", "xlsx", "csv")]
    if sheet.resolve() in [output.resolve() for output in outputs]:
        raise InputError(f"{sheet}: it would be overwritten by the result. Rename it, or name another --folder.")
    sheets = read_sheets(sheet)
    name = method or method_named_in(sheets)
    if name is None:
        raise InputError(
            f"{sheet}: it does not say how it was measured. Give --method; there are: {', '.join(METHODS)}."
        )
    chosen = METHODS[name]
    with whole_file(outputs[0]) as html:
        samples = samples_of_sheets(chosen, sheets, page, given, keep_going)
        if len(samples.sample) * draws >= _MANY_DRAWS:
            typer.echo(f"{len(samples.sample):,} samples, {draws:,} draws each", err=True)
        result = measurement(samples, draws, seed, level, control)
        measure_page(result, html, f"{chosen.title[0].upper()}{chosen.title[1:]}: {sheet.name}")
        write_results(result, outputs[1], outputs[2])
    for line in summary_lines(result):
        typer.echo(line)
    for kind, output in zip(("page", "book", "data"), outputs, strict=True):
        typer.echo(f"{kind}  {output.resolve()}")


def named_settings(lines: list[str]) -> dict[str, str]:
    """Settings by name, from name=value."""
    given = {}
    for line in lines:
        name, equals, value = line.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise InputError(f"--set {line}: it takes name=value, such as kec=0.45 or kec_sd=0.05.")
        if name.strip() in given:
            raise InputError(f"--set {line}: {name.strip()} is set twice.")
        given[name.strip()] = value.strip()
    return given


def _write_template(name: str, choices: dict[str, str], folder: Path) -> None:
    from soilcue.measure.methods import METHODS
    from soilcue.measure.workbooks import write_template

    typer.echo(f"sheet to fill  {write_template(METHODS[name], folder / f'{name}.xlsx', choices).resolve()}")
