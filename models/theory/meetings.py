"""Delay-matched eligibility in a stream of stimuli: bias and variance of its mean update.

In a linear network both factors of a synapse's product are low-pass filters of their equilibria:
each shows a stimulus from a random delay ago. See :mod:`models.eligibility` for what follows.
"""

from collections.abc import Mapping, Sequence
from itertools import count

import numpy as np
from jaxtyping import Float

NEGLIGIBLE = 1e-6
"""Chances of meeting below this are left out."""


def same_presentation(
    first_ms: Sequence[float], second_ms: Sequence[float], presentation_ms: float, apart: int = 0
) -> float:
    """P(two delays fall into the same presentation), each a sum of exponential stages.

    ``(1/2 pi) int prod_j 1/(1 + i omega tau_j) prod_k 1/(1 - i omega tau_k) T sinc^2(omega T/2)``
    over omega: the overlap of the two densities of delays, seen through a window of T.

    Parameters
    ----------
    first_ms, second_ms : sequence of float
        Time constants of the stages, in milliseconds.
    presentation_ms : float
        Presentation time, in milliseconds.
    apart : int
        P that they fall into presentations so many apart instead.
    """
    omega = np.linspace(0, 400 * np.pi / presentation_ms, 400_001)
    transfer = np.ones_like(omega, dtype=complex)
    for tau in first_ms:
        transfer /= 1 + 1j * omega * tau
    for tau in second_ms:
        transfer /= 1 - 1j * omega * tau
    window = presentation_ms * np.sinc(omega * presentation_ms / (2 * np.pi)) ** 2
    shifted = (transfer * np.exp(1j * omega * apart * presentation_ms)).real
    return float(np.trapezoid(shifted * window, omega) / np.pi)


def chances_of_meeting(stages_ms: Sequence[float], presentation_ms: float) -> dict[int, float]:
    """r_m: the chance that two factors behind equal stages come from m presentations apart."""
    found: dict[int, float] = {}
    for m in count():
        chance = same_presentation(stages_ms, stages_ms, presentation_ms, apart=m)
        found[m] = found[-m] = chance
        if chance < NEGLIGIBLE:
            return found
    raise AssertionError("unreachable")


def eligibility_bias(
    delta: Float[np.ndarray, "sample n_above"], u: Float[np.ndarray, "sample n_below"], w: float
) -> float:
    """Length of the bias of the mean update, its rate divided by w: ``(1/w - 1) E[delta] E[u]``.

    Parameters
    ----------
    delta, u : array, (sample, n_above) and (sample, n_below)
        Both factors at the equilibria of all samples.
    w : float
        The chance that they come from the same presentation.
    """
    means = np.linalg.norm(delta.mean(0)) * np.linalg.norm(u.mean(0))
    return float((1 / w - 1) * means)


def eligibility_variance(
    delta: Float[np.ndarray, "sample n_above"],
    u: Float[np.ndarray, "sample n_below"],
    chances: Mapping[int, float],
) -> float:
    """Variance of the update per presentation, its rate divided by w, over all weights.

    For independent samples with ``E[u] = 0``, ``delta = E[delta] + eps`` and w = r_0, of a weight::

        variance w^2 = w^2 Var(eps u) + sum_{m != 0} (r_m^2 Var(eps) Var(u) + r_m r_{-m} E[eps u]^2)
                       + E[delta]^2 Var(u) + 2 w E[delta] E[eps u^2]

    Parameters
    ----------
    delta, u
        As for :func:`eligibility_bias`.
    chances : mapping of int to float
        r_m by m, both signs (:func:`chances_of_meeting`).
    """
    samples, w = len(u), chances[0]
    eps = delta - delta.mean(0)
    power = (u**2).mean(0)

    def product(
        above: Float[np.ndarray, "sample n_above"], below: Float[np.ndarray, "sample n_below"]
    ) -> Float[np.ndarray, "n_above n_below"]:
        return above.T @ below / samples

    same = product(eps, u) ** 2
    single = product(eps**2, u**2) - same
    squares = sum(value**2 for m, value in chances.items() if m)
    crossed = squares * (np.outer((eps**2).mean(0), power) + same)
    offset = np.outer(delta.mean(0) ** 2, power)
    mixed = 2 * w * delta.mean(0)[:, None] * product(eps, u**2)
    return float((w**2 * single + crossed + offset + mixed).sum()) / w**2
