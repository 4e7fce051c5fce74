"""`soilcue response`: what CUE does to soil carbon, model by model and scheme by scheme."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from soilcue.commands.progress import progress_bars


def response(
    drivers: Annotated[
        str, typer.Option(help="'global' (embedded, 2.5 degrees) or a NetCDF file with a grid.")
    ] = "global",
    model: Annotated[list[str] | None, typer.Option(help="Model, or model:parameter-set; repeat for several.")] = None,
    cue: Annotated[list[str] | None, typer.Option(help="Scheme, or scheme:set; repeat. All that can be fed.")] = None,
    experiments: Annotated[
        int,
        typer.Option(min=0, help="Cells in which warming, wetting, drying, nitrogen and litter are tried; 0: none."),
    ] = 24,
    folder: Annotated[Path, typer.Option(help="Where response.csv, response.html and the states go.")] = Path(),
) -> None:
    """Compare schemes at matched mean CUE: soil carbon, its response to CUE, and what their correlation is made of."""
    from soilcue.core.files import whole_file
    from soilcue.core.lock import only_writer

    files = ("response.html", "response.csv")
    with whole_file(folder / "response.html") as page, only_writer(folder, files, ".response.lock"):
        typer.echo("reading drivers and loading the solvers", err=True)
        import soilcue as sc
        from soilcue.analyse.response import experiments as tried_in
        from soilcue.analyse.response import feedable_schemes, response_table
        from soilcue.atlas.grid import atlas_grid
        from soilcue.core.citing import write_table
        from soilcue.models import MODELS
        from soilcue.report.response_page import references_of, response_page

        grid = atlas_grid(sc.drivers(drivers))
        weights = grid.get("vegetated_area", grid["land_area"]).fillna(0.0)
        chosen = list(dict.fromkeys(cue or feedable_schemes(grid)))
        with progress_bars("schemes") as told:
            table, states = response_table(
                grid, list(model or MODELS), chosen, folder / "response", weights=weights, progress=told
            )
        runs: dict = {}
        without: dict = {}
        if experiments:
            with progress_bars("treatments") as told:
                runs, without = tried_in(
                    grid,
                    list(model or MODELS),
                    folder / "experiments",
                    weights=weights,
                    cells=experiments,
                    progress=told,
                )
        typer.echo("writing the table and its page", err=True)
        response_page(table, states, weights, page, runs, without)
        write_table(table, folder / "response.csv", references_of(states), title="Response of soil carbon to CUE")
    refused = table[table["refused"] != ""]
    typer.echo(f"{len(table) - len(refused)} pairs of model and scheme, {len(refused)} refused with the reason")
    typer.echo(f"data  {(folder / 'response.csv').resolve()}")
    typer.echo(f"page  {(folder / 'response.html').resolve()}")
