"""Figures of ``tuft traces``, drawn from its saved files."""

from itertools import cycle
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from compartments.recording import trace_name, unit_dimension
from experiments.lab.runner import Result
from experiments.report.figure_style import (
    COLOURS,
    COMPARTMENT_LABELS,
    OTHERS,
    THEORY,
    label_layer,
    mark_switch,
    new_figure,
    padded,
    shade_target,
    style,
)
from models.theory import chain_residual

COLUMN_WIDTH, ROW_HEIGHT, SHOWN_HEIGHT = 2.8, 1.75, 0.45
"""In inches."""

DRAWN = ("u", "x", "a", "error")
"""The order in which predictive neurons are drawn; on a hidden layer at rest error hides a."""


CONDUCTANCES = {
    "u": (COLOURS["x"], "soma u"),
    "v_hat": (COLOURS["u"], "prediction v̂"),
    "feedback": (COLOURS["target"], "apical, from above"),
    "lateral": (COLOURS["error"], "apical, from interneurons"),
    "v_A": (COLOURS["a"], "apical v_A, their sum"),
}
"""Colours and labels where dendrites are coupled to the soma by conductances."""

TARGET_SHOWN, EQUILIBRIUM = f"{COMPARTMENT_LABELS['target']} shown", "equilibrium"
"""Labels of the legend."""


