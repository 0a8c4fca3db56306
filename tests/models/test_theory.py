"""Closed forms against each other, sums written out, and draws."""

import math

import numpy as np
import pytest

from models.theory import (
    chain_residual,
    chain_response,
    chances_of_meeting,
    eligibility_bias,
    eligibility_variance,
    erlang_residual,
    euler_residual,
)


@pytest.mark.parametrize("n", [1, 3, 7])
def test_chain_residual_is_erlang_for_equal_stages(n):
    time_ms, dt_ms = np.arange(0, 300.0), 0.01
    s = time_ms / 10
    erlang = np.exp(-s) * sum(s**k / math.factorial(k) for k in range(n))
    np.testing.assert_allclose(erlang_residual(n, s), erlang, atol=1e-14)  # rounding
    found = chain_residual([10.0] * n, time_ms, dt_ms)
    # Euler's method moves each stage by dt/(2 tau) = 5e-4 of its time constant
    np.testing.assert_allclose(found, erlang, atol=2e-3)


def test_chain_residual_is_binomial_for_equal_stages_and_any_step():
    steps = np.arange(60)
    found = chain_residual([10.0] * 4, 1.0 * steps, 1.0)
    np.testing.assert_allclose(found, euler_residual(4, steps, 0.1), atol=1e-14)  # rounding


@pytest.mark.parametrize("chain", [[10.0], [10.0, 5.0], [10.0, 10.0]])
def test_response_and_residual_of_a_chain_add_up_to_the_step(chain):
    time_ms = np.arange(0, 100, 0.5)
    total = chain_response(chain, time_ms) + chain_residual(chain, time_ms, 0.001)
    np.testing.assert_allclose(total, 1, atol=1e-4)  # Euler steps of 1e-4 time constants


def test_response_is_nothing_before_the_step():
    np.testing.assert_array_equal(chain_response([10.0, 5.0], np.array([-5.0, -1.0, 0.0])), 0)


def stream_of_updates(delta, u, chances, count):
    """Updates of a linear filter: delta of one drawn sample times u of another, m apart."""
    generator = np.random.default_rng(0)
    rows = generator.integers(len(u), size=(count, 101))
    apart = range(-2, 3)  # m of the chances below
    summed = 0
    for k in range(2, 99):
        for m in apart:
            pair = delta[rows[:, k]], u[rows[:, k + m]]
            summed = summed + chances[m] * np.einsum("sa,sb->sab", *pair)
    return summed / 97 / chances[0]


def test_bias_and_variance_of_eligibility_are_those_of_drawn_streams():
    generator = np.random.default_rng(1)
    delta = generator.normal(0.5, 1, (40, 2))
    u = generator.normal(0, 1, (40, 3))
    u -= u.mean(0)
    chances = {0: 0.5, 1: 0.2, -1: 0.2, 2: 0.05, -2: 0.05}
    updates = stream_of_updates(delta, u, chances, 4000)
    found = updates.var(0).sum() * 97
    # a variance of 4000 draws pooled over 6 weights: standard error 1-2 %; its ends 4 of 97
    assert found == pytest.approx(eligibility_variance(delta, u, chances), rel=0.06)
    shifted = u + 2
    off = stream_of_updates(delta, shifted, chances, 4000).mean(0) - delta.T @ shifted / 40
    # standard error of the mean 0.5 % of it
    assert np.linalg.norm(off) == pytest.approx(eligibility_bias(delta, shifted, 0.5), rel=0.05)


def test_chances_of_meeting_add_up():
    chances = chances_of_meeting([10.0, 10.0], 20.0)
    assert sum(chances.values()) == pytest.approx(1.0, abs=1e-4)  # the integral's own error
