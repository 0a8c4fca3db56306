"""The engines that can run a network through a schedule, by name."""

from collections.abc import Callable
from typing import Any

import torch

from compartments.names import look_up
from models import Network, Run, Schedule, simulate
from rate_bridge import ode_engine


def _brian2(network: Network, schedule: Schedule, codegen: str, **options: Any) -> Run:
    return simulate(network, schedule, codegen=codegen, **options)


def _torch(network: Network, schedule: Schedule, codegen: str, **options: Any) -> Run:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # one sample at a time: more threads only wait for each other
    try:
        return ode_engine.simulate(network, schedule, **options)
    finally:
        torch.set_num_threads(threads)


ENGINES: dict[str, Callable[..., Run]] = {"brian2": _brian2, "torch": _torch}


def engine(name: str) -> Callable[..., Run]:
    """The engine of that name: ``run(network, schedule, codegen=..., dt=..., ...)``.

    Raises
    ------
    ValueError
        For an unknown name.
    """
    return look_up("engine", name, ENGINES)
