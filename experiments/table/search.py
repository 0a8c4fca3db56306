"""The search before a table: every rule's rates, and how many epochs, on validation data alone.

Nothing here computes a score on the test part. Each try leaves a JSON, so that a search that is
stopped goes on where it was, and all of it can be looked at.
"""

import dataclasses
import math
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from experiments.lab.kept_results import KeptResults
from experiments.lab.progress import bar
from experiments.lab.storage import versions
from experiments.table.plan import Plan, Search
from experiments.table.records import Status, Try, read_try, write_record
from experiments.table.runs import TrainingRun, training_of
from rate_bridge.data import Dataset
from rate_bridge.rules import make_rule
from rate_bridge.training.collapse import collapse, uninformed
from rate_bridge.training.options import Options
from rate_bridge.training.trainer import Diverged

SHARE = 5
"""A try takes one part in so many of the column's epochs."""

Rates = tuple[float, float | None]
"""W's rate, and Theta's over W's; None where Theta does not learn."""


@dataclass(frozen=True)
class SearchOutcome:
    """The outcome of a search.

    Attributes
    ----------
    best : (float, float or None)
        Rate of W, and Theta's over it.
    accuracy : float
        On the validation part; minus infinity where every try failed.
    at_edge : tuple of str
        Grids that have grown as often as they may, with the best at their end.
    tried : int
    """

    best: Rates
    accuracy: float
    at_edge: tuple[str, ...]
    tried: int


def best_rates(
    search: Search, theta_learns: bool, accuracy: Callable[[Rates], float]
) -> SearchOutcome:
    """The best pair of rates, inside grids that grow until it is.

    Parameters
    ----------
    search : Search
    theta_learns : bool
        Whether Theta has a rate.
    accuracy : callable
        What a pair reaches on the validation part.
    """
    grids: dict[str, list[float]] = {"lr": sorted(search.lr)}
    if theta_learns:
        grids["theta"] = sorted(search.theta)
    grown = dict.fromkeys([(axis, end) for axis in grids for end in (0, -1)], 0)
    found: dict[Rates, float] = {}
    while True:
        for lr in grids["lr"]:
            for ratio in grids.get("theta", [None]):
                if (lr, ratio) not in found:
                    found[lr, ratio] = accuracy((lr, ratio))
        best = max(found, key=found.__getitem__)
        ends = [
            (axis, end)
            for axis, value in zip(grids, best, strict=False)
            for end in (0, -1)
            if value == grids[axis][end] and len(grids[axis]) > 1
        ]
        open_ends = [end for end in ends if grown[end] < search.extensions]
        if not open_ends or found[best] == -math.inf:
            return SearchOutcome(best, found[best], tuple(axis for axis, _ in ends), len(found))
        for axis, end in open_ends:
            grids[axis] = _longer(grids[axis], end)
            grown[axis, end] += 1


def _longer(grid: list[float], end: int) -> list[float]:
    """The grid with one value more at an end, by the factor that it has there."""
    if end == 0:
        return [float(f"{grid[0] ** 2 / grid[1]:.6g}"), *grid]
    return [*grid, float(f"{grid[-1] ** 2 / grid[-2]:.6g}")]


def flat_after(curve: Sequence[float], window: int, gain: float) -> int | None:
    """After how many epochs a curve of accuracies is flat; None if it is not."""
    for end in range(2 * window, len(curve) + 1):
        before = sum(curve[end - 2 * window : end - window]) / window
        if sum(curve[end - window : end]) / window - before < gain:
            return end
    return None


