"""The reference's steps for single samples, from weights that stand still, and their moments."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from compartments.sizes import check_size
from experiments.lab.classification import forward
from experiments.lab.samples import Samples
from models import Network
from rate_bridge.references.registry import reference


class Steps(ABC):
    """One weight matrix's step for every sample, in units of the learning rate."""

    @property
    @abstractmethod
    def mean(self) -> Float[Tensor, "n_above n_below"]:
        """Over the samples."""

    @property
    @abstractmethod
    def mean_square(self) -> Float[Tensor, "n_above n_below"]:
        """Of each weight's step, over the samples."""

    @abstractmethod
    def summed(
        self, shown: Int[Tensor, "presentation stream"]
    ) -> Float[Tensor, "stream n_above n_below"]:
        """Of the samples that each stream is shown."""


@dataclass(frozen=True, eq=False)
class Products(Steps):
    """Outer products of two factors, (sample, n_above) and (sample, n_below)."""

    above: Float[Tensor, "sample n_above"]
    below: Float[Tensor, "sample n_below"]

    @property
    def mean(self) -> Float[Tensor, "n_above n_below"]:
        """Over the samples."""
        return self.above.T @ self.below / len(self.below)

    @property
    def mean_square(self) -> Float[Tensor, "n_above n_below"]:
        """Of each weight's step, over the samples."""
        return (self.above**2).T @ (self.below**2) / len(self.below)

    def summed(
        self, shown: Int[Tensor, "presentation stream"]
    ) -> Float[Tensor, "stream n_above n_below"]:
        """Of the samples that each stream is shown."""
        return torch.einsum("psn,psm->snm", self.above[shown], self.below[shown])


@dataclass(frozen=True, eq=False)
class Matrices(Steps):
    """Any steps, a matrix a sample."""

    each: Float[Tensor, "sample n_above n_below"]

    @property
    def mean(self) -> Float[Tensor, "n_above n_below"]:
        """Over the samples."""
        return self.each.mean(0)

    @property
    def mean_square(self) -> Float[Tensor, "n_above n_below"]:
        """Of each weight's step, over the samples."""
        return (self.each**2).mean(0)

    def summed(
        self, shown: Int[Tensor, "presentation stream"]
    ) -> Float[Tensor, "stream n_above n_below"]:
        """Of the samples that each stream is shown."""
        counts = torch.zeros(shown.shape[1], len(self.each), dtype=self.each.dtype)
        counts.scatter_add_(1, shown.T, torch.ones_like(shown.T, dtype=counts.dtype))
        return torch.einsum("sk,knm->snm", counts, self.each)


def discrete_steps(net: Network, data: Samples, eta: float) -> dict[str, Steps]:
    """Every forward weight's steps for the training samples, from the network's own weights.

    Parameters
    ----------
    net : Network
        With all learning rates in parts of ``eta``.
    data : Samples
        Their training part.
    eta : float
        The unit of the steps.

    Raises
    ------
    ValueError
        Where no forward weight moves.
    MemoryError
        Where steps that are no outer products would not fit into memory.
    """
    targets = data.targets(data.train.labels)
    signals = {"stimulus": data.train.inputs, "target": targets}
    factors = reference(net).factors(signals)
    if factors:
        return {name: Products(*pair) for name, pair in factors.items()}
    values = sum(net.weights[name].size for name in net.weights)
    check_size("stream, steps of all samples", "--hidden", needed_bytes=16 * values * len(targets))
    steps = reference(net).each(signals)
    found: dict[str, Steps] = {
        name: Matrices(torch.as_tensor(steps[name] / eta))
        for name in forward(net)
        if steps[name].any()
    }
    if not found:
        raise ValueError(f"stream: {reference(net).title} moves none of the forward weights.")
    return found
