"""A multilayer perceptron in torch, layer by layer, and its activations as they are described."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from jaxtyping import Float
from torch import Tensor, nn

from compartments.activations import ACTIVATIONS, Activation
from compartments.checks import check_kind
from rate_bridge.layers.feedback_layers import Linear
from rate_bridge.ode_engine.activations import torch_activation

WHERE = "from_torch"

RELU = Activation("relu", "z*int(z > 0)", "1*int(z > 0)")

SOFTPLUS_THRESHOLD = 40.0
"""Above it torch's softplus is the identity, and below rounding so is the neurons'."""

SKIPPED = (nn.Flatten, nn.Identity, nn.Dropout)
"""What changes no vector that is evaluated."""


class Elementwise(nn.Module):
    """A described activation as a torch module: f from its string."""

    def __init__(self, activation: Activation) -> None:
        super().__init__()
        self.activation = activation

    def forward(self, z: Float[Tensor, "*batch n"]) -> Float[Tensor, "*batch n"]:
        """f(z)."""
        return torch_activation(self.activation).function(z)

    def extra_repr(self) -> str:
        """The activation's name."""
        return self.activation.name


def _softplus(module: Any) -> Activation:
    if module.beta != 1 or module.threshold < SOFTPLUS_THRESHOLD:
        raise ValueError(
            f"the neurons' softplus is log(1 + exp(z)) everywhere, got {module}; build "
            f"nn.Softplus(threshold={SOFTPLUS_THRESHOLD:g})."
        )
    return ACTIVATIONS["softplus"]


DESCRIBED: dict[type[nn.Module], Callable[[Any], Activation]] = {
    nn.Tanh: lambda module: ACTIVATIONS["tanh"],
    nn.Sigmoid: lambda module: ACTIVATIONS["logistic"],
    nn.Softplus: _softplus,
    nn.ReLU: lambda module: RELU,
    Elementwise: lambda module: module.activation,
}
"""For a torch activation, the description's."""

BUILT: dict[str, Callable[[], nn.Module]] = {
    "tanh": nn.Tanh,
    "logistic": nn.Sigmoid,
    "softplus": lambda: nn.Softplus(threshold=SOFTPLUS_THRESHOLD),
}
"""torch's own module for a described activation."""


class Layer(NamedTuple):
    """One layer of a perceptron: its place in the model, its weights, what follows them."""

    path: str
    linear: nn.Linear
    activation: Activation


def activation_modules(f: Activation) -> list[nn.Module]:
    """A described activation in torch: torch's own where it has it, none for the identity."""
    if f == ACTIVATIONS["linear"]:
        return []
    known = f.name in BUILT and f == ACTIVATIONS[f.name]
    return [BUILT[f.name]() if known else Elementwise(f)]


def perceptron_layers(model: nn.Module) -> list[Layer]:
    """The layers of a perceptron, from the input to the output.

    Raises
    ------
    TypeError, ValueError
        As :func:`from_torch`.
    """
    check_kind(WHERE, "model", model, nn.Module, "nn.Sequential(nn.Linear(...), ...)")
    layers: list[Layer] = []
    described = False
    for path, module in _in_order(model, ""):
        if type(module) in (nn.Linear, Linear):
            assert isinstance(module, nn.Linear)
            if any(module is layer.linear for layer in layers):
                raise ValueError(
                    f"{WHERE}: layer {path!r} is used twice; neurons share no weights, so copy it."
                )
            layers.append(Layer(path, module, ACTIVATIONS["linear"]))
            described = False
        elif type(module) in DESCRIBED:
            if not layers or described:
                raise ValueError(
                    f"{WHERE}: {path!r} ({type(module).__name__}) must follow a Linear layer, "
                    "whose activation it is."
                )
            try:
                layers[-1] = layers[-1]._replace(activation=DESCRIBED[type(module)](module))
            except ValueError as error:
                raise ValueError(f"{WHERE}: {path!r}: {error}") from None
            described = True
        elif not isinstance(module, SKIPPED):
            known = ", ".join(kind.__name__ for kind in (*DESCRIBED, *SKIPPED))
            raise ValueError(
                f"{WHERE}: {path or 'the model'!r} is of type {type(module).__name__}; a network "
                f"of neurons takes nn.Sequential of Linear, {known}. Give the part that is one."
            )
    if not layers:
        raise ValueError(f"{WHERE}: the model has no Linear layer.")
    return layers


def _in_order(module: nn.Module, path: str) -> list[tuple[str, nn.Module]]:
    """Modules with their paths, those within ``nn.Sequential`` one after another."""
    if type(module) is not nn.Sequential:
        return [(path, module)]
    every = module.named_modules(remove_duplicate=False)
    inner = [(name, part) for name, part in every if name and "." not in name]
    return [item for name, part in inner for item in _in_order(part, f"{path}.{name}".lstrip("."))]


def layer_sizes(layers: Sequence[Layer]) -> tuple[int, ...]:
    """Units of the input and of every layer.

    Raises
    ------
    ValueError
        For a layer that does not follow from the one before.
    """
    for below, above in pairwise(layers):
        if below.linear.out_features != above.linear.in_features:
            raise ValueError(
                f"{WHERE}: layer {above.path!r} takes {above.linear.in_features} inputs, but "
                f"{below.path!r} before it has {below.linear.out_features} outputs."
            )
    return (layers[0].linear.in_features, *(layer.linear.out_features for layer in layers))
