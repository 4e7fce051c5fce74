"""Studies run: one file a run, what is finished not done again, and where every number comes from in each file."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

import soilcue
from soilcue.core.errors import InputError
from soilcue.core.files import read_netcdf, write_netcdf
from soilcue.core.provenance import versions
from soilcue.core.references import REFERENCES, bibliography
from soilcue.core.variables import OUTPUTS
from soilcue.soil_model import SoilModel, cue
from soilcue.study.lock import only_writer
from soilcue.study.plan import Plan, Run, plan_of
from soilcue.study.reading import StudyFile
from soilcue.study.schema import STANDARD, FirstYears, Steady, Transient

STATUSES = ("status", "residual", "missing_populations", "crossed_limits")
"""Kept of every run: what became of each cell."""
STARTS = ("stock_at_year_start", "stock_at_end")
"""Kept of every run: a later run may begin there."""


@dataclass(frozen=True)
class Finished:
    """A run and its result."""

    run: Run
    path: Path
    kept: bool
    """Whether it was there already."""

    @property
    def result(self) -> xr.Dataset:
        """What the file holds, read anew: results of many runs need not fit into memory together."""
        return read_netcdf(self.path)


def run_study(
    source: StudyFile | Plan,
    folder: str | os.PathLike[str],
    *,
    again: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[Finished]:
    """Run what a study asks for, and write a NetCDF file a run.

    A file that is there and bears the checksum of all its run depends on is taken as it is: a study that was stopped
    goes on where it was, and one that was changed does only what changed.

    Parameters
    ----------
    source : StudyFile or Plan
    folder : path
        Where the files go; it is made if its parent is there.
    again : bool
        Do everything anew.
    progress : callable, optional
        Told a run's name, how many cells it finished since it was last told (none when it begins), and how many there
        are.

    Returns
    -------
    list of Finished
        In the order of the study.

    Raises
    ------
    InputError
        Before any work: when another program writes into the folder, an input file changed since results were made
        from it, or the folder cannot be written.
    """
    plan = source if isinstance(source, Plan) else plan_of(source)
    place = Path(folder)
    made = not place.exists()
    try:
        place.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot make the folder {place}: {error.strerror}. Make its parent, or name another."
        ) from error
    try:
        with only_writer(place):
            present = {run.name: _told_by(place / run.file) for run in plan.runs}
            if not again:
                _refuse_changed_inputs(plan, present)
            starts: dict[str, xr.Dataset] = {}
            finished = []
            for run in plan.runs:
                path, kept = place / run.file, not again and present[run.name].get("run_checksum") == run.checksum
                if not kept:
                    write_netcdf(_done(plan, run, starts, progress), path)
                finished.append(Finished(run, path, kept))
            return finished
    finally:
        if made and not any(place.iterdir()):
            place.rmdir()


def _told_by(path: Path) -> dict[str, Any]:
    """What the result of an earlier run says of itself; nothing where there is no file or it cannot be read."""
    try:
        return read_netcdf(path).attrs if path.is_file() else {}
    except InputError:
        return {}


def _refuse_changed_inputs(plan: Plan, present: dict[str, dict[str, Any]]) -> None:
    """Raise `InputError` when a file changed since results in the folder were made from it."""
    for name, told in present.items():
        before = {line.rpartition(" ")[0]: line.rpartition(" ")[2] for line in str(told.get("inputs", "")).splitlines()}
        for file, checksum in plan.inputs.items():
            if before.get(file, checksum) != checksum and not file.startswith("soilcue "):
                raise InputError(
                    f"{plan.source.folder / file} changed since {name}.nc was made from it (sha256 "
                    f"{before[file][:12]}... then, {checksum[:12]}... now). Name another --folder to keep both, or say "
                    "--again to make all anew."
                )


def _done(
    plan: Plan, run: Run, starts: dict[str, xr.Dataset], progress: Callable[[str, int, int], None] | None
) -> xr.Dataset:
    """The result of one run."""
    one, experiment = run.soil_model(), run.experiment
    told = (lambda cells: progress(run.name, cells, run.cells)) if progress else None
    if told:
        told(0)
    try:
        drivers = plan.experiment_drivers(experiment)
        if isinstance(experiment, Steady):
            fluxes = plan.source.study.outputs.fluxes
            state = one.steady_state(drivers, season=experiment.season, fluxes=fluxes, eigenvalues=False, progress=told)
        else:
            state = _transient(plan, run, one, drivers, starts, told)
    except InputError as error:
        raise InputError(f"run {run.name}: {error}") from error
    return _result(plan, run, one, drivers, state)


def _transient(
    plan: Plan, run: Run, one: SoilModel, drivers: xr.Dataset, starts: dict[str, xr.Dataset], told
) -> xr.Dataset:
    """The soil through time, with what became of each cell at its start."""
    experiment = run.experiment
    assert isinstance(experiment, Transient)
    named = plan.experiment(experiment.start) if isinstance(experiment.start, str) else None
    own = (experiment.start, experiment.drivers) if isinstance(experiment.start, FirstYears) else None
    key = f"{run.model.label} {plan.start_season(experiment)} {named.changes if named else {}} {own}"
    if key not in starts:
        before = plan.start_drivers(experiment)
        starts[key] = one.steady_state(before, season=plan.start_season(experiment), eigenvalues=False)
    start = starts[key]
    through = one.simulate(
        drivers, start=start, years=run.years, method=experiment.method, steps=experiment.steps, progress=told
    )
    for name in STATUSES:
        through[name] = start[name]
    first = {name: start[name] for name in ("soil_carbon", "diagnosed_cue") if name in start}
    first |= {"diagnosed_cue": cue(start)["diagnosed_cue"]}
    for name, values in first.items():
        through[f"{name}_at_start"] = values.assign_attrs(OUTPUTS[name].attributes())
        through[f"{name}_at_start"].attrs["long_name"] += ", in the steady state the run begins with"
    return through


def _result(plan: Plan, run: Run, one: SoilModel, drivers: xr.Dataset, state: xr.Dataset) -> xr.Dataset:
    """What is kept of a state or a run, and where it comes from."""
    study = plan.source.study
    whole = state.merge(cue(state), combine_attrs="override")
    if "community_uptake" in state:
        for scale in ("community", "population"):
            whole = whole.merge(cue(state, scale=scale), combine_attrs="override")
    asked = study.outputs.variables
    if asked == "all":
        kept = whole
    else:
        wanted = [*(STANDARD if asked == "standard" else asked), *STATUSES, *STARTS]
        wanted += [name for name in whole.data_vars if str(name).endswith("_at_start")]
        wanted += ["flux_rate"] if study.outputs.fluxes else []
        kept = whole[[name for name in dict.fromkeys(wanted) if name in whole]]
    for name in ("biome", "land_area", "vegetated_area"):
        if name in drivers and set(drivers[name].dims) <= set(kept.dims):
            kept[name] = drivers[name].drop_encoding()
    for name in ("lat", "lon", "distance_km"):
        if name in drivers.coords and set(drivers[name].dims) <= set(kept.dims):
            kept = kept.assign_coords({name: drivers[name].drop_encoding()})
    for name, (unit, standard) in {"lat": ("degrees_north", "latitude"), "lon": ("degrees_east", "longitude")}.items():
        if name in kept.coords:
            kept[name].attrs |= {"units": unit, "standard_name": standard}
    known = [key for key in str(drivers.attrs.get("citations", "")).split() if key in REFERENCES]
    from_drivers = [] if known else str(drivers.attrs.get("references", "")).splitlines()
    experiment = run.experiment
    assumed = [
        f"{name}: {values.attrs['assumed']}" for name, values in drivers.data_vars.items() if "assumed" in values.attrs
    ]
    attributes = {
        "Conventions": "CF-1.10",
        "title": f"{study.title}: {run.name}",
        "source": "soilcue: soil carbon models run by a study",
        "run": run.name,
        "experiment": experiment.name,
        "kind": experiment.kind,
        "years": run.years,
        "parameter_values": "\n".join(_parameter_lines(one)),
        "assumptions": "\n".join([*one.network.assumptions, *assumed]),
        "references": "\n".join([*bibliography(["he2024", *one.references, *known]), *from_drivers]),
        "soilcue_version": soilcue.__version__,
        "versions": versions(),
        "inputs": "\n".join(f"{name} {checksum}" for name, checksum in plan.inputs.items()),
        "study": plan.source.text,
        "run_checksum": run.checksum,
    }
    kept.attrs = {**state.attrs, **{name: value for name, value in attributes.items() if value not in (None, "")}}
    return kept.drop_encoding()


def _parameter_lines(one: SoilModel) -> list[str]:
    """Every parameter with its value and unit, a line each."""
    table = one.parameters()
    names = table["parameter"] + table["component"].map(lambda part: f"[{part}]" if part else "")
    return [
        f"{name} = {value!r} {unit}" for name, value, unit in zip(names, table["value"], table["unit"], strict=True)
    ]
