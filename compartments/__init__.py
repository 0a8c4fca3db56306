"""One neuron: what it is made of."""

from compartments.activations import ACTIVATIONS, Activation
from compartments.inverse_activation import potentials_of
from compartments.neuron import Compartment, Neuron
from compartments.neurons.graded import hidden_neuron, output_neuron
from compartments.neurons.registry import NEURONS
from compartments.neurons.sources import constant_neuron, input_neuron
from compartments.plasticity import PlasticityRule, feedback_rule, forward_rule
from compartments.population import pulse, responses
from compartments.ports import Port, Ports, Sent
from compartments.recording import load_traces, save_traces

__all__ = [
    "ACTIVATIONS",
    "NEURONS",
    "Activation",
    "Compartment",
    "Neuron",
    "PlasticityRule",
    "Port",
    "Ports",
    "Sent",
    "constant_neuron",
    "feedback_rule",
    "forward_rule",
    "hidden_neuron",
    "input_neuron",
    "load_traces",
    "output_neuron",
    "potentials_of",
    "pulse",
    "responses",
    "save_traces",
]
