"""Measurements with labels: the rows that an experiment saves, as one xarray Dataset.

A row is one measurement: under each name a number, a text, a list, or a dict of numbers or lists.
Files hold rows as a list, one object a measurement: so a person can read them, and a row names only
what was measured of it. Whatever compares rows, computes with them or draws them takes the Dataset,
in which all lie along one dimension, ``point``; what tells them apart are coordinates::

    points = labelled(result["rows"], ("remedy", "ratio"), errors=("switch",))
    line = chosen(points, remedy="lag")
    axes.plot(line.ratio, line.errors.median("switch"))
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

POINT = "point"


def labelled(
    rows: Sequence[Mapping[str, Any]], labels: Sequence[str] = (), **dims: tuple[str, ...]
) -> xr.Dataset:
    """Rows as a Dataset.

    Parameters
    ----------
    rows : sequence of dict
        As they were measured, or read from a JSON; a number that is absent or None is NaN.
    labels : sequence of str
        Names of what tells rows apart.
    **dims
        For a name whose values are arrays, their dimensions; the keys of a dict are the coordinates
        of the first. Lists and dicts of other names are kept as they are.
    """
    found = xr.Dataset()
    keys = _keys(rows, dims)
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [row.get(name) for row in rows]
        if name in dims:
            found[name] = ((POINT, *dims[name]), _nested(values, keys.get(dims[name][0])))
        else:
            found[name] = (POINT, _single(values))
    known = {name: words for name, words in keys.items() if name in found.dims}
    return found.assign_coords(known).set_coords([name for name in labels if name in found])


def rows_of(points: xr.Dataset) -> list[dict[str, Any]]:
    """The rows of a Dataset whose points hold single values: its inverse, for files."""
    names = [str(name) for name in points.variables]
    return [dict(zip(names, row, strict=True)) for row in cells(points, *names)]


def chosen(points: xr.Dataset, **wanted: object) -> xr.Dataset:
    """The points with these labels, in their order."""
    kept = np.ones(points.sizes[POINT], dtype=bool)
    for name, value in wanted.items():
        kept &= points[name].values == value
    return where(points, kept)


def where(points: xr.Dataset, kept: xr.DataArray | np.ndarray) -> xr.Dataset:
    """The points for which a condition holds, in their order."""
    return points.isel({POINT: np.flatnonzero(kept)})


def known(points: xr.Dataset, name: str) -> xr.Dataset:
    """The points of which a number was measured."""
    return where(points, points[name].notnull())


def each(points: xr.Dataset) -> Iterator[xr.Dataset]:
    """Point by point."""
    for number in range(points.sizes[POINT]):
        yield points.isel({POINT: number})


def best(points: xr.Dataset, name: str) -> xr.Dataset:
    """The point with the largest number of that name, the first of equals."""
    return points.isel({POINT: int(np.nanargmax(points[name].values))})


def groups(points: xr.Dataset, name: str) -> dict[Any, xr.Dataset]:
    """The points by a label, in the order of their first."""
    return {value: chosen(points, **{name: value}) for value in different(points[name])}


def cells(points: xr.Dataset, *names: str) -> list[list[Any]]:
    """A row of plain values a point; None for what was not measured."""
    absent = [None] * points.sizes.get(POINT, 0)
    columns = [points[name].values if name in points else absent for name in names]
    return [[plain(value) for value in row] for row in zip(*columns, strict=True)]


def plain(value: Any) -> Any:
    """A single value as JSON has it: of Python's own types, None for NaN."""
    value = value.item() if isinstance(value, np.ndarray | np.generic | xr.DataArray) else value
    return None if isinstance(value, float) and math.isnan(value) else value


def different(values: xr.DataArray) -> list[Any]:
    """The values of a label, each once, in the order of their first."""
    return list(dict.fromkeys(values.values.tolist()))


def _keys(
    rows: Sequence[Mapping[str, Any]], dims: Mapping[str, tuple[str, ...]]
) -> dict[str, list[str]]:
    """The coordinates of dimensions along which dicts lie, over all rows and names."""
    found: dict[str, dict[str, None]] = {}
    for name, (first, *_) in dims.items():
        values = [row.get(name) for row in rows]
        if all(value is None or isinstance(value, Mapping) for value in values):
            found.setdefault(first, {})
            for value in values:
                found[first].update(dict.fromkeys(value or ()))
    return {name: list(words) for name, words in found.items()}


def _single(values: Sequence[Any]) -> np.ndarray:
    """Texts, lists, dicts and arrays as they are, numbers as numbers."""
    if any(isinstance(value, str | list | tuple | dict | np.ndarray) for value in values):
        return np.fromiter(values, dtype=object, count=len(values))
    return np.array([np.nan if value is None else value for value in values])


def _nested(values: Sequence[Any], keys: Sequence[str] | None) -> np.ndarray:
    """An array of lists, or of dicts of numbers or lists."""
    if keys is None:
        return np.array(values, dtype=float)
    shape = next((np.shape(item) for value in values for item in (value or {}).values()), ())
    array = [[(value or {}).get(key, np.full(shape, np.nan)) for key in keys] for value in values]
    return np.array(array, dtype=float).reshape(len(values), len(keys), *shape)
