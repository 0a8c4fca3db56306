"""Uniform sign-concordant feedback."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from rate_bridge.rules.base import Rule, sign_scale


@dataclass(frozen=True)
class UniformSign(Rule):
    """``xi = s sign(W)^T delta``; reads the signs of W, never its sizes."""

    name: ClassVar[str] = "usf"
    source: ClassVar[str] = "Liao, Leibo & Poggio 2016, AAAI (arXiv 1510.05067)"
    has_theta: ClassVar[bool] = False
    reads_weight: ClassVar[bool] = True

    def feedback(self, weight: Tensor | None, theta: Tensor | None) -> Tensor:
        """``s sign(W)``."""
        assert weight is not None
        return weight.sign().mul_(sign_scale(weight))
