"""Speed by events: against the graded engine, against Brian2, dense against sparse products."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from brian2 import ms

from experiments.bench.ode_engine import TIMED_STEPS
from experiments.bench.rows import EngineRate, LeftOut, Measured, attempted
from experiments.lab.progress import Report
from models import Network, Schedule, dll_network, simulate
from models.spiking_dll import SpikingDLLOptions, spiking_dll_network
from rate_bridge.ode_engine.engine import OdeEngine, Timing

SIZES, SAMPLES = (64, 100, 10), 32
"""The network that learns digits by events, and how many it is shown side by side."""

WIDE, RATES = 1000, (0.001, 0.01, 0.1)
"""Neurons on both sides of a product, and shares of them that have an event in a step."""


def events(full: bool, progress: Report) -> Measured:
    """Sample-steps of the graded network, by events, and of Brian2; products of few events."""
    name, unit = f"{'-'.join(map(str, SIZES))} by events, batch {SAMPLES}", "sample-steps"
    rows: list[EngineRate | LeftOut] = []
    graded = replace(SpikingDLLOptions().graded, neuron="graded", constants={})
    nets: dict[str, Network] = {"torch, graded": dll_network(SIZES, graded)}
    for cells in (1, 100):
        label = f"torch, {cells} cell{'s' if cells > 1 else ''}"
        nets[label] = spiking_dll_network(SIZES, SpikingDLLOptions(cells=cells))
    for label, net in nets.items():
        build, seconds = _each_step(net)
        rows.append(EngineRate(name, label, build, seconds, SAMPLES, unit))
    progress(0.3)
    spiking = nets["torch, 100 cells"]
    rows.append(attempted(name, "cpp_standalone", lambda: _by_brian(spiking, name, unit)))
    progress(0.8)
    for share in RATES:
        rows += _products(share)
    progress(1.0)
    return rows


def _signals(count: int) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    inputs = generator.uniform(0, 1, (count, SIZES[0]))
    return {"stimulus": inputs, "target": np.eye(SIZES[-1])[generator.integers(10, size=count)]}


def _each_step(net: Network) -> tuple[float, float]:
    """Seconds to build, and of one plastic step (float32, one thread)."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        start = time.perf_counter()
        timing = Timing(TIMED_STEPS, 0, 0, TIMED_STEPS * 1e-3)
        engine = OdeEngine(net, timing, batch=SAMPLES, dtype=torch.float32)
        build = time.perf_counter() - start
        given = {n: torch.as_tensor(v).float() for n, v in _signals(SAMPLES).items()}
        return build, _best(lambda: engine.present(given)) / TIMED_STEPS
    finally:
        torch.set_num_threads(threads)


def _by_brian(net: Network, name: str, unit: str) -> EngineRate:
    schedule = Schedule(_signals(20), presentation=TIMED_STEPS * ms)
    run = simulate(net, schedule, codegen="cpp_standalone")
    build, seconds = run.seconds["build"], run.seconds["run"]
    return EngineRate(name, "cpp_standalone", build, seconds, 20 * TIMED_STEPS, unit)


def _products(share: float) -> list[EngineRate]:
    """What events add to their targets: a dense product, and rows of those that had one."""
    generator = torch.Generator().manual_seed(0)
    fired = (torch.rand(SAMPLES, WIDE, generator=generator) < share).float()
    weights, out = torch.randn(WIDE, WIDE, generator=generator), torch.zeros(SAMPLES, WIDE)

    def sparse() -> None:
        sample, unit = torch.nonzero(fired, as_tuple=True)
        out.zero_().index_add_(0, sample, weights[unit])

    name = f"{WIDE} x {WIDE} synapses, batch {SAMPLES}, {share:g} of neurons fire in a step"
    tasks = {"dense": lambda: torch.matmul(fired, weights, out=out), "sparse": sparse}
    return [EngineRate(name, n, None, _best(task), 1, "steps") for n, task in tasks.items()]


def _best(task: Callable[[], object], repeats: int = 5) -> float:
    """The least seconds of some runs, after one that is not counted."""
    task()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        task()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
