"""Figures for scripts and notebooks: of runs, networks, weights and the toolbox."""

import numpy as np
import pytest
from brian2 import ms
from matplotlib.colors import to_hex

from compartments import NEURONS, hidden_neuron, pulse, responses, toolbox
from compartments.neurons.registry import neuron_kind
from experiments.plots import plot_circuit, plot_tool, plot_traces, plot_weights
from experiments.plots.drawing import PARTS, colours
from experiments.plots.tools import TOOL_DRAWINGS
from experiments.report.figure_style import COLOURS, OTHERS
from models import dll_network

TIMES = {"tau_u": 10 * ms, "tau_a": 8 * ms, "tau_x": 5 * ms, "tau_d": 2 * ms}


def cell():
    return hidden_neuron("cell", "tanh", tau_u=10 * ms, tau_a=10 * ms, tau_x=5 * ms)


def test_each_compartment_has_its_colour_and_label():
    run = responses(cell(), 20 * ms, n=3, drive=pulse([0, 1, 2], 1 * ms, 5 * ms))
    figure = plot_traces(run, neurons=2)
    left, right = figure.axes
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "cell, neuron 1",
        "cell, neuron 2",
    ]
    found = {line.get_label(): to_hex(line.get_color()) for line in right.get_lines()}
    expected = {"basal u": "u", "apical a": "a", "soma x": "x"}
    assert found == {label: COLOURS[name] for label, name in expected.items()}
    assert left.get_ylabel() == "activity"
    assert figure._repr_png_().startswith(b"\x89PNG")  # which a notebook shows


@pytest.mark.parametrize("name", NEURONS)
def test_a_colour_is_that_of_the_compartment_whatever_the_variable_is_called(name):
    kind = neuron_kind(name)
    neuron = kind.built("cell", kind.only_f or "tanh", TIMES)
    parts = {v: part.name for part in neuron.compartments for v in part.equations}
    found = colours(parts)
    for variable, colour in found.items():
        if colour in COLOURS.values() and colour != COLOURS["error"]:
            assert colour == COLOURS[PARTS[parts[variable].split()[0]]]
    assert not set(OTHERS) & set(COLOURS.values())
    # the soma of a conductance neuron is called u, and is no basal dendrite
    if name == "conductance":
        assert found["u"] == COLOURS["x"]
        assert found["v_B"] == COLOURS["u"]


def test_a_circuit_has_a_box_for_each_compartment_and_an_arrow_for_each_pathway():
    network = dll_network((4, 3, 2))
    axes = plot_circuit(network)
    boxes = sum(len(p.neuron.compartments) for p in network.populations)
    assert len(axes.patches) == boxes + len(network.pathways)
    words = {text.get_text() for text in axes.texts}
    assert {"basal", "apical", "soma", "W0", "theta1", "hidden 1 (3)"} <= words


def test_weights_are_drawn_around_zero():
    figure = plot_weights(dll_network((4, 3, 2)))
    images = [image for axes in figure.axes for image in axes.get_images()]
    assert [axes.get_title(loc="left") for axes in figure.axes][:3] == ["W0", "W1", "theta1"]
    for image in images:
        low, high = image.get_clim()
        assert low == -high


def test_every_tool_is_drawn():
    assert set(TOOL_DRAWINGS) == set(toolbox.__all__)
    known = cell()
    results = [
        toolbox.linearize(known),
        toolbox.step_response(known, "drive", dt=0.1 * ms),
        toolbox.frequency_response(known, "drive", [3, 30], dt=0.1 * ms),
        toolbox.attenuation(known, dt=0.1 * ms),
        toolbox.fi_curve(known, "drive", [0, 1], dt=0.1 * ms),
        toolbox.coincidence(known, [-5, 0, 5], dt=0.1 * ms),
        toolbox.phase_plane(known),
    ]
    assert {result.attrs["tool"] for result in results} == set(TOOL_DRAWINGS)
    for result in results:
        axes = plot_tool(result)
        assert axes.get_xlabel()
        assert axes.get_ylabel()
        axes.figure.draw_without_rendering()


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: plot_traces(None), "run must be"),
        (lambda: plot_traces(responses(cell(), 1 * ms), variables=["y"]), "Unknown variable 'y'"),
        (lambda: plot_traces(responses(cell(), 1 * ms, record=())), "nothing was recorded"),
        (lambda: plot_circuit(cell()), "network must be a Network"),
        (lambda: plot_weights({}), "no weights to draw"),
        (lambda: plot_weights(np.eye(2)), "weights must be"),
        (lambda: plot_tool(responses(cell(), 1 * ms)), "Unknown tool"),
    ],
)
def test_refused(use, message):
    with pytest.raises((TypeError, ValueError), match=message):
        use()
