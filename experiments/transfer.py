"""``tuft transfer``: weights go from Algorithm 1 into Brian2, and from Brian2 into Algorithm 1."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from brian2 import ms

from compartments.domains import Count, NonNegative, Positive
from experiments.compare.measures import outputs
from experiments.lab.engines import engine
from experiments.lab.progress import Report, portion
from experiments.lab.quantities import duration
from experiments.lab.runner import FolderName, Result, SeededConfig
from experiments.lab.samples import Part, Samples, samples
from models import DLLNetwork, Schedule, WeightBundle, dll_network
from rate_bridge.references import algorithm1


@dataclass(frozen=True)
class Config(SeededConfig):
    """Whether a network decides the same in Brian2 as at Algorithm 1's equilibrium."""

    dataset: str = "digits"
    """Classified data set, such as digits or mnist."""
    hidden: tuple[Count, ...] = (32, 32)
    """Neurons in each hidden layer."""
    presentations: Count = 5000
    """Samples that Algorithm 1 learns from."""
    batch: Count = 1
    """Samples in one step of Algorithm 1."""
    eta_W: NonNegative = 0.01
    """Learning rate of W."""
    eta_theta: NonNegative = 0.001
    """Learning rate of Theta."""
    power: Positive = 5.0
    """Mean squared length of the centred inputs."""
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
        if self.batch > self.presentations:
            raise ValueError(
                f"--batch must be at most --presentations {self.presentations}, got {self.batch}."
            )


def settled_outputs(config: Config, network: DLLNetwork, inputs: np.ndarray) -> np.ndarray:
    """u of the output at the end of each presentation, (sample, n_out), in the chosen engine.

    States are recorded at the beginning of a step, so the end of one presentation is read at the
    beginning of the next; the last stimulus is shown twice for that.
    """
    schedule = Schedule(
        {"stimulus": np.concatenate([inputs, inputs[-1:]])},
        presentation=duration("presentation", config.presentation),
    )
    run = engine(config.engine)(
        network,
        schedule,
        codegen=config.codegen,
        record=("u",),
        record_dt=schedule.period,
        record_units={"output": range(network.sizes[-1])},
        plastic=False,
    )
    return run.traces["u_output"].values[1:]


def decided(
    config: Config, network: DLLNetwork, weights: WeightBundle, part: Part
) -> dict[str, Any]:
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
    network = described(config, data)
    part = Part(data.test.inputs[: config.decisions], data.test.labels[: config.decisions])
    schedule = shown(config, data, config.presentations)
    discrete = algorithm1.Algorithm1(network).learn(
        schedule, batch=config.batch, progress=portion(progress, 0, 0.3)
    )
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
        "sizes": network.sizes,
        "engine": config.engine,
        "algorithm1_into_neurons": into_neurons,
        "neurons_into_algorithm1": from_neurons,
        "provenance": data.provenance,
    }


def described(config: Config, data: Samples) -> DLLNetwork:
    """The network that both engines share."""
    sizes = (data.train.inputs.shape[1], *config.hidden, data.n_classes)
    return dll_network(sizes, seed=config.seed, eta_W=config.eta_W, eta_theta=config.eta_theta)


def shown(config: Config, data: Samples, count: int) -> Schedule:
    """Training samples with their targets, 400 ms each, plasticity off for the first 150 ms."""
    rows = data.presented(count, config.seed)
    targets = data.targets(data.train.labels[rows])
    given = {"stimulus": data.train.inputs[rows], "target": targets}
    return Schedule(given, presentation=400 * ms, lag=150 * ms)


def sentences(result: Result) -> list[str]:
    """Both directions in words."""
    return [
        f"{words}: {found['same_decisions']} of {found['samples']} decisions the same "
        f"(accuracy {found['accuracy_neurons']:.1%} in neurons, "
        f"{found['accuracy_equilibrium']:.1%} at equilibrium; outputs within "
        f"{found['largest_difference_of_output']:.1e})"
        for words, found in (
            ("learned by Algorithm 1, decided by neurons", result["algorithm1_into_neurons"]),
            ("learned by neurons, decided by Algorithm 1", result["neurons_into_algorithm1"]),
        )
    ]
