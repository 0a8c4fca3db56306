"""The answers that a network has to beat."""

import numpy as np
import torch

from rate_bridge.baselines import least_squares, mean_answer
from rate_bridge.data.series import now_casting
from rate_bridge.training.evaluation import evaluate


def test_least_squares_finds_a_linear_relation_and_the_mean_does_not():
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(200, 2))
    table = np.column_stack([columns, columns @ [2.0, -1.0]])
    data = now_casting("made", table, 4, [])
    # float32 data
    assert evaluate(least_squares(data), data.test, "series")["mse"] < 1e-10
    answers = mean_answer(data)(data.test.inputs)
    assert torch.equal(answers, torch.zeros_like(answers))
    scores = evaluate(mean_answer(data), data.test, "series")
    assert scores["mse"] == torch.mean(data.test.targets.double() ** 2).item()
