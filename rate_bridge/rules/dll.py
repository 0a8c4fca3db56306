"""Dendritic localized learning: feedback weights of their own, with four ways to change them."""

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import torch
from torch import Tensor

from compartments.domains import NonNegative, check_value
from compartments.lookup import unknown_name
from rate_bridge.rules.base import Local, Rule, normal_like

ThetaRule = Literal["minus", "plus", "fixed"]
DLL_RULES = (*get_args(ThetaRule), "kp")
"""The four ways to change Theta; the last one is a rule of its own."""


@dataclass(frozen=True)
class DLL(Rule):
    """``xi = Theta^T delta``; W and its transpose are never used on the way down.

    Parameters
    ----------
    theta_rule : "minus", "plus" or "fixed"
        "minus": ``Theta -= eta_Theta delta xi^T``, the paper's Eq. 9 and Algorithm 1.
        "plus": the opposite sign, which the released CNN code has in its dense layers; grows
        without bound under SGD unless the error vanishes first.
        "fixed": Theta stays (DLL-FA), at no cost.
        The fourth, "kp", is :class:`rate_bridge.rules.kp.KolenPollack`; the registry gives it.
    theta_std : float or None
        Standard deviation of the initial Theta. The paper says "randomly"; None takes the
        released code's 1 for dense layers and 0.05 for convolutions.
    """

    name: ClassVar[str] = "dll"
    source: ClassVar[str] = "Lv et al. 2025, ICML, PMLR 267:41682-41700, Algorithm 1 and Eqs. 7-9"
    eta_ratio: ClassVar[float] = 0.1  # of the released code; the paper prints none
    theta_rule: ThetaRule = "minus"
    theta_std: float | None = None

    def __post_init__(self) -> None:
        if self.theta_rule not in get_args(ThetaRule):
            raise unknown_name("theta_rule", self.theta_rule, DLL_RULES)
        check_value("Rule 'dll'", "theta_std", self.theta_std, NonNegative | None)

    @property
    def learns_theta(self) -> bool:
        """Whether Theta is a learning parameter."""
        return self.theta_rule != "fixed"

    def initial_theta(self, weight: Tensor, generator: torch.Generator) -> Tensor:
        """A normal draw."""
        std = (1.0 if weight.dim() == 2 else 0.05) if self.theta_std is None else self.theta_std
        return normal_like(weight, std, generator)

    def theta_gradient(self, local: Local) -> Tensor:
        """``+-samples g sent^T``, which is ``+-c sum delta xi^T``."""
        assert local.sent is not None
        assert local.theta is not None
        factor = local.samples if self.theta_rule == "minus" else -local.samples
        return local.operation.product(local.g, local.sent, local.theta.shape, factor)
