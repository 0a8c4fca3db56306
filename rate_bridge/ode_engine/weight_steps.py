"""The step of the weights: one matrix product for each product of a pre and a post factor.

Every synaptic state moves by Euler's rule, ``dt`` times the mean over the batch of its right-hand
side, all values those of the step's beginning.
"""

from collections.abc import Callable, Mapping
from functools import partial
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

import sympy
import torch
from brian2.equations.equations import SUBEXPRESSION
from torch import Tensor

from compartments.plasticity import PlasticityRule
from rate_bridge.ode_engine.block import Block, Call, Level, Node
from rate_bridge.ode_engine.expressions import Value, evaluated
from rate_bridge.ode_engine.splitting import ONE, Product, SplitSum, split

CHUNK_BYTES = 64 * 2**20
"""Memory for one part of the batch, where an expression cannot be split."""


class Synapses(NamedTuple):
    """A pathway's synapses as the compiler sees them.

    ``own``, ``pre`` and ``post`` are blocks whose calls are those of the learning step.
    ``upward`` says whether the weights are (post, pre) or (pre, post).
    """

    own: Block
    pre: Block
    post: Block
    upward: bool
    batch: int

    def outer(self, post: Tensor, pre: Tensor) -> tuple[Tensor, Tensor]:
        """The factors of ``sum_batch post x pre`` in the orientation of the weights."""
        above, below = (post, pre) if self.upward else (pre, post)
        return above.transpose(-1, -2), below

    def spread(self, vector: Tensor, of_post: bool) -> Tensor:
        """A view of a vector over post (or pre) that broadcasts over the weights."""
        return vector.unsqueeze(-1 if of_post == self.upward else -2)


def local(tree: sympy.Expr, suffix: str) -> sympy.Expr:
    """The expression in the neuron's own names: without the suffix."""
    names = {s: sympy.Symbol(s.name.removesuffix(suffix), real=True) for s in tree.free_symbols}
    return tree.xreplace({s: name for s, name in names.items() if s.name.endswith(suffix)})


def global_symbol(name: str) -> sympy.Symbol:
    """What stands for a global signal in a rule: with a batch it differs between samples."""
    return sympy.Symbol(f"{name}__global_post", real=True)


def ordered(rule: PlasticityRule) -> list[str]:
    """Names of a rule's subexpressions, each after those that it uses."""
    return [line.varname for line in rule.equations.ordered if line.type == SUBEXPRESSION]


def weight_moves(
    synapses: Synapses, equations: Mapping[str, sympy.Expr], dt_s: float
) -> list[Call]:
    """Calls that move all states of a pathway's synapses by one time step.

    Parameters
    ----------
    synapses : Synapses
        Their blocks' lists receive the calls that compute factors.
    equations : mapping of str to sympy.Expr
        Right-hand sides over ``_pre``, ``_post`` and the synapse's states; per second.
    dt_s : float
        Time step in seconds.

    Returns
    -------
    list of Call
        To be run after those of the blocks; empty if nothing moves.
    """
    parts = {name: split(tree, equations) for name, tree in equations.items()}
    parts = {name: part for name, part in parts.items() if part.products or part.mixed != 0}
    simple = {name for name, part in parts.items() if _is_simple(name, part)}
    try:
        order = _readers_first(parts)
    except CycleError:
        order, simple = list(parts), set()
    moves: list[Call] = []
    for name in order:
        state = synapses.own.leaves[name].value
        assert isinstance(state, Tensor)
        if name in simple:
            _add_simply(synapses, moves, name, state, parts[name], dt_s)
        else:
            change = change_of(synapses, parts[name])
            moves.append(Call(partial(state.add_, change, alpha=dt_s), Level.MOVING))
    return moves


def _is_simple(name: str, part: SplitSum) -> bool:
    """Whether the state can be updated in place, term by term."""

    def fits(product: Product) -> bool:
        return product.synapse == ONE or (
            product.synapse.is_Symbol and product.post == ONE and product.pre == ONE
        )

    return part.mixed == 0 and all(fits(product) for product in part.products)


