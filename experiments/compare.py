"""``tuft compare``: the same weights, samples and order; continuous time against Algorithm 1."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from compartments.names import unknown_name
from experiments import compare_page, compare_sweeps
from experiments.compare_measures import (
    agreement,
    differences,
    discrete_steps,
    outputs,
    weight_distance,
)
from experiments.engines import engine
from experiments.page import write_page
from experiments.progress import Report, bar
from experiments.quantities import duration
from experiments.samples import Samples, samples
from experiments.storage import RunFolder, read_json, versions, write_json
from models import DLLNetwork, DLLOptions, Run, Schedule, WeightBundle, dll_network
from models.checks import CODEGEN
from rate_bridge import algorithm1

QUARTILES = {"q25": 0.25, "median": 0.5, "q75": 0.75}

CHECKPOINTS = 25
"""Moments of learning at which both networks are evaluated on the validation samples."""


@dataclass(frozen=True)
class Config:
    """Continuous plasticity against the discrete Algorithm 1."""

    dataset: str = "digits"
    """Classified data set; digits needs no file."""
    hidden: tuple[int, ...] = (32, 32)
    """Neurons in each hidden layer."""
    activation: str = "tanh"
    """Activation of the hidden layers: tanh, logistic, softplus or linear."""
    output_activation: str = "linear"
    """Activation of the output layer."""
    theta_rule: str = "minus"
    """How feedback weights learn: minus (Algorithm 1), plus, fixed or kp."""
    eta_W: float = 0.01
    """Learning rate of W for one presentation."""
    eta_theta: float = 0.001
    """Learning rate of Theta for one presentation."""
    beta: float | None = None
    """Pull of the target on the output; None clamps the output to it."""
    bias: bool = False
    """Whether neurons have a plastic bias."""
    matched_soma: bool = False
    """Remedy: measure the error against the u that the soma itself would show."""
    filtered_target: bool = False
    """Remedy: delay the target by as many stages as the network is deep."""
    presentations: int = 1437
    """How many samples are presented, one after another."""
    presentation: str = "400ms"
    """Time for which each sample is shown."""
    lag: str = "150ms"
    """Time after each switch for which plasticity is off."""
    blank: str = "0ms"
    """Pause between presentations."""
    dt: str = "1ms"
    """Time step."""
    power: float = 5.0
    """Mean squared length of the centred inputs."""
    engine: str = "brian2"
    """What runs the continuous network, and the sweeps: brian2 or torch."""
    codegen: str = "cpp_standalone"
    """Brian2's code generation: cpp_standalone (needs a C++ compiler), cython or numpy."""
    sweep: bool = True
    """Whether to measure how the error depends on time, lag, dt, eta and remedies."""
    sweep_presentations: int = 12
    """Presentations for each point of the sweeps."""
    quick: bool = False
    """Only the sweeps over presentation time and remedies."""
    jobs: int = 2
    """Processes for the sweeps."""
    seed: int = 0
    """For initial weights and the order of the samples."""
    out: Path = Path("runs")
    """Folder for results."""
    name: str = "compare"
    """Name of this result; an older one of that name is kept and this one numbered."""

    def __post_init__(self) -> None:
        engine(self.engine)
        for name in ("presentations", "sweep_presentations", "jobs"):
            if getattr(self, name) < 1:
                raise ValueError(f"--{name} must be at least 1, got {getattr(self, name)}.")
        if self.sweep and min(self.presentations, self.sweep_presentations) < 2:
            raise ValueError(
                "--presentations and --sweep-presentations must be at least 2 for a sweep, the "
                "first is not counted; or choose --no-sweep."
            )
        if not self.eta_W > 0:
            raise ValueError(f"--eta-W must be positive, else nothing learns; got {self.eta_W}.")
        if self.seed < 0:
            raise ValueError(f"--seed must be 0 or more, got {self.seed}.")
        if self.codegen not in CODEGEN:
            raise unknown_name("codegen", self.codegen, CODEGEN)


def described(config: Config) -> tuple[DLLNetwork, Schedule, Samples]:
    """The network, the schedule and the samples that a configuration stands for."""
    data = samples(config.dataset, config.power)
    sizes = (data.train.inputs.shape[1], *config.hidden, data.n_classes)
    names = DLLOptions.__dataclass_fields__
    options = DLLOptions(**{k: v for k, v in vars(config).items() if k in names})
    network = dll_network(sizes, options, seed=config.seed)
    rows = data.presented(config.presentations, config.seed)
    schedule = Schedule(
        data.train.inputs[rows],
        data.targets(data.train.labels[rows]),
        presentation=duration("--presentation", config.presentation),
        lag=duration("--lag", config.lag, zero_allowed=True),
        blank=duration("--blank", config.blank, zero_allowed=True),
    )
    return network, schedule, data


def measure(config: Config, folder: Path, progress: Report) -> dict[str, Any]:
    """Run both, compare them, and write every number; returns what ``result.json`` holds."""
    network, schedule, data = described(config)
    write_json(folder / "config.json", config)
    start = time.perf_counter()
    share = 0.7 if config.sweep else 1.0
    moments = [k * schedule.period for k in range(len(schedule))]
    run = engine(config.engine)(
        network,
        schedule,
        dt=duration("--dt", config.dt),
        weights_at=moments,
        codegen=config.codegen,
        progress=lambda fraction: progress(share * fraction),
    )
    discrete, kept = discrete_trajectory(network, schedule)
    result = {
        "dataset": data.name,
        "sizes": network.sizes,
        "seeds": [config.seed],
        "presentations": len(schedule),
        **per_presentation(network, run, schedule, folder),
        **over_learning(network, run, discrete, kept, data),
        "provenance": data.provenance,
        "weights": {"initial": network.weights.hash, "continuous": run.weights.hash},
        "engine": config.engine,
        "seconds": {"continuous": run.seconds},
        "versions": versions(),
    }
    save(folder, network, run.weights, discrete, schedule)
    if config.sweep:
        result["sweeps"] = swept(config, network, schedule, discrete)
    result["seconds"]["all"] = time.perf_counter() - start
    write_json(folder / "result.json", result)
    progress(1.0)
    return result


