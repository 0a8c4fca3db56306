"""The longest time step with which Euler's method is stable."""

import math

import numpy as np
import sympy
from brian2 import Quantity, ms, second
from brian2.parsing.sympytools import str_to_sympy

from compartments.domains import Time, check_value
from compartments.neuron import Neuron
from compartments.plasticity import PlasticityRule

METHODS = ("euler", "exponential_euler")
"""Integration methods of the neurons' states; weights always take Euler steps."""


def fastest_rate(described: Neuron | PlasticityRule) -> float:
    """The largest rate (1/s) at which a state decays to what drives it.

    Each state's own coefficient in its equation, with whatever is given from outside taken as 1
    (a target that is on).
    """
    rates = [0.0]
    constants = {name: float(np.asarray(value)) for name, value in described.parameters.items()}
    substituted = dict(described.equations.get_substituted_expressions())
    for name in described.states:
        expression = str_to_sympy(substituted[name].code)
        slope = sympy.diff(expression, sympy.Symbol(name, real=True))
        for symbol in slope.free_symbols:
            slope = slope.subs(symbol, constants.get(str(symbol), 1.0))
        rates.append(abs(float(slope)))
    return max(rates)


def check_step(where: str, described: Neuron | PlasticityRule, dt: Quantity, method: str) -> None:
    """Refuse a time step for which Euler's method is not stable.

    Raises
    ------
    ValueError
        With the bound, 2 / fastest rate.
    """
    check_value(where, "dt", dt, Time)
    rate = fastest_rate(described)
    if method != "euler" or rate == 0 or float(dt / second) < 2 / rate:
        return
    bound = Quantity(2 / rate, dim=second.dim)
    neuron = isinstance(described, Neuron)  # weights take Euler steps, whatever the method
    other = " (in Python, method='exponential_euler' takes any)" if neuron else ""
    raise ValueError(
        f"{where}: dt = {dt} is too large for its time constants; Euler's method needs "
        f"dt < {math.floor(float(bound / ms) * 1e6) / 1e6} ms. Lower dt{other}."
    )
