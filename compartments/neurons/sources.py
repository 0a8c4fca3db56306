"""Units that are no neurons: a stimulus, and a constant."""

from brian2 import Equations, Quantity

from compartments import equations as eq
from compartments.domains import Finite, check_value, shown
from compartments.neuron import Compartment, Neuron
from compartments.ports import Port, Ports, Sent

_UP = (Sent("u", "up", {"u": "u"}),)


def input_neuron(name: str = "input") -> Neuron:
    """A unit whose u is the stimulus."""
    ports = Ports((Port("stimulus", "signal"),), _UP, {("stimulus", "u"): ()})
    return Neuron(name, (Compartment("stimulus", eq.INPUT),), ports=ports)


def filtered_input_neuron(tau_0: Quantity, name: str = "input") -> Neuron:
    """A unit whose u follows the stimulus with a time constant (Sacramento et al. 2018)."""
    follows = Equations("du/dt = (stimulus - u)/tau_0 : 1\nstimulus : 1")
    ports = Ports((Port("stimulus", "signal"),), _UP, {("stimulus", "u"): ("tau_0",)})
    return Neuron(name, (Compartment("stimulus", follows),), {"tau_0": tau_0}, ports=ports)


def constant_neuron(name: str = "bias", value: float = 1.0) -> Neuron:
    """A unit whose u is always the same, 1 unless told otherwise; the weights from it are biases.

    Raises
    ------
    ValueError
        For a value that is not finite.
    """
    check_value(f"Neuron {shown(name)}", "value", value, Finite)
    always = Equations(f"u = {value:.17g} : 1 (constant over dt)")
    return Neuron(name, (Compartment("constant", always),), ports=Ports(sends=_UP))
