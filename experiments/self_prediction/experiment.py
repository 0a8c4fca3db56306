"""``tuft self-prediction``: interneurons learn to cancel what comes from above.

They begin with random weights. Stimuli follow without pause and there is no target. Bottom-up and
top-down weights stay; those onto and from interneurons learn in continuous time, both or only one
kind. How loud apical dendrites are is measured at rest, without noise, for other stimuli.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from brian2 import ms
from jaxtyping import Float

from compartments import save_traces
from compartments.domains import Count, NonNegative, Positive
from compartments.lookup import look_up
from compartments.sizes import check_size
from experiments.lab.kept_results import cell_name
from experiments.lab.models import ModelConfig, chosen, parsed_options
from experiments.lab.options import COPY_BYTES
from experiments.lab.progress import Report
from experiments.lab.runner import FolderName
from experiments.self_prediction.page import draw, sentences
from models import Network, Schedule, WeightBundle
from rate_bridge import ode_engine
from rate_bridge.ode_engine.engine import OdeEngine, Timing
from rate_bridge.ode_engine.job import TENSOR_STEP_SECONDS
from rate_bridge.references.registry import reference

__all__ = ["Config", "draw", "measure", "sentences"]

APICAL_POTENTIAL, FROM_ABOVE, FROM_BESIDE = "v_A", "feedback", "lateral"
"""Variables of neurons with an apical dendrite: its potential is the sum of the other two."""

LATERAL_RULES = {"both": ("eta_IP", "eta_PI"), "IP": ("eta_IP",), "PI": ("eta_PI",)}
"""Which lateral weights learn: onto interneurons (Eq. 8), from them (Eq. 9)."""

SET_HERE = {
    "eta_W": "nothing but lateral weights learns here",
    "eta_IP": "it is set by --eta-IP",
    "eta_PI": "it is set by --eta-PI",
    "sigma": "it is set by --sigmas",
}
"""Options of the model that are not free, and why."""

TRACED_NEURONS = 2
"""Neurons whose traces are kept."""


@dataclass(frozen=True)
class Config(ModelConfig):
    """Interneurons learn to cancel what comes from above, with and without each lateral rule."""

    model: str = "microcircuit"
    """A model with interneurons and the options eta_W, eta_IP, eta_PI and sigma."""
    options: tuple[str, ...] = ("start=random", "W_scale=1.0", "theta_scale=1.0")
    """Options of the model, such as g_D=None."""
    n_in: Count = 30
    """Neurons of the input; each stimulus is uniform within plus and minus 1."""
    hidden: Count = 20
    """Neurons of each hidden area."""
    n_out: Count = 10
    """Neurons of the output."""
    areas: tuple[Count, ...] = (1, 2, 3)
    """Numbers of hidden areas, one network each."""
    closely: tuple[Count, ...] = (1, 2)
    """Those of them for which one rule alone, and noise, are measured beside both rules."""
    rules: tuple[str, ...] = tuple(LATERAL_RULES)
    """Which weights learn: both, IP (onto interneurons) or PI (from them)."""
    sigmas: tuple[NonNegative, ...] = (0.0, 0.1)
    """Noise on somata, in 1/sqrt(ms), while both learn."""
    eta_IP: Positive = 0.1
    """Learning rate onto interneurons, for one presentation."""
    eta_PI: Positive = 0.2
    """Learning rate from interneurons."""
    presentations: Count = 1500
    """Stimuli that are shown."""
    points: Count = 20
    """How often apical potentials are measured on the way."""
    test: Count = 200
    """Stimuli for which they are measured."""
    presentation_ms: Positive = 50.0
    """How long each is shown."""
    dt_ms: Positive = 0.25
    """Time step; exponential Euler without noise, else Euler's."""
    seeds: Count = 5
    """How many seeds of initial weights and stimuli: --seed and the ones after it."""
    name: FolderName = "self-prediction"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.chosen.need("eta_W", "eta_IP", "eta_PI", "sigma")
        self.refuse_options(SET_HERE)
        if {**self.chosen.defaults, **self.given}.get("start") == "self-predicting":
            raise ValueError(
                "self-prediction: --options start=self-predicting leaves nothing to learn; give "
                "start=random."
            )
        for name in ("areas", "rules", "sigmas"):
            if not getattr(self, name):
                raise ValueError(f"--{name} needs at least one value.")
        for name in self.rules:
            look_up("choice of lateral rules", name, LATERAL_RULES)
        if self.points > self.presentations:
            raise ValueError(
                f"--points must be at most --presentations ({self.presentations}), got "
                f"{self.points}."
            )
        check_size("self-prediction", "--seeds", needed_bytes=COPY_BYTES * self.seeds)
        check_size(
            "self-prediction",
            "--areas",
            needed_bytes=COPY_BYTES * max(self.areas),
        )
        check_size(
            "self-prediction",
            "--presentations",
            needed_bytes=8 * self.presentations * self.n_in,
            least_seconds=TENSOR_STEP_SECONDS
            * self.presentations
            * self.presentation_ms
            / self.dt_ms,
        )
        steps = self.presentation_ms / self.dt_ms
        if abs(steps - round(steps)) > 1e-6 or steps < 1:
            raise ValueError(
                f"--presentation-ms ({self.presentation_ms:g}) must be a whole number of "
                f"--dt-ms ({self.dt_ms:g})."
            )

    def cells(self) -> list["LateralLearning"]:
        """What is measured, one after another: both rules for all, then the rest.

        Where both are not asked for, one alone is measured for all.
        """
        quiet = [("both", areas, self.sigmas[0]) for areas in self.areas if "both" in self.rules]
        close = [areas for areas in self.areas if areas in self.closely]
        alone_for = close if "both" in self.rules else self.areas
        alone = [(r, a, self.sigmas[0]) for a in alone_for for r in self.rules if r != "both"]
        loud = [("both", a, s) for a in close for s in self.sigmas[1:] if "both" in self.rules]
        found = []
        for rule, areas, sigma in (*quiet, *alone, *loud):
            sizes = (self.n_in, *(self.hidden,) * areas, self.n_out)
            rates = {name: getattr(self, name) for name in LATERAL_RULES[rule]}
            found.append(
                LateralLearning(self.model, self.options, sizes, rule, rates, float(sigma))
            )
        return found


