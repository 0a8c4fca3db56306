"""``tuft remedies``: which remedy learns how well, at which presentation time and depth.

Every remedy at every presentation time is tuned alike (see ``selection.py``). Its rates and seeds
learn side by side as copies in one process, a cell for each choice of the free numbers, and cells
go to several processes. A finished cell is kept beside the results: a run that was stopped goes on
where it was, and a later one learns only what is new.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from compartments.domains import Count, Positive
from compartments.lookup import look_up
from compartments.sizes import check_size
from experiments.lab.classification import LearningConfig, check_takes_sizes
from experiments.lab.continuous_learning import DISCRETE, TAU_MS, Cell, learned
from experiments.lab.kept_results import KeptResults, cell_name
from experiments.lab.labelled import each, groups, rows_of, where
from experiments.lab.learning_rates import check_varied, shares
from experiments.lab.models import parsed_options
from experiments.lab.options import COPY_BYTES, Depth, Workers
from experiments.lab.progress import Report
from experiments.lab.remedies import REMEDIES, check_remedies, remedy
from experiments.lab.runner import FolderName, Result
from experiments.lab.samples import samples
from experiments.lab.storage import versions
from experiments.remedies.figures import by_depth, draw, labelled_points, timed
from experiments.remedies.plans import REMEDY_PLANS
from experiments.remedies.selection import EXTENSIONS, Tuning, tune
from experiments.remedies.standing import sentences, standings
from models import Network
from rate_bridge.references.registry import reference

__all__ = ["Config", "draw", "measure", "sentences"]


UNSAID_IN_HASH: Mapping[str, Any] = {"model": "dll", "options": (), "seed": 0}
"""Fields that a plan's hash leaves out at these values: they are younger than the first hashes."""


