"""What events say: rates, histograms over time, intervals, bursts."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from compartments.domains import Positive, check_value
from compartments.event_records import Moments

BURST_MS = 16.0
"""Spikes that follow another one within so many milliseconds belong to its burst (Payeur 2021)."""


class Bursts(NamedTuple):
    """Events of a cell that are told apart by the spikes that follow."""

    singles: int
    bursts: int

    @property
    def share(self) -> float:
        """Of events that are bursts; NaN without events."""
        events = self.singles + self.bursts
        return self.bursts / events if events else float("nan")


def rates_hz(found: Moments, size: int, duration_ms: float) -> Float[np.ndarray, "unit"]:
    """Events of every neuron for each second."""
    check_value("Rates", "duration_ms", duration_ms, Positive)
    return np.bincount(found.unit, found.count, minlength=size) / (duration_ms * 1e-3)


def histogram_hz(
    found: Moments, size: int, edges_ms: Float[np.ndarray, "edge"]
) -> Float[np.ndarray, "bin"]:
    """Events over time (PSTH): the mean rate of a neuron in each bin."""
    counts, _ = np.histogram(found.time_ms, edges_ms, weights=found.count)
    return counts / (size * np.diff(edges_ms) * 1e-3)


def intervals_ms(found: Moments) -> Float[np.ndarray, "interval"]:
    """The times between successive events of the same neuron, of all neurons."""
    order = np.lexsort((found.time_ms, found.unit))
    time_ms, unit = found.time_ms[order], found.unit[order]
    return np.diff(time_ms)[np.diff(unit) == 0]


def variation(intervals: Float[np.ndarray, "interval"]) -> float:
    """The coefficient of variation of intervals: 0 of a clock, 1 of a Poisson process."""
    return float(np.std(intervals) / np.mean(intervals))


def bursts(found: Moments, within_ms: float = BURST_MS) -> Bursts:
    """Spikes of all neurons as singles and bursts: a burst is two or more in close succession."""
    lengths = burst_lengths(found, within_ms)
    return Bursts(int((lengths == 1).sum()), int((lengths > 1).sum()))


def burst_lengths(found: Moments, within_ms: float = BURST_MS) -> Int[np.ndarray, "event"]:
    """For every event, how many spikes follow each other within ``within_ms``."""
    check_value("Bursts", "within_ms", within_ms, Positive)
    order = np.lexsort((found.time_ms, found.unit))
    time_ms, unit = found.time_ms[order], found.unit[order]
    close = (np.diff(unit) == 0) & (np.diff(time_ms) <= within_ms)
    starts = np.flatnonzero(np.concatenate([[True], ~close])) if len(unit) else np.zeros(0, int)
    return np.diff(np.append(starts, len(unit)))
