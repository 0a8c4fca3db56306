"""Progress on the terminal. Libraries take a callback; this is where one is made."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TextColumn
from rich.text import Text

from compartments.sizes import duration

Report = Callable[[float], None]
"""Called with the fraction that is done, from 0 to 1."""


LINE_SECONDS = 30.0
"""Between two lines of progress where stderr is no terminal."""


def portion(report: Report, begin: float, end: float) -> Report:
    """Progress of a part, which lies between two fractions of the whole."""
    return lambda fraction: report(begin + (end - begin) * fraction)


@contextmanager
def bar(description: str) -> Iterator[Report]:
    """Progress and the time remaining, on stderr: a bar, or a line now and then in a file."""
    if not sys.stderr.isatty():
        yield _lines(description)
        return
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        _Remaining(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(description, total=1.0)
        yield lambda fraction: progress.update(task, completed=fraction)


def remaining(seconds: float, fraction: float) -> str:
    """What is left, if the rest goes as what is done: ``"about 4 min left"``; of nothing, nothing.

    Parameters
    ----------
    seconds : float
        Since the beginning.
    fraction : float
        What is done, from 0 to 1.
    """
    if not 0 < fraction < 1:
        return ""
    return f"about {duration(seconds * (1 - fraction) / fraction)} left"


class _Remaining(ProgressColumn):
    """:func:`remaining`, from the first report on."""

    def render(self, task: Task) -> Text:
        return Text(remaining(task.elapsed or 0.0, task.completed))


def _lines(description: str) -> Report:
    """A report that writes a line, at most every :data:`LINE_SECONDS`."""
    begun = last = time.monotonic()

    def report(fraction: float) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= LINE_SECONDS and fraction < 1:
            last = now
            left = remaining(now - begun, fraction)
            parts = [f"{description}: {100 * fraction:.0f} %", duration(now - begun), left]
            print(", ".join(filter(None, parts)), file=sys.stderr, flush=True)

    return report
