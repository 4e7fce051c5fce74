"""Files that appear whole or not at all: written beside their place, then renamed into it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from soilcue.core.errors import InputError

_REASONS = {
    errno.ENOSPC: "the disk is full; free some space or choose another folder",
    errno.EDQUOT: "the disk quota is used up; free some space or choose another folder",
    errno.EFBIG: "the file would be larger than the system allows; choose another folder",
    errno.EACCES: "the folder is not writable for this user; choose another folder or change its permissions",
    errno.EPERM: "the system forbids writing there; choose another folder",
    errno.EROFS: "the disk is read-only; choose another folder",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
}


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
    if target.is_dir():
        raise InputError(f"cannot write {target}: it is a folder; give the name of a file in it")
    if not target.parent.is_dir():
        raise InputError(f"cannot write {target}: there is no folder {target.parent}; make it first")
    beside = target.with_name(f".{target.stem}.{os.getpid()}.part{target.suffix}")
    try:
        try:
            beside.open("wb").close()
            yield beside
            # Without the flush a crash of the machine soon after the rename could leave an empty file under the name.
            with beside.open("rb+") as written:
                os.fsync(written.fileno())
            beside.replace(target)
        except OSError as error:
            if error.errno not in _REASONS:
                raise
            raise InputError(f"cannot write {target}: {_REASONS[error.errno]}") from error
    finally:
        beside.unlink(missing_ok=True)
