"""Under which conditions a learner has to learn: what each withholds or spoils, one line each.

A condition acts on any torch module: on its parameters, told apart by what they carry
(:func:`rate_bridge.audit.program.roles`), and on what its layers take in and send down.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from rate_bridge.audit.program import Roles, layers

HALF_WAY = 0.5
"""Part of learning after which weights are drawn anew."""


@dataclass(frozen=True)
class Bench:
    """A learner that is about to learn.

    Parameters
    ----------
    model : torch.nn.Module
        Changed in place.
    roles : Roles
        Of its parameters.
    generator : torch.Generator
        For everything random in the condition.
    """

    model: nn.Module
    roles: Roles
    generator: torch.Generator

    @property
    def parameters(self) -> dict[str, nn.Parameter]:
        """By name."""
        return dict(self.model.named_parameters())

    def matrices(self, names: Sequence[str]) -> dict[str, nn.Parameter]:
        """Those of the named parameters that are matrices."""
        found = self.parameters
        return {name: found[name] for name in names if found[name].dim() == 2}

    def normal(self, like: Tensor) -> Tensor:
        """Normal numbers of a tensor's shape."""
        return torch.randn(like.shape, generator=self.generator, dtype=like.dtype)

    def inner(self) -> list[nn.Module]:
        """The layers that take what other cells send: all but the first."""
        return [layer for _, layer in layers(self.model)][1:]


Act = Callable[[Bench, float], Callable[[], None] | None]
"""Prepares a bench for a level; what it returns is called after every step."""


@dataclass(frozen=True)
class Condition:
    """What learning is put under.

    Parameters
    ----------
    test : str
        The test that it belongs to.
    label : str
        In words.
    levels : tuple of float
        From the mildest to the hardest.
    act : callable
        See :data:`Act`.
    half_way : bool
        Whether it acts in the middle of learning instead of at the start.
    settling : int
        Passes forward and back before every step, in which activities settle.
    """

    test: str
    label: str
    levels: tuple[float, ...]
    act: Act
    half_way: bool = False
    settling: int = 0


def _nothing(bench: Bench, level: float) -> None:
    return None


@torch.no_grad()
def _tied(bench: Bench, level: float) -> None:
    """Every feedback matrix is set to the forward matrix of its layer."""
    up = {n.rpartition(".")[0]: p for n, p in bench.matrices(bench.roles.forward).items()}
    for name, theta in bench.matrices(bench.roles.feedback).items():
        weight = up.get(name.rpartition(".")[0])
        if weight is not None and weight.shape == theta.shape:
            theta.copy_(weight)


@torch.no_grad()
def _drawn_anew(which: str, bench: Bench, level: float) -> None:
    """Weights of the same size as they have then, but independent ones."""
    for parameter in bench.matrices(getattr(bench.roles, which)).values():
        parameter.copy_(bench.normal(parameter) * parameter.std())


def _masked(bench: Bench, level: float) -> Callable[[], None]:
    """A share of the synapses, W's and Theta's chosen independently, scaled to the same drive."""
    names = (*bench.roles.forward, *bench.roles.feedback)
    masks = {}
    with torch.no_grad():
        for name, parameter in bench.matrices(names).items():
            drawn = torch.rand(parameter.shape, generator=bench.generator)
            masks[name] = (drawn < level).to(parameter.dtype)
            parameter.mul_(masks[name] / level**0.5)

    @torch.no_grad()
    def after() -> None:
        for name, mask in masks.items():
            bench.parameters[name].mul_(mask)

    return after


def _one_sign_each(bench: Bench, level: float) -> Callable[[], None]:
    """Dale: all that a cell sends, up and down, has one sign, positive or negative by chance."""
    up, down = bench.matrices(bench.roles.forward), bench.matrices(bench.roles.feedback)
    signs: dict[str, Tensor] = {}
    above: dict[str, Tensor] = {}
    for name, weight in up.items():
        sign = torch.sign(bench.normal(weight[0]))
        signs[name] = sign[None, :]
        above[name.rpartition(".")[0]] = sign
    order = [name.rpartition(".")[0] for name in up]
    for name, theta in down.items():
        path = name.rpartition(".")[0]
        later = order[order.index(path) + 1] if path in order[:-1] else None
        if later is not None and len(above[later]) == len(theta):
            signs[name] = above[later][:, None]
        else:
            signs[name] = torch.sign(bench.normal(theta[:, :1]))
    with torch.no_grad():
        for name, sign in signs.items():
            parameter = bench.parameters[name]
            parameter.copy_(parameter.abs() * sign)

    @torch.no_grad()
    def after() -> None:
        for name, sign in signs.items():
            parameter = bench.parameters[name]
            parameter.copy_((parameter * sign).clamp(min=0) * sign)

    return after


def _few_bits(bench: Bench, level: float) -> Callable[[], None]:
    """Weights stand on 2^bits values within eight initial standard deviations of 0.

    Rounded by chance, so that small steps are not lost on average.
    """
    names = (*bench.roles.forward, *bench.roles.feedback)
    scales = {
        name: float(8 * parameter.detach().std() / 2 ** (level - 1))
        for name, parameter in bench.matrices(names).items()
    }

    @torch.no_grad()
    def after() -> None:
        for name, scale in scales.items():
            parameter, most = bench.parameters[name], 2 ** (level - 1) - 1
            chance = torch.rand(parameter.shape, generator=bench.generator)
            whole = torch.floor(parameter / scale + chance)
            parameter.copy_(whole.clamp(-most, most) * scale)

    after()
    return after