@dataclass(frozen=True)
class Config(LearningConfig):
    """Learning with continuous plasticity under each remedy, beside the model's reference."""

    plan: str | None = None
    """Take all options but jobs, out and name from this plan (`experiments/remedies/plans.py`)."""
    depths: tuple[Depth, ...] = ()
    """Compare networks with so many hidden layers, each as wide as the first of `hidden`."""
    remedies: tuple[str, ...] = tuple(REMEDIES)
    """Which remedies; all of them unless told otherwise. Any model has none and lag."""
    ratios: tuple[Positive, ...] = (2, 5)
    """Presentation times, in tau (10 ms)."""
    etas: tuple[Positive, ...] = (0.0025, 0.005, 0.01, 0.02, 0.04, 0.08)
    """The model's first learning rate (DLL: W's); the grid grows where the best is at its edge."""
    shares: tuple[str, ...] = ()
    """The other learning rates in parts of it, as eta_theta=0.1; else in their defaults' ratio."""
    seeds: Count = 4
    """How many seeds: --seed and the ones after it."""
    search_seeds: Count | None = None
    """With how many seeds rate and free numbers are selected; all unless told otherwise."""
    epochs: Count = 5
    """Passes through the training part."""
    search_epochs: Count | None = None
    """After how many epochs rate and free numbers are selected; all unless told otherwise."""
    batch: Count = 1
    """Presentations in parallel to one set of weights."""
    dt_ms: Positive = 2.5
    """Largest time step in ms, integrated by exponential Euler."""
    steps: Count = 20
    """A presentation has at least so many time steps, so that a lag of .95 can be expressed."""
    jobs: Workers = 1
    """Processes."""
    name: FolderName = "remedies"

    def __post_init__(self) -> None:
        if self.plan is not None:
            for option, value in look_up("plan", self.plan, REMEDY_PLANS).items():
                object.__setattr__(self, option, value)
        super().__post_init__()
        check_varied(self.chosen, self.given, "give --etas and --shares")
        check_remedies(self.remedies, self.chosen, self.given)
        _ = self.all_shares
        copies = self.seeds * len(self.etas)
        check_size("remedies", "--seeds or --etas", needed_bytes=COPY_BYTES * copies)
        for name in ("seeds", "epochs"):
            if (getattr(self, f"search_{name}") or 0) > getattr(self, name):
                raise ValueError(f"--search-{name} must not be more than --{name}.")
        if not (self.remedies and self.ratios and self.etas):
            raise ValueError("--remedies, --ratios and --etas each need at least one value.")
        if self.depths and not self.hidden:
            raise ValueError("--depths needs a width: give --hidden one.")
        if self.depths:
            check_takes_sizes("--depths", self.chosen)
        for task in self.tasks():
            task.grid()  # each checks its times

    @property
    def all_shares(self) -> dict[str, float]:
        """Every learning rate but the first, in parts of it."""
        return shares(self.chosen, parsed_options(self.shares))

    def networks(self) -> list[tuple[int, ...]]:
        """The hidden layers of every network that is compared."""
        return [self.hidden[:1] * depth for depth in self.depths] or [self.hidden]

    def tasks(self) -> list[Tuning]:
        """For every network its reference, and every remedy at every presentation time."""
        pairs = [(DISCRETE, 1.0)]
        pairs += [(name, float(ratio)) for ratio in self.ratios for name in self.remedies]
        return [
            Tuning(
                Cell(
                    self.dataset,
                    hidden,
                    self.power,
                    name,
                    ratio,
                    self.etas,
                    tuple(range(self.seed, self.seed + self.seeds)),
                    self.epochs,
                    self.batch,
                    min(self.dt_ms, ratio * TAU_MS / self.steps),
                    self.model,
                    self.options,
                    self.shares,
                ),
                self.search_seeds or self.seeds,
                self.search_epochs or self.epochs,
            )
            for hidden in self.networks()
            for name, ratio in pairs
        ]

    @property
    def plan_hash(self) -> str:
        """A hash of all that is decided before anything is learned: options, and candidates."""
        left_out = ("plan", "jobs", "out", "name", "shares")
        described = {
            key: value
            for key, value in asdict(self).items()
            if key not in left_out and (key not in UNSAID_IN_HASH or value != UNSAID_IN_HASH[key])
        }
        described |= {f"{n.removeprefix('eta_')}_share": v for n, v in self.all_shares.items()}
        if self.chosen.digest:
            described["model"] = self.chosen.digest
        free = {name: remedy(name).candidates for name in self.remedies}
        text = json.dumps([described, free, EXTENSIONS], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def measure(config: Config, folder: Path, progress: Report) -> dict[str, Any]:
    """Learn what is not yet learned, and select."""
    data = samples(config.dataset, config.power)
    if config.batch > len(data.train.labels):
        raise ValueError(
            f"--batch {config.batch} is more than the {len(data.train.labels)} training samples of "
            f"{config.dataset}."
        )
    shared = {"data": data.provenance, "model": config.chosen.digest, "versions": versions()}
    kept = KeptResults(config.out / ".remedies-cells")  # for later runs, too
    tasks = config.tasks()
    (network,) = replace(tasks[0].cell, etas=config.etas[:1], seeds=(0,)).networks(data)

    def results(cells: Sequence[Cell]) -> list[Any]:
        named = {cell_name(cell.key, vars(cell) | shared): cell for cell in cells}
        return kept.results(learned, named, config.jobs, progress)

    tune(tasks, results)
    rows = [described(task, network) for task in tasks]
    return {"rows": rows, "standings": rows_of(standings(labelled_points(rows)))}


def described(task: Tuning, network: Network) -> dict[str, Any]:
    """What was tried and selected for a task, and the test accuracy of that alone.

    The row of the reference of ``network`` has that in the place of a remedy.
    """
    cell, best, final = task.cell, task.best, task.final
    discrete = cell.remedy == DISCRETE
    row: dict[str, Any] = {
        "remedy": network.reference if discrete else cell.remedy,
        "label": reference(network).title if discrete else remedy(cell.remedy).label,
        "ratio": None if discrete else cell.ratio,
        "dataset": cell.dataset,
        "hidden": cell.hidden,
        "depth": len(cell.hidden),
        "seeds": len(cell.seeds),
        "tried": len(task.tried),
        "search": [asdict(setting) | {"free": dict(setting.free)} for setting in task.tried],
        "diverged_later": [asdict(setting) | {"free": dict(setting.free)} for setting in task.lost],
        "seconds": task.seconds,
    }
    if best is None or final is None:
        return row | dict.fromkeys(("eta", "selected", "test", "test_sd", "dt_ms")) | {
            "free": {}, "at_edge": []
        }  # fmt: skip
    tests = np.array(final["test"], dtype=float)
    return row | {
        "eta": best.eta,
        "free": dict(best.free),
        "dt_ms": None if discrete else dict(best.free).get("step_ms", cell.dt_ms),
        "at_edge": task.at_edge(best),
        "selected": best.validation,
        "tests": tests,
        "test": tests.mean(),
        "test_sd": float(tests.std(ddof=1)) if len(tests) > 1 else None,
        "curve": np.array(final["curve"]).mean(-1),
    }


def show(result: Result) -> None:
    """Tables on the terminal, one a depth: test accuracy of the selected setting."""
    for depth, members in by_depth(labelled_points(result["rows"])).items():
        _show(f"{depth} hidden layer{'s' if depth > 1 else ''}", members)


def _show(title: str, points: xr.Dataset) -> None:
    ratios = np.unique(timed(points).ratio)
    caption = (
        "test accuracy in %, mean ± s.d. over seeds (rate; free number). Number of settings tried; "
        "* at the edge of what was tried"
    )
    table = Table(box=SIMPLE_HEAD, title=title, caption=caption)
    table.add_column("remedy")
    table.add_column("tried", justify="right")
    for ratio in ratios:
        table.add_column(f"T = {ratio:g} τ", justify="right")
    for members in groups(points, "remedy").values():
        tried = np.unique(members.tried)
        span = f"{tried[0]}" if len(tried) == 1 else f"{tried[0]}–{tried[-1]}"
        # the reference has one entry, which holds for every time
        at = members.ratio.isnull() | (members.ratio == xr.DataArray(ratios, dims="time"))
        shown = [entry(where(members, at.isel(time=k))) for k in range(len(ratios))]
        table.add_row(members.label.values[0], span, *shown)
    Console(width=160).print(table)


def entry(points: xr.Dataset) -> str:
    """A place of the table: accuracy, deviation, and what was selected; of no point a dash."""
    for row in each(points):
        if row.test.isnull():
            return "diverged"
        selected, edges = {"eta": row.eta.item(), **row.free.item()}, row.at_edge.item()
        marked = [f"{v:g}{'*' if name in edges else ''}" for name, v in selected.items()]
        deviation = "" if row.test_sd.isnull() else f" ± {100 * row.test_sd:.1f}"
        return f"{100 * row.test:.1f}{deviation} ({'; '.join(marked)})"
    return "–"
