"""Copies through their steps: errors on the way, and the angle to backpropagation."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from experiments.lab.progress import Report
from experiments.regression.learners import Copies
from experiments.regression.task import RECTIFIER, Regression

VALIDATION, TEST, TRAINING = 800, 801, 0
"""Parts of the stimuli; training has one of each seed."""

HELD_OUT = 1000
"""Stimuli for validation, and as many for the test."""


def relative_error(
    copies: Copies, task: Regression, stimuli: Float[Tensor, "n n_in"]
) -> Float[Tensor, "copy"]:
    """Mean square error of rates over the variance of the teacher's."""
    goal = RECTIFIER.function(task.potentials(stimuli))
    count = len(next(iter(copies.weights.values())))
    missed = copies.answers(stimuli.expand(count, -1, -1)) - goal
    spread = ((goal - goal.mean(0)) ** 2).mean()
    return (missed**2).mean((1, 2)) / spread


def learned(
    copies: Copies,
    task: Regression,
    seeds: Sequence[int],
    steps: int,
    batch: int,
    points: int,
    report: Report,
) -> dict[str, Any]:
    """Learn; rates fall to 0 as half a cosine.

    Copies of one seed are shown the same stimuli. A copy that diverges has no error from then on.

    Returns
    -------
    dict
        ``steps`` (point,), ``validation`` (point, copy), ``angle`` (point, copy) where there are
        lower weights that learn, else empty.
    """
    watched = task.stimuli(VALIDATION, HELD_OUT)
    generators = {seed: torch.Generator().manual_seed(7_000_000 + seed) for seed in seeds}
    when = {round(k * steps / points) for k in range(1, points + 1)}
    found: dict[str, Any] = {"steps": [], "validation": [], "angle": []}
    for step in range(steps + 1):
        if step == 0 or step in when:
            found["steps"].append(step)
            found["validation"].append(relative_error(copies, task, watched).tolist())
            if copies.kind.hidden:
                shown = watched.expand(len(seeds), -1, -1)
                found["angle"].append(copies.angles(shown, task.potentials(shown)).tolist())
            report(step / steps)
        if step < steps:
            stimuli = drawn(generators, seeds, batch, task.sizes[0])
            scale = 0.5 * (1 + math.cos(math.pi * step / steps))
            copies.advance(stimuli, task.potentials(stimuli), scale)
    return found


def drawn(
    generators: dict[int, torch.Generator], seeds: Sequence[int], batch: int, n_in: int
) -> Float[Tensor, "copy batch n_in"]:
    """The next stimuli of every copy."""
    each = {
        seed: 2 * torch.rand(batch, n_in, generator=generator, dtype=torch.float64) - 1
        for seed, generator in generators.items()
    }
    return torch.stack([each[seed] for seed in seeds])
