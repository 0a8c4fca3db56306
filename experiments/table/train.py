"""`tuft train`: one network, one data set, one rule, one seed."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import tyro

from compartments.domains import Count, NonNegative, check_value
from compartments.sealed_files import remove_abandoned, written_sealed
from experiments.lab.options import Workers
from experiments.lab.progress import bar
from experiments.lab.storage import RunFolder, write_json
from experiments.table.data_options import DataOptions
from experiments.table.records import Record, summary, write_record
from experiments.table.runs import DEFAULT_NETWORKS, TrainingRun, check_rule, dataset_of, record_of
from rate_bridge.training.distributed import World, joined
from rate_bridge.training.options import Options


@dataclass(frozen=True)
class Config:
    """Train one network and test it once, at the epoch with the best validation score.

    Several processes: `torchrun --nproc-per-node 2 -m experiments.cli train ...`.
    """

    dataset: str = "digits"
    """digits, mnist, fashion-mnist, svhn, cifar10, tinyshakespeare, text, etth1, exchange-rate,
    electricity, metr-la, pems-bay, series, mr or subj. Files are looked for in the folder
    TUFT_DATA; `text` and `series` are files of your own."""
    network: str | None = None
    """mlp-mnist, cnn-mnist, ..., rnn, textcnn; by default the one made for the data set."""
    rule: str = "dll-minus"
    """bp, fa, dfa, usf, brsf, frsf, kp, wm, dll-minus, dll-plus, dll-fixed or dll-kp; dll is
    dll-minus. Or a baseline: mean, linear, persistence (series), most-common (classes), logistic,
    knn (images), logistic, naive-bayes (sentences), bigram, n-gram (characters)."""
    training: tyro.conf.OmitArgPrefixes[Options] = field(default_factory=Options)
    """How it is trained."""
    hidden: tuple[Count, ...] = ()
    """Sizes of the hidden layers (of an rnn: one); by default the network's own."""
    theta_std: NonNegative | None = None
    """Standard deviation of the initial Theta of dll and kp; by default for dll 1 in dense layers
    and 0.05 in convolutions and the rnn, for kp that of W."""
    data: tyro.conf.OmitArgPrefixes[DataOptions] = field(default_factory=DataOptions)
    """What the data set is read with."""
    allow: tuple[str, ...] = ()
    """Data sets or files that are used although their content is not the official one."""
    out: Path = Path("runs")
    """Folder of results."""
    threads: Workers = 1
    """Threads that torch uses."""

    def __post_init__(self) -> None:
        check_value("", "--theta-std", self.theta_std, NonNegative | None)
        check_value("", "--threads", self.threads, Workers)
        check_value("", "--hidden", self.hidden, tuple[Count, ...])


def main(config: Config) -> None:
    """Run, write `result.json` and `weights.pt`, and say where they are.

    Raises
    ------
    ArithmeticError
        If the run has diverged or collapsed, after its record is written.
    """
    torch.set_num_threads(config.threads)
    run = run_of(config)
    with joined() as world:
        record, model = trained(config, run, world)
        if not world.first:
            return
        with RunFolder(config.out, f"train-{run.name}") as folder:
            write_json(folder.path / "config.json", config)
            write_record(folder.path / "result.json", record)
            with written_sealed(folder.path / "weights.pt") as file:
                torch.save(model.state_dict(), file)
        checkpoint_of(config, run).unlink(missing_ok=True)
        print(folder.path / "result.json")
    if record.status != "ok":
        raise ArithmeticError(summary(record))
    print(summary(record))


def run_of(config: Config) -> TrainingRun:
    """The run that the options describe.

    Raises
    ------
    ValueError
        For an option that the data set does not take, or one that it needs.
    """
    check_rule(config.rule)
    network = config.network
    if network is None:
        network = DEFAULT_NETWORKS.get(config.dataset, "rnn")
    network_options: dict[str, Any] = {}
    if config.hidden:
        network_options["hidden"] = config.hidden[0] if network == "rnn" else config.hidden
    if config.theta_std is not None:
        network_options["theta_std"] = config.theta_std
    return TrainingRun(
        config.dataset,
        network,
        config.rule,
        config.training,
        data_options=config.data.by_dataset([config.dataset])[config.dataset],
        network_options=network_options,
        allow=config.allow,
    )


def checkpoint_of(config: Config, run: TrainingRun) -> Path:
    """Where the run's checkpoint stands while it is not done."""
    return config.out / "checkpoints" / f"{run.name}.pt"


def trained(config: Config, run: TrainingRun, world: World) -> tuple[Record, torch.nn.Module]:
    """The record and the model, continued from a checkpoint where one is left."""
    path = checkpoint_of(config, run)
    remove_abandoned(path.parent)
    if path.is_file() and world.first:
        print(f"Going on from {path}.")
    dataset = dataset_of(run)
    if not world.first:
        return record_of(run, dataset, checkpoint=path, world=world)
    with bar(f"{run.dataset}, {run.network}, {run.rule}") as report:
        return record_of(
            run,
            dataset,
            checkpoint=path,
            report=lambda fraction, _: report(fraction),
            world=world,
        )
