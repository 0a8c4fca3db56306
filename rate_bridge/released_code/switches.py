"""Departures of the released DLL code (commit 4251cef) from its paper, each by a switch of its own.

Every switch takes a built network and changes the one thing it names; a switch that finds nothing
to change is an error. What belongs to data and training (label smoothing, an unshuffled loader,
the best test epoch) is not here.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, cast

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from compartments.lookup import look_up
from rate_bridge.layers.feedback_layers import Conv2d, FeedbackLayer, Linear
from rate_bridge.layers.parameters import feedback_layers
from rate_bridge.layers.recurrent import Recurrent
from rate_bridge.released_code.departures import (
    Altered,
    ScaledGradient,
    ScrambledTheta,
    TanhSlopeOfOutput,
    UnscaledAvgPool2d,
)
from rate_bridge.rules import Rule
from rate_bridge.rules.dll import DLL

CLAMPED_AT = 50.0
"""Where the released code clamps updates and errors, both summed over the batch."""


def half_squared_error(
    outputs: Float[Tensor, "batch classes"],
    labels: Int[Tensor, " batch"],
    smoothing: float = 0.1,
) -> Float[Tensor, ""]:
    """``|t - u_L|^2 / 2``, batch mean: the loss whose error is the ``t - u_L`` of "outer_weight".

    Targets are smoothed to ``(1 - smoothing) t + smoothing / K`` as in the released code.
    """
    classes = outputs.shape[1]
    targets = (1 - smoothing) * F.one_hot(labels, classes).to(outputs.dtype) + smoothing / classes
    return 0.5 * (targets - outputs).square().sum(1).mean()


def _outer_weight(model: nn.Module) -> int:
    """``u_{i+1} = W_i f_i(u_i)``: tanh on the pixels, softmax on the last hidden vector."""
    if not isinstance(model, nn.Sequential):
        return 0
    activations = [i for i, module in enumerate(model) if isinstance(module, nn.Tanh)]
    if not activations or any(isinstance(module, nn.Conv2d) for module in model):
        return 0
    model[activations[-1]] = nn.Softmax(dim=1)
    model[0] = nn.Sequential(model[0], nn.Tanh())
    return len(activations)


def _set_rules(model: nn.Module, new: Callable[[Any], Rule | None]) -> int:
    """Replace rules layer by layer; ``new`` answers None to leave one. The number replaced."""
    changed = 0
    for _, layer in feedback_layers(model):
        rule = new(layer)
        if rule is not None:
            layer.rule = rule
            changed += 1
    return changed


def _learning_dll(layer: Any) -> bool:
    return isinstance(layer.rule, DLL) and layer.rule.learns_theta


def _with_theta_rule(rule: Any, theta_rule: str) -> Rule:
    changed: Rule = replace(rule, theta_rule=theta_rule)
    return changed


def _frozen_theta(model: nn.Module) -> int:
    for _, layer in feedback_layers(model):
        if _learning_dll(layer):
            for name, parameter in layer.named_parameters(recurse=False):
                if name.startswith("theta"):
                    parameter.requires_grad_(False)
    return _set_rules(
        model,
        lambda layer: _with_theta_rule(layer.rule, "fixed") if _learning_dll(layer) else None,
    )


def _plus_dense_theta(model: nn.Module) -> int:
    def new(layer: Any) -> Rule | None:
        dense = isinstance(layer, Linear) and layer.theta is not None and _learning_dll(layer)
        return _with_theta_rule(layer.rule, "plus") if dense else None

    return _set_rules(model, new)


def _scrambled_conv_theta(model: nn.Module) -> int:
    def new(layer: Any) -> Rule | None:
        rule: Any = layer.rule
        learns = isinstance(layer, Conv2d) and layer.theta is not None and _learning_dll(layer)
        return ScrambledTheta(rule.theta_rule, rule.theta_std) if learns else None

    return _set_rules(model, new)


def _replace_modules(model: nn.Module, kind: type[nn.Module], new: Callable[[Any], Any]) -> int:
    changed = 0
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is kind:
                setattr(parent, name, new(child))
                changed += 1
    return changed


def _slope_of_output(model: nn.Module) -> int:
    head = getattr(model, "head", None)
    if head is None:
        return 0
    return _replace_modules(head, nn.Tanh, lambda _: TanhSlopeOfOutput())


def _unscaled_avgpool(model: nn.Module) -> int:
    return _replace_modules(
        model,
        nn.AvgPool2d,
        lambda old: UnscaledAvgPool2d(old.kernel_size, old.stride, old.padding),
    )


def _shifted_rnn_input(model: nn.Module) -> int:
    networks = [module for module in model.modules() if isinstance(module, Recurrent)]
    for network in networks:
        network.shift_input = True
    return len(networks)


def _clamp_hook(layer: nn.Module, arguments: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Errors that leave the layer downwards stay within +-BOUND (per sample)."""
    assert isinstance(layer, FeedbackLayer)
    u = arguments[0]
    if not u.requires_grad:
        return arguments
    return (cast(Tensor, ScaledGradient.apply(u, 1.0, CLAMPED_AT / layer.samples(u))),)


