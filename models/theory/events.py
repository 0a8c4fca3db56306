"""Chance of events: how far counts and filtered events of Poisson cells are from their means.

A unit has N cells, each with events of rate r_max u, of which a share p are bursts. In a window T
the numbers of single events and of bursts are independent Poisson numbers with means
N r_max u (1 - p) T and N r_max u p T; a sum of the two has the variance that its weights say.
"""

import math


def activity_deviation(u: float, cells: float, r_max_hz: float, window_s: float) -> float:
    """Standard deviation of events/(N r_max T), which is u on average: sqrt(u/(N r_max T))."""
    return math.sqrt(u / (cells * r_max_hz * window_s))


def burst_weight(p: float, p_0: float, kappa: float) -> float:
    """Mean square of what an event adds to bursts - p_0 events, over kappa squared.

    A burst adds 1 - p_0, any other event -p_0; at p = p_0 it is p_0 (1 - p_0)/kappa^2.
    """
    return (p * (1 - p_0) ** 2 + (1 - p) * p_0**2) / kappa**2


def error_deviation(
    u: float, p: float, p_0: float, kappa: float, cells: float, r_max_hz: float, window_s: float
) -> float:
    """Standard deviation of (bursts - p_0 events)/(N r_max kappa T), which is delta on average."""
    return math.sqrt(burst_weight(p, p_0, kappa)) * activity_deviation(u, cells, r_max_hz, window_s)


def filter_window(tau_s: float, dt_s: float = 0.0) -> float:
    """The window in which counting is as uncertain as a filter with time constant tau.

    2 tau; Euler's steps make it 2 tau - dt.
    """
    return 2 * tau_s - dt_s


def shared_share(tau_s: float, stages_s: tuple[float, ...], dt_s: float) -> float:
    """What is left of a filter's chance behind further stages that it is multiplied with.

    Filtered events have the autocorrelation (1 - dt/tau)^k; behind first-order stages their
    covariance with themselves is the variance times the product over stages of c rho/(1 - (1 - c)
    rho), c = dt/stage, rho = 1 - dt/tau: 1/(1 + stage/tau) for small steps.
    """
    rho, found = 1 - dt_s / tau_s, 1.0
    for stage in stages_s:
        c = dt_s / stage
        found *= c * rho / (1 - (1 - c) * rho)
    return found
