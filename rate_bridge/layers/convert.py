"""Another rule for an existing torch model, and back.

Only the layer types in :data:`CONVERTERS` change. Normalisation and embeddings connect no two
units and stay; anything else that has parameters of its own is refused by its path. Sums and
normalisation pass errors on as in backpropagation (what that means for residual networks is said in
:mod:`rate_bridge.layers.feedback_layers`). The loss is taken for a mean over the batch; for any
other call :func:`set_error_scale`.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from compartments.checks import check_kind, check_names
from compartments.domains import Seed, check_value
from rate_bridge.layers.checks import check_model
from rate_bridge.layers.direct_feedback import DirectFeedback
from rate_bridge.layers.feedback_layers import Conv1d, Conv2d, FeedbackLayer, Linear
from rate_bridge.layers.parameters import parameter_groups, set_error_scale, tie_feedback
from rate_bridge.layers.recurrent import Elman, Recurrent
from rate_bridge.rules import Rule, make_rule
from rate_bridge.rules.base import spread

__all__ = ["convert", "convertible", "parameter_groups", "set_error_scale", "tie_feedback"]

UNWEIGHTED = (
    nn.modules.batchnorm._BatchNorm,
    nn.LayerNorm,
    nn.GroupNorm,
    nn.RMSNorm,
    nn.PReLU,
    nn.Embedding,
)
"""Modules with parameters that connect no two units: they stay as they are."""


def _linear(kind: Callable[..., nn.Module]) -> Callable[[nn.Module], nn.Module]:
    def build(old: Any) -> nn.Module:
        return kind(old.in_features, old.out_features, bias=False, device="meta")

    return build


def _conv(kind: Callable[..., nn.Module]) -> Callable[[nn.Module], nn.Module]:
    def build(old: Any) -> nn.Module:
        names = ("stride", "padding", "dilation", "groups", "padding_mode")
        options = {name: getattr(old, name) for name in names}
        sizes = (old.in_channels, old.out_channels, old.kernel_size)
        return kind(*sizes, bias=False, device="meta", **options)

    return build


class Pair(NamedTuple):
    """How to build a layer of the other kind, without its weights."""

    ours: Callable[[nn.Module], nn.Module]
    plain: Callable[[nn.Module], nn.Module]


PAIRS: dict[type[nn.Module], Pair] = {
    nn.Linear: Pair(_linear(Linear), _linear(nn.Linear)),
    nn.Conv1d: Pair(_conv(Conv1d), _conv(nn.Conv1d)),
    nn.Conv2d: Pair(_conv(Conv2d), _conv(nn.Conv2d)),
}
"""torch's layers and ours."""

PLAIN: dict[type[nn.Module], Pair] = {
    Linear: PAIRS[nn.Linear],
    Conv1d: PAIRS[nn.Conv1d],
    Conv2d: PAIRS[nn.Conv2d],
}
"""The way back."""


def convert(
    model: nn.Module,
    rule: str | Rule = "dll",
    *,
    seed: int = 0,
    example: Tensor | None = None,
    inputs: Sequence[str] | None = None,
    **options: Any,
) -> nn.Module:
    """A copy of ``model`` that learns by ``rule``; forward weights keep their values.

    Parameters
    ----------
    model : torch.nn.Module
        A torch model, or one converted before.
    rule : str or Rule
        A name from :data:`rate_bridge.rules.RULES`. "bp" gives ordinary torch layers.
    seed : int
        Of the feedback weights; no global generator is touched.
    example : Tensor, optional
        A batch of inputs. It is sent through the model once, without learning, to see which layers
        read the input alone (they get no Theta) and, for "dfa", the shapes of the activities.
        Without it the first layer in order of registration is taken for the only such layer.
    inputs : sequence of str, optional
        Paths of the layers that read the input alone, instead of an example.
    **options
        The rule's: ``theta_rule``, ``theta_std``, ``decay``, ...

    Raises
    ------
    ValueError
        On an unknown rule or option; on a layer type with weights that cannot be converted,
        naming its path; on a model with nothing to convert.
    """
    made = make_rule(rule, **options)
    check_model("convert", model)
    check_value("convert", "seed", seed, Seed)
    if example is not None:
        check_kind("convert", "example", example, Tensor, "a batch of inputs, or None")
    model = _plain(copy.deepcopy(model))
    _refuse_unknown(model)
    paths = [path for path, _ in convertible(model)]
    if not paths:
        raise ValueError(
            f"{type(model).__name__} has no layer to convert; convertible are "
            f"{', '.join(kind.__name__ for kind in (*PAIRS, Elman))}."
        )
    probes = None if example is None else _probe(model, example)
    first = _reading_input(model, paths, probes, inputs)
    if made.name == "bp":
        return model
    generator = torch.Generator().manual_seed(int(seed))
    replaced: dict[int, nn.Module] = {}
    for path, old in list(convertible(model)):
        if id(old) not in replaced:
            replaced[id(old)] = _converted(old, path, made, path not in first, generator)
        model = _put(model, path, replaced[id(old)])
    if made.direct:
        _connect_directly(model, paths, made, generator, probes)
    return model


