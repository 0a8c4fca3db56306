"""The longest time step with which Euler's method is stable."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import sympy
from brian2 import Quantity, ms, second
from brian2.parsing.sympytools import str_to_sympy
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanAtom, BooleanFunction

from compartments.compiled.functions import in_numpy
from compartments.domains import Time, check_value
from compartments.neuron import Neuron
from compartments.plasticity import PlasticityRule

METHODS = ("euler", "exponential_euler")
"""Integration methods of the neurons' states; weights always take Euler steps."""

LARGEST_SIGNALS = {"target_on": 1.0}
"""Inputs of which the largest value is known."""

_LOGIC = (Relational, BooleanFunction, BooleanAtom)
_JUMPS = (*_LOGIC, AppliedUndef, sympy.floor, sympy.ceiling, sympy.Mod, sympy.sign)


@dataclass(frozen=True)
class Bound:
    """What is known of the time step before a run.

    Parameters
    ----------
    rate_hz : float
        The largest rate (1/s) at which a state decays to what drives it; 0 if none does.
    unknown : mapping of str to str
        For each state whose rate is not a constant, why.
    """

    rate_hz: float
    unknown: Mapping[str, str]


def bound(described: Neuron | PlasticityRule) -> Bound:
    """The rates of all states: each one's own coefficient in its equation.

    Parameters
    ----------
    described : Neuron or PlasticityRule
        With linear decay, the coefficient is a constant. Where it depends on an input or on a state
        there is no bound before the run.
    """
    constants = {n: np.asarray(value, dtype=float) for n, value in described.parameters.items()}
    known = {**LARGEST_SIGNALS, **constants}
    substituted = dict(described.equations.get_substituted_expressions())
    rates, unknown = [0.0], {}
    for name in described.states:
        slope = _slope(substituted[name].code, name, frozenset(known))
        if isinstance(slope, str):
            unknown[name] = slope
        else:
            (value,) = slope.computed(*(known[used] for used in slope.names))
            rates.append(max(0.0, -float(np.min(value))))
    return Bound(max(rates), unknown)


class _Slope(NamedTuple):
    """The derivative of an equation by its own state: of which constants, and how."""

    names: tuple[str, ...]
    computed: Callable[..., list[Any]]


@lru_cache(maxsize=4096)
def _slope(code: str, name: str, known: frozenset[str]) -> _Slope | str:
    """The derivative of an equation by its own state, or why it is no constant."""
    tree = str_to_sympy(code)
    state = sympy.Symbol(name, real=True)
    jumps = list(dict.fromkeys(_jumps(tree)))
    if any(part.has(state) for part in jumps):
        return f"its equation is not smooth in {name!r}"
    hidden = {part: sympy.Dummy(real=True) for part in jumps}
    slope = sympy.diff(tree.xreplace(hidden), state)
    behind = {dummy: part.free_symbols for part, dummy in hidden.items()}
    symbols = set().union(*(behind.get(s, {s}) for s in slope.free_symbols))
    varying = sorted({symbol.name for symbol in symbols} - known)
    if varying:
        return f"its rate depends on {', '.join(map(repr, varying))}"
    shown = slope.xreplace({dummy: part for part, dummy in hidden.items()})
    used = tuple(sorted(symbol.name for symbol in shown.free_symbols))
    return _Slope(used, in_numpy(used, [shown]))


def _jumps(tree: sympy.Basic) -> Iterator[sympy.Basic]:
    """The largest parts of an expression that cannot be differentiated."""
    if isinstance(tree, _JUMPS):
        yield tree
        return
    for part in tree.args:
        yield from _jumps(part)


def unchecked_step(where: str, described: Neuron | PlasticityRule, method: str) -> tuple[str, ...]:
    """What :func:`check_step` cannot say: a sentence for each state without a bound.

    With ``method="exponential_euler"``, a state that is linear in itself needs none.
    """
    if method != "euler":
        return ()
    return tuple(
        f"{where}: no bound on dt from {name!r}: {reason}."
        for name, reason in bound(described).unknown.items()
    )


def check_step(where: str, described: Neuron | PlasticityRule, dt: Quantity, method: str) -> None:
    """Refuse a time step for which Euler's method is not stable, as far as that is known.

    Raises
    ------
    ValueError
        With the bound, 2 / fastest rate; for white noise with another method than Euler's.
    """
    check_value(where, "dt", dt, Time)
    white = [d.name for d in described.draws if d.is_white] if isinstance(described, Neuron) else []
    if white and method != "euler":
        raise ValueError(
            f"{where}: white noise ({white[0]}) takes Euler-Maruyama steps; choose method='euler'."
        )
    rate_hz = bound(described).rate_hz
    if method != "euler" or rate_hz == 0 or float(dt / second) < 2 / rate_hz:
        return
    longest = Quantity(2 / rate_hz, dim=second.dim)
    neuron = isinstance(described, Neuron)  # weights take Euler steps, whatever the method
    other = " (in Python, method='exponential_euler' takes any)" if neuron else ""
    raise ValueError(
        f"{where}: dt = {dt} is too large for its time constants; Euler's method needs "
        f"dt < {_milliseconds(longest)} ms. Lower dt{other}."
    )


def _milliseconds(time: Quantity) -> float:
    """A time in ms, rounded down to six decimals, or to six digits where that is finer."""
    value = float(time / ms)
    digits = 10.0 ** max(6, 6 - math.floor(math.log10(value)))
    return math.floor(value * digits) / digits
