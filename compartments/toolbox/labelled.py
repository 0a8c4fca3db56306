"""The arrays that tools return: variables of a neuron side by side, each with its unit."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from compartments.checks import check_names
from compartments.toolbox.dynamics import Dynamics
from compartments.toolbox.operating_point import OperatingPoint


def wanted(dynamics: Dynamics, record: Sequence[str] | None) -> tuple[str, ...]:
    """The variables that are asked for; all states unless told otherwise.

    Raises
    ------
    ValueError
        For an unknown name.
    """
    given = dynamics.states if record is None else record
    of = f"variable of neuron {dynamics.neuron.name!r}"
    return tuple(check_names(dynamics.where, "record", given, dynamics.variables, of))


def labelled(
    tool: str,
    point: OperatingPoint,
    arrays: Mapping[str, tuple[Sequence[str], np.ndarray, str]],
    coordinates: Mapping[str, tuple[Any, str]],
    **attributes: str | float,
) -> xr.Dataset:
    """A tool's result.

    Parameters
    ----------
    tool : str
        Its name: how the result is drawn.
    point : OperatingPoint
        Where it looked; its inputs are in the attributes.
    arrays : mapping of str to (dimensions, values, unit)
        What was found.
    coordinates : mapping of str to (values, unit)
        Of the dimensions.
    **attributes
        What else belongs to it.
    """
    neuron = point.dynamics.neuron
    inputs = zip(point.dynamics.inputs, point.inputs, strict=True)
    at = ", ".join(f"{n} = {v:.6g} {neuron.measured_in(n)}" for n, v in inputs)
    compartments = {name: part.name for part in neuron.compartments for name in part.equations}
    data = xr.Dataset(
        {name: (dims, v, {"units": unit}) for name, (dims, v, unit) in arrays.items()},
        {n: ((n,), np.asarray(v), {"units": unit}) for n, (v, unit) in coordinates.items()},
        {"tool": tool, "neuron": neuron.name, "at": at, **attributes},
    )
    for dimension in {"variable", "state", "input", "site"} & set(data.dims):
        names = [str(name) for name in data[dimension].values]
        parts = [compartments.get(name, "") for name in names]
        units = [neuron.measured_in(n) if n in neuron.equations else "1" for n in names]
        data = data.assign_coords(
            {
                f"{dimension}_compartment": (dimension, parts),
                f"{dimension}_unit": (dimension, units),
            }
        )
    return data


def deviation(found: np.ndarray, expected: np.ndarray, axis: int = 0) -> float:
    """The largest distance, relative to the largest expected value of its row."""
    rows = np.moveaxis(np.abs(expected), axis, 0)
    scale = rows.reshape(len(rows), -1).max(1)
    apart = np.moveaxis(np.abs(found - expected), axis, 0).reshape(len(rows), -1).max(1)
    used = scale > 1e-9 * scale.max(initial=0.0)
    return float((apart[used] / scale[used]).max(initial=0.0))
