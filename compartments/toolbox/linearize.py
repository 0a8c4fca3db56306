"""What a neuron is near its rest: time constants and eigenmodes."""

import numpy as np
import xarray as xr

from compartments.neuron import Neuron
from compartments.toolbox.dynamics import Dynamics
from compartments.toolbox.labelled import labelled
from compartments.toolbox.operating_point import Inputs, OperatingPoint


def linearize(neuron: Neuron, *, at: Inputs | None = None) -> xr.Dataset:
    """The neuron's linear part at rest: ``dz/dt = A z + B inputs``, z being the states' change.

    Derivatives are taken of the strings (:mod:`compartments.toolbox.dynamics`).

    Parameters
    ----------
    neuron : Neuron
        Without time and noise in its equations.
    at : mapping of str to float or Quantity
        Inputs that are held; others are 0, and ``target_on`` is 1.

    Returns
    -------
    xarray.Dataset
        ``rest`` of every variable; ``jacobian`` A and ``from_input`` B; for each mode, slowest
        first, its ``rate`` (1/s), ``time_constant`` (ms; infinite or negative where it does not
        decay), ``frequency`` (Hz) and ``amplitude`` and ``phase`` (degrees) by state, of the
        largest 1; the ``gain`` of every variable for a constant input. The attribute ``stable``
        is 1 where the neuron returns to its rest.

    Raises
    ------
    ValueError
        For a neuron without rest; values outside their domains.
    """
    known = Dynamics("linearize", neuron)
    point = OperatingPoint.of(known, at)
    rates, vectors = np.linalg.eig(point.jacobian)
    order = np.argsort(-rates.real, kind="stable")
    rates, vectors = rates[order].astype(complex), vectors[:, order].astype(complex)
    largest = vectors[np.abs(vectors).argmax(0), np.arange(len(rates))]
    vectors = vectors / largest
    with np.errstate(divide="ignore"):
        time_constants = -1e3 / rates.real
    modes, states, unit = ("mode",), ("state", "mode"), "1"
    arrays = {
        "rest": (("variable",), known.values(point.rest, point.inputs), "of the variable"),
        "jacobian": (("state", "by_state"), point.jacobian, "1/s, of the state per other state"),
        "from_input": (("state", "input"), point.from_inputs, "1/s, of the state per input"),
        "rate": (modes, rates.real, "1/s"),
        "time_constant": (modes, time_constants, "ms"),
        "frequency": (modes, np.abs(rates.imag) / (2 * np.pi), "Hz"),
        "amplitude": (states, np.abs(vectors), unit),
        "phase": (states, np.degrees(np.angle(vectors)), "degree"),
    }
    stable = bool(rates.real.max() < 0)
    if stable:
        gains = [point.transfer(name, 0.0).real for name in known.inputs]
        shape = (len(known.variables), len(known.inputs))
        gain = np.array(gains).T.reshape(shape)
        arrays["gain"] = (("variable", "input"), gain, "of the variable per input")
    coordinates = {
        "variable": (known.variables, ""),
        "state": (known.states, ""),
        "by_state": (known.states, ""),
        "input": (known.inputs, ""),
        "mode": (np.arange(len(rates)), ""),
    }
    return labelled("linearize", point, arrays, coordinates, stable=int(stable))