def _readers_first(parts: Mapping[str, SplitSum]) -> list[str]:
    waits: dict[str, set[str]] = {name: set() for name in parts}
    for name, part in parts.items():
        for symbol in set().union(*(p.synapse.free_symbols for p in part.products)):
            if symbol.name in waits and symbol.name != name:
                waits[symbol.name].add(name)
    return list(TopologicalSorter(waits).static_order())


def _add_simply(
    s: Synapses, moves: list[Call], name: str, state: Tensor, part: SplitSum, dt_s: float
) -> None:
    own = s.own.fork(moves)
    decay = sum(
        (p.coefficient for p in part.products if p.synapse == sympy.Symbol(name, real=True)),
        sympy.Integer(0),
    )
    rest = [p for p in part.products if p.synapse != sympy.Symbol(name, real=True)]
    keep = 1.0 + dt_s * s.own.constant(decay)
    for product in sorted(rest, key=lambda p: p.post == ONE or p.pre == ONE):
        if product.post != ONE and product.pre != ONE:
            keep = _add_outer(s, moves, state, product, dt_s, keep)
            continue
        if _differs_from_one(keep):
            own.emit(Level.MOVING, state.mul_, own.cast(keep))
            keep = 1.0
        weight = s.own.constant(product.coefficient) * dt_s
        if product.synapse != ONE:
            other = s.own.leaves[product.synapse.name].value
        elif product.post == ONE and product.pre == ONE:
            own.emit(Level.MOVING, state.add_, own.cast(weight))
            continue
        else:
            other = _mean_vector(s, moves, product)
        if isinstance(weight, Tensor):
            own.emit(Level.MOVING, state.addcmul_, other, own.cast(weight))
        else:
            own.emit(Level.MOVING, state.add_, other, alpha=weight)
    if _differs_from_one(keep):
        own.emit(Level.MOVING, state.mul_, own.cast(keep))


def _differs_from_one(value: Value) -> bool:
    return isinstance(value, Tensor) or value != 1.0


def _add_outer(
    s: Synapses, moves: list[Call], state: Tensor, product: Product, dt_s: float, keep: Value
) -> Value:
    """Emit ``state <- keep*state + dt/batch * sum outer``; returns what is still to be kept."""
    left, right, weight = _outer(s, product)
    if isinstance(keep, Tensor):
        moves.append(Call(partial(state.mul_, s.own.cast(keep)), Level.MOVING))
        keep = 1.0
    if s.batch == 1 and state.dim() == 3 and keep == 1.0:  # a matrix product of rank 1 is slower
        call = partial(state.addcmul_, left, right, value=weight * dt_s)
    else:
        multiply = state.addmm_ if state.dim() == 2 else state.baddbmm_
        call = partial(multiply, left, right, beta=keep, alpha=weight * dt_s)
    moves.append(Call(call, Level.MOVING))
    return 1.0


def _outer(s: Synapses, product: Product) -> tuple[Tensor, Tensor, float]:
    """Two matrices and a number: the mean over the batch of ``coefficient * post x pre``."""
    post, weight = _weighted_post(s, product)
    pre = s.pre.full(local(product.pre, "_pre")).value
    assert isinstance(pre, Tensor)
    return (*s.outer(post, pre), weight / s.batch)


def _weighted_post(s: Synapses, product: Product) -> tuple[Tensor, float]:
    """The postsynaptic factor, with the coefficient in it where that differs between copies."""
    coefficient = s.own.constant(product.coefficient)
    tree = local(product.post, "_post")
    if not isinstance(coefficient, Tensor):
        post = s.post.full(tree).value
    else:
        post = s.post.full(tree * product.coefficient).value
        coefficient = 1.0
    assert isinstance(post, Tensor)
    return post, coefficient


