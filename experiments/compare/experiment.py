"""``tuft compare``: the same weights, samples and order; continuous time against the reference.

The reference of DLL is Algorithm 1.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compartments.checks import check_name
from compartments.domains import Count
from compartments.sizes import check_size
from experiments.compare.learning import discrete_trajectory, over_learning, per_presentation, save
from experiments.compare.page import draw, sentences
from experiments.compare.points import Point, fitting, sweeps
from experiments.compare.sweeps import (
    Group,
    Material,
    errors,
    grouped,
    labelled_points,
    rows,
    slopes,
)
from experiments.lab.classification import LearningConfig, classifier, layer_sizes
from experiments.lab.engines import copies, engine
from experiments.lab.options import COPY_BYTES, Workers
from experiments.lab.progress import Report, portion
from experiments.lab.quantities import duration
from experiments.lab.runner import FolderName
from experiments.lab.samples import Samples, samples
from experiments.lab.stable_step import check_step_at_rest
from models import Network, Schedule
from models.brian_engine import STEP_SECONDS
from models.checks import check_dynamics, check_schedule
from models.standalone import check_compiler
from rate_bridge.references.registry import reference

__all__ = ["Config", "draw", "measure", "sentences"]

SWEEP_SHARE = 0.4
"""About how much of the time the sweeps take."""


@dataclass(frozen=True)
class Config(LearningConfig):
    """Continuous plasticity against the discrete steps of the model's reference."""

    presentations: Count = 1437
    """How many samples are presented, one after another."""
    presentation: str = "400ms"
    """Time for which each sample is shown."""
    lag: str = "150ms"
    """Time after each switch for which plasticity is off."""
    blank: str = "0ms"
    """Pause between presentations."""
    dt: str = "1ms"
    """Time step."""
    engine: str = "brian2"
    """What runs the continuous network: brian2 or torch."""
    codegen: str = "cpp_standalone"
    """Brian2's code generation: cpp_standalone (needs a C++ compiler), cython or numpy."""
    sweep: bool = True
    """Whether to measure how the error depends on time, lag, dt, eta, remedies and depth."""
    sweep_engine: str = "torch"
    """What runs the sweeps: torch (points of one structure side by side) or brian2 (one by one)."""
    sweep_presentations: Count = 12
    """Samples in the cycle that is shown for each point of the sweeps."""
    sweep_seeds: Count = 3
    """Seeds of each point of the sweeps: --seed and the ones after it."""
    quick: bool = False
    """Only the sweeps over presentation time and, at 20 tau, remedies."""
    jobs: Workers = 2
    """Processes for the sweeps."""
    name: FolderName = "compare"

    def __post_init__(self) -> None:
        engine(self.engine)
        copies(self.sweep_engine)
        super().__post_init__()
        if self.sweep:
            self.chosen.need_rate()
        check_size(
            "compare", "--sweep-seeds", needed_bytes=COPY_BYTES * self.sweep_seeds * self.sweep
        )
        # an input and a target at the least, beside each other and in the engine
        check_size("compare", "--presentations", needed_bytes=32 * self.presentations)
        if self.sweep and min(self.presentations, self.sweep_presentations) < 2:
            raise ValueError(
                "--presentations and --sweep-presentations must be at least 2 for a sweep, whose "
                "error comes from the switches; or choose --no-sweep."
            )


def described(config: Config, data: Samples, seed: int) -> tuple[Network, Schedule]:
    """The network and the schedule that a configuration stands for."""
    network = classifier(config.chosen, data, config.hidden, seed, config.given)
    shown = data.presented(config.presentations, seed)
    schedule = Schedule(
        {
            "stimulus": data.train.inputs[shown],
            "target": data.targets(data.train.labels[shown]),
        },
        presentation=duration("--presentation", config.presentation),
        lag=duration("--lag", config.lag, zero_allowed=True),
        blank=duration("--blank", config.blank, zero_allowed=True),
    )
    return network, schedule


