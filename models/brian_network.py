"""From a network's description and a schedule to Brian2 objects."""

from collections.abc import Sequence

import brian2
import numpy as np
from brian2 import Equations, NeuronGroup, Quantity, StateMonitor, Synapses
from brian2.equations.codestrings import Expression
from brian2.equations.equations import PARAMETER, SUBEXPRESSION, SingleEquation

from compartments.brian import (
    LEARN_ORDER,
    PHASE,
    RECORD_ORDER,
    driven_equations,
    neuron_group,
)
from compartments.plasticity import LEARNING, PlasticityRule
from models.brian_signals import BrianSignals
from models.network import Network
from models.pathway import Pathway
from models.population import Population
from models.schedule import Schedule
from models.signals import Given


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
    """

    def __init__(
        self, network: Network, schedule: Schedule, dt: Quantity, method: str, plastic: bool
    ) -> None:
        self.network, self.dt, self.method, self.plastic = network, dt, method, plastic
        self.signals = BrianSignals(schedule, dt)
        first = RECORD_ORDER - len(network.steps)
        self._order = {step: first + rank for rank, step in enumerate(network.steps)}
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
        equations = driven_equations(neuron, sources)
        if several:
            equations += Equations(several)
        orders = {
            step.variable: order
            for step, order in self._order.items()
            if step.kind == "store" and step.owner == population.name
        }
        return neuron_group(
            population.name,
            population.size,
            neuron,
            equations,
            orders,
            dt=self.dt,
            method=self.method,
            namespace=self.signals.arrays,
        )

    def _synapses(self, pathway: Pathway) -> Synapses:
        received = _received(self.network, pathway)
        dim = self.network.population(pathway.post).neuron.equations[pathway.target].dim
        code, flags = Expression(f"w*{pathway.sends}_pre"), ["summed"]
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
            model += _clock_driven(pathway.rule)
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
        pre, post = self.groups[pathway.pre].N, self.groups[pathway.post].N
        synapses.connect(i=np.repeat(np.arange(pre), post), j=np.tile(np.arange(post), pre))
        synapses.w = to_synapses(pathway, self.network.weights[pathway.name])
        if synapses.state_updater is not None:
            synapses.state_updater.when, synapses.state_updater.order = PHASE, LEARN_ORDER
        for step, order in self._order.items():
            if step.kind == "sum" and step.owner == pathway.name:
                updater = synapses.summed_updaters[f"{received}_post"]
                updater.when, updater.order = PHASE, order
        return synapses


def _received(network: Network, pathway: Pathway) -> str:
    """The variable that a pathway's sum goes into; its own one where several pathways arrive."""
    alone = len(network.pathways_to(pathway.post, pathway.target)) == 1
    return pathway.target if alone else f"{pathway.target}_{pathway.name}"


def _clock_driven(rule: PlasticityRule) -> Equations:
    """The rule's equations, marked as integrated in every time step."""
    lines = []
    for line in rule.equations.values():
        flags = ["clock-driven"] if line.varname in rule.states else []
        lines.append(SingleEquation(line.type, line.varname, line.dim, expr=line.expr, flags=flags))
    return Equations(lines)


def to_synapses(pathway: Pathway, weights: np.ndarray) -> np.ndarray:
    """Weights (n_above, n_below) in the order of the synapses: presynaptic neuron first."""
    return np.ascontiguousarray(weights.T if pathway.upward else weights).ravel()


def from_synapses(pathway: Pathway, shape: tuple[int, int], values: np.ndarray) -> np.ndarray:
    """The inverse of :func:`to_synapses`; leading dimensions of ``values`` are kept."""
    above, below = shape
    lead = values.shape[:-1]
    if pathway.upward:
        return values.reshape(*lead, below, above).swapaxes(-1, -2)
    return values.reshape(*lead, above, below)
