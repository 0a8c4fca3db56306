"""The examples: one file each, alike in both engines, and each learns what it says."""

import ast
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from brian2 import ms

import models.examples
from models import Schedule, simulate
from models.examples import lateral_inhibition, reward, two_branches
from rate_bridge import ode_engine
from rate_bridge.ode_engine.engine import OdeEngine, Timing
from rate_bridge.references.registry import reference

FILES = sorted(Path(models.examples.__file__).parent.glob("[a-z]*.py"))
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


@each_file
def test_one_file_on_public_names_is_all_it_takes(path):
    tree = ast.parse(path.read_text())
    imported = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    imported |= {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    standard = {"itertools", "collections.abc"}
    assert imported - standard == {"numpy", "brian2", "compartments", "models"}
    network = runpy.run_path(str(path))["network"]
    assert network().weights == network(seed=0).weights != network(seed=1).weights


@each_file
def test_both_engines_agree_over_2000_plastic_steps(path):
    network = runpy.run_path(str(path))["network"](seed=3)
    generator = np.random.default_rng(0)
    sizes = {item.signal: p.size for p in network.populations for item in p.given.values()}
    sizes |= dict.fromkeys(network.signals[len(sizes) :], 1)
    assert set(sizes) == set(network.signals)
    signals = {name: generator.normal(0, 0.7, (50, n)) for name, n in sizes.items()}
    schedule = Schedule(signals, presentation=50 * ms, lag=10 * ms)
    noise = {
        f"{draw.name}_{p.name}": generator.normal(size=(2500, p.size))
        for p in network.populations
        for draw in p.neuron.draws
    }
    record = sorted({name for p in network.populations for name in p.neuron.variables})
    kept = {"record": record, "noise": noise, "weights_at": [1250 * ms]}
    brian = simulate(network, schedule, **kept)
    torch_run = ode_engine.simulate(network, schedule, **kept)
    for name, trace in brian.traces.data_vars.items():
        # 2500 steps of states of order 1, whose roundings decay within some hundred steps
        np.testing.assert_allclose(torch_run.traces[name], trace, rtol=0, atol=1e-12, err_msg=name)
    for name, weights in brian.weights.items():
        np.testing.assert_allclose(torch_run.weights[name], weights, rtol=0, atol=1e-12)
        np.testing.assert_allclose(
            torch_run.weight_history[name], brian.weight_history[name], rtol=0, atol=1e-12
        )
    assert brian.weights != network.weights


def test_each_branch_finds_the_first_component_of_its_inputs_at_its_own_pace():
    network = two_branches.network()
    generator = np.random.default_rng(5)
    signals = {}
    for name, n in (("stimulus", 6), ("context", 4)):
        lead = generator.normal(size=n)
        along = generator.normal(size=(300, 1)) * lead / np.linalg.norm(lead)
        signals[name] = along + generator.normal(0, 0.3, (300, n))
    run = ode_engine.simulate(network, Schedule(signals, presentation=50 * ms))
    for pathway, name in (("on_fast", "stimulus"), ("on_slow", "context")):
        first = np.linalg.eigh(signals[name].T @ signals[name])[1][:, -1]
        found = run.weights[pathway][0]
        assert abs(found @ first) > 0.99 * np.linalg.norm(found)
        # Oja's rule makes its length 1, but for the fluctuation of learning, about sqrt(eta)
        assert np.linalg.norm(found) == pytest.approx(1, abs=0.22)
    step = Schedule({"stimulus": np.ones((1, 6)), "context": np.ones((1, 4))})
    rise = ode_engine.simulate(network, step, record=("fast", "slow"), plastic=False).traces
    k = np.arange(400)
    for branch, pathway, tau in (("fast", "on_fast", 5), ("slow", "on_slow", 40)):
        expected = network.weights[pathway].sum() * (1 - (1 - 1 / tau) ** k)
        np.testing.assert_allclose(rise[f"{branch}_cell"][:, 0], expected, atol=1e-12)


def test_lateral_inhibition_decorrelates():
    network = lateral_inhibition.network()
    generator = np.random.default_rng(5)
    inputs = generator.normal(size=(500, 5)) + generator.normal(size=(500, 1))
    schedule = Schedule({"stimulus": inputs}, presentation=50 * ms, lag=20 * ms)
    learned = ode_engine.simulate(network, schedule).weights

    def mean_correlation(weights):
        outputs = reference(network).outputs({"stimulus": inputs}, weights)
        return np.corrcoef(outputs.T)[network.pathways[1].mask].mean()

    assert mean_correlation(network.weights) > 0.4
    # 20 pairs, each off by the fluctuation of learning, about sqrt(eta) = 0.1
    assert abs(mean_correlation(learned)) < 0.1
    assert learned["lateral"][network.pathways[1].mask].min() > 0
    assert not np.diag(learned["lateral"]).any()


def test_reward_raises_itself():
    network, sigma = reward.network(), 0.3
    goal = np.random.default_rng(0).normal(0, 0.7, (2, 4))
    engine = OdeEngine(network, dtype=torch.float64, seed=0)
    look, learn = Timing(50, 50, 0, 0.02), Timing(20, 0, 0, 0.02)
    rewards, expected = [], None
    for trial in range(400):
        stimulus = torch.eye(4, dtype=torch.float64)[trial % 4][None]
        engine.present({"stimulus": stimulus}, timing=look)
        acted = engine.buffers.states["cells", "v"][0].numpy()
        rewards.append(-np.square(acted - goal[:, trial % 4]).sum())
        expected = rewards[-1] if expected is None else expected
        surprise = torch.tensor([[rewards[-1] - expected]])
        engine.present({"stimulus": stimulus, "reward": surprise}, timing=learn)
        expected += 0.05 * (rewards[-1] - expected)
    # without an error the exploration alone costs two cells' variance
    best = -2 * sigma**2
    assert np.mean(rewards[:40]) < 2 * best
    assert np.mean(rewards[-200:]) > 1.3 * best
    (learned,) = engine.weights
    before, after = (np.square(w["W"] - goal).sum() for w in (network.weights, learned))
    assert after < 0.1 * before
