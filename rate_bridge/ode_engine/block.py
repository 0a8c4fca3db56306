"""From expressions to torch calls that write into buffers which are made once.

A :class:`Block` holds the names of one population (or of one pathway's synapses) and turns
expressions over them into a list of calls without arguments. An expression that occurs twice is
computed once. Every value has a :class:`Level`: how often within a run it can change. What only
changes with the stimulus is then computed once a presentation instead of once a time step.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from functools import partial
from typing import NamedTuple, Self

import sympy
import torch
from torch import Tensor

from rate_bridge.ode_engine.expressions import (
    FUNCTIONS,
    SUPPORTS_OUT,
    Value,
    applied,
    evaluated,
    logistic,
)


class Level(IntEnum):
    """What a value changes with; each level includes those before it."""

    CONSTANT = 0
    SHOWN = 1  # the stimulus, the target, weights that stay
    MOVING = 2  # the states, weights that learn


class Node(NamedTuple):
    """A value that calls can read: a buffer, or a number."""

    value: Value
    level: Level


class Call(NamedTuple):
    """One torch call; running it updates a buffer."""

    run: Callable[[], object]
    level: Level


class Term(NamedTuple):
    """A summand: a constant coefficient times values that change."""

    coefficient: Value
    factors: tuple[Node, ...]


class Block:
    """Expressions over one set of names, compiled to calls.

    Parameters
    ----------
    shape : tuple of int
        Of every buffer: (batch, unit), or (copy, batch, unit).
    leaves : mapping of str to Node
        What the names stand for: states, inputs, constants that differ between copies.
    definitions : mapping of str to sympy.Expr
        Names that are computed from others.
    dtype, device
        Of the buffers.
    calls : list of Call
        Where the calls go; several blocks may share one list.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        leaves: Mapping[str, Node],
        definitions: Mapping[str, sympy.Expr],
        dtype: torch.dtype,
        device: torch.device,
        calls: list[Call],
    ) -> None:
        self.shape, self.dtype, self.device = shape, dtype, device
        self.leaves = dict(leaves)
        self.definitions = dict(definitions)
        self.calls = calls
        self._known: dict[sympy.Expr, Node] = {}

    def fork(self, calls: list[Call]) -> Self:
        """A block that knows all that this one computes; its own calls go elsewhere."""
        leaves, definitions = self.leaves, self.definitions
        other = type(self)(self.shape, leaves, definitions, self.dtype, self.device, calls)
        other._known = dict(self._known)
        return other

    def node(self, tree: sympy.Expr) -> Node:
        """The value of an expression; emits the calls that compute it, if there are none yet."""
        if tree not in self._known:
            self._known[tree] = self._computed(tree)
        return self._known[tree]

    def full(self, tree: sympy.Expr) -> Node:
        """The same as a buffer of full shape, also where the value is a number."""
        node = self.node(tree)
        if isinstance(node.value, Tensor) and node.value.shape == self.shape:
            return node
        out = self.buffer()
        out.copy_(self.tensor(node.value))
        return Node(out, node.level)

    def buffer(self) -> Tensor:
        """A new buffer of zeros."""
        return torch.zeros(self.shape, dtype=self.dtype, device=self.device)

    def emit(
        self, level: Level, function: Callable[..., object], *args: object, **kw: object
    ) -> None:
        """Append a call."""
        self.calls.append(Call(partial(function, *args, **kw), level))

    def inlined(self, tree: sympy.Expr, name: str) -> sympy.Expr:
        """The expression with every definition that depends on ``name`` written out."""
        while True:
            found = [s for s in tree.free_symbols if self._depends(s.name, name)]
            if not found:
                return tree
            tree = tree.xreplace({symbol: self.definitions[symbol.name] for symbol in found})

    def _depends(self, symbol: str, name: str) -> bool:
        if symbol not in self.definitions:
            return False
        names = {s.name for s in self.definitions[symbol].free_symbols}
        return name in names or any(self._depends(other, name) for other in names)

    def level(self, tree: sympy.Expr) -> Level:
        """How often the expression can change; emits nothing."""
        found = Level.CONSTANT
        for symbol in tree.free_symbols:
            if symbol.name in self.definitions:
                found = max(found, self.level(self.definitions[symbol.name]))
            else:
                found = max(found, self.leaves[symbol.name].level)
        return found

    def is_constant(self, tree: sympy.Expr) -> bool:
        """Whether nothing in the expression changes during a run."""
        return all(
            s.name in self.leaves and self.leaves[s.name].level == Level.CONSTANT
            for s in tree.free_symbols
        )

    def constant(self, tree: sympy.Expr) -> Value:
        """The value of a constant expression: a float, or a tensor with one entry a copy."""
        value = evaluated(tree, {s.name: self.leaves[s.name].value for s in tree.free_symbols})
        if isinstance(value, Tensor) and value.unique().numel() == 1:
            return float(value.flatten()[0])
        return value

    def terms(self, tree: sympy.Expr) -> tuple[Value, list[Term]]:
        """A sum as its constant part and its summands."""
        offset = sympy.Integer(0)
        terms = []
        for part in sympy.Add.make_args(tree):
            if self.is_constant(part):
                offset += part
                continue
            factors = sympy.Mul.make_args(part)
            constant = sympy.Mul(*(f for f in factors if self.is_constant(f)))
            changing = tuple(self.node(f) for f in factors if not self.is_constant(f))
            terms.append(Term(self.constant(constant), changing))
        return self.constant(offset), terms

    def add_term(
        self, out: Tensor, term: Term, scale: Value = 1.0, level: Level | None = None
    ) -> None:
        """Emit ``out += scale * coefficient * product of factors``."""
        coefficient, factors = term
        coefficient = coefficient * scale
        level = max(f.level for f in factors) if level is None else level
        values = self._at_most_two(factors, isinstance(coefficient, Tensor))
        if isinstance(coefficient, Tensor):
            self.emit(level, out.addcmul_, values[0], self.cast(coefficient))
        elif len(values) == 1:
            self.emit(level, out.add_, values[0], alpha=coefficient)
        else:
            self.emit(level, out.addcmul_, values[0], values[1], value=coefficient)

    def cast(self, value: Value) -> Value:
        """A constant in the type of the buffers."""
        return value.to(self.device, self.dtype) if isinstance(value, Tensor) else value

    def tensor(self, value: Value) -> Tensor:
        """A value as a tensor in the type of the buffers."""
        return torch.as_tensor(value, dtype=self.dtype, device=self.device)

    def _at_most_two(self, factors: Sequence[Node], only_one: bool) -> list[Value]:
        values = [factor.value for factor in factors]
        while len(values) > (1 if only_one else 2):
            out = self.buffer()
            self.emit(max(f.level for f in factors), torch.mul, values[0], values[1], out=out)
            values = [out, *values[2:]]
        return values

    def _computed(self, tree: sympy.Expr) -> Node:
        if isinstance(tree, sympy.Symbol) and tree.name in self.definitions:
            return self.node(self.definitions[tree.name])
        if self.is_constant(tree):
            return Node(self.cast(self.constant(tree)), Level.CONSTANT)
        if isinstance(tree, sympy.Symbol):
            return self.leaves[tree.name]
        if isinstance(tree, sympy.Add):
            return self._sum(tree)
        if isinstance(tree, sympy.Mul):
            return self._product(tree)
        return self._applied(tree)

    def _sum(self, tree: sympy.Expr) -> Node:
        steep = logistic(tree)
        if steep is not None and sum(t.has(steep.inside) for t in self.definitions.values()) < 2:
            return self._logistic(*steep)
        offset, terms = self.terms(tree)
        level = max(f.level for term in terms for f in term.factors)
        out = self.buffer()
        terms.sort(key=lambda term: len(term.factors))
        first, *rest = terms
        if rest and _is_plain(first) and _is_plain(rest[0]):
            plain = sorted((first, rest[0]), key=lambda term: term.coefficient != 1.0)
            if plain[0].coefficient == 1.0:
                (_, (x,)), (b, (y,)) = plain
                self.emit(level, torch.add, x.value, y.value, alpha=b, out=out)
                rest = rest[1:]
            else:
                self._set_term(out, first, level)
        elif len(first.factors) == 2 and isinstance(first.coefficient, float):
            start = self.tensor(offset)
            x, y = first.factors
            self.emit(
                level, torch.addcmul, start, x.value, y.value, value=first.coefficient, out=out
            )
            offset = 0.0
        else:
            self._set_term(out, first, level)
        for term in rest:
            self.add_term(out, term, level=level)
        if isinstance(offset, Tensor) or offset != 0:
            self.emit(level, out.add_, self.cast(offset))
        return Node(out, level)

    def _logistic(self, height: float, argument: sympy.Expr, inside: sympy.Expr) -> Node:
        x, level = self.node(argument)
        out = self.buffer()
        self.emit(level, torch.sigmoid, x, out=out)
        if height != 1.0:
            self.emit(level, out.mul_, height)
        return Node(out, level)

    def _set_term(self, out: Tensor, term: Term, level: Level) -> None:
        coefficient, factors = term
        values = self._at_most_two(factors, only_one=True)
        self.emit(level, torch.mul, values[0], self.cast(coefficient), out=out)

    def _product(self, tree: sympy.Expr) -> Node:
        _, (term,) = self.terms(tree)
        level = max(f.level for f in term.factors)
        out = self.buffer()
        alone = isinstance(term.coefficient, Tensor) or len(term.factors) == 1
        if not alone and term.coefficient == 1.0:
            first, second, *rest = (f.value for f in term.factors)
            self.emit(level, torch.mul, first, second, out=out)
            for value in rest:
                self.emit(level, out.mul_, value)
        else:
            self._set_term(out, term, level)
        return Node(out, level)

    def _applied(self, tree: sympy.Expr) -> Node:
        arguments = [self.node(part) for part in tree.args]
        level = max(node.level for node in arguments)
        values = [node.value for node in arguments]
        out = self.buffer()
        name = tree.func.__name__
        if name in SUPPORTS_OUT:
            self.emit(level, FUNCTIONS[name], values[0], out=out)
        elif isinstance(tree, sympy.Pow) and tree.exp == 2:
            self.emit(level, torch.mul, values[0], values[0], out=out)
        elif isinstance(tree, sympy.Pow) and tree.exp == -1:
            self.emit(level, torch.reciprocal, values[0], out=out)
        else:
            self.emit(level, lambda: out.copy_(self.tensor(applied(tree, values))))
        return Node(out, level)


def _is_plain(term: Term) -> bool:
    return len(term.factors) == 1 and isinstance(term.coefficient, float)
