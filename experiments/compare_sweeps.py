"""How the error of one continuous update depends on time, lag, dt, eta and remedies.

Every point is a short run from given weights; the error is that of :func:`pooled_error` over all
presentations but the first, which starts at rest instead of at another stimulus' equilibrium.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from experiments.compare_measures import differences, discrete_steps, log_slope, pooled_error
from experiments.engines import engine
from experiments.remedy_list import remedy
from models import DLLNetwork, DLLOptions, Schedule, WeightBundle, dll_network

PURE_ETA = 1e-5
"""Share of the learning rates that is kept where weights should not move while they are measured.

Small enough that the drift within a presentation (theory.md 3) is far below what is measured.
"""

COMPARED = (
    "none",
    "lag",
    "matched",
    "filtered",
    "both",
    "both-lag",
    "low-pass",
    "look-ahead",
    "eligibility",
)
"""Which of the remedies are swept."""

WITHOUT: Mapping[str, Any] = {
    "matched_soma": False,
    "filtered_target": False,
    "tau_w": None,
    "prospective": None,
    "eligibility": None,
}
"""Options of a network without any remedy."""


@dataclass(frozen=True)
class Setting:
    """One point of a sweep; all times in units of tau_u."""

    sweep: str
    value: float | str
    presentation: float = 40.0
    lag: float = 0.0
    dt: float = 0.1
    eta_scale: float = PURE_ETA
    remedy: str = "none"
    weights: str = "initial"
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Material:
    """What all points share: the network as it is described, samples, and two sets of weights."""

    sizes: tuple[int, ...]
    options: DLLOptions
    inputs: np.ndarray
    targets: np.ndarray
    weights: Mapping[str, WeightBundle]


def settings(quick: bool = False) -> list[Setting]:
    """The points of all sweeps; ``quick`` leaves time and remedies only."""
    both = ("initial", "learned")
    times = (5.0, 10.0, 20.0, 40.0) if quick else (5.0, 10.0, 20.0, 40.0, 80.0)
    points = [Setting("presentation", T, presentation=T, weights=w) for T in times for w in both]
    for name in COMPARED:
        label = remedy(name).label
        points += [
            Setting("remedy", label, presentation=20.0, remedy=name, weights=w) for w in both
        ]
    if quick:
        return points
    points += [Setting("lag", lag, lag=lag) for lag in (0.0, 5.0, 10.0, 15.0, 20.0, 25.0)]
    points += [Setting("dt", dt, dt=dt) for dt in (0.025, 0.05, 0.1, 0.2, 0.4)]
    scales = (0.1, 0.3, 1.0, 3.0, 10.0)
    return points + [Setting("eta", scale, lag=16.0, eta_scale=scale) for scale in scales]


def measured(
    points: Sequence[Setting], material: Material, jobs: int = 1, runner: str = "brian2"
) -> list[dict[str, Any]]:
    """The error of every point: the setting and, by weight matrix, its relative error."""
    if jobs == 1:
        return [_measure(point, material, runner) for point in points]
    work = (delayed(_measure)(point, material, runner) for point in points)
    return list(Parallel(n_jobs=jobs)(work))


def _measure(point: Setting, material: Material, runner: str) -> dict[str, Any]:
    network, schedule, dt = described(point, material)
    moments = [k * schedule.period for k in range(len(schedule))]
    run = engine(runner)(network, schedule, codegen="numpy", dt=dt, weights_at=moments)
    ours = differences(run.weight_history, run.weights)
    theirs = discrete_steps(network, run.weight_history, schedule)
    later = {name: (ours[name][1:], step[1:]) for name, step in theirs.items()}
    error = pooled_error(
        {name: pair[0] for name, pair in later.items()},
        {name: pair[1] for name, pair in later.items()},
    )
    return {
        "sweep": point.sweep,
        "value": point.value,
        "weights": point.weights,
        "presentation": point.presentation,
        "lag": float(schedule.lag / network.options.tau_u),
        "error": error,
    }


def described(point: Setting, material: Material) -> tuple[DLLNetwork, Schedule, Any]:
    """The network, schedule and time step of a point."""
    o, chosen, dt = material.options, remedy(point.remedy), point.dt * material.options.tau_u
    lag = point.presentation / 2 if chosen.lagged else point.lag
    options = replace(
        o,
        **{**WITHOUT, **chosen.options(point.presentation * o.tau_u, dt)},
        eta_W=o.eta_W * point.eta_scale,
        eta_theta=o.eta_theta * point.eta_scale,
        kp_decay=o.kp_decay * point.eta_scale,
    )
    network = dll_network(material.sizes, options, weights=material.weights[point.weights])
    schedule = Schedule(
        material.inputs,
        material.targets,
        presentation=point.presentation * o.tau_u,
        lag=lag * o.tau_u,
    )
    return network, schedule, dt


def slopes(points: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Slope of log error against log T, for each set of weights and each weight matrix."""
    found: dict[str, dict[str, float]] = {}
    for weights in sorted({point["weights"] for point in points}):
        chosen = [p for p in points if p["sweep"] == "presentation" and p["weights"] == weights]
        if len(chosen) < 2:
            continue
        times = np.array([point["value"] for point in chosen])
        found[weights] = {
            name: log_slope(times, np.array([point["error"][name] for point in chosen]))
            for name in chosen[0]["error"]
        }
    return found
