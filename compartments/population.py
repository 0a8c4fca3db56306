"""One population alone: inject waveforms into its dendrites, get the traces of its compartments.

>>> from brian2 import ms
>>> from compartments import hidden_neuron, pulse, responses
>>> cell = hidden_neuron("cell", "tanh", tau_u=10*ms, tau_a=10*ms, tau_x=5*ms)
>>> traces = responses(cell, 200*ms, drive=pulse(1.0, 20*ms, 120*ms), feedback=0.1)
>>> sorted(traces.data_vars)
['a_cell', 'u_cell', 'x_cell']
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import xarray as xr
from brian2 import Quantity, get_dimensions, ms, second
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension, get_unit_for_display
from jaxtyping import Float
from numpy.typing import ArrayLike

from compartments.checks import check_kind, check_name, check_names, finite_array
from compartments.compiled.stepping import C_SECONDS, CODEGEN, Driven, chosen, stepped
from compartments.domains import Count, Seed, Time, check_value, is_time, shown
from compartments.lookup import unknown_name
from compartments.neuron import Neuron
from compartments.per_neuron import check_counts
from compartments.recording import traces
from compartments.sizes import check_size
from compartments.time_step import METHODS, check_step, unchecked_step

Drive = float | np.ndarray | Callable[[Quantity], np.ndarray | Quantity]
"""A constant, an array (time,) or (time, unit) with one row a step, or a function of the times.

