"""A schedule in steps of dt, as expressions that Brian2 evaluates while it runs.

Whole numbers of steps are compared, so no rounding of times can shift a switch. Where all
presentations are of one length the place within them is a remainder; otherwise tables with one
entry a time step say which presentation it is, whether signals are given, and the learning rate.
"""

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType

import numpy as np
from brian2 import Hz, Quantity, TimedArray, second

from models.schedule import Schedule
from models.signals import InputSource, Signal

SHOWN, LEARNING, ROW = "shown_at", "learning_at", "presentation_at"
"""Names of the tables with one entry a time step."""


class FreeSignals:
    """No schedule: signals, their flags and ``learning`` are variables that the user sets."""

    learning = None
    arrays: Mapping[str, TimedArray] = MappingProxyType({})

    def source(self, item: InputSource, unit: str = "i") -> None:
        """No expression, whatever the input."""


class BrianSignals:
    """The expressions of one schedule, and the arrays in which they look things up.

    Parameters
    ----------
    schedule : Schedule
        What is given when.
    dt : Quantity
        Time step.
    """

    def __init__(self, schedule: Schedule, dt: Quantity) -> None:
        self.schedule, self.dt = schedule, dt
        self._lengths = schedule.steps_each("presentation", dt)
        self._periods = schedule.steps_each("period", dt)
        self._lags = schedule.steps_each("lag", dt)
        self._equal = all(len(set(a)) == 1 for a in (self._lengths, self._periods, self._lags))

    @property
    def _step(self) -> str:
        return f"(timestep(t, dt) % {self._periods[0]})"

    @property
    def _shown(self) -> str:
        """1 while signals are given, 0 in the blank."""
        if not self._equal:
            return f"{SHOWN}(t)"
        if self._lengths[0] == self._periods[0]:
            return "1"
        return f"int({self._step} < {self._lengths[0]})"

    @property
    def _row(self) -> str:
        """A time at which the tables with one entry a presentation show the present one."""
        return "t" if self._equal else f"{ROW}(t)*second"

    @property
    def learning(self) -> str:
        """1/window while synapses may learn, else 0; in Hz."""
        if not self._equal:
            return f"{LEARNING}(t)"
        window = np.broadcast_to(np.asarray(self.schedule.window), len(self.schedule))[0]
        late = f"*int({self._step} >= {self._lags[0]})" if self._lags[0] else ""
        blank = self._lengths[0] < self._periods[0]
        early = f"*int({self._step} < {self._lengths[0]})" if blank else ""
        return f"{1 / float(window)!r}*Hz{late}{early}"

    def source(self, item: InputSource, unit: str = "i") -> str | None:
        """The expression for what an input variable is given; None if there is no such signal.

        Parameters
        ----------
        item : InputSource
            The signal, or its flag.
        unit : str
            The neuron whose value it is.
        """
        if item.signal not in self.schedule.signals:
            return None
        signal = self.schedule.signals[item.signal]
        on = item.signal in self.schedule.shown
        switched = f"*{item.signal}_on_values({self._row})" if on else ""
        if item.is_flag:
            return f"{self._shown}{switched}"
        column = "0" if signal.size == 1 else unit
        if not signal.is_constant:
            return f"{signal.name}_values(t, {column})"
        return f"{signal.name}_values({self._row}, {column})*{self._shown}{switched}"

    @property
    def _row_time(self) -> Quantity:
        """How long an entry of a table with one entry a presentation lasts.

        With equal presentations the period, as the double whose quotient by dt is exactly its
        number of steps.
        """
        if not self._equal:
            return 1 * second
        steps, dt = int(self._periods[0]), float(self.dt)
        seconds = steps * dt
        while seconds / dt < steps:
            seconds = np.nextafter(seconds, np.inf)
        return seconds * second

    @cached_property
    def arrays(self) -> dict[str, TimedArray]:
        """What the expressions look up."""
        found = {}
        for name, signal in self.schedule.signals.items():
            values = signal.values if signal.is_constant else self._sampled(signal)
            step = self._row_time if signal.is_constant else self.dt
            found[f"{name}_values"] = TimedArray(Quantity(values, dim=signal.dim), dt=step)
        for name in self.schedule.shown:
            found[f"{name}_on_values"] = TimedArray(self.schedule.on(name), dt=self._row_time)
        return found if self._equal else found | self._tables()

    def _sampled(self, signal: Signal) -> np.ndarray:
        """A waveform over the whole schedule, (step, n); 0 where it is off and in the blank."""
        on = self.schedule.on(signal.name)
        parts = []
        for k, (length, period) in enumerate(zip(self._lengths, self._periods, strict=True)):
            values = signal.sampled(k, int(length), self.dt) * on[k]
            parts.append(np.pad(values, ((0, int(period - length)), (0, 0))))
        return np.concatenate(parts)

    def _tables(self) -> dict[str, TimedArray]:
        row = np.repeat(np.arange(len(self._periods)), self._periods)
        step = np.concatenate([np.arange(period) for period in self._periods])
        shown = step < self._lengths[row]
        window = np.broadcast_to(np.asarray(self.schedule.window), len(self.schedule))
        learning = shown * (step >= self._lags[row]) / window[row]
        return {
            ROW: TimedArray(row.astype(float), dt=self.dt),
            SHOWN: TimedArray(shown.astype(float), dt=self.dt),
            LEARNING: TimedArray(learning * Hz, dt=self.dt),
        }
