"""Recorded events as sparse labelled arrays: when, of which neuron, how many cells."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

EVENT_BYTES = 32
"""Memory for an event that is recorded: time, neuron, count, and one number more."""


@dataclass(frozen=True, eq=False)
class Moments:
    """All events of one name in one population, in the order of time.

    Parameters
    ----------
    time_ms, unit, count : array, (event,)
        When, of which neuron, of how many cells.
    places : mapping of str to array, (event,)
        In which ``copy`` and sample of the ``batch``, where there are such axes.
    """

    time_ms: np.ndarray
    unit: np.ndarray
    count: np.ndarray
    places: Mapping[str, np.ndarray] = field(default_factory=dict)


def event_name(event: str, population: str) -> str:
    """The name of the dimension that counts recorded events: ``spike_hidden1``."""
    return f"{event}_{population}"


def event_records(
    found: Mapping[tuple[str, str], Moments],
    sizes: Mapping[str, int],
    attributes: Mapping[str, str | float],
) -> xr.Dataset:
    """A sparse record: for each (event, population) its times, neurons and counts.

    Parameters
    ----------
    found : mapping of (event, population) to Moments
        What happened.
    sizes : mapping of str to int
        Neurons of each population, silent ones too.
    attributes : mapping
        Kept with the dataset: ``dt_ms``, ``duration_ms``.
    """
    arrays = {}
    for (event, population), moments in found.items():
        dim = event_name(event, population)
        told = {"event": event, "population": population, "size": sizes[population]}
        columns = {"time": moments.time_ms, "unit": moments.unit, "count": moments.count}
        for name, values in {**columns, **moments.places}.items():
            units = "ms" if name == "time" else "1"
            arrays[f"{dim}_{name}"] = (dim, np.asarray(values), {**told, "units": units})
    return xr.Dataset(arrays, attrs=dict(attributes))


def moments_of(records: xr.Dataset, event: str, population: str, **places: int) -> Moments:
    """The events of one name in one population; of one ``copy`` or sample of a ``batch``.

    Raises
    ------
    ValueError
        If they were not recorded; lists what was.
    """
    dim = event_name(event, population)
    if dim not in records.dims:
        valid = ", ".join(map(str, records.dims)) or "none"
        raise ValueError(f"Event record: {dim!r} was not recorded; recorded are: {valid}.")
    chosen = np.ones(records.sizes[dim], dtype=bool)
    for name, value in places.items():
        chosen &= records[f"{dim}_{name}"].values == value
    columns = (records[f"{dim}_{name}"].values[chosen] for name in ("time", "unit", "count"))
    return Moments(*columns)


def of_copy(records: xr.Dataset, number: int) -> xr.Dataset:
    """The record of one of several copies."""
    found = records
    for dim in map(str, records.dims):
        name = f"{dim}_copy"
        if name in records:
            found = found.isel({dim: np.flatnonzero(records[name].values == number)})
            found = found.drop_vars(name)
    return found
