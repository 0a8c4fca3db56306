"""From torch models to a rule and back."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from rate_bridge.layers.convert import convert, parameter_groups, set_error_scale, tie_feedback
from rate_bridge.layers.feedback_layers import Conv2d, Linear
from rate_bridge.layers.parameters import feedback_layers
from rate_bridge.layers.recurrent import Elman
from rate_bridge.networks.registry import build, mlp
from rate_bridge.rules import RULES, make_rule


class Block(nn.Module):
    """A residual block with a shared convolution and a frozen layer."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(2, 4, 3, padding=1)
        self.conv = nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.again = self.conv
        self.norm = nn.BatchNorm2d(4)
        self.head = nn.Linear(4, 3)
        self.stem.requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        u = torch.relu(self.stem(x))
        u = torch.relu(u + self.norm(self.again(torch.relu(self.conv(u)))))
        return self.head(u.mean((2, 3)))


def test_there_and_back_keeps_weights_types_and_the_original() -> None:
    torch.manual_seed(0)
    model = Block().double().eval()
    before = copy.deepcopy(model.state_dict())
    inputs = torch.randn(3, 2, 5, 5).double()
    ours = convert(model, "kp", example=inputs)
    assert {type(m) for _, m in feedback_layers(ours)} == {Conv2d, Linear}
    back = convert(ours, "bp")
    for original, returned in zip(model.modules(), back.modules(), strict=True):
        assert type(original) is type(returned)
        assert original.training == returned.training
    for name, tensor in back.state_dict().items():
        assert torch.equal(tensor, before[name])
        assert torch.equal(tensor, model.state_dict()[name])
    assert back.conv is back.again
    assert ours.conv is ours.again
    assert not ours.stem.weight.requires_grad
    assert torch.equal(back(inputs), model(inputs))
    torch.testing.assert_close(ours(inputs), model(inputs), rtol=1e-12, atol=1e-12)


def test_example_shows_which_layers_read_the_input() -> None:
    ours = convert(Block(), example=torch.randn(3, 2, 5, 5))
    # Nothing below ``conv`` learns, so its error has nowhere to go when it stands first; as
    # ``again`` it follows itself and needs Theta.
    assert not ours.stem.feedback
    assert ours.conv.theta is not None
    branches = nn.ModuleDict({"a": nn.Linear(4, 3), "b": nn.Linear(4, 3), "c": nn.Linear(6, 2)})

    class Branches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = branches

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            u = torch.cat([self.parts["a"](x), self.parts["b"](x)], 1)
            return self.parts["c"](u.tanh())

    for ours in (
        convert(Branches(), example=torch.randn(2, 4)),
        convert(Branches(), inputs=("parts.a", "parts.b")),
    ):
        assert [layer.feedback for _, layer in feedback_layers(ours)] == [False, False, True]
    guessed = convert(Branches())
    assert [layer.feedback for _, layer in feedback_layers(guessed)] == [False, True, True]
    with pytest.raises(ValueError, match=r"inputs: .*'parts.z'.*parts.a, parts.b, parts.c"):
        convert(Branches(), inputs=("parts.z",))


def test_the_probe_leaves_statistics_and_modes() -> None:
    model = Block()
    ours = convert(model, example=torch.randn(3, 2, 5, 5))
    assert torch.equal(ours.norm.running_mean, torch.zeros(4))
    assert all(module.training for module in ours.modules())


def test_an_embedding_that_learns_stands_before_the_first_layer() -> None:
    model = nn.Sequential(nn.Embedding(9, 4), nn.Flatten(), nn.Linear(8, 3))
    ours = convert(model)
    assert ours[2].feedback
    F.cross_entropy(ours(torch.randint(9, (5, 2))), torch.arange(5) % 3).backward()
    assert ours[0].weight.grad is not None
    model[0].weight.requires_grad_(False)
    assert not convert(model)[2].feedback


