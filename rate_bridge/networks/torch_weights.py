"""Weights from a multilayer perceptron in torch to a DLL network of neurons, and back.

At rest a DLL network's output is that of the perceptron with the same weights, biases and
activations. What a perceptron has not is Theta; Tuft's own layers have one.
"""

from typing import Any, Literal

import torch
from torch import Tensor, nn

from compartments.checks import check_kind
from compartments.domains import Seed, check_value, shown
from models.dll import DLLNetwork, dll_network, dll_weights
from models.dll_options import DLLOptions
from models.weights import WeightBundle
from rate_bridge.devices import real_dtype
from rate_bridge.layers.convert import convert
from rate_bridge.layers.feedback_layers import Linear
from rate_bridge.layers.parameters import feedback_layers
from rate_bridge.networks.perceptron import (
    WHERE,
    activation_modules,
    layer_sizes,
    perceptron_layers,
)
from rate_bridge.rules import Rule, make_rule

Theta = Literal["random", "tied"]


def from_torch(model: nn.Module, *, theta: Theta = "random", seed: int = 0) -> WeightBundle:
    """The weights of a perceptron, for a DLL network of its sizes.

    Parameters
    ----------
    model : torch.nn.Module
        Linear layers, torch's or Tuft's, with activations between them, in ``nn.Sequential``.
    theta : {"random", "tied"}
        For layers without a Theta: drawn as :func:`models.dll_weights` does, or W's values. Of
        Tuft's layers it is the matrix that carries their error down; that of the first layer is
        not used.
    seed : int
        For what is drawn.

    Returns
    -------
    WeightBundle
        In float64; with ``b0..`` if any layer has a bias (0 for those without).

    Raises
    ------
    TypeError
        For what is no torch module.
    ValueError
        For a layer of another type, by its path; weights that are complex, not finite, or on the
        meta device; layers that do not follow from each other.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    >>> from_torch(model).shapes
    {'W0': (4, 3), 'W1': (2, 4), 'theta1': (2, 4), 'b0': (4, 1), 'b1': (2, 1)}
    """
    check_value(WHERE, "theta", theta, Theta)
    check_value(WHERE, "seed", seed, Seed)
    layers = perceptron_layers(model)
    sizes = layer_sizes(layers)
    bias = any(layer.linear.bias is not None for layer in layers)
    arrays = dict(dll_weights(sizes, seed, bias=bias))
    for i, (path, linear, _) in enumerate(layers):
        arrays[f"W{i}"] = _values(f"{path}.weight", linear.weight)
        if linear.bias is not None:
            arrays[f"b{i}"] = _values(f"{path}.bias", linear.bias)[:, None]
        if i > 0:
            own = _feedback(path, linear)
            if own is not None:
                arrays[f"theta{i}"] = own
            elif theta == "tied":
                arrays[f"theta{i}"] = arrays[f"W{i}"]
    return WeightBundle(arrays)


def dll_from_torch(
    model: nn.Module,
    options: DLLOptions | None = None,
    *,
    theta: Theta = "random",
    seed: int = 0,
    **changes: Any,
) -> DLLNetwork:
    """The DLL network that rests where a perceptron computes: its sizes, activations and weights.

    Parameters
    ----------
    model, theta, seed
        As for :func:`from_torch`.
    options, **changes
        As for :func:`models.dll_network`; activations and bias are the model's.

    Raises
    ------
    ValueError, TypeError
        As :func:`from_torch`; also for hidden layers of different activations.
    """
    weights, layers = from_torch(model, theta=theta, seed=seed), perceptron_layers(model)
    hidden = {layer.activation for layer in layers[:-1]}
    if len(hidden) > 1:
        names = ", ".join(sorted(f.name for f in hidden))
        raise ValueError(f"{WHERE}: hidden layers must have one activation, got {names}.")
    own: dict[str, Any] = {"output_activation": layers[-1].activation, "bias": "b0" in weights}
    if hidden:
        (own["activation"],) = hidden
    if set(own) & set(changes):
        name = min(set(own) & set(changes))
        raise ValueError(f"{WHERE}: {name} is the model's, {shown(own[name])}; leave it out.")
    return dll_network(layer_sizes(layers), options, weights=weights, **changes, **own)


def to_torch(
    network: DLLNetwork, rule: str | Rule | None = None, *, dtype: torch.dtype = torch.float64
) -> nn.Sequential:
    """The perceptron that computes a DLL network's output at rest, with its weights.

    Parameters
    ----------
    network : DLLNetwork
        Its activations, biases and weights.
    rule : str or Rule, optional
        A name from :data:`rate_bridge.rules.RULES`: Tuft's layers that learn by it, with the
        network's Theta. Without it, torch's own layers.
    dtype : torch.dtype
        float64 or float32.

    Raises
    ------
    TypeError
        For a network that :func:`models.dll_network` has not made.
    ValueError
        For a rule whose feedback is no matrix of W's shape.
    """
    write = "dll_network(sizes): layers are known of these only"
    check_kind("to_torch", "network", network, DLLNetwork, write)
    dtype = real_dtype("to_torch", dtype)
    made = None if rule is None else make_rule(rule)
    if made is not None and not _feeds_back_theta(made):
        raise ValueError(
            f"to_torch: rule {made.name!r} does not send errors down through Theta; leave "
            "rule=None, and convert the model that comes."
        )
    modules: list[nn.Module] = []
    for i, f in enumerate(network.activations):
        above, below = network.weight_shapes[f"W{i}"]
        linear = nn.utils.skip_init(nn.Linear, below, above, bias=network.options.bias, dtype=dtype)
        modules += [linear, *activation_modules(f)]
    model: nn.Module = nn.Sequential(*modules)
    _put(network.weights, model)
    if made is not None:
        model = convert(model, made, inputs=["0"])
        with torch.no_grad():
            for i, (_, layer) in enumerate(feedback_layers(model)):
                if i > 0 and isinstance(layer, Linear) and layer.theta is not None:
                    layer.theta.copy_(torch.tensor(network.weights[f"theta{i}"]))
    assert isinstance(model, nn.Sequential)
    return model


def _feedback(path: str, linear: nn.Linear) -> Any:
    """The matrix that carries a layer's error down, as an array; None without one."""
    if not isinstance(linear, Linear) or linear.theta is None or linear.rule.direct:
        return None
    return _values(f"{path}.theta", linear.rule.feedback(linear.weight, linear.theta))


def _feeds_back_theta(rule: Rule) -> bool:
    """Whether errors go down through Theta as it is."""
    return rule.has_theta and not rule.direct and type(rule).feedback is Rule.feedback


def _values(path: str, tensor: Tensor) -> Any:
    """A parameter as an array in float64."""
    path = path.lstrip(".")  # the model itself may be a layer
    if tensor.is_meta:
        raise ValueError(
            f"{WHERE}: {path} is on the meta device and has no values; move the model with "
            "to_empty(device='cpu') and load its state."
        )
    if not tensor.is_floating_point():
        raise ValueError(
            f"{WHERE}: {path} must be real numbers in floating point, got {tensor.dtype}."
        )
    return tensor.detach().to("cpu", torch.float64).numpy()


@torch.no_grad()
def _put(weights: WeightBundle, model: nn.Module) -> None:
    """Weights and biases into the Linear layers, in their order."""
    linears = [module for module in model.modules() if isinstance(module, nn.Linear)]
    for i, linear in enumerate(linears):
        linear.weight.copy_(torch.tensor(weights[f"W{i}"]))
        if linear.bias is not None:
            linear.bias.copy_(torch.tensor(weights[f"b{i}"][:, 0]))
