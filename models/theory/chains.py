"""First-order stages in series: what a step leaves behind them, and what arrives (theory.md 2)."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from scipy.stats import binom, gamma


def erlang_residual(stages: int, s: Float[np.ndarray, "time"]) -> Float[np.ndarray, "time"]:
    """What is left of a step behind equal stages: ``exp(-s) sum_{k<stages} s^k / k!``.

    Parameters
    ----------
    stages : int
        How many.
    s : array, (time,)
        Times since the step, in time constants.
    """
    return gamma.sf(s, stages)


def euler_residual(
    stages: int, steps: Int[np.ndarray, "time"], share: float
) -> Float[np.ndarray, "time"]:
    """The same for steps of Euler's method, exactly; :func:`erlang_residual` is its limit.

    A step passes a stage with probability ``share``: fewer than ``stages`` successes in ``steps``.

    Parameters
    ----------
    stages : int
        How many.
    steps : array of int, (time,)
        Steps since the switch.
    share : float
        Time step over time constant.
    """
    return binom.cdf(stages - 1, steps, share)


def chain_residual(
    tau_ms: Sequence[float], time_ms: Float[np.ndarray, "time"], dt_ms: float
) -> Float[np.ndarray, "time"]:
    """What is left of a step behind stages of any time constants, by Euler's method.

    For equal ones it is :func:`euler_residual`.

    Parameters
    ----------
    tau_ms : sequence of float
        The stages' time constants in milliseconds.
    time_ms : array, (time,)
        Times since the step; rounded to steps of dt.
    dt_ms : float
        Time step in milliseconds.
    """
    steps = np.rint(np.asarray(time_ms) / dt_ms).astype(int)
    rates = dt_ms / np.asarray(tau_ms, dtype=float)
    residual = np.ones(len(rates))
    left = np.empty(steps.max() + 1)
    for step in range(len(left)):
        left[step] = residual[-1]
        before = np.concatenate([[0.0], residual[:-1]])
        residual = residual + rates * (before - residual)
    return left[steps]


def chain_response(
    tau_ms: Sequence[float], time_ms: Float[np.ndarray, "time"]
) -> Float[np.ndarray, "time"]:
    """The closed form of what one or two first-order stages make of a unit step at time 0.

    One stage: ``1 - exp(-t/tau)``. Two: ``1 - (tau_1 exp(-t/tau_1) - tau_2 exp(-t/tau_2)) /
    (tau_1 - tau_2)``, which tends to ``1 - (1 + t/tau) exp(-t/tau)`` for equal stages.
    """
    t = np.maximum(time_ms, 0.0)
    first, *rest = tau_ms
    if not rest:
        return 1 - np.exp(-t / first)
    (second,) = rest
    if np.isclose(first, second):
        return 1 - (1 + t / first) * np.exp(-t / first)
    late = first * np.exp(-t / first) - second * np.exp(-t / second)
    return 1 - late / (first - second)
