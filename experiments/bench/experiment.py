"""``tuft bench``: how fast the engines are, as ratios measured side by side in one run."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from compartments.lookup import look_up
from experiments.bench import step_cost as bench_cost
from experiments.bench.brian_targets import brian_targets
from experiments.bench.events import events
from experiments.bench.ode_engine import torch_engine
from experiments.bench.one_neuron import one_neuron
from experiments.bench.rows import Benchmark, EngineRate, LeftOut, labelled_rates, records
from experiments.bench.training import training_steps
from experiments.lab.labelled import POINT, best, cells, chosen, groups, where
from experiments.lab.progress import Report, portion
from experiments.lab.runner import ExperimentConfig, FolderName, Result
from experiments.lab.storage import read_json
from experiments.report.figure_style import SERIES, THEORY, new_figure, save_figure, style
from experiments.report.page import FellShort, PageTable, Picture, Section, shown, write_page

BENCHMARKS: dict[str, Benchmark] = {
    "brian": brian_targets,
    "neuron": one_neuron,
    "training": training_steps,
    "torch": torch_engine,
    "events": events,
}
"""All benchmarks, a line each; see :mod:`experiments.bench.rows` for what they return."""

WANTED = {"synapse-steps": ("cpp_standalone", 8e7)}
"""Rates that are promised: for a unit, by which engine, how many a second."""


@dataclass(frozen=True)
class Config(ExperimentConfig):
    """Measure the speed of the engines, all in one run on this machine."""

    only: tuple[str, ...] = ()
    """Benchmarks: brian, neuron, training, torch, events; all of them unless some are named."""
    full: bool = False
    """Also the long ones, such as one epoch of digits in continuous time (a minute or two)."""
    name: FolderName = "bench"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in self.only:
            look_up("benchmark", name, BENCHMARKS)


def measure(config: Config, folder: Path, progress: Report) -> dict[str, Any]:
    """Run the benchmarks one after another."""
    found: list[EngineRate | LeftOut] = []
    names = config.only or tuple(BENCHMARKS)
    for i, name in enumerate(names):
        part = portion(progress, i / len(names), (i + 1) / len(names))
        found += BENCHMARKS[name](config.full, part)
    rows = [row for row in found if isinstance(row, EngineRate)]
    left_out = [vars(row) for row in found if isinstance(row, LeftOut)]
    machine = {"processor": processor(), "cores": os.cpu_count(), "system": platform.platform()}
    return {"rows": records(rows), "left_out": left_out, "machine": machine}


def processor() -> str:
    """The processor's name as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def draw(folder: Path) -> Path:
    """Draw the figure and the page from the saved numbers; returns the page."""
    result = read_json(folder / "result.json")
    rates = labelled_rates(result)
    save_figure(_figure(rates), folder, "rates")
    pictures = [
        Picture(
            "rates",
            "Rates; labels give the ratio to the first of each group. Dotted: what is wanted.",
        ),
        *bench_cost.draw(folder, rates),
    ]
    section = Section(
        "Rates",
        ("All rows were measured in one run, one after another. Building happens once.",),
        pictures,
        (PageTable(RATES_HEADER, cells(rates, *RATES_SHOWN), _machine(result)),),
    )
    short = [*too_slow(result), *left_out_sentences(result)]
    parts = [section, FellShort(text=tuple(short))] if short else [section]
    return write_page(folder, "How fast the engines are", sentences(result), parts)


RATES_HEADER = ("task", "engine", "build (s)", "run (s)", "per second", "of what", "ratio")


RATES_SHOWN = ("group", "engine", "build_seconds", "run_seconds", "rate", "unit", "ratio")


def _machine(result: Result) -> str:
    machine = result["machine"]
    return f"{machine['processor']}, {machine['cores']} cores."


