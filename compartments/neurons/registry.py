"""All kinds of neurons, by name."""

from compartments.lookup import look_up
from compartments.neurons.adaptive_exponential import adaptive_exponential_neuron
from compartments.neurons.calcium_spike import calcium_spike_neuron
from compartments.neurons.conductance import conductance_neuron, conductance_output_neuron
from compartments.neurons.graded import hidden_neuron, output_neuron
from compartments.neurons.integrate_and_fire import integrate_and_fire_neuron
from compartments.neurons.interneuron import interneuron
from compartments.neurons.kind import NeuronKind
from compartments.neurons.look_ahead import prospective_hidden_neuron, prospective_output_neuron
from compartments.neurons.multiplexing import (
    firing_input,
    multiplexing_neuron,
    multiplexing_output_neuron,
)
from compartments.neurons.plateau import plateau_neuron
from compartments.neurons.two_branch import two_branch_neuron

NEURONS: dict[str, NeuronKind] = {
    "graded": NeuronKind("basal, apical, soma; error x - u", hidden_neuron, "graded output"),
    "graded output": NeuronKind("basal, and a soma that has a target", output_neuron),
    "look-ahead": NeuronKind(
        "graded, sends where it goes; patented", prospective_hidden_neuron, "look-ahead output"
    ),
    "look-ahead output": NeuronKind("its output; patented", prospective_output_neuron),
    "two-branch": NeuronKind("graded, a lateral apical branch", two_branch_neuron, "graded output"),
    "plateau": NeuronKind(
        "graded, apical NMDA plateaus", plateau_neuron, "graded output", linear_apical=False
    ),
    "conductance": NeuronKind(
        "compartments coupled by conductances", conductance_neuron, "conductance output"
    ),
    "conductance output": NeuronKind("its output", conductance_output_neuron),
    "integrate-and-fire": NeuronKind(
        "leaky; a threshold, or escape noise", integrate_and_fire_neuron
    ),
    "adaptive exponential": NeuronKind(
        "an exponential spike, and adaptation", adaptive_exponential_neuron, only_f="linear"
    ),
    "calcium spike": NeuronKind("bursts where basal and apical meet", calcium_spike_neuron),
    "multiplexing": NeuronKind(
        "fires; bursts carry the error",
        multiplexing_neuron,
        "multiplexing output",
        only_f="logistic",
        below=firing_input,
    ),
    "multiplexing output": NeuronKind(
        "its output", multiplexing_output_neuron, only_f="logistic", below=firing_input
    ),
    "interneuron": NeuronKind("lateral, taught from above", interneuron),
}
"""Kinds of neurons, a line each."""


def neuron_kind(name: str) -> NeuronKind:
    """The kind of that name.

    Raises
    ------
    ValueError
        For an unknown name; lists the valid ones and the nearest.
    """
    return look_up("neuron", name, NEURONS)
