"""Descriptions show themselves in a line, and as tables with no markup but the tables'."""

from html.parser import HTMLParser

import numpy as np
import pytest
from brian2 import ms, nA

from compartments import Compartment, Neuron, PlasticityRule, hidden_neuron, input_neuron
from models import Pathway, Population, Schedule, dll_network, simulate
from rate_bridge.ode_engine import simulate_copies


class Cells(HTMLParser):
    """The texts of a table's cells; fails at tags that are not a table's."""

    def __init__(self, text):
        super().__init__()
        self.found, self.open = [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert tag in ("table", "caption", "thead", "tbody", "tr", "th", "td")
        assert attrs == []
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.found.append(data)


def test_a_neuron_in_a_line_and_as_a_table():
    cell = hidden_neuron("cell", "tanh", tau_u=10 * ms, tau_a=10 * ms, tau_x=5 * ms)
    assert repr(cell).startswith("Neuron 'cell': basal (")
    assert "tau_x = 5. ms" in repr(cell)
    cells = Cells(cell._repr_html_()).found
    assert "da/dt = (feedback - a)/tau_a : 1" in cells
    assert "tau_u = 10. ms" in cells


def test_a_network_in_a_line_and_as_tables():
    network = dll_network((4, 3, 2))
    assert repr(network) == (
        "DLLNetwork of input (4), hidden1 (3), output (2); W0: input -> hidden1, "
        "W1: hidden1 -> output, theta1: output -> hidden1"
    )
    cells = Cells(network._repr_html_()).found
    for text in ("input.u", "hidden1.drive", "3 x 4", "output.delta", "hidden1.feedback"):
        assert text in cells


def test_signs_of_markup_are_text():
    cell = Neuron("cell", (Compartment("<b>soma", "dv/dt = -v*int(v > 1)/tau : 1"),), {"tau": ms})
    assert "<b>soma" in Cells(cell._repr_html_()).found


NETWORK = dll_network((4, 3, 2))
RULE = PlasticityRule("odd", "dw/dt = learning*eta*u_pre*int(u_pre < 1) : 1", {"eta": 0.5})
SHOWN = {
    "stimulus": np.ones((2, 4)),
    "target": lambda t: t / ms,
    "current": [np.ones((5, 1)) * nA] * 2,
}
PLAN = Schedule(SHOWN, presentation=5 * ms, shown={"stimulus": np.array([True, False])})
LINES = {
    "a population": (
        Population("cells", 3, input_neuron(), {"stimulus": "light"}),
        "Population 'cells': 3 of 'input'; stimulus <- light",
        ("Population 'cells': 3 neurons", "stimulus", "light"),
    ),
    "a plain pathway": (
        NETWORK.pathways[2],
        "Pathway 'theta1': output.delta -> hidden1.feedback; rule 'theta minus', downward",
        ("output.delta", "hidden1.feedback", "eta = 0.001"),
    ),
    "a pathway with everything": (
        Pathway(
            *("W", "a", "b", "drive", "u"),
            rule=RULE,
            mask=np.array([[True, False]]),
            bounds=(0, None),
            delay=3 * ms,
        ),
        "Pathway 'W': a.u -> b.drive; rule 'odd', synapses 1 of 2, bounds (0.0, None), delay 3. ms",
        ("1 of 2", "dw/dt = learning*eta*u_pre*int(u_pre < 1) : 1"),
    ),
    "a fixed pathway": (
        Pathway("W", "a", "b", "drive", "u"),
        "Pathway 'W': a.u -> b.drive; fixed",
        (),
    ),
    "a schedule": (
        PLAN,
        "Schedule of 2 presentations, 10. ms: stimulus (2, 4), target (function), "
        "current (2 waveforms)",
        ("presentation", "5. ms", "(function)", "A", "1"),
    ),
    "no signals": (Schedule(), "Schedule of 1 presentation, 0.4 s: no signals", ("0.4 s",)),
    "weights": (
        NETWORK.weights,
        f"WeightBundle(W0 (3, 4), W1 (2, 3), theta1 (2, 3); {NETWORK.weights.hash[:12]})",
        ("W0", "3 x 4", f"{NETWORK.weights['W0'].max():.3g}"),
    ),
}


@pytest.mark.parametrize(("described", "line", "cells"), LINES.values(), ids=LINES)
def test_a_line_and_tables(described, line, cells):
    assert repr(described) == line
    assert set(cells) <= set(Cells(described._repr_html_()).found)


def test_results_in_a_line_and_as_tables():
    schedule = Schedule({"stimulus": np.ones((2, 4))}, presentation=5 * ms)
    run = simulate(NETWORK, schedule, record=("u",), weights_at=[0 * ms, 5 * ms])
    assert repr(run).partition(" s: ")[2] == (
        f"u_input, u_hidden1, u_output at 10 times; {run.weights!r}; weights at 2 times"
    )
    cells = Cells(run._repr_html_()).found
    assert {"time x unit", "u_hidden1", "10 x 3", "W0", "build"} <= set(cells)
    assert "nothing recorded" in repr(simulate(NETWORK, schedule))
    copies = simulate_copies([NETWORK] * 2, schedule)
    assert repr(copies).startswith("2 copies, the first: Run in ")
    assert repr(run.end) == (
        "State of neurons hidden1.u, hidden1.a, hidden1.x, output.u; synapses W0.w, W1.w, theta1.w"
    )
    assert repr(schedule.signals["stimulus"]) == "Signal 'stimulus': (2, 4)"


def test_variables_stand_in_the_order_of_their_equations():
    assert repr(input_neuron()) == "Neuron 'input': stimulus (u, stimulus)"
