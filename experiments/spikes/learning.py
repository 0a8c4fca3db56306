"""Digits learned and answered by events: seeds and rates side by side as copies.

Inputs are scaled to 0..1 and make input units fire; weights move in continuous time; the answer is
the output unit that has fired most. Beside it stands what the same weights answer at rest, which
has no chance of events in it, and the graded network that learns by its reference.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from brian2 import Hz, ms
from jaxtyping import Float

from experiments.lab.continuous_learning import silence_diverged, surviving
from experiments.lab.progress import Report
from experiments.lab.samples import Part, Samples, samples
from models import DLLNetwork, Schedule, WeightBundle, dll_network
from models.spiking_dll import SpikingDLLOptions, spiking_dll_network
from rate_bridge.ode_engine.engine import OdeEngine, Timing
from rate_bridge.references.registry import reference

GRADED = 0
"""Stands in the place of a number of cells for the graded network."""


@dataclass(frozen=True)
class FiringCell:
    """One kind of unit and one presentation time, for all rates and seeds.

    Parameters
    ----------
    cells : int
        Cells of a unit; 0 is the graded network, learning by Algorithm 1.
    r_max_hz, presentation_ms, lag_ms : float
        Largest rate of a cell; how long each sample is shown, and how much of that synapses wait.
    etas, seeds : tuple
        Rates of W; for initial weights, the order of samples, and chance.
    hidden : tuple of int
        Units of the hidden layers.
    epochs, batch : int
        Passes through the training part; presentations in parallel.
    dt_ms : float
        Time step.
    theta_rule, theta_share : str, float
        Rule of Theta, and its rate in parts of that of W.
    dataset : str
        What is learned.
    """

    cells: int
    etas: tuple[float, ...]
    seeds: tuple[int, ...]
    epochs: int
    r_max_hz: float = 100.0
    presentation_ms: float = 100.0
    lag_ms: float = 50.0
    hidden: tuple[int, ...] = (100,)
    batch: int = 16
    dt_ms: float = 1.0
    theta_rule: str = "fixed"
    theta_share: float = 1.0
    dataset: str = "digits"

    @property
    def copies(self) -> list[tuple[float, int]]:
        """(eta, seed) of every copy."""
        return [(eta, seed) for eta in self.etas for seed in self.seeds]

    def timing(self) -> Timing:
        """Steps of presentation and lag."""
        steps, lag = (round(t / self.dt_ms) for t in (self.presentation_ms, self.lag_ms))
        return Timing(steps, lag, 0, (steps - lag) * self.dt_ms * 1e-3)

    def networks(self, data: Samples) -> list[DLLNetwork]:
        """The copies' descriptions; the graded ones have the same weights at the beginning."""
        sizes = (data.train.inputs.shape[1], *self.hidden, data.n_classes)
        return [self._network(sizes, eta, seed) for eta, seed in self.copies]

    def _network(self, sizes: Sequence[int], eta: float, seed: int) -> DLLNetwork:
        options = SpikingDLLOptions(
            cells=max(self.cells, 1),
            r_max=self.r_max_hz * Hz,
            theta_rule=self.theta_rule,
            eta_W=eta,
            eta_theta=eta * self.theta_share,
            decay=1e-3,
        )
        if self.cells != GRADED:
            return spiking_dll_network(sizes, options, seed=seed)
        return dll_network(sizes, replace(options.graded, neuron="graded", constants={}), seed=seed)


def scaled(dataset: str) -> Samples:
    """A data set with inputs in 0..1, by the least and the largest value of its training part."""
    data = samples(dataset, centred=False)
    least, largest = data.train.inputs.min(), data.train.inputs.max()

    def part(given: Part) -> Part:
        inputs = (given.inputs - least) / (largest - least)
        return Part(inputs.clip(0, 1), given.labels)

    provenance = {**data.provenance, "inputs": "0..1"}
    parts = part(data.train), part(data.validation), part(data.test)
    return Samples(data.name, *parts, data.n_classes, provenance)


def learned(
    cell: FiringCell, tested: bool = False, progress: Report | None = None
) -> dict[str, Any]:
    """Learn, and answer by events: validation samples after every epoch, test samples if asked.

    Returns
    -------
    dict
        ``validation`` (epoch, eta, seed) by events and ``at_rest`` likewise, both in 0..1; with
        ``tested`` also ``test`` and ``test_at_rest`` (eta, seed), ``accuracy_at`` (time, copy),
        ``spikes`` of the test part for each decision; ``seconds``.
    """
    data, begun = scaled(cell.dataset), time.perf_counter()
    run = _graded if cell.cells == GRADED else _firing
    found = run(cell, data, tested, progress or (lambda fraction: None))
    shape = (len(cell.etas), len(cell.seeds))
    for name in ("validation", "at_rest"):
        found[name] = np.reshape(found[name], (cell.epochs, *shape))
    for name in ("test", "test_at_rest") if tested else ():
        found[name] = np.reshape(found[name], shape)
    return {"cell": cell, **found, "seconds": time.perf_counter() - begun}


def _orders(cell: FiringCell, data: Samples) -> list[np.ndarray]:
    """For every copy, which samples it is shown: whole minibatches in every epoch."""
    count = len(data.train.labels)
    each = count // cell.batch * cell.batch
    found = []
    for _, seed in cell.copies:
        generator = np.random.default_rng(seed)
        epochs = [generator.permutation(count)[:each] for _ in range(cell.epochs)]
        found.append(np.stack(epochs))
    return found


