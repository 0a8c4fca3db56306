"""Figures and page of ``tuft law``, from its saved numbers."""

from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from experiments.lab.labelled import POINT, cells, chosen, different
from experiments.lab.remedies import remedy
from experiments.lab.storage import read_json
from experiments.law.fit import (
    FACTORS,
    STATES,
    factors,
    labelled_fits,
    labelled_points,
    plain_points,
    sentences,
    terms,
)
from experiments.report.figure_style import SERIES, THEORY, new_figure, save_figure, style
from experiments.report.page import PageTable, Picture, Section, write_page


def draw(folder: Path) -> Path:
    """Figure and page from the saved numbers; returns the page."""
    result = read_json(folder / "result.json")
    points, fits = labelled_points(result["rows"]), labelled_fits(result)
    with style():
        figure = new_figure(9.6, 3.2)
        against_time, means, against_law = figure.subplots(1, 3)
        time_axes(against_time, points)
        time_axes(means, points, mean=True)
        law_axes(against_law, points, fits)
        save_figure(figure, folder, "law")
    header = ("remedy", "D", *FACTORS, "off by", "slope, initial", "slope, learned")
    named = fits.assign(
        label=(POINT, [remedy(name).label for name in fits.remedy.values]),
        **{f"slope_{weights}": fits.slope_T.sel(weights=weights) for weights in STATES},
    )
    shown = ("label", "changes", *FACTORS, "median_factor_off", *(f"slope_{s}" for s in STATES))
    picture = Picture(
        "law",
        "Left: median error of one update against T (solid: initial, dashed: learned weights; "
        "dotted: slope −1). Middle: error of the mean update. Right: every switch against the law.",
    )
    caption = "err = c1 (τ/T) |D|/|ξ| + c2 dt/T + c3 η |u₀|²; D: the change of u_L or of ξ_L."
    table = PageTable(header, cells(named, *shown), caption)
    section = Section("Fitted factors", (), (picture,), (table,))
    return write_page(folder, "The error of one update", sentences(result), [section])


def time_axes(axes: Axes, points: xr.Dataset, mean: bool = False) -> Axes:
    """Median error (or that of the mean) against T, for every remedy and state of the weights."""
    for colour, name in zip(SERIES, different(points.remedy), strict=False):
        for state, line in zip(STATES, ("-", "--"), strict=True):
            shown = plain_points(points, remedy=name, state=state)
            found = shown.mean_error if mean else shown.errors.median("switch")
            label = remedy(name).label if state == STATES[0] else None
            axes.loglog(shown.ratio, found, line, marker="o", color=colour, label=label)
    times = np.unique(points.ratio)
    axes.loglog(times, 20 / times, **THEORY)
    axes.set_xticks(times, [f"{ratio:g}" for ratio in times])
    axes.minorticks_off()
    axes.set_xlabel("presentation T/τ")
    axes.set_ylabel("relative error of the " + ("mean update" if mean else "update"))
    if not mean:
        axes.legend(fontsize=7)
    return axes


def law_axes(axes: Axes, points: xr.Dataset, fits: xr.Dataset) -> Axes:
    """Every switch: measured error against the fitted law."""
    for colour, name, own in zip(SERIES, fits.remedy.values, factors(fits), strict=False):
        members = chosen(points, remedy=name)
        law = terms(members) @ own
        axes.loglog(law, members.errors.values.ravel(), ".", color=colour, markersize=1.5)
    ends = np.array(axes.get_xlim())
    axes.loglog(ends, ends, **THEORY)
    axes.set_xlabel("fitted law")
    axes.set_ylabel("measured error")
    return axes
