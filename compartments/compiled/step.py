"""One time step of a neuron in sympy: what is computed, in which order, and how states move.

Everything reads the states of the step's beginning, as in Brian2: expressions in the order in which
they depend on each other, then all states at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter

import sympy
from brian2.parsing.sympytools import str_to_sympy
from brian2.stateupdaters.exponential_euler import get_conditionally_linear_system

from compartments.neuron import Neuron
from compartments.noise import with_numbers

Trees = tuple[tuple[str, sympy.Basic], ...]
"""Names and what each stands for."""

DT = sympy.Symbol("dt", real=True)


@dataclass(frozen=True)
class TimeStep:
    """One time step.

    Parameters
    ----------
    states, inputs, constants, draws : tuple of str
        What it reads, beside the time ``t`` and the time step ``dt``. A draw is called as
        :func:`drawn` says.
    expressions : tuple of (str, sympy.Basic)
        What is computed from these and from the expressions before it.
    moves : tuple of (str, sympy.Basic)
        Every state after the step, from all of these.
    """

    states: tuple[str, ...]
    inputs: tuple[str, ...]
    constants: tuple[str, ...]
    draws: tuple[str, ...]
    expressions: Trees
    moves: Trees


def drawn(name: str) -> str:
    """What a step calls the number of a :class:`compartments.noise.Draw`."""
    return f"_draw_{name}"


def step_of(neuron: Neuron, method: str) -> TimeStep:
    """The step of a neuron.

    Parameters
    ----------
    neuron : Neuron
        The description.
    method : {"euler", "exponential_euler"}
        Of its states; white noise takes Euler-Maruyama's steps.

    Raises
    ------
    ValueError
        With exponential Euler, for a state that is not linear in itself.
    """
    given = {
        d.name: f"{drawn(d.name)}/sqrt(dt)" if d.is_white else drawn(d.name) for d in neuron.draws
    }
    moves = _euler(neuron, given) if method == "euler" else _exponential_euler(neuron)
    return TimeStep(
        neuron.states,
        neuron.inputs,
        tuple(neuron.parameters),
        tuple(drawn(d.name) for d in neuron.draws),
        expression_trees(neuron, given),
        moves,
    )


def expression_trees(neuron: Neuron, noise: Mapping[str, str] | None = None) -> Trees:
    """The expressions of a neuron, each behind those that it reads.

    Parameters
    ----------
    neuron : Neuron
        The description.
    noise : mapping of str to str
        As for :func:`compartments.noise.with_numbers`.
    """
    computed = set(neuron.expressions)
    read = {name: neuron.equations[name].identifiers & computed for name in neuron.expressions}
    return _trees(neuron, tuple(TopologicalSorter(read).static_order()), noise)


def state_trees(neuron: Neuron, noise: Mapping[str, str] | None = None) -> Trees:
    """The derivatives of a neuron's states, per second; as :func:`expression_trees`."""
    return _trees(neuron, neuron.states, noise)


def _trees(neuron: Neuron, names: tuple[str, ...], noise: Mapping[str, str] | None) -> Trees:
    code = {name: with_numbers(neuron.equations[name], noise or {}) for name in names}
    return tuple((name, str_to_sympy(text)) for name, text in code.items())


def _euler(neuron: Neuron, noise: Mapping[str, str]) -> Trees:
    rates = state_trees(neuron, noise)
    return tuple((name, sympy.Symbol(name, real=True) + DT * rate) for name, rate in rates)


def _exponential_euler(neuron: Neuron) -> Trees:
    try:
        system = get_conditionally_linear_system(neuron.equations)
    except ValueError:
        raise _not_linear(neuron, "a state") from None
    moves = []
    for name, (rate, rest) in system.items():
        state = sympy.Symbol(name, real=True)
        if sympy.Add(rate, rest).has(state):
            raise _not_linear(neuron, repr(name))
        if rate == 0:
            moves.append((name, state + DT * rest))
        else:
            goal = rest / rate
            moves.append((name, (state + goal) * sympy.exp(rate * DT) - goal))
    return tuple(moves)


def _not_linear(neuron: Neuron, state: str) -> ValueError:
    return ValueError(
        f"Neuron {neuron.name!r}: exponential_euler needs right-hand sides that are linear in "
        f"their own state, and that of {state} is not; use method='euler'."
    )
