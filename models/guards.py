"""What stops a run: a time step that is too long, before it begins; divergence, while it runs."""

import math

import numpy as np
import sympy
from brian2 import Quantity, ms, second
from brian2.parsing.sympytools import str_to_sympy

from compartments.neuron import Neuron, check_time

BOUND = 1e6
"""A state or weight beyond this is taken as diverged (all are of order 1)."""


class DivergenceError(ArithmeticError):
    """A variable left the bound or became NaN; says when, where, which, and its value."""

    def __init__(self, place: str, variable: str, time_ms: float, value: float) -> None:
        self.place, self.variable, self.time_ms, self.value = place, variable, time_ms, value
        super().__init__(
            f"Diverged at t = {time_ms:g} ms: {variable!r} of {place!r} is {value:g} "
            f"(bound {BOUND:g}). Lower the learning rates or the time step; the 'plus' rule for "
            "Theta is expected to run away."
        )


def diverged(values: np.ndarray) -> float | None:
    """The worst value, if any is NaN or beyond the bound."""
    bad = ~(np.abs(values) <= BOUND)
    return float(values[bad][0]) if bad.any() else None


def fastest_rate(neuron: Neuron) -> float:
    """The largest rate (1/s) at which a state decays to what drives it.

    Each state's own coefficient in its equation, with whatever the schedule gives taken as 1
    (a target that is on).
    """
    rates = [0.0]
    constants = {name: float(np.asarray(value)) for name, value in neuron.parameters.items()}
    substituted = dict(neuron.equations.get_substituted_expressions())
    for name in neuron.states:
        expression = str_to_sympy(substituted[name].code)
        slope = sympy.diff(expression, sympy.Symbol(name, real=True))
        for symbol in slope.free_symbols:
            slope = slope.subs(symbol, constants.get(str(symbol), 1.0))
        rates.append(abs(float(slope)))
    return max(rates)


def check_step(where: str, neuron: Neuron, dt: Quantity, method: str) -> None:
    """Refuse a time step for which Euler's method is not stable.

    Raises
    ------
    ValueError
        With the bound, 2 / fastest rate.
    """
    check_time(where, "dt", dt)
    rate = fastest_rate(neuron)
    if method != "euler" or rate == 0 or float(dt / second) < 2 / rate:
        return
    bound = Quantity(2 / rate, dim=second.dim)
    raise ValueError(
        f"{where}: dt = {dt} is too large for its time constants; Euler's method needs "
        f"dt < {math.floor(float(bound / ms) * 1e6) / 1e6} ms. "
        "Lower dt or use method='exponential_euler'."
    )
