"""When a run that ends with finite numbers has failed nevertheless: five criteria, with reasons.

A run is judged by its *end*, not by its best epoch: that its weights were good once does not say
that the rule learns. What an answer without information is worth is measured on the data.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from rate_bridge.data import Dataset
from rate_bridge.data.dataset import Kind
from rate_bridge.training.evaluation import class_loss, squared_loss

CHANCE_DEVIATIONS = 2.0
"""Chance: an accuracy that is not above the share of the most frequent class by two standard
deviations of that many guesses; a network without information is taken for better once in 44."""

LOST_PART = 0.5
"""Lost: at the end, less than half of what the best epoch had above chance. From epoch to epoch a
network that learns gives back a few per cent of it."""

LOSS_FACTOR = 2.0
"""Loss: the training part's loss ends above twice what it was untrained, and above twice that of
the best constant answer (a time series: of the mean). Steps around a constant answer add a few per
cent. The training part, because overfitting raises the others, and because a time series may drift
so far between its parts that even least squares is worse than the mean."""

WEIGHT_FACTOR = 1000.0
"""Weights: the root mean square of a W or Theta ends above a thousand times its start. Of networks
that learn, the most seen is 31 (kp on the digits, Theta from 0.05 at ten times W's rate); where the
plus rule runs away it is 1e4 to 1e30."""


@dataclass(frozen=True)
class Uninformed:
    """What an answer that does not look at the input is worth.

    Attributes
    ----------
    accuracy : float
        Share of the most frequent class of the validation part; not a number for a time series.
    predictions : int
        How many answers the validation part asks for.
    loss : float
        Of the best constant answer to the training part, per prediction.
    """

    accuracy: float
    predictions: int
    loss: float


@dataclass(frozen=True)
class Collapse:
    """Why a run counts as collapsed.

    Attributes
    ----------
    reason : {"constant", "chance", "lost", "loss", "weights"}
    message : str
        One sentence with the figures.
    figures : dict
        What was compared.
    """

    reason: str
    message: str
    figures: dict[str, float]


def uninformed(dataset: Dataset, loss: str = "cross-entropy") -> Uninformed:
    """What an answer without information is worth on ``dataset``."""
    targets, held = dataset.train.targets.cpu(), dataset.validation.targets.cpu()
    if dataset.kind == "series":
        values = targets.double()
        steps = math.prod(values.shape[:-1])
        mean = values.mean(tuple(range(values.dim() - 1))).expand_as(values)
        return Uninformed(math.nan, held.numel(), float(squared_loss(mean, values)) / steps)
    shares = torch.bincount(targets.flatten(), minlength=dataset.n_out).double() / targets.numel()
    answer = shares.clamp_min(1e-300).log() if loss == "cross-entropy" else shares
    each = [float(class_loss(answer[None], torch.tensor([k]), loss)) for k in range(len(shares))]
    most = int(torch.bincount(held.flatten()).max())
    return Uninformed(
        most / held.numel(), held.numel(), float(shares @ torch.tensor(each).double())
    )


def weight_sizes(model: nn.Module) -> dict[str, float]:
    """The root mean square of each parameter; biases, which start at zero, are left out."""

    def size(tensor: Tensor) -> float:
        return float(tensor.detach().double().square().mean().sqrt())

    return {name: size(p) for name, p in model.named_parameters() if p.dim() > 1}


def collapse(
    kind: Kind,
    history: Sequence[Mapping[str, Any]],
    start: Mapping[str, Any] | None = None,
    nothing: Uninformed | None = None,
) -> Collapse | None:
    """Whether a run has collapsed, by the first criterion that says so.

    Parameters
    ----------
    kind : {"classes", "series"}
    history : sequence of dict
        One entry an epoch, as :class:`rate_bridge.training.trainer.Fitted` holds them.
    start : dict, optional
        ``loss`` and ``weights`` before the first step. Without it, as in records older than these
        criteria, weights are not judged, and the loss by the first epoch's.
    nothing : Uninformed, optional
        Without it, as in older records, chance is not judged, and taken as 0 for what was lost.
    """
    if not history:
        return None
    for judge in JUDGES[kind]:
        found = judge(history, start, nothing)
        if found is not None:
            return found
    return None


def as_record(
    found: Collapse | None, start: Mapping[str, Any], nothing: Uninformed
) -> dict[str, Any]:
    """What a run's record says of it: the verdict and what was compared."""
    return {
        "collapse": None if found is None else asdict(found),
        "start": dict(start),
        "uninformed": asdict(nothing),
    }


def _constant(history: Any, start: Any, nothing: Any) -> Collapse | None:
    last = history[-1]["validation"]
    if not last["constant"]:
        return None
    share = last.get("most_common")
    figures = {"spread": last["spread"]} if share is None else {"most_common": share}
    return Collapse("constant", "it ends with one answer to the whole validation part", figures)


def _at_chance(history: Any, start: Any, nothing: Uninformed | None) -> Collapse | None:
    if nothing is None:
        return None
    deviation = math.sqrt(nothing.accuracy * (1 - nothing.accuracy) / nothing.predictions)
    bound = nothing.accuracy + CHANCE_DEVIATIONS * deviation
    accuracy = history[-1]["validation"]["accuracy"]
    if accuracy > bound:
        return None
    return Collapse(
        "chance",
        f"it ends at chance: validation accuracy {100 * accuracy:.1f} %, the most frequent class "
        f"alone {100 * nothing.accuracy:.1f} % of {nothing.predictions}",
        {"accuracy": accuracy, "chance": nothing.accuracy, "bound": bound},
    )


def _lost(history: Any, start: Any, nothing: Uninformed | None) -> Collapse | None:
    chance = 0.0 if nothing is None else nothing.accuracy
    accuracy = history[-1]["validation"]["accuracy"]
    best = max(entry["validation"]["accuracy"] for entry in history)
    if accuracy - chance >= LOST_PART * (best - chance):
        return None
    return Collapse(
        "lost",
        f"it ends with validation accuracy {100 * accuracy:.1f} % after {100 * best:.1f} % at its "
        "best",
        {"accuracy": accuracy, "best": best, "chance": chance},
    )


def _loss(history: Any, start: Any, nothing: Uninformed | None) -> Collapse | None:
    before = history[0]["loss"] if start is None else start["loss"]
    constant = 0.0 if nothing is None else nothing.loss
    series = "mse" in history[-1]["validation"]
    reference = constant if series and nothing is not None else max(before, constant)
    loss = history[-1]["loss"]
    if loss <= LOSS_FACTOR * reference:
        return None
    return Collapse(
        "loss",
        f"its training loss ends at {loss:.3g}, beyond {LOSS_FACTOR:g} times the {reference:.3g} "
        f"of {'the mean' if series else 'no learning'}",
        {"loss": loss, "reference": reference, "start": before, "constant_answer": constant},
    )


def _weights(history: Any, start: Any, nothing: Any) -> Collapse | None:
    if start is None:
        return None
    ends = history[-1]["weights"]
    grown = {name: ends[name] / size for name, size in start["weights"].items() if size > 0}
    name = max(grown, key=grown.__getitem__, default=None)
    if name is None or grown[name] <= WEIGHT_FACTOR:
        return None
    return Collapse(
        "weights",
        f"{name} ends at {grown[name]:.3g} times its initial size",
        {"size": ends[name], "start": start["weights"][name]},
    )


JUDGES: dict[Kind, tuple[Callable[[Any, Any, Any], Collapse | None], ...]] = {
    "classes": (_constant, _at_chance, _lost, _loss, _weights),
    "series": (_constant, _loss, _weights),
}
"""The criteria, in the order in which they are asked."""
