"""Runs of the command line, in this process: what it prints and how it ends."""

import contextlib
import io
from typing import NamedTuple
from unittest import mock

from soilcue.cli import main


class Ended(NamedTuple):
    code: int
    out: str
    err: str


def soilcue(*arguments: object) -> Ended:
    """What the command `soilcue` does with these arguments. Nothing but an exit is caught."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with (
        mock.patch("sys.argv", ["soilcue", *map(str, arguments)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    return Ended(code, out.getvalue(), err.getvalue())
