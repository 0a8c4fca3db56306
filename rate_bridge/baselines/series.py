"""Baselines of time series: mean, least squares, persistence."""

import torch
from torch import nn

from rate_bridge.baselines.selection import Choice
from rate_bridge.data import Dataset, Split


def mean(dataset: Dataset) -> Choice:
    """The training part's mean, which is 0 after scaling, at every step."""
    return _linear(dataset, torch.zeros(dataset.n_in, dataset.n_out, dtype=torch.float64))


def least_squares(dataset: Dataset) -> Choice:
    """The linear map from the other columns at the same step that is best on the training part."""
    inputs = dataset.train.inputs.reshape(-1, dataset.n_in).double()
    targets = dataset.train.targets.reshape(-1, dataset.n_out).double()
    return _linear(dataset, torch.linalg.lstsq(inputs, targets).solution)


def persistence(dataset: Dataset) -> Choice:
    """The target one step before. A part has to be shown by :func:`target_before`."""
    return Choice(nn.Identity(), {})


def target_before(split: Split) -> Split:
    """The target one step before in place of the inputs.

    Windows follow each other at one step, so the value before a window is the first of the window
    before; before the first window of a part nothing is known, and 0, the mean, stands there.
    """
    before = torch.zeros_like(split.targets)
    before[:, 1:] = split.targets[:, :-1]
    before[1:, 0] = split.targets[:-1, 0]
    return Split(before, split.targets)


def _linear(dataset: Dataset, weights: torch.Tensor) -> Choice:
    model = nn.Linear(dataset.n_in, dataset.n_out, bias=False)
    with torch.no_grad():
        model.weight.copy_(weights.T)
    return Choice(model, {})
