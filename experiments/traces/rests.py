"""The reference's equilibrium beside recorded traces, and how far these are from it."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from brian2 import Quantity, ms

from compartments.recording import trace_name, unit_dimension
from models import Network, Run, Schedule, WeightBundle
from rate_bridge.references.reference import constant_signals
from rate_bridge.references.registry import reference


def with_equilibria(
    run: Run, network: Network, schedule: Schedule, moments: Sequence[Quantity]
) -> xr.Dataset:
    """The traces, and the equilibrium from each moment on, as ``equilibrium_<trace>``.

    Parameters
    ----------
    run : Run
        With its weights at the moments, if synapses learn.
    network, schedule
        What was run.
    moments : sequence of Quantity
        Every switch, and times between switches at which weights have moved.
    """
    found: dict[str, list[np.ndarray]] = {}
    at, signals = reference(network), constant_signals(schedule)
    for k, moment in enumerate(moments):
        row = int(moment / schedule.period + 1e-9)
        weights = network.weights
        if run.weight_history:
            kept = {str(name): array.values[k] for name, array in run.weight_history.items()}
            weights = WeightBundle(kept)
        shown = {name: value[[row]] for name, value in signals.items()}
        for (variable, layer), values in at.equilibrium(shown, weights).items():
            found.setdefault(trace_name(variable, layer), []).append(values[0])
    traces = run.traces.assign_coords(moment=[float(moment / ms) for moment in moments])
    traces["moment"].attrs["units"] = "ms"
    for name, rows in found.items():
        if name in run.traces:
            one = run.traces[name]
            unit = next(str(dim) for dim in one.dims if dim != "time")
            kept_units = np.stack(rows)[:, one[unit].values]
            traces[f"equilibrium_{name}"] = (("moment", unit), kept_units, dict(one.attrs))
    switches = [float(k * schedule.period / ms) for k in range(len(schedule))]
    return traces.assign_coords(presentation=switches)


def with_distances(traces: xr.Dataset) -> xr.Dataset:
    """The traces, and of each the largest distance to its equilibrium at each time."""
    piece = np.searchsorted(traces["moment"].values, traces["time"].values + 1e-9, side="right") - 1
    for rest in [str(name) for name in traces if str(name).startswith("equilibrium_")]:
        name = rest.removeprefix("equilibrium_")
        apart = traces[name].values - traces[rest].values[piece]
        units = {"units": traces[name].attrs["units"]}
        traces[f"distance_{name}"] = ("time", np.abs(apart).max(1), units)
    return traces


def most_changed(
    traces: xr.Dataset, layers: Sequence[str], variables: Sequence[str], count: int
) -> dict[str, list[int]]:
    """In each layer the neurons that the last switch moves most, in order of their number.

    Where there are no equilibria, those that move most over all of the time.
    """
    chosen = {}
    for layer in layers:
        names = [n for n in (trace_name(v, layer) for v in variables) if n in traces]
        moved = sum(_moved(traces, name) / _scale(traces[name]) for name in names)
        units = traces[unit_dimension(layer)].values
        chosen[layer] = sorted(int(units[k]) for k in np.argsort(moved)[::-1][:count])
    return chosen


def _moved(traces: xr.Dataset, name: str) -> np.ndarray:
    rest = f"equilibrium_{name}"
    if rest not in traces:
        return np.ptp(traces[name].values, axis=0)
    switch = float(traces["presentation"].values[-1])
    before, after = (
        traces[rest].sel(moment=t, method="ffill").values for t in (switch - 1e-6, switch + 1e-6)
    )
    return np.abs(after - before)


def _scale(values: xr.DataArray) -> float:
    """1 for plain numbers; else the largest value, so that volts and amperes can be added."""
    return 1.0 if values.attrs["units"] == "1" else float(np.abs(values).max()) or 1.0
