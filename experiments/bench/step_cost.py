"""What a time step of the torch engine costs against batch, width and depth."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from experiments.report.figure_style import SERIES, new_figure, save_figure, style
from experiments.report.page import Picture

LABELS = {"batch": "batch", "width": "neurons in a hidden layer", "depth": "hidden layers"}
"""What is varied, and its name on the axis."""


def draw(folder: Path, rows: Sequence[Mapping[str, Any]]) -> list[Picture]:
    """The figure, if the rows vary anything; a picture with its caption, or none."""
    found = {name: varied(rows, name) for name in LABELS}
    panels = {name: members for name, members in found.items() if members}
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
    middle = ", ".join(f"{name} {value}" for name, value in _middle(rows).items())
    caption = f"Cost of a plastic time step; what is not varied stays at {middle}."
    return [Picture("cost", caption)]


def varied(rows: Sequence[Mapping[str, Any]], name: str) -> list[Mapping[str, Any]]:
    """The rows in which only ``name`` differs from the first; none where it never does."""
    middle = _middle(rows)
    others = {key: value for key, value in middle.items() if key != name}
    members = [
        row for row in rows if row.get("at") and {key: row["at"][key] for key in others} == others
    ]
    return members if len({row["at"][name] for row in members}) > 1 else []


def _middle(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, float]:
    """Around what the rows vary: the first of them."""
    return next((row["at"] for row in rows if row.get("at")), {})


def cost(axes: Axes, rows: Sequence[Mapping[str, Any]], name: str) -> Axes:
    """Milliseconds a step against one quantity, a line for each engine."""
    engines = dict.fromkeys(row["engine"] for row in rows)
    for colour, engine in zip(SERIES, engines, strict=False):
        chosen = sorted(
            (row["at"][name], 1e3 / row["rate"]) for row in rows if row["engine"] == engine
        )
        axes.loglog(*zip(*chosen, strict=True), "o-", color=colour, label=engine)
    values = sorted({row["at"][name] for row in rows})
    axes.set_xticks(values, [f"{value:g}" for value in values])
    axes.minorticks_off()
    axes.set_xlabel(LABELS[name])
    return axes
