"""`tuft table`: rules x networks x data x seeds, one JSON a run, one table from the JSONs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
import tyro

from compartments.domains import NonNegative, Seed, check_value
from compartments.lookup import look_up, unknown_name
from compartments.sealed_files import remove_abandoned
from experiments.lab.options import Workers
from experiments.lab.storage import read_json, write_json, write_text
from experiments.table import differences
from experiments.table.data_options import DataOptions
from experiments.table.figure import save_figure
from experiments.table.learning_figure import save_learning
from experiments.table.plan import Column, Plan
from experiments.table.plans import PLANS
from experiments.table.published import PUBLISHED
from experiments.table.records import read_record
from experiments.table.running import run_missing
from experiments.table.runs import TrainingRun, check_rule, dataset_of, differing
from experiments.table.tabulate import ScoreTable, table
from rate_bridge.data import DATASETS
from rate_bridge.networks.registry import NETWORKS
from rate_bridge.training.options import Options


@dataclass(frozen=True)
class Config:
    """Run a table, or what is missing of it, and draw it up from the runs' JSONs."""

    plan: str | None = None
    """mnist-mlp, released-code, fashion-mlp, sequences, cnn, cnn-short, text, theta-sgd or full;
    without it, the lists below."""
    datasets: tuple[str, ...] = ("digits",)
    """Data sets of a table without a plan."""
    networks: tuple[str, ...] = ("mlp-digits",)
    """Networks of a table without a plan; each is trained on each data set."""
    rules: tuple[str, ...] = ()
    """Rules, or baselines (mean, linear, persistence; most-common, bigram, n-gram; naive-bayes,
    logistic, knn); by default the plan's, or bp, dll-minus, dll-fixed and kp."""
    seeds: tuple[Seed, ...] = ()
    """Seeds; by default the plan's, or 0, 1, 2."""
    only: tuple[str, ...] = ()
    """Of a plan, only these columns are run."""
    data: tyro.conf.OmitArgPrefixes[DataOptions] = field(default_factory=DataOptions)
    """What the data sets of a table without a plan are read with."""
    training: tyro.conf.OmitArgPrefixes[Options] = field(default_factory=Options)
    """How the networks of a table without a plan are trained; with a plan, only where."""
    allow: tuple[str, ...] = ()
    """Data sets or files that are used although their content is not the official one."""
    out: Path = Path("runs/tables")
    """Folder of tables; this one is in a folder of its own inside."""
    search_only: bool = False
    """Of a plan with a search, only that: nothing is computed on the test part."""
    rebuild: bool = False
    """Only draw up the table from the JSONs that are there."""
    minutes: NonNegative | None = None
    """Start no run after so many minutes; the next call goes on with the rest."""
    threads: Workers = 1
    """Threads that torch uses."""

    def __post_init__(self) -> None:
        check_value("", "--threads", self.threads, Workers)
        check_value("", "--minutes", self.minutes, NonNegative | None)
        check_value("", "--seeds", self.seeds, tuple[Seed, ...])
        if self.plan is None and not (self.datasets and self.networks):
            raise ValueError("--datasets and --networks each need at least one name.")
        if self.plan is not None and self.data.given():
            option = next(iter(self.data.given())).replace("_", "-")
            raise ValueError(
                f"--{option} is for a table without a plan: what the plan {self.plan!r} reads is "
                f"part of it."
            )
        for rule in self.rules:
            check_rule(rule)


def main(config: Config) -> None:
    """Run what is missing, then write `table.md` and `table.png`."""
    name, plan = plan_of(config)
    folder = config.out / name
    runs = chosen_runs(config, plan)
    if not config.rebuild or config.plan is not None:
        check_kept(plan, folder)
    if not config.rebuild:
        torch.set_num_threads(config.threads)
        check_own_files(runs, folder)
        folder.mkdir(parents=True, exist_ok=True)
        remove_abandoned(folder)
        write_json(folder / "config.json", config)
        run_missing(plan, runs, folder, minutes=config.minutes, search_only=config.search_only)
    if config.search_only:
        return
    drawn = rebuilt(plan, folder)
    print(f"{drawn.markdown()}\n{folder / 'table.md'}")


def plan_of(config: Config) -> tuple[str, Plan]:
    """The named plan, or the one that the lists span."""
    if config.plan is not None:
        return config.plan, look_up("plan", config.plan, PLANS)
    read_with = {} if config.rebuild else config.data.by_dataset(config.datasets)
    columns = tuple(
        Column(
            f"{dataset} {network}",
            dataset,
            network,
            config.training,
            config.rules or ("bp", "dll-minus", "dll-fixed", "kp"),
            config.seeds or (0, 1, 2),
            data_options=read_with.get(dataset, {}),
            allow=config.allow,
        )
        for dataset in config.datasets
        for network in config.networks
    )
    name = "-".join([*config.datasets, *config.networks])
    return name, Plan(", ".join(config.datasets), "", columns)


