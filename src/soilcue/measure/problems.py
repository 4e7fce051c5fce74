"""Why a row, or a whole sheet, cannot be computed: the place, what was found, what is allowed, how to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from soilcue.core.errors import InputError

KEEP_GOING = "Mend them, or use --keep-going (keep_going=True) to compute the other rows and list these."
_SHOWN = 40


@dataclass(frozen=True)
class Problem:
    """Why a row, or the whole sheet, cannot be computed."""

    place: str
    sample: str
    column: str
    found: str
    allowed: str
    mend: str

    def __str__(self) -> str:
        allowed = f"; allowed: {self.allowed}" if self.allowed else ""
        column = f" ({self.column})" if self.column else ""
        return f"{self.place}{column}: found {self.found}{allowed}. {self.mend}".rstrip()


class SheetError(InputError):
    """A sheet cannot be computed; `problems` lists every reason."""

    def __init__(self, source: str, problems: Sequence[Problem], hint: str = "") -> None:
        self.problems = tuple(problems)
        count = f"{len(problems)} problems" if len(problems) > 1 else "a problem"
        shown = [f"  {problem}" for problem in problems[:_SHOWN]]
        more = [f"  and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        super().__init__("\n".join([f"{source}: {count}", *shown, *more, *([hint] if hint else [])]))
