"""A network as a schematic: populations with their compartments, pathways as arrows."""

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from compartments.checks import check_kind
from experiments.plots.drawing import box_colour, one_axes
from experiments.report.figure_style import INK, label_layer, style
from models.network import Network
from models.population import Population

WIDTH, HEIGHT, APART = 2.2, 0.42, 1.5
"""Of a compartment's box, and between populations, in units of the drawing."""


@dataclass(frozen=True)
class BoxMiddle:
    """Where a compartment's box is: its middle."""

    x: float
    y: float


Places = dict[tuple[str, str], BoxMiddle]
"""By population and variable."""


def plot_circuit(network: Network, axes: Axes | None = None) -> Axes:
    """The populations of a network, from below to above, and every pathway between them.

    An arrow begins at the compartment of what is sent and ends at the one of its target; arrows
    that learn are solid, those that stay are dashed.

    Parameters
    ----------
    network : Network
        Any description.
    axes : matplotlib.axes.Axes, optional
        Where to draw; a new figure unless told otherwise.

    Returns
    -------
    matplotlib.axes.Axes
        Its ``figure`` can be saved.

    Raises
    ------
    TypeError
        For what is no network.
    """
    check_kind("plot_circuit", "network", network, Network, "Network(...), or dll_network(...)")
    columns = _columns(network)
    tallest = max(len(p.neuron.compartments) for p in network.populations)
    axes = one_axes(axes, 1.2 + 1.9 * (1 + max(columns.values())), 1.2 + 0.55 * tallest)
    with style():
        places: Places = {}
        for population in network.populations:
            places |= _draw_population(axes, population, columns[population.name])
        _draw_pathways(axes, network, places, columns)
        axes.set_aspect("equal")
        axes.autoscale_view()
        axes.margins(0.05)
        axes.set_axis_off()
    return axes


def _columns(network: Network) -> dict[str, int]:
    """A column for each population: one further than what reaches it from below."""
    found = {population.name: 0 for population in network.populations}
    for _ in network.populations:
        for pathway in network.pathways:
            if pathway.upward and pathway.pre != pathway.post:
                further = min(found[pathway.pre] + 1, len(found) - 1)
                found[pathway.post] = max(found[pathway.post], further)
    return found


def _draw_population(
    axes: Axes, population: Population, column: int
) -> dict[tuple[str, str], BoxMiddle]:
    """Boxes from basal to apical; returns where each variable is."""
    taken = sum(1 for text in axes.texts if getattr(text, "column", None) == column)
    x, base = column * (WIDTH + APART), 3.2 * taken
    places: Places = {}
    for row, part in enumerate(_upwards(population)):
        y = base + row * 1.25 * HEIGHT
        colour = box_colour(part.name)
        box = FancyBboxPatch(
            (x, y), WIDTH, HEIGHT, "round,pad=0,rounding_size=0.1",
            facecolor=colour, alpha=0.85, edgecolor="none", zorder=2,
        )  # fmt: skip
        axes.add_patch(box)
        axes.text(x + WIDTH / 2, y + HEIGHT / 2, part.name, color="white", ha="center",
                  va="center", fontsize=8, zorder=3)  # fmt: skip
        places |= {(population.name, v): BoxMiddle(x, y + HEIGHT / 2) for v in part.equations}
    words = f"{label_layer(population.name)} ({population.size})"
    title = axes.text(x + WIDTH / 2, base - 0.12, words, ha="center", va="top", fontsize=9)
    title.column = column  # type: ignore[attr-defined]
    return places


def _upwards(population: Population) -> list:
    """Compartments as they stand in a neuron: basal below, apical on top."""
    order = {"basal": 0, "dendrite": 0, "stimulus": 0, "constant": 0, "soma": 1, "target": 3}
    return sorted(population.neuron.compartments, key=lambda p: order.get(p.name.split()[0], 2))


def _draw_pathways(axes: Axes, network: Network, places: Places, columns: dict[str, int]) -> None:
    for number, pathway in enumerate(network.pathways):
        start = places.get((pathway.pre, pathway.sends))
        end = places.get((pathway.post, pathway.target))
        if start is None or end is None:
            continue
        forward = columns[pathway.post] > columns[pathway.pre]
        arrow = FancyArrowPatch(
            (start.x + (WIDTH if forward else 0), start.y),
            (end.x + (0 if forward else WIDTH), end.y),
            arrowstyle="-|>",
            mutation_scale=11,
            connectionstyle=f"arc3,rad={0.12 + 0.05 * (number % 3)}",
            color=INK,
            linewidth=1.2,
            linestyle="-" if pathway.rule is not None else (0, (4, 2)),
            zorder=4,
        )
        axes.add_patch(arrow)
        middle = (start.x + end.x + WIDTH) / 2, (start.y + end.y) / 2
        paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8}
        axes.annotate(pathway.name, middle, ha="center", fontsize=7, zorder=5, bbox=paper)
