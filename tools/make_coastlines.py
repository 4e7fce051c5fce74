"""Make the embedded coastlines from the Natural Earth 1:110m land outline.

Run from the project's root::

    SOILCUE_DATA=/path/to/data python tools/make_coastlines.py [--output FILE]

The original is a TopoJSON file: its arcs are whole numbers, each point after the first a step from the one before,
brought to degrees by a scale and a translation (TopoJSON specification 1.0, section 2.1).
"""

from __future__ import annotations

import argparse
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
from catalogue import PACKAGE_DATA, original


def read_arcs(path: Path) -> list[np.ndarray]:
    """Arcs of a quantised TopoJSON file, each of shape (point, 2): longitude and latitude in degrees."""
    topology = json.loads(path.read_text(encoding="utf-8"))
    scale, translate = np.array(topology["transform"]["scale"]), np.array(topology["transform"]["translate"])
    return [np.cumsum(np.array(arc), axis=0) * scale + translate for arc in topology["arcs"]]


def split_at_antimeridian(line: np.ndarray) -> list[np.ndarray]:
    """Parts of a line that stay on one side of 180 degrees, the crossing point added to both of its parts.

    Pieces that run along the antimeridian itself (the edge where the source cuts its polygons) are left out: they
    are not coast.
    """
    parts: list[list[list[float]]] = [[list(line[0])]]
    for (lon, lat), (next_lon, next_lat) in pairwise(line):
        along_edge = abs(lon) > 179.995 and abs(next_lon) > 179.995
        if along_edge:
            parts.append([[next_lon, next_lat]])
            continue
        if abs(next_lon - lon) > 180:
            edge = 180.0 if lon > 0 else -180.0
            unrolled = next_lon + 2 * edge
            share = (edge - lon) / (unrolled - lon)
            crossing = lat + share * (next_lat - lat)
            parts[-1].append([edge, crossing])
            parts.append([[-edge, crossing]])
        parts[-1].append([next_lon, next_lat])
    return [np.array(part) for part in parts]


def make_coastlines() -> list[list[list[float]]]:
    """Polylines as lists of [longitude, latitude], rounded to 0.01 degrees, repeated points left out."""
    lines = []
    for arc in read_arcs(original("conventions", "land-110m.json")):
        for part in split_at_antimeridian(arc):
            rounded = part.round(2) + 0.0  # no minus zero
            moved = np.r_[True, (np.diff(rounded, axis=0) != 0).any(axis=1)]
            if moved.sum() >= 2:
                lines.append(rounded[moved].tolist())
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=PACKAGE_DATA / "coastlines.json")
    output = parser.parse_args().output
    lines = make_coastlines()
    header = {
        "title": "Coastlines of the world, polylines of [longitude, latitude] in degrees",
        "source": "Natural Earth, 1:110m land, read from its TopoJSON edition",
        "licence": "public domain",
        "transformation": "arcs decoded, split at the antimeridian, rounded to 0.01 degrees; made by "
        "tools/make_coastlines.py",
    }
    text = json.dumps({**header, "lines": lines}, separators=(",", ":"))
    output.write_text(text + "\n", encoding="utf-8")
    print(f"{output}: {output.stat().st_size / 1000:.0f} kB, {len(lines)} lines, {sum(map(len, lines))} points")


if __name__ == "__main__":
    main()
