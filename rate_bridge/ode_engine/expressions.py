"""Brian2 expression strings as torch functions.

The strings of the descriptions are the only place where an equation stands. What has passed the
gate of :mod:`compartments.strings` becomes a sympy expression here, and that calls of torch. What
torch cannot do the same way (random numbers, ``timestep``) is refused with the expression and the
part that is in the way.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

import sympy
import torch
from brian2.parsing.rendering import SympyNodeRenderer
from sympy.core.relational import Relational
from sympy.logic.boolalg import And, BooleanAtom, Not, Or
from torch import Tensor

from compartments import strings

Value = Tensor | float


def _exprel(x: Tensor) -> Tensor:
    return torch.where(x == 0, torch.ones_like(x), torch.expm1(x) / torch.where(x == 0, 1.0, x))


FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "Abs": torch.abs,
    "Mod": torch.remainder,
    "acos": torch.acos,
    "asin": torch.asin,
    "atan": torch.atan,
    "ceiling": torch.ceil,
    "clip": torch.clamp,
    "cos": torch.cos,
    "cosh": torch.cosh,
    "exp": torch.exp,
    "expm1": torch.expm1,
    "exprel": _exprel,
    "floor": torch.floor,
    "int_": torch.trunc,
    "log": torch.log,
    "log10": torch.log10,
    "log1p": torch.log1p,
    "sign": torch.sign,
    "sin": torch.sin,
    "sinh": torch.sinh,
    "sqrt": torch.sqrt,
    "tan": torch.tan,
    "tanh": torch.tanh,
}
"""torch's name for the functions of Brian2, by the name they have in sympy."""

SUPPORTS_OUT = frozenset(FUNCTIONS) - {"Mod", "clip", "exprel"}
"""Functions of one argument that can write into a given buffer."""

_COMPARE = {">": torch.gt, ">=": torch.ge, "<": torch.lt, "<=": torch.le}
_COMPARE |= {"==": torch.eq, "!=": torch.ne}


class UntranslatableError(ValueError):
    """A string that is legal for Brian2 but that this engine cannot compute."""


def parsed(expression: str, where: str) -> sympy.Expr:
    """The expression as sympy sees it, checked to be computable with torch.

    Parameters
    ----------
    expression : str
        A Brian2 expression.
    where : str
        Begins the message of an error, for example ``"Neuron 'hidden1', equation of 'u'"``.

    Raises
    ------
    ValueError
        If :func:`compartments.strings.expression` refuses it.
    UntranslatableError
        If it uses something without a counterpart; names the expression and the part.
    """
    tree = SympyNodeRenderer().render_node(strings.expression(where, expression).tree)
    for part in _untranslatable_parts(tree):
        raise UntranslatableError(
            f"{where}: cannot translate {expression!r} to tensors: {part} has no counterpart in "
            "torch. Run this network with the Brian2 engine: models.simulate."
        )
    return tree


def _untranslatable_parts(tree: sympy.Basic) -> Iterator[str]:
    if isinstance(tree, sympy.Function) and tree.func.__name__ not in FUNCTIONS:
        yield f"the function {tree.func.__name__}()"
    known = (sympy.Function, sympy.Add, sympy.Mul, sympy.Pow, sympy.Symbol, sympy.Number)
    logic = (sympy.NumberSymbol, Relational, And, Or, Not, BooleanAtom)
    if not isinstance(tree, known + logic):
        yield f"{tree} ({type(tree).__name__})"
    for argument in tree.args:
        yield from _untranslatable_parts(argument)


def evaluated(tree: sympy.Basic, values: Mapping[str, Value]) -> Value:
    """The value of a parsed expression; tensors broadcast against each other.

    Parameters
    ----------
    tree : sympy.Expr
        From :func:`parsed`.
    values : mapping of str to Tensor or float
        A value for every symbol.

    Returns
    -------
    Tensor or float
        A float where nothing in the expression is a tensor.
    """
    if isinstance(tree, sympy.Symbol):
        return values[tree.name]
    if isinstance(tree, sympy.Number | sympy.NumberSymbol):
        return _constant(tree)
    if isinstance(tree, BooleanAtom):  # t > t
        return float(bool(tree))
    arguments = [evaluated(part, values) for part in tree.args]
    return applied(tree, arguments)


