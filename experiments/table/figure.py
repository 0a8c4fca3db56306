"""The picture of a table: one panel a column, one row a rule."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from experiments.table.tabulate import PERCENT, ScoreTable

_OURS, _THEIRS, _RIVAL = "#1f4e79", "#b0622f", "#444444"
_STYLE: Any = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "x",
    "grid.color": "#dddddd",
}


def draw_column(axes: Axes, table: ScoreTable, column: str, metric: str) -> Axes:
    """Mean and deviation over seeds of each rule, single seeds, and published values."""
    for row, rule in enumerate(table.rules):
        found = table.cells.get((column, rule, metric))
        if found is not None and found.values:
            spread = found.deviation if len(found.values) > 1 else None
            axes.errorbar(found.mean, row, xerr=spread, fmt="o", color=_OURS, capsize=3)
            axes.plot(found.values, [row] * len(found.values), "|", color=_OURS, alpha=0.6)
        theirs = table.published.get((column, rule, metric))
        if theirs is not None:
            axes.plot(theirs, row, "D", color=_THEIRS, fillstyle="none")
    best = table.best_baseline(column, metric)
    if best is not None:
        axes.axvline(table.cells[column, best, metric].mean, color=_RIVAL, ls=":", lw=1, zorder=0)
    if not axes.lines:
        axes.text(0.5, 0.5, "not run", ha="center", va="center", transform=axes.transAxes)
        axes.set_xticks([])
    axes.set_ylim(len(table.rules) - 0.5, -0.5)
    axes.set_yticks(range(len(table.rules)), table.rules)
    axes.set_xlabel("test accuracy (%)" if metric in PERCENT else f"test {metric.upper()}")
    axes.set_title(column, fontsize=9)
    return axes


def save_figure(table: ScoreTable, path: Path) -> None:
    """Draw all columns of ``table`` side by side and save them as PNG."""
    shown = [(column, metric) for column in table.columns for metric in table.metrics[column]]
    height = 1.4 + 0.32 * len(table.rules)
    with plt.rc_context(_STYLE):
        figure, panels = plt.subplots(
            1,
            len(shown),
            figsize=(1.2 + 3.1 * len(shown), height),
            squeeze=False,
            sharey=True,
            layout="constrained",
        )
        for axes, (column, metric) in zip(panels[0], shown, strict=True):
            draw_column(axes, table, column, metric)
        handles = [
            Line2D([], [], marker="o", color=_OURS, label="ours, mean ± s.d."),
            Line2D([], [], marker="D", color=_THEIRS, fillstyle="none", ls="", label="published"),
            Line2D([], [], color=_RIVAL, ls=":", label="best baseline"),
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
        figure.savefig(path, dpi=130)
        plt.close(figure)
