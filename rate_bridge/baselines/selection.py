"""The free numbers of a baseline: chosen on the validation part, as a network's epoch is."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from torch import nn

from rate_bridge.data import Dataset
from rate_bridge.training.evaluation import evaluate


class Choice(NamedTuple):
    """A fitted model and how its free numbers were found.

    Attributes
    ----------
    model : torch.nn.Module
        Answers as a network does: log-probabilities or logits of classes, or values.
    selection : dict
        The candidates, their accuracy on the validation part, and the one that was taken.
    """

    model: nn.Module
    selection: dict[str, Any]


def selected(
    name: str,
    candidates: Sequence[Any],
    model: Callable[[Any], nn.Module],
    dataset: Dataset,
    patience: int | None = None,
) -> Choice:
    """The model with the best accuracy on the validation part; of equal ones, the least loss.

    Parameters
    ----------
    name : str
        What the candidates are values of, for the record.
    candidates : sequence
        Numbers, from the most regular to the least.
    model : callable
        From a candidate to the model fitted with it on the training part.
    dataset : Dataset
        As the model is shown it.
    patience : int, optional
        Stop after so many candidates that were not better than the best; by default all are tried.
    """
    best: tuple[tuple[float, float], Any, nn.Module] | None = None
    accuracies: list[float] = []
    since = 0
    for candidate in candidates:
        made = model(candidate)
        scores = evaluate(made, dataset.validation, dataset.kind)
        accuracies.append(scores["accuracy"])
        merit = scores["accuracy"], -scores["loss"]
        if best is None or merit > best[0]:
            best, since = (merit, candidate, made), 0
        else:
            since += 1
        if since == patience:
            break
    if best is None:
        raise ValueError(f"No candidates for {name!r}.")
    record = {
        name: best[1],
        "candidates": list(candidates[: len(accuracies)]),
        "validation_accuracy": accuracies,
    }
    return Choice(best[2], record)
