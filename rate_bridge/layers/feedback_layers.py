"""Torch layers whose backward pass is a learning rule's: Linear, Conv1d, Conv2d.

They hold ``weight`` (W) and, where an error has to go further down, ``theta`` of the same shape,
``(n_above, n_below)``. Everything else of torch works on them as on the layers they derive from.

What stands between such layers is torch's own, backward too:

* An activation multiplies the error by f', which makes xi into delta.
* A sum (a residual connection) hands the error of the unit above to each of its terms unchanged.
  Where several layers read one unit, the errors that they send down are added: its xi is the sum,
  but Theta of each layer learns from what that layer itself sent. The skip itself has no weights
  and so no rule.
* Batch norm sends the error through the batch's mean and variance, as in backpropagation. In
  training a sample's delta then depends on the other samples of its batch, which no local rule
  could know; group and layer norm mix units of one sample instead.
"""

from typing import Any, ClassVar, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rate_bridge.layers.checks import check_generator, check_layer, kernel_length
from rate_bridge.layers.direct_feedback import DirectFeedback
from rate_bridge.layers.equilibrium import EquilibriumProduct, cast_for_autocast
from rate_bridge.rules import Rule, make_rule
from rate_bridge.rules.operations import ConvOperation, LinearOperation, Operation


class FeedbackLayer(nn.Module):
    """What the layers share: the rule, Theta, and the call of :class:`EquilibriumProduct`.

    ``error_scale`` is ``c`` where the loss is ``c * sum over samples``; None takes
    ``1 / (first axis of the input)``, which is right for a loss averaged over the batch. Theta's
    rules minus and plus multiply two errors, so the loss's gradients alone would make them shrink
    with c^2 (see :mod:`rate_bridge.rules.base`); with another loss than that mean, such as a sum
    or a mean over time steps too, c has to be said.
    :func:`rate_bridge.layers.convert.set_error_scale` sets it in a whole model.

    ``path`` is the layer's name in its model, for messages.
    """

    weight: Tensor
    theta: nn.Parameter | None

    def set_rule(
        self,
        rule: Rule,
        feedback: bool = True,
        generator: torch.Generator | None = None,
        path: str = "",
    ) -> None:
        """Learn by ``rule`` from now on, with feedback weights drawn anew."""
        self.rule = rule
        self.feedback = feedback
        self.error_scale: float | None = None
        self.direct: DirectFeedback | None = None
        self.path = path or type(self).__name__
        if not (feedback and rule.has_theta) or rule.direct:
            self.register_parameter("theta", None)
            return
        source = generator or torch.Generator().manual_seed(torch.initial_seed())
        initial = rule.initial_theta(self.weight, source)
        self.theta = nn.Parameter(initial, requires_grad=rule.learns_theta)

    def samples(self, u: Tensor) -> float:
        """``1 / c`` of :mod:`rate_bridge.rules.base` for a batch ``u``."""
        return u.shape[0] if self.error_scale is None else 1.0 / self.error_scale

    def _drive(self, operation: Operation, u: Tensor, bias: Tensor | None) -> Tensor:
        """``z = W * u`` with the rule's backward pass."""
        shared, theta = self.direct, self.theta
        if shared is not None:
            u, theta = shared.enter(self.path, u, theta), None
        elif not self.feedback and u.requires_grad and torch.is_grad_enabled():
            raise ValueError(
                f"Layer {self.path!r}: its input needs a gradient, but the layer was built "
                "with feedback=False, which is for layers that read the network's input. "
                "Build it with feedback=True, or give convert() an example= input."
            )
        arguments = cast_for_autocast(u, self.weight, bias, theta)
        z = EquilibriumProduct.apply(*arguments, operation, self.rule, self.samples(u))
        return cast(Tensor, z if shared is None else shared.left(self.path, z))

    def extra_repr(self) -> str:
        """The line in ``repr(model)``: torch's, and the rule."""
        return f"{super().extra_repr()}, rule={self.rule.name!r}, feedback={self.feedback}"


