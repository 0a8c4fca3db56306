"""The baseline of every classification: the class that is most common in the training part."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rate_bridge.baselines.selection import Choice
from rate_bridge.data import Dataset


class Shares(nn.Module):
    """The same log-probabilities whatever comes."""

    log_shares: Tensor

    def __init__(self, log_shares: Float[Tensor, " n_classes"], targets: int) -> None:
        super().__init__()
        self.register_buffer("log_shares", log_shares)
        self.targets = targets

    def forward(self, inputs: Tensor) -> Tensor:
        """(batch, ..., n_classes): one answer for each target."""
        return self.log_shares.expand(*inputs.shape[: self.targets], -1)


def most_common(dataset: Dataset) -> Choice:
    """Each class by its share in the training part; one is added to each count."""
    counts = torch.bincount(dataset.train.targets.flatten(), minlength=dataset.n_out) + 1
    shares = counts.float() / counts.sum()
    return Choice(Shares(shares.log(), dataset.train.targets.dim()), {})
