"""The networks of the DLL paper by name (Lv et al. 2025, App. D), built in torch, then converted.

All end in a linear output: take :func:`torch.nn.functional.cross_entropy` for classes.
Weights, without biases, are drawn from ``N(0, 0.05^2)`` as in the released code; the paper says
"randomly". Activations are tanh everywhere but at the output.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from compartments.names import look_up, unknown_name
from rate_bridge.convert import convert
from rate_bridge.recurrent import Elman
from rate_bridge.rules import Rule

WEIGHT_STD = 0.05

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "identity": nn.Identity,
}


def mlp(sizes: Sequence[int], activation: str = "tanh") -> nn.Sequential:
    """A multilayer perceptron on flattened inputs, linear at the end.

    >>> [tuple(p.shape) for p in mlp((784, 100, 10)).parameters()]
    [(100, 784), (10, 100)]
    """
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(f"mlp: sizes must be two or more positive numbers, got {tuple(sizes)}.")
    make = look_up("activation", activation, ACTIVATIONS)
    layers: list[nn.Module] = [nn.Flatten()]
    for i, (below, above) in enumerate(pairwise(sizes)):
        layers += [nn.Linear(below, above, bias=False)]
        layers += [make()] if i < len(sizes) - 2 else []
    return nn.Sequential(*layers)


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
    make = look_up("activation", activation, ACTIVATIONS)
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


class TextCNN(nn.Module):
    """Kim's convolutional network for sentences (arXiv 1408.5882), as the DLL paper takes it.

    Input: embedded words ``(batch, length, n_embedding)``, or word numbers ``(batch, length)``
    where ``vocabulary`` is given.

    Parameters
    ----------
    n_embedding, classes, filters, widths
        Size of an embedded word, of the output, and the filters a width (100 of 3, 4 and 5).
    pooling : "max" or "avg"
        Over time. Kim takes the maximum, the released code the mean.
    hidden : sequence of int
        Hidden dense layers; Kim has none, the released code 512 and 128.
    dropout : float
        Before the dense layers; Kim's 0.5.
    vocabulary : int or None
        Number of words of an embedding inside the model, which learns unless frozen.
    activation : str
        Kim has "relu", the DLL paper "tanh".
    """

    def __init__(
        self,
        n_embedding: int = 300,
        classes: int = 2,
        filters: int = 100,
        widths: Sequence[int] = (3, 4, 5),
        pooling: str = "max",
        hidden: Sequence[int] = (),
        dropout: float = 0.5,
        vocabulary: int | None = None,
        activation: str = "tanh",
    ) -> None:
        super().__init__()
        if pooling not in ("max", "avg"):
            raise unknown_name("pooling", pooling, ("max", "avg"))
        make = look_up("activation", activation, ACTIVATIONS)
        self.embedding = None if vocabulary is None else nn.Embedding(vocabulary, n_embedding)
        self.convs = nn.ModuleList(
            nn.Conv1d(n_embedding, filters, width, bias=False) for width in widths
        )
        self.activation = make()
        self.pooling = pooling
        sizes = (filters * len(widths), *hidden, classes)
        self.head = mlp(sizes, activation)
        self.dropout = nn.Dropout(dropout)
        self.widest = max(widths)

    def forward(
        self, words: Float[Tensor, "batch length n_embedding"] | Int[Tensor, "batch length"]
    ) -> Float[Tensor, "batch classes"]:
        """Logits."""
        if words.shape[1] < self.widest:
            raise ValueError(
                f"TextCNN: sentences of {words.shape[1]} words are shorter than the widest filter "
                f"({self.widest}); pad them, or take smaller widths."
            )
        u = words if self.embedding is None else self.embedding(words)
        u = u.transpose(1, 2)
        features = [self.activation(conv(u)) for conv in self.convs]
        pooled = [f.amax(2) if self.pooling == "max" else f.mean(2) for f in features]
        logits: Tensor = self.head(self.dropout(torch.cat(pooled, 1)))
        return logits


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


class Kind(NamedTuple):
    """How a family of networks is made, which options it takes, which layers read the input."""

    make: Callable[..., nn.Module]
    options: frozenset[str]


_MLP = Kind(_build_mlp, frozenset({"hidden", "activation"}))
_CNN = Kind(_build_cnn, frozenset({"projection", "classes", "activation", "image"}))
_RNN = Kind(_build_rnn, frozenset({"n_in", "hidden", "n_out", "bias"}))
_TEXT = Kind(
    _build_textcnn,
    frozenset(
        {"n_embedding", "classes", "filters", "widths", "pooling", "hidden", "dropout"}
        | {"vocabulary", "activation"}
    ),
)

NETWORKS: dict[str, Kind] = {
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
    **options: Any,
) -> nn.Module:
    """A network by name, trained by ``rule``.

    Parameters
    ----------
    name : str
        A key of :data:`NETWORKS`.
    rule : str or Rule
        A name from :data:`rate_bridge.rules.RULES`.
    seed : int
        Of forward and feedback weights; no global generator is touched. The forward weights do not
        depend on the rule.
    weight_std : float or None
        Standard deviation of the forward weights; None keeps torch's own initialisation.
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
    if kind is _RNN and rule == "dll" and for_rule.get("theta_rule") != "kp":
        for_rule.setdefault("theta_std", WEIGHT_STD)
    example = None
    if kind is _CNN:
        example = torch.zeros(1, *own.get("image", CNNS[name]["image"]))
    inputs = _readers(model)
    return convert(model, rule, seed=seed + 1, example=example, inputs=inputs, **for_rule)


def _readers(model: nn.Module) -> list[str] | None:
    """Paths of the layers that read the input, where that is not the first layer alone."""
    if not isinstance(model, TextCNN):
        return None
    learns = model.embedding is not None and model.embedding.weight.requires_grad
    return [] if learns else [f"convs.{i}" for i in range(len(model.convs))]
