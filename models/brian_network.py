"""From a network's description to Brian2 objects: groups, synapses, and a network of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import brian2
import numpy as np
from brian2 import Equations, NeuronGroup, Quantity, Synapses, TimedArray, hertz
from brian2.equations.codestrings import Expression
from brian2.equations.equations import PARAMETER, SUBEXPRESSION, SingleEquation
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension

from compartments.brian import (
    LEARN_ORDER,
    PHASE,
    RECORD_ORDER,
    SEND_ORDER,
    driven_equations,
    neuron_group,
)
from compartments.plasticity import LEARNING, PlasticityRule
from compartments.recording import trace_name
from models.brian_events import at_events, projections
from models.brian_signals import BrianSignals, FreeSignals
from models.network import Network
from models.pathway import Pathway
from models.population import Population
from models.signals import InputSource
from models.state import longest_delays
from models.synapse_order import from_synapses, to_synapses
from models.weights import WeightBundle

OPEN = 1e300
"""Stands for no bound: a weight far below it has diverged."""


@dataclass(frozen=True, eq=False, repr=False)
class BrianParts:
    """What a network's description is in Brian2; :func:`models.to_brian2` makes it.

    Parameters
    ----------
    description : Network
        Where it comes from.
    dt : Quantity
        Time step of all parts.
    groups : mapping of str to NeuronGroup
        By population.
    synapses : mapping of str to Synapses
        By pathway.
    inputs : mapping of str to TimedArray
        What a schedule's signals are looked up in: ``stimulus_values`` and so on.
    network : brian2.Network
        All of them. What is made later, such as a monitor, is to be added.
    """

    description: Network
    dt: Quantity
    groups: Mapping[str, NeuronGroup]
    synapses: Mapping[str, Synapses]
    inputs: Mapping[str, TimedArray]
    network: brian2.Network

    def __repr__(self) -> str:
        return f"BrianParts of {self.description!r}"

    @property
    def recording(self) -> dict[str, Any]:
        """Keywords for a StateMonitor: at every step, when all values at its beginning are known.

        Where Brian2 would record (``when="start"``) sums and expressions are those of the step
        before.
        """
        return {"dt": self.dt, "when": PHASE, "order": RECORD_ORDER}

    @property
    def weights(self) -> WeightBundle:
        """The weights as they are now."""
        shapes = self.description.weight_shapes
        return WeightBundle(
            {
                p.name: from_synapses(p, shapes[p.name], np.asarray(self.synapses[p.name].w[:]))
                for p in self.description.pathways
            }
        )


def brian_parts(
    network: Network,
    signals: BrianSignals | FreeSignals,
    dt: Quantity,
    method: str,
    plastic: bool,
    noise: Mapping[str, np.ndarray] | None = None,
) -> BrianParts:
    """The Brian2 objects of a network; everything is checked before.

    Parameters
    ----------
    network, dt
        What to build.
    signals : BrianSignals or FreeSignals
        What its inputs are given.
    method : str
        How the neurons' states are integrated; weights always take Euler steps.
    plastic : bool
        False leaves all weights as they are.
    noise : mapping of str to array, (step, n)
        Random numbers in place of its own.
    """
    made = _Builder(network, signals, dt, method, plastic, noise or {})
    parts = brian2.Network(*made.groups.values(), *made.synapses.values())
    groups, synapses = MappingProxyType(made.groups), MappingProxyType(made.synapses)
    return BrianParts(network, dt, groups, synapses, MappingProxyType(signals.arrays), parts)


class _Builder:
    """Makes the groups and the synapses; see :func:`brian_parts`."""

    def __init__(
        self,
        network: Network,
        signals: BrianSignals | FreeSignals,
        dt: Quantity,
        method: str,
        plastic: bool,
        noise: Mapping[str, np.ndarray],
    ) -> None:
        self.network, self.dt, self.method, self.plastic = network, dt, method, plastic
        self.signals = signals
        first = RECORD_ORDER - len(network.steps)
        self._order = {step: first + rank for rank, step in enumerate(network.steps)}
        self._noise = {n: TimedArray(values, dt=dt) for n, values in noise.items()}
        self.delays = {p.name: p.delay_steps(dt) for p in network.pathways}
        self.groups = {p.name: self._group(p) for p in network.populations}
        self.synapses = {p.name: self._synapses(p) for p in network.pathways}

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
        every = longest_delays(self.network, self.dt)
        return {name: steps for (owner, name), steps in every.items() if owner == population.name}

    def _synapses(self, pathway: Pathway) -> Synapses:
        received = _received(self.network, pathway)
        delay = self.delays[pathway.name]
        model = Equations([]) if pathway.sends_events else self._sum(pathway, received)
        constants: dict[str, object] = {}
        if pathway.rule is None or not self.plastic:
            model += Equations("w : 1")
        else:
            model += _shared(LEARNING, self.signals.learning, hertz.dim)
            for name in pathway.rule.signals:
                source = self.signals.source(InputSource(name, False), unit="0")
                model += _shared(name, source, DIMENSIONLESS)
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
            **at_events(self.network, pathway, self.plastic),
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
                for when, order in projections(pathway):
                    name = f"{pathway.name}_project_{when}"
                    synapses.run_regularly(code, when=when, order=order, dt=self.dt, name=name)
        for step, order in self._order.items():
            if step.kind == "sum" and step.owner == pathway.name:
                updater = synapses.summed_updaters[f"{received}_post"]
                updater.when, updater.order = PHASE, order
        return synapses

    def _sum(self, pathway: Pathway, received: str) -> Equations:
        """The sum of a pathway over its synapses."""
        dim = self.network.population(pathway.post).neuron.equations[pathway.target].dim
        code = Expression(f"w*{past(pathway.sends, self.delays[pathway.name])}_pre")
        return Equations(
            [SingleEquation(SUBEXPRESSION, f"{received}_post", dim, expr=code, flags=["summed"])]
        )


def _received(network: Network, pathway: Pathway) -> str:
    """The variable that a pathway's sum goes into; its own one where several pathways arrive."""
    alone = len(network.pathways_to(pathway.post, pathway.target)) == 1
    return pathway.target if alone else f"{pathway.target}_{pathway.name}"


def _shared(name: str, source: str | None, dim: Dimension) -> Equations:
    """One value for all synapses: an expression, or without one a variable to be set."""
    if source is None:
        return Equations([SingleEquation(PARAMETER, name, dim, flags=["shared"])])
    code = Expression(source)
    return Equations([SingleEquation(SUBEXPRESSION, name, dim, expr=code, flags=["shared"])])


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
