"""Networks whose variables have units: they run, their traces say so; what cannot is refused."""

import numpy as np
import pytest
from brian2 import ms, mV, nA, nS, pF

from compartments import Compartment, Neuron, PlasticityRule, input_neuron
from models import Network, Pathway, Population, Schedule, WeightBundle, simulate
from rate_bridge.ode_engine import simulate as simulate_in_torch

SENDER = "current = scale*stimulus : amp (constant over dt)\nstimulus : 1\nu = stimulus : 1"
MEMBRANE = "dv/dt = (g*(rest - v) + current)/c : volt\ncurrent : amp"


def neuron(name: str, equations: str, **parameters: object) -> Neuron:
    return Neuron(name, (Compartment("soma", equations),), parameters)


def network(sends: str = "current", rule: PlasticityRule | None = None, twice: bool = False):
    sender = neuron("sender", SENDER, scale=0.1 * nA)
    membrane = neuron("membrane", MEMBRANE, g=10 * nS, c=200 * pF, rest=-70 * mV)
    populations = (Population("below", 2, sender), Population("cell", 3, membrane))
    names = ("up", "also")[: 1 + twice]
    pathways = tuple(Pathway(n, "below", "cell", "current", sends, rule) for n in names)
    weights = WeightBundle({n: np.arange(6.0).reshape(3, 2) / (1 + twice) for n in names})
    return Network(populations, pathways, weights)


@pytest.mark.parametrize("twice", [False, True])  # one pathway, or two that share the current
@pytest.mark.parametrize("run", [simulate, simulate_in_torch])
def test_a_network_in_volts(run, twice):
    schedule = Schedule({"stimulus": np.array([[1.0, 0.5]])}, presentation=400 * ms)
    found = run(network(twice=twice), schedule, record=("v", "current")).traces
    assert found.v_cell.attrs["units"] == "V"
    assert found.current_cell.attrs["units"] == "A"
    assert found.current_below.attrs["units"] == "A"
    # rest + I/g with I = 0.1 nA W (1, 1/2); e^-20 is left
    expected = -70e-3 + 10e-3 * np.array([0.5, 3.5, 6.5])
    np.testing.assert_allclose(found.v_cell[-1], expected, rtol=1e-7)


def test_weights_are_plain_numbers():
    message = "Pathway 'up': 'u' of 'below' is in 1, 'current' of 'cell' in A; weights are plain"
    with pytest.raises(ValueError, match=message):
        network(sends="u")


def test_rules_read_plain_numbers():
    rule = PlasticityRule("mine", "dw/dt = learning*v_post*u_pre : 1")
    message = r"'up', rule: reads 'v' of 'cell', which is in V; .* 'v_plain = v/scale : 1'"
    with pytest.raises(ValueError, match=message):
        network(rule=rule)


def test_plain_networks_stay_plain():
    single = Network((Population("below", 2, input_neuron()),), (), WeightBundle({}))
    found = simulate(
        single, Schedule({"stimulus": np.ones((1, 2))}, presentation=5 * ms), record=("u",)
    )
    assert found.traces.u_below.attrs["units"] == "1"
