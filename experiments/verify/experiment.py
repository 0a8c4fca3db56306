"""``tuft verify``: every link between theory and engines, measured, beside its tolerance."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import xarray as xr
from rich.console import Console
from rich.table import Table

from compartments.domains import Count
from experiments.lab.labelled import POINT, cells, labelled, where
from experiments.lab.models import ModelConfig
from experiments.lab.progress import Report
from experiments.lab.quantities import duration
from experiments.lab.random_signals import random_schedule
from experiments.lab.runner import FolderName, Result
from experiments.lab.stable_step import check_step_at_rest
from experiments.verify import any_network, dll
from experiments.verify.link import Link

MODEL_CHECKS = {"dll": dll.DLL_CHECKS}
"""Checks of a model of the registry beside those of any network, from a seed."""


@dataclass(frozen=True)
class Config(ModelConfig):
    """The chain of evidence: both engines, their fixed point, the reference, backpropagation."""

    sizes: tuple[Count, ...] = (64, 32, 32, 10)
    """Neurons in each layer, for models of any size."""
    dt: str = "0.1ms"
    """Time step, with its unit."""
    name: FolderName = "verify"

    def __post_init__(self) -> None:
        duration("dt", self.dt)
        super().__post_init__()

    def subject(self) -> any_network.Subject:
        """The network, shown what its model says, else normal numbers 400 steps each."""
        network, schedule = self.chosen.described(self.sizes, self.seed, self.given)
        dt = duration("dt", self.dt)
        if schedule is None:
            schedule = random_schedule(network, 5, self.seed, presentation=400 * dt, lag=100 * dt)
        return any_network.Subject(network, schedule, dt, self.seed)


def measure(config: Config, folder: Path, progress: Report) -> dict[str, Any]:
    """All links, by check, and why some could not be measured."""
    found: dict[str, list[dict[str, Any]]] = {}
    left_out: dict[str, str] = {}
    subject = config.subject()
    check_step_at_rest(subject.network, subject.schedule, subject.dt)
    own = MODEL_CHECKS.get(config.model, {})
    checks: dict[str, Callable[[], Iterator[Link]]] = {
        **{name: partial(check, subject) for name, check in any_network.NETWORK_CHECKS.items()},
        **{name: partial(check, config.seed) for name, check in own.items()},
    }
    for done, (name, check) in enumerate(checks.items()):
        progress(done / len(checks))
        try:
            found[name] = [{**x._asdict(), "holds": x.holds} for x in check()]
        except any_network.NotApplicable as reason:
            left_out[name] = str(reason).rstrip(".")
    return {"model": config.model, "links": found, "left_out": left_out}


def labelled_links(result: Result) -> xr.Dataset:
    """The links of a result, whatever check they belong to, by claim."""
    links = [link for of_check in result["links"].values() for link in of_check]
    return labelled(links, ("claim",))


def show(result: Result) -> None:
    """The table on the terminal."""
    table = Table("claim", "measured", "tolerance", "why this tolerance")
    links = labelled_links(result)
    for claim, value, tolerance, reason, holds in cells(links, *Link._fields, "holds"):
        measured = "nan" if value is None else f"{value:.2e}"
        table.add_row(claim, measured + ("" if holds else "  FAILS"), f"{tolerance:g}", reason)
    Console(width=150).print(table)


def failure(result: Result) -> str | None:
    """The links that do not hold, or None."""
    links = labelled_links(result)
    broken = where(links, ~links.holds.astype(bool)).claim.values if links else []
    do = "link does" if len(broken) == 1 else "links do"
    return f"{len(broken)} {do} not hold: {'; '.join(broken)}." if len(broken) else None


def sentences(result: Result) -> list[str]:
    """How many links there are, and what could not be measured."""
    left_out = [f"Not measured ({name}): {why}." for name, why in result["left_out"].items()]
    count = labelled_links(result).sizes.get(POINT, 0)
    links = f"link{'s' * (count != 1)} of {result['model']}"
    if not count:
        return [f"No {links} could be measured.", *left_out]
    hold = "hold" if count > 1 else "holds"
    which = f"{'All ' * (count > 1)}{count} {links}"
    kept = f"{count} {links} that could be measured" if left_out else which
    return [f"{kept} {hold}.", *left_out]
