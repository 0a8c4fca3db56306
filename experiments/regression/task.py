"""The non-linear regression of Sacramento et al. (2018): a network of random weights teaches."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from compartments.activations import SOFT_RECTIFIER
from rate_bridge.ode_engine.activations import torch_activation

RECTIFIER = torch_activation(SOFT_RECTIFIER)
"""phi of the teacher and of all who learn from it."""

GAINS = (2.0, 10.0)
"""By what the teacher's weights into its hidden area, and into its output, are multiplied."""


@dataclass(frozen=True)
class Regression:
    """A teacher: two layers of weights uniform within plus and minus 1, times :data:`GAINS`.

    Parameters
    ----------
    sizes : tuple of int
        Its input, hidden area and output.
    seed : int
        For its weights, and for stimuli; parts of these differ.
    """

    sizes: tuple[int, int, int]
    seed: int

    def stimuli(self, part: int, count: int) -> Float[Tensor, "count n_in"]:
        """Stimuli uniform within plus and minus 1; other numbers of ``part`` give others."""
        return _uniform((count, self.sizes[0]), 1000 * self.seed + part)

    def potentials(self, stimuli: Float[Tensor, "*any n_in"]) -> Float[Tensor, "*any n_out"]:
        """What the teacher nudges the output to: k_21 W_21 phi(k_10 W_10 r_0)."""
        drive = stimuli
        for layer, gain in enumerate(GAINS):
            shape = (self.sizes[layer + 1], self.sizes[layer])
            weights = gain * _uniform(shape, 1000 * self.seed + 900 + layer)
            drive = (RECTIFIER.function(drive) if layer else drive) @ weights.mT
        return drive


def _uniform(shape: tuple[int, ...], seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 2 * torch.rand(shape, generator=generator, dtype=torch.float64) - 1
