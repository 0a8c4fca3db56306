"""The links of any network: both engines step by step, its rest, and its reference."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from brian2 import Quantity, second

from compartments.recording import trace_name
from experiments.lab.engines import SAME_WITHIN
from experiments.lab.random_signals import random_numbers
from experiments.verify.link import Link
from models import Network, Schedule, simulate
from rate_bridge import ode_engine
from rate_bridge.references.fixed_point import NoFixedPointError
from rate_bridge.references.numerical import Numerical
from rate_bridge.references.reference import constant_signals
from rate_bridge.references.registry import reference

SETTLED = 40.0
"""Slowest time constants after which a network counts as settled: e^-40 is 4e-18."""

LONGEST = 400_000
"""Time steps that settling may take."""


@dataclass(frozen=True)
class Subject:
    """What is verified.

    Parameters
    ----------
    network, schedule
        As an engine takes them.
    dt : Quantity
        Time step.
    seed : int
        Of random numbers that are given to both engines.
    """

    network: Network
    schedule: Schedule
    dt: Quantity
    seed: int = 0


class NotApplicable(ValueError):
    """Why a link cannot be measured of a network."""


def engines(subject: Subject) -> Iterator[Link]:
    """Brian2 against torch, every variable of every neuron and every weight, at every step."""
    network = subject.network
    steps = int(subject.schedule.steps_each("period", subject.dt).sum())
    record = sorted({n for p in network.populations for n in p.neuron.variables})
    noise = random_numbers(network, steps, subject.seed)
    shown: dict[str, Any] = {"dt": subject.dt, "record": record, "noise": noise}
    brian = simulate(network, subject.schedule, **shown)
    torch = ode_engine.simulate(network, subject.schedule, **shown)
    tolerance, reason = SAME_WITHIN, "float64 sums in another order, in a stable system"
    yield Link(
        f"Brian2 against torch, every variable at each of {steps} steps, relative",
        max(_apart(brian.traces[n].values, torch.traces[n].values) for n in brian.traces),
        tolerance,
        reason,
    )
    if brian.weights:
        worst = max(_apart(brian.weights[n], torch.weights[n]) for n in brian.weights)
        yield Link("the same, every weight", worst, tolerance, reason)


def at_rest(subject: Subject) -> Iterator[Link]:
    """Where the engine settles, against the reference and against the numerical one."""
    network = subject.network
    try:
        signals = constant_signals(subject.schedule.chosen([len(subject.schedule) - 1]))
        numerical = Numerical(network)
        found = numerical.fixed_point(signals)
    except (ValueError, NoFixedPointError) as error:
        raise NotApplicable(str(error)) from error
    growth = float(found.growth_hz.max())
    if np.isnan(growth):
        raise NotApplicable("how long a network with delays takes to settle is not known")
    if not growth < 0:
        raise NotApplicable(
            f"it does not come to rest: a small push grows at {growth:.3g} per second"
        )
    rest = reference(network).equilibrium(signals)
    yield from _settled(subject, rest, growth)
    if network.reference != "numerical":
        other = numerical.equilibrium(signals)
        yield Link(
            f"{reference(network).title} against the numerical reference: every variable, relative",
            max(_apart(value, other[key]) for key, value in rest.items()),
            1e-10,
            "Newton's last step is below 1e-12; errors grow through the layers",
        )


def _settled(
    subject: Subject, rest: dict[tuple[str, str], np.ndarray], growth: float
) -> Iterator[Link]:
    steps = int(np.ceil(SETTLED / -growth / float(subject.dt)))
    if steps > LONGEST:
        raise NotApplicable(
            f"its slowest time constant is {-1 / growth:.3g} s: settling would take {steps:,} steps"
        )
    network = subject.network
    last = replace(
        subject.schedule.chosen([len(subject.schedule) - 1]),
        presentation=(steps + 1) * subject.dt,
        lag=0 * second,
        blank=0 * second,
    )
    states = sorted({n for p in network.populations for n in p.neuron.states})
    run = ode_engine.simulate(
        network, last, dt=subject.dt, record=states, record_dt=steps * subject.dt, plastic=False
    )
    worst = max(
        _apart(run.traces[trace_name(variable, name)].values[-1], value[0])
        for (variable, name), value in rest.items()
        if variable in network.population(name).neuron.states
    )
    yield Link(
        f"torch after {SETTLED:g} slowest time constants against {reference(network).title}, "
        "relative",
        worst,
        1e-8,
        "e^-40, times a polynomial of the number of stages",
    )


def _apart(first: np.ndarray, second_: np.ndarray) -> float:
    """The largest difference, relative to the largest value or to 1, whichever is less strict."""
    scale = float(np.abs(second_).max(initial=0.0))
    return float(np.abs(first - second_).max(initial=0.0)) / (scale or 1.0)


NETWORK_CHECKS: dict[str, Callable[[Subject], Iterator[Link]]] = {
    "two engines": engines,
    "rest": at_rest,
}
"""What is checked of any network."""