@lru_cache(maxsize=4096)
def _constant(number: sympy.Basic) -> float:
    """Its nearest float, which sympy takes longer to find than torch takes for an operation."""
    return float(number)


def applied(tree: sympy.Basic, arguments: list[Value]) -> Value:
    """One operation of a parsed expression, on the values of its arguments."""
    if not any(isinstance(argument, Tensor) for argument in arguments):
        tensors: list[Value] = [torch.tensor(a, dtype=torch.float64) for a in arguments]
        return float(applied(tree, tensors))
    if isinstance(tree, sympy.Add):
        return _reduced(torch.add, arguments)
    if isinstance(tree, sympy.Mul):
        return _reduced(torch.mul, arguments)
    if isinstance(tree, sympy.Pow):
        return arguments[0] ** arguments[1]
    reference = next(argument for argument in arguments if isinstance(argument, Tensor))
    operands = [
        torch.as_tensor(a, dtype=reference.dtype, device=reference.device) for a in arguments
    ]
    if isinstance(tree, Relational):
        return _COMPARE[tree.rel_op](*operands).to(reference.dtype)
    if isinstance(tree, And | Or | Not):
        return _logic(tree, operands).to(reference.dtype)
    return FUNCTIONS[tree.func.__name__](*operands)


def _reduced(function: Callable[..., Tensor], arguments: list[Value]) -> Tensor:
    # a tensor first: torch would round a float that comes first to its default type
    result, *rest = sorted(arguments, key=lambda argument: not isinstance(argument, Tensor))
    assert isinstance(result, Tensor)
    for argument in rest:
        result = function(result, argument)
    return result


def _logic(tree: sympy.Basic, operands: list[Tensor]) -> Tensor:
    truth = [operand != 0 for operand in operands]
    if isinstance(tree, Not):
        return ~truth[0]
    combine = torch.logical_and if isinstance(tree, And) else torch.logical_or
    result = truth[0]
    for operand in truth[1:]:
        result = combine(result, operand)
    return result


class Logistic(NamedTuple):
    """``height/(1 + exp(-argument))``, which was written by the hyperbolic tangent ``inside``."""

    height: float
    argument: sympy.Expr
    inside: sympy.Expr


def logistic(tree: sympy.Expr) -> Logistic | None:
    """A sum that is ``c + c tanh(x)``, for which torch has a function several times as fast."""
    if not tree.is_Add:
        return None
    height, *rest = tree.args
    if not (height.is_Number and len(rest) == 1):
        return None
    factor, inside = rest[0].as_coeff_Mul()
    if factor != height or not isinstance(inside, sympy.tanh):
        return None
    slope, argument = inside.args[0].as_coeff_Mul()
    doubled = argument if slope == 0.5 else 2 * slope * argument
    return Logistic(2 * float(height), doubled, inside)


def torch_function(expression: str, where: str = "Expression") -> Callable[..., Value]:
    """A Brian2 expression as a function of its names.

    Parameters
    ----------
    expression : str
        Dimensionless, or with all values in SI units.
    where : str
        Begins the message of an error.

    Examples
    --------
    >>> derivative = torch_function("1 - tanh(z)**2")
    >>> derivative(z=torch.tensor([0.0, 1.0]))
    tensor([1.0000, 0.4200])
    """
    tree = parsed(expression, where)

    names = {symbol.name for symbol in tree.free_symbols}

    def function(**values: Value) -> Value:
        if missing := names - set(values):
            raise ValueError(f"{where}: {expression!r} needs a value for {min(missing)!r}.")
        return evaluated(tree, values)

    return function
