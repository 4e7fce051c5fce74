"""One self-contained HTML file from a template, figures and tables.

The plotting script is the one the plotly package ships; it is written into the page together with the data, and a
content security policy in the page's head forbids the browser to load anything else, so that a page cannot ask the
network even by mistake. For the same reason figures use cartesian traces alone: plotly's geographic ones fetch their
outlines from a server.

Figures are plain dictionaries in plotly's own schema. What a page's controls (buttons) switch is stated beside the
data: a trace is shown when each entry of its ``meta`` equals the value of the control of that name, and a
:class:`View` changes the layout when controls have given values.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from numpy.typing import NDArray
from plotly.offline import get_plotlyjs

from soilcue.core.citing import json_ld
from soilcue.core.files import whole_file

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
"""Raised digits, for exponents."""

Trace = dict[str, Any]
Layout = dict[str, Any]


@dataclass(frozen=True)
class View:
    """A change of a figure's layout that holds while controls have given values."""

    when: Mapping[str, str]
    """Value that each named control must have."""
    layout: Mapping[str, Any]
    """Attributes of the layout in plotly's dotted notation, such as ``{"xaxis.range": [0, 1]}``."""


@dataclass(frozen=True)
class Figure:
    """One figure of a page."""

    name: str
    """Identifier within the page."""
    title: str
    """Shown above it; empty where a heading of the page says the same."""
    description: str
    """What is to be seen, in words, for readers who cannot see it."""
    traces: Sequence[Trace]
    """In plotly's schema; numpy arrays are allowed wherever plotly takes a list."""
    layout: Layout
    views: Sequence[View] = field(default_factory=tuple)
    aspect: float = 2.05
    """Width over height."""
    least_height: int = 190
    """Pixels, whatever the width."""


@dataclass(frozen=True)
class Cell:
    """One cell of a table."""

    text: str
    detail: str = ""
    """Second line, smaller."""
    shade: float = math.nan
    """Depth of the background, 0 to 1; none where NaN."""
    note: bool = False
    """True for a word in place of a number."""
    prose: bool = False
    """True for a sentence, which wraps."""


@dataclass(frozen=True)
class Table:
    """One table of a page: header rows, then rows whose first entry names them."""

    caption: str
    header: Sequence[Sequence[tuple[str, int]]]
    """Rows of header cells, each with its text and the number of columns it spans."""
    rows: Sequence[tuple[str, Sequence[Cell]]]
    """Name of the row and its cells. A row without cells is a heading within the table."""
    swatches: Mapping[str, str] = field(default_factory=dict)
    """Colour shown beside the name of a row."""

    @property
    def columns(self) -> int:
        """Number of columns, the one of the names included."""
        return sum(span for _, span in self.header[-1])

    @property
    def prose_columns(self) -> frozenset[int]:
        """Columns of sentences, counted from that of the names: their heads stand above the first word."""
        told = [cells for _, cells in self.rows if cells]
        return frozenset(
            j + 1 for j in range(self.columns - 1) if told and all(j < len(row) and row[j].prose for row in told)
        )


def write_page(
    template: str, path: str | os.PathLike[str], figures: Sequence[Figure], content: Mapping[str, Any]
) -> Path:
    """Write one self-contained page, whole or not at all.

    Parameters
    ----------
    template : str
        Name of a file in the folder ``templates`` of this package.
    path : path
        The HTML file to write.
    figures : sequence of Figure
        The template places each with the macro ``figure(name)``.
    content : mapping
        Further names for the template: ``title``, and ``references``, the texts of what to cite, which the page also
        tells programs (`soilcue.core.citing`).

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    # Undefined names are errors: a page with a hole in it would be worse than none.
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("soilcue.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = templates.get_template(template).render(
        figures={figure.name: figure for figure in figures},
        figure_data=_embedded_json(figures),
        plotting_script=get_plotlyjs(),
        citation_data=json_ld(str(content["title"]), content.get("references", ())),
        **content,
    )
    target = Path(path)
    with whole_file(target) as beside:
        beside.write_text(html, encoding="utf-8")
    return target


def _embedded_json(figures: Sequence[Figure]) -> str:
    """Figures as JSON that may stand inside a script element, each array once however often it is used."""
    arrays: dict[str, Any] = {}
    described = {
        figure.name: {
            "traces": [_packed(trace, arrays) for trace in figure.traces],
            "layout": _packed(figure.layout, arrays),
            "views": [{"when": dict(view.when), "layout": _packed(view.layout, arrays)} for view in figure.views],
        }
        for figure in figures
    }
    text = json.dumps({"arrays": arrays, "figures": described}, allow_nan=False, separators=(",", ":"))
    # "</script>" inside a string would end the element.
    return text.replace("</", "<\\/")


def _packed(value: Any, arrays: dict[str, Any]) -> Any:
    """Copy of a nested value in which each array is replaced by a reference into ``arrays``."""
    if isinstance(value, np.ndarray):
        packed = _packed_array(value)
        key = hashlib.sha256(json.dumps(packed).encode()).hexdigest()[:12]
        arrays[key] = packed
        return {"array": key}
    if isinstance(value, Mapping):
        return {name: _packed(inner, arrays) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_packed(inner, arrays) for inner in value]
    return value


def _packed_array(array: NDArray[Any]) -> Any:
    """Array in the form plotly's script reads: base64 of 4-byte floats or of small integers; text as lists."""
    if array.dtype.kind in "OU":
        return array.tolist()
    kind, name = ("<f4", "f4") if array.dtype.kind == "f" else ("i1", "i1")
    packed = np.ascontiguousarray(array, dtype=kind)
    if array.dtype.kind != "f" and not np.array_equal(packed, array):
        kind, name = "<i4", "i4"
        packed = np.ascontiguousarray(array, dtype=kind)
    return {
        "dtype": name,
        "bdata": base64.b64encode(packed.tobytes()).decode("ascii"),
        "shape": ", ".join(str(n) for n in packed.shape),
    }


def number(value: float, digits: int = 3) -> str:
    """A number to a few significant digits, as a reader writes it."""
    value = float(value)
    if not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if size < -3:
        text = f"{value / 10.0**size:.{digits - 1}f} × 10{str(size).translate(SUPERSCRIPT)}"
    else:
        text = f"{value:,.{max(digits - 1 - size, 0)}f}"
    return text.replace("-", "−")


def p_value(value: float, relation: bool = False) -> str:
    """A p-value; with its sign of relation for use in a sentence."""
    if not math.isfinite(value):
        return "–"
    if value < 0.001:
        return "< 0.001"
    return f"{'= ' if relation else ''}{value:.3f}"
