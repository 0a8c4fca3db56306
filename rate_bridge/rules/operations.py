"""The bilinear operations that carry weights, and the two local products of their backward pass.

Every layer computes ``z = W * u``, where ``*`` is a matrix product or a convolution. Going back it
needs the error carried down, ``M^T * g`` for a feedback matrix ``M`` of the shape of ``W``, and
the correlation of what stands above with what stands below, ``g u^T``. A rule is written once in
these two terms and holds for every operation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


class Operation(Protocol):
    """What a layer must know of its operation."""

    def output(self, u: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """``z = W * u`` (+ bias)."""

    def backward(
        self, g: Tensor, u: Tensor, matrix: Tensor | None, shape: Sequence[int], product: bool
    ) -> tuple[Tensor | None, Tensor | None]:
        """``(M^T * g, g u^T)``; the first is None without a matrix, the second on request."""

    def product(self, g: Tensor, u: Tensor, shape: Sequence[int], factor: float = 1.0) -> Tensor:
        """``factor * g u^T``, summed over batch and positions; ``shape`` is the weight's."""

    def bias_sum(self, g: Tensor) -> Tensor:
        """``g`` summed over batch and positions."""


@dataclass(frozen=True)
class LinearOperation:
    """A matrix product over the last axis; every other axis is a batch axis."""

    def output(
        self,
        u: Float[Tensor, "*batch n_in"],
        weight: Float[Tensor, "n_out n_in"],
        bias: Float[Tensor, " n_out"] | None,
    ) -> Float[Tensor, "*batch n_out"]:
        """``u W^T + bias``."""
        return F.linear(u, weight, bias)

    def backward(
        self,
        g: Float[Tensor, "*batch n_out"],
        u: Float[Tensor, "*batch n_in"],
        matrix: Float[Tensor, "n_out n_in"] | None,
        shape: Sequence[int],
        product: bool,
    ) -> tuple[Tensor | None, Tensor | None]:
        """``(g M, g^T u)``."""
        sent = None if matrix is None else g @ matrix
        return sent, self.product(g, u, shape) if product else None

    def product(
        self,
        g: Float[Tensor, "*batch n_out"],
        u: Float[Tensor, "*batch n_in"],
        shape: Sequence[int],
        factor: float = 1.0,
    ) -> Float[Tensor, "n_out n_in"]:
        """``factor * g^T u``."""
        g, u = g.reshape(-1, g.shape[-1]), u.reshape(-1, u.shape[-1])
        if factor == 1.0:
            return g.t() @ u
        return torch.addmm(g.new_zeros(()), g.t(), u, beta=0, alpha=factor)

    def bias_sum(self, g: Float[Tensor, "*batch n_out"]) -> Float[Tensor, " n_out"]:
        """``g`` summed over every axis but the last."""
        return g.reshape(-1, g.shape[-1]).sum(0)


@dataclass(frozen=True)
class ConvOperation:
    """A convolution with zero padding, over one spatial axis or two."""

    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int = 1

    def output(
        self,
        u: Float[Tensor, "batch c_in *space"],
        weight: Float[Tensor, "c_out c_in_group *kernel"],
        bias: Float[Tensor, " c_out"] | None,
    ) -> Float[Tensor, "batch c_out *space_out"]:
        """The cross-correlation of ``u`` with ``weight``."""
        return torch.convolution(
            u,
            weight,
            bias,
            self.stride,
            self.padding,
            self.dilation,
            False,
            [0] * len(self.stride),
            self.groups,
        )

    def _backward(
        self, g: Tensor, u: Tensor, matrix: Tensor, mask: list[bool]
    ) -> tuple[Tensor, Tensor]:
        sent, product, _ = torch.ops.aten.convolution_backward(
            g,
            u,
            matrix,
            None,
            list(self.stride),
            list(self.padding),
            list(self.dilation),
            False,
            [0] * len(self.stride),
            self.groups,
            mask,
        )
        return sent, product

    def backward(
        self,
        g: Float[Tensor, "batch c_out *space_out"],
        u: Float[Tensor, "batch c_in *space"],
        matrix: Float[Tensor, "c_out c_in_group *kernel"] | None,
        shape: Sequence[int],
        product: bool,
    ) -> tuple[Tensor | None, Tensor | None]:
        """The transposed convolution with ``matrix``, and the correlation of ``g`` with ``u``."""
        if matrix is None:
            return None, self.product(g, u, shape) if product else None
        sent, correlation = self._backward(g, u, matrix, [True, product, False])
        return sent, correlation if product else None

    def product(
        self,
        g: Float[Tensor, "batch c_out *space_out"],
        u: Float[Tensor, "batch c_in *space"],
        shape: Sequence[int],
        factor: float = 1.0,
    ) -> Float[Tensor, "c_out c_in_group *kernel"]:
        """``factor`` times the correlation of ``g`` with the patches of ``u``."""
        # torch asks for the weight, of which this product uses the shape alone.
        placeholder = g.new_zeros(()).expand(tuple(shape))
        _, product = self._backward(g, u, placeholder, [False, True, False])
        return product if factor == 1.0 else product.mul_(factor)

    def bias_sum(self, g: Float[Tensor, "batch c_out *space_out"]) -> Float[Tensor, " c_out"]:
        """``g`` summed over batch and positions."""
        return g.flatten(2).sum((0, 2))
