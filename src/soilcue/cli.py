"""The command line: thin commands; what is heavy is imported inside them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from soilcue import __version__
from soilcue.core.errors import InputError
from soilcue.core.files import REFUSALS

if TYPE_CHECKING:
    from rich.progress import TaskID

app = typer.Typer(
    name="soilcue",
    help="Soil microbial carbon use efficiency across scales.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"soilcue {__version__}")
        raise typer.Exit


@app.callback()
def soilcue(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Soil microbial carbon use efficiency across scales."""


@app.command()
def atlas(
    drivers: Annotated[
        str, typer.Option(help="'global' (embedded, 2.5 degrees) or a NetCDF file with a grid.")
    ] = "global",
    model: Annotated[list[str] | None, typer.Option(help="Model, or model:parameter-set; repeat for several.")] = None,
    cue: Annotated[
        list[str] | None, typer.Option(help="CUE scheme, applied left to right; repeat for several.")
    ] = None,
    season: Annotated[str, typer.Option(help="auto, seasonal or annual-mean.")] = "auto",
    folder: Annotated[Path, typer.Option(help="Where atlas.nc and atlas.html go.")] = Path(),
) -> None:
    """Diagnosed CUE of the globe: run soil models in every cell, write atlas.nc and atlas.html."""
    from soilcue.core.files import whole_file

    # Opened before the work, which must not end in front of a closed door, and renamed together when both are whole.
    with whole_file(folder / "atlas.nc") as table, whole_file(folder / "atlas.html") as page:
        typer.echo("reading drivers and loading the solvers", err=True)
        import soilcue as sc
        from soilcue.atlas.run import MODELS, build_atlas, observed_at_depths, write_atlas
        from soilcue.report import atlas_page

        chosen = []
        for text in model or MODELS:
            name, _, parameters = text.partition(":")
            chosen.append(sc.model(name, parameters or None, tuple(cue or ())))
        grid = sc.drivers(drivers)
        with _progress() as told:
            result = build_atlas(grid, chosen, season=season, progress=told)
        typer.echo("writing the atlas and its page", err=True)
        write_atlas(result, table)
        atlas_page(result, observed_at_depths(result), page)
    for name in result["model"].values:
        status = result["status"].sel(model=name)
        typer.echo(f"{name}: {int((status == 0).sum()):,} cells settled, {int((status > 1).sum()):,} flagged")
    typer.echo(f"data  {(folder / 'atlas.nc').resolve()}")
    typer.echo(f"page  {(folder / 'atlas.html').resolve()}")


@app.command()
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
    from soilcue.core.files import whole_file
    from soilcue.report.meta_page import meta_page, summary_lines
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
    with whole_file(outputs[0]) as page, whole_file(outputs[1]) as data:
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
        result.effects.to_csv(data)
    for line in summary_lines(result):
        typer.echo(line)
    typer.echo(f"data  {outputs[1].resolve()}")
    typer.echo(f"page  {outputs[0].resolve()}")


def _names(text: str) -> list[str]:
    """Names that stand in one text with commas between."""
    return [name.strip() for name in text.split(",") if name.strip()]


@app.command()
def models(as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False) -> None:
    """List the soil models: parameter sets, drivers, what to cite."""
    from soilcue.soil_model import list_models

    _print_table(list_models(), as_json)


@app.command()
def schemes(as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False) -> None:
    """List the schemes: how intrinsic CUE may behave."""
    from soilcue.soil_model import list_schemes

    _print_table(list_schemes(), as_json)


@app.command()
def cite(
    what: Annotated[
        list[str] | None, typer.Argument(help="Models, schemes, or a file soilcue wrote; all models if none.")
    ] = None,
    bibtex: Annotated[bool, typer.Option("--bibtex", help="Print BibTeX instead of text.")] = False,
) -> None:
    """Print what to cite for models, schemes or an output file."""
    from soilcue.core.references import bibliography

    style = "bibtex" if bibtex else "text"
    entries = bibliography(["he2024"], style)
    for name in what or _all_models():
        from_file = Path(name).suffix == ".nc"
        entries += _entries_of_file(Path(name), style) if from_file else bibliography(_keys_of_part(name), style)
    typer.echo(("\n\n" if bibtex else "\n").join(dict.fromkeys(entries)))


def _all_models() -> list[str]:
    from soilcue.models import MODELS

    return list(MODELS)


def _keys_of_part(name: str) -> list[str]:
    """Reference keys of a model (with a set: ``model:set``) or a scheme."""
    from soilcue.core.errors import unknown_name
    from soilcue.models import MODELS
    from soilcue.schemes import SCHEMES

    part, _, parameters = name.partition(":")
    if part in list(MODELS):
        network = MODELS[part]
        return [*network.references, *network.parameter_set(parameters or None).source]
    if part in list(SCHEMES):
        return list(SCHEMES[part].references)
    raise unknown_name("model or scheme", part, [*MODELS, *SCHEMES])


def _entries_of_file(path: Path, style: str) -> list[str]:
    """What the ``references`` attribute of a file says, a line each."""
    from soilcue.core.files import read_netcdf
    from soilcue.core.references import REFERENCES

    lines = str(read_netcdf(path).attrs.get("references", "")).splitlines()
    if not lines:
        raise InputError(f"{path}: has no attribute 'references'; it does not say what to cite.")
    if style == "text":
        return lines
    by_text = {reference.text(): reference for reference in REFERENCES.values()}
    missing = [line for line in lines if line not in by_text]
    if missing:
        raise InputError(
            f"{path}: cites {missing[0]!r}, for which soilcue has no BibTeX entry. Without --bibtex all is printed as "
            "text."
        )
    return [by_text[line].bibtex() for line in lines]


def _print_table(table, as_json: bool) -> None:
    """One block a row: wide texts stay readable in any terminal."""
    if as_json:
        typer.echo(table.reset_index().to_json(orient="records", indent=2))
        return
    for name, row in table.iterrows():
        typer.echo(str(name))
        for column, value in row.items():
            if str(value):
                typer.echo(f"    {str(column).replace('_', ' '):<16}{value}")


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """What to tell of the work: a bar a model on a terminal, else a line a model."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:

        def line(name: str, done: int, total: int) -> None:
            if done == 0:
                typer.echo(f"{name}: {total:,} cells", err=True)

        yield line
        return

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        """Cells a second."""

        def render(self, task) -> Text:
            return Text(f"{task.speed or 0:,.0f} cells/s")

    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def bar(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(f"{name} (compiling)", total=total)
            if done:
                bars.update(tasks[name], advance=done, description=name)

        yield bar


def main() -> None:
    """Entry point: a user's mistake is one message and exit code 2, never a traceback."""
    try:
        app()
    except InputError as error:
        message = str(error)
    except OSError as error:
        if error.errno not in REFUSALS:
            raise
        message = f"cannot write the output: {REFUSALS[error.errno]}"
        # what the system did not take would be offered to it again, and refused again, when the program ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    else:
        return
    typer.echo(f"soilcue: {message}", err=True)
    sys.exit(2)
