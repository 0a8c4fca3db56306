"""What a learning rule is: how the error comes down, and how W and Theta change.

Scale. A rule is written for the error ``delta`` of Algorithm 1, autograd works on the gradient
``g`` of the loss. For a loss ``c * sum over samples`` they are related by ``g = -c delta``, and an
optimiser that subtracts ``lr * gradient`` takes Algorithm 1's step averaged (``c = 1 / batch``) or
summed (``c = 1``) over the samples if

    W.grad     = -c sum_b delta u^T  =  g^T u
    Theta.grad = +c sum_b delta xi^T =  (1 / c) g^T (g Theta)      (minus; xi = Theta^T delta)

The second line is quadratic in the error, so ``c`` has to be known: ``Local.samples`` is ``1 / c``.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from rate_bridge.rules.operations import Operation


@dataclass(frozen=True)
class Local:
    """What stands at one layer's synapses during the backward pass.

    Attributes
    ----------
    operation : Operation
        The layer's operation; gives products of two of the tensors below.
    g : Tensor
        Gradient of the loss at the drive ``z``: ``-c delta``, shape of the layer's output.
    sent : Tensor or None
        What the feedback carries down: ``-c xi``, shape of the layer's input.
    u : Tensor
        Activity below, shape of the layer's input.
    product : Tensor or None
        ``g u^T``, shape of the weights, where W learns.
    theta : Tensor or None
        The feedback weights.
    weight : Tensor or None
        The forward weights, for the rules that declare ``reads_weight`` and no other.
    samples : float
        ``1 / c``; the number of samples under a mean-reduced loss.
    """

    operation: Operation
    g: Tensor
    sent: Tensor | None
    u: Tensor
    product: Tensor | None
    theta: Tensor | None
    weight: Tensor | None
    samples: float


@dataclass(frozen=True)
class Rule:
    """A learning rule. Subclasses are one small file each.

    ``eta_ratio`` is eta_Theta over eta_W, which :func:`rate_bridge.layers.convert.parameter_groups`
    takes. ``reads_weight`` says whether the backward pass may see W at all: where it is False the
    layer does not even keep W for it.
    """

    name: ClassVar[str]
    source: ClassVar[str]
    has_theta: ClassVar[bool] = True
    learns: ClassVar[bool] = False
    reads_weight: ClassVar[bool] = False
    direct: ClassVar[bool] = False
    eta_ratio: ClassVar[float] = 1.0

    @property
    def learns_theta(self) -> bool:
        """Whether Theta is a learning parameter."""
        return self.learns

    def initial_theta(self, weight: Tensor, generator: torch.Generator) -> Tensor:
        """Feedback weights of the shape of ``weight``: normal, with W's own standard deviation."""
        return normal_like(weight, spread(weight), generator)

    def feedback(self, weight: Tensor | None, theta: Tensor | None) -> Tensor:
        """The matrix ``M`` whose transpose carries errors down."""
        assert theta is not None
        return theta

    def weight_gradient(self, local: Local) -> Tensor:
        """``W.grad``; the local product unless a rule says otherwise."""
        assert local.product is not None
        return local.product

    def theta_gradient(self, local: Local) -> Tensor:
        """``Theta.grad`` of a rule that learns Theta."""
        raise NotImplementedError(f"Rule {self.name!r} does not learn its feedback weights.")


def spread(weight: Tensor) -> float:
    """The root mean square of the entries of ``weight``."""
    return float(weight.detach().double().square().mean().sqrt())


def normal_like(weight: Tensor, std: float, generator: torch.Generator) -> Tensor:
    """A draw from ``N(0, std^2)`` of the shape, dtype and device of ``weight``."""
    drawn = torch.randn(weight.shape, generator=generator, dtype=torch.float64)
    return drawn.mul_(std).to(dtype=weight.dtype, device=weight.device)


def fan_in(weight: Tensor) -> int:
    """How many inputs one unit above sums."""
    return weight[0].numel()


def sign_scale(weight: Tensor) -> float:
    """The size of sign-symmetric feedback: ``1/sqrt(n_in)``, for convolutions
    ``sqrt(2 / (k^2 c_out))`` (the convention of Xiao et al.'s implementations)."""
    if weight.dim() == 2:
        return float(fan_in(weight) ** -0.5)
    return float((2.0 / (weight[0, 0].numel() * weight.shape[0])) ** 0.5)
