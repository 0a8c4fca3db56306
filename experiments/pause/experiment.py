r"""``tuft pause``: accuracy against the time for which plasticity waits after every switch.

A soma follows what its dendrite predicts with a lag, so every switch of stimuli teaches a
microcircuit what is not an error. The curve of accuracy against the pause is measured at several
time constants of the stimulus' filter; then what does without a pause.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from compartments.domains import Count, Finite, NonNegative, Positive
from compartments.lookup import look_up
from compartments.sizes import check_size
from experiments.lab.classification import LearningConfig
from experiments.lab.kept_results import KeptResults, cell_name
from experiments.lab.options import COPY_BYTES, Workers
from experiments.lab.progress import Report
from experiments.lab.runner import FolderName, Result
from experiments.lab.samples import samples
from experiments.lab.storage import versions
from experiments.pause.at_rest import Switches, learned_at_rest, soma_lag_ms
from experiments.pause.conditions import PAUSE_CONDITIONS, condition, filter_of
from experiments.pause.figures import draw, percent, sentences
from experiments.pause.learning import PauseCell, PauseTask, learned
from experiments.pause.plans import PAUSE_PLANS, YIN_YANG

__all__ = ["Config", "draw", "measure", "sentences", "show"]

NEEDED = ("tau_0", "matched_soma", "filtered_target")
"""Options of a model that is measured here."""


@dataclass(frozen=True)
class Config(LearningConfig):
    """Accuracy against the pause of plasticity after each switch, and without a pause."""

    plan: str | None = None
    """Take all options but jobs, out and name from this plan (`experiments/pause/plans.py`)."""
    model: str = "microcircuit"
    """A model with a filtered stimulus, a matched prediction and a filtered target."""
    options: tuple[str, ...] = YIN_YANG
    """Options of the model, such as g_A=0.28/ms."""
    dataset: str = "yin-yang"
    """Classified data set."""
    hidden: tuple[Count, ...] = (120,)
    """Neurons in each hidden area."""
    tau_0s: tuple[Positive, ...] = (3.0, 1.5, 6.0)
    """Time constants of the stimulus' filter, in ms; conditions have the first."""
    pauses: tuple[NonNegative, ...] = (15, 0, 6, 10, 3, 25, 50)
    """Pauses of the curve, in ms; the first is that of conditions with a pause."""
    conditions: tuple[str, ...] = tuple(PAUSE_CONDITIONS)[:3]
    """What is learned beside the curve."""
    targets: tuple[Finite, Finite] = (-3.0, 3.0)
    """Potential to which the outputs of wrong classes are nudged, and that of the right one."""
    presentation_ms: Positive = 60.0
    """How long each sample is shown, pause included."""
    dt_ms: Positive = 0.5
    """Time step of Euler's rule."""
    seeds: Count = 5
    """How many seeds: --seed and the ones after it."""
    epochs: Count = 8
    """Passes through the training part."""
    batch: Count = 20
    """Streams of presentations in parallel to one set of weights."""
    final_rate: Positive = 0.1
    """The last quarter of the presentations is learned with this part of the rates."""
    jobs: Workers = 1
    """Processes."""
    name: FolderName = "pause"

    def __post_init__(self) -> None:
        if self.plan is not None:
            for option, value in look_up("plan", self.plan, PAUSE_PLANS).items():
                object.__setattr__(self, option, value)
        super().__post_init__()
        self.chosen.need(*NEEDED, why=" It is what this experiment is about.")
        copies = self.seeds * len(self.tau_0s)
        check_size("pause", "--seeds or --tau-0s", needed_bytes=COPY_BYTES * copies * self.batch)
        if not (self.tau_0s and self.pauses and self.conditions):
            raise ValueError("--tau-0s, --pauses and --conditions each need at least one value.")
        self.cells()  # each checks its times

    def task_with(self, tau_0: float) -> PauseTask:
        """What is learned behind such a filter, in ms."""
        return PauseTask(
            self.dataset,
            self.power,
            self.hidden,
            self.model,
            (*self.options, filter_of(tau_0)),
            self.targets,
            self.epochs,
            self.batch,
            self.final_rate,
            self.presentation_ms,
            self.dt_ms,
        )

    @property
    def all_seeds(self) -> tuple[int, ...]:
        """--seed and the ones after it."""
        return tuple(range(self.seed, self.seed + self.seeds))

    def cells(self) -> dict[str, PauseCell]:
        """By their names: the curve of the first tau_0 and the first condition, then the others."""
        first, *others = self.tau_0s
        beside = {name: self._beside(name, first) for name in self.conditions}
        main = {name: beside[name] for name in self.conditions[:1]}
        found = self._curve(first, self.pauses[:2]) | main | self._curve(first, self.pauses)
        for tau_0 in others:
            found |= self._curve(tau_0, self.pauses)
            found |= {f"{name}-{tau_0:g}": self._beside(name, tau_0) for name in main}
        return found | beside

    def at_rest(self) -> dict[str, Switches]:
        """Theory for every tau_0, of a microcircuit, whose equations it knows."""
        if self.model != "microcircuit":
            return {}
        pauses = {*map(float, self.pauses)}
        if len(pauses) > 3:  # a curve
            pauses |= {p for p in (1.5, 3, 4.5, 6, 8, 10, 12, 15, 20, 25) if p < max(pauses)}
        return {
            f"rest-{tau_0:g}": Switches(
                self.task_with(tau_0), (None, *sorted(pauses)), self.all_seeds[:2]
            )
            for tau_0 in self.tau_0s
        }

    def _curve(self, tau_0: float, pauses: Sequence[float]) -> dict[str, PauseCell]:
        task = self.task_with(tau_0)
        return {
            f"pause-{ms:g}-{tau_0:g}": PauseCell(task, ((),), self.all_seeds, ms) for ms in pauses
        }

    def _beside(self, name: str, tau_0: float) -> PauseCell:
        return condition(name).cell(self.task_with(tau_0), self.all_seeds, self.pauses[0])

    @property
    def plan_hash(self) -> str:
        """A hash of all that is decided before anything is learned."""
        left_out = ("plan", "jobs", "out", "name")
        described = {key: value for key, value in asdict(self).items() if key not in left_out}
        every = {name: asdict(cell) for name, cell in self.cells().items()}
        text = json.dumps([described, every], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def measure(config: Config, folder: Path, progress: Report) -> dict[str, Any]:
    """Learn what is not yet learned, and say what theory expects of the curve."""
    data = samples(config.dataset, config.power)
    shared: dict[str, Any] = {"data": data.provenance, "versions": versions()}
    shared["model"] = config.chosen.digest
    kept = KeptResults(config.out / ".pause-cells")  # for later runs, too

    def results(work: Callable[[Any], Any], cells: Mapping[str, Any], report: Report) -> list[Any]:
        named = {cell_name(label, asdict(cell) | shared): cell for label, cell in cells.items()}
        return kept.results(work, named, config.jobs, report)

    cells = config.cells()
    found = dict(zip(cells, results(learned, cells, progress), strict=True))
    theory = results(learned_at_rest, config.at_rest(), lambda fraction: None)
    rest = dict(zip(config.tau_0s, theory, strict=False))
    lag_ms = {tau_0: soma_lag_ms(config.task_with(tau_0)) for tau_0 in rest}
    return {
        "curve": [
            {"tau_0": tau_0, **scores(found[f"pause-{pause:g}-{tau_0:g}"], 0)}
            for tau_0 in config.tau_0s
            for pause in sorted(config.pauses)
        ],
        "rest": [expected(rest[t], t, lag_ms[t], config.presentation_ms) for t in rest],
        "conditions": [
            {"label": label, "tau_0": config.tau_0s[0], **scores(found[name], place)}
            for name in config.conditions
            for place, label in enumerate(condition(name).labels())
        ]
        + [
            {
                "label": condition(name).label,
                "tau_0": tau_0,
                **scores(found[f"{name}-{tau_0:g}"], 0),
            }
            for name in config.conditions[:1]
            for tau_0 in config.tau_0s[1:]
        ],
        "seconds": {name: each["seconds"] for name, each in found.items()},
    }


def scores(found: Mapping[str, Any], place: int) -> dict[str, Any]:
    """Accuracies of one variant of a cell."""
    tests = np.array(found["test"], dtype=float)[place]
    validation = np.array(found["validation"], dtype=float)[:, place]
    return {
        "pause": found["pause_ms"],
        "tests": tests,
        "test": tests.mean(),
        "sd": float(tests.std(ddof=1)) if len(tests) > 1 else None,
        "validation": validation.mean(-1),
    }


def expected(
    found: Mapping[str, Any], tau_0: float, lag_ms: float, presentation_ms: float
) -> dict[str, Any]:
    """What theory says for one tau_0: accuracy, and a switch beside an error, by the pause.

    ``share`` is the soma's lag over the window times how large a switch is beside an error, as far
    as the stimulus' filter still holds it.
    """
    pauses = np.array([np.inf if p is None else p for p in found["pauses_ms"]])
    tests = np.array(found["test"], dtype=float)
    alone = int(np.flatnonzero(np.isinf(pauses))[0])
    contrast = float(np.array(found["contrast"], dtype=float)[alone].mean())
    timed = pauses[np.isfinite(pauses)]
    return {
        "tau_0": tau_0,
        "contrast": contrast,
        "without_switches": tests[alone].mean(),
        "pauses": timed,
        "tests": tests[np.isfinite(pauses)].mean(-1),
        "share": lag_ms / (presentation_ms - timed) * contrast * np.exp(-timed / tau_0),
    }


def show(result: Result) -> None:
    """Tables on the terminal: the curve, and what was learned beside it."""
    rows = result["curve"]
    curve = Table(box=SIMPLE_HEAD, title="test accuracy in %, mean ± s.d. over seeds")
    curve.add_column("pause")
    for tau_0 in dict.fromkeys(row["tau_0"] for row in rows):
        curve.add_column(f"τ₀ = {tau_0:g} ms", justify="right")
    for pause in dict.fromkeys(row["pause"] for row in rows):
        curve.add_row(f"{pause:g} ms", *(percent(row) for row in rows if row["pause"] == pause))
    Console(width=120).print(curve)
    beside = Table(box=SIMPLE_HEAD, title="beside the curve")
    beside.add_column("learning")
    beside.add_column("τ₀, pause")
    beside.add_column("test %", justify="right")
    for row in result["conditions"]:
        beside.add_row(row["label"], f"{row['tau_0']:g}, {row['pause']:g} ms", percent(row))
    Console(width=120).print(beside)
