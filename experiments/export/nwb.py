"""Neurodata Without Borders (NWB 2): a ``TimeSeries`` for each trace, and tables about them.

Times are in seconds there. A recording with equal steps has a rate, and its k-th time in ms is
``k*(1000/rate)``, to the last bit; others have their times written out.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from compartments.recording import TIME_MS, unit_dimension
from experiments.export.recorded import RunRecording, Trace, check_installed

COLUMNS = "columns"
"""The table that says what each column of each series is."""


def write_nwb(run: RunRecording, path: Path) -> None:
    """Write a recording, whole or not at all.

    Raises
    ------
    RuntimeError
        Where pynwb is not installed.
    """
    check_installed("pynwb", "nwb")
    from pynwb import NWBHDF5IO

    partial = path.with_name(f".partial-{path.name}")
    try:
        with NWBHDF5IO(str(partial), "w") as file:
            file.write(nwb_file(run))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def nwb_file(run: RunRecording) -> Any:
    """The recording as ``pynwb.NWBFile``."""
    from pynwb import NWBFile, TimeSeries
    from pynwb.misc import Units

    file = NWBFile(
        session_description=f"Simulated by Tuft: {run.name}",
        experiment_description=run.description,
        identifier=run.identifier,
        session_start_time=run.begun,
        session_id=run.name,
        keywords=["simulation", "dendrites"],
    )
    for trace in run.traces:
        timing = _timing(run)
        series = TimeSeries(
            name=trace.name,
            description=_words(trace),
            data=trace.values,
            unit=trace.unit,
            **timing,
        )
        file.add_acquisition(series)
    file.add_acquisition(_columns(run))
    if run.presentations:
        file.add_trial_column("target_on", "whether a target was shown")
        file.add_trial_column("shown", "what was shown")
    for one in run.presentations:
        times = {"start_time": one.start_ms / 1e3, "stop_time": one.stop_ms / 1e3}
        file.add_trial(**times, target_on=one.target_on, shown=one.words)
    if run.spikes:
        step = None if run.resolution_ms is None else float(run.resolution_ms) / 1e3
        file.units = Units(name="units", description="events of neurons", resolution=step)
        for name, words in (("population", "layer"), ("neuron", "its number"), ("event", "which")):
            file.add_unit_column(name, words)
    for train in run.spikes:
        told = {"population": train.population, "neuron": train.neuron, "event": train.event}
        file.add_unit(spike_times=train.times_ms / 1e3, **told)
    return file


def _timing(run: RunRecording) -> dict[str, Any]:
    step = run.step_ms
    if step is None:
        return {"timestamps": run.time_ms / 1e3}
    return {"rate": 1e3 / step, "starting_time": 0.0}


def _words(trace: Trace) -> str:
    place = f"the {trace.compartment} of " if trace.compartment else ""
    return f"{trace.variable} of {place}{trace.population}; a column for each neuron"


def _columns(run: RunRecording) -> Any:
    """A row for each column of each series."""
    from hdmf.common import DynamicTable, VectorData

    found: dict[str, list[Any]] = {
        name: [] for name in ("series", "column", "population", "neuron", "compartment", "variable")
    }
    for trace in run.traces:
        for column, neuron in enumerate(trace.neurons):
            place = (trace.population, int(neuron), trace.compartment or "unknown")
            row = (trace.name, column, *place, trace.variable)
            for name, value in zip(found, row, strict=True):
                found[name].append(value)
    columns = [
        VectorData(name=name, description=f"{name} of the column", data=values)
        for name, values in found.items()
    ]
    words = "what each column of each series is"
    return DynamicTable(name=COLUMNS, description=words, columns=columns)


def read_nwb(path: Path) -> xr.Dataset:
    """The traces of a file that :func:`write_nwb` has written."""
    check_installed("pynwb", "nwb")
    from pynwb import NWBHDF5IO

    with NWBHDF5IO(str(path), "r") as file:
        content = file.read()
        table = content.acquisition[COLUMNS].to_dataframe()
        arrays, coordinates, time_ms = {}, {}, None
        for name, rows in table.groupby("series", sort=False):
            series = content.acquisition[name]
            population = rows["population"].iloc[0]
            values = series.data[:]
            told = {"units": series.unit, "variable": rows["variable"].iloc[0]}
            told |= {"population": population, "compartment": rows["compartment"].iloc[0]}
            arrays[name] = ((TIME_MS, unit_dimension(population)), values, told)
            coordinates[unit_dimension(population)] = rows["neuron"].to_numpy()
            if series.rate is not None:
                time_ms = np.arange(len(values)) * (1e3 / series.rate)
            else:
                time_ms = series.timestamps[:] * 1e3
    return xr.Dataset(arrays, {TIME_MS: time_ms, **coordinates})
