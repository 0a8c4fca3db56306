"""What a simulation is asked to keep, checked and in whole steps of dt; and the memory it takes.

Both engines take it from here, so that they refuse the same and keep the same.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from brian2 import Quantity

from compartments.checks import check_kind, check_names, check_sequence, is_whole
from compartments.domains import Time, TimeOrZero, check_value, shown
from compartments.lookup import unknown_name
from compartments.neuron import Neuron
from models.network import Network

SIMULATE = "simulate"

LARGEST_RATIO = 2**53
"""Beyond so many steps a time is not a whole number of them in double precision."""


@dataclass(frozen=True)
class Sampling:
    """What is recorded and which weights are kept; made by :func:`sampling`.

    Parameters
    ----------
    steps : int
        Time steps of the whole run.
    every : int
        Steps between two samples of the recording.
    units : mapping of str to tuple of str and tuple of int
        For each population that is recorded, its variables and neurons.
    keep : tuple of int
        The steps at which weights are kept, in the order in which they were asked for.
    events : mapping of str to tuple of str and tuple of int
        For each population of which events are recorded, their names and neurons.
    """

    steps: int
    every: int
    units: Mapping[str, tuple[tuple[str, ...], tuple[int, ...]]]
    keep: tuple[int, ...]
    events: Mapping[str, tuple[tuple[str, ...], tuple[int, ...]]] = field(default_factory=dict)

    @property
    def samples(self) -> int:
        """How many samples the recording has."""
        return -(-self.steps // self.every)

    @property
    def keep_every(self) -> int:
        """The coarsest number of steps that meets all times at which weights are kept."""
        return math.gcd(*self.keep) or self.steps

    @property
    def recorded_values(self) -> int:
        """How many numbers the recording of one presentation at a time holds."""
        return self.samples * sum(len(names) * len(index) for names, index in self.units.values())

    @property
    def most_events(self) -> int:
        """How many events can be recorded of one presentation at a time: one a neuron and step."""
        return self.steps * sum(len(names) * len(index) for names, index in self.events.values())


def sampling(
    network: Network,
    *,
    dt: Quantity,
    record: Sequence[str],
    record_dt: Quantity | None,
    record_units: Mapping[str, Sequence[int]] | None,
    weights_at: Sequence[Quantity],
    steps: int,
) -> Sampling:
    """What is to be kept of a run of so many ``steps``.

    Raises
    ------
    ValueError
        For a name or a neuron that is not there, or a time that is no whole number of steps or
        outside the run.
    TypeError
        For what is no sequence or mapping.
    """
    known = {name for p in network.populations for name in _recordable(p.neuron)}
    names = check_names(SIMULATE, "record", record, known, "variable to record")
    every = 1 if record_dt is None else _multiple("record_dt", record_dt, dt)
    units, events = {}, {}
    for name, index in _recorded_units(network, record_units).items():
        neuron = network.population(name).neuron
        own = tuple(n for n in names if n in neuron.variables)
        if own and index:
            units[name] = (own, index)
        if (mine := tuple(n for n in names if neuron.event(n) is not None)) and index:
            events[name] = (mine, index)
    keep = [_kept_step(moment, dt, steps) for moment in _moments(weights_at)]
    return Sampling(steps, every, units, tuple(keep), events)


def _recordable(neuron: Neuron) -> tuple[str, ...]:
    """Everything of a neuron that can be recorded: its variables and its events."""
    return (*neuron.variables, *(event.name for event in neuron.events))


def _moments(weights_at: object) -> list[Quantity]:
    if isinstance(weights_at, Quantity) and weights_at.ndim == 1:
        return list(weights_at)
    return check_sequence(SIMULATE, "weights_at", weights_at, "times")


def _multiple(name: str, time: Quantity, dt: Quantity) -> int:
    check_value(SIMULATE, name, time, Time)
    ratio = float(time / dt)
    if ratio < 1 - 1e-9 or ratio > LARGEST_RATIO or abs(ratio - round(ratio)) > 1e-6:
        raise ValueError(f"{SIMULATE}: {name} ({time}) must be a multiple of dt ({dt}).")
    return round(ratio)


def _kept_step(moment: Quantity, dt: Quantity, steps: int) -> int:
    check_value(SIMULATE, "weights_at", moment, TimeOrZero)
    exact = float(moment / dt)
    if not exact <= steps or abs(exact - round(exact)) > 1e-6 or round(exact) > steps:
        raise ValueError(
            f"{SIMULATE}: weights_at: {moment} must be a multiple of dt ({dt}) from 0 to the "
            f"end ({steps * dt})."
        )
    return round(exact)


def _recorded_units(
    network: Network, record_units: Mapping[str, Sequence[int]] | None
) -> dict[str, tuple[int, ...]]:
    if record_units is None:
        return {p.name: tuple(range(p.size)) for p in network.populations}
    check_kind(SIMULATE, "record_units", record_units, Mapping, "{'output': [0, 1]}")
    found = {}
    names = [population.name for population in network.populations]
    for name, index in record_units.items():
        if name not in names:
            raise ValueError(f"{SIMULATE}: record_units: {unknown_name('population', name, names)}")
        size = network.population(name).size
        where = f"record_units of {name!r}"
        listed = check_sequence(SIMULATE, where, index, "neurons' numbers")
        if not all(is_whole(unit) and 0 <= unit < size for unit in listed):
            raise ValueError(
                f"{SIMULATE}: {where} must be whole numbers in 0..{size - 1}, got {shown(index)}."
            )
        if len(set(listed)) < len(listed):
            raise ValueError(f"{SIMULATE}: {where} names a neuron twice; give each once.")
        found[name] = tuple(int(unit) for unit in listed)
    return found


def weight_count(network: Network) -> int:
    """How many synapses a network has."""
    return int(sum(np.prod(shape, dtype=object) for shape in network.weight_shapes.values()))
