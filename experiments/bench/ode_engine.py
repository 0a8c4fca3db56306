"""Speed of the torch engine: against Brian2, against its own bare matrix products, against size."""

import time
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import torch
from brian2 import ms

from experiments.bench.rows import EngineRate, LeftOut, Measured, attempted
from experiments.lab.progress import Report
from models import Schedule, dll_network, simulate
from rate_bridge.ode_engine.engine import OdeEngine, Timing

BATCH, WIDTH, DEPTH = 128, 500, 2
"""The network that is compared with Brian2: samples in parallel, width and number of hidden layers.
"""
VARIED = {"batch": (8, 32, 512), "width": (64, 256, 1024), "depth": (1, 4, 8)}
"""Each alone, the others as above."""
TIMED_STEPS = 40
"""Time steps of 1 ms in a presentation."""


def torch_engine(full: bool, progress: Report) -> Measured:
    """784-500-500-10, batch 128, float32; with ``full`` also other batches, widths and depths."""
    rows: list[EngineRate | LeftOut] = list(against_brian())
    tasks = scaling() if full else [(BATCH, WIDTH, DEPTH)]
    for number, (batch, width, depth) in enumerate(tasks, start=1):
        rows += against_products(batch, width, depth)
        progress(number / len(tasks))
    return rows


def scaling() -> list[tuple[int, int, int]]:
    """Batch, width and depth, each varied alone around the network that Brian2 runs, too."""
    return [
        (BATCH, WIDTH, DEPTH),
        *((batch, WIDTH, DEPTH) for batch in VARIED["batch"]),
        *((BATCH, width, DEPTH) for width in VARIED["width"]),
        *((BATCH, WIDTH, depth) for depth in VARIED["depth"]),
    ]


def against_brian() -> list[EngineRate | LeftOut]:
    """Sample-steps of the plastic network: cpp_standalone shows one sample, torch a batch."""
    sizes = layers(WIDTH, DEPTH)
    name, unit = f"{_name(sizes, BATCH)}: samples in parallel", "sample-steps"
    rows = [attempted(name, "cpp_standalone", lambda: _one_sample(sizes, name, unit))]
    cores = torch.get_num_threads()
    for threads in sorted({1, cores}):
        for label, deferred in (("torch", False), ("torch, gathered", True)):
            torch.set_num_threads(threads)
            try:
                build, seconds = step_seconds(sizes, BATCH, deferred)
            finally:
                torch.set_num_threads(cores)
            shown = f"{label}, {threads} thread{'s' if threads > 1 else ''}"
            rows.append(EngineRate(name, shown, build, seconds, BATCH, unit))
    return rows


def _one_sample(sizes: tuple[int, ...], name: str, unit: str) -> EngineRate:
    network = dll_network(sizes)
    generator = np.random.default_rng(0)
    count = 10
    inputs = generator.normal(0, (5 / sizes[0]) ** 0.5, (count, sizes[0]))
    targets = np.eye(sizes[-1])[generator.integers(sizes[-1], size=count)]
    schedule = Schedule({"stimulus": inputs, "target": targets}, presentation=TIMED_STEPS * ms)
    run = simulate(network, schedule, dt=1 * ms, codegen="cpp_standalone")
    return EngineRate(
        name, "cpp_standalone", run.seconds["build"], run.seconds["run"], count * TIMED_STEPS, unit
    )


def against_products(batch: int, width: int, depth: int) -> list[EngineRate]:
    """Time steps a second: bare matrix products, the engine, the engine with gathered weights."""
    sizes, at = layers(width, depth), {"batch": batch, "width": width, "depth": depth}
    products = _bare_products(sizes, batch)

    def one_presentation() -> None:  # as long as what it is compared with
        for _ in range(TIMED_STEPS):
            products()

    bare = _seconds_each(one_presentation) / TIMED_STEPS
    rows = [EngineRate(_name(sizes, batch), "bare matrix products", 0.0, bare, 1, "steps", at)]
    for label, deferred in (("torch", False), ("torch, gathered", True)):
        build, seconds = step_seconds(sizes, batch, deferred)
        rows.append(EngineRate(_name(sizes, batch), label, build, seconds, 1, "steps", at))
    return rows


def layers(width: int, depth: int) -> tuple[int, ...]:
    """Sizes of a network for MNIST's images."""
    return (784, *(width,) * depth, 10)


def _name(sizes: Sequence[int], batch: int) -> str:
    return f"{'-'.join(map(str, sizes))}, batch {batch}"


def step_seconds(
    sizes: Sequence[int], batch: int, deferred: bool, device: str = "cpu"
) -> tuple[float, float]:
    """Seconds to build the engine, and seconds of one plastic time step (float32)."""
    start = time.perf_counter()
    timing = Timing(TIMED_STEPS, 0, 0, TIMED_STEPS * 1e-3)
    engine = OdeEngine(
        dll_network(sizes),
        timing,
        batch=batch,
        deferred=deferred,
        dtype=torch.float32,
        device=device,
    )
    build = time.perf_counter() - start
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn((batch, sizes[0]), generator=generator) * (5 / sizes[0]) ** 0.5
    targets = torch.randn((batch, sizes[-1]), generator=generator)
    given = {"stimulus": inputs, "target": targets}
    each = _seconds_each(lambda: engine.present(given))
    return build, each / TIMED_STEPS


def _bare_products(sizes: Sequence[int], batch: int) -> Callable[[], None]:
    """The matrix products of a plastic time step, and nothing else: sums and weight changes."""
    weights = [torch.randn(above, below) for below, above in pairwise(sizes)]
    units = [torch.randn(batch, size) for size in sizes]
    out = [torch.empty(batch, size) for size in sizes]
    depth = len(weights)

    def products() -> None:
        for i, weight in enumerate(weights):
            torch.mm(units[i], weight.T, out=out[i + 1])
        for i in range(1, depth):
            torch.mm(units[i + 1], weights[i], out=out[i])
        for i, weight in enumerate(weights):
            for _ in range(2 if i else 1):  # W, and Theta above the first layer
                weight.addmm_(units[i + 1].T, units[i], alpha=1e-12)

    return products


def _seconds_each(action: Callable[[], object], least_seconds: float = 1.0) -> float:
    """Seconds of one call: the fastest of several rounds, for at least that long in all."""
    with torch.inference_mode():
        action()
        rounds: list[float] = []
        total = 0.0
        while total < least_seconds or len(rounds) < 3:
            start = time.perf_counter()
            action()
            rounds.append(time.perf_counter() - start)
            total += rounds[-1]
    return min(rounds)
