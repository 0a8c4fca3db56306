"""The answers that a network has to beat."""

import numpy as np
import pytest
import torch
from torch import nn

from rate_bridge.baselines import BASELINES, fitted
from rate_bridge.baselines.selection import selected
from rate_bridge.baselines.series import target_before
from rate_bridge.data import Dataset, Source, Split, load
from rate_bridge.data.series import now_casting
from rate_bridge.training.evaluation import evaluate

RNG = np.random.default_rng(0)


def related_series():
    columns = RNG.normal(size=(200, 2))
    return now_casting("made", np.column_stack([columns, columns @ [2.0, -1.0]]), 4, [])


def drifting_series():
    return now_casting("made", RNG.normal(size=(300, 3)).cumsum(0), 4, [])


def coded(draw, n_codes, n_out, n=120):
    """A data set of codes whose three parts are drawn alike."""
    parts = [Split(*draw(n), torch.eye(n_codes)) for _ in range(3)]
    return Dataset("made", "classes", *parts, n_out, {"files": []}, rare_classes=True)


def scores(name, dataset):
    found = fitted(name, dataset)
    return evaluate(found.model, found.dataset.test, dataset.kind)


def test_least_squares_finds_a_linear_relation_and_the_mean_does_not():
    data = related_series()
    assert scores("linear", data)["mse"] < 1e-10  # float32 data
    answers = fitted("mean", data).model(data.test.inputs)
    assert torch.equal(answers, torch.zeros_like(answers))
    assert scores("mean", data)["mse"] == torch.mean(data.test.targets.double() ** 2).item()


def test_persistence_answers_with_the_step_before_and_nothing_before_a_part():
    data = drifting_series()
    shown = target_before(data.test)
    series = torch.cat([data.test.targets[:, 0, 0], data.test.targets[-1, 1:, 0]])
    before = torch.cat([torch.zeros(1), series[:-1]])
    assert torch.equal(shown.inputs[..., 0], before.unfold(0, 4, 1))
    steps = (series[1:] - series[:-1]).double()
    expected = torch.cat([series[:1].double(), steps]).square().unfold(0, 4, 1).mean()
    assert scores("persistence", data)["mse"] == pytest.approx(expected.item(), rel=1e-6)
    assert BASELINES["persistence"].beyond
    assert scores("persistence", data)["mse"] < 0.1 * scores("mean", data)["mse"]


def words_with_a_tell(n):
    """Sentences of codes 2..9 padded with 0, where 2 tells class 0 and 3 tells class 1."""
    codes = torch.randint(4, 10, (n, 6))
    codes[:, 5] = 0
    labels = torch.randint(0, 2, (n,))
    codes[torch.arange(n), torch.randint(0, 5, (n,))] = 2 + labels
    return codes, labels


@pytest.mark.parametrize("name", ["naive-bayes", "logistic"])
def test_words_that_tell_the_class_are_found(name):
    torch.manual_seed(0)
    data = coded(words_with_a_tell, 10, 2)
    found = fitted(name, data)
    assert evaluate(found.model, found.dataset.test, "classes")["accuracy"] == 1
    unread = torch.tensor([[0, 0, 1, 1, 0, 1]])  # padding and unknown words say nothing
    assert torch.equal(found.model(unread)[0], found.model.bias)
    order = torch.randperm(6)
    shuffled = found.dataset.test.inputs[:, order]
    torch.testing.assert_close(found.model(shuffled), found.model(found.dataset.test.inputs))


def test_naive_bayes_is_bayes_rule():
    torch.manual_seed(0)
    data = coded(words_with_a_tell, 10, 2)
    found = fitted("naive-bayes", data)
    alpha = found.selection["alpha"]
    codes, labels = data.train.inputs, data.train.targets
    sentence = data.test.inputs[0]
    joint = []
    for label in (0, 1):
        counts = torch.bincount(codes[labels == label].flatten(), minlength=10)[2:].double()
        words = ((counts + alpha) / (counts + alpha).sum()).log()
        prior = (labels == label).double().mean().log()
        joint.append(prior + words[sentence[sentence > 1] - 2].sum())
    # weights are kept in float32
    expected = torch.tensor(joint).log_softmax(0).float()
    answered = found.model(sentence[None])[0].log_softmax(0)
    torch.testing.assert_close(answered, expected, atol=1e-5, rtol=1e-5)


def markov(order, size=4):
    """Windows of a text whose next character is the one ``order`` before, plus one."""

    def draw(n):
        text = torch.randint(0, size, (n, order))
        while text.shape[1] < 13:
            text = torch.cat([text, (text[:, -order, None] + 1) % size], 1)
        return text[:, :-1], text[:, 1:]

    return draw


