"""What ``tuft compare`` says: sentences, tables, figures."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from experiments.compare import figures as compare_figures
from experiments.compare.points import COMPARED
from experiments.compare.sweep_figures import STARTS, at, worst
from experiments.compare.sweeps import labelled_points
from experiments.lab.classification import reference_of
from experiments.lab.labelled import cells, chosen, where
from experiments.lab.runner import Result
from experiments.lab.storage import read_json
from experiments.report.page import FellShort, PageTable, Section, write_page

CLOSE_WEIGHTS, CLOSE_ACCURACY = 0.08, 0.02
"""What counts as close: weights within 8 % of their change, accuracies within two points."""


def sentences(result: Result) -> list[str]:
    """The result in a few sentences."""
    ours, theirs = result["accuracy"]["continuous"], result["accuracy"]["discrete"]
    name = reference_of(result)
    worst, distance = max(result["weight_distance"].items(), key=lambda item: item[1])
    angle = max(_degrees(kinds["cosine"]["median"]) for kinds in result["update"].values())
    return [
        f"After {result['presentations']:,} presentations of {result['dataset']}, continuous "
        f"plasticity classifies {ours['test']:.1%} of {result['test_samples']} test samples, "
        f"{name} {theirs['test']:.1%} (one seed).",
        f"From the same weights, on the same samples in the same order, their weights end at most "
        f"{_ceiling(100 * distance)} % of their change apart ({worst}).",
        f"In every weight matrix the median angle between a continuous update and {name}'s "
        f"step is at most {_ceiling(angle)} degrees.",
    ]


def _ceiling(value: float) -> str:
    """The number with one decimal, rounded up: what follows "at most"."""
    return f"{math.ceil(10 * value) / 10:.1f}"


def _degrees(cosine: float) -> float:
    return math.degrees(math.acos(min(1.0, cosine)))


def draw(folder: Path) -> Path:
    """Draw all figures and the page from the saved files; returns the page."""
    result = read_json(folder / "result.json")
    title = f"Continuous time against {reference_of(result)}"
    return write_page(folder, title, sentences(result), sections(folder, result))


def sections(folder: Path, result: Result) -> list[Section]:
    """The page: figures with captions, tables of numbers, what fell short."""
    pictures = {picture.name: picture for picture in compare_figures.draw(folder)}
    found = [
        Section(
            "Learning",
            pictures=[pictures["learning"], pictures["updates"]],
            tables=[_accuracy_table(result), _weight_table(result)],
        )
    ]
    swept = [p for name, p in pictures.items() if name.startswith("sweep")]
    if swept:
        found.append(
            Section(
                "What the error depends on",
                [_how(result["sweeps"], reference_of(result))],
                pictures=swept,
                tables=[_slope_table(result)],
            )
        )
    short = fell_short(result)
    return [*found, FellShort(text=short)] if short else found


def _how(sweeps: Mapping[str, Any], name: str) -> str:
    """How the sweeps were measured."""
    engine = {"torch": "the torch engine", "brian2": "Brian2"}[sweeps["engine"]]
    return (
        f"Each point is a short run by {engine} from given weights: {sweeps['presentations']} "
        "samples shown in a cycle, once the network has run in. The error of an update is the root "
        f"mean square difference between the updates and {name}'s steps, over that of the "
        f"steps. Seeds of initial weights and samples: {len(sweeps['seeds'])}; lines and dots are "
        "means, bands and bars go from the smallest to the largest."
    )


def _accuracy_table(result: Result) -> PageTable:
    rows = [
        [label, 100 * parts["validation"], 100 * parts["test"]]
        for label, parts in result["accuracy"].items()
    ]
    return PageTable(["network", "validation accuracy / %", "test accuracy / %"], rows)


def _weight_table(result: Result) -> PageTable:
    rows = [
        [
            name,
            100 * distance,
            _degrees(result["update"][name]["cosine"]["median"]),
            result["update"][name]["relative_error"]["median"],
        ]
        for name, distance in result["weight_distance"].items()
    ]
    header = [
        "weights",
        "difference / change, %",
        "median angle / degrees",
        "median relative error",
    ]
    return PageTable(header, rows)


def _slope_table(result: Result) -> PageTable:
    rows = [
        [weights, name, slope]
        for weights, slopes in result["sweeps"]["slope_of_error_in_T"].items()
        for name, slope in slopes.items()
    ]
    return PageTable(["from weights", "of", "slope of log error against log T"], rows)


def fell_short(result: Result) -> list[str]:
    """Where continuous time did not keep to the reference."""
    found, discrete = [], reference_of(result)
    for name, distance in result["weight_distance"].items():
        if distance > CLOSE_WEIGHTS:
            found.append(f"{name} ends {distance:.0%} of its change away from {discrete}'s.")
    ours, theirs = (result["accuracy"][key]["test"] for key in ("continuous", "discrete"))
    if abs(ours - theirs) > CLOSE_ACCURACY:
        found.append(f"Test accuracies are {100 * abs(ours - theirs):.1f} points apart.")
    if "sweeps" in result:
        points = labelled_points(result["sweeps"]["points"])
        found += _without_remedy(points) + _left_out(points)
    found.append(
        "Learning is measured for one seed and one pass: an accuracy here says how the two forms "
        "of learning agree, not how well the rule can do."
    )
    return found


def _left_out(swept: xr.Dataset) -> list[str]:
    """The remedies that were not swept, since the model or its options leave no room for them."""
    names = [name for name in COMPARED if name not in swept.remedy.values]
    return [f"Remedies that the model has not: {', '.join(names)}."] if names else []


def _without_remedy(swept: xr.Dataset) -> list[str]:
    """How far an update is off, and what diverged."""
    found = []
    for weights in STARTS:
        points = chosen(swept, sweep="presentation", weights=weights)
        means = worst(points, "error").mean(1)
        errors = [f"{mean:.0%} at {T:g} τ" for T, mean in zip(at(points), means, strict=True)]
        if errors:
            found.append(
                f"Without lag and without remedy, from the {weights} weights, an update is off by "
                f"{', '.join(errors)} (the worst matrix)."
            )
    lost = where(swept, ~np.isfinite(worst(swept, "error")).all(1))
    labels = cells(lost, "sweep", "value", "remedy")
    names = dict.fromkeys(f"{sweep} {value} ({name})" for sweep, value, name in labels)
    return [*found, f"Diverged for at least one seed: {', '.join(names)}."] if names else found
