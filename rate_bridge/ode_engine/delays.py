"""Delayed pathways: what is sent waits in a ring buffer until it arrives.

At the beginning of a step the oldest entry is copied to where synapses read it; at the end the
value of the step takes its place. Until a whole delay has passed, 0 arrives.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import sympy
import torch
from brian2 import Quantity
from torch import Tensor

from models.events import reactions
from models.network import Network
from models.pathway import Pathway
from rate_bridge.ode_engine.block import Block, Call, Level, Node
from rate_bridge.ode_engine.buffers import Buffers


class DelayLine:
    """A variable of one population on its way, by whole time steps.

    Parameters
    ----------
    shape : tuple of int
        Of the variable's values.
    steps : int
        The delay.
    like : Tensor
        Gives type and device.
    """

    def __init__(self, shape: tuple[int, ...], steps: int, like: Tensor) -> None:
        self.ring, self.arrived = like.new_zeros((steps, *shape)), like.new_zeros(shape)
        self._slot = 0

    def arrive(self) -> None:
        """What was sent a delay ago."""
        self.arrived.copy_(self.ring[self._slot])

    def send(self, value: Tensor) -> None:
        """Put a value on its way, in the place of what has arrived."""
        self.ring[self._slot].copy_(value)
        self._slot = (self._slot + 1) % len(self.ring)

    def newest_first(self) -> list[Tensor]:
        """What is on its way."""
        steps = len(self.ring)
        return [self.ring[(self._slot - k) % steps] for k in range(1, steps + 1)]

    def hold(self, newest_first: Sequence[Tensor]) -> None:
        """Put a whole delay's values on their way."""
        for value in reversed(newest_first):
            self.send(value)

    def clear(self) -> None:
        """Nothing is on its way."""
        self.ring.zero_()
        self.arrived.zero_()
        self._slot = 0


class Delays:
    """All delay lines of a network, shared by its programs.

    Parameters
    ----------
    net : Network
        The description.
    buffers : Buffers
        Gives shapes.
    dt : Quantity
        Time step.
    """

    def __init__(self, net: Network, buffers: Buffers, dt: Quantity) -> None:
        self._steps = {p.name: p.delay_steps(dt) for p in net.pathways}
        self.lines: dict[tuple[str, str, int], DelayLine] = {}
        for pathway in net.pathways:
            shape = (*buffers.lead, buffers.batch, net.population(pathway.pre).size)
            for name in pathway.reads_pre if self._steps[pathway.name] else ():
                key = self._key(pathway, name)
                if key not in self.lines:
                    self.lines[key] = DelayLine(shape, key[2], buffers.zeros())
        self.events = {
            (p.name, reaction.event): DelayLine(
                (*buffers.lead, buffers.batch, net.population(p.pre).size),
                self._steps[p.name],
                buffers.zeros(),
            )
            for p in net.pathways
            if self._steps[p.name]
            for reaction in reactions(p)
            if reaction.is_pre
        }

    def _key(self, pathway: Pathway, variable: str) -> tuple[str, str, int]:
        return pathway.pre, variable, self._steps[pathway.name]

    def sent(self, pathway: Pathway, block: Block) -> Node:
        """What arrives at a pathway's synapses; ``block`` is that of the sending population."""
        line = self.lines.get(self._key(pathway, pathway.sends))
        if line is not None:
            return Node(line.arrived, Level.MOVING)
        return block.full(sympy.Symbol(pathway.sends, real=True))

    def arrivals(self) -> list[Call]:
        """Calls for the beginning of a step."""
        return [Call(line.arrive, Level.MOVING) for line in self.lines.values()]

    def departures(self, blocks: Mapping[str, Block]) -> list[Call]:
        """Calls for the end of a step, before any state moves."""
        calls = []
        for (population, variable, _), line in self.lines.items():
            value = blocks[population].full(sympy.Symbol(variable, real=True)).value
            assert isinstance(value, Tensor)
            calls.append(Call(partial(line.send, value), Level.MOVING))
        return calls

    def late(self, pathway: Pathway) -> dict[sympy.Symbol, sympy.Symbol]:
        """For each symbol of the pathway's rule that arrives late, the one to take instead."""
        if not self._steps[pathway.name] or pathway.rule is None:
            return {}
        return {
            sympy.Symbol(f"{name}_pre", real=True): sympy.Symbol(
                f"{self._late_name(pathway, name)}_pre", real=True
            )
            for name in pathway.rule.reads_pre
        }

    def leaves(self, pathway: Pathway) -> dict[str, Node]:
        """What the symbols of :meth:`late` stand for, on the presynaptic side."""
        if not self.late(pathway) or pathway.rule is None:
            return {}
        return {
            self._late_name(pathway, name): Node(
                self.lines[self._key(pathway, name)].arrived, Level.MOVING
            )
            for name in pathway.rule.reads_pre
        }

    def _late_name(self, pathway: Pathway, name: str) -> str:
        return f"{name}__late_{self._steps[pathway.name]}"

    def clear(self) -> None:
        """Nothing is on its way."""
        for line in (*self.lines.values(), *self.events.values()):
            line.clear()


def projection(pathway: Pathway, states: Mapping[str, Tensor]) -> list[Call]:
    """Calls that put a pathway's weights back within its bounds, and keep absent synapses at 0."""
    calls = []
    least, largest = pathway.bounds
    weight = states["w"]
    if pathway.is_bounded:
        calls.append(Call(partial(weight.clamp_, least, largest), Level.MOVING))
    if pathway.mask is not None:
        absent = torch.as_tensor(~pathway.mask, device=weight.device)
        for tensor in states.values():
            calls.append(Call(partial(tensor.masked_fill_, absent, 0.0), Level.MOVING))
    return calls
