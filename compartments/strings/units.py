"""Units: names of Brian2's units, ``*``, ``/`` and small whole powers, or 0.5."""

import math
import re

from brian2 import Unit
from brian2.core.namespace import DEFAULT_UNITS
from brian2.equations.equations import BOOLEAN, FLOAT, INTEGER
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension, get_unit

from compartments.lookup import unknown_name
from compartments.strings.identifiers import MAX_NAME, NAME, brief

MAX_POWER = 8
MAX_FACTORS = 8

_FACTOR = re.compile(
    rf"\s*(?P<name>{NAME}|1)\s*(?:\*\*\s*(?P<power>-?\s*(?:0\.5|\d{{1,9}})))?\s*(?P<operator>[*/]|$)",
    re.ASCII,
)


def unit(where: str, text: object) -> Unit:
    """The unit that a text such as ``nS``, ``siemens/metre**2`` or ``1`` stands for.

    Parameters
    ----------
    where : str
        Begins the message of an error.
    text : str
        Names of Brian2's units, multiplied or divided, to whole powers up to 8, or 0.5 (of
        white noise: ``second**-0.5``).

    Raises
    ------
    ValueError
        For anything else.
    """
    form = f"a unit such as 'volt', 'siemens/metre**2' or '1', got {brief(text)}"
    if not isinstance(text, str):
        raise ValueError(f"{where}: expected {form}.")
    found, place, divide = Unit(1), 0, False
    for _ in range(MAX_FACTORS):
        match = _FACTOR.match(text, place)
        if match is None:
            break
        factor = _power(where, match["name"], match["power"])
        found = found / factor if divide else found * factor
        place, divide = match.end(), match["operator"] == "/"
        if not match["operator"]:
            if not (math.isfinite(float(found)) and float(found)):
                raise ValueError(f"{where}: {brief(text)} is too large or too small a unit.")
            return found
    raise ValueError(
        f"{where}: expected {form}; powers are whole, or 0.5, factors at most {MAX_FACTORS}."
    )


def _power(where: str, name: str, power: str | None) -> Unit:
    if name != "1" and name not in DEFAULT_UNITS:
        raise ValueError(f"{where}: {_unknown(name)}")
    exponent = float((power or "1").replace(" ", ""))
    if abs(exponent) > MAX_POWER:
        raise ValueError(f"{where}: the power of {name!r} is {exponent:g}, beyond {MAX_POWER}.")
    return Unit(1) if name == "1" else DEFAULT_UNITS[name] ** exponent


def _unknown(name: str) -> ValueError:
    """The error for a unit that there is not; lists the basic ones, not all 1,700."""
    basic = [n for n, u in DEFAULT_UNITS.items() if float(u) == 1.0 and not n[-1].isdigit()]
    return unknown_name("unit", name[:MAX_NAME], basic)


def declared_unit(where: str, text: str) -> tuple[Dimension, str]:
    """The dimension and the type of a variable that is declared with ``: text``.

    Returns
    -------
    dimension, type
        The type is ``"float"``, ``"boolean"`` or ``"integer"``.

    Raises
    ------
    ValueError
        As :func:`unit`, and for a scaled unit: equations are in volt, not in mV.
    """
    kinds = {"boolean": BOOLEAN, "integer": INTEGER}
    if text in kinds:
        return DIMENSIONLESS, kinds[text]
    found = unit(where, text)
    if float(found) != 1.0:
        raise ValueError(
            f"{where}: {brief(text)} is a scaled unit; write {repr(get_unit(found.dim))!r}. "
            "Constants keep their own scale."
        )
    return found.dim, FLOAT
