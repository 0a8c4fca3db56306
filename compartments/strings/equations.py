"""Systems of equations: ``du/dt = (drive - u)/tau : volt``, ``x = u + a : 1``, ``drive : 1``.

The lines are read here, and Brian2's equations are made from what was read: Brian2's own reading of
the text, which accepts more, never takes place.
"""

import re
from collections.abc import Iterable, Iterator

import sympy
from brian2 import Equations
from brian2.equations.equations import (
    BOOLEAN,
    DIFFERENTIAL_EQUATION,
    PARAMETER,
    SUBEXPRESSION,
    EquationError,
    SingleEquation,
)
from brian2.equations.equations import Expression as BrianExpression

from compartments.lookup import unknown_name
from compartments.strings.expressions import Expression, check_size, expression, written_out
from compartments.strings.identifiers import MAX_NAME, NAME, brief, new_name
from compartments.strings.measures import Measure
from compartments.strings.units import declared_unit

MAX_TEXT = 20_000  # characters
MAX_EQUATIONS = 200

FLAGS = {SUBEXPRESSION: ("constant over dt",), DIFFERENTIAL_EQUATION: ("unless refractory",)}
"""What may stand in parentheses behind a unit, by the kind of equation; all engines know it."""

_LEFT = re.compile(rf"\s*(?:d(?P<state>{NAME})\s*/\s*dt|(?P<name>{NAME}))\s*", re.ASCII)
_RIGHT = re.compile(r"(?P<unit>[^()]*)(?:\((?P<flags>[^()]*)\)\s*)?", re.ASCII)


def checked_equations(where: str, given: object) -> Equations:
    """Brian2's equations, made from a text or checked.

    Parameters
    ----------
    where : str
        Begins the message of an error.
    given : str or brian2.Equations
        One equation a line, each with its unit; a line may go on within parentheses; ``#`` begins a
        comment.

    Raises
    ------
    ValueError
        For a line that is no equation, expressions and units that the gate refuses, names that are
        taken, and systems that are too large when subexpressions are written out.
    """
    if isinstance(given, str):
        lines = [_line(where, line) for line in _lines(where, given)]
        try:
            given = Equations(lines)
        except (EquationError, ValueError) as error:
            raise ValueError(f"{where}: {' '.join(str(error).split())}") from None
    elif not isinstance(given, Equations):
        raise ValueError(
            f"{where}: equations must be a text or brian2.Equations, got {type(given).__name__}."
        )
    _check(where, given)
    return given


def _lines(where: str, text: str) -> Iterator[str]:
    """The equations of a text; one that goes on over several lines is joined."""
    if len(text) > MAX_TEXT:
        raise ValueError(f"{where}: {len(text)} characters are too many (at most {MAX_TEXT}).")
    joined = ""
    for line in re.split(r"\r?\n", text):
        joined = f"{joined} {line.partition('#')[0]}".strip(" \t")
        if joined.count("(") > joined.count(")"):
            continue
        if joined:
            yield joined
        joined = ""
    if joined:
        raise ValueError(f"{where}: a '(' is not closed in {brief(joined)}.")


def _line(where: str, line: str) -> SingleEquation:
    left, _, declaration = line.partition(":")
    if not declaration.strip():
        raise ValueError(
            f"{where}: {brief(line)} has no unit; end it with ': 1' or with its unit, ': volt'."
        )
    target, equals, right_side = left.partition("=")
    found = _LEFT.fullmatch(target)
    if found is None or (found["state"] and not equals):
        raise ValueError(
            f"{where}: cannot read {brief(line)}; write 'dx/dt = ... : unit', 'x = ... : unit' or "
            "'x : unit'."
        )
    name = new_name(where, found["state"] or found["name"])
    where = f"{where}, equation of {name!r}"
    kind = PARAMETER if not equals else DIFFERENTIAL_EQUATION if found["state"] else SUBEXPRESSION
    unit, flags = _declaration(where, declaration, kind)
    dimension, variable_type = declared_unit(where, unit)
    code = BrianExpression(expression(where, right_side).text) if equals else None
    if kind == DIFFERENTIAL_EQUATION and variable_type != "float":
        raise ValueError(f"{where}: a differential equation needs a unit, got {unit!r}.")
    return SingleEquation(kind, name, dimension, variable_type, code, flags)


def _declaration(where: str, text: str, kind: str) -> tuple[str, list[str]]:
    found = _RIGHT.fullmatch(text)
    if found is None:
        raise ValueError(f"{where}: expected ': unit' or ': unit (flag)', got {brief(text)}.")
    flags = [] if found["flags"] is None else [f.strip() for f in found["flags"].split(",")]
    _check_flags(where, flags, kind)
    return found["unit"].strip(), flags


def _check_flags(where: str, flags: Iterable[str], kind: str) -> None:
    """Refuse flags that not every engine computes alike in this kind of equation."""
    known = FLAGS.get(kind, ())
    for flag in flags:
        if flag not in known:
            if known:
                raise ValueError(f"{where}: {unknown_name('flag', flag[:MAX_NAME], known)}")
            raise ValueError(f"{where}: a {kind} takes no flag, got {brief(flag)}; leave it out.")


def _check(where: str, equations: Equations) -> None:
    if len(equations) > MAX_EQUATIONS:
        raise ValueError(f"{where}: {len(equations)} equations; at most {MAX_EQUATIONS}.")
    known: dict[str, Measure] = {}
    forms: dict[str, sympy.Basic] = {}
    for line in sorted(equations.ordered, key=lambda line: line.type != SUBEXPRESSION):
        new_name(where, line.varname)
        _check_flags(f"{where}, equation of {line.varname!r}", line.flags, line.type)
        if line.expr is None:
            continue
        place = f"{where}, equation of {line.varname!r}"
        found = expression(place, line.expr.code)
        _check_kind(place, line, found)
        size = check_size(place, found, known)
        form = written_out(place, found, forms)
        if line.type == SUBEXPRESSION:
            known[line.varname] = size
            forms[line.varname] = form


def _check_kind(where: str, line: SingleEquation, found: Expression) -> None:
    boolean = line.var_type == BOOLEAN
    if found.is_condition is (not boolean):
        mend = "is no condition" if boolean else "is a condition; write int(...) for a number"
        raise ValueError(f"{where}: {brief(found.text)} {mend}.")
