"""Whether an expression has a value: ``1/(u - u)`` has none, whatever u is.

Both engines compute what sympy has simplified. What is infinite, imaginary or no number there is
refused with the text, before an engine is asked for it.
"""

import ast
from functools import lru_cache

import sympy
from brian2.parsing.sympytools import str_to_sympy, sympy_to_str
from sympy.calculus.accumulationbounds import AccumulationBounds
from sympy.core.relational import Relational

from compartments.strings.identifiers import Refused
from compartments.strings.measures import MAX_NUMBER, measured

_WRITTEN = (
    "change what it divides by, or what it takes the logarithm or a root of, or leave the part out"
)
_INFINITE = f"a part of it is infinite whatever its names stand for, as 1/(u - u) is; {_WRITTEN}"
_IMAGINARY = f"a part of it is imaginary whatever its names stand for, as log(-1) is; {_WRITTEN}"
_NO_NUMBER = f"a part of it is no number whatever its names stand for, as 0/0 is; {_WRITTEN}"
_TOO_LARGE = f"a number in it is larger than {MAX_NUMBER:g} when it is simplified"


@lru_cache(maxsize=4096)
def simplified(text: str, known: frozenset[tuple[str, sympy.Basic]] = frozenset()) -> sympy.Basic:
    """What the engines compute for an expression that has been read.

    Parameters
    ----------
    text : str
        As :func:`compartments.strings.expression` gives it back.
    known : frozenset of (str, sympy.Basic)
        Names that stand for expressions, and what these simplify to.

    Raises
    ------
    Refused
        If it is no real, finite number whatever its other names stand for.
    """
    named = {sympy.Symbol(name, real=True): form for name, form in known}
    try:
        form = sympy.sympify(str_to_sympy(text), strict=True).xreplace(named)  # of True, too
    except (SyntaxError, TypeError, ValueError, ArithmeticError):  # of zoo < 1, of 1 % 0
        raise Refused(_NO_NUMBER) from None
    _check(form)
    return form


def _check(form: sympy.Basic, *, may_be_infinite: bool = False) -> None:
    """Refuse a simplified expression that has no value in a part."""
    if form is sympy.nan:
        raise Refused(_NO_NUMBER)
    if form is sympy.I:
        raise Refused(_IMAGINARY)
    unbounded = form in (sympy.oo, -sympy.oo) and not may_be_infinite
    if unbounded or form is sympy.zoo or isinstance(form, AccumulationBounds):
        raise Refused(_INFINITE)
    if isinstance(form, sympy.Number) and form.is_finite and abs(form) > MAX_NUMBER:
        raise Refused(_TOO_LARGE)
    if isinstance(form, sympy.Function) and form.args and not form.free_symbols:
        measured(ast.parse(sympy_to_str(form), mode="eval").body)  # sqrt(-1) has no value
    bounds = isinstance(form, Relational) or form.func.__name__ == "clip"
    for part in form.args:
        _check(part, may_be_infinite=bounds)
