"""How descriptions show themselves: a line of text, and tables for notebooks."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from brian2 import Quantity
from brian2.equations.equations import SingleEquation

if TYPE_CHECKING:
    from compartments.neuron import Neuron


def html_table(caption: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """An HTML table; everything in it is escaped."""
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    caption = f"<caption>{escape(caption)}</caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def equation_text(line: SingleEquation) -> str:
    """An equation as it is written in a description."""
    return " ".join(str(line).split())


def constants_text(parameters: Mapping[str, Quantity | float]) -> str:
    """``tau_u = 10 ms, beta = 0.5``."""
    return ", ".join(f"{name} = {value}" for name, value in parameters.items())


def neuron_text(neuron: "Neuron") -> str:
    """A neuron in a line: its compartments with their variables, and its constants."""
    parts = [f"{part.name} ({', '.join(part.equations)})" for part in neuron.compartments]
    constants = constants_text(neuron.parameters)
    return f"Neuron {neuron.name!r}: {', '.join(parts)}" + (f"; {constants}" if constants else "")


def neuron_html(neuron: "Neuron") -> str:
    """A neuron as a table, an equation a row."""
    rows = [
        (part.name, equation_text(line))
        for part in neuron.compartments
        for line in part.equations.values()
    ]
    rows += [("constant", f"{name} = {value}") for name, value in neuron.parameters.items()]
    return html_table(f"Neuron {neuron.name!r}", ("compartment", "equation"), rows)
