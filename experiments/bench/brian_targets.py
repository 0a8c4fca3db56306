"""Speed of Brian2's targets on networks in which every W and Theta is plastic."""

import numpy as np
from brian2 import ms

from experiments.bench.rows import EngineRate, LeftOut, Measured, attempted
from experiments.lab.progress import Report
from experiments.lab.samples import samples
from models import Schedule, dll_network, simulate

STEPS = {
    (64, 32, 32, 10): {"numpy": 800, "cython": 4_000, "cpp_standalone": 80_000},
    (784, 500, 500, 10): {"numpy": 80, "cython": 160, "cpp_standalone": 800},
}
"""Networks, and how many steps each target takes: rates are compared, not totals."""

PRESENTATION_STEPS = 40
"""Steps of 1 ms in a presentation; short, so that slow targets see several."""


def brian_targets(full: bool, progress: Report) -> Measured:
    """numpy, cython and cpp_standalone side by side; ``full`` adds an epoch of digits."""
    jobs = [
        (sizes, target, steps) for sizes, each in STEPS.items() for target, steps in each.items()
    ]
    rows: list[EngineRate | LeftOut] = []
    for k, (sizes, target, steps) in enumerate(jobs):

        def report(fraction: float, done: int = k) -> None:
            progress((done + fraction) / (len(jobs) + full))

        rows.append(_measured(sizes, target, _noise(sizes, steps // PRESENTATION_STEPS), report))
    if full:
        rows.append(
            digits_epoch(lambda fraction: progress((len(jobs) + fraction) / (len(jobs) + 1)))
        )
    return rows


def digits_epoch(progress: Report) -> EngineRate | LeftOut:
    """All training digits once, 400 ms each in steps of 1 ms, in one cpp_standalone run."""
    data = samples("digits")
    chosen = data.presented(1437, seed=0)
    schedule = Schedule(
        {
            "stimulus": data.train.inputs[chosen],
            "target": data.targets(data.train.labels[chosen]),
        },
        presentation=400 * ms,
        lag=150 * ms,
    )
    return _measured((64, 32, 32, 10), "cpp_standalone", schedule, progress, "digits, one epoch, ")


def _noise(sizes: tuple[int, ...], presentations: int) -> Schedule:
    """Random stimuli and one-hot targets."""
    generator = np.random.default_rng(0)
    inputs = generator.normal(0, (5 / sizes[0]) ** 0.5, (presentations, sizes[0]))
    targets = np.eye(sizes[-1])[generator.integers(sizes[-1], size=presentations)]
    given = {"stimulus": inputs, "target": targets}
    return Schedule(given, presentation=PRESENTATION_STEPS * ms)


def _measured(
    sizes: tuple[int, ...], target: str, schedule: Schedule, progress: Report, prefix: str = ""
) -> EngineRate | LeftOut:
    """One run; each synapse and each time step count as one synapse-step."""
    network = dll_network(sizes)
    synapses = sum(weights.size for weights in network.weights.values())
    amount = synapses * round(float(schedule.duration / ms))
    name = prefix + "-".join(map(str, sizes))

    def measure() -> EngineRate:
        run = simulate(network, schedule, dt=1 * ms, codegen=target, progress=progress)
        return EngineRate(
            name, target, run.seconds["build"], run.seconds["run"], amount, "synapse-steps"
        )

    return attempted(name, target, measure)