def chosen_runs(config: Config, plan: Plan) -> list[TrainingRun]:
    """The plan's runs in the columns, rules and seeds that the options leave.

    The first seed of everything comes before the second of anything.

    Raises
    ------
    ValueError
        For a column that the plan does not have, or an unknown data set, network or theta_rule.
    """
    names = [column.name for column in plan.columns]
    for name in config.only:
        if name not in names:
            raise unknown_name("column", name, names)
    runs = []
    for column in plan.columns:
        if not config.only or column.name in config.only:
            left = replace(
                column, rules=config.rules or column.rules, seeds=config.seeds or column.seeds
            )
            runs += left.runs()
    for run in runs:
        look_up("data set", run.dataset, DATASETS)
        look_up("network", run.network, NETWORKS)
        check_rule(run.rule)
    seeds = list(dict.fromkeys(run.options.seed for run in runs))
    runs.sort(key=lambda run: seeds.index(run.options.seed))
    device = config.training.device
    return [replace(run, options=replace(run.options, device=device)) for run in runs]


def draw(folder: Path) -> None:
    """Draw up the table from the JSONs and the configuration that are there."""
    saved = read_json(folder / "config.json")
    _, plan = plan_of(
        Config(
            plan=saved["plan"],
            datasets=tuple(saved["datasets"]),
            networks=tuple(saved["networks"]),
            rules=tuple(saved["rules"]),
            seeds=tuple(saved["seeds"]),
            rebuild=True,
        )
    )
    rebuilt(plan, folder)


def check_kept(plan: Plan, folder: Path) -> None:
    """Raise ``ValueError`` where a record that is there already was made with other options.

    All records in the plan's columns are looked at, chosen or not: one table averages them.
    """
    columns = {column.name: column for column in plan.columns}
    for path in sorted(folder.glob("*__seed*.json")):
        record = read_record(path)
        there = record.run
        if there.column not in columns:
            continue
        column = columns[there.column]
        (run,) = replace(column, rules=(there.rule,), seeds=(there.seed,)).runs()
        if column.search is not None:  # rates and epochs are the search's
            kept = record.plan_hash
            differences = [f"its plan is {kept}, here {plan.hash}"] if kept != plan.hash else []
        else:
            differences = differing(run, record)
        if differences:
            raise ValueError(
                f"{path} was made with other options: {'; '.join(differences)}. Choose another "
                "--out, or delete the file to run it anew."
            )


def check_own_files(runs: Sequence[TrainingRun], folder: Path) -> None:
    """Read the files that the options name before anything is run.

    Raises
    ------
    ValueError, FileNotFoundError
        If one cannot be read, or its content is another than a record that is kept was made with.
    """
    for run in runs:
        if not {"file", "vectors"} & set(run.data_options):
            continue
        path = folder / f"{run.name}.json"
        here = json.loads(json.dumps(dataset_of(run).provenance))
        if path.is_file() and read_record(path).data != here:
            raise ValueError(
                f"{path} was made with other data: a file has changed since. Choose another --out, "
                "or delete the record to run it anew."
            )


def rebuilt(plan: Plan, folder: Path) -> ScoreTable:
    """The table of the JSONs in ``folder``, written as `table.md`, `table.png`, `learning.png`.

    `notes.md`, if there is one, is put under the table: it holds the judgement, written by hand.

    Raises
    ------
    FileNotFoundError
        If there is no JSON.
    """
    paths = sorted(folder.glob("*__seed*.json"))
    if not paths:
        raise FileNotFoundError(
            f"No records in {folder}. Run the table first, without --rebuild, or give --out."
        )
    columns = [column.name for column in plan.columns]
    rules = dict.fromkeys(rule for column in plan.columns for rule in column.rules)
    records = [read_record(path) for path in paths]
    made = table(plan.title, records, columns, [*rules], PUBLISHED)
    notes = folder / "notes.md"
    parts = [
        made.markdown(),
        differences.markdown(records, columns),
        differences.share_run(plan, records),
        plan.protocol,
    ]
    if notes.is_file():
        parts.append(notes.read_text(encoding="utf-8"))
    write_text(folder / "table.md", "\n".join(part.rstrip("\n") + "\n" for part in parts if part))
    save_figure(made, folder / "table.png")
    save_learning(records, columns, folder / "learning.png")
    return made
