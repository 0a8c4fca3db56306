"""The recurrent network of the DLL paper: tanh units and a linear readout at every step.

``h_t = tanh(W_h h_{t-1} + W_x x_t)``, ``y_t = W_y h_t`` (Lv et al. 2025, Eq. 10). A unit's error
is the sum of what comes from its readout and from its own future, and both feedback matrices
learn from that sum; so the whole unrolled sequence is one backward pass here, where chaining
single layers would give each matrix its own part of the error alone.
"""

import math
from dataclasses import replace
from typing import Any, NamedTuple, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from compartments.domains import check_value
from compartments.sizes import check_size
from rate_bridge.layers.checks import check_generator, check_layer
from rate_bridge.layers.equilibrium import cast_for_autocast
from rate_bridge.rules import Local, Rule, make_rule
from rate_bridge.rules.operations import LinearOperation

LINEAR_OPERATION = LinearOperation()


class Elman(nn.Module):
    """The network in ordinary torch: autograd gives backpropagation through time.

    Parameters
    ----------
    n_in, n_hidden, n_out : int
        Sizes of input, hidden state and output.
    bias : bool
        Biases of hidden units and readout; the paper has none.
    """

    def __init__(self, n_in: int, n_hidden: int, n_out: int, bias: bool = False) -> None:
        where = type(self).__name__
        check_layer(where, {"n_in": n_in, "n_hidden": n_hidden}, bias)
        check_layer(where, {"n_hidden": n_hidden, "n_out": n_out}, bias)
        check_size(where, "n_hidden", needed_bytes=8.0 * n_hidden**2)
        super().__init__()
        self.n_in, self.n_hidden, self.n_out = n_in, n_hidden, n_out
        self.weight_x = nn.Parameter(torch.empty(n_hidden, n_in))
        self.weight_h = nn.Parameter(torch.empty(n_hidden, n_hidden))
        self.weight_y = nn.Parameter(torch.empty(n_out, n_hidden))
        self.bias_h = nn.Parameter(torch.zeros(n_hidden)) if bias else None
        self.bias_y = nn.Parameter(torch.zeros(n_out)) if bias else None
        for weight in (self.weight_x, self.weight_h, self.weight_y):
            bound = 1.0 / math.sqrt(weight.shape[1])
            nn.init.uniform_(weight, -bound, bound)

    def start(self, x: Tensor, h0: Tensor | None) -> Tensor:
        """The initial state: ``h0``, or zeros."""
        return x.new_zeros(x.shape[0], self.n_hidden) if h0 is None else h0

    def check(self, x: Tensor) -> None:
        """Raise ValueError unless ``x`` is ``(batch, time, n_in)``."""
        if x.dim() != 3 or x.shape[2] != self.n_in or x.shape[1] == 0:
            raise ValueError(
                f"{type(self).__name__}: expected input (batch, time > 0, {self.n_in}), "
                f"got {tuple(x.shape)}."
            )

    def forward(self, x: Float[Tensor, "batch time n_in"]) -> Float[Tensor, "batch time n_out"]:
        """Readouts of all steps, from the state zero."""
        return self.run(x)[0]

    def run(
        self,
        x: Float[Tensor, "batch time n_in"],
        h0: Float[Tensor, "batch n_hidden"] | None = None,
    ) -> tuple[Float[Tensor, "batch time n_out"], Float[Tensor, "batch n_hidden"]]:
        """Readouts of all steps, and the last hidden state (cut from the graph)."""
        self.check(x)
        h = self.start(x, h0)
        drives = nn.functional.linear(x, self.weight_x, self.bias_h)
        states = []
        for drive in drives.unbind(1):
            h = torch.tanh(drive + h @ self.weight_h.t())
            states.append(h)
        y = nn.functional.linear(torch.stack(states, 1), self.weight_y, self.bias_y)
        return y, h.detach()

    def extra_repr(self) -> str:
        """Sizes."""
        return f"{self.n_in}, {self.n_hidden}, {self.n_out}, bias={self.bias_h is not None}"


