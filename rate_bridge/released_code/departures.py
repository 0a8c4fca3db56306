"""What the released DLL code does otherwise than its paper, as rules and modules.

:mod:`rate_bridge.released_code.switches` puts them into networks.
"""

from dataclasses import dataclass
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from rate_bridge.rules import Local, Rule
from rate_bridge.rules.dll import DLL
from rate_bridge.rules.operations import ConvOperation


@dataclass(frozen=True)
class Altered(Rule):
    """A rule whose updates, summed over samples, are multiplied and clamped.

    ``theta`` says whether Theta's update is altered like W's.
    """

    inner: Rule
    factor: float
    bound: float | None = None
    theta: bool = False

    def __post_init__(self) -> None:
        for name in ("name", "source", "has_theta", "reads_weight", "direct", "eta_ratio"):
            object.__setattr__(self, name, getattr(self.inner, name))

    @property
    def learns_theta(self) -> bool:
        """The inner rule's."""
        return self.inner.learns_theta

    def initial_theta(self, weight: Tensor, generator: torch.Generator) -> Tensor:
        """The inner rule's."""
        return self.inner.initial_theta(weight, generator)

    def feedback(self, weight: Tensor | None, theta: Tensor | None) -> Tensor:
        """The inner rule's."""
        return self.inner.feedback(weight, theta)

    def weight_gradient(self, local: Local) -> Tensor:
        """The inner rule's, altered."""
        return self._altered(self.inner.weight_gradient(local), local.samples)

    def theta_gradient(self, local: Local) -> Tensor:
        """The inner rule's, altered if ``theta``."""
        gradient = self.inner.theta_gradient(local)
        return self._altered(gradient, local.samples) if self.theta else gradient

    def _altered(self, gradient: Tensor, samples: float) -> Tensor:
        summed = gradient * (self.factor * samples)
        if self.bound is not None:
            summed = summed.clamp(-self.bound, self.bound)
        return summed / samples


@dataclass(frozen=True)
class ScrambledTheta(DLL):
    """Theta's update of a convolution with the batch and filter axes of delta taken for each other.

    ``delta`` (batch, filter, ...) is reshaped to (filter, batch ...) where it should be transposed.
    """

    def theta_gradient(self, local: Local) -> Tensor:
        """As :class:`DLL`'s, with the axes in the wrong order."""
        operation, theta = local.operation, local.theta
        assert isinstance(operation, ConvOperation)
        assert theta is not None
        assert local.sent is not None
        patches = F.unfold(
            local.sent,
            cast(Any, tuple(theta.shape[2:])),
            dilation=cast(Any, operation.dilation),
            padding=cast(Any, operation.padding),
            stride=cast(Any, operation.stride),
        )
        below = patches.transpose(1, 2).reshape(-1, patches.shape[1])
        above = local.g.reshape(theta.shape[0], -1)
        factor = local.samples if self.theta_rule == "minus" else -local.samples
        return (factor * above @ below).view(theta.shape)


class ScaledGradient(torch.autograd.Function):
    """The identity, whose gradient is multiplied and then clamped."""

    @staticmethod
    def forward(ctx: Any, u: Tensor, factor: float, bound: float | None) -> Tensor:
        ctx.factor, ctx.bound = factor, bound
        return u.view_as(u)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, None, None]:
        g = g * ctx.factor
        return (g if ctx.bound is None else g.clamp(-ctx.bound, ctx.bound)), None, None


class UnscaledAvgPool2d(nn.AvgPool2d):
    """Average pooling whose backward pass copies the error without dividing by the window."""

    def forward(
        self, u: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch channels height_out width_out"]:
        """The mean of each window."""
        sides = self.kernel_size
        window = sides * sides if isinstance(sides, int) else sides[0] * sides[1]
        return cast(Tensor, ScaledGradient.apply(super().forward(u), float(window), None))


class _SlopeOfOutput(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, z: Tensor) -> Tensor:
        u = torch.tanh(z)
        ctx.save_for_backward(u)
        return u

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        (u,) = ctx.saved_tensors
        return g * (1 - torch.tanh(u).square())


class TanhSlopeOfOutput(nn.Module):
    """``tanh(z)`` with the derivative taken at ``tanh(z)`` instead of at ``z``."""

    def forward(self, z: Float[Tensor, "*batch n"]) -> Float[Tensor, "*batch n"]:
        """``tanh(z)``."""
        return cast(Tensor, _SlopeOfOutput.apply(z))
