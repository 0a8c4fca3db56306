"""Direct feedback: the output's error goes to every layer at once, past the layers between.

Each layer cuts its input from the graph and enters it, with its feedback matrix, in a list that
the model's layers share; the output layer hangs the list on its output. Autograd then carries
``delta_L`` through each matrix to where it belongs, without any state in the backward pass.
"""

from typing import Any, cast

import torch
from torch import Tensor


class _Broadcast(torch.autograd.Function):
    """The output unchanged; its gradient goes down, and through each matrix to each input."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, count: int, *tensors: Tensor) -> Tensor:
        """``tensors``: the inputs ``u_i``, then their matrices ``(n_output, *shape of u_i)``."""
        ctx.shapes = [u.shape for u in tensors[:count]]
        ctx.save_for_backward(*tensors[count:])
        return z.view_as(z)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        """``g`` and ``B_i^T g``."""
        matrices = ctx.saved_tensors
        sent = [
            (g.to(matrix.dtype) @ matrix.flatten(1)).view(shape)
            for matrix, shape in zip(matrices, ctx.shapes, strict=True)
        ]
        return g, None, *sent, *(None for _ in matrices)


class DirectFeedback:
    """What the layers of one model share under direct feedback.

    Parameters
    ----------
    output : str
        Path of the output layer, whose error every layer gets.
    """

    def __init__(self, output: str) -> None:
        self.output = output
        self.waiting: list[tuple[Tensor, Tensor]] = []

    def enter(self, path: str, u: Tensor, matrix: Tensor | None) -> Tensor:
        """A layer's input cut from the graph; it learns from the output's error alone.

        Raises
        ------
        ValueError
            For a layer without a feedback matrix, or with one for inputs of another shape.
        """
        if not (u.requires_grad and torch.is_grad_enabled()):
            return u.detach()
        if matrix is None:
            raise ValueError(
                f"Layer {path!r}: its input needs a gradient, but it holds no direct "
                "feedback; give convert() an example= input."
            )
        if u.shape[1:] != matrix.shape[1:]:
            raise ValueError(
                f"Layer {path!r}: direct feedback was made for inputs of shape "
                f"{tuple(matrix.shape[1:])} behind the batch axis, got {tuple(u.shape[1:])}."
            )
        self.waiting.append((u, matrix))
        return u.detach()

    def left(self, path: str, z: Tensor) -> Tensor:
        """A layer's drive; on the output's hangs everything that has entered."""
        if path != self.output:
            return z
        waiting, self.waiting = self.waiting, []
        if not waiting or not torch.is_grad_enabled():
            return z
        inputs, matrices = zip(*waiting, strict=True)
        return cast(Tensor, _Broadcast.apply(z, len(inputs), *inputs, *matrices))
