"""The dendritic microcircuit: what it is made of, and its self-predicting state."""

import pickle

import numpy as np
import pytest
from brian2 import ms

from compartments import potentials_of
from models import (
    MODELS,
    MicrocircuitOptions,
    Schedule,
    microcircuit_network,
    microcircuit_weights,
    self_predicting,
    simulate,
)

SIZES = (5, 4, 3, 2)


def test_every_area_has_an_interneuron_for_each_neuron_above():
    net = microcircuit_network(SIZES)
    sizes = {p.name: p.size for p in net.populations}
    assert sizes == {
        "input": 5,
        "hidden1": 4,
        "interneurons1": 3,
        "hidden2": 3,
        "interneurons2": 2,
        "output": 2,
    }
    assert net.weight_shapes["IP1"] == net.weight_shapes["PI1"] == (3, 4)
    assert net.readout == ("output", "u")


def test_all_rules_are_local_and_what_an_axon_carries_is_counted():
    net = microcircuit_network(SIZES, eta_theta=0.1, bias=0.5)
    assert net.declared_nonlocal == {}
    assert net.global_signals == ("learning",)
    assert net.transmitted["hidden2"] == ("r", "u")  # u nudges its partner below
    assert net.transmitted["interneurons1"] == ("r",)


def test_pathways_whose_rate_is_zero_stay():
    net = microcircuit_network(SIZES, eta_W=(0.1, 0.0, 0.2), eta_PI=0.0)
    plastic = {p.name for p in net.pathways if p.rule is not None}
    assert plastic == {"W0", "W2", "IP1", "IP2"}


def test_the_model_is_in_the_registry():
    entry = MODELS["microcircuit"]
    net = entry.build(SIZES, entry.options(bias=0.5), 3)
    assert pickle.loads(pickle.dumps(net)).weights == net.weights
    assert set(entry.rates) <= set(vars(entry.options()))


def test_self_predicting_weights_are_those_of_the_closed_form():
    o = MicrocircuitOptions(g_D=0.7 / ms, start="random", bias=1)
    weights = microcircuit_weights(SIZES, o, seed=1)
    found = self_predicting(weights, o)
    per_ms = {name: float(getattr(o, name) * ms) for name in ("g_lk", "g_B", "g_D", "g_A")}
    for k, g_A in ((1, per_ms["g_A"]), (2, 0.0)):  # the output has no apical dendrite
        factor = per_ms["g_B"] * (per_ms["g_lk"] + per_ms["g_D"])
        factor /= per_ms["g_D"] * (per_ms["g_lk"] + per_ms["g_B"] + g_A)
        np.testing.assert_allclose(found[f"IP{k}"], factor * weights[f"W{k}"], rtol=1e-14)
        np.testing.assert_array_equal(found[f"PI{k}"], -weights[f"theta{k}"])
    for name in ("W0", "W1", "W2", "theta1", "theta2"):
        np.testing.assert_array_equal(found[name], weights[name])


def apical(net, presentations=2):
    """The largest apical potential of each hidden area, (area, presentation, step)."""
    stimuli = np.random.default_rng(0).normal(0, 1, (presentations, net.sizes[0]))
    schedule = Schedule({"stimulus": stimuli}, presentation=15 * ms)
    areas = net.layers[1:-1]
    run = simulate(net, schedule, dt=0.1 * ms, record=["v_A"], plastic=False)
    found = np.stack([abs(run.traces[f"v_A_{area}"].values).max(-1) for area in areas])
    return found.reshape(len(areas), presentations, -1)


# 0 but for rounding: everything is below 10 in magnitude
SILENT = 1e-14


@pytest.mark.parametrize("sizes", [(5, 4, 2), SIZES])
def test_interneurons_as_fast_as_the_area_above_silence_it_at_every_instant(sizes):
    assert apical(microcircuit_network(sizes, g_D=None, W_scale=1.0, bias=0.5)).max() < SILENT


def test_one_conductance_for_all_interneurons_does_so_below_the_output_only():
    """What is left below a hidden area is gone at rest: e^(-15/3) of it after 15 ms of tau_0."""
    one, two = apical(microcircuit_network(SIZES, W_scale=1.0))
    assert two.max() < SILENT
    assert one.max() > 1e-4
    assert one[:, -1].max() < 2 * np.exp(-15 / 3) * one.max()


BAD = [
    ({"g_A": -1 / ms}, "g_A must be a rate with its unit, such as 0.8/ms, above 0, got -1"),
    ({"g_lk": 0.1}, "g_lk must be a rate with its unit"),
    ({"sigma": 0.1}, "sigma must be the amplitude of white noise with its unit"),
    ({"tau_w": 0 * ms}, "tau_w must be a time with its unit"),
    ({"eta_W": (0.1, 0.1)}, "eta_W must be one number, or one for each of the 3 areas"),
    ({"eta_PI": -0.1}, "eta_PI must be a finite number of 0 or more"),
    ({"start": "random "}, "start must be 'self-predicting' or 'random'.* Did you mean 'random'"),
    ({"activation": "logistc"}, "Unknown activation 'logistc'"),
]


@pytest.mark.parametrize(("options", "message"), BAD, ids=[str(o) for o, _ in BAD])
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        microcircuit_network(SIZES, **options)


def test_a_population_of_interneurons_of_another_size_is_named():
    weights = microcircuit_weights(SIZES, MicrocircuitOptions())
    wrong = weights.with_arrays(IP1=np.zeros((4, 4)))
    with pytest.raises(ValueError, match="IP1 has 4 interneurons, expected 3: area 1 has one for"):
        microcircuit_network(SIZES, weights=wrong)
    moved = weights.with_arrays(nudge1=2 * np.eye(3))
    with pytest.raises(ValueError, match=r"nudge1 must be numpy.eye\(3\)"):
        microcircuit_network(SIZES, weights=moved)
    with pytest.raises(TypeError, match="option of a microcircuit 'gA'"):
        microcircuit_network(SIZES, gA=1 / ms)


def test_a_nudge_without_target_is_named():
    stimuli = {"stimulus": np.zeros((2, 5))}
    with pytest.raises(ValueError, match="Schedule, shown: Unknown signal 'target'"):
        Schedule(stimuli, shown={"target": np.array([True, False])})


def test_targets_told_as_rates_are_potentials_that_have_them():
    rates = np.array([[0.1, 0.8], [0.5, 0.3]])
    inverse = np.log(rates / (1 - rates))
    np.testing.assert_allclose(potentials_of("logistic", rates), inverse, rtol=1e-14, atol=1e-15)
    rectified = 3 + np.log(np.expm1(rates / 0.1))  # gamma 0.1, beta 1, theta 3
    np.testing.assert_allclose(potentials_of("soft-rectifier", rates), rectified, rtol=1e-13)


@pytest.mark.parametrize(
    ("activation", "rate", "reached"),
    [("logistic", 1.0, "0 and 1"), ("tanh", -1.2, "-1 and 1"), ("soft-rectifier", -0.1, "")],
)
def test_rates_that_no_neuron_reaches_are_named(activation, rate, reached):
    message = f"Activation '{activation}': rates must lie between {reached}.*, got {rate:g}; choose"
    with pytest.raises(ValueError, match=message):
        potentials_of(activation, np.array([rate]))
