"""How well a network does on one part of a data set, and whether it predicts anything at all."""

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from rate_bridge.data import Dataset, Split
from rate_bridge.data.dataset import Kind

CONSTANT_SHARE = 0.999
"""A classifier that answers the same class to this share of all samples counts as constant."""
CONSTANT_SPREAD = 1e-3
"""So does a regression whose answers spread by less than this part of the targets' spread."""

Scores = dict[str, float]


def check_outputs(name: str, outputs: Tensor, targets: Tensor, dataset: Dataset) -> None:
    """Raise ``ValueError`` where a network's answer does not fit the targets."""
    expected = (
        (*targets.shape, dataset.n_out) if dataset.kind == "classes" else tuple(targets.shape)
    )
    if tuple(outputs.shape) != expected:
        raise ValueError(
            f"{name} answers with shape {tuple(outputs.shape)} where {dataset.name} needs "
            f"{expected}. Build the network for {dataset.n_out} outputs on this data set."
        )


def class_loss(
    outputs: Float[Tensor, "... n_classes"],
    targets: Shaped[Tensor, "..."],
    kind: str,
    smoothing: float = 0.0,
) -> Float[Tensor, ""]:
    """Loss summed over samples and steps.

    ``"cross-entropy"``: softmax and cross-entropy, whose error at the drive of the last layer is
    ``t - softmax`` (theory.md 5). ``"mse"``: half the squared distance to the one-hot target,
    whose error is ``t - u`` (Lv et al. 2025, Eq. 2). ``smoothing`` mixes the target with the
    uniform distribution.
    """
    n_classes = outputs.shape[-1]
    flat, labels = outputs.reshape(-1, n_classes), targets.reshape(-1)
    if kind == "cross-entropy":
        return nn.functional.cross_entropy(flat, labels, reduction="sum", label_smoothing=smoothing)
    hot = nn.functional.one_hot(labels, n_classes).to(flat.dtype)
    return squared_loss(flat, hot * (1 - smoothing) + smoothing / n_classes)


def squared_loss(
    outputs: Float[Tensor, "*shape"], targets: Float[Tensor, "*shape"]
) -> Float[Tensor, ""]:
    """Half the squared error, summed."""
    return 0.5 * (outputs - targets).square().sum()


def evaluate(
    model: nn.Module, split: Split, kind: Kind, loss: str = "cross-entropy", batch_size: int = 1000
) -> Scores:
    """Scores of ``model`` on ``split``, without learning.

    Returns
    -------
    dict
        ``loss`` per prediction; for classes ``accuracy`` (0..1) and ``most_common``, the share
        of the class that is answered most; for series ``mse``, ``mae`` and ``spread``, the
        deviation of the answers over that of the targets. ``constant`` is 1 where the network
        gives the same answer to everything.
    """
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            totals = _class_totals if kind == "classes" else _series_totals
            return totals(model, split, loss, batch_size)
    finally:
        model.train(training)


def _class_totals(model: nn.Module, split: Split, loss: str, batch_size: int) -> Scores:
    total, right, predictions, answered = 0.0, 0, 0, None
    for index in _batches(split, batch_size):
        inputs, targets = split.batch(index)
        outputs = model(inputs).float() if inputs.dtype == torch.float32 else model(inputs)
        total += float(class_loss(outputs, targets, loss))
        answers = outputs.argmax(-1)
        right += int((answers == targets).sum())
        predictions += targets.numel()
        counts = torch.bincount(answers.flatten(), minlength=outputs.shape[-1])
        answered = counts if answered is None else answered + counts
    most = float(answered.max()) / predictions if answered is not None else 1.0
    return {
        "loss": total / predictions,
        "accuracy": right / predictions,
        "most_common": most,
        "constant": float(most >= CONSTANT_SHARE),
    }


def _series_totals(model: nn.Module, split: Split, loss: str, batch_size: int) -> Scores:
    sums = torch.zeros(6, dtype=torch.float64)
    for index in _batches(split, batch_size):
        inputs, targets = split.batch(index)
        answers, targets = model(inputs).double().cpu(), targets.double().cpu()
        gap = answers - targets
        sums += torch.stack(
            [
                gap.square().sum(),
                gap.abs().sum(),
                answers.sum(),
                answers.square().sum(),
                targets.sum(),
                targets.square().sum(),
            ]
        )
    n = split.targets.numel()
    mse, mae, mean, square, target_mean, target_square = (sums / n).tolist()
    spread = max(square - mean**2, 0) / max(target_square - target_mean**2, 1e-300)
    return {
        "loss": mse / 2,
        "mse": mse,
        "mae": mae,
        "spread": spread**0.5,
        "constant": float(spread**0.5 < CONSTANT_SPREAD),
    }


def _batches(split: Split, batch_size: int) -> tuple[Tensor, ...]:
    return torch.arange(len(split), device=split.inputs.device).split(batch_size)
