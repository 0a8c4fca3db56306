"""Noise in law against Ornstein-Uhlenbeck theory, by seed, and given; what is refused."""

import numpy as np
import pytest
from brian2 import ms

from compartments import Compartment, Neuron, responses
from models import Network, Population, Schedule, WeightBundle, simulate
from rate_bridge import ode_engine

ENGINES = {"brian2": simulate, "torch": ode_engine.simulate}
each_engine = pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)

TAU, SIGMA, N = 10.0, 0.7, 2000
EQUATIONS = """
dv/dt = (mean - v)/tau + sigma*(2/tau)**0.5*xi : 1
uniform = rand() : 1 (constant over dt)
normal = randn() : 1 (constant over dt)
"""
CONSTANTS = {"tau": TAU * ms, "sigma": SIGMA, "mean": 0.4}


def noisy(size=N, equations=EQUATIONS, **constants):
    neuron = Neuron("noisy", (Compartment("soma", equations),), constants or CONSTANTS)
    return Network((Population("cells", size, neuron),), (), WeightBundle({}))


def schedule(steps):
    return Schedule(presentation=steps * ms)


def within_three_errors(samples, expected):
    """Whether a mean over independent samples is the expected one."""
    return abs(samples.mean() - expected) <= 3 * samples.std() / samples.size**0.5


@each_engine
def test_ornstein_uhlenbeck(engine):
    # after 15 tau at rest; Euler-Maruyama's own stationary law is a Gaussian with the variance
    # sigma^2/(1 - dt/(2 tau)) and the autocorrelation (1 - dt/tau)^k: sigma^2 and exp(-k dt/tau)
    run = engine(noisy(), schedule(170), record=("v", "uniform", "normal"), seed=3)
    v = run.traces.v_cells.values[150:] - CONSTANTS["mean"]
    variance = SIGMA**2 / (1 - 0.5 / TAU)
    assert within_three_errors(v[0], 0.0)
    assert within_three_errors(v[0] ** 2, variance)
    for lag in (1, 5, 15):
        assert within_three_errors(v[0] * v[lag], variance * (1 - 1 / TAU) ** lag)
    assert within_three_errors(v[0, 1:] * v[0, :-1], 0.0)  # neurons are independent
    uniform, normal = run.traces.uniform_cells.values, run.traces.normal_cells.values
    assert 0 <= uniform.min() < 0.001 < 0.999 < uniform.max() < 1
    for one, mean, square in ((uniform[7], 0.5, 1 / 3), (normal[7], 0.0, 1.0)):
        assert within_three_errors(one, mean)
        assert within_three_errors(one**2, square)
    assert within_three_errors(normal[7] * normal[8], 0.0)  # a new number at every step


@each_engine
def test_the_seed_makes_the_numbers(engine):
    one, same, other = (
        engine(noisy(5), schedule(4), record=("v", "normal"), seed=seed).traces
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.v_cells, same.v_cells)
    assert (one.v_cells[1:] != other.v_cells[1:]).all()
    assert (one.normal_cells != other.normal_cells).all()


@each_engine
def test_given_numbers_take_the_place_of_draws(engine):
    numbers = np.random.default_rng(0).normal(size=(6, 3))
    uniform = np.random.default_rng(1).random((6, 3))
    given = {"xi_cells": numbers, "uniform_cells": uniform}
    run = engine(noisy(3), schedule(6), record=("v", "uniform"), noise=given)
    np.testing.assert_array_equal(run.traces.uniform_cells, uniform)
    v = np.zeros((7, 3))
    for k in range(6):  # dv = f dt + b sqrt(dt) normal
        v[k + 1] = v[k] + (0.4 - v[k]) / TAU + SIGMA * (2 / TAU) ** 0.5 * numbers[k]
    np.testing.assert_allclose(run.traces.v_cells, v[:6], atol=1e-15)


def test_a_copy_draws_what_it_would_alone():
    settings = {"record": ("v",), "batch": 2}
    plan = Schedule(presentation=np.full(4, 5) * ms)
    both = ode_engine.simulate_copies([noisy(3)] * 2, plan, seed=[7, 4], **settings).traces
    counted = ode_engine.simulate_copies([noisy(3)] * 2, plan, seed=3, **settings).traces
    for copy, seed in enumerate((7, 4)):
        alone = ode_engine.simulate(noisy(3), plan, seed=seed, **settings).traces
        np.testing.assert_array_equal(both.v_cells[:, copy], alone.v_cells)
    np.testing.assert_array_equal(counted.v_cells[:, 1], both.v_cells[:, 1])
    assert (both.v_cells[1:, 0, 0] != both.v_cells[1:, 0, 1]).all()  # samples of a batch differ
    with pytest.raises(ValueError, match="2 seeds for 1 copies"):
        ode_engine.simulate_copies([noisy(3)], plan, seed=[1, 2])


def test_one_population_alone():
    (part,) = noisy().populations
    found = responses(part.neuron, 200 * ms, n=500, dt=1 * ms)
    last = found.v_noisy.values[-1] - CONSTANTS["mean"]
    assert within_three_errors(last**2, SIGMA**2 / (1 - 0.5 / TAU))


@pytest.mark.parametrize(
    ("equations", "message"),
    [
        ("dv/dt = -v/tau + v*xi*tau**-0.5 : 1", "the amplitude of 'xi' depends on v; .* constants"),
        ("dv/dt = (randn() - v)/tau : 1", r"randn\(\) stands in an expression .* once a time step"),
        ("dv/dt = -v/tau : 1\nr = randn() : 1", r"'name = randn\(\) : 1 \(constant over dt\)'"),
        ("dv/dt = -v/tau : 1\nr = rand()+rand() : 1 (constant over dt)", "draws 2 numbers; give"),
        (
            "dv/dt = -v/tau : 1\nr = xi*tau**0.5 : 1 (constant over dt)",
            "contains the symbol 'xi' but is not a differ",
        ),
        ("dv/dt = -v/tau + xi : 1", "inconsistent units"),
    ],
)
def test_noise_whose_law_is_unclear_is_refused(equations, message):
    with pytest.raises(ValueError, match=message):
        noisy(2, equations, tau=10 * ms)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "exponential_euler"}, r"white noise \(xi\) takes Euler-Maruyama steps; choose"),
        ({"noise": {"xi_cell": np.ones((4, 2))}}, "Unknown random numbers 'xi_cell'. Did you mean"),
        ({"noise": {"xi_cells": np.ones((3, 2))}}, "one row for each of 4 steps, got shape"),
        ({"noise": {"xi_cells": np.full((4, 2), np.nan)}}, "noise 'xi_cells' must be finite"),
        ({"noise": {"xi_cells": np.ones((4, 3))}}, "noise 'xi_cells' .* 2 neurons"),
    ],
)
@each_engine
def test_numbers_that_do_not_fit_are_named(engine, changes, message):
    with pytest.raises(ValueError, match=message):
        engine(noisy(2), schedule(4), **changes)
