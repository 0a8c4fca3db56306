"""Brian2's functions, by the name that they have in sympy, in C and in numpy."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sympy
from sympy.printing.c import C99CodePrinter
from sympy.printing.numpy import NumPyPrinter

IN_C = {
    "clip": "tuft_clip",
    "exprel": "tuft_exprel",
    "int_": "trunc",
    "timestep": "tuft_timestep",
}
"""Functions that sympy does not know, and what computes them."""

DEFINED_IN_C = """\
static inline double tuft_mod(double a, double b) {
  double rest = fmod(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}
static inline double tuft_clip(double a, double low, double high) {
  return a < low ? low : a > high ? high : a;
}
static inline double tuft_exprel(double a) { return a == 0 ? 1 : expm1(a)/a; }
static inline double tuft_timestep(double a, double dt) { return floor((a + 1e-3*dt)/dt); }
"""


class _InC(C99CodePrinter):
    """Names get a prefix, so that none is one of C's; powers and remainders are numpy's."""

    def _print_Symbol(self, expr: sympy.Symbol) -> str:
        return f"v_{expr.name}"

    def _print_Mod(self, expr: sympy.Basic) -> str:
        return f"tuft_mod({', '.join(map(self._print, expr.args))})"

    def _print_Pow(self, expr: sympy.Pow) -> str:
        base, power = map(self._print, expr.args)
        if expr.exp == -1:
            return f"(1.0/({base}))"
        return f"sqrt({base})" if expr.exp == sympy.S.Half else f"pow({base}, {power})"

    def _print_BooleanTrue(self, expr: sympy.Basic) -> str:
        return "1"

    def _print_BooleanFalse(self, expr: sympy.Basic) -> str:
        return "0"


_PRINTER = _InC({"user_functions": IN_C})


def in_c(tree: sympy.Basic) -> str:
    """An expression in C."""
    return _PRINTER.doprint(tree)


class _InNumpy(NumPyPrinter):
    """Logic of arrays of several shapes."""

    def _print_And(self, expr: sympy.Basic) -> str:
        return self._nested("logical_and", expr.args)

    def _print_Or(self, expr: sympy.Basic) -> str:
        return self._nested("logical_or", expr.args)

    def _nested(self, function: str, arguments: Sequence[sympy.Basic]) -> str:
        text = self._print(arguments[0])
        for argument in arguments[1:]:
            text = f"{self._module_format(f'numpy.{function}')}({text}, {self._print(argument)})"
        return text


def _exprel(a: np.ndarray) -> np.ndarray:
    return np.where(a == 0, 1.0, np.expm1(a) / np.where(a == 0, 1.0, a))


_IN_NUMPY: dict[str, Callable[..., Any]] = {
    "clip": np.clip,
    "exprel": _exprel,
    "int_": lambda a: np.trunc(np.asarray(a, dtype=float)),
    "timestep": lambda a, dt: np.floor((a + 1e-3 * dt) / dt),
}


def in_numpy(names: Sequence[str], trees: Sequence[sympy.Basic]) -> Callable[..., list[Any]]:
    """A function of values by position, in the order of their names, that gives each tree's."""
    symbols = [sympy.Symbol(name, real=True) for name in names]
    printer = _InNumpy(
        {"fully_qualified_modules": False, "inline": True, "allow_unknown_functions": True}
        | {"user_functions": {name: name for name in _IN_NUMPY}}
    )
    return sympy.lambdify(
        symbols, list(trees), modules=[_IN_NUMPY, "numpy"], printer=printer, cse=True
    )
