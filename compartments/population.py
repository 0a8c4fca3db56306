"""One population alone: inject waveforms into its dendrites, get the traces of its compartments.

>>> from brian2 import ms
>>> from compartments import hidden_neuron, pulse, responses
>>> cell = hidden_neuron("cell", "tanh", tau_u=10*ms, tau_a=10*ms, tau_x=5*ms)
>>> traces = responses(cell, 200*ms, drive=pulse(1.0, 20*ms, 120*ms), feedback=0.1)
>>> sorted(traces.data_vars)
['a_cell', 'u_cell', 'x_cell']
"""

from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr
from brian2 import Network as BrianNetwork
from brian2 import Quantity, StateMonitor, TimedArray, ms
from brian2.units.fundamentalunits import DIMENSIONLESS
from jaxtyping import Float

from compartments.brian import (
    PHASE,
    RECORD_ORDER,
    code_generation,
    driven_equations,
    neuron_group,
    own_stored,
)
from compartments.names import unknown_name
from compartments.neuron import Neuron, check_time, is_time
from compartments.recording import traces
from compartments.time_step import METHODS, check_step

CODEGEN = ("numpy", "cython")

Waveform = float | np.ndarray | Callable[[np.ndarray], np.ndarray]
"""A constant, an array (time,) or (time, unit) with one row a step, or a function of time in ms."""


def pulse(
    amplitude: float | Sequence[float] | Float[np.ndarray, "unit"], start: Quantity, stop: Quantity
) -> Callable[[np.ndarray], np.ndarray]:
    """A current step: ``amplitude`` from ``start`` (included) to ``stop``, else nothing.

    Parameters
    ----------
    amplitude : float, or sequence or array, (unit,)
        Height; one for each neuron if it is not one number.
    start, stop : Quantity
        Times.

    Raises
    ------
    ValueError
        For times without their unit, or a stop that is not after the start.
    """
    for name, value in (("start", start), ("stop", stop)):
        if not is_time(value):
            raise ValueError(f"pulse: {name} must be a time with its unit, got {value!r}.")
    begin_ms, end_ms = float(start / ms), float(stop / ms)
    if end_ms <= begin_ms:
        raise ValueError(f"pulse: stop ({stop}) must come after start ({start}).")

    def waveform(time_ms: np.ndarray) -> np.ndarray:
        on = (time_ms >= begin_ms - 1e-9) & (time_ms < end_ms - 1e-9)
        return np.multiply.outer(on.astype(float), np.asarray(amplitude, dtype=float))

    return waveform


def responses(
    neuron: Neuron,
    duration: Quantity,
    *,
    n: int = 1,
    dt: Quantity | None = None,
    record: Sequence[str] | None = None,
    method: str = "euler",
    codegen: str = "numpy",
    **inputs: Waveform,
) -> xr.Dataset:
    """Traces of n neurons that start at rest and receive the given waveforms.

    Parameters
    ----------
    neuron : Neuron
        What each of them is.
    duration, dt : Quantity
        Length of the run and time step (default 0.1 ms).
    n : int
        How many neurons.
    record : sequence of str, optional
        Variables to record; all states unless told otherwise.
    method : str
        ``"euler"`` or ``"exponential_euler"``.
    codegen : {"numpy", "cython"}
        How Brian2 runs it.
    **inputs : Waveform
        For the neuron's inputs, such as ``drive`` and ``feedback``; those not named are 0.

    Returns
    -------
    xarray.Dataset
        As :func:`compartments.recording.traces` describes; time in ms.

    Raises
    ------
    ValueError
        For unknown inputs or variables, waveforms of another length or not finite, a time step
        that is too long.
    """
    dt = 0.1 * ms if dt is None else dt
    _check(neuron, duration, n, dt, method, codegen)
    for name in inputs:
        if name not in neuron.inputs:
            raise unknown_name(f"input of neuron {neuron.name!r}", name, neuron.inputs)
    if isinstance(record, str):
        raise ValueError(f"record must be a sequence of names, such as ({record!r},).")
    record = neuron.states if record is None else tuple(record)
    for name in record:
        if name not in neuron.variables:
            raise unknown_name(f"variable of neuron {neuron.name!r}", name, neuron.variables)
    time_ms = np.arange(round(float(duration / dt))) * float(dt / ms)
    arrays = {
        f"{name}_values": TimedArray(_sampled(name, inputs.get(name, 0.0), time_ms, n), dt=dt)
        for name in neuron.inputs
    }
    equations = driven_equations(neuron, {name: f"{name}_values(t, i)" for name in neuron.inputs})
    with code_generation(codegen):
        group = neuron_group(
            f"{neuron.name}_population",
            n,
            neuron,
            equations,
            own_stored(neuron),
            dt=dt,
            method=method,
            namespace=arrays,
        )
        monitor = StateMonitor(group, record, record=True, dt=dt, when=PHASE, order=RECORD_ORDER)
        BrianNetwork(group, monitor).run(duration, namespace={})
    values = {(name, neuron.name): np.asarray(getattr(monitor, name)).T for name in record}
    attributes: dict[str, str | float] = {"dt_ms": float(dt / ms), "method": method}
    return traces(time_ms, values, {neuron.name: np.arange(n)}, attributes)


def _check(
    neuron: Neuron, duration: Quantity, n: int, dt: Quantity, method: str, codegen: str
) -> None:
    for kind, value, valid in (("codegen", codegen, CODEGEN), ("method", method, METHODS)):
        if value not in valid:
            raise unknown_name(kind, value, valid)
    if int(n) != n or n < 1:
        raise ValueError(f"responses: n must be a whole number of neurons, at least 1, got {n}.")
    check_time("responses", "duration", duration)
    check_step(f"Neuron {neuron.name!r}", neuron, dt, method)
    exact = float(duration / dt)
    if abs(exact - round(exact)) > 1e-6 or round(exact) < 1:
        raise ValueError(
            f"responses: duration ({duration}) is not a whole number of steps of {dt}."
        )


def _sampled(
    name: str, waveform: Waveform, time_ms: Float[np.ndarray, "time"], n: int
) -> Float[np.ndarray, "time unit"]:
    raw = waveform(time_ms) if callable(waveform) else waveform
    if isinstance(raw, Quantity) and raw.dim is not DIMENSIONLESS:
        raise ValueError(f"Waveform {name!r}: inputs are dimensionless, got one in units of {raw}.")
    values = np.asarray(raw, dtype=float)
    if values.ndim == 1 and len(values) == len(time_ms):
        values = values[:, None]
    try:
        sampled = np.broadcast_to(values, (len(time_ms), n))
    except ValueError:
        raise ValueError(
            f"Waveform {name!r}: expected a number, ({len(time_ms)},) or ({len(time_ms)}, {n}), "
            f"one row a time step, got shape {values.shape}."
        ) from None
    if not np.isfinite(sampled).all():
        step, unit = np.argwhere(~np.isfinite(sampled))[0]
        raise ValueError(
            f"Waveform {name!r}: values must be finite, got {sampled[step, unit]} at "
            f"{time_ms[step]:g} ms, neuron {unit}."
        )
    return np.ascontiguousarray(sampled)
