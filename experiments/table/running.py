"""The runs of a table, one after the other: searched where the plan says so, kept as they end."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from experiments.lab.kept_results import KeptResults
from experiments.lab.progress import bar
from experiments.table.plan import Plan
from experiments.table.records import Record, read_record, summary, write_record
from experiments.table.runs import TrainingRun, dataset_of, record_of
from experiments.table.search import SearchInFolder
from rate_bridge.baselines import BASELINES
from rate_bridge.data import Dataset


class TimeUp(Exception):
    """No further run may be started."""


def run_missing(
    plan: Plan,
    runs: Sequence[TrainingRun],
    folder: Path,
    *,
    minutes: float | None,
    search_only: bool,
) -> None:
    """Run what has no JSON yet, after the search where the plan has one.

    Each run's JSON, with the plan's hash, is written when it ends.

    Parameters
    ----------
    plan : Plan
    runs : sequence of TrainingRun
        In the order in which they are run.
    folder : pathlib.Path
        Of the table.
    minutes : float or None
        After so many no run is started.
    search_only : bool
        Whether to stop before anything is computed on the test part.
    """
    start = time.monotonic()
    held: list[tuple[Any, Dataset]] = []

    def on_start() -> None:
        if minutes is not None and time.monotonic() - start > 60 * minutes:
            raise TimeUp

    def dataset(run: TrainingRun) -> Dataset:
        wanted = (run.dataset, run.data_options)
        if not held or held[0][0] != wanted:
            held[:] = [(wanted, dataset_of(run))]
        return held[0][1]

    stage = SearchInFolder(plan, folder, dataset, on_start)
    searches = {column.name: column.search for column in plan.columns}
    kept = KeptResults(folder, read_record, write_record)
    try:
        for run in runs:
            search = None if run.rule in BASELINES else searches[run.column]
            if kept.file(run.name).is_file() or (search_only and search is None):
                continue
            searched = None
            if search is not None:
                run, searched = stage.settled(run, search)
            if search_only:
                continue
            on_start()
            checkpoint = folder / f".{run.name}.pt"
            of_plan = {"search": searched, "plan_hash": plan.hash}
            make = partial(finished, run, dataset(run), checkpoint, of_plan)
            record = kept.one(run.name, make)
            checkpoint.unlink(missing_ok=True)  # not before the record is there
            print(summary(record), flush=True)
    except TimeUp:
        print("Time is up; the rest is left for the next call.")


def finished(
    run: TrainingRun, dataset: Dataset, checkpoint: Path, of_plan: Mapping[str, Any]
) -> Record:
    """The run's record, continued from the checkpoint if one is left; with what the plan adds."""
    with bar(f"{run.column}, {run.rule}, seed {run.options.seed}") as report:
        record, _ = record_of(
            run, dataset, checkpoint=checkpoint, report=lambda fraction, _: report(fraction)
        )
    return replace(record, **of_plan)
