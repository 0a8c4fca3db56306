"""What a run has recorded, in the form that every format of export needs."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from compartments.recording import TIME_MS, load_traces, unit_dimension
from experiments.lab.storage import read_json

TRACES, EVENTS = "traces.nc", "events.nc"
"""The files of a results folder that are read."""


@dataclass(frozen=True)
class Trace:
    """One variable of one population.

    Parameters
    ----------
    name, variable, population, compartment, unit : str
        As in the recording; the compartment is empty where it is not known.
    values : array, (time, column)
        In the unit.
    neurons : array of int, (column,)
        Whose they are.
    """

    name: str
    variable: str
    population: str
    compartment: str
    unit: str
    values: np.ndarray
    neurons: np.ndarray


@dataclass(frozen=True)
class SpikeTrain:
    """The events of one name of one neuron, in ms; as many times each as cells had it."""

    event: str
    population: str
    neuron: int
    times_ms: np.ndarray


@dataclass(frozen=True)
class Presentation:
    """What was shown, from when to when, in ms."""

    start_ms: float
    stop_ms: float
    target_on: bool
    words: str


@dataclass(frozen=True)
class RunRecording:
    """A results folder's recording.

    Parameters
    ----------
    name, description : str
        The folder's name, and the experiment with its configuration.
    identifier : str
        The digest of the traces.
    begun : datetime
        When the traces were written.
    time_ms : array, (time,)
        Of all traces.
    traces : tuple of Trace
    presentations : tuple of Presentation
    spikes : tuple of SpikeTrain
    resolution_ms : float or None
        The time step in which events are told apart.
    left_out : tuple of str
        What the file holds beside them.
    """

    name: str
    description: str
    identifier: str
    begun: datetime
    time_ms: np.ndarray
    traces: tuple[Trace, ...]
    presentations: tuple[Presentation, ...]
    spikes: tuple[SpikeTrain, ...]
    resolution_ms: float | None
    left_out: tuple[str, ...]

    @property
    def step_ms(self) -> float | None:
        """The distance of the samples, if multiples of it are their times to the last bit."""
        if len(self.time_ms) < 2:
            return None
        for step in (self.time_ms[1] - self.time_ms[0], self.time_ms[-1] / (len(self.time_ms) - 1)):
            rate = 1e3 / float(step)
            if np.array_equal(self.time_ms, np.arange(len(self.time_ms)) * (1e3 / rate)):
                return float(step)
        return None


def recorded(folder: Path) -> RunRecording:
    """The recording of a results folder.

    Raises
    ------
    ValueError
        For a folder without traces, or without any that can be exported.
    """
    path = folder / TRACES
    if not path.is_file():
        raise ValueError(
            f"{folder} has no {TRACES}; export reads what recorded traces, as tuft traces does."
        )
    data = load_traces(path)
    taken = [name for name, array in data.data_vars.items() if _is_trace(array)]
    if not taken:
        raise ValueError(f"{path} has no traces (time, unit) of a population; nothing to export.")
    events = load_traces(folder / EVENTS) if (folder / EVENTS).is_file() else xr.Dataset()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    config = read_json(folder / "config.json") if (folder / "config.json").is_file() else {}
    result = read_json(folder / "result.json") if (folder / "result.json").is_file() else {}
    return RunRecording(
        name=folder.resolve().name,
        description=f"Simulated by Tuft: {config.get('experiment', 'a recording')}, {config}",
        identifier=digest,
        begun=datetime.fromtimestamp(int(path.stat().st_mtime), UTC),
        time_ms=data[TIME_MS].values,
        traces=tuple(_trace(data[name]) for name in taken),
        presentations=tuple(_presentations(data, result)),
        spikes=tuple(_spikes(events)),
        resolution_ms=events.attrs.get("dt_ms"),
        left_out=tuple(str(name) for name in data.data_vars if name not in taken),
    )


def check_installed(package: str, form: str) -> None:
    """Refuse a format whose library is not there.

    Raises
    ------
    RuntimeError
        With the command that adds it.
    """
    if find_spec(package) is None:
        raise RuntimeError(
            f"--format {form} needs {package}, which is not installed. Add it: "
            "pip install 'apical-tuft[export]' (or pip install "
            f"{package}); --format csv needs nothing."
        )


def _is_trace(array: xr.DataArray) -> bool:
    population = array.attrs.get("population")
    return population is not None and array.dims == (TIME_MS, unit_dimension(population))


def _trace(array: xr.DataArray) -> Trace:
    told = array.attrs
    return Trace(
        str(array.name),
        told["variable"],
        told["population"],
        told.get("compartment", ""),
        told["units"],
        array.values,
        array[unit_dimension(told["population"])].values,
    )


def _presentations(data: xr.Dataset, result: dict[str, Any]) -> Iterator[Presentation]:
    starts = data["presentation"].values if "presentation" in data.coords else np.zeros(0)
    length = result.get("presentation_ms")
    if length is None:
        return
    shown = result.get("target_on") or [False] * len(starts)
    words = result.get("presented") or [""] * len(starts)
    for start, on, said in zip(starts, shown, words, strict=False):
        yield Presentation(float(start), float(start) + length, bool(on), str(said))


def _spikes(records: xr.Dataset) -> Iterator[SpikeTrain]:
    for dim in map(str, records.dims):
        times, units, counts = (records[f"{dim}_{n}"].values for n in ("time", "unit", "count"))
        told = records[f"{dim}_time"].attrs
        for neuron in range(int(told["size"])):
            mine = units == neuron
            each = np.repeat(times[mine], np.asarray(counts[mine], dtype=int))
            yield SpikeTrain(told["event"], told["population"], neuron, each)
