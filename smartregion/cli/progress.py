"""Progress bars of a command on standard error, one for each phase."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

_PHASES = {
    "read": "reading tables",
    "map": "mapping records",
    "validate": "validating (SHACL)",
    "dump": "writing dumps",
    "search": "writing the search index",
    "store": "loading the store",
    "activate": "activating",
    "push": "sending chunks",
    "check": "counting",
    "pages": "walking the pages",
    "shapes": "validating the feed",
    "addresses": "asking addresses",
    "dumps": "reading dumps",
    "endpoints": "asking endpoints",
}


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """Progress on standard error: a bar for each phase."""
    columns = (TextColumn("{task.description:<26}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, Any] = {}

        def report(phase: str, done: int, total: int) -> None:
            if phase not in tasks:
                for task in tasks.values():
                    bars.update(task, completed=bars.tasks[task].total)
                    bars.stop_task(task)
                tasks[phase] = bars.add_task(_PHASES[phase], total=total)
            bars.update(tasks[phase], completed=done, total=total)

        yield report
        for task in tasks.values():
            bars.update(task, completed=bars.tasks[task].total)
