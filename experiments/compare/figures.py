"""Figures of ``tuft compare``, drawn from its saved files."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from compartments.arrays import load_arrays
from experiments.compare import sweep_figures as compare_sweep_figures
from experiments.lab.classification import reference_of
from experiments.lab.runner import Result
from experiments.lab.storage import read_json
from experiments.report.figure_style import (
    SERIES,
    THEORY,
    matrix_colours,
    new_figure,
    save_figure,
    style,
)
from experiments.report.page import Picture


def draw(folder: Path) -> list[Picture]:
    """Draw all figures that the results allow; returns each with its caption."""
    result = read_json(folder / "result.json")
    drawn = [_updates(folder, reference_of(result)), _learning(folder, result)]
    if "sweeps" in result:
        drawn += compare_sweep_figures.draw(folder, result["sweeps"], reference_of(result))
    return drawn


def _updates(folder: Path, discrete: str) -> Picture:
    series = load_arrays(folder / "updates.npz", "Delete the result and run the experiment again.")
    names = [n.removesuffix("_cosine") for n in series if n.endswith("_cosine")]
    figure = new_figure(7.2, 3.0)
    with style():
        left, right = figure.subplots(1, 2)
        for name, colour in zip(names, matrix_colours(names), strict=True):
            _running(left, series[f"{name}_cosine"], colour, name)
            _running(right, series[f"{name}_relative_error"], colour, name)
        left.set(xlabel="presentation", ylabel="cosine", title="direction of each update")
        right.set(xlabel="presentation", ylabel="relative error", title="size of the difference")
        right.set_yscale("log")
        left.legend(ncols=2)
        save_figure(figure, folder, "updates")
    return Picture(
        "updates",
        "Every presentation: the weight change that continuous plasticity made against the step "
        f"that {discrete} takes from the same weights. Lines are running medians over 51 "
        "presentations, bands the middle half.",
    )


def _running(axes: Axes, series: np.ndarray, colour: str, label: str) -> None:
    """Running median and quartiles; the window shrinks for short series."""
    window = min(51, max(1, len(series) // 4))
    windows = np.lib.stride_tricks.sliding_window_view(series, window)
    low, middle, high = np.nanquantile(windows, (0.25, 0.5, 0.75), axis=1)
    at = np.arange(len(middle)) + window // 2
    axes.plot(at, middle, color=colour, label=label)
    axes.fill_between(at, low, high, color=colour, alpha=0.15, linewidth=0)


def _learning(folder: Path, result: Result) -> Picture:
    at, discrete = result["checkpoints"], reference_of(result)
    figure = new_figure(7.2, 3.0)
    with style():
        left, right = figure.subplots(1, 2)
        accuracy = result["validation_accuracy"]
        left.plot(at, accuracy["continuous"], color=SERIES[0], label="continuous time")
        left.plot(at, accuracy["discrete"], **THEORY, label=discrete)
        left.set(xlabel="presentation", ylabel="validation accuracy", title="learning", ylim=(0, 1))
        left.legend(loc="lower right")
        distance = result["weight_distance_on_the_way"]
        for name, colour in zip(distance, matrix_colours(list(distance)), strict=True):
            right.plot(at[-len(distance[name]) :], distance[name], color=colour, label=name)
        right.set(
            xlabel="presentation",
            ylabel="|difference| / |change|",
            title="distance of the weights",
            ylim=(0, None),
        )
        if distance:
            right.legend(ncols=2)
        save_figure(figure, folder, "learning")
    return Picture(
        "learning",
        f"Left: validation accuracy of the continuous network (its equilibrium) and of {discrete} "
        "(dotted), same initial weights, same samples, same order. Right: how far apart their "
        f"weights are, relative to how far {discrete} has moved them.",
    )
