"""What several tests of networks share: taus, closed forms, and how a run is held against them."""

import numpy as np
from brian2 import ms

from models import Schedule, dll_network
from rate_bridge.references import algorithm1

TAU = 10.0
"""The longest default time constant, ms."""


def schedule_of(network, count=2, *, seed=5, **times):
    """Random stimuli and targets for a network, each shown for 40 tau unless told otherwise."""
    generator = np.random.default_rng(seed)
    inputs = generator.normal(size=(count, network.sizes[0]))
    targets = generator.normal(size=(count, network.sizes[-1]))
    signals = {"stimulus": inputs, "target": targets}
    return Schedule(signals, **({"presentation": 400 * ms} | times))


def shown(schedule, rows=slice(None)):
    """The stimuli and targets of a schedule, or of some presentations."""
    return {name: schedule.constant(name)[rows] for name in ("stimulus", "target")}


def small_network(**options):
    """4-3-3-2, weights of order 1, unless told otherwise."""
    sizes = options.pop("sizes", (4, 3, 3, 2))
    seed = options.pop("seed", 1)
    return dll_network(sizes, seed=seed, **options)


def last_values(run):
    """Every recorded trace at its last step, by (variable, population)."""
    return {
        (trace.attrs["variable"], trace.attrs["population"]): trace.values[-1]
        for trace in run.traces.data_vars.values()
    }


def distance_to_equilibrium(run, network, schedule):
    """The largest |recorded - Algorithm 1| in the last step, over all that both know."""
    rest = algorithm1.Algorithm1(network).equilibrium(shown(schedule, slice(-1, None)))
    found = last_values(run)
    shared = sorted(set(found) & set(rest))
    compared = {name for name, _ in shared}
    assert compared >= {"u", "x", "error"} | ({"a"} if len(network.sizes) > 2 else set())
    return max(np.abs(found[key] - rest[key][0]).max() for key in shared)
