"""`soilcue models`, `soilcue schemes`, `soilcue methods`: what is registered."""

from __future__ import annotations

from typing import Annotated

import typer


def models(as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False) -> None:
    """List the soil models: parameter sets, drivers, what to cite."""
    from soilcue.inventory import list_models

    print_table(list_models(), as_json)


def schemes(as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False) -> None:
    """List the schemes: how intrinsic CUE may behave."""
    from soilcue.inventory import list_schemes

    print_table(list_schemes(), as_json)


def methods(as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False) -> None:
    """List the methods of measuring CUE: what each needs and counts, what to cite."""
    from soilcue.measure import list_methods

    print_table(list_methods(), as_json)


def print_table(table, as_json: bool) -> None:
    """One block a row: wide texts stay readable in any terminal."""
    if as_json:
        typer.echo(table.reset_index().to_json(orient="records", indent=2))
        return
    for name, row in table.iterrows():
        typer.echo(str(name))
        for column, value in row.items():
            if str(value):
                typer.echo(f"    {str(column).replace('_', ' '):<16}{value}")
