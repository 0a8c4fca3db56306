"""Training: selection, resume, divergence, several processes."""

import math
import random
import re
from dataclasses import replace

import pytest
import torch
from torch import nn

from compartments.sealed_files import written_sealed
from rate_bridge.data import Dataset, Split
from rate_bridge.layers.convert import convert
from rate_bridge.layers.parameters import parameter_groups
from rate_bridge.training import checkpoint
from rate_bridge.training.evaluation import class_loss, evaluate
from rate_bridge.training.options import Options
from rate_bridge.training.trainer import Diverged, Training

OPTIONS = Options(epochs=4, batch_size=16, lr=0.01, seed=3)


def blobs(n=150, n_classes=3, width=6):
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(n) % n_classes
    centres = torch.randn(n_classes, width, generator=generator)
    inputs = centres[labels] + 0.5 * torch.randn(n, width, generator=generator)
    order = torch.randperm(n, generator=generator)
    parts = [Split(inputs[i], labels[i]) for i in order.split(n // 3)]
    return Dataset("blobs", "classes", *parts, n_classes, {"files": []})


def waves(n=60, length=7):
    time = torch.arange(n)[:, None] + torch.arange(length)
    inputs = torch.stack([torch.sin(0.3 * time), torch.cos(0.3 * time)], dim=-1)
    targets = torch.sin(0.3 * time - 0.5)[..., None]
    parts = [Split(inputs[i], targets[i]) for i in torch.arange(n).split(n // 3)]
    return Dataset("waves", "series", *parts, 1, {"files": []})


def network(n_in=6, n_out=3, seed=0, dropout=0.0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(n_in, 12), nn.Tanh(), nn.Dropout(dropout), nn.Linear(12, n_out))


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_training_learns_and_returns_the_best_epoch():
    model = network()
    fitted = Training(model, blobs(), replace(OPTIONS, epochs=10)).fit()
    assert len(fitted.history) == 10
    best = [entry["validation"]["accuracy"] for entry in fitted.history]
    assert fitted.best_epoch == best.index(max(best))
    scores = evaluate(model, blobs().validation, "classes")
    assert scores["accuracy"] == max(best)
    assert scores["accuracy"] > 0.8
    assert not scores["constant"]


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_weight_decay_takes_its_part_off_every_weight_that_learns_and_no_other(optimizer):
    # decoupled: the difference that decay makes to one step is lr * weight_decay * w for both
    # optimisers, whatever the gradient
    steps = {}
    for decay in (0.0, 0.25):
        options = replace(OPTIONS, optimizer=optimizer, weight_decay=decay, batch_size=50, epochs=1)
        model = convert(network(), "dll", seed=1, theta_rule="fixed")
        before = {name: p.detach().clone() for name, p in model.named_parameters()}
        Training(model, blobs(), options, groups=lambda m: parameter_groups(m, 0.01)).fit()
        steps[decay] = {name: p.detach() - before[name] for name, p in model.named_parameters()}
    thetas = [name for name in before if "theta" in name]
    assert thetas
    for name, start in before.items():
        lost = steps[0.25][name] - steps[0.0][name]
        assert (
            torch.equal(lost, 0 * start)
            if name in thetas
            else torch.allclose(lost, -0.01 * 0.25 * start, atol=1e-7)
        )


def test_a_series_is_selected_by_its_squared_error():
    fitted = Training(network(2, 1), waves(), replace(OPTIONS, epochs=8)).fit()
    errors = [entry["validation"]["mse"] for entry in fitted.history]
    assert errors[fitted.best_epoch] == min(errors)


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("stopped_after", [1, 3])
def test_a_resumed_run_is_the_uninterrupted_one_bit_for_bit(tmp_path, optimizer, stopped_after):
    options = replace(OPTIONS, optimizer=optimizer)
    whole = network(dropout=0.3)
    uninterrupted = Training(whole, blobs(), options).fit()

    class Stop(Exception):
        pass

    def stop(fraction, scores):
        if fraction >= (stopped_after + 0.5) / options.epochs:
            raise Stop

    path = tmp_path / "run.pt"
    with pytest.raises(Stop):
        Training(network(dropout=0.3), blobs(), options).fit(path, stop)
    resumed = network(seed=9, dropout=0.3)
    fitted = Training(resumed, blobs(), options).fit(path)
    assert torch.equal(weights(resumed), weights(whole))
    for mine, theirs in zip(fitted.history, uninterrupted.history, strict=True):
        assert mine["loss"] == theirs["loss"]
        assert mine["validation"] == theirs["validation"]
        assert mine["weights"] == theirs["weights"]
    assert fitted.start == uninterrupted.start  # of the untrained network, not of the checkpoint
    assert fitted.best_epoch == uninterrupted.best_epoch
    assert not [p for p in tmp_path.iterdir() if p != path]


def test_a_finished_run_is_not_trained_again(tmp_path):
    model = network()
    Training(model, blobs(), OPTIONS).fit(tmp_path / "run.pt")
    again = network(seed=5)
    fitted = Training(again, blobs(), OPTIONS).fit(tmp_path / "run.pt")
    assert len(fitted.history) == OPTIONS.epochs
    assert torch.equal(weights(again), weights(model))


def refusal(path, model, options=OPTIONS):
    with pytest.raises(ValueError, match=re.escape(str(path))) as caught:
        Training(model, blobs(), options).fit(path)
    return str(caught.value)


def test_a_checkpoint_that_does_not_fit_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "run.pt"
    Training(network(), blobs(), OPTIONS).fit(path)
    wider = nn.Sequential(nn.Linear(6, 13), nn.Tanh(), nn.Dropout(0), nn.Linear(13, 3))
    assert "another model: it has 0.weight (12, 6)" in refusal(path, wider)
    longer = nn.Sequential(*network(), nn.Linear(3, 3))
    assert "it has 4 tensors, this one 6" in refusal(path, longer)
    assert "another run: lr was 0.01, is 0.02" in refusal(
        path, network(), replace(OPTIONS, lr=0.02)
    )
    with pytest.raises(ValueError, match=r"written by 1 processes, here are 2.*torchrun"):
        checkpoint.load(path, network(), Training(network(), blobs(), OPTIONS).run, 2)
    monkeypatch.setattr(checkpoint, "FORMAT", 99)
    assert "(checkpoint format 99)" in refusal(path, network())
    path.write_bytes(path.read_bytes()[:100])
    assert "carries no SHA-256 digest: it was cut short, or" in refusal(path, network())


def test_no_checkpoint_with_a_flipped_bit_is_continued(tmp_path):
    path = tmp_path / "run.pt"
    Training(network(), blobs(), OPTIONS).fit(path)
    content = path.read_bytes()
    for place in random.sample(range(8 * len(content)), 50):
        flipped = bytearray(content)
        flipped[place // 8] ^= 1 << place % 8
        path.write_bytes(flipped)
        assert f"Delete {path} to start anew." in refusal(path, network())


@pytest.mark.parametrize("content", [[1, 2], {"version": 1}, {"state": []}, 3])
def test_a_checkpoint_of_wrong_types_is_refused(tmp_path, content):
    path = tmp_path / "run.pt"
    with written_sealed(path) as file:
        torch.save(content, file)
    assert "is no checkpoint: it holds no 'version'" in refusal(path, network())


def test_a_loss_that_is_no_number_stops_and_says_where():
    data = blobs()
    data.train.inputs[7] = math.nan
    with pytest.raises(Diverged, match=r"model on blobs: the loss is nan in epoch 0, step \d"):
        Training(network(), data, OPTIONS).fit()


def test_a_constant_predictor_is_noticed():
    model = network()
    with torch.no_grad():
        model[-1].weight.zero_()
        model[-1].bias[1] = 5.0
    assert evaluate(model, blobs().test, "classes")["constant"] == 1
    flat = network(2, 1)
    with torch.no_grad():
        flat[-1].weight.zero_()
    assert evaluate(flat, waves().test, "series")["constant"] == 1
    assert evaluate(network(2, 1), waves().test, "series")["constant"] == 0


def test_early_stopping_counts_epochs_without_a_better_score():
    class Frozen(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.tensor(1.0))

        def forward(self, inputs):
            return 0 * self.scale + inputs[:, :3]

    fitted = Training(Frozen(), blobs(), replace(OPTIONS, epochs=20, patience=2)).fit()
    assert fitted.stopped_early
    assert len(fitted.history) == 3
    assert fitted.best_epoch == 0


def test_the_order_of_samples_depends_on_seed_and_epoch_alone():
    first, second = (Training(network(), blobs(), OPTIONS) for _ in "ab")
    assert torch.equal(first._order(2), second._order(2))
    assert not torch.equal(first._order(2), first._order(3))
    other = Training(network(), blobs(), replace(OPTIONS, seed=4))
    assert not torch.equal(first._order(2), other._order(2))


def test_the_linear_schedule_ends_one_step_above_zero():
    assert [Options(epochs=4).factor(epoch) for epoch in range(4)] == [1, 0.75, 0.5, 0.25]
    assert Options(epochs=4, schedule="constant").factor(3) == 1
    assert Options(epochs=4, schedule="cosine").factor(2) == pytest.approx(0.5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("kind", ["cross-entropy", "mse"])
def test_the_error_at_the_output_is_target_minus_answer(kind, smoothing):
    outputs = torch.randn(5, 4, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([0, 3, 1, 1, 2])
    (gradient,) = torch.autograd.grad(class_loss(outputs, labels, kind, smoothing), outputs)
    hot = nn.functional.one_hot(labels, 4) * (1 - smoothing) + smoothing / 4
    answer = outputs.softmax(-1) if kind == "cross-entropy" else outputs
    torch.testing.assert_close(gradient, answer - hot)


REFUSED = [
    ({"epochs": 0}, "epochs must be a whole number of 1 or more, got 0."),
    ({"epochs": True}, "epochs must be a whole number of 1 or more, got True."),
    ({"epochs": 1.5}, "epochs must be a whole number of 1 or more, got 1.5."),
    ({"batch_size": "64"}, "batch_size must be a whole number of 1 or more, got '64'."),
    ({"lr": -1.0}, "lr must be a finite number above 0, got -1.0."),
    ({"lr": math.inf}, "lr must be a finite number above 0, got inf."),
    ({"lr": math.nan}, "lr must be a finite number above 0, got nan."),
    ({"lr": None}, "lr must be a finite number above 0, got None."),
    ({"theta_lr": -1.0}, "theta_lr must be a finite number of 0 or more or None, got -1.0."),
    ({"clip": -1.0}, "clip must be a finite number above 0 or None, got -1.0."),
    ({"clip": 0.0}, "clip must be a finite number above 0 or None, got 0.0."),
    ({"label_smoothing": 1.0}, "label_smoothing must be a number of 0 or more and below 1, got"),
    ({"patience": 0}, "patience must be a whole number of 1 or more or None, got 0."),
    ({"weight_decay": -0.1}, "weight_decay must be a finite number of 0 or more, got -0.1."),
    ({"seed": 2**32}, "seed must be a whole number in 0..2^32 - 1, got 4294967296."),
    ({"optimizer": "Adam"}, "optimizer must be 'adam' or 'sgd', got 'Adam'. Did you mean 'adam'?"),
    (
        {"schedule": "cosin"},
        "schedule must be 'linear', 'cosine' or 'constant', got 'cosin'. Did you mean 'cosine'?",
    ),
    ({"loss": "l1"}, "loss must be 'cross-entropy' or 'mse', got 'l1'."),
    ({"device": 0}, "device must be text, got 0."),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_options_out_of_their_domain_are_refused_in_one_line(options, message):
    with pytest.raises(ValueError, match=re.escape(f"Options: {message}")) as caught:
        Options(**options)
    assert "\n" not in str(caught.value)


def test_epochs_beyond_a_year_or_the_memory_are_refused_before_the_first_step(monkeypatch):
    with pytest.raises(ValueError, match="for 1000000000000 epochs needs at least 3 years; more"):
        Options(epochs=10**12)
    assert Options(epochs=10**12, patience=3).least_epochs == 4
    long = replace(OPTIONS, epochs=10**11, batch_size=1)  # years, once the samples are known
    monkeypatch.setattr("compartments.sizes.available_bytes", lambda: 10**15)
    with pytest.raises(ValueError, match=r"needs about 100\.0 TB and at least 5 years;"):
        Training(network(), blobs(), long)
    monkeypatch.setattr("compartments.sizes.available_bytes", lambda: 10**9)
    with pytest.raises(MemoryError, match=r"about 100\.0 TB .*; 1\.0 GB are free\. Lower epochs"):
        Training(network(), blobs(), long)


def test_a_network_of_the_wrong_width_is_named():
    with pytest.raises(
        ValueError, match=r"answers with shape \(16, 4\) where blobs needs \(16, 3\)"
    ):
        Training(network(n_out=4), blobs(), OPTIONS).fit()


@pytest.mark.parametrize("precision", ["float64", "bfloat16"])
def test_precision_is_an_option(precision):
    model = network()
    Training(model, blobs(), replace(OPTIONS, precision=precision, epochs=2)).fit()
    expected = torch.float64 if precision == "float64" else torch.float32
    assert all(p.dtype == expected for p in model.parameters())


def test_clipping_bounds_the_step():
    model, start = network(), weights(network())
    options = replace(OPTIONS, optimizer="sgd", clip=1e-4, epochs=1, batch_size=50, lr=1.0)
    Training(model, blobs(), options).fit()
    # one step of size lr x clip; float32 rounds near 1
    assert (weights(model) - start).abs().max() <= 1.001e-4
