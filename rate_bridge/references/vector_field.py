"""The right-hand side of a described network as one pure torch function of its states.

The engines step; here nothing does. All states of all neurons stand in one vector, everything else
is computed from it within an instant, and torch can differentiate it. Values are in SI units.

At rest a delay is transparent: what arrives is what is sent. Where nothing but a delay breaks a
loop, the loop becomes an equation in one of its inputs: that input stands among the states and
relaxes to the sum that it receives, so that both agree at rest.
"""

from collections.abc import Mapping
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

import numpy as np
import sympy
import torch
from jaxtyping import Float
from torch import Tensor

from compartments.lookup import unknown_name
from compartments.noise import is_white, with_numbers
from models.network import Network
from models.population import Population
from models.state import Key
from rate_bridge.ode_engine.expressions import Value, evaluated, parsed

Signals = Mapping[str, Tensor]
"""From a signal's name to what is shown, (batch, n) or (n,)."""

Weights = Mapping[str, Tensor]

RELAXATION_S = 1e-3
"""Seconds in which an input within a loop of delays follows its sum; at rest it does not matter."""


CLOCK = ("t", "dt")
"""Names for the time and its step."""

NUMBERED = "drawn_"
"""Before the name of a random number."""


class Place(NamedTuple):
    """Where a state, or an input within a loop of delays, stands in the vector of all states."""

    population: str
    variable: str
    rows: slice


class Instant:
    """Every variable of a network while its states, signals and weights have given values.

    ``instant("hidden1", "delta")`` is computed when it is asked for, and kept.
    """

    def __init__(
        self,
        field: "VectorField",
        states: Tensor,
        signals: Signals,
        weights: Weights,
        held: Mapping[Key, Tensor] | None = None,
    ) -> None:
        self._field, self._signals, self._weights = field, signals, weights
        self._known: dict[Key, Tensor] = {
            (place.population, place.variable): states[..., place.rows] for place in field.layout
        }
        self._known |= held or {}
        self._like = states

    def __call__(self, population: str, variable: str) -> Float[Tensor, "*batch n"]:
        """The values of one variable of one population.

        Raises
        ------
        ValueError
            For a name that the network does not have.
        """
        key = (population, variable)
        if key not in self._known:
            self._known[key] = self.computed(population, variable)
        return self._known[key]

    def derivative(self, population: str, variable: str) -> Float[Tensor, "*batch n"]:
        """The change of a state, per second; of an input within a loop of delays, as if one."""
        owner = self._field.network.population(population)
        if (population, variable) in self._field.loops:
            return (self._sum(owner, variable) - self(population, variable)) / RELAXATION_S
        return self._evaluated(owner, self._field.trees[population, variable])

    def computed(self, population: str, variable: str) -> Float[Tensor, "*batch n"]:
        """What is no state, from what it depends on, also where its own value is held."""
        owner = self._field.network.population(population)
        neuron = owner.neuron
        if variable not in neuron.variables:
            raise unknown_name(f"variable of {population!r}", variable, neuron.variables)
        if variable in neuron.expressions:
            return self._evaluated(owner, self._field.trees[population, variable])
        if variable in owner.given:
            return self._full(owner, self._signals.get(owner.given[variable].name, 0.0))
        return self._sum(owner, variable)

    def _sum(self, population: Population, variable: str) -> Tensor:
        """What all pathways to an input bring."""
        total: Value = 0.0
        for pathway in self._field.network.pathways_to(population.name, variable):
            matrix = self._weights[pathway.name]
            matrix = matrix if pathway.upward else matrix.transpose(-1, -2)
            total = total + self(pathway.pre, pathway.sends) @ matrix.transpose(-1, -2)
        return self._full(population, total)

    def _evaluated(self, population: Population, tree: sympy.Basic) -> Tensor:
        known = {s.name: self._named(population, s.name) for s in tree.free_symbols}
        return self._full(population, evaluated(tree, known))

    def _named(self, population: Population, name: str) -> Tensor:
        """What a name in an equation of a population stands for."""
        constants = self._field.constants[population.name]
        if name in constants:
            return constants[name]
        if name in CLOCK:
            return self._signals[name]
        if name.startswith(NUMBERED):
            return self._signals[f"{name.removeprefix(NUMBERED)}_{population.name}"]
        return self(population.name, name)

    def _full(self, population: Population, value: Value) -> Tensor:
        value = torch.as_tensor(value, dtype=self._like.dtype, device=self._like.device)
        return value.expand(*self._like.shape[:-1], population.size)


