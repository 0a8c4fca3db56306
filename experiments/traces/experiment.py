"""``tuft traces``: what every compartment does while stimuli and targets come and go.

Three presentations: a stimulus without its target, the same with it, another one with its target;
or what the model says. Every variable is held against the equilibrium that the network's reference
gives for that moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import xarray as xr
from brian2 import Quantity, ms

from compartments import save_traces
from compartments.checks import check_names
from compartments.domains import Count, such_that
from compartments.recording import trace_name
from experiments.lab.engines import engine
from experiments.lab.models import ModelConfig
from experiments.lab.progress import Report
from experiments.lab.quantities import duration
from experiments.lab.runner import FolderName
from experiments.lab.stable_step import check_step_at_rest
from experiments.traces.one_neuron import measure_one_neuron
from experiments.traces.page import draw, sentences
from experiments.traces.presented import Presented, presented
from experiments.traces.rests import most_changed, with_distances, with_equilibria
from experiments.traces.settling import settling_time, stages_ms
from models import DLLNetwork, Network, Run, Schedule
from models.theory import chain_residual
from rate_bridge.references.fixed_point import NoFixedPointError
from rate_bridge.references.registry import reference

__all__ = ["Config", "draw", "measure", "sentences"]

PREDICTIVE = ("u", "a", "x", "error")
"""What is drawn of neurons that predict: basal, apical, somatic potential, and their error."""

CONDUCTED = ("u", "v_hat", "feedback", "lateral", "v_A")
"""Of neurons with conductances: soma, what its dendrite predicts, what comes to the apical one from
above and from interneurons, and their sum."""

DrawnNeurons = Annotated[int, such_that("a whole number in 1..100", lambda n: 1 <= n <= 100)]
"""Of a figure: more than 150 are beyond what matplotlib draws."""


@dataclass(frozen=True)
class Config(ModelConfig):
    """Traces of every compartment while a digit, its target, and another digit are shown."""

    presentation: str = "400ms"
    """How long each of the three presentations lasts, with its unit."""
    sizes: tuple[Count, ...] = (64, 32, 32, 10)
    """Neurons in the input (64 pixels), in the hidden layers and in the output (10 digits)."""
    variables: tuple[str, ...] = ()
    """What to record; without it the compartments of DLL or the microcircuit, else all states."""
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
        return int(2_000_000 + 8 * samples * len(PREDICTIVE) * sum(self.sizes[1:]))

    def presented(self) -> Presented:
        """The network, and what it is shown."""
        return presented(
            self.chosen,
            self.sizes,
            self.seed,
            self.given,
            duration("presentation", self.presentation),
            self.digits,
        )


def measure(config: Config, folder: Path, progress: Report) -> dict[str, Any]:
    """Simulate, and write ``traces.nc``; of networks that predict also ``one_neuron.nc``."""
    shown = config.presented()
    network, schedule = shown.network, shown.schedule
    variables = drawn(network, config.variables)
    longest = check_step_at_rest(network, schedule, duration("dt", config.dt))
    run = _simulated(config, shown, variables, progress)
    moments = _moments(config, schedule)
    try:
        traces, without_rest = with_equilibria(run, network, schedule, moments), None
    except (ValueError, NoFixedPointError) as error:  # a waveform or noise; an oscillation
        traces, without_rest = _with_switches(run, schedule), str(error)
    layers = _recorded(network, variables)
    moved = [name for name in variables if name in ("u", "error")] or variables
    chosen = most_changed(traces, layers, moved, config.neurons)
    if without_rest is None:
        traces = with_distances(traces)
    if shown.pixels is not None:
        traces["pixels"] = (("presentation", "pixel"), shown.pixels)
    save_traces(traces, folder / "traces.nc")
    return {
        "model": config.model,
        "reference": reference(network).title if without_rest is None else None,
        "without_rest": without_rest,
        "longest_step_ms": None if longest is None else float(longest / ms),
        "variables": variables,
        "stimuli": shown.what,
        "presented": shown.labels,
        **(settled(network, traces, layers, variables) if without_rest is None else {}),
        **_one_neuron(folder, network),
        "neurons": chosen,
        "target_on": schedule.on("target"),
        "presentation_ms": float(schedule.presentation / ms),
        "weights_sha256": network.weights.hash,
        "seconds": run.seconds,
    }


def drawn(network: Network, asked: Sequence[str]) -> tuple[str, ...]:
    """The variables that are recorded and drawn.

    Raises
    ------
    ValueError
        For names that no neuron with states has.
    """
    cells = [network.population(name).neuron for name in network.relaxing]
    known = dict.fromkeys(name for cell in cells for name in cell.variables)
    if asked:
        return check_names("traces", "--variables", asked, known, "variable")
    if all({"u", "error"} <= set(cell.variables) for cell in cells):
        return tuple(name for name in PREDICTIVE if name in known)
    if set(CONDUCTED) <= set(known):
        return CONDUCTED
    return tuple(dict.fromkeys(name for cell in cells for name in cell.states))


def _recorded(network: Network, variables: Sequence[str]) -> list[str]:
    """The populations that have states and any of the variables."""
    return [
        name
        for name in network.relaxing
        if set(variables) & set(network.population(name).neuron.variables)
    ]


def _one_neuron(folder: Path, network: Network) -> dict[str, float]:
    """What a hidden neuron of DLL does alone; nothing of other models."""
    if not isinstance(network, DLLNetwork):
        return {}
    o = network.options
    return {"one_neuron_distance": measure_one_neuron(folder, o.activation, o)}


def _simulated(config: Config, shown: Presented, variables: Sequence[str], progress: Report) -> Run:
    """The one place where the network is run."""
    dt, network = duration("dt", config.dt), shown.network
    return engine(config.engine)(
        network,
        shown.schedule,
        dt=dt,
        record=variables,
        record_dt=max(1, round(float(1 * ms / dt))) * dt,
        record_units={
            name: range(network.population(name).size) for name in _recorded(network, variables)
        },
        weights_at=_moments(config, shown.schedule) if config.plastic else (),
        plastic=config.plastic,
        codegen=config.codegen,
        progress=progress,
    )


def _moments(config: Config, schedule: Schedule) -> list[Quantity]:
    """When the equilibrium is looked at: every switch, and while synapses learn in between too."""
    dt = duration("dt", config.dt)
    steps = schedule.steps("period", dt)
    pieces = max(k for k in range(1, 41) if steps % k == 0) if config.plastic else 1
    return [k * (steps // pieces) * dt for k in range(pieces * len(schedule))]


def _with_switches(run: Run, schedule: Schedule) -> xr.Dataset:
    """The traces of a network without rest, and when each presentation begins."""
    switches = [float(k * schedule.period / ms) for k in range(len(schedule))]
    return run.traces.assign_coords(presentation=switches)


def settled(
    network: Network, traces: xr.Dataset, layers: Sequence[str], variables: Sequence[str]
) -> dict[str, Any]:
    """Settling times after the last switch and distances at the end of each presentation.

    Beside the measured time stands that of a chain of first-order stages, where the model's delays
    are known.
    """
    after = traces.sel(time=slice(traces["presentation"].values[-1] - 1e-9, None))
    ends = [*np.flatnonzero(np.isin(traces["time"], traces["presentation"]))[1:] - 1, -1]
    settling: dict[str, Any] = {}
    distance: dict[str, Any] = {}
    time_ms = after["time"].values
    for layer in layers:
        settling[layer], distance[layer] = {}, {}
        for variable in variables:
            name = f"distance_{trace_name(variable, layer)}"
            if name not in traces:
                continue
            distance[layer][variable] = traces[name].values[ends]
            measured = settling_time(time_ms, after[name].values)
            stages = stages_ms(network, layer, variable)
            settling[layer][variable] = {"measured_ms": measured, "stages_ms": stages}
            if stages is not None:
                dt_ms = traces.attrs["dt_ms"]
                long = np.arange(0, 60 * max(stages) + 1, dt_ms)
                chain = settling_time(long, chain_residual(stages, long, dt_ms))
                settling[layer][variable]["chain_ms"] = chain
    largest = [
        max(v[k] for layer in distance.values() for v in layer.values()) for k in range(len(ends))
    ]
    return {
        "settling_to_1_percent": settling,
        "distance_at_end": distance,
        "largest_distance_at_end": largest,
    }
