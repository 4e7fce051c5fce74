"""`soilcue atlas`: the globe under several soil models."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from soilcue.commands.progress import progress_bars


def atlas(
    drivers: Annotated[
        str, typer.Option(help="'global' (embedded, 2.5 degrees) or a NetCDF file with a grid.")
    ] = "global",
    model: Annotated[list[str] | None, typer.Option(help="Model, or model:parameter-set; repeat for several.")] = None,
    cue: Annotated[
        list[str] | None, typer.Option(help="CUE scheme, applied left to right; repeat for several.")
    ] = None,
    season: Annotated[str, typer.Option(help="auto, seasonal or annual-mean.")] = "auto",
    sets: Annotated[
        bool, typer.Option("--sets", help="Also run every other published parameter set, to show how much they differ.")
    ] = False,
    draws: Annotated[
        int, typer.Option(min=0, help="Also draw so many parameter values around each model's own, and show the range.")
    ] = 0,
    spread: Annotated[float, typer.Option(help="Draws stay within this share of each value, and its bounds.")] = 0.1,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 0,
    block: Annotated[int, typer.Option(min=1, help="Cells that are stored together: what a stop can lose.")] = 20_000,
    folder: Annotated[Path, typer.Option(help="Where atlas.nc and atlas.html go.")] = Path(),
) -> None:
    """Diagnosed CUE of the globe: run soil models in every cell, write atlas.nc and atlas.html.

    Stopped at any moment, the same command goes on where it was.
    """
    from soilcue.core.block_store import BlockStore
    from soilcue.core.files import whole_file
    from soilcue.core.lock import only_writer

    store = BlockStore(folder / ".atlas.parts")
    with ExitStack() as until_all_is_whole:
        # opened before the work, which must not end in front of a closed door; renamed together when both are whole
        with whole_file(folder / "atlas.nc") as table, whole_file(folder / "atlas.html") as page:
            until_all_is_whole.enter_context(only_writer(folder, ["atlas.nc", "atlas.html"]))
            typer.echo("reading drivers and loading the solvers", err=True)
            import soilcue as sc
            from soilcue.atlas.run import MODELS, build_atlas, observed_at_depths, write_atlas
            from soilcue.atlas.uncertainty import with_draws, with_published_sets
            from soilcue.core.errors import InputError
            from soilcue.report.atlas_page import atlas_page

            if not spread > 0:
                raise InputError(f"--spread {spread:g}: give a share above zero, such as 0.1.")

            chosen = []
            for text in model or MODELS:
                name, _, parameters = text.partition(":")
                chosen.append(sc.model(name, parameters or None, tuple(cue or ())))
            grid = sc.drivers(drivers)
            with progress_bars() as told:
                how: Any = {"progress": told, "store": store, "block": block}
                result = build_atlas(grid, chosen, season=season, **how)
                if sets:
                    result = with_published_sets(result, grid, chosen, season=season, **how)
                if draws:
                    result = with_draws(result, grid, chosen, draws, spread=spread, seed=seed, **how)
            typer.echo("writing the atlas and its page", err=True)
            write_atlas(result, table)
            atlas_page(result, observed_at_depths(result), page)
        store.remove()
    for name in result["model"].values:
        status = result["status"].sel(model=name)
        typer.echo(f"{name}: {int((status == 0).sum()):,} cells settled, {int((status > 1).sum()):,} flagged")
    typer.echo(f"data  {(folder / 'atlas.nc').resolve()}")
    typer.echo(f"page  {(folder / 'atlas.html').resolve()}")
