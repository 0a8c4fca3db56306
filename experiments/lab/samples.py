"""Classified samples for networks of neurons: centred vectors of a set size, one-hot targets."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pooch
from jaxtyping import Float, Int

from compartments.domains import Seed, check_value
from compartments.sizes import check_size
from rate_bridge.data import Dataset, Source, Split, load

DATA_VARIABLE = "TUFT_DATA"


@dataclass(frozen=True, eq=False)
class Part:
    """Inputs (sample, n_in) and class numbers (sample,)."""

    inputs: Float[np.ndarray, "sample n_in"]
    labels: Int[np.ndarray, "sample"]

    def accuracy(self, outputs: Float[np.ndarray, "sample n_out"]) -> float:
        """Share of the samples whose class has the largest output."""
        return float((outputs.argmax(1) == self.labels).mean())


@dataclass(frozen=True, eq=False)
class Samples:
    """The three parts of a data set, and where they come from."""

    name: str
    train: Part
    validation: Part
    test: Part
    n_classes: int
    provenance: dict[str, Any]

    def targets(self, labels: Int[np.ndarray, "*sample"]) -> Float[np.ndarray, "*sample n_out"]:
        """One-hot targets."""
        return np.eye(self.n_classes)[labels]

    def presented(self, count: int, seed: int) -> Int[np.ndarray, "presentation"]:
        """Which training samples to present: epoch after epoch, each in a new order."""
        check_value("presented", "seed", seed, Seed)
        width = self.train.inputs.shape[1] + self.n_classes
        check_size(f"To present {count} samples", "presentations", needed_bytes=16 * count * width)
        generator = np.random.default_rng(seed)
        size = len(self.train.labels)
        epochs = [generator.permutation(size) for _ in range(-(-count // size))]
        return np.concatenate(epochs)[:count]


def data_folder() -> Path:
    """Where data files are kept: ``TUFT_DATA``, or the user's cache."""
    return Path(os.environ.get(DATA_VARIABLE) or pooch.os_cache("tuft"))


def samples(
    name: str, power: float = 5.0, allow: Sequence[str] = (), *, centred: bool = True
) -> Samples:
    """A classified data set as vectors with mean 0 and mean square length ``power``.

    Mean and scale are those of the training part. The length matters: a weight step shrinks the
    error of its own presentation by about ``eta |u|^2``, so the difference between a continuous
    and a discrete step is ``eta |u|^2 / 2`` (theory.md 3).

    Parameters
    ----------
    name : str
        A data set with classes, such as ``"digits"`` or ``"mnist"``.
    power : float
        Mean of ``|u_0|^2`` over the training part.
    allow : sequence of str
        Data sets whose files may have unknown content.
    centred : bool
        Whether the mean is taken off; the length is set either way.

    Raises
    ------
    ValueError
        For an unknown name, a data set without classes, or a damaged file.
    """
    if not 0 < power < np.inf:
        raise ValueError(f"power must be positive and finite, got {power}.")
    dataset = load(name, Source(data_folder(), allow=tuple(allow)))
    if dataset.kind != "classes" or dataset.train.targets.ndim != 1:
        raise ValueError(f"{name} is not a set of classified samples; choose one such as digits.")
    return _vectors(dataset, power, centred)


def _vectors(dataset: Dataset, power: float, centred: bool) -> Samples:
    train = _flat(dataset.train)
    mean = train.inputs.mean(0) * centred
    scale = float(np.sqrt(power / ((train.inputs - mean) ** 2).sum(1).mean()))

    def part(split: Split) -> Part:
        raw = _flat(split)
        return Part((raw.inputs - mean) * scale, raw.labels)

    provenance = {**dataset.provenance, "then": {"centred": centred, "mean_square_length": power}}
    parts = part(dataset.train), part(dataset.validation), part(dataset.test)
    return Samples(dataset.name, *parts, dataset.n_out, provenance)


def _flat(split: Split) -> Part:
    inputs = split.inputs.flatten(1).double().numpy()
    return Part(inputs, split.targets.numpy())
