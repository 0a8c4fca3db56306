r"""``tuft pause``: accuracy against the time for which plasticity waits after every switch.

A soma follows what its dendrite predicts with a lag, so every switch of stimuli teaches a
microcircuit what is not an error. The curve of accuracy against the pause is measured at several
time constants of the stimulus' filter; then what does without a pause.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from compartments.domains import Count, Finite, NonNegative, Positive
from compartments.lookup import look_up
from compartments.sizes import check_size
from experiments.lab.classification import LearningConfig
from experiments.lab.kept_results import KeptResults, cell_name
from experiments.lab.options import COPY_BYTES, Workers
from experiments.lab.progress import Report
from experiments.lab.runner import FolderName
from experiments.lab.storage import versions
from experiments.pause.conditions import CONDITIONS, condition, filter_of
from experiments.pause.learning import Cell, Task, learned
from experiments.pause.plans import PAUSE_PLANS, YIN_YANG

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
    tau_0s: tuple[Positive, ...] = (1.5, 3.0, 6.0)
    """Time constants of the stimulus' filter, in ms."""
    pauses: tuple[NonNegative, ...] = (15, 0, 6, 25, 3, 10, 50)
    """Pauses of the curve, in ms; the first is that of conditions with a pause."""
    conditions: tuple[str, ...] = tuple(CONDITIONS)[:3]
    """What is learned beside the curve."""
    targets: tuple[Finite, Finite] = (-3.0, 3.0)
    """Potential to which the outputs of wrong classes are nudged, and that of the right one."""
    window_ms: Positive = 20.0
    """For how long synapses learn from each sample, which is shown so much longer than a pause."""
    dt_ms: Positive = 0.5
    """Time step of Euler's rule."""
    seeds: Count = 5
    """How many seeds: --seed and the ones after it."""
    epochs: Count = 12
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
        if not (self.tau_0s and self.pauses):
            raise ValueError("--tau-0s and --pauses each need at least one value.")
        self.cells()  # each checks its times

    @property
    def task(self) -> Task:
        """What is learned."""
        return Task(
            self.dataset,
            self.power,
            self.hidden,
            self.model,
            self.options,
            self.targets,
            self.epochs,
            self.batch,
            self.final_rate,
            self.window_ms,
            self.dt_ms,
        )

    @property
    def all_seeds(self) -> tuple[int, ...]:
        """--seed and the ones after it."""
        return tuple(range(self.seed, self.seed + self.seeds))

    def cells(self) -> dict[str, Cell]:
        """The points of the curve, and the conditions, by their labels; the main ones first."""
        task, seeds = self.task, self.all_seeds
        filters = tuple(filter_of(tau_0) for tau_0 in self.tau_0s)
        curve = {f"pause-{ms:g}": Cell(task, filters, seeds, ms) for ms in self.pauses}
        beside = {
            name: condition(name).cell(task, self.tau_0s, seeds, self.pauses[0])
            for name in self.conditions
        }
        first, *others = beside.items()
        return {**dict(list(curve.items())[:2]), **dict([first]), **curve, **dict(others)}

    @property
    def plan_hash(self) -> str:
        """A hash of all that is decided before anything is learned."""
        left_out = ("plan", "jobs", "out", "name")
        described = {key: value for key, value in asdict(self).items() if key not in left_out}
        every = {name: asdict(cell) for name, cell in self.cells().items()}
        text = json.dumps([described, every], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def measure(config: Config, folder: Path, progress: Report) -> dict[str, Any]:
    """Learn what is not yet learned."""
    shared: dict[str, Any] = {"data": config.task.data.provenance, "versions": versions()}
    shared["model"] = config.chosen.digest
    kept = KeptResults(config.out / ".pause-cells")  # for later runs, too
    cells = config.cells()
    named = {cell_name(label, asdict(cell) | shared): cell for label, cell in cells.items()}
    found = kept.results(learned, named, config.jobs, progress)
    return {"found": dict(zip(cells, found, strict=True))}
