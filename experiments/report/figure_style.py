"""How figures look: one colour for each compartment, theory dotted over measurement.

Nothing here touches matplotlib's global settings: draw within ``with style():``, on figures from
:func:`new_figure`, which need no display and are not kept anywhere.
"""

import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.rcsetup import cycler

from experiments.lab.storage import write_bytes

COLOURS = {
    "u": "#0072b2",
    "a": "#d55e00",
    "x": "#009e73",
    "error": "#b0479a",
    "target": "#e69f00",
}
"""Basal blue, apical vermilion, soma green, error purple, target amber (Okabe and Ito 2008)."""

MARKERS = "os^Dv"
"""A marker for each round through the colours."""
SERIES = ("#0072b2", "#d55e00", "#009e73", "#b0479a", "#e69f00", "#56b4e9", "#555555")
"""For lines that are no compartment: layers, engines, remedies; in this order."""

OTHERS = ("#332288", "#44aa99", "#999933", "#882255", "#88ccee", "#555555")
"""For what is no compartment, where compartments are on the same page: layers (Tol 2021)."""

COMPARTMENT_LABELS = {
    "u": "basal u",
    "a": "apical a",
    "x": "soma x",
    "error": "error x − u",
    "target": "target",
}
"""What legends call the compartments."""

INK, FAINT = "#1c1c1e", "#8a8a8e"

THEORY: dict[str, Any] = {"linestyle": (0, (1, 1.6)), "linewidth": 1.5, "color": INK, "zorder": 5}
"""Keyword arguments for a line of theory: dotted, dark, above what was measured."""

STYLE: dict[Any, Any] = {
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "text.color": INK,
    "axes.facecolor": "white",
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=SERIES),
    "axes.grid": True,
    "axes.unicode_minus": True,
    "grid.color": "#e8e8ec",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    "lines.markersize": 4.5,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "pdf.fonttype": 42,
}

DPI = 150


@contextmanager
def style() -> Iterator[None]:
    """Tuft's look for everything that is drawn within the block."""
    with mpl.rc_context(STYLE):
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of that size in inches, to be drawn on without a display."""
    with style():
        figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, folder: Path, name: str) -> Path:
    """Write ``name.png`` (150 dpi) and ``name.pdf``, each whole or not at all; close the figure.

    Returns
    -------
    Path
        The PNG.
    """
    try:
        for suffix, metadata in (("pdf", {"CreationDate": None}), ("png", {"Software": None})):
            buffer = io.BytesIO()
            with style():
                figure.savefig(buffer, format=suffix, dpi=DPI, metadata=metadata)
            figure.set_layout_engine("none")  # stays as it was laid out for the first
            write_bytes(folder / f"{name}.{suffix}", buffer.getvalue())
    finally:
        close(figure)
    return folder / f"{name}.png"


def close(figure: Figure) -> None:
    """Forget a figure, also where pyplot made it."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close(figure)
    figure.clear()


def matrix_colours(names: Sequence[str]) -> list[str]:
    """A colour for each weight matrix, the same in every figure that shows these matrices."""
    place = {name: k for k, name in enumerate(sorted(names))}
    return [SERIES[place[name] % len(SERIES)] for name in names]


def shade_target(axes: Axes, begin: float, end: float, label: str | None = None) -> None:
    """Mark the time for which the target is shown."""
    axes.axvspan(begin, end, color=COLOURS["target"], alpha=0.13, linewidth=0, label=label)


def mark_switch(axes: Axes, time: float) -> None:
    """Mark a moment at which the stimulus changes."""
    axes.axvline(time, color=FAINT, linewidth=0.8, linestyle="-", zorder=1)


def label_layer(layer: str) -> str:
    """``hidden1`` as readers see it: ``hidden 1``."""
    name = layer.rstrip("0123456789")
    return f"{name} {layer[len(name) :]}".strip()


def padded(low: float, high: float, share: float = 0.08) -> tuple[float, float]:
    """Limits a little beyond the data; never empty."""
    span = max(high - low, 1e-3 * max(abs(low), abs(high), 1.0))
    return float(np.float64(low - share * span)), float(np.float64(high + share * span))


def looks(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Colour and marker of each of any number of lines, for matplotlib."""
    count = len(SERIES)
    return {
        name: {"color": SERIES[k % count], "marker": MARKERS[k // count % len(MARKERS)]}
        for k, name in enumerate(dict.fromkeys(names))
    }
