"""How long a network takes to settle, measured and in theory."""

import numpy as np
from brian2 import ms
from jaxtyping import Float

from models import DLLNetwork, Network


def settling_time(
    time_ms: Float[np.ndarray, "time"], distance: Float[np.ndarray, "time"], share: float = 0.01
) -> float | None:
    """Time from the first sample until the distance stays below a share of its largest value.

    Parameters
    ----------
    time_ms : array, (time,)
        Times of the samples in milliseconds; the first is the switch.
    distance : array, (time,)
        Distance to the equilibrium.
    share : float
        What counts as settled.

    Returns
    -------
    float or None
        Milliseconds; None if it does not settle within the samples.
    """
    outside = np.flatnonzero(distance > share * distance.max())
    if len(outside) == 0:
        return 0.0
    after = outside[-1] + 1
    return float(time_ms[after] - time_ms[0]) if after < len(time_ms) else None


def stages_ms(network: Network, layer: str, variable: str) -> list[float] | None:
    """The time constants that a change of the stimulus passes on its way to a variable.

    A prediction climbs a basal dendrite a layer. An error first climbs to the output (and through
    its soma, if that is pulled and not held at the target) and comes down through an apical
    dendrite and a soma for each layer below it.

    Returns
    -------
    list of float or None
        In milliseconds; None where they are not known (``x`` settles with the slower of u and
        error).
    """
    if not isinstance(network, DLLNetwork) or variable not in ("u", "a", "error"):
        return None
    o, depth, rank = network.options, len(network.sizes) - 1, network.layers.index(layer)
    tau_u, tau_a, tau_x = (float(tau / ms) for tau in (o.tau_u, o.tau_a, o.tau_x))
    if variable == "u":
        return [tau_u] * rank
    top = [] if o.beta is None else [tau_x / (1 + o.beta)]
    down = [tau_a, tau_x] * (depth - rank)
    return [tau_u] * depth + top + (down[:-1] if variable == "a" else down)
