"""A run that ends finite but worthless is seen from its history, its start and its data."""

import math

import pytest
import torch

from rate_bridge.data import Dataset, Split
from rate_bridge.training.collapse import Uninformed, collapse, uninformed

TEN_CLASSES = Uninformed(accuracy=0.11, predictions=1000, loss=math.log(10))
START = {"loss": math.log(10), "weights": {"0.weight": 0.05, "1.theta": 1.0}}


def epoch(accuracy, loss=0.3, *, constant=0.0, w=0.1, theta=1.0):
    scores = {"loss": 0.4, "accuracy": accuracy, "most_common": 0.2, "constant": constant}
    return {"loss": loss, "validation": scores, "weights": {"0.weight": w, "1.theta": theta}}


def series_epoch(loss, *, constant=0.0):
    scores = {"loss": loss, "mse": 2 * loss, "mae": 1.0, "spread": 1.0, "constant": constant}
    return {"loss": loss, "validation": scores, "weights": {"0.weight": 0.1, "1.theta": 1.0}}


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        (epoch(0.92), None),
        (epoch(0.099, loss=2.33, constant=1.0), "constant"),
        # 0.11 + 2 sqrt(0.11 x 0.89 / 1000) = 0.1298
        (epoch(0.129), "chance"),
        (epoch(0.131), "lost"),
        # half of what 0.931 has above 0.11 is reached at 0.5205
        (epoch(0.520), "lost"),
        (epoch(0.521), None),
        (epoch(0.9, loss=2.01 * math.log(10)), "loss"),
        (epoch(0.9, loss=1.99 * math.log(10)), None),
        (epoch(0.9, theta=1001.0), "weights"),
        (epoch(0.9, w=51.0), "weights"),
        (epoch(0.9, theta=999.0), None),
    ],
)
def test_a_classifier_is_judged_by_its_end(last, reason):
    found = collapse("classes", [epoch(0.8), epoch(0.931), last], START, TEN_CLASSES)
    assert (None if found is None else found.reason) == reason
    if found is not None:
        assert found.figures
        assert "\n" not in found.message


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        (series_epoch(0.2), None),
        (series_epoch(0.5, constant=1.0), "constant"),
        (series_epoch(0.99), None),
        (series_epoch(1.01), "loss"),  # the mean's squared error is 1, half of it 0.5
    ],
)
def test_a_series_is_held_against_its_mean_on_the_training_part(last, reason):
    mean = Uninformed(math.nan, 1000, 0.5)
    untrained = {**START, "loss": 5.0}  # a bad start excuses nothing
    found = collapse("series", [series_epoch(0.4), last], untrained, mean)
    assert (None if found is None else found.reason) == reason


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        (epoch(0.099, constant=1.0), "constant"),
        (epoch(0.129), "lost"),
        (epoch(0.9, loss=2.1), "loss"),  # the first epoch's loss was 1
        (epoch(0.9, theta=1e9), None),
    ],
)
def test_an_older_record_is_judged_as_far_as_its_history_goes(last, reason):
    found = collapse("classes", [epoch(0.931, loss=1.0), last])
    assert (None if found is None else found.reason) == reason


def test_what_was_not_trained_is_not_judged():
    assert collapse("classes", []) is None


def test_what_no_information_is_worth_is_measured_on_the_data():
    labels = torch.tensor([0, 0, 0, 1])
    part = Split(torch.zeros(4, 2), labels)
    data = Dataset("small", "classes", part, Split(part.inputs, 1 - labels), part, 2, {})
    found = uninformed(data)
    assert (found.accuracy, found.predictions) == (0.75, 4)
    entropy = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert found.loss == pytest.approx(entropy)
    # the best constant answer under half the squared distance is the shares themselves
    assert uninformed(data, "mse").loss == pytest.approx(0.75 * 0.25)


def test_a_series_without_information_is_its_mean():
    values = torch.tensor([[[1.0], [3.0]], [[1.0], [3.0]]])
    part = Split(torch.zeros(2, 2, 1), values)
    found = uninformed(Dataset("small", "series", part, part, part, 1, {}))
    assert math.isnan(found.accuracy)
    assert found.loss == pytest.approx(0.5)  # half the variance, which is 1
