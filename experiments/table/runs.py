"""One training run from its description to its record: what `tuft train` and `tuft table` share."""

import dataclasses
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from experiments.lab.samples import data_folder
from experiments.lab.storage import versions
from rate_bridge.baselines import REFERENCES
from rate_bridge.data import Dataset, Source, load
from rate_bridge.layers.convert import parameter_groups
from rate_bridge.layers.parameters import feedback_layers
from rate_bridge.networks import registry as networks
from rate_bridge.training.diagnostics import alignment, backprop_angles
from rate_bridge.training.distributed import ALONE, World
from rate_bridge.training.evaluation import Scores, class_loss, evaluate, squared_loss
from rate_bridge.training.trainer import Diverged, Options, Report, Training

DEFAULT_NETWORKS = {
    "digits": "mlp-digits",
    "mnist": "mlp-mnist",
    "fashion-mnist": "mlp-fashion",
    "svhn": "mlp-svhn",
    "cifar10": "mlp-cifar10",
    "mr": "textcnn",
    "subj": "textcnn",
}


@dataclass(frozen=True)
class Run:
    """What is trained on what by which rule.

    Attributes
    ----------
    dataset, network, rule : str
        A rule may carry its theta_rule: ``"dll-minus"``. For a time series, ``"mean"`` and
        ``"linear"`` stand for the answers of :mod:`rate_bridge.baselines`.
    options : Options
        Of training; its seed is also the network's.
    column : str
        Heading under which a table shows the run.
    data_options, network_options : dict
        Passed to the loader and to the network's builder.
    allow : tuple of str
        Unknown data files that are used, by name.
    """

    dataset: str
    network: str
    rule: str
    options: Options
    column: str = ""
    data_options: dict[str, Any] = field(default_factory=dict)
    network_options: dict[str, Any] = field(default_factory=dict)
    allow: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """A name for files: column, rule and seed."""
        column = self.column or f"{self.dataset} {self.network}"
        slug = re.sub(r"[^a-z0-9]+", "-", column.lower()).strip("-")
        return f"{slug}__{self.rule}__seed{self.options.seed}"


def differing(run: Run, record: Mapping[str, Any]) -> list[str]:
    """In what a run differs from a record of its name: ``"lr is 0.001 there, 0.01 here"``.

    Training options that an older record does not name are at their defaults there.
    """
    there = record["run"]
    here = {
        "dataset": run.dataset,
        "network": run.network,
        "data_options": run.data_options,
        "network_options": run.network_options,
        **dataclasses.asdict(run.options),
    }
    defaults = dataclasses.asdict(Options())
    kept = {**defaults, **there["options"], **{name: there[name] for name in list(here)[:4]}}
    asked = json.loads(json.dumps(here))
    return [
        f"{name} is {kept[name]} there, {value} here"
        for name, value in asked.items()
        if kept[name] != value
    ]


def dataset_of(run: Run) -> Dataset:
    """The run's data set, from :func:`data_folder` or fetched into it."""
    return load(run.dataset, Source(data_folder(), allow=run.allow), **run.data_options)


def network_of(run: Run, dataset: Dataset) -> nn.Module:
    """The run's network, with the rule in its backward pass."""
    rule, _, theta_rule = run.rule.partition("-")
    options = dict(run.network_options)
    if theta_rule:
        options["theta_rule"] = theta_rule
    if run.network == "rnn":
        options = {"n_in": dataset.n_in, "n_out": dataset.n_out, **options}
    if run.network == "textcnn":
        options = {"n_embedding": dataset.n_in, "classes": dataset.n_out, **options}
    return networks.build(run.network, rule, seed=run.options.seed, **options)


def record_of(
    run: Run,
    dataset: Dataset,
    *,
    checkpoint: Path | None = None,
    report: Report | None = None,
    world: World = ALONE,
) -> tuple[dict[str, Any], nn.Module]:
    """Train, test once, and say everything that is needed to judge the number.

    A run that diverges ends in a record with status ``"diverged"`` and no scores; one that
    answers the same to everything in the test part has the status ``"constant"``.
    """
    if dataset.kind == "series" and run.rule in REFERENCES:
        return _reference_record(run, dataset)
    model = network_of(run, dataset)
    options = run.options
    training = Training(
        model,
        dataset,
        options,
        groups=lambda model: parameter_groups(model, options.lr, options.theta_lr),
        world=world,
        name=f"{run.network} by {run.rule}",
    )
    start = time.perf_counter()
    status, message, scores = "ok", None, Scores()
    try:
        training.fit(checkpoint, report)
        scores = evaluate(model, training.data.test, dataset.kind, options.loss)
        if scores["constant"]:
            status, message = "constant", "the network gives one answer to the whole test part"
    except Diverged as error:
        status, message = "diverged", str(error)
    return _record(run, training, status, message, scores, time.perf_counter() - start), model


def angles(training: Training) -> dict[str, dict[str, float]]:
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


def _reference_record(run: Run, dataset: Dataset) -> tuple[dict[str, Any], nn.Module]:
    """The record of a closed-form answer; it may be a constant, so it is not judged as one."""
    start = time.perf_counter()
    model = REFERENCES[run.rule](dataset)
    training = Training(model, dataset, run.options)
    scores = evaluate(model, training.data.test, dataset.kind)
    return _record(run, training, "ok", None, scores, time.perf_counter() - start), model


def _record(
    run: Run,
    training: Training,
    status: str,
    message: str | None,
    scores: Scores,
    seconds: float,
) -> dict[str, Any]:
    dataset, history = training.data, training.fitted.history
    busy = sum(entry["seconds"] for entry in history)
    loading = sum(entry["loading_seconds"] for entry in history)
    best = training.fitted.best_epoch
    files = dataset.provenance["files"]
    return {
        "run": {
            "column": run.column or f"{run.dataset} {run.network}",
            "dataset": run.dataset,
            "network": run.network,
            "rule": run.rule,
            "seed": run.options.seed,
            "data_options": run.data_options,
            "network_options": run.network_options,
            "options": dataclasses.asdict(run.options),
        },
        "kind": dataset.kind,
        "status": status,
        "message": message,
        "test": scores,
        "validation": history[best]["validation"] if history else {},
        "best_epoch": best,
        "epochs": len(history),
        "stopped_early": training.fitted.stopped_early,
        "seconds": seconds,
        "seconds_per_epoch": busy / len(history) if history else None,
        "loading_share": loading / busy if busy else None,
        "history": history,
        "angles": angles(training),
        "parameters": sum(p.numel() for p in training.model.parameters()),
        "data": dataset.provenance,
        "samples": {part: len(split) for part, split in dataset.parts()},
        "unofficial_data": not all(file["official"] for file in files),
        "versions": versions(),
        "machine": {
            "device": run.options.device,
            "threads": torch.get_num_threads(),
            "processes": training.world.size,
        },
    }
