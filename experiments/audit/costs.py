"""What it costs to learn under every condition: cells, and their means over seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.audit.conditions import CONDITIONS
from experiments.audit.learning import RATES, SEARCH_SEED, Lesson, lesson_learned
from experiments.lab.kept_results import KeptResults, cell_name
from experiments.lab.progress import Report, portion

LOST = 0.02
"""Accuracy whose loss counts: two points."""


def lessons(rule: str, task: "Task") -> tuple[list[Lesson], list[Lesson]]:
    """Those that select the rate, and those of all conditions, whose rate is still open."""
    common, size = (rule, task.dataset, task.hidden), (task.epochs, task.batch)
    search = [Lesson(*common, "as it is", 0, rate, SEARCH_SEED, *size) for rate in RATES]
    rest = [
        Lesson(*common, name, level, 0.0, seed, *size)
        for name, condition in CONDITIONS.items()
        for level in condition.levels
        for seed in range(task.seeds)
    ]
    return search, rest


@dataclass(frozen=True)
class Task:
    """What is learned, to see what it costs.

    Parameters
    ----------
    dataset : str
        Classified samples.
    hidden : tuple of int
        Cells in each hidden layer.
    seeds, epochs, batch : int
        Networks under each condition; passes through the training part; samples in a step.
    kept : KeptResults
        Where what is done is kept, so that it goes on where it was stopped.
    jobs : int
        Processes.
    """

    kept: KeptResults
    dataset: str = "digits"
    hidden: tuple[int, ...] = (32, 32)
    seeds: int = 3
    epochs: int = 6
    batch: int = 32
    jobs: int = 1


def learned_costs(rule: str, task: Task, progress: Report) -> dict[str, Any]:
    """Accuracy under every condition, with the rate that is best on validation samples.

    Returns
    -------
    dict
        ``rate``, ``rates_tried``, ``rows`` (one a condition and level: ``test``, ``label``,
        ``mean``, ``sd``, ``lost``) and the angles of learning as it is, by layer.
    """
    search, rest = lessons(rule, task)
    kept, jobs = task.kept, task.jobs
    tried = kept.results(lesson_learned, _named(search), jobs, portion(progress, 0, 0.05))
    best = max(range(len(RATES)), key=lambda k: tried[k]["validation"][-1])
    rest = [Lesson(**{**vars(lesson), "rate": RATES[best]}) for lesson in rest]
    found = kept.results(lesson_learned, _named(rest), jobs, portion(progress, 0.05, 1.0))
    rows: list[dict[str, Any]] = []
    for (name, level), group in _grouped(rest, found).items():
        tests = [result["test"] for result in group]
        condition = CONDITIONS[name]
        shown = f"{condition.label}: {level:g}" if len(condition.levels) > 1 else condition.label
        rows.append(
            {
                "test": condition.test,
                "condition": name,
                "level": level,
                "label": shown,
                "mean": float(np.mean(tests)),
                "sd": float(np.std(tests, ddof=1)) if len(tests) > 1 else 0.0,
                "seeds": len(tests),
            }
        )
    base = rows[0]["mean"]
    for row in rows:
        row["lost"] = base - row["mean"]
    plain = _grouped(rest, found)["as it is", 0]
    return {
        "rule": rule,
        "dataset": task.dataset,
        "hidden": task.hidden,
        "epochs": task.epochs,
        "rate": RATES[best],
        "rates_tried": {str(r): t["validation"][-1] for r, t in zip(RATES, tried, strict=True)},
        "rows": rows,
        **{key: _by_layer([result[key] for result in plain]) for key in ("alignment", "angle")},
    }


def _named(cells: Sequence[Lesson]) -> dict[str, Lesson]:
    return {cell_name("lesson", vars(cell)): cell for cell in cells}


def _grouped(
    cells: Sequence[Lesson], found: Sequence[Mapping[str, Any]]
) -> dict[tuple[str, float], list[Mapping[str, Any]]]:
    groups: dict[tuple[str, float], list[Mapping[str, Any]]] = {}
    for cell, result in zip(cells, found, strict=True):
        groups.setdefault((cell.condition, cell.level), []).append(result)
    return groups


def _by_layer(curves: Sequence[Sequence[Mapping[str, float]]]) -> dict[str, list[list[float]]]:
    """From (seed, epoch) of degrees by layer to layer of (seed, epoch)."""
    names = list(curves[0][0]) if curves and curves[0] else []
    return {name: [[epoch[name] for epoch in curve] for curve in curves] for name in names}


def tolerated(rows: Sequence[Mapping[str, Any]], condition: str) -> float | None:
    """The hardest level at which at most two points are lost; None if the mildest loses more."""
    best = None
    for row in (r for r in rows if r["condition"] == condition):
        if row["lost"] > LOST:
            break
        best = row["level"]
    return best
