"""Traces: a neuron's own variable passed through first-order stages, so that it can be met later.

What a synapse multiplies need not be of the same age. Each stage delays by its time constant (and
smooths); a line of them is a chain of calcium or messenger concentrations, local to the neuron.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from brian2 import Equations, Quantity

from compartments.checks import check_name, check_sequence
from compartments.neuron import Compartment, Neuron
from compartments.strings import new_name


def delay_line(source: str, name: str, taus: Sequence[str]) -> Equations:
    """First-order stages in series: ``name`` is ``source`` behind all of them.

    Parameters
    ----------
    source : str
        The variable that the first stage follows, dimensionless.
    name : str
        The last stage; those before are ``name_1``, ``name_2``, ...
    taus : sequence of str
        Names of the stages' time constants; none gives no equation.
    """
    for given in (source, name, *check_sequence("Delay line", "taus", taus, "names")):
        new_name("Delay line", given)
    stages = [f"{name}_{k}" for k in range(1, len(taus))] + [name]
    lines = []
    for before, after, tau in zip([source, *stages], stages, taus, strict=False):
        lines.append(f"d{after}/dt = ({before} - {after})/{tau} : 1")
    return Equations("\n".join(lines))


def with_trace(
    neuron: Neuron,
    source: str,
    name: str,
    taus: Sequence[str],
    times: Mapping[str, Quantity],
) -> Neuron:
    """The neuron with a further variable ``name``: ``source`` behind a line of stages.

    Parameters
    ----------
    neuron : Neuron
        Is not changed.
    source, name, taus
        As for :func:`delay_line`; at least one stage.
    times : mapping of str to Quantity
        The time constants that ``taus`` names.
    """
    line = Compartment(f"{name} line", delay_line(source, name, taus))
    for tau in taus:
        check_name(f"Trace {name!r}", "time constant", tau, times)
    used = {tau: times[tau] for tau in dict.fromkeys(taus)}
    return _extended(neuron, line, used)


def with_expression(
    neuron: Neuron, name: str, equations: Equations, parameters: Mapping[str, Quantity | float]
) -> Neuron:
    """The neuron with further equations, as a compartment of that name."""
    part = Compartment(name, equations)
    return _extended(neuron, part, parameters)


def _extended(
    neuron: Neuron, part: Compartment, parameters: Mapping[str, Quantity | float]
) -> Neuron:
    parts = (*neuron.compartments, part)
    return replace(neuron, compartments=parts, parameters={**neuron.parameters, **parameters})
