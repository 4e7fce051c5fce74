"""Where a result comes from: versions of software, checksums of inputs."""

from __future__ import annotations

import hashlib
import os
from importlib.metadata import version

NAMED = ("jax", "numpy", "xarray")
"""Packages whose version may change a result."""


def versions() -> str:
    """Name and version of each package that a result depends on, a line each."""
    return "\n".join(f"{name} {version(name)}" for name in NAMED)


def file_checksum(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file's bytes, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
