"""Where a synapse is, and what can be known there.

A pathway ends in the compartment that declares its target. Its synapses know what the presynaptic
axon *sends*, the variables of that compartment, and those of the compartments that the neuron's
equations couple to it: directly, one of the two naming a variable of the other. What a rule reads
beyond that is refused unless the pathway declares it; declarations are counted.
"""

from collections.abc import Iterator

from compartments.neuron import Compartment, Neuron
from models.pathway import Pathway


def end(pathway: Pathway, post: Neuron) -> Compartment:
    """The compartment that a pathway ends in."""
    return next(part for part in post.compartments if pathway.target in part.equations.names)


def neighbours(neuron: Neuron, compartment: Compartment) -> tuple[Compartment, ...]:
    """The compartments that a neuron's equations couple to one of them."""
    return tuple(
        part
        for part in neuron.compartments
        if part is not compartment and (_names(part, compartment) or _names(compartment, part))
    )


def _names(reader: Compartment, read: Compartment) -> bool:
    """Whether an equation of one compartment names a variable of another."""
    return bool(reader.equations.identifiers & set(read.equations.names))


def reads_beyond(pathway: Pathway, post: Neuron) -> frozenset[str]:
    """What a pathway's rule reads that its synapses cannot know, as the rule names it."""
    if pathway.rule is None:
        return frozenset()
    place = end(pathway, post)
    known = {n for part in (place, *neighbours(post, place)) for n in part.equations.names}
    return frozenset(
        {f"{name}_pre" for name in pathway.rule.reads_pre - {pathway.sends}}
        | {f"{name}_post" for name in pathway.rule.reads_post - known}
    )


def complaints(pathway: Pathway, post: Neuron) -> Iterator[str]:
    """Why a pathway's rule and what it declares do not agree."""
    needed, declared = reads_beyond(pathway, post), frozenset(pathway.beyond)
    where = f"Pathway {pathway.name!r}, rule"
    for name in sorted(needed - declared):
        place = end(pathway, post)
        if name.endswith("_pre"):
            known = f"the axon sends {pathway.sends!r}"
        else:
            others = ", ".join(repr(part.name) for part in neighbours(post, place))
            known = f"the pathway ends in {place.name!r}, coupled to {others or 'no other'}"
        yield (
            f"{where}: {name!r} is not known at the synapse: {known}. Read what is, or declare it: "
            f"Pathway(..., beyond=({name!r},))."
        )
    for name in sorted(declared - needed):
        yield f"{where}: declares {name!r} as beyond its synapse, but does not read it there."
