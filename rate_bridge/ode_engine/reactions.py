"""What synapses do at events, compiled: jumps of their target, changes of their own variables."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple, Protocol

import sympy
import torch
from torch import Tensor

from compartments.strings import Statement
from models.events import Reaction, reactions
from models.network import Network
from models.pathway import Pathway
from rate_bridge.ode_engine.block import Block, Call, Level, Node
from rate_bridge.ode_engine.buffers import Buffers, constants
from rate_bridge.ode_engine.delays import Delays, projection
from rate_bridge.ode_engine.expressions import UntranslatableError
from rate_bridge.ode_engine.splitting import ONE, Product, split
from rate_bridge.ode_engine.trees import tree_of
from rate_bridge.ode_engine.weight_steps import (
    Synapses,
    change_of,
    global_symbol,
    local,
    ordered,
)


class Now(Protocol):
    """What reactions need to know of the networks: names with the states as they are now."""

    nets: Sequence[Network]
    net: Network
    buffers: Buffers
    dt_s: float
    delays: Delays
    ready: dict[str, Tensor]

    def fresh(
        self, name: str, blocks: Mapping[str, Block], calls: list[Call]
    ) -> tuple[Block, dict[str, sympy.Expr]]:
        """A population's names with the states as they are now, and its constants."""


class _Context(NamedTuple):
    """What the statements of one reaction need."""

    reaction: Reaction
    arrived: Tensor
    replacements: Mapping[str, sympy.Expr]
    leaves: Mapping[str, Node]


def has_events(pathway: Pathway) -> bool:
    """Whether anything in a pathway happens at events."""
    return any(True for _ in reactions(pathway))


def new_value(tree: sympy.Expr, one: Statement) -> sympy.Expr:
    """What a statement that does not add sets its target to."""
    target = sympy.Symbol(one.target, real=True)
    return {"=": tree, "*=": target * tree, "/=": target / tree}[one.operator]


