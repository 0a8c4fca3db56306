"""Yin-Yang: its classes and its parts."""

import numpy as np
import pytest
import torch

from rate_bridge.data.yin_yang import DISC_RADIUS, yin_yang, yin_yang_class, yin_yang_points


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
