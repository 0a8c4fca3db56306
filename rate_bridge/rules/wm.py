"""Weight mirror: Theta learns W from the response of the layer to noise."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from rate_bridge.rules.base import Local, Rule


@dataclass(frozen=True)
class WeightMirror(Rule):
    """``Theta += eta (<y n^T> / noise^2 - Theta)`` with noise ``n`` below and ``y = W n`` above.

    Every backward pass also sends one batch of white noise through the layer, without the other
    layers, and correlates the two ends. Departs from Akrout et al. in taking the linear response
    and a decay that makes W the fixed point, where they rescale Theta by hand.

    Parameters
    ----------
    noise : float
        Standard deviation of the noise. The expectation does not depend on it.
    """

    name: ClassVar[str] = "wm"
    source: ClassVar[str] = "Akrout et al. 2019, NeurIPS 32 (arXiv 1904.05391)"
    learns: ClassVar[bool] = True
    reads_weight: ClassVar[bool] = True
    noise: float = 1.0

    def theta_gradient(self, local: Local) -> Tensor:
        """``Theta - <y n^T> / noise^2``."""
        assert local.theta is not None
        assert local.weight is not None
        below = torch.randn_like(local.u).mul_(self.noise)
        above = local.operation.output(below, local.weight, None)
        responses = local.g.numel() // local.weight.shape[0]
        factor = 1.0 / (responses * self.noise**2)
        mirrored = local.operation.product(above, below, local.weight.shape, factor)
        return local.theta - mirrored
