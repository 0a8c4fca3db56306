"""What both engines refuse before a simulation begins."""

from collections.abc import Sequence

from brian2 import Quantity

from compartments.checks import check_kind, check_name
from compartments.domains import Time, check_value
from compartments.sizes import check_size
from compartments.time_step import METHODS, check_step, unchecked_step
from models.network import Network
from models.sampling import WHERE, Sampling, weight_count
from models.schedule import Schedule

LESS = "record, record_units or weights_at, raise record_dt, or shorten the schedule"
"""What makes a run smaller."""


def check_dynamics(network: Network, dt: Quantity, method: str, plastic: bool) -> None:
    """Refuse a step or a method with which a network cannot be integrated.

    Raises
    ------
    ValueError
        For a dt without its unit or too large, an unknown method, a ``plastic`` that is no flag.
    TypeError
        For a network that is no :class:`Network`.
    """
    check_kind(WHERE, "network", network, Network, "Network(...) or dll_network(sizes)")
    check_value(WHERE, "plastic", plastic, bool)
    check_name(WHERE, "method", method, METHODS)
    check_value(WHERE, "dt", dt, Time)
    for population in network.populations:
        check_step(f"Population {population.name!r}", population.neuron, dt, method)
    for pathway in network.pathways:
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


def check_schedule(network: Network, schedule: Schedule, dt: Quantity, plastic: bool) -> None:
    """Refuse times that are no whole steps, and stimuli that the network has no place for.

    Raises
    ------
    ValueError
        For such times, other sizes than the network's, or a plastic network without a target.
    TypeError
        For a schedule that is no :class:`Schedule`.
    """
    check_kind(WHERE, "schedule", schedule, Schedule, "Schedule(inputs, targets)")
    for name in ("presentation", "lag", "period"):
        schedule.steps(name, dt)
    given = {"stimulus": schedule.inputs, "target": schedule.targets}
    for population in network.populations:
        for name in network.scheduled(population):
            values = given.get(name)
            if values is not None and values.shape[1] != population.size:
                raise ValueError(
                    f"Schedule: {name} has {values.shape[1]} units, but population "
                    f"{population.name!r} has {population.size}."
                )
            if name == "target" and plastic and network.is_plastic and not schedule.target_on.any():
                raise ValueError(
                    "Schedule: a plastic network needs a target; give targets, or simulate with "
                    "plastic=False."
                )


def check_recording(
    sampling: Sampling,
    networks: Sequence[Network],
    *,
    value_bytes: float,
    weight_bytes: float,
    kept: int,
    step_seconds: float,
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

    Raises
    ------
    MemoryError, ValueError
        With the predicted size and duration, and what to lower.
    """
    needed = sampling.recorded_values * value_bytes
    needed += kept * weight_count(networks[0]) * len(networks) * weight_bytes
    check_size(
        "simulate: the run", LESS, needed_bytes=needed, least_seconds=sampling.steps * step_seconds
    )
