"""What equations read by name, scalar by scalar, and where that is seen from each synapse.

The other side of :mod:`rate_bridge.audit.circuit`: taken from the strings alone, without a
derivative. Both must agree entry by entry.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from brian2.equations.equations import SingleEquation
from brian2.parsing.sympytools import str_to_sympy
from jaxtyping import Bool

from compartments.neuron import Neuron
from compartments.plasticity import PlasticityRule
from models.locality import neighbours
from models.network import Network
from models.pathway import Pathway
from rate_bridge.audit.circuit import GENERIC_STATES, OpenCircuit, nonzeros
from rate_bridge.audit.reads import (
    COUPLED,
    ENDS,
    FAR,
    GLOBAL,
    IN_CELL,
    MOMENT,
    OWN,
    SENT,
    Reads,
    Scalars,
    positions,
)
from rate_bridge.references.vector_field import CLOCK

Index = tuple[int, ...]
Scalar = tuple[str, str, str, Index]
"""Kind, owner, variable and index of one value."""


class Disagreement(NamedTuple):
    """How the derivative and the strings differ: entries that only one of them has."""

    missed: int  # the derivative is not 0, and no equation names it
    false: int  # an equation names it, and the derivative is 0
    agreed: int


def named_reads(circuit: OpenCircuit) -> Bool[np.ndarray, "row column"]:
    """What the strings say that every row reads."""
    where = {
        (block.kind, block.owner, block.variable, index): number
        for number, (block, index) in enumerate(positions(circuit.columns))
    }
    rows = positions(circuit.rows)
    found = np.zeros((len(rows), len(where)), bool)
    for number, (block, index) in enumerate(rows):
        read = _by_cell if block.kind == "cell" else _by_synapse
        for scalar in read(circuit, block, index):
            found[number, where[scalar]] = True
    return found


def _by_cell(circuit: OpenCircuit, block: Scalars, index: Index) -> Iterator[Scalar]:
    """What a variable of one cell reads."""
    net, owner, name = circuit.network, block.owner, block.variable
    neuron = net.population(owner).neuron
    if name in neuron.inputs:
        for pathway in net.pathways_to(owner, name):
            for synapse in np.argwhere(circuit.mask(pathway.name)):
                pre, post = _ends(pathway, tuple(map(int, synapse)))
                if post == index:
                    yield "cell", pathway.pre, pathway.sends, pre
                    yield "synapse", pathway.name, "w", tuple(map(int, synapse))
        return
    identifiers = _surviving(neuron.equations[name])
    for other in identifiers & set(neuron.variables):
        yield "cell", owner, other, index
    yield from (("moment", "", moment, (0,)) for moment in identifiers & set(CLOCK))
    for draw in neuron.draws:
        if draw.name in identifiers if draw.is_white else draw.name == name:
            yield "moment", owner, draw.name, index


def _by_synapse(circuit: OpenCircuit, block: Scalars, index: Index) -> Iterator[Scalar]:
    """What a state of one synapse reads; nothing where there is none."""
    if not circuit.mask(block.owner)[index]:
        return
    pathway = pathway_named(circuit.network, block.owner)
    assert pathway.rule is not None
    pre, post = _ends(pathway, index)
    for name in _identifiers(pathway.rule, block.variable):
        if name in pathway.rule.states:
            yield "synapse", pathway.name, name, index
        elif name in (*pathway.rule.signals, "learning"):
            yield "signal", "", name, (0,)
        elif name in CLOCK:
            yield "moment", "", name, (0,)
        elif name.endswith("_pre"):
            yield "cell", pathway.pre, name.removesuffix("_pre"), pre
        elif name.endswith("_post"):
            yield "cell", pathway.post, name.removesuffix("_post"), post


def _identifiers(rule: PlasticityRule, variable: str) -> set[str]:
    """All names in a synapse's equation; in place of its expressions what they are made of."""
    found: set[str] = set()
    for name in _surviving(rule.equations[variable]):
        inner = name in rule.equations.names and name not in rule.states
        found |= _identifiers(rule, name) if inner else {name}
    return found


