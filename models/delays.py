"""How late a signal is: the first-order stages between it and any variable of a network.

The neurons declare the stages between their inputs and their variables, the pathways say what is
sent where; a walk from the signal to the variable collects the stages. The answer is theirs only if
all walks pass the same stages, and none can go round in a circle.
"""

from collections.abc import Iterable, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

import numpy as np
from brian2 import Quantity, ms, second
from brian2.parsing.sympytools import str_to_sympy

from compartments.neuron import Neuron
from compartments.per_neuron import is_array
from models.network import Network
from models.pathway import Pathway
from models.population import Population

PathNode = tuple[str, str]
"""A population and one of its variables; for a signal, ``("", name)``."""


class UnknownDelayError(ValueError):
    """No chain of first-order stages is declared, or none describes it; with the reason."""


class DelayStage(NamedTuple):
    """A first-order stage that is passed."""

    population: str
    name: str  # of a time constant, or an expression in the neuron's constants
    time: Quantity

    @property
    def ms(self) -> float:
        """Its time constant in milliseconds."""
        return float(self.time / ms)


class SignalDelays:
    """The stages between signals and variables, of populations that pathways connect.

    Parameters
    ----------
    populations, pathways
        As of a :class:`~models.network.Network`.
    """

    def __init__(self, populations: Iterable[Population], pathways: Iterable[Pathway]) -> None:
        self._neurons = {p.name: p.neuron for p in populations}
        self._into: dict[PathNode, list[tuple[PathNode, tuple[str, ...]]]] = {}
        self._delayed: dict[PathNode, Pathway] = {}
        for p in populations:
            for variable, given in p.given.items():
                if not given.is_flag:
                    self._arrow(("", given.signal), (p.name, variable))
            for (port, variable), stages in p.neuron.ports.delays.items():
                self._arrow((p.name, port), (p.name, variable), stages)
        for q in pathways:
            self._arrow((q.pre, q.sends), (q.post, q.target))
            if q.delay > 0 * second:
                self._delayed[q.post, q.target] = q

    def _arrow(self, start: PathNode, end: PathNode, stages: tuple[str, ...] = ()) -> None:
        self._into.setdefault(end, []).append((start, stages))

    def stages(self, signal: str, population: str, variable: str) -> tuple[DelayStage, ...]:
        """The stages that a change of a signal passes on its way to a variable, in their order.

        Raises
        ------
        UnknownDelayError
            If no declared way leads there, if ways differ, go round in a circle, or pass a pathway
            with a delay of its own.
        """
        where = f"Delay from signal {signal!r} to {variable!r} of {population!r}"
        source, goal = ("", signal), (population, variable)
        between = self._reached_from(source) & self._leading_to(goal)
        if goal not in between:
            raise UnknownDelayError(f"{where}: {self._why_none(goal)}")
        arrows = {n: {m for m, _ in self._into.get(n, ()) if m in between} for n in between}
        try:
            order = tuple(TopologicalSorter(arrows).static_order())
        except CycleError as error:
            circle = " -> ".join(".".join(node) for node in reversed(error.args[1]))
            raise UnknownDelayError(
                f"{where}: it goes round in a circle, so no chain of stages describes it: {circle}."
            ) from None
        found: dict[PathNode, tuple[DelayStage, ...]] = {source: ()}
        for node in order:
            if node in self._delayed:
                raise UnknownDelayError(
                    f"{where}: pathway {self._delayed[node].name!r} has a delay, which is no "
                    "first-order stage; leave it out, or describe it as stages."
                )
            for before, names in self._into.get(node, ()):
                if before in between:
                    stages = found[before] + self._named(where, node[0], names)
                    _check_same(where, node, found.setdefault(node, stages), stages)
        return found[goal]

    def _named(self, where: str, population: str, names: Iterable[str]) -> tuple[DelayStage, ...]:
        neuron = self._neurons[population] if population else None
        return tuple(
            DelayStage(population, name, time_of(where, neuron, name)) for name in names if neuron
        )

    def _reached_from(self, source: PathNode) -> set[PathNode]:
        forward: dict[PathNode, list[PathNode]] = {}
        for end, arrows in self._into.items():
            for start, _ in arrows:
                forward.setdefault(start, []).append(end)
        return _closure(source, forward)

    def _leading_to(self, goal: PathNode) -> set[PathNode]:
        back = {end: [start for start, _ in arrows] for end, arrows in self._into.items()}
        return _closure(goal, back)

    def _why_none(self, goal: PathNode) -> str:
        """The neurons on the way back that do not say what their variables follow."""
        ends = sorted(node for node in self._leading_to(goal) if node not in self._into)
        silent = [(p, v) for p, v in ends if p and v not in self._neurons[p].inputs]
        if not silent:
            return "nothing leads there from it."
        said = [f"{v!r} of {p!r} ({self._neurons[p].name!r})" for p, v in silent]
        return f"no first-order delay is declared, Neuron(ports=...), to {', '.join(said)}."


def stages(network: Network, signal: str, population: str, variable: str) -> tuple[DelayStage, ...]:
    """:meth:`SignalDelays.stages` of a network."""
    return SignalDelays(network.populations, network.pathways).stages(signal, population, variable)


def missing(
    where: str, late: Sequence[DelayStage], early: Sequence[DelayStage]
) -> tuple[DelayStage, ...]:
    """The stages by which something is later than something else, in their order.

    Raises
    ------
    UnknownDelayError
        If the other is behind a stage that it is not behind itself.
    """
    left = list(late)
    for stage in early:
        twin = next((other for other in left if other.ms == stage.ms), None)
        if twin is None:
            raise UnknownDelayError(
                f"{where}: it is to wait, but is itself behind {stage.name} of "
                f"{stage.population!r} ({stage.ms:g} ms), which what it waits for is not."
            )
        left.remove(twin)
    return tuple(left)


def time_of(where: str, neuron: Neuron, stage: str) -> Quantity:
    """The time constant of a declared stage.

    Raises
    ------
    UnknownDelayError
        If it differs between the neurons of a population, or is no time above 0.
    """
    known = neuron.parameters
    if stage in known and not is_array(known[stage]):
        return Quantity(known[stage])
    tree = str_to_sympy(stage)
    values = {}
    for symbol in tree.free_symbols:
        value = known[str(symbol)]
        if is_array(value):
            raise UnknownDelayError(
                f"{where}: {str(symbol)!r} differs between the neurons of {neuron.name!r}; there "
                "is no one delay."
            )
        values[symbol] = float(np.asarray(value))
    return float(tree.subs(values)) * second


def _closure(start: PathNode, arrows: dict[PathNode, list[PathNode]]) -> set[PathNode]:
    found, waiting = {start}, [start]
    while waiting:
        for node in arrows.get(waiting.pop(), ()):
            if node not in found:
                found.add(node)
                waiting.append(node)
    return found


def _check_same(
    where: str, node: PathNode, first: Sequence[DelayStage], other: Sequence[DelayStage]
) -> None:
    """Refuse two ways to a variable that pass different stages."""
    if sorted(s.ms for s in first) != sorted(s.ms for s in other):
        listed = " and ".join(
            "(" + ", ".join(f"{s.population}.{s.name}" for s in way) + ")" for way in (first, other)
        )
        raise UnknownDelayError(
            f"{where}: two ways lead to {'.'.join(node)}, by the stages {listed}."
        )
