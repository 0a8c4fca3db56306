"""What happens at events, compiled: thresholds, what synapses do, resets, refractoriness.

All of it comes after the states have moved, in Brian2's order (:mod:`models.events`). Expressions
are computed anew, from the states as they are then; stored ones and inputs are those of the step.
Events are 1 or a count in a buffer (batch, unit), so what arrives is one matrix product.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import sympy
import torch
from brian2 import second
from torch import Tensor

from compartments.events import SPIKE, Event
from compartments.neuron import Neuron
from compartments.strings import Statement
from models.network import Network
from rate_bridge.ode_engine.block import Block, Call, Level, Node
from rate_bridge.ode_engine.buffers import Buffers, constants
from rate_bridge.ode_engine.delays import Delays
from rate_bridge.ode_engine.noise import Drawn, number_of
from rate_bridge.ode_engine.reactions import Reactions, new_value
from rate_bridge.ode_engine.trees import definitions, tree_of

READY = "not_refractory"
"""The name, in equations, of 1 where a neuron is not refractory, else 0; Brian2's."""


class EventCalls:
    """Compiles what happens at events of networks of one structure.

    Parameters
    ----------
    nets, buffers, dt_s, drawn, delays
        As for :class:`rate_bridge.ode_engine.compile.Compiler`.
    """

    def __init__(
        self,
        nets: Sequence[Network],
        buffers: Buffers,
        dt_s: float,
        drawn: Drawn,
        delays: Delays,
    ) -> None:
        self.nets, self.net, self.buffers, self.dt_s = nets, nets[0], buffers, dt_s
        self.delays, self._drawn = delays, drawn
        self.ready = {name: torch.ones_like(left) for name, left in buffers.refractory.items()}

    def leaves(self, population: str) -> dict[str, Node]:
        """What a population's equations may name beside its own."""
        if population not in self.ready:
            return {}
        return {READY: Node(self.ready[population], Level.MOVING)}

    @staticmethod
    def unless_refractory(neuron: Neuron, state: str, tree: sympy.Expr) -> sympy.Expr:
        """The derivative of a state, which may stand still while the neuron is refractory."""
        stands = "unless refractory" in neuron.equations[state].flags
        return tree * sympy.Symbol(READY, real=True) if stands else tree

    def countdown(self) -> list[Call]:
        """Calls for the beginning of a step: who is still refractory in it."""

        def count(left: Tensor, ready: Tensor) -> None:
            left.sub_(1.0).clamp_min_(0.0)
            ready.copy_(left <= 0.0)

        pairs = ((left, self.ready[name]) for name, left in self.buffers.refractory.items())
        return [Call(partial(count, *pair), Level.MOVING) for pair in pairs]

    def calls(self, blocks: Mapping[str, Block], learning_hz: float | None) -> list[Call]:
        """Calls after states have moved; none in a network without events."""
        calls: list[Call] = []
        for population in self.net.populations:
            if population.neuron.events:
                self._thresholds(population.name, population.neuron, blocks, calls)
        Reactions(self, blocks, learning_hz, calls).compile()
        for population in self.net.populations:
            for event in population.neuron.events:
                for one in event.reset:
                    self._reset(population.name, event, one, blocks, calls)
        return calls

    def fresh(
        self, name: str, blocks: Mapping[str, Block], calls: list[Call]
    ) -> tuple[Block, dict[str, sympy.Expr]]:
        """A population's names with the states as they are now, and the values of its constants."""
        neuron, old = self.net.population(name).neuron, blocks[name]
        parameters = [net.population(name).neuron.parameters for net in self.nets]
        replacements, leaves = constants(parameters, f"{name}__", self.buffers)
        replacements["dt"] = sympy.Float(self.dt_s)
        for variable in (*neuron.states, *neuron.inputs):
            leaves[variable] = old.leaves[variable]._replace(level=Level.MOVING)
        for variable in neuron.stored:
            value = old.full(sympy.Symbol(variable, real=True)).value
            leaves[variable] = Node(value, Level.MOVING)
        leaves |= self._drawn.leaves(name) | self.leaves(name)
        others = [n for n in neuron.expressions if n not in neuron.stored]
        written = definitions(neuron, others, replacements, f"Neuron {neuron.name!r}")
        dtype, device = self.buffers.dtype, self.buffers.device
        return Block(old.shape, leaves, written, dtype, device, calls), replacements

    def _thresholds(
        self, name: str, neuron: Neuron, blocks: Mapping[str, Block], calls: list[Call]
    ) -> None:
        """All thresholds of a population: states have moved, and no event has happened yet."""
        block, replacements = self.fresh(name, blocks, calls)
        for event in neuron.events:
            fired = self.buffers.events[name, event.name]
            code = event.threshold.text if event.is_counted else None
            code = code or event.condition(number_of(event.name))
            tree = tree_of(code, event.name, replacements, f"Neuron {neuron.name!r}")
            value = block.full(tree).value
            if event.is_counted:
                block.emit(Level.MOVING, self._drawn.count, name, event.name, value, fired)
                continue
            block.emit(Level.MOVING, fired.copy_, value)
            if event.name == SPIKE and neuron.refractory is not None:
                left = self.buffers.refractory[name]
                steps = round(float(neuron.refractory / second) / self.dt_s)
                block.emit(Level.MOVING, _rest, fired, self.ready[name], left, steps)

    def _reset(
        self,
        name: str,
        event: Event,
        one: Statement,
        blocks: Mapping[str, Block],
        calls: list[Call],
    ) -> None:
        block, replacements = self.fresh(name, blocks, calls)
        where = f"Neuron {name!r}, event {event.name!r}"
        tree = tree_of(one.value.text, one.target, replacements, where)
        fired, state = self.buffers.events[name, event.name], block.leaves[one.target].value
        assert isinstance(state, Tensor)
        if one.operator in ("+=", "-="):
            sign = 1.0 if one.operator == "+=" else -1.0
            node = block.node(tree)
            if isinstance(node.value, Tensor):
                block.emit(Level.MOVING, state.addcmul_, fired, node.value, value=sign)
            else:
                block.emit(Level.MOVING, state.add_, fired, alpha=sign * node.value)
            return
        value = block.full(new_value(tree, one)).value
        block.emit(Level.MOVING, _assign, state, fired, value)


def _assign(state: Tensor, fired: Tensor, value: Tensor) -> None:
    state.copy_(torch.where(fired != 0, value, state))


def _rest(fired: Tensor, ready: Tensor, left: Tensor, steps: int) -> None:
    """Who is not refractory fires, and is refractory from now on."""
    fired.mul_(ready)
    ready.sub_(fired)
    left.masked_fill_(fired != 0, float(steps))
