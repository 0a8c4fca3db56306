"""Descriptions that both engines are to run alike: all that the package offers, and odd ones."""

import numpy as np
from brian2 import Equations, ms

from compartments.neuron import Compartment, Neuron
from compartments.neurons.sources import input_neuron
from compartments.plasticity import PlasticityRule
from experiments.equivalence.descriptions import OPTIONS
from models.dll import dll_network
from models.network import Network
from models.pathway import Pathway
from models.population import Population
from models.schedule import Schedule
from models.weights import WeightBundle

SMALL = (5, 4, 4, 3)


def schedule_for(net: Network, presentations: int = 4, seed: int = 0, **timing: object) -> Schedule:
    """Random stimuli and targets for a network."""
    rng = np.random.default_rng(seed)
    sizes = {
        name: population.size
        for population in net.populations
        for name in population.given
        if name in ("stimulus", "target")
    }
    times = {"presentation": 60 * ms, "lag": 15 * ms, **timing}
    signals = {name: rng.normal(0, 0.7, (presentations, size)) for name, size in sizes.items()}
    return Schedule(signals, **times)


def option_network(name: str, sizes: tuple[int, ...] = SMALL, **changes: object) -> Network:
    """A DLL network with the options of that name."""
    return dll_network(sizes, seed=3, **{**OPTIONS[name], **changes})


# states that read each other, one of them not linear in itself, and time in an equation
LOOPED = """
dv/dt = (v - v**3/3 - y + drive)/tau : 1
dy/dt = (0.5*z - y)/tau : 1
dz/dt = (v*y - z + 0.1*sin(t/tau))/tau : 1
rate = clip(v, -1, 1)*int(v > y) + exprel(y) : 1
shown = rate + abs(z) : 1 (constant over dt)
drive : 1
"""

RULES = {
    "oja": "dw/dt = learning*eta*(shown_post*u_pre - w*shown_post**2) : 1",
    "not a product": "dw/dt = learning*eta*tanh(w*u_pre)*(shown_post - 0.2*w) : 1",
    "one side": "dw/dt = learning*eta*(shown_post - 0.5*u_pre + 0.1 - w) : 1",
    "difference": "dw/dt = learning*eta*(shown_post - v_post)*(u_pre - w*y_post) : 1",
    "traces": """
        dw/dt = learning*eta*low*v_post : 1
        dlow/dt = (both*v_post - low + 0.2*w)/tau_w : 1
        both = u_pre*y_post : 1
    """,
    "swap": """
        dw/dt = learning*eta*(low - u_pre*v_post) : 1
        dlow/dt = (w - low)/tau_w : 1
    """,
}


def rule_named(name: str, eta: float = 0.3) -> PlasticityRule:
    """One of the rules above."""
    parameters = {"eta": eta, "tau_w": 25 * ms}
    used = {key: value for key, value in parameters.items() if key in RULES[name]}
    return PlasticityRule(name, Equations(RULES[name]), used)


def odd_network(rule: PlasticityRule | None, n_in: int = 4, n: int = 3, seed: int = 0) -> Network:
    """Input to looped neurons, which also send to each other against the usual direction."""
    rng = np.random.default_rng(seed)
    looped = Neuron("looped", (Compartment("soma", Equations(LOOPED)),), {"tau": 20 * ms})
    populations = (
        Population("input", n_in, input_neuron()),
        Population("first", n, looped),
        Population("second", n + 1, looped),
    )
    pathways = (
        Pathway("up", "input", "first", "drive", "u", rule),
        Pathway("on", "first", "second", "drive", "shown"),
        Pathway("back", "second", "first", "drive", "v", upward=False),
    )
    weights = WeightBundle(
        {
            "up": rng.normal(0, 0.5, (n, n_in)),
            "on": rng.normal(0, 0.3, (n + 1, n)),
            "back": rng.normal(0, 0.3, (n + 1, n)),
        }
    )
    return Network(populations, pathways, weights)


def all_variables(net: Network) -> list[str]:
    """Every variable of every population."""
    return sorted({name for p in net.populations for name in p.neuron.variables})
