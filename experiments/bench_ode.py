"""Speed of the torch engine: against Brian2, against its own bare matrix products, against size."""

import time
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import torch
from brian2 import ms

from experiments.bench_rows import LeftOut, Measured, Row, attempted
from experiments.progress import Report
from models import Schedule, dll_network, simulate
from rate_bridge.ode_engine.core import OdeEngine, Timing

SIZES = (784, 500, 500, 10)
BATCH = 128
STEPS = 40
"""Time steps of 1 ms in a presentation."""


def torch_engine(full: bool, progress: Report) -> Measured:
    """784-500-500-10, batch 128, float32; with ``full`` also batch, width and depth."""
    rows = against_brian()
    progress(0.5)
    rows += against_products(SIZES, BATCH)
    progress(0.7)
    if full:
        for sizes, batch in scaling():
            rows += against_products(sizes, batch)
    progress(1.0)
    return rows


def scaling() -> list[tuple[tuple[int, ...], int]]:
    """Networks for cost against batch, width and depth."""
    by_batch = [(SIZES, batch) for batch in (8, 32, 512)]
    by_width = [((784, width, width, 10), BATCH) for width in (64, 256, 1024)]
    by_depth = [((784, *(256,) * depth, 10), BATCH) for depth in (1, 2, 4)]
    return by_batch + by_width + by_depth


def against_brian() -> list[Row | LeftOut]:
    """Sample-steps of the plastic network: cpp_standalone shows one sample, torch a batch."""
    name, unit = f"{_name(SIZES, BATCH)}: samples in parallel", "sample-steps"
    rows = [attempted(name, "cpp_standalone", lambda: _one_sample(name, unit))]
    for label, deferred in (("torch", False), ("torch, gathered", True)):
        build, seconds = step_seconds(SIZES, BATCH, deferred)
        rows.append(Row(name, label, build, seconds, BATCH, unit))
    return rows


def _one_sample(name: str, unit: str) -> Row:
    network = dll_network(SIZES)
    generator = np.random.default_rng(0)
    count = 10
    inputs = generator.normal(0, (5 / SIZES[0]) ** 0.5, (count, SIZES[0]))
    targets = np.eye(SIZES[-1])[generator.integers(SIZES[-1], size=count)]
    schedule = Schedule(inputs, targets, presentation=STEPS * ms)
    run = simulate(network, schedule, dt=1 * ms, codegen="cpp_standalone")
    return Row(
        name, "cpp_standalone", run.seconds["build"], run.seconds["run"], count * STEPS, unit
    )


def against_products(sizes: Sequence[int], batch: int) -> list[Row]:
    """Time steps a second: bare matrix products, the engine, the engine with gathered weights."""
    products = _bare_products(sizes, batch)

    def one_presentation() -> None:  # as long as what it is compared with
        for _ in range(STEPS):
            products()

    bare = _seconds_each(one_presentation) / STEPS
    rows = [Row(_name(sizes, batch), "bare matrix products", 0.0, bare, 1, "steps")]
    for label, deferred in (("torch", False), ("torch, gathered", True)):
        build, seconds = step_seconds(sizes, batch, deferred)
        rows.append(Row(_name(sizes, batch), label, build, seconds, 1, "steps"))
    return rows


def _name(sizes: Sequence[int], batch: int) -> str:
    return f"{'-'.join(map(str, sizes))}, batch {batch}"


def step_seconds(
    sizes: Sequence[int], batch: int, deferred: bool, device: str = "cpu"
) -> tuple[float, float]:
    """Seconds to build the engine, and seconds of one plastic time step (float32)."""
    start = time.perf_counter()
    timing = Timing(STEPS, 0, 0, STEPS * 1e-3)
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
    each = _seconds_each(lambda: engine.present(inputs, targets))
    return build, each / STEPS


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
