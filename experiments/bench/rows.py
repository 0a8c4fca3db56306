"""What a benchmark measures: rows of seconds and rates, compared within their group."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import xarray as xr

from experiments.lab.labelled import labelled
from experiments.lab.progress import Report
from experiments.lab.runner import Result
from models.standalone import missing_programs


@dataclass(frozen=True)
class EngineRate:
    """One engine at one task.

    Parameters
    ----------
    group : str
        The task. Rows of a group do the same work, so that their rates can be divided.
    engine : str
        Who did it; the first row of a group is what the others are compared with.
    build_seconds : float, optional
        To generate and compile code, once; None where nothing is built.
    run_seconds : float
        To run.
    amount : float
        How much was done in ``run_seconds``.
    unit : str
        Of what: ``"synapse-steps"``, ``"samples"``, ...
    at : mapping of str to float, optional
        What the task's cost is drawn against: batch, width, depth.
    """

    group: str
    engine: str
    build_seconds: float | None
    run_seconds: float
    amount: float
    unit: str
    at: Mapping[str, float] | None = None

    @property
    def rate(self) -> float:
        """Amount per second of running."""
        return self.amount / self.run_seconds


@dataclass(frozen=True)
class LeftOut:
    """An engine that could not run here.

    Parameters
    ----------
    group, engine : str
        As for :class:`EngineRate`.
    reason : str
        What is missing; a sentence.
    """

    group: str
    engine: str
    reason: str


Measured = Sequence[EngineRate | LeftOut]

Benchmark = Callable[[bool, Report], Measured]
"""Takes whether to take the time for the full benchmark, and a callback; returns its rows."""


def attempted(group: str, engine: str, measure: Callable[[], EngineRate]) -> EngineRate | LeftOut:
    """The row of one of Brian2's targets, or what it would need."""
    missing = " and ".join(missing_programs(engine))
    if missing:
        reason = f"{missing} cannot be found: install what is missing (CXX names another compiler)."
        return LeftOut(group, engine, reason)
    return measure()


def records(rows: Iterable[EngineRate]) -> list[dict[str, Any]]:
    """The rows for ``result.json``, with rates and their ratio to the first row of the group."""
    found = []
    for _, members in groupby(rows, key=lambda row: (row.group, row.unit)):
        group = list(members)
        found += [
            {**vars(row), "rate": row.rate, "ratio": row.rate / group[0].rate} for row in group
        ]
    return found


def labelled_rates(result: Result) -> xr.Dataset:
    """The saved rows by group and engine; ``at`` by what is varied, NaN of a row that has none."""
    return labelled(result["rows"], ("group", "engine", "unit"), at=("varied",))
