"""What a study amounts to: a list of runs, each a model in an experiment, with its cells, steps, time and checksum."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import xarray as xr

import soilcue
from soilcue.core.errors import InputError
from soilcue.core.files import read_netcdf
from soilcue.core.time_axis import read_years
from soilcue.core.variables import place_of
from soilcue.study import inputs
from soilcue.study.members import Member, members_of, soil_model
from soilcue.study.reading import StudyFile
from soilcue.study.schema import FirstYears, Model, Steady, Transient

COMPILING = 8.0
"""Seconds that a solver takes to be compiled for a model, roughly, on one processor."""
SECONDS_PER_CELL = {
    # (linear model, year of months): steady states
    (True, False): 5e-6,
    (True, True): 1e-4,
    (False, False): 2e-5,
    (False, True): 6e-3,
}
"""Roughly, on two processors; an estimate of time says so."""
SECONDS_PER_STEP = {True: 1e-7, False: 5e-7}
"""Seconds a cell and a step through time, of a linear model and of others."""


@dataclass(frozen=True)
class Run:
    """One model in one experiment."""

    name: str
    model: Model
    experiment: Steady | Transient
    cells: int
    """Cells that have all the model needs."""
    all_cells: int
    years: int | None
    steps: int
    """Steps through time; none for a steady state."""
    seconds: float
    """Estimate of the time it takes, compilation left out."""
    members: tuple[Member, ...]
    """One, or those of an ensemble."""
    checksum: str
    """Of all the result depends on: software, model, experiment, drivers, what is kept."""

    @property
    def file(self) -> str:
        """Name of the file with the result."""
        return f"{self.name}.nc"


@dataclass(frozen=True)
class Plan:
    """What a study amounts to."""

    source: StudyFile
    drivers: xr.Dataset
    runs: tuple[Run, ...]
    inputs: Mapping[str, str]
    """Checksum of every input file."""

    @property
    def seconds(self) -> float:
        """Estimate of the time all runs take, a solver being compiled once for each model, its schemes and its kind."""
        compiled = {(run.model.model, str(run.model.cue), run.experiment.kind) for run in self.runs}
        return COMPILING * len(compiled) + sum(run.seconds for run in self.runs)

    def experiment_drivers(self, experiment: Steady | Transient) -> xr.Dataset:
        """What soils feel in an experiment."""
        drivers = self.drivers
        if isinstance(experiment, Transient) and experiment.drivers is not None:
            changing = read_netcdf(self.source.folder / experiment.drivers.netcdf)
            drivers = inputs.through_time(drivers, changing)
        return inputs.changed(drivers, experiment.changes, experiment.name)

    def start_drivers(self, experiment: Transient) -> xr.Dataset:
        """What soils feel before an experiment: its steady state is where the experiment begins."""
        if isinstance(experiment.start, FirstYears):
            unchanged = experiment.model_copy(update={"changes": {}})
            return inputs.mean_year(self.experiment_drivers(unchanged), experiment.start.first_years)
        if isinstance(experiment.start, str):
            return self.experiment_drivers(self.experiment(experiment.start))
        return self.drivers

    def start_season(self, experiment: Transient) -> str:
        """The season of the steady state that an experiment begins with."""
        start = experiment.start
        named = self.experiment(start) if isinstance(start, str) else None
        return named.season if isinstance(named, Steady) else "auto"

    def experiment(self, name: str) -> Steady | Transient:
        """The experiment of that name."""
        return next(one for one in self.source.study.experiments if one.name == name)


def plan_of(source: StudyFile) -> Plan:
    """Lay out a study: read its drivers, build its models, count cells and steps.

    Parameters
    ----------
    source : StudyFile
        From `read_study`.

    Returns
    -------
    Plan

    Raises
    ------
    InputError
        For drivers that a model or an experiment cannot use; all that a run would refuse before its work.
    """
    study, folder = source.study, source.folder
    drivers = inputs.read_drivers(study.drivers, folder)
    files = dict(inputs.checksums(study.drivers, folder))
    for experiment in study.experiments:
        if isinstance(experiment, Transient) and experiment.drivers is not None:
            files |= inputs.checksums(experiment.drivers, folder)
    laid_out = Plan(source, drivers, (), files)
    runs: list[Run] = []
    problems: list[str] = []
    for experiment in study.experiments:
        try:
            felt = laid_out.experiment_drivers(experiment)
            years = _years(experiment, felt) if isinstance(experiment, Transient) else None
            before = laid_out.start_drivers(experiment) if isinstance(experiment, Transient) else felt
            _refuse_time_axis(experiment, before)
        except InputError as error:
            problems.append(str(error))
            continue
        for chosen in study.models:
            try:
                runs.append(_run(laid_out, chosen, experiment, felt, before, years))
            except InputError as error:
                problems.append(str(error))
    if problems:
        head = (
            [] if len(problems) == 1 else [f"{source.path}: {len(problems)} of its runs or experiments cannot be made:"]
        )
        raise InputError("\n".join([*head, *problems]))
    return Plan(source, drivers, tuple(runs), files)


def _refuse_time_axis(experiment: Steady | Transient, before: xr.Dataset) -> None:
    """Raise `InputError` when there is to be a steady state under drivers that change."""
    if "time" in before.dims:
        raise InputError(
            f"experiment {experiment.name!r}: a steady state needs drivers without a time axis, and those of "
            f"{place_of(before)} change. Give the study a climatology (a dimension 'month'), and the file that "
            "changes to a transient experiment under drivers, with start: {first_years: ...} if it is to begin in "
            "balance with its own first years."
        )


def _run(
    plan: Plan, chosen: Model, experiment: Steady | Transient, felt: xr.Dataset, before: xr.Dataset, years: int | None
) -> Run:
    """One run, with what it needs counted and checked."""
    members = tuple(members_of(chosen, plan.source.study.seed))
    one = soil_model(chosen, members[0].parameters)
    name = f"{chosen.label}.{experiment.name}"
    season = experiment.season if isinstance(experiment, Steady) else plan.start_season(experiment)
    try:
        counts = one.cells_with_drivers(before, season=season)
        if felt is not before:
            one.refuse_drivers(felt)
    except InputError as error:
        raise InputError(f"model {chosen.label!r}, experiment {experiment.name!r}: {error}") from error
    cells = counts.pop("all")
    if not cells:
        held = ", ".join(f"{driver} {number:,}" for driver, number in counts.items())
        raise InputError(
            f"model {chosen.label!r}, experiment {experiment.name!r}: no cell of {place_of(before)} has all it needs; "
            f"so many have a value (of the carbon input, one above zero): {held}."
        )
    seasonal = any(dim in before.dims for dim in ("month", "day")) and season != "annual-mean"
    seconds = cells * SECONDS_PER_CELL[one.network.linear, seasonal]
    steps = 0
    if isinstance(experiment, Transient) and years is not None:
        steps = years * _steps_a_year(experiment, felt)
        seconds += cells * steps * SECONDS_PER_STEP[one.network.linear]
    seconds *= len(members)
    everything = math.prod(size for dim, size in felt.sizes.items() if dim not in ("month", "day", "time"))
    checksum = _checksum(plan, chosen, experiment)
    return Run(name, chosen, experiment, cells, everything, years, steps, seconds, members, checksum)


def _years(experiment: Transient, felt: xr.Dataset) -> int:
    """How many years an experiment has."""
    if "time" not in felt.dims:
        if experiment.years is None:
            raise InputError(
                f"experiment {experiment.name!r}: say how many years; its drivers do not end by themselves."
            )
        return experiment.years
    available = read_years(felt["time"], place_of(felt)).count
    if experiment.years is not None and experiment.years > available:
        raise InputError(
            f"experiment {experiment.name!r}: asks for {experiment.years} years, and {place_of(felt)} holds "
            f"{available} whole ones."
        )
    return experiment.years or available


def _steps_a_year(experiment: Transient, felt: xr.Dataset) -> int:
    """Steps through time in a year, as `SoilModel.simulate` takes them."""
    if "time" in felt.dims:
        periods = len(read_years(felt["time"], place_of(felt)).lengths)
    else:
        periods = next((felt.sizes[dim] for dim in ("month", "day") if dim in felt.dims), 1)
    return periods * (experiment.steps or {12: 2, 1: 24}.get(periods, 1))


def _checksum(plan: Plan, chosen: Model, experiment: Steady | Transient) -> str:
    """Of all that a result depends on."""
    study = plan.source.study
    start = experiment.start if isinstance(experiment, Transient) else None
    parts: dict[str, Any] = {
        "soilcue": soilcue.__version__,
        "drivers": study.drivers if isinstance(study.drivers, str) else study.drivers.model_dump(mode="json"),
        "files": dict(plan.inputs),
        "model": chosen.model_dump(mode="json"),
        "experiment": experiment.model_dump(mode="json"),
        "start": plan.experiment(start).model_dump(mode="json") if isinstance(start, str) else None,
        "seed": study.seed if chosen.ensemble is not None and chosen.ensemble.draws is not None else None,
        "outputs": study.outputs.model_dump(mode="json", exclude={"page"}),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
