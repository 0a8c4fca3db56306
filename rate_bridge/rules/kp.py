"""Kolen-Pollack: W and Theta take the same local step and the same decay, so their gap shrinks."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from compartments.domains import NonNegative, check_fields
from rate_bridge.rules.base import Local, Rule, normal_like, spread


@dataclass(frozen=True)
class KolenPollack(Rule):
    """``W += eta (delta u^T - decay W)``, ``Theta += eta (delta u^T - decay Theta)``.

    Under SGD ``W - Theta`` shrinks by ``1 - eta decay`` a step. Each decay reads its own synapse.

    Parameters
    ----------
    decay : float
        Strength of both decays. Without it the initial gap stays for ever.
    theta_std : float or None
        Standard deviation of the initial Theta; None takes W's.
    """

    name: ClassVar[str] = "kp"
    source: ClassVar[str] = (
        "Kolen & Pollack 1994, IEEE ICNN; Akrout et al. 2019, NeurIPS 32 (arXiv 1904.05391)"
    )
    learns: ClassVar[bool] = True
    reads_weight: ClassVar[bool] = True
    decay: NonNegative = 1e-4
    theta_std: NonNegative | None = None

    def __post_init__(self) -> None:
        check_fields(self, "Rule 'kp'")

    def initial_theta(self, weight: Tensor, generator: torch.Generator) -> Tensor:
        """A normal draw."""
        return normal_like(
            weight, spread(weight) if self.theta_std is None else self.theta_std, generator
        )

    def weight_gradient(self, local: Local) -> Tensor:
        """``g u^T + decay W``."""
        assert local.product is not None
        assert local.weight is not None
        return torch.add(local.product, local.weight, alpha=self.decay)

    def theta_gradient(self, local: Local) -> Tensor:
        """``g u^T + decay Theta``."""
        assert local.theta is not None
        product = local.product
        if product is None:  # W is frozen; Theta still takes the step W would have taken
            product = local.operation.product(local.g, local.u, local.theta.shape)
        return torch.add(product, local.theta, alpha=self.decay)
