"""How long a network takes to settle, measured and in theory."""

import numpy as np
from brian2 import ms
from jaxtyping import Float

from models import DLLOptions


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


def stages_ms(options: DLLOptions, layer: int, depth: int, variable: str) -> list[float]:
    """The time constants that a change of the stimulus passes on its way to a variable.

    A prediction climbs ``layer`` basal dendrites. An error first climbs to the output (and through
    its soma, if that is pulled and not held at the target) and comes down through an apical
    dendrite and a soma for each layer below it.

    Parameters
    ----------
    options : DLLOptions
        Time constants, and beta.
    layer, depth : int
        The layer, counted from 1, and that of the output.
    variable : str
        ``"u"``, ``"a"`` or ``"error"``. (``x`` settles with the slower of u and error.)
    """
    tau_u, tau_a, tau_x = (float(tau / ms) for tau in (options.tau_u, options.tau_a, options.tau_x))
    if variable == "u":
        return [tau_u] * layer
    top = [] if options.beta is None else [tau_x / (1 + options.beta)]
    down = [tau_a, tau_x] * (depth - layer)
    return [tau_u] * depth + top + (down[:-1] if variable == "a" else down)
