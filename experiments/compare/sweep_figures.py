"""Figures of the sweeps of ``tuft compare``: mean over seeds, from the smallest to the largest."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm

from experiments.compare.sweeps import labelled_points
from experiments.lab.labelled import chosen, different
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


def draw(folder: Path, sweeps: Mapping[str, Any], name: str) -> list[Picture]:
    """Draw a figure of every sweep that was measured; returns each with its caption.

    ``name`` is what captions call the discrete reference.
    """
    points = labelled_points(sweeps["points"])
    measured = set(points.sweep.values)
    drawn = [_times(folder, points), _remedies(folder, points, name)]
    if "plane" in measured:
        drawn.append(_heat_map(folder, points, name))
    figures = {"lag": _others, "depth": _depths}
    return drawn + [draws(folder, points) for sweep, draws in figures.items() if sweep in measured]


def worst(points: xr.Dataset, kind: str) -> Float[np.ndarray, "_point seed"]:
    """The error of the worst weight matrix; NaN where a copy diverged."""
    return points[kind].max("matrix").values


def at(points: xr.Dataset) -> Float[np.ndarray, "_point"]:
    """The values of a sweep over numbers."""
    return points.value.values.astype(float)


def banded(
    axes: Axes, x: np.ndarray, errors: Float[np.ndarray, "point seed"], colour: str, label: str
) -> None:
    """Mean over seeds as a line, from the smallest to the largest as a band."""
    axes.plot(x, errors.mean(1), "o-", color=colour, label=label)
    axes.fill_between(x, errors.min(1), errors.max(1), color=colour, alpha=0.15, linewidth=0)


def _matrices(axes: Axes, points: xr.Dataset) -> None:
    """A line for each weight matrix."""
    errors = points.error.dropna("matrix", how="all")
    names = list(errors.matrix.values)
    for name, colour in zip(names, matrix_colours(names), strict=True):
        banded(axes, at(points), errors.sel(matrix=name).values, colour, name)


def _log_ticks(axes: Axes, x: np.ndarray) -> None:
    axes.set_xscale("log")
    axes.set_xticks(x, [f"{value:g}" for value in x])
    axes.minorticks_off()


def _times(folder: Path, points: xr.Dataset) -> Picture:
    figure = new_figure(7.2, 3.2)
    with style():
        panels = figure.subplots(1, 2, sharey=True)
        for axes, weights in zip(panels, STARTS, strict=True):
            of = chosen(points, sweep="presentation", weights=weights)
            _matrices(axes, of)
            times = at(of)
            middle = np.exp(np.mean(np.log(worst(of, "error").mean(1))))
            line = middle * np.exp(np.log(times).mean()) / times
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


def _remedies(folder: Path, points: xr.Dataset, name: str) -> Picture:
    names = different(chosen(points, sweep="remedy").value)
    figure = new_figure(7.2, 0.7 + 0.42 * len(names))
    with style():
        panels = figure.subplots(1, 2, sharey=True)
        for axes, (kind, title) in zip(panels, KINDS.items(), strict=True):
            for k, weights in enumerate(STARTS):
                of = chosen(points, sweep="remedy", weights=weights)
                _dots(axes, worst(of, kind), 0.3 * k - 0.15, SERIES[k], weights)
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
        f"of the seeds. Left: the sum of all updates against the sum of {name}'s steps. Right: "
        "each update against its own step; there, what a remedy that lets signals wait moves into "
        f"the next presentations counts against it. Learned: from the weights that {name} "
        "ends with. How well a network learns with each remedy is measured by `tuft remedies`.",
    )


def _dots(
    axes: Axes, errors: Float[np.ndarray, "remedy seed"], shift: float, colour: str, label: str
) -> None:
    mean, places = errors.mean(1), np.arange(len(errors)) + shift
    span = [mean - errors.min(1), errors.max(1) - mean]
    axes.errorbar(mean, places, xerr=span, fmt="o", color=colour, capsize=2, label=label)
    for place, value, top in zip(places, mean, errors.max(1), strict=True):
        if np.isfinite(value):
            axes.annotate(f"{value:.2g}", (top * 1.12, place), va="center", fontsize=8)


def _heat_map(folder: Path, points: xr.Dataset, name: str) -> Picture:
    plane = chosen(points, sweep="plane")
    names, times = different(plane.remedy), np.unique(at(plane))
    figure = new_figure(7.6, 1.4 + 0.5 * len(names))
    with style():
        panels = figure.subplots(2, 2, sharex=True, sharey=True)
        for line, weights in zip(panels, STARTS, strict=True):
            for axes, (kind, title) in zip(line, KINDS.items(), strict=True):
                of = chosen(plane, weights=weights)
                grid = [worst(chosen(of, remedy=name).sortby("value"), kind) for name in names]
                _heat(axes, np.array(grid).mean(2))
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
        f"sum of {name}'s steps. Right: each update against its own step. 1 is as far from "
        f"{name} as no learning at all. A sum over few samples also holds chance products of "
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


def _others(folder: Path, points: xr.Dataset) -> Picture:
    labels = {"lag": "lag / τ", "dt": "dt / τ", "eta": "rate / configured rate"}
    figure = new_figure(7.2, 2.8)
    with style():
        panels = figure.subplots(1, 3, sharey=True)
        for axes, (sweep, label) in zip(panels, labels.items(), strict=True):
            of = chosen(points, sweep=sweep)
            _matrices(axes, of)
            axes.set(xlabel=label, yscale="log", title=sweep)
            if sweep != "lag":
                _log_ticks(axes, at(of))
        panels[0].set_ylabel("relative error of an update")
        panels[0].legend(fontsize=7)
        save_figure(figure, folder, "sweep_lag_dt_eta")
    return Picture(
        "sweep_lag_dt_eta",
        "At T = 40 τ from the initial weights. Lag, dt: rates so small that weights stay; dt: no "
        "lag; rate: lag 16 τ. A weight that moves during its own presentation undershoots in "
        "proportion to the rate.",
    )


def _depths(folder: Path, points: xr.Dataset) -> Picture:
    of = chosen(points, sweep="depth")
    figure = new_figure(7.2, 3.0)
    with style():
        panels = figure.subplots(1, 2, sharey=True)
        for axes, (kind, title) in zip(panels, KINDS.items(), strict=True):
            for name, colour in zip(different(of.remedy), SERIES, strict=False):
                line = chosen(of, remedy=name)
                banded(axes, at(line), worst(line, kind), colour, remedy(name).label)
            axes.set(xlabel="hidden layers", title=title, yscale="log")
            axes.set_xticks(np.unique(at(of)))
        panels[0].set_ylabel("relative error")
        panels[1].legend()
        save_figure(figure, folder, "sweep_depth")
    return Picture(
        "sweep_depth",
        "At T = 20 τ from initial weights, all hidden layers as wide as the first; the worst "
        "weight matrix. A lag is T/2.",
    )