def test_one_layer_alone_and_a_tied_parameter() -> None:
    assert isinstance(convert(nn.Linear(4, 3)), Linear)
    assert type(convert(convert(nn.Linear(4, 3)), "bp")) is nn.Linear
    model = nn.Sequential(nn.Linear(4, 4, bias=False), nn.Tanh(), nn.Linear(4, 4, bias=False))
    model[2].weight = model[0].weight
    ours = convert(model)
    assert ours[0].weight is ours[2].weight


@pytest.mark.parametrize(
    "layer",
    [
        nn.LSTM(3, 3),
        nn.RNN(3, 3),
        nn.MultiheadAttention(4, 2),
        nn.ConvTranspose2d(2, 2, 3),
        nn.Bilinear(2, 2, 2),
        nn.Conv3d(1, 1, 1),
        nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_a_layer_that_cannot_be_converted_is_named(layer: nn.Module) -> None:
    model = nn.ModuleDict({"body": nn.ModuleDict({"odd": layer}), "head": nn.Linear(2, 2)})
    with pytest.raises(ValueError, match=r"Layer 'body\.odd.*cannot be converted"):
        convert(model)


def test_errors_say_where_and_how_to_mend() -> None:
    with pytest.raises(ValueError, match=r"Unknown rule 'dl'\. Did you mean 'dll'\?.*wm"):
        convert(mlp((4, 3, 2)), "dl")
    with pytest.raises(ValueError, match=r"Unknown theta_rule 'minsu'\. Did you mean 'minus'\?"):
        convert(mlp((4, 3, 2)), theta_rule="minsu")
    with pytest.raises(ValueError, match=r"option of rule 'kp': 'decy'\. Did you mean 'decay'\?"):
        convert(mlp((4, 3, 2)), "kp", decy=1.0)
    with pytest.raises(ValueError, match=r"came ready-made.*got decay"):
        convert(mlp((4, 3, 2)), make_rule("kp"), decay=1.0)
    with pytest.raises(ValueError, match=r"Sequential has no layer to convert.*Linear"):
        convert(nn.Sequential(nn.Tanh()))
    with pytest.raises(ValueError, match=r"'0' cannot be converted.*padding_mode.*'reflect'"):
        convert(nn.Sequential(nn.Conv2d(1, 1, 3, padding_mode="reflect")))
    with pytest.raises(ValueError, match=r"'2'.*size of its input.*example="):
        convert(nn.Sequential(nn.Conv2d(1, 1, 3), nn.Tanh(), nn.Conv2d(1, 1, 3)), "dfa")
    with pytest.raises(ValueError, match=r"recurrent network has steps.*'fa'"):
        convert(Elman(3, 4, 2), "dfa")
    with pytest.raises(ValueError, match=r"scale must be a finite number above 0"):
        set_error_scale(mlp((4, 3, 2)), 0.0)
    with pytest.raises(ValueError, match=r"direct feedback has no W"):
        tie_feedback(convert(mlp((4, 3, 2)), "dfa"))
    model = convert(nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2)), "dfa")
    model[0] = nn.Linear(4, 5)
    model[2].theta = nn.Parameter(torch.zeros(2, 4))
    with pytest.raises(ValueError, match=r"'2': direct feedback was made for inputs.*\(4,\)"):
        model(torch.randn(2, 4))


