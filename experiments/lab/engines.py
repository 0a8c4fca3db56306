"""The engines that can run a network through a schedule, by name."""

from collections.abc import Callable, Sequence
from typing import Any

from compartments.lookup import look_up
from models import Network, Run, Schedule, simulate
from models.divergence import DivergenceError
from rate_bridge import ode_engine
from rate_bridge.devices import one_thread


def _brian2(network: Network, schedule: Schedule, codegen: str, **options: Any) -> Run:
    return simulate(network, schedule, codegen=codegen, **options)


def _torch(network: Network, schedule: Schedule, codegen: str, **options: Any) -> Run:
    with one_thread():
        return ode_engine.simulate(network, schedule, **options)


SAME_WITHIN = 1e-12
"""Between engines, relative: float64 sums in another order, over thousands of stable steps."""

ENGINES: dict[str, Callable[..., Run]] = {"brian2": _brian2, "torch": _torch}


def engine(name: str) -> Callable[..., Run]:
    """The engine of that name: ``run(network, schedule, codegen=..., dt=..., ...)``.

    Raises
    ------
    ValueError
        For an unknown name.
    """
    return look_up("engine", name, ENGINES)


Simulated = Run | DivergenceError
"""What came of one of several runs; one that diverged leaves the others alone."""


def _one_by_one(
    networks: Sequence[Network], schedules: Sequence[Schedule], **options: Any
) -> list[Simulated]:
    found: list[Simulated] = []
    for network, schedule in zip(networks, schedules, strict=True):
        try:
            found.append(simulate(network, schedule, codegen="numpy", **options))
        except DivergenceError as error:
            found.append(error)
    return found


def _side_by_side(
    networks: Sequence[Network], schedules: Sequence[Schedule], **options: Any
) -> list[Simulated]:
    try:
        with one_thread():
            run = ode_engine.simulate_copies(networks, schedules, **options)
    except DivergenceError as error:
        if len(networks) == 1:
            return [error]
        pairs = zip(networks, schedules, strict=True)  # which of them it was, each alone shows
        return [_side_by_side([net], [plan], **options)[0] for net, plan in pairs]
    return [run.of_copy(number) for number in range(len(networks))]


COPIES: dict[str, Callable[..., list[Simulated]]] = {"brian2": _one_by_one, "torch": _side_by_side}


def copies(name: str) -> Callable[..., list[Simulated]]:
    """How the engine of that name runs copies: ``run(networks, schedules, dt=..., ...)``.

    The networks are of one structure, the schedules of equal timing and length. Brian2 runs them
    one by one, torch side by side in one process.

    Raises
    ------
    ValueError
        For an unknown name.
    """
    return look_up("engine", name, COPIES)
