"""Studies run: one file a run, what is finished not done again, and where every number comes from in each file."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import soilcue
from soilcue.core.block_store import PARTS, BlockStore
from soilcue.core.errors import InputError
from soilcue.core.files import read_netcdf, write_netcdf
from soilcue.core.lock import only_writer
from soilcue.core.network import Network
from soilcue.core.provenance import versions
from soilcue.core.references import REFERENCES, bibliography
from soilcue.core.variables import OUTPUTS
from soilcue.diagnosis import cue
from soilcue.long_jobs import Cut, joined_blocks
from soilcue.soil_model import SoilModel, joined
from soilcue.study.members import FIRST, Member, soil_model
from soilcue.study.plan import Plan, Run, plan_of
from soilcue.study.reading import StudyFile
from soilcue.study.schema import STANDARD, Outputs, Steady, Transient

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
        with only_writer(place, [run.file for run in plan.runs]):
            store = BlockStore(place / PARTS)
            present = {run.name: _told_by(place / run.file) for run in plan.runs}
            if not again:
                _refuse_changed_inputs(plan, present)
            done: dict[str, Finished] = {}
            # steady states first: a run through time may begin with one
            for run in sorted(plan.runs, key=lambda run: run.experiment.kind != "steady"):
                path, kept = place / run.file, not again and present[run.name].get("run_checksum") == run.checksum
                if not kept:
                    write_netcdf(_done(plan, run, place, store, progress), path)
                store.remove(run.checksum)
                done[run.name] = Finished(run, path, kept)
            store.remove()  # blocks of a study that was stopped and then changed
            return [done[run.name] for run in plan.runs]
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
    plan: Plan, run: Run, place: Path, store: BlockStore, progress: Callable[[str, int, int], None] | None
) -> xr.Dataset:
    """The result of one run, put together from its blocks: slices of cells of each member."""
    experiment = run.experiment
    told = _Told(run, progress) if progress else None
    try:
        drivers = plan.experiment_drivers(experiment)
        before = plan.start_drivers(experiment) if isinstance(experiment, Transient) else None
    except InputError as error:
        raise InputError(f"run {run.name}: {error}") from error
    start = _named_start(plan, run, place)
    block = plan.source.study.block
    first = soil_model(run.model, run.members[0].parameters)

    def piece(members: Sequence[Member], cut: Cut) -> xr.Dataset:
        """What is kept of some members in a block of cells."""
        felt, begun = cut(drivers), cut(_of_member(start, members[0]))
        try:
            if together > 1:
                state = _drawn_states(plan, run, members, felt, told)
            else:
                state = _state(plan, run, members[0], felt, felt if before is None else cut(before), begun, told)
        except InputError as error:
            raise InputError(f"run {run.name}: {error}") from error
        return _what_is_kept(plan.source.study.outputs, felt, state)

    together = _together(run, first, drivers, block)
    whole = []
    for i in range(0, len(run.members), together):
        members = run.members[i : i + together]
        name, alone = f"members {i}-{i + len(members)} cells ", len(members) == len(run.members)
        compute = partial(piece, members)
        whole.append(joined_blocks(store, run.checksum, drivers, block, compute, told, name, alone=alone))
    result = whole[0]
    if run.members[0].name:
        result = joined(whole, "member") if together == 1 or len(whole) > 1 else result
        result = result.assign_coords(member=[member.name for member in run.members])
        result["parameter_value"] = _member_parameters(run)
    return _with_origin(plan, run, first, drivers, result)


def _together(run: Run, one: SoilModel, drivers: xr.Dataset, block: int) -> int:
    """How many members go through the solver at once: drawn ones in steady states, where their cells fit a block."""
    ensemble = run.model.ensemble
    if ensemble is None or ensemble.draws is None or run.experiment.kind != "steady" or one.solved is not one.network:
        return 1
    cells = math.prod(size for dim, size in drivers.sizes.items() if dim not in ("month", "day"))
    return max(1, block // max(1, cells))


class _Told:
    """Tells of a run's progress in cells: a run through time counts each cell once a year."""

    def __init__(self, run: Run, progress: Callable[[str, int, int], None]) -> None:
        self.name, self.total = run.name, run.cells * len(run.members)
        self.progress, self.years, self.counted, self.reported = progress, run.years or 1, 0, 0
        self.lock = threading.Lock()
        progress(self.name, 0, self.total)

    def __call__(self, counted: int) -> None:
        with self.lock:
            self.counted += counted
            finished = self.counted // self.years - self.reported
            self.reported += finished
        if finished:
            self.progress(self.name, finished, self.total)


def _named_start(plan: Plan, run: Run, place: Path) -> xr.Dataset | None:
    """The finished steady state that a run through time names for its start."""
    experiment = run.experiment
    if isinstance(experiment, Transient) and isinstance(experiment.start, str):
        return read_netcdf(place / f"{run.model.label}.{experiment.start}.nc")
    return None


def _of_member(start: xr.Dataset | None, member: Member) -> xr.Dataset | None:
    """The start of one member."""
    return start.sel(member=member.name, drop=True) if start is not None and "member" in start.dims else start


