"""Checks at the public border of what :mod:`compartments.domains` has no type for.

Objects of a class, names out of a registry, sequences and arrays. Each takes where it is asked, the
argument's name and what came, and raises with one line that names all three.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from numbers import Integral, Real
from typing import TypeGuard

import numpy as np
from brian2 import Quantity
from brian2.units.fundamentalunits import DIMENSIONLESS

from compartments.domains import Time, check_value, shown
from compartments.lookup import unknown_name
from compartments.sizes import check_size


def check_kind(
    where: str, name: str, value: object, kind: type | tuple[type, ...], write: str
) -> None:
    """Refuse what is not of a class, or of one of some.

    Raises
    ------
    TypeError
        With what came and what to ``write`` instead.
    """
    if not isinstance(value, kind):
        wanted = " or ".join(k.__name__ for k in (kind if isinstance(kind, tuple) else (kind,)))
        article = "an" if wanted[0] in "AEIO" else "a"
        raise TypeError(
            f"{where}: {name} must be {article} {wanted}, got {type(value).__name__}; "
            f"write {write}."
        )


def check_callable(where: str, name: str, value: Callable | None) -> None:
    """Refuse what is neither a function nor None.

    Raises
    ------
    TypeError
        With what came.
    """
    if value is not None and not callable(value):
        raise TypeError(f"{where}: {name} must be a function or None, got {shown(value)}.")


def check_constant(where: str, name: str, value: Quantity | float) -> None:
    """Refuse a constant that is not a finite scalar, or a ``tau`` that is not a positive time."""
    array = np.asarray(value) if isinstance(value, Quantity) or is_number(value) else None
    if name.startswith("tau"):
        check_value(where, name, value, Time)
    elif array is None or array.ndim != 0 or array.dtype.kind not in "iuf":
        raise ValueError(f"{where}: {name} must be one number, got {shown(value)}.")
    elif not np.isfinite(array):
        raise ValueError(f"{where}: {name} must be finite, got {value}.")


def check_name(where: str, name: str, value: object, valid: Iterable[str]) -> str:
    """A name that is among the valid ones.

    Raises
    ------
    ValueError
        Listing the valid ones and the nearest.
    """
    names = tuple(valid)
    if not isinstance(value, str) or value not in names:
        raise ValueError(f"{where}: {unknown_name(name, value, names)}")
    return value


def check_names(
    where: str, name: str, values: object, valid: Iterable[str], kind: str = "name"
) -> tuple[str, ...]:
    """A sequence of names, each valid and given once.

    Raises
    ------
    ValueError
        For a single text, a name that is not valid (``kind`` says of what), one given twice.
    """
    if isinstance(values, str):
        raise ValueError(
            f"{where}: {name} must be a sequence of names, such as ({values!r},), got one text."
        )
    listed = check_sequence(where, name, values, "names")
    known = tuple(valid)
    for value in listed:
        if not isinstance(value, str) or value not in known:
            raise ValueError(f"{where}: {name}: {unknown_name(kind, value, known)}")
        if listed.count(value) > 1:
            raise ValueError(f"{where}: {name} has {value!r} twice; give every name once.")
    return tuple(listed)


def check_sequence(where: str, name: str, values: object, of: str) -> list:
    """The items of a sequence, array, range or set; not the letters of a text.

    Raises
    ------
    TypeError
        With what came.
    """
    listed = isinstance(values, Sequence | set | frozenset) and not isinstance(values, str | bytes)
    if listed or (isinstance(values, np.ndarray) and values.ndim > 0):
        return list(values)  # type: ignore[call-overload]
    raise TypeError(f"{where}: {name} must be a sequence of {of}, got {shown(values)}.")


def check_sizes(where: str, sizes: object) -> tuple[int, ...]:
    """Sizes of an input, of hidden layers and of an output.

    Raises
    ------
    ValueError
        For fewer than two, or one that is no whole number of 1 or more.
    MemoryError
        If two weight matrices between each pair of layers would not fit into memory.
    """
    listed = isinstance(sizes, Sequence) or (isinstance(sizes, np.ndarray) and sizes.ndim == 1)
    items = list(sizes) if listed else []  # type: ignore[call-overload]
    if len(items) < 2 or not all(is_whole(size) and size >= 1 for size in items):
        raise ValueError(
            f"{where}: sizes must be whole numbers, an input and an output at least, each >= 1; "
            f"got {shown(sizes)}."
        )
    whole = tuple(int(size) for size in items)
    weights = sum(2 * below * above for below, above in pairwise(whole))
    check_size(f"{where} of {shown(whole)} neurons", "sizes", needed_bytes=16 * weights)
    return whole


def finite_array(
    where: str, name: str, value: object, axes: Sequence[str] | None = None
) -> np.ndarray:
    """A copy in float64 of an array of real, finite numbers without a unit.

    Raises
    ------
    ValueError
        For a unit, imaginary parts, text, other ``axes`` than those named, or the first value
        that is not finite, with its place.
    """
    if isinstance(value, Quantity) and value.dim is not DIMENSIONLESS:
        raise ValueError(f"{where}: {name} must be plain numbers; they came with a unit.")
    if np.ma.is_masked(value):
        raise ValueError(f"{where}: {name} has masked entries; fill them, or leave them out.")
    try:
        raw = np.asarray(value)
        if raw.dtype.kind == "O":  # such as exact fractions, or a list with a None
            raw = raw.astype(np.float64) if _all_real(raw) else raw
    except (TypeError, ValueError, RuntimeError):  # rows of several lengths, an odd object
        raise ValueError(
            f"{where}: {name} must be an array of numbers, its rows of one length, got "
            f"{shown(value)}."
        ) from None
    if raw.dtype.kind == "c":
        raise ValueError(f"{where}: {name} must be real numbers; they came with imaginary parts.")
    if raw.dtype.kind not in "biuf":
        raise ValueError(f"{where}: {name} must be an array of numbers, got {shown(value)}.")
    if axes is not None and raw.ndim != len(axes):
        came = f"shape {raw.shape}" if raw.ndim else shown(value)
        raise ValueError(f"{where}: {name} must have shape ({', '.join(axes)}), got {came}.")
    array = np.array(raw, dtype=np.float64, order="C")
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        labels = axes or [f"index {k}" for k in range(array.ndim)]
        place = ", ".join(f"{label} {k}" for label, k in zip(labels, bad[0], strict=True))
        raise ValueError(
            f"{where}: {name} must be finite, got {array[tuple(bad[0])]}"
            f"{' at ' * bool(place)}{place}."
        )
    return array


def is_whole(value: object) -> TypeGuard[int]:
    """Whether it is one whole number; True and False are none."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def is_number(value: object) -> bool:
    """Whether it is one real number without a unit; True and False are none."""
    if isinstance(value, np.ndarray):
        plain = not isinstance(value, Quantity) or value.dim is DIMENSIONLESS
        return plain and value.ndim == 0 and value.dtype.kind in "iuf"
    return isinstance(value, Real) and not isinstance(value, bool)


def _all_real(array: np.ndarray) -> bool:
    return all(is_number(item) for item in array.flat)
