"""What is done of a long experiment: kept on disk part by part, so that it goes on where it was."""

import contextlib
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from compartments.sealed_files import remove_abandoned
from experiments.lab import processes
from experiments.lab.progress import Report
from experiments.lab.storage import read_json, write_json
from rate_bridge.devices import one_thread


def cell_name(label: str, determined_by: Mapping[str, Any]) -> str:
    """A name for a file: the label, and a hash of everything that the cell's result depends on."""
    described = json.dumps(determined_by, sort_keys=True, default=str)
    return f"{label}-{hashlib.sha256(described.encode()).hexdigest()[:10]}"


class KeptResults:
    """Results of independent cells in a folder, so that a run that was stopped goes on.

    Parameters
    ----------
    folder : Path
        Where they are kept, a JSON file each; made when the first one is done.
    read, write : callable
        From a file to a result, and back; by default results are dicts of what JSON can hold.
    """

    def __init__(
        self,
        folder: Path,
        read: Callable[[Path], Any] = read_json,
        write: Callable[[Path, Any], None] = write_json,
    ) -> None:
        self.folder, self.read, self.write = folder, read, write
        self._given: set[Path] = set()

    def one(self, name: str, make: Callable[[], Any]) -> Any:
        """The result of that name: read if it is kept, else made and kept."""
        file = self.file(name)
        if not file.is_file():
            made = make()
            file.parent.mkdir(parents=True, exist_ok=True)
            self.write(file, made)
        return self.read(file)

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
            A cell to its result; it runs in another process.
        cells : mapping of str to object
            By :func:`cell_name`.
        jobs : int
            Processes.
        report : callable
            Told the fraction of all cells that is done.
        """
        remove_abandoned(self.folder)
        kept = {name: self.file(name) for name in cells if self.file(name).exists()}
        found = {name: self.read(file) for name, file in kept.items()}
        waiting = [name for name in cells if name not in found]
        report(len(found) / max(len(cells), 1))
        tasks = ((work, cells[name], name, self.file(name), self.write) for name in waiting)
        with processes.results(_kept, tasks, jobs) as done:
            for name in done:
                found[name] = self.read(self.file(name))
                report(len(found) / len(cells))
        self._given |= {self.file(name) for name in cells}
        return [found[name] for name in cells]

    def forget(self) -> None:
        """Delete the results that it has given, and the folder if it is then empty."""
        for file in self._given:
            file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # others are kept there, or none ever were
            self.folder.rmdir()

    def file(self, name: str) -> Path:
        """Where the result of that name is kept."""
        return self.folder / f"{name}.json"


def _kept(
    work: Callable[[Any], Any],
    cell: Any,
    name: str,
    file: Path,
    write: Callable[[Path, Any], None],
) -> str:
    with one_thread():
        result = work(cell)
    file.parent.mkdir(parents=True, exist_ok=True)
    write(file, result)
    return name
