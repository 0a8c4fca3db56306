"""One learner through its epochs, which goes on where it was stopped."""

import math
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from compartments.sealed_files import opened_sealed, remove_abandoned, written_sealed
from experiments.lab.kept_results import cell_name
from experiments.lab.progress import Report
from experiments.lab.storage import versions
from experiments.steady_state.kinds import kind
from experiments.steady_state.learners import LearnsInPlace, learner

WATCHED = 1000
"""Validation samples of which angles and apical potentials are looked at."""


@dataclass(frozen=True)
class ImageParts:
    """Flat images (sample, pixel) and class numbers, in three parts."""

    train: tuple[Float[Tensor, "n_train n_in"], Int[Tensor, "n_train"]]
    validation: tuple[Float[Tensor, "n_validation n_in"], Int[Tensor, "n_validation"]]
    test: tuple[Float[Tensor, "n_test n_in"], Int[Tensor, "n_test"]]
    classes: int
    provenance: dict[str, Any]

    @property
    def described(self) -> dict[str, Any]:
        """Where they come from, with the hashes of their files, and how many there are."""
        parts = (self.train, self.validation, self.test)
        sizes = [list(inputs.shape) for inputs, _ in parts]
        return {"data": self.provenance, "sizes": sizes, "classes": self.classes}


@dataclass(frozen=True)
class Course:
    """One learner's way.

    Parameters
    ----------
    name : str
        Of the learner.
    factor : float
        Of its learning rates; it falls to 0 as half a cosine.
    epochs, batch, seed : int
        How long, how many samples a step, and the seed of weights and orders.
    """

    name: str
    factor: float
    epochs: int
    batch: int
    seed: int

    def scale(self, done: float) -> float:
        """What is left of the rate after that share of all steps."""
        return 0.5 * (1 + math.cos(math.pi * done))

    def file(self, data: ImageParts) -> str:
        """A name for its checkpoint, of all that its weights depend on."""
        described = {"course": asdict(self), "learner": asdict(kind(self.name))}
        described |= {**data.described, "versions": versions()}
        return f"{cell_name(self.name, described)}.pt"


@dataclass(frozen=True)
class Progressed:
    """After some epochs: weights, those of the best validation error, and the way there."""

    weights: dict[str, Tensor]
    best: dict[str, Tensor]
    history: list[dict[str, Any]]

    @property
    def chosen(self) -> dict[str, Any]:
        """The epoch with the least validation error; of equal ones the first."""
        return min(self.history, key=lambda row: row["validation"])


def learned(course: Course, data: ImageParts, kept: Path, report: Report) -> Progressed:
    """The learner after all epochs; each is kept when it is done.

    A learner whose weights stop being finite ends there, its errors those of chance.
    """
    n_in = data.train[0].shape[1]
    model = learner(kind(course.name), n_in, data.classes, course.factor, course.seed)
    path = kept / course.file(data)
    state = _begun(path, model)
    for epoch in range(len(state.history), course.epochs):
        if state.history and not state.history[-1]["finite"]:
            break
        begun = time.perf_counter(), time.process_time()
        _epoch(course, epoch, data, model)
        row = {"epoch": epoch + 1, **_seen(model, data)}
        ends = time.perf_counter(), time.process_time()
        row |= {"seconds": ends[0] - begun[0], "cpu_seconds": ends[1] - begun[1]}
        history = [*state.history, row]
        state = replace(state, history=history)
        if state.chosen is row:
            best = {name: w.clone() for name, w in model.weights.items()}
            state = replace(state, best=best)
        _keep(path, state)
        report((epoch + 1) / course.epochs)
    return state


def _epoch(course: Course, epoch: int, data: ImageParts, model: LearnsInPlace) -> None:
    """Every training sample once, in an order of its own."""
    inputs, labels = data.train
    generator = torch.Generator().manual_seed(1000 * course.seed + epoch)
    order = torch.randperm(len(labels), generator=generator)
    steps = -(-len(labels) // course.batch)
    for step, rows in enumerate(order.split(course.batch)):
        scale = course.scale((epoch + step / steps) / course.epochs)
        model.advance(inputs[rows], labels[rows], scale)


def _seen(model: LearnsInPlace, data: ImageParts) -> dict[str, Any]:
    """Errors on as many training samples as there are for validation, and what is watched."""
    if not all(bool(torch.isfinite(w).all()) for w in model.weights.values()):
        chance = 1 - 1 / data.classes
        return {"finite": False, "train": chance, "validation": chance}
    inputs, labels = data.validation
    part = slice(len(labels))
    return {
        "finite": True,
        "train": model.error(data.train[0][part], data.train[1][part]),
        "validation": model.error(inputs, labels),
        **model.observed(inputs[:WATCHED], labels[:WATCHED]),
    }


def test_error(course: Course, data: ImageParts, state: Progressed) -> float:
    """Of the weights with the least validation error."""
    n_in = data.train[0].shape[1]
    model = learner(kind(course.name), n_in, data.classes, course.factor, course.seed)
    model.weights.update(state.best)
    return model.error(*data.test)


def _begun(path: Path, model: LearnsInPlace) -> Progressed:
    """What is kept of this course, its weights given to the learner; else the beginning."""
    if not path.is_file():
        return Progressed(model.weights, dict(model.weights), [])
    with opened_sealed(path, f"Delete {path} to start again.") as file:
        found = torch.load(file, weights_only=True)
    model.weights.update(found["weights"])
    return Progressed(model.weights, found["best"], found["history"])


def _keep(path: Path, state: Progressed) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(path.parent)
    with written_sealed(path) as file:
        content = {"weights": state.weights, "best": state.best, "history": state.history}
        torch.save(content, file)
