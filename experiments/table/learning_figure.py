"""Beside a table: how its networks learned, and where Theta and the updates point at the end."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from experiments.lab.storage import write_bytes
from experiments.report.figure_style import close, looks, new_figure, style
from experiments.table.records import Record
from rate_bridge.baselines import BASELINES

ANGLES = {"theta_to_weight": "Theta to W (°)", "gradient_to_backprop": "update to backprop's (°)"}
"""The angles of a record, and what an axis calls them."""

Look = Mapping[str, Mapping[str, Any]]


def draw_curves(axes: Axes, records: Sequence[Record], look: Look) -> Axes:
    """The validation score after each epoch: a line a run, a colour a rule."""
    for record in records:
        scores = [entry["validation"] for entry in record.history]
        name = "accuracy" if record.kind == "classes" else "mse"
        factor = 100 if name == "accuracy" else 1
        values = [factor * score[name] for score in scores]
        rule = record.run.rule
        axes.plot(range(1, len(values) + 1), values, color=look[rule]["color"], lw=1, alpha=0.8)
        axes.plot(len(values), values[-1], **look[rule])
        axes.set_ylabel("validation accuracy (%)" if name == "accuracy" else "validation MSE")
    axes.set_xlabel("epoch")
    return axes


def draw_angles(axes: Axes, records: Sequence[Record], kind: str, look: Look) -> Axes:
    """One kind of angle in each layer at the best epoch: a mark a run, a colour a rule."""
    layers: dict[str, int] = {}
    for record in records:
        found = (record.angles or {}).get(kind, {})  # the oldest records have none
        known = {layer: value for layer, value in found.items() if value is not None}
        places = [layers.setdefault(layer, len(layers)) for layer in known]
        rule = record.run.rule
        axes.plot(places, list(known.values()), ls=":", lw=0.8, **look[rule])
    axes.set_xticks(range(len(layers)), layers, rotation=30, ha="right")
    axes.axhline(90, color="#8a8a8e", lw=0.8, zorder=0)
    axes.set_ylim(0, 100)
    axes.set_ylabel(ANGLES[kind])
    return axes


def save_learning(records: Sequence[Record], columns: Sequence[str], path: Path) -> bool:
    """Draw all trained runs, a column of panels each, as PNG; False where there are none."""
    trained = [each for each in records if each.history and each.run.rule not in BASELINES]
    shown = [name for name in columns if any(r.run.column == name for r in trained)]
    if not shown:
        return False
    look = looks(sorted({record.run.rule for record in trained}))
    figure = new_figure(0.6 + 3.1 * len(shown), 7.6)
    try:
        with style():
            panels = figure.subplots(1 + len(ANGLES), len(shown), squeeze=False)
            for place, name in enumerate(shown):
                members = [record for record in trained if record.run.column == name]
                draw_curves(panels[0, place], members, look).set_title(name)
                for row, kind in enumerate(ANGLES, start=1):
                    draw_angles(panels[row, place], members, kind, look)
            handles = [panels[0, 0].plot([], [], label=rule, **look[rule])[0] for rule in look]
            figure.legend(handles=handles, loc="outside lower center", ncols=min(7, len(look)))
            buffer = io.BytesIO()
            figure.savefig(buffer, format="png", dpi=90, metadata={"Software": None})
        write_bytes(path, buffer.getvalue())
    finally:
        close(figure)
    return True
