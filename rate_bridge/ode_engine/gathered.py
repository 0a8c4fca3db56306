"""Weights from a stimulus that stands still, gathered over a presentation.

While stimulus s does not change, ``W + sum_t c d(t)^T s`` need not be written at every time step:
with ``M = sum_t c d(t)`` and the Gram matrix ``G = s s^T`` over the batch the drive is
``s W^T + G M``, and W takes up ``M^T s`` once, when the presentation ends. That is the same
sequence of values but for rounding. It costs batch^2 instead of 2 batch n_below for every neuron
above, and there is little to carry where the batch is small.
"""

from collections.abc import Mapping
from functools import partial
from typing import Self

import sympy
import torch
from torch import Tensor

from models.pathway import Pathway
from rate_bridge.ode_engine.block import Block, Call, Level
from rate_bridge.ode_engine.splitting import ONE, Product, split
from rate_bridge.ode_engine.weight_steps import local


class Deferred:
    """The change of one pathway's weights since the presentation began.

    Made by :meth:`fitting`, which says whether a pathway's rule allows it.
    """

    def __init__(
        self,
        pathway: Pathway,
        weight: Tensor,
        sent: Tensor,
        pre: Tensor,
        product: Product,
        scale: float,
    ) -> None:
        self.pathway, self.weight, self.pre = pathway, weight, pre
        self.product, self.scale = product, scale
        *lead, batch, _ = sent.shape
        post = weight.shape[-2 if pathway.upward else -1]
        self.gram = sent.new_zeros((*lead, batch, batch))
        self.start = sent.new_zeros((*lead, batch, post))
        self.gathered = torch.zeros_like(self.start)

    @classmethod
    def fitting(
        cls,
        pathway: Pathway,
        blocks: Mapping[str, Block],
        weight: Tensor,
        trees: Mapping[str, sympy.Expr],
        dt_s: float,
    ) -> Self | None:
        """A deferred change, or None where the rule or the shapes do not allow it or do not pay.

        The rule must be one outer product whose presynaptic factor stands still, without
        further states of the synapse; nothing masked, bounded or delayed; the batch smaller than
        twice the number of synapses that a neuron has in this pathway.
        """
        if list(trees) != ["w"] or pathway.is_bounded or pathway.mask is not None:
            return None
        part = split(trees["w"], trees)
        if part.mixed != 0 or len(part.products) != 1 or float(pathway.delay):
            return None
        (product,) = part.products
        if product.synapse != ONE or product.post == ONE or product.pre == ONE:
            return None
        block = blocks[pathway.pre]
        sent, pre = sympy.Symbol(pathway.sends, real=True), local(product.pre, "_pre")
        *_, batch, below = block.shape
        if max(block.level(sent), block.level(pre)) > Level.SHOWN or batch >= 2 * below:
            return None
        sent_value, pre_value = block.full(sent).value, block.full(pre).value
        assert isinstance(sent_value, Tensor)
        assert isinstance(pre_value, Tensor)
        return cls(pathway, weight, sent_value, pre_value, product, dt_s / batch)

    def sums(self, sent: Tensor, out: Tensor, add: bool) -> list[Call]:
        """Calls for the pathway's sum."""
        matrix = self.weight.transpose(-1, -2) if self.pathway.upward else self.weight

        def enter() -> None:
            torch.matmul(sent, self.pre.transpose(-1, -2), out=self.gram)
            torch.matmul(sent, matrix, out=self.start)
            self.gathered.zero_()

        def put() -> None:
            function = torch.addmm if out.dim() == 2 else torch.baddbmm
            function(self.start, self.gram, self.gathered, out=out)

        def put_added() -> None:
            out.add_(self.start)
            (out.addmm_ if out.dim() == 2 else out.baddbmm_)(self.gram, self.gathered)

        return [Call(enter, Level.SHOWN), Call(put_added if add else put, Level.MOVING)]

    def moves(self, post: Block) -> list[Call]:
        """Calls that gather the change of one time step."""
        tree = local(self.product.post, "_post")
        coefficient = post.constant(self.product.coefficient)
        if isinstance(coefficient, Tensor):
            tree, coefficient = tree * self.product.coefficient, 1.0
        change = post.full(tree).value
        return [
            Call(partial(self.gathered.add_, change, alpha=coefficient * self.scale), Level.MOVING)
        ]

    def flush(self) -> None:
        """Let the weights take up what was gathered."""
        post, pre = self.gathered, self.pre
        above, below = (post, pre) if self.pathway.upward else (pre, post)
        function = self.weight.addmm_ if self.weight.dim() == 2 else self.weight.baddbmm_
        function(above.transpose(-1, -2), below)
        self.gathered.zero_()
