"""``tuft traces``: what every compartment does while a stimulus and its target come and go.

Three presentations: a digit without its target, the same digit with it, another digit with its
target. Every variable is held against the equilibrium that Algorithm 1 gives for that moment.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from brian2 import Quantity, ms

from compartments import save_traces
from compartments.recording import trace_name, unit_dimension
from experiments import progress as terminal
from experiments.one_neuron import measure_one_neuron
from experiments.quantities import duration
from experiments.settling import chain_residual, settling_time, stages_ms
from experiments.storage import RunFolder, read_json, versions, write_json
from experiments.traces_page import draw_page
from models import DLLNetwork, Run, Schedule, dll_network, simulate
from rate_bridge.algorithm1 import equilibrium

VARIABLES = ("u", "a", "x", "error")


@dataclass(frozen=True)
class Config:
    """Traces of every compartment while a digit, its target, and another digit are shown."""

    presentation: str = "400ms"
    """How long each of the three presentations lasts, with its unit."""
    sizes: tuple[int, ...] = (64, 32, 32, 10)
    """Neurons in the input (64 pixels), in the hidden layers and in the output (10 digits)."""
    activation: str = "tanh"
    """Activation of the hidden layers: tanh, logistic, softplus or linear."""
    theta_rule: str = "minus"
    """How feedback weights learn: minus (Algorithm 1), plus, fixed or kp. Needs --plastic."""
    beta: float | None = None
    """Pull of the target on the output soma; without it the target clamps the soma."""
    matched_soma: bool = False
    """Measure the error against the basal u as the soma itself would show it."""
    filtered_target: bool = False
    """Let the target pass through as many low-pass stages as the network is deep."""
    plastic: bool = False
    """Let synapses learn meanwhile; the equilibrium then moves with the weights."""
    digits: tuple[int, int] = (3, 7)
    """The digit that is shown first, and the one that follows."""
    neurons: int = 3
    """Neurons drawn in each layer: those that the switch changes most."""
    dt: str = "0.1ms"
    """Time step, with its unit."""
    codegen: str = "numpy"
    """How Brian2 runs it: numpy, cython or cpp_standalone."""
    seed: int = 0
    """Seed of the initial weights."""
    out: Path = Path("runs")
    """Folder that receives the results folder."""
    name: str = "traces"
    """Name of the results folder; an older one is kept and the new one numbered."""

    def __post_init__(self) -> None:
        duration("presentation", self.presentation)
        duration("dt", self.dt)
        if self.neurons < 1:
            raise ValueError(f"neurons must be at least 1, got {self.neurons}.")
        for digit in self.digits:
            if digit not in range(10):
                raise ValueError(f"digits must be from 0 to 9, got {digit}.")

    def network(self) -> DLLNetwork:
        """The network that is shown the digits."""
        return dll_network(
            self.sizes,
            seed=self.seed,
            activation=self.activation,
            theta_rule=self.theta_rule,
            beta=self.beta,
            matched_soma=self.matched_soma,
            filtered_target=self.filtered_target,
        )

    def schedule(self) -> tuple[Schedule, np.ndarray]:
        """First digit without and with its target, then the second; and their pixels."""
        pixels, centred = _one_of_each(self.digits)
        order = [0, 0, 1]
        schedule = Schedule(
            centred[order],
            np.eye(10)[list(self.digits)][order],
            presentation=duration("presentation", self.presentation),
            target_shown=np.array([False, True, True]),
        )
        return schedule, pixels[order]


def main(config: Config) -> None:
    """Measure, draw, and say what came out and where it is."""
    with RunFolder(config.out, config.name) as run:
        with terminal.bar("traces") as report:
            measure(config, run.path, report)
        draw(run.path)
    for line in read_json(run.path / "result.json")["sentences"]:
        print(line)
    print(run.path / "index.html")


def measure(config: Config, folder: Path, progress: terminal.Report) -> None:
    """Simulate and write ``config.json``, ``traces.nc``, ``one_neuron.nc`` and ``result.json``."""
    begun = time.perf_counter()
    network, (schedule, pixels) = config.network(), config.schedule()
    dt = duration("dt", config.dt)
    write_json(folder / "config.json", {"experiment": "traces", "config": config})
    moments = _moments(schedule, dt, config.plastic)
    run = _simulated(config, network, schedule, dt, moments, progress)
    traces = _with_equilibria(run, network, schedule, moments)
    traces["pixels"] = (("presentation", "pixel"), pixels)
    chosen = _chosen(network, traces, config.neurons)
    traces = _with_distances(traces, network, float(dt / ms))
    save_traces(traces, folder / "traces.nc")
    measure_one_neuron(network.population("hidden1").neuron if len(config.sizes) > 2 else None, folder)
    result = _result(network, traces, schedule)
    result |= {
        "neurons": chosen,
        "digits": list(config.digits),
        "target_on": schedule.target_on,
        "presentation_ms": float(schedule.presentation / ms),
        "dt_ms": float(dt / ms),
        "weights_sha256": network.weights.hash,
        "seconds": {**run.seconds, "all": time.perf_counter() - begun},
        "versions": versions(),
    }
    write_json(folder / "result.json", result)


def draw(folder: Path) -> Path:
    """Draw the figures and the page from the saved files; returns the page."""
    return draw_page(folder)
