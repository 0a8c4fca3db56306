"""``tuft remedies``: which remedy learns how well, at which presentation time and depth.

Every remedy at every presentation time is a cell: all its seeds and rates learn side by side as
copies in one process, and cells go to several processes. A finished cell is kept beside the
results: a run that was stopped goes on where it was, and a later one learns only what is new.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from experiments.lab.continuous_learning import DISCRETE, Cell, learned
from experiments.lab.kept_results import Cells, cell_name
from experiments.lab.progress import bar
from experiments.lab.remedies import REMEDIES, remedy
from experiments.lab.samples import samples
from experiments.lab.storage import RunFolder, versions, write_json
from experiments.remedies.figures import MAIN, by_depth, draw


@dataclass(frozen=True)
class Config:
    """Learning with continuous plasticity under each remedy, beside Algorithm 1."""

    dataset: str = "digits"
    """Classified data set; digits needs no file."""
    hidden: tuple[int, ...] = (32, 32)
    """Neurons in each hidden layer."""
    depths: tuple[int, ...] = ()
    """Compare networks with so many hidden layers, each as wide as the first of `hidden`."""
    power: float = 5.0
    """Mean squared length of the centred inputs."""
    remedies: tuple[str, ...] = tuple(REMEDIES)
    """Which remedies; all of them unless told otherwise."""
    ratios: tuple[float, ...] = (2, 3, 5)
    """Presentation times, in tau (10 ms)."""
    long_ratios: tuple[float, ...] = (10, 20)
    """Presentation times, in tau, for the main remedies only."""
    etas: tuple[float, ...] = (0.005, 0.01, 0.02)
    """Learning rates of W; the best one is selected on the validation part, for each cell."""
    theta_share: float = 0.1
    """Learning rate of Theta, in parts of that of W."""
    seeds: int = 4
    """How many seeds: 0, 1, ..."""
    epochs: int = 5
    """Passes through the training part."""
    batch: int = 1
    """Presentations in parallel to one set of weights."""
    dt_ms: float = 2.5
    """Time step in ms, integrated by exponential Euler."""
    look_ahead_dt_ms: float = 1.0
    """Time step for look-ahead coding, whose error is of the order of the step."""
    jobs: int = 1
    """Processes."""
    out: Path = Path("runs")
    """Folder for results."""
    name: str = "remedies"
    """Name of this result; an older one of that name is kept and this one numbered."""

    def __post_init__(self) -> None:
        for name in self.remedies:
            remedy(name)
        for name in ("seeds", "epochs", "batch", "jobs"):
            if getattr(self, name) < 1:
                raise ValueError(f"--{name} must be at least 1, got {getattr(self, name)}.")
        for name in ("ratios", "long_ratios", "etas"):
            if not all(0 < value < math.inf for value in getattr(self, name)):
                option = name.replace("_", "-")
                raise ValueError(f"--{option} must be positive, got {getattr(self, name)}.")
        if not (self.remedies and self.ratios and self.etas):
            raise ValueError("--remedies, --ratios and --etas each need at least one value.")
        if self.depths and (min(self.depths) < 1 or not self.hidden):
            raise ValueError(
                f"--depths must be at least 1, and --hidden name a width; got {self.depths} and "
                f"{self.hidden}."
            )
        self.cells()  # each checks its times

    def networks(self) -> list[tuple[int, ...]]:
        """The hidden layers of every network that is compared."""
        return [self.hidden[:1] * depth for depth in self.depths] or [self.hidden]

    def cells(self) -> list[Cell]:
        """For every network Algorithm 1, and every remedy at every presentation time."""
        pairs = [(DISCRETE, 1.0)]
        pairs += [(name, ratio) for ratio in self.ratios for name in self.remedies]
        main = [name for name in self.remedies if name in MAIN]
        pairs += [(name, ratio) for ratio in self.long_ratios for name in main]
        return [
            Cell(
                self.dataset,
                hidden,
                self.power,
                name,
                float(ratio),
                self.etas,
                tuple(range(self.seeds)),
                self.epochs,
                self.batch,
                self.look_ahead_dt_ms if name == "look-ahead" else self.dt_ms,
                self.theta_share,
            )
            for hidden in self.networks()
            for name, ratio in pairs
        ]


def main(config: Config) -> None:
    """Learn what is not yet learned, select, draw, and show a table."""
    data = samples(config.dataset, config.power)
    if config.batch > len(data.train.labels):
        raise ValueError(
            f"--batch {config.batch} is more than the {len(data.train.labels)} training samples of "
            f"{config.dataset}."
        )
    shared = {"data": data.provenance, "versions": versions()}
    cells = {cell_name(cell.key, vars(cell) | shared): cell for cell in config.cells()}
    kept = Cells(config.out / f".{config.name}-cells")
    with RunFolder(config.out, config.name) as run:
        with bar(f"{len(cells)} cells") as report:
            found = kept.results(learned, cells, config.jobs, report)
        write_json(run.path / "config.json", config)
        rows = [_row(result) for result in found]
        write_json(run.path / "result.json", {"rows": rows, "versions": versions()})
        draw(run.path)
    show(rows)
    print(run.path / "index.html")


def _row(found: dict[str, Any]) -> dict[str, Any]:
    """A cell's numbers, with the rate and the epoch that are best on the validation part.

    All rates' validation accuracies at the last epoch are kept; the test accuracy is that of the
    selected rate at the last epoch, mean and standard deviation over seeds.
    """
    cell = found["cell"]
    curve = np.array(found["validation"], dtype=float)  # (epoch, eta, seed); null becomes NaN
    test = np.array(found["test"], dtype=float)
    last = curve[-1].mean(-1)
    best = int(np.nanargmax(last)) if np.isfinite(last).any() else None
    row: dict[str, Any] = {
        "remedy": cell["remedy"],
        "label": "Algorithm 1" if cell["remedy"] == DISCRETE else remedy(cell["remedy"]).label,
        "ratio": None if cell["remedy"] == DISCRETE else cell["ratio"],
        "depth": len(cell["hidden"]),
        "dt_ms": cell["dt_ms"],
        "seeds": len(cell["seeds"]),
        "validation": {str(eta): value for eta, value in zip(cell["etas"], last, strict=True)},
        "test_all": {
            str(eta): [values.mean(), _deviation(values)]
            for eta, values in zip(cell["etas"], test, strict=True)
        },
        "curve": curve.mean(-1),
        "seconds": found["seconds"],
    }
    if best is None:
        return row | {"eta": None, "selected": math.nan, "test": math.nan, "test_sd": math.nan}
    chosen = test[best]
    return row | {
        "eta": cell["etas"][best],
        "selected": last[best],
        "test": chosen.mean(),
        "test_sd": _deviation(chosen),
    }


def _deviation(values: np.ndarray) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else math.nan


def show(rows: list[dict[str, Any]]) -> None:
    """Tables on the terminal, one a depth: test accuracy of the selected rate."""
    for depth, members in by_depth(rows).items():
        _show(f"{depth} hidden layer{'s' if depth > 1 else ''}", members)


def _show(title: str, rows: list[dict[str, Any]]) -> None:
    ratios = sorted({row["ratio"] for row in rows if row["ratio"] is not None})
    caption = "test accuracy in %, mean ± s.d. over seeds (rate)"
    table = Table(box=SIMPLE_HEAD, title=title, caption=caption)
    table.add_column("remedy")
    for ratio in ratios:
        table.add_column(f"T = {ratio:g} τ", justify="right", no_wrap=True)
    for name in dict.fromkeys(row["remedy"] for row in rows):
        members = {row["ratio"]: row for row in rows if row["remedy"] == name}
        cells = [_cell(members.get(ratio, members.get(None))) for ratio in ratios]
        table.add_row(next(iter(members.values()))["label"], *cells)
    Console(width=140).print(table)


def _cell(row: dict[str, Any] | None) -> str:
    if row is None or row["eta"] is None:
        return "diverged" if row else "–"
    return f"{100 * row['test']:.1f} ± {100 * row['test_sd']:.1f} ({row['eta']:g})"