@dataclass(frozen=True)
class LateralLearning:
    """Networks of one kind, which differ in their seeds."""

    model: str
    options: tuple[str, ...]
    sizes: tuple[int, ...]
    rule: str
    rates: dict[str, float]
    sigma: float

    @property
    def method(self) -> str:
        """White noise takes Euler-Maruyama steps."""
        return "euler" if self.sigma else "exponential_euler"

    def networks(self, seeds: Sequence[int]) -> list[Network]:
        """Their descriptions."""
        still = {"eta_W": 0.0, "eta_IP": 0.0, "eta_PI": 0.0, **self.rates}
        options = parsed_options(self.options) | still | {"sigma": self.sigma / ms**0.5}
        return [chosen(self.model).network(self.sizes, seed, options) for seed in seeds]


def measure(config: Config, folder: Path, progress: Report) -> dict[str, Any]:
    """Energies on the way of every network; traces of the first one, before and after."""
    rows, cells = [], config.cells()
    left_out = ("out", "name", "areas", "rules", "sigmas", "closely")
    same = {key: value for key, value in asdict(config).items() if key not in left_out}
    for number, cell in enumerate(cells):
        name = cell_name(f"{cell.rule}-{len(cell.sizes) - 2}-{cell.sigma:g}", same | asdict(cell))

        def report(share: float, done: int = number) -> None:
            progress((done + share) / len(cells))

        rows.append(config.kept.one(name, partial(measured, config, cell, report)))
    last = rows[0].pop("weights")
    for row in rows[1:]:
        del row["weights"]
    (net,) = cells[0].networks([config.seed])
    for when, weights in (("before", net.weights), ("after", bundle(last))):
        traces = shown(config, cells[0], net.with_weights(weights))
        save_traces(traces, folder / f"traces_{when}.nc")
    return {"rows": rows, "presentation_ms": config.presentation_ms}


def bundle(arrays: dict[str, Any]) -> WeightBundle:
    """Weights out of a file."""
    return WeightBundle({name: np.array(value) for name, value in arrays.items()})


def measured(config: Config, cell: LateralLearning, report: Report) -> dict[str, Any]:
    """Learn, and measure on the way.

    Returns
    -------
    dict
        ``presentations`` (point,), ``energy`` (point, seed, area): mean square apical potential at
        rest; the first seed's last ``weights``.
    """
    seeds = range(config.seed, config.seed + config.seeds)
    nets = cell.networks(seeds)
    steps = round(config.presentation_ms / config.dt_ms)
    engine = OdeEngine(
        nets,
        Timing(steps, 0, 0, config.presentation_ms * 1e-3),
        dt=config.dt_ms * ms,
        method=cell.method,
        seed=list(seeds),
    )
    generators = [np.random.default_rng(seed) for seed in seeds]
    test = stimuli(np.random.default_rng(10_000 + config.seed), config.test, config.n_in)
    when = {round(k * config.presentations / config.points) for k in range(1, config.points + 1)}
    energy = []
    for number in range(config.presentations + 1):
        if number == 0 or number in when:
            pairs = zip(nets, engine.weights, strict=True)
            energy.append([energies(net, weights, test) for net, weights in pairs])
            engine.check()
            report(number / config.presentations)
        if number < config.presentations:
            drawn = np.stack([stimuli(generator, 1, config.n_in) for generator in generators])
            engine.present({"stimulus": torch.as_tensor(drawn, dtype=torch.float32)})
    return {
        "areas": len(cell.sizes) - 2,
        "rule": cell.rule,
        "sigma": cell.sigma,
        "presentations": [0, *sorted(when)],
        "energy": energy,
        "weights": dict(engine.weights[0].items()),
    }


def stimuli(generator: np.random.Generator, count: int, n: int) -> Float[np.ndarray, "count n"]:
    """Uniform within plus and minus 1."""
    return generator.uniform(-1, 1, (count, n))


def energies(net: Network, weights: WeightBundle, test: Float[np.ndarray, "n n_in"]) -> list[float]:
    """Mean square potential of every population with an apical dendrite, to six digits."""
    rest = reference(net).equilibrium({"stimulus": test}, weights)
    apical = [values for (variable, _), values in rest.items() if variable == APICAL_POTENTIAL]
    return [float(f"{(values**2).mean():.6g}") for values in apical]


def shown(config: Config, cell: LateralLearning, net: Network) -> xr.Dataset:
    """Traces of three stimuli with the weights as they are."""
    generator = np.random.default_rng(20_000 + config.seed)
    schedule = Schedule(
        {"stimulus": stimuli(generator, 3, config.n_in)}, presentation=config.presentation_ms * ms
    )
    apical = [p.name for p in net.populations if APICAL_POTENTIAL in p.neuron.variables]
    return ode_engine.simulate(
        net,
        schedule,
        dt=config.dt_ms * ms,
        method=cell.method,
        record=[APICAL_POTENTIAL, FROM_ABOVE, FROM_BESIDE],
        record_dt=max(1, round(1 / config.dt_ms)) * config.dt_ms * ms,
        record_units={name: range(min(TRACED_NEURONS, config.hidden)) for name in apical},
        plastic=False,
    ).traces
