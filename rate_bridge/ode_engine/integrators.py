"""The step of the neurons' states: Euler, or exponential Euler in Brian2's form.

Every right-hand side is that of the step's beginning. A state that enters its own equation
linearly, with a constant coefficient, is updated in place by ``x <- c x + k rest``; states that
read others are updated before those others.
"""

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

import numpy as np
import sympy
import torch
from torch import Tensor

from rate_bridge.ode_engine.block import Block, Call, Level, Node, Term
from rate_bridge.ode_engine.expressions import UntranslatableError, Value


class _Update(NamedTuple):
    """``state <- keep * state + scale * (offset + terms)``."""

    keep: Value
    scale: Value
    offset: Value
    terms: list[Term]


def linear_parts(tree: sympy.Expr, state: str) -> tuple[sympy.Expr, sympy.Expr] | None:
    """(A, B) with ``tree = A*state + B``, neither containing the state; None if there are none."""
    x = sympy.Symbol(state, real=True)
    if not tree.has(x):
        return sympy.Integer(0), tree
    inside = tree.atoms(sympy.Function, sympy.core.relational.Relational)
    if any(part.has(x) for part in inside):
        return None
    slope = sympy.diff(tree, x)
    if slope.has(x):
        return None
    return slope, tree.xreplace({x: sympy.Integer(0)})


def state_moves(
    block: Block, equations: Mapping[str, sympy.Expr], dt_s: float, method: str, where: str
) -> list[Call]:
    """Calls that move all states of a block by one time step.

    What they need beyond states is computed by calls that go to the block's own list.

    Parameters
    ----------
    block : Block
        Its leaves hold the states.
    equations : mapping of str to sympy.Expr
        The derivative of every state, per second.
    dt_s : float
        Time step in seconds.
    method : {"euler", "exponential_euler"}
        Integrator.
    where : str
        Begins the message of an error.

    Raises
    ------
    UntranslatableError
        With exponential Euler, for an equation that is not linear in its own state.
    """
    linear: dict[str, _Update] = {}
    prepared: list[Call] = []
    for name, tree in equations.items():
        tree = block.inlined(tree, name)
        parts = linear_parts(tree, name)
        if parts is None and method == "exponential_euler":
            raise UntranslatableError(
                f"{where}, equation of {name!r}: exponential_euler needs a right-hand side that "
                f"is linear in {name!r}; use method='euler'."
            )
        if parts is not None and block.is_constant(parts[0]):
            linear[name] = _linear_update(block, *parts, dt_s, method)
        elif parts is None or method == "euler":
            prepared += _explicit_step(block, name, tree, dt_s)
        else:
            prepared += _exponential_step(block, name, *parts, dt_s)
    # in-place updates first: they may read the states that the explicit steps change
    return _in_place(block, linear) + prepared


def _linear_update(
    block: Block, slope: sympy.Expr, rest: sympy.Expr, dt_s: float, method: str
) -> _Update:
    rate = block.constant(slope)
    offset, terms = block.terms(rest)
    keep, scale = _factors(rate, dt_s, method)
    return _Update(keep, scale, offset, terms)


def _factors(rate: Value, dt_s: float, method: str) -> tuple[Value, Value]:
    """What a state keeps, and the weight of the rest, for ``dx/dt = rate*x + rest``."""
    if isinstance(rate, Tensor):
        pairs = [_factors(float(r), dt_s, method) for r in rate.flatten()]
        keep, scale = (torch.tensor(v, dtype=torch.float64) for v in zip(*pairs, strict=True))
        return keep.view(rate.shape).to(rate.device), scale.view(rate.shape).to(rate.device)
    if method == "euler" or rate == 0:
        return 1.0 + rate * dt_s, dt_s
    return float(np.exp(rate * dt_s)), float(np.expm1(rate * dt_s) / rate)


def _explicit_step(block: Block, name: str, tree: sympy.Expr, dt_s: float) -> list[Call]:
    state = block.leaves[name].value
    change = block.full(tree).value
    assert isinstance(state, Tensor)
    own: list[Call] = []
    block.fork(own).emit(Level.MOVING, state.add_, change, alpha=dt_s)
    return own


def _exponential_step(
    block: Block, name: str, slope: sympy.Expr, rest: sympy.Expr, dt_s: float
) -> list[Call]:
    state = block.leaves[name].value
    assert isinstance(state, Tensor)
    decay = block.full(sympy.exp(slope * dt_s)).value
    ratio = block.full(rest / slope).value
    own: list[Call] = []
    fork = block.fork(own)
    fork.emit(Level.MOVING, state.add_, ratio)
    fork.emit(Level.MOVING, state.mul_, decay)
    fork.emit(Level.MOVING, state.sub_, ratio)
    return own


def _in_place(block: Block, updates: dict[str, _Update]) -> list[Call]:
    """The linear updates, each before those whose state it reads."""
    names = {id(node.value): name for name, node in block.leaves.items() if name in updates}
    waits: dict[str, set[str]] = {name: set() for name in updates}
    for name, update in updates.items():
        for term in update.terms:
            for factor in term.factors:
                read = names.get(id(factor.value))
                if read is not None:
                    waits[read].add(name)
    try:
        order = list(TopologicalSorter(waits).static_order())
    except CycleError:
        order = list(updates)
        updates = {n: u._replace(terms=_snapshots(block, u.terms)) for n, u in updates.items()}
    calls: list[Call] = []
    fork = block.fork(calls)
    for name in order:
        _emit_update(fork, name, updates[name])
    return calls


def _snapshots(block: Block, terms: list[Term]) -> list[Term]:
    """The same terms, reading copies of the states that are taken before any state moves."""
    taken = []
    for coefficient, factors in terms:
        copies = []
        for factor in factors:
            out = block.buffer()
            block.emit(factor.level, out.copy_, factor.value)
            copies.append(Node(out, factor.level))
        taken.append(Term(coefficient, tuple(copies)))
    return taken


def _emit_update(fork: Block, name: str, update: _Update) -> None:
    state = fork.leaves[name].value
    assert isinstance(state, Tensor)
    keep, scale, offset, terms = update
    if len(terms) == 1 and len(terms[0].factors) == 1 and _zero(offset):
        weight = terms[0].coefficient * scale
        if _one(keep + weight) and isinstance(weight, float):
            fork.emit(Level.MOVING, state.lerp_, terms[0].factors[0].value, weight)
            return
    if not _one(keep):
        fork.emit(Level.MOVING, state.mul_, fork.cast(keep))
    for term in terms:
        fork.add_term(state, term, scale, Level.MOVING)
    if not _zero(offset):
        fork.emit(Level.MOVING, state.add_, fork.cast(offset * scale))


def _zero(value: Value) -> bool:
    return not isinstance(value, Tensor) and value == 0.0


def _one(value: Value) -> bool:
    # two roundings of exp(-dt/tau) and 1 - exp(-dt/tau)
    return not isinstance(value, Tensor) and abs(value - 1.0) < 1e-15
