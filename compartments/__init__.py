"""One neuron: what it is made of."""

from compartments.activations import ACTIVATIONS, Activation
from compartments.neuron import Compartment, Neuron
from compartments.plasticity import PlasticityRule, feedback_rule, forward_rule
from compartments.population import pulse, responses
from compartments.pyramidal import constant_neuron, hidden_neuron, input_neuron, output_neuron
from compartments.recording import load_traces, save_traces

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "Compartment",
    "Neuron",
    "PlasticityRule",
    "constant_neuron",
    "feedback_rule",
    "forward_rule",
    "hidden_neuron",
    "input_neuron",
    "load_traces",
    "output_neuron",
    "pulse",
    "responses",
    "save_traces",
]
