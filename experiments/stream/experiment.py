r"""``tuft stream``: mean and noise of continuous updates while stimuli follow without pause.

Weights stand still (their rate is tiny), samples are drawn independently, and many copies of the
network each see a stream of their own. Of the summed change of weights two things are measured,
both beside Algorithm 1's steps for the same samples:

* bias: how far its mean is from Algorithm 1's, relative to the latter;
* noise: its variance from stream to stream over that of Algorithm 1, that is, by what factor more
  samples have to be averaged for the same precision.

For delay-matched eligibility in a linear network theory gives both (:mod:`models.theory.meetings`),
the noise for inputs of mean zero.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from brian2 import ms
from jaxtyping import Float
from torch import Tensor

from compartments.domains import Count, Positive
from compartments.sizes import check_size
from experiments.lab.continuous_learning import TAU_MS, Cell
from experiments.lab.options import COPY_BYTES, Several
from experiments.lab.progress import Report
from experiments.lab.remedies import remedy
from experiments.lab.runner import FolderName, SeededConfig
from experiments.lab.samples import Samples, samples
from experiments.stream.figures import draw, sentences
from models import DLLNetwork
from models.eligibility import DELTA_STAGES
from models.theory import chances_of_meeting, eligibility_bias, eligibility_variance
from rate_bridge.ode_engine.engine import OdeEngine
from rate_bridge.references import algorithm1

__all__ = ["Config", "draw", "measure", "sentences"]

ETA = 1e-7
"""Learning rate: so small that weights stand still."""

WARM_UP = 60.0
"""Time in tau before changes are counted."""


@dataclass(frozen=True)
class Config(SeededConfig):
    """Bias and noise of the update in an unbroken stream of samples."""

    dataset: str = "digits"
    """Classified data set; digits needs no file."""
    hidden: tuple[Count, ...] = (32, 32)
    """Neurons in each hidden layer."""
    power: Positive = 5.0
    """Mean squared length of the inputs."""
    uncentred: bool = False
    """Leave the mean of the inputs in them."""
    activations: tuple[str, ...] = ("linear", "tanh")
    """Activations of the hidden layers, one network each."""
    remedies: tuple[str, ...] = ("none", "lag", "both", "eligibility", "eligibility-gain")
    """Which remedies."""
    ratios: tuple[Positive, ...] = (2, 3, 5, 10)
    """Presentation times, in tau (10 ms)."""
    streams: Several = 128
    """Independent streams."""
    presentations: Count = 100
    """Counted samples in each stream."""
    dt_ms: Positive = 1.0
    """Time step in ms, integrated by exponential Euler."""
    name: FolderName = "stream"

    def __post_init__(self) -> None:
        for name in self.remedies:
            remedy(name)
        super().__post_init__()
        each = COPY_BYTES + 8 * self.presentations  # and the number of every sample that it shows
        check_size("stream", "--streams or --presentations", needed_bytes=each * self.streams)
        for name in ("activations", "remedies", "ratios"):
            if not getattr(self, name):
                raise ValueError(f"--{name} needs at least one value.")
        self.cells()  # each checks its times

    def cells(self) -> list[Cell]:
        """One measurement each."""
        return [
            Cell(
                self.dataset,
                self.hidden,
                self.power,
                name,
                float(ratio),
                (ETA,),
                (self.seed,),
                1,
                1,
                self.dt_ms,
                activation=activation,
            )
            for activation in self.activations
            for name in self.remedies
            for ratio in self.ratios
        ]


def measure(config: Config, folder: Path, progress: Report) -> dict[str, Any]:
    """Bias and noise of every remedy, time and activation."""
    data = samples(config.dataset, config.power, centred=not config.uncentred)
    rows: list[dict[str, Any]] = []
    cells = config.cells()
    for cell in cells:
        rows.append(measured(cell, data, config.streams, config.presentations))
        progress(len(rows) / len(cells))
    return {"rows": rows}


def measured(cell: Cell, data: Samples, streams: int, presentations: int) -> dict[str, Any]:
    """Bias and noise of all W together, and of each, with what theory says where it does."""
    (net,) = cell.networks(data)
    warm = warm_up(net, cell.ratio)
    generator = np.random.default_rng(cell.seeds[0])
    rows = generator.integers(len(data.train.labels), size=(warm + presentations, streams))
    change = _change(cell, net, data, torch.as_tensor(rows), warm)
    delta, u = factors(net, data)
    found: dict[str, dict[str, float]] = {}
    for i in range(len(delta)):
        shown = torch.as_tensor(rows[warm:])
        ours = change[f"W{i}"] / presentations
        theirs = torch.einsum("psn,psm->snm", delta[i][shown], u[i][shown]) / presentations
        mean = delta[i].T @ u[i] / len(u[i])
        both = (delta[i] ** 2).T @ (u[i] ** 2) / len(u[i])
        apart = ours - theirs
        found[f"W{i}"] = {
            "bias": float((apart.mean(0) ** 2 - apart.var(0) / streams).sum()),
            "chance": float((apart.var(0) / streams).sum()),
            "mean": float((mean**2).sum()),
            "variance": float(ours.var(0).sum()) * presentations,
            "discrete_variance": float((both - mean**2).sum()),
        }
        if cell.activation == "linear" and cell.remedy == "eligibility":
            chances = meetings(net, i, cell.ratio)
            pair = delta[i].numpy(), u[i].numpy()
            found[f"W{i}"]["bias_theory"] = eligibility_bias(*pair, chances[0]) ** 2
            if data.provenance["then"]["centred"]:
                found[f"W{i}"]["noise_theory"] = eligibility_variance(*pair, chances)
    total = {key: sum(f[key] for f in found.values()) for key in found["W0"]}
    return {
        "remedy": cell.remedy,
        "label": remedy(cell.remedy).label,
        "activation": cell.activation,
        "ratio": cell.ratio,
        "streams": streams,
        "presentations": presentations,
        **_relative(total),
        "weights": {name: _relative(numbers) for name, numbers in found.items()},
    }


def warm_up(net: DLLNetwork, ratio: float) -> int:
    """Presentations until the beginning is forgotten, by a slow mean (0.7 % is left of it), too."""
    eligibility, presentation = net.options.eligibility, ratio * TAU_MS * ms
    needed = WARM_UP / ratio
    if eligibility is not None and eligibility.mean_corrected:
        needed += 5 * float(eligibility.tau_mean / presentation)
    return int(np.ceil(needed))


def _relative(numbers: dict[str, float]) -> dict[str, float]:
    """Bias over the mean's norm, not below 0; variances over the discrete one.

    ``chance`` is the bias that an unbiased update would seem to have if it were not taken off; what
    is left is uncertain by something of that order.
    """
    relative = {
        "bias": float(np.sqrt(max(numbers["bias"], 0.0) / numbers["mean"])),
        "chance": float(np.sqrt(numbers["chance"] / numbers["mean"])),
        "noise": numbers["variance"] / numbers["discrete_variance"],
    }
    if "bias_theory" in numbers:
        relative["bias_theory"] = float(np.sqrt(numbers["bias_theory"] / numbers["mean"]))
    if "noise_theory" in numbers:
        relative["noise_theory"] = numbers["noise_theory"] / numbers["discrete_variance"]
    return relative


def _change(
    cell: Cell, net: DLLNetwork, data: Samples, rows: Tensor, warm: int
) -> dict[str, Float[Tensor, "stream _n_above _n_below"]]:
    """The summed change of every weight after the warm-up, in units of the learning rate."""
    engine = OdeEngine(
        [net] * rows.shape[1],
        cell.timing(),
        dt=cell.dt_ms * ms,
        method="exponential_euler",
        dtype=torch.float64,
    )
    inputs = torch.as_tensor(data.train.inputs)
    targets = torch.as_tensor(data.targets(data.train.labels))
    before: dict[str, Tensor] = {}
    for number, shown in enumerate(rows[:, :, None]):
        if number == warm:
            before = {name: engine.buffers.synapses[name, "w"].clone() for name in net.weights}
        engine.present({"stimulus": inputs[shown], "target": targets[shown]})
    return {
        name: (engine.buffers.synapses[name, "w"] - value) / ETA for name, value in before.items()
    }


def factors(net: DLLNetwork, data: Samples) -> tuple[list[Tensor], list[Tensor]]:
    """delta_{i+1} and u_i of every training sample at equilibrium, for i = 0..L-1."""
    targets = data.targets(data.train.labels)
    settled = algorithm1.Algorithm1(net).equilibrium(
        {"stimulus": data.train.inputs, "target": targets}
    )
    names = net.layers
    delta = [torch.as_tensor(settled["delta", name]) for name in names[1:]]
    return delta, [torch.as_tensor(settled["u", name]) for name in names[:-1]]


def meetings(net: DLLNetwork, layer: int, ratio: float) -> dict[int, float]:
    """r_m: the chance that the factors of W's synapses come from samples m presentations apart."""
    depth = len(net.layers) - 1
    above = depth - layer - 1
    times = {"tau_u": net.options.tau_u, "tau_a": net.options.tau_a, "tau_x": net.options.tau_x}
    delays = [float(times["tau_u"] / ms)] * depth
    delays += [float(times[stage] / ms) for stage in DELTA_STAGES] * above
    return chances_of_meeting(delays, ratio * TAU_MS)
