"""Quantities as they are written on the command line: ``400ms``, ``-65mV``, ``0.1/ms``."""

import math
import re

from brian2 import Quantity, ms, second, us

from compartments.domains import shown
from compartments.lookup import unknown_name
from compartments.strings import unit

UNITS = {"s": second, "ms": ms, "us": us, "µs": us, "min": 60 * second}
"""The units that :func:`duration` understands."""

_NUMBER = r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*"
_TIME = re.compile(_NUMBER + r"([^\W\d_]*)\s*")
_QUANTITY = re.compile(_NUMBER + r"([*/]?)\s*([^\W\d_][\w\s*/.-]*)")


def duration(name: str, text: str, *, zero_allowed: bool = False) -> Quantity:
    """The time that a text such as ``400ms`` or ``0.4 s`` stands for.

    Parameters
    ----------
    name : str
        What the time is for; messages begin with it.
    text : str
        A number and a unit: s, ms, us or min.
    zero_allowed : bool
        Whether 0 is a valid time.

    Raises
    ------
    ValueError
        Without a unit, for an unknown one, or for a number that is not a positive time.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"{name}: expected a time with its unit, such as 400ms, got {text!r}.")
    number, written = float(found[1]), found[2]
    if not written:
        raise ValueError(f"{name}: {text!r} has no unit; write {found[1]}ms or {found[1]}s.")
    if written not in UNITS:
        raise ValueError(f"{name}: {unknown_name('unit of time', written, UNITS)}")
    if not math.isfinite(number) or number < 0 or (number == 0 and not zero_allowed):
        raise ValueError(
            f"{name}: must be {'0 or more' if zero_allowed else 'positive'}, got {text!r}."
        )
    return number * UNITS[written]


def quantity(name: str, text: str) -> Quantity | None:
    """What a number with a unit stands for, such as ``-65mV``, ``2 nS`` or ``0.1/ms``.

    Parameters
    ----------
    name : str
        What it is for; messages begin with it.
    text : str
        A number, and a unit of :data:`UNITS` or as :func:`compartments.strings.unit` reads it.

    Returns
    -------
    Quantity or None
        None for any other text.

    Raises
    ------
    ValueError
        For a number that is not finite, or an unknown unit.
    """
    found = _QUANTITY.fullmatch(text)
    if found is None:
        return None
    number, written = float(found[1]), found[3].strip()
    if not math.isfinite(number):
        raise ValueError(f"{name}: the number of {shown(text)} is not finite.")
    if found[2] == "/":
        return number * unit(name, f"1/{written}")
    return number * (UNITS[written] if written in UNITS else unit(name, written))
