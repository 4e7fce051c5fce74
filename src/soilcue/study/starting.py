"""Studies to start from: commented files that run as they are."""

from __future__ import annotations

from importlib.resources import files

from soilcue.core.errors import unknown_name

KINDS = {
    "sites": "steady states of three models at three sites",
    "warming": "fifty years of warming and of more litter at two sites",
    "globe": "maps of steady states under two schemes of CUE, today and warmer",
}
"""What there is to start from."""


def starting_study(kind: str) -> str:
    """The text of a study to start from.

    Raises
    ------
    InputError
        For an unknown kind.
    """
    if kind not in KINDS:
        raise unknown_name("kind of study", kind, KINDS)
    return (files("soilcue.study") / "templates" / f"{kind}.yaml").read_text(encoding="utf-8")
