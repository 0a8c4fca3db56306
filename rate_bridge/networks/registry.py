"""The networks of the DLL paper by name (Lv et al. 2025, App. D), built in torch, then converted.

All end in a linear output: take :func:`torch.nn.functional.cross_entropy` for classes.
Weights, without biases, are drawn from ``N(0, 0.05^2)`` as in the released code; the paper says
"randomly". Activations are tanh everywhere but at the output.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import nn

from compartments.domains import Seed, check_value
from compartments.lookup import look_up
from rate_bridge.layers.convert import convert
from rate_bridge.layers.recurrent import Elman
from rate_bridge.networks.dense import HIDDEN_ACTIVATIONS, mlp
from rate_bridge.networks.textcnn import TextCNN
from rate_bridge.released_code.switches import apply_switches
from rate_bridge.rules import Rule, make_rule
from rate_bridge.rules.dll import DLL

__all__ = ["NETWORKS", "Stage", "TextCNN", "build", "cnn", "mlp"]

WEIGHT_STD = 0.05


class Stage(NamedTuple):
    """One convolution of a CNN: its channels and kernel, and the pooling behind it."""

    channels: int
    kernel: int
    padding: int
    pooling: str


POOLINGS: dict[str, Callable[[], nn.Module]] = {
    "max": lambda: nn.MaxPool2d(2),
    "avg": lambda: nn.AvgPool2d(2),
    "none": nn.Identity,
}


def cnn(
    image: tuple[int, int, int],
    stages: Sequence[Stage],
    projection: int,
    classes: int = 10,
    activation: str = "tanh",
) -> nn.Sequential:
    """A convolutional network: stages, a hidden layer of ``projection`` units, linear output.

    Parameters
    ----------
    image : (channels, height, width)
        One input.
    stages : sequence of Stage
        Convolution, activation, pooling.
    """
    make = look_up("activation", activation, HIDDEN_ACTIVATIONS)
    channels, height, width = image
    layers: list[nn.Module] = []
    for stage in stages:
        convolution = nn.Conv2d(
            channels, stage.channels, stage.kernel, padding=stage.padding, bias=False
        )
        layers += [convolution, make()]
        channels = stage.channels
        height, width = (side + 2 * stage.padding - stage.kernel + 1 for side in (height, width))
        if stage.pooling != "none":
            layers.append(look_up("pooling", stage.pooling, POOLINGS)())
            height, width = height // 2, width // 2
    flat = channels * height * width
    hidden = [nn.Flatten(), nn.Linear(flat, projection, bias=False), make()]
    return nn.Sequential(*layers, *hidden, nn.Linear(projection, classes, bias=False))


MLP_SIZES = {
    "mlp-digits": (64, 128, 64, 10),
    "mlp-mnist": (784, 1024, 512, 256, 10),
    "mlp-fashion": (784, 1024, 512, 256, 10),
    "mlp-svhn": (3072, 4096, 2048, 1024, 256, 10),
    "mlp-cifar10": (3072, 4096, 2048, 1024, 256, 10),
}

CNNS: dict[str, dict[str, Any]] = {
    "cnn-mnist": {
        "image": (1, 28, 28),
        "stages": (Stage(32, 5, 0, "max"), Stage(64, 3, 0, "max"), Stage(16, 3, 0, "none")),
        "projection": 200,
    },
    "cnn-fashion": {
        "image": (1, 28, 28),
        "stages": (Stage(64, 5, 0, "max"), Stage(128, 3, 0, "avg"), Stage(64, 3, 0, "none")),
        "projection": 128,
    },
    "cnn-svhn": {
        "image": (3, 32, 32),
        "stages": (Stage(64, 3, 1, "max"), Stage(128, 3, 1, "max"), Stage(64, 3, 1, "none")),
        "projection": 256,
    },
    "cnn-cifar10": {
        "image": (3, 32, 32),
        "stages": (Stage(64, 3, 1, "max"), Stage(128, 3, 1, "max"), Stage(64, 3, 1, "avg")),
        "projection": 256,
    },
}


def _build_mlp(name: str, **options: Any) -> nn.Module:
    sizes = MLP_SIZES[name]
    hidden = options.pop("hidden", sizes[1:-1])
    return mlp((sizes[0], *hidden, sizes[-1]), **options)


def _build_cnn(name: str, **options: Any) -> nn.Module:
    return cnn(**{**CNNS[name], **options})


def _build_rnn(name: str, **options: Any) -> nn.Module:
    missing = [size for size in ("n_in", "n_out") if size not in options]
    if missing:
        raise ValueError(f"Network 'rnn' needs {' and '.join(missing)}, the sizes of its data.")
    hidden = options.pop("hidden", 324)
    return Elman(n_hidden=hidden, **options)


def _build_textcnn(name: str, **options: Any) -> nn.Module:
    return TextCNN(**options)


class Family(NamedTuple):
    """How a family of networks is made, which options it takes, which layers read the input."""

    make: Callable[..., nn.Module]
    options: frozenset[str]


_MLP = Family(_build_mlp, frozenset({"hidden", "activation"}))
_CNN = Family(_build_cnn, frozenset({"projection", "classes", "activation", "image"}))
_RNN = Family(_build_rnn, frozenset({"n_in", "hidden", "n_out", "bias"}))
_TEXT = Family(
    _build_textcnn,
    frozenset(
        {"n_embedding", "classes", "filters", "widths", "pooling", "hidden", "dropout"}
        | {"vocabulary", "activation"}
    ),
)

NETWORKS: dict[str, Family] = {
    **dict.fromkeys(MLP_SIZES, _MLP),
    **dict.fromkeys(CNNS, _CNN),
    "rnn": _RNN,
    "textcnn": _TEXT,
}
"""The networks by name."""


def build(
    name: str,
    rule: str | Rule = "dll",
    *,
    seed: int,
    weight_std: float | None = WEIGHT_STD,
    repo_compat: Sequence[str] = (),
    **options: Any,
) -> nn.Module:
    """A network by name, trained by ``rule``.

    Parameters
    ----------
    name : str
        A key of :data:`NETWORKS`.
    rule : str or Rule
        A name from :data:`rate_bridge.rules.NAMES`.
    seed : int
        Of forward and feedback weights; no global generator is touched. The forward weights do not
        depend on the rule.
    weight_std : float or None
        Standard deviation of the forward weights; None keeps torch's own initialisation.
    repo_compat : sequence of str
        Departures of the released code from the paper, from
        :data:`rate_bridge.released_code.switches.SWITCHES`.
    **options
        Those of the network (``hidden``, ``activation``; for "rnn" ``n_in``, ``hidden``,
        ``n_out``; for "textcnn" those of :class:`TextCNN`); the rest go to the rule
        (``theta_rule``, ``theta_std``, ``decay``). The "rnn" draws Theta from ``N(0, 0.05^2)`` as
        the released code does, unless ``theta_std`` says otherwise.

    Raises
    ------
    ValueError
        On an unknown network, rule or option.
    """
    kind = look_up("network", name, NETWORKS)
    check_value("build", "seed", seed, Seed)
    seed = int(seed)
    own = {key: value for key, value in options.items() if key in kind.options}
    for_rule = {key: value for key, value in options.items() if key not in kind.options}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = kind.make(name, **own)
    if weight_std is not None:
        generator = torch.Generator().manual_seed(seed)
        for parameter in model.parameters():
            drawn = torch.randn(parameter.shape, generator=generator) * weight_std
            parameter.data.copy_(drawn)
    apply_switches(model, repo_compat, before=True)
    made = make_rule(rule, **for_rule)
    if kind is _RNN and isinstance(made, DLL) and made.theta_std is None:
        made = replace(made, theta_std=WEIGHT_STD)
    example = None
    if kind is _CNN:
        example = torch.zeros(1, *own.get("image", CNNS[name]["image"]))
    inputs = _readers(model)
    model = convert(model, made, seed=seed + 1, example=example, inputs=inputs)
    apply_switches(model, repo_compat, before=False)
    return model


def _readers(model: nn.Module) -> list[str] | None:
    """Paths of the layers that read the input, where that is not the first layer alone."""
    if not isinstance(model, TextCNN):
        return None
    learns = model.embedding is not None and model.embedding.weight.requires_grad
    return [] if learns else [f"convs.{i}" for i in range(len(model.convs))]
