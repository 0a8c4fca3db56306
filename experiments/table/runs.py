"""One training run from its description to its record: what `tuft train` and `tuft table` share."""

import dataclasses
import json
import re
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from torch import nn

from compartments.lookup import look_up
from experiments.lab.samples import data_folder
from experiments.table.judging import Outcome, judged, recorded
from experiments.table.records import BaselineChoice, Record, RunDescription
from rate_bridge.baselines import BASELINES, fitted
from rate_bridge.data import Dataset, Source, load
from rate_bridge.layers.convert import parameter_groups
from rate_bridge.networks import registry as networks
from rate_bridge.rules import RULE_NAMES
from rate_bridge.training.distributed import ALONE, World
from rate_bridge.training.evaluation import evaluate
from rate_bridge.training.options import Options
from rate_bridge.training.trainer import Diverged, EpochReport, Training

DEFAULT_NETWORKS = {
    "digits": "mlp-digits",
    "mnist": "mlp-mnist",
    "fashion-mnist": "mlp-fashion",
    "svhn": "mlp-svhn",
    "cifar10": "mlp-cifar10",
    "mr": "textcnn",
    "subj": "textcnn",
}


TRAINABLE: dict[str, Any] = {**RULE_NAMES, **BASELINES}
"""What can stand for a rule: the rules by all their names, and the baselines."""


def check_rule(name: str) -> None:
    """Raise ``ValueError`` for what is neither a rule nor a baseline."""
    look_up("rule", name, TRAINABLE)


@dataclass(frozen=True)
class TrainingRun:
    """What is trained on what by which rule.

    Attributes
    ----------
    dataset, network, rule : str
        A rule is one of :data:`rate_bridge.rules.RULE_NAMES`. In its place may stand one of
        :data:`rate_bridge.baselines.BASELINES`; then the network is not used.
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
        slug = re.sub(r"[^a-z0-9]+", "-", self.described.column.lower()).strip("-")
        return f"{slug}__{self.rule}__seed{self.options.seed}"

    @property
    def described(self) -> RunDescription:
        """What a record says of the run."""
        return RunDescription(
            column=self.column or f"{self.dataset} {self.network}",
            dataset=self.dataset,
            network=self.network,
            rule=self.rule,
            seed=self.options.seed,
            data_options=self.data_options,
            network_options=self.network_options,
            options=dataclasses.asdict(self.options),
        )


def differing(run: TrainingRun, record: Record) -> list[str]:
    """In what a run differs from a record of its name: ``"lr is 0.001 there, 0.01 here"``.

    Training options that an older record does not name are at their defaults there. Where it was
    computed makes no difference.
    """
    shared = ("dataset", "network", "data_options", "network_options")
    here, there = vars(run.described), vars(record.run)
    defaults = dataclasses.asdict(Options())
    kept = {**defaults, **there["options"], **{name: there[name] for name in shared}}
    asked = {**here["options"], **{name: here[name] for name in shared}}
    asked = json.loads(json.dumps(asked))
    return [
        f"{name} is {kept[name]} there, {value} here"
        for name, value in asked.items()
        if kept[name] != value and name != "device"
    ]


def dataset_of(run: TrainingRun) -> Dataset:
    """The run's data set, from :func:`data_folder` or fetched into it."""
    return load(run.dataset, Source(data_folder(), allow=run.allow), **run.data_options)


def network_of(run: TrainingRun, dataset: Dataset) -> nn.Module:
    """The run's network, with the rule in its backward pass."""
    options = dict(run.network_options)
    if run.network == "rnn":
        options = {"n_in": dataset.n_in, "n_out": dataset.n_out, **options}
    if run.network == "textcnn":
        learns = dataset.train.table is None
        words = {"vocabulary": dataset.n_codes} if learns else {"n_embedding": dataset.n_in}
        options = {**words, "classes": dataset.n_out, **options}
    return networks.build(run.network, run.rule, seed=run.options.seed, **options)


def record_of(
    run: TrainingRun,
    dataset: Dataset,
    *,
    checkpoint: Path | None = None,
    report: EpochReport | None = None,
    world: World = ALONE,
) -> tuple[Record, nn.Module]:
    """Train, test once, and say everything that is needed to judge the number.

    A run that diverges has the status ``"diverged"`` and no scores; one that ends worthless has
    ``"collapsed"``, and the scores of its best epoch under a name of their own.
    """
    if run.rule in BASELINES:
        return _baseline_record(run, dataset)
    training = training_of(run, dataset, world)
    model, kind = training.model, dataset.kind
    start = time.perf_counter()
    outcome = Outcome("ok")
    try:
        training.fit(checkpoint, report)
        outcome = judged(training, evaluate(model, training.data.test, kind, run.options.loss))
    except Diverged as error:
        outcome = Outcome("diverged", str(error))
    return recorded(run.described, training, outcome, time.perf_counter() - start), model


def training_of(run: TrainingRun, dataset: Dataset, world: World = ALONE) -> Training:
    """The run's network beside its data, before the first step."""
    options = run.options
    return Training(
        network_of(run, dataset),
        dataset,
        options,
        groups=lambda model: parameter_groups(model, options.lr, options.theta_lr),
        world=world,
        name=f"{run.network} by {run.rule}",
    )


def _baseline_record(run: TrainingRun, dataset: Dataset) -> tuple[Record, nn.Module]:
    """The record of a baseline; it may be a constant, so it is not judged as one."""
    start = time.perf_counter()
    found = fitted(run.rule, dataset)
    untrained = replace(run.options, device="cpu")
    training = Training(found.model, found.dataset, untrained, groups=lambda _: [{"params": []}])
    outcome = Outcome("ok", None, evaluate(found.model, training.data.test, dataset.kind))
    made = recorded(
        run.described,
        training,
        outcome,
        time.perf_counter() - start,
        validation=evaluate(found.model, training.data.validation, dataset.kind),
        baseline=BaselineChoice(found.selection, BASELINES[run.rule].beyond),
    )
    return made, found.model
