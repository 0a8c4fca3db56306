"""What synapses may read of a neuron: its variables, but not its constants."""

from collections.abc import Iterable

from compartments.lookup import unknown_name
from compartments.neuron import Neuron


def check_readable(where: str, name: str, neuron: Neuron, wanted: Iterable[str]) -> None:
    """Refuse variables that there are not, or that need a constant of the neuron.

    Raises
    ------
    ValueError
        With the population, and how to mend it.
    """
    for variable in wanted:
        if variable not in neuron.variables:
            reason = unknown_name(f"variable of {name!r}", variable, neuron.variables)
            raise ValueError(f"{where}: {reason}")
        constants = sorted(_constants_needed(neuron, variable))
        if constants:
            raise ValueError(
                f"{where}: {variable!r} of {name!r} is computed with the neuron's constant "
                f"{constants[0]!r}, which its synapses do not know; add the flag "
                "'(constant over dt)' to its equation, so that the neuron computes it."
            )


def check_plain(where: str, name: str, neuron: Neuron, read: Iterable[str]) -> None:
    """Refuse variables with a unit, which rules do not read.

    Raises
    ------
    ValueError
        With the unit, and how to mend it.
    """
    for variable in read:
        if neuron.measured_in(variable) != "1":
            raise ValueError(
                f"{where}: reads {variable!r} of {name!r}, which is in "
                f"{neuron.measured_in(variable)}; rules read plain numbers: give the neuron an "
                f"equation such as '{variable}_plain = {variable}/scale : 1', and read that."
            )


def _constants_needed(neuron: Neuron, variable: str) -> set[str]:
    """The neuron's constants that whoever reads a variable has to know."""
    if variable in neuron.parameters:
        return {variable}
    if variable not in neuron.expressions or variable in neuron.stored:
        return set()
    needs = neuron.equations[variable].identifiers
    return set().union(*(_constants_needed(neuron, name) for name in needs))
