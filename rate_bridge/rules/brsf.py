"""Batchwise random-magnitude sign-concordant feedback."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from rate_bridge.rules.base import Rule, sign_scale


@dataclass(frozen=True)
class BatchwiseRandomSign(Rule):
    """``xi = (|M| o sign(W))^T delta`` with M ~ N(0, s^2) drawn anew in every backward pass.

    M comes from torch's global generator, so :func:`torch.manual_seed` fixes it.
    """

    name: ClassVar[str] = "brsf"
    source: ClassVar[str] = "Liao, Leibo & Poggio 2016, AAAI (arXiv 1510.05067)"
    has_theta: ClassVar[bool] = False
    reads_weight: ClassVar[bool] = True

    def feedback(self, weight: Tensor | None, theta: Tensor | None) -> Tensor:
        """``|M| o sign(W)``."""
        assert weight is not None
        magnitude = torch.randn_like(weight).abs_().mul_(sign_scale(weight))
        return magnitude.mul_(weight.sign())
