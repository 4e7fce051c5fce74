"""One writer at a time in a folder of results."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from soilcue.core.errors import InputError
from soilcue.core.files import remove_left_behind, removed_in_the_end

NAME = ".soilcue.lock"


@contextmanager
def only_writer(folder: Path, files: Iterable[str] = (), name: str = NAME) -> Iterator[None]:
    """Hold a folder, or refuse because another program holds it.

    The lock is the system's, which lets go of it when the program that holds it ends in whatever way; the file also
    says who holds it. A file left behind by a program of this machine that is no more is taken over. One that names
    another machine is believed: its lock may not be seen from here.

    Parameters
    ----------
    folder : pathlib.Path
    files : iterable of str
        What the holder alone writes in it. What was left of them by a holder that was killed is removed.
    name : str
        Of the file that holds the lock: one of its own where not the folder but a file in it is held.

    Raises
    ------
    InputError
        When another program writes there, or the folder takes no files.
    """
    path = folder / name
    handle = _opened(path)
    try:
        _refuse_others(path, handle)
        os.ftruncate(handle, 0)
        told = {"process": os.getpid(), "machine": socket.gethostname()}
        os.pwrite(handle, json.dumps(told).encode(), 0)
        # removed while the lock is still held: nobody else can have taken the file over
        with removed_in_the_end(path):
            for file in files:
                remove_left_behind(folder / file)
            yield
    finally:
        os.close(handle)


def _opened(path: Path) -> int:
    """The lock file with the system's lock on it."""
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise InputError(f"cannot write into {path.parent}: {error.strerror}. Choose another folder.") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            who = _holder(handle)
            os.close(handle)
            raise InputError(
                f"{path.parent}: another soilcue writes there ({who}). Wait for it, or choose another folder."
            ) from error
        try:
            if os.fstat(handle).st_ino == path.stat().st_ino:
                return handle
        except FileNotFoundError:
            pass
        os.close(handle)  # its holder has just removed it


def _holder(handle: int) -> str:
    """Who a lock file says holds it."""
    try:
        told = json.loads(os.pread(handle, 1000, 0))
        return f"process {told['process']} on {told['machine']}"
    except (ValueError, KeyError, TypeError):
        return "it has only just begun"


def _refuse_others(path: Path, handle: int) -> None:
    """Raise `InputError` when the file names another machine."""
    try:
        told = json.loads(os.pread(handle, 1000, 0) or b"{}")
        machine = told.get("machine") if isinstance(told, dict) else None
    except ValueError:
        machine = None
    if machine not in (None, socket.gethostname()):
        raise InputError(
            f"{path.parent}: process {told.get('process')} on {machine} writes there, or was stopped there. If it runs "
            f"no more, remove {path}; else choose another folder."
        )
