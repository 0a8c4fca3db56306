"""From the words of a command line to an experiment's ``Config``, refused as Python refuses it."""

import contextlib
import dataclasses
import io
import sys
import traceback
from collections.abc import Sequence
from typing import Any, Literal, TypeVar, get_args

import tyro
from tyro.constructors import ConstructorRegistry, PrimitiveConstructorSpec, PrimitiveTypeInfo

from compartments.domains import check_value, field_domains

T = TypeVar("T")


def configuration(kind: type[T], options: Sequence[str], program: str) -> T:
    """The ``Config`` that the options describe.

    Raises
    ------
    ValueError
        One line: what a ``__post_init__`` refused, or a word that is not in its field's domain.
    SystemExit
        After help, or after tyro has said what is wrong with the options' names.
    """
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return tyro.cli(kind, args=options, prog=program, registry=_REGISTRY)
    except SystemExit as stop:
        refused = _refused_by_a_check(stop) or _refused_word(stop, kind, options)
        if refused is not None:
            raise refused from None
        sys.stderr.write(said.getvalue())
        raise


_REGISTRY = ConstructorRegistry()


@_REGISTRY.primitive_rule
def _choice(kind: PrimitiveTypeInfo) -> PrimitiveConstructorSpec | None:
    """One of a ``Literal``'s texts; without tyro's own check, so that ours speaks."""
    names = get_args(kind.type)
    if kind.type_origin is not Literal or not all(isinstance(name, str) for name in names):
        return None

    def read(given: list[str]) -> str:
        if given[0] not in names:
            raise ValueError(f"invalid choice: {given[0]!r} (choose from {', '.join(names)})")
        return given[0]

    return PrimitiveConstructorSpec(
        nargs=1,
        metavar="{" + ",".join(names) + "}",
        instance_from_str=read,
        is_instance=lambda value: value in names,
        str_from_instance=lambda value: [value],
    )


def _causes(stop: SystemExit) -> list[BaseException]:
    """The errors that led to a stop, the last one first."""
    found = []
    cause = stop.__context__
    while cause is not None:
        found.append(cause)
        cause = cause.__context__
    return found


def _refused_by_a_check(stop: SystemExit) -> ValueError | None:
    """The error from a ``__post_init__`` that made tyro stop, if one did."""
    for cause in _causes(stop):
        frames = traceback.extract_tb(cause.__traceback__)
        if isinstance(cause, ValueError) and any(f.name == "__post_init__" for f in frames):
            return cause
    return None


def _refused_word(stop: SystemExit, kind: type, options: Sequence[str]) -> ValueError | None:
    """The error of a word that tyro could not read, in the words that Python would get."""
    for cause in _causes(stop):
        argument: Any = getattr(cause, "arg", None)  # tyro's error names its option
        if not hasattr(argument, "intern_prefix"):
            continue
        owner = _owner(kind, argument.intern_prefix)
        field = argument.field.intern_name
        given = _words_given(options, argument.lowered.name_or_flags)
        if owner is None or not given:
            return None
        where, name = ("", given[0]) if owner is kind else (owner.__name__, field)
        came = " ".join(given[1:])
        try:
            check_value(where, name, came, field_domains(owner)[field])
        except ValueError as error:
            return error
    return None


def _owner(kind: Any, prefix: str) -> type | None:
    """The dataclass that a dotted prefix of fields leads to."""
    for name in filter(None, prefix.split(".")):
        kind = field_domains(kind).get(name)
        while kind is not None and not isinstance(kind, type):  # out of tyro's Annotated
            kind = next(iter(get_args(kind)), None)
    return kind if dataclasses.is_dataclass(kind) else None  # type: ignore[return-value]


def _words_given(options: Sequence[str], flags: Sequence[str]) -> list[str]:
    """A flag as it was given last, and the words behind it."""
    words = [word for option in options for word in _split(option)]
    places = [i for i, word in enumerate(words) if word.replace("_", "-") in flags]
    if not places:
        return []
    rest = words[places[-1] + 1 :]
    stops = [i for i, word in enumerate(rest) if word.startswith("--")]
    return [words[places[-1]], *rest[: stops[0] if stops else None]]


def _split(option: str) -> list[str]:
    """``--flag=value`` as two words."""
    return option.split("=", 1) if option.startswith("--") else [option]
