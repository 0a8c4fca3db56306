"""Expressions: names, numbers, operators and calls of known functions, and nothing else.

The text is cut into tokens, then parsed by Python's ``ast``, then walked once; nothing is evaluated
but numbers, in floating point. Only what has passed is given to sympy, which says whether it has a
value.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import sympy

from compartments.strings.identifiers import Refused, brief
from compartments.strings.measures import TOO_DEEP, Measure, measured
from compartments.strings.tokens import check_tokens
from compartments.strings.values import simplified


@dataclass(frozen=True)
class Expression:
    """An expression that has passed.

    Parameters
    ----------
    text : str
        As it was written, on one line.
    tree : ast.expr
        Its syntax: names, numbers, operators, calls.
    is_condition : bool or None
        True for a comparison, False for a number, None for a name, which may be either.
    """

    text: str
    tree: ast.expr
    is_condition: bool | None

    @cached_property
    def names(self) -> frozenset[str]:
        """The variables and constants that it names, functions left out."""
        called = {id(n.func) for n in ast.walk(self.tree) if isinstance(n, ast.Call)}
        found = (n for n in ast.walk(self.tree) if isinstance(n, ast.Name) and id(n) not in called)
        return frozenset(name.id for name in found)

    @cached_property
    def called(self) -> frozenset[str]:
        """The functions that it calls."""
        calls = (n for n in ast.walk(self.tree) if isinstance(n, ast.Call))
        return frozenset(n.func.id for n in calls)  # type: ignore[attr-defined]


def expression(where: str, text: object) -> Expression:
    """An expression, such as ``(drive - u)/tau``.

    Parameters
    ----------
    where : str
        Begins the message of an error.
    text : str
        Names, numbers, ``+ - * / // % **``, comparisons, ``and``, ``or``, ``not`` and Brian2's
        functions.

    Raises
    ------
    ValueError
        For anything else, for what is too long, too deep or too large, and for what has no value,
        such as ``1/(u - u)``; in one line, with how to mend it.
    """
    try:
        tree = _parsed(text)
        found = Expression(" ".join(str(text).split()), tree, measured(tree).condition)
        simplified(found.text)
        return found
    except Refused as reason:
        raise ValueError(f"{where}: {reason} (in {brief(text)}).") from None
    except RecursionError:
        raise ValueError(f"{where}: {TOO_DEEP} (in {brief(text)}).") from None


def condition(where: str, text: object) -> Expression:
    """A condition's expression, such as ``v > threshold``.

    Parameters
    ----------
    where, text
        As for :func:`expression`.

    Raises
    ------
    ValueError
        As :func:`expression`, and for a number.
    """
    found = expression(where, text)
    if found.is_condition is False:
        raise ValueError(
            f"{where}: {brief(text)} is a number; write a condition, such as 'v > threshold'."
        )
    return found


def check_size(where: str, found: Expression, known: Mapping[str, Measure]) -> Measure:
    """What an expression costs when the names that have a measure are written out.

    Raises
    ------
    ValueError
        If that is too deep or too large.
    """
    try:
        return measured(found.tree, known)
    except Refused as reason:
        raise ValueError(f"{where}: with its subexpressions written out, {reason}.") from None


def written_out(where: str, found: Expression, known: Mapping[str, sympy.Basic]) -> sympy.Basic:
    """What the engines compute for it when the names that have a form are written out.

    Raises
    ------
    ValueError
        If that has no value: ``1/z`` where z is ``u - u``.
    """
    used = frozenset((name, known[name]) for name in found.names & known.keys())
    try:
        return simplified(found.text, used)
    except (Refused, RecursionError) as error:
        reason = error if isinstance(error, Refused) else TOO_DEEP
        raise ValueError(
            f"{where}: with its subexpressions written out, {reason} (in {brief(found.text)})."
        ) from None


def _parsed(text: object) -> ast.expr:
    line = check_tokens(text)
    try:
        return ast.parse(line, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        deep = isinstance(error, RecursionError | MemoryError)
        raise Refused(TOO_DEEP if deep else f"this is no expression: {error.args[0]}") from None
