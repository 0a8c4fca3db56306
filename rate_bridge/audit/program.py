"""One step of a torch learner, stopped between forward and backward, so that things can be changed.

A learner is a torch module that is trained by its gradients: an update of a parameter is what its
``.grad`` holds after ``backward``. Nothing is asked about how it is made. After the forward pass
all that the cells hold is in memory. Then one thing is changed, a parameter, an activity, an
error, the backward pass runs again, and what comes out differently is what depends on it: an
intervention with the forward states held.

Errors can be held, too, layer by layer, so that what reaches an update by a detour through another
cell's error is told from what it reads itself. A rule that sends activity of its own through a
layer during the backward pass (a weight mirror) evokes a further phase; that is counted, and its
activity is held as the forward states are.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from rate_bridge.layers.feedback_layers import FeedbackLayer

Learner = Callable[[tuple[int, ...], int], nn.Module]
"""From sizes and a seed to a module that takes (batch, n_in) and gives one score a class."""


PASSES = 4
"""Passes on the same samples; a clock of period 2 to 5 shows within them."""

ROUNDED = 1e-9
"""Of an update: solvers sum in an order that depends on where their memory lies; a clock or a
memory moves an update by a good part of itself."""


@dataclass(frozen=True)
class PassResult:
    """What one backward pass made.

    Attributes
    ----------
    updates : dict of str to Tensor
        Gradients by parameter; of parameters that learn.
    errors : dict of str to Tensor, (batch, n_above)
        By layer, the error that arrives at its drive, before it is held.
    sent : dict of str to Tensor, (batch, n_below)
        By layer, the error that arrives at its input.
    """

    updates: dict[str, Tensor]
    errors: dict[str, Tensor]
    sent: dict[str, Tensor]


@dataclass
class _Evoked:
    """A layer's operation; what a rule sends through it in the backward pass is kept, and held."""

    inner: Any
    program: "HeldPass"
    held: list[Tensor] = field(default_factory=list)
    number: int = 0

    def output(self, u: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """The layer's drive."""
        found: Tensor = self.inner.output(u, weight, bias)
        if not self.program.going_back:
            return found
        self.number += 1
        if len(self.held) < self.number:
            self.held.append(found.detach().clone())
        return self.held[self.number - 1] if self.program.hold_evoked else found

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class HeldPass:
    """A learner's step on one batch, after its forward pass.

    Parameters
    ----------
    model : torch.nn.Module
        The learner, in float64.
    inputs : Tensor, (batch, n_in)
    labels : Tensor, (batch,)
    seed : int
        Of torch's global generator, for learners that draw; the same in every pass.
    """

    def __init__(
        self,
        model: nn.Module,
        inputs: Float[Tensor, "batch n_in"],
        labels: Int[Tensor, "batch"],
        seed: int = 0,
    ) -> None:
        self.model, self.seed, self.labels = model, seed, labels
        self.parameters = dict(model.named_parameters())
        self.activity: dict[str, Tensor] = {}
        self.going_back, self.hold_evoked = False, True
        self._step = PassResult({}, {}, {})
        self._held: Mapping[str, Tensor] = {}
        self._evoked: list[_Evoked] = []
        handles = []
        for path, layer in layers(model):
            handles.append(layer.register_forward_pre_hook(self._entering(path)))
            handles.append(layer.register_forward_hook(self._leaving(path)))
            if isinstance(layer, FeedbackLayer):
                self._evoked.append(_Evoked(layer.operation, self))
                layer.operation = self._evoked[-1]  # type: ignore[assignment]
        try:
            with _seeded(seed):
                self.outputs = model(inputs.clone().requires_grad_(False))
                self.loss = F.cross_entropy(self.outputs, labels)
        finally:
            for handle in handles:
                handle.remove()
            for (_, layer), evoked in zip(_with_operation(model), self._evoked, strict=True):
                layer.operation = evoked.inner

    def _entering(self, path: str) -> Callable[..., None]:
        def hook(module: nn.Module, arguments: tuple[Tensor, ...]) -> None:
            u = arguments[0]
            self.activity[path] = u
            if u.requires_grad:
                u.register_hook(lambda g: self._step.sent.__setitem__(path, g.detach().clone()))

        return hook

    def _leaving(self, path: str) -> Callable[..., None]:
        def hook(module: nn.Module, arguments: tuple[Tensor, ...], z: Tensor) -> None:
            def arriving(g: Tensor) -> Tensor | None:
                self._step.errors[path] = g.detach().clone()
                return self._held.get(path)

            if z.requires_grad:
                z.register_hook(arriving)

        return hook

    @property
    def layers(self) -> tuple[str, ...]:
        """Paths of the layers, from the input to the output."""
        return tuple(self.activity)

    def step(self, held: Mapping[str, Tensor] | None = None) -> PassResult:
        """The backward pass, with errors at some layers' drives held."""
        self._step, self._held = PassResult({}, {}, {}), held or {}
        for parameter in self.parameters.values():
            parameter.grad = None
        for evoked in self._evoked:
            evoked.number = 0
        self.going_back = True
        try:
            with _seeded(self.seed):
                self.loss.backward(retain_graph=True)
        finally:
            self.going_back = False
        for name, parameter in self.parameters.items():
            if parameter.requires_grad:
                grad = parameter.grad
                self._step.updates[name] = (
                    torch.zeros_like(parameter) if grad is None else grad.detach().clone()
                )
        return self._step

    def check_repeats(self) -> None:
        """Refuse a learner of which the same pass gives other updates each time.

        Raises
        ------
        ValueError
            Nothing that is then changed could be told from what changes by itself.
        """
        first = self.step().updates
        for _ in range(PASSES):
            for name, update in self.step().updates.items():
                if float((update - first[name]).norm()) > ROUNDED * float(first[name].norm()):
                    raise ValueError(
                        f"The same pass gives another update of {name} each time, so nothing "
                        "can be said of what it reads; see the test of clock and memory."
                    )

    @property
    def step_sent(self) -> dict[str, Tensor]:
        """What the last step's layers sent down."""
        return self._step.sent

    @property
    def evoked_phases(self) -> int:
        """How often in a step the rule sends activity of its own through a layer; the most."""
        return max((evoked.number for evoked in self._evoked), default=0)

    @contextmanager
    def changed(self, tensor: Tensor, values: Tensor) -> Iterator[None]:
        """Within the block, a parameter or an activity has other values, wherever it is kept."""
        before = tensor.detach().clone()
        tensor.data.copy_(values)
        try:
            yield
        finally:
            tensor.data.copy_(before)


def layers(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """Modules with parameters of their own, by path."""
    return [
        (path, module)
        for path, module in model.named_modules()
        if any(True for _ in module.parameters(recurse=False))
    ]


def _with_operation(model: nn.Module) -> list[tuple[str, Any]]:
    return [(path, layer) for path, layer in layers(model) if isinstance(layer, FeedbackLayer)]


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def made(learner: Learner, sizes: Sequence[int], seed: int) -> nn.Module:
    """The learner's module in float64; its initial weights follow from the seed.

    Raises
    ------
    ValueError
        For a module that learns nothing.
    """
    with _seeded(seed):
        model = learner(tuple(sizes), seed)
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise ValueError("Audit: the learner has no parameter that learns.")
    return model.double()


@dataclass(frozen=True)
class Roles:
    """Which parameters carry activity up, and which do not.

    Told by intervention: with other values a forward parameter changes the output, a feedback
    parameter does not.
    """

    forward: tuple[str, ...]
    feedback: tuple[str, ...]


def roles(model: nn.Module, inputs: Float[Tensor, "batch n_in"], seed: int = 0) -> Roles:
    """The roles of a learner's parameters."""
    up: list[str] = []
    down: list[str] = []
    with torch.no_grad(), _seeded(seed):
        for name, parameter in model.named_parameters():
            before, kept = _output(model, inputs, seed), parameter.detach().clone()
            parameter.data.copy_(torch.randn_like(parameter))
            moved = not torch.equal(_output(model, inputs, seed), before)
            parameter.data.copy_(kept)
            (up if moved else down).append(name)
    return Roles(tuple(up), tuple(down))


def _output(model: nn.Module, inputs: Tensor, seed: int) -> Tensor:
    with _seeded(seed):
        found: Tensor = model(inputs)
    return found


def batch(
    sizes: Sequence[int], rows: int, seed: int
) -> tuple[Float[Tensor, "batch n_in"], Int[Tensor, "batch"]]:
    """Random inputs and labels."""
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(rows, sizes[0], generator=generator, dtype=torch.float64)
    return inputs, torch.randint(sizes[-1], (rows,), generator=generator)
