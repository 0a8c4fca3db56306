"""What two pulses do together, by the time between them: one basal, one apical."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from brian2 import Quantity, ms, second

from compartments.checks import check_name, finite_array
from compartments.domains import Time, check_value, shown
from compartments.neuron import Neuron
from compartments.toolbox.dynamics import Dynamics
from compartments.toolbox.labelled import labelled, wanted
from compartments.toolbox.operating_point import Inputs, OperatingPoint, in_si
from compartments.toolbox.simulated import driven, time_step, values

TAIL = 8
"""Time constants that are watched after the last pulse."""


def coincidence(
    neuron: Neuron,
    lags_ms: Sequence[float] | np.ndarray | None = None,
    *,
    pulses: Mapping[str, float | Quantity] | None = None,
    width: Quantity | None = None,
    at: Inputs | None = None,
    dt: Quantity | None = None,
    record: Sequence[str] | None = None,
) -> xr.Dataset:
    """The largest change of variables after two pulses, by the lag of the second behind the first.

    Parameters
    ----------
    neuron : Neuron
        Without time and noise in its equations, with two inputs or more.
    lags_ms : sequence of float, (lag,)
        In ms, rounded to time steps; by default 41 within four of the longest time constants.
    pulses : mapping of str to float or Quantity
        The two inputs and how high their pulses are; by default 1 into each of the first two ports.
    width : Quantity, optional
        Of the pulses; by default the longest time constant.
    at : mapping of str to float or Quantity
        Inputs before the pulses; others are 0, and ``target_on`` is 1.
    dt : Quantity, optional
        Time step; by default a 200th of the shortest time constant.
    record : sequence of str, optional
        Variables; all states and what its axon sends unless told otherwise.

    Returns
    -------
    xarray.Dataset
        ``peak``, the largest change with its sign, ``sum``, that of what both pulses do
        alone, added, and ``area`` and ``sum_area``, the change over time (in ms), each (variable,
        lag). In a linear neuron both are the same: the attribute ``supralinear`` is by how much
        they differ at most, relative to the variable's largest sum.

    Raises
    ------
    ValueError
        For a neuron without rest or with one input; values outside their domains.
    """
    known = Dynamics("coincidence", neuron)
    point = OperatingPoint.of(known, at)
    point.check_stable()
    (first, one), (second_, other) = _pulses(known, pulses).items()
    sent = (*known.states, *(s.variable for s in neuron.ports.sends))
    names = wanted(known, tuple(dict.fromkeys(sent)) if record is None else record)
    dt_s = time_step(point, dt)
    if width is not None:
        check_value(known.where, "width", width, Time)
    long = max(1, round((point.slowest_s if width is None else float(width / second)) / dt_s))
    lags = _lags(known, lags_ms, point.slowest_s, dt_s)
    before = max(0, -int(lags.min()))
    steps = before + int(lags.max(initial=0)) + long + round(TAIL * point.slowest_s / dt_s)
    now = np.arange(steps)[:, None]
    early = (now >= before) & (now < before + long)
    late = (now >= before + lags) & (now < before + lags + long)
    heights = {first: one * early, second_: other * late}
    both = _changes(point, heights, steps, dt_s, names, len(lags))
    alone = [
        _changes(point, {name: wave}, steps, dt_s, names, wave.shape[1])
        for name, wave in heights.items()
    ]
    total = alone[0] + alone[1]
    dims, unit = ("variable", "lag"), "of the variable"
    scale = np.abs(total).max((1, 2))
    apart = np.abs(both - total).max((1, 2))[scale > 0] / scale[scale > 0]
    return labelled(
        "coincidence",
        point,
        {
            "peak": (dims, _peaks(both), unit),
            "sum": (dims, _peaks(total), unit),
            "area": (dims, both.sum(1) * dt_s * 1e3, f"{unit}, ms"),
            "sum_area": (dims, total.sum(1) * dt_s * 1e3, f"{unit}, ms"),
        },
        {"variable": (names, ""), "lag": (lags * dt_s * 1e3, "ms")},
        first=first,
        second=second_,
        width_ms=long * dt_s * 1e3,
        supralinear=float(apart.max(initial=0.0)),
    )


def _pulses(known: Dynamics, given: Mapping[str, float | Quantity] | None) -> dict[str, float]:
    """The two inputs and the heights of their pulses in SI units."""
    if given is None:
        ports = [port.variable for port in known.neuron.ports.inputs] or list(known.inputs)
        if len(ports) < 2:
            raise ValueError(
                f"{known.where}: it has {len(ports)} input, and a coincidence needs two."
            )
        return {name: known.size(name) for name in ports[:2]}
    if not isinstance(given, Mapping) or len(given) != 2:
        raise ValueError(
            f"{known.where}: pulses must be two inputs and their heights, such as "
            f"{{'drive': 1, 'feedback': 1}}, got {shown(given)}."
        )
    for name in given:
        check_name(known.where, "input", name, known.inputs)
    return {name: in_si(known, name, height) for name, height in given.items()}


def _lags(
    known: Dynamics, given: Sequence[float] | np.ndarray | None, slowest_s: float, dt_s: float
) -> np.ndarray:
    """Lags in time steps."""
    if given is None:
        given = np.linspace(-4, 4, 41) * slowest_s * 1e3
    chosen = finite_array(known.where, "lags_ms", given, ("lag",))
    if not len(chosen):
        raise ValueError(f"{known.where}: lags_ms must be one or more times in ms.")
    return np.rint(chosen * float(ms) / dt_s).astype(int)


def _changes(
    point: OperatingPoint,
    heights: Mapping[str, np.ndarray],
    steps: int,
    dt_s: float,
    names: Sequence[str],
    n: int,
) -> np.ndarray:
    """What moves, (variable, time, lag)."""
    inputs = dict(zip(point.dynamics.inputs, point.inputs, strict=True))
    waves = {name: inputs[name] + wave for name, wave in heights.items()}
    run = driven(point, waves, steps, dt_s, names, n)
    places = [point.dynamics.variables.index(name) for name in names]
    rest = point.dynamics.values(point.rest, point.inputs)[places]
    return values(run, point.dynamics.neuron.name, names) - rest[:, None, None]


def _peaks(changes: np.ndarray) -> np.ndarray:
    """The largest change with its sign, (variable, lag)."""
    at = np.abs(changes).argmax(1)
    return np.take_along_axis(changes, at[:, None], 1)[:, 0]
