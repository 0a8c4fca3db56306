"""How well a learner learns under a condition: trained on samples, read on the test part once."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from experiments.audit.conditions import CONDITIONS, HALF_WAY, Bench
from experiments.audit.subjects import learner
from experiments.lab.samples import Part, Samples, samples
from rate_bridge.audit.program import HeldPass, roles
from rate_bridge.audit.transport import cosine, feedback
from rate_bridge.layers.convert import convert, parameter_groups

RATES = (3e-3, 1e-2, 3e-2, 1e-1)
"""Adam's, of which the best on validation samples is taken for all conditions alike."""

SEARCH_SEED = 1000
"""Of the network on which the rate is selected; none of those that are reported."""


@dataclass(frozen=True)
class Lesson:
    """One learner under one condition.

    Parameters
    ----------
    rule, dataset, hidden
        Who learns what, with which hidden layers.
    condition, level
        Of :data:`experiments.audit.conditions.CONDITIONS`.
    rate : float
        Adam's.
    seed : int
        For weights, order of samples, and the condition.
    epochs, batch : int
        Passes through the training part; samples in a step.
    """

    rule: str
    dataset: str
    hidden: tuple[int, ...]
    condition: str
    level: float
    rate: float
    seed: int
    epochs: int
    batch: int


def lesson_learned(lesson: Lesson) -> dict[str, Any]:
    """Accuracy on validation samples after every epoch, on test samples at the end, and angles.

    Returns
    -------
    dict
        ``validation`` (epoch), ``test``; with the condition "as it is" also ``alignment`` and
        ``angle``, by weights (epoch): degrees between effective feedback and W, and between
        the update and backpropagation's.
    """
    data = samples(lesson.dataset)
    sizes = (data.train.inputs.shape[1], *lesson.hidden, data.n_classes)
    model = learner(lesson.rule)(sizes, lesson.seed).float()
    inputs = _inputs(data.train)
    bench = Bench(model, roles(model, inputs[:8]), torch.Generator().manual_seed(lesson.seed))
    condition = CONDITIONS[lesson.condition]
    after = None if condition.half_way else condition.act(bench, lesson.level)
    angles: dict[str, list[Any]] = {"alignment": [], "angle": []}
    curve: list[float] = []

    def half_way() -> None:
        if condition.half_way:
            condition.act(bench, lesson.level)

    def each_epoch() -> None:
        curve.append(accuracy(model, data.validation))
        if lesson.condition == "as it is":
            angles["alignment"].append(alignment(model, data))
            angles["angle"].append(update_angles(model, data))

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(lesson.seed)
        _train(lesson, model, data, after, half_way, each_epoch)
    found = {"validation": curve, "test": accuracy(model, data.test)}
    return found | {name: values for name, values in angles.items() if values}


def _train(
    lesson: Lesson,
    model: nn.Module,
    data: Samples,
    after: Callable[[], None] | None,
    half_way: Callable[[], None],
    each_epoch: Callable[[], None],
) -> None:
    inputs, labels = _inputs(data.train), torch.as_tensor(data.train.labels)
    optimizer = torch.optim.Adam(parameter_groups(model, lesson.rate))
    generator = np.random.default_rng(lesson.seed)
    middle, settling = int(HALF_WAY * lesson.epochs), CONDITIONS[lesson.condition].settling
    for epoch in range(lesson.epochs):
        if epoch == middle:
            half_way()
        model.train()
        for rows in torch.as_tensor(generator.permutation(len(labels))).split(lesson.batch):
            for _ in range(1 + settling):
                optimizer.zero_grad()
                F.cross_entropy(model(inputs[rows]), labels[rows]).backward()
            optimizer.step()
            if after is not None:
                after()
        each_epoch()


def _inputs(part: Part) -> Tensor:
    return torch.as_tensor(part.inputs, dtype=torch.float32)


@torch.no_grad()
def accuracy(model: nn.Module, part: Part) -> float:
    """Share of right answers."""
    model.eval()
    return part.accuracy(model(_inputs(part)).double().numpy())


PROBE = 32
"""Samples on which angles are taken."""


def alignment(model: nn.Module, data: Samples) -> dict[str, float]:
    """Degrees between each layer's effective feedback and its weights W0, W1, ..."""
    still = copy.deepcopy(model).double()
    inputs, labels = _probe(data)
    held = HeldPass(still, inputs.double(), labels)
    found = {}
    parameters, matrices = dict(still.named_parameters()), feedback(held)
    for number, path in enumerate(held.layers):
        weight, matrix = parameters.get(f"{path}.weight"), matrices.get(path)
        if weight is None or matrix is None or weight.shape != matrix.shape:
            continue
        if bool(matrix.any()):
            found[f"W{number}"] = degrees(cosine(matrix, weight.detach()))
    return found


def update_angles(model: nn.Module, data: Samples) -> dict[str, float]:
    """Degrees between the updates of W0, W1, ... and backpropagation's; empty without any."""
    inputs, labels = _probe(data)
    try:
        models = (convert(model, "bp"), copy.deepcopy(model))
    except ValueError:  # a module of the user's own, which has no such counterpart
        return {}
    grads = []
    for each in models:
        each.zero_grad()
        F.cross_entropy(each(inputs), labels).backward()
        grads.append({n: p.grad for n, p in each.named_parameters() if p.grad is not None})
    named = enumerate(grads[0].items())
    return {f"W{k}": degrees(cosine(grads[1][n], g)) for k, (n, g) in named if n in grads[1]}


def _probe(data: Samples) -> tuple[Tensor, Tensor]:
    labels = torch.as_tensor(data.validation.labels[:PROBE])
    return _inputs(data.validation)[:PROBE], labels


def degrees(cosine_of_it: float) -> float:
    """The angle of a cosine."""
    return float(np.degrees(np.arccos(np.clip(cosine_of_it, -1, 1))))
