"""Figures that notebooks show, and the colour of a compartment."""

import io
from collections.abc import Mapping
from itertools import cycle

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from experiments.report.figure_style import COLOURS, DPI, FAINT, OTHERS, style

PARTS = {
    "basal": "u",
    "dendrite": "u",
    "stimulus": "u",
    "constant": "u",
    "apical": "a",
    "branch": "a",
    "soma": "x",
    "target": "target",
}
"""What compartments are called, and whose colour they have in ``COLOURS``."""

ERRORS = ("error", "surprise", "delta", "missed", "unexplained")
"""Variables that say what is wrong; they have a colour of their own, whatever their compartment."""


class Drawing(Figure):
    """A figure that needs no display; a notebook shows it."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        with style():
            self.savefig(buffer, format="png", dpi=DPI)
        return buffer.getvalue()


def drawing(width: float, height: float) -> Drawing:
    """An empty figure of that size in inches."""
    with style():
        figure = Drawing(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def one_axes(axes: Axes | None, width: float = 6.0, height: float = 3.6) -> Axes:
    """The axes that are given, or those of a new figure."""
    if axes is not None:
        return axes
    with style():
        return drawing(width, height).subplots()


def part_colour(compartment: str) -> str | None:
    """The colour of a compartment by its name; None if it is none of those that have one."""
    words = compartment.split()
    return COLOURS[PARTS[words[0]]] if words and words[0] in PARTS else None


def colours(parts: Mapping[str, str]) -> dict[str, str]:
    """A colour for each variable, by the compartments that they are in.

    The first variable of a compartment has its colour; the others, which would look alike, have
    colours that no compartment has.

    Parameters
    ----------
    parts : mapping of str to str
        From variables to the names of their compartments.
    """
    found: dict[str, str] = {}
    others = cycle(OTHERS)
    for variable, part in parts.items():
        own = COLOURS["error"] if variable in ERRORS else part_colour(part)
        found[variable] = own if own and own not in found.values() else next(others)
    return found


def box_colour(compartment: str) -> str:
    """The colour in which a compartment is drawn as a box."""
    return part_colour(compartment) or FAINT
