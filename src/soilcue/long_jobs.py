"""Long jobs in blocks of cells: each block is stored when it is finished, so that a job that was stopped goes on there.

A job that was stopped and one that was not go by the same blocks, and on the same processors give the same values to
the bit. In one go, without blocks, seasonal states differ from those by rounding: some cells are brought to rest
together, and the slowest of them says when to end.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

import soilcue
from soilcue.core.block_store import MARK, NOTHING_STORED, BlockStore, finished, keep_finished
from soilcue.core.errors import InputError, unknown_name
from soilcue.core.lock import only_writer
from soilcue.core.provenance import checksum, versions
from soilcue.soil_model import SoilModel, joined
from soilcue.solve.cells import Status

CELLS = 20_000
"""Cells of a block unless told otherwise: some ten seconds of seasonal states."""
WORKS = ("steady_state", "simulate", "ensemble")
"""What `in_blocks` does: methods of `SoilModel`."""
_PERIODS = ("month", "day", "time")
"""Dimensions that are none of the cells."""
_OF_NO_VALUE = ("threads", "progress")
"""Arguments that change no value."""

Cut = Callable[[Any], Any]
"""Takes of a Dataset the cells of one block; what does not have their dimension is the same for all."""


def in_blocks(
    work: Callable[..., xr.Dataset],
    drivers: xr.Dataset,
    path: str | os.PathLike[str],
    *,
    block: int = CELLS,
    keep: Iterable[str] | None = None,
    progress: Callable[[int], None] | None = None,
    **settings: Any,
) -> xr.Dataset:
    """A long job, some cells at a time: stopped at any moment, the same call goes on where it was.

    Finished blocks lie in a hidden folder beside the result until it is whole. Blocks and result bear a checksum of all
    they depend on: the model with its parameters, schemes and options, the values of the drivers, the settings, the
    versions of the software. Where anything changed, all is done anew, and blocks of before are removed in the end.

    Parameters
    ----------
    work : bound method
        ``model.steady_state``, ``model.simulate`` or ``model.ensemble``.
    drivers : xr.Dataset
        As the method takes them. Those of a file are read twice, once for the checksum.
    path : path
        NetCDF file of the result. One that this very call made is read, and nothing is done again.
    block : int
        Cells of a block, which is what a stop can lose: slices along the longest dimension of the cells.
    keep : iterable of str, optional
        Variables to keep beside ``status``; all by default. The result of all cells has to fit into memory.
    progress : callable, optional
        As the method's; cells of blocks that were there count too.
    **settings
        What else the method takes: ``start=today, years=150``.

    Returns
    -------
    xr.Dataset
        What the method gives for all cells.

    Raises
    ------
    InputError
        As the method; when another program works on the same file, when it cannot be written (finished blocks stay), or
        when it is there and was not made in blocks; for a scheme of the user's own that cannot be known again.

    Examples
    --------
    >>> import soilcue as sc
    >>> model = sc.model("mimics")
    >>> state = sc.in_blocks(model.steady_state, sc.drivers("lter"), "state.nc", season="annual-mean")
    """
    model, name = getattr(work, "__self__", None), getattr(work, "__name__", "")
    if not isinstance(model, SoilModel):
        raise InputError("in_blocks does a method of a model: in_blocks(model.simulate, drivers, 'run.nc', years=150).")
    if name not in WORKS:
        raise unknown_name("method that goes in blocks", name, WORKS)
    if not isinstance(block, int) or block < 1:
        raise InputError(f"block={block}: give a whole number of cells from 1 on.")
    _refuse_drivers(drivers, settings)
    target, kept = Path(path), None if keep is None else list(dict.fromkeys([*keep, "status"]))
    _refuse_place(target)
    given = {word: value for word, value in settings.items() if word not in _OF_NO_VALUE}
    store = BlockStore(target.with_name(f".{target.name}.parts"))
    job = job_checksum(store, model, name, drivers, given, block, kept)
    with only_writer(target.parent, [target.name], f".{target.name}.lock"):
        found = finished(target, job)
        if found is None:

            def compute(cut: Cut) -> xr.Dataset:
                of_cells = {word: cut(value) for word, value in settings.items()}
                return _kept(work(cut(drivers), progress=progress, **of_cells), kept)

            keep_finished(joined_blocks(store, job, drivers, block, compute, progress), target, job)
            found = finished(target, job)
        store.remove()
    assert found is not None, "it has just been written"
    return found


def _refuse_drivers(drivers: xr.Dataset, settings: Mapping[str, Any]) -> None:
    """Raise `InputError` for what cannot be cut into blocks or written."""
    if not isinstance(drivers, xr.Dataset):
        raise InputError(f"drivers must be an xarray.Dataset; got {type(drivers).__name__}.")
    for dim, index in drivers.indexes.items():
        if isinstance(index, pd.MultiIndex):
            raise InputError(
                f"drivers: NetCDF has no place for the index of {dim!r}; give drivers.reset_index({dim!r})."
            )
    for word, value in settings.items():
        for dim, size in value.sizes.items() if isinstance(value, xr.Dataset) else ():
            if dim not in _PERIODS and drivers.sizes.get(dim, size) != size:
                raise InputError(f"{word}: has {size} along {dim!r}, the drivers {drivers.sizes[dim]}.")


def _refuse_place(target: Path) -> None:
    """Raise `InputError` where a result cannot be, or something else is that would be lost."""
    if target.suffix != ".nc":
        raise InputError(f"{target}: the result is a NetCDF file; give a name that ends in .nc.")
    if not target.parent.is_dir():
        raise InputError(f"cannot write {target}: there is no folder {target.parent}; make it first")
    if target.exists() and not _maker(target):
        raise InputError(f"{target}: is there already, and was not made by in_blocks. Name another file, or remove it.")


def _maker(target: Path) -> str:
    """Checksum of the job that made a result; nothing for a file of another kind, or none."""
    if not target.is_file():
        return ""
    try:
        with xr.open_dataset(target, decode_times=False) as there:
            return str(there.attrs.get(MARK, ""))
    except (OSError, ValueError):
        return ""


def _kept(result: xr.Dataset, kept: list[str] | None) -> xr.Dataset:
    """The variables asked for."""
    for name in kept or ():
        if name not in result:
            raise unknown_name("variable to keep", name, map(str, result.data_vars))
    return result if kept is None else result[kept]


# ---- what other long work is done by


def job_checksum(store: BlockStore, model: SoilModel, *settings: Any) -> str:
    """Of a model, the versions of the software and what else a result depends on; not asked where nothing is stored."""
    if store.folder is None:
        return ""
    return checksum(soilcue.__version__, versions(), model.network, model.parameters_name, *settings)


def joined_blocks(
    store: BlockStore,
    job: str,
    drivers: xr.Dataset,
    block: int,
    compute: Callable[[Cut], xr.Dataset],
    progress: Callable[[int], None] | None = None,
    name: str = "",
    *,
    counted: Callable[[xr.Dataset], int] | None = None,
    alone: bool = True,
) -> xr.Dataset:
    """The result for all cells, from blocks that are in a store or else computed and stored.

    Parameters
    ----------
    store : BlockStore
    job : str
        Checksum of all that the result depends on.
    drivers : xr.Dataset
        Its cells are cut into blocks.
    block : int
        Cells of a block, at most (and at least one row).
    compute : callable
        Makes a block; it is handed what takes the block's cells of a Dataset.
    progress : callable, optional
        Told of the cells of blocks that were there.
    name : str
        Before the names of the blocks, which tell their cells.
    counted : callable, optional
        How many cells to tell of for a block; by default those that had drivers, each once a year of a run.
    alone : bool
        Whether this is all that is to be done: then a single block is not stored, for the result follows at once.

    Returns
    -------
    xr.Dataset
    """
    dim, slices = _slices(drivers, block)
    store = NOTHING_STORED if alone and len(slices) == 1 else store

    def taken(found: xr.Dataset) -> None:
        if progress is not None:
            progress((counted or _solved)(found))

    blocks = []
    for piece in slices:
        cut, cells = partial(_cut, dim=dim, piece=piece), f"{piece.start}-{piece.stop}" if dim else "all"
        blocks.append(store.block(job, f"{name}{cells}", partial(compute, cut), taken))
    return joined(blocks, str(dim)) if len(blocks) > 1 else blocks[0]


def _solved(found: xr.Dataset) -> int:
    """How many cells a block has solved, each once a year of a run."""
    years = round(float(found["time"][-1])) if "time" in found.coords else 1
    return int((found["status"] != Status.NO_DRIVERS).sum()) * years


def _slices(drivers: xr.Dataset, block: int) -> tuple[str | None, list[slice]]:
    """The longest dimension of the cells, and slices along it of at most so many cells (and at least one row)."""
    sizes = {str(dim): size for dim, size in drivers.sizes.items() if dim not in _PERIODS}
    if not sizes or math.prod(sizes.values()) <= block:
        return None, [slice(None)]
    dim = max(sizes, key=lambda name: sizes[name])
    rows = max(1, block * sizes[dim] // math.prod(sizes.values()))
    return dim, [slice(i, min(i + rows, sizes[dim])) for i in range(0, sizes[dim], rows)]


def _cut(data: Any, dim: str | None, piece: slice) -> Any:
    """Some cells of a Dataset or an array; what does not have the dimension is the same everywhere."""
    if not isinstance(data, xr.Dataset | xr.DataArray) or dim not in data.dims:
        return data
    part = data.isel({dim: piece})
    if isinstance(data, xr.Dataset):
        part.encoding["source"] = data.encoding.get("source", "drivers")
    return part
