"""The error of continuous updates at every point of the sweeps, for every seed.

Every point is a short run from given weights: a few samples shown in a cycle, once to run in, so
that each presentation meets what the one before it left, and once to count. Two errors are taken,
both by :func:`pooled_error`: of each presentation's update, and of their sum over the cycle. What
a remedy moves from one presentation into the next counts in the first and cancels in the second.

Points of one structure and timing are a group, whose settings and seeds run as copies.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from brian2 import Quantity, ms, second
from jaxtyping import Float

from experiments.compare.measures import differences, discrete_steps, log_slope, pooled_error
from experiments.compare.points import Point, Setting, without
from experiments.lab import models
from experiments.lab.engines import Simulated, copies
from experiments.lab.kept_results import cell_name
from experiments.lab.labelled import POINT, chosen, different, labelled
from experiments.lab.learning_rates import rates
from experiments.lab.remedies import remedy
from experiments.lab.storage import versions
from models import Network, Run, Schedule, WeightBundle

TAU = 10 * ms
"""The unit of time for neurons that have no time constant."""

RUN_IN = 40.0
"""Time in tau to run in: e^-40 sum_{k<n} 40^k/k! of the beginning is left behind n stages, less
than 1e-9 for the 9 of two hidden layers and 1e-6 for the 13 of four."""
RUN_IN_FILTER = 5.0
"""The same for a low-pass filter of plasticity, in its own time constant: 0.7 % is left."""


@dataclass(frozen=True, eq=False)
class Material:
    """What all points of one seed share.

    Parameters
    ----------
    model : str
        Of the network.
    options : mapping of str to object
        What of the model's options is given.
    sizes : tuple of int
        From the input to the output.
    inputs, targets : array, (presentation, n_in) and (presentation, n_out)
        The samples of the cycle.
    weights : mapping of str to WeightBundle
        To start from, by name.
    seed : int
        For the initial weights of networks of another depth.
    """

    model: str
    options: Mapping[str, Any]
    sizes: tuple[int, ...]
    inputs: Float[np.ndarray, "presentation n_in"]
    targets: Float[np.ndarray, "presentation n_out"]
    weights: Mapping[str, WeightBundle]
    seed: int = 0

    @cached_property
    def tau(self) -> Quantity:
        """The unit of time: the longest time constant of the network's neurons without remedy."""
        network = models.chosen(self.model).network(self.sizes, self.seed, without(self.options))
        found = longest_time(population.neuron.parameters for population in network.populations)
        return TAU if found is None else found

    def determined_by(self) -> dict[str, Any]:
        """Plain values that are the same for the same material."""
        samples = self.inputs.tobytes() + self.targets.tobytes()
        return {
            "model": self.model,
            "digest": models.chosen(self.model).digest,
            "options": repr(sorted(self.options.items())),
            "sizes": self.sizes,
            "samples": hashlib.sha256(samples).hexdigest(),
            "weights": {name: bundle.hash for name, bundle in self.weights.items()},
            "seed": self.seed,
        }


def longest_time(constants: Iterable[Mapping[str, Any]]) -> Quantity | None:
    """The longest of the constants that are times; None if none is."""
    times = [
        float(np.max(value))
        for named in constants
        for value in named.values()
        if isinstance(value, Quantity) and value.dim is second.dim
    ]
    return max(times) * second if times else None


@dataclass(frozen=True, eq=False)
class Group:
    """Settings of one structure and timing, to be run for every seed."""

    settings: tuple[Setting, ...]
    materials: tuple[Material, ...]
    engine: str

    @property
    def name(self) -> str:
        """For a file; the same for groups that give the same result."""
        first = self.settings[0]
        found = {
            "settings": [asdict(setting) for setting in self.settings],
            "materials": [material.determined_by() for material in self.materials],
            "engine": self.engine,
            "versions": versions(),
        }
        return cell_name(f"{first.remedy}-{first.presentation:g}", found)


def grouped(points: Sequence[Point], materials: Sequence[Material], engine: str) -> list[Group]:
    """The settings of all points, each once, in groups of one structure and timing."""
    found: dict[tuple, list[Setting]] = {}
    for s in dict.fromkeys(point.setting for point in points):
        found.setdefault((s.presentation, s.lag, s.dt, s.remedy, s.depth), []).append(s)
    return [Group(tuple(settings), tuple(materials), engine) for settings in found.values()]