def check(config: Config) -> Samples:
    """The samples of a configuration, if all of it can be run.

    Raises
    ------
    ValueError
        For data, options or times that do not fit.
    RuntimeError
        Without a C++ compiler, where code is to be compiled.
    """
    data = samples(config.dataset, config.power)
    network, schedule = described(config, data, config.seed)
    dt = duration("--dt", config.dt)
    check_dynamics(network, dt, "euler", plastic=True)
    check_schedule(network, schedule, dt)
    check_step_at_rest(network, schedule, dt)
    check_name("compare", "codegen", config.codegen, STEP_SECONDS)
    if config.engine == "brian2":
        check_compiler(config.codegen)
    return data


def measure(config: Config, folder: Path, progress: Report) -> dict[str, Any]:
    """Run both and compare them; writes weights and updates.

    The sweeps come first and are kept, so that a run that is stopped goes on with what is still
    to be done.
    """
    data = check(config)
    start = time.perf_counter()
    share = SWEEP_SHARE if config.sweep else 0.0
    before = portion(progress, 0, share / 4)
    points, groups = swept(config, data, before) if config.sweep else ([], {})
    after = portion(progress, share / 4, share)
    found = config.kept.results(errors, groups, config.jobs, after)
    seconds = {"sweeps": time.perf_counter() - start}
    result = learned(config, data, folder, portion(progress, share, 1))
    if config.sweep:
        result["sweeps"] = sweep_result(config, rows(points, list(groups.values()), found))
    result["seconds"] |= seconds
    return result


def learned(config: Config, data: Samples, folder: Path, progress: Report) -> dict[str, Any]:
    """Learn in continuous time and by the reference; what came of it, weights in own files.

    The change of every update goes to ``updates.npz``, what was presented to ``presented.npz``.
    """
    network, schedule = described(config, data, config.seed)
    run = engine(config.engine)(
        network,
        schedule,
        dt=duration("--dt", config.dt),
        weights_at=[k * schedule.period for k in range(len(schedule))],
        codegen=config.codegen,
        progress=portion(progress, 0, 0.8),
    )
    discrete, kept = discrete_trajectory(network, schedule, portion(progress, 0.8, 1))
    save(folder, network, run.weights, discrete, schedule)
    return {
        "dataset": data.name,
        "sizes": layer_sizes(network),
        "reference": reference(network).title,
        "seeds": [config.seed],
        "presentations": len(schedule),
        **per_presentation(network, run, schedule, folder),
        **over_learning(network, run, discrete, kept, data),
        "provenance": data.provenance,
        "weights": {"initial": network.weights.hash, "continuous": run.weights.hash},
        "engine": config.engine,
        "seconds": {"continuous": run.seconds},
    }


def swept(config: Config, data: Samples, progress: Report) -> tuple[list[Point], dict[str, Group]]:
    """The points of the sweeps and, by name, the groups in which they are run."""
    count = config.sweep_seeds
    materials = [
        material(config, data, config.seed + k, portion(progress, k / count, (k + 1) / count))
        for k in range(count)
    ]
    names = fitting(config.chosen, config.given)
    deep = bool(config.hidden) and config.chosen.takes_sizes
    points = sweeps(quick=config.quick, names=names, hidden=deep)
    groups = grouped(points, materials, config.sweep_engine)
    return points, {group.name: group for group in groups}


def material(config: Config, data: Samples, seed: int, progress: Report) -> Material:
    """What the sweeps share for one seed: its first samples, its weights before and after."""
    network, schedule = described(config, data, seed)
    cycle = slice(0, config.sweep_presentations)
    learned = reference(network).learn(schedule, progress=progress)
    return Material(
        config.model,
        config.given,
        (data.train.inputs.shape[1], *config.hidden, data.n_classes),
        schedule.constant("stimulus")[cycle],
        schedule.constant("target")[cycle],
        {"initial": network.weights, "learned": learned},
        seed,
    )


def sweep_result(config: Config, measured: list[dict[str, Any]]) -> dict[str, Any]:
    """What is kept of the sweeps: every point, and slopes of error against presentation time."""
    return {
        "engine": config.sweep_engine,
        "seeds": list(range(config.seed, config.seed + config.sweep_seeds)),
        "presentations": min(config.presentations, config.sweep_presentations),
        "points": measured,
        "slope_of_error_in_T": slopes(labelled_points(measured)),
    }
