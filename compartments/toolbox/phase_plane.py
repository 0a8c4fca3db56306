"""Two states against each other: where they go, where each stands still, and paths to the rest."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import xarray as xr
from brian2 import Quantity, second

from compartments.checks import check_name
from compartments.domains import shown
from compartments.neuron import Neuron
from compartments.population import responses
from compartments.toolbox.dynamics import Dynamics
from compartments.toolbox.labelled import labelled
from compartments.toolbox.operating_point import Inputs, OperatingPoint
from compartments.toolbox.simulated import time_step, values

POINTS = 41
"""Of the grid, on each axis."""

BISECTIONS = 55
"""Until a bracket is as narrow as a rounding."""

OnPlane = tuple[np.ndarray, np.ndarray]
LineRate = Callable[[np.ndarray], np.ndarray]
PlaneRate = Callable[[np.ndarray, np.ndarray], np.ndarray]


def phase_plane(
    neuron: Neuron,
    x: str | None = None,
    y: str | None = None,
    *,
    at: Inputs | None = None,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
) -> xr.Dataset:
    """The plane of two states, all others at rest.

    Parameters
    ----------
    neuron : Neuron
        Without time and noise in its equations, with two states or more.
    x, y : str, optional
        The states; by default the two that act on each other most.
    at : mapping of str to float or Quantity
        Inputs that are held; others are 0, and ``target_on`` is 1.
    x_range, y_range : tuple of float, optional
        Limits in SI units; by default 1 around the rest (20 thousandths for what has a unit).

    Returns
    -------
    xarray.Dataset
        ``rate_x`` and ``rate_y`` (per second) on the grid (y, x); ``nullcline_x`` and
        ``nullcline_y``, points (point, axis) where each stands still; ``rest`` (axis); ``path_x``
        and ``path_y``, (time, start), of neurons that begin at the border. The attribute
        ``deviation`` is the largest rate on a nullcline, relative to the largest on the grid.

    Raises
    ------
    ValueError
        For a neuron without rest or with one state; values outside their domains.
    """
    known = Dynamics("phase_plane", neuron)
    if len(known.states) < 2:
        raise ValueError(
            f"{known.where}: it has one state, {known.states[0]!r}; a plane needs two."
        )
    point = OperatingPoint.of(known, at)
    names = _pair(point, x, y)
    places = [known.states.index(name) for name in names]
    grids = [
        _grid(known, name, point.rest[place], limits)
        for name, place, limits in zip(names, places, (x_range, y_range), strict=True)
    ]

    def rates(at_x: np.ndarray, at_y: np.ndarray) -> np.ndarray:
        states = np.repeat(point.rest[:, None], at_x.size, 1)
        states[places] = at_x.ravel(), at_y.ravel()
        found = known.rates(states, point.inputs[:, None])[places]
        return found.reshape(2, *at_x.shape)

    field = rates(*np.meshgrid(*grids))
    of_x, of_y = (lambda *at: rates(*at)[0]), (lambda *at: rates(*at)[1])
    nullclines = [_nullcline(rate, grids) for rate in (of_x, of_y)]
    left = [np.abs(rates(*line.T)[k]).max(initial=0.0) for k, line in enumerate(nullclines)]
    time_ms, paths = _paths(point, names, grids)
    units = [neuron.measured_in(name) for name in names]
    axes = ("of the axis",)
    arrays = {
        "rate_x": (("y", "x"), field[0], f"{units[0]}/s"),
        "rate_y": (("y", "x"), field[1], f"{units[1]}/s"),
        "nullcline_x": (("point_x", "axis"), nullclines[0], *axes),
        "nullcline_y": (("point_y", "axis"), nullclines[1], *axes),
        "rest": (("axis",), point.rest[places], *axes),
        "path_x": (("time", "start"), paths[0], units[0]),
        "path_y": (("time", "start"), paths[1], units[1]),
    }
    coordinates = {
        "x": (grids[0], units[0]),
        "y": (grids[1], units[1]),
        "axis": (names, ""),
        "time": (time_ms, "ms"),
    }
    off = max(float(left[k] / np.abs(field[k]).max()) for k in (0, 1))
    return labelled(
        "phase_plane", point, arrays, coordinates, x_state=names[0], y_state=names[1], deviation=off
    )


def _pair(point: OperatingPoint, x: str | None, y: str | None) -> tuple[str, str]:
    """The states that are asked for, or those that act on each other most."""
    known = point.dynamics
    for name in (x, y):
        if name is not None:
            check_name(known.where, "state", name, known.states)
    if x is not None and x == y:
        raise ValueError(f"{known.where}: x and y must be two states, got {x!r} twice.")
    acts = np.abs(point.jacobian)
    acts = acts + acts.T - np.diag(np.full(len(acts), np.inf))
    if x is not None or y is not None:
        best = known.states[int(acts[known.states.index(x or str(y))].argmax())]
        return (x or best, y or best)
    first, second = sorted(np.unravel_index(acts.argmax(), acts.shape))
    return known.states[first], known.states[second]


def _grid(
    known: Dynamics, name: str, rest: float, limits: tuple[float, float] | None
) -> np.ndarray:
    if limits is None:
        size = known.size(name)
        around = size if size == 1.0 else 20 * size
        return np.linspace(rest - around, rest + around, POINTS)
    try:
        low, high = (float(np.asarray(limit)) for limit in limits)
    except (TypeError, ValueError):
        low = high = np.nan
    if not np.isfinite([low, high]).all() or low >= high:
        raise ValueError(
            f"{known.where}: the limits of {name!r} must be two finite numbers in SI units, the "
            f"smaller first, got {shown(limits)}."
        )
    return np.linspace(low, high, POINTS)


def _nullcline(rate: PlaneRate, grids: Sequence[np.ndarray]) -> np.ndarray:
    """Points where a rate is 0, found on the grid's lines in both directions, to rounding."""
    x, y = np.meshgrid(*grids)
    level = rate(x, y)
    points = []
    for axis, along in ((1, x), (0, y)):
        crosses = np.diff(np.signbit(level), axis=axis)
        before, behind = (np.delete(along, end, axis)[crosses] for end in (-1, 0))
        across = np.delete(y if along is x else x, -1, axis)[crosses]

        def on_line(position: np.ndarray, across: np.ndarray = across, axis: int = axis) -> OnPlane:
            return (position, across) if axis == 1 else (across, position)

        def at(position: np.ndarray, on_line: Callable[..., OnPlane] = on_line) -> np.ndarray:
            return rate(*on_line(position))

        points.append(np.stack(on_line(_roots(at, before, behind))))
    return np.concatenate(points, 1).T


