"""`soilcue genomes`: carbon use efficiency from metabolic models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from soilcue.genomes.panel import Panel

MOST_TOLD = 10
"""Files that could not be read whose reasons are printed; the table of the audit holds all."""


def genomes(
    models: Annotated[
        str, typer.Argument(help="Folder of metabolic models (SBML, JSON, MAT; compressed or not), or one file.")
    ] = "embedded",
    substrates: Annotated[
        str,
        typer.Option(
            help="A panel (soil-panel, three), or names with commas between; mixtures as '0.7 glucose + 0.3 acetate'."
        ),
    ] = "soil-panel",
    maintenance: Annotated[
        str,
        typer.Option(help="none, shipped, normalised, or mmol ATP gDW-1 h-1; several with commas, the first leads."),
    ] = "none,shipped",
    uptake: Annotated[float, typer.Option(help="Largest uptake of the substrate, mmol C gDW-1 h-1.")] = 60.0,
    medium: Annotated[
        str, typer.Option(help="mineral, nitrate, anaerobic, vitamins; 'open' shows a trap.")
    ] = "mineral",
    temperature: Annotated[float, typer.Option(help="degC, for normalised maintenance.")] = 25.0,
    fraction: Annotated[
        float | None, typer.Option(help="Also ranges of CUE at no less than this fraction of the largest growth.")
    ] = None,
    members: Annotated[
        int,
        typer.Option(
            help="Members of an ensemble over biomass, maintenance and protons per ATP, for the spread of CUE; 0: none."
        ),
    ] = 10,
    globe: Annotated[
        list[str] | None,
        typer.Option(
            help="Also carry CUE and its spread over genomes to the map of this soil model (mimics, millennial:fit); "
            "repeat for several. Writes genomes_globe.html and .nc."
        ),
    ] = None,
    processes: Annotated[int | None, typer.Option(help="Genomes at a time; all processors by default.")] = None,
    folder: Annotated[Path, typer.Option(help="Where genomes.html, .parquet, .csv and genome_audit.csv go.")] = Path(),
) -> None:
    """Read, audit and run metabolic models: CUE of every genome on every substrate, and why some do not grow.

    Without a folder it takes the models that the package holds. A run that was stopped goes on where it was.
    """
    import os
    import shutil

    import soilcue as sc
    from soilcue.core.errors import InputError
    from soilcue.core.files import whole_file
    from soilcue.core.references import bibliography
    from soilcue.genomes.comparison import compared, told_of_files
    from soilcue.genomes.genome import REFERENCES, embedded_models
    from soilcue.genomes.globe import MAINTAINED
    from soilcue.genomes.panel import examine_panel, write_panel

    words = [word.strip() for word in maintenance.split(",") if word.strip()]
    if not words:
        raise InputError("no maintenance is named. Give none, shipped, normalised, or a rate in mmol ATP gDW-1 h-1.")
    source = list(embedded_models().values()) if models == "embedded" and not Path(models).exists() else models
    for text in globe or ():
        sc.model(*text.split(":", 1))  # a soil model that there is not is refused before hours of work
    if globe and not set(words) & set(MAINTAINED):
        raise InputError("soils take the CUE of genomes without maintenance or with normalised: name one of the two.")
    with whole_file(folder / "genomes.html") as page, _bar() as told:
        panel = examine_panel(
            source,
            substrates,
            maintenance=words,
            uptake=uptake,
            medium=medium,
            temperature=temperature,
            fraction=fraction,
            members=members,
            biomass=told_of_files(Path(models), "biomass"),
            keep=folder / "genomes.parts",
            processes=processes if processes is not None else (os.cpu_count() or 1),
            progress=told,
        )
        broken = panel.genomes.loc[panel.genomes["failure"] != "", "failure"]
        if Path(models).is_file() and len(broken):
            shutil.rmtree(folder / "genomes.parts", ignore_errors=True)
            raise InputError(str(broken.iloc[0]))
        from soilcue.report.genomes_page import genomes_page, summary

        organisms = told_of_files(Path(models), "organism")
        yields = panel.yields
        comparison = compared(yields[yields["trusted"] & (yields["maintenance"] == words[0])], organisms)
        keys = [*REFERENCES, "pirt1965", "fritzemeier2017", *(["tijhuis1993"] if "normalised" in words else [])]
        keys += ["muscarella2020"] if comparison.measured is not None else []
        keys += ["teccampos2020", "machado2018"] if not isinstance(source, str) else []
        references = bibliography(keys)
        genomes_page(panel, comparison, organisms, references, page)
        written = write_panel(panel, folder, references)
    if globe:
        written += _globe(panel, globe, folder)
    _remove_leftovers(folder)
    shutil.rmtree(folder / "genomes.parts", ignore_errors=True)  # not before everything else is on the disk
    for line in summary(panel):
        typer.echo(line)
    for failure in broken[:MOST_TOLD]:
        typer.echo(f"not read: {failure}", err=True)
    if len(broken) > MOST_TOLD:
        typer.echo(f"not read: {len(broken) - MOST_TOLD:,} more, listed in genome_audit.csv", err=True)
    for path in written:
        typer.echo(f"data  {path.resolve()}")
    typer.echo(f"page  {(folder / 'genomes.html').resolve()}")


def _remove_leftovers(folder: Path) -> None:
    """Remove the empty files that runs in this folder left beside their results when they were killed."""
    import os

    if os.name != "posix":  # elsewhere signal 0 is no question, but ends what it is sent to
        return
    for left in folder.glob(".genomes*.part.*"):
        number = left.name.split(".")[2]
        try:
            os.kill(int(number), 0)
        except (ValueError, PermissionError):
            continue
        except ProcessLookupError:
            left.unlink(missing_ok=True)


def _globe(panel: Panel, models: list[str], folder: Path) -> list[Path]:
    """Write what the CUE of genomes does in soil models."""
    from soilcue.core.files import whole_file, write_netcdf
    from soilcue.genomes.globe import to_globe
    from soilcue.report.genomes_globe_page import genomes_globe_page

    with whole_file(folder / "genomes_globe.nc") as table, whole_file(folder / "genomes_globe.html") as page:
        found = to_globe(panel, models, progress=lambda words: typer.echo(words, err=True))
        write_netcdf(found, table)
        genomes_globe_page(found, page)
    return [folder / "genomes_globe.nc", folder / "genomes_globe.html"]


def _bar():
    """What to tell of the work: a bar on a terminal, else a line for every tenth of the genomes."""
    from contextlib import contextmanager

    from rich.console import Console

    @contextmanager
    def shown():
        console = Console(stderr=True)
        if not console.is_terminal:
            step = 0

            def line(done: int, total: int, name: str) -> None:
                nonlocal step
                if done * 10 // total > step or done == total:
                    step = done * 10 // total
                    typer.echo(f"{done:,} of {total:,} genomes", err=True)

            yield line
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("genomes"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}"),
        )
        with Progress(*columns, console=console) as bars:
            task = bars.add_task("", total=None)
            yield lambda done, total, name: bars.update(task, completed=done, total=total, description=name)

    return shown()
