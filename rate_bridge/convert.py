"""Another rule for an existing torch model, and back."""

from typing import Any

from torch import Tensor, nn


def convert(
    model: nn.Module,
    rule: str = "dll",
    *,
    seed: int = 0,
    example: Tensor | None = None,
    **options: Any,
) -> nn.Module:
    """A copy of ``model`` that learns by ``rule`` ("bp" gives ordinary torch layers again)."""
    raise NotImplementedError


def parameter_groups(
    model: nn.Module, lr: float, theta_lr: float | None = None
) -> list[dict[str, Any]]:
    """Groups for ``torch.optim``: W at ``lr``, Theta at ``theta_lr`` (None: the rule's ratio)."""
    raise NotImplementedError
