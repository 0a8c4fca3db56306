"""``tuft dendrite``: what one neuron does, by every tool of the toolbox, beside its theory."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from brian2 import Quantity, ms

from compartments import toolbox
from compartments.checks import check_kind
from compartments.neuron import Neuron
from compartments.neurons.registry import neuron_kind
from compartments.recording import load_traces, save_traces
from compartments.representation import constants_text, equation_text
from experiments.lab.models import loaded_file, of_user
from experiments.lab.progress import Report
from experiments.lab.runner import ExperimentConfig, FolderName, Result
from experiments.lab.storage import read_json
from experiments.plots import plot_tool
from experiments.report.figure_style import new_figure, save_figure
from experiments.report.page import FellShort, PageTable, Picture, Section, shown, write_page

TIMES = {"tau_u": 10 * ms, "tau_a": 10 * ms, "tau_x": 5 * ms, "tau_d": 1 * ms}
"""What kinds of neurons are built with, where they need it."""

TOOL_CAPTIONS = {
    "linearize": "Modes at rest: how much each state moves, by the mode's time constant.",
    "step_response": "A small step of the first input.",
    "frequency_response": "Small oscillations of the first input: gain by frequency.",
    "attenuation": "What arrives of a constant that is injected, relative to where it is caused.",
    "fi_curve": "What the axon sends at the end of a long step, by its height.",
    "coincidence": "Two pulses, by the time between them.",
    "phase_plane": "Two states: where each stands still, and ways to the rest.",
}
"""Of each tool, the caption."""


@dataclass(frozen=True)
class Config(ExperimentConfig):
    """One neuron by every tool: time constants, Bode diagram, attenuation, phase plane, ..."""

    neuron: str = "graded"
    """A kind of neuron, or FILE.py:FUNCTION that returns a Neuron."""
    activation: str = "tanh"
    """Of a kind of neuron: tanh, logistic, softplus or linear."""
    name: FolderName = "dendrite"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.built()

    def built(self) -> Neuron:
        """The neuron."""
        path, colon, function = self.neuron.rpartition(":")
        if colon:
            module = loaded_file(self.neuron, Path(path))
            found = of_user(self.neuron, "its function", getattr(module, function, None) or dict)
            check_kind(f"--neuron {self.neuron}", "what it returns", found, Neuron, "Neuron(...)")
            return found
        kind = neuron_kind(self.neuron)
        return kind.built("cell", kind.only_f or self.activation, TIMES)


def uses(neuron: Neuron) -> dict[str, Callable[[], xr.Dataset]]:
    """Every tool, on the neuron's first input where it needs one."""
    into = (*(port.variable for port in neuron.ports.inputs), *neuron.inputs, "drive")[0]
    one = Quantity(np.linspace(-2, 2, 41), dim=neuron.equations[into].dim) if neuron.inputs else []
    return {
        "linearize": lambda: toolbox.linearize(neuron),
        "step_response": lambda: toolbox.step_response(neuron, into),
        "frequency_response": lambda: toolbox.frequency_response(neuron, into),
        "attenuation": lambda: toolbox.attenuation(neuron),
        "fi_curve": lambda: toolbox.fi_curve(neuron, into, one),
        "coincidence": lambda: toolbox.coincidence(neuron),
        "phase_plane": lambda: toolbox.phase_plane(neuron),
    }


def measure(config: Config, folder: Path, progress: Report) -> dict[str, Any]:
    """Use every tool and write what it gives, ``TOOL.nc``."""
    neuron = config.built()
    deviations: dict[str, float | None] = {}
    left_out: dict[str, str] = {}
    for number, (tool, use) in enumerate(uses(neuron).items()):
        try:
            found = use()
        except ValueError as error:
            left_out[tool] = str(error)
            continue
        save_traces(found, folder / f"{tool}.nc")
        deviations[tool] = found.attrs.get("deviation")
        progress((number + 1) / len(TOOL_CAPTIONS))
    if not deviations:
        raise ValueError(next(iter(left_out.values())))
    lines = neuron.equations.values()
    return {
        "neuron": config.neuron,
        "equations": [equation_text(line) for line in lines],
        "constants": constants_text(neuron.parameters),
        "deviations": deviations,
        "left_out": left_out,
    }


def draw(folder: Path) -> Path:
    """A figure for each tool, and the page."""
    result = read_json(folder / "result.json")
    pictures = []
    for tool in result["deviations"]:
        figure = new_figure(6.0, 3.6)
        plot_tool(load_traces(folder / f"{tool}.nc"), figure.subplots())
        save_figure(figure, folder, tool)
        pictures.append(Picture(tool, TOOL_CAPTIONS[tool]))
    rows = [(tool, value) for tool, value in result["deviations"].items()]
    table = PageTable(("tool", "largest relative deviation from theory"), rows)
    words = tuple(f"`{line}`" for line in result["equations"])
    sections = [
        Section("Equations", (*words, result["constants"])),
        Section("Tools", (), pictures, (table,)),
    ]
    if result["left_out"]:
        sections.append(FellShort(text=tuple(result["left_out"].values())))
    return write_page(folder, f"One neuron: {result['neuron']}", sentences(result), sections)


def sentences(result: Result) -> list[str]:
    """The deviations from theory, tool by tool, and what makes no sense here."""
    said = [
        f"{tool}: largest deviation from theory {shown(value)}."
        for tool, value in result["deviations"].items()
        if value is not None
    ]
    return said + list(result["left_out"].values())