def convertible(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Paths and modules that :func:`convert` changes, or changed, in order of registration."""
    kinds = (*PAIRS, *PLAIN, Elman, Recurrent)
    for path, module in model.named_modules(remove_duplicate=False):
        if type(module) in kinds:
            yield path, module


def _put(model: nn.Module, path: str, new: nn.Module) -> nn.Module:
    """``model`` with ``new`` at ``path``; the path "" is the model itself."""
    if not path:
        return new
    parent, _, name = path.rpartition(".")
    setattr(model.get_submodule(parent), name, new)
    return model


def _plain(model: nn.Module) -> nn.Module:
    """The model with torch's own layers in place of ours."""
    replaced: dict[int, nn.Module] = {}
    for path, old in list(model.named_modules(remove_duplicate=False)):
        if id(old) not in replaced:
            if type(old) in PLAIN:
                new = PLAIN[type(old)].plain(old)
            elif isinstance(old, Recurrent):
                new = Elman(old.n_in, old.n_hidden, old.n_out)
            else:
                continue
            replaced[id(old)] = _with_parameters(new, old)
        model = _put(model, path, replaced[id(old)])
    return model


def _with_parameters(new: nn.Module, old: nn.Module) -> nn.Module:
    """``new`` with every parameter of ``old`` but Theta, the same objects, and its mode."""
    for name, parameter in old.named_parameters(recurse=False):
        if not name.startswith("theta"):
            setattr(new, name, parameter)
    return new.train(old.training)


def _converted(
    old: Any, path: str, rule: Rule, feedback: bool, generator: torch.Generator
) -> nn.Module:
    """Our layer in place of a torch layer, with the same forward weights."""
    try:
        if type(old) is Elman:
            network = Recurrent(old.n_in, old.n_hidden, old.n_out, rule=rule)
            _with_parameters(network, old)
            network.set_rule(rule, generator, path)
            return network
        layer = PAIRS[type(old)].ours(old)
    except ValueError as error:
        raise ValueError(f"Layer {path!r} cannot be converted. {error}") from None
    assert isinstance(layer, FeedbackLayer)
    _with_parameters(layer, old)
    layer.set_rule(rule, feedback, generator, path)
    return layer


def _refuse_unknown(model: nn.Module) -> None:
    """Raise on a module whose own parameters no rule could train."""
    for path, module in model.named_modules():
        own = [name for name, _ in module.named_parameters(recurse=False)]
        if not own or type(module) in PAIRS or type(module) is Elman:
            continue
        if not isinstance(module, UNWEIGHTED):
            raise ValueError(
                f"Layer {path or '(the model itself)'!r} of type {type(module).__name__} has "
                f"weights ({', '.join(own)}) and cannot be converted; convertible are "
                f"{', '.join(kind.__name__ for kind in (*PAIRS, Elman))}. Replace it by these "
                "layers, or convert the parts around it one by one."
            )


class LayerInput(NamedTuple):
    """What a layer's input looked like."""

    needs_gradient: bool
    shape: tuple[int, ...]


def _probe(model: nn.Module, example: Tensor) -> dict[str, LayerInput]:
    """One forward pass in evaluation mode; layers in order of execution."""
    probes: dict[str, LayerInput] = {}
    modes = {module: module.training for module in model.modules()}

    def watch(path: str) -> Callable[..., None]:
        def hook(module: nn.Module, arguments: tuple[Tensor, ...]) -> None:
            earlier = probes.get(path, LayerInput(False, ()))
            needs = earlier.needs_gradient or arguments[0].requires_grad
            probes[path] = LayerInput(needs, tuple(arguments[0].shape[1:]))

        return hook

    handles = [module.register_forward_pre_hook(watch(path)) for path, module in convertible(model)]
    try:
        with torch.enable_grad():
            model.eval()(example)
    finally:
        for handle in handles:
            handle.remove()
        for module, mode in modes.items():
            module.training = mode
    return probes


def _reading_input(
    model: nn.Module,
    paths: list[str],
    probes: dict[str, LayerInput] | None,
    inputs: Sequence[str] | None,
) -> set[str]:
    """Paths of the layers below which no error goes."""
    if inputs is not None:
        return set(check_names("convert", "inputs", inputs, paths, "convertible layer"))
    if probes is not None:
        return {path for path, probe in probes.items() if not probe.needs_gradient}
    for path, module in model.named_modules():
        if path in paths:
            return {path}
        if any(p.requires_grad for p in module.parameters(recurse=False)):
            return set()  # something that learns stands before the first layer
    return set()


def _connect_directly(
    model: nn.Module,
    paths: list[str],
    rule: Rule,
    generator: torch.Generator,
    probes: dict[str, LayerInput] | None,
) -> None:
    """Give every layer its matrix from the output, and the list they share."""
    order = paths if probes is None else list(probes)
    output = model.get_submodule(order[-1])
    assert isinstance(output, FeedbackLayer)
    shared = DirectFeedback(output.path)
    for path in order:
        layer = model.get_submodule(path)
        assert isinstance(layer, FeedbackLayer)
        layer.direct = shared
        if not layer.feedback:
            continue
        if probes is not None:
            shape = probes[path].shape
        elif isinstance(layer, Linear):
            shape = (layer.in_features,)
        else:
            raise ValueError(
                f"Layer {path!r}: direct feedback to a convolution needs the size of its input; "
                "give convert() an example= batch."
            )
        size = (output.weight.shape[0], *shape)
        like = output.weight.detach().new_full(size, spread(output.weight))
        layer.theta = nn.Parameter(rule.initial_theta(like, generator), requires_grad=False)