class Linear(FeedbackLayer, nn.Linear):
    """``z = u W^T`` with a rule's backward pass.

    Parameters
    ----------
    in_features, out_features : int
        Units below and above.
    bias : bool
        A bias above; the paper has none.
    rule : str or Rule
        A name from :data:`rate_bridge.rules.RULES`, or a rule.
    feedback : bool
        Whether an error goes further down. False for a layer that reads the network's input:
        Theta_0 is never used, so none is allocated.
    generator : torch.Generator, optional
        Draws Theta; by default one seeded with torch's initial seed.

    Raises
    ------
    ValueError
        On an unknown rule; in the forward pass if ``feedback`` is False and the input needs a
        gradient.
    """

    operation = LinearOperation()

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = False,
        *,
        rule: str | Rule = "dll",
        feedback: bool = True,
        generator: torch.Generator | None = None,
        **factory: Any,
    ) -> None:
        widths = {"in_features": in_features, "out_features": out_features}
        check_layer("Linear", widths, bias, on=factory.get("device"), feedback=feedback)
        check_generator("Linear", generator)
        nn.Linear.__init__(self, in_features, out_features, bias, **factory)
        self.set_rule(make_rule(rule), feedback, generator)

    def forward(self, u: Float[Tensor, "*batch n_in"]) -> Float[Tensor, "*batch n_out"]:
        """The drive of the layer above."""
        return self._drive(self.operation, u, self.bias)


def _conv_operation(layer: nn.Conv1d | nn.Conv2d) -> ConvOperation:
    """The operation of a torch convolution, its padding as numbers."""
    if layer.padding_mode != "zeros":
        raise ValueError(
            f"{type(layer).__name__}: padding_mode must be 'zeros', got {layer.padding_mode!r}; "
            "pad with a torch padding module before the layer instead."
        )
    padding = layer.padding
    if padding == "valid":
        padding = (0,) * len(layer.kernel_size)
    elif padding == "same":
        spans = [d * (k - 1) for d, k in zip(layer.dilation, layer.kernel_size, strict=True)]
        if any(span % 2 for span in spans):
            raise ValueError(
                f"{type(layer).__name__}: padding='same' with the even kernel {layer.kernel_size} "
                "pads unevenly; take an odd kernel, or pad before the layer."
            )
        padding = tuple(span // 2 for span in spans)
    numbers = cast(tuple[int, ...], padding)
    return ConvOperation(layer.stride, numbers, layer.dilation, layer.groups)


class Convolution(FeedbackLayer):
    """What the convolutions share; ``plain`` is torch's own, over ``axes`` axes.

    The parameters are torch's (``bias`` False by default, zero padding only) and those of
    :class:`Linear`: ``rule``, ``feedback``, ``generator``.
    """

    plain: ClassVar[type[nn.Module]]
    axes: ClassVar[int]
    operation: ConvOperation
    bias: Tensor | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        *,
        bias: bool = False,
        rule: str | Rule = "dll",
        feedback: bool = True,
        generator: torch.Generator | None = None,
        **options: Any,
    ) -> None:
        name = type(self).__name__
        places = kernel_length(name, kernel_size, axes=self.axes)
        widths = {"in_channels": in_channels, "out_channels": out_channels, "kernel_size": places}
        check_layer(name, widths, bias, on=options.get("device"), feedback=feedback)
        check_generator(name, generator)
        self.plain.__init__(self, in_channels, out_channels, kernel_size, bias=bias, **options)
        self.operation = _conv_operation(cast(nn.Conv1d | nn.Conv2d, self))
        self.set_rule(make_rule(rule), feedback, generator)


class Conv1d(Convolution, nn.Conv1d):
    """A convolution over time with a rule's backward pass; parameters as :class:`Convolution`."""

    plain, axes = nn.Conv1d, 1

    def forward(self, u: Float[Tensor, "batch c_in time"]) -> Float[Tensor, "batch c_out time_out"]:
        """The drive of the layer above."""
        return self._drive(self.operation, u, self.bias)


class Conv2d(Convolution, nn.Conv2d):
    """A convolution over images with a rule's backward pass; parameters as :class:`Convolution`."""

    plain, axes = nn.Conv2d, 2

    def forward(
        self, u: Float[Tensor, "batch c_in height width"]
    ) -> Float[Tensor, "batch c_out height_out width_out"]:
        """The drive of the layer above."""
        return self._drive(self.operation, u, self.bias)
