"""`soilcue init`, `soilcue validate`, `soilcue run`: studies in YAML."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from soilcue.commands.progress import progress_bars
from soilcue.core.errors import InputError

if TYPE_CHECKING:
    from soilcue.study import Plan

Source = Annotated[Path, typer.Argument(help="A study in YAML.")]


def init(
    path: Annotated[Path, typer.Argument(help="File to write.")] = Path("study.yaml"),
    kind: Annotated[str, typer.Option(help="sites, warming or globe.")] = "sites",
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of studies, for editors, and write nothing.")
    ] = False,
) -> None:
    """Write a commented study to start from: soilcue run study.yaml runs it."""
    from soilcue.core.files import whole_file

    if schema:
        from soilcue.study.schema import json_schema

        typer.echo(json.dumps(json_schema(), indent=2))
        return
    from soilcue.study.starting import KINDS, starting_study

    text = starting_study(kind)
    if path.exists():
        raise InputError(f"{path}: is there already, and is not overwritten. Name another file.")
    with whole_file(path) as beside:
        beside.write_text(text, encoding="utf-8")
    typer.echo(f"{path.resolve()}: {KINDS[kind]}")
    typer.echo(f"check it:  soilcue validate {path}")
    typer.echo(f"run it:    soilcue run {path}")


def validate(
    source: Source,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Check a study, and say what would be run: cells, steps, an estimate of the time."""
    from soilcue.study import plan_of, read_study

    plan = plan_of(read_study(source))
    if as_json:
        rows = [
            {
                "run": run.name,
                "model": run.model.model,
                "parameters": run.model.parameters,
                "cue": list(run.model.cue),
                "experiment": run.experiment.name,
                "kind": run.experiment.kind,
                "cells": run.cells,
                "all_cells": run.all_cells,
                "members": len(run.members),
                "years": run.years,
                "steps": run.steps,
                "seconds_estimated": round(run.seconds, 1),
                "checksum": run.checksum,
            }
            for run in plan.runs
        ]
        typer.echo(json.dumps({"title": plan.source.study.title, "inputs": dict(plan.inputs), "runs": rows}, indent=2))
        return
    for line in plan_lines(plan):
        typer.echo(line)


def plan_lines(plan: Plan) -> list[str]:
    """A plan as lines of text."""
    study = plan.source.study
    width = max(len(run.name) for run in plan.runs)
    lines = [
        f"{study.title}: {_count(len(study.models), 'model')} in {_count(len(study.experiments), 'experiment')}, "
        f"{_count(len(plan.runs), 'run')}"
    ]
    for run in plan.runs:
        length = f"{run.years:,} years, {run.steps:,} steps" if run.years else "steady state"
        members = f"  {len(run.members):,} members" if len(run.members) > 1 else ""
        lines.append(f"  {run.name:<{width}}  {run.cells:,} of {run.all_cells:,} cells  {length}{members}")
    for name, checksum in plan.inputs.items():
        lines.append(f"input  {name}  sha256 {checksum[:12]}...")
    return [*lines, f"about {_duration(plan.seconds)} on two processors (a rough figure, compilation included)"]


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{10 * max(1, round(seconds / 10))} seconds"
    return f"{round(seconds / 60)} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def run(
    source: Source,
    folder: Annotated[
        Path | None, typer.Option(help="Where results go; beside the study, under its name, if not given.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Run everything anew, also what is there already.")] = False,
) -> None:
    """Run a study: write a NetCDF file a run, and study.html. Stopped, it goes on where it was."""
    typer.echo("reading the study and its drivers", err=True)
    from soilcue.report.study_page import study_page
    from soilcue.study import plan_of, read_study, run_study

    plan = plan_of(read_study(source))
    place = folder or source.with_name(f"{source.stem}_results")
    with progress_bars() as told:
        finished = run_study(plan, place, again=again, progress=told)
    for one in finished:
        status = one.result["status"]
        settled, flagged = int((status == 0).sum()), int((status > 1).sum())
        kept = ", there already" if one.kept else ""
        members = f" in {len(one.run.members):,} members" if len(one.run.members) > 1 else ""
        typer.echo(f"{one.run.name}: {settled:,} cells settled{members}, {flagged:,} flagged{kept}")
    if plan.source.study.outputs.page:
        typer.echo("writing the page", err=True)
        study_page(plan, finished, place / "study.html")
        typer.echo(f"page  {(place / 'study.html').resolve()}")
    typer.echo(f"data  {place.resolve()}")
