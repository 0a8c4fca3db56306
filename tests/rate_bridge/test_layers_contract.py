"""One contract for every rule and every layer."""

import copy
import io

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

from rate_bridge.layers.convert import convert, parameter_groups
from rate_bridge.layers.feedback_layers import Conv1d, Conv2d, Linear
from rate_bridge.layers.parameters import feedback_layers
from rate_bridge.layers.recurrent import Elman
from rate_bridge.networks.registry import mlp

RULES = {
    **{name: (name, {}) for name in ("bp", "fa", "dfa", "usf", "brsf", "frsf", "kp", "wm")},
    **{f"dll-{t}": ("dll", {"theta_rule": t}) for t in ("minus", "plus", "fixed", "kp")},
}
LAYERS = {
    "linear": (lambda: mlp((6, 5, 4, 3)), (4, 6)),
    "conv1d": (
        lambda: nn.Sequential(
            nn.Conv1d(2, 3, 3), nn.Tanh(), nn.Conv1d(3, 4, 2), nn.Flatten(), nn.Linear(16, 3)
        ),
        (4, 2, 7),
    ),
    "conv2d": (
        lambda: nn.Sequential(
            nn.Conv2d(2, 3, 3),
            nn.BatchNorm2d(3),
            nn.ReLU(),
            nn.Conv2d(3, 4, 2, stride=2),
            nn.AvgPool2d(2),
            nn.Flatten(),
            nn.Linear(4, 3),
        ),
        (4, 2, 7, 7),
    ),
    "recurrent": (lambda: Elman(3, 5, 3, bias=True), (4, 6, 3)),
}
CASES = [
    pytest.param(rule, layer, id=f"{rule}-{layer}")
    for rule in RULES
    for layer in LAYERS
    if (rule, layer) != ("dfa", "recurrent")
]
contract = pytest.mark.parametrize(("rule", "layer"), CASES)


def build(rule: str, layer: str, dtype: torch.dtype = torch.float32):
    """A model, inputs, and a loss of the two."""
    make, shape = LAYERS[layer]
    torch.manual_seed(0)
    plain, inputs = make().to(dtype), torch.randn(shape, dtype=dtype)
    name, options = RULES[rule]
    return convert(plain, name, seed=1, example=inputs, **options), inputs


