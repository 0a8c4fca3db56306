"""What a syntax tree consists of and what it costs.

One walk refuses what is no name, number, operator or call of a known function, and measures what
would make Brian2 or sympy hang: the depth, the number of terms once products and powers are
expanded, the size of every number that the text spells out (``9**9**9`` has 370 million digits).
"""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import NamedTuple

from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS

from compartments.lookup import unknown_name
from compartments.strings.identifiers import MAX_NAME, Refused, brief

MAX_DEPTH = 100  # of the tree: Brian2 takes four of Python's 1000 calls for each level
MAX_NESTING = 30  # the same without chains such as a + b + c: sympy takes more for each level
MAX_TERMS = 1000  # after expansion: sympy needs seconds for more
MAX_WORK = 10_000  # nodes that Brian2 visits; it visits what abs(abs(...)) encloses 2**n times
MAX_EXPONENT = 32
MAX_NUMBER = 1e300

TOO_DEEP = "it is nested too deep; give a part of it a line of its own"

_REPEATS = {n: 2 for n, f in DEFAULT_FUNCTIONS.items() if callable(f._return_unit)} | {"clip": 4}
"""How often Brian2 visits an argument while it checks dimensions."""

_OPERATORS: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: math.pow,
}
_COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)

_OF_NUMBERS: dict[str, Callable[..., float]] = {
    "arccos": math.acos,
    "arcsin": math.asin,
    "arctan": math.atan,
    "abs": abs,
    "int": math.trunc,
    "clip": lambda a, low, high: max(low, min(a, high)),
    "exprel": lambda x: math.expm1(x) / x if x else 1.0,
    "sign": lambda x: math.copysign(float(x != 0), x),
}
_OF_NUMBERS |= {name: getattr(math, name) for name in DEFAULT_FUNCTIONS if hasattr(math, name)}


class Measure(NamedTuple):
    """What a part of an expression is, and what it costs."""

    condition: bool | None = False  # None: a name, which may stand for either
    value: float | None = None  # of a part that is a number
    depth: int = 1
    nesting: int = 1
    terms: int = 1
    work: int = 1


def measured(tree: ast.expr, known: Mapping[str, Measure] | None = None) -> Measure:
    """The measure of a syntax tree, which is refused where something else stands in it."""
    known = known or {}
    match tree:
        case ast.Constant(value=bool()):
            return Measure(condition=True)
        case ast.Constant(value=int() | float() as number):
            return Measure(value=_bounded(lambda: float(number)))
        case ast.Name(id=name):
            if name in DEFAULT_FUNCTIONS:
                raise Refused(f"{name!r} is a function; call it: {name}(...)")
            if name in DEFAULT_CONSTANTS:
                return Measure(value=float(DEFAULT_CONSTANTS[name].value))
            return known.get(name, Measure(condition=None))
        case ast.UnaryOp() | ast.BoolOp():
            return _signed_or_logical(tree, known)
        case ast.BinOp(op=op) if type(op) in _OPERATORS:
            return _arithmetic(tree, measured(tree.left, known), measured(tree.right, known))
        case ast.Compare(ops=[op], comparators=[right]) if isinstance(op, _COMPARISONS):
            parts = [measured(tree.left, known), measured(right, known)]
            _need_numbers(parts)
            return _joined(parts, condition=True)
        case ast.Compare():
            raise Refused("one comparison at a time: write 'a < b and b < c'")
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return _called(name, [measured(argument, known) for argument in arguments])
        case ast.Tuple():
            raise Refused("',' cannot stand here")
    raise Refused(f"{brief(ast.unparse(tree))} cannot stand in an expression")


def _joined(parts: list[Measure], condition: bool, work: int | None = None) -> Measure:
    """The measure of what consists of the parts, as a single term without a value."""
    depth = 1 + max((part.depth for part in parts), default=0)
    nesting = 1 + max((part.nesting for part in parts), default=0)
    total = 1 + sum(part.work for part in parts) if work is None else work
    return _affordable(Measure(condition, None, depth, nesting, 1, total))


