"""How long a network takes to settle, measured and in theory."""

import numpy as np
from jaxtyping import Float

from models import Network
from models.delays import UnknownDelayError, stages


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

    Returns
    -------
    list of float or None
        In milliseconds; None where the network's delays do not say, or there are none.
    """
    try:
        passed = stages(network, "stimulus", layer, variable)
    except UnknownDelayError:
        return None
    return [stage.ms for stage in passed] or None
