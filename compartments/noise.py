"""Random numbers in a neuron's equations: white noise, and draws once a time step.

``xi`` (or ``xi_name``, each name a source of its own) is white noise in a differential equation,
with units of 1/sqrt(time), independent between neurons. ``dv/dt = f + b*xi`` is the stochastic
differential equation dv = f dt + b dW, and Euler-Maruyama's step for it is
``v + dt*f + b*sqrt(dt)*normal``: the amplitude b has the unit of v over the square root of time,
and what it adds does not depend on dt. ``dv/dt = -v/tau + sigma*sqrt(2/tau)*xi`` has a standard
deviation of sigma at rest (Ornstein-Uhlenbeck).

``rand()`` (uniform in 0..1) and ``randn()`` (standard normal) stand in an expression ``(constant
over dt)``: one draw for each neuron and time step, whatever reads it. A threshold draws, too
(:mod:`compartments.events`).
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

import sympy
from brian2 import Equations
from brian2.equations.equations import DIFFERENTIAL_EQUATION, SingleEquation
from brian2.parsing.sympytools import str_to_sympy

_CALL = re.compile(r"\b(randn?)\s*\(\s*\)")
_POISSON = re.compile(r"\bpoisson\s*\(")
_WHITE = re.compile(r"\bxi(?:_\w+)?\b")


class Draw(NamedTuple):
    """A number for each neuron and time step.

    ``name`` is that of the white noise, of the expression or of the event that draws;
    ``is_uniform``, ``is_white`` and ``is_count`` (Poisson) say what it is (else standard normal).
    """

    name: str
    is_uniform: bool = False
    is_white: bool = False
    is_count: bool = False


def draws(equations: Equations) -> tuple[Draw, ...]:
    """All random numbers of a neuron's equations, in a fixed order."""
    white = sorted({n for line in equations.values() for n in line.identifiers if is_white(n)})
    found = [Draw(name, is_white=True) for name in white]
    for line in equations.values():
        calls = [] if line.expr is None else _CALL.findall(line.expr.code)
        found += [Draw(line.varname, is_uniform=call == "rand") for call in calls]
    return tuple(found)


def is_white(name: str) -> bool:
    """Whether a name is that of white noise."""
    return bool(_WHITE.fullmatch(name))


def with_numbers(line: SingleEquation, given: Mapping[str, str]) -> str:
    """The code of an equation in which random numbers are replaced by what is given for them.

    Parameters
    ----------
    line : SingleEquation
        With an expression.
    given : mapping of str to str
        By the name of the :class:`Draw`, an expression.
    """
    code = line.expr.code
    if line.varname in given and line.type != DIFFERENTIAL_EQUATION:
        code = with_drawn(code, given[line.varname])
    return _WHITE.sub(lambda found: given.get(found[0], found[0]), code)


def with_drawn(code: str, number: str) -> str:
    """The code with a number in place of what it draws."""
    return _CALL.sub(number, code)


def check_noise(where: str, equations: Equations, constants: Mapping[str, object]) -> None:
    """Refuse noise whose law would depend on how it is computed.

    Raises
    ------
    ValueError
        For white noise with an amplitude that is no constant, draws outside of expressions
        ``(constant over dt)``, several in one expression.
    """
    for line in equations.values():
        if line.expr is None:
            continue
        place = f"{where}, equation of {line.varname!r}"
        if _POISSON.search(line.expr.code):
            raise ValueError(
                f"{place}: poisson() counts events; it is the threshold of one: "
                "Neuron(..., threshold='poisson(mean)')."
            )
        calls = _CALL.findall(line.expr.code)
        if calls and "constant over dt" not in line.flags:
            raise ValueError(
                f"{place}: {calls[0]}() stands in an expression that is computed once a time step; "
                f"write 'name = {calls[0]}() : 1 (constant over dt)' and name that."
            )
        if len(calls) > 1:
            raise ValueError(f"{place}: draws {len(calls)} numbers; give each a line of its own.")
        for name in filter(is_white, line.identifiers):
            _check_additive(place, line, name, constants)


def _check_additive(
    place: str, line: SingleEquation, name: str, constants: Mapping[str, object]
) -> None:
    tree = str_to_sympy(line.expr.code)
    amplitude = sympy.diff(tree, sympy.Symbol(name, real=True))
    varying = sorted({symbol.name for symbol in amplitude.free_symbols} - set(constants))
    if varying or amplitude.atoms(sympy.core.function.AppliedUndef):
        raise ValueError(
            f"{place}: the amplitude of {name!r} depends on {', '.join(varying) or 'a function'}; "
            "it must consist of constants, for which Euler-Maruyama needs no convention (Ito or "
            "Stratonovich)."
        )
