"""A neuron of which some inputs are shut: nothing can arrive there, and nothing has to."""

from collections.abc import Iterable
from dataclasses import replace

from brian2 import Equations

from compartments.checks import check_name
from compartments.neuron import Compartment, Neuron
from compartments.ports import Ports


def closed(neuron: Neuron, variables: Iterable[str]) -> Neuron:
    """The neuron with these inputs held at 0.

    Parameters
    ----------
    neuron : Neuron
        Is not changed.
    variables : iterable of str
        Input variables without a unit.

    Raises
    ------
    ValueError
        For a name that is no input of it.
    """
    shut = set(variables)
    for name in sorted(shut):
        check_name(f"Neuron {neuron.name!r}", "input", name, neuron.inputs)

    def without(part: Compartment) -> Compartment:
        lines = part.equations.values()
        kept = Equations([line for line in lines if line.varname not in shut])
        zeros = "\n".join(f"{name} = 0 : 1" for name in part.equations if name in shut)
        return replace(part, equations=kept + Equations(zeros))

    ports = neuron.ports
    inputs = tuple(port for port in ports.inputs if port.variable not in shut)
    delays = {pair: stages for pair, stages in ports.delays.items() if pair[0] not in shut}
    parts = tuple(
        without(part) if shut & set(part.equations.names) else part for part in neuron.compartments
    )
    return replace(neuron, compartments=parts, ports=Ports(inputs, ports.sends, delays))