def test_characters_are_told_from_as_many_before_as_matter():
    torch.manual_seed(0)
    data = coded(markov(1), 4, 4)
    assert scores("bigram", data)["accuracy"] == 1
    later = coded(markov(3), 4, 4)
    found = fitted("n-gram", later)
    assert found.selection["order, smoothing"][0] >= 4
    model, test = found.model, found.dataset.test
    right = model(test.inputs).argmax(-1) == test.targets
    assert right[:, 2:].all()  # before that, too little of the window is read
    assert right[:, :2].float().mean() < 0.6
    assert scores("bigram", later)["accuracy"] < 0.6
    assert scores("most-common", later)["accuracy"] < 0.4


def test_n_gram_shares_are_the_counts_smoothed_by_those_of_the_shorter_context():
    read = torch.tensor([[0, 1, 0, 1, 2]])
    parts = [Split(read, torch.tensor([[1, 0, 1, 2, 0]]), torch.eye(3)) for _ in range(3)]
    data = Dataset("made", "classes", *parts, 3, {"files": []}, rare_classes=True)
    found = fitted("bigram", data)
    s = found.selection["smoothing"]
    alone = (torch.tensor([2, 2, 1]) + s / 3) / (5 + s)
    after_1 = (torch.tensor([1, 0, 1]) + s * alone) / (2 + s)
    torch.testing.assert_close(found.model(read)[0, 3].exp(), after_1.double())
    new = torch.tensor([[0]])  # read from a context of two that the training part lacks
    torch.testing.assert_close(found.model(new).exp().sum(), torch.tensor(1.0).double())


@pytest.mark.parametrize("name", ["logistic", "knn", "most-common"])
def test_images_are_told_apart(name):
    data = load("digits", Source("unused"))
    found = fitted(name, data)
    accuracy = evaluate(found.model, data.test, "classes")["accuracy"]
    low, high = {"logistic": (0.94, 0.99), "knn": (0.97, 1), "most-common": (0.05, 0.15)}[name]
    assert low <= accuracy <= high  # scikit-learn's own examples: about 0.96 and 0.99
    again = fitted(name, data).model(data.test.inputs)
    assert torch.equal(found.model(data.test.inputs), again)


class Answering(nn.Module):
    """Class 1 to so many of all inputs."""

    def __init__(self, ones):
        super().__init__()
        self.ones = ones

    def forward(self, inputs):
        answers = (torch.arange(len(inputs)) < self.ones).long()
        return nn.functional.one_hot(answers, 2).float()


def test_free_numbers_are_selected_on_the_validation_part_alone():
    def part(ones):
        return Split(torch.zeros(10, 3), (torch.arange(10) < ones).long())

    data = Dataset("made", "classes", part(9), part(4), part(8), 2, {"files": []})
    choice = selected("ones", (9, 8, 4, 3, 5), Answering, data)
    assert choice.model.ones == choice.selection["ones"] == 4
    assert choice.selection["validation_accuracy"] == [0.5, 0.6, 1.0, 0.9, 0.9]
    assert selected("ones", (5, 3), Answering, data).model.ones == 5  # of equals the least loss
    patient = selected("ones", (9, 8, 7, 10, 4), Answering, data, patience=1)
    assert patient.selection == {
        "ones": 7,
        "candidates": [9, 8, 7, 10],
        "validation_accuracy": [0.5, 0.6, 0.7, 0.4],
    }


def test_a_baseline_that_does_not_fit_names_those_that_do():
    with pytest.raises(ValueError, match=r"series \(made\) 'knn'.*linear, mean, persistence"):
        fitted("knn", related_series())


@pytest.mark.parametrize("name", BASELINES)
def test_every_baseline_is_shown_the_three_parts_in_full(name):
    torch.manual_seed(0)
    made = {
        "series": related_series,
        "images": lambda: load("digits", Source("unused")),
        "characters": lambda: coded(markov(1), 4, 4, 20),
        "sentences": lambda: coded(words_with_a_tell, 10, 2, 40),
    }
    for task in BASELINES[name].fits:
        data = made[task]()
        found = fitted(name, data)
        for (_, shown), (_, split) in zip(found.dataset.parts(), data.parts(), strict=True):
            assert torch.equal(shown.targets, split.targets)
            answers = found.model(shown.inputs)
            assert torch.isfinite(answers).all()
            expected = (*split.targets.shape, data.n_out)
            assert answers.shape == (expected if data.kind == "classes" else split.targets.shape)
