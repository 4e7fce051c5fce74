"""`soilcue data`: the catalogue of public data sets. Nothing is ever downloaded."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from soilcue.core.errors import InputError

app = typer.Typer(
    help="Public data sets: list them, check a folder, learn how to get one. Nothing is downloaded.",
    no_args_is_help=True,
)
SHOWN = 10
"""Files named of each set; --json names all."""
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


@app.command("list")
def names(as_json: AsJson = False) -> None:
    """List the data sets: title, size, licence."""
    from soilcue.data.catalogue import catalogue

    if as_json:
        from soilcue.data.catalogue import list_datasets

        typer.echo(list_datasets().reset_index().to_json(orient="records", indent=2))
        return
    group = ""
    for one in catalogue().values():
        if one.group != group:
            group = one.group
            typer.echo(f"{group}")
        typer.echo(f"  {one.name:<29} {one.bytes / 1e6:6.2f} MB  {one.title}")


@app.command()
def show(name: Annotated[str, typer.Argument(help="A data set.")], as_json: AsJson = False) -> None:
    """Show one data set: what it holds, where it is, licence, citation, traps, files."""
    from soilcue.core.references import bibliography
    from soilcue.data.catalogue import data_set

    one = data_set(name)
    if as_json:
        typer.echo(json.dumps(asdict(one) | {"references": bibliography(one.cite)}, indent=2, ensure_ascii=False))
        return
    typer.echo(f"{one.name}: {one.title}")
    for word, text in {
        "rows": one.rows,
        "files": f"{len(one.files)}, {one.bytes / 1e6:.2f} MB",
        "licence": one.licence + ("; may be part of a package" if one.embeddable else "; never part of a package"),
        "traps": one.traps,
        "made": one.made,
        "reader": one.reader,
        "embedded": ", ".join(one.embedded),
        "also": one.also,
    }.items():
        if text:
            typer.echo(f"    {word:<10}{text}")
    for _, address, commit in one.repositories:
        typer.echo(f"    {'address':<10}{address}, commit {commit}")
    for line in bibliography(one.cite):
        typer.echo(f"    {'cite':<10}{line}")


@app.command()
def check(
    folder: Annotated[
        Path | None, typer.Argument(help="Holds a folder for each set; the one SOILCUE_DATA names if none.")
    ] = None,
    chosen: Annotated[list[str] | None, typer.Option("--set", help="Only this set; repeat for several.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare a folder with the catalogue: present, absent, another checksum, extra files.

    Exit code 1 when a file has another checksum, a set is incomplete, or one asked for by --set is absent.
    """
    from soilcue.data.catalogue import VARIABLE, check_folder

    place = folder or os.environ.get(VARIABLE)
    if not place:
        raise InputError(f"no folder to check: name one, or set the environment variable {VARIABLE}.")
    found = check_folder(place, chosen)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], indent=2))
    else:
        for one in found:
            typer.echo(f"{one.state:<12}{one.name}")
            if one.state != "absent":
                for word in ("missing", "changed", "extra"):
                    named = getattr(one, word)
                    for name in named[:SHOWN]:
                        typer.echo(f"    {word:<10}{name}")
                    if len(named) > SHOWN:
                        typer.echo(f"    {word:<10}and {len(named) - SHOWN} more")
        states = [one.state for one in found]
        counts = [f"{states.count(state)} {state}" for state in ("whole", "changed", "incomplete", "absent")]
        typer.echo(f"{len(found)} sets: {', '.join(count for count in counts if not count.startswith('0 '))}")
    if any(one.state in ("changed", "incomplete") or (chosen and one.state == "absent") for one in found):
        raise typer.Exit(1)


@app.command()
def how(name: Annotated[str, typer.Argument(help="A data set.")]) -> None:
    """Explain how to get a data set: commands to type, nothing is fetched."""
    from soilcue.data.catalogue import how_to_get

    for line in how_to_get(name):
        typer.echo(line)
