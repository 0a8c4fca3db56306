"""What a time series is worth without a network: the answers that any network has to beat."""

from collections.abc import Callable

import torch
from torch import nn

from rate_bridge.data import Dataset


def mean_answer(dataset: Dataset) -> nn.Module:
    """The training part's mean, which is 0 after scaling, at every step."""
    return _linear(dataset, torch.zeros(dataset.n_in, dataset.n_out, dtype=torch.float64))


def least_squares(dataset: Dataset) -> nn.Module:
    """The linear map from the other columns at the same step that is best on the training part."""
    inputs = dataset.train.inputs.reshape(-1, dataset.n_in).double()
    targets = dataset.train.targets.reshape(-1, dataset.n_out).double()
    return _linear(dataset, torch.linalg.lstsq(inputs, targets).solution)


REFERENCES: dict[str, Callable[[Dataset], nn.Module]] = {
    "mean": mean_answer,
    "linear": least_squares,
}
"""References by name; none of them is trained."""


def _linear(dataset: Dataset, weights: torch.Tensor) -> nn.Module:
    model = nn.Linear(dataset.n_in, dataset.n_out, bias=False)
    with torch.no_grad():
        model.weight.copy_(weights.T)
    return model
