"""Settling times and chains of stages against their closed forms."""

import math

import numpy as np
import pytest
from brian2 import ms

from experiments.traces.settling import chain_residual, chain_response, settling_time, stages_ms
from models import DLLOptions


@pytest.mark.parametrize("n", [1, 3, 7])
def test_chain_residual_is_erlang_for_equal_stages(n):
    time_ms, dt_ms = np.arange(0, 300.0), 0.01
    s = time_ms / 10
    erlang = np.exp(-s) * sum(s**k / math.factorial(k) for k in range(n))
    found = chain_residual([10.0] * n, time_ms, dt_ms)
    # Euler's method moves each stage by dt/(2 tau) = 5e-4 of its time constant
    np.testing.assert_allclose(found, erlang, atol=2e-3)


@pytest.mark.parametrize(("n", "one_percent"), [(3, 8.4), (7, 14.6), (10, 18.8)])
def test_time_to_one_percent_of_a_chain(n, one_percent):
    time_ms = np.arange(0, 400, 0.1)
    found = settling_time(time_ms, chain_residual([10.0] * n, time_ms, 0.02))
    assert found / 10 == pytest.approx(one_percent, abs=0.06)  # tabulated with one digit


@pytest.mark.parametrize("chain", [[10.0], [10.0, 5.0], [10.0, 10.0]])
def test_response_and_residual_of_a_chain_add_up_to_the_step(chain):
    time_ms = np.arange(0, 100, 0.5)
    total = chain_response(chain, time_ms) + chain_residual(chain, time_ms, 0.001)
    np.testing.assert_allclose(total, 1, atol=1e-4)  # Euler steps of 1e-4 time constants


def test_response_is_nothing_before_the_step():
    np.testing.assert_array_equal(chain_response([10.0, 5.0], np.array([-5.0, -1.0, 0.0])), 0)


def test_settling_time_of_samples():
    time_ms = np.array([100.0, 101, 102, 103])
    assert settling_time(time_ms, np.array([1, 0.5, 0.005, 0.001])) == 2
    assert settling_time(time_ms, np.array([1, 0.001, 0.5, 0.001])) == 3  # it came back
    assert settling_time(time_ms, np.array([1, 1, 1, 0.5])) is None
    assert settling_time(time_ms, np.zeros(4)) == 0


def test_stages_follow_the_path_of_the_signal():
    options = DLLOptions(tau_u=10 * ms, tau_a=8 * ms, tau_x=6 * ms)
    assert stages_ms(options, 2, 3, "u") == [10, 10]
    assert stages_ms(options, 3, 3, "error") == [10, 10, 10]
    assert stages_ms(options, 2, 3, "a") == [10, 10, 10, 8]
    assert stages_ms(options, 1, 3, "error") == [10, 10, 10, 8, 6, 8, 6]
    nudged = DLLOptions(tau_u=10 * ms, tau_a=8 * ms, tau_x=6 * ms, beta=0.5)
    assert stages_ms(nudged, 2, 3, "error") == [10, 10, 10, 4, 8, 6]
