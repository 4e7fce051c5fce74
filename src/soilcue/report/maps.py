"""Maps of cells on a regular grid, drawn with cartesian traces: cells, coastlines, hatching."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from soilcue.report.page import Layout, Trace

Numbers = NDArray[np.float64]

SEA = "#f7f9fb"
BARE_LAND = "#e6e6e3"
FLAGGED = "#9a9a97"
INK = "#1d2430"
DIFFERENCES = [[0.0, "#2166ac"], [0.25, "#92c5de"], [0.5, "#f7f7f7"], [0.75, "#f4a582"], [1.0, "#b2182b"]]
"""Blue below, white at zero, red above (ColorBrewer): told apart with any of the common colour blindnesses."""
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def map_layout(latitudes: Numbers, colour_bar: Mapping[str, Any] | None = None) -> Layout:
    """Layout of a map in plate carree: degrees alike on both axes.

    Parameters
    ----------
    latitudes : array
        Centres of the rows to show, degrees, ascending.
    colour_bar : mapping, optional
        The layout's ``coloraxis`` without the bar's placing; none for a map without a bar.
    """
    half = (latitudes[1] - latitudes[0]) / 2.0
    axis: Layout = {"showgrid": False, "zeroline": False, "showticklabels": False, "ticks": "", "fixedrange": False}
    layout: Layout = {
        "xaxis": axis | {"range": [-180.0, 180.0], "constrain": "domain"},
        "yaxis": axis
        | {
            "range": [float(latitudes[0] - half), float(latitudes[-1] + half)],
            "scaleanchor": "x",
            "constrain": "domain",
        },
        "margin": {"l": 2, "r": 2, "t": 4, "b": 44 if colour_bar else 4},
        "plot_bgcolor": SEA,
    }
    if colour_bar:
        bar = {
            "orientation": "h",
            "x": 0.5,
            "y": 0.0,
            "yanchor": "top",
            "ypad": 6,
            "len": 0.72,
            "thickness": 10,
            "outlinewidth": 0,
            "ticks": "outside",
            "ticklen": 3,
            "nticks": 8,
            "tickfont": {"size": 11},
        }
        layout["coloraxis"] = dict(colour_bar) | {"colorbar": bar | dict(colour_bar.get("colorbar", {}))}
    return layout


def cells(longitudes: Numbers, latitudes: Numbers, values: ArrayLike, listed: ArrayLike, **more: Any) -> Trace:
    """Trace of one coloured rectangle a cell.

    Only the cells listed are written, each with its position: most of a world map is sea. Maps that list the same
    cells share their positions in the page.

    Parameters
    ----------
    longitudes, latitudes : array
        Centres of the columns and rows, degrees.
    values : array_like
        (latitude, longitude); NaN is left open.
    listed : array_like of bool
        Cells to write, (latitude, longitude).
    **more
        Further attributes of the trace. ``text`` is per cell too, (latitude, longitude).
    """
    chosen = np.array(listed, dtype=bool)
    # The script infers the width of cells from the positions it meets: each row and column must occur once.
    chosen[0, :] = True
    chosen[:, 0] = True
    row, column = np.nonzero(chosen)
    if "text" in more:
        more["text"] = more["text"][chosen]
    trace = {
        "type": "heatmap",
        "x": longitudes[column],
        "y": latitudes[row],
        "z": np.asarray(values, dtype=float)[chosen],
        "hoverongaps": False,
    }
    return trace | more


def plain_cells(longitudes: Numbers, latitudes: Numbers, mask: ArrayLike, colour: str, words: str) -> Trace:
    """Trace that paints the cells of a mask in one colour and says the same words over each."""
    return cells(
        longitudes,
        latitudes,
        np.where(np.asarray(mask, dtype=bool), 1.0, np.nan),
        mask,
        colorscale=[[0.0, colour], [1.0, colour]],
        zmin=0.0,
        zmax=1.0,
        showscale=False,
        hovertemplate=f"{words}<br>%{{y:.2f}}°, %{{x:.2f}}°<extra></extra>",
    )


def coastline_trace(lines: Iterable[NDArray[Any]]) -> Trace:
    """Trace of the coastlines.

    Parameters
    ----------
    lines : iterable of array
        Each (n, 2) with longitude and latitude, degrees; none crosses the date line.
    """
    gap = np.full((1, 2), np.nan)
    joined = np.concatenate([part for line in lines for part in (np.asarray(line, dtype=float), gap)])
    return _lines(joined, "#5b6470", 0.6)


def hatching(longitudes: Numbers, latitudes: Numbers, mask: ArrayLike) -> list[Trace]:
    """Traces of diagonal strokes over the cells of a mask, neighbours along a diagonal joined to one stroke.

    Each stroke is dark with a light border, to be seen on dark and on light cells.
    """
    chosen = np.asarray(mask, dtype=bool)
    rows, columns = chosen.shape
    step = np.array([longitudes[1] - longitudes[0], latitudes[1] - latitudes[0]])
    strokes = []
    for shift in range(-rows + 1, columns):
        run = np.diagonal(chosen, offset=shift).astype(np.int8)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], run, [0]])))
        first_row, first_column = max(0, -shift), max(0, shift)
        for begin, end in edges.reshape(-1, 2):
            corner = np.array([longitudes[first_column + begin], latitudes[first_row + begin]]) - step / 2.0
            strokes.append([corner, corner + (end - begin) * step, [np.nan, np.nan]])
    points = np.array(strokes, dtype=float).reshape(-1, 2)
    return [_lines(points, "rgba(255,255,255,0.25)", 1.4), _lines(points, "rgba(29,36,48,0.75)", 0.6)]


def shown_rows(latitudes: Numbers, mask: ArrayLike) -> slice:
    """Rows from the southernmost to the northernmost with a cell of the mask, and one more on either side."""
    used = np.flatnonzero(np.asarray(mask, dtype=bool).any(axis=1))
    if used.size == 0:
        return slice(0, latitudes.size)
    return slice(max(0, int(used[0]) - 1), min(latitudes.size, int(used[-1]) + 2))


def _lines(points: Numbers, colour: str, width: float) -> Trace:
    """Trace of lines broken at NaN."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": points[:, 0],
        "y": points[:, 1],
        "line": {"color": colour, "width": width},
        "hoverinfo": "skip",
        "showlegend": False,
    }
