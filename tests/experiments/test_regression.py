"""The non-linear regression: its teacher, its learners, and what is said of them."""

import numpy as np
import pytest
import torch

from experiments.lab import runner
from experiments.lab.storage import read_json
from experiments.regression import experiment
from experiments.regression.learners import REGRESSORS, Copies, described, regressor
from experiments.regression.learning import drawn, learned, relative_error
from experiments.regression.task import Regression
from models import Schedule
from rate_bridge.references.microcircuit import Microcircuit

TASK = Regression((6, 5, 3), 0)
SIZES = (6, 8, 3)
SEEDS = [4, 9]


def copies_of(name, rates=(3.0, 50.0)):
    return Copies(regressor(name), SIZES, [rates] * 2, SEEDS)


def shown(count=4):
    stimuli = drawn({s: torch.Generator().manual_seed(s) for s in SEEDS}, SEEDS, count, 6)
    return stimuli, TASK.potentials(stimuli)


def test_the_teacher_is_the_papers():
    stimuli = TASK.stimuli(0, 3)
    assert stimuli.shape == (3, 6)
    assert stimuli.abs().max() <= 1
    assert not torch.equal(stimuli, TASK.stimuli(1, 3))
    eye = torch.eye(6, dtype=torch.float64)
    hidden = 0.1 * torch.log1p(torch.exp(torch.zeros(1, 5, dtype=torch.float64) - 3))
    at_rest = TASK.potentials(0 * eye[:1])  # silent input: the hidden layer's rates for 0
    weights = torch.linalg.lstsq(hidden, at_rest).solution
    assert torch.allclose(hidden @ weights, at_rest)
    assert TASK.potentials(stimuli).abs().max() < 10 * 5 * 0.1 * 12  # k_21 n |W| phi(k_10 6)


@pytest.mark.parametrize("name", ["microcircuit", "frozen", "shallow"])
def test_stacked_copies_learn_what_the_reference_says(name):
    copies = copies_of(name)
    stimuli, targets = shown()
    copies.advance(stimuli, targets, 1.0)
    lower = 3.0 if copies.kind.lower else 0.0
    for row, seed in enumerate(SEEDS):
        rates = (lower, 50.0) if copies.kind.hidden else (50.0,)
        net = described(SIZES if copies.kind.hidden else (6, 3), seed, rates)
        signals = {"stimulus": stimuli[row].numpy(), "target": targets[row].numpy()}
        expected = Microcircuit(net).in_one_pass.learn(Schedule(signals), batch=4)
        for weights, array in copies.weights.items():
            np.testing.assert_allclose(array[row], expected[weights], rtol=0, atol=1e-12)


def test_backpropagation_is_autograds():
    copies = copies_of("backprop")
    stimuli, targets = shown()
    leaves = {name: w.clone().requires_grad_() for name, w in copies.weights.items()}
    copies.weights = leaves
    phi = torch.nn.functional.softplus
    missed = 0.1 * phi(targets - 3) - copies.answers(stimuli)
    loss = (missed**2).sum((0, 2)).sum() / 2
    gradient = torch.autograd.grad(loss, [leaves["W0"], leaves["W1"]], allow_unused=True)
    copies.weights = {name: w.detach() for name, w in leaves.items()}
    for name, expected in zip(("W0", "W1"), gradient, strict=True):
        above, below = copies.gradient(stimuli, targets)[name]
        found = above.mT @ below
        gains = {"W0": copies.circuit.dendrite(0), "W1": copies.circuit.dendrite(1)}
        # a rule's rate takes the dendrite's gain, as it does in the microcircuit
        np.testing.assert_allclose(-expected, gains[name] * found, rtol=1e-9, atol=1e-14)


def test_learning_lowers_the_error_and_copies_do_not_disturb_each_other():
    both = copies_of("shallow", (0.0, 3.0))
    course = learned(both, TASK, SEEDS, 200, 5, 2, lambda share: None)
    assert course["steps"] == [0, 100, 200]
    first, last = (np.array(course["validation"][k]) for k in (0, -1))
    assert (last < 0.7 * first).all()
    alone = Copies(regressor("shallow"), SIZES, [(0.0, 3.0)], SEEDS[:1])
    learned(alone, TASK, SEEDS[:1], 200, 5, 2, lambda share: None)
    np.testing.assert_allclose(alone.weights["W0"][0], both.weights["W0"][0], atol=1e-12)
    mean = relative_error(alone, TASK, TASK.stimuli(5, 50))
    assert mean.shape == (1,)


def test_the_page_and_continuous_time(tmp_path, capsys):
    config = experiment.Config(
        learners=("microcircuit", "shallow"),
        n_in=4,
        hidden=5,
        n_out=2,
        teacher_hidden=3,
        steps=6,
        seeds=2,
        points=2,
        presentations=2,
        out=tmp_path,
    )
    runner.run(experiment, config)
    result = read_json(tmp_path / "regression" / "result.json")
    apart = result["continuous"]["differences"]
    # two stimuli: the first begins from silence, and plasticity waits for 11 time constants
    assert max(found["relative"] for found in apart["rest"].values()) < 0.01
    out = capsys.readouterr().out
    assert "of that of the learner with no hidden area" in out
    assert "In continuous time 2 stimuli change weights as at rest within" in out


def test_settings_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"Unknown learner 'shalow'\. Did you mean 'shallow'"):
        experiment.Config(learners=("shalow",))
    with pytest.raises(ValueError, match="--points must be at most the steps"):
        experiment.Config(points=100, steps=50)
    assert REGRESSORS["frozen"].pairs[0][0] == 0
