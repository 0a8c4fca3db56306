"""What each layer does while it learns: alignment, angles to backpropagation, norms, saturation."""

import copy
from collections.abc import Callable
from types import TracebackType
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rate_bridge.layers.convert import convert
from rate_bridge.layers.parameters import feedback_layers

BOUNDS: dict[type[nn.Module], tuple[float, float]] = {
    nn.Tanh: (-1.0, 1.0),
    nn.Sigmoid: (0.0, 1.0),
}
"""Ranges of the activations that saturate."""


def angle(a: Float[Tensor, "*shape"], b: Float[Tensor, "*shape"]) -> float:
    """The angle between two arrays in degrees; NaN where one of them is zero."""
    a, b = a.detach().double().flatten(), b.detach().double().flatten()
    cosine = (a @ b) / (a.norm() * b.norm())
    return float(torch.rad2deg(torch.arccos(cosine.clamp(-1, 1))))


def alignment(model: nn.Module) -> dict[str, float]:
    """Angle between W and Theta of every layer that has both, in degrees, by path.

    The entry of a recurrent network's ``theta_h`` is ``"path.theta_h"``, and so on.
    """
    angles = {}
    for path, layer in feedback_layers(model):
        for name, theta in layer.named_parameters(recurse=False):
            weight = getattr(layer, name.replace("theta", "weight"), None)
            if name.startswith("theta") and weight is not None and weight.shape == theta.shape:
                angles[f"{path}.{name}".lstrip(".")] = angle(weight, theta)
    return angles


def backprop_angles(model: nn.Module, loss: Callable[[nn.Module], Tensor]) -> dict[str, float]:
    """Angle between every parameter's gradient and backpropagation's, in degrees, by name.

    Both are taken on copies in evaluation mode (no dropout, no running statistics), so neither the
    model nor its gradients change.

    Parameters
    ----------
    model : torch.nn.Module
        A converted model.
    loss : callable
        Gives the loss of a model on the batch in question:
        ``lambda model: cross_entropy(model(inputs), labels)``.
    """
    found: list[dict[str, Tensor]] = []
    for network in (convert(model, "bp"), copy.deepcopy(model)):
        network.eval()
        network.zero_grad()
        loss(network).backward()
        named = network.named_parameters()
        found.append({name: p.grad for name, p in named if p.grad is not None})
    backprop, ours = found
    return {name: angle(ours[name], backprop[name]) for name in backprop if name in ours}


class Monitor:
    """Records every layer's state in each training step, by hooks.

    >>> with Monitor(model) as monitor:          # doctest: +SKIP
    ...     loss(model).backward()
    ...     monitor.record()["0"]["error_norm"]

    Parameters
    ----------
    model : torch.nn.Module
        A converted model; it works as before, and as before after ``close``.
    threshold : float
        A unit counts as saturated beyond this fraction of its activation's range (0.95: a tanh
        beyond +-0.95).
    """

    def __init__(self, model: nn.Module, threshold: float = 0.95) -> None:
        if not 0 < threshold < 1:
            raise ValueError(f"Monitor: threshold must lie between 0 and 1, got {threshold}.")
        self.model, self.threshold = model, threshold
        self._seen: dict[str, dict[str, float]] = {}
        self._handles: list[Any] = []
        self._modules = set(model.modules())  # hooks travel into copies, which are not watched
        for path, layer in feedback_layers(model):
            self._handles.append(layer.register_forward_hook(self._drive_hook(path)))
        for path, module in model.named_modules():
            if type(module) in BOUNDS:
                hook = self._activity_hook(path, *BOUNDS[type(module)])
                self._handles.append(module.register_forward_hook(hook))

    def __enter__(self) -> "Monitor":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take the hooks away."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def record(self) -> dict[str, dict[str, float]]:
        """The last step by path, and a new page.

        Layers: ``error_norm`` (root mean square over samples of the norm of the loss's gradient at
        the drive), ``norm_<parameter>``, ``gradient_norm_<parameter>``,
        ``angle_<theta>`` to its W in degrees. Activations: ``saturated``, a fraction of units.
        """
        page, self._seen = self._seen, {}
        for path, layer in feedback_layers(self.model):
            row = page.setdefault(path, {})
            for name, parameter in layer.named_parameters(recurse=False):
                row[f"norm_{name}"] = float(parameter.detach().norm())
                if parameter.grad is not None:
                    row[f"gradient_norm_{name}"] = float(parameter.grad.norm())
        for name, degrees in alignment(self.model).items():
            path, _, theta = name.rpartition(".")
            page[path][f"angle_{theta}"] = degrees
        return page

    def _drive_hook(self, path: str) -> Callable[..., None]:
        def forward(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            if output.requires_grad and module in self._modules:
                output.register_hook(backward)

        def backward(g: Tensor) -> None:
            norms = g.detach().flatten(1).square().sum(1)
            self._seen.setdefault(path, {})["error_norm"] = float(norms.mean().sqrt())

        return forward

    def _activity_hook(self, path: str, low: float, high: float) -> Callable[..., None]:
        middle, half = (low + high) / 2, (high - low) / 2

        def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            if module not in self._modules:
                return
            outside = (output.detach() - middle).abs() > self.threshold * half
            self._seen.setdefault(path, {})["saturated"] = float(outside.float().mean())

        return hook
