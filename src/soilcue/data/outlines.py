"""Coastlines of the world, for maps that need no network."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def coastlines() -> list[np.ndarray]:
    """Coastlines of the world.

    Returns
    -------
    list of np.ndarray
        Polylines of shape (point, 2): longitude (-180 to 180) and latitude, degrees. No line crosses the antimeridian.

    References
    ----------
    Natural Earth, 1:110m land, public domain.
    """
    import numpy as np

    text = (files("soilcue.data") / "coastlines.json").read_text(encoding="utf-8")
    return [np.array(line, dtype=float) for line in json.loads(text)["lines"]]
