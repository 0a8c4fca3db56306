"""Figures, sentences and page of ``tuft stream``, from its saved numbers."""

from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from experiments.lab.classification import reference_of
from experiments.lab.labelled import cells, chosen, different, each, labelled
from experiments.lab.runner import Result
from experiments.lab.storage import read_json
from experiments.report.figure_style import THEORY, looks, new_figure, save_figure, style
from experiments.report.page import PageTable, Picture, Section, write_page


def draw(folder: Path) -> Path:
    """Figure and page; returns the page."""
    result = read_json(folder / "result.json")
    name = reference_of(result)
    inputs = "uncentred" if read_json(folder / "config.json")["uncentred"] else "centred"
    points = labelled_points(result)
    kinds = different(points.activation)
    with style():
        figure = new_figure(7.6, 2.9 * len(kinds))
        panels = figure.subplots(len(kinds), 2, squeeze=False)
        for (left, right), kind in zip(panels, kinds, strict=True):
            of = chosen(points, activation=kind)
            lines(left, of, "bias", f"{kind}, {inputs} inputs: bias of the mean")
            lines(right, of, "noise", f"{kind}, {inputs}: variance / {name}'s")
        panels[0, 0].legend(fontsize=7)
        save_figure(figure, folder, "stream")
    header = (
        "activation", "remedy", "T/τ", "bias %", "bias, theory %", "chance %", "noise",
        "noise, theory",
    )  # fmt: skip
    percent = points.assign({key: 100 * points[key] for key in ("bias", "bias_theory", "chance")})
    shown = (
        "activation", "label", "ratio", "bias", "bias_theory", "chance", "noise", "noise_theory"
    )  # fmt: skip
    picture = Picture(
        "stream",
        f"Independent samples, {inputs}, each shown for T, weights that stand still. Left: "
        f"distance of the mean update from {name}'s, relative to it; what chance alone makes "
        f"is taken off. Right: variance of the summed update over that of {name}'s; dotted: "
        "theory for eligibility in a linear network.",
    )
    section = Section(
        "In an unbroken stream", (), (picture,), (PageTable(header, cells(percent, *shown)),)
    )
    return write_page(folder, "Mean and noise of continuous updates", sentences(result), [section])


def labelled_points(result: Result) -> xr.Dataset:
    """The measurements by activation, remedy and T; NaN where there is no theory."""
    points = labelled(result["rows"], ("activation", "remedy", "ratio"))
    absent = xr.full_like(points.bias, np.nan)
    return xr.Dataset({"bias_theory": absent, "noise_theory": absent}).assign(points)


def lines(axes: Axes, points: xr.Dataset, key: str, title: str) -> Axes:
    """One quantity against T, a line for each remedy, beside theory where there is one."""
    for name, look in looks(points.remedy.values).items():
        line = chosen(points, remedy=name)
        axes.plot(line.ratio, line[key], label=line.label.values[0], **look)
        if line[f"{key}_theory"].notnull().all():
            axes.plot(line.ratio, line[f"{key}_theory"], **THEORY)
    axes.set(xscale="log", ylim=(0, None), xlabel="presentation T/τ", title=title)
    ratios = np.unique(points.ratio)
    axes.set_xticks(ratios, [f"{ratio:g}" for ratio in ratios])
    axes.minorticks_off()
    return axes


def sentences(result: Result) -> list[str]:
    """Bias and noise of every remedy at the shortest presentation."""
    points, name = labelled_points(result), reference_of(result)
    return [
        f"{row.activation.item()}, T = {row.ratio:g} τ, {row.label.item()}: bias "
        f"{100 * row.bias:.0f} % (chance {100 * row.chance:.0f} %"
        + (f", theory {100 * row.bias_theory:.0f} %" if row.bias_theory.notnull() else "")
        + f"), variance {row.noise:.2f} times {name}'s"
        + (f" (theory {row.noise_theory:.2f})" if row.noise_theory.notnull() else "")
        + "."
        for row in each(chosen(points, ratio=points.ratio.values.min()))
    ]
