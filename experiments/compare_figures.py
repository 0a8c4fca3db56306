"""Figures of ``tuft compare``, drawn from its saved files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from experiments.page import Picture
from experiments.storage import read_json
from experiments.style import SERIES, THEORY, new_figure, save_figure, style

LINES = {"initial": "-", "learned": "--"}
"""Line style for the weights from which a sweep starts."""


def draw(folder: Path) -> list[Picture]:
    """Draw all figures that the results allow; returns each with its caption."""
    result = read_json(folder / "result.json")
    drawn = [_updates(folder), _learning(folder, result)]
    if "sweeps" in result:
        points = result["sweeps"]["points"]
        drawn += [_times(folder, points), _remedies(folder, points)]
        if any(point["sweep"] == "lag" for point in points):
            drawn.append(_others(folder, points))
    return drawn


def _updates(folder: Path) -> Picture:
    with np.load(folder / "updates.npz") as file:
        series = {name: file[name] for name in file.files}
    names = [n.removesuffix("_cosine") for n in series if n.endswith("_cosine")]
    figure = new_figure(7.2, 3.0)
    with style():
        left, right = figure.subplots(1, 2)
        for name, colour in zip(names, _colours(names), strict=True):
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
        "that Algorithm 1 takes from the same weights. Lines are running medians over 51 "
        "presentations, bands the middle half.",
    )


def _colours(names: Sequence[str]) -> list[str]:
    """A colour for each weight matrix, the same in every figure."""
    place = {name: k for k, name in enumerate(sorted(names))}
    return [SERIES[place[name] % len(SERIES)] for name in names]


def _running(axes: Axes, series: np.ndarray, colour: str, label: str) -> None:
    """Running median and quartiles; the window shrinks for short series."""
    window = min(51, max(1, len(series) // 4))
    windows = np.lib.stride_tricks.sliding_window_view(series, window)
    low, middle, high = np.nanquantile(windows, (0.25, 0.5, 0.75), axis=1)
    at = np.arange(len(middle)) + window // 2
    axes.plot(at, middle, color=colour, label=label)
    axes.fill_between(at, low, high, color=colour, alpha=0.15, linewidth=0)


def _learning(folder: Path, result: Mapping[str, Any]) -> Picture:
    at = result["checkpoints"]
    figure = new_figure(7.2, 3.0)
    with style():
        left, right = figure.subplots(1, 2)
        accuracy = result["validation_accuracy"]
        left.plot(at, accuracy["continuous"], color=SERIES[0], label="continuous time")
        left.plot(at, accuracy["discrete"], **THEORY, label="Algorithm 1")
        left.set(xlabel="presentation", ylabel="validation accuracy", title="learning", ylim=(0, 1))
        left.legend(loc="lower right")
        distance = result["weight_distance_on_the_way"]
        for name, colour in zip(distance, _colours(list(distance)), strict=True):
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
        "Left: validation accuracy of the continuous network (its equilibrium) and of Algorithm 1 "
        "(dotted), same initial weights, same samples, same order. Right: how far apart their "
        "weights are, relative to how far Algorithm 1 has moved them.",
    )


def _of(points: Sequence[Mapping[str, Any]], **wanted: str) -> list[Mapping[str, Any]]:
    return [p for p in points if all(p[key] == value for key, value in wanted.items())]


def _times(folder: Path, points: Sequence[Mapping[str, Any]]) -> Picture:
    figure = new_figure(7.2, 3.2)
    with style():
        panels = figure.subplots(1, 2, sharey=True)
        for axes, weights in zip(panels, LINES, strict=True):
            chosen = _of(points, sweep="presentation", weights=weights)
            _error_lines(axes, chosen)
            times = np.array([p["value"] for p in chosen])
            first = np.exp(np.mean(np.log([max(p["error"].values()) for p in chosen])))
            axes.plot(times, first * np.sqrt(times[0] * times[-1]) / times, **THEORY, label="1/T")
            axes.set(xlabel="presentation T / τ", title=f"{weights} weights", xscale="log")
            axes.set_xticks(times, [f"{t:g}" for t in times])
            axes.minorticks_off()
        panels[0].set(ylabel="relative error of an update", yscale="log")
        panels[0].legend(ncols=2)
        save_figure(figure, folder, "sweep_presentation")
    return Picture(
        "sweep_presentation",
        "Error of an update without lag and without remedy, beside 1/T (dotted). The transients "
        "after a switch are as large as the change of activity, not as the error: the smaller the "
        "error that is left to learn, the more they weigh.",
    )


def _error_lines(axes: Axes, points: Sequence[Mapping[str, Any]]) -> None:
    values = [p["value"] for p in points]
    names = list(points[0]["error"])
    for name, colour in zip(names, _colours(names), strict=True):
        axes.plot(values, [p["error"][name] for p in points], "o-", color=colour, label=name)


def _remedies(folder: Path, points: Sequence[Mapping[str, Any]]) -> Picture:
    names = list(dict.fromkeys(p["value"] for p in points if p["sweep"] == "remedy"))
    figure = new_figure(7.2, 0.5 + 0.42 * len(names))
    with style():
        axes = figure.subplots()
        rows = np.arange(len(names))
        for k, weights in enumerate(LINES):
            chosen = _of(points, sweep="remedy", weights=weights)
            worst = [max(p["error"].values()) for p in chosen]
            axes.plot(worst, rows + 0.3 * k - 0.15, "o", color=SERIES[k], label=weights)
            for row, value in zip(rows, worst, strict=True):
                place = (value * 1.08, row + 0.3 * k - 0.15)
                axes.annotate(f"{value:.2g}", place, va="center", fontsize=8)
        axes.set_yticks(rows, names)
        axes.invert_yaxis()
        axes.set(xlabel="relative error of an update at T = 20 τ (worst matrix)", xscale="log")
        axes.grid(axis="y", visible=False)
        axes.margins(x=0.15)
        axes.legend(title="weights")
        save_figure(figure, folder, "sweep_remedies")
    return Picture(
        "sweep_remedies",
        "Error of one presentation's update at T = 20 τ; a lag is T/2. Learned: from the weights "
        "that Algorithm 1 ends with. Remedies that let signals wait move part of each update into "
        "the next presentations, so this comparison, presentation by presentation, counts against "
        "them; what they do to learning is measured by `tuft remedies`. Low-pass plasticity does "
        "not remove the bias, it only spreads it.",
    )


def _others(folder: Path, points: Sequence[Mapping[str, Any]]) -> Picture:
    labels = {"lag": "lag / τ", "dt": "dt / τ", "eta": "rate / configured rate"}
    figure = new_figure(7.2, 2.8)
    with style():
        panels = figure.subplots(1, 3, sharey=True)
        for axes, (sweep, label) in zip(panels, labels.items(), strict=True):
            chosen = _of(points, sweep=sweep)
            _error_lines(axes, chosen)
            axes.set(xlabel=label, yscale="log", title=sweep)
            if sweep != "lag":
                values = [p["value"] for p in chosen]
                axes.set_xscale("log")
                axes.set_xticks(values, [f"{value:g}" for value in values])
                axes.minorticks_off()
        panels[0].set_ylabel("relative error of an update")
        panels[0].legend(fontsize=7)
        save_figure(figure, folder, "sweep_lag_dt_eta")
    return Picture(
        "sweep_lag_dt_eta",
        "At T = 40 τ from the initial weights. Lag, dt: rates so small that weights stay; dt: no "
        "lag; rate: lag 16 τ. A weight that moves during its own presentation undershoots in "
        "proportion to the rate.",
    )
