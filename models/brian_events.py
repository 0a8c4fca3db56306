"""Events in Brian2: what synapses do at them, and monitors of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from brian2 import EventMonitor, Quantity, ms
from brian2.groups.neurongroup import NeuronGroup

from compartments.brian import PHASE, PROJECT_ORDER
from compartments.event_records import Moments
from compartments.events import times
from models.events import Reaction, counted, reactions
from models.network import Network
from models.pathway import Pathway
from models.sampling import Sampling

AFTER_REACTIONS = 2
"""In the slot ``synapses`` Brian2 looks at events of the one side at -1, of the other at 1."""


def at_events(network: Network, pathway: Pathway, plastic: bool) -> dict[str, Any]:
    """What ``Synapses`` is told to do at events."""
    found: dict[str, Any] = {"on_pre": {}, "on_post": {}, "on_event": {}, "delay": {}}
    for reaction in reactions(pathway, plastic):
        found["on_pre" if reaction.is_pre else "on_post"][reaction.key] = _code(network, reaction)
        found["on_event"][reaction.key] = reaction.event
        if reaction.is_pre:
            found["delay"][reaction.key] = Quantity(pathway.delay)
    return found if found["on_event"] else {}


def _code(network: Network, reaction: Reaction) -> str:
    side = "pre" if reaction.is_pre else "post"
    neuron = network.population(getattr(reaction.pathway, side)).neuron
    event = counted(neuron, reaction.event)
    count = f"{event.count}_{side}" if event else ""
    return "\n".join(times(one, count) for one in (*reaction.effects, *reaction.own))


def projections(pathway: Pathway) -> list[tuple[str, int]]:
    """When a pathway's weights are put back within their bounds: slot and order."""
    rule = pathway.rule
    at_event = rule is not None and (rule.at_pre or rule.at_post)
    return [(PHASE, PROJECT_ORDER), *([("synapses", AFTER_REACTIONS)] if at_event else [])]


def event_monitors(
    groups: Mapping[str, NeuronGroup], network: Network, sampling: Sampling
) -> dict[tuple[str, str], EventMonitor]:
    """A monitor for each event of each population that is to be recorded."""
    found = {}
    for population, (names, _) in sampling.events.items():
        for name in names:
            event = counted(network.population(population).neuron, name)
            also = [event.count] if event else []
            found[name, population] = EventMonitor(groups[population], name, variables=also)
    return found


def moments(
    monitors: Mapping[tuple[str, str], EventMonitor], network: Network, sampling: Sampling
) -> dict[tuple[str, str], Moments]:
    """What the monitors have seen, of the neurons that are to be recorded."""
    found = {}
    for (name, population), monitor in monitors.items():
        unit, time_ms = np.asarray(monitor.i), np.asarray(monitor.t / ms)
        event = counted(network.population(population).neuron, name)
        count = np.asarray(getattr(monitor, event.count)) if event else np.ones(len(unit))
        chosen = np.isin(unit, sampling.events[population][1])
        order = np.lexsort((unit[chosen], time_ms[chosen]))
        columns = (time_ms, unit, count.astype(int))
        found[name, population] = Moments(*(column[chosen][order] for column in columns))
    return found
