"""Fixed random-magnitude sign-concordant feedback."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from rate_bridge.rules.base import Rule, normal_like, sign_scale


@dataclass(frozen=True)
class FixedRandomSign(Rule):
    """``xi = (|M| o sign(W))^T delta`` with |M|, M ~ N(0, s^2), fixed and kept as Theta."""

    name: ClassVar[str] = "frsf"
    source: ClassVar[str] = "Liao, Leibo & Poggio 2016, AAAI (arXiv 1510.05067)"
    reads_weight: ClassVar[bool] = True

    def initial_theta(self, weight: Tensor, generator: torch.Generator) -> Tensor:
        """``|M|``."""
        return normal_like(weight, sign_scale(weight), generator).abs()

    def feedback(self, weight: Tensor | None, theta: Tensor | None) -> Tensor:
        """``|M| o sign(W)``."""
        assert weight is not None
        assert theta is not None
        return theta * weight.sign()
