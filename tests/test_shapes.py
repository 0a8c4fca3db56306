"""The shapes that annotations name are checked while tests run."""

import numpy as np
import pytest
from jaxtyping import TypeCheckError
from shape_checks import annotated_modules

from experiments.lab.samples import Part
from models import WeightBundle


def test_a_wrong_shape_is_caught():
    part = Part(np.zeros((3, 2)), np.array([0, 1, 1]))
    assert part.accuracy(np.eye(2)[[0, 1, 1]]) == 1
    with pytest.raises(TypeCheckError, match="outputs"):
        part.accuracy(np.zeros(3))
    with pytest.raises(TypeCheckError, match="labels"):
        Part(np.zeros((3, 2)), np.array([0, 1]))


def test_shapes_within_a_bundle_differ():
    assert WeightBundle({"W0": np.ones((2, 3)), "W1": np.ones((4, 2))}).shapes["W1"] == (4, 2)


@pytest.mark.usefixtures("unchecked_shapes")
def test_a_test_can_do_without():
    assert Part(np.zeros((3, 2)), np.array([0, 1])).labels.shape == (2,)


def test_modules_are_found():
    assert {"models.schedule", "rate_bridge.data.dataset"} <= set(annotated_modules())
