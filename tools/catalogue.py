"""Where the originals lie: the folder of public data sets named by the environment variable SOILCUE_DATA."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE_DATA = Path(__file__).resolve().parents[1] / "src" / "soilcue" / "data"


def original(*parts: str) -> Path:
    """Path of one original file below SOILCUE_DATA; leaves with a message when it is not there."""
    root = os.environ.get("SOILCUE_DATA")
    if not root:
        raise SystemExit("SOILCUE_DATA is not set: name the folder that holds the public data sets.")
    path = Path(root, *parts)
    if not path.is_file():
        raise SystemExit(f"{path} is not there: it is needed to make the embedded data.")
    return path
