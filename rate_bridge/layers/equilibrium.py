"""The backward pass of a layer as the equilibrium of its neurons' compartments.

Forward: the basal drive ``z = W * u``. Backward: the apical potential of the layer below settles
at ``M^T * delta`` with M the rule's feedback, and W and Theta take their local gradients. The
activation function stands outside, as an ordinary torch module.
"""

from typing import Any

import torch
from torch import Tensor

from rate_bridge.rules.base import Local, Rule
from rate_bridge.rules.operations import Operation


class EquilibriumProduct(torch.autograd.Function):
    """``z = W * u`` whose gradients are a learning rule's."""

    @staticmethod
    def forward(
        ctx: Any,
        u: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        theta: Tensor | None,
        operation: Operation,
        rule: Rule,
        samples: float,
    ) -> Tensor:
        """The drive; W is kept for the backward pass only if the rule may read it."""
        ctx.operation, ctx.rule, ctx.samples, ctx.shape = operation, rule, samples, weight.shape
        ctx.save_for_backward(u, weight if rule.reads_weight else None, theta)
        return operation.output(u, weight, bias)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        """Error sent down, and the gradients of W, bias and Theta."""
        u, weight, theta = ctx.saved_tensors
        rule: Rule = ctx.rule
        needs_u, needs_weight, needs_bias, needs_theta = ctx.needs_input_grad[:4]
        matrix = rule.feedback(weight, theta) if needs_u else None
        sent, product = ctx.operation.backward(g, u, matrix, ctx.shape, needs_weight)
        local = Local(ctx.operation, g, sent, u, product, theta, weight, ctx.samples)
        theta_gradient = rule.theta_gradient(local) if needs_theta and needs_u else None
        weight_gradient = rule.weight_gradient(local) if needs_weight else None
        bias_gradient = ctx.operation.bias_sum(g) if needs_bias else None
        return sent, weight_gradient, bias_gradient, theta_gradient, None, None, None


def cast_for_autocast(*tensors: Tensor | None) -> tuple[Tensor | None, ...]:
    """The tensors in autocast's dtype where it is on; their gradients come back in their own."""
    device = next(tensor.device.type for tensor in tensors if tensor is not None)
    if not torch.is_autocast_enabled(device):
        return tensors
    dtype = torch.get_autocast_dtype(device)
    return tuple(
        tensor.to(dtype) if tensor is not None and tensor.dtype == torch.float32 else tensor
        for tensor in tensors
    )
