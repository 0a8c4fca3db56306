"""What a rule may read: what is sent, and what is coupled to where the pathway ends."""

import numpy as np
import pytest
from brian2 import ms

from compartments import PlasticityRule, hidden_neuron, input_neuron
from models import Eligibility, Network, Pathway, Population, WeightBundle, dll_network

TIMES = {"tau_u": 10 * ms, "tau_a": 10 * ms, "tau_x": 5 * ms}


def network(term, beyond=(), target="drive"):
    """Hidden neurons that send u to others of their kind; a rule on the way up."""
    cell = hidden_neuron("cell", "tanh", **TIMES)
    populations = (
        Population("input", 2, input_neuron()),
        Population("first", 2, cell),
        Population("second", 2, cell),
    )
    rule = PlasticityRule("mine", f"dw/dt = learning*{term} : 1")
    other = "feedback" if target == "drive" else "drive"
    paths = (
        Pathway("W", "first", "second", target, "u", rule, beyond=beyond),
        Pathway("rest", "input", "second", other, "u"),
        Pathway("up", "input", "first", "drive", "u"),
        Pathway("down", "second", "first", "feedback", "delta", upward=False),
    )
    weights = WeightBundle({path.name: np.ones((2, 2)) for path in paths})
    return Network(populations, paths, weights)


@pytest.mark.parametrize("term", ["delta_post*u_pre", "u_post*u_pre", "x_post*(u_pre - w)"])
def test_what_is_sent_and_what_is_coupled_is_local(term):
    assert network(term).declared_nonlocal == {}


@pytest.mark.parametrize(
    ("term", "target", "message"),
    [
        ("delta_post*a_pre", "drive", "'a_pre' is not known at the synapse: the axon sends 'u'"),
        ("delta_post*feedback_pre", "drive", "'feedback_pre' is not known at the synapse"),
        ("a_post*u_pre", "drive", "'a_post' .* the pathway ends in 'basal', coupled to 'soma'"),
        ("u_post*u_pre", "feedback", "'u_post' .* ends in 'apical', coupled to 'soma'"),
    ],
)
def test_what_is_not_must_be_declared(term, target, message):
    with pytest.raises(ValueError, match=f"Pathway 'W', rule: {message}"):
        network(term, target=target)
    (name,) = (n for n in ("a_pre", "feedback_pre", "a_post", "u_post") if f"'{n}'" in message)
    declared = network(term, beyond=(name,), target=target)
    assert declared.declared_nonlocal == {"W": (name,)}


def test_declarations_are_exact():
    with pytest.raises(ValueError, match="declares 'a_post' as beyond its synapse, but does not"):
        network("delta_post*u_pre", beyond=("a_post",))


def test_what_dll_needs_is_counted():
    paper = dll_network((3, 4, 4, 2))
    assert paper.declared_nonlocal == {}
    assert paper.global_signals == ("learning",)
    assert paper.transmitted["hidden2"] == ("u", "delta")  # two signals on one axon
    kp = dll_network((3, 4, 2), theta_rule="kp")
    assert kp.declared_nonlocal == {"theta1": ("u_post",)}
    waiting = dll_network((3, 4, 2), eligibility=Eligibility())
    assert waiting.declared_nonlocal == {
        "W0": ("u_trace_pre",),
        "W1": ("u_trace_pre",),
        "theta1": ("delta_trace_pre",),
    }
