"""The rate and the free numbers of every remedy, selected alike on validation samples.

All candidates of a task are learned at all rates with few seeds and epochs. Where the best setting
has the smallest or the largest rate that its candidate was tried at, the next rate beyond is tried,
until the best lies inside or :data:`EXTENSIONS` rates were added. What was selected is learned with
all seeds and epochs; if a seed diverges then, the next best setting takes its place. Only then is
the test part looked at, and of the selected setting alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from experiments.lab.continuous_learning import DISCRETE, Cell
from experiments.lab.remedies import remedy

EXTENSIONS = 4
"""So many rates are tried beyond the grid."""

Numbers = tuple[tuple[str, float], ...]
Learned = Callable[[Sequence[Cell]], Sequence[Mapping[str, Any]]]
"""Cells to their results, in order."""


@dataclass(frozen=True)
class Candidate:
    """A rate and the free numbers, with which a remedy was tried."""

    eta: float
    free: Numbers
    validation: float


@dataclass
class Tuning:
    """A remedy at one presentation time in one network, to be tuned.

    Parameters
    ----------
    cell : Cell
        With all seeds and epochs, and the grid of rates.
    search_seeds, search_epochs : int
        With how many it is searched.
    """

    cell: Cell
    search_seeds: int
    search_epochs: int
    tried: list[Candidate] = field(default_factory=list)
    lost: list[Candidate] = field(default_factory=list)
    seconds: float = 0.0
    final: Mapping[str, Any] | None = None
    _results: dict[tuple[float, Numbers], Mapping[str, Any]] = field(default_factory=dict)

    @property
    def searched_like_final(self) -> bool:
        """Whether what the search learned is what is tested."""
        return (self.search_seeds, self.search_epochs) == (len(self.cell.seeds), self.cell.epochs)

    def grid(self) -> list[Cell]:
        """All candidates, at all rates of the grid."""
        if self.cell.remedy == DISCRETE:
            return [self._searching(self.cell.etas, ())]
        candidates = remedy(self.cell.remedy).candidates
        return [self._searching(self.cell.etas, tuple(each.items())) for each in candidates]

    def _searching(self, etas: tuple[float, ...], free: Numbers) -> Cell:
        return replace(
            _timed(self.cell, free),
            etas=etas,
            seeds=self.cell.seeds[: self.search_seeds],
            epochs=self.search_epochs,
        )

    def take(self, cell: Cell, found: Mapping[str, Any]) -> None:
        """Note the validation accuracy of every rate; not a number where a seed diverged."""
        last = np.array(found["validation"], dtype=float)[-1].mean(-1)
        for place, (eta, value) in enumerate(zip(cell.etas, last, strict=True)):
            self.tried.append(Candidate(eta, cell.free, float(value)))
            self._results[eta, cell.free] = _of_rate(found, place)
        self.seconds += found["seconds"]

    @property
    def best(self) -> Candidate | None:
        """The best setting that did not diverge; of equals the one that was tried first."""
        alive = [s for s in self.tried if np.isfinite(s.validation) and s not in self.lost]
        return max(alive, key=lambda setting: setting.validation, default=None)

    def beyond(self) -> Cell | None:
        """One more rate for the best setting's candidate, if that is at the edge."""
        best, grid = self.best, sorted(self.cell.etas)
        if best is None or len(grid) < 2:
            return None
        rates = self._rates(best)
        if best.eta not in (rates[0], rates[-1]) or len(rates) - len(grid) >= EXTENSIONS:
            return None
        up = best.eta == rates[-1]
        factor = grid[-1] / grid[-2] if up else grid[0] / grid[1]
        return self._searching((float(f"{best.eta * factor:.3g}"),), best.free)

    def _rates(self, setting: Candidate) -> list[float]:
        return sorted(s.eta for s in self.tried if s.free == setting.free)

    def at_edge(self, setting: Candidate) -> list[str]:
        """Which numbers of a setting are the smallest or the largest that were tried."""
        rates = self._rates(setting)
        found = ["eta"] if setting.eta in (rates[0], rates[-1]) else []
        if self.cell.remedy != DISCRETE:
            free = remedy(self.cell.remedy).free
            found += [n for n, v in setting.free if v in (free[n].values[0], free[n].values[-1])]
        return found

    def to_test(self) -> Cell | None:
        """The best setting with all seeds and epochs, if that has still to be learned."""
        best = self.best
        if best is None or self.final is not None:
            return None
        if self.searched_like_final:
            self.final = self._results[best.eta, best.free]
            return None
        return replace(_timed(self.cell, best.free), etas=(best.eta,))

    def take_final(self, found: Mapping[str, Any]) -> None:
        """What the best setting reached; if a seed diverged, that setting is out."""
        self.seconds += found["seconds"]
        if np.isfinite(np.array(found["test"], dtype=float)).all():
            self.final = _of_rate(found, 0)
        else:
            assert self.best is not None
            self.lost.append(self.best)


def _timed(cell: Cell, free: Numbers) -> Cell:
    """The cell with these free numbers; one of them may be its time step."""
    return replace(cell, free=free, dt_ms=dict(free).get("step_ms", cell.dt_ms))


def _of_rate(found: Mapping[str, Any], place: int) -> dict[str, Any]:
    """Test accuracies (seed,), and validation accuracies (epoch, seed), of one rate."""
    return {
        "test": np.array(found["test"], dtype=float)[place],
        "curve": np.array(found["validation"], dtype=float)[:, place],
    }


def tune(tasks: Sequence[Tuning], learned: Learned) -> None:
    """Search all tasks, then learn what was selected."""
    _search([(task, cell) for task in tasks for cell in task.grid()], learned)
    while further := [(task, cell) for task in tasks if (cell := task.beyond())]:
        _search(further, learned)
    while last := [(task, cell) for task in tasks if (cell := task.to_test())]:
        for (task, _), found in zip(last, learned([cell for _, cell in last]), strict=True):
            task.take_final(found)


def _search(pairs: Sequence[tuple[Tuning, Cell]], learned: Learned) -> None:
    for (task, cell), found in zip(pairs, learned([cell for _, cell in pairs]), strict=True):
        task.take(cell, found)
