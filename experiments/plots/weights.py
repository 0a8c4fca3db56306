"""Weights as heat maps."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from compartments.checks import check_kind
from experiments.plots.drawing import drawing
from experiments.report.figure_style import style
from models.network import Network
from models.run import Run
from models.weights import WeightBundle

SIDE = 2.6
"""Of a panel, in inches."""


def plot_weights(weights: Run | Network | WeightBundle | Mapping[str, np.ndarray]) -> Figure:
    """Every weight matrix as a heat map, each with a scale of its own around 0.

    Parameters
    ----------
    weights : Run or Network or WeightBundle or mapping of str to array, (n_above, n_below)
        At the end of a run, or at the beginning of a network.

    Raises
    ------
    TypeError
        For what has no weights.
    ValueError
        For no weights at all.
    """
    bundle = weights.weights if isinstance(weights, Run | Network) else weights
    check_kind("plot_weights", "weights", bundle, Mapping, "a Run, a Network or weights")
    if not bundle:
        raise ValueError("plot_weights: there are no weights to draw.")
    columns = min(4, len(bundle))
    rows = -(-len(bundle) // columns)
    figure = drawing(0.4 + (SIDE + 0.6) * columns, 0.3 + SIDE * rows)
    with style():
        panels = figure.subplots(rows, columns, squeeze=False).flat
        for axes, (name, matrix) in zip(panels, bundle.items(), strict=False):
            largest = float(np.abs(matrix).max(initial=0.0)) or 1.0
            image = axes.imshow(
                matrix, cmap="PuOr_r", vmin=-largest, vmax=largest, aspect="auto",
                interpolation="nearest",
            )  # fmt: skip
            axes.set(title=name, xlabel="from below (unit)", ylabel="above (unit)")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.yaxis.set_major_locator(MaxNLocator(integer=True))
            axes.grid(visible=False)
            figure.colorbar(image, ax=axes)
        for axes in panels:
            axes.set_visible(False)
    return figure