def _surviving(line: SingleEquation) -> set[str]:
    """The names in an equation but those that cancel or are multiplied by 0, as in ``1 + 0*z``."""
    return {symbol.name for symbol in str_to_sympy(line.expr.code).free_symbols}


def _ends(pathway: Pathway, index: Index) -> tuple[Index, Index]:
    """The presynaptic and the postsynaptic cell of a synapse (above, below)."""
    above, below = index[:1], index[1:]
    return (below, above) if pathway.upward else (above, below)


def pathway_named(network: Network, name: str) -> Pathway:
    """The pathway of that name."""
    return next(p for p in network.pathways if p.name == name)


def reads(
    circuit: OpenCircuit, states: int = GENERIC_STATES, seed: int = 0
) -> tuple[Reads, Disagreement]:
    """What the network reads by derivative, and how far its strings agree.

    Parameters
    ----------
    circuit : OpenCircuit
        The network.
    states : int
        Generic states at which derivatives are taken.
    seed : int
        For them.
    """
    jacobian = circuit.dependence(states, seed)
    found, named = nonzeros(jacobian), named_reads(circuit)
    differ = Disagreement(
        int((found & ~named).sum()), int((named & ~found).sum()), int((found & named).sum())
    )
    place = np.full(found.shape, FAR)
    columns = positions(circuit.columns)
    known = {p.name: _compartments(p, circuit.network) for p in circuit.network.pathways}
    for number, (block, index) in enumerate(positions(circuit.rows)):
        for across in np.flatnonzero(found[number]):
            place[number, across] = _place(circuit, known, (block, index), columns[across])
    return Reads(circuit.rows, circuit.columns, found, place, jacobian), differ


Compartments = tuple[frozenset[str], frozenset[str]]
"""Variables of the compartment where a pathway ends, and of those that are coupled to it."""


def _compartments(pathway: Pathway, network: Network) -> Compartments:
    post = network.population(pathway.post).neuron
    return _around(post, pathway.target)


def _around(neuron: Neuron, variable: str) -> Compartments:
    place = next(part for part in neuron.compartments if variable in part.equations.names)
    beside = {n for part in neighbours(neuron, place) for n in part.equations.names}
    return frozenset(place.equations.names), frozenset(beside)


def _place(
    circuit: OpenCircuit,
    known: Mapping[str, Compartments],
    row: tuple[Scalars, Index],
    column: tuple[Scalars, Index],
) -> int:
    """Where what is read is, seen from the row."""
    (reader, at), (block, index) = row, column
    if block.kind in ("signal", "moment"):
        return GLOBAL if block.kind == "signal" else MOMENT
    if reader.kind == "synapse":
        return _seen_by_synapse(circuit, known[reader.owner], row, column)
    if block.kind == "synapse":
        pathway = pathway_named(circuit.network, block.owner)
        arrives = pathway.target == reader.variable and pathway.post == reader.owner
        return OWN if arrives and _ends(pathway, index)[1] == at else FAR
    if (block.owner, index) == (reader.owner, at):
        neuron = circuit.network.population(reader.owner).neuron
        ends, coupled = _around(neuron, reader.variable)
        return ENDS if block.variable in ends else COUPLED if block.variable in coupled else IN_CELL
    arriving = circuit.network.pathways_to(reader.owner, reader.variable)
    return SENT if (block.owner, block.variable) in {(p.pre, p.sends) for p in arriving} else FAR


def _seen_by_synapse(
    circuit: OpenCircuit,
    known: Compartments,
    row: tuple[Scalars, Index],
    column: tuple[Scalars, Index],
) -> int:
    (reader, at), (block, index) = row, column
    if block.kind == "synapse":
        return OWN if (block.owner, index) == (reader.owner, at) else FAR
    pathway = pathway_named(circuit.network, reader.owner)
    pre, post = _ends(pathway, at)
    places = []
    if (block.owner, index) == (pathway.pre, pre):
        places.append(SENT if block.variable == pathway.sends else IN_CELL)
    if (block.owner, index) == (pathway.post, post):
        ends, coupled = known
        inside = block.variable in ends
        places.append(ENDS if inside else COUPLED if block.variable in coupled else IN_CELL)
    return min(places, default=FAR)
