"""``tuft transfer``: weights go from the reference into Brian2, and from Brian2 into the reference.

The reference of DLL is Algorithm 1.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from brian2 import ms

from compartments.domains import Count
from compartments.sizes import check_size
from experiments.compare.measures import outputs
from experiments.lab.classification import LearningConfig, classifier, layer_sizes
from experiments.lab.engines import engine
from experiments.lab.progress import Report, portion
from experiments.lab.quantities import duration
from experiments.lab.runner import FolderName, Result
from experiments.lab.samples import Part, Samples, samples
from models import Network, Schedule, WeightBundle
from rate_bridge.references.reference import readout
from rate_bridge.references.registry import reference


@dataclass(frozen=True)
class Config(LearningConfig):
    """Whether a network decides the same in Brian2 as at rest in its reference."""

    presentations: Count = 5000
    """Samples that the reference learns from."""
    batch: Count = 1
    """Samples in one step of the reference."""
    decisions: Count = 200
    """Test samples that both networks decide."""
    taught: Count = 300
    """Samples that the network in Brian2 learns from."""
    presentation: str = "200ms"
    """Time for which each sample is shown when decisions are read."""
    engine: str = "brian2"
    """What runs the network of neurons: brian2 or torch."""
    codegen: str = "cpp_standalone"
    """Brian2's code generation: cpp_standalone, cython or numpy."""
    name: FolderName = "transfer"

    def __post_init__(self) -> None:
        engine(self.engine)
        duration("presentation", self.presentation)
        super().__post_init__()
        for name in ("presentations", "taught", "decisions"):
            # an input and a target at the least, beside each other and in the engine
            check_size("transfer", f"--{name}", needed_bytes=32 * getattr(self, name))
        if self.batch > self.presentations:
            raise ValueError(
                f"--batch must be at most --presentations {self.presentations}, got {self.batch}."
            )


def settled_outputs(config: Config, network: Network, inputs: np.ndarray) -> np.ndarray:
    """The readout at the end of each presentation, (sample, n_out), in the chosen engine.

    States are recorded at the beginning of a step, so the end of one presentation is read at the
    beginning of the next; the last stimulus is shown twice for that.
    """
    population, variable = readout(network)
    schedule = Schedule(
        {"stimulus": np.concatenate([inputs, inputs[-1:]])},
        presentation=duration("presentation", config.presentation),
    )
    run = engine(config.engine)(
        network,
        schedule,
        codegen=config.codegen,
        record=(variable,),
        record_dt=schedule.period,
        record_units={population: range(network.population(population).size)},
        plastic=False,
    )
    return run.traces[f"{variable}_{population}"].values[1:]


def decided(config: Config, network: Network, weights: WeightBundle, part: Part) -> dict[str, Any]:
    """Decisions and accuracies of the same weights in neurons and at equilibrium."""
    neurons = settled_outputs(config, network.with_weights(weights), part.inputs)
    rest = outputs(network, weights)(part.inputs)
    return {
        "samples": len(part.labels),
        "same_decisions": int((neurons.argmax(1) == rest.argmax(1)).sum()),
        "accuracy_neurons": part.accuracy(neurons),
        "accuracy_equilibrium": part.accuracy(rest),
        "largest_difference_of_output": float(np.abs(neurons - rest).max()),
    }


def measure(config: Config, folder: Path, progress: Report) -> dict[str, Any]:
    """Both directions; writes the weights."""
    data = samples(config.dataset, config.power)
    if config.decisions > len(data.test.labels):
        raise ValueError(
            f"--decisions {config.decisions} is more than the {len(data.test.labels)} test samples "
            f"of {config.dataset}."
        )
    network = classifier(config.chosen, data, config.hidden, config.seed, config.given)
    part = Part(data.test.inputs[: config.decisions], data.test.labels[: config.decisions])
    schedule = shown(config, data, config.presentations)
    at_rest = reference(network)
    discrete = at_rest.learn(schedule, batch=config.batch, progress=portion(progress, 0, 0.3))
    discrete.save(folder / "weights_discrete.npz")
    into_neurons = decided(config, network, discrete, part)
    progress(0.6)
    lesson = shown(config, data, config.taught)
    taught = engine(config.engine)(network, lesson, codegen=config.codegen).weights
    taught.save(folder / "weights_continuous.npz")
    from_neurons = decided(config, network, taught, part)
    progress(1.0)
    return {
        "dataset": data.name,
        "sizes": layer_sizes(network),
        "engine": config.engine,
        "reference": at_rest.title,
        "reference_into_neurons": into_neurons,
        "neurons_into_reference": from_neurons,
        "provenance": data.provenance,
    }


def shown(config: Config, data: Samples, count: int) -> Schedule:
    """Training samples with their targets, 400 ms each, plasticity off for the first 150 ms."""
    rows = data.presented(count, config.seed)
    targets = data.targets(data.train.labels[rows])
    given = {"stimulus": data.train.inputs[rows], "target": targets}
    return Schedule(given, presentation=400 * ms, lag=150 * ms)


def sentences(result: Result) -> list[str]:
    """Both directions in words."""
    name = result["reference"]
    return [
        f"{words}: {found['same_decisions']} of {found['samples']} decisions the same "
        f"(accuracy {found['accuracy_neurons']:.1%} in neurons, "
        f"{found['accuracy_equilibrium']:.1%} at equilibrium; outputs within "
        f"{found['largest_difference_of_output']:.1e})"
        for words, found in (
            (f"learned by {name}, decided by neurons", result["reference_into_neurons"]),
            (f"learned by neurons, decided by {name}", result["neurons_into_reference"]),
        )
    ]