def _member_parameters(run: Run) -> xr.DataArray:
    """Every parameter of every member."""
    ensemble = run.model.ensemble
    drawn = ensemble is not None and ensemble.draws is not None
    networks = [soil_model(run.model, member.parameters).network for member in run.members[: 1 if drawn else None]]
    columns, names, units = [], [], []
    for declared in networks[0].declared:
        if drawn:
            values = _drawn_values(networks[0], run.members, declared.name)
        else:
            values = np.stack([np.asarray(network.parameters[declared.name]) for network in networks])
        columns.append(values.reshape(len(run.members), -1))
        names += [f"{declared.name}[{part}]" if part else declared.name for part in declared.components or ("",)]
        units += [declared.unit] * columns[-1].shape[1]
    return xr.DataArray(
        np.concatenate(columns, axis=1),
        dims=("member", "parameter"),
        coords={"parameter": names, "parameter_unit": ("parameter", units)},
        attrs={"long_name": "parameter of each member, in the model's unit", "units": "as parameter_unit says"},
    )


def _drawn_values(network: Network, members: Sequence[Member], name: str) -> np.ndarray:
    """A parameter of drawn members, shape (members,) or (members, components); of the network where it is not drawn."""
    own = np.asarray(network.parameters[name], dtype=float)
    given = (member.parameters if member.name != FIRST else {} for member in members)
    return np.stack([np.asarray(values.get(name, own), dtype=float) for values in given])


def _drawn_states(
    plan: Plan, run: Run, members: Sequence[Member], drivers: xr.Dataset, told: Callable[[int], None] | None
) -> xr.Dataset:
    """Steady states of drawn members in some cells, all at once."""
    one, experiment = soil_model(run.model, members[0].parameters), run.experiment
    assert isinstance(experiment, Steady)
    varied = [declared.name for declared in one.network.declared if declared.name in members[-1].parameters]
    draws = {name: _drawn_values(one.network, members, name) for name in varied}
    fluxes = plan.source.study.outputs.fluxes
    found = one.ensemble(drivers, draws, season=experiment.season, fluxes=fluxes, progress=told)
    return found.drop_vars(["parameter_value", "parameter"])


def _state(
    plan: Plan,
    run: Run,
    member: Member,
    drivers: xr.Dataset,
    before: xr.Dataset,
    start: xr.Dataset | None,
    told: Callable[[int], None] | None,
) -> xr.Dataset:
    """What became of one member in some cells: a steady state, or a run through time."""
    experiment = run.experiment
    one = soil_model(run.model, member.parameters)
    if isinstance(experiment, Steady):
        fluxes = plan.source.study.outputs.fluxes
        return one.steady_state(drivers, season=experiment.season, fluxes=fluxes, eigenvalues=False, progress=told)
    if start is None:
        start = one.steady_state(before, season=plan.start_season(experiment), eigenvalues=False)
        start = start.merge(cue(start), combine_attrs="override")
    state = one.simulate(
        drivers,
        start=start[[name for name in (*STARTS, *STATUSES) if name in start]],
        years=run.years,
        method=experiment.method,
        steps=experiment.steps,
        progress=told,
    )
    for name in STATUSES:
        if name not in state and name in start:
            state[name] = start[name]
    for name in ("soil_carbon", "diagnosed_cue"):
        if name in start:
            state[f"{name}_at_start"] = start[name].assign_attrs(OUTPUTS[name].attributes())
            state[f"{name}_at_start"].attrs["long_name"] += ", in the steady state the run begins with"
    return state


def _what_is_kept(outputs: Outputs, drivers: xr.Dataset, state: xr.Dataset) -> xr.Dataset:
    """What a study asks for of a state or a run."""
    whole = state.merge(cue(state), combine_attrs="override")
    if "community_uptake" in state:
        for scale in ("community", "population"):
            whole = whole.merge(cue(state, scale=scale), combine_attrs="override")
    asked = outputs.variables
    if asked == "all":
        kept = whole
    else:
        wanted = [*(STANDARD if asked == "standard" else asked), *STATUSES, *STARTS]
        wanted += [name for name in whole.data_vars if str(name).endswith("_at_start")]
        wanted += ["flux_rate"] if outputs.fluxes else []
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
    kept.attrs = state.attrs
    return kept.drop_encoding()


def _with_origin(plan: Plan, run: Run, one: SoilModel, drivers: xr.Dataset, kept: xr.Dataset) -> xr.Dataset:
    """A result with all that says where it comes from."""
    study = plan.source.study
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
    ensemble = run.model.ensemble
    if ensemble is not None:
        attributes["ensemble"] = (
            f"{ensemble.draws} draws within {ensemble.spread:g} of the value, seed {study.seed}"
            if ensemble.draws is not None
            else "published sets"
        )
        of_own_sets = run.members if ensemble.sets is not None else run.members[:1]
        sets = [key for member in of_own_sets for key in soil_model(run.model, member.parameters).references]
        attributes["references"] = "\n".join([*bibliography(["he2024", *sets, *known]), *from_drivers])
    kept.attrs |= {name: value for name, value in attributes.items() if value not in (None, "")}
    return kept.drop_encoding()


def _parameter_lines(one: SoilModel) -> list[str]:
    """Every parameter with its value and unit, a line each."""
    table = one.parameters()
    names = table["parameter"] + table["component"].map(lambda part: f"[{part}]" if part else "")
    return [
        f"{name} = {value!r} {unit}" for name, value, unit in zip(names, table["value"], table["unit"], strict=True)
    ]