class Unrolled(torch.autograd.Function):
    """The unrolled network; its backward pass is Lv et al. 2025, Eqs. 10-30."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        h0: Tensor,
        W_x: Tensor,
        W_h: Tensor,
        W_y: Tensor,
        b_h: Tensor | None,
        b_y: Tensor | None,
        theta_h: Tensor | None,
        theta_y: Tensor | None,
        rule: Rule,
        samples: float,
        shift_input: bool,
    ) -> tuple[Tensor, Tensor]:
        """``(y, h_n)``; all states are kept, ``(time + 1, batch, n_hidden)``."""
        drives = LINEAR_OPERATION.output(x.transpose(0, 1), W_x, b_h)
        states = drives.new_empty(drives.shape[0] + 1, *drives.shape[1:])
        states[0] = h0
        for t, drive in enumerate(drives):
            states[t + 1] = torch.tanh(drive + states[t] @ W_h.t())
        y = LINEAR_OPERATION.output(states[1:].transpose(0, 1), W_y, b_y)
        last = states[-1].clone()
        ctx.mark_non_differentiable(last)
        slopes = _shifted_slopes(drives, states, W_h) if shift_input else None
        weights = (W_x, W_h, W_y) if rule.reads_weight else (None, None, None)
        ctx.save_for_backward(x, states, slopes, *weights, theta_h, theta_y)
        ctx.rule, ctx.samples = rule, samples
        return y, last

    @staticmethod
    def backward(ctx: Any, g_y: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        """Errors from the last step to the first, then every local gradient."""
        x, states, slopes, W_x, W_h, W_y, theta_h, theta_y = ctx.saved_tensors
        rule: Rule = ctx.rule
        g_y, x = g_y.transpose(0, 1), x.transpose(0, 1)
        error = g_y @ rule.feedback(W_y, theta_y)
        delta, start = _errors(error, rule.feedback(W_h, theta_h), states, slopes)

        def local(g: Tensor, sent: Tensor | None, u: Tensor, weights: _Pair) -> Local:
            product = LINEAR_OPERATION.product(g, u, ())
            return Local(
                LINEAR_OPERATION, g, sent, u, product, weights.theta, weights.W, ctx.samples
            )

        to_x = local(delta, None, x, _Pair(W_x, None))
        to_h = local(delta, None, states[:-1], _Pair(W_h, theta_h))
        to_y = local(g_y, error, states[1:], _Pair(W_y, theta_y))
        # Theta_h pairs the error at step t with delta at t + 1; nothing is sent to h_0 (Eq. 29).
        inner = replace(to_h, g=delta[1:], sent=error[:-1], u=states[1:-1])
        needs = ctx.needs_input_grad
        return (
            None,
            start if needs[1] else None,
            *(
                rule.weight_gradient(at) if need else None
                for at, need in zip((to_x, to_h, to_y), needs[2:5], strict=True)
            ),
            delta.sum((0, 1)) if needs[5] else None,
            g_y.sum((0, 1)) if needs[6] else None,
            rule.theta_gradient(inner) if needs[7] else None,
            rule.theta_gradient(to_y) if needs[8] else None,
            None,
            None,
            None,
        )


class _Pair(NamedTuple):
    W: Tensor | None
    theta: Tensor | None


def _errors(
    error: Tensor, matrix_h: Tensor, states: Tensor, slopes: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Eq. 13: ``error`` (time, batch, n_hidden) is completed in place by what the future sends.

    Returns ``delta`` of every step and what is sent to the initial state. ``slopes`` replaces f'
    where an error passes from a step to the one before.
    """
    delta = error * 1  # a buffer of the same shape and type
    derivative = 1 - states[1:].square()
    for t in range(error.shape[0] - 1, -1, -1):
        torch.mul(error[t], derivative[t], out=delta[t])
        passed = delta[t] if slopes is None else error[t] * slopes[t]
        sent = passed @ matrix_h
        if t:
            error[t - 1] += sent
    return delta, sent