def _mean_vector(s: Synapses, moves: list[Call], product: Product) -> Tensor:
    """A buffer for the mean over the batch of a factor of one side, spread over the weights."""
    of_post = product.post != ONE
    block, tree = (s.post, product.post) if of_post else (s.pre, product.pre)
    values = block.full(local(tree, "_post" if of_post else "_pre")).value
    assert isinstance(values, Tensor)
    vector = torch.zeros_like(values[..., 0, :])
    moves.append(Call(partial(torch.mean, values, dim=-2, out=vector), Level.MOVING))
    return s.spread(vector, of_post)


def change_of(s: Synapses, part: SplitSum) -> Tensor:
    """Emit the right-hand side of a synaptic state into a buffer of its own."""
    calls = s.own.calls
    change = s.own.buffer()
    calls.append(Call(change.zero_, Level.MOVING))
    for product in part.products:
        factor = s.own.node(product.synapse)
        weight = s.own.constant(product.coefficient)
        if product.post != ONE and product.pre != ONE:
            left, right, scale = _outer(s, product)
            matrix: Tensor = s.own.buffer()
            calls.append(Call(partial(_matrix_product, left, right, matrix), Level.MOVING))
            weight = scale
        elif product.post != ONE or product.pre != ONE:
            matrix = _mean_vector(s, calls, product)
        else:
            matrix = torch.ones((), dtype=change.dtype, device=change.device)
        _accumulate(s.own, change, factor, matrix, weight)
    if part.mixed != 0:
        calls.append(Call(_broadcast(s, part.mixed, change), Level.MOVING))
    return change


def _matrix_product(left: Tensor, right: Tensor, out: Tensor) -> None:
    torch.matmul(left, right, out=out)


def _accumulate(own: Block, change: Tensor, factor: Node, matrix: Tensor, weight: Value) -> None:
    value = own.tensor(factor.value)
    if isinstance(weight, Tensor):
        value_weighted = own.buffer()
        own.emit(Level.MOVING, torch.mul, value, own.cast(weight), out=value_weighted)
        own.emit(Level.MOVING, change.addcmul_, value_weighted, matrix)
    else:
        own.emit(Level.MOVING, change.addcmul_, value, matrix, value=weight)


def _broadcast(s: Synapses, tree: sympy.Expr, change: Tensor) -> Callable[[], None]:
    """The mean over the batch of an expression that cannot be split, a part of the batch a time."""
    names = {symbol.name for symbol in tree.free_symbols}
    pre = {n: s.pre.full(_plain(n, "_pre")).value for n in names if n.endswith("_pre")}
    post = {n: s.post.full(_plain(n, "_post")).value for n in names if n.endswith("_post")}
    own = {n: s.own.leaves[n].value for n in names - set(pre) - set(post)}
    bytes_each = change.numel() * change.element_size()
    chunk = max(1, min(s.batch, CHUNK_BYTES // bytes_each))

    def add_mean() -> None:
        for start in range(0, s.batch, chunk):
            part = slice(start, start + chunk)
            values: dict[str, Value] = {n: _own_axis(v, change) for n, v in own.items()}
            for name, value in pre.items():
                values[name] = s.spread(value[..., part, :], of_post=False)  # type: ignore[index]
            for name, value in post.items():
                values[name] = s.spread(value[..., part, :], of_post=True)  # type: ignore[index]
            result = evaluated(tree, values)
            assert isinstance(result, Tensor)
            change.add_(result.sum(dim=-3), alpha=1.0 / s.batch)

    return add_mean


def _plain(name: str, suffix: str) -> sympy.Symbol:
    return sympy.Symbol(name.removesuffix(suffix), real=True)


def _own_axis(value: Value, change: Tensor) -> Value:
    """A synaptic state, or a constant of each copy, with an axis for the batch."""
    if isinstance(value, Tensor):
        return value.to(change.dtype).unsqueeze(-3)
    return value