def _roots(level: LineRate, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Where a function changes sign, between two positions each, by bisection."""
    below = np.signbit(level(low))
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        same = np.signbit(level(middle)) == below
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return high


def _paths(
    point: OperatingPoint, names: tuple[str, str], grids: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """The whole neuron's ways from eight points of the border, (axis, time, start)."""
    known, neuron = point.dynamics, point.dynamics.neuron
    ends = [(grid[0], grid[len(grid) // 2], grid[-1]) for grid in grids]
    starts = np.array([(a, b) for i, a in enumerate(ends[0]) for j, b in enumerate(ends[1])
                       if (i, j) != (1, 1)])  # fmt: skip
    begin = dict(zip(known.states, point.rest, strict=True))
    initial = {
        name: Quantity(
            starts[:, names.index(name)] if name in names else value,
            dim=neuron.equations[name].dim,
        )
        for name, value in begin.items()
    }
    inputs = {
        name: Quantity(value, dim=neuron.equations[name].dim)
        for name, value in zip(known.inputs, point.inputs, strict=True)
    }
    dt_s = time_step(point, None)
    rates = np.abs(point.eigenvalues.real)
    steps = round(8 / max(float(rates.min()), 1e-3 * float(rates.max())) / dt_s)
    moved = replace(neuron, initial=initial)
    run = responses(
        moved, steps * dt_s * second, n=len(starts), dt=dt_s * second, record=names, **inputs
    )
    return run["time"].values, values(run, neuron.name, names)
