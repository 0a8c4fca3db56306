"""What a step of one input makes of a neuron at rest."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from brian2 import Quantity, second
from scipy.linalg import expm

from compartments.checks import check_name
from compartments.domains import Time, check_value
from compartments.neuron import Neuron
from compartments.toolbox.dynamics import Dynamics
from compartments.toolbox.labelled import deviation, labelled, wanted
from compartments.toolbox.operating_point import Inputs, OperatingPoint, in_si
from compartments.toolbox.simulated import driven, time_step, values

SHOWN = 8
"""Time constants that are shown unless told otherwise."""


def step_response(
    neuron: Neuron,
    into: str,
    height: float | Quantity | None = None,
    *,
    at: Inputs | None = None,
    duration: Quantity | None = None,
    dt: Quantity | None = None,
    record: Sequence[str] | None = None,
) -> xr.Dataset:
    """The change of variables after a step of an input, and what the linear neuron does.

    Parameters
    ----------
    neuron : Neuron
        Without time and noise in its equations.
    into : str
        The input.
    height : float or Quantity, optional
        Of the step, in the input's unit; one for which the neuron is still linear unless told
        otherwise.
    at : mapping of str to float or Quantity
        Inputs before the step; others are 0, and ``target_on`` is 1.
    duration, dt : Quantity, optional
        Of the run; by default 8 of the longest time constant, and a 200th of the shortest.
    record : sequence of str, optional
        Variables; all states unless told otherwise.

    Returns
    -------
    xarray.Dataset
        ``change`` and ``theory``, (variable, time), time in ms since the step, and ``rise_time``,
        from a tenth to nine tenths of the largest change (ms; NaN where nothing changes).
        The attribute ``deviation`` is the largest distance from theory, relative to the variable's
        largest change.

    Raises
    ------
    ValueError
        For a neuron without rest; values outside their domains.
    """
    known = Dynamics("step_response", neuron)
    point = OperatingPoint.of(known, at)
    point.check_stable()
    names = wanted(known, record)
    check_name(known.where, "input", into, known.inputs)
    by = point.small(into) if height is None else in_si(known, into, height)
    if duration is not None:
        check_value(known.where, "duration", duration, Time)
    dt_s = time_step(point, dt)
    length = SHOWN * point.slowest_s if duration is None else float(duration / second)
    steps = max(2, round(length / dt_s))
    before = point.inputs[known.inputs.index(into)]
    run = driven(point, {into: np.full(steps, before + by)}, steps, dt_s, names)
    places = [known.variables.index(name) for name in names]
    rest = known.values(point.rest, point.inputs)[places]
    change = values(run, neuron.name, names)[:, :, 0] - rest[:, None]
    theory = by * linear_step(point, into, steps, dt_s)[places]
    time_ms = run["time"].values
    arrays = {
        "change": (("variable", "time"), change, "of the variable"),
        "theory": (("variable", "time"), theory, "of the variable"),
        "rise_time": (("variable",), _rise_times(change, time_ms), "ms"),
    }
    return labelled(
        "step_response",
        point,
        arrays,
        {"variable": (names, ""), "time": (time_ms, "ms")},
        into=into,
        height=by,
        deviation=deviation(change, theory),
    )


def linear_step(point: OperatingPoint, into: str, steps: int, dt_s: float) -> np.ndarray:
    """The linear neuron's answer to a unit step, (variable, time), without error of time steps."""
    column = point.dynamics.inputs.index(into)
    count = len(point.rest)
    whole = np.zeros((count + 1, count + 1))
    whole[:count, :count], whole[:count, count] = point.jacobian, point.from_inputs[:, column]
    forward = expm(whole * dt_s)
    states = np.zeros((count + 1, steps))
    states[-1] = 1.0
    for now in range(1, steps):
        states[:, now] = forward @ states[:, now - 1]
    by = point.readout
    return by[:, :count] @ states[:count] + by[:, [count + column]]


def _rise_times(change: np.ndarray, time_ms: np.ndarray) -> np.ndarray:
    """From a tenth to nine tenths of the largest change, row by row."""
    found = []
    for row in np.abs(change):
        top = row.max()
        low, high = (time_ms[np.argmax(row >= share * top)] for share in (0.1, 0.9))
        found.append(high - low if top > 0 else np.nan)
    return np.array(found)
