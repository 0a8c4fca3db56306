"""Whether Euler's method stays at a network's rest, before it is run."""

import math

from brian2 import Quantity, ms, second

from models import Network, Schedule
from rate_bridge.references.fixed_point import NoFixedPointError
from rate_bridge.references.numerical import Numerical
from rate_bridge.references.reference import constant_signals

MOST_STATES = 512
"""Of a network whose eigenvalues are computed in about a second."""


def longest_step(network: Network, schedule: Schedule) -> Quantity | None:
    """The bound on dt at the rests under the first and the last signals.

    Returns
    -------
    Quantity or None
        None where it is not known: without a stable rest, with delays, and of more than
        :data:`MOST_STATES` states.
    """
    try:
        numerical = Numerical(network)
        if numerical.field.size > MOST_STATES:
            return None
        ends = schedule.chosen(sorted({0, len(schedule) - 1}))
        rest = numerical.fixed_point(constant_signals(ends))
    except (ValueError, NoFixedPointError):
        return None
    bound = float(rest.longest_step_s.min())
    return None if math.isnan(bound) else bound * second


def check_step_at_rest(network: Network, schedule: Schedule, dt: Quantity) -> Quantity | None:
    """:func:`longest_step`, if dt is below it; else no engine would stay at rest.

    Raises
    ------
    ValueError
        With the bound.
    """
    longest = longest_step(network, schedule)
    if longest is not None and not dt < longest:
        raise ValueError(
            f"--dt: {dt} is too large for this network: to stay at rest Euler's method needs "
            f"dt < {float(longest / ms):.4g} ms."
        )
    return longest


def quick_enough(network: Network, schedule: Schedule, dt: Quantity) -> Quantity:
    """The first of dt, dt/2, dt/4, ... that is at most half of :func:`longest_step`."""
    longest = longest_step(network, schedule)
    while longest is not None and dt > longest / 2:
        dt = dt / 2
    return dt