def traces_figure(traces: xr.Dataset, result: Result) -> Figure:
    """A row for each layer, a column for each chosen neuron, what is shown above."""
    neurons: dict[str, list[int]] = result["neurons"]
    columns = max(map(len, neurons.values()))
    figure = new_figure(0.5 + COLUMN_WIDTH * columns, 1.3 + ROW_HEIGHT * len(neurons))
    with style():
        grid = figure.subplots(
            len(neurons) + 1,
            columns,
            sharex=True,
            squeeze=False,
            height_ratios=[SHOWN_HEIGHT] + [ROW_HEIGHT - 0.3] * len(neurons),
        )
        for axes in grid[0]:
            if "pixels" in traces:
                _draw_shown(axes, traces, result)
            else:
                _name_shown(axes, traces, result)
        for row, (layer, units) in zip(grid[1:], neurons.items(), strict=True):
            for axes in row[len(units) :]:
                axes.set_visible(False)
            for axes, unit in zip(row, units, strict=False):
                _draw_neuron(axes, traces, result, layer, unit)
            row[0].set_ylabel(_units(traces, result, layer))
        for axes in grid[-1]:
            axes.set_xlabel("time (ms)")
        handles, labels = _legend(grid[1:].flat)
        columns = len(labels) if len(labels) <= 6 else -(-len(labels) // 2)
        figure.legend(handles, labels, loc="outside upper center", ncols=columns)
    return figure


def _legend(all_axes: Any) -> tuple[list[Any], list[str]]:
    """Every label once, whichever layer has it."""
    found: dict[str, Any] = {}
    for axes in all_axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    last = [name for name in (TARGET_SHOWN, EQUILIBRIUM) if name in found]
    labels = [*(label for label in found if label not in last), *last]
    return [found[label] for label in labels], labels


def _shade(axes: Axes, traces: xr.Dataset, result: Result) -> None:
    length = result["presentation_ms"]
    for begin, shown in zip(traces["presentation"].values, result["target_on"], strict=True):
        if shown:
            shade_target(axes, begin, begin + length, TARGET_SHOWN)
        if begin > 0:
            mark_switch(axes, begin)


def _draw_shown(axes: Axes, traces: xr.Dataset, result: Result) -> None:
    """The digits that are shown, each over its time."""
    length = result["presentation_ms"]
    starts = traces["presentation"].values
    side = int(np.sqrt(traces.sizes["pixel"]))
    half = 0.5 * SHOWN_HEIGHT / COLUMN_WIDTH * length * len(starts)
    for begin, pixels in zip(starts, traces["pixels"].values, strict=True):
        middle = begin + length / 2
        extent = (middle - half, middle + half, 0.0, 1.0)
        axes.imshow(pixels.reshape(side, side), extent=extent, aspect="auto", cmap="gray_r")
        if begin > 0:
            mark_switch(axes, begin)
    axes.set(xlim=(0, length * len(starts)), ylim=(-0.05, 1.05), yticks=[])
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(bottom=False, labelbottom=False)


def _draw_neuron(axes: Axes, traces: xr.Dataset, result: Result, layer: str, unit: int) -> None:
    _shade(axes, traces, result)
    moments = traces["moment" if "moment" in traces.coords else "presentation"].values
    edges = np.append(moments, traces["time"].values[-1])
    theory = {key: value for key, value in THEORY.items() if key != "color"}
    theory |= {"linewidth": 1.3, "colors": THEORY["color"]}
    seen: list[np.ndarray] = []
    for variable, colour in _colours(result).items():
        name = trace_name(variable, layer)
        if name not in traces:
            continue
        values = traces[name].sel({unit_dimension(layer): unit}).values
        width = 2.6 if variable == "a" else 1.4
        label = words(result).get(variable, variable)
        axes.plot(traces["time"], values, color=colour, label=label, linewidth=width)
        if f"equilibrium_{name}" in traces:
            rest = traces[f"equilibrium_{name}"].sel({unit_dimension(layer): unit}).values
            axes.hlines(rest, edges[:-1], edges[1:], **theory, label=EQUILIBRIUM)
        seen.append(values)
    axes.set_ylim(*padded(min(v.min() for v in seen), max(v.max() for v in seen)))
    axes.set_title(f"{label_layer(layer)}, neuron {unit}", fontweight="normal")


def words(result: Result) -> dict[str, str]:
    """What figures call the variables."""
    if set(CONDUCTANCES) <= set(result["variables"]):
        return {name: label for name, (_, label) in CONDUCTANCES.items()}
    return COMPARTMENT_LABELS


def _colours(result: Result) -> dict[str, str]:
    """A colour for each variable, in the order of drawing."""
    variables = result["variables"]
    if set(CONDUCTANCES) <= set(variables):
        return {name: colour for name, (colour, _) in CONDUCTANCES.items()}
    known = [name for name in DRAWN if name in variables]
    others = [name for name in variables if name not in known]
    return {n: COLOURS[n] for n in known} | dict(zip(others, cycle(OTHERS), strict=False))


def _units(traces: xr.Dataset, result: Result, layer: str) -> str:
    """What the axis of a layer says."""
    names = (trace_name(variable, layer) for variable in result["variables"])
    units = dict.fromkeys(traces[name].attrs["units"] for name in names if name in traces)
    return "activity" if list(units) == ["1"] else ", ".join(units)


def _name_shown(axes: Axes, traces: xr.Dataset, result: Result) -> None:
    """Words for each presentation, over its time."""
    starts, length = traces["presentation"].values, result["presentation_ms"]
    for begin, words in zip(starts, result["presented"], strict=True):
        axes.text(begin + length / 2, 0.5, words, ha="center", va="center", fontsize=7)
    axes.set(xlim=(0, traces["time"].values[-1]), ylim=(0, 1), yticks=[])
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(bottom=False, labelbottom=False)


def settling_figure(traces: xr.Dataset, result: Result) -> Figure:
    """Distance to the equilibrium after the last switch, beside what a chain of stages leaves."""
    layers = list(result["neurons"])
    switch = float(traces["presentation"].values[-1])
    after = traces.sel(time=slice(switch - 1e-9, None))
    variables = [v for v in ("u", "error") if v in result["variables"]] or result["variables"][:2]
    figure = new_figure(7.2, 3.4)
    with style():
        panels = figure.subplots(1, len(variables), sharey=True, squeeze=False)[0]
        for axes, variable in zip(panels, variables, strict=True):
            for layer, colour in zip(layers, cycle(OTHERS), strict=False):
                _draw_settling(axes, after, result, (layer, variable), colour)
            axes.set(
                xlabel="time since the switch (ms)",
                title=words(result).get(variable, variable),
                yscale="log",
                ylim=(1e-17, 30),
            )
        panels[0].set_ylabel("distance to equilibrium / at the switch")
        panels[-1].legend(loc="upper right")
    return figure


def _draw_settling(
    axes: Axes, after: xr.Dataset, result: Result, place: tuple[str, str], colour: str
) -> None:
    """One variable of one layer, and its chain of stages where that is known."""
    layer, variable = place
    name = f"distance_{trace_name(variable, layer)}"
    if name not in after:
        return
    time_ms = after["time"].values - after["time"].values[0]
    distance = after[name].values
    axes.plot(time_ms, distance / (distance[0] or 1), color=colour, label=label_layer(layer))
    stages = result["settling_to_1_percent"][layer][variable]["stages_ms"]
    if stages:
        chain = chain_residual(stages, time_ms, after.attrs["dt_ms"])
        last = layer == list(result["neurons"])[-1]
        label = "chain of stages" if last else None
        axes.plot(time_ms, chain, **{**THEORY, "linewidth": 1.2}, label=label)
