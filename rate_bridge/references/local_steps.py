"""Steps 1 to 4 of Algorithm 1 (Lv et al., ICML 2025) as pure functions over batches.

Tensors are (batch, unit), weights (n_above, n_below); ``W[i]`` leads from layer i up to i+1,
``theta[i - 1]`` from layer i+1 back to i, for i = 1..L-1 (nothing leads back to the input).
Updates are those of ascent, averaged over the batch.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor, softmax

from compartments.lookup import look_up
from compartments.plasticity import FEEDBACK
from rate_bridge.ode_engine.activations import TorchActivation


class Parameters(NamedTuple):
    """Weights of a layered network as tensors; see the module for shapes."""

    W: Sequence[Tensor]
    theta: Sequence[Tensor]
    b: Sequence[Tensor] | None = None


class Activity(NamedTuple):
    """Step 1: u of the layers 0..L, and the basal drives W u (+ b) of the layers 1..L."""

    u: list[Tensor]
    drive: list[Tensor]


class Errors(NamedTuple):
    """Steps 2 and 3: error and delta of the layers 0..L; those of the input are None."""

    error: list[Tensor | None]
    delta: list[Tensor | None]


def forward(
    p: Parameters, inputs: Float[Tensor, "batch n_in"], f: Sequence[TorchActivation]
) -> Activity:
    """Step 1: ``u_{i+1} = f_i(W_i u_i)``."""
    u, drive = [inputs], []
    for i, W in enumerate(p.W):
        z = u[-1] @ W.mT
        drive.append(z if p.b is None else z + p.b[i].squeeze(-1))
        u.append(f[i].function(drive[-1]))
    return Activity(u, drive)


def mse_error(
    activity: Activity, targets: Float[Tensor, "batch n_out"], f: Sequence[TorchActivation]
) -> tuple[Tensor, Tensor]:
    """Step 2 for ``|t - u_L|^2 / 2``: error ``t - u_L``; delta with f'."""
    error = targets - activity.u[-1]
    return error, error * f[-1].derivative(activity.drive[-1])


def cross_entropy_error(
    activity: Activity, targets: Float[Tensor, "batch n_out"], f: Sequence[TorchActivation]
) -> tuple[Tensor, Tensor]:
    """Step 2 for cross-entropy over the softmax of the output's drive.

    Error and delta are both ``t - softmax(W u)``: the softmax stands in for f, and its Jacobian
    times the loss's gradient is this vector when each target sums to 1.
    """
    error = targets - softmax(activity.drive[-1], dim=-1)
    return error, error


LOSSES: Mapping[str, Callable[..., tuple[Tensor, Tensor]]] = {
    "mse": mse_error,
    "cross_entropy": cross_entropy_error,
}


def local_errors(
    p: Parameters,
    activity: Activity,
    targets: Float[Tensor, "batch n_out"],
    f: Sequence[TorchActivation],
    loss: str = "mse",
    nudge: float | Tensor = 1.0,
) -> Errors:
    """Steps 2 and 3: ``error_i = Theta_i^T delta_{i+1}``, ``delta_i = error_i f'(drive_i)``.

    Parameters
    ----------
    p, activity, f
        Weights, the result of :func:`forward`, and its activations.
    targets : Tensor, (batch, n_out)
        Targets.
    loss : {"mse", "cross_entropy"}
        Which output error.
    nudge : float or Tensor, (batch, 1)
        Factor of the output error: 1 where the target clamps the output, beta/(1+beta) where it
        pulls, 0 where there is none.

    Raises
    ------
    ValueError
        For an unknown loss.
    """
    depth = len(p.W)
    error: list[Tensor | None] = [None] * (depth + 1)
    delta: list[Tensor | None] = [None] * (depth + 1)
    top, sent = look_up("loss", loss, LOSSES)(activity, targets, f)
    error[depth], above = nudge * top, nudge * sent
    delta[depth] = above
    for i in range(depth - 1, 0, -1):
        below = above @ p.theta[i - 1]
        above = below * f[i - 1].derivative(activity.drive[i - 1])
        error[i], delta[i] = below, above
    return Errors(error, delta)


def updates(
    p: Parameters,
    activity: Activity,
    errors: Errors,
    *,
    theta_rule: str,
    eta_W: float,
    eta_theta: float,
    decay: float = 0.0,
) -> dict[str, Tensor]:
    """Step 4: the change of every weight, by its name in a :class:`WeightBundle`.

    ``W_i`` changes by ``eta_W delta_{i+1} u_i^T``; ``Theta_i`` by

    * ``minus``: ``-eta_theta delta_{i+1} error_i^T`` (Algorithm 1)
    * ``plus``: the opposite (released code)
    * ``fixed``: nothing
    * ``kp``: ``eta_theta (delta_{i+1} u_i^T - decay Theta_i)``, and W decays too, as
      ``eta_W decay W`` (Kolen-Pollack)

    all averaged over the batch.
    """
    look_up("theta_rule", theta_rule, FEEDBACK)
    batch = len(activity.u[0])
    changes = {}
    for i, W in enumerate(p.W):
        delta = errors.delta[i + 1]
        assert delta is not None  # only the input has none
        changes[f"W{i}"] = (eta_W / batch) * (delta.T @ activity.u[i]) - eta_W * decay * W
        if p.b is not None:
            changes[f"b{i}"] = eta_W * delta.mean(0)[:, None] - eta_W * decay * p.b[i]
        error = errors.error[i]
        if error is None or theta_rule == "fixed":
            continue
        theta = p.theta[i - 1]
        factor = activity.u[i] if theta_rule == "kp" else error
        sign = -1 if theta_rule == "minus" else 1
        step = (sign * eta_theta / batch) * (delta.T @ factor)
        changes[f"theta{i}"] = step - eta_theta * decay * theta
    return changes