class VectorField:
    """The derivative of all states of a network, and every variable that they determine.

    Parameters
    ----------
    network : Network
        The description.
    moving : bool
        Whether equations may contain the time and noise. Both are then among the signals: ``t``,
        ``dt``, and each random number as ``<draw>_<population>``.

    Raises
    ------
    ValueError
        For an equation that contains the time or noise, whose rest is no fixed point, unless
        ``moving``.
    UntranslatableError
        For an expression without a counterpart in torch.
    """

    def __init__(self, network: Network, *, moving: bool = False) -> None:
        self.network = network
        self.constants = {
            p.name: {
                name: torch.as_tensor(np.asarray(value, dtype=np.float64))
                for name, value in p.neuron.parameters.items()
            }
            for p in network.populations
        }
        self.trees = {
            (p.name, name): _tree(p, name, moving)
            for p in network.populations
            for name in (*p.neuron.states, *p.neuron.expressions)
        }

    @cached_property
    def loops(self) -> tuple[Key, ...]:
        """Inputs without whose values nothing in a loop that only a delay breaks is known."""
        graph = {
            (p.name, name): self._read(p, name)
            for p in self.network.populations
            for name in p.neuron.variables
        }
        late = {(p.post, p.target) for p in self.network.pathways if float(p.delay) > 0}
        found: list[Key] = []
        while True:
            try:
                TopologicalSorter(graph).prepare()
            except CycleError as error:
                found.append(next(key for key in error.args[1] if key in late))
                graph[found[-1]] = set()
            else:
                return tuple(found)

    def _read(self, population: Population, variable: str) -> set[Key]:
        """What a variable is computed from within an instant, delays being transparent."""
        neuron = population.neuron
        if variable in neuron.expressions:
            names = neuron.equations[variable].identifiers & set(neuron.variables)
            return {(population.name, name) for name in names}
        if variable in neuron.inputs:
            arriving = self.network.pathways_to(population.name, variable)
            return {(pathway.pre, pathway.sends) for pathway in arriving}
        return set()

    @cached_property
    def layout(self) -> tuple[Place, ...]:
        """The states in their order, then the inputs of :attr:`loops`."""
        states = [(p.name, name) for p in self.network.populations for name in p.neuron.states]
        places, first = [], 0
        for owner, variable in (*states, *self.loops):
            last = first + self.network.population(owner).size
            places.append(Place(owner, variable, slice(first, last)))
            first = last
        return tuple(places)

    @property
    def size(self) -> int:
        """How many values the vector of states has."""
        return self.layout[-1].rows.stop if self.layout else 0

    def at(
        self,
        states: Tensor,
        signals: Signals,
        weights: Weights,
        held: Mapping[Key, Tensor] | None = None,
    ) -> Instant:
        """Every variable at these states (*batch, :attr:`size`); those held have these values."""
        return Instant(self, states, signals, weights, held)

    def derivative(
        self, states: Float[Tensor, "*batch n"], signals: Signals, weights: Weights
    ) -> Float[Tensor, "*batch n"]:
        """The change of all states, per second."""
        instant = self.at(states, signals, weights)
        parts = [instant.derivative(place.population, place.variable) for place in self.layout]
        return torch.cat(parts, -1)

    def jacobian(
        self, states: Float[Tensor, "batch n"], signals: Signals, weights: Weights
    ) -> Float[Tensor, "batch n n"]:
        """The derivative of :meth:`derivative` by the states, sample by sample."""

        def one(state: Tensor, shown: Signals) -> Tensor:
            return self.derivative(state, shown, weights)

        return torch.func.vmap(torch.func.jacrev(one))(states, dict(signals))

    @cached_property
    def _takers(self) -> dict[str, dict[str, int]]:
        """For each signal, and each flag, who reads it and how many values of it."""
        found: dict[str, dict[str, int]] = {}
        for pathway in self.network.pathways:
            for name in pathway.rule.signals if pathway.rule else ():
                found.setdefault(name, {})[f"the rule of pathway {pathway.name!r}"] = 1
        for population in self.network.populations:
            for item in population.given.values():
                owner = f"population {population.name!r}"
                found.setdefault(item.signal, {})[owner] = population.size
        return found | {f"{name}_on": {"its flag": 1} for name in found}

    def signals(
        self, given: Mapping[str, np.ndarray | float], dtype: torch.dtype = torch.float64
    ) -> dict[str, Tensor]:
        """What is shown as tensors (batch, n); a number or a row is shown to all of the batch.

        A signal that is given is on, unless its flag ``<name>_on`` is given, too.

        Raises
        ------
        ValueError
            For a signal that no population takes, values that are not finite, or a shape that does
            not fit.
        """
        takers = self._takers
        arrays = {}
        for name, value in given.items():
            if name not in takers:
                raise unknown_name("signal", name, takers)
            array = np.atleast_2d(np.asarray(value, dtype=np.float64))
            for owner, size in takers[name].items():
                if array.ndim != 2 or array.shape[1] not in (1, size):
                    raise ValueError(
                        f"Signal {name!r}: {owner} reads it: expected (batch, {size}), got "
                        f"{np.shape(value)}."
                    )
            if not np.isfinite(array).all():
                raise ValueError(f"Signal {name!r} must be finite.")
            arrays[name] = array
        rows = max((len(array) for array in arrays.values()), default=1)
        for name, array in arrays.items():
            if len(array) not in (1, rows):
                raise ValueError(f"Signal {name!r} has {len(array)} rows, others have {rows}.")
            arrays[name] = np.broadcast_to(array, (rows, array.shape[1]))
        return flagged({name: torch.tensor(array, dtype=dtype) for name, array in arrays.items()})


def flagged(signals: Signals) -> dict[str, Tensor]:
    """The signals, and for each ``<name>_on``: 1 unless it is among them."""
    flags = {f"{name}_on": torch.ones_like(value[..., :1]) for name, value in signals.items()}
    return flags | dict(signals)


def _tree(population: Population, variable: str, moving: bool) -> sympy.Basic:
    where = f"Population {population.name!r}, equation of {variable!r}"
    line = population.neuron.equations[variable]
    if moving:
        names = {draw.name: f"{NUMBERED}{draw.name}" for draw in population.neuron.draws}
        return parsed(with_numbers(line, names), where)
    drawn = next((d for d in population.neuron.draws if d.name == variable), None)
    if drawn is not None:
        raise ValueError(
            f"{where}: it draws {'rand' if drawn.is_uniform else 'randn'}() at every step, so the "
            "network does not come to rest and has no fixed point."
        )
    found = sorted(n for n in line.identifiers if n in CLOCK or is_white(n))
    if found:
        raise ValueError(
            f"{where}: it contains {found[0]!r}, so the network does not come to rest and has no "
            "fixed point."
        )
    return parsed(line.expr.code, where)
