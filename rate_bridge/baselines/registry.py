"""Which baselines there are: one line each."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from torch import nn

from compartments.lookup import unknown_name
from rate_bridge.baselines.characters import bigram, n_gram
from rate_bridge.baselines.classes import most_common
from rate_bridge.baselines.images import logistic as logistic_of_pixels
from rate_bridge.baselines.images import nearest_neighbours
from rate_bridge.baselines.selection import Choice
from rate_bridge.baselines.series import least_squares, mean, persistence, target_before
from rate_bridge.baselines.words import logistic as logistic_of_words
from rate_bridge.baselines.words import naive_bayes
from rate_bridge.data import Dataset, Split
from rate_bridge.data.dataset import Task


def as_stored(split: Split) -> Split:
    """Codes in place of the vectors that they stand for; anything else as it is."""
    return Split(split.inputs, split.targets)


class Baseline(NamedTuple):
    """An answer that needs no network.

    Attributes
    ----------
    fits : dict
        From a task to what fits the baseline on the training part.
    shown : callable
        What it is shown of a part.
    beyond : str
        What it sees and a network does not; empty where they see the same.
    """

    fits: dict[Task, Callable[[Dataset], Choice]]
    shown: Callable[[Split], Split] = as_stored
    beyond: str = ""


BASELINES: dict[str, Baseline] = {
    "mean": Baseline({"series": mean}),
    "linear": Baseline({"series": least_squares}),
    "persistence": Baseline({"series": persistence}, target_before, "the target's past"),
    "most-common": Baseline(dict.fromkeys(("images", "sentences", "characters"), most_common)),
    "bigram": Baseline({"characters": bigram}),
    "n-gram": Baseline({"characters": n_gram}),
    "naive-bayes": Baseline({"sentences": naive_bayes}),
    "logistic": Baseline({"images": logistic_of_pixels, "sentences": logistic_of_words}),
    "knn": Baseline({"images": nearest_neighbours}),
}


class FittedBaseline(NamedTuple):
    """A baseline fitted on a data set.

    Attributes
    ----------
    model : torch.nn.Module
    dataset : Dataset
        The parts as the model is shown them.
    selection : dict
        How its free numbers were found.
    """

    model: nn.Module
    dataset: Dataset
    selection: dict[str, Any]


def fitted(name: str, dataset: Dataset) -> FittedBaseline:
    """The baseline ``name`` of ``dataset``.

    Raises
    ------
    ValueError
        For a baseline that does not fit the data set's task.
    """
    baseline = BASELINES[name]
    if dataset.task not in baseline.fits:
        able = [other for other, entry in BASELINES.items() if dataset.task in entry.fits]
        raise unknown_name(f"baseline of {dataset.task} ({dataset.name})", name, able)
    train, validation, test = (baseline.shown(split) for _, split in dataset.parts())
    seen = replace(dataset, train=train, validation=validation, test=test)
    model, selection = baseline.fits[dataset.task](seen)
    return FittedBaseline(model, seen, selection)
