"""How a neuron passes on oscillations: its Bode diagram, measured and from its linear part."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from brian2 import Quantity
from jaxtyping import Complex

from compartments.checks import check_name, finite_array
from compartments.neuron import Neuron
from compartments.toolbox.dynamics import Dynamics
from compartments.toolbox.labelled import deviation, labelled, wanted
from compartments.toolbox.operating_point import Inputs, OperatingPoint, in_si
from compartments.toolbox.simulated import FORGOTTEN, driven, time_step, values

IN_A_CYCLE = 400
"""Time steps in an oscillation, at least."""

CYCLES = 2
"""Oscillations that are measured, once the start is forgotten."""


def frequency_response(
    neuron: Neuron,
    into: str,
    frequencies_hz: Sequence[float] | np.ndarray | None = None,
    *,
    at: Inputs | None = None,
    amplitude: float | Quantity | None = None,
    dt: Quantity | None = None,
    record: Sequence[str] | None = None,
) -> xr.Dataset:
    """Gain and phase of variables behind an input that oscillates around where it is held.

    Parameters
    ----------
    neuron : Neuron
        Without time and noise in its equations.
    into : str
        The input.
    frequencies_hz : sequence of float, (frequency,)
        In Hz; by default 25 from a tenth of the slowest corner to ten times the fastest.
    at : mapping of str to float or Quantity
        Inputs that are held; others are 0, and ``target_on`` is 1.
    amplitude : float or Quantity, optional
        Of the oscillation; one for which the neuron is still linear unless told otherwise.
    dt : Quantity, optional
        Time step; by default a 200th of the shortest time constant, and at most a 400th of a cycle.
    record : sequence of str, optional
        Variables; all states unless told otherwise.

    Returns
    -------
    xarray.Dataset
        ``gain`` and ``phase`` (degrees), (variable, frequency), and those of the linear neuron,
        ``theory_gain`` and ``theory_phase``. Attributes: ``deviation`` from it, the largest
        relative to the variable's largest gain, and ``step_deviation``, that from the linear
        neuron's own Euler steps.

    Raises
    ------
    ValueError
        For a neuron without rest; values outside their domains.
    """
    known = Dynamics("frequency_response", neuron)
    point = OperatingPoint.of(known, at)
    point.check_stable()
    check_name(known.where, "input", into, known.inputs)
    names = wanted(known, record)
    by = point.small(into) if amplitude is None else in_si(known, into, amplitude)
    frequencies = _frequencies(point, frequencies_hz)
    found, theory, stepwise = [], [], []
    for frequency in frequencies:
        dt_s = min(time_step(point, dt), 1 / (IN_A_CYCLE * frequency))
        found.append(measured(point, into, frequency, by, dt_s, names))
        places = [known.variables.index(name) for name in names]
        theory.append(point.transfer(into, frequency)[places])
        stepwise.append(point.transfer(into, frequency, dt_s)[places])
    gains, exact, in_steps = np.array(found).T, np.array(theory).T, np.array(stepwise).T
    dims, unit = ("variable", "frequency"), "of the variable per input"
    arrays = {
        "gain": (dims, np.abs(gains), unit),
        "phase": (dims, _degrees(gains), "degree"),
        "theory_gain": (dims, np.abs(exact), unit),
        "theory_phase": (dims, _degrees(exact), "degree"),
    }
    return labelled(
        "frequency_response",
        point,
        arrays,
        {"variable": (names, ""), "frequency": (frequencies, "Hz")},
        into=into,
        amplitude=by,
        deviation=deviation(gains, exact),
        step_deviation=deviation(gains, in_steps),
    )


def measured(
    point: OperatingPoint,
    into: str,
    frequency_hz: float,
    amplitude: float,
    dt_s: float,
    record: Sequence[str],
) -> Complex[np.ndarray, "variable"]:
    """What a simulated oscillation makes of variables, per unit of the input.

    Parameters
    ----------
    point : OperatingPoint
        Around which it oscillates.
    into : str
        The input.
    frequency_hz : float
        In Hz, above 0.
    amplitude : float
        In the input's SI unit.
    dt_s : float
        Time step in seconds.
    record : sequence of str
        Variables.
    """
    cycle = max(1, round(1 / (frequency_hz * dt_s)))
    steps = round(FORGOTTEN * point.slowest_s / dt_s) + CYCLES * cycle
    turns = 2 * np.pi * frequency_hz * dt_s * np.arange(steps)
    column = point.dynamics.inputs.index(into)
    waveform = point.inputs[column] + amplitude * np.sin(turns)
    run = driven(point, {into: waveform}, steps, dt_s, record)
    last = slice(-CYCLES * cycle, None)
    traces = values(run, point.dynamics.neuron.name, record)[:, last, 0]
    parts = np.stack([np.sin(turns), np.cos(turns), np.ones(steps)], 1)[last]
    fitted = np.linalg.lstsq(parts, traces.T, rcond=None)[0]
    return (fitted[0] + 1j * fitted[1]) / amplitude


def _degrees(gains: np.ndarray) -> np.ndarray:
    """Phases that do not jump with frequency."""
    return np.degrees(np.unwrap(np.angle(gains), axis=-1))


def _frequencies(point: OperatingPoint, given: Sequence[float] | np.ndarray | None) -> np.ndarray:
    if given is None:
        low, high = 0.1 / point.slowest_s, 10 / point.fastest_s
        return np.geomspace(low, high, 25) / (2 * np.pi)
    chosen = finite_array(point.dynamics.where, "frequencies_hz", given, ("frequency",))
    if not len(chosen) or (chosen <= 0).any():
        raise ValueError(f"{point.dynamics.where}: frequencies_hz must be above 0, in Hz.")
    return chosen
