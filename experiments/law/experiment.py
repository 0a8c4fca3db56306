"""``tuft law``: how the error of a continuous update depends on T, dt and eta, with fitted factors.

Every copy of the network is one switch: it rests at the equilibrium of one sample, then is shown
another for T with plasticity on, and the change of its forward weights is held against the
reference's step for that sample (Algorithm 1's for DLL). theory.md 3 predicts for DLL

    err = c1 (tau/T) |D|/|xi_L| + c2 dt/T + c3 eta |u_0|^2,

D the change of u_L over the switch, or, where the target passes through the stages of the
prediction, that of the error xi_L, in which theirs cancel. For any other network the same terms
are fitted: u_L is its readout at rest, xi_L the target minus that, u_0 the stimulus, tau 10 ms.

Much of that error belongs to no sample for long: what comes late to one is paid to the next. Every
sample is therefore first in one switch and second in another, and the error of the *mean* update
over all switches shows the bias that is left.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from brian2 import ms

from compartments.domains import Count, Positive
from compartments.sizes import check_size
from experiments.lab.classification import LearningConfig, classifier, forward
from experiments.lab.learning_rates import check_varied, rates, varied
from experiments.lab.options import COPY_BYTES, Several
from experiments.lab.progress import Report, portion
from experiments.lab.remedies import check_remedies, remedy
from experiments.lab.runner import FolderName
from experiments.lab.samples import Samples, samples
from experiments.law.figures import draw
from experiments.law.fit import STATES, TAU_MS, fitted, labelled_points, sentences
from models import Network, Schedule, WeightBundle
from rate_bridge.ode_engine.engine import OdeEngine, Timing
from rate_bridge.references.registry import reference

__all__ = ["Config", "draw", "measure", "sentences"]

SETTLE = 40.0
"""Time in tau for which the first sample is shown."""


@dataclass(frozen=True)
class Config(LearningConfig):
    """The error of one presentation's update against T, dt and eta."""

    remedies: tuple[str, ...] = ("none", "matched", "filtered", "both")
    """Which remedies."""
    ratios: tuple[Positive, ...] = (20, 40, 80, 160, 320)
    """Presentation times, in tau (10 ms)."""
    dts_ms: tuple[Positive, ...] = (0.5, 1.0, 2.0)
    """Time steps in ms (Euler)."""
    etas: tuple[Positive, ...] = (1e-4, 3e-3, 1e-2, 3e-2)
    """The model's first learning rate (DLL: W's); others in the ratio of their defaults."""
    switches: Several = 48
    """How many pairs of samples."""
    learned: Count = 1437
    """Presentations by which the reference has learned for the second state of the weights."""
    name: FolderName = "law"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_varied(self.chosen, self.given, "give --etas")
        check_remedies(self.remedies, self.chosen, self.given)
        check_size("law", "--switches", needed_bytes=COPY_BYTES * self.switches)


@dataclass(frozen=True)
class SwitchSetting:
    """One point of the sweep."""

    remedy: str
    state: str
    ratio: float
    dt_ms: float
    eta: float


def settings(config: Config) -> list[SwitchSetting]:
    """T, dt and eta varied one after another around (80 tau, 1 ms, smallest eta)."""
    middle = SwitchSetting("none", "initial", 80.0, 1.0, min(config.etas))
    found = []
    for name in config.remedies:
        for state in STATES:
            base = replace(middle, remedy=name, state=state)
            found += [replace(base, ratio=ratio) for ratio in config.ratios]
            found += [replace(base, dt_ms=dt) for dt in config.dts_ms if dt != base.dt_ms]
            found += [replace(base, eta=eta) for eta in config.etas if eta != base.eta]
    return found


def measure(config: Config, folder: Path, progress: Report) -> dict[str, Any]:
    """Every setting, and the factors fitted to them."""
    data = samples(config.dataset, config.power)
    weights = {"initial": None, "learned": _learned(config, data, portion(progress, 0, 0.1))}
    rows: list[dict[str, Any]] = []
    points = settings(config)
    for setting in points:
        rows.append(measured(config, data, setting, weights[setting.state]))
        progress(0.1 + 0.9 * len(rows) / len(points))
    measured_points = labelled_points(rows)
    return {"rows": rows, "fits": [fitted(measured_points, name) for name in config.remedies]}


