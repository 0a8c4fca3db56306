"""What a run leaves as JSON: the one schema, written and read here."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypeVar

from experiments.lab.read_back import read_back
from experiments.lab.storage import read_json, write_json
from rate_bridge.data.dataset import Kind

SavedScores = Mapping[str, float | None]
"""Scores by name; not a number is None."""

Status = Literal["ok", "collapsed", "diverged"]

Kept = TypeVar("Kept", "Record", "Try")


@dataclass(frozen=True)
class RunDescription:
    """What was run."""

    column: str
    """Of a table; else data set and network."""
    dataset: str
    network: str
    rule: str
    seed: int
    data_options: dict[str, Any]
    network_options: dict[str, Any]
    options: dict[str, Any]
    """Of training; one that an older record does not name was at its default."""


@dataclass(frozen=True)
class Machine:
    """Where it was run."""

    device: str
    threads: int
    processes: int


@dataclass(frozen=True)
class BaselineChoice:
    """How a baseline's free numbers were found, and what it sees and a network does not."""

    selection: dict[str, Any]
    sees_beyond_the_networks: str


@dataclass(frozen=True)
class Record:
    """A run: every number that is needed to judge it. What older records lack is None."""

    run: RunDescription
    kind: Kind
    status: Status
    message: str | None
    """Why it is not ok."""
    test: SavedScores
    """On the test part at the best epoch; of a run that is not ok, nothing."""
    validation: SavedScores
    best_epoch: int
    epochs: int
    stopped_early: bool
    seconds: float
    seconds_per_epoch: float | None
    loading_share: float | None
    history: list[dict[str, Any]]
    """For each epoch what :class:`rate_bridge.training.trainer.Fitted` holds."""
    parameters: int
    data: dict[str, Any]
    """Where the data are from, with the hashes of their files."""
    samples: dict[str, int]
    unofficial_data: bool
    versions: dict[str, str]
    machine: Machine
    best_is_last: bool | None = None
    angles: Mapping[str, SavedScores] | None = None
    """In degrees at the end, by kind and layer."""
    shapes: dict[str, list[int]] | None = None
    verdict: dict[str, Any] | None = None
    """What was compared for the status."""
    test_at_best_epoch: SavedScores | None = None
    """On the test part, of a run that has collapsed since: what it was, and no result."""
    baseline: BaselineChoice | None = None
    search: dict[str, Any] | None = None
    """What its rates and epochs were found by."""
    plan_hash: str | None = None


@dataclass(frozen=True)
class Try:
    """One pair of rates, tried on the validation part alone."""

    plan_hash: str
    run: RunDescription
    status: Status
    message: str | None
    curve: list[float | None]
    """The validation accuracy after each epoch."""
    seconds: float
    versions: dict[str, str]


def read_record(path: Path) -> Record:
    """The record in a file.

    Raises
    ------
    ValueError
        If it is damaged, or no record; says what is wrong with it.
    """
    return _read(path, Record, "record of a run")


def read_try(path: Path) -> Try:
    """What came of a try; errors as of :func:`read_record`."""
    return _read(path, Try, "try of a search")


def _read(path: Path, kind: type[Kept], words: str) -> Kept:
    values = read_json(path)
    try:
        found: Kept = read_back(kind, values, f"{path} is no {words}")
    except ValueError as error:
        raise ValueError(f"{error}. Delete it to run it anew.") from error
    return found


def write_record(path: Path, kept: Record | Try) -> None:
    """Write a record whole or not at all; what it lacks is left out."""
    write_json(path, plain(kept))


def plain(kept: Record | Try) -> dict[str, Any]:
    """A record's fields by name, without those that it lacks."""
    return {
        field.name: getattr(kept, field.name)
        for field in fields(kept)
        if field.default is MISSING or getattr(kept, field.name) is not None
    }


def summary(record: Record) -> str:
    """The record in a line."""
    run = record.run
    head = f"{run.dataset}, {run.network}, {run.rule}, seed {run.seed}"
    if record.status != "ok":
        at_best = record.test_at_best_epoch
        once = f" At epoch {record.best_epoch + 1}: {_score(at_best)}." if at_best else ""
        return f"{head}: {record.status}. {(record.message or '').rstrip('.')}.{once}"
    data = " (data not the official files)" if record.unofficial_data else ""
    if record.seconds_per_epoch is None or record.loading_share is None:
        return f"{head}: {_score(record.test)}, not trained"
    last = ", which is the last: it may not be trained to the end" if record.best_is_last else ""
    return (
        f"{head}: {_score(record.test)} at epoch {record.best_epoch + 1} of "
        f"{record.epochs}{last}; {seconds_text(record.seconds_per_epoch)}/epoch, "
        f"{100 * record.loading_share:.1f} % of it loading data{data}"
    )


def seconds_text(seconds: float) -> str:
    """Seconds with two digits that count: ``12 s``, ``1.2 s``, ``18 ms``."""
    if seconds < 1:
        return f"{float(f'{1000 * seconds:.2g}'):g} ms"
    return f"{seconds:.0f} s" if seconds >= 9.95 else f"{seconds:.1f} s"


def _score(test: Mapping[str, Any]) -> str:
    """The scores that a reader wants."""
    if "accuracy" in test:
        return f"test accuracy {100 * test['accuracy']:.2f} %"
    return f"test MSE {test['mse']:.4f}, MAE {test['mae']:.4f}"
