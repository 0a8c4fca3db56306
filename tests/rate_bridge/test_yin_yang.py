"""Yin-Yang: its classes, its parts, and a microcircuit at rest that learns it."""

import numpy as np
import pytest
import torch
from brian2 import ms

from models import Schedule
from models.microcircuit import microcircuit_network
from rate_bridge.data.yin_yang import DISC_RADIUS, yin_yang, yin_yang_class, yin_yang_points
from rate_bridge.references.microcircuit import Microcircuit


def test_half_a_turn_exchanges_yin_and_yang():
    points, classes = yin_yang_points(2000, 1)
    assert (np.hypot(*(points[:, :2] - DISC_RADIUS).T) <= DISC_RADIUS).all()
    turned = yin_yang_class(points[:, 2], points[:, 3])  # (1 - x, 1 - y)
    np.testing.assert_array_equal(turned, np.array([1, 0, 2])[classes])
    np.testing.assert_array_equal(yin_yang_class(*points[:, :2].T), classes)


def test_what_the_picture_shows():
    x = np.array([0.75, 0.25, 0.25, 0.75, 0.5, 0.5])
    y = np.array([0.5, 0.5, 0.7, 0.3, 0.9, 0.1])
    # both dots, the left head around its dot, the right head around its own, above, below
    np.testing.assert_array_equal(yin_yang_class(x, y), [2, 2, 1, 0, 1, 0])


def test_parts_are_drawn_apart_and_again():
    data = yin_yang()
    assert [len(part) for _, part in data.parts()] == [5000, 1000, 1000]
    assert (data.n_in, data.n_out) == (4, 3)
    assert torch.equal(yin_yang().test.inputs, data.test.inputs)
    assert not torch.equal(data.validation.inputs, data.test.inputs)
    shares = torch.bincount(data.train.targets) / 5000
    # each a third; 5 standard deviations of a share of 5000 draws
    assert (shares - 1 / 3).abs().max() < 5 * (2 / 9 / 5000) ** 0.5


def test_bad_numbers_are_named():
    with pytest.raises(ValueError, match="Yin-Yang: seed must be a whole number"):
        yin_yang(seed=-1)
    with pytest.raises(ValueError, match="Yin-Yang: count must be a whole number of 1 or more"):
        yin_yang(n_test=0)


@pytest.mark.slow
def test_a_microcircuit_at_rest_learns_more_than_a_shallow_network():
    """A shallow network reaches 63.8 +- 1.0 % (Kriener et al. 2022); rates are not tuned."""
    data = yin_yang()
    rates = {"eta_W": (50.0, 1.0), "eta_IP": 2.0, "eta_PI": 0.0}
    conductances = {"g_A": 0.28 / ms, "g_som": 0.34 / ms}
    net = microcircuit_network((4, 30, 3), bias=0.5, **rates, **conductances)
    inputs, labels = data.train.inputs.double().numpy(), data.train.targets.numpy()
    targets = np.where(np.eye(3, dtype=bool)[labels], 1.0, 0.1)
    for epoch in range(5):
        order = np.random.default_rng(epoch).permutation(len(inputs))
        shown = {"stimulus": inputs[order], "target": targets[order]}
        schedule = Schedule(shown, presentation=100 * ms)
        net = net.with_weights(Microcircuit(net).learn(schedule, batch=10))
    answers = Microcircuit(net).outputs({"stimulus": data.validation.inputs.double().numpy()})
    assert (answers.argmax(1) == data.validation.targets.numpy()).mean() > 0.69
