"""Where a synapse is, and what can be known there.

A pathway ends in the compartment that declares its target. Its synapses know what the presynaptic
axon *sends*, the variables of that compartment, and those of the compartments that the neuron's
equations couple to it: directly, one of the two naming a variable of the other. What a rule, or the
effect of an event, reads beyond that is refused unless the pathway declares it; declarations are
counted. An event of the postsynaptic cell is known everywhere in it: a spike travels back.
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
    """What a pathway's synapses read that they cannot know, as it is named there."""
    place = end(pathway, post)
    known = {n for part in (place, *neighbours(post, place)) for n in part.equations.names}
    names = pathway.effect_reads | (pathway.rule.identifiers if pathway.rule else frozenset())
    of_pre = {n for n in names if n.endswith("_pre") and n != f"{pathway.sends}_pre"}
    of_post = {n for n in names if n.endswith("_post") and n.removesuffix("_post") not in known}
    return frozenset(of_pre | of_post)


def complaints(pathway: Pathway, post: Neuron) -> Iterator[str]:
    """Why a pathway's rule and what it declares do not agree."""
    needed, declared = reads_beyond(pathway, post), frozenset(pathway.beyond)
    where = f"Pathway {pathway.name!r}, {'rule' if pathway.rule else 'on_pre'}"
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
