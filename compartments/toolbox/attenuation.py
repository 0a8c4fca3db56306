"""How much of what is injected at one place arrives at another."""

from dataclasses import replace

import numpy as np
import xarray as xr
from brian2 import Equations, Quantity, second
from brian2.equations.codestrings import Expression
from brian2.equations.equations import PARAMETER, SingleEquation

from compartments.domains import NonNegative, check_value
from compartments.neuron import Neuron
from compartments.toolbox.dynamics import Dynamics
from compartments.toolbox.frequency_response import IN_A_CYCLE, measured
from compartments.toolbox.labelled import deviation, labelled
from compartments.toolbox.operating_point import Inputs, OperatingPoint
from compartments.toolbox.simulated import FORGOTTEN, driven, time_step, values


def attenuation(
    neuron: Neuron,
    *,
    at: Inputs | None = None,
    frequency_hz: float = 0.0,
    dt: Quantity | None = None,
) -> xr.Dataset:
    """The change of every state, relative to the change at the site where it is caused.

    A site is a state, into which a current flows, or an input, which is moved. 1 is no loss; 0 says
    that nothing gets there.

    Parameters
    ----------
    neuron : Neuron
        Without time and noise in its equations.
    at : mapping of str to float or Quantity
        Inputs that are held; others are 0, and ``target_on`` is 1.
    frequency_hz : float
        Of what is injected; 0 for a constant.
    dt : Quantity, optional
        Time step; by default a 200th of the shortest time constant, and at most a 400th of a cycle.

    Returns
    -------
    xarray.Dataset
        ``ratio`` and ``theory``, (site, variable), in the variable's unit per that of the site. The
        attribute ``deviation`` is the largest distance from theory, relative to the site's largest
        ratio.

    Raises
    ------
    ValueError
        For a neuron without rest; values outside their domains.
    """
    check_value("attenuation", "frequency_hz", frequency_hz, NonNegative)
    known = Dynamics("attenuation", neuron)
    sites = (*known.states, *known.inputs)
    point = OperatingPoint.of(Dynamics("attenuation", injected(neuron)), at)
    point.check_stable()
    places = [point.dynamics.variables.index(name) for name in known.states]
    ratio, theory = [], []
    for site in sites:
        into = site_input(site) if site in known.states else site
        here = known.states.index(site) if site in known.states else None
        found = _found(point, into, float(frequency_hz), dt)
        exact = point.transfer(into, float(frequency_hz))[places]
        ratio.append(np.abs(found / (1.0 if here is None else found[here])))
        theory.append(np.abs(exact / (1.0 if here is None else exact[here])))
    dims, unit = ("site", "variable"), "of the variable per site"
    return labelled(
        "attenuation",
        OperatingPoint.of(known, at),
        {"ratio": (dims, np.array(ratio), unit), "theory": (dims, np.array(theory), unit)},
        {"site": (sites, ""), "variable": (known.states, "")},
        frequency_hz=float(frequency_hz),
        deviation=deviation(np.array(ratio), np.array(theory)),
    )


def site_input(state: str) -> str:
    """What the current into a state is called."""
    return f"into_{state}"


def injected(neuron: Neuron) -> Neuron:
    """The neuron with further inputs: what flows into each state, in its unit per second."""

    def lines(equations: Equations) -> Equations:
        found = []
        for line in equations.values():
            if line.varname in neuron.states:
                current = site_input(line.varname)
                code = Expression(f"{line.expr.code} + {current}")
                found.append(SingleEquation(line.type, line.varname, line.dim, expr=code))
                found.append(SingleEquation(PARAMETER, current, line.dim / second.dim))
            else:
                found.append(line)
        return Equations(found)

    parts = tuple(replace(p, equations=lines(p.equations)) for p in neuron.compartments)
    return replace(neuron, compartments=parts)


def _found(
    point: OperatingPoint, into: str, frequency_hz: float, dt: Quantity | None
) -> np.ndarray:
    """What moves by an injection, per unit of it."""
    states, by, dt_s = point.dynamics.states, point.small(into), time_step(point, dt)
    if frequency_hz > 0:
        dt_s = min(dt_s, 1 / (IN_A_CYCLE * frequency_hz))
        return measured(point, into, frequency_hz, by, dt_s, states)
    steps = round(FORGOTTEN * point.slowest_s / dt_s)
    column = point.dynamics.inputs.index(into)
    waveform = np.full(steps, point.inputs[column] + by)
    run = driven(point, {into: waveform}, steps, dt_s, states)
    return (values(run, point.dynamics.neuron.name, states)[:, -1, 0] - point.rest) / by
