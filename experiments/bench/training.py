"""Speed of a training step by each rule, as rows of ``tuft bench``."""

from experiments.bench import training_step as bench_step
from experiments.bench.rows import EngineRate
from experiments.lab.progress import Report


def training_steps(full: bool, progress: Report) -> list[EngineRate]:
    """Rules beside backpropagation, in turns; ``full`` takes more of them."""
    rounds, steps = (30, 4) if full else (5, 2)
    measured = bench_step.rows(
        bench_step.Config(rounds=rounds, steps=steps, memory=False), progress
    )
    return [
        EngineRate(f"training, {row.network}", row.rule, None, row.seconds, 1, "training steps")
        for row in measured
    ]
