"""Angles, norms and saturation by layer."""

import math

import pytest
import torch
from torch.nn import functional as F

from rate_bridge.layers.convert import convert, tie_feedback
from rate_bridge.networks.registry import build, mlp
from rate_bridge.training.diagnostics import Monitor, alignment, angle, backprop_angles


def case(rule: str = "dll"):
    torch.manual_seed(0)
    return convert(mlp((6, 5, 4, 3)), rule), torch.randn(8, 6), torch.arange(8) % 3


def test_angles_in_closed_form() -> None:
    a = torch.tensor([1.0, 0.0])
    assert angle(a, torch.tensor([1.0, 1.0])) == pytest.approx(45)
    assert angle(a, -a) == pytest.approx(180)
    assert math.isnan(angle(a, 0 * a))


def test_tied_feedback_has_no_angle_and_random_feedback_a_right_one() -> None:
    model = build("mlp-mnist", seed=0)
    # The cosine of two random vectors of n entries has an s.d. of 1 / sqrt(n); n >= 2560.
    assert all(degrees == pytest.approx(90, abs=6) for degrees in alignment(model).values())
    assert list(alignment(model)) == ["3.theta", "5.theta", "7.theta"]
    tie_feedback(model)
    # arccos near 1 turns float64 rounding of 1e-16 into 1e-8 rad.
    assert all(degrees == pytest.approx(0, abs=1e-4) for degrees in alignment(model).values())


def test_recurrent_alignment_names_both_matrices() -> None:
    model = build("rnn", seed=0, n_in=2, n_out=2, hidden=4)
    assert list(alignment(model)) == ["theta_h", "theta_y"]


def test_angle_to_backprop_vanishes_when_tied_and_leaves_the_model_alone() -> None:
    model, inputs, labels = case()

    def loss(network: torch.nn.Module) -> torch.Tensor:
        return F.cross_entropy(network(inputs), labels)

    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    angles = backprop_angles(model, loss)
    assert list(angles) == ["1.weight", "3.weight", "5.weight"]
    assert angles["5.weight"] == pytest.approx(0, abs=0.1)  # the output's error is exact
    assert angles["1.weight"] > 5
    assert all(p.grad is None for p in model.parameters())
    assert model.training
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name])
    tie_feedback(model)
    assert all(
        degrees == pytest.approx(0, abs=0.1) for degrees in backprop_angles(model, loss).values()
    )


def test_monitor_records_a_step() -> None:
    model, inputs, labels = case()
    with Monitor(model) as monitor:
        F.cross_entropy(model(10 * inputs), labels).backward()
        backprop_angles(model, lambda m: F.cross_entropy(m(0 * inputs), labels))
        page = monitor.record()
        assert not monitor._seen
    assert page["2"]["saturated"] == pytest.approx(
        (model[1](10 * inputs).tanh().abs() > 0.95).float().mean().item()
    )
    row = page["3"]
    assert row["norm_weight"] == pytest.approx(model[3].weight.norm().item())
    assert row["gradient_norm_theta"] == pytest.approx(model[3].theta.grad.norm().item())
    assert 0 <= row["angle_theta"] <= 180
    logits = model(10 * inputs)
    delta = (logits.softmax(1) - F.one_hot(labels, 3)) / 8
    assert page["5"]["error_norm"] == pytest.approx(
        delta.square().sum(1).mean().sqrt().item(), rel=1e-5
    )


def test_monitor_leaves_no_hook_behind() -> None:
    model, inputs, labels = case()
    monitor = Monitor(model)
    monitor.close()
    F.cross_entropy(model(inputs), labels).backward()
    assert all("error_norm" not in row for row in monitor.record().values())
    assert all(not module._forward_hooks for module in model.modules())
    with pytest.raises(ValueError, match=r"threshold must lie between 0 and 1, got 2"):
        Monitor(model, threshold=2)


def test_a_recurrent_network_is_monitored_too() -> None:
    model = build("rnn", "kp", seed=0, n_in=2, n_out=2, hidden=4)
    with Monitor(model) as monitor:
        model(torch.randn(3, 5, 2)).square().mean().backward()
        page = monitor.record()
    assert page[""]["error_norm"] > 0
    assert {"angle_theta_h", "angle_theta_y", "norm_weight_x"} <= set(page[""])
