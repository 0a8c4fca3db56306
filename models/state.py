"""Everything that a run leaves for another one to go on from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from brian2 import Quantity

from compartments.checks import check_kind
from models.network import Network
from models.sampling import SIMULATE

Key = tuple[str, str]
"""(population or pathway, variable)."""


@dataclass(frozen=True, eq=False, repr=False)
class State:
    """The states of neurons and synapses, and what is on its way, in SI units.

    With a batch or with copies the arrays of neurons have these axes in front.

    Parameters
    ----------
    neurons : mapping of (population, variable) to array, (n,)
        All neurons' states.
    synapses : mapping of (pathway, variable) to array, (n_above, n_below)
        Weights, and further states of synapses.
    sent : mapping of (population, variable) to array, (step, n)
        What delayed pathways have not delivered yet, the newest first.
    """

    neurons: Mapping[Key, np.ndarray]
    synapses: Mapping[Key, np.ndarray]
    sent: Mapping[Key, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("neurons", "synapses", "sent"):
            values = {key: np.array(array) for key, array in getattr(self, name).items()}
            object.__setattr__(self, name, MappingProxyType(values))

    def __repr__(self) -> str:
        parts = []
        for kind in ("neurons", "synapses", "sent"):
            names = [f"{owner}.{name}" for owner, name in getattr(self, kind)]
            parts += [f"{kind} {', '.join(names)}"] if names else []
        return f"State of {'; '.join(parts) or 'nothing'}"

    def of_copy(self, number: int) -> "State":
        """The state of one of several copies."""
        return State(
            {key: array[number] for key, array in self.neurons.items()},
            {key: array[number] for key, array in self.synapses.items()},
            {key: array[:, number] for key, array in self.sent.items()},
        )


def longest_delays(network: Network, dt: Quantity) -> dict[Key, int]:
    """For each variable that leaves a population with delay, the longest, in steps."""
    found: dict[Key, int] = {}
    for pathway in network.pathways:
        steps = pathway.delay_steps(dt)
        for name in pathway.reads_pre if steps else ():
            found[pathway.pre, name] = max(found.get((pathway.pre, name), 0), steps)
    return found


def check_start(
    start: State | None,
    network: Network,
    dt: Quantity,
    copies: tuple[int, ...] = (),
    batch: tuple[int, ...] = (),
) -> None:
    """Refuse a state that is not that of a network, or cannot be gone on from.

    Parameters
    ----------
    start : State or None
        Where a run is to begin.
    network, dt
        Of that run.
    copies, batch : tuple of int
        Axes in front of the neurons; none without copies, or with a batch of one.

    Raises
    ------
    ValueError
        With the first difference; for equations that read the time, which begins at 0 again.
    """
    if start is None:
        return
    check_kind(SIMULATE, "start", start, State, "start=run.end")
    _check_no_events_left(network)
    lead = (*copies, *batch)
    expected: dict[str, dict[Key, tuple[int, ...]]] = {"neurons": {}, "synapses": {}, "sent": {}}
    for population in network.populations:
        if "t" in population.neuron.equations.identifiers:
            raise ValueError(
                f"{SIMULATE}: start: the equations of {population.name!r} read the time t, which "
                "begins at 0 in every run; show both parts in one schedule."
            )
        for name in population.neuron.states:
            expected["neurons"][population.name, name] = (*lead, population.size)
    for pathway in network.pathways:
        for name in ("w",) if pathway.rule is None else pathway.rule.states:
            shape = (*copies, *network.weight_shapes[pathway.name])
            expected["synapses"][pathway.name, name] = shape
    for (owner, name), steps in longest_delays(network, dt).items():
        expected["sent"][owner, name] = (steps, *lead, network.population(owner).size)
    for kind, shapes in expected.items():
        found = {key: array.shape for key, array in getattr(start, kind).items()}
        for key in dict.fromkeys([*shapes, *found]):
            if shapes.get(key) != found.get(key):
                raise ValueError(
                    f"{SIMULATE}: start is of another run: {key[1]!r} of {key[0]!r} ({kind}) must "
                    f"have shape {shapes.get(key)}, got {found.get(key)}."
                )


def _check_no_events_left(network: Network) -> None:
    """Refuse networks of which events last longer than a step: a state does not hold them."""
    for population in network.populations:
        if population.neuron.refractory is not None:
            raise ValueError(
                f"{SIMULATE}: start: {population.name!r} is refractory after spikes, which a state "
                "does not hold; show both parts in one schedule."
            )
    for pathway in network.pathways:
        if pathway.sends_events and float(pathway.delay):
            raise ValueError(
                f"{SIMULATE}: start: events of pathway {pathway.name!r} are on their way, which a "
                "state does not hold; show both parts in one schedule."
            )
