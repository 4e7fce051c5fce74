"""A store of finished blocks: what a long job has done so far, so that it goes on there after a stop."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from soilcue.core.errors import InputError
from soilcue.core.files import read_netcdf, write_netcdf

if TYPE_CHECKING:
    import xarray as xr

PARTS = ".parts"
"""Usual name of the folder of a store, in the folder of the results."""
MARK = "job_checksum"
"""Attribute of what a job made."""


class BlockStore:
    """Finished blocks of jobs, a file each, below one folder.

    A job is known by a checksum of all that its result depends on (`soilcue.core.provenance.checksum`). Each file
    appears whole or not at all, and is believed only if it can be read and bears the checksum of its job.

    Parameters
    ----------
    folder : path or None
        It is made when the first block is stored. None stores nothing.
    """

    def __init__(self, folder: str | os.PathLike[str] | None) -> None:
        self.folder = None if folder is None else Path(folder)

    def block(
        self,
        job: str,
        name: str,
        compute: Callable[[], xr.Dataset],
        taken: Callable[[xr.Dataset], None] | None = None,
    ) -> xr.Dataset:
        """A block: taken from the store, or else computed and stored.

        Parameters
        ----------
        job : str
            Checksum.
        name : str
            Of the block within the job.
        compute : callable
            Makes the block.
        taken : callable, optional
            Told of a block that was there.

        Raises
        ------
        InputError
            When a block cannot be written; those that are there stay.
        """
        if self.folder is None:
            return compute()
        path = self.folder / job / f"{name}.nc"
        found = finished(path, job)
        if found is None:
            found = compute()
            path.parent.mkdir(parents=True, exist_ok=True)
            keep_finished(found, path, job, compressed=False)
        elif taken is not None:
            taken(found)
        return found

    def remove(self, job: str | None = None) -> None:
        """Remove the blocks of a job, or of all jobs."""
        if self.folder is None:
            return
        shutil.rmtree(self.folder / job if job else self.folder, ignore_errors=True)


NOTHING_STORED = BlockStore(None)
"""The store of a job that is done in one go."""


def finished(path: Path, job: str) -> xr.Dataset | None:
    """What a file holds, if it is whole and bears the checksum of the job."""
    if not path.is_file():
        return None
    try:
        found = read_netcdf(path)
    except InputError:
        return None
    return found.drop_encoding() if found.attrs.pop(MARK, None) == job else None


def keep_finished(found: xr.Dataset, path: Path, job: str, *, compressed: bool = True) -> None:
    """Write what a job made, with its checksum."""
    write_netcdf(found.assign_attrs({MARK: job}), path, compressed=compressed)