def sentences(result: Result) -> list[str]:
    """The fastest engine of each group that has more than one, and the promises."""
    lines = []
    for name, rows in groups(labelled_rates(result), "group").items():
        top, first = best(rows, "rate"), rows.isel({POINT: 0})
        words = f"{name}: {top.engine.item()} does {shown(top.rate.item())} {top.unit.item()} a "
        words += "second"
        if top.engine != first.engine:
            words += f", {shown(top.ratio.item())} times {first.engine.item()}"
        else:
            words += f", in {shown(top.run_seconds.item())} s"
        if top.build_seconds.notnull():
            words += f" (and {shown(top.build_seconds.item())} s to build)"
        lines.append(f"{words}.")
    return lines


def too_slow(result: Result) -> list[str]:
    """A sentence for every promise that this machine did not keep."""
    rates = labelled_rates(result)
    found = []
    for unit, (engine, wanted) in WANTED.items():
        promised = chosen(rates, unit=unit, engine=engine)
        for group, rate in cells(where(promised, promised.rate < wanted), "group", "rate"):
            found.append(
                f"{group}: {engine} does {shown(rate)} {unit} a second; at least {shown(wanted)} "
                "are wanted."
            )
    return found


def left_out_sentences(result: Result) -> list[str]:
    """What could not run, and why: the engines that lack the same thing together."""
    tasks: dict[str, list[str]] = {}
    for row in result.get("left_out", ()):
        tasks.setdefault(row["reason"], []).append(f"{row['group']} by {row['engine']}")
    return [f"Left out: {'; '.join(names)}. {reason}" for reason, names in tasks.items()]


def show(result: Result) -> None:
    """The table on the terminal, and what is missing from it."""
    table = Table(box=SIMPLE_HEAD, caption=_machine(result), caption_justify="left")
    table.add_column("task and engine", no_wrap=True)
    for title in ("build (s)", "run (s)", "per second", "ratio"):
        table.add_column(title, justify="right", no_wrap=True)
    for name, rows in groups(labelled_rates(result), "group").items():
        table.add_row(f"[bold]{name}", "", "", rows.unit.values[0], "")
        for engine, *numbers in cells(
            rows, "engine", "build_seconds", "run_seconds", "rate", "ratio"
        ):
            table.add_row(f"  {engine}", *map(shown, numbers))
        table.add_section()
    Console(width=max(120, Console().width)).print(table)  # rather long lines than cut numbers
    for line in left_out_sentences(result):
        print(line)


def _figure(rates: xr.Dataset) -> Figure:
    """A panel for each group, a point for each engine; groups of one unit share their scale."""
    grouped = groups(rates, "group")
    heights = [rows.sizes[POINT] + 1.2 for rows in grouped.values()]
    figure = new_figure(7.2, 0.5 + 0.34 * sum(heights))
    with style():
        panels = figure.subplots(len(grouped), 1, squeeze=False, height_ratios=heights)[:, 0]
        for axes, (name, rows) in zip(panels, grouped.items(), strict=True):
            unit = rows.unit.values[0]
            alike = chosen(rates, unit=unit).rate.values
            axes.set(title=name, xscale="log", xlim=(alike.min() / 2, alike.max() * 6))
            axes.set_xlabel(f"{unit} per second")
            if unit in WANTED:
                axes.axvline(WANTED[unit][1], **THEORY)
            _draw_rates(axes, rows)
    return figure


def _draw_rates(axes: Axes, rates: xr.Dataset) -> None:
    for y, (rate, ratio) in enumerate(cells(rates, "rate", "ratio")):
        axes.plot([0, rate], [y, y], color=SERIES[0], linewidth=1, alpha=0.35)
        axes.plot(rate, y, "o", color=SERIES[0], markersize=7)
        words = f"{shown(rate)}  (× {shown(ratio)})"
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        axes.annotate(
            words,
            (rate, y),
            (9, 0),
            textcoords="offset points",
            va="center",
            bbox=box,
            zorder=6,
        )
    count = rates.sizes[POINT]
    axes.set(yticks=range(count), yticklabels=rates.engine.values)
    axes.set_ylim(count - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
