"""Activation functions as torch functions, translated from the descriptions' expressions."""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import sympy
import torch
from brian2.parsing.sympytools import str_to_sympy
from torch import Tensor

from compartments.activations import Activation

_TORCH = {name: getattr(torch, name) for name in ("tanh", "exp", "log", "log1p", "sign")}
_TORCH["Abs"] = torch.abs


class TorchActivation(NamedTuple):
    """f and f' on tensors of any shape."""

    function: Callable[[Tensor], Tensor]
    derivative: Callable[[Tensor], Tensor]


@lru_cache
def torch_activation(activation: Activation) -> TorchActivation:
    """The same f and f' that the neurons have, from the same strings."""
    return TorchActivation(_function(activation.function), _function(activation.derivative))


def _function(expression: str) -> Callable[[Tensor], Tensor]:
    tree = str_to_sympy(expression)
    z = sympy.Symbol("z", real=True)
    compiled = sympy.lambdify([z], tree, modules=[_TORCH, "math"])
    if tree.has(z):
        return compiled
    return lambda drive: torch.full_like(drive, float(tree))
