"""Figures of an audit, drawn from its saved numbers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap

from experiments.report.figure_style import FAINT, INK, looks, new_figure, save_figure, style
from rate_bridge.audit.reads import SEEN_FROM

PLACE_COLOURS = (
    "#0072b2", "#56b4e9", "#009e73", "#8fd0b8", "#e69f00", "#b0479a", "#d55e00", "#a40000",
)  # fmt: skip
"""Of the places of ``SEEN_FROM``: from near, blue, to far, red."""

OFFENDING = "#d5001c"


def draw_reads(folder: Path, name: str, saved: Mapping[str, Any]) -> None:
    """What reads what, block by block; colour: how far away it is, number: how many scalars."""
    rows, columns = saved["rows"], saved["columns"]
    place = np.full((len(rows), len(columns)), -1)
    scalars = np.zeros_like(place)
    for read in saved["reads"]:
        at = rows.index(read["row"]), columns.index(read["column"])
        place[at], scalars[at] = max(place[at], read["place"]), scalars[at] + read["scalars"]
    with style():
        figure = new_figure(2.6 + 0.27 * len(columns), 1.9 + 0.27 * len(rows))
        axes = figure.subplots()
        shown = np.ma.masked_less(place, 0)
        colours = ListedColormap(list(PLACE_COLOURS))
        norm = BoundaryNorm(np.arange(len(PLACE_COLOURS) + 1) - 0.5, len(PLACE_COLOURS))
        axes.imshow(shown, cmap=colours, norm=norm, aspect="auto")
        for i, j in zip(*np.nonzero(place >= 0), strict=True):
            axes.text(j, i, str(scalars[i, j]), ha="center", va="center", fontsize=6, color="white")
        axes.set_xticks(range(len(columns)), columns, rotation=90, fontsize=6.5)
        axes.set_yticks(range(len(rows)), rows, fontsize=6.5)
        axes.set(xlabel="is read", ylabel="changes, or is computed")
        axes.grid(False)
        used = sorted(set(place[place >= 0].tolist()))
        handles = [axes.scatter([], [], marker="s", color=PLACE_COLOURS[k]) for k in used]
        labels = [SEEN_FROM[k] for k in used]
        axes.legend(handles, labels, loc="lower left", bbox_to_anchor=(0, 1.01), ncol=2, fontsize=7)
        save_figure(figure, folder, name)


def draw_circuit(folder: Path, name: str, saved: Mapping[str, Any]) -> None:
    """Cells from below to above, arrows with what they send; red: what should not be there."""
    nodes = saved["nodes"]
    place = {node: _place(k, node, nodes) for k, node in enumerate(nodes)}
    with style():
        figure = new_figure(6.4, 1.2 + 1.15 * max(y for _, y in place.values()))
        axes = figure.subplots()
        middle = {}
        seen: dict[frozenset[str], int] = {}
        for arrow in saved["arrows"]:
            ends = place[arrow["from"]], place[arrow["to"]]
            pair = frozenset((arrow["from"], arrow["to"]))
            number = seen[pair] = seen.get(pair, -1) + 1
            middle[arrow["name"]] = _arrow(axes, *ends, arrow, number)
        for node, (x, y) in place.items():
            axes.text(
                x, y, node, ha="center", va="center", fontsize=9, zorder=4,
                bbox={"boxstyle": "round,pad=0.45", "facecolor": "white", "edgecolor": INK},
            )  # fmt: skip
        for a, b in saved["offenders"]:
            begin, end = (middle.get(e) or place[e] for e in (a, b))
            _offend(axes, begin, end)
        high = max(y for _, y in place.values())
        axes.set(xlim=(-1.7, 2.9), ylim=(-0.5, high + 0.5))
        axes.axis("off")
        save_figure(figure, folder, name)


def _place(number: int, node: str, nodes: Sequence[str]) -> tuple[float, float]:
    """Chain of areas in one column; what stands beside an area to its right."""
    beside = [n for n in nodes if n.startswith(("interneurons", "bias", "context"))]
    chain = [n for n in nodes if n not in beside]
    if node in chain:
        return 0.0, float(chain.index(node))
    digits = "".join(c for c in node if c.isdigit())
    return 1.7, float(digits or 0.5)


def _arrow(
    axes: Axes,
    begin: tuple[float, float],
    end: tuple[float, float],
    arrow: Mapping[str, Any],
    number: int,
) -> tuple[float, float]:
    """Draw one, and say where its middle is."""
    (x0, y0), (x1, y1) = begin, end
    bend = 0.25 + 0.22 * number
    if begin == end:
        x1, y1, bend = x1 + 0.02, y1 + 0.3, 1.5
    colour = "#0072b2" if arrow["up"] else "#d55e00"
    line = {"arrowstyle": "-|>", "color": colour, "shrinkA": 13, "shrinkB": 13, "linewidth": 1.3}
    line["connectionstyle"] = f"arc3,rad={-bend}"
    line["linestyle"] = "-" if arrow["learns"] else (0, (4, 2))
    axes.annotate("", xy=(x1, y1), xytext=(x0, y0), arrowprops=line)
    dx, dy = x1 - x0, y1 - y0
    middle = ((x0 + x1) / 2 - bend * dy / 2, (y0 + y1) / 2 + bend * dx / 2)
    side = "right" if middle[0] < (x0 + x1) / 2 else "left"
    away = -0.07 if side == "right" else 0.07
    text = f"{arrow['name']}: {arrow['sends']}"
    axes.text(middle[0] + away, middle[1], text, ha=side, va="center", fontsize=8, color=colour)
    return middle


def _offend(axes: Axes, begin: tuple[float, float], end: tuple[float, float]) -> None:
    if begin == end:
        axes.scatter(*begin, s=260, facecolors="none", edgecolors=OFFENDING, linewidths=2.2)
        return
    line = {"arrowstyle": "-|>", "color": OFFENDING, "linewidth": 2.4, "linestyle": (0, (2, 1))}
    axes.annotate("", xy=end, xytext=begin, arrowprops=line, zorder=6)


def draw_naive(folder: Path, name: str, bars: Mapping[str, tuple[float, float]]) -> None:
    """The naive shuffle beside the test with activities held, rule by rule."""
    with style():
        figure = new_figure(6.6, 2.9)
        axes = figure.subplots()
        at = np.arange(len(bars))
        naive, held = np.array(list(bars.values())).T
        axes.bar(at - 0.2, naive, 0.38, color=FAINT, label="W drawn anew before the forward pass")
        axes.bar(at + 0.2, held, 0.38, color=OFFENDING, label="W drawn anew, activities held")
        axes.set_xticks(at, list(bars), rotation=30, ha="right")
        axes.set(ylabel="relative change", title="The naive test finds every rule guilty")
        axes.legend(fontsize=7.5)
        save_figure(figure, folder, name)


def draw_costs(folder: Path, name: str, costs: Sequence[Mapping[str, Any]]) -> None:
    """Test accuracy under every condition, a bar each, mean and deviation over seeds."""
    with style():
        figure = new_figure(6.6, 1.0 + 0.23 * len(costs))
        axes = figure.subplots()
        groups = looks(cost["test"] or "as it is" for cost in costs)
        for k, cost in enumerate(costs):
            colour = groups[cost["test"] or "as it is"]["color"]
            axes.barh(k, 100 * cost["mean"], xerr=100 * cost["sd"], color=colour, height=0.7)
            axes.text(1, k, f"{100 * cost['mean']:.1f}", va="center", fontsize=7, color="white")
        base = next((c["mean"] for c in costs if not c["test"]), None)
        if base is not None:
            axes.axvline(100 * base, color=INK, linewidth=0.9, linestyle=(0, (1, 1.6)))
        axes.set_yticks(range(len(costs)), [c["label"] for c in costs], fontsize=7)
        axes.invert_yaxis()
        axes.set(xlabel="test accuracy, %", xlim=(0, 100))
        save_figure(figure, folder, name)


def draw_angles(folder: Path, name: str, saved: Mapping[str, Any]) -> None:
    """Degrees between update and backpropagation's, and between feedback and W, by layer."""
    kinds = {"angle": "update to backpropagation's", "alignment": "feedback to W"}
    with style():
        figure = new_figure(6.6, 2.5)
        for axes, (key, title) in zip(figure.subplots(1, 2), kinds.items(), strict=True):
            for path, look in looks(saved[key]).items():
                values = np.array(saved[key][path])
                axes.plot(range(1, values.shape[-1] + 1), values.mean(0), label=path, **look)
            axes.set(xlabel="epoch", ylabel="degrees", ylim=(0, 120), title=title)
            axes.axhline(90, color=FAINT, linewidth=0.8)
            if saved[key]:
                axes.legend(fontsize=7)
        save_figure(figure, folder, name)
