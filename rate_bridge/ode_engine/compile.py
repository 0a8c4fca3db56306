"""From a network's description to the calls of one time step.

A program is made for each state of the learning signal: on, or off. Both work on the same buffers.
Its calls stand in the order that both engines share: pathway sums and stored expressions in the
order of ``Network.steps``, then the weights, then the states, then what happens at events.
"""

from collections.abc import Collection, Mapping, Sequence

import sympy
import torch
from brian2 import second
from torch import Tensor

from models.network import Network
from models.pathway import Pathway
from models.population import Population
from rate_bridge.ode_engine.block import Block, Call, Level, Node
from rate_bridge.ode_engine.buffers import Buffers, constants, given_inputs
from rate_bridge.ode_engine.delays import Delays, projection
from rate_bridge.ode_engine.events import EventCalls
from rate_bridge.ode_engine.gathered import Deferred
from rate_bridge.ode_engine.integrators import state_moves
from rate_bridge.ode_engine.noise import Drawn
from rate_bridge.ode_engine.program import Action, Program
from rate_bridge.ode_engine.reactions import has_events
from rate_bridge.ode_engine.trees import definitions, tree_of
from rate_bridge.ode_engine.weight_steps import Synapses, global_symbol, ordered, weight_moves


class Compiler:
    """Compiles programs for networks of one structure on one set of buffers.

    Parameters
    ----------
    nets : sequence of Network
        One, or the copies.
    buffers : Buffers
        What the programs work on.
    dt_s : float
        Time step in seconds.
    method : {"euler", "exponential_euler"}
        Integrator of the neurons' states.
    deferred : bool
        Whether pathways may gather their change over a presentation
        (:mod:`rate_bridge.ode_engine.gathered`).
    waveforms : collection of str
        Signals that change within a presentation.
    drawn : Drawn, optional
        The networks' random numbers.
    """

    def __init__(
        self,
        nets: Sequence[Network],
        buffers: Buffers,
        dt_s: float,
        method: str,
        deferred: bool,
        waveforms: Collection[str] = (),
        drawn: Drawn | None = None,
    ) -> None:
        self.nets, self.net, self.buffers = nets, nets[0], buffers
        self.dt_s, self.method, self.deferred = dt_s, method, deferred
        self.waveforms = frozenset(waveforms)
        self.levels = {
            key: Level.MOVING if item.signal in self.waveforms and not item.is_flag else Level.SHOWN
            for key, item in given_inputs(self.net).items()
        }
        self.delays = Delays(self.net, buffers, dt_s * second)
        self._drawn = Drawn(nets, buffers, dt_s, 0, {}) if drawn is None else drawn
        self.events = EventCalls(nets, buffers, dt_s, self._drawn, self.delays)
        self.clock = torch.zeros((), dtype=buffers.dtype, device=buffers.device)

    @property
    def reads_time(self) -> bool:
        """Whether any equation contains the time itself."""
        return any("t" in p.neuron.equations.identifiers for p in self.net.populations)

    def program(self, learning_hz: float | None) -> Program:
        """The calls while the learning signal has this value; None for weights that stay."""
        calls = [*self._drawn.calls(), *self.delays.arrivals(), *self.events.countdown()]
        blocks = {p.name: self._block(p, calls) for p in self.net.populations}
        rules = {} if learning_hz is None else self._rules(learning_hz)
        gathered = self._gathered(blocks, rules)
        self._emit_steps(blocks, calls, rules, gathered)
        sent = self.delays.departures(blocks)
        move = [call for p in self.net.populations for call in self._state_moves(p, blocks[p.name])]
        learn = self._weight_moves(blocks, rules, gathered)
        happen = self.events.calls(blocks, learning_hz)
        return Program(
            [call.run for call in calls if call.level <= Level.SHOWN],
            [call.run for call in calls if call.level > Level.SHOWN],
            [call.run for call in sent + learn + move + happen],
            [item.flush for item in gathered.values()],
            blocks,
        )

    def _block(self, population: Population, calls: list[Call]) -> Block:
        name, neuron = population.name, population.neuron
        parameters = [net.population(name).neuron.parameters for net in self.nets]
        replacements, leaves = constants(parameters, f"{name}__", self.buffers)
        for variable in neuron.states:
            leaves[variable] = Node(self.buffers.states[name, variable], Level.MOVING)
        for variable in neuron.inputs:
            level = self.levels.get((name, variable), Level.MOVING)
            leaves[variable] = Node(self.buffers.inputs[name, variable], level)
        shape = (*self.buffers.lead, self.buffers.batch, population.size)
        leaves |= self._drawn.leaves(name) | self.events.leaves(name)
        leaves["t"] = Node(self.clock.expand(shape), Level.MOVING)
        where = f"Neuron {neuron.name!r}"
        replacements["dt"] = sympy.Float(self.dt_s)
        written = definitions(neuron, neuron.expressions, replacements, where)
        return Block(shape, leaves, written, self.buffers.dtype, self.buffers.device, calls)

    def _state_moves(self, population: Population, block: Block) -> list[Call]:
        neuron = population.neuron
        parameters = [net.population(population.name).neuron.parameters for net in self.nets]
        replacements, _ = constants(parameters, f"{population.name}__", self.buffers)
        where = f"Neuron {neuron.name!r}"
        replacements["dt"] = sympy.Float(self.dt_s)
        definitions(neuron, neuron.expressions, replacements, where)
        trees = {
            name: tree_of(neuron.equations[name].expr.code, name, replacements, where)
            for name in neuron.states
        }
        trees = {n: self.events.unless_refractory(neuron, n, tree) for n, tree in trees.items()}
        return state_moves(block, trees, self.dt_s, self.method, where)

    def _rules(
        self, learning_hz: float
    ) -> dict[str, tuple[dict[str, sympy.Expr], dict[str, Node]]]:
        """For every pathway whose synapses move: right-hand sides, and constants by copy."""
        rules = {}
        for pathway in self.net.pathways:
            if pathway.rule is None:
                continue
            found = [self._pathway(net, pathway.name).rule for net in self.nets]
            parameters = [rule.parameters for rule in found if rule is not None]
            replacements, leaves = constants(parameters, f"{pathway.name}__", self.buffers)
            replacements |= {"learning": sympy.Float(learning_hz), "dt": sympy.Float(self.dt_s)}
            replacements |= {name: global_symbol(name) for name in pathway.rule.signals}
            late = self.delays.late(pathway)
            where = f"Plasticity rule {pathway.rule.name!r}"
            lines = pathway.rule.equations
            for name in ordered(pathway.rule):
                tree = tree_of(lines[name].expr.code, name, replacements, where)
                replacements[name] = tree
            trees = {
                name: tree_of(lines[name].expr.code, name, replacements, where).xreplace(late)
                for name in pathway.rule.states
            }
            if any(tree != 0 for tree in trees.values()):
                rules[pathway.name] = (trees, leaves)
        return rules

    @staticmethod
    def _pathway(net: Network, name: str) -> Pathway:
        return next(pathway for pathway in net.pathways if pathway.name == name)

    def _gathered(
        self,
        blocks: Mapping[str, Block],
        rules: Mapping[str, tuple[dict[str, sympy.Expr], dict[str, Node]]],
    ) -> dict[str, Deferred]:
        gathered = {}
        for pathway in self.net.pathways:
            if not self.deferred or pathway.name not in rules or has_events(pathway):
                continue
            weight = self.buffers.synapses[pathway.name, "w"]
            item = Deferred.fitting(pathway, blocks, weight, rules[pathway.name][0], self.dt_s)
            if item is not None:
                gathered[pathway.name] = item
        return gathered

    def _emit_steps(
        self,
        blocks: Mapping[str, Block],
        calls: list[Call],
        rules: Mapping[str, object],
        gathered: Mapping[str, Deferred],
    ) -> None:
        waiting = {p.name: len(self.net.pathways_to(p.post, p.target)) for p in self.net.pathways}
        arrived: dict[tuple[str, str], int] = {}
        for kind, owner, variable in self.net.steps:
            if kind == "store":
                blocks[owner].node(sympy.Symbol(variable, real=True))
                continue
            pathway = self._pathway(self.net, owner)
            key = pathway.post, pathway.target
            arrived[key] = arrived.get(key, 0) + 1
            if arrived[key] == waiting[owner]:
                self._emit_sums(blocks, calls, rules, gathered, *key)

    def _emit_sums(
        self,
        blocks: Mapping[str, Block],
        calls: list[Call],
        rules: Mapping[str, object],
        gathered: Mapping[str, Deferred],
        post: str,
        target: str,
    ) -> None:
        """All pathways to one variable: matrix products that add up in its buffer."""
        out = self.buffers.inputs[post, target]
        pathways = self.net.pathways_to(post, target)
        sent = [self.delays.sent(p, blocks[p.pre]) for p in pathways]
        moving = any(p.name in rules or has_events(p) for p in pathways)
        level = Level.MOVING if moving else max(Level.SHOWN, *(node.level for node in sent))
        for number, (pathway, node) in enumerate(zip(pathways, sent, strict=True)):
            assert isinstance(node.value, Tensor)
            if pathway.name in gathered:
                calls += gathered[pathway.name].sums(node.value, out, add=number > 0)
            else:
                weight = self.buffers.synapses[pathway.name, "w"]
                calls.append(
                    Call(matrix_sum(node.value, weight, pathway.upward, out, number > 0), level)
                )
        blocks[post].leaves[target] = Node(out, level)

    def _weight_moves(
        self,
        blocks: Mapping[str, Block],
        rules: Mapping[str, tuple[dict[str, sympy.Expr], dict[str, Node]]],
        gathered: Mapping[str, Deferred],
    ) -> list[Call]:
        factors: list[Call] = []
        moves: list[Call] = []
        for name, (trees, leaves) in rules.items():
            pathway = self._pathway(self.net, name)
            pre, post = blocks[pathway.pre].fork(factors), blocks[pathway.post].fork(factors)
            pre.leaves |= leaves | self.delays.leaves(pathway)
            post.leaves |= leaves | self._global_signals(pathway)
            if name in gathered:
                moves += gathered[name].moves(post)
                continue
            own = self._synapse_block(pathway, leaves, factors)
            synapses = Synapses(own, pre, post, pathway.upward, self.buffers.batch)
            moves += weight_moves(synapses, trees, self.dt_s)
            states = {state: self.buffers.synapses[name, state] for state in trees}
            moves += projection(pathway, states)
        return factors + moves

    def _global_signals(self, pathway: Pathway) -> dict[str, Node]:
        """The global signals that a pathway's rule reads, as variables of its postsynaptic side."""
        assert pathway.rule is not None
        found = {}
        for name in pathway.rule.signals:
            key = pathway.name, name
            symbol = global_symbol(name).name.removesuffix("_post")
            found[symbol] = Node(self.buffers.inputs[key], self.levels[key])
        return found

    def _synapse_block(
        self, pathway: Pathway, leaves: Mapping[str, Node], calls: list[Call]
    ) -> Block:
        assert pathway.rule is not None
        states = {
            name: Node(self.buffers.synapses[pathway.name, name], Level.MOVING)
            for name in pathway.rule.states
        }
        shape = tuple(self.buffers.synapses[pathway.name, "w"].shape)
        buffers = self.buffers
        return Block(shape, {**leaves, **states}, {}, buffers.dtype, buffers.device, calls)


def matrix_sum(sent: Tensor, weight: Tensor, upward: bool, out: Tensor, add: bool) -> Action:
    """``out (+)= sum_j w * sent`` for every neuron of the postsynaptic population."""
    matrix = weight.transpose(-1, -2) if upward else weight

    def put() -> None:
        torch.matmul(sent, matrix, out=out)

    def put_added() -> None:
        (out.addmm_ if out.dim() == 2 else out.baddbmm_)(sent, matrix)

    return put_added if add else put