def _affordable(found: Measure) -> Measure:
    if found.depth > MAX_DEPTH or found.nesting > MAX_NESTING or found.work > MAX_WORK:
        raise Refused(TOO_DEEP)
    if found.terms > MAX_TERMS:
        raise Refused(f"it has more than {MAX_TERMS} terms when it is expanded; lower its powers")
    return found


def _need_numbers(parts: list[Measure]) -> None:
    if any(part.condition for part in parts):
        raise Refused("a condition is no number here; write int(condition)")


def _bounded(value: Callable[[], float]) -> float:
    """The value of a part that has one, if a floating-point number can hold it."""
    try:
        found = value()
    except (ZeroDivisionError, ValueError):
        raise Refused("a part that is a number has no value, such as 1/0 or log(0)") from None
    except OverflowError:
        found = math.inf
    if not abs(found) <= MAX_NUMBER:
        raise Refused(f"a number in it is larger than {MAX_NUMBER:g}, or infinite")
    return found


def _signed_or_logical(tree: ast.UnaryOp | ast.BoolOp, known: Mapping[str, Measure]) -> Measure:
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub | ast.UAdd):
        part = measured(tree.operand, known)
        _need_numbers([part])
        sign = -1 if isinstance(tree.op, ast.USub) else 1
        found = _joined([part], condition=False)
        value = None if part.value is None else sign * part.value
        return found._replace(terms=part.terms, value=value)
    operands = tree.values if isinstance(tree, ast.BoolOp) else [tree.operand]
    parts = [measured(operand, known) for operand in operands]
    if any(part.condition is False for part in parts):
        raise Refused("'and', 'or' and 'not' take conditions, such as v > 0")
    return _joined(parts, condition=True)


def _arithmetic(tree: ast.BinOp, left: Measure, right: Measure) -> Measure:
    _need_numbers([left, right])
    found = _joined([left, right], condition=False)
    if isinstance(tree.op, ast.Add | ast.Sub | ast.Mult | ast.Div):  # a chain is flat to sympy
        found = found._replace(nesting=max(left.nesting, 1 + right.nesting))
    if math.inf in (abs(left.value or 0), abs(right.value or 0)):
        raise Refused("'inf' cannot be computed with; it can be compared with, or bound a clip")
    if right.value == 0 and isinstance(tree.op, ast.Div | ast.FloorDiv | ast.Mod):
        raise Refused("it divides by zero")
    if left.value is not None and right.value is not None:
        a, b = left.value, right.value
        found = found._replace(value=_bounded(lambda: _OPERATORS[type(tree.op)](a, b)))
    return _affordable(found._replace(terms=_terms(tree.op, left, right)))


def _terms(op: ast.operator, left: Measure, right: Measure) -> int:
    if isinstance(op, ast.Add | ast.Sub):
        return left.terms + right.terms
    if isinstance(op, ast.Mult):
        return left.terms * right.terms
    if isinstance(op, ast.Pow) and right.value is not None:
        power = math.ceil(abs(right.value))
        if power > MAX_EXPONENT:
            raise Refused(f"the exponent {right.value:g} is beyond {MAX_EXPONENT}")
        return math.comb(left.terms + power - 1, power)
    return left.terms if isinstance(op, ast.Div) else 1


def _called(name: str, parts: list[Measure]) -> Measure:
    if name not in DEFAULT_FUNCTIONS:
        raise Refused(
            str(unknown_name("function", name[:MAX_NAME], DEFAULT_FUNCTIONS)).removesuffix(".")
        )
    wanted = len(DEFAULT_FUNCTIONS[name]._arg_units)
    if len(parts) != wanted:
        raise Refused(f"{name}() takes {wanted} argument{'s'[: wanted != 1]}, got {len(parts)}")
    if name != "int":
        _need_numbers(parts)
    work = 1 + _REPEATS.get(name, 1) * sum(part.work for part in parts)
    found = _joined(parts, condition=False, work=work)
    values = [part.value for part in parts if part.value is not None]
    if name not in _OF_NUMBERS or len(values) < max(wanted, 1):
        return found
    return found._replace(value=_bounded(lambda: float(_OF_NUMBERS[name](*values))))
