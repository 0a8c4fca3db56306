"""Descriptions show themselves in a line, and as tables with no markup but the tables'."""

from html.parser import HTMLParser

from brian2 import ms

from compartments import Compartment, Neuron, hidden_neuron
from models import dll_network


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