def test_seed_draws_theta_and_no_global_generator() -> None:
    model = mlp((6, 5, 4, 3))
    state = torch.random.get_rng_state()
    one, same, other = (convert(model, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(one[3].theta, same[3].theta)
    assert not torch.equal(one[3].theta, other[3].theta)
    build("mlp-digits", seed=0)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_parameter_groups_take_the_rule_s_ratio() -> None:
    for rule, ratio in (("dll", 0.1), ("kp", 1.0), ("wm", 1.0)):
        model = convert(mlp((6, 5, 4, 3)), rule)
        groups = parameter_groups(model, 0.5)
        assert [group["name"] for group in groups] == ["W", "theta"]
        assert [group["lr"] for group in groups] == [0.5, pytest.approx(0.5 * ratio)]
        assert parameter_groups(model, 0.5, 0.02)[1]["lr"] == 0.02
        listed = [p for group in groups for p in group["params"]]
        assert {id(p) for p in listed} == {id(p) for p in model.parameters()}
    for rule in ("bp", "fa", "usf", "dfa"):
        assert len(parameter_groups(convert(mlp((6, 5, 4, 3)), rule), 0.5)) == 1


@pytest.mark.parametrize("rule", ["dll", "kp"])
def test_accumulating_two_halves_is_one_batch(rule: str) -> None:
    torch.manual_seed(0)
    inputs, labels = torch.randn(8, 6).double(), torch.arange(8) % 3
    whole = convert(mlp((6, 5, 4, 3)).double(), rule, **({"decay": 0.0} if rule == "kp" else {}))
    parts = copy.deepcopy(whole)
    F.cross_entropy(whole(inputs), labels).backward()
    set_error_scale(parts, 1 / 8)
    for rows in (slice(0, 4), slice(4, 8)):
        (F.cross_entropy(parts(inputs[rows]), labels[rows]) / 2).backward()
    for p, q in zip(whole.parameters(), parts.parameters(), strict=True):
        torch.testing.assert_close(p.grad, q.grad, rtol=1e-10, atol=1e-14)


DDP_CASES = (("dll", "conv"), ("kp", "linear"), ("dfa", "conv"))


def _ddp_case(rule: str, layer: str):
    torch.manual_seed(0)
    inputs, labels = torch.randn(8, 1, 6, 6), torch.arange(8) % 3
    if layer == "linear":
        model = mlp((36, 8, 5, 3))
    else:
        model = nn.Sequential(
            nn.Conv2d(1, 3, 3), nn.Tanh(), nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(8, 3)
        )
    return convert(model, rule, example=inputs), inputs, labels


def _trained(rule: str, layer: str, rank: int | None) -> dict[str, torch.Tensor]:
    """Weights after three steps, of the whole batch or of one process's half."""
    model, inputs, labels = _ddp_case(rule, layer)
    network: nn.Module = model
    if rank is not None:
        network = nn.parallel.DistributedDataParallel(model)
        inputs, labels = inputs[4 * rank : 4 * rank + 4], labels[4 * rank : 4 * rank + 4]
    optimiser = torch.optim.Adam(parameter_groups(model, 1e-2, 1e-2))
    for _ in range(3):
        optimiser.zero_grad()
        F.cross_entropy(network(inputs), labels).backward()
        optimiser.step()
    return model.state_dict()


def _process(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    meeting = f"file://{folder}/meeting"
    torch.distributed.init_process_group("gloo", meeting, rank=rank, world_size=2)
    weights = {f"{rule} {layer}": _trained(rule, layer, rank) for rule, layer in DDP_CASES}
    if rank == 0:
        torch.save(weights, f"{folder}/weights.pt")
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_processes_learn_as_one(tmp_path) -> None:
    torch.multiprocessing.spawn(_process, (str(tmp_path),), nprocs=2)
    parallel = torch.load(tmp_path / "weights.pt", weights_only=True)
    for rule, layer in DDP_CASES:
        for name, tensor in _trained(rule, layer, None).items():
            got = parallel[f"{rule} {layer}"][name]
            torch.testing.assert_close(got, tensor, rtol=0, atol=1e-6)  # order of sums


def test_every_rule_lowers_the_loss() -> None:
    """A few steps on a batch that can be told apart: smoke, not a benchmark."""
    for name in RULES:
        torch.manual_seed(0)
        labels = torch.arange(24) % 3
        inputs = 2 * F.one_hot(labels, 6).float() + 0.3 * torch.randn(24, 6)
        model = convert(mlp((6, 16, 8, 3)), name)
        optimiser = torch.optim.Adam(parameter_groups(model, 1e-2))
        losses = []
        for _ in range(40):
            optimiser.zero_grad()
            loss = F.cross_entropy(model(inputs), labels)
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        assert losses[-1] < 0.5 * losses[0], name
