"""What is given to a network from outside, by name: stimuli, targets, rewards, injected currents.

A signal is constant within each presentation, or a waveform within it. An input variable of a
neuron takes the signal of its name if that is one of :data:`STANDARD`, or the one that its
population says. Beside a signal ``target`` a neuron may declare ``target_on``: 1 while the signal
is on, else 0. A signal that is off is 0.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from brian2 import Quantity, get_dimensions, second
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension
from jaxtyping import Float

from compartments.checks import finite_array
from compartments.strings import plain_name

STANDARD = ("stimulus", "target", "reward")
"""Input variables that are signals without being said to be."""

Waveform = np.ndarray | Callable[[Quantity], np.ndarray | Quantity]
"""Values (step, n), one row a time step, or a function of the times since the switch (step,)."""


class InputSource(NamedTuple):
    """What an input variable is given: a signal's value, or whether that signal is on."""

    signal: str
    is_flag: bool

    @property
    def name(self) -> str:
        """The signal's name; of its flag, that name with ``_on``."""
        return f"{self.signal}_on" if self.is_flag else self.signal


def given(inputs: Sequence[str], named: Mapping[str, str]) -> dict[str, InputSource]:
    """For every input variable that a signal drives, which, and whether it is its flag.

    Parameters
    ----------
    inputs : sequence of str
        Input variables of a neuron.
    named : mapping of str to str
        Signals by variable, beside those of :data:`STANDARD`.
    """
    signals = {name: named.get(name, name) for name in inputs if name in (*STANDARD, *named)}
    found = {variable: InputSource(signal, False) for variable, signal in signals.items()}
    for variable, signal in signals.items():
        if f"{variable}_on" in inputs:
            found[f"{variable}_on"] = InputSource(signal, True)
    return found


@dataclass(frozen=True, eq=False, repr=False)
class Signal:
    """One signal over all presentations, as plain numbers in SI units.

    Parameters
    ----------
    name : str
        For messages.
    values : array, (presentation, n), optional
        If it is constant within each presentation.
    waveforms : tuple of Waveform
        If it is not: one for each presentation, or one function for all.
    dim : Dimension
        Of its unit.
    """

    name: str
    values: Float[np.ndarray, "presentation n"] | None
    waveforms: tuple[Waveform, ...]
    dim: Dimension

    def __repr__(self) -> str:
        return f"Signal {self.name!r}: {self.extent}"

    @property
    def extent(self) -> str:
        """Its values' shape, or how many waveforms it has, as text."""
        if self.values is not None:
            return str(self.values.shape)
        return "(function)" if self.count is None else f"({self.count} waveforms)"

    @classmethod
    def of(cls, name: str, value: object) -> "Signal":
        """From what a :class:`~models.schedule.Schedule` is given.

        Parameters
        ----------
        name : str
            The signal's name.
        value : array or callable or sequence of those
            (presentation, n): constant. (presentation, step, n), or a sequence with an array
            (step, n) or a function for each presentation, or one function: a waveform.

        Raises
        ------
        ValueError
            For another shape, or values that are not finite numbers.
        """
        if isinstance(value, Signal):
            return value
        plain_name("Schedule", name, "signal")
        if callable(value):
            return cls._of_waveforms(name, [value])
        if isinstance(value, list | tuple) and any(_is_waveform(part) for part in value):
            return cls._of_waveforms(name, value)
        values, dim = _finite(name, value)
        if values.ndim == 3:
            return cls(name, None, tuple(values), dim)
        if values.ndim != 2:
            raise ValueError(
                f"Schedule: {name} must have shape (presentation, n), or (presentation, step, n) "
                f"for waveforms, got {values.shape}."
            )
        return cls(name, values, (), dim)

    @classmethod
    def _of_waveforms(cls, name: str, parts: Sequence[object]) -> "Signal":
        found: list[Waveform] = []
        dims = set()
        for part in parts:
            probe = part(np.zeros(1) * second) if callable(part) else part
            values, dim = _finite(name, probe)
            dims.add(dim)
            if not callable(part) and values.ndim != 2:
                raise ValueError(
                    f"Schedule: {name} must have shape (step, n) in each presentation, "
                    f"got {values.shape}."
                )
            found.append(part if callable(part) else values)
        if len(dims) > 1:
            raise ValueError(f"Schedule: {name} must have one unit in all presentations.")
        return cls(name, None, tuple(found), dims.pop())

    @property
    def count(self) -> int | None:
        """How many presentations it is for; None if for any number."""
        if self.values is not None:
            return len(self.values)
        return (
            None
            if len(self.waveforms) == 1 and callable(self.waveforms[0])
            else len(self.waveforms)
        )

    @property
    def is_constant(self) -> bool:
        """Whether it is constant within each presentation."""
        return self.values is not None

    @property
    def size(self) -> int:
        """n: for how many neurons it is; 1 is for any number."""
        if self.values is not None:
            return self.values.shape[1]
        return self._sampled(0, None).shape[1]

    def chosen(self, rows: Sequence[int]) -> "Signal":
        """The signal in some presentations, in that order."""
        if self.values is not None:
            return Signal(self.name, self.values[np.asarray(rows)], (), self.dim)
        if self.count is None:
            return self
        return Signal(self.name, None, tuple(self.waveforms[k] for k in rows), self.dim)

    def sampled(self, presentation: int, steps: int, dt: Quantity) -> Float[np.ndarray, "step n"]:
        """Its values at the beginning of every time step of a presentation.

        Raises
        ------
        ValueError
            For a waveform of another length, or values that are not finite.
        """
        if self.values is not None:
            return np.repeat(self.values[presentation][None], steps, axis=0)
        values = self._sampled(presentation, np.arange(steps) * dt)
        if len(values) != steps:
            raise ValueError(
                f"Schedule: {self.name} has {len(values)} steps in presentation {presentation}, "
                f"which takes {steps} steps of {dt}."
            )
        return values

    def _sampled(self, presentation: int, times: Quantity | None) -> np.ndarray:
        waveform = self.waveforms[0 if self.count is None else presentation]
        if not callable(waveform):
            return np.asarray(waveform)
        times = np.zeros(1) * second if times is None else times
        values, _ = _finite(self.name, waveform(times))
        if values.ndim < 2:
            values = np.broadcast_to(values, len(times))[:, None]
        return values


def _is_waveform(part: object) -> bool:
    return callable(part) or np.ndim(part) == 2  # type: ignore[arg-type]


def _finite(name: str, value: object) -> tuple[np.ndarray, Dimension]:
    """Numbers in SI units, which nothing can change, and their dimension."""
    try:
        dim = get_dimensions(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"Schedule: {name} must be an array of numbers: {error}") from None
    plain = np.asarray(value) if isinstance(value, Quantity) else value
    axes = _AXES.get(np.ndim(plain)) if isinstance(plain, np.ndarray) else None
    array = finite_array("Schedule", name, plain, axes)
    array.setflags(write=False)
    return array, dim or DIMENSIONLESS


_AXES = {1: ("step",), 2: ("presentation", "unit"), 3: ("presentation", "step", "unit")}
