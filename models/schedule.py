"""Which stimulus and which target is shown when, and when synapses may learn."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from brian2 import Quantity, ms
from jaxtyping import Bool, Float, Real

from compartments.checks import finite_array
from compartments.domains import Time, TimeOrZero, check_value


@dataclass(frozen=True, eq=False)
class Schedule:
    """A sequence of presentations, one after another, each of the same length.

    One presentation is ``presentation`` of stimulus and target, then ``blank`` of nothing.
    Synapses learn from ``lag`` after the switch until the end of the presentation, and at a rate
    of 1/(presentation - lag), so that eta is the step of one presentation whatever the lag.

    Parameters
    ----------
    inputs : array, (presentation, n_in)
        Stimuli; kept in float64, as the targets are.
    targets : array, (presentation, n_out), optional
        Targets; without them the network only predicts.
    presentation : Quantity
        Time for which each stimulus is shown.
    lag : Quantity
        Time after each switch for which plasticity is off.
    blank : Quantity
        Pause with neither stimulus nor target between presentations.
    target_shown : array of bool, (presentation,), optional
        Presentations in which the target is shown; all of them unless told otherwise.

    Raises
    ------
    ValueError
        For shapes that do not fit, values that are not finite, times without a unit or out of
        range, a lag that leaves no time to learn.
    """

    inputs: Real[np.ndarray, "presentation n_in"]
    targets: Real[np.ndarray, "presentation n_out"] | None = None
    presentation: Quantity = field(default_factory=lambda: 400 * ms)
    lag: Quantity = field(default_factory=lambda: 0 * ms)
    blank: Quantity = field(default_factory=lambda: 0 * ms)
    target_shown: Bool[np.ndarray, "presentation"] | None = None

    def __post_init__(self) -> None:
        inputs = _matrix("inputs", self.inputs)
        object.__setattr__(self, "inputs", inputs)
        if len(inputs) == 0:
            raise ValueError("Schedule: inputs hold no presentation.")
        if self.targets is not None:
            targets = _matrix("targets", self.targets)
            if len(targets) != len(inputs):
                raise ValueError(
                    f"Schedule: {len(inputs)} inputs but {len(targets)} targets; "
                    "there must be one target for each presentation."
                )
            object.__setattr__(self, "targets", targets)
        for name in ("presentation", "lag", "blank"):
            domain = Time if name == "presentation" else TimeOrZero
            check_value("Schedule", name, getattr(self, name), domain)
        if self.lag >= self.presentation:
            raise ValueError(
                f"Schedule: lag ({self.lag}) must be shorter than presentation "
                f"({self.presentation}), else no time is left to learn."
            )
        if self.target_shown is not None:
            shown = np.array(self.target_shown)
            fits = self.targets is not None and shown.shape == (len(inputs),)
            if not fits or shown.dtype != bool:
                raise ValueError(
                    f"Schedule: target_shown must be True or False for each of {len(inputs)} "
                    f"presentations, and come with targets; got {shown.dtype} of shape "
                    f"{shown.shape}."
                )
            object.__setattr__(self, "target_shown", shown)

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def period(self) -> Quantity:
        """Time from one switch to the next."""
        return self.presentation + self.blank

    @property
    def duration(self) -> Quantity:
        """Time that the whole schedule takes."""
        return self.period * len(self)

    @property
    def window(self) -> Quantity:
        """Time in each presentation for which synapses learn."""
        return self.presentation - self.lag

    @cached_property
    def target_on(self) -> Float[np.ndarray, "presentation"]:
        """1 for presentations that show their target, 0 for the others."""
        if self.targets is None:
            return np.zeros(len(self))
        return np.ones(len(self)) if self.target_shown is None else self.target_shown.astype(float)

    def steps(self, name: str, dt: Quantity) -> int:
        """How many steps of dt the time ``name`` ("presentation", "lag", "period") takes.

        Raises
        ------
        ValueError
            If it is not a whole number of steps.
        """
        exact = float(getattr(self, name) / dt)
        steps = round(exact)
        if abs(exact - steps) > 1e-6 or (steps == 0 and exact > 0):
            raise ValueError(
                f"Schedule: {name} ({getattr(self, name)}) is not a whole number of steps of {dt}."
            )
        return steps


def _matrix(name: str, value: object) -> np.ndarray:
    array = finite_array("Schedule", name, value, ("presentation", "unit"))
    array.setflags(write=False)
    return array
