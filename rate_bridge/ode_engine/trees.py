"""Equations and statements as sympy trees, constants put in."""

from collections.abc import Mapping, Sequence

import sympy

from compartments.neuron import Neuron
from compartments.noise import with_numbers
from rate_bridge.ode_engine.expressions import parsed
from rate_bridge.ode_engine.noise import number_of


def tree_of(code: str, name: str, replacements: Mapping[str, sympy.Expr], where: str) -> sympy.Expr:
    """An expression as a tree in which names with a replacement are replaced."""
    tree = parsed(code, f"{where}, equation of {name!r}")
    known = {s: replacements[s.name] for s in tree.free_symbols if s.name in replacements}
    return tree.xreplace(known)


def definitions(
    neuron: Neuron, names: Sequence[str], replacements: dict[str, sympy.Expr], where: str
) -> dict[str, sympy.Expr]:
    """Parsed expressions of a neuron; those that are a number or another name replace their own."""
    found = {}
    for name in names:
        code = with_numbers(neuron.equations[name], {name: number_of(name)})
        tree = tree_of(code, name, replacements, where)
        found[name] = tree
        if tree.is_Symbol or tree.is_number:
            replacements[name] = tree
    return found
