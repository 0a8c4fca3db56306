"""Everything that is refused before a simulation begins."""

from collections.abc import Mapping, Sequence
from numbers import Integral

from brian2 import Quantity

from compartments.names import unknown_name
from compartments.neuron import check_time, is_time
from compartments.time_step import METHODS, check_step
from models.network import Network
from models.schedule import Schedule

CODEGEN = ("numpy", "cython", "cpp_standalone")


def check_seed(seed: int) -> None:
    """Refuse a seed that is not a whole number, 0 or more.

    Raises
    ------
    ValueError
        With what came.
    """
    if not isinstance(seed, Integral) or seed < 0:
        raise ValueError(f"seed must be a whole number, 0 or more, got {seed!r}.")


def check_run(
    network: Network,
    schedule: Schedule,
    *,
    dt: Quantity,
    record: Sequence[str],
    record_dt: Quantity,
    record_units: Mapping[str, Sequence[int]] | None,
    plastic: bool,
    method: str,
    codegen: str,
) -> None:
    """Refuse what does not fit together; the parameters are those of :func:`models.simulate`.

    Raises
    ------
    ValueError
        With what came, what was expected and how to mend it.
    TypeError
        For a schedule that is no :class:`Schedule`.
    """
    if not isinstance(schedule, Schedule):
        raise TypeError(
            f"simulate: schedule must be a Schedule, got {type(schedule).__name__}; "
            "write Schedule(inputs, targets)."
        )
    for kind, value, valid in (("codegen", codegen, CODEGEN), ("method", method, METHODS)):
        if value not in valid:
            raise unknown_name(kind, value, valid)
    for population in network.populations:
        check_step(f"Population {population.name!r}", population.neuron, dt, method)
    for pathway in network.pathways:
        if plastic and pathway.rule is not None:
            check_step(f"Pathway {pathway.name!r}", pathway.rule, dt, "euler")
    for name in ("presentation", "lag", "period"):
        schedule.steps(name, dt)
    _check_record(network, record, record_units or {})
    check_time("simulate", "record_dt", record_dt)
    ratio = float(record_dt / dt)
    if ratio < 1 - 1e-9 or abs(ratio - round(ratio)) > 1e-6:
        raise ValueError(f"record_dt ({record_dt}) must be a multiple of dt ({dt}).")


def _check_record(
    network: Network, record: Sequence[str], record_units: Mapping[str, Sequence[int]]
) -> None:
    if isinstance(record, str):
        raise ValueError(f"record must be a sequence of names, such as ({record!r},).")
    known = {name for p in network.populations for name in p.neuron.variables}
    for name in record:
        if name not in known:
            raise unknown_name("variable to record", name, known)
    for name, index in record_units.items():
        size = network.population(name).size
        if not all(int(unit) == unit and 0 <= unit < size for unit in index):
            raise ValueError(f"record_units: {name!r} has neurons 0 to {size - 1}, got {index}.")


def check_schedule_fits(network: Network, schedule: Schedule, plastic: bool) -> None:
    """Refuse stimuli and targets that the network has no place for.

    Raises
    ------
    ValueError
        For other sizes than the network's, or a plastic network that is shown no target.
    """
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


def steps_of(name: str, times: Sequence[Quantity], dt: Quantity, schedule: Schedule) -> list[int]:
    """Times in steps of dt, each checked to lie within the schedule.

    Raises
    ------
    ValueError
        For a time without its unit, between two steps, or outside the schedule.
    """
    steps = []
    for moment in times:
        if not is_time(moment):
            raise ValueError(f"{name}: times need a unit, such as 10*ms, got {moment!r}.")
        exact = float(moment / dt)
        last = schedule.steps("period", dt) * len(schedule)
        if abs(exact - round(exact)) > 1e-6 or not 0 <= round(exact) < last:
            raise ValueError(
                f"{name}: {moment} must be a multiple of dt ({dt}) from 0 to before the end "
                f"({schedule.duration}); the weights at the end are in 'weights'."
            )
        steps.append(round(exact))
    return steps
