"""Weights from torch perceptrons to networks of neurons and back: equal values, equal outputs."""

import doctest

import numpy as np
import pytest
import torch
from torch import nn

from compartments import Activation
from models import WeightBundle, dll_network
from rate_bridge.layers.convert import convert
from rate_bridge.layers.feedback_layers import Linear
from rate_bridge.layers.parameters import feedback_layers
from rate_bridge.networks import torch_weights
from rate_bridge.networks.dense import mlp
from rate_bridge.networks.torch_weights import dll_from_torch, from_torch, to_torch
from rate_bridge.references.algorithm1 import Algorithm1
from rate_bridge.references.numerical import Numerical

INPUTS = np.random.default_rng(0).normal(size=(7, 5))
SWISH = Activation("swish", "z/(1 + exp(-z))", "(1 + exp(-z)*(1 + z))/(1 + exp(-z))**2")

MODELS = {
    "tanh, bias": lambda: nn.Sequential(
        nn.Linear(5, 6), nn.Tanh(), nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 2)
    ),
    "relu": lambda: mlp((5, 6, 4, 2), "relu"),
    "logistic out": lambda: nn.Sequential(nn.Linear(5, 3, bias=False), nn.Sigmoid()),
    "one layer": lambda: nn.Linear(5, 2),
    "softplus, nested": lambda: nn.Sequential(
        nn.Sequential(nn.Flatten(), nn.Linear(5, 6)),
        nn.Softplus(threshold=40),
        nn.Sequential(nn.Dropout(0.3), nn.Linear(6, 3, bias=False)),
    ),
    "linear between": lambda: nn.Sequential(nn.Linear(5, 4), nn.Identity(), nn.Linear(4, 2)),
    "ours": lambda: convert(mlp((5, 6, 4, 2)), "dll", seed=3),
    "Kolen-Pollack": lambda: convert(mlp((5, 6, 2)), "kp", seed=3),
    "one activation for all": lambda: nn.Sequential(
        nn.Linear(5, 4), f := nn.Tanh(), nn.Linear(4, 4), f, nn.Linear(4, 2)
    ),
}
each_model = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)


@each_model
def test_at_rest_the_network_computes_what_the_model_does(make):
    model = make().double().eval()
    expected = model(torch.tensor(INPUTS)).detach().numpy()
    network = dll_from_torch(model)
    assert network.weights == from_torch(model)
    # numbers of order 1 through three layers: some hundred roundings
    for reference in (Algorithm1, Numerical):
        found = reference(network).outputs({"stimulus": INPUTS})
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    back = to_torch(network)(torch.tensor(INPUTS)).detach().numpy()
    np.testing.assert_allclose(back, expected, rtol=0, atol=1e-12)


@each_model
def test_values_are_equal_and_biases_that_are_not_there_are_zero(make):
    model = make().double()
    weights = from_torch(model)
    linears = [module for module in model.modules() if isinstance(module, nn.Linear)]
    for i, linear in enumerate(linears):
        np.testing.assert_array_equal(weights[f"W{i}"], linear.weight.detach())
        if linear.bias is not None:
            np.testing.assert_array_equal(weights[f"b{i}"][:, 0], linear.bias.detach())
        elif f"b{i}" in weights:
            assert not weights[f"b{i}"].any()
        if i > 0 and isinstance(linear, Linear):
            np.testing.assert_array_equal(weights[f"theta{i}"], linear.theta.detach())
    assert {n for n in weights if n[0] == "t"} == {f"theta{i}" for i in range(1, len(linears))}


@pytest.mark.parametrize("options", [{}, {"bias": True}, {"activation": SWISH}], ids=str)
@pytest.mark.parametrize("rule", ["dll", "dll-plus", "fa", "kp"])
def test_there_and_back_again_nothing_is_lost(rule, options):
    network = dll_network((5, 6, 4, 2), seed=1, **options)
    model = to_torch(network, rule)
    assert from_torch(model) == network.weights
    assert dll_from_torch(model).options.activation in (
        network.options.activation,
        network.activations[0],
    )
    plain = from_torch(to_torch(network), theta="tied")
    for i in (1, 2):
        np.testing.assert_array_equal(plain[f"theta{i}"], plain[f"W{i}"])
    assert from_torch(to_torch(network), seed=1) == from_torch(to_torch(network), seed=1)
    assert from_torch(to_torch(network), seed=1) != from_torch(to_torch(network), seed=2)


