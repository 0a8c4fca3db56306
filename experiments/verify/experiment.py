"""``tuft verify``: every link between theory and engines, measured, beside its tolerance."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from compartments.domains import Count
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


def listed(result: Result) -> list[dict[str, Any]]:
    """The links of a result, whatever check they belong to."""
    return [link for links in result["links"].values() for link in links]


def show(result: Result) -> None:
    """The table on the terminal."""
    table = Table("claim", "measured", "tolerance", "why this tolerance")
    for link in listed(result):
        value = "nan" if link["value"] is None else f"{link['value']:.2e}"
        mark = "" if link["holds"] else "  FAILS"
        table.add_row(link["claim"], f"{value}{mark}", f"{link['tolerance']:g}", link["reason"])
    Console(width=150).print(table)


def failure(result: Result) -> str | None:
    """The links that do not hold, or None."""
    broken = [link["claim"] for link in listed(result) if not link["holds"]]
    do = "link does" if len(broken) == 1 else "links do"
    return f"{len(broken)} {do} not hold: {'; '.join(broken)}." if broken else None


def sentences(result: Result) -> list[str]:
    """How many links there are, and what could not be measured."""
    left_out = [f"Not measured ({name}): {why}." for name, why in result["left_out"].items()]
    count = len(listed(result))
    links = f"link{'s' * (count != 1)} of {result['model']}"
    if not count:
        return [f"No {links} could be measured.", *left_out]
    hold = "hold" if count > 1 else "holds"
    which = f"{'All ' * (count > 1)}{count} {links}"
    kept = f"{count} {links} that could be measured" if left_out else which
    return [f"{kept} {hold}.", *left_out]
