"""The parameters of a converted model: learning rates, the loss's scale, Theta beside W."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from compartments.domains import NonNegative, Positive, check_value
from rate_bridge.layers.checks import check_model
from rate_bridge.layers.feedback_layers import FeedbackLayer
from rate_bridge.layers.recurrent import Recurrent


def feedback_layers(model: nn.Module) -> Iterator[tuple[str, FeedbackLayer | Recurrent]]:
    """Paths and modules that learn by a rule of this package."""
    for path, module in model.named_modules():
        if isinstance(module, FeedbackLayer | Recurrent):
            yield path, module


def parameter_groups(
    model: nn.Module, lr: float, theta_lr: float | None = None
) -> list[dict[str, Any]]:
    """Parameter groups for ``torch.optim``: everything at ``lr``, Theta at its own rate.

    Parameters
    ----------
    model : torch.nn.Module
        Converted or not.
    lr : float
        Learning rate of W, biases and whatever else learns.
    theta_lr : float or None
        Learning rate of Theta; None takes ``lr`` times the rule's ``eta_ratio`` (0.1 for "dll", as
        in the released code, 1 for the others).

    Raises
    ------
    ValueError, TypeError
        For a rate that is none, and for what is no model.
    """
    check_model("parameter_groups", model)
    check_value("parameter_groups", "lr", lr, Positive)
    check_value("parameter_groups", "theta_lr", theta_lr, NonNegative | None)
    rates: dict[float, list[Tensor]] = {}
    thetas: set[int] = set()
    for _, layer in feedback_layers(model):
        rate = lr * layer.rule.eta_ratio if theta_lr is None else theta_lr
        for theta in _thetas(layer):
            if theta.requires_grad and id(theta) not in thetas:
                rates.setdefault(rate, []).append(theta)
            thetas.add(id(theta))
    rest = [p for p in model.parameters() if p.requires_grad and id(p) not in thetas]
    groups: list[dict[str, Any]] = [{"params": rest, "lr": lr, "name": "W"}]
    return groups + [
        {"params": members, "lr": rate, "name": "theta"} for rate, members in rates.items()
    ]


def set_error_scale(model: nn.Module, scale: float | None) -> None:
    """Tell every layer that the loss is ``scale`` times the sum over samples.

    Needed where the loss is not averaged over the input's first axis: 1 for a summed loss,
    ``1 / (batch * parts)`` when gradients of several parts accumulate. The rules that are
    quadratic in the error depend on it (see :mod:`rate_bridge.rules.base`). None goes back to the
    mean.

    Raises
    ------
    ValueError, TypeError
        For a scale that is no number above 0, and for what is no model.
    """
    check_model("set_error_scale", model)
    check_value("set_error_scale", "scale", scale, Positive | None)
    for _, layer in feedback_layers(model):
        layer.error_scale = scale


def tie_feedback(model: nn.Module) -> None:
    """Set every Theta to its W: the point at which the rules of DLL are backpropagation."""
    check_model("tie_feedback", model)
    with torch.no_grad():
        for path, layer in feedback_layers(model):
            if layer.rule.direct:
                raise ValueError(f"Layer {path!r}: direct feedback has no W of its shape to copy.")
            pairs: list[tuple[Tensor | None, Tensor]]
            if isinstance(layer, Recurrent):
                pairs = [(layer.theta_h, layer.weight_h), (layer.theta_y, layer.weight_y)]
            else:
                pairs = [(layer.theta, layer.weight)]
            for theta, weight in pairs:
                if theta is not None:
                    theta.copy_(weight)


def _thetas(layer: FeedbackLayer | Recurrent) -> list[Tensor]:
    """The layer's feedback weights."""
    named = layer.named_parameters(recurse=False)
    return [parameter for name, parameter in named if name.startswith("theta")]
