"""The learning of ``tuft compare``: both networks on the way, update by update, and at the end."""

from pathlib import Path
from typing import Any

import numpy as np

from compartments.arrays import save_arrays
from experiments.compare.measures import (
    agreement,
    differences,
    discrete_steps,
    outputs,
    weight_distance,
)
from experiments.lab.progress import Report
from experiments.lab.samples import Samples
from models import Network, Run, Schedule, WeightBundle
from rate_bridge.references.registry import reference

CHECKPOINTS = 25
"""Moments of learning at which both networks are evaluated on the validation samples."""


def discrete_trajectory(
    network: Network, schedule: Schedule, progress: Report
) -> tuple[WeightBundle, dict[int, WeightBundle]]:
    """Weights after the reference's learning, and those at the checkpoints on the way."""
    wanted = set(checkpoints(len(schedule)))
    kept: dict[int, WeightBundle] = {}

    def visit(presentation: int, weights: Any) -> None:
        if presentation in wanted:
            kept[presentation] = WeightBundle({n: w.numpy() for n, w in weights.items()})

    final = reference(network).learn(schedule, visit=visit, progress=progress)
    return final, kept


def checkpoints(presentations: int) -> list[int]:
    """The presentations before which both networks are looked at."""
    count = min(CHECKPOINTS, presentations)
    return sorted({int(k) for k in np.linspace(0, presentations - 1, count)})


def per_presentation(
    network: Network, run: Run, schedule: Schedule, folder: Path
) -> dict[str, Any]:
    """Cosine and relative error of every update; the series go to ``updates.npz``.

    Raises
    ------
    ValueError
        If all updates of a weight matrix vanish: there is nothing to compare.
    """
    changes = differences(run.weight_history, run.weights)
    steps = discrete_steps(network, run.weight_history, schedule)
    found = agreement(changes, steps)
    vanished = [name for name, kinds in found.items() if np.isnan(kinds["cosine"]).all()]
    if vanished or not found:
        raise ValueError(
            f"All updates of {', '.join(vanished) or 'all weights'} are too small to be compared: "
            "raise the learning rates (DLL: --options eta_W=0.1 eta_theta=0.01) or --power."
        )
    series = {f"{name}_{kind}": s for name, kinds in found.items() for kind, s in kinds.items()}
    save_arrays(folder / "updates.npz", series)
    summary = {}
    for name, kinds in found.items():
        summary[name] = {
            kind: dict(
                zip(("q25", "median", "q75"), np.nanquantile(s, (0.25, 0.5, 0.75)), strict=True)
            )
            for kind, s in kinds.items()
        }
    return {"update": summary}


def over_learning(
    network: Network,
    run: Run,
    discrete: WeightBundle,
    kept: dict[int, WeightBundle],
    data: Samples,
) -> dict[str, Any]:
    """Distance of the weights and accuracy of both networks, on the way and at the end."""
    distance: dict[str, list[float]] = {}
    accuracy: dict[str, list[float]] = {"continuous": [], "discrete": []}
    for moment, theirs in kept.items():
        ours = WeightBundle({str(n): h.values[moment] for n, h in run.weight_history.items()})
        for name, value in weight_distance(ours, theirs, network.weights).items():
            distance.setdefault(name, []).append(value)
        for label, weights in (("continuous", ours), ("discrete", theirs)):
            guess = outputs(network, weights)(data.validation.inputs)
            accuracy[label].append(data.validation.accuracy(guess))
    final = {"continuous": run.weights, "discrete": discrete}
    parts = {"validation": data.validation, "test": data.test}
    return {
        "checkpoints": list(kept),
        "validation_accuracy": accuracy,
        "weight_distance_on_the_way": distance,
        "weight_distance": weight_distance(run.weights, discrete, network.weights),
        "accuracy": {
            label: {
                part: samples_.accuracy(outputs(network, weights)(samples_.inputs))
                for part, samples_ in parts.items()
            }
            for label, weights in final.items()
        },
        "test_samples": len(data.test.labels),
    }


def save(
    folder: Path,
    network: Network,
    continuous: WeightBundle,
    discrete: WeightBundle,
    schedule: Schedule,
) -> None:
    """The weights before and after, and what was presented, in order."""
    network.weights.save(folder / "weights_initial.npz")
    continuous.save(folder / "weights_continuous.npz")
    discrete.save(folder / "weights_discrete.npz")
    inputs, targets = (schedule.constant(name) for name in ("stimulus", "target"))
    save_arrays(folder / "presented.npz", {"inputs": inputs, "targets": targets})
