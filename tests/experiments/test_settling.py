"""Settling times, and the stages that a signal passes."""

import numpy as np
import pytest
from brian2 import ms

from experiments.traces.settling import settling_time, stages_ms
from models import dll_network
from models.theory import chain_residual


@pytest.mark.parametrize(("n", "one_percent"), [(3, 8.4), (7, 14.6), (10, 18.8)])
def test_time_to_one_percent_of_a_chain(n, one_percent):
    time_ms = np.arange(0, 400, 0.1)
    found = settling_time(time_ms, chain_residual([10.0] * n, time_ms, 0.02))
    assert found / 10 == pytest.approx(one_percent, abs=0.06)  # tabulated with one digit


def test_settling_time_of_samples():
    time_ms = np.array([100.0, 101, 102, 103])
    assert settling_time(time_ms, np.array([1, 0.5, 0.005, 0.001])) == 2
    assert settling_time(time_ms, np.array([1, 0.001, 0.5, 0.001])) == 3  # it came back
    assert settling_time(time_ms, np.array([1, 1, 1, 0.5])) is None
    assert settling_time(time_ms, np.zeros(4)) == 0


def test_stages_are_those_of_the_network_where_it_says():
    network = dll_network((4, 3, 3, 2), tau_a=8 * ms)
    assert stages_ms(network, "hidden2", "a") == [10, 10, 10, 8]
    assert stages_ms(network, "hidden1", "x") is None  # the slower of two paths
    assert stages_ms(network, "input", "u") is None  # at once
