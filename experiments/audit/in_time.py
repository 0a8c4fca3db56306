"""How well a network learns in time when what it might lean on is withheld or spoiled.

The network runs as its model describes it; only the conditions differ: no gate, shorter
presentations, a target that comes early or late, time constants that differ between cells, delays.
Accuracy is that of its weights at rest.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from brian2 import ms
from torch import Tensor

from experiments.lab.classification import classifier
from experiments.lab.continuous_learning import TAU_MS, silence_diverged, surviving
from experiments.lab.learning_rates import varied
from experiments.lab.models import chosen, parsed_options
from experiments.lab.samples import Samples, samples
from models import Network
from rate_bridge.ode_engine.engine import OdeEngine, Timing
from rate_bridge.references.registry import reference

ETAS = (0.04, 0.08, 0.16, 0.32)
"""First learning rates, of which the best on validation samples with nothing withheld is taken."""

GATE = 0.9
"""Part of a presentation for which the gate is shut."""

STEP_MS = 1.0
"""Time step, integrated by exponential Euler."""

POWER = 5.0
"""Mean squared length of the inputs, as in the other experiments."""


@dataclass(frozen=True)
class TimedSetting:
    """What a network in time learns under.

    Parameters
    ----------
    ratio : float
        Presentation time, in tau.
    gate : bool
        Whether plasticity waits for :data:`GATE` of each presentation.
    shift : float
        By how much the target comes after the stimulus, in tau; before it if negative.
    spread : float
        Coefficient of variation of the time constants between cells.
    delay_ms : float
        Of every pathway.
    """

    ratio: float = 10.0
    gate: bool = False
    shift: float = 0.0
    spread: float = 0.0
    delay_ms: float = 0.0


@dataclass(frozen=True)
class TimedCondition:
    """A condition, at its levels.

    Parameters
    ----------
    test, label : str
        The test that it belongs to, and words.
    settings : mapping of float to TimedSetting
        By level, from the mildest to the hardest.
    """

    test: str
    label: str
    settings: dict[float, TimedSetting]


RATIOS = (10.0, 5.0, 3.0, 2.0)

TIMED_CONDITIONS: dict[str, TimedCondition] = {
    "no gate": TimedCondition(
        "G3c", "without the gate, T in tau", {r: TimedSetting(ratio=r) for r in RATIOS}
    ),
    "gate": TimedCondition(
        "G3c", "with the gate, T in tau", {r: TimedSetting(ratio=r, gate=True) for r in RATIOS}
    ),
    "late target": TimedCondition(
        "G3c",
        "target after the stimulus, in tau",
        {s: TimedSetting(shift=s) for s in (1.0, 2.0, 4.0)},
    ),
    "early target": TimedCondition(
        "G3c",
        "target before the stimulus, in tau",
        {s: TimedSetting(shift=-s) for s in (1.0, 2.0, 4.0)},
    ),
    "spread": TimedCondition(
        "G7", "spread of time constants", {s: TimedSetting(spread=s) for s in (0.1, 0.3)}
    ),
    "delays": TimedCondition(
        "G7",
        "delay of all pathways, ms",
        {d: TimedSetting(delay_ms=d) for d in (1.0, 2.0, 5.0, 10.0)},
    ),
}
"""By name; without gate and at 10 tau unless they say otherwise. The first is the base."""


@dataclass(frozen=True)
class TimedLesson:
    """Networks of several seeds that learn in time under one setting.

    Parameters
    ----------
    model, options, dataset, hidden
        Which networks learn what.
    setting : TimedSetting
        Under which condition.
    eta : float
        The model's first learning rate.
    seeds : tuple of int
        For weights, order and time constants; one network each.
    epochs, batch : int
        Passes through the training part; presentations in parallel.
    """

    model: str
    options: tuple[str, ...]
    dataset: str
    hidden: tuple[int, ...]
    setting: TimedSetting
    eta: float
    seeds: tuple[int, ...]
    epochs: int
    batch: int


def timed_lesson_learned(lesson: TimedLesson) -> dict[str, Any]:
    """Accuracy of every network on validation and on test samples, at the end.

    NaN for one that diverged.
    """
    data = samples(lesson.dataset, POWER)
    model = chosen(lesson.model)
    options = parsed_options(lesson.options) | varied(lesson.eta, model, {})
    plain = [classifier(model, data, lesson.hidden, seed, options) for seed in lesson.seeds]
    nets = [under(net, lesson.setting, s) for net, s in zip(plain, lesson.seeds, strict=True)]
    engine = OdeEngine(
        nets,
        timing(lesson.setting),
        batch=lesson.batch,
        dt=STEP_MS * ms,
        method="exponential_euler",
        waveforms=("target",) if lesson.setting.shift else (),
    )
    _present(engine, lesson, data)
    found: dict[str, Any] = {"validation": [], "test": []}
    for net, weights in zip(plain, surviving(engine), strict=True):
        for name, part in (("validation", data.validation), ("test", data.test)):
            if weights is None:
                found[name].append(float("nan"))
            else:
                outputs = reference(net).outputs({"stimulus": part.inputs}, weights)
                found[name].append(part.accuracy(outputs))
    return found


def names_its_times(net: Network) -> bool:
    """Whether tau is the unit of its times: all cells that relax name constants of 2 ms to tau."""
    times = [list(p.neuron.time_constants_ms.values()) for p in net.populations if p.neuron.states]
    events = any(p.neuron.events for p in net.populations)
    steps = (2 * STEP_MS, TAU_MS)
    named = all(each and steps[0] <= min(each) and max(each) <= steps[1] for each in times)
    return named and not events


def timing(setting: TimedSetting) -> Timing:
    """Steps of a presentation, and of it those before the gate opens."""
    steps = round(setting.ratio * TAU_MS / STEP_MS)
    lag = round(GATE * steps) if setting.gate else 0
    return Timing(steps, lag, 0, (steps - lag) * STEP_MS * 1e-3)


def under(net: Network, setting: TimedSetting, seed: int) -> Network:
    """The network with delays, and with time constants that differ between cells."""
    if setting.delay_ms:
        late = tuple(dataclasses.replace(p, delay=setting.delay_ms * ms) for p in net.pathways)
        net = dataclasses.replace(net, pathways=late)
    if setting.spread:
        generator = np.random.default_rng(seed)
        populations = tuple(_spread(p, setting.spread, generator) for p in net.populations)
        net = dataclasses.replace(net, populations=populations)
    return net


def _spread(population: Any, spread: float, generator: np.random.Generator) -> Any:
    """Gamma-distributed time constants of the same mean, none below two time steps."""
    neuron = population.neuron
    taus = {
        name: np.maximum(
            value * generator.gamma(spread**-2, spread**2, population.size), 2 * STEP_MS * ms
        )
        for name, value in neuron.parameters.items()
        if name.startswith("tau")
    }
    if not taus:
        return population
    spread_out = dataclasses.replace(neuron, parameters={**neuron.parameters, **taus})
    return dataclasses.replace(population, neuron=spread_out)


def _present(engine: OdeEngine, lesson: TimedLesson, data: Samples) -> None:
    inputs = torch.as_tensor(data.train.inputs, dtype=torch.float32)
    targets = torch.as_tensor(data.targets(data.train.labels), dtype=torch.float32)
    rows = [_order(seed, lesson, len(data.train.labels)) for seed in lesson.seeds]
    shown = torch.as_tensor(np.stack(rows)).unflatten(1, (-1, lesson.batch))
    count = shown.shape[1]
    for number in range(count):
        now = shown[:, number]
        before = targets[shown[:, max(number - 1, 0)]]
        after = targets[shown[:, min(number + 1, count - 1)]]
        target = shifted(before, targets[now], after, lesson.setting)
        engine.present({"stimulus": inputs[now], "target": target})
        if number % 20 == 19 and silence_diverged(engine):
            return


def _order(seed: int, lesson: TimedLesson, size: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    whole = size // lesson.batch * lesson.batch
    return np.concatenate([generator.permutation(size)[:whole] for _ in range(lesson.epochs)])


def shifted(before: Tensor, now: Tensor, after: Tensor, setting: TimedSetting) -> Tensor:
    """A presentation's target; step by step where it comes late or early."""
    if not setting.shift:
        return now
    steps = timing(setting).presentation
    late = round(abs(setting.shift) * TAU_MS / STEP_MS)
    first, second = (before, now) if setting.shift > 0 else (now, after)
    begins = late if setting.shift > 0 else steps - late
    return torch.stack([first] * begins + [second] * (steps - begins))
