"""Learning in continuous time while plasticity pauses after every switch of stimuli."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from brian2 import ms
from jaxtyping import Float

from experiments.lab.classification import classifier
from experiments.lab.continuous_learning import accuracies, orders, silence_diverged, surviving
from experiments.lab.models import chosen, parsed_options
from experiments.lab.progress import Report
from experiments.lab.samples import Samples, samples
from models import Network, WeightBundle
from rate_bridge.ode_engine.engine import OdeEngine, Timing

QUARTERS = 4
"""Validation accuracy is measured so often; the last quarter may learn at a lower rate."""


@dataclass(frozen=True)
class PauseTask:
    """What is learned, how long, and by which network.

    Parameters
    ----------
    dataset, power
        See :func:`experiments.lab.samples.samples`.
    hidden, model, options
        Of the network; options as texts.
    targets : tuple of float
        The target of wrong classes, and of the right one.
    epochs, batch : int
        Passes through the training part; presentations in parallel, each a stream of its own.
    final_rate : float
        The part of the learning rates that is used in the last quarter of all presentations.
    presentation_ms, dt_ms : float
        How long each sample is shown, pause included; and the time step of Euler's rule, under
        which the integral of what one stage is behind is exact.
    """

    dataset: str
    power: float
    hidden: tuple[int, ...]
    model: str
    options: tuple[str, ...]
    targets: tuple[float, float]
    epochs: int
    batch: int
    final_rate: float
    presentation_ms: float
    dt_ms: float

    @cached_property
    def data(self) -> Samples:
        """The samples."""
        return samples(self.dataset, self.power)

    @property
    def count(self) -> int:
        """How many minibatches are shown."""
        return self.epochs * (len(self.data.train.labels) // self.batch)

    def network(self, options: Sequence[str], seed: int) -> Network:
        """The network with these options beside, or in place of, its own."""
        given = parsed_options(self.options) | parsed_options(options)
        return classifier(chosen(self.model), self.data, self.hidden, seed, given)

    def target(self, labels: np.ndarray) -> Float[np.ndarray, "sample n_out"]:
        """What the output is nudged to."""
        wrong, right = self.targets
        return wrong + (right - wrong) * self.data.targets(labels)

    def rate_at(self, number: int) -> float:
        """The part of its learning rate with which a minibatch is learned."""
        return self.final_rate if QUARTERS * number >= (QUARTERS - 1) * self.count else 1.0

    def is_quarter(self, number: int) -> bool:
        """Whether a further quarter ends with that minibatch."""
        ends = {-(-self.count * k // QUARTERS) for k in range(1, QUARTERS + 1)}
        return number + 1 in ends


@dataclass(frozen=True)
class PauseCell:
    """Copies of a task's network that learn side by side with one pause.

    Parameters
    ----------
    task : PauseTask
        What they learn.
    variants : tuple of tuple of str
        Options of each; they may differ in values of constants and in weights only.
    seeds : tuple of int
        For initial weights and the order of the samples; each variant has all.
    pause_ms : float
        Time after each switch for which plasticity is off.
    """

    task: PauseTask
    variants: tuple[tuple[str, ...], ...]
    seeds: tuple[int, ...]
    pause_ms: float

    def __post_init__(self) -> None:
        shown_ms = self.task.presentation_ms
        if not self.pause_ms < shown_ms:
            raise ValueError(
                f"A pause of {self.pause_ms:g} ms leaves nothing of a presentation of "
                f"{shown_ms:g} ms."
            )
        for what, time_ms in (("presentation", shown_ms), ("pause", self.pause_ms)):
            steps = time_ms / self.task.dt_ms
            if abs(steps - round(steps)) > 1e-6:
                raise ValueError(
                    f"A {what} of {time_ms:g} ms is no whole number of time steps of "
                    f"{self.task.dt_ms:g} ms; choose another time or step."
                )

    @property
    def copies(self) -> list[tuple[tuple[str, ...], int]]:
        """(options, seed) of every copy."""
        return [(variant, seed) for variant in self.variants for seed in self.seeds]

    def networks(self) -> list[Network]:
        """The copies' descriptions."""
        return [self.task.network(variant, seed) for variant, seed in self.copies]

    def timing(self, rate: float) -> Timing:
        """Steps of presentation and pause; with a lower rate as in a longer window."""
        shown_ms, dt_ms = self.task.presentation_ms, self.task.dt_ms
        window_s = (shown_ms - self.pause_ms) * 1e-3
        return Timing(round(shown_ms / dt_ms), round(self.pause_ms / dt_ms), 0, window_s / rate)


def learned(cell: PauseCell, progress: Report | None = None) -> dict[str, Any]:
    """Learn, and report accuracies of the weights at rest.

    A copy that diverges ends with what it had; NaN marks what it did not reach.

    Returns
    -------
    dict
        ``validation`` (quarter, variant, seed), ``test`` (variant, seed), ``seconds``, ``steps``.
    """
    start, nets, data = time.perf_counter(), cell.networks(), cell.task.data
    shape = (-1, len(cell.variants), len(cell.seeds))
    curve, bundles = _run(cell, nets, progress or (lambda fraction: None))
    return {
        "pause_ms": cell.pause_ms,
        "validation": np.reshape(curve, shape),
        "test": np.reshape(accuracies(nets, bundles, data.test), shape[1:]),
        "steps": cell.timing(1.0).presentation * cell.task.count,
        "seconds": time.perf_counter() - start,
    }


def _run(
    cell: PauseCell, nets: Sequence[Network], progress: Report
) -> tuple[list[list[float]], list[WeightBundle | None]]:
    task, data = cell.task, cell.task.data
    engine = OdeEngine(
        nets, cell.timing(1.0), batch=task.batch, dt=task.dt_ms * ms, dtype=torch.float32
    )
    inputs = torch.as_tensor(data.train.inputs, dtype=torch.float32)
    targets = torch.as_tensor(task.target(data.train.labels), dtype=torch.float32)
    seeds = [seed for _, seed in cell.copies]
    rows = torch.as_tensor(orders(data, seeds, task.epochs, task.batch))
    curve: list[list[float]] = []
    alive: list[WeightBundle | None] = list(engine.weights)
    for number in range(task.count):
        shown = rows[:, number * task.batch : (number + 1) * task.batch]
        timing = cell.timing(task.rate_at(number))
        engine.present({"stimulus": inputs[shown], "target": targets[shown]}, timing=timing)
        if number % 50 == 0 and silence_diverged(engine):
            break
        progress((number + 1) / task.count)
        if task.is_quarter(number):
            alive = surviving(engine)
            curve.append(accuracies(nets, alive, data.validation))
    lost = [float("nan")] * len(nets)
    missing = QUARTERS - len(curve)
    return curve + [lost] * missing, [None] * len(nets) if missing else alive
