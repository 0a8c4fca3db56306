"""Learning in continuous time on classified samples, seeds and rates side by side as copies."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from brian2 import Quantity, ms
from jaxtyping import Int
from torch import Tensor

from compartments.sizes import check_size
from experiments.lab.classification import classifier
from experiments.lab.learning_rates import varied
from experiments.lab.models import chosen, parsed_options
from experiments.lab.progress import Report
from experiments.lab.remedies import remedy
from experiments.lab.samples import Part, Samples, samples
from models import Network, Schedule, WeightBundle
from rate_bridge.ode_engine.engine import OdeEngine, Timing
from rate_bridge.references.registry import reference

DISCRETE = "discrete"
"""Stands in the place of a remedy for the reference's own learning."""

TAU_MS = 10.0
"""The unit of presentation times: tau_u and tau_a of DLL; tau_x is half of it."""


@dataclass(frozen=True)
class Cell:
    """One remedy at one presentation time, for all rates and seeds.

    Parameters
    ----------
    dataset, power
        What is learned; see :func:`experiments.lab.samples.samples`.
    hidden, model, options
        By which network: its hidden layers, its model, and what of that model's options is given,
        as texts.
    remedy : str
        A name in :data:`experiments.lab.remedies.REMEDIES`, or ``"discrete"``.
    ratio : float
        Presentation time over tau; of no meaning to the reference.
    etas : tuple of float
        The model's first learning rate.
    shares : tuple of str
        The others in parts of it, as texts; in the ratio of the model's defaults if not given.
    seeds : tuple of int
        For initial weights and the order of the samples.
    epochs, batch : int
        Passes through the training part; presentations in parallel.
    dt_ms : float
        Time step, integrated by exponential Euler.
    free : tuple of (str, float)
        The remedy's free numbers; its defaults where they are not given.
    """

    dataset: str
    hidden: tuple[int, ...]
    power: float
    remedy: str
    ratio: float
    etas: tuple[float, ...]
    seeds: tuple[int, ...]
    epochs: int
    batch: int
    dt_ms: float
    model: str = "dll"
    options: tuple[str, ...] = ()
    shares: tuple[str, ...] = ()
    free: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.dt_ms < math.inf:
            raise ValueError(f"The time step must be positive and finite, got {self.dt_ms} ms.")
        steps = self.ratio * TAU_MS / self.dt_ms
        if self.remedy != DISCRETE and not (1 <= steps < math.inf and _whole(steps)):
            raise ValueError(
                f"T = {self.ratio:g} tau is no whole number of time steps of {self.dt_ms:g} ms "
                f"(tau = {TAU_MS:g} ms); choose another time or step."
            )

    @property
    def key(self) -> str:
        """A name for files, within one experiment."""
        return self.remedy if self.remedy == DISCRETE else f"{self.remedy}-{self.ratio:g}"

    @property
    def numbers(self) -> dict[str, float]:
        """The remedy's free numbers."""
        own = {} if self.remedy == DISCRETE else remedy(self.remedy).defaults
        return {**own, **dict(self.free)}

    @property
    def copies(self) -> list[tuple[float, int]]:
        """(eta, seed) of every copy."""
        return [(eta, seed) for eta in self.etas for seed in self.seeds]

    @property
    def presentation(self) -> Quantity:
        """How long each sample is shown."""
        return self.ratio * TAU_MS * ms

    def timing(self) -> Timing:
        """Steps of presentation and lag; the last step is always one of learning."""
        steps = round(self.ratio * TAU_MS / self.dt_ms)
        lag = min(round(self.numbers.get("lag_share", 0.0) * steps), steps - 1)
        return Timing(steps, lag, 0, (steps - lag) * self.dt_ms * 1e-3)

    def networks(self, data: Samples) -> list[Network]:
        """The copies' descriptions."""
        model, shares = chosen(self.model), parsed_options(self.shares)
        options = parsed_options(self.options)
        if self.remedy != DISCRETE:
            described = remedy(self.remedy).options
            options |= described(self.presentation, self.dt_ms * ms, **self.numbers)
        return [
            classifier(model, data, self.hidden, seed, options | varied(eta, model, shares))
            for eta, seed in self.copies
        ]


def _whole(steps: float) -> bool:
    return abs(steps - round(steps)) < 1e-6


def orders(
    data: Samples, seeds: Sequence[int], epochs: int, batch: int
) -> Int[np.ndarray, "copy presentation"]:
    """Which samples each copy is shown, in order; whole minibatches in every epoch.

    Parameters
    ----------
    data : Samples
        Its training part counts.
    seeds : sequence of int
        One for each copy; those of one seed are shown the same.
    epochs, batch : int
        Passes through the training part; presentations in parallel.
    """
    size = len(data.train.labels)
    each = size // batch * batch
    needed_bytes = 16 * each * epochs * len(seeds)
    check_size("Learning", "epochs, seeds or etas", needed_bytes=needed_bytes)
    rows = []
    for seed in seeds:
        generator = np.random.default_rng(seed)
        rows.append(np.concatenate([generator.permutation(size)[:each] for _ in range(epochs)]))
    return np.stack(rows)


def _orders(cell: Cell, data: Samples) -> Int[np.ndarray, "copy presentation"]:
    return orders(data, [seed for _, seed in cell.copies], cell.epochs, cell.batch)


