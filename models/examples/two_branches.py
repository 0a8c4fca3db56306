"""A neuron with two apical branches that have inputs and time constants of their own.

Each branch sums what arrives on it, one fast, one slowly, and the soma sums the branches (Poirazi,
Brannon & Mel 2003, Neuron 37:989-999; here without the branches' sigmoid). Synapses follow Oja's
rule within their branch, so each branch finds the first principal component of its own inputs (Oja
1982, J. Math. Biol. 15:267-273).
"""

import numpy as np
from brian2 import ms

from compartments import Compartment, Neuron, PlasticityRule, input_neuron
from models import Network, Pathway, Population, WeightBundle

BRANCHED = Neuron(
    "cell",
    (
        Compartment("fast_branch", "dfast/dt = (fast_drive - fast)/tau_fast : 1\nfast_drive : 1"),
        Compartment("slow_branch", "dslow/dt = (slow_drive - slow)/tau_slow : 1\nslow_drive : 1"),
        Compartment("soma", "dx/dt = (fast + slow - x)/tau_x : 1"),
    ),
    {"tau_fast": 5 * ms, "tau_slow": 40 * ms, "tau_x": 10 * ms},
)


def _oja(branch: str) -> PlasticityRule:
    change = f"learning*eta*{branch}_post*(u_pre - w*{branch}_post)"
    return PlasticityRule(f"oja_{branch}", f"dw/dt = {change} : 1", {"eta": 0.05})


def network(seed: int = 0) -> Network:
    """Six inputs on the fast branch, four (the signal ``context``) on the slow one."""
    generator = np.random.default_rng(seed)
    populations = (
        Population("input", 6, input_neuron()),
        Population("context", 4, input_neuron("context"), {"stimulus": "context"}),
        Population("cell", 1, BRANCHED),
    )
    pathways = (
        Pathway("on_fast", "input", "cell", "fast_drive", "u", _oja("fast")),
        Pathway("on_slow", "context", "cell", "slow_drive", "u", _oja("slow")),
    )
    weights = {"on_fast": (1, 6), "on_slow": (1, 4)}
    start = {name: generator.normal(0, 0.3, shape) for name, shape in weights.items()}
    return Network(populations, pathways, WeightBundle(start), readout=("cell", "x"))
