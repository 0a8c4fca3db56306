"""What a time step of the torch engine costs against batch, width and depth."""

from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from experiments.lab.labelled import POINT, groups, where
from experiments.report.figure_style import SERIES, new_figure, save_figure, style
from experiments.report.page import Picture

LABELS = {"batch": "batch", "width": "neurons in a hidden layer", "depth": "hidden layers"}
"""What is varied, and its name on the axis."""


def draw(folder: Path, rates: xr.Dataset) -> list[Picture]:
    """The figure, if the rows vary anything; a picture with its caption, or none."""
    found = {name: varied(rates, name) for name in LABELS}
    panels = {name: members for name, members in found.items() if members.sizes[POINT]}
    if not panels:
        return []
    with style():
        figure = new_figure(2.9 * len(panels), 2.9)
        axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for one, (name, members) in zip(axes, panels.items(), strict=True):
            cost(one, members, name)
        axes[0].set_ylabel("milliseconds a time step")
        axes[0].legend(fontsize=7)
        save_figure(figure, folder, "cost")
    first = _placed(rates).at.isel({POINT: 0})
    middle = ", ".join(f"{name} {first.sel(varied=name):g}" for name in first.varied.values)
    caption = f"Cost of a plastic time step; what is not varied stays at {middle}."
    return [Picture("cost", caption)]


def _placed(rates: xr.Dataset) -> xr.Dataset:
    """The rows whose cost is drawn against something; the first of them is the middle."""
    return where(rates, rates.at.notnull().all("varied") & bool(rates.sizes["varied"]))


def varied(rates: xr.Dataset, name: str) -> xr.Dataset:
    """The rows in which only ``name`` differs from the first; none where it never does."""
    placed = _placed(rates)
    if not placed.sizes[POINT]:
        return placed
    others = placed.at.drop_sel(varied=name)
    members = where(placed, (others == others[:1].values).all("varied"))
    several = len(np.unique(members.at.sel(varied=name))) > 1
    return members if several else members.isel({POINT: []})


def cost(axes: Axes, rates: xr.Dataset, name: str) -> Axes:
    """Milliseconds a step against one quantity, a line for each engine."""
    at = rates.assign(x=rates.at.sel(varied=name))
    for colour, (engine, line) in zip(SERIES, groups(at, "engine").items(), strict=False):
        line = line.sortby("x")
        axes.loglog(line.x, 1e3 / line.rate, "o-", color=colour, label=engine)
    values = np.unique(at.x)
    axes.set_xticks(values, [f"{value:g}" for value in values])
    axes.minorticks_off()
    axes.set_xlabel(LABELS[name])
    return axes
