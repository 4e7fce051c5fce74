"""How commands show the progress of long work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.progress import TaskID


@contextmanager
def progress_bars(things: str = "cells") -> Iterator[Callable[[str, int, int], None]]:
    """What to tell of the work: a bar a model on a terminal, else a line a model."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:

        def line(name: str, done: int, total: int) -> None:
            if done == 0:
                typer.echo(f"{name}: {total:,} {things}", err=True)

        yield line
        return

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        """Cells, or whatever is done, a second."""

        def render(self, task) -> Text:
            return Text(f"{task.speed or 0:,.{0 if things == 'cells' else 1}f} {things}/s")

    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def bar(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(f"{name} (compiling)", total=total)
            if done:
                bars.update(tasks[name], advance=done, description=name)

        yield bar
