"""Recorded traces as labelled arrays with units, saved whole and loaded again."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr
from jaxtyping import Float, Int, Shaped

from compartments.checks import check_kind
from compartments.neuron import Neuron
from compartments.sealed_files import opened_sealed, written_sealed

TIME_MS = "time"
"""Name of the time dimension; its coordinate is in milliseconds."""


def trace_name(variable: str, population: str) -> str:
    """The name of a variable's trace in a recording: ``u_hidden1``."""
    return f"{variable}_{population}"


def unit_dimension(population: str) -> str:
    """The name of the dimension that counts a population's recorded neurons."""
    return f"unit_{population}"


def trace_attributes(variable: str, population: str, neuron: Neuron | None) -> dict[str, str]:
    """What stands with a trace: its SI unit, whose it is, and in which compartment."""
    told = {"units": "1", "variable": variable, "population": population}
    if neuron is None:
        return told
    parts = [part.name for part in neuron.compartments if variable in part.equations.names]
    return told | {"units": neuron.measured_in(variable), "compartment": "".join(parts)}


def traces(
    time_ms: Float[np.ndarray, "time"],
    values: Mapping[tuple[str, str], Shaped[np.ndarray, "time unit"]],
    units: Mapping[str, Int[np.ndarray, "unit"]],
    attributes: Mapping[str, str | float | int] | None = None,
    neurons: Mapping[str, Neuron] | None = None,
) -> xr.Dataset:
    """A recording: one variable for each (variable, population), time first.

    Parameters
    ----------
    time_ms : array, (time,)
        Times in milliseconds.
    values : mapping of (variable, population) to array, (time, unit)
        The recorded values, in SI units.
    units : mapping of population to array of int, (unit,)
        Which neurons were recorded.
    attributes : mapping, optional
        Kept with the dataset: dt, schedule, ...
    neurons : mapping of population to Neuron, optional
        Of which values have units and compartments; others are dimensionless.
    """
    arrays = {}
    for (variable, population), array in values.items():
        neuron = (neurons or {}).get(population)
        arrays[trace_name(variable, population)] = xr.DataArray(
            np.ascontiguousarray(array),
            dims=(TIME_MS, unit_dimension(population)),
            attrs=trace_attributes(variable, population, neuron),
        )
    coordinates = {unit_dimension(name): np.asarray(index) for name, index in units.items()}
    dataset = xr.Dataset(arrays, coords={TIME_MS: time_ms, **coordinates}, attrs=attributes or {})
    dataset[TIME_MS].attrs["units"] = "ms"
    return dataset


def weight_traces(
    time_ms: Float[np.ndarray, "time"],
    values: Mapping[str, Float[np.ndarray, "time *copy n_above n_below"]],
) -> xr.Dataset:
    """Weights over time: one variable for each weight matrix, time first.

    Parameters
    ----------
    time_ms : array, (time,)
        Times in milliseconds.
    values : mapping of str to array, (time, n_above, n_below) or (time, copy, n_above, n_below)
        Weights by name, dimensionless.
    """
    arrays = {
        name: xr.DataArray(
            array,
            dims=(TIME_MS, *["copy"][: array.ndim - 3], f"above_{name}", f"below_{name}"),
            attrs={"units": "1"},
        )
        for name, array in values.items()
    }
    dataset = xr.Dataset(arrays, coords={TIME_MS: time_ms if values else np.zeros(0)})
    dataset[TIME_MS].attrs["units"] = "ms"
    return dataset


def save_traces(dataset: xr.Dataset, path: Path | str) -> Path:
    """Write a netCDF file with its digest, whole or not at all; returns its path."""
    check_kind("save_traces", "dataset", dataset, xr.Dataset, "what responses(...) returns")
    path = Path(path)
    content = dataset.to_netcdf(engine="h5netcdf")  # in memory: on a full disk HDF5 would crash
    with written_sealed(path) as file:
        file.write(content)
    return path


def load_traces(path: Path | str) -> xr.Dataset:
    """Read what :func:`save_traces` wrote, into memory.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is damaged, or no readable netCDF file.
    """
    if not Path(path).exists():
        raise FileNotFoundError(f"No traces at {path}.")
    with opened_sealed(path, "Delete it and run the experiment again.") as file:
        try:
            # decode_timedelta: the unit "ms" is to stay a number, not to become a timedelta
            with xr.open_dataset(file, engine="h5netcdf", decode_timedelta=False) as dataset:
                return dataset.load()
        except (OSError, ValueError, KeyError) as error:
            raise ValueError(f"{path} is not a readable traces file (netCDF): {error}") from error
