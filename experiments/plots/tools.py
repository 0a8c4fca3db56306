"""What the dendrite's toolbox found, drawn: theory dotted over what was measured."""

from collections.abc import Callable

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from compartments.checks import check_kind
from compartments.lookup import look_up
from experiments.plots.drawing import colours, one_axes
from experiments.report.figure_style import FAINT, INK, OTHERS, THEORY, style


def plot_tool(result: xr.Dataset, axes: Axes | None = None) -> Axes:
    """The result of any tool of :mod:`compartments.toolbox`.

    Parameters
    ----------
    result : xarray.Dataset
        What the tool returned.
    axes : matplotlib.axes.Axes, optional
        Where to draw; a new figure unless told otherwise.

    Returns
    -------
    matplotlib.axes.Axes
        Its ``figure`` can be saved.

    Raises
    ------
    TypeError, ValueError
        For what no tool has returned.
    """
    check_kind("plot_tool", "result", result, xr.Dataset, "what toolbox.step_response(...) returns")
    draw = look_up("tool", result.attrs.get("tool", ""), TOOL_DRAWINGS)
    axes = one_axes(axes)
    with style():
        draw(result, axes)
        if axes.get_legend_handles_labels()[1]:
            axes.legend()
    return axes


def _colours(result: xr.Dataset) -> dict[str, str]:
    names = [str(name) for name in result["variable"].values]
    return colours(dict(zip(names, map(str, result["variable_compartment"].values), strict=True)))


def _lines(result: xr.Dataset, axes: Axes, along: str, measured: str, theory: str) -> None:
    for name, colour in _colours(result).items():
        one = result.sel(variable=name)
        axes.plot(result[along], one[measured], color=colour, label=name)
    for number, name in enumerate(result["variable"].values):
        label = "theory" if number == 0 else None
        axes.plot(result[along], result[theory].sel(variable=name), **THEORY, label=label)


def _step_response(result: xr.Dataset, axes: Axes) -> None:
    _lines(result, axes, "time", "change", "theory")
    axes.set(xlabel="time (ms)", ylabel=f"change after a step of {result.attrs['into']}")


def _frequency_response(result: xr.Dataset, axes: Axes) -> None:
    _lines(result, axes, "frequency", "gain", "theory_gain")
    seen = result.theory_gain.values[result.theory_gain.values > 0]
    axes.set(xlabel="frequency (Hz)", ylabel="gain", xscale="log", yscale="log")
    axes.set_ylim(max(seen.min(initial=1.0) / 2, seen.max(initial=1.0) * 1e-6), None)


def _fi_curve(result: xr.Dataset, axes: Axes) -> None:
    _lines(result, axes, "strength", "value", "theory")
    unit = result["strength"].attrs["units"]
    axes.set(xlabel=f"{result.attrs['into']} ({unit})", ylabel="at the end")


def _coincidence(result: xr.Dataset, axes: Axes) -> None:
    _lines(result, axes, "lag", "peak", "sum")
    axes.axvline(0, color=FAINT, linewidth=0.8)
    words = f"{result.attrs['second']} behind {result.attrs['first']} (ms)"
    axes.set(xlabel=words, ylabel="largest change; dotted: both alone, added")


def _attenuation(result: xr.Dataset, axes: Axes) -> None:
    values = result["ratio"].values
    top = max(1.0, float(values.max()))
    axes.imshow(values, cmap="cividis", vmin=0, vmax=top, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        ink = "white" if value < top / 2 else INK
        axes.text(column, row, f"{value:.3g}", ha="center", va="center", color=ink, fontsize=8)
    axes.set_xticks(range(values.shape[1]), [str(n) for n in result["variable"].values])
    axes.set_yticks(range(values.shape[0]), [str(n) for n in result["site"].values])
    axes.set(xlabel="arrives at", ylabel="is caused at")
    axes.grid(visible=False)


def _linearize(result: xr.Dataset, axes: Axes) -> None:
    names, width = [str(n) for n in result["state"].values], 0.8 / result.sizes["state"]
    parts = dict(zip(names, map(str, result["state_compartment"].values), strict=True))
    for number, (name, colour) in enumerate(colours(parts).items()):
        at = np.arange(result.sizes["mode"]) + (number - (len(names) - 1) / 2) * width
        axes.bar(at, result.amplitude.sel(state=name), width, color=colour, label=name)
    labels = [f"{float(t):.3g} ms" for t in result.time_constant]
    axes.set_xticks(range(result.sizes["mode"]), labels)
    axes.set(xlabel="time constant of the mode", ylabel="share of each state")


def _phase_plane(result: xr.Dataset, axes: Axes) -> None:
    x, y, every = result["x"].values, result["y"].values, 4
    spans = np.ptp(x), np.ptp(y)
    rates = result.rate_x.values / spans[0], result.rate_y.values / spans[1]
    length = np.hypot(*rates)
    arrows = [np.divide(r, length, out=np.zeros_like(r), where=length > 0) for r in rates]
    thin = (slice(None, None, every), slice(None, None, every))
    axes.quiver(x[::every], y[::every], *(a[thin] for a in arrows), color=FAINT, angles="uv",
                scale=25, width=0.003)  # fmt: skip
    axes.plot(result.path_x, result.path_y, color=OTHERS[-1], linewidth=0.9)
    for which, colour in zip("xy", OTHERS, strict=False):
        points = result[f"nullcline_{which}"].values
        label = f"{result.attrs[f'{which}_state']} stands still"
        axes.plot(*points.T, ".", color=colour, markersize=3, label=label)
    axes.plot(*result.rest.values, "o", color=THEORY["color"], label="rest")
    axes.set(xlabel=result.attrs["x_state"], ylabel=result.attrs["y_state"])
    axes.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))


TOOL_DRAWINGS: dict[str, Callable[[xr.Dataset, Axes], None]] = {
    "attenuation": _attenuation,
    "coincidence": _coincidence,
    "fi_curve": _fi_curve,
    "frequency_response": _frequency_response,
    "linearize": _linearize,
    "phase_plane": _phase_plane,
    "step_response": _step_response,
}
"""How each tool's result is drawn."""