def _options(config: Config, setting: SwitchSetting) -> dict[str, Any]:
    """What of the model's options a setting stands for."""
    own = remedy(setting.remedy)
    described = own.options(setting.ratio * TAU_MS * ms, setting.dt_ms * ms, **own.defaults)
    return {**config.given, **varied(setting.eta, config.chosen, {}), **described}


def _learned(config: Config, data: Samples, progress: Report) -> WeightBundle:
    rows = data.presented(config.learned, config.seed)
    targets = data.targets(data.train.labels[rows])
    schedule = Schedule({"stimulus": data.train.inputs[rows], "target": targets})
    options = {**config.given, **rates(config.chosen, {})}
    net = classifier(config.chosen, data, config.hidden, config.seed, options)
    return reference(net).learn(schedule, progress=progress)


def measured(
    config: Config, data: Samples, setting: SwitchSetting, weights: WeightBundle | None
) -> dict[str, Any]:
    """Relative error of every switch's update of all forward weights, and the terms of the law."""
    options = _options(config, setting)
    net = classifier(config.chosen, data, config.hidden, config.seed, options)
    net = net if weights is None else net.with_weights(weights)
    chosen = data.presented(config.switches, config.seed + 1)
    rows = np.stack([chosen, np.roll(chosen, 1)])[..., None]
    inputs = torch.as_tensor(data.train.inputs[rows])
    targets = torch.as_tensor(data.targets(data.train.labels[rows]))
    change = _changes(net, setting, inputs, targets)
    discrete = reference(net)
    tensors = discrete.tensors()
    filtered = bool(options.get("filtered_target", False))
    errors, contrasts, powers = [], [], []
    total: dict[str, torch.Tensor] = {}
    for copy in range(config.switches):
        step = discrete.change(tensors, {"stimulus": inputs[1, copy], "target": targets[1, copy]})
        step = {name: step[name] for name in forward(net)}
        errors.append(distance({name: change[name][copy] for name in step}, step))
        total = {name: total.get(name, 0) + value for name, value in step.items()}
        u = [
            torch.as_tensor(discrete.outputs({"stimulus": inputs[k, copy].numpy()})) for k in (0, 1)
        ]
        error = [targets[k, copy] - u[k] for k in (0, 1)]
        old, new = error if filtered else u
        contrasts.append(float((new - old).norm() / error[1].norm()))
        powers.append(float((inputs[1, copy] ** 2).sum()))
    mean_error = distance({name: change[name].sum(0) for name in total}, total)
    terms_of = {"errors": errors, "contrasts": contrasts, "powers": powers}
    changes = "dxi" if filtered else "du"
    return {**vars(setting), "changes": changes, "mean_error": mean_error, **terms_of}


def distance(found: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor]) -> float:
    """Norm of the difference over norm of what was expected, all weights together.

    Raises
    ------
    ValueError
        Where nothing was expected to change.
    """
    wrong = sum(float(((found[name] - value) ** 2).sum()) for name, value in expected.items())
    size = sum(float((value**2).sum()) for value in expected.values())
    if size == 0:
        raise ValueError("law: the reference's step for a sample is 0; choose another --seed.")
    return float(np.sqrt(wrong / size))


def _changes(
    net: Network, setting: SwitchSetting, inputs: torch.Tensor, targets: torch.Tensor
) -> dict[str, torch.Tensor]:
    """The change of every weight by the second sample, (switch, n_above, n_below)."""
    dt_s = setting.dt_ms * 1e-3
    steps = round(setting.ratio * TAU_MS / setting.dt_ms)
    nets = [net] * inputs.shape[1]
    engine = OdeEngine(
        nets, Timing(steps, 0, 0, steps * dt_s), dt=setting.dt_ms * ms, dtype=torch.float64
    )
    for _ in range(int(np.ceil(SETTLE / setting.ratio))):
        engine.present({"stimulus": inputs[0], "target": targets[0]})
        engine.load([net.weights] * len(nets))  # what the first sample taught is forgotten
    engine.present({"stimulus": inputs[1], "target": targets[1]})
    return {
        name: engine.buffers.synapses[name, "w"] - torch.as_tensor(np.array(net.weights[name]))
        for name in net.weights
    }
