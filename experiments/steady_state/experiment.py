"""``tuft steady-state``: microcircuits at rest learn to classify images, beside backpropagation.

A learner's rates relative to one another are set by hand; a common factor of them is selected by
the validation error after a few epochs, then it learns from the start for more of them. In both the
rate falls to 0 as half a cosine. The weights with the least validation error are tested, once.
"""

import contextlib
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from compartments.domains import Count, Positive
from compartments.sizes import check_size
from experiments.lab.progress import Report
from experiments.lab.runner import FolderName, SeededConfig
from experiments.lab.samples import data_folder
from experiments.steady_state.kinds import IMAGE_LEARNERS, kind
from experiments.steady_state.learning import Course, ImageParts, learned, test_error
from experiments.steady_state.page import draw, sentences
from rate_bridge.data import Source, Split, load
from rate_bridge.devices import one_thread
from rate_bridge.training.options import EPOCH_SECONDS

__all__ = ["Config", "draw", "measure", "sentences"]


@dataclass(frozen=True)
class Config(SeededConfig):
    """Learn to classify images at rest, a factor of each learner's rates selected."""

    dataset: str = "mnist"
    """A set of images, such as mnist or digits."""
    learners: tuple[str, ...] = tuple(IMAGE_LEARNERS)
    """microcircuit, slow-middle, frozen, all-plastic, backprop or shallow."""
    factors: tuple[Positive, ...] = (0.3, 0.6, 1.2)
    """Factors of a learner's rates, of which one is selected."""
    search_epochs: Count = 1
    """Epochs after which it is selected."""
    epochs: Count = 25
    """Epochs of learning then."""
    batch: Count = 10
    """Samples in one step."""
    name: FolderName = "steady-state"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.factors or not self.learners:
            raise ValueError("steady-state: --learners and --factors need at least one value.")
        for name in self.learners:
            kind(name)
        epochs = max(self.epochs, self.search_epochs)
        check_size("steady-state", "--epochs", least_seconds=EPOCH_SECONDS * epochs)

    @property
    def checkpoints(self) -> Path:
        """Where what is done is kept until the result is published."""
        return self.out / f".{self.name}-epochs"

    @cached_property
    def used(self) -> set[Path]:
        """The checkpoints of this run."""
        return set()

    def forget(self) -> None:
        """Delete them, and their folder if no other run keeps any there."""
        super().forget()
        for file in self.used:
            file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.checkpoints.rmdir()


def measure(config: Config, folder: Path, progress: Report) -> dict[str, Any]:
    """Every learner's selection and learning curve, and its test error."""
    data = images(config.dataset)
    rows = []
    with one_thread():
        for k, name in enumerate(config.learners):

            def report(share: float, begun: int = k) -> None:
                progress((begun + share) / len(config.learners))

            rows.append(row(config, name, data, report))
    return {"dataset": config.dataset, "provenance": data.provenance, "rows": rows}


def row(config: Config, name: str, data: ImageParts, report: Report) -> dict[str, Any]:
    """One learner: what was tried, what was selected, its curve."""
    tried = []

    def course_at(factor: float, epochs: int) -> Course:
        course = Course(name, factor, epochs, config.batch, config.seed)
        config.used.add(config.checkpoints / course.file(data))
        return course

    for factor in config.factors:
        course = course_at(float(factor), config.search_epochs)
        state = learned(course, data, config.checkpoints, lambda share: None)
        tried.append({"factor": float(factor), "validation": state.chosen["validation"]})
    best = min(tried, key=lambda one: one["validation"])["factor"]
    course = course_at(best, config.epochs)
    state = learned(course, data, config.checkpoints, report)
    return {
        "learner": name,
        **asdict(kind(name)),
        "tried": tried,
        "factor": best,
        "history": state.history,
        "epoch": state.chosen["epoch"],
        "validation": state.chosen["validation"],
        "test": test_error(course, data, state),
    }


def images(name: str) -> ImageParts:
    """A set of images with pixels from 0 to 1.

    Raises
    ------
    ValueError
        For a data set that is none.
    """
    found = load(name, Source(data_folder()))
    scaling = found.provenance["scaling"]
    if found.task != "images":
        raise ValueError(f"--dataset {name} holds no images; choose mnist or digits, say.")

    def part(split: Split) -> tuple[torch.Tensor, torch.Tensor]:
        pixels = split.inputs.flatten(1).float() * scaling["deviation"] + scaling["mean"]
        return pixels.contiguous(), split.targets

    parts = part(found.train), part(found.validation), part(found.test)
    then = {"pixels": "0 to 1"}
    return ImageParts(*parts, found.n_out, {**found.provenance, "then": then})
