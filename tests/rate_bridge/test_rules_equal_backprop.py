"""Theta := W makes every layer's backward pass backpropagation."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from rate_bridge.layers.convert import convert, tie_feedback
from rate_bridge.layers.recurrent import Elman
from rate_bridge.networks import registry as networks
from rate_bridge.networks.registry import Stage

# Sums of a few thousand float64 products in another order: 1e-16 * sqrt(1e4), with room.
TOLERANCE = 1e-10


class Residual(nn.Module):
    """A residual network with batch norm, in small."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(2, 4, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.inner = nn.Conv2d(4, 4, 3, padding="same", bias=False)
        self.inner_norm = nn.BatchNorm2d(4)
        self.down = nn.Conv2d(4, 6, 3, stride=2, padding=1)
        self.shortcut = nn.Conv2d(4, 6, 1, stride=2)
        self.head = nn.Linear(6, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        u = F.relu(self.norm(self.stem(x)))
        u = F.relu(u + self.inner_norm(self.inner(u)))
        u = F.relu(self.down(u) + self.shortcut(u))
        return self.head(u.mean((2, 3)))


def cnn_with(pooling: str, padding: int) -> nn.Module:
    stages = (Stage(4, 3, padding, pooling), Stage(5, 3, padding, "none"))
    return networks.cnn((2, 9, 8), stages, projection=6, classes=3)


def strided() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(2, 4, 3),
        nn.Tanh(),
        nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2), groups=2),
        nn.Tanh(),
        nn.Flatten(),
        nn.LazyLinear(3),
    )


def text(pooling: str, **options: int) -> nn.Module:
    return networks.TextCNN(7, 3, filters=4, pooling=pooling, hidden=(6,), dropout=0.0, **options)


IMAGE = (5, 2, 9, 8)
CASES = {
    "mlp": (lambda: networks.mlp((12, 9, 8, 3)), (5, 3, 4)),
    "mlp-sequence": (lambda: nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)), (5, 4)),
    "cnn-max": (lambda: cnn_with("max", 0), IMAGE),
    "cnn-avg-padding": (lambda: cnn_with("avg", 1), IMAGE),
    "cnn-stride-dilation-groups": (strided, IMAGE),
    "residual": (Residual, IMAGE),
    "textcnn-max": (lambda: text("max"), (5, 11, 7)),
    "textcnn-avg": (lambda: text("avg"), (5, 11, 7)),
}


def gradients(model: nn.Module, inputs: torch.Tensor, labels: torch.Tensor) -> dict:
    model.zero_grad()
    F.cross_entropy(model(inputs).flatten(0, -2), labels).backward()
    return {name: p.grad for name, p in model.named_parameters() if "theta" not in name}


def assert_equal_gradients(model: nn.Module, ours: nn.Module, inputs, labels) -> None:
    tie_feedback(ours)
    expected = gradients(model, inputs, labels)
    got = gradients(ours, inputs, labels)
    assert set(got) == set(expected)
    for name, gradient in expected.items():
        error = (got[name] - gradient).norm() / gradient.norm()
        assert error <= TOLERANCE, f"{name}: {error:.1e}"


@pytest.mark.parametrize("theta_rule", ["minus", "fixed"])
@pytest.mark.parametrize("case", CASES)
def test_tied_feedback_is_backprop(case: str, theta_rule: str) -> None:
    make, shape = CASES[case]
    torch.manual_seed(0)
    inputs = torch.randn(shape, dtype=torch.float64)
    labels = torch.arange(shape[0]) % 3
    model = make().double()
    model(inputs)  # lazy layers take their size
    ours = convert(model, "dll", theta_rule=theta_rule, example=inputs)
    assert_equal_gradients(model, ours, inputs, labels)


def test_tied_feedback_is_backprop_with_an_embedding_that_learns() -> None:
    torch.manual_seed(0)
    words, labels = torch.randint(20, (5, 11)), torch.arange(5) % 3
    model = text("max", vocabulary=20).double()
    assert_equal_gradients(model, convert(model, example=words), words, labels)


@pytest.mark.parametrize("bias", [False, True])
def test_tied_feedback_is_backprop_through_time(bias: bool) -> None:
    torch.manual_seed(0)
    inputs = torch.randn(4, 9, 3, dtype=torch.float64)
    labels = torch.randint(2, (4 * 9,))
    model = Elman(3, 8, 2, bias=bias).double()
    with torch.no_grad():
        model.weight_h.mul_(3)  # so that errors travel through time
    assert_equal_gradients(model, convert(model), inputs, labels)


def test_backprop_through_time_against_torch_rnn() -> None:
    torch.manual_seed(0)
    reference = nn.RNN(3, 8, bias=False, batch_first=True).double()
    model = Elman(3, 8, 2).double()
    with torch.no_grad():
        model.weight_x.copy_(reference.weight_ih_l0)
        model.weight_h.copy_(reference.weight_hh_l0)
    inputs = torch.randn(4, 9, 3, dtype=torch.float64)
    h0 = torch.randn(4, 8, dtype=torch.float64)
    states, last = reference(inputs, h0[None])
    for network in (model, convert(model)):
        y, h_n = network.run(inputs, h0)
        torch.testing.assert_close(y, states @ network.weight_y.t(), rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(h_n, last[0], rtol=1e-12, atol=1e-12)


def test_initial_state_gets_its_error() -> None:
    torch.manual_seed(0)
    model = Elman(3, 5, 2).double()
    ours = convert(model)
    tie_feedback(ours)
    inputs = torch.randn(4, 6, 3, dtype=torch.float64)
    starts = [torch.zeros(4, 5, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    for network, h0 in zip((model, ours), starts, strict=True):
        network.run(inputs, h0)[0].square().sum().backward()
    torch.testing.assert_close(starts[1].grad, starts[0].grad, rtol=1e-10, atol=1e-12)
