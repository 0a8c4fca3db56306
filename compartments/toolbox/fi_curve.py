"""What a neuron says for how much it is given: its rest for each strength of an input."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from brian2 import Quantity, get_dimensions
from brian2.units.fundamentalunits import DIMENSIONLESS, get_unit_for_display

from compartments.checks import check_name, finite_array
from compartments.neuron import Neuron
from compartments.toolbox.dynamics import Dynamics
from compartments.toolbox.labelled import deviation, labelled, wanted
from compartments.toolbox.operating_point import Inputs, OperatingPoint
from compartments.toolbox.simulated import FORGOTTEN, driven, time_step, values


def fi_curve(
    neuron: Neuron,
    into: str,
    strengths: Sequence[float] | np.ndarray,
    *,
    at: Inputs | None = None,
    dt: Quantity | None = None,
    record: Sequence[str] | None = None,
) -> xr.Dataset:
    """Variables at the end of a long step, by the strength of an input.

    Every strength has a neuron of its own, which starts at the rest for the inputs before.

    Parameters
    ----------
    neuron : Neuron
        Without time and noise in its equations.
    into : str
        The input.
    strengths : sequence of float or Quantity, (strength,)
        Its values, in its unit.
    at : mapping of str to float or Quantity
        The other inputs; those not named are 0, and ``target_on`` is 1.
    dt : Quantity, optional
        Time step; by default a 200th of the shortest time constant.
    record : sequence of str, optional
        Variables; what its axon sends unless told otherwise.

    Returns
    -------
    xarray.Dataset
        ``value`` and ``theory``, the fixed point that is found from the same start (NaN where there
        is none that lasts), (variable, strength). The attribute ``deviation`` is the largest
        distance from it, relative to the variable's largest value.

    Raises
    ------
    ValueError
        For a neuron without rest; values outside their domains.
    """
    known = Dynamics("fi_curve", neuron)
    point = OperatingPoint.of(known, at)
    point.check_stable()
    check_name(known.where, "input", into, known.inputs)
    chosen = _strengths(known, into, strengths)
    sent = tuple(dict.fromkeys(one.variable for one in neuron.ports.sends))
    names = wanted(known, record or sent or None)
    places = [known.variables.index(name) for name in names]
    column = known.inputs.index(into)
    ends = np.array([_rest(point, column, strength) for strength in chosen])
    dt_s = time_step(point, dt)
    steps = round(4 * FORGOTTEN * point.slowest_s / dt_s)
    waveform = np.broadcast_to(chosen, (steps, len(chosen)))
    run = driven(point, {into: waveform}, steps, dt_s, names, len(chosen))
    value = values(run, neuron.name, names)[:, -1]
    theory = ends.T[places]
    lasting = np.isfinite(theory).all(0)
    return labelled(
        "fi_curve",
        point,
        {
            "value": (("variable", "strength"), value, "of the variable"),
            "theory": (("variable", "strength"), theory, "of the variable"),
        },
        {"variable": (names, ""), "strength": (chosen, neuron.measured_in(into))},
        into=into,
        deviation=deviation(value[:, lasting], theory[:, lasting]),
    )


def _strengths(known: Dynamics, into: str, given: Sequence[float] | np.ndarray) -> np.ndarray:
    declared = known.neuron.equations[into].dim
    try:
        found = get_dimensions(given)
    except TypeError:
        found = DIMENSIONLESS
    if found is not declared:
        raise ValueError(
            f"{known.where}: strengths of {into!r} are in {get_unit_for_display(declared)}, got "
            f"{get_unit_for_display(found)}."
        )
    plain = np.asarray(given) if isinstance(given, Quantity) else given
    chosen = finite_array(known.where, "strengths", plain, ("strength",))
    if not len(chosen):
        raise ValueError(f"{known.where}: strengths must be one or more values of {into!r}.")
    return chosen


def _rest(point: OperatingPoint, column: int, strength: float) -> np.ndarray:
    """Every variable at the rest for a strength; NaN where there is none that lasts."""
    inputs = point.inputs.copy()
    inputs[column] = strength
    try:
        states = point.dynamics.rest(inputs, point.rest)
    except ValueError:
        return np.full(len(point.dynamics.variables), np.nan)
    there = OperatingPoint(point.dynamics, inputs)
    if there.growth(states) >= 0:
        return np.full(len(point.dynamics.variables), np.nan)
    return point.dynamics.values(states, inputs)
