"""From a network's description and a schedule to Brian2 objects."""

from collections.abc import Mapping, Sequence

import brian2
import numpy as np
from brian2 import Equations, NeuronGroup, Quantity, StateMonitor, Synapses, TimedArray
from brian2.equations.codestrings import Expression
from brian2.equations.equations import PARAMETER, SUBEXPRESSION, SingleEquation

from compartments.brian import (
    LEARN_ORDER,
    PHASE,
    PROJECT_ORDER,
    RECORD_ORDER,
    SEND_ORDER,
    driven_equations,
    neuron_group,
)
from compartments.plasticity import LEARNING, PlasticityRule
from compartments.recording import trace_name
from models.brian_signals import BrianSignals
from models.network import Network
from models.pathway import Pathway
from models.population import Population
from models.schedule import Schedule
from models.signals import Given
from models.state import State, held

OPEN = 1e300
"""Stands for no bound: a weight far below it has diverged."""


class BrianObjects:
    """The Brian2 objects of one simulation.

    Parameters
    ----------
    network, schedule, dt
        What to build.
    method : str
        How the neurons' states are integrated; weights always take Euler steps.
    plastic : bool
        False leaves all weights as they are.
    noise : mapping of str to array, (step, n)
        Random numbers in place of its own.
    """

    def __init__(
        self,
        network: Network,
        schedule: Schedule,
        dt: Quantity,
        method: str,
        plastic: bool,
        noise: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        self.network, self.dt, self.method, self.plastic = network, dt, method, plastic
        self.signals = BrianSignals(schedule, dt)
        first = RECORD_ORDER - len(network.steps)
        self._order = {step: first + rank for rank, step in enumerate(network.steps)}
        self._noise = {n: TimedArray(values, dt=dt) for n, values in (noise or {}).items()}
        self.delays = {p.name: p.delay_steps(dt) for p in network.pathways}
        self.groups = {p.name: self._group(p) for p in network.populations}
        self.synapses = {p.name: self._synapses(p) for p in network.pathways}
        self.monitors: list[StateMonitor] = []

    def all(self) -> list[brian2.core.base.BrianObject]:
        """Everything that the Brian2 network consists of."""
        return [*self.groups.values(), *self.synapses.values(), *self.monitors]

    def record(
        self, source: NeuronGroup | Synapses, variables: Sequence[str], index: object, dt: Quantity
    ) -> StateMonitor:
        """Record variables of a group of neurons or synapses every dt."""
        monitor = StateMonitor(
            source, variables, record=index, dt=dt, when=PHASE, order=RECORD_ORDER
        )
        self.monitors.append(monitor)
        return monitor

    def _group(self, population: Population) -> NeuronGroup:
        neuron = population.neuron
        given = {n: self.signals.source(item) for n, item in population.given.items()}
        sources = {n: source for n, source in given.items() if source is not None}
        several: list[SingleEquation] = []
        for variable in neuron.inputs:
            arriving = self.network.pathways_to(population.name, variable)
            if len(arriving) > 1:  # Brian2 sums one pathway into one variable
                names = [_received(self.network, pathway) for pathway in arriving]
                sources[variable] = " + ".join(names)
                dim = neuron.equations[variable].dim
                several += [SingleEquation(PARAMETER, name, dim) for name in names]
        noise = self._numbers(population)
        equations = driven_equations(neuron, sources, noise)
        leaving = self._held(population)
        several += [
            SingleEquation(PARAMETER, past(name, k), neuron.equations[name].dim)
            for name, steps in leaving.items()
            for k in range(1, steps + 1)
        ]
        if several:
            equations += Equations(several)
        orders = {
            step.variable: order
            for step, order in self._order.items()
            if step.kind == "store" and step.owner == population.name
        }
        group = neuron_group(
            population.name,
            population.size,
            neuron,
            equations,
            orders,
            dt=self.dt,
            method=self.method,
            namespace={**self.signals.arrays, **self._given_arrays()},
            noise=noise,
        )
        if leaving:
            shifts = [
                f"{past(name, k)} = {past(name, k - 1)}"
                for name, steps in leaving.items()
                for k in range(steps, 0, -1)
            ]
            name = f"{population.name}_send"
            group.run_regularly(
                "\n".join(shifts), when=PHASE, order=SEND_ORDER, dt=self.dt, name=name
            )
        return group

    def _numbers(self, population: Population) -> dict[str, str]:
        """For each of a population's draws that is given, the expression that looks it up."""
        found = {}
        for draw in population.neuron.draws:
            name = trace_name(draw.name, population.name)
            if name in self._noise:
                scale = "*dt**-0.5" if draw.is_white else ""
                found[draw.name] = f"numbers_{name}(t, i){scale}"
        return found

    def _given_arrays(self) -> dict[str, TimedArray]:
        return {f"numbers_{name}": array for name, array in self._noise.items()}

    def _held(self, population: Population) -> dict[str, int]:
        """For each variable that leaves a population with delay, the longest, in steps."""
        every = held(self.network, self.dt)
        return {name: steps for (owner, name), steps in every.items() if owner == population.name}

    def begin(self, start: State) -> None:
        """Put all states to where another run left them."""
        for (owner, name), values in start.neurons.items():
            _put(self.groups[owner], name, values)
        for (owner, name), rows in start.sent.items():
            for k, values in enumerate(rows, start=1):
                _put(self.groups[owner], past(name, k), values)
        for pathway in self.network.pathways:
            synapses = self.synapses[pathway.name]
            for (owner, name), values in start.synapses.items():
                if owner == pathway.name and name in synapses.variables:
                    _put(synapses, name, to_synapses(pathway, values))

    def state(self, start: State | None) -> State:
        """All states as they are; those of synapses that were not simulated, as they were."""
        neurons = {
            (p.name, name): np.asarray(getattr(self.groups[p.name], name)[:])
            for p in self.network.populations
            for name in p.neuron.states
        }
        sent = {
            (owner, name): np.array(
                [
                    np.asarray(getattr(self.groups[owner], past(name, k))[:])
                    for k in range(1, steps + 1)
                ]
            )
            for (owner, name), steps in held(self.network, self.dt).items()
        }
        synapses = {}
        for pathway in self.network.pathways:
            own, shape = self.synapses[pathway.name], self.network.weight_shapes[pathway.name]
            for name in ("w",) if pathway.rule is None else pathway.rule.states:
                key = pathway.name, name
                if name in own.variables:
                    values = np.asarray(getattr(own, name)[:])
                    synapses[key] = from_synapses(pathway, shape, values)
                else:
                    synapses[key] = np.zeros(shape) if start is None else start.synapses[key]
        return State(neurons, synapses, sent)

    def _synapses(self, pathway: Pathway) -> Synapses:
        received = _received(self.network, pathway)
        dim = self.network.population(pathway.post).neuron.equations[pathway.target].dim
        delay = self.delays[pathway.name]
        code, flags = Expression(f"w*{past(pathway.sends, delay)}_pre"), ["summed"]
        model = Equations(
            [SingleEquation(SUBEXPRESSION, f"{received}_post", dim, expr=code, flags=flags)]
        )
        constants: dict[str, object] = {}
        if pathway.rule is None or not self.plastic:
            model += Equations("w : 1")
        else:
            model += Equations(f"{LEARNING} = {self.signals.learning} : Hz (shared)")
            for name in pathway.rule.signals:
                source = self.signals.source(Given(name, False), unit="0")
                model += Equations(f"{name} = {source} : 1 (shared)")
            late = {f"{name}_pre": f"{past(name, delay)}_pre" for name in pathway.rule.reads_pre}
            model += _clock_driven(pathway.rule).substitute(**late)
            constants = {**self.signals.arrays, **pathway.rule.parameters}
        synapses = Synapses(
            self.groups[pathway.pre],
            self.groups[pathway.post],
            model=model,
            method="euler",
            name=pathway.name,
            dt=self.dt,
            namespace=constants,
        )
        shape = self.network.weight_shapes[pathway.name]
        present = np.ones(shape, dtype=bool) if pathway.mask is None else pathway.mask
        pre, post = np.nonzero(present.T if pathway.upward else present)
        synapses.connect(i=pre, j=post)
        synapses.w = to_synapses(pathway, self.network.weights[pathway.name])
        if synapses.state_updater is not None:
            synapses.state_updater.when, synapses.state_updater.order = PHASE, LEARN_ORDER
            if pathway.is_bounded:
                least, largest = pathway.bounds
                code = f"w = clip(w, {-OPEN if least is None else least!r}, "
                code += f"{OPEN if largest is None else largest!r})"
                name = f"{pathway.name}_project"
                synapses.run_regularly(code, when=PHASE, order=PROJECT_ORDER, dt=self.dt, name=name)
        for step, order in self._order.items():
            if step.kind == "sum" and step.owner == pathway.name:
                updater = synapses.summed_updaters[f"{received}_post"]
                updater.when, updater.order = PHASE, order
        return synapses


def _received(network: Network, pathway: Pathway) -> str:
    """The variable that a pathway's sum goes into; its own one where several pathways arrive."""
    alone = len(network.pathways_to(pathway.post, pathway.target)) == 1
    return pathway.target if alone else f"{pathway.target}_{pathway.name}"


def _put(group: NeuronGroup | Synapses, name: str, values: np.ndarray) -> None:
    """Set a variable, whose values are in SI units."""
    setattr(group, name, Quantity(values, dim=group.variables[name].dim))


def past(variable: str, steps: int) -> str:
    """The name of a variable as it was so many steps ago."""
    return f"{variable}_past_{steps}" if steps else variable


def _clock_driven(rule: PlasticityRule) -> Equations:
    """The rule's equations, marked as integrated in every time step."""
    lines = []
    for line in rule.equations.values():
        flags = ["clock-driven"] if line.varname in rule.states else []
        lines.append(SingleEquation(line.type, line.varname, line.dim, expr=line.expr, flags=flags))
    return Equations(lines)


def to_synapses(pathway: Pathway, weights: np.ndarray) -> np.ndarray:
    """Weights (n_above, n_below) in the order of the synapses: presynaptic neuron first."""
    present = np.ones(weights.shape, dtype=bool) if pathway.mask is None else pathway.mask
    return weights.T[present.T] if pathway.upward else weights[present]


def from_synapses(pathway: Pathway, shape: tuple[int, int], values: np.ndarray) -> np.ndarray:
    """The inverse of :func:`to_synapses`; leading dimensions of ``values`` are kept."""
    present = np.ones(shape, dtype=bool) if pathway.mask is None else pathway.mask
    found = np.zeros((*values.shape[:-1], *shape))
    if pathway.upward:
        found.swapaxes(-1, -2)[..., present.T] = values
    else:
        found[..., present] = values
    return found