def _shifted_slopes(drives: Tensor, states: Tensor, W_h: Tensor) -> Tensor:
    """f' of ``W_h h_{t-1} + W_x x_{t-1}``: the released code takes the input one step early."""
    early = torch.cat([drives[:1], drives[:-1]])
    return 1 - torch.tanh(early + states[:-1] @ W_h.t()).square()


class Recurrent(Elman):
    """:class:`Elman` whose backward pass is a rule's.

    ``theta_h`` and ``theta_y`` carry errors back through time and down from the readout; W_x reads
    the input and needs none. ``error_scale`` is ``c`` where the loss is ``c * sum over sequences
    and steps``; None takes ``1 / (batch * time)``, right for a loss averaged over both.

    Parameters
    ----------
    n_in, n_hidden, n_out, bias
        As for :class:`Elman`.
    rule : str or Rule
        Any rule but direct feedback and "bp", which is :class:`Elman`.
    generator : torch.Generator, optional
        Draws Theta_h and Theta_y.
    shift_input : bool
        The released code's backward pass, which evaluates f' with the input of one step earlier
        where an error passes back in time.

    Raises
    ------
    ValueError
        On an unknown rule or direct feedback, on an input of another shape, and on an input that
        needs a gradient.
    """

    theta_h: nn.Parameter | None
    theta_y: nn.Parameter | None

    def __init__(
        self,
        n_in: int,
        n_hidden: int,
        n_out: int,
        bias: bool = False,
        *,
        rule: str | Rule = "dll",
        generator: torch.Generator | None = None,
        shift_input: bool = False,
    ) -> None:
        super().__init__(n_in, n_hidden, n_out, bias)
        check_value("Recurrent", "shift_input", shift_input, bool)
        check_generator("Recurrent", generator)
        self.shift_input = shift_input
        self.set_rule(make_rule(rule), generator)

    def set_rule(
        self, rule: Rule, generator: torch.Generator | None = None, path: str = ""
    ) -> None:
        """Learn by ``rule`` from now on, with feedback weights drawn anew."""
        if rule.direct:
            raise ValueError(
                f"Rule {rule.name!r} sends the output's error past the layers between; a "
                "recurrent network has steps, not layers. Take 'fa' instead."
            )
        self.rule = rule
        self.path = path or type(self).__name__
        self.error_scale: float | None = None
        source = generator or torch.Generator().manual_seed(torch.initial_seed())
        for name, weight in (("theta_h", self.weight_h), ("theta_y", self.weight_y)):
            theta = None
            if rule.has_theta:
                initial = rule.initial_theta(weight, source)
                theta = nn.Parameter(initial, requires_grad=rule.learns_theta)
            self.register_parameter(name, theta)

    def run(
        self,
        x: Float[Tensor, "batch time n_in"],
        h0: Float[Tensor, "batch n_hidden"] | None = None,
    ) -> tuple[Float[Tensor, "batch time n_out"], Float[Tensor, "batch n_hidden"]]:
        """Readouts of all steps, and the last hidden state (cut from the graph)."""
        self.check(x)
        if x.requires_grad and torch.is_grad_enabled():
            raise ValueError(
                f"Layer {self.path!r}: its input needs a gradient, but W_x has no feedback "
                "(the paper's RNN reads its input directly). Detach the input."
            )
        samples = x.shape[0] * x.shape[1] if self.error_scale is None else 1 / self.error_scale
        weights = (self.weight_x, self.weight_h, self.weight_y, self.bias_h, self.bias_y)
        tensors = cast_for_autocast(x, self.start(x, h0), *weights, self.theta_h, self.theta_y)
        outputs = Unrolled.apply(*tensors, self.rule, samples, self.shift_input)
        return cast(tuple[Tensor, Tensor], outputs)

    def extra_repr(self) -> str:
        """Sizes and the rule."""
        return f"{super().extra_repr()}, rule={self.rule.name!r}"
