"""Masks, bounds and delays: what they mean, in both engines, and what is refused."""

import numpy as np
import pytest
from brian2 import ms

from compartments import Compartment, Neuron, PlasticityRule
from models import (
    Network,
    Pathway,
    Population,
    Schedule,
    WeightBundle,
    no_autapses,
    one_to_one,
    random_mask,
    simulate,
)
from rate_bridge import ode_engine
from rate_bridge.ode_engine.engine import OdeEngine

ENGINES = {"brian2": simulate, "torch": ode_engine.simulate}
each_engine = pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)

SENDER = Neuron(
    "sender", (Compartment("axon", "u = stimulus : 1 (constant over dt)\nstimulus : 1"),)
)
LISTENER = Neuron("listener", (Compartment("soma", "v = drive : 1 (constant over dt)\ndrive : 1"),))
RULE = PlasticityRule("hebb", "dw/dt = learning*v_post*u_pre : 1")
RAMP = Schedule({"stimulus": np.arange(1.0, 13).reshape(1, 12, 1)}, presentation=12 * ms)


def wired(weights, rule=None, **wiring):
    above, below = np.shape(weights)
    populations = (Population("below", below, SENDER), Population("above", above, LISTENER))
    path = Pathway("W", "below", "above", "drive", "u", rule, **wiring)
    return Network(populations, (path,), WeightBundle({"W": np.array(weights)}))


@each_engine
@pytest.mark.parametrize("steps", [1, 3])
def test_what_is_sent_arrives_after_whole_steps(engine, steps):
    run = engine(wired([[2.0]], delay=steps * ms), RAMP, record=("v",))
    expected = np.concatenate([np.zeros(steps), 2 * np.arange(1.0, 13 - steps)])
    np.testing.assert_array_equal(run.traces.v_above[:, 0], expected)


@each_engine
def test_a_rule_reads_what_arrives(engine):
    rule = PlasticityRule("counted", "dw/dt = learning*12*u_pre : 1")
    run = engine(wired([[0.0]], rule, delay=3 * ms), RAMP)
    # the sum of 1..9 in steps of 1 ms, at a rate of 12 in a presentation of 12 ms
    np.testing.assert_allclose(run.weights["W"], [[45.0]], rtol=1e-14)


@each_engine
def test_a_delay_breaks_a_loop_within_a_step(engine):
    path = Pathway("W", "cells", "cells", "drive", "v", delay=1 * ms)
    part = Compartment(
        "soma", "v = drive + stimulus : 1 (constant over dt)\ndrive : 1\nstimulus : 1"
    )
    cells = Population("cells", 1, Neuron("cell", (part,)))
    network = Network((cells,), (path,), WeightBundle({"W": np.array([[0.5]])}))
    run = engine(network, Schedule({"stimulus": [[1.0]]}, presentation=9 * ms), record=("v",))
    np.testing.assert_allclose(run.traces.v_cells[:, 0], 2 - 0.5 ** np.arange(9.0), rtol=1e-15)


@each_engine
def test_absent_synapses_stay_absent_and_weights_within_bounds(engine):
    mask = np.array([[True, False, True], [False, True, True]])
    weights = np.where(mask, 0.5, 0.0)
    network = wired(weights, RULE, mask=mask, bounds=(None, 0.6))
    moments = np.arange(12) * ms
    run = engine(network, RAMP, weights_at=moments)
    history = run.weight_history.W.values
    assert not history[:, ~mask].any()
    assert not run.weights["W"][~mask].any()
    assert history.max() == 0.6  # put back to the bound, not beyond it
    assert (run.weights["W"][mask] == 0.6).all()


def test_a_batch_and_copies_share_delays_and_masks():
    network = wired(np.eye(2), RULE, mask=one_to_one(2), bounds=(-2, 2), delay=2 * ms)
    inputs = np.random.default_rng(0).normal(size=(4, 2))
    schedule = Schedule({"stimulus": inputs}, presentation=5 * ms)
    single = ode_engine.simulate(network, schedule, batch=2, record=("v",))
    copies = ode_engine.simulate_copies([network] * 2, schedule, batch=2, record=("v",))
    np.testing.assert_allclose(copies.traces.v_above[:, 1], single.traces.v_above, atol=1e-15)
    np.testing.assert_allclose(copies.weights[1]["W"], single.weights["W"], atol=1e-15)
    engine = OdeEngine(network)
    engine.present({"stimulus": engine.buffers.zeros(1, 2) + 1})
    engine.rest()
    assert not any(line.ring.any() for line in engine._compiler.delays.lines.values())


def test_masks():
    np.testing.assert_array_equal(one_to_one(2), [[True, False], [False, True]])
    np.testing.assert_array_equal(no_autapses(2), [[False, True], [True, False]])
    first, same, other = (random_mask((40, 50), 0.3, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert (first != other).any()
    # 2000 synapses: within 4 standard deviations, sqrt(0.3 0.7/2000) = 0.0102
    assert abs(first.mean() - 0.3) < 0.041
    with pytest.raises(ValueError, match="probability must be at most 1, got"):
        random_mask((2, 2), 1.5, 0)


@pytest.mark.usefixtures("unchecked_shapes")
@pytest.mark.parametrize(
    ("wiring", "message"),
    [
        ({"mask": np.ones((2, 2), dtype=bool)}, r"mask has shape \(2, 2\), expected \(1, 2\)"),
        ({"mask": np.array([[True, False]])}, "must be 0 where the pathway's mask has no synapse"),
        ({"mask": np.zeros((1, 2), dtype=bool)}, "True for one at least; got bool of shape"),
        ({"mask": np.ones((1, 2))}, "mask must be True or False .* got float64"),
        ({"bounds": (0, 0.5)}, r"1 to 1 is not within the pathway's bounds \(0.0, 0.5\)"),
        ({"bounds": (1, 0)}, r"bounds must rise, got \(1, 0\)"),
        ({"bounds": (1,)}, r"bounds must be \(least, largest\), got \(1,\)"),
        ({"delay": 3}, "delay must be a time with its unit"),
    ],
)
def test_wiring_that_does_not_fit_is_named(wiring, message):
    with pytest.raises(ValueError, match=message):
        wired(np.ones((1, 2)), **wiring)


@each_engine
def test_a_delay_is_whole_steps(engine):
    with pytest.raises(ValueError, match=r"'W': delay \(1.5 ms\) must be a multiple of dt"):
        engine(wired([[1.0]], delay=1.5 * ms), RAMP)
