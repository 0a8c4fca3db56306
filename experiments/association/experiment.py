"""``tuft association``: one pattern is associated with one target, in continuous time.

The pattern is there throughout. At first there is no target, then there is one, at last it is taken
away again; all weights learn always. Initial weights, pattern and target are random.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from brian2 import ms

from compartments import save_traces
from compartments.checks import check_names
from compartments.domains import Count, NonNegative, Positive
from compartments.recording import trace_name
from compartments.sizes import check_size
from experiments.association.page import draw, sentences
from experiments.lab.models import ModelConfig, check_answers, check_signal
from experiments.lab.options import COPY_BYTES
from experiments.lab.progress import Report
from experiments.lab.runner import FolderName
from models import Network, Schedule
from rate_bridge import ode_engine
from rate_bridge.ode_engine.job import TENSOR_STEP_SECONDS

__all__ = ["Config", "draw", "measure", "sentences"]

WATCHED_POTENTIALS = ("u", "v_hat", "v_A")
"""Soma, what its basal dendrite predicts of it, apical dendrite."""


@dataclass(frozen=True)
class Config(ModelConfig):
    """One pattern is associated with one target: before it, with it, after it."""

    model: str = "microcircuit"
    """A model with a noise sigma, apical potentials v_A and predictions v_hat."""
    options: tuple[str, ...] = (
        "W_scale=1.0",
        "theta_scale=1.0",
        "eta_W=(0.11875, 0.05)",
        "eta_IP=0.11875",
        "eta_PI=0.05",
    )
    """Options of the model; rates are for one presentation."""
    sizes: tuple[Count, ...] = (30, 20, 10)
    """Neurons in the input, the hidden areas and the output."""
    sigmas: tuple[NonNegative, ...] = (0.0, 0.1)
    """Noise on somata, in 1/sqrt(ms)."""
    presentation_ms: Positive = 100.0
    """A presentation; only learning rates are told by it, for the pattern stays."""
    before: Count = 10
    """Presentations without a target."""
    taught: Count = 100
    """Presentations with it."""
    after: Count = 20
    """Presentations without it again."""
    dt_ms: Positive = 0.25
    """Time step."""
    seeds: Count = 5
    """How many seeds: --seed and the ones after it."""
    name: FolderName = "association"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.chosen.need("sigma")
        self.refuse_options({"sigma": "it is set by --sigmas"})
        if not self.sigmas:
            raise ValueError("--sigmas needs at least one value.")
        check_size("association", "--seeds", needed_bytes=COPY_BYTES * self.seeds)
        count = self.before + self.taught + self.after
        check_size(
            "association",
            "--before, --taught or --after",
            needed_bytes=8 * count * (self.sizes[0] + self.sizes[-1]),
            least_seconds=TENSOR_STEP_SECONDS * count * self.presentation_ms / self.dt_ms,
        )

    def networks(self, sigma: float) -> list[Network]:
        """A copy for each seed."""
        options = self.given | {"sigma": sigma / ms**0.5}
        seeds = range(self.seed, self.seed + self.seeds)
        return [self.chosen.network(self.sizes, seed, options) for seed in seeds]


def measure(config: Config, folder: Path, progress: Report) -> dict[str, Any]:
    """Learn with every noise, and write ``traces_<number>.nc``."""
    rows = []
    for number, sigma in enumerate(config.sigmas):

        def report(share: float, done: int = number) -> None:
            progress((done + share) / len(config.sigmas))

        found = measured(config, float(sigma), report)
        save_traces(found, folder / f"traces_{number}.nc")
        rows.append({"sigma": float(sigma), **summary(config, found)})
    length = config.presentation_ms
    switches = [config.before * length, (config.before + config.taught) * length]
    return {"rows": rows, "switches_ms": switches}


def measured(config: Config, sigma: float, report: Report) -> xr.Dataset:
    """Course of every copy, (time, copy).

    ``error``: mean square distance of the output's soma from the target; ``predicted``: that of
    what its basal dendrite predicts; ``apical``: mean square apical potential.
    """
    nets = config.networks(sigma)
    net = nets[0]
    check_answers("association", net, config.model)
    check_signal("association", net, "stimulus", "target")
    known = {name for p in net.populations for name in p.neuron.variables}
    check_names("association", "a model's variables", WATCHED_POTENTIALS, known, "variable")
    schedules = [schedule(config, seed) for seed in range(config.seed, config.seed + config.seeds)]
    run = ode_engine.simulate_copies(
        nets,
        schedules,
        dt=config.dt_ms * ms,
        method="euler" if sigma else "exponential_euler",
        record=WATCHED_POTENTIALS,
        record_dt=config.presentation_ms / 4 * ms,
        record_units={p.name: range(p.size) for p in net.populations if recorded(net, p.name)},
        seed=list(range(config.seed, config.seed + config.seeds)),
        progress=report,
    )
    goals = np.stack([s.constant("target")[config.before] for s in schedules])
    return course(run.traces, net, goals).astype("float32")


def recorded(net: Network, population: str) -> bool:
    """Whether a population is the output, or has apical dendrites."""
    (output, _) = net.readout or ("", "")
    return population == output or "v_A" in net.population(population).neuron.variables


def schedule(config: Config, seed: int) -> Schedule:
    """One pattern, and its target for a while."""
    generator = np.random.default_rng(30_000 + seed)
    count = config.before + config.taught + config.after
    pattern = generator.uniform(-1, 1, (1, config.sizes[0]))
    target = generator.uniform(-1, 1, (1, config.sizes[-1]))
    number = np.arange(count)
    on = (number >= config.before) & (number < config.before + config.taught)
    shown = {"stimulus": pattern.repeat(count, 0), "target": target.repeat(count, 0)}
    return Schedule(shown, presentation=config.presentation_ms * ms, shown={"target": on})


def course(traces: xr.Dataset, net: Network, goals: np.ndarray) -> xr.Dataset:
    """Squared distances and potentials, over neurons, (time, copy)."""
    output, _ = net.readout or ("", "")

    def apart(variable: str) -> np.ndarray:
        values = traces[trace_name(variable, output)].transpose("time", "copy", ...).values
        return np.asarray(((values - goals) ** 2).mean(-1))

    names = [trace_name("v_A", p.name) for p in net.populations]
    apical = [
        (traces[name].transpose("time", "copy", ...).values ** 2).mean(-1)
        for name in names
        if name in traces
    ]
    axes = ("time", "copy")
    return xr.Dataset(
        {
            "error": (axes, apart("u")),
            "predicted": (axes, apart("v_hat")),
            "apical": (axes, np.mean(apical, axis=0)),
        },
        coords={"time": traces.time.values},
    )


def summary(config: Config, found: xr.Dataset) -> dict[str, Any]:
    """Each copy's error before, while there is a target, and after; apical potentials likewise."""
    each = 4  # samples of a presentation
    taught = slice(config.before * each, (config.before + config.taught) * each)
    parts = {
        "before": found.isel(time=slice(taught.start - each, taught.start)),
        "first": found.isel(time=slice(taught.start + 1, taught.start + each)),
        "last": found.isel(time=slice(taught.stop - each, taught.stop)),
        "after": found.isel(time=slice(-each, None)),
    }
    return {
        when: {name: part[name].mean("time").values for name in ("error", "predicted", "apical")}
        for when, part in parts.items()
    }
