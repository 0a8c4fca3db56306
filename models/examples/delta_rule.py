"""A delta rule: the last layer learns what its soma is pulled to, on features that stand still.

Hidden layers are random and fixed. An output neuron's dendrite predicts its soma, which the target
nudges, and its synapses follow the difference (Urbanczik & Senn 2014, Neuron 81:521-528; Widrow &
Hoff 1960). ``tuft compare --model models/examples/delta_rule.py:network`` runs it, and so do
``transfer``, ``law``, ``stream`` and ``remedies``: it takes ``sizes``, ``seed`` and a rate.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from brian2 import ms

from compartments import Compartment, Neuron, PlasticityRule, input_neuron
from models import Network, Pathway, Population, WeightBundle

FIXED = Compartment("soma", "du/dt = (tanh(drive) - u)/tau : 1\ndrive : 1")
HIDDEN = Neuron("hidden", (FIXED,), {"tau": 10 * ms})
PULL = """
dx/dt = (u + nudge*target_on*(target - u) - x)/tau_x : 1
error = x - u : 1
target : 1
target_on : 1
"""
OUTPUT = Neuron(
    "output",
    (Compartment("dendrite", "du/dt = (drive - u)/tau : 1\ndrive : 1"), Compartment("soma", PULL)),
    {"tau": 10 * ms, "tau_x": 5 * ms, "nudge": 0.5},
)


def network(sizes: Sequence[int] = (4, 6, 2), seed: int = 0, eta: float = 0.02) -> Network:
    """Layers of these sizes, of which the last learns at rate ``eta``."""
    generator, last = np.random.default_rng(seed), len(sizes) - 2
    names = ("input", *(f"hidden{i}" for i in range(1, last + 1)), "output")
    neurons = (input_neuron(), *[HIDDEN] * last, OUTPUT)
    delta = PlasticityRule("delta", "dw/dt = learning*eta*error_post*u_pre : 1", {"eta": eta})
    weights, pathways = {}, []
    for i, (below, above) in enumerate(pairwise(names)):
        weights[f"W{i}"] = generator.normal(0, sizes[i] ** -0.5, (sizes[i + 1], sizes[i]))
        rule = delta if i == last else None
        pathways.append(Pathway(f"W{i}", below, above, "drive", "u", rule))
    populations = tuple(map(Population, names, sizes, neurons))
    return Network(populations, tuple(pathways), WeightBundle(weights), readout=("output", "u"))
