"""How networks show themselves: a line of text, and tables for notebooks."""

from typing import TYPE_CHECKING

from compartments.representation import equation_text, html_table

if TYPE_CHECKING:
    from models.network import Network
    from models.pathway import Pathway


def network_text(network: "Network") -> str:
    """A network in a line: its populations with their sizes, and where its pathways lead."""
    populations = ", ".join(f"{p.name} ({p.size})" for p in network.populations)
    pathways = ", ".join(f"{p.name}: {p.pre} -> {p.post}" for p in network.pathways)
    return f"{type(network).__name__} of {populations}; {pathways or 'no pathways'}"


def network_html(network: "Network") -> str:
    """A network as tables: populations, equations of each kind of neuron, pathways, rules."""
    kinds = {p.neuron.name: p.neuron for p in network.populations}
    populations = html_table(
        "Populations",
        ("population", "neurons", "kind"),
        [(p.name, p.size, p.neuron.name) for p in network.populations],
    )
    pathways = html_table(
        "Pathways",
        ("pathway", "from", "to", "weights", "rule"),
        [_pathway_row(network, pathway) for pathway in network.pathways],
    )
    rules = {p.rule.name: p.rule for p in network.pathways if p.rule is not None}
    lines = [
        (name, equation_text(line)) for name, r in rules.items() for line in r.equations.values()
    ]
    lines += [
        (name, f"{key} = {value}")
        for name, r in rules.items()
        for key, value in r.parameters.items()
    ]
    learning = html_table("Plasticity rules", ("rule", "equation"), lines)
    neurons = [kind._repr_html_() for kind in kinds.values()]
    return "".join([populations, *neurons, pathways, learning if lines else ""])


def _pathway_row(network: "Network", pathway: "Pathway") -> tuple[object, ...]:
    above, below = network.weight_shapes[pathway.name]
    rule = "fixed" if pathway.rule is None else pathway.rule.name
    source, end = f"{pathway.pre}.{pathway.sends}", f"{pathway.post}.{pathway.target}"
    return pathway.name, source, end, f"{above} x {below}", rule
