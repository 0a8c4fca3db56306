"""Measurements with labels: the rows that an experiment saves as one xarray Dataset.

A row is one measurement: under each name a number, a text, a list, or a dict of numbers or lists.
In the Dataset all rows lie along one dimension, ``point``; what tells them apart are coordinates,
so that a figure takes those it wants by label::

    points = labelled(result["rows"], ("remedy", "ratio"), errors=("switch",))
    line = chosen(points, remedy="lag")
    axes.plot(line.ratio, line.errors.median("switch"))
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

POINT = "point"


def labelled(
    rows: Sequence[Mapping[str, Any]], labels: Sequence[str], **dims: tuple[str, ...]
) -> xr.Dataset:
    """Rows as a Dataset.

    Parameters
    ----------
    rows : sequence of dict
        As they were measured, or read from a JSON; a number that is absent or None is NaN.
    labels : sequence of str
        Names of what tells rows apart.
    **dims
        For a name whose values are not single ones, their dimensions; the keys of a dict are the
        coordinates of the first. Other such names are left out.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    found = xr.Dataset()
    for name in names:
        values = [row.get(name) for row in rows]
        if name in dims:
            axes, coordinates, array = _nested(values, dims[name])
            found[name] = ((POINT, *axes), array)
            found = found.assign_coords(coordinates)
        elif not any(isinstance(value, dict | list | tuple) for value in values):
            found[name] = (POINT, _single(values))
    return found.set_coords([name for name in labels if name in found])


def chosen(points: xr.Dataset, **wanted: object) -> xr.Dataset:
    """The points with these labels, in their order."""
    kept = np.ones(points.sizes[POINT], dtype=bool)
    for name, value in wanted.items():
        kept &= points[name].values == value
    return points.isel({POINT: kept})


def different(values: xr.DataArray) -> list[Any]:
    """The values of a label, each once, in the order of their first."""
    return list(dict.fromkeys(values.values.tolist()))


def _single(values: Sequence[Any]) -> np.ndarray:
    """Texts as they are, numbers as numbers."""
    if any(isinstance(value, str) for value in values):
        return np.array(values, dtype=object)
    return np.array([np.nan if value is None else value for value in values])


def _nested(
    values: Sequence[Any], dims: Sequence[str]
) -> tuple[Sequence[str], dict[str, list[str]], np.ndarray]:
    """Dimensions, coordinates and array of lists, or of dicts of them."""
    if not isinstance(values[0], Mapping):
        return dims, {}, np.array(values, dtype=float)
    keys = list(dict.fromkeys(key for value in values for key in value))
    shape = np.shape(next(iter(values[0].values())))
    array = [[value.get(key, np.full(shape, np.nan)) for key in keys] for value in values]
    return dims, {dims[0]: keys}, np.array(array, dtype=float)
