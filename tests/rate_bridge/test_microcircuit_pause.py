"""What a switch of stimuli teaches a microcircuit that has nothing to learn, and how it ends.

In the self-predicting state without a target the mean induction over a presentation is bias alone.
"""

import numpy as np
import pytest
from brian2 import ms

from models import Schedule
from models.microcircuit import microcircuit_network
from rate_bridge import ode_engine
from rate_bridge.references.microcircuit import Microcircuit

SIZES = (5, 4, 3, 2)
TAU_0_MS = 3.0


def drift(pause_ms, presentations=3, eta=1e-6, **options):
    """How far all plastic weights move over their rate, which is too small for learning."""
    rates = {"eta_W": eta, "eta_IP": eta, "eta_PI": eta, "tau_w": None}
    options = {"tau_0": TAU_0_MS * ms, **rates, **options}
    net = microcircuit_network(SIZES, W_scale=1.0, seed=1, **options)
    stimuli = np.random.default_rng(0).normal(0, 1, (presentations, SIZES[0]))
    schedule = Schedule({"stimulus": stimuli}, presentation=60 * ms, lag=pause_ms * ms)
    run = ode_engine.simulate(net, schedule, dt=0.05 * ms)
    window = (60 - pause_ms) / 60  # learning is per window; per presentation it is less
    return {
        name: window * (run.weights[name] - net.weights[name]) / eta
        for name in net.weights
        if not np.array_equal(run.weights[name], net.weights[name])
    }


def test_the_bias_of_a_switch_falls_with_the_pause_as_the_input_settles():
    pauses = np.array([8.0, 12.0, 16.0, 20.0])  # the areas in between are silent after 2 tau_0
    moved = [drift(pause) for pause in pauses]
    for name in ("W0", "W1", "W2", "IP1", "IP2"):
        sizes = [np.linalg.norm(found[name]) for found in moved]
        fall = np.polyfit(pauses, np.log(sizes), 1)[0]
        assert fall == pytest.approx(-1 / TAU_0_MS, rel=0.1), name


@pytest.mark.parametrize("tau_0_ms", [1.5, 6.0])
def test_the_bias_is_the_somas_lag_whatever_tau_0(tau_0_ms):
    """A linear soma, behind its prediction by tau_k: the integral is -tau_k times its change."""
    options = {"activation": "linear", "bias": 1.0, "tau_0": tau_0_ms * ms, "g_D": None}
    moved = drift(0, presentations=1, **options)["b0"][:, 0]
    stimulus = np.random.default_rng(0).normal(0, 1, (1, SIZES[0]))
    net = microcircuit_network(SIZES, W_scale=1.0, seed=1, **options)
    v_hat = Microcircuit(net).equilibrium({"stimulus": stimulus})["v_hat", "hidden1"][0]
    tau_k_ms = 1 / (0.1 + 1.0 + 0.8)
    # e^(-60/6) of the change is still to come
    np.testing.assert_allclose(moved, -tau_k_ms * v_hat / 60, rtol=2e-4)


def test_the_matched_prediction_has_no_bias():
    matched = drift(0, eta=1.0, matched_soma=True, g_D=None)
    assert max((np.abs(w).max() for w in matched.values()), default=0.0) < 1e-12
    assert np.abs(drift(0, g_D=None)["W0"]).max() > 1e-3