def _firing(cell: FiringCell, data: Samples, tested: bool, progress: Report) -> dict[str, Any]:
    nets = cell.networks(data)
    seeds = [1000 + seed for _, seed in cell.copies]
    settings: dict[str, Any] = {"dt": cell.dt_ms * ms, "dtype": torch.float32, "seed": seeds}
    engine = OdeEngine(nets, cell.timing(), batch=cell.batch, **settings)
    inputs = torch.as_tensor(data.train.inputs, dtype=torch.float32)
    targets = torch.as_tensor(data.targets(data.train.labels), dtype=torch.float32)
    orders = torch.as_tensor(np.stack(_orders(cell, data)))
    validation, at_rest = [], []
    for epoch in range(cell.epochs):
        for rows in orders[:, epoch].split(cell.batch, dim=1):
            engine.present({"stimulus": inputs[rows], "target": targets[rows]})
        silence_diverged(engine)
        bundles = surviving(engine)
        validation.append(Answers(cell, nets, bundles, data.validation).accuracy)
        at_rest.append(accuracies_at_rest(nets, bundles, data.validation))
        progress((epoch + 1) / cell.epochs)
    found: dict[str, Any] = {"validation": validation, "at_rest": at_rest}
    if tested:
        answers = Answers(cell, nets, bundles, data.test)
        found |= {"test": answers.accuracy, "accuracy_at": answers.accuracy_at}
        found |= {"spikes": answers.spikes, "times_ms": answers.times_ms}
        found["test_at_rest"] = accuracies_at_rest(nets, bundles, data.test)
    return found


class Answers:
    """What copies answer by events to all samples of a part, shown at once, nothing learning.

    Parameters
    ----------
    cell, nets, bundles
        The copies, and their weights; a copy without weights answers nothing.
    part : Part
        What is shown.
    """

    TIMES = 20

    def __init__(
        self,
        cell: FiringCell,
        nets: Sequence[DLLNetwork],
        bundles: Sequence[WeightBundle | None],
        part: Part,
    ) -> None:
        self._alive = np.array([bundle is not None for bundle in bundles])
        timing, self._dt_ms = cell.timing(), cell.dt_ms
        self._every = max(timing.presentation // self.TIMES, 1)
        engine = OdeEngine(
            list(nets),
            timing,
            batch=len(part.labels),
            dt=cell.dt_ms * ms,
            dtype=torch.float32,
            plastic=False,
            seed=[2000 + seed for _, seed in cell.copies],
        )
        engine.load([own or net.weights for own, net in zip(bundles, nets, strict=True)])
        self._labels = torch.as_tensor(part.labels)
        self._counts = torch.zeros_like(engine.buffers.events["output", "single"])
        self._all, self.accuracy_at = torch.zeros(len(nets)), list[np.ndarray]()
        self._taken = 0
        engine.present(
            {"stimulus": torch.as_tensor(part.inputs, dtype=torch.float32)}, probe=self._see
        )
        self._see(engine, timing.presentation)
        trace = engine.buffers.states["output", "s"]
        self._counts += 1e-3 * trace / (trace.abs().max() + 1e-9)  # of equal counts the latest
        self.accuracy = self._accuracy()

    def _see(self, engine: OdeEngine, step: int) -> None:
        """Count the events of the step before."""
        if engine.steps_done <= self._taken:
            return
        self._taken = engine.steps_done
        for (place, _), fired in engine.buffers.events.items():
            self._all += fired.sum((-1, -2))
            if place == "output":
                self._counts += fired
        if self._taken % self._every == 0:
            self.accuracy_at.append(self._accuracy())

    def _accuracy(self) -> np.ndarray:
        right = (self._counts.argmax(-1) == self._labels).double().mean(-1).numpy()
        return np.where(self._alive, right, np.nan)

    @property
    def times_ms(self) -> Float[np.ndarray, "time"]:
        """Times after onset at which ``accuracy_at`` was taken."""
        return np.arange(1, len(self.accuracy_at) + 1) * self._every * self._dt_ms

    @property
    def spikes(self) -> Float[np.ndarray, "copy"]:
        """Events of all cells for each decision."""
        return (self._all / len(self._labels)).numpy()


def accuracies_at_rest(
    nets: Sequence[DLLNetwork], bundles: Sequence[WeightBundle | None], part: Part
) -> list[float]:
    """Share of right answers of every copy's weights without chance."""
    return [
        float("nan")
        if own is None
        else part.accuracy(reference(net).outputs({"stimulus": part.inputs}, own))
        for net, own in zip(nets, bundles, strict=True)
    ]


def _graded(cell: FiringCell, data: Samples, tested: bool, progress: Report) -> dict[str, Any]:
    """The same samples in the same order, learned by the reference."""
    nets, targets = cell.networks(data), data.targets(data.train.labels)
    curves: list[list[float]] = []
    bundles: list[WeightBundle | None] = []
    for number, (net, order) in enumerate(zip(nets, _orders(cell, data), strict=True)):
        bundle: WeightBundle | None = net.weights
        curve = []
        for rows in order:
            shown = Schedule({"stimulus": data.train.inputs[rows], "target": targets[rows]})
            bundle = _epoch(net, bundle, shown, cell.batch)
            curve += accuracies_at_rest([net], [bundle], data.validation)
        curves.append(curve)
        bundles.append(bundle)
        progress((number + 1) / len(nets))
    columns = np.transpose(curves)
    found: dict[str, Any] = {"validation": columns, "at_rest": columns}
    if tested:
        test = accuracies_at_rest(nets, bundles, data.test)
        found |= {"test": test, "test_at_rest": test}
    return found


def _epoch(
    net: DLLNetwork, bundle: WeightBundle | None, shown: Schedule, batch: int
) -> WeightBundle | None:
    if bundle is None:
        return None
    try:
        return reference(net.with_weights(bundle)).single.learn(shown, batch=batch)
    except FloatingPointError:
        return None
