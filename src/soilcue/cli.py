"""The command line: thin commands; what is heavy is imported inside them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from soilcue import __version__
from soilcue.core.errors import InputError

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

    for name in ("atlas.nc", "atlas.html"):
        _refuse_unwritable(folder / name, whole_file)

    typer.echo("reading drivers and loading the solvers", err=True)
    import soilcue as sc
    from soilcue.atlas.run import MODELS, build_atlas, observed_at_depths, write_atlas
    from soilcue.report import atlas_page

    grid = sc.drivers(drivers)
    chosen = []
    for text in model or MODELS:
        name, _, parameters = text.partition(":")
        chosen.append(sc.model(name, parameters or None, tuple(cue or ())))
    cells = _vegetated(grid)
    with _progress() as bar:
        tasks = {m.network.name: bar.add_task(f"{m.network.name} (compiling)", total=cells) for m in chosen}

        def told(name: str, done: int) -> None:
            bar.update(tasks[name], advance=done, description=name)

        result = build_atlas(grid, chosen, season=season, progress=told)
    typer.echo("writing the atlas and its page", err=True)
    table = write_atlas(result, folder / "atlas.nc")
    page = atlas_page(result, observed_at_depths(result), folder / "atlas.html")
    for name in result["model"].values:
        counts = {int(k): int((result["status"].sel(model=name) == k).sum()) for k in range(6)}
        flagged = sum(n for k, n in counts.items() if k > 1)
        typer.echo(f"{name}: {counts[0]:,} cells settled, {flagged:,} flagged")
    typer.echo(f"data  {table.resolve()}")
    typer.echo(f"page  {page.resolve()}")


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
    from soilcue.core.references import REFERENCES, bibliography

    keys = ["he2024"]
    for name in what or _all_models():
        keys += _keys_of_file(Path(name), REFERENCES) if Path(name).suffix == ".nc" else _keys_of_part(name)
    typer.echo(("\n\n" if bibtex else "\n").join(bibliography(keys, "bibtex" if bibtex else "text")))


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


def _keys_of_file(path: Path, references: dict) -> list[str]:
    """Reference keys behind the ``references`` attribute of a file."""
    from soilcue.data import drivers

    lines = str(drivers(path).attrs.get("references", "")).splitlines()
    if not lines:
        raise InputError(f"{path}: no 'references' attribute; it does not say what to cite.")
    by_text = {reference.text(): key for key, reference in references.items()}
    missing = [line for line in lines if line not in by_text]
    if missing:
        raise InputError(f"{path}: cites {missing[0]!r}, which this version of soilcue does not know.")
    return [by_text[line] for line in lines]


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


def _vegetated(grid) -> int:
    """Cells that hold vegetation, for the progress bar."""
    from soilcue.core.variables import read_driver

    carbon = read_driver(grid, "carbon_input")
    flat = carbon.max("month") if "month" in carbon.dims else carbon
    return int((flat > 0).sum())


def _progress():
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        """Cells a second."""

        def render(self, task) -> Text:
            return Text(f"{task.speed or 0:,.0f} cells/s")

    return Progress(
        TextColumn("{task.description:<24}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def _refuse_unwritable(path: Path, whole_file) -> None:
    """Say so before the work when the place of a result cannot be written; leave what is there untouched."""
    probe = path.with_name(f".{path.stem}.probe{path.suffix}")
    with whole_file(probe):
        pass
    probe.unlink()


def main() -> None:
    """Entry point: a user's mistake is one message and exit code 2, never a traceback."""
    try:
        app()
    except InputError as error:
        typer.echo(f"soilcue: {error}", err=True)
        sys.exit(2)
