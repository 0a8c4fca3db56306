"""Multilayer perceptrons, and the activations of networks by name."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from torch import nn

from compartments.checks import check_sizes
from compartments.lookup import look_up

HIDDEN_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "identity": nn.Identity,
}


def mlp(sizes: Sequence[int], activation: str = "tanh") -> nn.Sequential:
    """A multilayer perceptron on flattened inputs, linear at the end.

    >>> [tuple(p.shape) for p in mlp((784, 100, 10)).parameters()]
    [(100, 784), (10, 100)]
    """
    sizes = check_sizes("mlp", sizes)
    make = look_up("activation", activation, HIDDEN_ACTIVATIONS)
    layers: list[nn.Module] = [nn.Flatten()]
    for i, (below, above) in enumerate(pairwise(sizes)):
        layers += [nn.Linear(below, above, bias=False)]
        layers += [make()] if i < len(sizes) - 2 else []
    return nn.Sequential(*layers)
