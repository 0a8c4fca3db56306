"""Names that a description may give to its variables and constants."""

import keyword
import re

from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS
from brian2.core.namespace import DEFAULT_UNITS

NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_PLAIN = r"[A-Za-z][A-Za-z0-9_]*"

MAX_NAME = 60
"""Characters of a name."""

_OF_BRIAN2 = {"t": "time", "dt": "the time step", "xi": "white noise"}
_OF_BRIAN2 |= {"i": "a neuron's number", "j": "a neuron's number", "N": "the number of neurons"}
_OF_BRIAN2 |= {"t_in_timesteps": "time in steps"}

_OF_CPP = frozenset(
    re.findall(
        r"\w+",
        "auto bool case catch char const constexpr default delete do double enum explicit export "
        "extern false float friend goto inline long mutable namespace new nullptr operator private "
        "protected public register short signed sizeof static struct switch template this throw "
        "true typedef typeid typename union unsigned using virtual void volatile",
    )
)


class Refused(Exception):
    """Why a text is refused; whoever knows where it stands says so."""


def brief(text: object) -> str:
    """What came, in quotes, on one line, cut where it is long."""
    shown = " ".join(repr(text).split())
    return shown if len(shown) <= MAX_NAME else f"{shown[: MAX_NAME - 4]}...{shown[-1]}"


def plain_name(where: str, name: object, kind: str = "variable") -> str:
    """The name, if it is one: ASCII letters, digits and underscores, a letter first.

    Something else may have it, too; a variable and a constant need a :func:`new_name`.

    Raises
    ------
    ValueError
        For anything else; begins with ``where``.
    """
    return _spelled(where, name, kind, _PLAIN)


def new_name(where: str, name: object, kind: str = "variable") -> str:
    """The name, which nothing else has.

    Parameters
    ----------
    where : str
        Begins the message of an error.
    name : str
        What a description calls a variable or a constant.
    kind : str
        ``"variable"`` or ``"constant"``, for the message.

    Raises
    ------
    ValueError
        For what is no name in ASCII letters, and for names that Brian2, Python or C++ have taken:
        a constant called ``e`` would be replaced by 2.718.
    """
    word = _spelled(where, name, kind, NAME)
    if (taken := _taken(word)) is not None:
        offered = f"{word.strip('_') or 'my'}_{kind}"
        raise ValueError(f"{where}: {name!r} is {taken}; call the {kind} {offered!r}, for example.")
    return word


def _spelled(where: str, name: object, kind: str, pattern: str) -> str:
    if not isinstance(name, str) or not re.fullmatch(pattern, name) or len(name) > MAX_NAME:
        raise ValueError(
            f"{where}: {brief(name)} is no name of a {kind}; use up to {MAX_NAME} ASCII letters, "
            "digits and underscores, a letter first."
        )
    return name


def _taken(name: str) -> str | None:
    """What has the name already."""
    if name.startswith("_"):
        return "a name with a leading underscore, which are Brian2's own"
    if name in _OF_BRIAN2:
        return f"{_OF_BRIAN2[name]} in Brian2's equations"
    if name.startswith("xi_"):
        return "white noise in Brian2's equations"
    if name in DEFAULT_CONSTANTS:
        return f"a constant of Brian2 ({DEFAULT_CONSTANTS[name].value:.4g})"
    if name in DEFAULT_FUNCTIONS:
        return "a function of Brian2"
    if name in DEFAULT_UNITS:
        return "a unit"
    if keyword.iskeyword(name):
        return "a word of Python"
    return "a word of C++, into which equations are compiled" if name in _OF_CPP else None