def _on_the_way(
    up: Callable[[Tensor], Tensor], down: Callable[[Tensor], Tensor], bench: Bench
) -> None:
    """What cells send up to inner layers, and what comes down to cells, is changed on its way."""

    def hook(module: nn.Module, arguments: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        sent = up(arguments[0])
        if sent.requires_grad:
            sent.register_hook(down)
        return (sent, *arguments[1:])

    for layer in bench.inner():
        layer.register_forward_pre_hook(hook)


def _unchanged(value: Tensor) -> Tensor:
    return value


def _rectified_up(bench: Bench, level: float) -> None:
    _on_the_way(lambda u: u.clamp(min=0), _unchanged, bench)


def _rectified(bench: Bench, level: float) -> None:
    """Errors, too: a gradient is an error with the other sign."""
    _on_the_way(lambda u: u.clamp(min=0), lambda g: g.clamp(max=0), bench)


SETTLING = 8
"""Passes, each half-way to where it leads: 0.4 % of the first distance is left of a stable one."""


def _soma_sent(bench: Bench, level: float) -> None:
    """One axon: a cell sends its soma x = u + error up, where the error is what feedback brings.

    A loop through Theta and W, so that activities have to settle; they may not.
    """
    errors: dict[nn.Module, Tensor] = {}
    passes = dict.fromkeys(bench.inner(), 0)

    def hook(layer: nn.Module, arguments: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        u = arguments[0]
        if not bench.model.training or not u.requires_grad:
            return arguments
        if passes[layer] % (SETTLING + 1) == 0:
            errors[layer] = torch.zeros_like(u)
        passes[layer] += 1
        sent = u + errors[layer]
        sent.register_hook(lambda g: _settle(errors, layer, g))
        return (sent, *arguments[1:])

    for layer in passes:
        layer.register_forward_pre_hook(hook)


def _settle(errors: dict[nn.Module, Tensor], layer: nn.Module, g: Tensor) -> None:
    """Half-way to the error that came down; a gradient is one over the batch, with other sign."""
    errors[layer] = 0.5 * errors[layer] - 0.5 * len(g) * g.detach()


def _noisy(bench: Bench, level: float) -> None:
    """White noise in parts of the root mean square, on both ways, while it learns."""

    def noise(value: Tensor) -> Tensor:
        if not bench.model.training:
            return value
        size = value.detach().square().mean().sqrt()
        return value + level * size * bench.normal(value)

    _on_the_way(noise, noise, bench)


class _WrongSlope(torch.autograd.Function):
    """tanh whose error is multiplied by something else than its derivative."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, level: float) -> Tensor:
        """tanh(z)."""
        ctx.save_for_backward(z)
        ctx.level = level
        return z.tanh()

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, None]:
        """Level 1: a constant; level 2: the slope of another function, 1/(1 + |z|)^2."""
        (z,) = ctx.saved_tensors
        return (g if ctx.level == 1 else g / (1 + z.abs()) ** 2), None


class _WrongTanh(nn.Module):
    def __init__(self, level: float) -> None:
        super().__init__()
        self.level = level

    def forward(self, z: Tensor) -> Tensor:
        found: Tensor = _WrongSlope.apply(z, self.level)
        return found


def _wrong_slope(level: float, bench: Bench, _: float) -> None:
    for path, module in list(bench.model.named_modules()):
        if isinstance(module, nn.Tanh):
            parent, _, name = path.rpartition(".")
            setattr(bench.model.get_submodule(parent), name, _WrongTanh(level))


CONDITIONS: dict[str, Condition] = {
    "as it is": Condition("", "as it is", (0,), _nothing),
    "theta-is-w": Condition("G2", "Theta := W at the start", (0,), _tied),
    "new-w": Condition(
        "G2", "W drawn anew half-way", (0,), partial(_drawn_anew, "forward"), half_way=True
    ),
    "new-theta": Condition(
        "G2", "Theta drawn anew half-way", (0,), partial(_drawn_anew, "feedback"), half_way=True
    ),
    "soma-sent": Condition("G4", "one axon: x is sent up", (0,), _soma_sent, settling=SETTLING),
    "rectified-up": Condition("G5", "what ascends is rectified", (0,), _rectified_up),
    "rectified": Condition("G5", "all that is sent is rectified", (0,), _rectified),
    "dale": Condition("G5", "each cell keeps one sign", (0,), _one_sign_each),
    "masks": Condition("G6", "share of the synapses", (0.5, 0.2, 0.1), _masked),
    "noise": Condition("G7", "noise, in r.m.s.", (0.1, 0.3, 1.0), _noisy),
    "constant-slope": Condition("G7", "f' = 1", (0,), partial(_wrong_slope, 1)),
    "other-slope": Condition("G7", "f' of another function", (0,), partial(_wrong_slope, 2)),
    "bits": Condition("G7", "bits of a weight", (8, 6, 4), _few_bits),
}
"""By name. A further condition is one function and one line."""
