"""Files: written whole or not at all, read with a message that says what is wrong with them."""

from __future__ import annotations

import errno
import glob
import io
import os
import warnings
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from soilcue.core.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

REFUSALS = {
    errno.ENOSPC: "the disk is full; free some space or choose another folder",
    errno.EDQUOT: "the disk quota is used up; free some space or choose another folder",
    errno.EFBIG: "the file would be larger than the system allows; choose another folder",
    errno.EACCES: "the folder is not writable for this user; choose another folder or change its permissions",
    errno.EPERM: "the system forbids writing there; choose another folder",
    errno.EROFS: "the disk is read-only; choose another folder",
    errno.EIO: "the disk failed to write it; choose another folder",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
}
"""What the system's refusals to write mean, and what to do about them, by error number."""


_unfinished: set[Path] = set()


def remove_unfinished() -> None:
    """Remove what `removed_in_the_end` holds: for a program that ends without leaving its blocks."""
    for path in _unfinished:
        path.unlink(missing_ok=True)


@contextmanager
def removed_in_the_end(path: Path) -> Iterator[None]:
    """Remove a file when the body ends, in whatever way, and when the program is told to end before."""
    _unfinished.add(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        _unfinished.discard(path)


def remove_left_behind(target: Path) -> None:
    """Remove what other processes were writing of a file when they were killed: for the only one that may write it."""
    for left in target.parent.glob(_beside(Path(glob.escape(str(target))), "*").name):
        if left != _beside(target, os.getpid()):
            left.unlink(missing_ok=True)


def _beside(target: Path, process: int | str) -> Path:
    """Where a process writes a file until it is whole."""
    return target.with_name(f".{target.stem}.{process}.part{target.suffix}")


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Place to write a file so that it appears under its own name only when it is complete.

    The body writes to the path it is given, a new file in the same folder. When the body ends well that file is
    flushed to the disk and renamed to ``path``, replacing what was there; when it fails the file is removed and
    whatever ``path`` held before is untouched. The folder is tried on entry, so that a long calculation inside the
    body does not end in front of a closed door.

    Parameters
    ----------
    path : path
        Where the complete file is to be.

    Yields
    ------
    pathlib.Path
        The file to write to. It exists and is empty, and it ends as ``path`` does.

    Raises
    ------
    InputError
        If the folder is missing or not writable, the path is a folder, or the disk is full.
    """
    target = Path(path)
    beside = _beside(target, os.getpid())
    try:
        if target.is_dir():
            raise InputError(f"cannot write {target}: it is a folder; give the name of a file in it")
        if not target.parent.is_dir():
            raise InputError(f"cannot write {target}: there is no folder {target.parent}; make it first")
        try:
            with removed_in_the_end(beside):
                beside.open("wb").close()
                yield beside
                # Without the flush a crash of the machine soon after the rename could leave an empty file there.
                with beside.open("rb+") as written:
                    os.fsync(written.fileno())
                beside.replace(target)
        except InputError as error:
            # The body may itself write through this function, and knows its place by the name beside only.
            raise InputError(str(error).replace(str(beside), str(target))) from error
    except OSError as error:
        gone = error.errno == errno.ENOENT and str(error.filename) == str(beside)
        reason = "its folder takes no files, or is gone; choose another" if gone else REFUSALS.get(error.errno or 0)
        if reason is None:
            raise
        raise InputError(f"cannot write {target}: {reason}") from error


def write_netcdf(
    dataset: xr.Dataset, path: str | os.PathLike[str], *, narrow: bool = False, compressed: bool = True
) -> Path:
    """Write a Dataset as NetCDF-4, whole or not at all.

    Parameters
    ----------
    dataset : xr.Dataset
    path : path
    narrow : bool
        Keep floating-point variables of more than one dimension in four bytes a number instead of eight.
    compressed : bool
        Whether variables of more than one dimension are: no value is lost by it, but time. If not, numbers bear a
        checksum, as compressed ones always do.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    InputError
        When the place cannot be written.
    """
    encoding: dict[Hashable, dict[str, Any]] = {}
    for name, values in dataset.data_vars.items():
        if values.ndim > 1 and compressed:
            encoding[name] = {"zlib": True, "complevel": 4}
        elif values.ndim and not compressed and values.dtype.kind in "fiu":
            encoding[name] = {"fletcher32": True}
        if narrow and values.ndim > 1 and values.dtype == "float64":
            encoding.setdefault(name, {})["dtype"] = "float32"
    # made in memory: of a full disk the HDF5 library says nothing that could be told from a fault of its own
    file = io.BytesIO()
    dataset.to_netcdf(file, engine="h5netcdf", encoding=encoding)
    with whole_file(path) as beside:
        beside.write_bytes(file.getbuffer())
    return Path(path)


def read_netcdf(path: str | os.PathLike[str]) -> xr.Dataset:
    """A NetCDF file in memory, as it is: nothing is renamed or converted.

    Times become dates, or stay numbers where their units do not say which dates. Attributes are text in UTF-8, or else
    taken for Latin-1.

    Parameters
    ----------
    path : path
        NetCDF-4 or classic NetCDF.

    Returns
    -------
    xr.Dataset
        ``encoding["source"]`` holds the path.

    Raises
    ------
    InputError
        When there is no such file, or it cannot be read as NetCDF: not NetCDF at all, cut off, damaged.
    """
    import h5py
    import xarray as xr

    source = Path(path)
    if not os.path.isfile(source):
        state = "is not a file" if os.path.exists(source) else "there is no such file"
        raise InputError(f"{source}: {state}. Give the path of one NetCDF file.")
    try:
        if h5py.is_hdf5(source):
            # h5netcdf asks for this first; where that fails it also writes a traceback of its own when it is cleared up
            with h5py.File(source, "r") as file:
                file.attrs.get("_nc3_strict")
        dataset = xr.load_dataset(source, decode_times=False, decode_timedelta=False)
    except Exception as error:  # the readers below xarray raise another class for every way of being damaged
        raise InputError(f"{source}: cannot be read as NetCDF: {_why_unreadable(source, error)}") from error
    parts: list[xr.Dataset | xr.Variable] = [dataset, *dataset.variables.values()]
    for part in parts:
        part.attrs = {name: _mended(value) if isinstance(value, str) else value for name, value in part.attrs.items()}
    return _with_dates(dataset)


def _with_dates(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset with dates for times, if that can be: most uses have no times, and need not fail for them."""
    import numpy as np
    import xarray as xr

    # NaN among times would become the first date there is in some calendars
    gaps = [
        name
        for name, values in dataset.variables.items()
        if " since " in str(values.attrs.get("units", ""))
        and values.dtype.kind == "f"
        and np.isnan(values.values).any()
    ]
    try:
        with warnings.catch_warnings():
            # dates beyond those of NumPy are of another type: that is all there is to say of them
            warnings.simplefilter("ignore", xr.SerializationWarning)
            dated = xr.decode_cf(
                dataset, mask_and_scale=False, decode_coords=False, decode_timedelta=False, drop_variables=gaps
            )
    except (ValueError, OverflowError, TypeError):
        return dataset
    for name in gaps:
        add = dated.assign_coords if name in dataset.coords else dated.assign
        dated = add({name: dataset.variables[name]})
    dated.encoding = dataset.encoding
    return dated


def _mended(text: str) -> str:
    """Text as Unicode: taken for Latin-1 where it is not UTF-8 (an old degree sign), without NUL (old padding)."""
    text = text.replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="surrogateescape").decode("latin-1")
    return text


def _why_unreadable(source: Path, error: Exception) -> str:
    """What is wrong with a file that no reader could read."""
    if isinstance(error, PermissionError):
        return "this user may not read it. Change its permissions."
    with source.open("rb") as file:
        head = file.read(8)
    if not head:
        return "it is empty."
    if not head.startswith((b"CDF", b"\x89HDF")):
        start = head.decode("ascii", "replace")
        return f"it is another kind of file (it begins with {start!r}). Convert it, for example with cdo or xarray."
    told = (str(error).splitlines() or [type(error).__name__])[0]
    return f"it begins as one, but is cut off or damaged ({told}). Fetch or make it again."
