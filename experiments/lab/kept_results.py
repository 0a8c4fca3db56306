"""A long experiment in cells: done in several processes, each kept on disk when it is done."""

import contextlib
import hashlib
import json
import threading
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

import joblib

from experiments.lab.engines import one_thread
from experiments.lab.progress import Report
from experiments.lab.storage import read_json, write_json


def cell_name(label: str, determined_by: Mapping[str, Any]) -> str:
    """A name for a file: the label, and a hash of everything that the cell's result depends on."""
    described = json.dumps(determined_by, sort_keys=True, default=str)
    return f"{label}-{hashlib.sha256(described.encode()).hexdigest()[:10]}"


class Cells:
    """Results of independent cells in a folder, so that a run that was stopped goes on.

    Parameters
    ----------
    folder : Path
        Where they are kept, a JSON file each; made when the first one is done.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def results(
        self,
        work: Callable[[Any], Any],
        cells: Mapping[str, Any],
        jobs: int = 1,
        report: Report = lambda fraction: None,
    ) -> list[Any]:
        """The result of every cell, in order; those that are kept are read.

        Stopped by any exception, Ctrl-C included, it ends its processes and keeps what was done.

        Parameters
        ----------
        work : callable
            A cell to its result, of what JSON can hold; it runs in another process.
        cells : mapping of str to object
            By :func:`cell_name`.
        jobs : int
            Processes.
        report : callable
            Told the fraction of all cells that is done.
        """
        found = {name: read_json(self._file(name)) for name in cells if self._file(name).exists()}
        waiting = [name for name in cells if name not in found]
        report(len(found) / max(len(cells), 1))
        tasks = (joblib.delayed(_kept)(work, cells[n], n, self._file(n)) for n in waiting)
        parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered", pre_dispatch="all")
        done = parallel(tasks)
        with _without_lost_work(), _closed_when_stopped(done):
            for name, result in done:
                found[name] = result
                report(len(found) / len(cells))
        return [found[name] for name in cells]

    def forget(self, cells: Mapping[str, Any]) -> None:
        """Delete the results of these cells, and the folder if it is then empty."""
        for name in cells:
            self._file(name).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # others are kept there, or none ever were
            self.folder.rmdir()

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.json"


@contextlib.contextmanager
def _without_lost_work() -> Iterator[None]:
    """Silence the thread of joblib's that misses a work item when the processes are stopped."""
    before = threading.excepthook

    def hook(args: threading.ExceptHookArgs) -> None:
        name = args.thread.name if args.thread else ""
        if not (args.exc_type is KeyError and name.startswith("ExecutorManagerThread")):
            before(args)

    threading.excepthook = hook
    try:
        yield
    finally:
        threading.excepthook = before


@contextlib.contextmanager
def _closed_when_stopped(running: Generator) -> Iterator[None]:
    """End joblib's processes at once, also if what stops the block is raised outside joblib."""
    try:
        yield
    except BaseException:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # joblib's about results that nobody will take
            running.close()
        raise


def _kept(work: Callable[[Any], Any], cell: Any, name: str, file: Path) -> tuple[str, Any]:
    with one_thread():
        result = work(cell)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_json(file, result)
    return name, read_json(file)
