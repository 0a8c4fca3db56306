"""Figures of the sweeps of ``tuft compare``: mean over seeds, from the smallest to the largest."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm

from experiments.compare.sweeps import values
from experiments.lab.remedies import remedy
from experiments.report.figure_style import (
    INK,
    SERIES,
    THEORY,
    matrix_colours,
    new_figure,
    save_figure,
    style,
)
from experiments.report.page import Picture

STARTS = ("initial", "learned")
"""The weights from which a sweep starts."""

KINDS = {"summed": "sum over the cycle", "error": "one presentation"}
"""What the error is of."""


def draw(folder: Path, sweeps: Mapping[str, Any]) -> list[Picture]:
    """Draw a figure of every sweep that was measured; returns each with its caption."""
    points = sweeps["points"]
    measured = {point["sweep"] for point in points}
    drawn = [_times(folder, points), _remedies(folder, points)]
    figures = {"plane": _heat_map, "lag": _others, "depth": _depths}
    return drawn + [figure(folder, points) for name, figure in figures.items() if name in measured]


def chosen(points: Sequence[Mapping[str, Any]], **wanted: object) -> list[Mapping[str, Any]]:
    """The points with these values."""
    return [p for p in points if all(p[key] == value for key, value in wanted.items())]


def worst(point: Mapping[str, Any], kind: str) -> Float[np.ndarray, "seed"]:
    """The error of the worst weight matrix; NaN where a copy diverged."""
    return np.max(list(values(point, kind).values()), axis=0)


def banded(
    axes: Axes, at: Sequence[float], errors: Sequence[np.ndarray], colour: str, label: str
) -> None:
    """Mean over seeds as a line, from the smallest to the largest as a band."""
    series = np.array(errors)  # (point, seed)
    axes.plot(at, series.mean(1), "o-", color=colour, label=label)
    axes.fill_between(at, series.min(1), series.max(1), color=colour, alpha=0.15, linewidth=0)


def _matrices(axes: Axes, points: Sequence[Mapping[str, Any]]) -> None:
    """A line for each weight matrix."""
    found = [values(point, "error") for point in points]
    at = [point["value"] for point in points]
    for name, colour in zip(found[0], matrix_colours(list(found[0])), strict=True):
        banded(axes, at, [each[name] for each in found], colour, name)


def _log_ticks(axes: Axes, at: Sequence[float]) -> None:
    axes.set_xscale("log")
    axes.set_xticks(at, [f"{value:g}" for value in at])
    axes.minorticks_off()


def _times(folder: Path, points: Sequence[Mapping[str, Any]]) -> Picture:
    figure = new_figure(7.2, 3.2)
    with style():
        panels = figure.subplots(1, 2, sharey=True)
        for axes, weights in zip(panels, STARTS, strict=True):
            of = chosen(points, sweep="presentation", weights=weights)
            _matrices(axes, of)
            times = [p["value"] for p in of]
            middle = np.exp(np.mean(np.log([worst(p, "error").mean() for p in of])))
            line = middle * np.exp(np.log(times).mean()) / np.array(times)
            axes.plot(times, line, **THEORY, label="1/T")
            axes.set(xlabel="presentation T / τ", title=f"{weights} weights", yscale="log")
            _log_ticks(axes, times)
        panels[0].set_ylabel("relative error of an update")
        panels[0].legend(ncols=2)
        save_figure(figure, folder, "sweep_presentation")
    return Picture(
        "sweep_presentation",
        "Error of an update without lag and without remedy, beside 1/T (dotted). The transients "
        "after a switch are as large as the change of activity, not as the error: the smaller the "
        "error that is left to learn, the more they weigh.",
    )


def _remedies(folder: Path, points: Sequence[Mapping[str, Any]]) -> Picture:
    names = list(dict.fromkeys(p["value"] for p in chosen(points, sweep="remedy")))
    figure = new_figure(7.2, 0.7 + 0.42 * len(names))
    with style():
        panels = figure.subplots(1, 2, sharey=True)
        for axes, (kind, title) in zip(panels, KINDS.items(), strict=True):
            for k, weights in enumerate(STARTS):
                of = chosen(points, sweep="remedy", weights=weights)
                _dots(axes, [worst(p, kind) for p in of], 0.3 * k - 0.15, SERIES[k], weights)
            axes.set(xlabel="relative error", xscale="log", title=title)
            axes.grid(axis="y", visible=False)
            axes.margins(x=0.2)
        panels[0].set_yticks(range(len(names)), [remedy(name).label for name in names])
        panels[0].invert_yaxis()
        panels[1].legend(title="weights")
        save_figure(figure, folder, "sweep_remedies")
    return Picture(
        "sweep_remedies",
        "At T = 20 τ, the worst weight matrix; a lag is T/2; bars from the smallest to the largest "
        "of the seeds. Left: the sum of all updates against the sum of Algorithm 1's steps. Right: "
        "each update against its own step; there, what a remedy that lets signals wait moves into "
        "the next presentations counts against it. Learned: from the weights that Algorithm 1 "
        "ends with. How well a network learns with each remedy is measured by `tuft remedies`.",
    )


def _dots(axes: Axes, errors: Sequence[np.ndarray], shift: float, colour: str, label: str) -> None:
    series = np.array(errors)  # (remedy, seed)
    mean, places = series.mean(1), np.arange(len(series)) + shift
    span = [mean - series.min(1), series.max(1) - mean]
    axes.errorbar(mean, places, xerr=span, fmt="o", color=colour, capsize=2, label=label)
    for place, value, top in zip(places, mean, series.max(1), strict=True):
        if np.isfinite(value):
            axes.annotate(f"{value:.2g}", (top * 1.12, place), va="center", fontsize=8)


def _heat_map(folder: Path, points: Sequence[Mapping[str, Any]]) -> Picture:
    plane = chosen(points, sweep="plane")
    names = list(dict.fromkeys(p["remedy"] for p in plane))
    times = sorted({p["value"] for p in plane})
    figure = new_figure(7.6, 1.4 + 0.5 * len(names))
    with style():
        panels = figure.subplots(2, 2, sharex=True, sharey=True)
        for line, weights in zip(panels, STARTS, strict=True):
            for axes, (kind, title) in zip(line, KINDS.items(), strict=True):
                of = {(p["remedy"], p["value"]): p for p in chosen(plane, weights=weights)}
                grid = [[worst(of[name, T], kind).mean() for T in times] for name in names]
                _heat(axes, np.array(grid))
                axes.set_title(f"{weights} weights, {title}")
        for axes in panels[-1]:
            axes.set_xticks(range(len(times)), [f"{T:g}" for T in times])
            axes.set_xlabel("presentation T / τ")
        for axes in panels[:, 0]:
            axes.set_yticks(range(len(names)), [remedy(name).label for name in names])
        save_figure(figure, folder, "sweep_heat_map")
    return Picture(
        "sweep_heat_map",
        "Relative error of the worst weight matrix, mean over seeds, from given weights that do "
        "not move; a lag is T/2. Left: the sum of the updates over a cycle of samples against the "
        "sum of Algorithm 1's steps. Right: each update against its own step. 1 is as far from "
        "Algorithm 1 as no learning at all. A sum over few samples also holds chance products of "
        "neighbouring ones; with more samples (`--sweep-presentations`) they weigh less.",
    )


def _heat(axes: Axes, grid: Float[np.ndarray, "remedy time"]) -> None:
    """Errors as colours from 1 % to 100 %, and as numbers."""
    axes.imshow(np.clip(grid, 0.01, 1), cmap="YlOrRd", norm=LogNorm(0.01, 1), aspect="auto")
    for (row, column), value in np.ndenumerate(grid):
        text = f"{value:.2g}" if np.isfinite(value) else "diverged"
        shade = "white" if value > 0.45 else INK
        axes.text(column, row, text, ha="center", va="center", color=shade, fontsize=7.5)
    axes.grid(False)


def _others(folder: Path, points: Sequence[Mapping[str, Any]]) -> Picture:
    labels = {"lag": "lag / τ", "dt": "dt / τ", "eta": "rate / configured rate"}
    figure = new_figure(7.2, 2.8)
    with style():
        panels = figure.subplots(1, 3, sharey=True)
        for axes, (sweep, label) in zip(panels, labels.items(), strict=True):
            of = chosen(points, sweep=sweep)
            _matrices(axes, of)
            axes.set(xlabel=label, yscale="log", title=sweep)
            if sweep != "lag":
                _log_ticks(axes, [p["value"] for p in of])
        panels[0].set_ylabel("relative error of an update")
        panels[0].legend(fontsize=7)
        save_figure(figure, folder, "sweep_lag_dt_eta")
    return Picture(
        "sweep_lag_dt_eta",
        "At T = 40 τ from the initial weights. Lag, dt: rates so small that weights stay; dt: no "
        "lag; rate: lag 16 τ. A weight that moves during its own presentation undershoots in "
        "proportion to the rate.",
    )


def _depths(folder: Path, points: Sequence[Mapping[str, Any]]) -> Picture:
    of = chosen(points, sweep="depth")
    figure = new_figure(7.2, 3.0)
    with style():
        panels = figure.subplots(1, 2, sharey=True)
        for axes, (kind, title) in zip(panels, KINDS.items(), strict=True):
            names = dict.fromkeys(p["remedy"] for p in of)
            for name, colour in zip(names, SERIES, strict=False):
                line = chosen(of, remedy=name)
                errors = [worst(p, kind) for p in line]
                label = remedy(name).label
                banded(axes, [p["value"] for p in line], errors, colour, label)
            axes.set(xlabel="hidden layers", title=title, yscale="log")
            axes.set_xticks([p["value"] for p in line])
        panels[0].set_ylabel("relative error")
        panels[1].legend()
        save_figure(figure, folder, "sweep_depth")
    return Picture(
        "sweep_depth",
        "At T = 20 τ from initial weights, all hidden layers as wide as the first; the worst "
        "weight matrix. A lag is T/2.",
    )
