r"""``tuft stream``: mean and noise of continuous updates while stimuli follow without pause.

Weights stand still (their rate is tiny), samples are drawn independently, and many copies of the
network each see a stream of their own. Of the summed change of weights two things are measured,
both beside the steps of the model's reference (Algorithm 1 for DLL) for the same samples:

* bias: how far its mean is from the reference's, relative to the latter;
* noise: its variance from stream to stream over that of the reference, that is, by what factor more
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
from experiments.lab.classification import LearningConfig
from experiments.lab.continuous_learning import TAU_MS, Cell
from experiments.lab.learning_rates import check_varied
from experiments.lab.options import COPY_BYTES, Several
from experiments.lab.progress import Report
from experiments.lab.remedies import check_remedies, remedy
from experiments.lab.runner import FolderName
from experiments.lab.samples import Samples, samples
from experiments.stream.discrete_steps import Products, Steps, discrete_steps
from experiments.stream.figures import draw, sentences
from models import DLLNetwork, Network
from models.delays import stages
from models.theory import chances_of_meeting, eligibility_bias, eligibility_variance
from rate_bridge.ode_engine.engine import OdeEngine
from rate_bridge.references.registry import reference

__all__ = ["Config", "draw", "measure", "sentences"]

ETA = 1e-7
"""Learning rate: so small that weights stand still."""

ACTIVATION = "activation"
"""The option that :attr:`Config.activations` sets."""

WARM_UP = 60.0
"""Time in tau before changes are counted."""


@dataclass(frozen=True)
class Config(LearningConfig):
    """Bias and noise of the update in an unbroken stream of samples."""

    uncentred: bool = False
    """Leave the mean of the inputs in them."""
    activations: tuple[str, ...] = ("linear", "tanh")
    """Activations, one network each; of no meaning to a model without an option of that name."""
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
        super().__post_init__()
        check_varied(self.chosen, self.given, "leave it out, weights stand still")
        check_remedies(self.remedies, self.chosen, self.given)
        if ACTIVATION in self.given:
            raise ValueError(f"--options {ACTIVATION}: give --activations instead.")
        each = COPY_BYTES + 8 * self.presentations  # and the number of every sample that it shows
        check_size("stream", "--streams or --presentations", needed_bytes=each * self.streams)
        for name in ("activations", "remedies", "ratios"):
            if not getattr(self, name):
                raise ValueError(f"--{name} needs at least one value.")
        self.cells()  # each checks its times

    def kinds(self) -> dict[str, tuple[str, ...]]:
        """The options of every network that is measured, by what it is called."""
        if ACTIVATION not in self.chosen.options:
            return {self.model: self.options}
        return {name: (*self.options, f"{ACTIVATION}={name}") for name in self.activations}

    def cells(self) -> dict[str, list[Cell]]:
        """The measurements, by what their network is called."""
        return {
            kind: [
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
                    self.model,
                    options,
                )
                for name in self.remedies
                for ratio in self.ratios
            ]
            for kind, options in self.kinds().items()
        }


def measure(config: Config, folder: Path, progress: Report) -> dict[str, Any]:
    """Bias and noise of every network, remedy and time."""
    data = samples(config.dataset, config.power, centred=not config.uncentred)
    cells = [(kind, cell) for kind, of_kind in config.cells().items() for cell in of_kind]
    rows: list[dict[str, Any]] = []
    for kind, cell in cells:
        found = measured(cell, data, config.streams, config.presentations)
        rows.append({"remedy": cell.remedy, "label": remedy(cell.remedy).label, **found})
        rows[-1]["activation"] = kind
        progress(len(rows) / len(cells))
    (net,) = cells[0][1].networks(data)
    return {"reference": reference(net).title, "rows": rows}


def measured(cell: Cell, data: Samples, streams: int, presentations: int) -> dict[str, Any]:
    """Bias and noise of all forward weights together, and of each, with theory where it is."""
    (net,) = cell.networks(data)
    warm = warm_up(cell)
    generator = np.random.default_rng(cell.seeds[0])
    rows = generator.integers(len(data.train.labels), size=(warm + presentations, streams))
    change = _change(cell, net, data, torch.as_tensor(rows), warm)
    shown = torch.as_tensor(rows[warm:])
    centred = data.provenance["then"]["centred"]
    found: dict[str, dict[str, float]] = {}
    for name, steps in discrete_steps(net, data, ETA).items():
        ours = change[name] / presentations
        mean = steps.mean
        apart = ours - steps.summed(shown) / presentations
        found[name] = {
            "bias": float((apart.mean(0) ** 2 - apart.var(0) / streams).sum()),
            "chance": float((apart.var(0) / streams).sum()),
            "mean": float((mean**2).sum()),
            "variance": float(ours.var(0).sum()) * presentations,
            "discrete_variance": float((steps.mean_square - mean**2).sum()),
        }
        if cell.remedy == "eligibility":
            found[name] |= theory(net, name, steps, cell.ratio, centred=centred)
    total = {key: sum(f[key] for f in found.values()) for key in next(iter(found.values()))}
    return {
        "ratio": cell.ratio,
        "streams": streams,
        "presentations": presentations,
        **_relative(total),
        "weights": {name: _relative(numbers) for name, numbers in found.items()},
    }


def theory(
    net: Network, name: str, steps: Steps, ratio: float, *, centred: bool
) -> dict[str, float]:
    """What theory says of delay-matched eligibility in a linear network that learns by DLL."""
    if not isinstance(net, DLLNetwork) or not isinstance(steps, Products):
        return {}
    if any(f.name != "linear" for f in net.activations):
        return {}
    chances = meetings(net, int(name.removeprefix("W")), ratio)
    pair = steps.above.numpy(), steps.below.numpy()
    bias = {"bias_theory": eligibility_bias(*pair, chances[0]) ** 2}
    return bias | ({"noise_theory": eligibility_variance(*pair, chances)} if centred else {})


def warm_up(cell: Cell) -> int:
    """Presentations until the beginning is forgotten, by a slow mean (0.7 % is left of it), too."""
    return int(np.ceil(WARM_UP / cell.ratio + 5 * remedy(cell.remedy).slow))


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
    cell: Cell, net: Network, data: Samples, rows: Tensor, warm: int
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


def meetings(net: DLLNetwork, layer: int, ratio: float) -> dict[int, float]:
    """r_m: the chance that the factors of W's synapses come from samples m presentations apart."""
    late = stages(net, "stimulus", net.layers[layer + 1], "delta")
    return chances_of_meeting([stage.ms for stage in late], ratio * TAU_MS)
