"""Units that are no neurons: a stimulus, and a constant."""

from compartments import equations as eq
from compartments.neuron import Compartment, Neuron
from compartments.ports import Port, Ports, Sent

_UP = (Sent("u", "up", {"u": "u"}),)


def input_neuron(name: str = "input") -> Neuron:
    """A unit whose u is the stimulus."""
    ports = Ports((Port("stimulus", "signal"),), _UP, {("stimulus", "u"): ()})
    return Neuron(name, (Compartment("stimulus", eq.INPUT),), ports=ports)


def constant_neuron(name: str = "bias") -> Neuron:
    """A unit whose u is always 1; the weights from it are biases."""
    return Neuron(name, (Compartment("constant", eq.CONSTANT_UNIT),), ports=Ports(sends=_UP))
