"""A neuron's right-hand side as a function of its states and inputs, and its derivatives.

Derivatives are sympy's, of the strings. A condition, a sign or a rounding is flat between its
jumps; where sympy has no derivative (``clip``, ``%``), a central difference is taken.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import sympy
from brian2.units.fundamentalunits import DIMENSIONLESS
from jaxtyping import Float
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanAtom, BooleanFunction

from compartments.checks import check_kind
from compartments.compiled.functions import in_numpy
from compartments.compiled.step import expression_trees, state_trees
from compartments.neuron import Neuron
from compartments.per_neuron import is_array

_FLAT = (Relational, BooleanFunction, BooleanAtom, sympy.floor, sympy.ceiling, sympy.sign)

REST_TOLERANCE = 1e-13
"""Of a rest: Newton's last step, relative to the states."""

REST_STEPS = 400

Vector = Float[np.ndarray, "_k ..."]


class Dynamics:
    """The right-hand sides of one neuron. Values are in SI units.

    Parameters
    ----------
    where : str
        Begins the message of an error.
    neuron : Neuron
        With the same constants for all neurons.

    Raises
    ------
    TypeError
        For what is no neuron.
    ValueError
        For a neuron without states, with constants that differ between neurons, whose equations
        contain the time or draw random numbers: it has no rest.
    """

    def __init__(self, where: str, neuron: Neuron) -> None:
        check_kind(where, "neuron", neuron, Neuron, "Neuron(...), or hidden_neuron(...)")
        self.where, self.neuron = f"{where}, neuron {neuron.name!r}", neuron
        self.states, self.inputs = neuron.states, neuron.inputs
        self.variables = tuple(name for name in neuron.variables if name not in neuron.inputs)
        self._check()
        known: dict[sympy.Basic, sympy.Basic] = {}
        for name, tree in expression_trees(neuron):
            known[sympy.Symbol(name, real=True)] = tree.xreplace(known)
        self._rates = [tree.xreplace(known) for _, tree in state_trees(neuron)]
        symbols = [sympy.Symbol(name, real=True) for name in self.variables]
        self._values = [known.get(symbol, symbol) for symbol in symbols]

    def _check(self) -> None:
        neuron = self.neuron
        if not self.states:
            raise ValueError(f"{self.where}: it has no state, so nothing in it takes time.")
        for name, value in neuron.parameters.items():
            if is_array(value):
                raise ValueError(
                    f"{self.where}: {name} differs between neurons; give one value to look at one."
                )
        if "t" in neuron.equations.identifiers:
            raise ValueError(f"{self.where}: its equations contain the time, so it has no rest.")
        if neuron.events:
            raise ValueError(f"{self.where}: it has events; look at it in a network.")
        if neuron.draws:
            raise ValueError(f"{self.where}: {neuron.draws[0].name!r} is random; leave it out.")

    @cached_property
    def _constants(self) -> list[float]:
        return [float(np.asarray(value)) for value in self.neuron.parameters.values()]

    def _function(self, trees: Sequence[sympy.Basic]) -> Callable[..., list[Any]]:
        return in_numpy((*self.states, *self.inputs, *self.neuron.parameters), trees)

    @cached_property
    def _rates_function(self) -> Callable[..., list[Any]]:
        return self._function(self._rates)

    @cached_property
    def _values_function(self) -> Callable[..., list[Any]]:
        return self._function(self._values)

    def rates(self, states: Vector, inputs: Vector) -> Vector:
        """The change of every state, per second."""
        return self._evaluated(self._rates_function, states, inputs)

    def values(self, states: Vector, inputs: Vector) -> Vector:
        """Every variable but the inputs, in the order of :attr:`variables`."""
        return self._evaluated(self._values_function, states, inputs)

    def _evaluated(self, function: Callable[..., list], states: Vector, inputs: Vector) -> Vector:
        shape = np.broadcast_shapes(states.shape[1:], inputs.shape[1:])
        found = function(*states, *inputs, *self._constants)
        return np.array([np.broadcast_to(value, shape) for value in found], dtype=float)

    def rate_slopes(self, states: Vector, inputs: Vector) -> Float[np.ndarray, "_k _m"]:
        """The derivatives of :meth:`rates` by the states, then the inputs."""
        return self._slopes(self._rate_slopes, self._rates_function, states, inputs)

    def value_slopes(self, states: Vector, inputs: Vector) -> Float[np.ndarray, "_k _m"]:
        """The derivatives of :meth:`values` by the states, then the inputs."""
        return self._slopes(self._value_slopes, self._values_function, states, inputs)

    @cached_property
    def _rate_slopes(self) -> tuple[np.ndarray, Callable[..., list]]:
        return self._symbolic(self._rates)

    @cached_property
    def _value_slopes(self) -> tuple[np.ndarray, Callable[..., list]]:
        return self._symbolic(self._values)

    def _symbolic(self, trees: Sequence[sympy.Basic]) -> tuple[np.ndarray, Callable[..., list]]:
        """Which derivatives sympy does not have, and the others."""
        found = [[derivative(tree, name) for name in self._arguments] for tree in trees]
        missing = np.array([[slope is None for slope in row] for row in found])
        flat = [sympy.Integer(0) if slope is None else slope for row in found for slope in row]
        return missing, self._function(flat)

    @property
    def _arguments(self) -> tuple[str, ...]:
        return (*self.states, *self.inputs)

    def _slopes(
        self,
        symbolic: tuple[np.ndarray, Callable[..., list]],
        function: Callable[..., list],
        states: Vector,
        inputs: Vector,
    ) -> np.ndarray:
        missing, exact = symbolic
        found = np.array(exact(*states, *inputs, *self._constants), float).reshape(missing.shape)
        at = np.concatenate([states, inputs])
        for column in np.flatnonzero(missing.any(0)):
            step = 6e-6 * max(abs(at[column]), self.size(self._arguments[column]))  # eps**(1/3)
            both = at[:, None] + np.outer(np.arange(len(at)) == column, [step, -step])
            up, down = self._evaluated(function, *np.split(both, [len(states)])).T
            rows = missing[:, column]
            found[rows, column] = ((up - down) / (2 * step))[rows]
        return found

    def size(self, name: str) -> float:
        """What a variable is of the order of, where nothing says it: 1, or a thousandth."""
        return 1.0 if self.neuron.equations[name].dim is DIMENSIONLESS else 1e-3

    @property
    def start(self) -> Vector:
        """Where the neuron begins."""
        initial = self.neuron.initial
        return np.array([float(np.asarray(initial.get(name, 0.0))) for name in self.states])

    def rest(self, inputs: Vector, start: Vector | None = None) -> Vector:
        """Where it comes to rest from its start: implicit Euler steps that grow, then Newton's.

        Raises
        ------
        ValueError
            If it does not come to rest.
        """
        states = self.start if start is None else start
        step, speed = 1e-4, self.rates(states, inputs)
        eye = np.eye(len(states))
        for _ in range(REST_STEPS):
            jacobian = self.rate_slopes(states, inputs)[:, : len(states)]
            moved = np.linalg.solve(eye / step - jacobian, speed)
            states = states + moved
            after = self.rates(states, inputs)
            if not np.isfinite(after).all():
                break
            left = float(np.linalg.norm(after))
            slowed = min(float(np.linalg.norm(speed)) / left, 1e3) if left else 1e3
            step, speed = min(max(step * slowed, 1e-5), 1e9), after
            if step > 1e3 and (np.abs(moved) <= REST_TOLERANCE * np.abs(states).max()).all():
                return states
        raise ValueError(f"{self.where}: it does not come to rest from its start.")


def derivative(tree: sympy.Basic, name: str) -> sympy.Basic | None:
    """The derivative of an expression by a variable; None where sympy has none."""
    symbol = sympy.Symbol(name, real=True)
    flat = {part: sympy.Dummy(real=True) for part in _flat_parts(tree)}
    smooth = sympy.sympify(tree).xreplace(flat)
    if any(part.has(symbol) for part in smooth.atoms(AppliedUndef, sympy.Mod)):
        return None
    return sympy.diff(smooth, symbol).xreplace({dummy: part for part, dummy in flat.items()})


def _flat_parts(tree: sympy.Basic) -> set[sympy.Basic]:
    """The largest parts that change by jumps alone."""
    if isinstance(tree, _FLAT) or tree.func.__name__ == "int_":
        return {tree}
    return set().union(*map(_flat_parts, tree.args)) if tree.args else set()
