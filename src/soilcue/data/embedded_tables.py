"""Small embedded tables of text: CSV with comments at the top."""

from __future__ import annotations

import csv
from importlib import resources


def embedded_rows(name: str) -> list[dict[str, str]]:
    """Rows of an embedded CSV table, as text by column; lines that begin with ``#`` are comments."""
    text = resources.files("soilcue.data").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
