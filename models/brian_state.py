"""The states of a network in Brian2, put in and read out."""

import numpy as np
from brian2 import NeuronGroup, Quantity, Synapses

from models.brian_network import BrianParts, past
from models.state import State, longest_delays
from models.synapse_order import from_synapses, to_synapses


def begin(parts: BrianParts, start: State) -> None:
    """Put all states to where another run left them."""
    for (owner, name), values in start.neurons.items():
        _put(parts.groups[owner], name, values)
    for (owner, name), rows in start.sent.items():
        for k, values in enumerate(rows, start=1):
            _put(parts.groups[owner], past(name, k), values)
    for pathway in parts.description.pathways:
        synapses = parts.synapses[pathway.name]
        for (owner, name), values in start.synapses.items():
            if owner == pathway.name and name in synapses.variables:
                _put(synapses, name, to_synapses(pathway, values))


def state_of(parts: BrianParts, start: State | None) -> State:
    """All states as they are; those of synapses that were not simulated, as they were."""
    network = parts.description
    neurons = {
        (p.name, name): _values(parts.groups[p.name], name)
        for p in network.populations
        for name in p.neuron.states
    }
    sent = {
        (owner, name): np.array(
            [_values(parts.groups[owner], past(name, k)) for k in range(1, steps + 1)]
        )
        for (owner, name), steps in longest_delays(network, parts.dt).items()
    }
    synapses = {}
    for pathway in network.pathways:
        own, shape = parts.synapses[pathway.name], network.weight_shapes[pathway.name]
        for name in ("w",) if pathway.rule is None else pathway.rule.states:
            key = pathway.name, name
            if name in own.variables:
                synapses[key] = from_synapses(pathway, shape, _values(own, name))
            else:
                synapses[key] = np.zeros(shape) if start is None else start.synapses[key]
    return State(neurons, synapses, sent)


def _values(group: NeuronGroup | Synapses, name: str) -> np.ndarray:
    """A variable's values in SI units."""
    return np.asarray(getattr(group, name)[:])


def _put(group: NeuronGroup | Synapses, name: str, values: np.ndarray) -> None:
    """Set a variable, whose values are in SI units."""
    setattr(group, name, Quantity(values, dim=group.variables[name].dim))
