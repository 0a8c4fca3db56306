"""Progress on the terminal. Libraries take a callback; this is where one is made."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

Report = Callable[[float], None]
"""Called with the fraction that is done, from 0 to 1."""


def portion(report: Report, begin: float, end: float) -> Report:
    """Progress of a part, which lies between two fractions of the whole."""
    return lambda fraction: report(begin + (end - begin) * fraction)


@contextmanager
def bar(description: str) -> Iterator[Report]:
    """A progress bar with the time remaining, on stderr; silent where stderr is no terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(description, total=1.0)
        yield lambda fraction: progress.update(task, completed=fraction)
