"""What ``tuft traces`` shows to a network: digits where they fit, else what the model says."""

from dataclasses import dataclass

import numpy as np
from brian2 import Quantity
from jaxtyping import Float

from experiments.lab.models import ChosenModel, ModelOptions
from experiments.lab.random_signals import random_signals, signal_sizes
from models import Network, Schedule
from rate_bridge.data.digits import digits

ORDER = (0, 0, 1)
"""The first stimulus without and with its target, then the second."""


@dataclass(frozen=True)
class Presented:
    """A network, its schedule, and what that is.

    Parameters
    ----------
    network, schedule
        As an engine takes them.
    what : str
        Of what kind the stimuli are.
    labels : tuple of str
        Each presentation in words.
    pixels : array, (presentation, pixel), optional
        Of digits.
    """

    network: Network
    schedule: Schedule
    what: str
    labels: tuple[str, ...]
    pixels: Float[np.ndarray, "presentation pixel"] | None = None


def presented(
    model: ChosenModel,
    sizes: tuple[int, ...],
    seed: int,
    options: ModelOptions,
    presentation: Quantity,
    numbers: tuple[int, int],
) -> Presented:
    """The network, and what it is shown.

    Parameters
    ----------
    model, sizes, seed, options
        For the network; a model that says what it is shown is shown that.
    presentation : Quantity
        How long each stimulus is shown.
    numbers : tuple of int
        The two digits, for a network with 64 inputs and 10 outputs.
    """
    network, schedule = model.described(sizes, seed, options)
    if schedule is not None:
        labels = tuple(f"presentation {k + 1}" for k in range(len(schedule)))
        return Presented(network, schedule, "what the model says", labels)
    widths = signal_sizes(network)
    if widths == {"stimulus": 64, "target": 10}:
        pixels, centred = _one_of_each(numbers)
        values = {"stimulus": centred, "target": np.eye(10)[list(numbers)]}
        what, names, shown = "digits", tuple(map(str, numbers)), pixels[list(ORDER)]
    else:
        values, shown = random_signals(network, 2, seed), None
        what, names = "two vectors of normally distributed numbers, A and B", ("A", "B")
    schedule = Schedule(
        {name: value[list(ORDER)] for name, value in values.items()},
        presentation=presentation,
        shown={"target": np.array([False, True, True])} if "target" in values else {},
    )
    words = ("no target", "target", "target") if "target" in values else ("", "again", "")
    pairs = zip((names[k] for k in ORDER), words, strict=True)
    return Presented(
        network, schedule, what, tuple(", ".join(filter(None, p)) for p in pairs), shown
    )


def _one_of_each(wanted: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The first training sample of each digit: pixels from 0 to 1, and the same centred."""
    train = digits().train
    pixels = (train.inputs.flatten(1).double().numpy() + 1) / 2
    labels = train.targets.numpy()
    index = [int(np.flatnonzero(labels == digit)[0]) for digit in wanted]
    return pixels[index], pixels[index] - pixels.mean(0)
