"""What all experiments share: the options of a result, and the way from a configuration to a page.

An experiment is a module with

* ``Config``, a frozen :class:`ExperimentConfig`,
* ``measure(config, folder, progress)``, which simulates, may write files of numbers into the
  folder, and returns what ``result.json`` holds,
* ``sentences(result)``, the result in words,

and, where it has them,

* ``draw(folder)``, figures and page from the saved files alone,
* ``show(result)``, tables on the terminal,
* ``failure(result)``, what the result shows to be wrong, or None.

A module with a ``main(config)`` of its own is run by that.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

from compartments.domains import Seed, such_that
from experiments.lab import progress as terminal
from experiments.lab.kept_results import KeptResults
from experiments.lab.options import check_options
from experiments.lab.storage import RunFolder, is_plain_name, read_json, versions, write_json

FolderName = Annotated[str, such_that("the plain name of a folder", is_plain_name)]


Result = Mapping[str, Any]
"""What ``result.json`` holds."""


@dataclass(frozen=True)
class ExperimentConfig:
    """Where an experiment's result goes."""

    out: Path = Path("runs")
    """Folder for results."""
    name: FolderName = "result"
    """Name of this result; an older one of that name is kept and this one numbered."""

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def estimated_bytes(self) -> int:
        """About how much is written."""
        return 5_000_000

    @cached_property
    def kept(self) -> KeptResults:
        """Parts of the result that are done, kept beside it until it is published."""
        return KeptResults(self.out / f".{self.name}-cells")

    def forget(self) -> None:
        """Delete what was kept, once the result is published."""
        self.kept.forget()


@dataclass(frozen=True)
class SeededConfig(ExperimentConfig):
    """Where a result goes, and the seed of everything random."""

    seed: Seed = 0
    """For everything random: initial weights, samples and their order."""


def call(module: ModuleType, config: Any) -> None:
    """What ``tuft NAME`` does: the module's own ``main``, or :func:`run`."""
    if hasattr(module, "main"):
        module.main(config)
    else:
        run(module, config)


def run(experiment: ModuleType, config: ExperimentConfig) -> None:
    """Measure, draw, and print the result and where it is.

    Raises
    ------
    ArithmeticError
        If the result, which is saved, shows that something is wrong.
    """
    draws = hasattr(experiment, "draw")
    with RunFolder(config.out, config.name, config.estimated_bytes) as place:
        with terminal.bar(config.name) as progress:
            result = saved(experiment, config, place.path, progress)
        place.keep()
        if draws:
            experiment.draw(place.path)
    config.forget()
    if hasattr(experiment, "show"):
        experiment.show(result)
    wrong = experiment.failure(result) if hasattr(experiment, "failure") else None
    if wrong is not None:
        raise ArithmeticError(f"{wrong} Saved in {place.path}.")
    print("\n".join(experiment.sentences(result)))
    print(place.path / "index.html" if draws else place.path)


def saved(
    experiment: ModuleType, config: ExperimentConfig, folder: Path, progress: terminal.Report
) -> dict[str, Any]:
    """Measure into a folder: ``config.json``, ``result.json``, and what the experiment writes.

    Returns the result as it reads back, with the seconds that all of it took, the versions of
    packages, the hash of its plan if it has one, and the digest of its model's file likewise.
    """
    begun = time.perf_counter()
    write_json(folder / "config.json", config)
    found: dict[str, Any] = experiment.measure(config, folder, progress)
    seconds = {**found.get("seconds", {}), "all": time.perf_counter() - begun}
    hashes = {name: getattr(config, name, "") for name in ("plan_hash", "model_digest")}
    made_of = {name: value for name, value in hashes.items() if value}
    whole = {**found, **made_of, "seconds": seconds, "versions": versions()}
    write_json(folder / "result.json", whole)
    progress(1.0)
    return read_json(folder / "result.json")
