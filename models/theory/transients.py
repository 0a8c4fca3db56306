"""What a switch of stimuli leaves in integrated errors, and in an update (theory.md 3)."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

Change = Mapping[tuple[str, str], Float[np.ndarray, "_n"]]
"""New minus old fixed point, by (variable, layer)."""


def integrated_errors(
    layers: Sequence[str],
    change: Change,
    theta: Sequence[Float[np.ndarray, "_n_above _n_below"]],
    taus: tuple[float, float, float],
    *,
    beta: float | None = None,
    matched_soma: bool = False,
    target: Float[np.ndarray, "n_out"] | None = None,
) -> dict[str, Float[np.ndarray, "_n"]]:
    """A_i: the integral of error_i minus its new fixed point, from a switch on.

    Every equation integrated over all of its relaxation, D new minus old fixed point, L layers
    above the input, b = beta/(1+beta). Exact for linear f, leading order otherwise::

        A_L = L tau_u D u_L                                                    (clamped)
        A_L = b L tau_u D u_L - tau_x D x_L/(1+beta)                           (nudged)
        A_i = Theta_i^T A_{i+1} - tau_a D error_i - tau_x (D u_i + D error_i)  (i < L)

    A target that passes the prediction's stages is late as well: D u_L - D t takes the place of
    D u_L. A matched soma has ``tau_x d(error)/dt = a - error``, so D u_i drops out of the hidden
    layers; the nudged output is then measured against p instead of u, which adds tau_x D u_L, or
    tau_x (D u_L - b D t) behind the further stage of a filtered target.

    Parameters
    ----------
    layers : sequence of str
        From the first hidden layer to the output.
    change : mapping of (variable, layer) to array
        D of ``"u"`` and ``"error"`` of every layer, and of ``"x"`` of a nudged output.
    theta : sequence of array, (n_above, n_below)
        Feedback weights above each hidden layer.
    taus : tuple of float
        tau_u, tau_a, tau_x; the unit of time of the result.
    beta : float, optional
        Pull on the output; None is clamped.
    matched_soma : bool
        Whether errors are measured against p.
    target : array, (n_out,), optional
        D t of a target that is filtered.
    """
    tau_u, tau_a, tau_x = taus
    top = layers[-1]
    predicted = change["u", top]
    late = predicted if target is None else predicted - target
    area = len(layers) * tau_u * late
    if beta is not None:
        pull = beta / (1 + beta)
        area = pull * len(layers) * tau_u * late - tau_x / (1 + beta) * change["x", top]
        if matched_soma:
            area = area + tau_x * (predicted if target is None else predicted - pull * target)
    found = {top: area}
    for layer, weights in zip(layers[-2::-1], reversed(theta), strict=True):
        error = change["error", layer]
        lag = tau_x * (error if matched_soma else change["u", layer] + error)
        area = weights.T @ area - tau_a * error - lag
        found[layer] = area
    return found


def update_error_terms(
    contrasts: Float[np.ndarray, "*point switch"],
    powers: Float[np.ndarray, "*point switch"],
    *,
    presentation: float | np.ndarray,
    dt: float | np.ndarray,
    eta: float | np.ndarray,
) -> Float[np.ndarray, "*point switch 3"]:
    """The terms of ``err = c1 (tau/T) |D|/|error_L| + c2 dt/T + c3 eta |u_0|^2`` by switch.

    The pulses of :func:`integrated_errors`, the time step's share, and the undershoot of a weight
    that moves during its own presentation.

    Parameters
    ----------
    contrasts : array, (..., switch)
        ``|D|/|error_L|``, D the change of u_L, or of error_L where the target is filtered.
    powers : array, (..., switch)
        ``|u_0|^2``.
    presentation, dt : float, or array, (..., 1)
        T and the time step, in time constants.
    eta : float, or array, (..., 1)
        Learning rate of W for one presentation.
    """
    pulses = contrasts / presentation
    return np.stack([pulses, np.full_like(pulses, dt / presentation), eta * powers], axis=-1)
