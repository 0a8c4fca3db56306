"""A three-factor rule: what a cell tried out, what its synapse had to do with it, and a reward.

Each cell explores: a slow noise of its own is added to its drive. A synapse keeps a trace of that
noise times its input, and a reward that is one number for all synapses turns the trace into a
change. On average this climbs the gradient of the reward (Williams 1992, Mach. Learn. 8:229-256;
Fiete & Seung 2006, Phys. Rev. Lett. 97:048104; Fremaux & Gerstner 2016, Front. Neural Circuits
9:85). Give the signal ``reward`` minus its recent mean: the mean only adds noise.
"""

import numpy as np
from brian2 import ms

from compartments import Compartment, Neuron, PlasticityRule, input_neuron
from models import Network, Pathway, Population, WeightBundle

EXPLORING = Neuron(
    "cell",
    (
        Compartment("soma", "dv/dt = (drive + noise - v)/tau : 1\ndrive : 1"),
        Compartment("exploration", "dnoise/dt = -noise/tau_n + sigma*(2/tau_n)**0.5*xi : 1"),
    ),
    {"tau": 10 * ms, "tau_n": 200 * ms, "sigma": 0.3},
)
THREE_FACTORS = PlasticityRule(
    "three_factors",
    "dw/dt = learning*eta*reward*trace : 1\ndtrace/dt = (noise_post*u_pre - trace)/tau_e : 1",
    {"eta": 0.2, "tau_e": 50 * ms},
    signals=("reward",),
)


def network(seed: int = 0) -> Network:
    """Four inputs, two cells, and the signal ``reward``."""
    populations = (Population("input", 4, input_neuron()), Population("cells", 2, EXPLORING))
    pathways = (Pathway("W", "input", "cells", "drive", "u", THREE_FACTORS),)
    weights = {"W": np.random.default_rng(seed).normal(0, 0.1, (2, 4))}
    return Network(populations, pathways, WeightBundle(weights), readout=("cells", "v"))
