"""``tuft equivalence``: Brian2 against torch, every option, every state and weight, every step."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr
from brian2 import ms
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from compartments.domains import Count, Seed
from compartments.names import look_up
from experiments.equivalence.descriptions import NAMES, Extent, case, methods
from experiments.lab import processes
from experiments.lab.options import Workers, check_options
from experiments.lab.progress import bar
from experiments.lab.storage import RunFolder, read_json, versions, write_json
from experiments.report.page import FellShort, Section, write_page
from experiments.report.page import Table as PageTable
from models import simulate
from rate_bridge import ode_engine

TOLERANCE = 1e-12
"""float64 sums in another order, over thousands of steps of a stable system."""


@dataclass(frozen=True)
class Config:
    """The plastic network in Brian2 and in torch: the largest difference of anything, ever."""

    only: tuple[str, ...] = ()
    """Options to compare; all of them unless some are named."""
    sizes: tuple[Count, ...] = (64, 32, 32, 10)
    """Neurons in each layer."""
    presentations: Count = 6
    """How many stimuli, one after another."""
    steps: Count = 400
    """Time steps of 1 ms for each of them; a quarter of them is learning lag."""
    seed: Seed = 0
    """For weights and stimuli."""
    jobs: Workers = 1
    """Processes."""
    out: Path = Path("runs")
    """Folder for results."""
    name: str = "equivalence"
    """Name of this result; an older one of that name is kept and this one numbered."""

    def __post_init__(self) -> None:
        check_options(self)
        for name in self.only:
            look_up("option", name, dict.fromkeys(NAMES))


def main(config: Config) -> None:
    """Compare, and show the table."""
    names = config.only or NAMES
    pairs = [(name, method) for name in names for method in methods(name)]
    with RunFolder(config.out, config.name) as run:
        write_json(run.path / "config.json", config)
        with bar(f"{len(pairs)} comparisons") as report:
            rows = []
            tasks = ((config, *pair) for pair in pairs)
            with processes.results(compared, tasks, config.jobs, ordered=True) as done:
                for row in done:
                    rows.append(row)
                    report(len(rows) / len(pairs))
        write_json(run.path / "result.json", {"rows": rows, "versions": versions()})
        run.keep()
        draw(run.path)
    _show(rows)
    print(f"{_sentence(rows)}\n{run.path / 'index.html'}")


def compared(config: Config, name: str, method: str) -> dict[str, Any]:
    """The largest differences of one option under one integrator.

    Of a variable with a unit, relative to its largest value; of a number as it is.
    """
    extent = Extent(config.sizes, config.presentations, config.steps, config.seed)
    network, schedule, more = case(name, extent)
    record = sorted({n for p in network.populations for n in p.neuron.variables})
    settings: dict[str, Any] = {"dt": 1 * ms, "record": record, "method": method, **more}
    brian = simulate(network, schedule, **settings)
    torch = ode_engine.simulate(network, schedule, **settings)
    traces = {n: _difference(brian.traces[n], torch.traces[n]) for n in brian.traces}
    weights = {n: float(abs(brian.weights[n] - torch.weights[n]).max()) for n in brian.weights}
    moved = max(float(abs(brian.weights[n] - network.weights[n]).max()) for n in brian.weights)
    return {
        "option": name,
        "method": method,
        "steps": int(schedule.steps_each("period", settings["dt"]).sum()),
        "variables": len(traces),
        "states": max(traces.values()),
        "weights": max(weights.values()),
        "weights_moved": moved,
        "seconds": {"brian2": brian.seconds, "torch": torch.seconds},
    }


def _difference(first: xr.DataArray, second: xr.DataArray) -> float:
    largest = float(abs(first - second).max())
    return largest if first.attrs["units"] == "1" else largest / float(abs(first).max())


def _worst(row: dict[str, Any]) -> float:
    return max(row["states"], row["weights"])


def _sentence(rows: Sequence[dict[str, Any]]) -> str:
    worst = max(rows, key=_worst)
    kept = all(_worst(row) <= TOLERANCE for row in rows)
    return (
        f"Largest difference of any variable or weight at any of {worst['steps']} steps: "
        f"{_worst(worst):.1e} ({worst['option']}, {worst['method']}); "
        f"{'within' if kept else 'BEYOND'} {TOLERANCE:g}."
    )


HEADER = ("option", "integrator", "states", "weights", "weights moved by")


def _cells(row: dict[str, Any]) -> list[Any]:
    return [row[k] for k in ("option", "method", "states", "weights", "weights_moved")]


def draw(folder: Path) -> Path:
    """The page from the saved numbers; returns its path."""
    rows = read_json(folder / "result.json")["rows"]
    table = PageTable(HEADER, [_cells(row) for row in rows], "Largest absolute differences.")
    sections = [Section("Every option", (), (), (table,))]
    beyond = [row["option"] for row in rows if not _worst(row) <= TOLERANCE]
    if beyond:
        sections.append(FellShort(text=[f"Beyond {TOLERANCE:g}: {', '.join(beyond)}."]))
    return write_page(folder, "Two engines, one description", _sentence(rows), sections)


def _show(rows: Sequence[dict[str, Any]]) -> None:
    table = Table(*HEADER, box=SIMPLE_HEAD)
    for row in rows:
        name, method, *numbers = _cells(row)
        table.add_row(name, method, *(f"{number:.1e}" for number in numbers))
    Console(width=100).print(table)
