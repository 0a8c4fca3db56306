"""Algorithm 1 of Dendritic Localized Learning (Lv et al., ICML 2025), the discrete reference.

:mod:`rate_bridge.references.local_steps` has its four steps as pure functions; here they meet a
described network and a schedule.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from compartments.checks import check_callable, check_kind, finite_array
from compartments.domains import Count, check_value
from compartments.lookup import look_up
from models.checks import check_signals
from models.dll import DLLNetwork, DLLOptions
from models.schedule import Schedule
from models.weights import WeightBundle, check_bundle
from rate_bridge.devices import available_device, real_dtype
from rate_bridge.ode_engine.activations import TorchActivation, torch_activation
from rate_bridge.references.local_steps import LOSSES, Parameters, forward, local_errors, updates


@dataclass(frozen=True)
class Discrete:
    """Algorithm 1 for a described network: its activations, rates and losses.

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
    """

    network: DLLNetwork
    loss: str = "mse"
    dtype: torch.dtype = torch.float64
    device: str = "cpu"

    def __post_init__(self) -> None:
        if not isinstance(self.network, DLLNetwork):
            raise TypeError(
                f"Algorithm 1: network must be a DLLNetwork, got {type(self.network).__name__}; "
                "of all networks those that dll_network(sizes) makes have this reference."
            )
        look_up("loss", self.loss, LOSSES)
        real_dtype("Algorithm 1", self.dtype)
        available_device(self.device)

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

    def tensor(self, array: np.ndarray) -> Tensor:
        """A copy as a tensor of the right type, on the right device."""
        return torch.tensor(array, dtype=self.dtype, device=self.device)

    def parameters(self, weights: Mapping[str, Tensor]) -> Parameters:
        """Named weights in the order that the pure functions take."""
        depth = len(self.network.sizes) - 1
        W = [weights[f"W{i}"] for i in range(depth)]
        theta = [weights[f"theta{i}"] for i in range(1, depth)]
        b = [weights[f"b{i}"] for i in range(depth)] if self.options.bias else None
        return Parameters(W, theta, b)

    def tensors(self, weights: WeightBundle) -> dict[str, Tensor]:
        """Every weight by its name, as a tensor.

        Raises
        ------
        ValueError
            For weights of another network.
        TypeError
            For weights that are no :class:`WeightBundle`.
        """
        check_bundle("Algorithm 1", weights)
        weights.check_fits(self.network.weight_shapes, "Algorithm 1")
        return {name: self.tensor(array) for name, array in weights.items()}

    def check_shapes(
        self, inputs: Tensor | np.ndarray, targets: Tensor | np.ndarray | None = None
    ) -> None:
        """Refuse inputs and targets of other widths than the network's first and last layer.

        Raises
        ------
        ValueError
            With the expected and the given shape.
        """
        shape = np.shape(inputs)
        _check_shape("inputs", shape, None, self.network.sizes[0])
        if targets is not None:
            _check_shape("targets", np.shape(targets), shape[0], self.network.sizes[-1])

    def step(
        self,
        weights: Mapping[str, Tensor],
        inputs: Float[Tensor, "batch n_in"],
        targets: Float[Tensor, "batch n_out"],
        shown: float | Tensor = 1.0,
    ) -> dict[str, Tensor]:
        """The change of every weight for one batch; ``shown`` is 0 where there is no target."""
        for name, value in (("inputs", inputs), ("targets", targets)):
            check_kind("Algorithm 1", name, value, Tensor, "torch.tensor(...)")
        self.check_shapes(inputs, targets)
        p, o = self.parameters(weights), self.options
        activity = forward(p, inputs, self.activations)
        nudge = self.nudge * shown
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

    def outputs(
        self, weights: WeightBundle, inputs: Float[np.ndarray, "batch n_in"]
    ) -> Float[np.ndarray, "batch n_out"]:
        """u_L (with cross-entropy, the drive that the softmax takes)."""
        self.check_shapes(inputs)
        inputs = finite_array("Algorithm 1", "inputs", inputs, ("batch", "n_in"))
        parameters = self.parameters(self.tensors(weights))
        activity = forward(parameters, self.tensor(inputs), self.activations)
        last = activity.drive[-1] if self.loss == "cross_entropy" else activity.u[-1]
        return last.numpy(force=True)


def learn(
    network: DLLNetwork,
    schedule: Schedule,
    *,
    batch: int = 1,
    loss: str = "mse",
    dtype: torch.dtype = torch.float64,
    device: str = "cpu",
    progress: Callable[[float], None] | None = None,
    visit: Callable[[int, Mapping[str, Tensor]], None] | None = None,
) -> WeightBundle:
    """Weights after Algorithm 1 has taken one step for each presentation (or batch of them).

    Plain gradient-free SGD: the same samples in the same order, the same initial weights and the
    same rates as the continuous network.

    Parameters
    ----------
    network : DLLNetwork
        The description; its weights are where learning starts.
    schedule : Schedule
        Only inputs, targets and whether they are shown matter here.
    batch : int
        Presentations in one step; their updates are averaged.
    loss, dtype, device
        As for :class:`Discrete`.
    progress : callable, optional
        Called with the fraction that is done.
    visit : callable, optional
        Called before every step with the presentation's number and the weights as they are then
        (copy what is to be kept).

    Raises
    ------
    ValueError
        Without targets, or if the sizes are not the network's.
    TypeError
        For a network that :func:`models.dll_network` has not made, or what is no schedule.
    FloatingPointError
        When weights stop being finite; says at which step.
    """
    discrete = Discrete(network, loss, dtype, device)
    check_kind("Algorithm 1", "schedule", schedule, Schedule, "Schedule({'stimulus': inputs})")
    check_value("Algorithm 1", "batch", batch, Count)
    for name, function in (("progress", progress), ("visit", visit)):
        check_callable("Algorithm 1", name, function)
    if "target" not in schedule.signals:
        raise ValueError("Algorithm 1 needs the signal 'target'; give it to the schedule.")
    stimulus, target = schedule.constant("stimulus"), schedule.constant("target")
    discrete.check_shapes(stimulus, target)
    check_signals(network, schedule)
    weights = discrete.tensors(network.weights)
    inputs, targets = discrete.tensor(stimulus), discrete.tensor(target)
    shown = discrete.tensor(schedule.on("target"))[:, None]
    for start in range(0, len(schedule), batch):
        rows = slice(start, start + batch)
        if visit is not None:
            visit(start, weights)
        changes = discrete.step(weights, inputs[rows], targets[rows], shown[rows])
        for name, change in changes.items():
            weights[name] += change
        if progress is not None and start % (100 * batch) == 0:
            progress(start / len(schedule))
        if start % (100 * batch) == 0 or start + batch >= len(schedule):
            _check_finite(weights, start)
    return WeightBundle({name: tensor.numpy(force=True) for name, tensor in weights.items()})


def _check_shape(name: str, given: tuple[int, ...], rows: int | None, width: int) -> None:
    if len(given) != 2 or given[1] != width or rows not in (None, given[0]):
        raise ValueError(
            f"Algorithm 1: {name} must have shape ({rows or 'batch'}, {width}), got {tuple(given)}."
        )


def _check_finite(weights: Mapping[str, Tensor], presentation: int) -> None:
    for name, tensor in weights.items():
        if not bool(torch.isfinite(tensor).all()):
            raise FloatingPointError(
                f"Algorithm 1 diverged: {name} is not finite by presentation {presentation}. "
                "Lower eta_W or eta_theta; the 'plus' rule for Theta is expected to run away."
            )


def equilibrium(
    network: DLLNetwork,
    inputs: Float[np.ndarray, "batch n_in"],
    targets: Float[np.ndarray, "batch n_out"] | None = None,
    weights: WeightBundle | None = None,
) -> dict[tuple[str, str], Float[np.ndarray, "batch n"]]:
    """What the relaxing network settles to, by (variable, population).

    ``u``, and for all layers above the input ``error``, ``delta`` and ``x = u + error``;
    for hidden layers ``a = error``. Without targets there is no error.

    Parameters
    ----------
    network : DLLNetwork
        The description.
    inputs, targets : array
        Constant stimuli and targets, one a row.
    weights : WeightBundle, optional
        Instead of the network's own.

    Raises
    ------
    ValueError
        For inputs, targets or weights of another shape than the network's, or not finite.
    TypeError
        For a network that :func:`models.dll_network` has not made.
    """
    discrete = Discrete(network)
    discrete.check_shapes(inputs, targets)
    inputs = finite_array("Algorithm 1", "inputs", inputs, ("batch", "n_in"))
    if targets is not None:
        targets = finite_array("Algorithm 1", "targets", targets, ("batch", "n_out"))
    p = discrete.parameters(discrete.tensors(network.weights if weights is None else weights))
    f = discrete.activations
    activity = forward(p, discrete.tensor(inputs), f)
    goal = activity.u[-1] if targets is None else discrete.tensor(targets)
    errors = local_errors(p, activity, goal, f, nudge=discrete.nudge)
    found: dict[tuple[str, str], np.ndarray] = {}
    for i, layer in enumerate(network.layers):
        u, error, delta = activity.u[i], errors.error[i], errors.delta[i]
        found["u", layer] = u.numpy()
        if error is None or delta is None:
            continue
        found["error", layer], found["delta", layer] = error.numpy(), delta.numpy()
        found["x", layer] = (u + error).numpy()
        if i < len(network.layers) - 1:
            found["a", layer] = error.numpy()
    return found
