"""What both engines refuse before a simulation begins."""

from collections.abc import Sequence

import numpy as np
from brian2 import Quantity
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension, get_unit_for_display

from compartments.checks import check_kind, check_name
from compartments.domains import Time, check_value
from compartments.event_records import EVENT_BYTES
from compartments.lookup import unknown_name
from compartments.sizes import check_size
from compartments.time_step import METHODS, check_step, unchecked_step
from models.events import synapse_states_read
from models.network import Network
from models.population import Population
from models.sampling import SIMULATE, Sampling, weight_count
from models.schedule import Schedule
from models.signals import Signal

LESS = "record, record_units or weights_at, raise record_dt, or shorten the schedule"
"""What makes a run smaller."""


def check_dynamics(
    network: Network, dt: Quantity, method: str, plastic: bool, where: str = SIMULATE
) -> None:
    """Refuse a step or a method with which a network cannot be integrated.

    Raises
    ------
    ValueError
        For a dt without its unit or too large, an unknown method, a ``plastic`` that is no flag.
    TypeError
        For a network that is no :class:`Network`.
    """
    check_kind(where, "network", network, Network, "Network(...) or dll_network(sizes)")
    check_value(where, "plastic", plastic, bool)
    check_name(where, "method", method, METHODS)
    check_value(where, "dt", dt, Time)
    for population in network.populations:
        check_step(f"Population {population.name!r}", population.neuron, dt, method)
    for pathway in network.pathways:
        pathway.delay_steps(dt)
        if not plastic and (own := synapse_states_read(pathway)):
            raise ValueError(
                f"Pathway {pathway.name!r}: on_pre reads {own[0]!r} of its synapses, which do not "
                "move with plastic=False; give its rule a rate of 0 instead."
            )
        if plastic and pathway.rule is not None:
            check_step(f"Pathway {pathway.name!r}", pathway.rule, dt, "euler")


def unchecked_steps(network: Network, method: str) -> dict[str, str]:
    """Which populations' states give no bound on dt, as an attribute of a recording; or nothing."""
    notes = [
        note
        for population in network.populations
        for note in unchecked_step(f"Population {population.name!r}", population.neuron, method)
    ]
    return {"dt_unchecked": " ".join(notes)} if notes else {}


LONG_HAZARD = 0.1
"""Events a step and cell above which it is said that hazards are held for a whole step."""


def hazard_notes(network: Network, dt: Quantity) -> dict[str, str]:
    """Where a largest rate times dt is above 0.1, as an attribute of a recording; or nothing."""
    found = []
    for population in network.populations:
        rate = population.neuron.parameters.get("r_max")
        if not population.neuron.events or rate is None:
            continue
        largest = float(np.max(np.asarray(rate)))
        if (events := largest * float(dt)) > LONG_HAZARD:
            found.append(
                f"Population {population.name!r}: r_max dt = {events:g}; a hazard is held for a "
                f"whole step, so dt < {LONG_HAZARD / largest * 1e3:g} ms is safer."
            )
    return {"long_hazards": " ".join(found)} if found else {}


def check_schedule(
    network: Network, schedule: Schedule, dt: Quantity, where: str = SIMULATE
) -> None:
    """Refuse times that are no whole steps, and signals that do not fit the network.

    A signal may be absent where it is accompanied by a flag (``target`` by ``target_on``); it is
    then off throughout.

    Raises
    ------
    ValueError
        For such times, other sizes or units than the network's, a signal that nothing reads or
        that is missing.
    TypeError
        For a schedule that is no :class:`Schedule`.
    """
    check_kind(where, "schedule", schedule, Schedule, "Schedule({'stimulus': inputs})")
    for name in ("presentation", "lag", "period"):
        schedule.steps_each(name, dt)
    check_signals(network, schedule)


def check_signals(network: Network, schedule: Schedule) -> None:
    """Refuse signals that do not fit the network; see :func:`check_schedule`.

    Raises
    ------
    ValueError
        For other sizes or units than the network's, a signal that nothing reads or that is
        missing.
    """
    for name in schedule.signals:
        if name not in network.signals:
            raise ValueError(f"Schedule: {unknown_name('signal', name, network.signals)}")
    for population in network.populations:
        for variable, item in population.given.items():
            if not item.is_flag:
                _check_signal(schedule, population, variable, item.signal)
    for pathway in network.pathways:
        for name in () if pathway.rule is None else pathway.rule.signals:
            where = f"the rule of pathway {pathway.name!r}"
            signal = _signal(schedule, name, where)
            _check_count(signal, 1, where)
            _check_unit(signal, DIMENSIONLESS, where)


def _check_signal(schedule: Schedule, population: Population, variable: str, name: str) -> None:
    where = f"population {population.name!r}"
    if f"{variable}_on" in population.given and name not in schedule.signals:
        return
    signal = _signal(schedule, name, where)
    _check_count(signal, population.size, where)
    _check_unit(signal, population.neuron.equations[variable].dim, where)


def _signal(schedule: Schedule, name: str, where: str) -> Signal:
    if name not in schedule.signals:
        raise ValueError(
            f"Schedule: no signal {name!r}, which {where} needs; "
            f"given are: {', '.join(schedule.signals) or 'none'}."
        )
    return schedule.signals[name]


def _check_count(signal: Signal, size: int, where: str) -> None:
    if signal.size not in (1, size):
        raise ValueError(
            f"Schedule: {signal.name} has {signal.size} units, but {where} has {size}."
        )


def _check_unit(signal: Signal, dim: Dimension, where: str) -> None:
    if signal.dim is not dim:
        raise ValueError(
            f"Schedule: {signal.name} is in {get_unit_for_display(signal.dim)}, but {where} reads "
            f"it in {get_unit_for_display(dim)}."
        )


def check_recording(
    sampling: Sampling,
    networks: Sequence[Network],
    *,
    value_bytes: float,
    weight_bytes: float,
    kept: int,
    step_seconds: float,
    parallel: int = 1,
) -> None:
    """Refuse a run whose recordings do not fit into memory, or that takes years.

    Parameters
    ----------
    sampling : Sampling
        What is kept.
    networks : sequence of Network
        The copies.
    value_bytes : float
        Memory for each recorded value of the sampling, over all copies.
    weight_bytes : float
        Memory for each weight at each of the ``kept`` moments.
    kept : int
        Moments at which the engine keeps weights.
    step_seconds : float
        The least that a time step takes.
    parallel : int
        Copies times samples that run side by side, each with events of its own.

    Raises
    ------
    MemoryError, ValueError
        With the predicted size and duration, and what to lower.
    """
    needed = sampling.recorded_values * value_bytes
    needed += sampling.most_events * parallel * EVENT_BYTES
    needed += kept * weight_count(networks[0]) * len(networks) * weight_bytes
    check_size(
        "simulate: the run", LESS, needed_bytes=needed, least_seconds=sampling.steps * step_seconds
    )
