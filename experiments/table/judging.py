"""From a run at its end to its record: what became of it, and every number to judge it by."""

from typing import Any, NamedTuple

import torch
from torch import nn

from experiments.lab.storage import versions
from experiments.table.records import Machine, Record, RunDescription, Status
from rate_bridge.layers.parameters import feedback_layers
from rate_bridge.training.collapse import Collapse, as_record, collapse, uninformed
from rate_bridge.training.diagnostics import alignment, backprop_angles
from rate_bridge.training.evaluation import Scores, class_loss, squared_loss
from rate_bridge.training.trainer import Training


class Outcome(NamedTuple):
    """What became of a run.

    Attributes
    ----------
    status : {"ok", "collapsed", "diverged"}
    message : str or None
        Why it is not ok.
    test : dict
        Scores on the test part at the best epoch, of a run that is ok.
    test_at_best_epoch : dict or None
        The same of a run that has collapsed since: what it was, and no result.
    verdict : dict
        What was compared for it.
    """

    status: Status
    message: str | None = None
    test: Scores = {}
    test_at_best_epoch: Scores | None = None
    verdict: dict[str, Any] = {}


def judged(training: Training, scores: Scores) -> Outcome:
    """The outcome of a run that reached its end with finite numbers.

    Parameters
    ----------
    training : Training
        After its last step.
    scores : dict
        On the test part, at the best epoch.
    """
    fitted = training.fitted
    nothing = uninformed(training.data, training.options.loss)
    found = collapse(training.data.kind, fitted.history, fitted.start, nothing)
    if found is None and scores["constant"]:
        found = Collapse("constant", "its best epoch gives one answer to the whole test part", {})
    verdict = as_record(found, fitted.start, nothing)
    if found is None:
        return Outcome("ok", None, scores, None, verdict)
    return Outcome("collapsed", f"{found.reason}: {found.message}", {}, scores, verdict)


def recorded(
    described: RunDescription, training: Training, outcome: Outcome, seconds: float, **more: Any
) -> Record:
    """The record of a run.

    Parameters
    ----------
    described : RunDescription
    training : Training
        After its last step.
    outcome : Outcome
    seconds : float
        That all of it took.
    **more
        Further fields of the record, or others than the training's.
    """
    dataset, history = training.data, training.fitted.history
    busy = sum(entry["seconds"] for entry in history)
    loading = sum(entry["loading_seconds"] for entry in history)
    best = training.fitted.best_epoch
    files = dataset.provenance["files"]
    found: dict[str, Any] = {
        **outcome._asdict(),
        "validation": history[best]["validation"] if history else {},
        "best_epoch": best,
        "best_is_last": bool(history) and best == len(history) - 1,
        "epochs": len(history),
        "stopped_early": training.fitted.stopped_early,
        "seconds_per_epoch": busy / len(history) if history else None,
        "loading_share": loading / busy if busy else None,
        "history": history,
        "angles": _angles(training),
        "parameters": sum(p.numel() for p in training.model.parameters()),
        "shapes": {name: list(p.shape) for name, p in training.model.named_parameters()},
        "data": dataset.provenance,
        "samples": {part: len(split) for part, split in dataset.parts()},
        "unofficial_data": not all(file["official"] for file in files),
        "versions": versions(),
        "machine": Machine(training.options.device, torch.get_num_threads(), training.world.size),
    }
    return Record(run=described, kind=dataset.kind, seconds=seconds, **(found | more))


def _angles(training: Training) -> dict[str, dict[str, float]]:
    """Angles in degrees at the end: W to Theta, and each gradient to backpropagation's.

    Gradients are those of the loss over the first 256 training samples. A zero tensor has no
    angle; a run that diverged or was not trained has none at all.
    """
    network, data, kind = training.model, training.data, training.options.loss
    if not training.fitted.history or not list(feedback_layers(network)):
        return {}
    inputs, targets = data.train.batch(torch.arange(min(256, len(data.train))))

    def loss(model: nn.Module) -> torch.Tensor:
        outputs = model(inputs)
        return (
            squared_loss(outputs, targets)
            if data.kind == "series"
            else class_loss(outputs, targets, kind)
        )

    found = backprop_angles(network, loss)
    forward = {name: degrees for name, degrees in found.items() if "theta" not in name}
    return {"theta_to_weight": alignment(network), "gradient_to_backprop": forward}
