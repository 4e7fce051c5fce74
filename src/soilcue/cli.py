"""The command line: gathers the commands, and turns a user's mistake into one message and exit code 2."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from soilcue import __version__
from soilcue.commands import atlas, cite, data, genomes, lab, lists, measure, meta, records, response, study
from soilcue.core.errors import InputError
from soilcue.core.files import REFUSALS

app = typer.Typer(
    name="soilcue",
    help="Soil microbial carbon use efficiency across scales.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    atlas.atlas,
    genomes.genomes,
    lab.lab,
    meta.meta,
    measure.measure,
    response.response,
    lists.models,
    lists.schemes,
    lists.methods,
    cite.cite,
):
    app.command()(command)
app.command()(study.init)
app.command()(study.validate)
app.command()(study.run)
app.add_typer(data.app, name="data")
app.add_typer(records.app, name="records")


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
