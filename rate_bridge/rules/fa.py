"""Feedback alignment: fixed random feedback."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from compartments.lookup import unknown_name
from rate_bridge.rules.base import Rule, normal_like, spread


@dataclass(frozen=True)
class FeedbackAlignment(Rule):
    """``xi = B^T delta`` with B fixed.

    Parameters
    ----------
    initial : "normal" or "sign"
        "normal": as W; "sign": entries of +1 and -1, as in the released DLL code's baseline.
    theta_std : float or None
        Standard deviation of "normal"; None takes W's.
    """

    name: ClassVar[str] = "fa"
    source: ClassVar[str] = "Lillicrap et al. 2016, Nature Communications 7:13276"
    initial: Literal["normal", "sign"] = "normal"
    theta_std: float | None = None

    def __post_init__(self) -> None:
        if self.initial not in ("normal", "sign"):
            raise unknown_name("initial", self.initial, ("normal", "sign"))

    def initial_theta(self, weight: Tensor, generator: torch.Generator) -> Tensor:
        """A normal draw, or random signs."""
        if self.initial == "sign":
            return normal_like(weight, 1.0, generator).sign()
        return normal_like(weight, self.theta_std or spread(weight), generator)
