"""Times as they are written on the command line: ``400ms``, ``0.4 s``."""

import math
import re

from brian2 import Quantity, ms, second, us

from compartments.lookup import unknown_name

UNITS = {"s": second, "ms": ms, "us": us, "µs": us, "min": 60 * second}
"""The units that :func:`duration` understands."""

_WRITTEN = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([^\W\d_]*)\s*")


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
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(f"{name}: expected a time with its unit, such as 400ms, got {text!r}.")
    number, unit = float(found[1]), found[2]
    if not unit:
        raise ValueError(f"{name}: {text!r} has no unit; write {found[1]}ms or {found[1]}s.")
    if unit not in UNITS:
        raise ValueError(f"{name}: {unknown_name('unit of time', unit, UNITS)}")
    if not math.isfinite(number) or number < 0 or (number == 0 and not zero_allowed):
        raise ValueError(
            f"{name}: must be {'0 or more' if zero_allowed else 'positive'}, got {text!r}."
        )
    return number * UNITS[unit]
