"""What references refuse rather than answer wrongly."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import ms

from compartments import Compartment, Neuron, PlasticityRule
from models import Network, Pathway, Population, WeightBundle, dll_network
from rate_bridge.references.algorithm1 import Algorithm1
from rate_bridge.references.fixed_point import NoFixedPointError
from rate_bridge.references.numerical import Numerical
from rate_bridge.references.registry import reference


def recurrent(weight, equation="dw/dt = learning*eta*r_post*r_pre : 1"):
    """One cell that excites itself: v' = (weight tanh v - v)/tau."""
    lines = "dv/dt = (drive - v)/tau : 1\nr = tanh(v) : 1 (constant over dt)\ndrive : 1"
    cell = Neuron("cell", (Compartment("soma", lines),), {"tau": 10 * ms})
    constants = {"eta": 0.1} | ({"tau": 1000 * ms} if "tau" in equation else {})
    rule = PlasticityRule("own", equation, constants)
    path = Pathway("W", "cells", "cells", "drive", "r", rule)
    weights = WeightBundle({"W": np.array([[weight]])})
    return Network((Population("cells", 1, cell),), (path,), weights, ("cells", "v"))


def test_a_rest_that_the_network_leaves_is_no_answer():
    """At weight 2 the rest at 0 is unstable: growth (2 - 1)/tau = 100 per second."""
    unstable = Numerical(recurrent(2.0))
    for answer in (unstable.equilibrium, unstable.outputs, unstable.step):
        with pytest.raises(NoFixedPointError, match="grows at 100 per second"):
            answer({})
    assert Numerical(recurrent(0.5)).outputs({}) == 0
    assert unstable.fixed_point({}).growth_hz == pytest.approx(100)  # who looks may see it


def test_with_a_delay_it_is_not_known_whether_the_network_stays():
    """v' = (w tanh v(t - D) - v)/tau at w = -3 oscillates if D is long enough."""
    network = recurrent(-3.0)
    (path,) = network.pathways
    delayed = replace(network, pathways=(replace(path, delay=30 * ms),))
    assert bool(Numerical(network).fixed_point({}).stable)
    found = Numerical(delayed).fixed_point({})
    assert bool(found.growth_hz.isnan())
    assert not bool(found.stable)


@pytest.mark.parametrize("weight", [1.5, 2.0, 3.0])
def test_of_two_rests_the_one_that_is_reached_is_found(weight):
    """A small push away from the unstable rest at 0: v* = weight tanh v*."""
    lines = "dv/dt = (drive + push - v)/tau : 1\nr = tanh(v) : 1 (constant over dt)\ndrive : 1"
    constants = {"tau": 10 * ms, "push": 1e-9}
    cell = Neuron("cell", (Compartment("soma", lines),), constants)
    network = replace(recurrent(weight), populations=(Population("cells", 1, cell),))
    (found,) = Numerical(network).outputs({})[0]
    assert found > 1e-3
    assert found == pytest.approx(weight * np.tanh(found), abs=1e-8)  # the push


def test_a_rule_whose_step_depends_on_how_long_it_lasts_has_no_discrete_one():
    forgetting = recurrent(0.5, "dw/dt = learning*eta*r_post*r_pre - w/tau : 1")
    with pytest.raises(ValueError, match="weights also change while learning is 0"):
        Numerical(forgetting).step({})


def test_a_flag_of_neurons_is_refused():
    reference_ = Algorithm1(dll_network((4, 3, 3)))
    signals = {"stimulus": np.ones((3, 4)), "target": np.ones((3, 3))}
    for on in (np.array([1.0, 0.0, 1.0]), np.ones((3, 3))):
        with pytest.raises(ValueError, match=r"target_on must have shape \(batch, 1\)"):
            reference_.step({**signals, "target_on": on})
        with pytest.raises(ValueError, match=r"target_on must have shape \(batch, 1\)"):
            reference_.equilibrium({**signals, "target_on": on})


def test_layers_that_do_not_rest_at_algorithm_1_do_not_name_it():
    assert reference(dll_network((4, 3, 2))).title == "Algorithm 1"
    plateaus = dll_network((4, 3, 2), neuron="plateau")
    assert reference(plateaus).title == "the numerical reference"


def cells(*equations):
    """Populations of 2 and 3 cells that read what is shown, without synapses."""
    kinds = [
        Neuron(f"cell{k}", (Compartment("soma", lines),), {"tau": 10 * ms})
        for k, lines in enumerate(equations)
    ]
    populations = tuple(Population(k.name, 2 + n, k) for n, k in enumerate(kinds))
    return Network(populations, (), WeightBundle({}))


@pytest.mark.parametrize("draw", ["rand", "randn"])
def test_a_network_that_draws_numbers_has_no_rest(draw):
    drawing = cells(f"r = {draw}() : 1 (constant over dt)\ndv/dt = (r - v)/tau : 1")
    with pytest.raises(ValueError, match=rf"equation of 'r': it draws {draw}\(\) at every step"):
        Numerical(drawing)


def test_a_signal_that_populations_of_different_sizes_read_is_one_number():
    follow = "dv/dt = (stimulus - v)/tau : 1\nstimulus : 1"
    both = Numerical(cells(follow, follow))
    assert (both.equilibrium({"stimulus": 2.0})["v", "cell1"] == 2).all()
    for width, reader, size in ((2, "cell1", 3), (3, "cell0", 2)):
        with pytest.raises(ValueError, match=rf"'{reader}' reads it: expected \(batch, {size}\)"):
            both.equilibrium({"stimulus": np.ones((1, width))})