def test_the_model_that_comes_learns_as_the_network():
    network = dll_network((5, 6, 4, 2), seed=1, eta_W=1.0, eta_theta=1.0)
    targets = torch.tensor(np.random.default_rng(1).normal(size=(7, 2)))
    step = Algorithm1(network).step({"stimulus": INPUTS, "target": targets.numpy()})
    model = to_torch(network, "dll")
    (0.5 * (model(torch.tensor(INPUTS)) - targets).square().sum(-1)).mean().backward()
    for i, (_, layer) in enumerate(feedback_layers(model)):
        change = torch.tensor(step[f"W{i}"])
        torch.testing.assert_close(layer.weight.grad, -change, rtol=0, atol=1e-12)
        if i > 0:
            change = torch.tensor(step[f"theta{i}"])
            torch.testing.assert_close(layer.theta.grad, -change, rtol=0, atol=1e-12)


def test_no_global_generator_is_touched():
    before = torch.random.get_rng_state()
    to_torch(dll_network((3, 2)), "dll")
    from_torch(nn.utils.skip_init(nn.Linear, 3, 2).requires_grad_(False).apply(_filled))
    assert torch.equal(torch.random.get_rng_state(), before)


def _filled(module):
    module.weight.fill_(0.5)
    module.bias.zero_()


def test_half_precision_is_widened():
    model = MODELS["tanh, bias"]().to(torch.bfloat16)
    assert from_torch(model) == from_torch(model.double())


def sequential(*between):
    return nn.Sequential(nn.Linear(3, 3), *between, nn.Linear(3, 2))


SHARED = nn.Linear(3, 3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: sequential(nn.BatchNorm1d(3)), "'1' is of type BatchNorm1d; .*Sequential of Lin"),
        (lambda: sequential(nn.Sequential(nn.Softmax(-1))), r"'1\.0' is of type Softmax"),
        (lambda: nn.LSTM(3, 2), "the model' is of type LSTM"),
        (lambda: sequential(nn.Tanh(), nn.ReLU()), r"'2' \(ReLU\) must follow a Linear layer"),
        (lambda: nn.Sequential(nn.Tanh(), nn.Linear(3, 2)), r"'0' \(Tanh\) must follow a Lin"),
        (lambda: sequential(nn.Softplus()), r"'1': the neurons' softplus .*threshold=40"),
        (lambda: sequential(nn.Linear(4, 3)), "layer '1' takes 4 inputs, but '0' before it has 3"),
        (lambda: nn.Sequential(SHARED, SHARED), "layer '1' is used twice; .* so copy it"),
        (lambda: nn.Sequential(nn.Tanh()), "must follow a Linear"),
        (lambda: nn.Sequential(), "the model has no Linear layer"),
        (lambda: nn.Linear(3, 2).to(torch.complex64), "weight must be real numbers .*complex64"),
        (lambda: nn.Linear(3, 2, device="meta"), "weight is on the meta device .* to_empty"),
        (lambda: nn.Linear(3, 2).apply(_infinite), r"arrays\['W0'\] must be finite"),
        (lambda: sequential(nn.Tanh(), nn.Linear(3, 3), nn.Sigmoid()), "one activation, got logis"),
    ],
)
@pytest.mark.filterwarnings("ignore:Complex modules")
def test_models_that_are_no_perceptrons_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        dll_from_torch(make())


def _infinite(module):
    with torch.no_grad():
        module.weight[0, 1] = torch.inf


@pytest.mark.usefixtures("unchecked_shapes")
def test_other_arguments_are_refused():
    with pytest.raises(TypeError, match="from_torch: model must be a Module, got WeightBundle"):
        from_torch(WeightBundle({}))
    with pytest.raises(ValueError, match="theta must be 'random' or 'tied', got 'tide'"):
        from_torch(nn.Linear(3, 2), theta="tide")
    with pytest.raises(ValueError, match="from_torch: bias is the model's, True; leave it out"):
        dll_from_torch(nn.Linear(3, 2), bias=False)
    with pytest.raises(TypeError, match="to_torch: network must be a DLLNetwork"):
        to_torch(nn.Linear(3, 2))
    with pytest.raises(ValueError, match="rule 'dfa' does not send errors down through Theta"):
        to_torch(dll_network((3, 2)), "dfa")


def test_its_example_runs():
    found = doctest.testmod(torch_weights)
    assert found.attempted > 1
    assert not found.failed