class SearchInFolder:
    """The search of one table, in its folder.

    Parameters
    ----------
    plan : Plan
    folder : pathlib.Path
        Of the table; tries go to ``search`` inside.
    dataset : callable
        From a run to its data.
    on_start : callable
        Called before each try; raises where there is no time left.
    """

    def __init__(
        self,
        plan: Plan,
        folder: Path,
        dataset: Callable[[TrainingRun], Dataset],
        on_start: Callable[[], None],
    ) -> None:
        self.plan, self.dataset, self.on_start = plan, dataset, on_start
        self.kept = KeptResults(folder / "search", read_try, write_record)

    def settled(self, run: TrainingRun, search: Search) -> tuple[TrainingRun, dict[str, Any]]:
        """The run at its searched rates and epochs, and what its record says of the search."""
        found, epochs = self.rates(run, search), self.epochs(run, search)
        options = replace(_at(run.options, found.best), epochs=epochs["epochs"])
        return replace(run, options=options), {**dataclasses.asdict(found), **epochs}

    def rates(self, run: TrainingRun, search: Search) -> SearchOutcome:
        """The best rates of the run's rule."""
        first = self._first(run)
        short = replace(first.options, epochs=max(1, first.options.epochs // SHARE))

        def accuracy(rates: Rates) -> float:
            lr, ratio = rates
            name = f"lr{lr:g}" + ("" if ratio is None else f"-theta{ratio:g}")
            tried = self._tried(replace(first, options=_at(short, rates)), name)
            scores = [score for score in tried.curve if score is not None]
            return max(scores) if tried.status == "ok" else -math.inf

        return best_rates(search, make_rule(run.rule).learns_theta, accuracy)

    def epochs(self, run: TrainingRun, search: Search) -> dict[str, Any]:
        """The epochs of all runs of the column, and after how many each rule was flat."""
        most, flat = run.options.epochs, {}
        for rule in search.flat_rules:
            first = self._first(replace(run, rule=rule))
            options = _at(first.options, self.rates(first, search).best)
            held = replace(options, schedule="constant")
            tried = self._tried(replace(first, options=held), "flat")
            curve = [-math.inf if score is None else score for score in tried.curve]
            flat[rule] = flat_after(curve, search.flat_window, search.flat_gain)
        return {"epochs": max(most if n is None else n for n in flat.values()), "flat": flat}

    def _first(self, run: TrainingRun) -> TrainingRun:
        """The same with the first seed of its column: the only one that a search uses."""
        (column,) = (each for each in self.plan.columns if each.name == run.column)
        return replace(run, options=replace(run.options, seed=column.seeds[0]))

    def _tried(self, run: TrainingRun, name: str) -> Try:
        """What came of a try, from its JSON or run now."""
        label = f"{run.name.rpartition('__')[0]}__{_plain(name)}"
        path = self.kept.file(label)
        checkpoint = path.with_suffix(".pt")
        found: Try = self.kept.one(label, lambda: self._run(run, name, checkpoint))
        checkpoint.unlink(missing_ok=True)  # not before the JSON is there
        if found.plan_hash != self.plan.hash:
            raise ValueError(
                f"{path} is of another plan ({found.plan_hash}, this is {self.plan.hash}). "
                "Choose another --out, or delete the folder `search` to search anew."
            )
        return found

    def _run(self, run: TrainingRun, name: str, checkpoint: Path) -> Try:
        self.on_start()
        start = time.perf_counter()
        training = training_of(run, self.dataset(run))
        status: Status = "ok"
        message = None
        try:
            with bar(f"{run.column}, {run.rule}, {name}") as report:
                training.fit(checkpoint, lambda fraction, _: report(fraction))
            fitted, data = training.fitted, training.data
            failed = collapse(data.kind, fitted.history, fitted.start, uninformed(data))
            if failed is not None:
                status, message = "collapsed", failed.message
        except Diverged as error:
            status, message = "diverged", str(error)
        return Try(
            plan_hash=self.plan.hash,
            run=run.described,
            status=status,
            message=message,
            curve=[entry["validation"]["accuracy"] for entry in training.fitted.history],
            seconds=time.perf_counter() - start,
            versions=versions(),
        )


def _at(options: Options, rates: Rates) -> Options:
    """The options at these rates."""
    lr, ratio = rates
    theta_lr = None if ratio is None else float(f"{lr * ratio:.6g}")
    return replace(options, lr=lr, theta_lr=theta_lr)


def _plain(name: str) -> str:
    """A name for files."""
    return re.sub(r"[^A-Za-z0-9.-]+", "-", name)
