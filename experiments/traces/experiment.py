"""``tuft traces``: what every compartment does while a stimulus and its target come and go.

Three presentations: a digit without its target, the same digit with it, another digit with its
target. Every variable is held against the equilibrium that Algorithm 1 gives for that moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import xarray as xr
from brian2 import Quantity, ms

from compartments import save_traces
from compartments.domains import Count, Positive, such_that
from compartments.recording import trace_name, unit_dimension
from experiments.lab.engines import engine
from experiments.lab.progress import Report
from experiments.lab.quantities import duration
from experiments.lab.runner import FolderName, SeededConfig
from experiments.traces.one_neuron import measure_one_neuron
from experiments.traces.page import draw, sentences
from experiments.traces.settling import settling_time, stages_ms
from models import DLLNetwork, Run, Schedule, WeightBundle, dll_network
from models.theory import chain_residual
from rate_bridge.data.digits import digits
from rate_bridge.references.reference import held
from rate_bridge.references.registry import reference

__all__ = ["Config", "draw", "measure", "sentences"]

VARIABLES = ("u", "a", "x", "error")

DrawnNeurons = Annotated[int, such_that("a whole number in 1..100", lambda n: 1 <= n <= 100)]
"""Of a figure: more than 150 are beyond what matplotlib draws."""


@dataclass(frozen=True)
class Config(SeededConfig):
    """Traces of every compartment while a digit, its target, and another digit are shown."""

    presentation: str = "400ms"
    """How long each of the three presentations lasts, with its unit."""
    sizes: tuple[Count, ...] = (64, 32, 32, 10)
    """Neurons in the input (64 pixels), in the hidden layers and in the output (10 digits)."""
    activation: str = "tanh"
    """Activation of the hidden layers: tanh, logistic, softplus or linear."""
    theta_rule: str = "minus"
    """How feedback weights learn: minus (Algorithm 1), plus, fixed or kp. Needs --plastic."""
    beta: Positive | None = None
    """Pull of the target on the output soma; without it the target clamps the soma."""
    matched_soma: bool = False
    """Measure the error against the basal u as the soma itself would show it."""
    filtered_target: bool = False
    """Let the target pass through as many low-pass stages as the network is deep."""
    plastic: bool = False
    """Let synapses learn meanwhile; the equilibrium then moves with the weights."""
    digits: tuple[int, int] = (3, 7)
    """The digit that is shown first, and the one that follows."""
    neurons: DrawnNeurons = 3
    """Neurons drawn in each layer: those that the switch changes most."""
    dt: str = "0.1ms"
    """Time step, with its unit."""
    engine: str = "brian2"
    """What runs it: brian2 or torch."""
    codegen: str = "numpy"
    """How Brian2 runs it: numpy, cython or cpp_standalone."""
    name: FolderName = "traces"

    def __post_init__(self) -> None:
        engine(self.engine)
        duration("presentation", self.presentation)
        duration("dt", self.dt)
        super().__post_init__()
        if len(self.sizes) > 1 and self.neurons > max(self.sizes[1:]):
            raise ValueError(
                f"--neurons must be at most the neurons of a layer of --sizes {self.sizes}, got "
                f"{self.neurons}."
            )
        for digit in self.digits:
            if digit not in range(10):
                raise ValueError(f"digits must be from 0 to 9, got {digit}.")
        if self.digits[0] == self.digits[1]:
            raise ValueError(f"digits must differ, else nothing switches; got {self.digits}.")

    @property
    def estimated_bytes(self) -> int:
        """About how much is written: the traces at one sample a millisecond, and the figures."""
        samples = 3 * float(duration("presentation", self.presentation) / ms)
        return int(2_000_000 + 8 * samples * len(VARIABLES) * sum(self.sizes[1:]))

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
            {"stimulus": centred[order], "target": np.eye(10)[list(self.digits)][order]},
            presentation=duration("presentation", self.presentation),
            shown={"target": np.array([False, True, True])},
        )
        return schedule, pixels[order]


def measure(config: Config, folder: Path, progress: Report) -> dict[str, Any]:
    """Simulate, and write ``traces.nc`` and ``one_neuron.nc``."""
    network, (schedule, pixels) = config.network(), config.schedule()
    run = _simulated(config, network, schedule, progress)
    traces = _with_equilibria(run, network, schedule, _moments(config, schedule))
    chosen = _most_changed(network, traces, config.neurons)
    traces = _with_distances(traces, network)
    traces["pixels"] = (("presentation", "pixel"), pixels)
    save_traces(traces, folder / "traces.nc")
    return {
        **_result(network, traces),
        "one_neuron_distance": measure_one_neuron(folder, config.activation, network.options),
        "neurons": chosen,
        "digits": config.digits,
        "target_on": schedule.on("target"),
        "presentation_ms": float(schedule.presentation / ms),
        "weights_sha256": network.weights.hash,
        "seconds": run.seconds,
    }


def _one_of_each(wanted: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The first training sample of each digit: pixels from 0 to 1, and the same centred."""
    train = digits().train
    pixels = (train.inputs.flatten(1).double().numpy() + 1) / 2
    labels = train.targets.numpy()
    index = [int(np.flatnonzero(labels == digit)[0]) for digit in wanted]
    return pixels[index], pixels[index] - pixels.mean(0)


