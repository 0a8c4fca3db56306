"""Baselines of images: logistic regression and k nearest neighbours."""

import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from torch import Tensor, nn

from rate_bridge.baselines.selection import Choice, selected
from rate_bridge.data import Dataset

PIXEL_PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""Of the squared weights, against the summed loss: scikit-learn's C."""
NEIGHBOURS = (20, 10, 7, 5, 3, 1)


class Neighbours(nn.Module):
    """Log-probabilities from the votes of the nearest training samples, one added to each count."""

    def __init__(self, fitted: KNeighborsClassifier) -> None:
        super().__init__()
        self.fitted = fitted

    def forward(self, inputs: Tensor) -> Tensor:
        """(batch, n_classes)."""
        shares = torch.from_numpy(self.fitted.predict_proba(inputs.flatten(1).numpy()))
        k = self.fitted.n_neighbors
        return ((k * shares + 1) / (k + shares.shape[1])).log()


def logistic(dataset: Dataset) -> Choice:
    """Multinomial logistic regression on the pixels; the penalty is selected."""
    inputs = dataset.train.inputs.flatten(1).numpy()
    targets = dataset.train.targets.numpy()

    def model(inverse_penalty: float) -> nn.Module:
        found = LogisticRegression(C=inverse_penalty, max_iter=2000, tol=1e-3).fit(inputs, targets)
        linear = nn.Linear(inputs.shape[1], dataset.n_out)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(found.coef_))
            linear.bias.copy_(torch.from_numpy(found.intercept_))
        return nn.Sequential(nn.Flatten(), linear)

    return selected("C", PIXEL_PENALTIES, model, dataset, patience=1)


def nearest_neighbours(dataset: Dataset) -> Choice:
    """The vote of the nearest training images, by Euclidean distance; how many is selected."""
    inputs, targets = dataset.train.inputs.flatten(1).numpy(), dataset.train.targets.numpy()

    def model(neighbours: int) -> nn.Module:
        return Neighbours(KNeighborsClassifier(neighbours, algorithm="brute").fit(inputs, targets))

    return selected("k", NEIGHBOURS, model, dataset)
