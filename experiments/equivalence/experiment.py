"""``tuft equivalence``: Brian2 against torch, every option, every state and weight, every step."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from brian2 import Quantity, ms
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from compartments.checks import check_sizes
from compartments.domains import Count
from compartments.lookup import look_up
from compartments.sizes import check_size
from experiments.equivalence.descriptions import COMPARISONS, METHODS, Case, Extent, case, methods
from experiments.lab import processes
from experiments.lab.engines import SAME_WITHIN
from experiments.lab.labelled import best, cells, labelled, where
from experiments.lab.models import ModelConfig
from experiments.lab.options import Workers
from experiments.lab.progress import Report
from experiments.lab.random_signals import random_numbers, random_schedule
from experiments.lab.runner import FolderName, Result
from experiments.lab.stable_step import quick_enough
from experiments.lab.storage import read_json
from experiments.report.page import FellShort, PageTable, Section, write_page
from models import Network, Schedule, simulate
from models.brian_engine import STEP_SECONDS
from rate_bridge import ode_engine


@dataclass(frozen=True)
class Config(ModelConfig):
    """The plastic network in Brian2 and in torch: the largest difference of anything, ever."""

    model: str = ""
    """A model of the registry, or path/to/file.py:function; else the descriptions of --only."""
    only: tuple[str, ...] = ()
    """Descriptions of the package to compare; all of them unless some are named."""
    sizes: tuple[Count, ...] = (64, 32, 32, 10)
    """Neurons in each layer."""
    presentations: Count = 6
    """How many stimuli, one after another."""
    steps: Count = 400
    """Time steps of 1 ms for each of them; a quarter of them is learning lag."""
    jobs: Workers = 1
    """Processes."""
    name: FolderName = "equivalence"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_sizes("equivalence", self.sizes)
        check_size(
            "equivalence",
            "--presentations or --steps",
            needed_bytes=16 * self.presentations * sum(self.sizes),
            least_seconds=STEP_SECONDS["numpy"] * self.presentations * self.steps,
        )
        if self.options and not self.model:
            raise ValueError("--options needs a --model to which they belong.")
        if self.model and self.only:
            raise ValueError("--only names descriptions of the package; leave it with --model.")
        for name in self.only:
            look_up("description", name, dict.fromkeys(COMPARISONS))


def measure(config: Config, folder: Path, progress: Report) -> dict[str, Any]:
    """Every option under every integrator that it takes."""
    names = (config.model,) if config.model else config.only or COMPARISONS
    pairs = [(name, method) for name in names for method in _methods(config, name)]
    tasks = ((config, *pair) for pair in pairs)
    rows: list[dict[str, Any]] = []
    with processes.results(compared, tasks, config.jobs, ordered=True) as done:
        for row in done:
            rows.append(row)
            progress(len(rows) / len(pairs))
    return {"rows": rows}


def _methods(config: Config, name: str) -> tuple[str, ...]:
    if not config.model:
        return methods(name)
    noisy = any(p.neuron.draws for p in _described(config, name).network.populations)
    return METHODS[:1] if noisy else METHODS


def _described(config: Config, name: str) -> Case:
    """One of the package's descriptions, or the model with random signals and numbers."""
    extent = Extent(config.sizes, config.presentations, config.steps, config.seed)
    if not config.model:
        return case(name, extent)
    network, schedule = config.chosen.described(config.sizes, config.seed, config.given)
    dt = 1 * ms
    if schedule is None:
        schedule = _random_schedule(config, network, dt)
        dt = quick_enough(network, schedule, dt)
        schedule = _random_schedule(config, network, dt)
    steps = int(schedule.steps_each("period", dt).sum())
    return Case(network, schedule, {"noise": random_numbers(network, steps, config.seed), "dt": dt})


def _random_schedule(config: Config, network: Network, dt: Quantity) -> Schedule:
    times = {"presentation": config.steps * dt, "lag": config.steps // 4 * dt}
    return random_schedule(network, config.presentations, config.seed, **times)


def compared(config: Config, name: str, method: str) -> dict[str, Any]:
    """The largest differences of one option under one integrator.

    Of a variable with a unit, relative to its largest value; of a number as it is.
    """
    network, schedule, more = _described(config, name)
    record = sorted({n for p in network.populations for n in p.neuron.variables})
    settings: dict[str, Any] = {"dt": 1 * ms, "record": record, "method": method, **more}
    brian = simulate(network, schedule, **settings)
    torch = ode_engine.simulate(network, schedule, **settings)
    traces = {n: _difference(brian.traces[n], torch.traces[n]) for n in brian.traces}
    weights = {n: float(abs(brian.weights[n] - torch.weights[n]).max()) for n in brian.weights}
    moved = [float(abs(brian.weights[n] - network.weights[n]).max()) for n in brian.weights]
    return {
        "option": name,
        "method": method,
        "steps": int(schedule.steps_each("period", settings["dt"]).sum()),
        "variables": len(traces),
        "states": max(traces.values()),
        "weights": max(weights.values(), default=0.0),
        "weights_moved": max(moved, default=0.0),
        "seconds": {"brian2": brian.seconds, "torch": torch.seconds},
    }


def _difference(first: xr.DataArray, second: xr.DataArray) -> float:
    largest = float(abs(first - second).max())
    return largest if first.attrs["units"] == "1" else largest / float(abs(first).max())


def labelled_differences(result: Result) -> xr.Dataset:
    """The saved rows by option and integrator; ``worst`` is the larger difference of a row."""
    found = labelled(result["rows"], ("option", "method"))
    return found.assign(worst=np.maximum(found.states, found.weights))


def sentences(result: Result) -> list[str]:
    """The largest difference of all."""
    found = labelled_differences(result)
    top = best(found, "worst")
    kept = bool((found.worst <= SAME_WITHIN).all())
    return [
        f"Largest difference of any variable or weight at any of {top.steps.item()} steps: "
        f"{top.worst:.1e} ({top.option.item()}, {top.method.item()}); "
        f"{'within' if kept else 'BEYOND'} {SAME_WITHIN:g}."
    ]


DIFFERENCES_HEADER = ("option", "integrator", "states", "weights", "weights moved by")
DIFFERENCES_SHOWN = ("option", "method", "states", "weights", "weights_moved")


def draw(folder: Path) -> Path:
    """The page from the saved numbers; returns its path."""
    result = read_json(folder / "result.json")
    found = labelled_differences(result)
    table = PageTable(
        DIFFERENCES_HEADER, cells(found, *DIFFERENCES_SHOWN), "Largest absolute differences."
    )
    sections = [Section("Every option", (), (), (table,))]
    beyond = where(found, ~(found.worst <= SAME_WITHIN)).option.values
    if len(beyond):
        sections.append(FellShort(text=[f"Beyond {SAME_WITHIN:g}: {', '.join(beyond)}."]))
    return write_page(folder, "Two engines, one description", sentences(result), sections)


def show(result: Result) -> None:
    """The table on the terminal."""
    table = Table(*DIFFERENCES_HEADER, box=SIMPLE_HEAD)
    for name, method, *numbers in cells(labelled_differences(result), *DIFFERENCES_SHOWN):
        table.add_row(name, method, *(f"{number:.1e}" for number in numbers))
    Console(width=100).print(table)