def _simulated(config: Config, network: DLLNetwork, schedule: Schedule, progress: Report) -> Run:
    """The one place where the network is run."""
    dt = duration("dt", config.dt)
    layers = network.layers[1:]
    return engine(config.engine)(
        network,
        schedule,
        dt=dt,
        record=VARIABLES if len(layers) > 1 else ("u", "x", "error"),  # an output has no apical a
        record_dt=max(1, round(float(1 * ms / dt))) * dt,
        record_units={name: range(network.population(name).size) for name in layers},
        weights_at=_moments(config, schedule) if config.plastic else (),
        plastic=config.plastic,
        codegen=config.codegen,
        progress=progress,
    )


def _moments(config: Config, schedule: Schedule) -> list[Quantity]:
    """When the equilibrium is looked at: every switch, and while synapses learn in between too."""
    dt = duration("dt", config.dt)
    steps = schedule.steps("presentation", dt)
    pieces = max(k for k in range(1, 41) if steps % k == 0) if config.plastic else 1
    return [k * (steps // pieces) * dt for k in range(pieces * len(schedule))]


def _with_equilibria(
    run: Run, network: DLLNetwork, schedule: Schedule, moments: Sequence[Quantity]
) -> xr.Dataset:
    """The traces, and Algorithm 1's equilibrium from each moment on."""
    found: dict[tuple[str, str], list[np.ndarray]] = {}
    at, signals = reference(network), held(schedule)
    for k, moment in enumerate(moments):
        row = int(moment / schedule.period + 1e-9)
        weights = network.weights
        if run.weight_history:
            kept = {str(name): array.values[k] for name, array in run.weight_history.items()}
            weights = WeightBundle(kept)
        at_rest = at.equilibrium({name: value[[row]] for name, value in signals.items()}, weights)
        for key, values in at_rest.items():
            found.setdefault(key, []).append(values[0])
    traces = run.traces.assign_coords(moment=[float(moment / ms) for moment in moments])
    traces["moment"].attrs["units"] = "ms"
    for (variable, layer), rows in found.items():
        if trace_name(variable, layer) in run.traces:
            name = f"equilibrium_{trace_name(variable, layer)}"
            traces[name] = (("moment", unit_dimension(layer)), np.stack(rows), {"units": "1"})
    switches = [float(k * schedule.period / ms) for k in range(len(schedule))]
    return traces.assign_coords(presentation=switches)


def _with_distances(traces: xr.Dataset, network: DLLNetwork) -> xr.Dataset:
    """The traces, and the largest distance to the equilibrium in each layer at each time."""
    piece = np.searchsorted(traces["moment"].values, traces["time"].values + 1e-9, side="right") - 1
    for layer in network.layers[1:]:
        for variable in VARIABLES:
            name = trace_name(variable, layer)
            if name in traces:
                apart = traces[name].values - traces[f"equilibrium_{name}"].values[piece]
                traces[f"distance_{name}"] = ("time", np.abs(apart).max(1), {"units": "1"})
    return traces


def _most_changed(network: DLLNetwork, traces: xr.Dataset, count: int) -> dict[str, list[int]]:
    """In each layer the neurons that the last switch moves most, in order of their number."""
    chosen = {}
    for layer in network.layers[1:]:
        before, after = (traces.sel(moment=t, method="ffill") for t in _around_last_switch(traces))
        moved = sum(
            np.abs(after[name].values - before[name].values)
            for name in (f"equilibrium_{trace_name(v, layer)}" for v in ("u", "error"))
        )
        chosen[layer] = sorted(int(unit) for unit in np.argsort(moved)[::-1][:count])
    return chosen


def _around_last_switch(traces: xr.Dataset) -> tuple[float, float]:
    switch = float(traces["presentation"].values[-1])
    return switch - 1e-6, switch + 1e-6


def _result(network: DLLNetwork, traces: xr.Dataset) -> dict[str, Any]:
    """Settling times after the last switch and distances at the end of each presentation."""
    after = traces.sel(time=slice(traces["presentation"].values[-1] - 1e-9, None))
    ends = [*np.flatnonzero(np.isin(traces["time"], traces["presentation"]))[1:] - 1, -1]
    depth, dt_ms = len(network.sizes) - 1, traces.attrs["dt_ms"]
    settling: dict[str, Any] = {}
    distance: dict[str, Any] = {}
    time_ms = after["time"].values
    for rank, layer in enumerate(network.layers[1:], start=1):
        settling[layer], distance[layer] = {}, {}
        for variable in VARIABLES:
            name = f"distance_{trace_name(variable, layer)}"
            if name not in traces:
                continue
            distance[layer][variable] = traces[name].values[ends]
            if variable == "x":
                continue
            stages = stages_ms(network.options, rank, depth, variable)
            long = np.arange(0, 60 * max(stages) + 1, dt_ms)
            settling[layer][variable] = {
                "measured_ms": settling_time(time_ms, after[name].values),
                "chain_ms": settling_time(long, chain_residual(stages, long, dt_ms)),
                "stages_ms": stages,
            }
    largest = [max(v[k] for layer in distance.values() for v in layer.values()) for k in range(3)]
    return {
        "settling_to_1_percent": settling,
        "distance_at_end": distance,
        "largest_distance_at_end": largest,
    }
