"""Networks that learn to classify samples: which, and what they must have for it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from compartments.domains import Count, Positive
from experiments.lab.models import ChosenModel, ModelConfig, check_answers, check_signal
from experiments.lab.random_signals import signal_sizes
from experiments.lab.samples import Samples
from models import Network


@dataclass(frozen=True)
class LearningConfig(ModelConfig):
    """Where a result goes, the seed, and which network learns which samples."""

    dataset: str = "digits"
    """Classified data set, such as digits, which needs no file, or mnist."""
    hidden: tuple[Count, ...] = (32, 32)
    """Neurons in each hidden layer."""
    power: Positive = 5.0
    """Mean squared length of the centred inputs."""

    def __post_init__(self) -> None:
        super().__post_init__()
        standard = next(f.default for f in fields(self) if f.name == "hidden")
        if self.hidden != standard:
            check_takes_sizes("--hidden", self.chosen)


def check_takes_sizes(what: str, model: ChosenModel) -> None:
    """Refuse a choice of layers for a model of given sizes.

    Raises
    ------
    ValueError
        With how its function could take sizes.
    """
    if not model.takes_sizes:
        raise ValueError(
            f"{what}: the networks of --model {model.name} have sizes of their own; leave it out, "
            "or give the function a parameter sizes."
        )


def classifier(
    model: ChosenModel,
    data: Samples,
    hidden: tuple[int, ...],
    seed: int,
    options: Mapping[str, Any],
) -> Network:
    """A network that is shown samples and their classes, learns, and answers.

    Parameters
    ----------
    model : ChosenModel
        That builds it.
    data : Samples
        They say how wide its input and its output are.
    hidden : tuple of int
        Neurons in each hidden layer; of no meaning to a model of given sizes.
    seed : int
        For initial weights.
    options : mapping of str to object
        Of the model.

    Raises
    ------
    ValueError
        For a network without the signals stimulus and target, without a readout, without upward
        pathways that learn, or of other widths than the samples.
    """
    sizes = (data.train.inputs.shape[1], *hidden, data.n_classes)
    network = model.network(sizes, seed, options)
    what = f"Learning {data.name}, --model {model.name}"
    check_signal(what, network, "stimulus", "target")
    check_answers(f"Learning {data.name}", network, model.name)
    if not forward(network):
        raise ValueError(f"{what}: no upward pathway of the network has a plasticity rule.")
    assert network.readout is not None  # checked above
    signals = signal_sizes(network)
    widths = {
        "the readout": (network.population(network.readout[0]).size, sizes[-1]),
        "the signal 'stimulus'": (signals["stimulus"], sizes[0]),
        "the signal 'target'": (signals["target"], sizes[-1]),
    }
    for name, (width, expected) in widths.items():
        if width != expected:
            mend = "" if model.takes_sizes else "; give the function a parameter sizes"
            raise ValueError(
                f"{what}: {name} has {width} values, but samples of {data.name} have {sizes[0]} "
                f"inputs and {sizes[-1]} classes{mend}."
            )
    return network


def forward(network: Network) -> tuple[str, ...]:
    """Names of the pathways that run upward and learn."""
    return tuple(p.name for p in network.pathways if p.rule is not None and p.upward)


def layer_sizes(network: Network) -> tuple[int, ...]:
    """How many neurons each population has that receives anything."""
    return tuple(p.size for p in network.populations if p.neuron.inputs)


def reference_of(result: Mapping[str, Any]) -> str:
    """What a result calls its discrete reference; all that do not say are about DLL."""
    return str(result.get("reference", "Algorithm 1"))
