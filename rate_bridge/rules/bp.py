"""Backpropagation: ordinary torch layers."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from rate_bridge.rules.base import Rule


@dataclass(frozen=True)
class Backprop(Rule):
    """``xi = W^T delta``. Source: Rumelhart, Hinton & Williams 1986, Nature 323:533-536.

    :func:`rate_bridge.layers.convert.convert` gives ordinary torch layers for it.
    """

    name: ClassVar[str] = "bp"
    source: ClassVar[str] = "Rumelhart, Hinton & Williams 1986, Nature 323:533-536"
    has_theta: ClassVar[bool] = False
    reads_weight: ClassVar[bool] = True

    def feedback(self, weight: Tensor | None, theta: Tensor | None) -> Tensor:
        """W itself: weight transport."""
        assert weight is not None
        return weight