def discrete_trajectory(
    network: DLLNetwork, schedule: Schedule
) -> tuple[WeightBundle, dict[int, WeightBundle]]:
    """Weights after Algorithm 1, and those at the checkpoints on the way."""
    wanted = set(checkpoints(len(schedule)))
    kept: dict[int, WeightBundle] = {}

    def visit(presentation: int, weights: Any) -> None:
        if presentation in wanted:
            kept[presentation] = WeightBundle({n: w.numpy() for n, w in weights.items()})

    final = algorithm1.learn(network, schedule, visit=visit)
    return final, kept


def checkpoints(presentations: int) -> list[int]:
    """The presentations before which both networks are looked at."""
    count = min(CHECKPOINTS, presentations)
    return sorted({int(k) for k in np.linspace(0, presentations - 1, count)})


def per_presentation(
    network: DLLNetwork, run: Run, schedule: Schedule, folder: Path
) -> dict[str, Any]:
    """Cosine and relative error of every update; the series go to ``updates.npz``."""
    changes = differences(run.weight_history, run.weights)
    steps = discrete_steps(network, run.weight_history, schedule)
    found = agreement(changes, steps)
    series = {f"{name}_{kind}": s for name, kinds in found.items() for kind, s in kinds.items()}
    np.savez_compressed(folder / "updates.npz", allow_pickle=False, **series)
    summary = {}
    for name, kinds in found.items():
        summary[name] = {
            kind: dict(
                zip(("q25", "median", "q75"), np.nanquantile(s, (0.25, 0.5, 0.75)), strict=True)
            )
            for kind, s in kinds.items()
        }
    return {"update": summary}


def over_learning(
    network: DLLNetwork,
    run: Run,
    discrete: WeightBundle,
    kept: dict[int, WeightBundle],
    data: Samples,
) -> dict[str, Any]:
    """Distance of the weights and accuracy of both networks, on the way and at the end."""
    distance: dict[str, list[float]] = {}
    accuracy: dict[str, list[float]] = {"continuous": [], "discrete": []}
    for moment, theirs in kept.items():
        ours = WeightBundle({str(n): h.values[moment] for n, h in run.weight_history.items()})
        for name, value in weight_distance(ours, theirs, network.weights).items():
            distance.setdefault(name, []).append(value)
        for label, weights in (("continuous", ours), ("discrete", theirs)):
            guess = outputs(network, weights)(data.validation.inputs)
            accuracy[label].append(data.validation.accuracy(guess))
    final = {"continuous": run.weights, "discrete": discrete}
    parts = {"validation": data.validation, "test": data.test}
    return {
        "checkpoints": list(kept),
        "validation_accuracy": accuracy,
        "weight_distance_on_the_way": distance,
        "weight_distance": weight_distance(run.weights, discrete, network.weights),
        "accuracy": {
            label: {
                part: samples_.accuracy(outputs(network, weights)(samples_.inputs))
                for part, samples_ in parts.items()
            }
            for label, weights in final.items()
        },
        "test_samples": len(data.test.labels),
    }


def save(
    folder: Path,
    network: DLLNetwork,
    continuous: WeightBundle,
    discrete: WeightBundle,
    schedule: Schedule,
) -> None:
    """The weights before and after, and what was presented, in order."""
    network.weights.save(folder / "weights_initial.npz")
    continuous.save(folder / "weights_continuous.npz")
    discrete.save(folder / "weights_discrete.npz")
    assert schedule.targets is not None  # a plastic network is shown targets
    np.savez_compressed(folder / "presented.npz", inputs=schedule.inputs, targets=schedule.targets)


def swept(
    config: Config, network: DLLNetwork, schedule: Schedule, learned: WeightBundle
) -> dict[str, Any]:
    """The points of all sweeps and the slopes of error against presentation time."""
    assert schedule.targets is not None  # a plastic network is shown targets
    rows = slice(0, config.sweep_presentations)
    material = compare_sweeps.Material(
        network.sizes,
        network.options,
        schedule.inputs[rows],
        schedule.targets[rows],
        {"initial": network.weights, "learned": learned},
    )
    points = compare_sweeps.settings(config.quick)
    measured = compare_sweeps.measured(points, material, config.jobs, config.engine)
    return {"points": measured, "slope_of_error_in_T": compare_sweeps.slopes(measured)}


def draw(folder: Path) -> list[str]:
    """Draw all figures and the page from the saved files; returns the result in sentences."""
    result = read_json(folder / "result.json")
    lead = compare_page.summary(result)
    sections = compare_page.sections(folder, result)
    write_page(folder, "Continuous time against Algorithm 1", lead, sections)
    return lead


def main(config: Config) -> None:
    """Measure, draw, and print the result and where its page is."""
    described(config)  # what is wrong with the input is said before a folder is made
    with RunFolder(config.out, config.name) as run, bar("compare") as progress:
        measure(config, run.path, progress)
    print("\n".join(draw(run.path)))
    print(run.path / "index.html")