def described(setting: Setting, material: Material) -> tuple[Network, Schedule, Quantity]:
    """The network, the schedule of one cycle, and the time step of a setting."""
    model, own, tau = models.chosen(material.model), remedy(setting.remedy), material.tau
    dt = setting.dt * tau
    lag = setting.presentation / 2 if own.told_of_switches else setting.lag
    values = rates(model, material.options)
    options = {
        **without(material.options),
        **own.options(setting.presentation * tau, dt, **own.defaults),
        **{name: rate * setting.eta_scale for name, rate in values.items()},
    }
    sizes, weights = material.sizes, material.weights.get(setting.weights)
    if setting.depth is not None:
        sizes, weights = (sizes[0], *[sizes[1]] * setting.depth, sizes[-1]), None
    network = model.network(sizes, material.seed, options)
    schedule = Schedule(
        {"stimulus": material.inputs, "target": material.targets},
        presentation=setting.presentation * tau,
        lag=lag * tau,
    )
    return network if weights is None else network.with_weights(weights), schedule, dt


def run_in(network: Network, schedule: Schedule, tau: Quantity) -> int:
    """How many presentations are shown before those that count."""
    needed = RUN_IN * tau
    rules = [pathway.rule for pathway in network.pathways if pathway.rule is not None]
    slow = longest_time(rule.parameters for rule in rules)
    if slow is not None:
        needed += RUN_IN_FILTER * slow
    return int(np.ceil(float(needed / schedule.period) - 1e-9))


def errors(group: Group) -> dict[str, list[dict[str, Any]]]:
    """The errors of every setting, in order, as ``settings``.

    Each has ``error`` and ``summed``: by weight matrix a list with a value a seed, NaN where a copy
    diverged.
    """
    pairs = [(s, m) for s in group.settings for m in group.materials]
    networks, cycles, dts = zip(*(described(s, m) for s, m in pairs), strict=True)
    before, count = run_in(networks[0], cycles[0], group.materials[0].tau), len(cycles[0])
    order = np.arange(-before, count) % count
    shown = [c.chosen(order) for c in cycles]
    moments = [k * cycles[0].period for k in range(before, before + count)]
    runs = copies(group.engine)(networks, shown, dt=dts[0], weights_at=moments)
    found = [_errors(*each) for each in zip(networks, cycles, runs, strict=True)]
    names = sorted({name for each in found for name in each["error"]}) or list(networks[0].weights)
    seeds = len(group.materials)
    return {
        "settings": [
            {
                kind: {n: [f[kind].get(n, np.nan) for f in found[k : k + seeds]] for n in names}
                for kind in ("error", "summed")
            }
            for k in range(0, len(found), seeds)
        ]
    }


def _errors(network: Network, cycle: Schedule, run: Simulated) -> dict[str, dict[str, float]]:
    if not isinstance(run, Run):
        return {"error": {}, "summed": {}}
    ours = differences(run.weight_history, run.weights)
    theirs = discrete_steps(network, run.weight_history, cycle)
    sums = [{name: each.sum(0) for name, each in of.items()} for of in (ours, theirs)]
    return {"error": pooled_error(ours, theirs), "summed": pooled_error(*sums)}


def rows(
    points: Sequence[Point], groups: Sequence[Group], results: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Every point with its errors: the setting, ``error`` and ``summed``."""
    found = {
        setting: result
        for group, of_group in zip(groups, results, strict=True)
        for setting, result in zip(group.settings, of_group["settings"], strict=True)
    }
    return [
        {"sweep": p.sweep, "value": p.value, **asdict(p.setting), **found[p.setting]}
        for p in points
    ]


def labelled_points(rows: Sequence[Mapping[str, Any]]) -> xr.Dataset:
    """All points by sweep and setting; errors by weight matrix and seed, NaN where one diverged."""
    labels = ("sweep", "value", *Setting.__dataclass_fields__)
    places = ("matrix", "seed")
    return labelled(rows, labels, error=places, summed=places)


def measured(
    points: Sequence[Point], materials: Sequence[Material], engine: str = "brian2"
) -> xr.Dataset:
    """All points, labelled, one group after another in this process."""
    groups = grouped(points, materials, engine)
    return labelled_points(rows(points, groups, [errors(group) for group in groups]))


def slopes(points: xr.Dataset) -> dict[str, dict[str, float]]:
    """Slope of log error (mean over seeds) against log T, for each set of weights and matrix."""
    found: dict[str, dict[str, float]] = {}
    for weights in sorted(different(points.weights)):
        line = chosen(points, sweep="presentation", weights=weights)
        if line.sizes[POINT] < 2:
            continue
        means = line.error.dropna("matrix", how="all").mean("seed", skipna=False)
        times = line.value.values.astype(float)
        found[weights] = {
            name: log_slope(times, means.sel(matrix=name).values) for name in means.matrix.values
        }
    return found