def learned(cell: Cell, progress: Report | None = None) -> dict[str, Any]:
    """Learn, and report accuracy on validation samples after every epoch and on test samples once.

    Accuracies are those of the weights in their equilibrium form, for all engines alike. A copy
    that diverges ends with what it had; NaN marks what it did not reach.

    Returns
    -------
    dict
        ``validation`` (epoch, eta, seed), ``test`` (eta, seed), ``seconds``, ``steps`` of dt.
    """
    data = samples(cell.dataset, cell.power)
    start = time.perf_counter()
    run = _discrete if cell.remedy == DISCRETE else _continuous
    curve, bundles = run(cell, data, progress or (lambda fraction: None))
    shape = (len(cell.etas), len(cell.seeds))
    test = accuracies(cell.networks(data), bundles, data.test)
    return {
        "cell": cell,
        "validation": np.reshape(curve, (-1, *shape)),
        "test": np.reshape(test, shape),
        "seconds": time.perf_counter() - start,
        "steps": 0 if cell.remedy == DISCRETE else cell.timing().period * _count(cell, data),
    }


def _count(cell: Cell, data: Samples) -> int:
    return cell.epochs * (len(data.train.labels) // cell.batch)


def accuracies(
    nets: Sequence[Network], bundles: Sequence[WeightBundle | None], part: Part
) -> list[float]:
    """Share of right answers of every copy's weights at equilibrium; NaN without weights."""
    found = []
    for net, bundle in zip(nets, bundles, strict=True):
        if bundle is None:
            found.append(float("nan"))
        else:
            outputs = reference(net).outputs({"stimulus": part.inputs}, bundle)
            found.append(part.accuracy(outputs))
    return found


def _continuous(
    cell: Cell, data: Samples, progress: Report
) -> tuple[list[list[float]], list[WeightBundle | None]]:
    nets = cell.networks(data)
    engine = OdeEngine(
        nets,
        cell.timing(),
        batch=cell.batch,
        dt=cell.dt_ms * ms,
        method="exponential_euler",
        dtype=torch.float32,
    )
    inputs = torch.as_tensor(data.train.inputs, dtype=torch.float32)
    targets = torch.as_tensor(data.targets(data.train.labels), dtype=torch.float32)
    rows = torch.as_tensor(_orders(cell, data))
    each, count = rows.shape[1] // cell.batch // cell.epochs, _count(cell, data)
    curve: list[list[float]] = []
    alive: list[WeightBundle | None] = list(engine.weights)
    for number in range(count):
        shown = rows[:, number * cell.batch : (number + 1) * cell.batch]
        engine.present({"stimulus": inputs[shown], "target": targets[shown]})
        if (number + 1) % max(each // 20, 1) == 0:
            if silence_diverged(engine):
                break
            progress((number + 1) / count)
        if (number + 1) % each == 0:
            alive = surviving(engine)
            curve.append(accuracies(nets, alive, data.validation))
    lost = [float("nan")] * len(nets)
    missing = cell.epochs - len(curve)
    return curve + [lost] * missing, [None] * len(nets) if missing else alive


LARGEST_WEIGHT = 1e3
"""A weight beyond this has diverged; all are of order 1."""


def _diverged(engine: OdeEngine) -> Tensor:
    """For every copy, whether any of its weights or states is beyond bounds."""
    bad = torch.zeros(len(engine.nets), dtype=torch.bool)
    for tensor in (*engine.buffers.synapses.values(), *engine.buffers.states.values()):
        bad |= ~(tensor.flatten(1).abs().amax(1) <= LARGEST_WEIGHT)
    return bad


@torch.inference_mode()
def silence_diverged(engine: OdeEngine) -> bool:
    """Set the weights of copies that diverged to NaN, and say whether these are all copies."""
    bad = _diverged(engine)
    for (_, variable), tensor in engine.buffers.synapses.items():
        if variable == "w":
            tensor[bad] = float("nan")
    return bool(bad.all())


def surviving(engine: OdeEngine) -> list[WeightBundle | None]:
    """The weights of every copy that has not diverged."""
    found: list[WeightBundle | None] = []
    for copy, bad in enumerate(_diverged(engine).tolist()):
        arrays = {
            name: tensor[copy].double().numpy()
            for (name, variable), tensor in engine.buffers.synapses.items()
            if variable == "w"
        }
        found.append(None if bad else WeightBundle(arrays))
    return found


def _discrete(
    cell: Cell, data: Samples, progress: Report
) -> tuple[list[list[float]], list[WeightBundle | None]]:
    rows = _orders(cell, data)
    each = rows.shape[1] // cell.epochs
    targets = data.targets(data.train.labels)
    bundles: list[WeightBundle | None] = []
    curves = []
    for number, net in enumerate(cell.networks(data)):
        bundle: WeightBundle | None = net.weights
        curve = []
        for epoch in range(cell.epochs):
            shown = rows[number, epoch * each : (epoch + 1) * each]
            schedule = Schedule({"stimulus": data.train.inputs[shown], "target": targets[shown]})
            bundle = _epoch(net, bundle, schedule, cell.batch)
            outputs = None
            if bundle is not None:
                outputs = reference(net).outputs({"stimulus": data.validation.inputs}, bundle)
            missing = float("nan")
            curve.append(missing if outputs is None else data.validation.accuracy(outputs))
            progress((number + (epoch + 1) / cell.epochs) / len(cell.copies))
        bundles.append(bundle)
        curves.append(curve)
    return [list(column) for column in zip(*curves, strict=True)], bundles


def _epoch(
    net: Network, bundle: WeightBundle | None, schedule: Schedule, batch: int
) -> WeightBundle | None:
    if bundle is None:
        return None
    try:
        return reference(net.with_weights(bundle)).single.learn(schedule, batch=batch)
    except FloatingPointError:
        return None