class Reactions:
    """Compiles what all synapses of a network do at events.

    Parameters
    ----------
    now : EventCalls
        Makes blocks of names as they are after the states have moved.
    blocks : mapping of str to Block
        Of the program, by population.
    learning_hz : float or None
        The learning signal; None where weights stay.
    calls : list of Call
        Where the calls go.
    """

    def __init__(
        self,
        now: Now,
        blocks: Mapping[str, Block],
        learning_hz: float | None,
        calls: list[Call],
    ) -> None:
        self._now, self._blocks, self._calls = now, blocks, calls
        self._plastic, self._learning_hz = learning_hz is not None, learning_hz or 0.0

    def compile(self) -> None:
        """All reactions: at events of the presynaptic side, then of the other; then bounds."""
        found = [r for p in self._now.net.pathways for r in reactions(p, self._plastic)]
        moved: dict[str, Pathway] = {}
        for reaction in sorted(found, key=lambda r: (not r.is_pre, r.name)):
            context = _Context(reaction, self._arrived(reaction), *self._constants(reaction))
            for one in reaction.effects:
                self._effect(context, one)
            for one in reaction.own:
                self._own(context, one)
                moved[reaction.pathway.name] = reaction.pathway
        synapses = self._now.buffers.synapses
        for name, pathway in moved.items():
            states = pathway.rule.states if pathway.rule else ()
            self._calls += projection(pathway, {n: synapses[name, n] for n in states})

    def _arrived(self, reaction: Reaction) -> Tensor:
        """The events that the synapses see in this step."""
        pathway, delayed = reaction.pathway, self._now.delays.events
        owner = pathway.pre if reaction.is_pre else pathway.post
        fired = self._now.buffers.events[owner, reaction.event]
        line = delayed.get((pathway.name, reaction.event)) if reaction.is_pre else None
        if line is None:
            return fired
        for run in (line.arrive, partial(line.send, fired)):
            self._calls.append(Call(run, Level.MOVING))
        return line.arrived

    def _constants(self, reaction: Reaction) -> tuple[dict[str, sympy.Expr], dict[str, Node]]:
        """The constants and subexpressions of a pathway's rule."""
        pathway, nets = reaction.pathway, self._now.nets
        if pathway.rule is None:
            return {}, {}
        rules = [next(p.rule for p in n.pathways if p.name == pathway.name) for n in nets]
        parameters = [rule.parameters for rule in rules if rule is not None]
        replacements, leaves = constants(parameters, f"{pathway.name}__", self._now.buffers)
        replacements["learning"] = sympy.Float(self._learning_hz)
        replacements["dt"] = sympy.Float(self._now.dt_s)
        replacements |= {name: global_symbol(name) for name in pathway.rule.signals}
        where = f"Plasticity rule {pathway.rule.name!r}"
        for name in ordered(pathway.rule):
            code = pathway.rule.equations[name].expr.code
            replacements[name] = tree_of(code, name, replacements, where)
        return replacements, leaves

    def _synapses(self, context: _Context) -> Synapses:
        """A pathway's synapses, and its neurons as they are now."""
        pathway, buffers = context.reaction.pathway, self._now.buffers
        pre, _ = self._now.fresh(pathway.pre, self._blocks, self._calls)
        post, _ = self._now.fresh(pathway.post, self._blocks, self._calls)
        pre.leaves |= context.leaves
        post.leaves |= context.leaves
        for name in () if pathway.rule is None else pathway.rule.signals:
            symbol = global_symbol(name).name.removesuffix("_post")
            post.leaves[symbol] = Node(buffers.inputs[pathway.name, name], Level.MOVING)
        own = {n: buffers.synapses[pathway.name, n] for n in _states(pathway)}
        nodes = {name: Node(tensor, Level.MOVING) for name, tensor in own.items()}
        shape, leaves = tuple(own["w"].shape), {**context.leaves, **nodes}
        block = Block(shape, leaves, {}, pre.dtype, pre.device, self._calls)
        return Synapses(block, pre, post, pathway.upward, buffers.batch)

    def _effect(self, context: _Context, one: Statement) -> None:
        """What events add to the target: a matrix product for each product in the statement."""
        pathway = context.reaction.pathway
        where = f"Pathway {pathway.name!r}, on_pre"
        tree = tree_of(one.value.text, one.target, context.replacements, where)
        parts = split(tree, _states(pathway))
        if parts.mixed != 0:
            raise UntranslatableError(
                f"{where}: {str(one)!r} is no sum of products of the synapse's and the "
                "postsynaptic neuron's variables. Run this network with Brian2: models.simulate."
            )
        s = self._synapses(context)
        target = self._now.buffers.states[pathway.post, pathway.target]
        neuron = self._now.net.population(pathway.post).neuron
        stands = "unless refractory" in neuron.equations[pathway.target].flags
        sign = 1.0 if one.operator == "+=" else -1.0
        for product in parts.products:
            matrix, arriving = _matrix(s, product, pathway), torch.zeros_like(target)
            across = matrix.transpose(-1, -2) if pathway.upward else matrix
            s.own.emit(Level.MOVING, _multiply, context.arrived, across, arriving)
            if stands:
                s.own.emit(Level.MOVING, arriving.mul_, self._now.ready[pathway.post])
            post = s.post.full(local(product.post * product.coefficient, "_post")).value
            s.own.emit(Level.MOVING, target.addcmul_, arriving, post, value=sign)

    def _own(self, context: _Context, one: Statement) -> None:
        """What a synapse does to a variable of its own; averaged over the batch, as all change."""
        reaction = context.reaction
        where = f"Pathway {reaction.pathway.name!r}, rule"
        tree = tree_of(one.value.text, one.target, context.replacements, where)
        if one.operator in ("+=", "-="):
            change = tree if one.operator == "+=" else -tree
        else:
            change = new_value(tree, one) - sympy.Symbol(one.target, real=True)
        if change == 0:
            return
        s = self._synapses(context)
        side, block = ("pre", s.pre) if reaction.is_pre else ("post", s.post)
        block.leaves["event__here"] = Node(context.arrived, Level.MOVING)
        change = change * sympy.Symbol(f"event__here_{side}", real=True)
        moved = change_of(s, split(change, _states(reaction.pathway)))
        state = self._now.buffers.synapses[reaction.pathway.name, one.target]
        s.own.emit(Level.MOVING, state.add_, moved)


def _states(pathway: Pathway) -> tuple[str, ...]:
    return ("w",) if pathway.rule is None else pathway.rule.states


def _matrix(s: Synapses, product: Product, pathway: Pathway) -> Tensor:
    """What an event of each presynaptic neuron does at each synapse."""
    value = s.own.full(product.synapse).value
    assert isinstance(value, Tensor)
    if product.synapse == ONE and pathway.mask is not None:
        return value * torch.as_tensor(pathway.mask, dtype=value.dtype, device=value.device)
    return value


def _multiply(arrived: Tensor, matrix: Tensor, out: Tensor) -> None:
    torch.matmul(arrived, matrix, out=out)
