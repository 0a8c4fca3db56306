"""The record of a run: every number that is needed to judge it, as plain values for a JSON."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import nn

from experiments.lab.storage import versions
from rate_bridge.layers.parameters import feedback_layers
from rate_bridge.training.collapse import Collapse, as_record, collapse, uninformed
from rate_bridge.training.diagnostics import alignment, backprop_angles
from rate_bridge.training.evaluation import Scores, class_loss, squared_loss
from rate_bridge.training.trainer import Training

Record = dict[str, Any]


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

    status: str
    message: str | None = None
    test: Scores = {}
    test_at_best_epoch: Scores | None = None
    verdict: Record = {}


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


def record(
    described: Mapping[str, Any], training: Training, outcome: Outcome, seconds: float
) -> Record:
    """The record of a run.

    Parameters
    ----------
    described : dict
        What was run: column, data set, network, rule, seed and their options.
    training : Training
        After its last step.
    outcome : Outcome
    seconds : float
        That all of it took.
    """
    dataset, history = training.data, training.fitted.history
    busy = sum(entry["seconds"] for entry in history)
    loading = sum(entry["loading_seconds"] for entry in history)
    best = training.fitted.best_epoch
    files = dataset.provenance["files"]
    return {
        "run": dict(described),
        "kind": dataset.kind,
        **outcome._asdict(),
        "validation": history[best]["validation"] if history else {},
        "best_epoch": best,
        "best_is_last": bool(history) and best == len(history) - 1,
        "epochs": len(history),
        "stopped_early": training.fitted.stopped_early,
        "seconds": seconds,
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
        "machine": {
            "device": training.options.device,
            "threads": torch.get_num_threads(),
            "processes": training.world.size,
        },
    }


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


def summary(record: Record) -> str:
    """The record in a line."""
    run = record["run"]
    head = f"{run['dataset']}, {run['network']}, {run['rule']}, seed {run['seed']}"
    if record["status"] != "ok":
        at_best = record["test_at_best_epoch"]
        once = f" At epoch {record['best_epoch'] + 1}: {_score(at_best)}." if at_best else ""
        return f"{head}: {record['status']}. {record['message'].rstrip('.')}.{once}"
    data = " (data not the official files)" if record["unofficial_data"] else ""
    if not record["epochs"]:
        return f"{head}: {_score(record['test'])}, not trained"
    last = ", which is the last: it may not be trained to the end" if record["best_is_last"] else ""
    return (
        f"{head}: {_score(record['test'])} at epoch {record['best_epoch'] + 1} of "
        f"{record['epochs']}{last}; {seconds_text(record['seconds_per_epoch'])}/epoch, "
        f"{100 * record['loading_share']:.1f} % of it loading data{data}"
    )


def seconds_text(seconds: float) -> str:
    """Seconds with two digits that count: ``12 s``, ``1.2 s``, ``18 ms``."""
    if seconds < 1:
        return f"{float(f'{1000 * seconds:.2g}'):g} ms"
    return f"{seconds:.0f} s" if seconds >= 9.95 else f"{seconds:.1f} s"


def _score(test: Scores) -> str:
    """The scores that a reader wants."""
    if "accuracy" in test:
        return f"test accuracy {100 * test['accuracy']:.2f} %"
    return f"test MSE {test['mse']:.4f}, MAE {test['mae']:.4f}"
