"""Which signals are given when, for how long, and when synapses may learn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from brian2 import Quantity, ms, second
from brian2.units.fundamentalunits import get_unit_for_display
from jaxtyping import Bool, Float

from compartments.checks import check_kind
from compartments.domains import Time, TimeOrZero, check_value
from compartments.lookup import unknown_name
from compartments.representation import html_table
from models.signals import Signal


@dataclass(frozen=True, eq=False, repr=False)
class Schedule:
    """A sequence of presentations, one after another.

    One presentation is ``presentation`` of the signals, then ``blank`` of nothing (all of them 0).
    Synapses learn from ``lag`` after the switch until the end of the presentation, and at a rate
    of 1/(presentation - lag), so that eta is the step of one presentation whatever its length.

    Parameters
    ----------
    signals : mapping of str to array or callable or sequence of those
        Values in units of any kind, for example ``{"stimulus": inputs, "target": targets}``:
        an array (presentation, n) is constant within each presentation; an array (presentation,
        step, n), or a list with an array (step, n) for each, is a waveform with one row a time
        step; so is a function of the times since the switch (a Quantity, (step,)), one for all
        presentations or a list with one for each. n = 1 is for all neurons of a population.
    presentation, lag, blank : Quantity
        Time for which signals are given, time after each switch for which plasticity is off, and
        pause between presentations; one for all, or an array (presentation,).
    shown : mapping of str to array of bool, (presentation,)
        Presentations in which a signal is on; all of them unless told otherwise.

    Raises
    ------
    ValueError
        For shapes that do not fit, values that are not finite, times without a unit or out of
        range, a lag that leaves no time to learn, a name that no signal has.

    Examples
    --------
    >>> plan = Schedule({"stimulus": np.eye(3)}, presentation=[100, 200, 100] * ms)
    >>> len(plan), plan.duration
    (3, 400. * msecond)
    """

    signals: Mapping[str, Any] = field(default_factory=dict)
    presentation: Quantity = field(default_factory=lambda: 400 * ms)
    lag: Quantity = field(default_factory=lambda: 0 * ms)
    blank: Quantity = field(default_factory=lambda: 0 * ms)
    shown: Mapping[str, Bool[np.ndarray, "presentation"]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        write = "Schedule({'stimulus': inputs, 'target': targets})"
        check_kind("Schedule", "signals", self.signals, Mapping, write)
        check_kind("Schedule", "shown", self.shown, Mapping, "shown={'target': [True, False]}")
        signals = {name: Signal.of(name, value) for name, value in self.signals.items()}
        object.__setattr__(self, "signals", MappingProxyType(signals))
        counts = {name: signal.count for name, signal in signals.items()}
        for name in ("presentation", "lag", "blank"):
            value = getattr(self, name)
            _check_times(name, value, Time if name == "presentation" else TimeOrZero)
            counts[name] = len(value) if value.ndim else None
        object.__setattr__(self, "_count", _common_count(counts))
        late = np.flatnonzero(self._each("lag") >= self._each("presentation"))
        if len(late):
            lag, length = (self._each(name)[late[0]] * second for name in ("lag", "presentation"))
            raise ValueError(
                f"Schedule: lag ({lag}) must be shorter than presentation ({length}), else no "
                "time is left to learn."
            )
        shown = {name: self._checked_mask(name, mask) for name, mask in self.shown.items()}
        object.__setattr__(self, "shown", MappingProxyType(shown))

    def __repr__(self) -> str:
        signals = ", ".join(f"{name} {signal.extent}" for name, signal in self.signals.items())
        count = f"{len(self)} presentation" + "s" * (len(self) != 1)
        return f"Schedule of {count}, {self.duration}: {signals or 'no signals'}"

    def _repr_html_(self) -> str:
        names = ("presentation", "lag", "blank", "duration")
        times = [(name, " ".join(str(getattr(self, name)).split())) for name in names]
        signals = [
            (name, signal.extent, get_unit_for_display(signal.dim), int(self.on(name).sum()))
            for name, signal in self.signals.items()
        ]
        header = ("signal", "values", "unit", "presentations on")
        caption = f"Schedule of {len(self)} presentations"
        return html_table(caption, ("time", ""), times) + html_table("Signals", header, signals)

    def __len__(self) -> int:
        return self._count  # type: ignore[attr-defined]

    def _each(self, name: str) -> Float[np.ndarray, "presentation"]:
        """The time of that name of every presentation, in seconds."""
        return np.broadcast_to(np.asarray(getattr(self, name), dtype=float), len(self))

    def _checked_mask(self, name: str, mask: object) -> Bool[np.ndarray, "presentation"]:
        if name not in self.signals:
            raise ValueError(f"Schedule, shown: {unknown_name('signal', name, self.signals)}")
        array = np.array(mask)
        if array.dtype != bool or array.shape != (len(self),):
            raise ValueError(
                f"Schedule: shown[{name!r}] must be True or False for each of {len(self)} "
                f"presentations, got {array.dtype} of shape {array.shape}."
            )
        return array

    @property
    def period(self) -> Quantity:
        """Time from one switch to the next; an array if presentations are of unequal length."""
        return self.presentation + self.blank

    @property
    def duration(self) -> Quantity:
        """Time that the whole schedule takes."""
        if self.period.ndim == 0:
            return self.period * len(self)
        return Quantity(np.sum(self._each("period")), dim=second.dim)

    @property
    def window(self) -> Quantity:
        """Time in each presentation for which synapses learn; as :attr:`period`."""
        return self.presentation - self.lag

    def constant(self, name: str) -> Float[np.ndarray, "presentation n"]:
        """The values of a signal that is constant within each presentation.

        Raises
        ------
        ValueError
            If there is none of that name, or it is a waveform.
        """
        if name not in self.signals:
            raise ValueError(f"Schedule: {unknown_name('signal', name, self.signals)}")
        if self.signals[name].values is None:
            raise ValueError(f"Schedule: {name!r} is a waveform, not constant in a presentation.")
        return self.signals[name].values

    def on(self, name: str) -> Float[np.ndarray, "presentation"]:
        """1 for presentations in which the signal is on, 0 for the others."""
        if name not in self.signals:
            return np.zeros(len(self))
        return self.shown[name].astype(float) if name in self.shown else np.ones(len(self))

    def chosen(self, rows: Sequence[int]) -> "Schedule":
        """The schedule of some presentations, in that order."""
        index = np.asarray(rows)
        times = {name: getattr(self, name) for name in ("presentation", "lag", "blank")}
        return replace(
            self,
            signals={name: signal.chosen(rows) for name, signal in self.signals.items()},
            shown={name: mask[index] for name, mask in self.shown.items()},
            **{name: time[index] if time.ndim else time for name, time in times.items()},
        )

    def steps(self, name: str, dt: Quantity) -> int:
        """How many steps of dt the time ``name`` ("presentation", "lag", "period") takes.

        Raises
        ------
        ValueError
            If it is not a whole number of steps, or not the same in all presentations.
        """
        found = set(self.steps_each(name, dt).tolist())
        if len(found) > 1:
            raise ValueError(f"Schedule: {name} is not the same in all presentations.")
        return found.pop()

    def steps_each(self, name: str, dt: Quantity) -> np.ndarray:
        """The same for every presentation, (presentation,)."""
        exact = self._each(name) / float(dt)
        steps = np.round(exact).astype(int)
        wrong = np.flatnonzero((abs(exact - steps) > 1e-6) | ((steps == 0) & (exact > 0)))
        if len(wrong):
            value = self._each(name)[wrong[0]] * second
            time = "presentation + blank" if name == "period" else name
            raise ValueError(f"Schedule: {time} ({value}) is not a whole number of steps of {dt}.")
        return steps


def _common_count(counts: Mapping[str, int | None]) -> int:
    """How many presentations there are, on which all agree who say so; else one."""
    said = {name: count for name, count in counts.items() if count is not None}
    if not said:
        return 1
    first, count = next(iter(said.items()))
    for name, other in said.items():
        if other != count:
            raise ValueError(
                f"Schedule: {first} is for {count} presentations but {name} for {other}; all must "
                "be for the same number."
            )
        if other == 0:
            raise ValueError(f"Schedule: {name} holds no presentation.")
    return count


def _check_times(name: str, value: object, domain: Any) -> None:
    """Refuse what is not one time, or an array of times; each within its domain."""
    if isinstance(value, Quantity) and value.ndim == 1:
        for time in value:
            check_value("Schedule", name, time, domain)
    else:
        check_value("Schedule", name, value, domain)
