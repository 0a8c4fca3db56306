"""Every rule's update against a loop over samples, units and taps; Algorithm 1 as a whole."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from compartments.activations import ACTIVATIONS
from rate_bridge.layers.convert import convert, parameter_groups, set_error_scale
from rate_bridge.layers.feedback_layers import Conv1d, Conv2d, Linear
from rate_bridge.layers.recurrent import Recurrent
from rate_bridge.networks import registry as networks
from rate_bridge.ode_engine.activations import torch_activation
from rate_bridge.references import algorithm1
from rate_bridge.rules import RULES, make_rule
from rate_bridge.rules.base import sign_scale

TOLERANCE = {"rtol": 1e-10, "atol": 1e-12}  # float64 sums of under a hundred products
BATCH = 4
FEEDBACK_RULES = {
    "fa": ("fa", {}),
    "usf": ("usf", {}),
    "frsf": ("frsf", {}),
    "kp": ("kp", {"decay": 0.3}),
    "dll-minus": ("dll", {"theta_rule": "minus"}),
    "dll-plus": ("dll", {"theta_rule": "plus"}),
    "dll-fixed": ("dll", {"theta_rule": "fixed"}),
    "dll-kp": ("dll", {"theta_rule": "kp", "decay": 0.3}),
}


def one_layer(case: str, kind: str):
    """A layer, an input that needs an error, and the error delta above of each sample."""
    name, options = FEEDBACK_RULES[case]
    torch.manual_seed(1)
    rule = make_rule(name, **options)
    if kind == "linear":
        layer, u = Linear(5, 3, rule=rule).double(), torch.randn(BATCH, 5)
    else:
        layer = Conv2d(2, 3, (3, 2), rule=rule, stride=(1, 2), padding=(1, 0)).double()
        u = torch.randn(BATCH, 2, 4, 5)
    u = u.double().requires_grad_()
    return layer, u, torch.randn_like(layer(u))


def loop_products(layer: nn.Module, above: torch.Tensor, below: torch.Tensor) -> torch.Tensor:
    """sum over samples (and positions) of ``above below^T``, entry by entry."""
    total = torch.zeros_like(layer.weight)
    if isinstance(layer, Linear):
        for b, i, j in itertools.product(range(BATCH), range(3), range(5)):
            total[i, j] += above[b, i] * below[b, j]
        return total
    padded = F.pad(below, (0, 0, 1, 1))
    for b, o, c, y, x, ky, kx in itertools.product(
        range(BATCH),
        range(3),
        range(2),
        range(above.shape[2]),
        range(above.shape[3]),
        *map(range, (3, 2)),
    ):
        total[o, c, ky, kx] += above[b, o, y, x] * padded[b, c, y + ky, 2 * x + kx]
    return total


def loop_descent(layer: nn.Module, matrix: torch.Tensor, delta: torch.Tensor, u: torch.Tensor):
    """``matrix^T delta`` at every input, entry by entry."""
    if isinstance(layer, Linear):
        xi = torch.zeros(BATCH, 5, dtype=torch.float64)
        for b, i, j in itertools.product(range(BATCH), range(3), range(5)):
            xi[b, j] += matrix[i, j] * delta[b, i]
        return xi
    padded = torch.zeros(BATCH, 2, u.shape[2] + 2, u.shape[3], dtype=torch.float64)
    for b, o, c, y, x, ky, kx in itertools.product(
        range(BATCH),
        range(3),
        range(2),
        range(delta.shape[2]),
        range(delta.shape[3]),
        *map(range, (3, 2)),
    ):
        padded[b, c, y + ky, 2 * x + kx] += matrix[o, c, ky, kx] * delta[b, o, y, x]
    return padded[:, :, 1:-1]


@pytest.mark.parametrize("kind", ["linear", "conv"])
@pytest.mark.parametrize("case", FEEDBACK_RULES)
def test_update_is_the_batch_mean_of_the_rule(case: str, kind: str) -> None:
    layer, u, delta = one_layer(case, kind)
    rule, W, theta = layer.rule, layer.weight.detach(), layer.theta
    layer(u).backward(-delta / BATCH)  # the gradient of a loss averaged over the batch
    if rule.name == "usf":
        matrix = sign_scale(W) * W.sign()
    else:
        matrix = theta * W.sign() if rule.name == "frsf" else theta
    xi = loop_descent(layer, matrix.detach(), delta, u)
    torch.testing.assert_close(u.grad, -xi / BATCH, **TOLERANCE)
    decay = getattr(rule, "decay", 0.0)
    hebb = loop_products(layer, delta, u.detach()) / BATCH
    torch.testing.assert_close(-layer.weight.grad, hebb - decay * W, **TOLERANCE)
    if rule.name == "kp":
        torch.testing.assert_close(-theta.grad, hebb - decay * theta, **TOLERANCE)
    elif rule.learns_theta:
        sign = -1 if rule.theta_rule == "minus" else 1
        expected = sign * loop_products(layer, delta, xi) / BATCH
        torch.testing.assert_close(-theta.grad, expected, **TOLERANCE)
    else:
        assert theta is None or theta.grad is None


def test_convolution_theta_update_against_an_einsum() -> None:
    torch.manual_seed(2)
    layer = Conv2d(3, 4, 3, padding=1, rule="dll").double()
    u = torch.randn(BATCH, 3, 6, 5, dtype=torch.float64, requires_grad=True)
    delta = torch.randn(BATCH, 4, 6, 5, dtype=torch.float64)
    layer(u).backward(-delta / BATCH)
    patches = F.unfold(-BATCH * u.grad, 3, padding=1)
    update = -torch.einsum("bop,bkp->ok", delta.flatten(2), patches) / BATCH
    torch.testing.assert_close(-layer.theta.grad.flatten(1), update, **TOLERANCE)


def test_conv1d_theta_update_against_an_einsum() -> None:
    torch.manual_seed(2)
    layer = Conv1d(3, 4, 3, rule="dll").double()
    u = torch.randn(BATCH, 3, 8, dtype=torch.float64, requires_grad=True)
    delta = torch.randn(BATCH, 4, 6, dtype=torch.float64)
    layer(u).backward(-delta / BATCH)
    windows = (-BATCH * u.grad).unfold(2, 3, 1)
    update = -torch.einsum("bop,bcpk->ock", delta, windows) / BATCH
    torch.testing.assert_close(-layer.theta.grad, update, **TOLERANCE)


def test_batchwise_random_sign_is_drawn_anew_with_the_signs_of_W() -> None:
    torch.manual_seed(3)
    layer = Linear(400, 1, rule="brsf").double()
    sent = []
    for _ in range(2):
        u = torch.zeros(1, 400, dtype=torch.float64, requires_grad=True)
        layer(u).sum().backward()
        sent.append(u.grad[0])
        assert torch.equal(u.grad[0].sign(), layer.weight[0].sign())
    assert not torch.equal(*sent)
    # root mean square of 400 normal draws: relative s.d. 1/sqrt(800) = 0.035
    assert sent[0].square().mean().sqrt() / sign_scale(layer.weight) == pytest.approx(1, abs=0.15)


def test_direct_feedback_against_a_loop() -> None:
    torch.manual_seed(4)
    model = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3))
    model = convert(model.double(), "dfa")
    u0 = torch.randn(BATCH, 6, dtype=torch.float64)
    labels = torch.arange(BATCH) % 3
    z1 = model[0](u0)
    u1 = z1.tanh()
    z2 = u1 @ model[2].weight.t() + model[2].bias
    u2 = z2.tanh()
    logits = u2 @ model[4].weight.t() + model[4].bias
    delta3 = F.one_hot(labels, 3) - logits.softmax(1)
    delta2 = (delta3 @ model[4].theta) * (1 - u2**2)
    delta1 = (delta3 @ model[2].theta) * (1 - u1**2)
    F.cross_entropy(model(u0), labels).backward()
    for layer, delta, below in (
        (model[0], delta1, u0),
        (model[2], delta2, u1),
        (model[4], delta3, u2),
    ):
        expected = sum(torch.outer(d, u) for d, u in zip(delta, below, strict=True)) / BATCH
        torch.testing.assert_close(-layer.weight.grad, expected, **TOLERANCE)


@pytest.mark.parametrize("kind", ["linear", "conv"])
def test_weight_mirror_points_theta_at_W(kind: str) -> None:
    torch.manual_seed(5)
    if kind == "linear":
        layer, u = Linear(6, 4, rule="wm"), torch.zeros(20_000, 6)
    else:
        layer, u = Conv2d(2, 4, 3, rule="wm"), torch.zeros(2_000, 2, 5, 6)
    layer(u.requires_grad_()).sum().backward()
    mirrored = layer.theta - layer.theta.grad
    # Each entry is a mean of about 20,000 products of size |w|: 1/sqrt(20,000) = 0.7 %, 5 s.d.
    scale = layer.weight.norm() / layer.weight.numel() ** 0.5 * layer.weight[0].numel() ** 0.5
    assert (mirrored - layer.weight).abs().max() < 0.035 * scale


@pytest.mark.parametrize("mean", [True, False])
@pytest.mark.parametrize("theta_rule", ["minus", "plus", "fixed", "kp"])
def test_one_step_of_sgd_is_one_step_of_algorithm_1(theta_rule: str, mean: bool) -> None:
    torch.manual_seed(6)
    eta, eta_theta, decay = 0.3, 0.05, (0.1 if theta_rule == "kp" else 0.0)
    options = {"decay": decay} if theta_rule == "kp" else {}
    model = networks.mlp((6, 5, 4, 3)).double()
    model = convert(model, "dll", theta_rule=theta_rule, **options)
    inputs = torch.randn(BATCH, 6, dtype=torch.float64)
    labels = torch.arange(BATCH) % 3
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    parameters = algorithm1.Parameters(
        W=[before[f"{i}.weight"] for i in (1, 3, 5)], theta=[before[f"{i}.theta"] for i in (3, 5)]
    )
    f = [torch_activation(ACTIVATIONS[name]) for name in ("tanh", "tanh", "linear")]
    activity = algorithm1.forward(parameters, inputs, f)
    targets = F.one_hot(labels, 3).double()
    errors = algorithm1.local_errors(parameters, activity, targets, f, "cross_entropy")
    expected = algorithm1.updates(
        parameters,
        activity,
        errors,
        theta_rule=theta_rule,
        eta_W=eta,
        eta_theta=eta_theta,
        decay=decay,
    )
    optimiser = torch.optim.SGD(parameter_groups(model, eta, eta_theta))
    if mean:
        F.cross_entropy(model(inputs), labels).backward()
    else:
        set_error_scale(model, 1.0)
        F.cross_entropy(model(inputs), labels, reduction="sum").backward()
        expected = {name: BATCH * change for name, change in expected.items()}
    optimiser.step()
    if theta_rule == "kp" and not mean:
        return  # its decay is not summed over the samples
    for i, index in enumerate((1, 3, 5)):
        change = model[index].weight - before[f"{index}.weight"]
        torch.testing.assert_close(change, expected[f"W{i}"], **TOLERANCE)
        if f"theta{i}" in expected:
            change = model[index].theta - before[f"{index}.theta"]
            torch.testing.assert_close(change, expected[f"theta{i}"], **TOLERANCE)


@pytest.mark.parametrize("theta_rule", ["minus", "plus", "kp"])
def test_recurrent_update_against_the_equations(theta_rule: str) -> None:
    """Lv et al. 2025, Eqs. 10-30, term by term and sample by sample."""
    torch.manual_seed(7)
    steps = 5
    model = Recurrent(3, 4, 2, rule=make_rule("dll", theta_rule=theta_rule)).double()
    x = torch.randn(BATCH, steps, 3, dtype=torch.float64)
    t = torch.randn(BATCH, steps, 2, dtype=torch.float64)
    W_x, W_h, W_y = (w.detach() for w in (model.weight_x, model.weight_h, model.weight_y))
    theta_h, theta_y = model.theta_h.detach(), model.theta_y.detach()
    changes = {name: torch.zeros_like(p) for name, p in model.named_parameters()}
    for b in range(BATCH):
        h = [torch.zeros(4, dtype=torch.float64)]
        for i in range(steps):
            h.append(torch.tanh(W_h @ h[i] + W_x @ x[b, i]))
        xi_y = [t[b, i] - W_y @ h[i + 1] for i in range(steps)]
        slope = [1 - state**2 for state in h[1:]]
        xi = [theta_y.T @ e for e in xi_y]
        for i in reversed(range(steps - 1)):
            xi[i] = xi[i] + theta_h.T @ (xi[i + 1] * slope[i + 1])
        d = [xi[i] * slope[i] for i in range(steps)]
        for i in range(steps):
            changes["weight_x"] += torch.outer(d[i], x[b, i])
            changes["weight_h"] += torch.outer(d[i], h[i])
            changes["weight_y"] += torch.outer(xi_y[i], h[i + 1])
            changes["theta_y"] -= torch.outer(xi_y[i], xi[i])
            if i + 1 < steps:
                changes["theta_h"] -= torch.outer(d[i + 1], xi[i])
    if theta_rule == "plus":
        changes["theta_y"], changes["theta_h"] = -changes["theta_y"], -changes["theta_h"]
    if theta_rule == "kp":
        changes["theta_y"], changes["theta_h"] = changes["weight_y"], changes["weight_h"]
    (0.5 * (model(x) - t).square().sum() / (BATCH * steps)).backward()
    for name, parameter in model.named_parameters():
        expected = changes[name] / (BATCH * steps)
        decay = 1e-4 * parameter.detach() if theta_rule == "kp" else 0.0
        torch.testing.assert_close(-parameter.grad, expected - decay, **TOLERANCE)


def test_kolen_pollack_closes_the_gap_at_the_rate_of_its_decay() -> None:
    torch.manual_seed(8)
    model = convert(networks.mlp((6, 5, 3)).double(), "kp", decay=0.1)
    optimiser = torch.optim.SGD(parameter_groups(model, 0.5))
    gap = (model[3].weight - model[3].theta).norm()
    for _ in range(10):
        optimiser.zero_grad()
        F.cross_entropy(model(torch.randn(BATCH, 6).double()), torch.arange(BATCH) % 3).backward()
        optimiser.step()
    shrunk = (model[3].weight - model[3].theta).norm() / gap
    assert shrunk.item() == pytest.approx(
        (1 - 0.5 * 0.1) ** 10, rel=1e-10
    )  # exact but for rounding


def test_minus_shrinks_and_plus_grows_theta() -> None:
    norms = {}
    for theta_rule in ("minus", "plus"):
        torch.manual_seed(9)
        model = convert(networks.mlp((6, 5, 3)).double(), "dll", theta_rule=theta_rule)
        optimiser = torch.optim.SGD(parameter_groups(model, 0.1, 0.1))
        norms[theta_rule] = [model[3].theta.norm().item()]
        for _ in range(20):
            optimiser.zero_grad()
            inputs = torch.randn(BATCH, 6, dtype=torch.float64)
            F.cross_entropy(model(inputs), torch.arange(BATCH) % 3).backward()
            optimiser.step()
            norms[theta_rule].append(model[3].theta.norm().item())
    assert np.all(np.diff(norms["minus"]) < 0)
    assert np.all(np.diff(norms["plus"]) > 0)


def test_every_rule_says_where_it_comes_from() -> None:
    for name in RULES:
        rule = make_rule(name)
        assert rule.name == name
        assert any(character.isdigit() for character in rule.source)
