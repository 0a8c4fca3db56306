"""What it costs to learn under every condition: cells, and their means over seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from experiments.audit.conditions import CONDITIONS
from experiments.audit.in_time import (
    ETAS,
    TIMED_CONDITIONS,
    TimedLesson,
    TimedSetting,
    timed_lesson_learned,
)
from experiments.audit.learning import RATES, SEARCH_SEED, Lesson, lesson_learned
from experiments.lab.kept_results import KeptResults, cell_name
from experiments.lab.progress import Report, portion
from rate_bridge.rules import RULE_NAMES, RULES, make_rule

LOST = 0.02
"""Accuracy whose loss counts: two points."""


def lessons(rule: str, task: "LearningTask") -> tuple[list[Lesson], list[Lesson]]:
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


LAST_EPOCHS = 3
"""Epochs at the end over which validation accuracy is averaged where a rate is selected."""

TIMED_BATCH = 16
"""Presentations of a network in time that are shown side by side."""


@dataclass(frozen=True)
class LearningTask:
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


def common_name(rule: str) -> str:
    """The same for names of one and the same rule, so that it learns once: of dll-kp it is kp."""
    own = make_rule(rule).name if rule in RULE_NAMES else rule
    return own if own == rule or (own in RULES and make_rule(own) == make_rule(rule)) else rule


def learned_costs(rule: str, task: LearningTask, progress: Report) -> dict[str, Any]:
    """Accuracy under every condition, with the rate that is best on validation samples.

    Returns
    -------
    dict
        ``rate``, ``rates_tried``, ``rows`` (one a condition and level: ``test``, ``label``,
        ``mean``, ``sd``, ``lost``) and the angles of learning as it is, by layer.
    """
    search, rest = lessons(common_name(rule), task)
    kept, jobs = task.kept, task.jobs
    tried = kept.results(lesson_learned, _named(search), jobs, portion(progress, 0, 0.05))
    scores = [float(np.mean(result["validation"][-LAST_EPOCHS:])) for result in tried]
    rate = RATES[int(np.argmax(scores))]
    rest = [replace(lesson, rate=rate) for lesson in rest]
    found = kept.results(lesson_learned, _named(rest), jobs, portion(progress, 0.05, 1.0))
    groups = _grouped(rest, found)
    rows = []
    for (name, level), group in groups.items():
        condition = CONDITIONS[name]
        label = f"{condition.label}: {level:g}" if len(condition.levels) > 1 else condition.label
        tests = [result["test"] for result in group]
        rows.append(_row(condition.test, name, label, level, tests))
    plain = groups["as it is", 0]
    angles = {key: _by_layer([result[key] for result in plain]) for key in ("alignment", "angle")}
    return _costs(task, "Adam", rate, dict(zip(RATES, scores, strict=True)), rows) | angles


def timed_costs(
    model: str, options: tuple[str, ...], task: LearningTask, progress: Report
) -> dict[str, Any]:
    """The same of a network that runs in time; all seeds of a setting learn side by side."""

    def lesson(setting: TimedSetting, eta: float, seeds: tuple[int, ...]) -> TimedLesson:
        size = (task.epochs, TIMED_BATCH)
        return TimedLesson(model, options, task.dataset, task.hidden, setting, eta, seeds, *size)

    kept, jobs = task.kept, task.jobs
    search = [lesson(TimedSetting(gate=True), eta, (SEARCH_SEED,)) for eta in ETAS]
    tried = kept.results(timed_lesson_learned, _named(search), jobs, portion(progress, 0, 0.1))
    scores = [result["validation"][0] for result in tried]
    eta = ETAS[int(np.nanargmax(np.array(scores, dtype=float)))]
    places = [
        (name, level, lesson(setting, eta, tuple(range(task.seeds))))
        for name, condition in TIMED_CONDITIONS.items()
        for level, setting in condition.settings.items()
    ]
    cells = _named([cell for *_, cell in places])
    found = kept.results(timed_lesson_learned, cells, jobs, portion(progress, 0.1, 1))
    by_cell = dict(zip(cells, found, strict=True))
    rows = []
    for name, level, cell in places:
        condition = TIMED_CONDITIONS[name]
        (key,) = _named([cell])
        label = f"{condition.label}: {level:g}"
        rows.append(_row(condition.test, name, label, level, by_cell[key]["test"]))
    tried_etas = dict(zip(ETAS, scores, strict=True))
    return _costs(task, "its own rules", eta, tried_etas, rows) | {"alignment": {}, "angle": {}}


def _row(
    test: str, condition: str, label: str, level: float, tests: Sequence[float]
) -> dict[str, Any]:
    return {
        "test": test,
        "condition": condition,
        "level": level,
        "label": label,
        "mean": float(np.mean(tests)),
        "sd": float(np.std(tests, ddof=1)),
        "seeds": len(tests),
    }


def _costs(
    task: LearningTask,
    by: str,
    rate: float,
    tried: Mapping[float, float],
    rows: list[dict[str, Any]],
) -> dict[str, Any]:
    """What is saved; the first row is what all others are compared with."""
    base = rows[0]["mean"]
    return {
        "dataset": task.dataset,
        "hidden": task.hidden,
        "epochs": task.epochs,
        "by": by,
        "rate": rate,
        "rates_tried": {str(value): score for value, score in tried.items()},
        "rows": [{**row, "lost": base - row["mean"]} for row in rows],
    }


def _named(cells: Sequence[Any]) -> dict[str, Any]:
    return {cell_name("lesson", asdict(cell)): cell for cell in cells}


def _grouped(
    cells: Sequence[Lesson], found: Sequence[Mapping[str, Any]]
) -> dict[tuple[str, float], list[Mapping[str, Any]]]:
    groups: dict[tuple[str, float], list[Mapping[str, Any]]] = {}
    for cell, result in zip(cells, found, strict=True):
        groups.setdefault((cell.condition, cell.level), []).append(result)
    return groups


def _by_layer(curves: Sequence[Sequence[Mapping[str, float]]]) -> dict[str, list[list[float]]]:
    """From (seed, epoch) of degrees by weights to weights of (seed, epoch)."""
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
