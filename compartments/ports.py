"""What a neuron shows to a network: its ports, what it sends, and the stages in between.

Whoever builds a network of a kind of neurons needs no more: a pathway goes from a variable that is
sent in its direction to a port that takes what comes from there, a rule reads the factors that
stand at both ends, and how late something is follows from the stages (:mod:`models.delays`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from compartments.checks import check_kind, check_name
from compartments.domains import check_fields
from compartments.strings import expression

Origin = Literal["below", "above", "lateral", "signal"]
Direction = Literal["up", "down", "lateral"]


@dataclass(frozen=True)
class Port:
    """An input variable, and what a rule at the synapses there reads of this neuron.

    Parameters
    ----------
    variable : str
        The input variable.
    origin : {"below", "above", "lateral", "signal"}
        Where what arrives comes from: neurons there, or the schedule.
    factors : mapping of str to str
        This neuron's variables by what rules call them: ``{"delta": "delta"}``.
    remote : tuple of str
        Those factors, by their name in rules, that are not known at the port's compartment.
    """

    variable: str
    origin: Origin
    factors: Mapping[str, str] = field(default_factory=dict)
    remote: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_fields(self, "Port")
        object.__setattr__(self, "factors", MappingProxyType(dict(self.factors)))

    def __reduce__(self) -> tuple[type, tuple]:
        return type(self), (self.variable, self.origin, dict(self.factors), self.remote)


@dataclass(frozen=True)
class Sent:
    """A variable that the axon carries, and what a rule on its far side reads of this neuron.

    Parameters
    ----------
    variable : str
        What is sent.
    to : {"up", "down", "lateral"}
        Where.
    factors : mapping of str to str
        This neuron's variables by what rules call them: ``{"u": "u"}``. One that is not the
        variable that is sent has to be kept for all synapses of the axon.
    """

    variable: str
    to: Direction
    factors: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_fields(self, "Sent")
        object.__setattr__(self, "factors", MappingProxyType(dict(self.factors)))

    def __reduce__(self) -> tuple[type, tuple]:
        return type(self), (self.variable, self.to, dict(self.factors))


@dataclass(frozen=True)
class Ports:
    """All ports of a neuron, all that it sends, and its delays.

    Parameters
    ----------
    inputs : tuple of Port
        What arrives.
    sends : tuple of Sent
        What leaves.
    delays : mapping of (str, str) to tuple of str
        The first-order stages by which a variable follows an input, in their order: names of the
        neuron's time constants, or expressions in its constants such as ``"tau_x/(1 + beta)"``; no
        stage where it follows at once. What is not declared follows by no such chain, or only in
        passing, as x - u of a soma that lags.
    """

    inputs: tuple[Port, ...] = ()
    sends: tuple[Sent, ...] = ()
    delays: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_fields(self, "Ports")
        object.__setattr__(self, "delays", MappingProxyType(dict(self.delays)))

    def __reduce__(self) -> tuple[type, tuple]:
        return type(self), (self.inputs, self.sends, dict(self.delays))

    def port(self, origin: Origin, factor: str) -> Port | None:
        """The port for what comes from there at which that factor stands, if there is one."""
        found = (p for p in self.inputs if p.origin == origin and factor in p.factors)
        return next(found, None)

    def sent(self, to: Direction, factor: str) -> Sent | None:
        """What is sent there and has that factor, if anything is."""
        return next((s for s in self.sends if s.to == to and factor in s.factors), None)


def check_ports(
    where: str,
    ports: Ports,
    inputs: Iterable[str],
    variables: Iterable[str],
    constants: Iterable[str],
) -> None:
    """Refuse ports and delays that name what the neuron does not have.

    Raises
    ------
    ValueError
        With the name, and the valid ones.
    """
    check_kind(where, "ports", ports, Ports, "Ports(inputs, sends, delays)")
    inputs, variables, constants = tuple(inputs), tuple(variables), tuple(constants)
    for port in ports.inputs:
        check_name(f"{where}, ports", "input", port.variable, inputs)
        for name in port.factors.values():
            check_name(f"{where}, port {port.variable!r}", "variable", name, variables)
        for name in port.remote:
            check_name(f"{where}, port {port.variable!r}", "factor", name, port.factors)
    for sent in ports.sends:
        for name in (sent.variable, *sent.factors.values()):
            check_name(f"{where}, sends", "variable", name, variables)
    for (arriving, following), stages in ports.delays.items():
        check_name(f"{where}, delays", "input", arriving, inputs)
        check_name(f"{where}, delays", "variable", following, variables)
        for stage in stages:
            for name in sorted(expression(f"{where}, delays", stage).names):
                check_name(f"{where}, delays", "constant", name, constants)
