"""Pathways at events: what is refused, and in which order synapses do what they do.

Within a time step, Brian2's order: states have moved and thresholds have been looked at; then what
synapses do at events of the presynaptic side, pathways in the order of their names, an effect on
the target before the rule; then the same at events of the postsynaptic side; resets come last.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from brian2 import DimensionMismatchError
from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS
from brian2.core.variables import Variable
from brian2.equations.unitcheck import check_dimensions

from compartments.events import ADDING, Event
from compartments.lookup import unknown_name
from compartments.neuron import Neuron, known_variables
from compartments.strings import Statement
from models.pathway import Pathway


class Reaction(NamedTuple):
    """What a pathway's synapses do at an event of one side."""

    pathway: Pathway
    is_pre: bool
    event: str
    effects: tuple[Statement, ...]  # on the target
    own: tuple[Statement, ...]  # on the synapse

    @property
    def name(self) -> str:
        """Reactions of one side are carried out in the order of these names."""
        return f"{self.pathway.name}_{self.key}"

    @property
    def key(self) -> str:
        """Its name among those of its pathway."""
        return f"at_{'pre' if self.is_pre else 'post'}_{self.event}"


def reactions(pathway: Pathway, plastic: bool = True) -> Iterator[Reaction]:
    """What the synapses of a pathway do at events; without ``plastic`` only to their target."""
    rule = pathway.rule if plastic else None
    pre: Mapping[str, tuple[Statement, ...]] = rule.at_pre if rule else {}
    sent = (pathway.sends,) if pathway.sends_events else ()
    for event in dict.fromkeys((*sent, *pre)):
        effects = pathway.effects if event in sent else ()
        yield Reaction(pathway, True, event, effects, tuple(pre.get(event, ())))
    for event, statements in (rule.at_post if rule else {}).items():
        yield Reaction(pathway, False, event, (), statements)


def check_events(pathway: Pathway, pre: Neuron, post: Neuron) -> None:
    """Refuse events that there are not, and what synapses cannot do at them.

    Raises
    ------
    ValueError
        With the pathway, what is wrong, and how to mend it.
    """
    where = f"Pathway {pathway.name!r}"
    if not pathway.sends_events and pre.event(pathway.sends) is not None:
        raise ValueError(
            f"{where}: {pathway.sends!r} is an event of {pathway.pre!r}; say what it does to a "
            f"state of {pathway.post!r}: on_pre='{pathway.target}_post += w'."
        )
    for reaction in reactions(pathway):
        neuron, name = (pre, pathway.pre) if reaction.is_pre else (post, pathway.post)
        event = neuron.event(reaction.event)
        if event is None:
            valid = [e.name for e in neuron.events]
            reason = unknown_name(f"event of {name!r}", reaction.event, valid)
            raise ValueError(f"{where}: {reason}")
        if event.is_counted:
            _check_counted(where, pathway, reaction)
        _check_delay(where, pathway, reaction)
        _check_order(where, pathway, reaction)
    if pathway.sends_events:
        _check_effects(where, pathway, post)


def _check_counted(where: str, pathway: Pathway, reaction: Reaction) -> None:
    if reaction.is_pre and float(pathway.delay):
        raise ValueError(
            f"{where}: {reaction.event!r} counts events of several cells; Brian2's queue of spikes "
            "has no counts, so such a pathway cannot have a delay."
        )
    changed = {one.target for one in reaction.own}
    for one in reaction.own:
        if one.operator not in ADDING or one.value.names & changed:
            raise ValueError(
                f"{where}, rule: {str(one)!r}: several cells may have the event {reaction.event!r} "
                "at once, so statements can only add (+=, -=) what they do not change."
            )


def _check_delay(where: str, pathway: Pathway, reaction: Reaction) -> None:
    read = frozenset().union(*(one.value.names for one in reaction.own))
    late = sorted(name for name in read if name.endswith("_pre"))
    if float(pathway.delay) and late:
        raise ValueError(
            f"{where}, rule: reads {late[0]!r} at an event, with a delay; an event carries no "
            "value. Let the synapse keep a trace of the events that arrive."
        )


def _check_order(where: str, pathway: Pathway, reaction: Reaction) -> None:
    jumps = f"{pathway.target}_post"
    for one in reaction.own:
        if reaction.effects and jumps in one.value.names:
            raise ValueError(
                f"{where}, rule: {str(one)!r} reads {jumps!r}, which other synapses change at the "
                "same event; the outcome would depend on their order. Read what follows it."
            )


def _check_effects(where: str, pathway: Pathway, post: Neuron) -> None:
    """Refuse effects on what is no state, and names or units that do not fit."""
    if pathway.target not in post.states:
        reason = unknown_name(f"state of {pathway.post!r}", pathway.target, post.states)
        raise ValueError(f"{where}, on_pre: {reason}")
    rule = pathway.rule
    known = {} if rule is None else known_variables(rule.equations, rule.parameters)
    known = {n: v for n, v in known.items() if n not in ("t", "dt")}
    known |= {**DEFAULT_FUNCTIONS, **DEFAULT_CONSTANTS, "w": Variable("w")}
    for name, line in post.equations.items():
        known[f"{name}_post"] = Variable(f"{name}_post", dimensions=line.dim)
    for one in pathway.effects:
        for name in sorted(one.value.names - set(known)):
            if not name.endswith("_pre"):
                raise ValueError(f"{where}, on_pre: {unknown_name('name', name, known)}")
            raise ValueError(
                f"{where}, on_pre: {str(one)!r} reads {name!r}; an event carries no value."
            )
        try:
            check_dimensions(one.value.text, post.equations[pathway.target].dim, known)
        except (DimensionMismatchError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{where}, on_pre: {str(one)!r}: {error}") from error


def synapse_states_read(pathway: Pathway) -> tuple[str, ...]:
    """The synapse's own states, beside the weight, that the effect of an event reads."""
    states = () if pathway.rule is None else pathway.rule.states
    return tuple(n for n in states if n != "w" and n in pathway.effect_reads)


def counted(neuron: Neuron, event: str) -> Event | None:
    """The event, if it counts several cells."""
    found = neuron.event(event)
    return found if found is not None and found.is_counted else None
