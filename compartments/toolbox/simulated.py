"""Runs of a neuron that starts at rest and is driven away from it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import xarray as xr
from brian2 import Quantity, second

from compartments.domains import Time, check_value
from compartments.population import responses
from compartments.recording import trace_name
from compartments.toolbox.operating_point import OperatingPoint

FINE = 200
"""Time steps in the shortest time constant, so that Euler's error is a quarter of a percent."""

FORGOTTEN = 25
"""Time constants after which a start is forgotten: e^-25 is 1e-11."""


def time_step(point: OperatingPoint, dt: Quantity | None) -> float:
    """The time step in seconds: what is asked for, or one that is fine enough.

    Raises
    ------
    ValueError
        If it is no time.
    """
    if dt is None:
        exact = point.fastest_s / FINE
        digits = 10.0 ** np.floor(np.log10(exact))
        return float(next(m * digits for m in (5.0, 2.0, 1.0) if m * digits <= exact * (1 + 1e-9)))
    check_value(point.dynamics.where, "dt", dt, Time)
    return float(dt / second)


def driven(
    point: OperatingPoint,
    waveforms: Mapping[str, np.ndarray],
    steps: int,
    dt_s: float,
    record: Sequence[str],
    n: int = 1,
) -> xr.Dataset:
    """The traces of n neurons that start at rest, as :func:`responses` gives them.

    Parameters
    ----------
    point : OperatingPoint
        Where they rest.
    waveforms : mapping of str to array, (time,) or (time, unit)
        For some inputs, in SI units; the others stay at their point.
    steps, dt_s
        How many steps of how many seconds.
    record : sequence of str
        Variables.
    n : int
        How many neurons.
    """
    neuron = point.dynamics.neuron
    start = {
        name: Quantity(value, dim=neuron.equations[name].dim)
        for name, value in zip(point.dynamics.states, point.rest, strict=True)
    }
    held = dict(zip(point.dynamics.inputs, point.inputs, strict=True))
    inputs = {
        name: Quantity(waveforms.get(name, value), dim=neuron.equations[name].dim)
        for name, value in held.items()
    }
    return responses(
        replace(neuron, initial=start),
        steps * dt_s * second,
        n=n,
        dt=dt_s * second,
        record=record,
        **inputs,
    )


def values(run: xr.Dataset, neuron: str, variables: Sequence[str]) -> np.ndarray:
    """What was recorded, (variable, time, unit)."""
    return np.array([run[trace_name(name, neuron)].values for name in variables], dtype=float)
