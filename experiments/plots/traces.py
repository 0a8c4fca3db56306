"""Traces of what was recorded: a row for each population, a column for each neuron."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from compartments.checks import check_kind, check_names
from compartments.domains import Count, check_value
from compartments.recording import TIME_MS, unit_dimension
from experiments.plots.drawing import colours, drawing
from experiments.report.figure_style import COMPARTMENT_LABELS, label_layer, style
from models.run import Run

COLUMN, ROW = 3.0, 1.9
"""In inches."""


def plot_traces(
    run: Run | xr.Dataset,
    *,
    populations: Sequence[str] | None = None,
    variables: Sequence[str] | None = None,
    neurons: int = 3,
) -> Figure:
    """The recorded variables over time, each compartment in its colour.

    Parameters
    ----------
    run : Run or xarray.Dataset
        What ``simulate`` or ``responses`` gave, or a Dataset that ``load_traces`` has read.
    populations, variables : sequence of str, optional
        Which of them; all unless told otherwise.
    neurons : int
        At most so many of each population: those that change most.

    Returns
    -------
    matplotlib.figure.Figure
        A notebook shows it; ``.savefig("traces.png")`` writes it.

    Raises
    ------
    TypeError
        For what is no run.
    ValueError
        For names that were not recorded.
    """
    data = run.traces if isinstance(run, Run) else run
    check_kind("plot_traces", "run", data, xr.Dataset, "what simulate(...) or responses(...) gives")
    check_value("plot_traces", "neurons", neurons, Count)
    rows = _recorded(data, populations, variables)
    shown = {name: _most_moved(rows[name], neurons) for name in rows}
    columns = max(map(len, shown.values()))
    figure = drawing(0.8 + COLUMN * columns, 0.7 + ROW * len(rows))
    with style():
        grid = figure.subplots(len(rows), columns, sharex=True, squeeze=False)
        for row, (population, arrays) in zip(grid, rows.items(), strict=True):
            for axes, place in zip(row, shown[population], strict=False):
                _draw(axes, arrays, population, place)
            for axes in row[len(shown[population]) :]:
                axes.set_visible(False)
            row[0].set_ylabel(_axis(arrays))
            row[len(shown[population]) - 1].legend(loc="upper left", bbox_to_anchor=(1, 1))
        for axes in grid[-1]:
            axes.set_xlabel("time (ms)")
    return figure


def _recorded(
    data: xr.Dataset, populations: Sequence[str] | None, variables: Sequence[str] | None
) -> dict[str, list[xr.DataArray]]:
    """The traces that are wanted, by population."""
    traces = [a for a in data.data_vars.values() if TIME_MS in a.dims and "population" in a.attrs]
    if not traces:
        raise ValueError("plot_traces: nothing was recorded; name variables in record=...")
    known = [
        list(dict.fromkeys(a.attrs[key] for a in traces)) for key in ("population", "variable")
    ]
    asked = [known[0] if populations is None else populations]
    asked.append(known[1] if variables is None else variables)
    names = check_names("plot_traces", "populations", asked[0], known[0], "population")
    kinds = check_names("plot_traces", "variables", asked[1], known[1], "variable")
    rows = {name: [a for kind in kinds for a in traces if _is(a, name, kind)] for name in names}
    return {name: arrays for name, arrays in rows.items() if arrays}


def _asked(kind: str, given: Sequence[str] | None, traces: Sequence[xr.DataArray]) -> Sequence[str]:
    """Names of populations or variables; all that were recorded unless some are named."""
    known = list(dict.fromkeys(a.attrs[kind] for a in traces))
    return known if given is None else check_names("plot_traces", f"{kind}s", given, known, kind)


def _is(array: xr.DataArray, population: str, variable: str) -> bool:
    return (array.attrs["population"], array.attrs["variable"]) == (population, variable)


def _most_moved(arrays: Sequence[xr.DataArray], count: int) -> list[int]:
    """The places of the neurons of which the variables change most, in their order."""
    moved = sum(np.ptp(a.values.astype(float), axis=0) for a in arrays)
    return sorted(np.argsort(-np.asarray(moved), kind="stable")[:count].tolist())


def _draw(axes: Axes, arrays: Sequence[xr.DataArray], population: str, place: int) -> None:
    parts = {a.attrs["variable"]: a.attrs.get("compartment", "") for a in arrays}
    chosen = colours(parts)
    for array in arrays:
        variable = array.attrs["variable"]
        label = f"{parts[variable]} {variable}" if parts[variable] else variable
        label = COMPARTMENT_LABELS["error"] if variable == "error" else label
        axes.plot(
            array[TIME_MS].values, array.values[:, place], color=chosen[variable], label=label
        )
    number = arrays[0][unit_dimension(population)].values[place]
    axes.set_title(f"{label_layer(population)}, neuron {number}", fontweight="normal")


def _axis(arrays: Sequence[xr.DataArray]) -> str:
    units = dict.fromkeys(a.attrs.get("units", "1") for a in arrays)
    return "activity" if list(units) == ["1"] else ", ".join(units)
