"""``tuft regression``: a microcircuit learns what another network computes.

Stimuli and a teacher's weights are random; the teacher's potentials nudge the output. Learners of
several kinds are tuned alike: copies learn with every pair of learning rates of a grid, and those
of the pair with the least validation error at the end are tested. All of that at rest; a shorter
run in continuous time says how far that is from it.
"""

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from brian2 import ms

from compartments.domains import Count, Positive
from compartments.sizes import check_size
from experiments.lab.kept_results import cell_name
from experiments.lab.options import COPY_BYTES
from experiments.lab.progress import Report
from experiments.lab.runner import FolderName, SeededConfig
from experiments.regression.learners import REGRESSORS, Copies, described, regressor
from experiments.regression.learning import HELD_OUT, TEST, learned, relative_error
from experiments.regression.page import draw, sentences
from experiments.regression.task import Regression
from models import Schedule, WeightBundle
from rate_bridge import ode_engine
from rate_bridge.devices import one_thread
from rate_bridge.references.microcircuit import Microcircuit
from rate_bridge.training.options import BATCH_SECONDS

__all__ = ["Config", "draw", "measure", "sentences"]

SMALL_RATES = 1e-3
"""Part of the learning rates with which continuous time is compared: weights hardly move."""


@dataclass(frozen=True)
class Config(SeededConfig):
    """Learn what another network computes, beside shallow learners and backpropagation."""

    learners: tuple[str, ...] = tuple(REGRESSORS)
    """microcircuit, frozen, shallow or backprop."""
    n_in: Count = 30
    """Neurons of the input."""
    hidden: Count = 50
    """Neurons of the hidden area."""
    n_out: Count = 10
    """Neurons of the output."""
    teacher_hidden: Count = 20
    """Neurons of the teacher's hidden layer."""
    steps: Count = 10_000
    """Steps of learning."""
    seeds: Count = 3
    """Initial weights and stimuli of each pair of rates."""
    batch: Count = 10
    """Stimuli in a step; their changes are averaged."""
    points: Count = 20
    """How often errors and angles are measured on the way."""
    presentations: Count = 50
    """Stimuli of the run in continuous time."""
    presentation_ms: Positive = 100.0
    """How long each of these is shown; plasticity waits for the first third."""
    name: FolderName = "regression"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.learners:
            raise ValueError("--learners needs at least one value.")
        copies = max(len(regressor(name).pairs) for name in self.learners) * self.seeds
        check_size("regression", "--seeds", needed_bytes=copies * COPY_BYTES)
        check_size("regression", "--steps", least_seconds=BATCH_SECONDS * self.steps)
        if self.points > self.steps:
            raise ValueError(f"--points must be at most the steps, got {self.points}.")

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Of the learners that have a hidden area."""
        return self.n_in, self.hidden, self.n_out

    @property
    def task(self) -> Regression:
        """The teacher."""
        return Regression((self.n_in, self.teacher_hidden, self.n_out), self.seed)


def measure(config: Config, folder: Path, progress: Report) -> dict[str, Any]:
    """Every learner's rates, course and error; and the microcircuit in continuous time."""
    rows = []
    same = {k: v for k, v in asdict(config).items() if k not in ("out", "name", "learners")}
    with one_thread():
        for number, name in enumerate(config.learners):

            def report(share: float, done: int = number) -> None:
                progress((done + share) / (len(config.learners) + 1))

            key = cell_name(name, same | asdict(regressor(name)))
            rows.append(config.kept.one(key, partial(row, config, name, report)))
        found: dict[str, Any] = {"rows": rows}
        ours = [one for one in rows if one["learner"] == "microcircuit"]
        if ours:
            found["continuous"] = continuous(config, ours[0])
    for one in rows:
        del one["weights"]
    return found


def row(config: Config, name: str, report: Report) -> dict[str, Any]:
    """One learner: errors of all rates, and what the selected ones reach."""
    kind, task = regressor(name), config.task
    own = range(config.seed, config.seed + config.seeds)
    seeds = [seed for _ in kind.pairs for seed in own]
    rates = [pair for pair in kind.pairs for _ in own]
    copies = Copies(kind, config.sizes, rates, seeds)
    course = learned(copies, task, seeds, config.steps, config.batch, config.points, report)
    errors = np.reshape(course["validation"][-1], (-1, len(own))).mean(1)
    errors = np.where(np.isfinite(errors), errors, np.inf)
    best = int(errors.argmin())
    chosen = slice(best * len(own), (best + 1) * len(own))
    tested = relative_error(copies, task, task.stimuli(TEST, HELD_OUT))
    return {
        "learner": name,
        "label": kind.label,
        "tried": [[*pair, error] for pair, error in zip(kind.pairs, errors.tolist(), strict=True)],
        "rates": kind.pairs[best],
        "steps": course["steps"],
        "validation": [found[chosen] for found in course["validation"]],
        "angle": [found[chosen] for found in course["angle"]],
        "test": tested[chosen].tolist(),
        "weights": {key: w[chosen][0].tolist() for key, w in copies.weights.items()},
    }


def continuous(config: Config, ours: dict[str, Any]) -> dict[str, Any]:
    """What the first seed's weights, as they were learned, change by in continuous time.

    Beside it the steps of the exact rest, and those that are found in one pass, for the same
    stimuli: relative differences of the summed change, and angles in degrees.
    """
    rates = tuple(SMALL_RATES * rate for rate in ours["rates"])
    net = described(config.sizes, config.seed, rates)
    learned_weights = {name: np.array(value) for name, value in ours["weights"].items()}
    net = net.with_weights(net.weights.with_arrays(**learned_weights))
    stimuli = config.task.stimuli(1, config.presentations)
    shown = {"stimulus": stimuli.numpy(), "target": config.task.potentials(stimuli).numpy()}
    steps = round(config.presentation_ms / 0.3)  # whole thirds of steps of 0.1 ms
    schedule = Schedule(shown, presentation=0.3 * steps * ms, lag=0.1 * steps * ms)
    run = ode_engine.simulate(net, schedule, dt=0.1 * ms, method="exponential_euler")
    at_rest = Microcircuit(net)
    ways = {"rest": at_rest, "one pass": at_rest.in_one_pass}
    return {
        "presentations": config.presentations,
        "differences": {
            label: apart(net.weights, run.weights, reference.learn(schedule))
            for label, reference in ways.items()
        },
    }


def apart(
    begun: WeightBundle, first: WeightBundle, second: WeightBundle
) -> dict[str, dict[str, float]]:
    """Of every weight that moves: the changes' relative difference, and their angle."""
    found = {}
    for name in begun:
        a, b = (after[name] - begun[name] for after in (first, second))
        if np.any(b):
            cosine = float((a * b).sum() / (np.linalg.norm(a) * np.linalg.norm(b)))
            found[name] = {
                "relative": float(np.linalg.norm(a - b) / np.linalg.norm(b)),
                "degrees": float(np.degrees(np.arccos(min(cosine, 1.0)))),
            }
    return found
