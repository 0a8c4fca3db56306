"""Algorithm 1 of Dendritic Localized Learning (Lv et al., ICML 2025), the discrete reference.

:mod:`rate_bridge.references.local_steps` has its four steps as pure functions; here they meet a
described network.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from compartments.checks import check_kind, finite_array
from compartments.lookup import look_up
from models.dll import DLLNetwork, DLLOptions
from models.weights import WeightBundle
from rate_bridge.devices import available_device, real_dtype
from rate_bridge.ode_engine.activations import TorchActivation, torch_activation
from rate_bridge.references.local_steps import (
    LOSSES,
    Activity,
    Parameters,
    forward,
    local_errors,
    updates,
)
from rate_bridge.references.reference import Given, Reference, Values

TITLE = "Algorithm 1"


@dataclass(frozen=True)
class Algorithm1(Reference):
    """Algorithm 1 for a described network: its activations, rates and losses.

    Plain gradient-free SGD: the same samples in the same order, the same initial weights and the
    same rates as the continuous network.

    Parameters
    ----------
    network : DLLNetwork
        The description that the continuous engines run.
    loss : {"mse", "cross_entropy"}
        Output error.
    dtype : torch.dtype
        float64 or float32.
    device : str
        Where tensors live.

    Raises
    ------
    TypeError
        For a network that :func:`models.dll_network` has not made.
    ValueError
        For an unknown loss, type or device.
    """

    network: DLLNetwork
    loss: str = "mse"
    dtype: torch.dtype = torch.float64
    device: str = "cpu"

    def __post_init__(self) -> None:
        if not isinstance(self.network, DLLNetwork):
            raise TypeError(
                f"{TITLE}: network must be a DLLNetwork, got {type(self.network).__name__}; "
                "of all networks those that dll_network(sizes) makes have this reference."
            )
        look_up("loss", self.loss, LOSSES)
        real_dtype(TITLE, self.dtype)
        available_device(self.device)

    @property
    def title(self) -> str:
        """Its name in sentences."""
        return TITLE

    @property
    def single(self) -> "Algorithm1":
        """The same with numbers of single precision."""
        return replace(self, dtype=torch.float32)

    @property
    def options(self) -> DLLOptions:
        """Rates, rule and nudging."""
        return self.network.options

    @property
    def activations(self) -> list[TorchActivation]:
        """f and f' of the layers 1..L."""
        return [torch_activation(item) for item in self.network.activations]

    @property
    def nudge(self) -> float:
        """Factor of the output error: 1 if clamped, beta/(1+beta) if nudged (theory.md 1)."""
        beta = self.options.beta
        return 1.0 if beta is None else beta / (1 + beta)

    def tensor(self, array: np.ndarray | float) -> Tensor:
        """A copy as a tensor of the right type, on the right device."""
        return torch.tensor(array, dtype=self.dtype, device=self.device)

    def parameters(self, weights: Mapping[str, Tensor]) -> Parameters:
        """Named weights in the order that the pure functions take."""
        depth = len(self.network.sizes) - 1
        W = [weights[f"W{i}"] for i in range(depth)]
        theta = [weights[f"theta{i}"] for i in range(1, depth)]
        b = [weights[f"b{i}"] for i in range(depth)] if self.options.bias else None
        return Parameters(W, theta, b)

    def change(
        self, weights: Mapping[str, Tensor], signals: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Steps 1 to 4 for one batch.

        Parameters
        ----------
        weights : mapping of str to Tensor, (n_above, n_below)
            By their names in a bundle.
        signals : mapping of str to Tensor
            ``stimulus`` (batch, n_in), ``target`` (batch, n_out), and where it is not 1 throughout,
            ``target_on`` (batch, 1).
        """
        for name in ("stimulus", "target"):
            if name not in signals:
                raise ValueError(f"{TITLE} needs the signal {name!r}; give it to the schedule.")
            check_kind(TITLE, name, signals[name], Tensor, "torch.tensor(...)")
        inputs, targets = signals["stimulus"], signals["target"]
        self._check_shapes(inputs, targets)
        p, o = self.parameters(weights), self.options
        activity = forward(p, inputs, self.activations)
        nudge = self.nudge * _flag(signals.get("target_on", 1.0))
        errors = local_errors(p, activity, targets, self.activations, self.loss, nudge)
        return updates(
            p,
            activity,
            errors,
            theta_rule=o.theta_rule,
            eta_W=o.eta_W,
            eta_theta=o.eta_theta,
            decay=o.used_decay,
        )

    def steps(
        self, signals: Given, history: Mapping[str, Float[np.ndarray, "presentation _above _below"]]
    ) -> dict[str, Float[np.ndarray, "presentation _above _below"]]:
        """Each row's step, taken from its own weights; many rows at once."""

        def one(weights: dict[str, Tensor], row: dict[str, Tensor]) -> dict[str, Tensor]:
            return self.change(weights, {name: value[None] for name, value in row.items()})

        shown = {name: self.tensor(value) for name, value in signals.items()}
        stacked = {name: self.tensor(array) for name, array in history.items()}
        found = torch.func.vmap(one, chunk_size=256)(stacked, shown)
        return {name: step.numpy(force=True) for name, step in found.items()}

    def factors(self, signals: Given) -> dict[str, tuple[Tensor, Tensor]]:
        """delta_{i+1} and u_i, whose product moves W_i."""
        settled = self.equilibrium(signals)
        names = self.network.layers
        return {
            f"W{i}": (
                self.tensor(settled["delta", names[i + 1]]),
                self.tensor(settled["u", names[i]]),
            )
            for i in range(len(names) - 1)
        }

    def outputs(
        self, signals: Given, weights: WeightBundle | None = None
    ) -> Float[np.ndarray, "batch n_out"]:
        """u_L (with cross-entropy, the drive that the softmax takes)."""
        activity = self._forward(signals, self.parameters(self.tensors(weights)))
        last = activity.drive[-1] if self.loss == "cross_entropy" else activity.u[-1]
        return last.numpy(force=True)

    def equilibrium(self, signals: Given, weights: WeightBundle | None = None) -> Values:
        """What the relaxing network settles to.

        ``u``, and for all layers above the input ``error``, ``delta`` and ``x = u + error``;
        for hidden layers ``a = error``. Without targets there is no error.

        Parameters
        ----------
        signals : mapping of str to array, (batch, n)
            ``stimulus``, and ``target`` with ``target_on`` (batch, 1) where it is not 1 throughout.
        weights : WeightBundle, optional
            Instead of the network's own.

        Raises
        ------
        ValueError
            For inputs, targets or weights of another shape than the network's, or not finite.
        """
        p = self.parameters(self.tensors(weights))
        activity = self._forward(signals, p)
        goal = activity.u[-1]
        on = _flag(self.tensor(np.asarray(signals.get("target_on", 1.0))))
        if "target" in signals:
            array = finite_array(TITLE, "target", signals["target"], ("batch", "n_out"))
            self._check_shapes(activity.u[0], array)
            goal = self.tensor(array)
        errors = local_errors(p, activity, goal, self.activations, nudge=self.nudge * on)
        layers = self.network.layers
        found: dict[tuple[str, str], Tensor] = {}
        for i, layer in enumerate(layers):
            u, error, delta = activity.u[i], errors.error[i], errors.delta[i]
            found["u", layer] = u
            if error is None or delta is None:
                continue
            found["error", layer], found["delta", layer] = error, delta
            found["x", layer] = u + error
            if i < len(layers) - 1:
                found["a", layer] = error
        return {key: value.numpy(force=True) for key, value in found.items()}

    def _forward(self, signals: Given, p: Parameters) -> Activity:
        if "stimulus" not in signals:
            raise ValueError(f"{TITLE} needs the signal 'stimulus'.")
        inputs = finite_array(TITLE, "stimulus", signals["stimulus"], ("batch", "n_in"))
        self._check_shapes(inputs)
        return forward(p, self.tensor(inputs), self.activations)

    def _check_shapes(
        self, inputs: Tensor | np.ndarray, targets: Tensor | np.ndarray | None = None
    ) -> None:
        """Refuse inputs and targets of other widths than the network's first and last layer."""
        shape = np.shape(inputs)
        _check_shape("stimulus", shape, None, self.network.sizes[0])
        if targets is not None:
            _check_shape("target", np.shape(targets), shape[0], self.network.sizes[-1])


def _check_shape(name: str, given: tuple[int, ...], rows: int | None, width: int) -> None:
    if len(given) != 2 or given[1] != width or rows not in (None, given[0]):
        raise ValueError(
            f"{TITLE}: {name} must have shape ({rows or 'batch'}, {width}), got {tuple(given)}."
        )


def _flag(on: float | Tensor) -> float | Tensor:
    """A flag of each sample; a row of them would be taken for one of each neuron."""
    if isinstance(on, Tensor) and on.ndim and (on.ndim != 2 or on.shape[-1] != 1):
        raise ValueError(f"{TITLE}: target_on must have shape (batch, 1), got {tuple(on.shape)}.")
    return on
