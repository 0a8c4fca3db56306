"""Speed of neurons without a network: three passive compartments, by Tuft, plain Brian2, Jaxley."""

import gc
import time
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
from brian2 import Network as BrianNetwork
from brian2 import NeuronGroup, StateMonitor, ms

from compartments import Compartment, Neuron, responses
from compartments.brian import code_generation
from compartments.compiled.c_program import c_program, compiler
from experiments.bench.rows import EngineRate, LeftOut, Measured
from experiments.lab.progress import Report

CABLE = """
dv1/dt = (-v1 + k*(v2 - v1) + current)/tau : 1
dv2/dt = (-v2 + k*(v1 - v2) + k*(v3 - v2))/tau : 1
dv3/dt = (-v3 + k*(v2 - v3))/tau : 1
"""
CONSTANTS = {"tau": 10 * ms, "k": 3.0}

COUNTS = (1, 100, 10_000)
"""Neurons."""

STEPS, DT_MS = 2000, 0.1

REPEATS = 5
"""Later calls, of which the fastest counts."""


def one_neuron(full: bool, progress: Report) -> Measured:
    """Neuron-steps a second; ``build`` is what the first call takes longer than later ones."""
    rows: list[EngineRate | LeftOut] = []
    engines = {"plain Brian2, numpy": plain_brian, "responses, numpy": responses_by("numpy")}
    if compiler() is not None:
        engines["responses, c"] = responses_by("c")
    if find_spec("jaxley") is not None:
        engines["Jaxley"] = jaxley
    jobs = [(count, name) for count in COUNTS for name in engines]
    for done, (count, name) in enumerate(jobs):
        rows.append(_measured(count, name, engines[name]))
        progress((done + 1) / len(jobs))
    if "Jaxley" not in engines:
        rows.append(LeftOut("three compartments", "Jaxley", "`pip install jaxley` adds it."))
    return rows


def _measured(count: int, name: str, engine: Callable[[int], Callable[[], object]]) -> EngineRate:
    """The first call, with everything that it makes, and the fastest of the later ones."""
    c_program.cache_clear()
    gc.collect()
    begun = time.perf_counter()
    again = engine(count)
    again()
    first = time.perf_counter() - begun
    later = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        again()
        later.append(time.perf_counter() - begun)
    group = f"three compartments, {count:,} neuron{'s' * (count > 1)}"
    return EngineRate(
        group, name, max(0.0, first - min(later)), min(later), count * STEPS, "neuron-steps"
    )


def responses_by(codegen: str) -> Callable[[int], Callable[[], object]]:
    """Tuft's ``responses``; the last compartment is recorded."""

    def prepared(count: int) -> Callable[[], object]:
        cell = Neuron("cell", (Compartment("all", f"{CABLE}\ncurrent : 1"),), CONSTANTS)
        settings = {"n": count, "dt": DT_MS * ms, "record": ("v3",), "codegen": codegen}
        return lambda: responses(cell, STEPS * DT_MS * ms, current=1.0, **settings)

    return prepared


def plain_brian(count: int) -> Callable[[], object]:
    """A script of Brian2's own, its default settings but for the target."""

    def run() -> None:
        with code_generation("numpy"):
            constants = {**CONSTANTS, "current": 1.0}
            group = NeuronGroup(
                count, CABLE, method="euler", dt=DT_MS * ms, namespace=constants, name="cells*"
            )
            monitor = StateMonitor(group, "v3", record=True, dt=DT_MS * ms)
            BrianNetwork(group, monitor).run(STEPS * DT_MS * ms, namespace={})
            np.asarray(monitor.v3)

    return run


def jaxley(count: int) -> Callable[[], object]:
    """A branch of three compartments with a leak, by implicit Euler, compiled for float64."""
    import jax
    import jaxley as jx
    from jaxley.channels import Leak

    jax.config.update("jax_enable_x64", True)
    cell = jx.Cell(jx.Branch(jx.Compartment(), 3), [-1])
    cell.insert(Leak())
    net = jx.Network([cell] * count)
    current = jx.step_current(0.0, STEPS * DT_MS, 0.1, DT_MS, STEPS * DT_MS)
    net.cell("all").branch(0).comp(0).stimulate(current)
    net.cell("all").branch(0).comp(2).record(verbose=False)
    run = jax.jit(lambda: jx.integrate(net, delta_t=DT_MS))
    return lambda: run().block_until_ready()
