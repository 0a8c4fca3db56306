"""Microcircuits at rest on images: what learns, how it is kept, what is said."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from experiments.lab import runner
from experiments.lab.storage import read_json
from experiments.steady_state import experiment, learning
from experiments.steady_state.kinds import IMAGE_LEARNERS, kind
from experiments.steady_state.learners import circuit, learner
from models import Schedule
from rate_bridge.references.microcircuit import Microcircuit


@pytest.fixture(scope="module")
def digits():
    return experiment.images("digits")


def test_pixels_are_rates(digits):
    assert digits.train[0].min() == 0
    assert digits.train[0].max() == 1


@pytest.mark.parametrize("name", ["microcircuit", "all-plastic"])
def test_in_place_it_learns_what_the_reference_says(name, digits):
    net = circuit((64, *IMAGE_LEARNERS[name].hidden, 10), IMAGE_LEARNERS[name], 1.0, 0)
    model = learner(IMAGE_LEARNERS[name], 64, 10, 1.0, 0)
    inputs, labels = digits.train[0][:10], digits.train[1][:10]
    model.advance(inputs, labels, 1.0)
    shown = {"stimulus": inputs.double().numpy(), "target": model.potentials[labels].numpy()}
    expected = Microcircuit(net).in_one_pass.learn(Schedule(shown), batch=10)
    for weights, array in expected.items():
        moved = np.abs(array - net.weights[weights]).max()
        # single precision beside the size of the weights, at most 3
        np.testing.assert_allclose(model.weights[weights], array, atol=1e-5 * (1 + moved))
    stays = {"W0", "b0", "IP1"} if name == "microcircuit" else {"theta1", "PI1"}
    assert all(np.abs(expected[w] - net.weights[w]).max() > 1e-6 for w in stays)


def test_interneurons_keep_pace_with_what_they_stand_for(digits):
    """A step leaves less of the apical potential than it would had they stayed."""
    images, classes = digits.train[0][:50], digits.train[1][:50]
    model = learner(IMAGE_LEARNERS["microcircuit"], 64, 10, 0.1, 0)
    before = {name: model.weights[name].clone() for name in ("IP2", "bI2")}
    model.advance(images, classes, 1.0)
    kept = model.observed(images, classes)["unexplained"][1]
    model.weights.update(before)
    assert kept < 0.2 * model.observed(images, classes)["unexplained"][1]


def test_backpropagation_is_autograds(digits):
    model = learner(kind("backprop"), 64, 10, 1.0, 0)
    inputs, labels = digits.train[0][:10], digits.train[1][:10]
    before = {name: w.clone().requires_grad_() for name, w in model.weights.items()}
    rates = inputs
    for k in range(3):
        rates = torch.sigmoid(rates @ before[f"W{k}"].T + before[f"b{k}"].T)
    loss = ((model.rates[labels] - rates) ** 2).sum(1).mean() / 2
    loss.backward()
    model.advance(inputs, labels, 1.0)
    for name, w in before.items():
        step = (model.weights[name] - w).detach() / IMAGE_LEARNERS["backprop"].rates[0]
        assert (step + w.grad).abs().max() < 1e-6  # single precision, weights below 1


def test_a_run_goes_on_where_it_was_stopped(digits, tmp_path):
    course = learning.Course("shallow", 1.0, 3, 100, 0)
    whole = learning.learned(course, digits, tmp_path / "whole", lambda share: None)

    def stop(share):
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learning.learned(course, digits, tmp_path / "part", stop)
    again = learning.learned(course, digits, tmp_path / "part", lambda share: None)
    for name, w in whole.weights.items():
        assert torch.equal(again.weights[name], w)
    errors = [[row["validation"] for row in state.history] for state in (whole, again)]
    assert errors[0] == errors[1]


def test_a_checkpoint_is_of_its_data_only(digits, tmp_path):
    course = learning.Course("shallow", 1.0, 1, 100, 0)
    changed = [
        replace(digits, provenance={**digits.provenance, "files": "others"}),
        replace(digits, train=(digits.train[0][:500], digits.train[1][:500])),
    ]
    for data in (digits, *changed, digits):
        learning.learned(course, data, tmp_path, lambda share: None)
    assert len(list(tmp_path.glob("shallow-*.pt"))) == 3


def test_the_page_is_drawn_from_its_numbers(tmp_path, capsys):
    config = experiment.Config(
        dataset="digits",
        learners=("shallow",),
        epochs=2,
        search_epochs=1,
        factors=(1.0, 2.0),
        out=tmp_path,
    )
    runner.run(experiment, config)
    folder = tmp_path / "steady-state"
    row = read_json(folder / "result.json")["rows"][0]
    assert f"{100 * row['test']:.2f} % test error" in capsys.readouterr().out
    assert "grid&#x27;s edge" in (folder / "index.html").read_text()
    assert not config.checkpoints.exists()


def test_settings_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"Unknown learner 'shalow'\. Did you mean 'shallow'"):
        experiment.Config(learners=("shalow",))
    with pytest.raises(ValueError, match="need at least one value"):
        experiment.Config(factors=())
