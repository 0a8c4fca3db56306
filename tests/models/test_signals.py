"""Signals by name: what is given when, in both engines; and what a schedule refuses."""

import numpy as np
import pytest
from brian2 import Hz, ms, mV, second

from compartments import Compartment, Neuron, PlasticityRule, pulse
from models import Network, Pathway, Population, Schedule, WeightBundle, simulate
from rate_bridge import ode_engine

ENGINES = {"brian2": simulate, "torch": ode_engine.simulate}
each_engine = pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)

LISTENER = Neuron(
    "listener",
    (Compartment("soma", "v = given : 1 (constant over dt)\ngiven : 1\ngiven_on : 1"),),
)
RULE = PlasticityRule("rewarded", "dw/dt = learning*reward*v_pre : 1", signals=("reward",))


def listening(rule=None, size=2):
    """Two populations of one kind that hear different signals."""
    relay = Neuron("relay", (Compartment("soma", "y = drive : 1 (constant over dt)\ndrive : 1"),))
    populations = (
        Population("left", size, LISTENER, {"given": "tone"}),
        Population("right", size, LISTENER, {"given": "light"}),
        Population("relay", 1, relay),
    )
    paths = (Pathway("W", "left", "relay", "drive", "v", rule),)
    return Network(populations, paths, WeightBundle({"W": np.zeros((1, size))}))


UNEQUAL = {"presentation": [3, 2, 4] * ms, "blank": [0, 1, 2] * ms, "lag": [1, 0, 2] * ms}
ROW = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 2])
STEP = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 3, 4, 5])
SHOWN = np.array([1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 0, 0])
LATE = np.array([0, 1, 1, 1, 1, 0, 0, 0, 1, 1, 0, 0])


@each_engine
def test_unequal_presentations_waveforms_and_what_is_on(engine):
    tone = np.array([[1.0, 2], [3, 4], [5, 6]])
    light = [np.arange(2.0 * n).reshape(n, 2) + 10 * k for k, n in enumerate((3, 2, 4))]
    on = np.array([True, False, True])
    signals = {"tone": tone, "light": light, "reward": [[1.0], [2], [3]]}
    schedule = Schedule(signals, shown={"light": on}, **UNEQUAL)
    moments = np.arange(12) * ms
    run = engine(listening(RULE), schedule, record=("v", "given_on"), weights_at=moments)
    expected = tone[ROW] * SHOWN[:, None]
    np.testing.assert_array_equal(run.traces.v_left, expected)
    np.testing.assert_array_equal(run.traces.given_on_left[:, 0], SHOWN)
    np.testing.assert_array_equal(run.traces.given_on_right[:, 0], SHOWN * on[ROW])
    padded = np.array([np.pad(part, ((0, 6 - len(part)), (0, 0))) for part in light])
    np.testing.assert_array_equal(
        run.traces.v_right, padded[ROW, STEP] * (SHOWN * on[ROW])[:, None]
    )
    # learning is 1/window in each window, so a presentation adds reward * tone whatever its length
    window = np.array([2, 2, 2])[ROW]
    change = LATE[:, None] * (ROW + 1)[:, None] * expected / window[:, None]
    weights = np.vstack([np.zeros(2), np.cumsum(change, 0)])
    np.testing.assert_allclose(run.weight_history.W[:, 0], weights[:-1], atol=1e-14)
    np.testing.assert_allclose(run.weights["W"][0], weights[-1], atol=1e-14)


@each_engine
def test_a_function_of_time_since_the_switch_with_its_unit(engine):
    volts = Neuron("volts", (Compartment("soma", "v = u : volt (constant over dt)\nu : volt"),))
    network = Network((Population("cells", 3, volts, {"u": "wave"}),), (), WeightBundle({}))

    def wave(t):
        assert t.dim is second.dim
        return 5 * mV * np.sin(2 * np.pi * 20 * Hz * t)

    run = engine(network, Schedule({"wave": wave}, presentation=[30, 10] * ms), record=("v",))
    time = np.concatenate([np.arange(30), np.arange(10)]) * 1e-3
    expected = 5e-3 * np.sin(2 * np.pi * 20 * time)
    np.testing.assert_allclose(run.traces.v_cells, np.tile(expected[:, None], 3), atol=1e-18)


def test_a_batch_is_shown_the_waveforms_of_its_members():
    tone = np.random.default_rng(0).normal(size=(4, 5, 2))
    signals = {"tone": tone, "light": np.zeros((4, 1)), "reward": np.ones((4, 1))}
    schedule = Schedule(signals, presentation=5 * ms)
    run = ode_engine.simulate(listening(RULE), schedule, batch=2, record=("v",))
    expected = tone.reshape(2, 2, 5, 2).transpose(0, 2, 1, 3).reshape(10, 2, 2)
    np.testing.assert_array_equal(run.traces.v_left, expected)
    # the mean over the batch, each member with its own reward
    np.testing.assert_allclose(run.weights["W"][0], tone.mean(1).sum(0) / 2, atol=1e-14)
    copies = ode_engine.simulate_copies([listening(RULE)] * 2, schedule, batch=2, record=("v",))
    np.testing.assert_array_equal(copies.traces.v_left[:, 1], expected)


def test_a_plastic_network_needs_no_target():
    signals = dict.fromkeys(("tone", "light", "reward"), np.ones((1, 1)))
    run = simulate(listening(RULE), Schedule(signals, presentation=5 * ms))
    np.testing.assert_allclose(run.weights["W"], 1, atol=1e-15)


@pytest.mark.parametrize(
    ("signals", "message"),
    [
        (
            {"light": np.ones((1, 3)), "reward": [[1.0]]},
            "light has 3 units, but population",
        ),
        (
            {"light": np.ones((1, 2)) * mV, "reward": [[1.0]]},
            "light is in V, but .* it in 1",
        ),
        ({"light": np.ones((1, 2))}, "no signal 'reward', which the rule of pathway 'W' needs"),
        ({"reward": np.ones((1, 2))}, "reward has 2 units, but the rule of pathway 'W' has 1"),
        ({"reward": [[1.0]], "ligth": [[1.0]]}, "Unknown signal 'ligth'. Did you mean 'light'?"),
    ],
)
@each_engine
def test_signals_that_do_not_fit_are_named(engine, signals, message):
    with pytest.raises(ValueError, match=message):
        engine(listening(RULE), Schedule(signals, presentation=5 * ms))


def test_waveforms_of_another_length_and_ambiguous_drive_are_named():
    plan = Schedule({"tone": np.ones((1, 4, 2)), "light": pulse(1.0, 1 * ms, 2 * ms)})
    with pytest.raises(ValueError, match="tone has 4 steps in presentation 0, which takes 400"):
        simulate(listening(), plan)
    populations = (Population("left", 2, LISTENER, {"given": "tone"}),)
    paths = (Pathway("W", "left", "left", "given", "v"),)
    with pytest.raises(ValueError, match="driven by the signal 'tone' and by pathway 'W'"):
        Network(populations, paths, WeightBundle({"W": np.eye(2)}))
    with pytest.raises(ValueError, match=r"signals: Unknown input 'givn'\. Did you mean"):
        Population("left", 2, LISTENER, {"givn": "tone"})
    signals = {"tone": np.ones((2, 2)), "light": np.ones((2, 2))}
    unequal = Schedule(signals, presentation=[4, 5] * ms)
    with pytest.raises(ValueError, match="Minibatch 0 has presentations of unequal length"):
        ode_engine.simulate(listening(), unequal, batch=2)
