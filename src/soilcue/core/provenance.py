"""Where a result comes from: versions of software, checksums of inputs and of whatever else it depends on."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
import math
import os
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

import numpy as np

from soilcue.core.errors import InputError

NAMED = ("jax", "numpy", "xarray")
"""Packages whose version may change a result."""
_AT_ONCE = 4_000_000
"""Values of an array read together: those of a file need not fit into memory."""


def versions() -> str:
    """Name and version of each package that a result depends on, a line each."""
    return "\n".join(f"{name} {version(name)}" for name in NAMED)


def file_checksum(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file's bytes, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checksum(*parts: Any) -> str:
    """SHA-256 of all that a result depends on: the same in another process if, and only if, the parts are.

    Parameters
    ----------
    parts : any
        Numbers, text, arrays, Datasets (values, coordinates, dimensions and units), mappings, sequences; models,
        schemes and other objects made of these, with the text of the module their class stands in; functions, with the
        text of their module. Of what stands in the script itself, its own text and what it closes over.

    Returns
    -------
    str
        Hexadecimal digits.

    Raises
    ------
    InputError
        For a part of which this cannot be told, such as a function typed at a prompt.
    """
    digest = hashlib.sha256()
    for piece in _pieces(parts):
        # with its length, so that no two lists of pieces give one text
        digest.update(b"%d:" % len(piece))
        digest.update(piece)
    return digest.hexdigest()


def _pieces(part: Any) -> Iterator[bytes]:
    """What to know a part by."""
    import xarray as xr

    if part is None or isinstance(part, bool | int | float | str | bytes):
        yield f"{type(part).__name__} {part!r}".encode(errors="surrogatepass")
    elif isinstance(part, xr.Dataset):
        yield b"dataset"
        for name in sorted(part.variables, key=str):
            yield str(name).encode()
            yield from _pieces(part.variables[name])
    elif isinstance(part, xr.DataArray | xr.Variable):
        yield json.dumps([*map(str, part.dims), str(part.attrs.get("units"))]).encode()
        yield from _values(part.variable if isinstance(part, xr.DataArray) else part)
        if isinstance(part, xr.DataArray):
            for name in sorted(part.coords, key=str):
                yield str(name).encode()
                yield from _pieces(part.coords[name].variable)
    elif isinstance(part, Mapping):
        yield b"mapping %d" % len(part)
        for name in sorted(part, key=str):
            yield from _pieces(name)
            yield from _pieces(part[name])
    elif isinstance(part, list | tuple | set | frozenset):
        yield b"sequence %d" % len(part)
        for one in sorted(part, key=repr) if isinstance(part, set | frozenset) else part:
            yield from _pieces(one)
    elif dataclasses.is_dataclass(part) and not isinstance(part, type):
        yield from _code(type(part))
        yield from _pieces({field.name: getattr(part, field.name) for field in dataclasses.fields(part)})
    elif callable(part):
        yield from _code(part)
    elif hasattr(part, "__array__"):
        yield from _values(xr.Variable([f"{i}" for i in range(np.ndim(part))], np.asarray(part)))
    else:
        raise InputError(
            f"cannot tell whether {part!r} would be the same after a stop: it is no number, array or text."
        )


def _values(values: Any) -> Iterator[bytes]:
    """Shape, kind and values of an array, some at a time."""
    yield f"{values.dtype.str} {values.shape}".encode()
    if not values.ndim:
        yield _bytes(values.values)
        return
    rows = max(1, _AT_ONCE // max(1, math.prod(values.shape[1:])))
    for first in range(0, values.shape[0], rows):
        yield _bytes(values[first : first + rows].values)


def _bytes(values: np.ndarray) -> bytes:
    if values.dtype == object:
        return json.dumps([str(one) for one in values.ravel()]).encode()
    return np.ascontiguousarray(values).tobytes()


def _code(thing: Any) -> Iterator[bytes]:
    """Name and text of a class or a function; of a function also what it closes over."""
    thing = inspect.unwrap(thing)
    name = getattr(thing, "__qualname__", None)
    module = sys.modules.get(getattr(thing, "__module__", None) or "")
    if name is None or module is None:
        raise InputError(f"cannot tell whether {thing!r} would be the same after a stop. Give a function of a module.")
    yield f"{module.__name__} {name}".encode()
    file = getattr(module, "__file__", None)
    if module.__name__ != "__main__" and file:
        yield file_checksum(file).encode()
    else:
        try:
            yield inspect.getsource(thing).encode()
        except (OSError, TypeError) as error:
            raise InputError(
                f"cannot tell whether {name} would be the same after a stop: its text is not known. Put it into a file."
            ) from error
    for one in (*(getattr(thing, "__defaults__", None) or ()), *(getattr(thing, "__closure__", None) or ())):
        yield from _pieces(one.cell_contents if hasattr(one, "cell_contents") else one)