Each in the unit of the input: ``0.2*nA``."""


def pulse(
    amplitude: float | Quantity | Sequence[float] | Float[np.ndarray, "unit"],
    start: Quantity,
    stop: Quantity,
) -> Callable[[Quantity], np.ndarray | Quantity]:
    """A current step: ``amplitude`` from ``start`` (included) to ``stop``, else nothing.

    Parameters
    ----------
    amplitude : float or Quantity, or sequence or array, (unit,)
        Height, in the unit of the input; one for each neuron if it is not one number.
    start, stop : Quantity
        Times.

    Raises
    ------
    ValueError
        For an amplitude that is not finite, times without their unit or a stop that is not after
        the start.
    """
    dim, plain = _without_unit(amplitude)
    height = finite_array("pulse", "amplitude", plain)
    if height.ndim > 1:
        raise ValueError(
            f"pulse: amplitude must be one number or (unit,), got shape {height.shape}."
        )
    for name, value in (("start", start), ("stop", stop)):
        if not is_time(value):
            raise ValueError(
                f"pulse: {name} must be a time with its unit, and finite, got {shown(value)}."
            )
    if stop <= start:
        raise ValueError(f"pulse: stop ({stop}) must come after start ({start}).")

    def waveform(time: Quantity) -> np.ndarray | Quantity:
        rounding = 1e-9 * ms
        on = (time >= start - rounding) & (time < stop - rounding)
        values = np.multiply.outer(on.astype(float), height)
        return values if dim is DIMENSIONLESS else Quantity(values, dim=dim)

    return waveform


def responses(
    neuron: Neuron,
    duration: Quantity,
    *,
    n: int = 1,
    dt: Quantity | None = None,
    record: Sequence[str] | None = None,
    method: str = "euler",
    codegen: str | None = None,
    seed: int = 0,
    **inputs: Drive,
) -> xr.Dataset:
    """Traces of n neurons that start where the neuron says and receive the given waveforms.

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
    codegen : {"c", "numpy"}, optional
        What computes it; C where there is a compiler, unless told otherwise. They differ by
        rounding. A description is compiled once, whatever the values of its constants.
    seed : int
        Of the random numbers, where the neuron draws any.
    **inputs : Waveform
        For the neuron's inputs, such as ``drive`` and ``feedback``, in the unit that it declares;
        those not named are 0.

    Returns
    -------
    xarray.Dataset
        As :func:`compartments.recording.traces` describes; time in ms, values in SI units. Its
        attribute ``dt_unchecked`` names the states that gave no bound on dt, if there are any.

    Raises
    ------
    ValueError
        For unknown inputs or variables, waveforms of another length or not finite, a time step
        that is too long.
    TypeError
        For a neuron that is no :class:`Neuron`.
    MemoryError
        If the waveforms and traces would not fit into memory.
    """
    dt = 0.1 * ms if dt is None else dt
    _check(neuron, duration, n, dt, method, codegen)
    check_value("responses", "seed", seed, Seed)
    for name in inputs:
        if name not in neuron.inputs:
            raise unknown_name(f"input of neuron {neuron.name!r}", name, neuron.inputs)
    of = f"variable of neuron {neuron.name!r}"
    given = neuron.states if record is None else record
    record = check_names("responses", "record", given, neuron.variables, of)
    steps = round(float(duration / dt))
    codegen = chosen(codegen)
    check_size(
        "responses",
        "duration, n or record, or raise dt",
        needed_bytes=8 * n * steps * len(record),
        least_seconds=C_SECONDS * steps * n,
    )
    time_ms = np.arange(steps) * float(dt / ms)
    sampled = {name: _sampled(neuron, name, inputs, time_ms, n) for name in neuron.inputs}
    run = Driven(sampled, n, steps, float(dt / second), record, seed)
    found = stepped(neuron, method, run, codegen)
    values = {(name, neuron.name): _typed(neuron, name, array) for name, array in found.items()}
    attributes: dict[str, str | float] = {"dt_ms": float(dt / ms), "method": method}
    attributes["codegen"] = codegen
    if unchecked := unchecked_step(f"Neuron {neuron.name!r}", neuron, method):
        attributes["dt_unchecked"] = " ".join(unchecked)
    units = {neuron.name: np.arange(n)}
    return traces(time_ms, values, units, attributes, {neuron.name: neuron})


def _typed(neuron: Neuron, name: str, array: np.ndarray) -> np.ndarray:
    """As the equation declares it: a condition is True or False, an integer whole."""
    kinds = {"boolean": np.bool_, "integer": np.int32}
    return array.astype(kinds.get(neuron.equations[name].var_type, np.float64), copy=False)


def _check(
    neuron: Neuron, duration: Quantity, n: int, dt: Quantity, method: str, codegen: str | None
) -> None:
    check_kind("responses", "neuron", neuron, Neuron, "Neuron(...), or hidden_neuron(...)")
    if neuron.events:
        raise ValueError(
            f"responses: neuron {neuron.name!r} has events, which are for networks: "
            "models.simulate of a Network of one Population, for example."
        )
    if codegen is not None:
        check_name("responses", "codegen", codegen, CODEGEN)
    check_name("responses", "method", method, METHODS)
    check_value("responses", "n", n, Count)
    check_counts("responses", {**neuron.parameters, **neuron.initial}, n)
    check_value("responses", "duration", duration, Time)
    check_value("responses", "dt", dt, Time)
    check_step(f"Neuron {neuron.name!r}", neuron, dt, method)
    exact = float(duration / dt)
    if abs(exact - round(exact)) > 1e-6 or round(exact) < 1:
        raise ValueError(
            f"responses: duration ({duration}) is not a whole number of steps of {dt}."
        )


def _sampled(
    neuron: Neuron,
    name: str,
    inputs: Mapping[str, Drive],
    time_ms: Float[np.ndarray, "time"],
    n: int,
) -> Float[np.ndarray, "_time _unit"]:
    """The waveform of an input in SI units; one row or column where it does not change."""
    declared = neuron.equations[name].dim
    waveform = inputs.get(name, Quantity(0.0, dim=declared))
    dim, plain = _without_unit(waveform(time_ms * ms) if callable(waveform) else waveform)
    axes = ("step", "neuron")[: np.ndim(plain)]
    values = finite_array("responses", f"waveform {name!r}", plain, axes)
    if dim is not declared:
        raise ValueError(
            f"Waveform {name!r}: the neuron declares it in {get_unit_for_display(declared)}, got "
            f"one in {get_unit_for_display(dim)}."
        )
    if values.ndim == 1 and len(values) == len(time_ms):
        values = values[:, None]
    try:
        np.broadcast_to(values, (len(time_ms), n))
    except ValueError:
        raise ValueError(
            f"Waveform {name!r}: expected a number, ({len(time_ms)},) or ({len(time_ms)}, {n}), "
            f"one row a time step, got shape {values.shape}."
        ) from None
    return np.atleast_2d(values)


def _without_unit(values: ArrayLike) -> tuple[Dimension, ArrayLike]:
    """The dimension, and the values in SI units."""
    try:
        dim = get_dimensions(values)
    except TypeError:  # no numbers at all
        dim = DIMENSIONLESS
    return dim, values if dim is DIMENSIONLESS else np.asarray(values)
