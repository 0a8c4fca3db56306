"""A network as tables for notebooks."""

from collections.abc import Mapping, Sequence

from compartments.representation import equation_text, html_table
from models.pathway import Pathway
from models.population import Population


def tables(
    populations: Sequence[Population],
    pathways: Sequence[Pathway],
    shapes: Mapping[str, tuple[int, int]],
) -> str:
    """Populations, equations of each kind of neuron, pathways with their weights' shapes, rules."""
    header = ("population", "neurons", "kind")
    sizes = html_table(
        "Populations", header, [(p.name, p.size, p.neuron.name) for p in populations]
    )
    kinds = {p.neuron.name: p.neuron for p in populations}
    neurons = [kind._repr_html_() for kind in kinds.values()]
    wiring = html_table(
        "Pathways",
        ("pathway", "from", "to", "weights", "rule"),
        [_pathway_row(pathway, *shapes[pathway.name]) for pathway in pathways],
    )
    rules = {p.rule.name: p.rule for p in pathways if p.rule is not None}
    lines = [
        (name, equation_text(line)) for name, r in rules.items() for line in r.equations.values()
    ]
    lines += [
        (name, f"{key} = {value}")
        for name, r in rules.items()
        for key, value in r.parameters.items()
    ]
    learning = html_table("Plasticity rules", ("rule", "equation"), lines)
    return "".join([sizes, *neurons, wiring, learning if lines else ""])


def _pathway_row(pathway: Pathway, above: int, below: int) -> tuple[object, ...]:
    rule = "fixed" if pathway.rule is None else pathway.rule.name
    source, end = f"{pathway.pre}.{pathway.sends}", f"{pathway.post}.{pathway.target}"
    return pathway.name, source, end, f"{above} x {below}", rule
