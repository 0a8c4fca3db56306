"""Statements, what an event does: ``w += eta*x_pre``, ``v = v_reset``."""

import re
from dataclasses import dataclass

from compartments.strings.expressions import Expression, expression
from compartments.strings.identifiers import NAME, brief, new_name

MAX_STATEMENTS = 50

_STATEMENT = re.compile(
    rf"(?P<target>{NAME})\s*(?P<operator>[-+*/]?=)(?!=)(?P<value>.*)", re.ASCII | re.DOTALL
)


@dataclass(frozen=True)
class Statement:
    """An assignment that has passed.

    Parameters
    ----------
    target : str
        The variable that changes.
    operator : str
        ``=``, ``+=``, ``-=``, ``*=`` or ``/=``.
    value : Expression
        What it is set to, or changed by.
    """

    target: str
    operator: str
    value: Expression

    def __str__(self) -> str:
        return f"{self.target} {self.operator} {self.value.text}"


def statements(where: str, text: object) -> tuple[Statement, ...]:
    """The statements of a text, one a line or parted by ``;``.

    Parameters
    ----------
    where : str
        Begins the message of an error.
    text : str
        Assignments; ``#`` begins a comment.

    Raises
    ------
    ValueError
        For anything that is no assignment of an expression to a variable.
    """
    if not isinstance(text, str):
        raise ValueError(f"{where}: expected a text, got {type(text).__name__}.")
    found = []
    for line in re.split(r"\r?\n|;", re.sub(r"#[^\n]*", "", text)):
        if line.strip(" \t"):
            found.append(_statement(where, line.strip(" \t")))
        if len(found) > MAX_STATEMENTS:
            raise ValueError(f"{where}: more than {MAX_STATEMENTS} statements.")
    return tuple(found)


def _statement(where: str, line: str) -> Statement:
    match = _STATEMENT.fullmatch(line)
    if match is None:
        raise ValueError(
            f"{where}: cannot read {brief(line)}; write 'x = ...', 'x += ...', 'x -= ...', "
            "'x *= ...' or 'x /= ...'."
        )
    target = new_name(where, match["target"])
    value = expression(f"{where}, statement for {target!r}", match["value"])
    return Statement(target, match["operator"], value)
