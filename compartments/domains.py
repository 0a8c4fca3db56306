"""Domains of options: declared once, as types; beartype validates them; refused in one line.

A field's or an argument's type says what it may be, and the message is made from the type::

    @dataclass(frozen=True)
    class Options:
        lr: Positive = 1e-3
        clip: Positive | None = None
        schedule: Literal["linear", "cosine"] = "linear"

        def __post_init__(self) -> None:
            check_fields(self)

    Options(schedule="cosin")
    # Options: schedule must be 'linear' or 'cosine', got 'cosin'. Did you mean 'cosine'?

A new domain is a line: ``Share = Annotated[float, such_that("a number in 0..1", test)]``. A
function with such annotations calls :func:`check_value` for each argument.
"""

import dataclasses
import difflib
import math
import types
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeGuard, Union, get_args, get_origin, get_type_hints

import numpy as np
from beartype import BeartypeConf
from beartype.door import is_bearable
from beartype.vale import Is
from brian2 import Quantity, second
from brian2.units.fundamentalunits import Dimension

_TOWER = BeartypeConf(is_pep484_tower=True)  # a whole number is a number
_WORDS: dict[Any, str] = {}
_PLAIN: Mapping[Any, str] = {
    type(None): "None",
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    str: "text",
}


def such_that(words: str, test: Callable[[Any], bool]) -> Any:
    """What narrows a type inside ``Annotated``: a test, and the whole domain in words."""
    validator = Is[test]
    _WORDS[validator] = words
    return validator


def _within(low: float, high: float = math.inf) -> Callable[[Any], bool]:
    """Whether a value is in ``low <= value < high``; True and False are no numbers."""
    return lambda value: not isinstance(value, bool) and low <= value < high


LARGEST_SEED = 2**32 - 1
"""The largest that numpy's and torch's generators both take."""

Positive = Annotated[
    float,
    such_that("a finite number above 0", lambda v: _within(0)(v) and v > 0),
]
Finite = Annotated[float, such_that("a finite number", lambda v: math.isfinite(v))]
NonNegative = Annotated[float, such_that("a finite number of 0 or more", _within(0))]
Share = Annotated[float, such_that("a number of 0 or more and below 1", _within(0, 1))]
Count = Annotated[int, such_that("a whole number of 1 or more", _within(1))]
Whole = Annotated[int, such_that("a whole number of 0 or more", _within(0))]
Seed = Annotated[int, such_that("a whole number in 0..2^32 - 1", _within(0, LARGEST_SEED + 1))]


def is_time(value: object) -> TypeGuard[Quantity]:
    """Whether it is one real, finite Quantity of time."""
    return _is_measured(value, second.dim)


def _is_measured(value: object, dimension: Dimension) -> TypeGuard[Quantity]:
    """Whether it is one real, finite Quantity of that dimension."""
    return (
        isinstance(value, Quantity)
        and value.dim is dimension
        and value.ndim == 0
        and value.dtype.kind in "iuf"
        and bool(np.isfinite(float(np.asarray(value))))
    )


Time = Annotated[
    Quantity,
    such_that("a time with its unit, such as 10*ms, above 0", lambda v: is_time(v) and v > 0),
]
TimeOrZero = Annotated[
    Quantity,
    such_that("a time with its unit, such as 10*ms, 0 or more", lambda v: is_time(v) and v >= 0),
]

Rate = Annotated[
    Quantity,
    such_that(
        "a rate with its unit, such as 0.8/ms, above 0",
        lambda v: _is_measured(v, (1 / second).dim) and float(np.asarray(v)) > 0,
    ),
]
NoiseAmplitude = Annotated[
    Quantity,
    such_that(
        "the amplitude of white noise with its unit, such as 0.03/ms**0.5, 0 or more",
        lambda v: _is_measured(v, (second**-0.5).dim) and float(np.asarray(v)) >= 0,
    ),
]


def check_value(where: str, name: str, value: object, domain: Any) -> None:
    """Refuse a value that is not in its domain.

    Parameters
    ----------
    where : str
        Of whom the value is: ``"Options"``. May be empty.
    name : str
        Of the field or argument.
    value : object
        What came.
    domain : type
        Any type that :func:`words` can say.

    Raises
    ------
    ValueError
        One line: where, what was expected, what came, and the nearest name.
    """
    if not _contains(domain, value):
        place = f"{where}: {name}" if where else name
        nearest = _nearest(domain, value)
        hint = f" Did you mean {nearest!r}?" if nearest else ""
        raise ValueError(f"{place} must be {words(domain)}, got {shown(value)}.{hint}")


def check_fields(described: Any, where: str | None = None) -> None:
    """:func:`check_value` for each field of a dataclass; ``where`` is its name by default."""
    place = type(described).__name__ if where is None else where
    hints = field_domains(type(described))
    for field in dataclasses.fields(described):
        check_value(place, field.name, getattr(described, field.name), hints[field.name])


def field_domains(described: type) -> dict[str, Any]:
    """The domain of each field of a dataclass."""
    return get_type_hints(described, include_extras=True)


def words(domain: Any) -> str:
    """A domain in words: ``"a finite number above 0 or None"``."""
    origin, inner = get_origin(domain), get_args(domain)
    if origin is Annotated:
        return _WORDS.get(inner[1], words(inner[0]))
    if origin is Literal:
        return _listed([repr(choice) for choice in inner])
    if origin in (Union, types.UnionType):
        return _listed([words(one) for one in inner])
    if origin is tuple:
        return f"a tuple, each entry {words(inner[0])}"
    return _PLAIN.get(domain, f"a {getattr(domain, '__name__', domain)}")


def shown(value: object) -> str:
    """What came, short enough for one line."""
    plain = isinstance(value, Quantity) and value.ndim == 0
    text = " ".join((str(value) if plain else repr(value)).split())
    return text if len(text) <= 80 else f"{text[:60]}... ({type(value).__name__})"


def _contains(domain: Any, value: object) -> bool:
    """Whether a value is in its domain; of tuples and mappings, every entry.

    (beartype looks at one entry, which it chooses by the global random generator.)
    """
    origin, inner = get_origin(domain), get_args(domain)
    if origin in (Union, types.UnionType):
        return any(_contains(one, value) for one in inner)
    if origin is tuple and inner[-1] is Ellipsis:
        return isinstance(value, tuple) and all(_contains(inner[0], entry) for entry in value)
    if origin is tuple:
        same = isinstance(value, tuple) and len(value) == len(inner)
        return same and all(map(_contains, inner, value))  # type: ignore[call-overload]
    if origin is Mapping:
        return isinstance(value, Mapping) and all(
            _contains(inner[0], key) and _contains(inner[1], entry) for key, entry in value.items()
        )
    if isinstance(value, np.integer | np.floating):  # numpy's numbers are numbers
        value = value.item()
    if get_origin(domain) is Annotated and isinstance(value, bool):
        return inner[0] is bool
    if domain in (int, float) and isinstance(value, bool):
        return False
    return is_bearable(value, domain, conf=_TOWER)


def _nearest(domain: Any, value: object) -> str | None:
    """The choice of a ``Literal`` that is nearest to what came."""
    if get_origin(domain) is not Literal:
        return None
    names = [choice for choice in get_args(domain) if isinstance(choice, str)]
    close = difflib.get_close_matches(str(value), names, n=1, cutoff=0.5)
    return close[0] if close else None


def _listed(parts: list[str]) -> str:
    """``a, b or c``."""
    *head, last = parts
    return f"{', '.join(head)} or {last}" if head else last