def loss_of(model: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    outputs = model(inputs).flatten(0, -2)
    return F.cross_entropy(outputs, torch.arange(len(outputs)) % 3)


def snapshot(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


@contract
def test_a_training_step_changes_what_learns_and_nothing_else(rule: str, layer: str) -> None:
    model, inputs = build(rule, layer)
    before = snapshot(model)
    optimiser = torch.optim.Adam(parameter_groups(model, 1e-2))
    scheduler = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.0, total_iters=3)
    loss_of(model, inputs).backward()
    parameters = dict(model.named_parameters())
    for parameter in parameters.values():
        if parameter.requires_grad:
            assert parameter.grad is not None
            assert parameter.grad.shape == parameter.shape
        else:
            assert parameter.grad is None
    optimiser.step()
    scheduler.step()
    after = snapshot(model)
    learns = {name for name, p in parameters.items() if p.requires_grad}
    statistics = {name for name in before if "running" in name or "num_batches" in name}
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == learns | statistics
    thetas = {name for name in parameters if "theta" in name}
    learned = {name for name in learns if "theta" in name}
    assert learned == (thetas if rule in ("kp", "wm", "dll-minus", "dll-plus", "dll-kp") else set())


@contract
def test_state_dict_makes_the_round_trip(rule: str, layer: str) -> None:
    model, inputs = build(rule, layer)
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    other, _ = build(rule, layer)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
    other.load_state_dict(torch.load(file, weights_only=True))
    gradients = []
    for network in (model, copy.deepcopy(model), other):
        torch.manual_seed(2)  # brsf and wm draw
        loss_of(network, inputs).backward()
        gradients.append([p.grad for p in network.parameters() if p.requires_grad])
    for twin in gradients[1:]:
        assert all(torch.equal(a, b) for a, b in zip(gradients[0], twin, strict=True))


@contract
def test_evaluation_is_the_plain_network(rule: str, layer: str) -> None:
    model, inputs = build(rule, layer)
    plain = convert(model, "bp")
    model.eval(), plain.eval()
    with torch.no_grad():
        # The same operations; convolutions may sum in another order: float32 rounding.
        torch.testing.assert_close(model(inputs), plain(inputs), rtol=1e-5, atol=1e-6)


@contract
def test_autocast_computes_in_bfloat16_and_learns_in_float32(rule: str, layer: str) -> None:
    model, inputs = build(rule, layer)
    reference = copy.deepcopy(model)
    torch.manual_seed(2)
    loss_of(reference, inputs).backward()
    torch.manual_seed(2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outputs = model(inputs)
        loss = F.cross_entropy(outputs.flatten(0, -2), torch.arange(outputs.numel() // 3) % 3)
    assert outputs.dtype == torch.bfloat16
    loss.backward()
    got, expected = [], []
    for p, q in zip(model.parameters(), reference.parameters(), strict=True):
        if p.requires_grad:
            assert p.grad.dtype == torch.float32
            got.append(p.grad.flatten())
            expected.append(q.grad.flatten())
    if rule in ("wm", "brsf"):
        return  # their draws differ between the types
    difference = torch.cat(got) - torch.cat(expected)
    # bfloat16 has 8 bits: 0.4 % a product, a few of them behind each other.
    assert difference.norm() < 0.05 * torch.cat(expected).norm()


# torch.compile's tracer instantiates autograd functions itself and warns about it.
TRACER = pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")


@TRACER
@pytest.mark.usefixtures("unchecked_shapes")
@pytest.mark.parametrize("rule", ["dfa", "usf", "dll-minus"])
@pytest.mark.parametrize("layer", ["linear", "conv2d"])
def test_compiles_without_a_break(rule: str, layer: str) -> None:
    model, inputs = build(rule, layer, torch.float64)
    reference = copy.deepcopy(model)
    torch._dynamo.reset()
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    loss_of(compiled, inputs).backward()
    loss_of(reference, inputs).backward()
    for p, q in zip(model.parameters(), reference.parameters(), strict=True):
        if p.requires_grad:
            torch.testing.assert_close(p.grad, q.grad, rtol=1e-10, atol=1e-12)


@TRACER
@pytest.mark.slow
@pytest.mark.usefixtures("unchecked_shapes")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # inductor's own imports
def test_compiles_with_inductor() -> None:
    model, inputs = build("dll-minus", "linear", torch.float64)
    reference = copy.deepcopy(model)
    loss_of(torch.compile(model), inputs).backward()
    loss_of(reference, inputs).backward()
    for p, q in zip(model.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(p.grad, q.grad, rtol=1e-8, atol=1e-10)


class Readers(TorchDispatchMode):
    """Collects the storages that operations read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: set[int] = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        for item in tree_iter((args, kwargs or {})):
            if isinstance(item, torch.Tensor):
                self.read.add(item.untyped_storage().data_ptr())
        return func(*args, **(kwargs or {}))


def weights_below_an_error(model: nn.Module) -> list[nn.Parameter]:
    return [
        parameter
        for _, layer in feedback_layers(model)
        for name, parameter in layer.named_parameters(recurse=False)
        if name.startswith("weight")
    ]


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("rule", ["dll-minus", "dll-plus", "dll-fixed", "fa", "dfa"])
def test_the_backward_pass_never_reads_W(rule: str, layer: str) -> None:
    if (rule, layer) == ("dfa", "recurrent"):
        pytest.skip("direct feedback has no recurrent form")
    model, inputs = build(rule, layer)
    loss = loss_of(model, inputs)
    with Readers() as readers:
        loss.backward()
    storages = {w.untyped_storage().data_ptr() for w in weights_below_an_error(model)}
    assert len(storages) >= 3
    assert not storages & readers.read


@pytest.mark.parametrize("layer", LAYERS)
def test_the_dispatch_check_sees_backpropagation_read_W(layer: str) -> None:
    model, inputs = build("bp", layer)
    weights = [p for name, p in model.named_parameters() if "weight" in name and p.dim() > 1]
    loss = loss_of(model, inputs)
    with Readers() as readers:
        loss.backward()
    assert {w.untyped_storage().data_ptr() for w in weights} & readers.read


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("rule", ["dll-minus", "dll-plus", "dll-fixed", "fa", "kp", "wm"])
def test_poisoned_W_leaves_the_error_untouched(rule: str, layer: str) -> None:
    """With W overwritten after the forward pass, every error, read at the biases, stays."""
    model, inputs = build(rule, layer)
    errors = []
    for poison in (False, True):
        model.zero_grad()
        loss = loss_of(model, inputs)
        if poison:
            for weight in weights_below_an_error(model):
                weight.data.fill_(float("nan"))
        torch.manual_seed(2)
        loss.backward()
        named = dict(model.named_parameters())
        watched = [
            n for n in named if "bias" in n or (rule[:3] in ("dll", "fa") and "kp" not in rule)
        ]
        errors.append([named[n].grad.clone() for n in watched if named[n].grad is not None])
    for clean, poisoned in zip(*errors, strict=True):
        assert torch.equal(clean, poisoned)


@pytest.mark.parametrize("rule", RULES)
def test_reads_weight_is_what_the_layer_keeps(rule: str) -> None:
    model, inputs = build(rule, "linear")
    kept: list[int] = []

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        kept.append(tensor.untyped_storage().data_ptr())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss_of(model, inputs)
    layers = dict(feedback_layers(model))
    for layer in layers.values():
        held = layer.weight.untyped_storage().data_ptr() in kept
        assert held == (layer.rule.reads_weight)


def test_first_layer_has_no_theta_and_refuses_an_input_that_needs_an_error() -> None:
    layer = Linear(4, 3, feedback=False)
    assert layer.theta is None
    layer(torch.randn(2, 4)).sum().backward()
    with pytest.raises(ValueError, match=r"Layer 'Linear'.*feedback=False.*example="):
        layer(torch.randn(2, 4, requires_grad=True))


def test_an_input_that_needs_no_error_leaves_theta_without_gradient() -> None:
    layer = Linear(4, 3, rule="dll")
    layer(torch.randn(2, 4)).sum().backward()
    assert layer.theta.grad is None


def test_frozen_weights_pass_errors_and_stay() -> None:
    for rule in ("dll", "kp"):
        layer = Linear(4, 3, rule=rule)
        layer.weight.requires_grad_(False)
        u = torch.randn(2, 4, requires_grad=True)
        layer(u).sum().backward()
        assert layer.weight.grad is None
        assert layer.theta.grad is not None
        assert u.grad is not None


@pytest.mark.parametrize("layer", [Conv1d, Conv2d])
def test_convolutions_refuse_what_they_cannot_do(layer: type) -> None:
    with pytest.raises(ValueError, match=r"padding_mode must be 'zeros', got 'circular'"):
        layer(2, 3, 3, padding_mode="circular")
    with pytest.raises(ValueError, match=r"padding='same' with the even kernel"):
        layer(2, 3, 2, padding="same")


@pytest.mark.usefixtures("unchecked_shapes")
def test_recurrent_refuses_other_inputs() -> None:
    model = convert(Elman(3, 5, 2))
    with pytest.raises(ValueError, match=r"expected input \(batch, time > 0, 3\), got \(4, 3\)"):
        model(torch.randn(4, 3))
    with pytest.raises(ValueError, match=r"W_x has no feedback"):
        model(torch.randn(4, 2, 3, requires_grad=True))


def test_repr_names_the_rule() -> None:
    assert "rule='kp', feedback=True" in repr(Linear(3, 2, rule="kp"))
    assert "rule='dll'" in repr(convert(Elman(3, 5, 2)))