def _clamped_errors(model: nn.Module) -> int:
    layers = [layer for _, layer in feedback_layers(model) if isinstance(layer, FeedbackLayer)]
    for layer in layers:
        layer.register_forward_pre_hook(_clamp_hook)
    return len(layers)


class Switch(NamedTuple):
    """One departure: number in models/theory.md 6, what it does, whether before conversion."""

    item: int
    summary: str
    apply: Callable[[nn.Module], int]
    before: bool = False


SWITCHES: dict[str, Switch] = {
    "outer_weight": Switch(
        1, "tanh on the input, softmax on the last hidden vector (mlp)", _outer_weight, before=True
    ),
    "frozen_theta": Switch(2, "Theta never learns", _frozen_theta),
    "plus_dense_theta": Switch(3, "dense Theta updates with the plus sign", _plus_dense_theta),
    "scrambled_conv_theta": Switch(
        3, "Theta updates of convolutions with mistaken axes", _scrambled_conv_theta
    ),
    "slope_of_output": Switch(
        4, "f' at f(z) in the hidden dense layers (textcnn)", _slope_of_output
    ),
    "ascending_sgd": Switch(
        5,
        "updates of the wrong sign, as in the SGD branches",
        lambda model: _set_rules(model, lambda layer: Altered(layer.rule, -1.0, theta=True)),
    ),
    "unscaled_avgpool": Switch(5, "average pooling's error not divided", _unscaled_avgpool),
    "shifted_rnn_input": Switch(6, "f' with the input one step early (rnn)", _shifted_rnn_input),
    "doubled_updates": Switch(
        8,
        "W's updates doubled and clamped to +-50",
        lambda model: _set_rules(model, lambda layer: Altered(layer.rule, 2.0, CLAMPED_AT)),
    ),
    "clamped_errors": Switch(8, "errors sent down clamped to +-50", _clamped_errors),
}
"""The switches by name. Item 9, the +-1 matrices of the FA baseline, is ``rule="fa",
initial="sign"``; item 7 is a network that cannot be built."""


def apply_switches(model: nn.Module, names: Sequence[str], *, before: bool) -> None:
    """Apply those of the named switches that come before (or after) conversion, in place.

    Raises
    ------
    ValueError
        On an unknown name, and on a switch that this network has nothing for.
    """
    for name in names:
        switch = look_up("repo_compat switch", name, SWITCHES)
        if switch.before is before and switch.apply(model) == 0:
            raise ValueError(
                f"repo_compat: {name!r} ({switch.summary}) finds nothing to change in this "
                f"{type(model).__name__}; leave it out, or take the network and rule it is for."
            )
