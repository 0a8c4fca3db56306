"""How descriptions show themselves: a line of text, and tables for notebooks."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from brian2 import Quantity
from brian2.equations.equations import SingleEquation


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
