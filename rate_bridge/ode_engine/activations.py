"""Activation functions as torch functions, translated from the descriptions' expressions."""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from compartments.activations import Activation
from rate_bridge.ode_engine.expressions import evaluated, logistic, parsed


class TorchActivation(NamedTuple):
    """f and f' on tensors of any shape."""

    function: Callable[[Tensor], Tensor]
    derivative: Callable[[Tensor], Tensor]


@lru_cache
def torch_activation(activation: Activation) -> TorchActivation:
    """The same f and f' that the neurons have, from the same strings.

    Raises
    ------
    UntranslatableError
        For an expression that torch cannot compute.
    """
    where = f"Activation {activation.name!r}"
    return TorchActivation(
        _function(activation.function, where), _function(activation.derivative, where)
    )


@lru_cache
def quick_function(activation: Activation) -> Callable[[Tensor], Tensor]:
    """f by torch's logistic function where it is one, which differs by roundings; else as above.

    Raises
    ------
    UntranslatableError
        For an expression that torch cannot compute.
    """
    whole = torch_activation(activation).function
    steep = logistic(parsed(activation.function, f"Activation {activation.name!r}"))
    is_plain = steep is not None and steep.height == 1.0 and steep.argument.is_Symbol
    return torch.sigmoid if is_plain else whole


def _function(expression: str, where: str) -> Callable[[Tensor], Tensor]:
    tree = parsed(expression, where)

    def function(z: Tensor) -> Tensor:
        value = evaluated(tree, {"z": z})
        return value if isinstance(value, Tensor) else torch.full_like(z, value)

    return function
