"""Where a tool looks at a neuron: its inputs, held there, and the rest that belongs to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from brian2 import Quantity, get_dimensions
from brian2.units.fundamentalunits import get_unit_for_display
from jaxtyping import Complex, Float

from compartments.checks import check_kind, check_name
from compartments.domains import shown
from compartments.time_step import LARGEST_SIGNALS
from compartments.toolbox.dynamics import Dynamics

Inputs = Mapping[str, float | Quantity]
"""Values of inputs, each in the unit that the neuron declares; those not named are 0, and
``target_on``, whether there is a target, is 1."""

LINEAR_CHANGE = 1e-4
"""The change of a state, relative to its size, for which a neuron is taken to be linear."""


def in_si(dynamics: Dynamics, name: str, value: object) -> float:
    """An input's value in SI units.

    Raises
    ------
    ValueError
        For an unknown input, another unit, or what is no finite number.
    """
    check_name(dynamics.where, "input", name, dynamics.inputs)
    declared = dynamics.neuron.equations[name].dim
    try:
        found, number = get_dimensions(value), float(np.asarray(value))
    except TypeError:
        found, number = declared, np.nan
    if not np.isfinite(number):
        raise ValueError(f"{dynamics.where}: {name} must be one finite number, got {shown(value)}.")
    if found is not declared:
        raise ValueError(
            f"{dynamics.where}: {name} is in {get_unit_for_display(declared)}, got a value in "
            f"{get_unit_for_display(found)}."
        )
    return number


@dataclass(frozen=True)
class OperatingPoint:
    """A neuron at rest for constant inputs, and what is linear around it.

    Parameters
    ----------
    dynamics : Dynamics
        Of the neuron.
    inputs : array, (input,)
        In SI units.
    """

    dynamics: Dynamics
    inputs: Float[np.ndarray, "input"]

    @classmethod
    def of(cls, dynamics: Dynamics, at: Inputs | None) -> "OperatingPoint":
        """The point for given inputs.

        Raises
        ------
        ValueError
            As :func:`in_si`.
        """
        check_kind(dynamics.where, "at", {} if at is None else at, Mapping, "{'drive': 0.5}")
        named = {name: in_si(dynamics, name, value) for name, value in (at or {}).items()}
        chosen = {name: LARGEST_SIGNALS.get(name, 0.0) for name in dynamics.inputs} | named
        return cls(dynamics, np.array([chosen[name] for name in dynamics.inputs]))

    @cached_property
    def rest(self) -> Float[np.ndarray, "state"]:
        """The states at rest."""
        return self.dynamics.rest(self.inputs)

    @cached_property
    def _slopes(self) -> tuple[np.ndarray, np.ndarray]:
        at = self.rest, self.inputs
        return self.dynamics.rate_slopes(*at), self.dynamics.value_slopes(*at)

    @property
    def jacobian(self) -> Float[np.ndarray, "state _state"]:
        """The derivative of the states' rates by the states, in 1/s."""
        return self._slopes[0][:, : len(self.rest)]

    @property
    def from_inputs(self) -> Float[np.ndarray, "state input"]:
        """The derivative of the states' rates by the inputs."""
        return self._slopes[0][:, len(self.rest) :]

    @property
    def readout(self) -> Float[np.ndarray, "variable _state_or_input"]:
        """The derivative of every variable by the states, then the inputs."""
        return self._slopes[1]

    @cached_property
    def eigenvalues(self) -> Complex[np.ndarray, "state"]:
        """Of the Jacobian, in 1/s."""
        return np.linalg.eigvals(self.jacobian).astype(complex)

    def growth(self, states: Float[np.ndarray, "state"]) -> float:
        """How fast the fastest small push grows at some states, in 1/s; negative if none does."""
        slopes = self.dynamics.rate_slopes(states, self.inputs)[:, : len(states)]
        return float(np.linalg.eigvals(slopes).real.max())

    def check_stable(self) -> None:
        """Refuse a rest that a small push leaves, or that nothing leads back to.

        Raises
        ------
        ValueError
            With the rate of growth.
        """
        growth = float(self.eigenvalues.real.max())
        if growth >= -1e-9 * float(np.abs(self.eigenvalues).max()):
            raise ValueError(
                f"{self.dynamics.where}: at rest a small push grows at {growth:.3g} per second; "
                "choose other inputs (at=...)."
            )

    @property
    def slowest_s(self) -> float:
        """The longest time constant in seconds."""
        return float(1 / -self.eigenvalues.real.max())

    @property
    def fastest_s(self) -> float:
        """The shortest time constant in seconds."""
        return float(1 / np.abs(self.eigenvalues).max())

    def transfer(
        self, into: str, frequency_hz: float, dt_s: float = 0.0
    ) -> Complex[np.ndarray, "variable"]:
        """What a small oscillation of an input makes of every variable, per unit of the input.

        ``C (s - A)^-1 B + D`` with s = 2 pi i f; for Euler steps of dt, s = (e^(2 pi i f dt) - 1)
        / dt.

        Parameters
        ----------
        into : str
            The input.
        frequency_hz : float
            In Hz; 0 for a constant.
        dt_s : float
            Time step in seconds; 0 for continuous time.
        """
        column = self.dynamics.inputs.index(into)
        turn = 2j * np.pi * frequency_hz
        s = np.expm1(turn * dt_s) / dt_s if dt_s else turn
        states = np.linalg.solve(
            s * np.eye(len(self.rest)) - self.jacobian, self.from_inputs[:, column].astype(complex)
        )
        by_states = self.readout[:, : len(self.rest)]
        return by_states @ states + self.readout[:, len(self.rest) + column]

    def small(self, into: str) -> float:
        """The height of an input for which states change by :data:`LINEAR_CHANGE` of their size."""
        known = self.dynamics
        response = np.abs(self.transfer(into, 0.0))[
            [known.variables.index(s) for s in known.states]
        ]
        sizes = [max(abs(v), known.size(s)) for s, v in zip(known.states, self.rest, strict=True)]
        largest = float((response / sizes).max())
        return LINEAR_CHANGE / largest if largest else LINEAR_CHANGE * known.size(into)
